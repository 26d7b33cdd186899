/*
 * Removing records that have left their stream, bit by bit, and the files that held them.
 *
 * Old records are the first ones of a shard, as arrival times do not fall. A row goes as a whole:
 * what it holds arrived together.
 */
#include "storage/kinesis_internal.h"

enum {
    TRIM_STEP = 2000, /* records removed in one turn: some milliseconds, for which writers wait */
    HOUR_MS = 3600 * 1000,
};

/* A shard of which something may be removed. */
struct trim_turn {
    struct kinesis_shard shard;
    int64_t not_before;
    bool abandoned; /* its stream was deleted: all goes, then the shard */
    bool more;
};

static enum store_status remove_range(struct sql *s, const struct trim_turn *t, int64_t first,
                                      int64_t end)
{
    return sql_exec(s, "DELETE FROM record WHERE id >= ?1 AND id < ?2",
                    sql_int(kinesis_record_id(&t->shard, first)),
                    sql_int(kinesis_record_id(&t->shard, end)));
}

/* Numbers and times go on from here even when the shard is empty. */
static enum store_status keep_place(struct sql *s, const struct trim_turn *t, int64_t next)
{
    return sql_exec(
        s,
        "UPDATE shard SET next = max(next, ?2), last_ms = max(last_ms, coalesce((SELECT at_ms"
        " FROM record WHERE id < ?3 AND id >= ?4 ORDER BY id DESC LIMIT 1), 0)) WHERE id = ?1",
        sql_int(t->shard.id), sql_int(next), sql_int(kinesis_record_id(&t->shard, next)),
        sql_int(kinesis_record_id(&t->shard, 0)));
}

static enum store_status trim_turn(struct sql *s, void *context)
{
    struct trim_turn *t = context;
    struct kinesis_row row;
    int64_t end;
    enum store_status rc = kinesis_row_from(s, &t->shard, 0, &row);

    if (rc == STORE_NOT_FOUND && t->abandoned)
        return sql_exec(s, "DELETE FROM shard WHERE id = ?1", sql_int(t->shard.id));
    if (rc == STORE_NOT_FOUND)
        return STORE_OK;
    if (rc != STORE_OK || (!t->abandoned && row.at_ms >= t->not_before))
        return rc;
    end = row.number + TRIM_STEP;
    if (!t->abandoned)
        rc = kinesis_bisect(s, &t->shard, row.number, end, t->not_before, &end);
    if (rc == STORE_OK && !t->abandoned)
        rc = keep_place(s, t, end);
    if (rc == STORE_OK && !t->abandoned)
        rc = kinesis_queue_trim(s, t->shard.id, end);
    if (rc == STORE_OK)
        rc = remove_range(s, t, row.number, end);
    t->more = true;
    return rc;
}

/* The next shard of the store after that id, with what is to be done to it. */
static enum store_status next_shard(struct sql *s, int64_t after, int64_t now_ms,
                                    struct trim_turn *out)
{
    struct sql_stmt *st = sql_prepare(s, "SELECT shard.id, stream.retention_hours FROM shard"
                                         " LEFT JOIN stream ON stream.id = shard.stream"
                                         " WHERE shard.id > ?1 ORDER BY shard.id LIMIT 1");
    enum store_status rc;

    sql_bind_int(st, 1, after);
    rc = sql_step(st);
    if (rc != STORE_OK)
        return rc;
    *out = (struct trim_turn){.abandoned = sql_column_is_null(st, 1)};
    out->shard.id = sql_column_int(st, 0);
    out->not_before = now_ms - sql_column_int(st, 1) * HOUR_MS;
    sql_reset(st);
    return STORE_OK;
}

/* Whether the turn would do anything: looked up beside the writers, not among them. */
static enum store_status look(struct kinesis_store *store, int64_t after, int64_t now_ms,
                              struct trim_turn *out, bool *out_due)
{
    struct sql *s;
    struct kinesis_row row;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = next_shard(s, after, now_ms, out);
    if (rc == STORE_OK) {
        enum store_status found = kinesis_row_from(s, &out->shard, 0, &row);
        *out_due = out->abandoned || (found == STORE_OK && row.at_ms < out->not_before);
    }
    sql_read_end(s);
    return rc;
}

/* Shard by shard, a turn each. */
static enum store_status trim_shards(struct kinesis_store *store, int64_t now_ms, bool *out_any,
                                     bool *out_more)
{
    struct trim_turn t = {0};
    enum store_status rc = STORE_OK;
    bool due = false;

    while ((rc = look(store, t.shard.id, now_ms, &t, &due)) == STORE_OK) {
        if (!due)
            continue;
        rc = lazy_write(store->db, trim_turn, &t);
        if (rc != STORE_OK)
            return rc;
        *out_any = true;
        *out_more = *out_more || t.more;
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* Sets the mark, or takes it away; what it was. */
static bool mark_sweep(struct kinesis_store *store, bool value)
{
    bool before;

    pthread_mutex_lock(&store->lock);
    before = store->sweep;
    store->sweep = value;
    pthread_mutex_unlock(&store->lock);
    return before;
}

enum store_status kinesis_store_trim(struct kinesis_store *store, int64_t now_ms, bool *out_more)
{
    bool any = false;
    enum store_status rc;

    *out_more = false;
    rc = trim_shards(store, now_ms, &any, out_more);
    if (any)
        mark_sweep(store, true);
    if (rc == STORE_OK)
        rc = kinesis_queue_sweep(store, out_more);
    if (rc != STORE_OK || *out_more || !mark_sweep(store, false))
        return rc;
    rc = kinesis_segment_sweep(store);
    if (rc != STORE_OK)
        mark_sweep(store, true);
    return rc;
}
