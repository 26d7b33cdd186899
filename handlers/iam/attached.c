/* Managed policies attached to roles and users. */
#include "handlers/common/arn.h"
#include "handlers/iam/iam_parts.h"

enum { ATTACHED_MAX = 10 };

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
    status = iam_attach(iam_store_of(req->app), req->account, kind, name, &what, ATTACHED_MAX);
    if (status == STORE_LIMIT)
        return aws_fail(req, &iam_LimitExceededException, "Cannot exceed quota for %s: %d", quota,
                        ATTACHED_MAX);
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

/* --- ListEntitiesForPolicy: roles, then users; a Marker says where in which of the two --- */

static int users_of(struct request *req, const struct iam_ListEntitiesForPolicyRequest *in,
                    enum iam_kind kind, const char *after, size_t limit, struct iam_entities *out)
{
    static const char *const filters[] = {[IAM_ROLE] = "Role", [IAM_USER] = "User"};
    struct iam_users_of_policy what = {
        .arn = in->PolicyArn,
        .kind = kind,
        .as_boundary =
            in->PolicyUsageFilter && str_eq(in->PolicyUsageFilter, "PermissionsBoundary"),
        .path_prefix = in->PathPrefix,
    };

    *out = (struct iam_entities){0};
    if (in->EntityFilter && !str_eq(in->EntityFilter, filters[kind]))
        return 0;
    return iam_attached_entities(iam_store_of(req->app), req->account, &what, after, limit,
                                 &req->arena, out)
               ? aws_fail_internal(req)
               : 0;
}

int iam_list_entities_for_policy(struct request *req,
                                 const struct iam_ListEntitiesForPolicyRequest *in,
                                 struct iam_ListEntitiesForPolicyResponse *out)
{
    struct iam_entities roles = {0};
    struct iam_entities users = {0};
    struct iam_attachment what;
    struct iam_page page;
    bool in_users;

    if (iam_page_begin(req, "iam:ListEntitiesForPolicy", in->Marker, in->MaxItems, &page) ||
        find_attachable(req, in->PolicyArn, &what))
        return -1;
    in_users = page.after && page.after[0] == 'u';
    if (!in_users &&
        users_of(req, in, IAM_ROLE, page.after ? page.after + 1 : NULL, page.limit, &roles))
        return -1;
    if (!roles.more && users_of(req, in, IAM_USER, in_users ? page.after + 1 : NULL,
                                page.limit - roles.count, &users))
        return -1;
    out->PolicyGroups.items = ARENA_ARRAY(&req->arena, struct iam_PolicyGroup, 0);
    out->PolicyRoles.items = ARENA_ARRAY(&req->arena, struct iam_PolicyRole, roles.count);
    for (size_t i = 0; i < roles.count; i++)
        out->PolicyRoles.items[out->PolicyRoles.count++] = (struct iam_PolicyRole){
            .RoleName = roles.items[i].name, .RoleId = roles.items[i].unique_id};
    out->PolicyUsers.items = ARENA_ARRAY(&req->arena, struct iam_PolicyUser, users.count);
    for (size_t i = 0; i < users.count; i++)
        out->PolicyUsers.items[out->PolicyUsers.count++] = (struct iam_PolicyUser){
            .UserName = users.items[i].name, .UserId = users.items[i].unique_id};
    out->Marker = iam_page_end(
        req, &page, roles.more || users.more,
        roles.more    ? arena_printf(&req->arena, "r%s", roles.items[roles.count - 1].name)
        : users.count ? arena_printf(&req->arena, "u%s", users.items[users.count - 1].name)
                      : "u",
        &out->IsTruncated);
    return 0;
}
