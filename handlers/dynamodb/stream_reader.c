/* Reading streams: see stream.h and, for other services, streams.h. */
#include "handlers/dynamodb/stream.h"

#include <stdatomic.h>

#include "server/base/log.h"

enum { RECORDS_MAX = 10000, RECORD_TEXT_MAX = 64 << 20 };

/* --- holding --- */

static enum store_status find(struct dynamodb_stream_hold *hold, const char *arn)
{
    struct ddb_stream_name name;
    struct ddb_session s;

    if (!ddb_stream_name_parse(arn, &hold->arena, &name))
        return STORE_NOT_FOUND;
    enum store_status rc = ddb_read_begin(ddb_store_in(hold->ddb), &s);
    if (rc != STORE_OK)
        return rc;
    rc = ddb_stream_find(&s, &name.scope, name.table, name.label, &hold->arena, &hold->row);
    ddb_read_end(&s);
    if (rc == STORE_OK &&
        !ddb_definition_read(hold->row.definition, &hold->arena, &hold->definition)) {
        log_error("the stored definition of stream %s is damaged", arn);
        rc = STORE_FAILED;
    }
    return rc;
}

enum store_status dynamodb_stream_hold(struct app *app, const char *stream_arn,
                                       struct dynamodb_stream_hold **out_hold)
{
    struct dynamodb_stream_hold *hold = x_calloc(1, sizeof(*hold));

    hold->ddb = ddb_of_app(app);
    arena_init(&hold->arena);
    enum store_status rc = find(hold, stream_arn);
    if (rc != STORE_OK) {
        dynamodb_stream_release(hold);
        return rc;
    }
    hold->feed = ddb_feed_hold(ddb_feeds_in(hold->ddb), hold->row.table_id);
    *out_hold = hold;
    return STORE_OK;
}

void dynamodb_stream_release(struct dynamodb_stream_hold *hold)
{
    if (hold == NULL)
        return;
    ddb_feed_release(hold->feed);
    arena_release(&hold->arena);
    free(hold);
}

bool dynamodb_stream_gone(const struct dynamodb_stream_hold *hold)
{
    return atomic_load(&hold->gone);
}

struct waitq *dynamodb_stream_waitq(struct dynamodb_stream_hold *hold)
{
    return ddb_feed_waitq(hold->feed);
}

size_t dynamodb_stream_shard_count(const struct dynamodb_stream_hold *hold)
{
    (void)hold;
    return 1;
}

/* AWS: the time of its making in twenty digits, and eight of a hash. */
void dynamodb_stream_shard_name(const struct dynamodb_stream_hold *hold, size_t shard,
                                char out[DYNAMODB_SHARD_ID_MAX])
{
    uint32_t hash = 2166136261U;

    (void)shard;
    for (uint64_t rest = (uint64_t)hold->row.id; rest != 0; rest >>= 8)
        hash = (hash ^ (uint8_t)rest) * 16777619U;
    snprintf(out, DYNAMODB_SHARD_ID_MAX, "shardId-%020" PRId64 "-%08" PRIx32, hold->row.created_ms,
             hash);
}

/* --- positions --- */

/* What a stream shows of the log; read anew each time, since the stream may close. */
static enum store_status range_of(struct dynamodb_stream_hold *hold, struct ddb_session *s,
                                  int64_t *out_first, int64_t *out_end, bool *out_closed)
{
    struct ddb_stream_row row = {.id = hold->row.id};
    int64_t first;
    int64_t next;
    enum store_status rc = ddb_stream_refresh(s, &row);

    if (rc == STORE_NOT_FOUND)
        atomic_store(&hold->gone, true);
    if (rc == STORE_OK)
        rc = ddb_log_after(s, hold->row.table_id,
                           clock_now_ms(&ddb_app(hold->ddb)->clock) - DDB_DAY_MS - 1, &first);
    if (rc == STORE_OK)
        rc = ddb_log_next(s, hold->row.table_id, &next);
    if (rc != STORE_OK)
        return rc;
    *out_closed = row.closed_ms != 0;
    *out_end = *out_closed ? row.last : next;
    *out_first = MIN(MAX(first, hold->row.first), *out_end);
    return STORE_OK;
}

