/*
 * GetAccountAuthorizationDetails: users, groups, roles and managed policies with all that they may
 * do, in pages that run over all of these. A Marker says where in which of them.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
 *
 * A page ends at MaxItems, or with the entity or policy that fills it: documents are long.
 *
 * What is deleted while a page is made is shown without what belonged to it.
 */
#include "handlers/iam/iam_parts.h"

enum {
    PAGE_BYTES = 4 << 20,
    ITEM_BYTES = 2048, /* what an entity or a policy takes besides tags and documents, about */
};

/* The part of a page that one section fills. */
struct part {
    const char *after; /* NULL: from the first */
    size_t limit;
    size_t *bytes; /* of the whole page until now, about */
    size_t count;  /* from here on set by the section */
    const char *last;
    bool more;
};

static bool is_full(const struct part *part)
{
    return part->count == part->limit || *part->bytes >= PAGE_BYTES;
}

static void count_item(struct part *part, const char *name, const char *tags)
{
    *part->bytes += ITEM_BYTES + (tags ? strlen(tags) : 0);
    part->count++;
    part->last = name;
}

static const char *show_document(struct request *req, struct part *part, const char *document)
{
    const char *shown = iam_show_document(&req->arena, document);

    *part->bytes += strlen(shown);
    return shown;
}

static bool failed(enum store_status status)
{
    return status && status != STORE_NOT_FOUND;
}

/* --- what an entity may do --- */

static int show_inline(struct request *req, struct part *part, const struct iam_entity *e,
                       struct iam_policyDetailListType *out)
{
    struct iam_inlines all = {0};

    if (failed(iam_inline_all(iam_store_of(req->app), e->id, &req->arena, &all)))
        return aws_fail_internal(req);
    out->items = ARENA_ARRAY(&req->arena, struct iam_PolicyDetail, all.count);
    for (size_t i = 0; i < all.count; i++)
        out->items[out->count++] = (struct iam_PolicyDetail){
            .PolicyName = all.items[i].name,
            .PolicyDocument = show_document(req, part, all.items[i].document),
        };
    return 0;
}

static int show_attached(struct request *req, const struct iam_entity *e,
                         struct iam_attachedPoliciesListType *out)
{
    struct iam_attached_query query = {.limit = IAM_ATTACHED_MAX};
    struct iam_attachments all = {0};

    if (failed(iam_attached_list(iam_store_of(req->app), req->account, e->kind, e->name, &query,
                                 &req->arena, &all)))
        return aws_fail_internal(req);
    out->items = ARENA_ARRAY(&req->arena, struct iam_AttachedPolicy, all.count);
    for (size_t i = 0; i < all.count; i++)
        out->items[out->count++] = (struct iam_AttachedPolicy){.PolicyName = all.items[i].name,
                                                               .PolicyArn = all.items[i].arn};
    return 0;
}

static int list_entities(struct request *req, enum iam_kind kind, const struct part *part,
                         struct iam_entities *out)
{
    if (iam_entity_list(iam_store_of(req->app), req->account, kind, NULL, part->after, part->limit,
                        &req->arena, out))
        return aws_fail_internal(req);
    return 0;
}

/* --- users --- */

static int show_groups_of(struct request *req, const struct iam_entity *user,
                          struct iam_groupNameListType *out)
{
    struct iam_entities all = {0};

    if (failed(iam_groups_of_user(iam_store_of(req->app), req->account, user->name, NULL,
                                  IAM_GROUPS_PER_USER, &req->arena, &all)))
        return aws_fail_internal(req);
    out->items = ARENA_ARRAY(&req->arena, const char *, all.count);
    for (size_t i = 0; i < all.count; i++)
        out->items[out->count++] = all.items[i].name;
    return 0;
}

static int show_user(struct request *req, struct part *part, const struct iam_entity *e,
                     struct iam_UserDetail *out)
{
    *out = (struct iam_UserDetail){
        .Path = e->path,
        .UserName = e->name,
        .UserId = e->unique_id,
        .Arn = iam_entity_arn(req, e),
        .CreateDate = SOME_TIME(e->created_ms),
        .PermissionsBoundary = iam_show_boundary(&req->arena, e->boundary),
        .Tags = iam_show_tags(&req->arena, e->tags),
    };
    count_item(part, e->name, e->tags);
    if (show_inline(req, part, e, &out->UserPolicyList) ||
        show_groups_of(req, e, &out->GroupList) ||
        show_attached(req, e, &out->AttachedManagedPolicies))
        return -1;
    if (out->UserPolicyList.count == 0) /* AWS: groups and roles show an empty list, users none */
        out->UserPolicyList.items = NULL;
    return 0;
}

static int add_users(struct request *req, struct part *part,
                     struct iam_GetAccountAuthorizationDetailsResponse *out)
{
    struct iam_userDetailListType *list = &out->UserDetailList;
    struct iam_entities all;

