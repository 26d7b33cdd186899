/* Which queues there are on the streams. */
#include "storage/kinesis_queue_store.h"

#include "storage/kinesis_internal.h"
#include "storage/scope.h"

#define QUEUE_COLUMNS                                                                              \
    "SELECT queue.id, queue.resource, queue.name, stream.name, stream.created_ms,"                 \
    " queue.created_ms, queue.visibility_s, queue.max_receives, queue.start, queue.start_ms"       \
    " FROM queue JOIN stream ON stream.id = queue.stream"

/* --- making --- */

struct add_turn {
    const struct scope *scope;
    int64_t stream_id;
    const struct kinesis_new_queue *new;
};

/* The stream is there, on-demand, and may have one more consumer. */
static enum store_status check_stream(struct sql *s, const struct add_turn *t)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT mode FROM stream WHERE id = ?1", sql_int(t->stream_id));
    enum store_status rc = sql_step(st);
    int64_t there = 0;

    if (rc == STORE_OK && sql_column_int(st, 0) != KINESIS_ON_DEMAND)
        rc = STORE_CONFLICT;
    sql_reset(st);
    if (rc == STORE_OK)
        rc = kinesis_registered(s, t->stream_id, &there);
    return rc == STORE_OK && there >= t->new->max ? STORE_LIMIT : rc;
}

static enum store_status insert(struct sql *s, const struct add_turn *t, int64_t scope_id)
{
    const struct kinesis_queue *q = t->new->queue;

    return sql_exec(s,
                    "INSERT INTO queue (scope, stream, resource, name, created_ms, visibility_s,"
                    " max_receives, start, start_ms, tags)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                    sql_int(scope_id), sql_int(t->stream_id), sql_text(q->resource),
                    sql_text(q->name), sql_int(q->created_ms), sql_int(q->visibility_s),
                    sql_int(q->max_receives), sql_int(q->start), sql_int(q->start_ms),
                    sql_text(t->new->tags));
}

/* A name that is there is told before the limit is. */
static enum store_status add_turn(struct sql *s, void *context)
{
    const struct add_turn *t = context;
    int64_t scope_id;
    int64_t queue;
    enum store_status may = check_stream(s, t);
    enum store_status rc = may == STORE_LIMIT ? STORE_OK : may;

    if (rc == STORE_OK)
        rc = sql_scope_id(s, t->scope, true, &scope_id);
    if (rc == STORE_OK)
        rc = insert(s, t, scope_id);
    if (rc == STORE_OK && may == STORE_LIMIT)
        rc = STORE_LIMIT;
    queue = sql_last_rowid(s);
    for (size_t i = 0; rc == STORE_OK && i < t->new->shard_count; i++) {
        if (t->new->next[i] > 0)
            rc = sql_exec(s, "INSERT INTO queue_shard (queue, shard, next) VALUES (?1, ?2, ?3)",
                          sql_int(queue), sql_int((int64_t)i), sql_int(t->new->next[i]));
    }
    return rc;
}

enum store_status kinesis_queue_add(struct kinesis_store *store, const struct scope *scope,
                                    const struct kinesis_stream *stream,
                                    const struct kinesis_new_queue *new)
{
    struct add_turn turn = {.scope = scope, .stream_id = stream->id, .new = new};

    return lazy_write(store->db, add_turn, &turn);
}

/* --- finding --- */

static void read_queue(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct kinesis_queue *)out = (struct kinesis_queue){
        .id = sql_column_int(st, 0),
        .resource = sql_column_text(st, 1, a),
        .name = sql_column_text(st, 2, a),
        .stream = sql_column_text(st, 3, a),
        .stream_created_ms = sql_column_int(st, 4),
        .created_ms = sql_column_int(st, 5),
        .visibility_s = (int32_t)sql_column_int(st, 6),
        .max_receives = (int32_t)sql_column_int(st, 7),
        .start = (enum kinesis_queue_start)sql_column_int(st, 8),
        .start_ms = sql_column_int(st, 9),
    };
}

enum store_status kinesis_queue_find(struct kinesis_store *store, const struct scope *scope,
                                     const char *resource, struct arena *a,
                                     struct kinesis_queue *out)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status rc = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    if (rc != STORE_OK)
        return rc;
    rc = sql_row(sql_query(s, QUEUE_COLUMNS " WHERE queue.resource = ?1 AND queue.scope = ?2",
                           sql_text(resource), sql_int(scope_id)),
                 read_queue, a, out);
    sql_read_end(s);
    return rc;
}

enum store_status kinesis_queue_list(struct kinesis_store *store, const struct scope *scope,
                                     const char *stream, const char *after, size_t limit,
                                     struct arena *a, struct kinesis_queue **out_items,
                                     size_t *out_count)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status rc = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    *out_items = ARENA_ARRAY(a, struct kinesis_queue, limit);
    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = sql_rows(sql_query(s,
                            QUEUE_COLUMNS
                            " WHERE queue.scope = ?1 AND queue.name > ?2"
                            " AND (?3 IS NULL OR stream.name = ?3) ORDER BY queue.name LIMIT ?4",
                            sql_int(scope_id), sql_text(after ? after : ""), sql_text(stream),
                            sql_int((int64_t)limit)),
                  read_queue, a, *out_items, limit, out_count);
    sql_read_end(s);
    return rc;
}

enum store_status kinesis_queues_of(struct sql *s, int64_t stream_id, int64_t *out_count)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT count(*) FROM queue WHERE stream = ?1", sql_int(stream_id));
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK)
        *out_count = sql_column_int(st, 0);
    sql_reset(st);
    return rc;
}

enum store_status kinesis_queue_count(struct kinesis_store *store,
                                      const struct kinesis_stream *stream, int64_t *out_count)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = kinesis_queues_of(s, stream->id, out_count);
    sql_read_end(s);
    return rc;
}

/* --- changing --- */

struct update_turn {
    int64_t queue;
    int32_t visibility_s;
    int32_t max_receives;
};

static enum store_status update_turn(struct sql *s, void *context)
{
    const struct update_turn *t = context;
    enum store_status rc =
        sql_exec(s,
                 "UPDATE queue SET visibility_s = iif(?2 < 0, visibility_s, ?2),"
                 " max_receives = iif(?3 < 0, max_receives, ?3) WHERE id = ?1",
                 sql_int(t->queue), sql_int(t->visibility_s), sql_int(t->max_receives));

    return rc == STORE_OK && sql_changes(s) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status kinesis_queue_update(struct kinesis_store *store, int64_t queue,
                                       int32_t visibility_s, int32_t max_receives)
{
    struct update_turn turn = {queue, visibility_s, max_receives};

    return lazy_write(store->db, update_turn, &turn);
}

/* --- removing --- */

static enum store_status remove_turn(struct sql *s, void *context)
{
    const int64_t *queue = context;
    enum store_status rc = sql_exec(s, "DELETE FROM queue WHERE id = ?1", sql_int(*queue));

    if (rc == STORE_OK && sql_changes(s) == 0)
        return STORE_NOT_FOUND;
    return rc != STORE_OK
               ? rc
               : sql_exec(s, "INSERT INTO queue_gone (queue) VALUES (?1)", sql_int(*queue));
}

enum store_status kinesis_queue_remove(struct kinesis_store *store, int64_t queue)
{
    return lazy_write(store->db, remove_turn, &queue);
}
