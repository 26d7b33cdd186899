/* Pages, failures, tags, and how things are shown: what the operations of IAM have in common. */
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/iam/iam_parts.h"
#include "server/base/encode.h"

enum { PAGE_DEFAULT = 100 };

static const struct {
    const char *type; /* in ARNs */
    const char *one;  /* what AWS's sentences about a name begin with */
    const char *the;
    const char *quota;
    int max;
} kinds[] = {
    [IAM_ROLE] = {"role", "Role with name", "The role with name", "RolesPerAccount", 1000},
    [IAM_USER] = {"user", "User with name", "The user with name", "UsersPerAccount", 5000},
    [IAM_PROFILE] = {"instance-profile", "Instance Profile", "Instance Profile",
                     "InstanceProfilesPerAccount", 1000},
    [IAM_GROUP] = {"group", "Group with name", "The group with name", "GroupsPerAccount", 300},
};

const char *iam_kind_name(enum iam_kind kind)
{
    return kinds[kind].type;
}

int iam_kind_max(enum iam_kind kind)
{
    return kinds[kind].max;
}

const char *iam_entity_arn(struct request *req, const struct iam_entity *e)
{
    return arn_make(&req->arena, "iam", "", req->account, "%s%s%s", kinds[e->kind].type, e->path,
                    e->name);
}

const char *iam_policy_arn(struct request *req, const char *path, const char *name)
{
    return arn_make(&req->arena, "iam", "", req->account, "policy%s%s", path, name);
}

/* --- pages --- */

int iam_page_begin(struct request *req, const char *kind, const char *marker,
                   struct maybe_int max_items, struct iam_page *out)
{
    *out = (struct iam_page){.kind = kind, .limit = (size_t)VALUE_OR(max_items, PAGE_DEFAULT)};
    if (marker) {
        out->after = page_token_read(&req->arena, kind, marker);
        if (!out->after || !*out->after) /* no page ends at an empty name */
            return aws_fail(req, &aws_ValidationError, "Invalid Marker: %s", marker);
    }
    return 0;
}

const char *iam_page_end(struct request *req, const struct iam_page *page, bool more,
                         const char *last, struct maybe_bool *out_truncated)
{
    *out_truncated = SOME_BOOL(more);
    return more ? page_token_make(&req->arena, page->kind, last) : NULL;
}

/* --- failures --- */

int iam_fail_missing(struct request *req, enum iam_kind kind, const char *name)
{
    return aws_fail(req, &iam_NoSuchEntityException, "%s %s cannot be found.", kinds[kind].the,
                    name);
}

static int fail_exists(struct request *req, enum iam_kind kind, const char *name)
{
    return aws_fail(req, &iam_EntityAlreadyExistsException, "%s %s already exists.",
                    kinds[kind].one, name);
}

int iam_fail_entity(struct request *req, enum store_status status, enum iam_kind kind,
                    const char *name)
{
    if (status == STORE_NOT_FOUND)
        return iam_fail_missing(req, kind, name);
    return aws_fail_internal(req);
}

int iam_create_entity(struct request *req, const struct iam_entity *e)
{
    enum store_status status =
        iam_entity_create(iam_store_of(req->app), req->account, e, kinds[e->kind].max);

    if (status == STORE_EXISTS)
        return fail_exists(req, e->kind, e->name);
    if (status == STORE_LIMIT)
        return aws_fail(req, &iam_LimitExceededException, "Cannot exceed quota for %s: %d",
                        kinds[e->kind].quota, kinds[e->kind].max);
    return status ? aws_fail_internal(req) : 0;
}

struct move {
    const char *name;
    const char *path;
};

static bool apply_move(struct iam_entity *e, void *context)
{
    const struct move *to = context;

    if (to->name)
        e->name = to->name;
    if (to->path)
        e->path = to->path;
    return true;
}

int iam_move_entity(struct request *req, enum iam_kind kind, const char *name, const char *new_name,
                    const char *new_path)
{
    struct move to = {.name = new_name, .path = new_path};
    enum store_status status = iam_entity_change(iam_store_of(req->app), req->account, kind, name,
                                                 apply_move, &to, &req->arena);

    if (status == STORE_EXISTS)
        return fail_exists(req, kind, new_name);
    return status ? iam_fail_entity(req, status, kind, name) : 0;
}