static enum store_status ask_range(struct dynamodb_stream_hold *hold, int64_t *out_first,
                                   int64_t *out_end)
{
    struct ddb_session s;
    bool closed;
    enum store_status rc = ddb_read_begin(ddb_store_in(hold->ddb), &s);

    if (rc != STORE_OK)
        return rc;
    rc = range_of(hold, &s, out_first, out_end, &closed);
    ddb_read_end(&s);
    return rc;
}

enum store_status ddb_stream_oldest(struct dynamodb_stream_hold *hold, int64_t *out_number)
{
    int64_t end;

    return ask_range(hold, out_number, &end);
}

static enum store_status number_after(struct dynamodb_stream_hold *hold, int64_t at_ms,
                                      int64_t *out_number)
{
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_in(hold->ddb), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_log_after(&s, hold->row.table_id, at_ms, out_number);
    ddb_read_end(&s);
    return rc;
}

enum store_status dynamodb_stream_open(struct dynamodb_stream_hold *hold, size_t shard,
                                       const struct dynamodb_stream_start_at *start,
                                       struct dynamodb_stream_position *out_position)
{
    int64_t first;
    int64_t end;
    int64_t number = 0;
    enum store_status rc = shard == 0 ? ask_range(hold, &first, &end) : STORE_NOT_FOUND;

    if (rc != STORE_OK)
        return rc;
    switch (start->kind) {
    case DYNAMODB_STREAM_TRIM_HORIZON:
        number = first;
        break;
    case DYNAMODB_STREAM_LATEST:
        number = end;
        break;
    case DYNAMODB_STREAM_AT_TIMESTAMP:
        rc = number_after(hold, start->timestamp_ms - 1, &number);
        break;
    case DYNAMODB_STREAM_AFTER_SEQUENCE:
        if (!ddb_sequence_parse(start->sequence_number, &number) || ++number < hold->row.first ||
            number > end)
            return STORE_CONFLICT;
        break;
    }
    *out_position = (struct dynamodb_stream_position){.next = MAX(number, first)};
    return rc;
}

/* --- reading --- */

static enum store_status read_log(struct dynamodb_stream_hold *hold, struct ddb_log_range *range,
                                  struct arena *a, struct ddb_logged *items, size_t *out_count,
                                  struct ddb_stream_page *out)
{
    struct ddb_session s;
    int64_t first;
    int64_t end;
    bool closed;
    enum store_status rc = ddb_read_begin(ddb_store_in(hold->ddb), &s);

    if (rc != STORE_OK)
        return rc;
    rc = range_of(hold, &s, &first, &end, &closed);
    if (rc == STORE_OK) {
        range->from = MAX(range->from, first);
        range->to = end;
        rc = ddb_log_read(&s, range, a, items, out_count, &out->next);
    }
    ddb_read_end(&s);
    out->end = rc == STORE_OK && closed && out->next >= end;
    return rc;
}

enum store_status ddb_stream_page(struct dynamodb_stream_hold *hold, int64_t from,
                                  size_t max_records, size_t max_bytes, struct arena *a,
                                  struct ddb_stream_page *out)
{
    struct ddb_log_range range = {
        .table_id = hold->row.table_id,
        .from = from,
        .count_max = MIN(max_records, (size_t)RECORDS_MAX),
        .bytes_max = max_bytes,
    };
    struct ddb_logged *items = ARENA_ARRAY(a, struct ddb_logged, range.count_max);
    size_t count = 0;

