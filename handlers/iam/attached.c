/* Managed policies attached to roles, users and groups. */
#include "handlers/common/arn.h"
#include "handlers/iam/iam_parts.h"

static int fail_absent(struct request *req, const char *arn)
{
    return aws_fail(req, &iam_NoSuchEntityException,
                    "Policy %s does not exist or is not attachable.", arn);
}

/* AWS's own policies are many and change; any ARN that could be one of them is taken. Those of the
 * account must exist. */
static int find_attachable(struct request *req, const char *arn, struct iam_attachment *out)
{
    struct iam_policy policy;
    struct arn parts;
    const char *resource;
    const char *name;
    enum store_status status;

    if (!arn_parse(&req->arena, arn, &parts) ||
        !(resource = arn_resource_after(&parts, "policy")) || *resource != '/')
        return aws_fail(req, &iam_InvalidInputException, "ARN %s is not valid.", arn);
    name = strrchr(resource, '/') + 1;
    *out = (struct iam_attachment){
        .arn = arn,
        .name = name,
        .path = arena_strndup(&req->arena, resource, (size_t)(name - resource)),
    };
    if (iam_is_aws_policy(arn))
        return 0;
    if (!str_eq(parts.account, req->account))
        return fail_absent(req, arn);
    status = iam_policy_find(iam_store_of(req->app), arn, &req->arena, &policy);
    if (status == STORE_NOT_FOUND)
        return fail_absent(req, arn);
    return status ? aws_fail_internal(req) : 0;
}

static int attach(struct request *req, enum iam_kind kind, const char *name, const char *arn,
                  const char *quota)
{
    struct iam_attachment what;
    enum store_status status;

    if (find_attachable(req, arn, &what))
        return -1;
    status = iam_attach(iam_store_of(req->app), req->account, kind, name, &what, IAM_ATTACHED_MAX);
    if (status == STORE_LIMIT)
        return aws_fail(req, &iam_LimitExceededException, "Cannot exceed quota for %s: %d", quota,
                        IAM_ATTACHED_MAX);
    return status ? iam_fail_entity(req, status, kind, name) : 0;
}

static int detach(struct request *req, enum iam_kind kind, const char *name, const char *arn)
{
    bool entity_missing = false;
    enum store_status status =
        iam_detach(iam_store_of(req->app), req->account, kind, name, arn, &entity_missing);

    if (status == STORE_NOT_FOUND && !entity_missing)
        return aws_fail(req, &iam_NoSuchEntityException, "Policy %s was not found.", arn);
    return status ? iam_fail_entity(req, status, kind, name) : 0;
}

static int list_attached(struct request *req, enum iam_kind kind, const char *name,
                         const char *path_prefix, const struct iam_page *page,
                         struct iam_attachedPoliciesListType *out, struct maybe_bool *out_truncated,
                         const char **out_marker)
{
    struct iam_attached_query query = {
        .path_prefix = path_prefix, .after = page->after, .limit = page->limit};
    struct iam_attachments all;
    enum store_status status = iam_attached_list(iam_store_of(req->app), req->account, kind, name,
                                                 &query, &req->arena, &all);

    if (status)
        return iam_fail_entity(req, status, kind, name);
    out->items = ARENA_ARRAY(&req->arena, struct iam_AttachedPolicy, all.count);
    for (size_t i = 0; i < all.count; i++)
        out->items[out->count++] = (struct iam_AttachedPolicy){.PolicyName = all.items[i].name,
                                                               .PolicyArn = all.items[i].arn};
    *out_marker = iam_page_end(req, page, all.more, all.count ? all.items[all.count - 1].arn : "",
                               out_truncated);
    return 0;
}

int iam_attach_role_policy(struct request *req, const struct iam_AttachRolePolicyRequest *in,
                           struct iam_AttachRolePolicyOutput *out)
{
    (void)out;
    return attach(req, IAM_ROLE, in->RoleName, in->PolicyArn, "PoliciesPerRole");
}

int iam_detach_role_policy(struct request *req, const struct iam_DetachRolePolicyRequest *in,
                           struct iam_DetachRolePolicyOutput *out)
{
    (void)out;
    return detach(req, IAM_ROLE, in->RoleName, in->PolicyArn);
}

int iam_list_attached_role_policies(struct request *req,
                                    const struct iam_ListAttachedRolePoliciesRequest *in,
                                    struct iam_ListAttachedRolePoliciesResponse *out)
{
    struct iam_page page;

    if (iam_page_begin(req, "iam:ListAttachedRolePolicies", in->Marker, in->MaxItems, &page))
        return -1;
    return list_attached(req, IAM_ROLE, in->RoleName, in->PathPrefix, &page, &out->AttachedPolicies,
                         &out->IsTruncated, &out->Marker);
}

int iam_attach_user_policy(struct request *req, const struct iam_AttachUserPolicyRequest *in,
                           struct iam_AttachUserPolicyOutput *out)
{
    (void)out;
    return attach(req, IAM_USER, in->UserName, in->PolicyArn, "PoliciesPerUser");
}

int iam_detach_user_policy(struct request *req, const struct iam_DetachUserPolicyRequest *in,
                           struct iam_DetachUserPolicyOutput *out)
{
    (void)out;
    return detach(req, IAM_USER, in->UserName, in->PolicyArn);
}

int iam_list_attached_user_policies(struct request *req,
                                    const struct iam_ListAttachedUserPoliciesRequest *in,
                                    struct iam_ListAttachedUserPoliciesResponse *out)
{
    struct iam_page page;

