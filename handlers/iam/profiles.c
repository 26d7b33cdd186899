/* Instance profiles: a name around one role. */
#include "handlers/iam/iam_parts.h"
#include "server/base/clock.h"

static int show_profile(struct request *req, const struct iam_entity *e,
                        struct iam_InstanceProfile *out)
{
    struct iam_entity role;
    enum store_status status = iam_profile_role(iam_store_of(req->app), e->id, &req->arena, &role);

    *out = (struct iam_InstanceProfile){
        .Path = e->path,
        .InstanceProfileName = e->name,
        .InstanceProfileId = e->unique_id,
        .Arn = iam_entity_arn(req, e),
        .CreateDate = SOME_TIME(e->created_ms),
        .Roles.items = ARENA_ARRAY(&req->arena, struct iam_Role, 1),
    };
    if (status == STORE_NOT_FOUND)
        return 0;
    if (status)
        return aws_fail_internal(req);
    out->Roles.items[0] = (struct iam_Role){
        .Path = role.path,
        .RoleName = role.name,
        .RoleId = role.unique_id,
        .Arn = iam_entity_arn(req, &role),
        .CreateDate = SOME_TIME(role.created_ms),
        .AssumeRolePolicyDocument = iam_show_document(&req->arena, role.trust),
    };
    out->Roles.count = 1;
    return 0;
}

int iam_show_profiles(struct request *req, const struct iam_entities *all,
                      struct iam_instanceProfileListType *out)
{
    out->items = ARENA_ARRAY(&req->arena, struct iam_InstanceProfile, all->count);
    for (size_t i = 0; i < all->count; i++)
        if (show_profile(req, &all->items[i], &out->items[out->count++]))
            return -1;
    return 0;
}

static int find_profile(struct request *req, const char *name, struct iam_entity *out)
{
    enum store_status status =
        iam_entity_find(iam_store_of(req->app), req->account, IAM_PROFILE, name, &req->arena, out);

    return status ? iam_fail_entity(req, status, IAM_PROFILE, name) : 0;
}

int iam_create_instance_profile(struct request *req,
                                const struct iam_CreateInstanceProfileRequest *in,
                                struct iam_CreateInstanceProfileResponse *out)
{
    struct iam_entity profile = {
        .kind = IAM_PROFILE,
        .name = in->InstanceProfileName,
        .path = in->Path ? in->Path : "/",
        .unique_id = iam_new_id(&req->arena, "AIPA"),
        .created_ms = clock_now_ms(&req->app->clock),
    };

    if (iam_read_tags(req, &in->Tags, "TagsPerInstanceProfile", &profile.tags) ||
        iam_create_entity(req, &profile))
        return -1;
    out->InstanceProfile = ARENA_NEW(&req->arena, struct iam_InstanceProfile);
    if (show_profile(req, &profile, out->InstanceProfile))
        return -1;
    if (profile.tags)
        out->InstanceProfile->Tags = iam_show_tags(&req->arena, profile.tags);
    return 0;
}

int iam_get_instance_profile(struct request *req, const struct iam_GetInstanceProfileRequest *in,
                             struct iam_GetInstanceProfileResponse *out)
{
    struct iam_entity profile;

    if (find_profile(req, in->InstanceProfileName, &profile))
        return -1;
    out->InstanceProfile = ARENA_NEW(&req->arena, struct iam_InstanceProfile);
    if (show_profile(req, &profile, out->InstanceProfile))
        return -1;
    out->InstanceProfile->Tags = iam_show_tags(&req->arena, profile.tags);
    return 0;
}

int iam_list_instance_profiles(struct request *req,
                               const struct iam_ListInstanceProfilesRequest *in,
                               struct iam_ListInstanceProfilesResponse *out)
{
    struct iam_page page;
    struct iam_entities all;

    if (iam_page_begin(req, "iam:ListInstanceProfiles", in->Marker, in->MaxItems, &page))
        return -1;
    if (iam_entity_list(iam_store_of(req->app), req->account, IAM_PROFILE, in->PathPrefix,
                        page.after, page.limit, &req->arena, &all))
        return aws_fail_internal(req);
    out->Marker = iam_page_end(req, &page, all.more, all.count ? all.items[all.count - 1].name : "",
                               &out->IsTruncated);
    return iam_show_profiles(req, &all, &out->InstanceProfiles);
}

