/* Reading shards for other services: see kinesis.h. */
#include "handlers/kinesis/live.h"
#include "handlers/kinesis/operations.h"
#include "handlers/kinesis/sequence.h"

#include <stdatomic.h>

bool kinesis_gone(const struct kinesis_hold *hold)
{
    return atomic_load(&hold->stream->gone);
}

struct waitq *kinesis_waitq(struct kinesis_hold *hold)
{
    return hold->arrivals;
}

size_t kinesis_shard_count(const struct kinesis_hold *hold)
{
    return kinesis_stream_shard_count(hold->stream);
}

void kinesis_shard_name(const struct kinesis_hold *hold, size_t shard,
                        char out[KINESIS_SHARD_ID_MAX])
{
    (void)hold;
    snprintf(out, KINESIS_SHARD_ID_MAX, "shardId-%012zu", shard);
}

/* Shards are ordered by index, which has no holes. */
void kinesis_shard_parents(const struct kinesis_hold *hold, size_t shard, int *out_parent,
                           int *out_adjacent)
{
    const struct kinesis_shard *s = kinesis_stream_shard(hold->stream, (int64_t)shard);

    *out_parent = s ? s->parent : -1;
    *out_adjacent = s ? s->adjacent_parent : -1;
}

static enum store_status after_sequence(const struct kinesis_shard *shard, const char *text,
                                        int64_t *out_next)
{
    struct kinesis_sequence seq;

    if (!kinesis_sequence_parse(text, &seq) || seq.version != 2 || seq.shard != shard->index ||
        seq.shard_created_s != shard->created_ms / 1000)
        return STORE_CONFLICT;
    *out_next = MIN(seq.number, INT64_MAX - 1) + 1;
    return STORE_OK;
}

enum store_status kinesis_open(struct kinesis *k, struct kinesis_hold *hold, size_t shard_at,
                               const struct kinesis_start_at *start,
                               struct kinesis_position *out_position)
{
    const struct kinesis_shard *shard = kinesis_stream_shard(hold->stream, (int64_t)shard_at);

    if (!shard)
        return STORE_NOT_FOUND;
    *out_position = (struct kinesis_position){.shard = shard_at};
    switch (start->kind) {
    case KINESIS_TRIM_HORIZON:
        break;
    case KINESIS_LATEST:
        return kinesis_store_latest(k->store, shard, &out_position->next);
    case KINESIS_AT_TIMESTAMP:
        return kinesis_store_number_at(k->store, shard, start->timestamp_ms, &out_position->next);
    case KINESIS_AFTER_SEQUENCE:
        return after_sequence(shard, start->sequence_number, &out_position->next);
    }
    return STORE_OK;
}

int64_t kinesis_behind_ms(const struct kinesis_shard *shard, const struct kinesis_batch *batch,
                          int64_t now_ms)
{
    if (batch->count == 0 || batch->next >= shard->next)
        return 0;
    /* AWS: 0 says that there is nothing more to read. */
    return MAX(1, now_ms - batch->records[batch->count - 1].at_ms);
}

bool kinesis_at_end(const struct kinesis_shard *shard, int64_t next)
{
    return shard->closed_ms && next >= shard->next;
}

enum store_status kinesis_read(struct kinesis *k, struct kinesis_hold *hold,
                               const struct kinesis_position *from, size_t max_records,
                               size_t max_bytes, struct arena *a, struct kinesis_events *out)
{
    const struct kinesis_shard *shard = kinesis_stream_shard(hold->stream, (int64_t)from->shard);
    int64_t now = clock_now_ms(&k->app->clock);
    const struct kinesis_read_limits limits = {
        .records = max_records,
        .bytes = max_bytes,
        .not_before = kinesis_not_before(hold->stream, now),
    };
    struct kinesis_batch batch;
    enum store_status rc;

    if (kinesis_gone(hold) || !shard)
        return STORE_NOT_FOUND;
    rc = kinesis_store_read(k->store, shard, from->next, &limits, a, &batch);
    if (rc != STORE_OK)
        return rc;
    *out = (struct kinesis_events){
        .items = ARENA_ARRAY(a, struct kinesis_event, batch.count),
        .count = batch.count,
        .next = {.shard = from->shard, .next = batch.next},
        .behind_ms = kinesis_behind_ms(shard, &batch, now),
        .end = kinesis_at_end(shard, batch.next),
    };
    for (size_t i = 0; i < batch.count; i++) {
        const struct kinesis_record *r = &batch.records[i];
        char *sequence = arena_alloc(a, KINESIS_SEQUENCE_MAX);
        kinesis_sequence_of(shard, r->number, r->at_ms, sequence);
        out->items[i] = (struct kinesis_event){
            .sequence_number = sequence,
            .partition_key = r->key,
            .data = r->data,
            .at_ms = r->at_ms,
        };
    }
    return STORE_OK;
}