int iam_delete_entity(struct request *req, enum iam_kind kind, const char *name)
{
    static const char *const first[] = {
        [IAM_BLOCKED_BY_ATTACHED] = "detach all policies",
        [IAM_BLOCKED_BY_INLINE] = "delete policies",
        [IAM_BLOCKED_BY_GROUP] = "remove users from group",
        [IAM_BLOCKED_BY_PROFILE] = "remove roles from instance profile",
        [IAM_BLOCKED_BY_ROLE] = "remove roles from instance profile",
        [IAM_BLOCKED_BY_KEYS] = "delete access keys",
        [IAM_BLOCKED_BY_LOGIN] = "delete login profile",
    };
    enum iam_blocker blocker = IAM_BLOCKED_BY_ATTACHED;
    enum store_status status =
        iam_entity_delete(iam_store_of(req->app), req->account, kind, name, &blocker);

    if (status == STORE_CONFLICT)
        return aws_fail(req, &iam_DeleteConflictException, "Cannot delete entity, must %s first.",
                        first[blocker]);
    return status ? iam_fail_entity(req, status, kind, name) : 0;
}

/* --- tags --- */

static struct tag_list to_list(struct arena *a, const struct iam_tagListType *in)
{
    struct tag_list list = {.items = ARENA_ARRAY(a, struct tag, in->count)};

    for (size_t i = 0; i < in->count; i++)
        list.items[list.count++] =
            (struct tag){.key = in->items[i].Key, .value = in->items[i].Value};
    return list;
}

/* AWS: keys of IAM's tags differ by more than case. */
static int check_tags(struct request *req, struct tag_list list)
{
    for (size_t i = 0; i < list.count; i++) {
        const char *problem = tag_problem(list.items[i].key, list.items[i].value);

        if (problem)
            return aws_fail(req, &iam_InvalidInputException, "%s: %s", problem, list.items[i].key);
    }
    if (tags_duplicate(list, true))
        return aws_fail(req, &iam_InvalidInputException,
                        "Duplicate tag keys found. Please note that Tag keys are case "
                        "insensitive.");
    return 0;
}

int iam_fail_tag_limit(struct request *req, const char *quota)
{
    return aws_fail(req, &iam_LimitExceededException, "Cannot exceed quota for %s: %d", quota,
                    TAGS_MAX);
}

int iam_read_tag_set(struct request *req, const struct iam_tagListType *in, struct tag_list *out)
{
    *out = to_list(&req->arena, in);
    return check_tags(req, *out);
}

int iam_read_tags(struct request *req, const struct iam_tagListType *in, const char *quota,
                  const char **out_json)
{
    struct tag_list list = to_list(&req->arena, in);

    if (check_tags(req, list))
        return -1;
    if (list.count > TAGS_MAX)
        return iam_fail_tag_limit(req, quota);
    *out_json = list.count > 0 ? tags_to_json(&req->arena, list) : NULL;
    return 0;
}

struct iam_tagListType iam_show_tags(struct arena *a, const char *json)
{
    struct tag_list list = tags_from_json(a, json);
    struct iam_tagListType out = {.items = ARENA_ARRAY(a, struct iam_Tag, list.count)};

    for (size_t i = 0; i < list.count; i++)
        out.items[out.count++] =
            (struct iam_Tag){.Key = list.items[i].key, .Value = list.items[i].value};
    return out;
}

static int compare_tags(const void *left, const void *right)
{
    return strcmp(((const struct iam_Tag *)left)->Key, ((const struct iam_Tag *)right)->Key);
}

struct iam_tagListType iam_page_of_tags(struct request *req, const char *json,
                                        const struct iam_page *page,
                                        struct maybe_bool *out_truncated, const char **out_marker)
{
    struct iam_tagListType tags = iam_show_tags(&req->arena, json);
    size_t first = 0;
    size_t left;

    qsort(tags.items, tags.count, sizeof(*tags.items), compare_tags);
    while (page->after && first < tags.count && strcmp(tags.items[first].Key, page->after) <= 0)
        first++;
    left = tags.count - first;
    tags.items += first;
    tags.count = MIN(left, page->limit);
    *out_marker = iam_page_end(req, page, left > page->limit,
                               tags.count ? tags.items[tags.count - 1].Key : "", out_truncated);
    return tags;
}

static bool is_replaced(const struct iam_tag_change *change, const char *key)
{
    for (size_t i = 0; i < change->set.count; i++)
        if (strcasecmp(change->set.items[i].key, key) == 0)
            return true;
    for (size_t i = 0; i < change->unset_count; i++)
        if (strcasecmp(change->unset[i], key) == 0)
            return true;
    return false;
}

