/* Managed policies: those of the account, and the few of AWS that are carried here. */
#include "handlers/common/arn.h"
#include "handlers/iam/iam_parts.h"
#include "server/base/clock.h"

static int fail_policy(struct request *req, enum store_status status, const char *arn)
{
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &iam_NoSuchEntityException, "Policy %s was not found.", arn);
    return aws_fail_internal(req);
}

struct iam_Policy iam_show_policy(struct request *req, const struct iam_policy *p)
{
    return (struct iam_Policy){
        .PolicyName = p->name,
        .PolicyId = p->unique_id,
        .Arn = iam_policy_arn(req, p->path, p->name),
        .Path = p->path,
        .DefaultVersionId = arena_printf(&req->arena, "v%d", p->version),
        .AttachmentCount = SOME_INT((int32_t)p->attached),
        .PermissionsBoundaryUsageCount = SOME_INT((int32_t)p->boundaries),
        .IsAttachable = SOME_BOOL(true),
        .CreateDate = SOME_TIME(p->created_ms),
        .UpdateDate = SOME_TIME(p->updated_ms),
    };
}

int iam_show_aws_policy(struct request *req, const struct iam_aws_policy *p, struct iam_Policy *out)
{
    const char *arn = arena_printf(&req->arena, "arn:aws:iam::aws:policy%s%s", p->path, p->name);
    struct iam_policy_uses uses;

    if (iam_policy_count_uses(iam_store_of(req->app), req->account, arn, &uses))
        return aws_fail_internal(req);
    *out = (struct iam_Policy){
        .PolicyName = p->name,
        .PolicyId = iam_id_of(&req->arena, "ANPA", p->name),
        .Arn = arn,
        .Path = p->path,
        .DefaultVersionId = arena_printf(&req->arena, "v%d", p->version),
        .AttachmentCount = SOME_INT((int32_t)uses.attached),
        .PermissionsBoundaryUsageCount = SOME_INT((int32_t)uses.boundaries),
        .IsAttachable = SOME_BOOL(true),
        .CreateDate = SOME_TIME(p->created_ms),
        .UpdateDate = SOME_TIME(p->updated_ms),
    };
    return 0;
}

static int check_document(struct request *req, const char *document)
{
    if (iam_document_size(document) > IAM_POLICY_SIZE_MAX)
        return aws_fail(req, &iam_LimitExceededException, "Cannot exceed quota for PolicySize: %d",
                        IAM_POLICY_SIZE_MAX);
    return iam_check_document(req, document, IAM_DOCUMENT_MANAGED);
}

int iam_create_policy(struct request *req, const struct iam_CreatePolicyRequest *in,
                      struct iam_CreatePolicyResponse *out)
{
    int64_t now = clock_now_ms(&req->app->clock);
    struct iam_policy policy = {
        .name = in->PolicyName,
        .path = in->Path ? in->Path : "/",
        .unique_id = iam_new_id(&req->arena, "ANPA"),
        .description = in->Description,
        .created_ms = now,
        .updated_ms = now,
        .version = 1,
    };
    enum store_status status;

    if (check_document(req, in->PolicyDocument) ||
        iam_read_tags(req, &in->Tags, "TagsPerPolicy", &policy.tags))
        return -1;
    status = iam_policy_create(iam_store_of(req->app), req->account, &policy, in->PolicyDocument,
                               IAM_POLICIES_MAX);
    if (status == STORE_EXISTS)
        return aws_fail(req, &iam_EntityAlreadyExistsException,
                        "A policy called %s already exists. Duplicate names are not allowed.",
                        policy.name);
    if (status == STORE_LIMIT)
        return aws_fail(req, &iam_LimitExceededException,
                        "Cannot exceed quota for PoliciesPerAccount: %d", IAM_POLICIES_MAX);
    if (status)
        return aws_fail_internal(req);
    out->Policy = ARENA_NEW(&req->arena, struct iam_Policy);
    *out->Policy = iam_show_policy(req, &policy);
    if (policy.tags)
        out->Policy->Tags = iam_show_tags(&req->arena, policy.tags);
    return 0;
}

