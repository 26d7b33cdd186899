/* Tags of log groups, by ARN and in the older form by name. */
#include "handlers/common/tags.h"
#include "handlers/logs/operations.h"

static struct tag_list tags_of_input(struct arena *a, const struct logs_Tags *tags)
{
    struct tag_list list = {.items = ARENA_ARRAY(a, struct tag, tags->count), .count = tags->count};

    for (size_t i = 0; i < tags->count; i++)
        list.items[i] = (struct tag){.key = tags->items[i].key, .value = tags->items[i].value};
    return list;
}

static struct logs_Tags tags_of_group(struct arena *a, const char *json)
{
    struct tag_list list = tags_from_json(a, json);
    struct logs_Tags tags = {.items = ARENA_ARRAY(a, struct logs_Tags_entry, list.count),
                             .count = list.count};

    for (size_t i = 0; i < list.count; i++)
        tags.items[i] =
            (struct logs_Tags_entry){.key = list.items[i].key, .value = list.items[i].value};
    return tags;
}

static int check_tags(struct request *req, const struct logs_Tags *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        const char *problem = tag_problem(tags->items[i].key, tags->items[i].value);

        if (problem)
            return aws_fail(req, &logs_InvalidParameterException, "%s", problem);
    }
    return 0;
}

const char *logs_new_tags(struct request *req, const struct logs_Tags *tags)
{
    if (check_tags(req, tags))
        return NULL;
    return tags_to_json(&req->arena, tags_of_input(&req->arena, tags));
}

/* --- changes, made inside the store's write --- */

struct change {
    struct arena *arena;
    const struct logs_Tags *set;
    const char *const *remove;
    size_t remove_count;
};

static const char *change_tags(const char *json, void *context)
{
    const struct change *c = context;
    struct tag_list tags = tags_from_json(c->arena, json);

    if (c->set)
        tags = tags_merge(c->arena, tags, tags_of_input(c->arena, c->set));
    tags = tags_without(c->arena, tags, c->remove, c->remove_count);
    return tags.count > TAGS_MAX ? NULL : tags_to_json(c->arena, tags);
}

static int apply(struct request *req, const char *group, struct change change)
{
    struct scope scope = logs_scope(req);
    enum store_status status;

    change.arena = &req->arena;
    if (change.set && check_tags(req, change.set))
        return -1;
    status = logs_group_set_tags(logs_store_of(req), &scope, group, change_tags, &change);
    if (status == STORE_LIMIT)
        return aws_fail(req, &logs_TooManyTagsException,
                        "The number of tags exceeds the limit of %d.", TAGS_MAX);
    return status ? logs_fail_missing(req, status) : 0;
}

static int list(struct request *req, const char *group, struct logs_Tags *out)
{
    struct scope scope = logs_scope(req);
    struct logs_group found;
    enum store_status status =
        logs_group_find(logs_store_of(req), &scope, group, &req->arena, &found);

    if (status)
        return logs_fail_missing(req, status);
    *out = tags_of_group(&req->arena, found.tags);
    return 0;
}

static int group_of_arn(struct request *req, const char *arn, const char **out_group)
{
    *out_group = logs_group_of_arn(req, arn);
    if (*out_group)
        return 0;
    return aws_fail(req, &logs_ResourceNotFoundException, "The specified resource does not exist.");
}

int logs_tag_resource(struct request *req, const struct logs_TagResourceRequest *in,
                      struct logs_TagResourceOutput *out)
{
    const char *group;

    (void)out;
    if (group_of_arn(req, in->resourceArn, &group))
        return -1;
    return apply(req, group, (struct change){.set = &in->tags});
}

int logs_untag_resource(struct request *req, const struct logs_UntagResourceRequest *in,
                        struct logs_UntagResourceOutput *out)
{
    const char *group;

    (void)out;
    if (group_of_arn(req, in->resourceArn, &group))
        return -1;
    return apply(req, group,
                 (struct change){.remove = in->tagKeys.items, .remove_count = in->tagKeys.count});
}

int logs_list_tags_for_resource(struct request *req,
                                const struct logs_ListTagsForResourceRequest *in,
                                struct logs_ListTagsForResourceResponse *out)
{
    const char *group;

    if (group_of_arn(req, in->resourceArn, &group))
        return -1;
    return list(req, group, &out->tags);
}

int logs_tag_log_group(struct request *req, const struct logs_TagLogGroupRequest *in,
                       struct logs_TagLogGroupOutput *out)
{
    (void)out;
    return apply(req, in->logGroupName, (struct change){.set = &in->tags});
}

int logs_untag_log_group(struct request *req, const struct logs_UntagLogGroupRequest *in,
                         struct logs_UntagLogGroupOutput *out)
{
    (void)out;
    return apply(req, in->logGroupName,
                 (struct change){.remove = in->tags.items, .remove_count = in->tags.count});
}

int logs_list_tags_log_group(struct request *req, const struct logs_ListTagsLogGroupRequest *in,
                             struct logs_ListTagsLogGroupResponse *out)
{
    return list(req, in->logGroupName, &out->tags);
}
