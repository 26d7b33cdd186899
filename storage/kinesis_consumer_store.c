/* The consumers that are registered with a stream. */
#include "storage/kinesis_internal.h"

struct add_turn {
    int64_t stream_id;
    const char *name;
    int64_t created_ms;
    const char *tags;
    int64_t max;
};

static enum store_status count(struct sql *s, int64_t stream_id, int64_t *out_count)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT count(*) FROM consumer WHERE stream = ?1", sql_int(stream_id));
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK)
        *out_count = sql_column_int(st, 0);
    sql_reset(st);
    return rc;
}

enum store_status kinesis_registered(struct sql *s, int64_t stream_id, int64_t *out_count)
{
    int64_t consumers = 0;
    int64_t queues = 0;
    enum store_status rc = count(s, stream_id, &consumers);

    if (rc == STORE_OK)
        rc = kinesis_queues_of(s, stream_id, &queues);
    *out_count = consumers + queues;
    return rc;
}

/* A name that is there is told before the limit is. */
static enum store_status add_turn(struct sql *s, void *context)
{
    const struct add_turn *t = context;
    int64_t there;
    struct sql_stmt *st = sql_query(s, "SELECT 1 FROM stream WHERE id = ?1", sql_int(t->stream_id));
    enum store_status rc = sql_step(st);

    sql_reset(st);
    if (rc == STORE_OK)
        rc = kinesis_registered(s, t->stream_id, &there);
    if (rc == STORE_OK)
        rc = sql_exec(s,
                      "INSERT INTO consumer (stream, name, created_ms, tags)"
                      " VALUES (?1, ?2, ?3, ?4)",
                      sql_int(t->stream_id), sql_text(t->name), sql_int(t->created_ms),
                      sql_text(t->tags));
    return rc == STORE_OK && there >= t->max ? STORE_LIMIT : rc;
}

enum store_status kinesis_consumer_add(struct kinesis_store *store,
                                       const struct kinesis_stream *stream, const char *name,
                                       int64_t created_ms, const char *tags, int64_t max)
{
    struct add_turn turn = {
        .stream_id = stream->id, .name = name, .created_ms = created_ms, .tags = tags, .max = max};

    return lazy_write(store->db, add_turn, &turn);
}

static struct kinesis_consumer row(struct sql_stmt *st, struct arena *a)
{
    return (struct kinesis_consumer){
        .id = sql_column_int(st, 0),
        .name = sql_column_text(st, 1, a),
        .created_ms = sql_column_int(st, 2),
    };
}

enum store_status kinesis_consumer_find(struct kinesis_store *store,
                                        const struct kinesis_stream *stream, const char *name,
                                        struct arena *a, struct kinesis_consumer *out)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s, "SELECT id, name, created_ms FROM consumer WHERE stream = ?1 AND name = ?2",
                   sql_int(stream->id), sql_text(name));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out = row(st, a);
    sql_read_end(s);
    return rc;
}

enum store_status kinesis_consumer_list(struct kinesis_store *store,
                                        const struct kinesis_stream *stream, const char *after,
                                        size_t limit, struct arena *a,
                                        struct kinesis_consumer **out_items, size_t *out_count)
{
    struct kinesis_consumer *items = ARENA_ARRAY(a, struct kinesis_consumer, limit);
    size_t n = 0;
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s,
                   "SELECT id, name, created_ms FROM consumer WHERE stream = ?1 AND name > ?2"
                   " ORDER BY name LIMIT ?3",
                   sql_int(stream->id), sql_text(after ? after : ""), sql_int((int64_t)limit));
    while (n < limit && (rc = sql_step(st)) == STORE_OK)
        items[n++] = row(st, a);
    sql_read_end(s);
    *out_items = items;
    *out_count = n;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status kinesis_consumer_count(struct kinesis_store *store,
                                         const struct kinesis_stream *stream, int64_t *out_count)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = count(s, stream->id, out_count);
    sql_read_end(s);
    return rc;
}

static enum store_status remove_turn(struct sql *s, void *context)
{
    const int64_t *id = context;
    enum store_status rc = sql_exec(s, "DELETE FROM consumer WHERE id = ?1", sql_int(*id));

    return rc == STORE_OK && sql_changes(s) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status kinesis_consumer_remove(struct kinesis_store *store, int64_t id)
{
    return lazy_write(store->db, remove_turn, &id);
}
