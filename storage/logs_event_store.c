/* Log events: appended in batches, read in order of time, forwards and backwards. */
#include "storage/logs_internal.h"

enum { EVENT_OVERHEAD = 26 /* AWS: what an event counts beside its text */ };

#define DAY_MS (24 * 60 * 60 * INT64_C(1000))

/* The group and the stream, made where they are missing. */
static enum store_status find_or_create(struct sql *s, int64_t scope, const char *group,
                                        const char *stream, int64_t now_ms, int64_t *out_group,
                                        int64_t *out_stream, int *out_retention_days)
{
    const struct logs_group fresh = {
        .name = group, .created_ms = now_ms, .log_class = "STANDARD", .tags = ""};
    enum store_status status =
        logs_find_stream(s, scope, group, stream, out_group, out_stream, out_retention_days);

    if (status == STORE_NOT_FOUND) {
        status = logs_group_insert(s, scope, &fresh);
        if (status)
            return status;
        *out_group = sql_last_rowid(s);
        *out_retention_days = 0;
        status = STORE_CONFLICT;
    }
    if (status != STORE_CONFLICT)
        return status;
    status = logs_stream_insert(s, *out_group, stream, now_ms);
    if (!status)
        *out_stream = sql_last_rowid(s);
    return status;
}

static enum store_status insert_event(struct sql *s, int64_t group_id, int64_t stream_id,
                                      const struct logs_new_event *e, int64_t now_ms)
{
    struct sql_stmt *st =
        sql_prepare(s, "INSERT INTO event (group_id, stream_id, time_ms, ingested_ms, message)"
                       " VALUES (?1, ?2, ?3, ?4, CAST(?5 AS TEXT))");

    sql_bind_int(st, 1, group_id);
    sql_bind_int(st, 2, stream_id);
    sql_bind_int(st, 3, e->time_ms);
    sql_bind_int(st, 4, now_ms);
    sql_bind_blob(st, 5, e->text, e->len);
    return sql_run(st);
}

static enum store_status note_stream(struct sql *s, int64_t stream_id, int64_t first_ms,
                                     int64_t last_ms, int64_t now_ms)
{
    struct sql_stmt *st =
        sql_prepare(s, "UPDATE log_stream SET first_ms = min(coalesce(first_ms, ?2), ?2),"
                       " last_ms = max(coalesce(last_ms, ?3), ?3), ingested_ms = ?4 WHERE id = ?1");

    sql_bind_int(st, 1, stream_id);
    sql_bind_int(st, 2, first_ms);
    sql_bind_int(st, 3, last_ms);
    sql_bind_int(st, 4, now_ms);
    return sql_run(st);
}

static enum store_status add_bytes(struct sql *s, int64_t group_id, int64_t bytes)
{
    struct sql_stmt *st =
        sql_prepare(s, "UPDATE log_group SET stored_bytes = stored_bytes + ?2 WHERE id = ?1");

    sql_bind_int(st, 1, group_id);
    sql_bind_int(st, 2, bytes);
    return sql_run(st);
}

/* Removes some of what the group no longer keeps; the rest goes with the next appends. */
static enum store_status expire(struct sql *s, int64_t group_id, int64_t before_ms)
{
    struct sql_stmt *st = sql_prepare(
        s, "SELECT coalesce(sum(length(CAST(message AS BLOB)) + 26), 0) FROM (SELECT message FROM"
           " event WHERE group_id = ?1 AND time_ms < ?2 ORDER BY time_ms, id LIMIT 1000)");
    enum store_status status;
    int64_t bytes;

    sql_bind_int(st, 1, group_id);
    sql_bind_int(st, 2, before_ms);
    status = sql_step(st);
    if (status)
        return status;
    bytes = sql_column_int(st, 0);
    sql_reset(st);
    if (bytes == 0)
        return STORE_OK;
    st = sql_prepare(s, "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE group_id = ?1"
                        " AND time_ms < ?2 ORDER BY time_ms, id LIMIT 1000)");
    sql_bind_int(st, 1, group_id);
    sql_bind_int(st, 2, before_ms);
    status = sql_run(st);
    return status ? status : add_bytes(s, group_id, -bytes);
}

static enum store_status add_all(struct sql *s, int64_t group_id, int64_t stream_id,
                                 const struct logs_new_event *events, size_t count, int64_t now_ms,
                                 bool subscribed)
{
    int64_t first_id = 0;
    int64_t bytes = 0;
    int64_t first_ms = INT64_MAX;
    int64_t last_ms = INT64_MIN;
    enum store_status status;

    for (size_t i = 0; i < count; i++) {
        status = insert_event(s, group_id, stream_id, &events[i], now_ms);
        if (status)
            return status;
        if (!first_id)
            first_id = sql_last_rowid(s);
        bytes += (int64_t)events[i].len + EVENT_OVERHEAD;
        first_ms = MIN(first_ms, events[i].time_ms);
        last_ms = MAX(last_ms, events[i].time_ms);
    }
    if (subscribed) {
        status = logs_outbox_note(s, group_id, stream_id, first_id, sql_last_rowid(s));
        if (status)
            return status;
    }
    status = note_stream(s, stream_id, first_ms, last_ms, now_ms);
    return status ? status : add_bytes(s, group_id, bytes);
}

