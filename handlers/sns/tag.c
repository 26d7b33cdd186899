/* Tags of topics. */
#include "handlers/sns/operations.h"

int sns_check_tags(struct request *req, const struct sns_TagList *tags, struct tag_list *out)
{
    const char *problem;

    *out = (struct tag_list){.items = ARENA_ARRAY(&req->arena, struct tag, tags->count)};
    for (size_t i = 0; i < tags->count; i++) {
        problem = tag_problem(tags->items[i].Key, tags->items[i].Value);
        if (problem)
            return aws_fail(req, &sns_InvalidParameterException,
                            "Invalid parameter: Tags Reason: %s", problem);
        out->items[out->count++] = (struct tag){tags->items[i].Key, tags->items[i].Value};
    }
    if (tags_duplicate(*out, false))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Duplicated keys are not allowed.");
    if (tags->count > TAGS_MAX)
        return aws_fail(req, &sns_TagLimitExceededException,
                        "Could not complete request: tag quota of per resource exceeded");
    return 0;
}

/* AWS: here a missing topic is another error. */
static int use(struct request *req, const char *arn, struct sns_topic *out)
{
    struct sns_topic_name name;
    enum store_status rc;

    if (!sns_topic_split(&req->arena, arn, &name))
        return aws_fail(req, &sns_ResourceNotFoundException, "Resource does not exist");
    rc = sns_store_topic_find(sns_of(req->app)->store, &name.scope, name.name, &req->arena, out);
    if (rc == STORE_NOT_FOUND || !str_eq(name.scope.account, req->account))
        return aws_fail(req, &sns_ResourceNotFoundException, "Resource does not exist");
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

struct change {
    struct arena *arena;
    struct tag_list set;
    const struct sns_TagKeyList *remove;
};

static const char *change_tags(const char *old, void *context)
{
    const struct change *c = context;
    struct tag_list tags = tags_merge(c->arena, tags_from_json(c->arena, old), c->set);

    if (c->remove)
        tags =
            tags_without(c->arena, tags, (const char *const *)c->remove->items, c->remove->count);
    return tags.count > TAGS_MAX ? NULL : tags_to_json(c->arena, tags);
}

static int apply(struct request *req, const struct sns_topic *topic, struct change *change)
{
    enum store_status rc;

    change->arena = &req->arena;
    rc = sns_store_change(sns_of(req->app)->store, SNS_TOPIC_TAGS, topic->id, change_tags, change);
    if (rc == STORE_LIMIT)
        return aws_fail(req, &sns_TagLimitExceededException,
                        "Could not complete request: tag quota of per resource exceeded");
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sns_ResourceNotFoundException, "Resource does not exist");
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

int sns_tag_resource(struct request *req, const struct sns_TagResourceRequest *in,
                     struct sns_TagResourceResponse *out)
{
    struct change change = {0};
    struct sns_topic topic;

    (void)out;
    if (use(req, in->ResourceArn, &topic) || sns_check_tags(req, &in->Tags, &change.set))
        return -1;
    return apply(req, &topic, &change);
}

int sns_untag_resource(struct request *req, const struct sns_UntagResourceRequest *in,
                       struct sns_UntagResourceResponse *out)
{
    struct change change = {.remove = &in->TagKeys};
    struct sns_topic topic;

    (void)out;
    if (use(req, in->ResourceArn, &topic))
        return -1;
    return apply(req, &topic, &change);
}

int sns_list_tags_for_resource(struct request *req, const struct sns_ListTagsForResourceRequest *in,
                               struct sns_ListTagsForResourceResponse *out)
{
    struct sns_topic topic;
    struct tag_list tags;

    if (use(req, in->ResourceArn, &topic))
        return -1;
    tags = tags_from_json(&req->arena, topic.tags);
    out->Tags.count = tags.count;
    out->Tags.items = ARENA_ARRAY(&req->arena, struct sns_Tag, MAX(tags.count, 1));
    for (size_t i = 0; i < tags.count; i++)
        out->Tags.items[i] =
            (struct sns_Tag){.Key = tags.items[i].key, .Value = tags.items[i].value};
    return 0;
}
