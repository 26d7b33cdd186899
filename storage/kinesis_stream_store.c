/* What can change of a stream: its tags and how long it keeps records. */
#include "storage/kinesis_internal.h"

static enum store_status read_tags(struct sql *s, int64_t stream_id, struct arena *a,
                                   const char **out_json)
{
    struct sql_stmt *st = sql_prepare(s, "SELECT tags FROM stream WHERE id = ?1");
    enum store_status rc;

    sql_bind_int(st, 1, stream_id);
    rc = sql_step(st);
    if (rc != STORE_OK)
        return rc;
    *out_json = sql_column_text(st, 0, a);
    sql_reset(st);
    return STORE_OK;
}

enum store_status kinesis_store_tags(struct kinesis_store *store,
                                     const struct kinesis_stream *stream, struct arena *a,
                                     const char **out_json)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = read_tags(s, stream->id, a, out_json);
    sql_read_end(s);
    return rc;
}

struct tags_turn {
    int64_t stream_id;
    const char *(*change)(const char *json, void *context);
    void *context;
};

static enum store_status write_tags(struct sql *s, int64_t stream_id, const char *json)
{
    struct sql_stmt *st = sql_prepare(s, "UPDATE stream SET tags = ?2 WHERE id = ?1");

    sql_bind_int(st, 1, stream_id);
    sql_bind_text(st, 2, json);
    return sql_run(st);
}

static enum store_status change_tags_turn(struct sql *s, void *context)
{
    const struct tags_turn *turn = context;
    const char *json;
    struct arena a;
    enum store_status rc;

    arena_init(&a);
    rc = read_tags(s, turn->stream_id, &a, &json);
    if (rc == STORE_OK) {
        json = turn->change(json, turn->context);
        rc = json ? write_tags(s, turn->stream_id, json) : STORE_LIMIT;
    }
    arena_release(&a);
    return rc;
}

enum store_status kinesis_store_change_tags(struct kinesis_store *store,
                                            const struct kinesis_stream *stream,
                                            const char *(*change)(const char *json, void *context),
                                            void *context)
{
    struct tags_turn turn = {.stream_id = stream->id, .change = change, .context = context};

    return lazy_write(store->db, change_tags_turn, &turn);
}

struct retention_turn {
    int64_t stream_id;
    int32_t hours;
};

static enum store_status retention_turn(struct sql *s, void *context)
{
    const struct retention_turn *turn = context;
    struct sql_stmt *st = sql_prepare(s, "UPDATE stream SET retention_hours = ?2 WHERE id = ?1");
    enum store_status rc;

    sql_bind_int(st, 1, turn->stream_id);
    sql_bind_int(st, 2, turn->hours);
    rc = sql_run(st);
    return rc == STORE_OK && sql_changes(s) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status kinesis_store_set_retention(struct kinesis_store *store,
                                              struct kinesis_stream *stream, int32_t hours)
{
    struct retention_turn turn = {.stream_id = stream->id, .hours = hours};
    enum store_status rc = lazy_write(store->db, retention_turn, &turn);

    if (rc == STORE_OK)
        stream->retention_hours = hours;
    return rc;
}