    if (list_entities(req, IAM_USER, part, &all))
        return -1;
    list->items = ARENA_ARRAY(&req->arena, struct iam_UserDetail, all.count);
    for (size_t i = 0; i < all.count && !is_full(part); i++)
        if (show_user(req, part, &all.items[i], &list->items[list->count++]))
            return -1;
    part->more = all.more || part->count < all.count;
    return 0;
}

/* --- groups --- */

static int show_group(struct request *req, struct part *part, const struct iam_entity *e,
                      struct iam_GroupDetail *out)
{
    *out = (struct iam_GroupDetail){
        .Path = e->path,
        .GroupName = e->name,
        .GroupId = e->unique_id,
        .Arn = iam_entity_arn(req, e),
        .CreateDate = SOME_TIME(e->created_ms),
    };
    count_item(part, e->name, NULL);
    return show_inline(req, part, e, &out->GroupPolicyList) ||
                   show_attached(req, e, &out->AttachedManagedPolicies)
               ? -1
               : 0;
}

static int add_groups(struct request *req, struct part *part,
                      struct iam_GetAccountAuthorizationDetailsResponse *out)
{
    struct iam_groupDetailListType *list = &out->GroupDetailList;
    struct iam_entities all;

    if (list_entities(req, IAM_GROUP, part, &all))
        return -1;
    list->items = ARENA_ARRAY(&req->arena, struct iam_GroupDetail, all.count);
    for (size_t i = 0; i < all.count && !is_full(part); i++)
        if (show_group(req, part, &all.items[i], &list->items[list->count++]))
            return -1;
    part->more = all.more || part->count < all.count;
    return 0;
}

/* --- roles --- */

static int show_role(struct request *req, struct part *part, const struct iam_entity *e,
                     struct iam_RoleDetail *out)
{
    struct iam_entities profiles = {0};

    *out = (struct iam_RoleDetail){
        .Path = e->path,
        .RoleName = e->name,
        .RoleId = e->unique_id,
        .Arn = iam_entity_arn(req, e),
        .CreateDate = SOME_TIME(e->created_ms),
        .AssumeRolePolicyDocument = show_document(req, part, e->trust),
        .PermissionsBoundary = iam_show_boundary(&req->arena, e->boundary),
        .Tags = iam_show_tags(&req->arena, e->tags),
        .RoleLastUsed = iam_show_last_use(req, e),
    };
    count_item(part, e->name, e->tags);
    if (failed(iam_profiles_of_role(iam_store_of(req->app), req->account, e->name, NULL,
                                    (size_t)iam_kind_max(IAM_PROFILE), &req->arena, &profiles)))
        return aws_fail_internal(req);
    return iam_show_profiles(req, &profiles, &out->InstanceProfileList) ||
                   show_inline(req, part, e, &out->RolePolicyList) ||
                   show_attached(req, e, &out->AttachedManagedPolicies)
               ? -1
               : 0;
}

static int add_roles(struct request *req, struct part *part,
                     struct iam_GetAccountAuthorizationDetailsResponse *out)
{
    struct iam_roleDetailListType *list = &out->RoleDetailList;
    struct iam_entities all;

    if (list_entities(req, IAM_ROLE, part, &all))
        return -1;
    list->items = ARENA_ARRAY(&req->arena, struct iam_RoleDetail, all.count);
    for (size_t i = 0; i < all.count && !is_full(part); i++)
        if (show_role(req, part, &all.items[i], &list->items[list->count++]))
            return -1;
    part->more = all.more || part->count < all.count;
    return 0;
}

/* --- managed policies --- */

static struct iam_ManagedPolicyDetail show_policy(const struct iam_Policy *p)
{
    return (struct iam_ManagedPolicyDetail){
        .PolicyName = p->PolicyName,
        .PolicyId = p->PolicyId,
        .Arn = p->Arn,
        .Path = p->Path,
        .DefaultVersionId = p->DefaultVersionId,
        .AttachmentCount = p->AttachmentCount,
        .PermissionsBoundaryUsageCount = p->PermissionsBoundaryUsageCount,
        .IsAttachable = p->IsAttachable,
        .CreateDate = p->CreateDate,
        .UpdateDate = p->UpdateDate,
    };
}

static struct iam_PolicyVersion show_version(struct request *req, struct part *part,
                                             const struct iam_version *v)
{
    struct iam_PolicyVersion version = iam_show_version(req, v);

    version.Document = show_document(req, part, v->document);
    return version;
}

static int show_own_policy(struct request *req, struct part *part, const struct iam_policy *p,
                           struct iam_ManagedPolicyDetail *out)
{
    struct iam_Policy policy = iam_show_policy(req, p);
    struct iam_versions all = {0};