int iam_get_policy(struct request *req, const struct iam_GetPolicyRequest *in,
                   struct iam_GetPolicyResponse *out)
{
    const struct iam_aws_policy *of_aws = iam_aws_policy_find(in->PolicyArn);
    struct iam_policy policy;
    enum store_status status;

    out->Policy = ARENA_NEW(&req->arena, struct iam_Policy);
    if (of_aws) {
        if (iam_show_aws_policy(req, of_aws, out->Policy))
            return -1;
        out->Policy->Tags.items = ARENA_ARRAY(&req->arena, struct iam_Tag, 0);
        return 0;
    }
    status = iam_policy_find(iam_store_of(req->app), in->PolicyArn, &req->arena, &policy);
    if (status)
        return fail_policy(req, status, in->PolicyArn);
    *out->Policy = iam_show_policy(req, &policy);
    out->Policy->Description = policy.description;
    out->Policy->Tags = iam_show_tags(&req->arena, policy.tags);
    return 0;
}

/* --- ListPolicies: those of the account, then those of AWS; a Marker says where in which of the
 * two --- */

static bool list_shows(const struct iam_ListPoliciesRequest *in, const struct iam_Policy *p)
{
    const char *usage = in->PolicyUsageFilter;

    if (in->PathPrefix && !str_starts(p->Path, in->PathPrefix))
        return false;
    if (VALUE_OR(in->OnlyAttached, false) && p->AttachmentCount.value == 0)
        return false;
    return !usage || !str_eq(usage, "PermissionsBoundary") ||
           p->PermissionsBoundaryUsageCount.value > 0;
}

/* Adds policies of AWS that come after `after`, up to the limit; *out_more: there are more. */
static int add_aws_policies(struct request *req, const struct iam_ListPoliciesRequest *in,
                            const char *after, size_t limit, struct iam_policyListType *out,
                            bool *out_more)
{
    for (size_t i = 0; i < iam_aws_policy_count; i++) {
        struct iam_Policy p;

        if (after && strcmp(iam_aws_policies[i].name, after) <= 0)
            continue;
        if (iam_show_aws_policy(req, &iam_aws_policies[i], &p))
            return -1;
        if (!list_shows(in, &p))
            continue;
        if (out->count == limit) {
            *out_more = true;
            return 0;
        }
        out->items[out->count++] = p;
    }
    return 0;
}

static int add_own_policies(struct request *req, const struct iam_ListPoliciesRequest *in,
                            const char *after, size_t limit, struct iam_policyListType *out,
                            bool *out_more)
{
    struct iam_policy_filter filter = {
        .path_prefix = in->PathPrefix,
        .only_attached = VALUE_OR(in->OnlyAttached, false),
        .only_boundary =
            in->PolicyUsageFilter && str_eq(in->PolicyUsageFilter, "PermissionsBoundary"),
    };
    struct iam_policies all;

    if (iam_policy_list(iam_store_of(req->app), req->account, &filter, after, limit, &req->arena,
                        &all))
        return aws_fail_internal(req);
    for (size_t i = 0; i < all.count; i++)
        out->items[out->count++] = iam_show_policy(req, &all.items[i]);
    *out_more = all.more;
    return 0;
}

int iam_list_policies(struct request *req, const struct iam_ListPoliciesRequest *in,
                      struct iam_ListPoliciesResponse *out)
{
    const char *scope = in->Scope ? in->Scope : "All";
    bool more = false;
    bool in_aws = str_eq(scope, "AWS");
    const char *after = NULL;
    struct iam_page page;

    if (iam_page_begin(req, "iam:ListPolicies", in->Marker, in->MaxItems, &page))
        return -1;
    if (page.after) {
        in_aws = page.after[0] == 'a';
        after = page.after + 1;
    }
    out->Policies.items = ARENA_ARRAY(&req->arena, struct iam_Policy, page.limit);
    if (!in_aws && add_own_policies(req, in, after, page.limit, &out->Policies, &more))
        return -1;
    if (!more && !str_eq(scope, "Local")) {
        size_t own = out->Policies.count;

        if (add_aws_policies(req, in, in_aws ? after : NULL, page.limit, &out->Policies, &more))
            return -1;
        in_aws = in_aws || out->Policies.count > own;
    }
    out->Marker =
        iam_page_end(req, &page, more,
                     more ? arena_printf(&req->arena, "%c%s", in_aws ? 'a' : 'l',
                                         out->Policies.items[out->Policies.count - 1].PolicyName)
                          : "",
                     &out->IsTruncated);
    return 0;
}