enum store_status logs_events_add(struct logs_store *store, const struct scope *scope,
                                  const char *group, const char *stream,
                                  const struct logs_new_event *events, size_t count, int64_t now_ms,
                                  bool create)
{
    struct sql *s;
    int64_t scope_id;
    int64_t group_id;
    int64_t stream_id;
    int retention_days;
    enum store_status status = logs_begin_write(store, scope, &s, &scope_id);

    if (status)
        return status;
    if (create)
        status = find_or_create(s, scope_id, group, stream, now_ms, &group_id, &stream_id,
                                &retention_days);
    else
        status =
            logs_find_stream(s, scope_id, group, stream, &group_id, &stream_id, &retention_days);
    if (!status && count > 0)
        status = add_all(s, group_id, stream_id, events, count, now_ms, logs_is_subscribed(store));
    if (!status && retention_days > 0)
        status = expire(s, group_id, now_ms - retention_days * DAY_MS);
    return sql_write_end(s, status);
}

/* ?1 the group's or the stream's id, ?2 and ?3 the position, ?4 the other end, ?5 the limit. */
static const char *read_statement(const struct logs_events_query *q)
{
#define EVENTS                                                                                     \
    "SELECT e.id, e.time_ms, e.ingested_ms, s.name, e.message FROM event e"                        \
    " JOIN log_stream s ON s.id = e.stream_id WHERE "
#define FORWARD                                                                                    \
    " = ?1 AND (e.time_ms, e.id) > (?2, ?3) AND e.time_ms < ?4 ORDER BY e.time_ms, e.id LIMIT ?5"
#define BACKWARD                                                                                   \
    " = ?1 AND (e.time_ms, e.id) < (?2, ?3) AND e.time_ms >= ?4"                                   \
    " ORDER BY e.time_ms DESC, e.id DESC LIMIT ?5"
    if (q->stream)
        return q->backward ? EVENTS "e.stream_id" BACKWARD : EVENTS "e.stream_id" FORWARD;
    return q->backward ? EVENTS "e.group_id" BACKWARD : EVENTS "e.group_id" FORWARD;
#undef EVENTS
#undef FORWARD
#undef BACKWARD
}

static bool is_before(struct logs_position a, struct logs_position b)
{
    return a.time_ms < b.time_ms || (a.time_ms == b.time_ms && a.id < b.id);
}

static struct sql_stmt *prepare_read(struct sql *s, const struct logs_events_query *q, int64_t id)
{
    struct sql_stmt *st = sql_prepare(s, read_statement(q));
    /* No id is below 1, so the edge itself stands before all events of its moment. */
    struct logs_position edge = {.time_ms = q->backward ? q->to_ms : q->from_ms};
    struct logs_position start = edge;

    if (q->has_after && is_before(q->backward ? q->after : edge, q->backward ? edge : q->after))
        start = q->after;
    sql_bind_int(st, 1, id);
    sql_bind_int(st, 2, start.time_ms);
    sql_bind_int(st, 3, start.id);
    sql_bind_int(st, 4, q->backward ? q->from_ms : q->to_ms);
    sql_bind_int(st, 5, (int64_t)q->limit + 1);
    return st;
}

static enum store_status read_rows(struct sql_stmt *st, const struct logs_events_query *q,
                                   struct arena *a, struct logs_event_rows *out)
{
    size_t bytes = 0;
    enum store_status status;

    while (!(status = sql_step(st))) {
        struct logs_event_row *row = &out->items[out->count];

        out->more = out->count == q->limit || bytes >= q->bytes_max;
        if (out->more)
            return STORE_OK;
        *row = (struct logs_event_row){
            .at = {.id = sql_column_int(st, 0), .time_ms = sql_column_int(st, 1)},
            .ingested_ms = sql_column_int(st, 2),
            .stream = sql_column_text(st, 3, a),
            .text = sql_column_text(st, 4, a),
        };
        bytes += strlen(row->text) + EVENT_OVERHEAD;
        out->count++;
    }
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}

enum store_status logs_events_read(struct logs_store *store, const struct scope *scope,
                                   const struct logs_events_query *query, struct arena *a,
                                   struct logs_event_rows *out)
{
    struct sql *s;
    int64_t scope_id;
    int64_t group_id;
    int64_t stream_id = 0;
    int retention_days;
    struct logs_events_query kept = *query;
    enum store_status status = logs_begin_read(store, scope, &s, &scope_id);

    if (status)
        return status;
    *out = (struct logs_event_rows){.items = ARENA_ARRAY(a, struct logs_event_row, query->limit)};
    if (query->stream)
        status = logs_find_stream(s, scope_id, query->group, query->stream, &group_id, &stream_id,
                                  &retention_days);
    else
        status = logs_group_id(s, scope_id, query->group, &group_id, &retention_days);
    if (!status) {
        if (retention_days > 0)
            kept.from_ms = MAX(kept.from_ms, query->now_ms - retention_days * DAY_MS);
        status =
            read_rows(prepare_read(s, &kept, query->stream ? stream_id : group_id), &kept, a, out);
    }
    sql_read_end(s);
    return status;
}