    if (failed(iam_version_list(iam_store_of(req->app), policy.Arn, &req->arena, &all)))
        return aws_fail_internal(req);
    *out = show_policy(&policy);
    count_item(part, p->name, NULL);
    out->Description = p->description;
    out->PolicyVersionList.items = ARENA_ARRAY(&req->arena, struct iam_PolicyVersion, all.count);
    for (size_t i = 0; i < all.count; i++)
        out->PolicyVersionList.items[out->PolicyVersionList.count++] =
            show_version(req, part, &all.items[i]);
    return 0;
}

static int add_own_policies(struct request *req, struct part *part,
                            struct iam_GetAccountAuthorizationDetailsResponse *out)
{
    struct iam_ManagedPolicyDetailListType *list = &out->Policies;
    struct iam_policies all;

    if (iam_policy_list(iam_store_of(req->app), req->account, &(struct iam_policy_filter){0},
                        part->after, part->limit, &req->arena, &all))
        return aws_fail_internal(req);
    list->items = ARENA_ARRAY(&req->arena, struct iam_ManagedPolicyDetail,
                              all.count + iam_aws_policy_count); /* those of AWS may follow */
    for (size_t i = 0; i < all.count && !is_full(part); i++)
        if (show_own_policy(req, part, &all.items[i], &list->items[list->count++]))
            return -1;
    part->more = all.more || part->count < all.count;
    return 0;
}

/* AWS: of its own policies those that something uses. */
static int add_aws_policies(struct request *req, struct part *part,
                            struct iam_GetAccountAuthorizationDetailsResponse *out)
{
    struct iam_ManagedPolicyDetailListType *list = &out->Policies;

    if (!list->items)
        list->items =
            ARENA_ARRAY(&req->arena, struct iam_ManagedPolicyDetail, iam_aws_policy_count);
    for (size_t i = 0; i < iam_aws_policy_count; i++) {
        const struct iam_aws_policy *p = &iam_aws_policies[i];
        struct iam_version version = {.number = p->version,
                                      .created_ms = p->updated_ms,
                                      .is_default = true,
                                      .document = p->document};
        struct iam_ManagedPolicyDetail *shown;
        struct iam_Policy policy;

        if (part->after && strcmp(p->name, part->after) <= 0)
            continue;
        if (iam_show_aws_policy(req, p, &policy))
            return -1;
        if (policy.AttachmentCount.value == 0 && policy.PermissionsBoundaryUsageCount.value == 0)
            continue;
        if (is_full(part)) {
            part->more = true;
            return 0;
        }
        shown = &list->items[list->count++];
        *shown = show_policy(&policy);
        shown->PolicyVersionList.items = ARENA_NEW(&req->arena, struct iam_PolicyVersion);
        shown->PolicyVersionList.items[0] = show_version(req, part, &version);
        shown->PolicyVersionList.count = 1;
        count_item(part, p->name, NULL);
    }
    return 0;
}

/* --- the page --- */

static const struct {
    const char *filter;
    char mark; /* what a Marker in this section begins with */
    int (*add)(struct request *req, struct part *part,
               struct iam_GetAccountAuthorizationDetailsResponse *out);
} sections[] = {
    {"User", 'u', add_users},
    {"Group", 'g', add_groups},
    {"Role", 'r', add_roles},
    {"LocalManagedPolicy", 'p', add_own_policies},
    {"AWSManagedPolicy", 'a', add_aws_policies},
};
enum { SECTIONS = ARRAY_LEN(sections) };

static bool is_wanted(const struct iam_entityListType *filter, const char *type)
{
    for (size_t i = 0; i < filter->count; i++)
        if (str_eq(filter->items[i], type))
            return true;
    return filter->count == 0;
}

int iam_get_account_authorization_details(
    struct request *req, const struct iam_GetAccountAuthorizationDetailsRequest *in,
    struct iam_GetAccountAuthorizationDetailsResponse *out)
{
    struct iam_page page;
    const char *last;
    bool more = false;
    size_t bytes = 0;
    size_t room;
    size_t i = 0;

    if (iam_page_begin(req, "iam:GetAccountAuthorizationDetails", in->Marker, in->MaxItems, &page))
        return -1;
    last = page.after;
    room = page.limit;
    while (last && i < SECTIONS - 1 && sections[i].mark != last[0])
        i++;
    for (size_t first = i; i < SECTIONS && !more; i++) {
        struct part part = {.after = i == first && page.after ? page.after + 1 : NULL,
                            .limit = room,
                            .bytes = &bytes};

        if (!is_wanted(&in->Filter, sections[i].filter))
            continue;
        if (sections[i].add(req, &part, out))
            return -1;
        room -= part.count;
        if (part.count > 0)
            last = arena_printf(&req->arena, "%c%s", sections[i].mark, part.last);
        more = part.more;
    }
    out->Marker = iam_page_end(req, &page, more, last, &out->IsTruncated);
    return 0;
}