int iam_delete_policy(struct request *req, const struct iam_DeletePolicyRequest *in,
                      struct iam_DeletePolicyOutput *out)
{
    enum iam_policy_blocker blocker = IAM_POLICY_ATTACHED;
    enum store_status status = iam_policy_delete(iam_store_of(req->app), in->PolicyArn, &blocker);

    (void)out;
    if (status == STORE_CONFLICT && blocker == IAM_POLICY_ATTACHED)
        return aws_fail(req, &iam_DeleteConflictException,
                        "Cannot delete a policy attached to entities.");
    if (status == STORE_CONFLICT)
        return aws_fail(req, &iam_DeleteConflictException,
                        "This policy has more than one version. Before you delete a policy, you "
                        "must delete the policy's versions. The default version is deleted with "
                        "the policy.");
    return status ? fail_policy(req, status, in->PolicyArn) : 0;
}

int iam_tag_policy(struct request *req, const struct iam_TagPolicyRequest *in,
                   struct iam_TagPolicyOutput *out)
{
    (void)out;
    return iam_tag_policy_arn(req, in->PolicyArn, &in->Tags, NULL);
}

int iam_untag_policy(struct request *req, const struct iam_UntagPolicyRequest *in,
                     struct iam_UntagPolicyOutput *out)
{
    (void)out;
    return iam_tag_policy_arn(req, in->PolicyArn, NULL, &in->TagKeys);
}

int iam_list_policy_tags(struct request *req, const struct iam_ListPolicyTagsRequest *in,
                         struct iam_ListPolicyTagsResponse *out)
{
    struct iam_page page;
    struct iam_policy policy;
    enum store_status status;

    if (iam_page_begin(req, "iam:ListPolicyTags", in->Marker, in->MaxItems, &page))
        return -1;
    status = iam_policy_find(iam_store_of(req->app), in->PolicyArn, &req->arena, &policy);
    if (status)
        return fail_policy(req, status, in->PolicyArn);
    out->Tags = iam_page_of_tags(req, policy.tags, &page, &out->IsTruncated, &out->Marker);
    return 0;
}

/* --- versions --- */

/* v12 -> 12; 0 for what no version can be called. The model's pattern allows more than AWS ever
 * gives out. */
static int version_number(const char *id)
{
    char *end;
    long number;

    if (id[0] != 'v')
        return 0;
    errno = 0;
    number = strtol(id + 1, &end, 10);
    return errno || *end || number < 1 || number > INT32_MAX ? 0 : (int)number;
}

static int fail_version(struct request *req, enum store_status status, bool policy_missing,
                        const char *arn, const char *id)
{
    if (status == STORE_NOT_FOUND && !policy_missing)
        return aws_fail(req, &iam_NoSuchEntityException,
                        "Policy %s version %s does not exist or is not attachable.", arn, id);
    return fail_policy(req, status, arn);
}

struct iam_PolicyVersion iam_show_version(struct request *req, const struct iam_version *v)
{
    return (struct iam_PolicyVersion){
        .VersionId = arena_printf(&req->arena, "v%d", v->number),
        .IsDefaultVersion = SOME_BOOL(v->is_default),
        .CreateDate = SOME_TIME(v->created_ms),
    };
}

int iam_create_policy_version(struct request *req, const struct iam_CreatePolicyVersionRequest *in,
                              struct iam_CreatePolicyVersionResponse *out)
{
    struct iam_version version;
    enum store_status status;