bool iam_change_tags(const char **tags, void *context)
{
    const struct iam_tag_change *change = context;
    struct tag_list old = tags_from_json(change->a, *tags);
    struct tag_list kept = {.items = ARENA_ARRAY(change->a, struct tag, old.count)};
    struct tag_list all;

    for (size_t i = 0; i < old.count; i++)
        if (!is_replaced(change, old.items[i].key))
            kept.items[kept.count++] = old.items[i];
    all = tags_merge(change->a, kept, change->set);
    *tags = all.count > 0 ? tags_to_json(change->a, all) : NULL;
    return all.count <= TAGS_MAX;
}

static bool change_entity_tags(struct iam_entity *e, void *context)
{
    return iam_change_tags(&e->tags, context);
}

static int change_tags_of(struct request *req, enum iam_kind kind, const char *name,
                          struct iam_tag_change *change, const char *quota)
{
    enum store_status status = iam_entity_change(iam_store_of(req->app), req->account, kind, name,
                                                 change_entity_tags, change, &req->arena);

    if (status == STORE_CONFLICT)
        return iam_fail_tag_limit(req, quota);
    return status ? iam_fail_entity(req, status, kind, name) : 0;
}

int iam_tag_entity(struct request *req, enum iam_kind kind, const char *name,
                   const struct iam_tagListType *set, const char *quota)
{
    struct iam_tag_change change = {.a = &req->arena};

    if (iam_read_tag_set(req, set, &change.set))
        return -1;
    return change_tags_of(req, kind, name, &change, quota);
}

int iam_untag_entity(struct request *req, enum iam_kind kind, const char *name,
                     const struct iam_tagKeyListType *keys)
{
    struct iam_tag_change change = {
        .a = &req->arena, .unset = keys->items, .unset_count = keys->count};

    return change_tags_of(req, kind, name, &change, "");
}

int iam_tag_policy_arn(struct request *req, const char *arn, const struct iam_tagListType *set,
                       const struct iam_tagKeyListType *unset)
{
    struct iam_tag_change change = {.a = &req->arena};
    enum store_status status;

    if (set) {
        if (iam_read_tag_set(req, set, &change.set))
            return -1;
    } else {
        change.unset = unset->items;
        change.unset_count = unset->count;
    }
    status =
        iam_policy_change_tags(iam_store_of(req->app), arn, iam_change_tags, &change, &req->arena);
    if (status == STORE_CONFLICT)
        return iam_fail_tag_limit(req, "TagsPerPolicy");
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &iam_NoSuchEntityException, "Policy %s was not found.", arn);
    return status ? aws_fail_internal(req) : 0;
}

/* --- how things are shown, and checked --- */

const char *iam_show_document(struct arena *a, const char *document)
{
    return url_encode(a, document, strlen(document), false);
}

struct iam_AttachedPermissionsBoundary *iam_show_boundary(struct arena *a, const char *arn)
{
    struct iam_AttachedPermissionsBoundary *boundary;

    if (!arn)
        return NULL;
    boundary = ARENA_NEW(a, struct iam_AttachedPermissionsBoundary);
    boundary->PermissionsBoundaryType =
        "PermissionsBoundaryPolicy"; /* AWS: not "Policy", whatever its page says */
    boundary->PermissionsBoundaryArn = arn;
    return boundary;
}

int iam_check_boundary(struct request *req, const char *arn)
{
    struct iam_policy policy;
    enum store_status status;

    if (!arn || iam_is_aws_policy(arn))
        return 0;
    status = iam_policy_find(iam_store_of(req->app), arn, &req->arena, &policy);
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &iam_NoSuchEntityException,
                        "Scope ARN: %s does not exist or is not attachable.", arn);
    return status ? aws_fail_internal(req) : 0;
}

const char *iam_user_or_caller(struct request *req, const char *name)
{
    struct iam_caller caller;

    if (name)
        return name;
    if (iam_caller_of(req, &caller))
        return NULL;
    if (!caller.user_name)
        aws_fail(req, &aws_ValidationError,
                 "Must specify userName when calling with non-User credentials");
    return caller.user_name;
}

int iam_check_document(struct request *req, const char *document, enum iam_document_kind kind)
{
    const char *problem = iam_document_problem(&req->arena, document, kind);

    return problem ? aws_fail(req, &iam_MalformedPolicyDocumentException, "%s", problem) : 0;
}
