/* Putting records for other services: see kinesis.h. */
#include "handlers/kinesis/hash.h"
#include "handlers/kinesis/live.h"

enum { PARTITION_KEY_MAX = 256 };

static size_t characters(const char *utf8)
{
    size_t count = 0;

    for (; *utf8; utf8++)
        count += ((uint8_t)*utf8 & 0xc0) != 0x80;
    return count;
}

/* The caller holds the shape. */
static enum store_status prepare(struct kinesis_stream *stream,
                                 const struct kinesis_outgoing *record, struct kinesis_append *out)
{
    size_t length = characters(record->partition_key);
    uint8_t hash[KINESIS_HASH_LEN];

    if (length == 0 || length > PARTITION_KEY_MAX ||
        record->data.len + strlen(record->partition_key) > (size_t)stream->record_max)
        return STORE_CONFLICT;
    *out = (struct kinesis_append){.key = record->partition_key, .data = record->data};
    if (stream->spread) {
        out->shard = kinesis_stream_next_shard(stream);
        return STORE_OK;
    }
    if (!record->explicit_hash_key)
        out->shard = kinesis_hash_route_key(stream, record->partition_key);
    else if (kinesis_hash_parse(record->explicit_hash_key, hash))
        out->shard = kinesis_hash_route(stream, hash);
    else
        return STORE_CONFLICT;
    return out->shard ? STORE_OK : STORE_FAILED;
}

enum store_status kinesis_put(struct app *app, const char *stream_arn,
                              const struct kinesis_outgoing *records, size_t count)
{
    struct kinesis *k = kinesis_of(app);
    struct kinesis_append *items;
    struct kinesis_hold *hold;
    enum store_status rc = kinesis_hold_arn(k, stream_arn, &hold);

    if (rc != STORE_OK)
        return rc;
    items = x_calloc(MAX(count, (size_t)1), sizeof(*items));
    kinesis_shape_hold(hold->stream);
    for (size_t i = 0; rc == STORE_OK && i < count; i++)
        rc = prepare(hold->stream, &records[i], &items[i]);
    if (rc == STORE_OK && count > 0)
        rc = kinesis_store_append(k->store, hold->stream, items, count, clock_now_ms(&app->clock));
    kinesis_shape_release(hold->stream);
    if (rc == STORE_OK)
        waitq_wake(hold->arrivals);
    free(items);
    kinesis_release(hold);
    return rc;
}
