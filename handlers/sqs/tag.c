/* Tags of queues. */
#include "handlers/common/tags.h"
#include "handlers/sqs/operations.h"

struct tag_change {
    const struct sqs_TagMap *set;
    const struct sqs_TagKeyList *remove;
};

static const char *change_tags(struct arena *a, const char *json, const void *context)
{
    const struct tag_change *c = context;
    struct tag_list tags = tags_from_json(a, json);

    if (c->set) {
        struct tag_list set = {.items = ARENA_ARRAY(a, struct tag, c->set->count),
                               .count = c->set->count};

        for (size_t i = 0; i < set.count; i++)
            set.items[i] =
                (struct tag){.key = c->set->items[i].key, .value = c->set->items[i].value};
        tags = tags_merge(a, tags, set);
    }
    if (c->remove)
        tags = tags_without(a, tags, (const char *const *)c->remove->items, c->remove->count);
    return tags.count > TAGS_MAX ? NULL : tags_to_json(a, tags);
}

static int apply(struct request *req, struct sqs_queue *queue, const struct tag_change *change)
{
    enum store_status rc =
        sqs_queue_change_tags(sqs_of(req->app), queue, change_tags, change, &req->arena);

    if (rc == STORE_LIMIT)
        return aws_fail(req, &sqs_InvalidParameterValue, "Too many tags added for queue %s.",
                        queue->name);
    return rc == STORE_OK ? 0 : sqs_fail_store(req, rc);
}

int sqs_tag_queue(struct request *req, const struct sqs_TagQueueRequest *in,
                  struct sqs_TagQueueOutput *out)
{
    const struct tag_change change = {.set = &in->Tags};
    struct sqs_queue *queue;

    (void)out;
    if (sqs_use(req, in->QueueUrl, &queue))
        return -1;
    if (in->Tags.count == 0)
        return sqs_fail_missing(req, "Tags");
    for (size_t i = 0; i < in->Tags.count; i++) {
        const char *problem = tag_problem(in->Tags.items[i].key, in->Tags.items[i].value);

        if (problem)
            return aws_fail(req, &sqs_InvalidParameterValue, "%s", problem);
    }
    return apply(req, queue, &change);
}

int sqs_untag_queue(struct request *req, const struct sqs_UntagQueueRequest *in,
                    struct sqs_UntagQueueOutput *out)
{
    const struct tag_change change = {.remove = &in->TagKeys};
    struct sqs_queue *queue;

    (void)out;
    if (sqs_use(req, in->QueueUrl, &queue))
        return -1;
    if (in->TagKeys.count == 0)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Tag keys must be between 1 and 128 characters in length.");
    return apply(req, queue, &change);
}

int sqs_list_queue_tags(struct request *req, const struct sqs_ListQueueTagsRequest *in,
                        struct sqs_ListQueueTagsResult *out)
{
    struct sqs_queue *queue;
    const char *json = NULL;
    struct tag_list tags;

    if (sqs_use(req, in->QueueUrl, &queue))
        return -1;
    if (sqs_store_tags(sqs_of(req->app)->store, &queue->ref, &req->arena, &json) != STORE_OK)
        return aws_fail_internal(req);
    tags = tags_from_json(&req->arena, json);
    if (tags.count == 0)
        return 0;
    out->Tags.items = ARENA_ARRAY(&req->arena, struct sqs_TagMap_entry, tags.count);
    out->Tags.count = tags.count;
    for (size_t i = 0; i < tags.count; i++)
        out->Tags.items[i] =
            (struct sqs_TagMap_entry){.key = tags.items[i].key, .value = tags.items[i].value};
    return 0;
}
