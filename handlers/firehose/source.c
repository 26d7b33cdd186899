#include "handlers/firehose/source.h"

#include "handlers/firehose/dispatch.h"
#include "handlers/firehose/frame.h"
#include "handlers/firehose/kpl.h"
#include "handlers/firehose/operations.h"
#include "handlers/kinesis/kinesis.h"
#include "server/background.h"
#include "server/base/json_write.h"
#include "server/model/stored.h"

enum {
    RECORDS_AT_ONCE = 10000,
    BYTES_AT_ONCE = 2 * 1024 * 1024,
    LOOK_AGAIN_MS = 1000, /* at a stream that is not there; at shards that came by a resharding */
};

struct sources {
    struct firehose *firehose;
};

/* One reading of one stream. */
struct source {
    struct firehose *firehose;
    int64_t stream_id;
    const char *kinesis_arn;
    int64_t begin_ms; /* records that came earlier are not read */
    struct kinesis_hold *hold;
    bool forgotten;     /* what is known of positions: the source was gone */
    struct arena arena; /* of this turn */
};

struct sources *sources_new(struct firehose *f)
{
    struct sources *s = x_calloc(1, sizeof(*s));

    s->firehose = f;
    return s;
}

void sources_free(struct sources *s)
{
    free(s);
}

/* --- one shard --- */

/* What a transformation is told of a record's origin. */
static struct bytes origin_of(struct source *s, const struct kinesis_event *e, size_t shard,
                              const struct kpl_record *sub)
{
    struct strbuf text = STRBUF_INIT(4096);
    char name[KINESIS_SHARD_ID_MAX];
    struct bytes out;
    struct jw w;

    kinesis_shard_name(s->hold, shard, name);
    jw_init(&w, &text);
    jw_begin_object(&w);
    jw_member_string(&w, "sequenceNumber", e->sequence_number);
    jw_member_int(&w, "subsequenceNumber", (int64_t)sub->number);
    jw_member_string(&w, "partitionKey", sub->partition_key);
    jw_member_string(&w, "shardId", name);
    jw_member_int(&w, "approximateArrivalTimestamp", e->at_ms);
    jw_end_object(&w);
    out = (struct bytes){arena_memdup(&s->arena, text.data, text.len), text.len};
    strbuf_release(&text);
    return out;
}

static void add_event(struct source *s, struct chunker *chunker, const struct kinesis_event *e,
                      size_t shard)
{
    struct kpl_records records;

    kpl_open(&s->arena, e->data, e->partition_key, &records);
    for (size_t i = 0; i < records.count; i++) {
        const struct kpl_record *sub = &records.items[i];
        const struct frame f = {
            .data = sub->data, .meta = origin_of(s, e, shard, sub), .at_ms = e->at_ms};

        chunker_add(chunker, &f);
    }
}

static bool keep(struct source *s, const struct kinesis_events *events, size_t shard)
{
    struct firehose *f = s->firehose;
    struct firehose_append append = {.now_ms = clock_now_ms(&f->app->clock)};
    struct chunker chunker;

    chunker_init(&chunker, &s->arena);
    for (size_t i = 0; i < events->count; i++)
        add_event(s, &chunker, &events->items[i], shard);
    chunker_finish(&chunker);
    append.chunks = chunker.chunks;
    append.count = chunker.count;
    if (firehose_store_ingest(f->store, s->stream_id, (int64_t)shard, events->next.next, &append) !=
        STORE_OK)
        return false;
    if (append.wake)
        dispatcher_wake(f->dispatcher);
    return true;
}

/* Where to go on in a shard; at the first time where the delivery stream began. */
static enum store_status find_position(struct source *s, size_t shard, struct kinesis_position *out)
{
    const struct kinesis_start_at begin = {.kind = KINESIS_AT_TIMESTAMP,
                                           .timestamp_ms = s->begin_ms};
    struct firehose *f = s->firehose;
    enum store_status rc;

    out->shard = shard;
    rc = firehose_store_position(f->store, s->stream_id, (int64_t)shard, &out->next);
    return rc == STORE_NOT_FOUND ? kinesis_open(kinesis_of(f->app), s->hold, shard, &begin, out)
                                 : rc;
}

/* One page of a shard: 1 when records came, 0 when there were none, -1 after a failure. *out_ended:
 * there is nothing more to come. */
