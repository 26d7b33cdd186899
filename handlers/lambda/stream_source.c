#include "handlers/lambda/stream_source.h"

#include "handlers/common/arn.h"
#include "handlers/dynamodb/streams.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum { RECORD_MAX = 16 * 1024 * 1024, DEPTH_MAX = 1000 };

struct stream_source {
    struct app *app;
    char *arn;
    char *region;
    struct kinesis_hold *kinesis; /* one of the two */
    struct dynamodb_stream_hold *dynamodb;
};

/* --- holding --- */

static enum store_status hold(struct stream_source *s, const struct arn *arn)
{
    if (str_eq(arn->service, "kinesis"))
        return kinesis_hold_arn(kinesis_of(s->app), s->arn, &s->kinesis);
    if (str_eq(arn->service, "dynamodb"))
        return dynamodb_stream_hold(s->app, s->arn, &s->dynamodb);
    return STORE_CONFLICT;
}

enum store_status stream_source_hold(struct app *app, const char *text, struct stream_source **out)
{
    struct stream_source *s = x_calloc(1, sizeof(*s));
    enum store_status rc = STORE_CONFLICT;
    struct arn arn;
    struct arena a;

    arena_init(&a);
    s->app = app;
    s->arn = x_strdup(text);
    if (arn_parse(&a, text, &arn)) {
        s->region = x_strdup(arn.region);
        rc = hold(s, &arn);
    }
    arena_release(&a);
    if (rc)
        stream_source_release(s);
    else
        *out = s;
    return rc;
}

void stream_source_release(struct stream_source *s)
{
    if (!s)
        return;
    if (s->kinesis)
        kinesis_release(s->kinesis);
    dynamodb_stream_release(s->dynamodb);
    free(s->arn);
    free(s->region);
    free(s);
}

bool stream_source_gone(const struct stream_source *s)
{
    return s->kinesis ? kinesis_gone(s->kinesis) : dynamodb_stream_gone(s->dynamodb);
}

struct waitq *stream_source_waitq(struct stream_source *s)
{
    return s->kinesis ? kinesis_waitq(s->kinesis) : dynamodb_stream_waitq(s->dynamodb);
}

bool stream_source_is_kinesis(const struct stream_source *s)
{
    return s->kinesis != NULL;
}

size_t stream_source_shards(const struct stream_source *s)
{
    return s->kinesis ? kinesis_shard_count(s->kinesis) : dynamodb_stream_shard_count(s->dynamodb);
}

void stream_source_shard_name(const struct stream_source *s, size_t shard,
                              char out[STREAM_SHARD_MAX])
{
    if (s->kinesis)
        kinesis_shard_name(s->kinesis, shard, out);
    else
        dynamodb_stream_shard_name(s->dynamodb, shard, out);
}

void stream_source_parents(const struct stream_source *s, size_t shard, int *out_parent,
                           int *out_adjacent)
{
    *out_parent = *out_adjacent = -1;
    if (s->kinesis)
        kinesis_shard_parents(s->kinesis, shard, out_parent, out_adjacent);
}

/* --- positions --- */

static enum store_status open_kinesis(struct stream_source *s, size_t shard,
                                      const struct stream_start *start,
                                      struct kinesis_position *out)
{
    static const enum kinesis_start kinds[] = {
        [STREAM_OLDEST] = KINESIS_TRIM_HORIZON,
        [STREAM_AT_TIME] = KINESIS_AT_TIMESTAMP,
        [STREAM_AFTER] = KINESIS_AFTER_SEQUENCE,
    };
    const struct kinesis_start_at at = {.kind = kinds[start->kind],
                                        .timestamp_ms = start->at_ms,
                                        .sequence_number = start->sequence};

    return kinesis_open(kinesis_of(s->app), s->kinesis, shard, &at, out);
}

static enum store_status open_dynamodb(struct stream_source *s, size_t shard,
                                       const struct stream_start *start,
                                       struct dynamodb_stream_position *out)
{
    static const enum dynamodb_stream_start kinds[] = {
        [STREAM_OLDEST] = DYNAMODB_STREAM_TRIM_HORIZON,
        [STREAM_AT_TIME] = DYNAMODB_STREAM_AT_TIMESTAMP,
        [STREAM_AFTER] = DYNAMODB_STREAM_AFTER_SEQUENCE,
    };
    const struct dynamodb_stream_start_at at = {.kind = kinds[start->kind],
                                                .timestamp_ms = start->at_ms,
                                                .sequence_number = start->sequence};

    return dynamodb_stream_open(s->dynamodb, shard, &at, out);
}

enum store_status stream_source_open(struct stream_source *s, size_t shard,
                                     const struct stream_start *start, struct stream_position *out)
{
    struct kinesis_position k = {0};
    struct dynamodb_stream_position d = {0};
    enum store_status rc =
        s->kinesis ? open_kinesis(s, shard, start, &k) : open_dynamodb(s, shard, start, &d);

    if (!rc)
        *out = s->kinesis ? (struct stream_position){.shard = k.shard, .next = k.next}
                          : (struct stream_position){.shard = d.shard, .next = d.next};
    return rc;
}

/* --- records --- */

