/* Policies inside roles, users and groups. */
#include "handlers/iam/iam_parts.h"

int64_t iam_inline_max(enum iam_kind kind)
{
    return kind == IAM_ROLE ? 10240 : kind == IAM_GROUP ? 5120 : 2048;
}

static int fail_policy(struct request *req, enum store_status status, enum iam_kind kind,
                       bool entity_missing, const char *name, const char *policy)
{
    if (status == STORE_NOT_FOUND && !entity_missing)
        return aws_fail(req, &iam_NoSuchEntityException,
                        "The %s policy with name %s cannot be found.", iam_kind_name(kind), policy);
    return iam_fail_entity(req, status, kind, name);
}

static int put_policy(struct request *req, enum iam_kind kind, const char *name, const char *policy,
                      const char *document)
{
    enum store_status status;

    if (iam_check_document(req, document, IAM_DOCUMENT_INLINE))
        return -1;
    status = iam_inline_put(iam_store_of(req->app), req->account, kind, name, policy, document,
                            iam_inline_max(kind));
    if (status == STORE_LIMIT)
        return aws_fail(req, &iam_LimitExceededException,
                        "Maximum policy size of %" PRId64 " bytes exceeded for %s %s",
                        iam_inline_max(kind), iam_kind_name(kind), name);
    return status ? iam_fail_entity(req, status, kind, name) : 0;
}

static int get_policy(struct request *req, enum iam_kind kind, const char *name, const char *policy,
                      const char **out_document)
{
    bool missing;
    const char *document;
    enum store_status status = iam_inline_get(iam_store_of(req->app), req->account, kind, name,
                                              policy, &req->arena, &document, &missing);

    if (status)
        return fail_policy(req, status, kind, missing, name, policy);
    *out_document = iam_show_document(&req->arena, document);
    return 0;
}

static int delete_policy(struct request *req, enum iam_kind kind, const char *name,
                         const char *policy)
{
    bool missing = false;
    enum store_status status =
        iam_inline_delete(iam_store_of(req->app), req->account, kind, name, policy, &missing);

    return status ? fail_policy(req, status, kind, missing, name, policy) : 0;
}

static int list_policies(struct request *req, enum iam_kind kind, const char *name,
                         const struct iam_page *page, struct iam_policyNameListType *out,
                         struct maybe_bool *out_truncated, const char **out_marker)
{
    struct iam_names names;
    enum store_status status = iam_inline_list(iam_store_of(req->app), req->account, kind, name,
                                               page->after, page->limit, &req->arena, &names);

    if (status)
        return iam_fail_entity(req, status, kind, name);
    *out = (struct iam_policyNameListType){.items = names.items, .count = names.count};
    *out_marker = iam_page_end(req, page, names.more,
                               names.count ? names.items[names.count - 1] : "", out_truncated);
    return 0;
}

int iam_put_role_policy(struct request *req, const struct iam_PutRolePolicyRequest *in,
                        struct iam_PutRolePolicyOutput *out)
{
    (void)out;
    return put_policy(req, IAM_ROLE, in->RoleName, in->PolicyName, in->PolicyDocument);
}

int iam_get_role_policy(struct request *req, const struct iam_GetRolePolicyRequest *in,
                        struct iam_GetRolePolicyResponse *out)
{
    out->RoleName = in->RoleName;
    out->PolicyName = in->PolicyName;
    return get_policy(req, IAM_ROLE, in->RoleName, in->PolicyName, &out->PolicyDocument);
}

int iam_list_role_policies(struct request *req, const struct iam_ListRolePoliciesRequest *in,
                           struct iam_ListRolePoliciesResponse *out)
{
    struct iam_page page;

    if (iam_page_begin(req, "iam:ListRolePolicies", in->Marker, in->MaxItems, &page))
        return -1;
    return list_policies(req, IAM_ROLE, in->RoleName, &page, &out->PolicyNames, &out->IsTruncated,
                         &out->Marker);
}

int iam_delete_role_policy(struct request *req, const struct iam_DeleteRolePolicyRequest *in,
                           struct iam_DeleteRolePolicyOutput *out)
{
    (void)out;
    return delete_policy(req, IAM_ROLE, in->RoleName, in->PolicyName);
}

int iam_put_user_policy(struct request *req, const struct iam_PutUserPolicyRequest *in,
                        struct iam_PutUserPolicyOutput *out)
{
    (void)out;
    return put_policy(req, IAM_USER, in->UserName, in->PolicyName, in->PolicyDocument);
}

int iam_get_user_policy(struct request *req, const struct iam_GetUserPolicyRequest *in,
                        struct iam_GetUserPolicyResponse *out)
{
    out->UserName = in->UserName;
    out->PolicyName = in->PolicyName;
    return get_policy(req, IAM_USER, in->UserName, in->PolicyName, &out->PolicyDocument);
}

int iam_list_user_policies(struct request *req, const struct iam_ListUserPoliciesRequest *in,
                           struct iam_ListUserPoliciesResponse *out)
{
    struct iam_page page;

    if (iam_page_begin(req, "iam:ListUserPolicies", in->Marker, in->MaxItems, &page))
        return -1;
    return list_policies(req, IAM_USER, in->UserName, &page, &out->PolicyNames, &out->IsTruncated,
                         &out->Marker);
}

int iam_delete_user_policy(struct request *req, const struct iam_DeleteUserPolicyRequest *in,
                           struct iam_DeleteUserPolicyOutput *out)
{
    (void)out;
    return delete_policy(req, IAM_USER, in->UserName, in->PolicyName);
}

int iam_put_group_policy(struct request *req, const struct iam_PutGroupPolicyRequest *in,
                         struct iam_PutGroupPolicyOutput *out)
{
    (void)out;
    return put_policy(req, IAM_GROUP, in->GroupName, in->PolicyName, in->PolicyDocument);
}

int iam_get_group_policy(struct request *req, const struct iam_GetGroupPolicyRequest *in,
                         struct iam_GetGroupPolicyResponse *out)
{
    out->GroupName = in->GroupName;
    out->PolicyName = in->PolicyName;
    return get_policy(req, IAM_GROUP, in->GroupName, in->PolicyName, &out->PolicyDocument);
}

int iam_list_group_policies(struct request *req, const struct iam_ListGroupPoliciesRequest *in,
                            struct iam_ListGroupPoliciesResponse *out)
{
    struct iam_page page;

    if (iam_page_begin(req, "iam:ListGroupPolicies", in->Marker, in->MaxItems, &page))
        return -1;
    return list_policies(req, IAM_GROUP, in->GroupName, &page, &out->PolicyNames, &out->IsTruncated,
                         &out->Marker);
}

int iam_delete_group_policy(struct request *req, const struct iam_DeleteGroupPolicyRequest *in,
                            struct iam_DeleteGroupPolicyOutput *out)
{
    (void)out;
    return delete_policy(req, IAM_GROUP, in->GroupName, in->PolicyName);
}
