/* Groups: users who share policies. A group has no tags and no boundary, and no group is in
 * another.
 */
#include "handlers/iam/iam_parts.h"
#include "server/base/clock.h"

static struct iam_Group show_group(struct request *req, const struct iam_entity *e)
{
    return (struct iam_Group){
        .Path = e->path,
        .GroupName = e->name,
        .GroupId = e->unique_id,
        .Arn = iam_entity_arn(req, e),
        .CreateDate = SOME_TIME(e->created_ms),
    };
}

static struct iam_Group *show_one(struct request *req, const struct iam_entity *e)
{
    struct iam_Group *group = ARENA_NEW(&req->arena, struct iam_Group);

    *group = show_group(req, e);
    return group;
}

/* One page of groups. */
static void show_page(struct request *req, const struct iam_page *page,
                      const struct iam_entities *all, struct iam_groupListType *out,
                      struct maybe_bool *out_truncated, const char **out_marker)
{
    out->items = ARENA_ARRAY(&req->arena, struct iam_Group, all->count);
    for (size_t i = 0; i < all->count; i++)
        out->items[out->count++] = show_group(req, &all->items[i]);
    *out_marker = iam_page_end(req, page, all->more,
                               all->count ? all->items[all->count - 1].name : "", out_truncated);
}

int iam_create_group(struct request *req, const struct iam_CreateGroupRequest *in,
                     struct iam_CreateGroupResponse *out)
{
    struct iam_entity group = {
        .kind = IAM_GROUP,
        .name = in->GroupName,
        .path = in->Path ? in->Path : "/",
        .unique_id = iam_new_id(&req->arena, "AGPA"),
        .created_ms = clock_now_ms(&req->app->clock),
    };

    if (iam_create_entity(req, &group))
        return -1;
    out->Group = show_one(req, &group);
    return 0;
}

int iam_get_group(struct request *req, const struct iam_GetGroupRequest *in,
                  struct iam_GetGroupResponse *out)
{
    struct iam_store *store = iam_store_of(req->app);
    struct iam_page page;
    struct iam_entity group;
    struct iam_entities users;
    enum store_status status;

    if (iam_page_begin(req, "iam:GetGroup", in->Marker, in->MaxItems, &page))
        return -1;
    status = iam_entity_find(store, req->account, IAM_GROUP, in->GroupName, &req->arena, &group);
    if (!status)
        status = iam_users_of_group(store, req->account, in->GroupName, page.after, page.limit,
                                    &req->arena, &users);
    if (status)
        return iam_fail_entity(req, status, IAM_GROUP, in->GroupName);
    out->Group = show_one(req, &group);
    out->Users.items = ARENA_ARRAY(&req->arena, struct iam_User, users.count);
    for (size_t i = 0; i < users.count; i++)
        out->Users.items[out->Users.count++] = iam_show_user(req, &users.items[i]);
    out->Marker =
        iam_page_end(req, &page, users.more, users.count ? users.items[users.count - 1].name : "",
                     &out->IsTruncated);
    return 0;
}

int iam_list_groups(struct request *req, const struct iam_ListGroupsRequest *in,
                    struct iam_ListGroupsResponse *out)
{
    struct iam_page page;
    struct iam_entities groups;

    if (iam_page_begin(req, "iam:ListGroups", in->Marker, in->MaxItems, &page))
        return -1;
    if (iam_entity_list(iam_store_of(req->app), req->account, IAM_GROUP, in->PathPrefix, page.after,
                        page.limit, &req->arena, &groups))
        return aws_fail_internal(req);
    show_page(req, &page, &groups, &out->Groups, &out->IsTruncated, &out->Marker);
    return 0;
}

int iam_list_groups_for_user(struct request *req, const struct iam_ListGroupsForUserRequest *in,
                             struct iam_ListGroupsForUserResponse *out)
{
    struct iam_page page;
    struct iam_entities groups;
    enum store_status status;

    if (iam_page_begin(req, "iam:ListGroupsForUser", in->Marker, in->MaxItems, &page))
        return -1;
    status = iam_groups_of_user(iam_store_of(req->app), req->account, in->UserName, page.after,
                                page.limit, &req->arena, &groups);
    if (status)
        return iam_fail_entity(req, status, IAM_USER, in->UserName);
    show_page(req, &page, &groups, &out->Groups, &out->IsTruncated, &out->Marker);
    return 0;
}

int iam_update_group(struct request *req, const struct iam_UpdateGroupRequest *in,
                     struct iam_UpdateGroupOutput *out)
{
    (void)out;
    return iam_move_entity(req, IAM_GROUP, in->GroupName, in->NewGroupName, in->NewPath);
}

int iam_delete_group(struct request *req, const struct iam_DeleteGroupRequest *in,
                     struct iam_DeleteGroupOutput *out)
{
    (void)out;
    return iam_delete_entity(req, IAM_GROUP, in->GroupName);
}

/* --- who is in it --- */

static int fail_member(struct request *req, enum store_status status, bool user_missing,
                       const char *group, const char *user)
{
    return user_missing ? iam_fail_entity(req, status, IAM_USER, user)
                        : iam_fail_entity(req, status, IAM_GROUP, group);
}

int iam_add_user_to_group(struct request *req, const struct iam_AddUserToGroupRequest *in,
                          struct iam_AddUserToGroupOutput *out)
{
    bool user_missing = false;
    enum store_status status =
        iam_group_add_user(iam_store_of(req->app), req->account, in->GroupName, in->UserName,
                           IAM_GROUPS_PER_USER, &user_missing);

    (void)out;
    if (status == STORE_LIMIT)
        return aws_fail(req, &iam_LimitExceededException,
                        "Cannot exceed quota for GroupsPerUser: %d", IAM_GROUPS_PER_USER);
    return status ? fail_member(req, status, user_missing, in->GroupName, in->UserName) : 0;
}

/* AWS: a user who is not in the group may be removed from it. */
int iam_remove_user_from_group(struct request *req, const struct iam_RemoveUserFromGroupRequest *in,
                               struct iam_RemoveUserFromGroupOutput *out)
{
    bool user_missing = false;
    enum store_status status = iam_group_remove_user(iam_store_of(req->app), req->account,
                                                     in->GroupName, in->UserName, &user_missing);

    (void)out;
    return status ? fail_member(req, status, user_missing, in->GroupName, in->UserName) : 0;
}