    if (iam_page_begin(req, "iam:ListAttachedUserPolicies", in->Marker, in->MaxItems, &page))
        return -1;
    return list_attached(req, IAM_USER, in->UserName, in->PathPrefix, &page, &out->AttachedPolicies,
                         &out->IsTruncated, &out->Marker);
}

int iam_attach_group_policy(struct request *req, const struct iam_AttachGroupPolicyRequest *in,
                            struct iam_AttachGroupPolicyOutput *out)
{
    (void)out;
    return attach(req, IAM_GROUP, in->GroupName, in->PolicyArn, "PoliciesPerGroup");
}

int iam_detach_group_policy(struct request *req, const struct iam_DetachGroupPolicyRequest *in,
                            struct iam_DetachGroupPolicyOutput *out)
{
    (void)out;
    return detach(req, IAM_GROUP, in->GroupName, in->PolicyArn);
}

int iam_list_attached_group_policies(struct request *req,
                                     const struct iam_ListAttachedGroupPoliciesRequest *in,
                                     struct iam_ListAttachedGroupPoliciesResponse *out)
{
    struct iam_page page;

    if (iam_page_begin(req, "iam:ListAttachedGroupPolicies", in->Marker, in->MaxItems, &page))
        return -1;
    return list_attached(req, IAM_GROUP, in->GroupName, in->PathPrefix, &page,
                         &out->AttachedPolicies, &out->IsTruncated, &out->Marker);
}

/* --- ListEntitiesForPolicy: groups, roles, users; a Marker says where in which of them --- */

static const struct {
    enum iam_kind kind;
    char mark; /* what a Marker in this list begins with */
    const char *filter;
} sections[] = {
    {IAM_GROUP, 'g', "Group"},
    {IAM_ROLE, 'r', "Role"},
    {IAM_USER, 'u', "User"},
};
enum { SECTIONS = ARRAY_LEN(sections) };

static int entities_of(struct request *req, const struct iam_ListEntitiesForPolicyRequest *in,
                       size_t section, const char *after, size_t limit, struct iam_entities *out)
{
    struct iam_users_of_policy what = {
        .arn = in->PolicyArn,
        .kind = sections[section].kind,
        .as_boundary =
            in->PolicyUsageFilter && str_eq(in->PolicyUsageFilter, "PermissionsBoundary"),
        .path_prefix = in->PathPrefix,
    };

    if (in->EntityFilter && !str_eq(in->EntityFilter, sections[section].filter))
        return 0;
    return iam_attached_entities(iam_store_of(req->app), req->account, &what, after, limit,
                                 &req->arena, out)
               ? aws_fail_internal(req)
               : 0;
}

/* Reads one page over all sections. *out_last is where it ends, as a Marker says it; NULL: nothing
 * follows. */
static int read_sections(struct request *req, const struct iam_ListEntitiesForPolicyRequest *in,
                         const struct iam_page *page, struct iam_entities found[SECTIONS],
                         const char **out_last)
{
    const char *after = page->after;
    size_t room = page->limit;
    const char *last = after;
    size_t i = 0;

    *out_last = NULL;
    while (after && i < SECTIONS - 1 && sections[i].mark != after[0])
        i++;
    for (; i < SECTIONS; i++) {
        if (entities_of(req, in, i, after ? after + 1 : NULL, room, &found[i]))
            return -1;
        room -= found[i].count;
        if (found[i].count > 0)
            last = arena_printf(&req->arena, "%c%s", sections[i].mark,
                                found[i].items[found[i].count - 1].name);
        if (found[i].more) {
            *out_last = last;
            return 0;
        }
        after = NULL;
    }
    return 0;
}

int iam_list_entities_for_policy(struct request *req,
                                 const struct iam_ListEntitiesForPolicyRequest *in,
                                 struct iam_ListEntitiesForPolicyResponse *out)
{
    struct iam_entities found[SECTIONS] = {0};
    const struct iam_entities *groups = &found[0];
    const struct iam_entities *roles = &found[1];
    const struct iam_entities *users = &found[2];
    struct iam_attachment what;
    struct iam_page page;
    const char *last;

    if (iam_page_begin(req, "iam:ListEntitiesForPolicy", in->Marker, in->MaxItems, &page) ||
        find_attachable(req, in->PolicyArn, &what) || read_sections(req, in, &page, found, &last))
        return -1;
    out->PolicyGroups.items = ARENA_ARRAY(&req->arena, struct iam_PolicyGroup, groups->count);
    for (size_t i = 0; i < groups->count; i++)
        out->PolicyGroups.items[out->PolicyGroups.count++] = (struct iam_PolicyGroup){
            .GroupName = groups->items[i].name, .GroupId = groups->items[i].unique_id};
    out->PolicyRoles.items = ARENA_ARRAY(&req->arena, struct iam_PolicyRole, roles->count);
    for (size_t i = 0; i < roles->count; i++)
        out->PolicyRoles.items[out->PolicyRoles.count++] = (struct iam_PolicyRole){
            .RoleName = roles->items[i].name, .RoleId = roles->items[i].unique_id};
    out->PolicyUsers.items = ARENA_ARRAY(&req->arena, struct iam_PolicyUser, users->count);
    for (size_t i = 0; i < users->count; i++)
        out->PolicyUsers.items[out->PolicyUsers.count++] = (struct iam_PolicyUser){
            .UserName = users->items[i].name, .UserId = users->items[i].unique_id};
    out->Marker = iam_page_end(req, &page, last != NULL, last, &out->IsTruncated);
    return 0;
}