int iam_list_instance_profiles_for_role(struct request *req,
                                        const struct iam_ListInstanceProfilesForRoleRequest *in,
                                        struct iam_ListInstanceProfilesForRoleResponse *out)
{
    struct iam_page page;
    struct iam_entities all;
    enum store_status status;

    if (iam_page_begin(req, "iam:ListInstanceProfilesForRole", in->Marker, in->MaxItems, &page))
        return -1;
    status = iam_profiles_of_role(iam_store_of(req->app), req->account, in->RoleName, page.after,
                                  page.limit, &req->arena, &all);
    if (status)
        return iam_fail_entity(req, status, IAM_ROLE, in->RoleName);
    out->Marker = iam_page_end(req, &page, all.more, all.count ? all.items[all.count - 1].name : "",
                               &out->IsTruncated);
    return iam_show_profiles(req, &all, &out->InstanceProfiles);
}

int iam_delete_instance_profile(struct request *req,
                                const struct iam_DeleteInstanceProfileRequest *in,
                                struct iam_DeleteInstanceProfileOutput *out)
{
    (void)out;
    return iam_delete_entity(req, IAM_PROFILE, in->InstanceProfileName);
}

int iam_add_role_to_instance_profile(struct request *req,
                                     const struct iam_AddRoleToInstanceProfileRequest *in,
                                     struct iam_AddRoleToInstanceProfileOutput *out)
{
    bool role_missing = false;
    enum store_status status = iam_profile_add_role(
        iam_store_of(req->app), req->account, in->InstanceProfileName, in->RoleName, &role_missing);

    (void)out;
    if (status == STORE_LIMIT)
        return aws_fail(req, &iam_LimitExceededException,
                        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    if (status && role_missing)
        return iam_fail_entity(req, status, IAM_ROLE, in->RoleName);
    return status ? iam_fail_entity(req, status, IAM_PROFILE, in->InstanceProfileName) : 0;
}

int iam_remove_role_from_instance_profile(struct request *req,
                                          const struct iam_RemoveRoleFromInstanceProfileRequest *in,
                                          struct iam_RemoveRoleFromInstanceProfileOutput *out)
{
    struct iam_entity profile;
    enum store_status status = iam_profile_remove_role(iam_store_of(req->app), req->account,
                                                       in->InstanceProfileName, in->RoleName);

    (void)out;
    if (!status)
        return 0;
    if (status == STORE_NOT_FOUND && find_profile(req, in->InstanceProfileName, &profile))
        return -1;
    return iam_fail_entity(req, status, IAM_ROLE, in->RoleName);
}

int iam_tag_instance_profile(struct request *req, const struct iam_TagInstanceProfileRequest *in,
                             struct iam_TagInstanceProfileOutput *out)
{
    (void)out;
    return iam_tag_entity(req, IAM_PROFILE, in->InstanceProfileName, &in->Tags,
                          "TagsPerInstanceProfile");
}

int iam_untag_instance_profile(struct request *req,
                               const struct iam_UntagInstanceProfileRequest *in,
                               struct iam_UntagInstanceProfileOutput *out)
{
    (void)out;
    return iam_untag_entity(req, IAM_PROFILE, in->InstanceProfileName, &in->TagKeys);
}

int iam_list_instance_profile_tags(struct request *req,
                                   const struct iam_ListInstanceProfileTagsRequest *in,
                                   struct iam_ListInstanceProfileTagsResponse *out)
{
    struct iam_page page;
    struct iam_entity profile;

    if (iam_page_begin(req, "iam:ListInstanceProfileTags", in->Marker, in->MaxItems, &page) ||
        find_profile(req, in->InstanceProfileName, &profile))
        return -1;
    out->Tags = iam_page_of_tags(req, profile.tags, &page, &out->IsTruncated, &out->Marker);
    return 0;
}
