/* What is done to records that queues have delivered, and removing what is left of them. */
#include "storage/kinesis_internal.h"
#include "storage/kinesis_queue_store.h"

enum { TRIM_STEP = 2000 }; /* records of deleted queues that go in one turn */

enum store_status kinesis_queue_drop(struct sql *s, int64_t queue, int32_t shard, int64_t number)
{
    return sql_exec(s, "DELETE FROM queue_record WHERE queue = ?1 AND shard = ?2 AND number = ?3",
                    sql_int(queue), sql_int(shard), sql_int(number));
}

/* --- what is done to delivered records --- */

static enum store_status act(struct sql *s, const struct kinesis_queue_change *c,
                             const struct kinesis_queue_entry *e)
{
    int64_t visible_at = c->now_ms + (int64_t)e->visibility_s * 1000;

    switch (c->action) {
    case KINESIS_QUEUE_ACKNOWLEDGE:
        break;
    case KINESIS_QUEUE_HIDE:
        return sql_exec(s,
                        "UPDATE queue_record SET visible_at_ms = ?4"
                        " WHERE queue = ?1 AND shard = ?2 AND number = ?3",
                        sql_int(c->queue), sql_int(e->shard), sql_int(e->number),
                        sql_int(visible_at));
    case KINESIS_QUEUE_RESTORE:
        return sql_exec(s,
                        "UPDATE queue_record SET visible_at_ms = ?4, receives = 0, dead = 0,"
                        " delivery = delivery + 1 WHERE queue = ?1 AND shard = ?2 AND number = ?3",
                        sql_int(c->queue), sql_int(e->shard), sql_int(e->number),
                        sql_int(c->now_ms));
    }
    return kinesis_queue_drop(s, c->queue, e->shard, e->number);
}

/* What is wrong with the entry, if something is. */
static enum store_status check(struct sql *s, const struct kinesis_queue_change *c,
                               const struct kinesis_queue_entry *e)
{
    struct sql_stmt *st =
        sql_query(s,
                  "SELECT at_ms, delivery, dead AND visible_at_ms <= ?4 FROM queue_record"
                  " WHERE queue = ?1 AND shard = ?2 AND number = ?3",
                  sql_int(c->queue), sql_int(e->shard), sql_int(e->number), sql_int(c->now_ms));
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK && sql_column_int(st, 0) < c->not_before)
        rc = STORE_NOT_FOUND;
    if (rc == STORE_OK &&
        (sql_column_int(st, 1) != e->delivery || (!c->dead && sql_column_int(st, 2))))
        rc = STORE_CONFLICT;
    sql_reset(st);
    return rc;
}

static enum store_status change_turn(struct sql *s, void *context)
{
    const struct kinesis_queue_change *c = *(const struct kinesis_queue_change *const *)context;
    struct sql_stmt *st = sql_query(s, "SELECT 1 FROM queue WHERE id = ?1", sql_int(c->queue));
    enum store_status rc = sql_step(st);

    sql_reset(st);
    for (size_t i = 0; rc == STORE_OK && i < c->count; i++) {
        struct kinesis_queue_entry *e = c->entries[i];
        e->outcome = check(s, c, e);
        if (e->outcome == STORE_OK)
            rc = act(s, c, e);
        if (e->outcome == STORE_FAILED)
            rc = STORE_FAILED;
    }
    return rc;
}

enum store_status kinesis_queue_change(struct kinesis_store *store,
                                       const struct kinesis_queue_change *change)
{
    return lazy_write(store->db, change_turn, &change);
}

/* --- removing --- */

enum store_status kinesis_queue_trim(struct sql *s, int64_t shard, int64_t end)
{
    return sql_exec(s,
                    "DELETE FROM queue_record WHERE queue IN (SELECT queue.id FROM shard"
                    " JOIN queue ON queue.stream = shard.stream WHERE shard.id = ?1)"
                    " AND shard = (SELECT number FROM shard WHERE id = ?1) AND number < ?2",
                    sql_int(shard), sql_int(end));
}

static enum store_status sweep_turn(struct sql *s, void *context)
{
    const int64_t *queue = context;
    enum store_status rc = sql_exec(s,
                                    "DELETE FROM queue_record WHERE queue = ?1 AND (shard, number)"
                                    " IN (SELECT shard, number FROM queue_record WHERE queue = ?1"
                                    " LIMIT ?2)",
                                    sql_int(*queue), sql_int(TRIM_STEP));

    if (rc == STORE_OK && sql_changes(s) < TRIM_STEP)
        rc = sql_exec(s, "DELETE FROM queue_gone WHERE queue = ?1", sql_int(*queue));
    return rc;
}

enum store_status kinesis_queue_sweep(struct kinesis_store *store, bool *out_more)
{
    struct sql_stmt *st;
    struct sql *s;
    int64_t queue = 0;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    st = sql_prepare(s, "SELECT queue FROM queue_gone LIMIT 1");
    rc = sql_step(st);
    if (rc == STORE_OK)
        queue = sql_column_int(st, 0);
    sql_read_end(s);
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    *out_more = true;
    return lazy_write(store->db, sweep_turn, &queue);
}
