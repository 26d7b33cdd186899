/* Tags of streams, by name and by ARN, and of consumers. */
#include "handlers/common/tags.h"
#include "handlers/kinesis/operations.h"

static struct tag_list list_of(struct arena *a, const struct kinesis_TagMap *tags)
{
    struct tag_list list = {.items = ARENA_ARRAY(a, struct tag, tags->count), .count = tags->count};

    for (size_t i = 0; i < tags->count; i++)
        list.items[i] = (struct tag){.key = tags->items[i].key, .value = tags->items[i].value};
    return list;
}

/* --- what a tag may hold, which Kinesis says in words of its own --- */

static bool has_illegal(const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (c < 0x80 && !alphanumeric && !strchr(" _.:/=+-@%", c))
            return true;
    }
    return false;
}

/* AWS: neither text names the colon, which is allowed. */
static int fail_illegal(struct request *req)
{
    return aws_fail(req, &kinesis_InvalidArgumentException,
                    "Some tags contain invalid characters. Valid characters: Unicode letters, "
                    "digits, white space, _ . / = + - %% @.");
}

/* AWS: % passes the first check and fails the second. */
static int fail_percent(struct request *req, const char *what, const char *stream)
{
    return aws_fail(req, &kinesis_InvalidArgumentException,
                    "Failed to %s stream %s under account %s because some tags contained illegal "
                    "characters. The allowed characters are Unicode letters, white-spaces, "
                    "'_',',','/','=','+','-','@'.",
                    what, stream, req->account);
}

static int check_keys(struct request *req, const struct kinesis_TagKeyList *keys,
                      const char *stream)
{
    for (size_t i = 0; i < keys->count; i++)
        if (has_illegal(keys->items[i]))
            return fail_illegal(req);
    for (size_t i = 0; i < keys->count; i++)
        if (strchr(keys->items[i], '%'))
            return fail_percent(req, "remove tags from", stream);
    return 0;
}

static int check_tags(struct request *req, const struct kinesis_TagMap *tags, const char *stream)
{
    for (size_t i = 0; i < tags->count; i++)
        if (has_illegal(tags->items[i].key) || has_illegal(tags->items[i].value))
            return fail_illegal(req);
    for (size_t i = 0; i < tags->count; i++)
        if (strchr(tags->items[i].key, '%') || strchr(tags->items[i].value, '%'))
            return fail_percent(req, "add tags to", stream);
    for (size_t i = 0; i < tags->count; i++) {
        const char *problem = tag_problem(tags->items[i].key, tags->items[i].value);

        if (problem)
            return aws_fail(req, &kinesis_InvalidArgumentException, "%s", problem);
    }
    return 0;
}

int kinesis_new_tags(struct request *req, const char *stream, const struct kinesis_TagMap *tags,
                     const char **out_json)
{
    if (tags->count == 0)
        return 0;
    if (tags->count > TAGS_MAX)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "One or more parameter exceeded limit: at most %d tags are allowed.",
                        TAGS_MAX);
    if (check_tags(req, tags, stream))
        return -1;
    *out_json = tags_to_json(&req->arena, list_of(&req->arena, tags));
    return 0;
}

/* --- changes, made inside the store's write --- */

struct change {
    struct arena *arena;
    const struct kinesis_TagMap *set;
    const struct kinesis_TagKeyList *remove;
};

static const char *change_tags(const char *json, void *context)
{
    const struct change *c = context;
    struct tag_list tags = tags_from_json(c->arena, json);

    if (c->set)
        tags = tags_merge(c->arena, tags, list_of(c->arena, c->set));
    if (c->remove)
        tags =
            tags_without(c->arena, tags, (const char *const *)c->remove->items, c->remove->count);
    return tags.count > TAGS_MAX ? NULL : tags_to_json(c->arena, tags);
}

static int apply(struct request *req, const struct kinesis_target *target, struct change change)
{
    enum store_status rc;

    change.arena = &req->arena;
    if (change.set && check_tags(req, change.set, target->hold->stream->name))
        return -1;
    if (change.remove && check_keys(req, change.remove, target->hold->stream->name))
        return -1;
    rc = kinesis_store_change_tags(kinesis_of(req->app)->store, target->resource, change_tags,
                                   &change);
    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_gone(req, target->hold);
    /* AWS: says 10 and allows 50. */
    if (rc == STORE_LIMIT)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Failed to add tags to stream %s under account %s because a given stream "
                        "cannot have more than 10 tags associated with it.",
                        target->hold->stream->name, target->hold->account);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