static int read_shard(struct source *s, size_t shard, bool *out_ended)
{
    struct kinesis_position from;
    struct kinesis_events events;
    enum store_status rc = find_position(s, shard, &from);

    if (rc == STORE_OK)
        rc = kinesis_read(kinesis_of(s->firehose->app), s->hold, &from, RECORDS_AT_ONCE,
                          BYTES_AT_ONCE, &s->arena, &events);
    if (rc != STORE_OK || (events.count && !keep(s, &events, shard)))
        return -1;
    *out_ended = events.end;
    return events.count > 0;
}

/* --- one stream --- */

const struct firehose_KinesisStreamSourceDescription *
source_of(const struct firehose_stream *stream, struct arena *a)
{
    struct firehose_SourceDescription source = {0};

    if (!stream->source ||
        !stored_from_json(&firehose_model, model_structure(&firehose_model, "SourceDescription"),
                          stream->source, a, &source))
        return NULL;
    return source.KinesisStreamSourceDescription;
}

static bool describe(struct source *s)
{
    const struct firehose_KinesisStreamSourceDescription *source;
    struct firehose_stream stream;

    if (firehose_store_find_id(s->firehose->store, s->stream_id, &s->arena, &stream) != STORE_OK)
        return false;
    source = source_of(&stream, &s->arena);
    if (!source)
        return false;
    s->kinesis_arn = source->KinesisStreamARN;
    s->begin_ms = source->DeliveryStartTimestamp.ms;
    return true;
}

/* A shard goes on where its parents ended, which come before it. */
static bool is_its_turn(const struct source *s, size_t shard, const bool *ended)
{
    int parent;
    int adjacent;

    kinesis_shard_parents(s->hold, shard, &parent, &adjacent);
    return (parent < 0 || ended[parent]) && (adjacent < 0 || ended[adjacent]);
}

/* True when records came. */
static bool read_all(struct source *s)
{
    size_t count = kinesis_shard_count(s->hold);
    bool *ended = ARENA_ARRAY(&s->arena, bool, count);
    bool some = false;

    for (size_t i = 0; i < count; i++)
        some |= is_its_turn(s, i, ended) && read_shard(s, i, &ended[i]) > 0;
    return some;
}

/* The stream is gone; another one may come under its name, with shards of its own. */
static void forget(struct source *s)
{
    if (!s->forgotten)
        s->forgotten =
            firehose_store_forget_positions(s->firehose->store, s->stream_id) == STORE_OK;
}

/* One turn; false when the delivery stream is gone. */
static bool read_turn(struct source *s, struct background_task *task)
{
    if (!describe(s))
        return false;
    if (kinesis_hold_arn(kinesis_of(s->firehose->app), s->kinesis_arn, &s->hold) != STORE_OK) {
        forget(s);
        background_sleep_ms(task, LOOK_AGAIN_MS);
        return true;
    }
    s->forgotten = false;
    struct waitq *arrivals = kinesis_waitq(s->hold);
    uint64_t ticket = waitq_ticket(arrivals);

    if (!read_all(s))
        waitq_wait(arrivals, ticket, LOOK_AGAIN_MS, -1, background_stop_fd(task));
    if (kinesis_gone(s->hold))
        forget(s);
    kinesis_release(s->hold);
    return true;
}

static void run_source(struct background_task *task, void *context)
{
    struct source *s = context;

    while (!background_stopping(task) && read_turn(s, task))
        arena_reset(&s->arena);
    arena_release(&s->arena);
    free(s);
}

void sources_add(struct sources *sources, int64_t stream_id)
{
    struct source *s = x_calloc(1, sizeof(*s));

    s->firehose = sources->firehose;
    s->stream_id = stream_id;
    arena_init(&s->arena);
    if (!background_run(sources->firehose->app->background, "firehose-source", run_source, s)) {
        arena_release(&s->arena);
        free(s);
    }
}

void sources_start(struct sources *sources)
{
    struct arena a;
    int64_t *ids;
    size_t count;

    arena_init(&a);
    if (firehose_store_of_type(sources->firehose->store, FIREHOSE_FROM_KINESIS, &a, &ids, &count) ==
        STORE_OK)
        for (size_t i = 0; i < count; i++)
            sources_add(sources, ids[i]);
    arena_release(&a);
}