void kinesis_record_write(struct strbuf *out, const struct kinesis_record_place *place,
                          const struct kinesis_event *record)
{
    char number[32];
    char id[KINESIS_SHARD_ID_MAX + KINESIS_SEQUENCE_MAX + 2];
    struct jw w;

    jw_init(&w, out);
    jw_begin_object(&w);
    jw_key(&w, "kinesis");
    jw_begin_object(&w);
    jw_member_string(&w, "kinesisSchemaVersion", "1.0");
    jw_member_string(&w, "partitionKey", record->partition_key);
    jw_member_string(&w, "sequenceNumber", record->sequence_number);
    jw_key(&w, "data");
    jw_base64(&w, record->data.data, record->data.len);
    jw_key(&w, "approximateArrivalTimestamp");
    int n = snprintf(number, sizeof(number), "%" PRId64 ".%03d", record->at_ms / 1000,
                     (int)(record->at_ms % 1000));
    jw_raw(&w, number, (size_t)n);
    jw_end_object(&w);
    jw_member_string(&w, "eventSource", "aws:kinesis");
    jw_member_string(&w, "eventVersion", "1.0");
    jw_key(&w, "eventID");
    n = snprintf(id, sizeof(id), "%s:%s", place->shard, record->sequence_number);
    jw_string_n(&w, id, (size_t)n);
    jw_member_string(&w, "eventName", "aws:kinesis:record");
    jw_member_string(&w, "invokeIdentityArn", place->role);
    jw_member_string(&w, "awsRegion", place->region);
    jw_member_string(&w, "eventSourceARN", place->stream_arn);
    jw_end_object(&w);
}

/* AWS: filters see the record's data as JSON where it is some, else as text. */
static void write_kinesis_filter(struct strbuf *out, struct arena *a,
                                 const struct kinesis_event *record)
{
    struct jr r;
    struct jw w;

    jw_init(&w, out);
    jw_begin_object(&w);
    jw_member_string(&w, "kinesisSchemaVersion", "1.0");
    jw_member_string(&w, "partitionKey", record->partition_key);
    jw_member_string(&w, "sequenceNumber", record->sequence_number);
    jr_init(&r, record->data.data, record->data.len, a, DEPTH_MAX);
    jw_key(&w, "data");
    if (record->data.len && jr_skip(&r, NULL) && jr_finish(&r))
        jw_raw(&w, (const char *)record->data.data, record->data.len);
    else
        jw_string_n(&w, (const char *)record->data.data, record->data.len);
    jw_key(&w, "approximateArrivalTimestamp");
    jw_double(&w, (double)record->at_ms / 1000);
    jw_end_object(&w);
}

/* Moves what stands in the buffer to the arena. */
static struct bytes keep(struct strbuf *text, struct arena *a)
{
    struct bytes kept = {.data = arena_memdup(a, text->data, text->len), .len = text->len};

    strbuf_clear(text);
    return kept;
}

static enum store_status read_kinesis(struct stream_source *s, const struct stream_position *from,
                                      const struct stream_read *how, struct arena *a,
                                      struct stream_records *out)
{
    const struct kinesis_position at = {.shard = from->shard, .next = from->next};
    struct strbuf text = STRBUF_INIT(RECORD_MAX);
    struct kinesis_events events;
    char shard[STREAM_SHARD_MAX];
    const struct kinesis_record_place place = {
        .stream_arn = s->arn, .region = s->region, .role = how->role, .shard = shard};
    enum store_status rc = kinesis_read(kinesis_of(s->app), s->kinesis, &at, how->records_max,
                                        how->bytes_max, a, &events);

    if (rc)
        return rc;
    kinesis_shard_name(s->kinesis, from->shard, shard);
    out->items = ARENA_ARRAY(a, struct stream_record, events.count);
    for (size_t i = 0; i < events.count; i++) {
        struct stream_record *r = &out->items[i];

        *r = (struct stream_record){.sequence_number = events.items[i].sequence_number,
                                    .key = events.items[i].partition_key,
                                    .at_ms = events.items[i].at_ms};
        kinesis_record_write(&text, &place, &events.items[i]);
        r->json = keep(&text, a);
        if (!how->filtered)
            continue;
        write_kinesis_filter(&text, a, &events.items[i]);
        r->filter = keep(&text, a);
    }
    strbuf_release(&text);
    out->count = events.count;
    out->end = events.end;
    out->next = (struct stream_position){.shard = events.next.shard, .next = events.next.next};
    return STORE_OK;
}

static enum store_status read_dynamodb(struct stream_source *s, const struct stream_position *from,
                                       const struct stream_read *how, struct arena *a,
                                       struct stream_records *out)
{
    const struct dynamodb_stream_position at = {.shard = from->shard, .next = from->next};
    struct dynamodb_stream_events events;
    enum store_status rc =
        dynamodb_stream_read(s->dynamodb, &at, how->records_max, how->bytes_max, a, &events);

    if (rc)
        return rc;
    out->items = ARENA_ARRAY(a, struct stream_record, events.count);
    for (size_t i = 0; i < events.count; i++) {
        const struct dynamodb_stream_event *e = &events.items[i];
        /* The object ends where the stream's name goes. */
        char *json = arena_printf(a, "%.*s,\"eventSourceARN\":\"%s\"}", (int)e->json.len - 1,
                                  (const char *)e->json.data, s->arn);

        out->items[i] = (struct stream_record){
            .sequence_number = e->sequence_number,
            .key = e->partition_key,
            .at_ms = e->at_ms,
            .json = {.data = (const uint8_t *)json, .len = strlen(json)},
        };
        out->items[i].filter = out->items[i].json;
    }
    out->count = events.count;
    out->end = events.end;
    out->next = (struct stream_position){.shard = events.next.shard, .next = events.next.next};
    return STORE_OK;
}

enum store_status stream_source_read(struct stream_source *s, const struct stream_position *from,
                                     const struct stream_read *how, struct arena *a,
                                     struct stream_records *out)
{
    *out = (struct stream_records){0};
    return s->kinesis ? read_kinesis(s, from, how, a, out) : read_dynamodb(s, from, how, a, out);
}