static int read_tags(struct request *req, const struct kinesis_target *target, struct tag_list *out)
{
    const char *json;
    enum store_status rc =
        kinesis_store_tags(kinesis_of(req->app)->store, target->resource, &req->arena, &json);

    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_gone(req, target->hold);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    *out = tags_from_json(&req->arena, json);
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct tag *x = a;
    const struct tag *y = b;

    return strcmp(x->key, y->key);
}

/* Those after the key `after` (NULL: from the first), in the order of keys. */
static struct kinesis_TagList answer(struct arena *a, struct tag_list tags, const char *after,
                                     size_t limit, bool *out_more)
{
    struct kinesis_TagList list = {.items = ARENA_ARRAY(a, struct kinesis_Tag, tags.count)};

    *out_more = false;
    if (tags.count > 1)
        qsort(tags.items, tags.count, sizeof(tags.items[0]), by_key);
    for (size_t i = 0; i < tags.count && !*out_more; i++) {
        if (after && strcmp(tags.items[i].key, after) <= 0)
            continue;
        *out_more = list.count == limit;
        if (!*out_more)
            list.items[list.count++] =
                (struct kinesis_Tag){.Key = tags.items[i].key, .Value = tags.items[i].value};
    }
    return list;
}

/* --- by name --- */

static int use_stream(struct request *req, const char *name, const char *arn, const char *id,
                      struct kinesis_target *out)
{
    if (kinesis_use_named(req, name, arn, id, &out->hold))
        return -1;
    out->resource = (struct kinesis_resource){KINESIS_STREAM, out->hold->stream->id};
    return 0;
}

int kinesis_add_tags_to_stream(struct request *req, const struct kinesis_AddTagsToStreamInput *in,
                               struct kinesis_AddTagsToStreamOutput *out)
{
    struct kinesis_target target;

    (void)out;
    if (use_stream(req, in->StreamName, in->StreamARN, in->StreamId, &target))
        return -1;
    return apply(req, &target, (struct change){.set = &in->Tags});
}

int kinesis_remove_tags_from_stream(struct request *req,
                                    const struct kinesis_RemoveTagsFromStreamInput *in,
                                    struct kinesis_RemoveTagsFromStreamOutput *out)
{
    struct kinesis_target target;

    (void)out;
    if (use_stream(req, in->StreamName, in->StreamARN, in->StreamId, &target))
        return -1;
    return apply(req, &target, (struct change){.remove = &in->TagKeys});
}

int kinesis_list_tags_for_stream(struct request *req,
                                 const struct kinesis_ListTagsForStreamInput *in,
                                 struct kinesis_ListTagsForStreamOutput *out)
{
    struct kinesis_target target;
    struct tag_list tags = {0};
    bool more;

    if (use_stream(req, in->StreamName, in->StreamARN, in->StreamId, &target) ||
        read_tags(req, &target, &tags))
        return -1;
    out->Tags = answer(&req->arena, tags, in->ExclusiveStartTagKey,
                       (size_t)VALUE_OR(in->Limit, TAGS_MAX), &more);
    out->HasMoreTags = SOME_BOOL(more);
    return 0;
}

/* --- by ARN: of streams and of consumers --- */

int kinesis_tag_resource(struct request *req, const struct kinesis_TagResourceInput *in,
                         struct kinesis_TagResourceOutput *out)
{
    struct kinesis_target target;

    (void)out;
    if (kinesis_use_target(req, in->ResourceARN, in->StreamId, &target))
        return -1;
    return apply(req, &target, (struct change){.set = &in->Tags});
}

int kinesis_untag_resource(struct request *req, const struct kinesis_UntagResourceInput *in,
                           struct kinesis_UntagResourceOutput *out)
{
    struct kinesis_target target;

    (void)out;
    if (kinesis_use_target(req, in->ResourceARN, in->StreamId, &target))
        return -1;
    return apply(req, &target, (struct change){.remove = &in->TagKeys});
}

int kinesis_list_tags_for_resource(struct request *req,
                                   const struct kinesis_ListTagsForResourceInput *in,
                                   struct kinesis_ListTagsForResourceOutput *out)
{
    struct kinesis_target target;
    struct tag_list tags = {0};
    bool more;

    if (kinesis_use_target(req, in->ResourceARN, in->StreamId, &target) ||
        read_tags(req, &target, &tags))
        return -1;
    out->Tags = answer(&req->arena, tags, NULL, TAGS_MAX, &more);
    return 0;
}