    *out = (struct ddb_stream_page){.next = from};
    enum store_status rc = read_log(hold, &range, a, items, &count, out);
    if (rc != STORE_OK)
        return rc;
    out->items = ARENA_ARRAY(a, struct ddb_record, count);
    for (; out->count < count && rc == STORE_OK; out->count++)
        rc = ddb_record_of(&items[out->count], &hold->definition, (enum ddb_view)hold->row.view,
                           hold->row.id, a, &out->items[out->count]);
    if (count > 0)
        out->last_ms = items[count - 1].at_ms;
    return rc;
}

/* --- for other services --- */

static void write_images(struct jw *w, const struct ddb_record *r, enum ddb_view view)
{
    struct strbuf keys = STRBUF_INIT(RECORD_TEXT_MAX);

    jw_key(w, "dynamodb");
    jw_begin_object(w);
    jw_key(w, "ApproximateCreationDateTime");
    jw_int(w, r->at_ms / 1000); /* AWS: whole seconds */
    ddb_members_write(&keys, r->keys.members, r->keys.count);
    jw_key(w, "Keys");
    jw_raw(w, keys.data, keys.len);
    strbuf_release(&keys);
    if (r->shows_after) {
        jw_key(w, "NewImage");
        jw_raw(w, r->after.data, r->after.len);
    }
    if (r->shows_before) {
        jw_key(w, "OldImage");
        jw_raw(w, r->before.data, r->before.len);
    }
    jw_member_string(w, "SequenceNumber", r->sequence);
    jw_member_int(w, "SizeBytes", r->size);
    jw_member_string(w, "StreamViewType", ddb_view_name(view));
    jw_end_object(w);
}

static struct bytes event_json(const struct dynamodb_stream_hold *hold, const struct ddb_record *r,
                               struct arena *a)
{
    struct strbuf text = STRBUF_INIT(RECORD_TEXT_MAX);
    struct jw w;

    jw_init(&w, &text);
    jw_begin_object(&w);
    jw_member_string(&w, "eventID", r->event_id);
    jw_member_string(&w, "eventName", r->event_name);
    jw_member_string(&w, "eventVersion", "1.1");
    jw_member_string(&w, "eventSource", "aws:dynamodb");
    jw_member_string(&w, "awsRegion", hold->row.region);
    write_images(&w, r, (enum ddb_view)hold->row.view);
    if (r->by_expiry) {
        jw_key(&w, "userIdentity");
        jw_begin_object(&w);
        jw_member_string(&w, "type", "Service");
        jw_member_string(&w, "principalId", "dynamodb.amazonaws.com");
        jw_end_object(&w);
    }
    jw_end_object(&w);
    struct bytes json = {arena_memdup(a, text.data, text.len), text.len};
    strbuf_release(&text);
    return json;
}

enum store_status dynamodb_stream_read(struct dynamodb_stream_hold *hold,
                                       const struct dynamodb_stream_position *from,
                                       size_t max_records, size_t max_bytes, struct arena *a,
                                       struct dynamodb_stream_events *out)
{
    struct ddb_stream_page page;
    enum store_status rc = ddb_stream_page(hold, from->next, max_records, max_bytes, a, &page);

    if (rc != STORE_OK)
        return rc;
    *out = (struct dynamodb_stream_events){
        .items = ARENA_ARRAY(a, struct dynamodb_stream_event, page.count),
        .count = page.count,
        .next = {.shard = from->shard, .next = page.next},
        .end = page.end,
    };
    for (size_t i = 0; i < page.count; i++) {
        const struct ddb_record *r = &page.items[i];
        out->items[i] = (struct dynamodb_stream_event){
            .sequence_number = r->sequence,
            .partition_key = ddb_record_partition(r, &hold->definition, a),
            .json = event_json(hold, r, a),
            .at_ms = r->at_ms,
        };
    }
    if (page.count == max_records && !page.end)
        out->behind_ms = MAX(0, clock_now_ms(&ddb_app(hold->ddb)->clock) - page.last_ms);
    return STORE_OK;
}
