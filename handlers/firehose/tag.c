/* Tags of delivery streams. They are listed in the order in which they came. */
#include "handlers/common/tags.h"
#include "handlers/firehose/operations.h"

static struct tag_list list_of(struct arena *a,
                               const struct firehose_TagDeliveryStreamInputTagList *tags)
{
    struct tag_list list = {.items = ARENA_ARRAY(a, struct tag, tags->count), .count = tags->count};

    for (size_t i = 0; i < tags->count; i++)
        list.items[i] = (struct tag){.key = tags->items[i].Key,
                                     .value = tags->items[i].Value ? tags->items[i].Value : ""};
    return list;
}

static int check_tags(struct request *req, struct tag_list tags)
{
    const char *twice = tags_duplicate(tags, false);

    if (twice)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "Duplicate tag key %s is not allowed", twice);
    return 0;
}

int firehose_new_tags(struct request *req,
                      const struct firehose_TagDeliveryStreamInputTagList *tags,
                      const char **out_json)
{
    struct tag_list list = list_of(&req->arena, tags);

    if (tags->count == 0)
        return 0;
    if (check_tags(req, list))
        return -1;
    *out_json = tags_to_json(&req->arena, list);
    return 0;
}

struct change {
    struct arena *arena;
    struct tag_list set;
    const struct firehose_TagKeyList *remove; /* NULL: none */
};

static const char *change_tags(const char *json, void *context)
{
    const struct change *c = context;
    struct tag_list tags = tags_merge(c->arena, tags_from_json(c->arena, json), c->set);

    if (c->remove)
        tags =
            tags_without(c->arena, tags, (const char *const *)c->remove->items, c->remove->count);
    return tags.count > TAGS_MAX ? NULL : tags_to_json(c->arena, tags);
}

static int apply(struct request *req, const char *name, struct change change)
{
    struct firehose_stream stream;

    if (firehose_find(req, name, &stream))
        return -1;
    switch (
        firehose_store_change_tags(firehose_of(req->app)->store, stream.id, change_tags, &change)) {
    case STORE_OK:
        return 0;
    case STORE_NOT_FOUND:
        return firehose_fail_missing(req, name);
    case STORE_LIMIT:
        return aws_fail(req, &firehose_LimitExceededException,
                        "A delivery stream can have at most %d tags.", TAGS_MAX);
    default:
        return aws_fail_internal(req);
    }
}

int firehose_tag(struct request *req, const struct firehose_TagDeliveryStreamInput *in,
                 struct firehose_TagDeliveryStreamOutput *out)
{
    struct change change = {.arena = &req->arena, .set = list_of(&req->arena, &in->Tags)};

    (void)out;
    if (check_tags(req, change.set))
        return -1;
    return apply(req, in->DeliveryStreamName, change);
}

int firehose_untag(struct request *req, const struct firehose_UntagDeliveryStreamInput *in,
                   struct firehose_UntagDeliveryStreamOutput *out)
{
    (void)out;
    return apply(req, in->DeliveryStreamName,
                 (struct change){.arena = &req->arena, .remove = &in->TagKeys});
}

/* Where the page begins: after the key; at the start when there is no such key. */
static size_t first_after(struct tag_list tags, const char *key)
{
    for (size_t i = 0; key && i < tags.count; i++)
        if (str_eq(tags.items[i].key, key))
            return i + 1;
    return 0;
}

int firehose_list_tags(struct request *req,
                       const struct firehose_ListTagsForDeliveryStreamInput *in,
                       struct firehose_ListTagsForDeliveryStreamOutput *out)
{
    size_t limit = (size_t)VALUE_OR(in->Limit, TAGS_MAX);
    struct firehose_stream stream;
    struct tag_list tags;

    if (firehose_find(req, in->DeliveryStreamName, &stream))
        return -1;
    tags = tags_from_json(&req->arena, stream.tags);
    out->Tags.items = ARENA_ARRAY(&req->arena, struct firehose_Tag, tags.count);
    for (size_t i = first_after(tags, in->ExclusiveStartTagKey);
         i < tags.count && out->Tags.count < limit; i++)
        out->Tags.items[out->Tags.count++] =
            (struct firehose_Tag){.Key = tags.items[i].key, .Value = tags.items[i].value};
    out->HasMoreTags =
        SOME_BOOL(first_after(tags, in->ExclusiveStartTagKey) + out->Tags.count < tags.count);
    return 0;
}