    if (check_document(req, in->PolicyDocument))
        return -1;
    status = iam_version_create(iam_store_of(req->app), in->PolicyArn, in->PolicyDocument,
                                VALUE_OR(in->SetAsDefault, false), clock_now_ms(&req->app->clock),
                                IAM_VERSIONS_MAX, &version);
    if (status == STORE_LIMIT)
        return aws_fail(req, &iam_LimitExceededException,
                        "A managed policy can have up to %d versions. Before you create a new "
                        "version, you must delete an existing version.",
                        IAM_VERSIONS_MAX);
    if (status)
        return fail_policy(req, status, in->PolicyArn);
    out->PolicyVersion = ARENA_NEW(&req->arena, struct iam_PolicyVersion);
    *out->PolicyVersion = iam_show_version(req, &version);
    return 0;
}

int iam_get_policy_version(struct request *req, const struct iam_GetPolicyVersionRequest *in,
                           struct iam_GetPolicyVersionResponse *out)
{
    const struct iam_aws_policy *of_aws = iam_aws_policy_find(in->PolicyArn);
    int number = version_number(in->VersionId);
    struct iam_version version;
    bool missing = false;
    enum store_status status = STORE_NOT_FOUND;

    if (!of_aws) {
        status = iam_version_get(iam_store_of(req->app), in->PolicyArn, number, &req->arena,
                                 &version, &missing);
    } else if (number == of_aws->version) {
        version = (struct iam_version){.number = number,
                                       .created_ms = of_aws->updated_ms,
                                       .is_default = true,
                                       .document = of_aws->document};
        status = STORE_OK;
    }
    if (status)
        return fail_version(req, status, missing, in->PolicyArn, in->VersionId);
    out->PolicyVersion = ARENA_NEW(&req->arena, struct iam_PolicyVersion);
    *out->PolicyVersion = iam_show_version(req, &version);
    out->PolicyVersion->Document = iam_show_document(&req->arena, version.document);
    return 0;
}

int iam_list_policy_versions(struct request *req, const struct iam_ListPolicyVersionsRequest *in,
                             struct iam_ListPolicyVersionsResponse *out)
{
    struct iam_versions all;
    struct iam_page page;
    enum store_status status;
    size_t first = 0;

    if (iam_page_begin(req, "iam:ListPolicyVersions", in->Marker, in->MaxItems, &page))
        return -1;
    status = iam_version_list(iam_store_of(req->app), in->PolicyArn, &req->arena, &all);
    if (status)
        return fail_policy(req, status, in->PolicyArn);
    while (page.after && first < all.count && all.items[first].number >= version_number(page.after))
        first++;
    out->Versions.items = ARENA_ARRAY(&req->arena, struct iam_PolicyVersion, all.count);
    for (size_t i = first; i < all.count && i - first < page.limit; i++)
        out->Versions.items[out->Versions.count++] = iam_show_version(req, &all.items[i]);
    out->Marker = iam_page_end(
        req, &page, all.count - first > page.limit,
        out->Versions.count ? out->Versions.items[out->Versions.count - 1].VersionId : "",
        &out->IsTruncated);
    return 0;
}

int iam_delete_policy_version(struct request *req, const struct iam_DeletePolicyVersionRequest *in,
                              struct iam_DeletePolicyVersionOutput *out)
{
    bool missing = false;
    enum store_status status = iam_version_delete(iam_store_of(req->app), in->PolicyArn,
                                                  version_number(in->VersionId), &missing);

    (void)out;
    if (status == STORE_CONFLICT)
        return aws_fail(req, &iam_DeleteConflictException,
                        "Cannot delete the default version of a policy.");
    return status ? fail_version(req, status, missing, in->PolicyArn, in->VersionId) : 0;
}

int iam_set_default_policy_version(struct request *req,
                                   const struct iam_SetDefaultPolicyVersionRequest *in,
                                   struct iam_SetDefaultPolicyVersionOutput *out)
{
    bool missing = false;
    enum store_status status = iam_version_set_default(iam_store_of(req->app), in->PolicyArn,
                                                       version_number(in->VersionId),
                                                       clock_now_ms(&req->app->clock), &missing);

    (void)out;
    return status ? fail_version(req, status, missing, in->PolicyArn, in->VersionId) : 0;
}
