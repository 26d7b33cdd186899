/* Archives of FIFO topics, and replays out of them. */
#include "storage/sns_internal.h"

enum { EXPIRE_STEP = 100 }; /* rows removed with one message: more than come */

/* --- archiving: in the write of sns_store_record() --- */

enum store_status sns_insert_archived(struct sql *s, const struct sns_archived *m)
{
    /* The policy may have been cleared, or the topic deleted, since the message was taken. */
    enum store_status rc =
        sql_exec(s,
                 "INSERT INTO archive (topic, sequence, at_ms, message)"
                 " SELECT id, ?2, ?3, ?4 FROM topic"
                 " WHERE id = ?1 AND attributes ->> '$.ArchivePolicy' IS NOT NULL"
                 " ON CONFLICT DO NOTHING",
                 sql_int(m->topic), sql_int(m->sequence), sql_int(m->at_ms), sql_text(m->json));

    if (rc != STORE_OK)
        return rc;
    return sql_exec(s,
                    "DELETE FROM archive WHERE id IN (SELECT id FROM archive"
                    " WHERE topic = ?1 AND at_ms < ?2 LIMIT ?3)",
                    sql_int(m->topic), sql_int(m->expired_ms), sql_int(EXPIRE_STEP));
}

static enum store_status clear_turn(struct sql *s, void *context)
{
    int64_t topic = *(const int64_t *)context;
    enum store_status rc = sql_exec(s, "DELETE FROM archive WHERE topic = ?1", sql_int(topic));

    if (rc != STORE_OK)
        return rc;
    return sql_exec(s,
                    "UPDATE replay SET status = ?2 WHERE status < ?3 AND subscription IN"
                    " (SELECT id FROM subscription WHERE topic = ?1)",
                    sql_int(topic), sql_int(SNS_REPLAY_FAILED), sql_int(SNS_REPLAY_COMPLETED));
}

enum store_status sns_store_archive_clear(struct sns_store *store, int64_t topic)
{
    return lazy_write(store->db, clear_turn, &topic);
}

static void read_archived(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct sns_archived *)out = (struct sns_archived){
        .topic = sql_column_int(st, 0),
        .sequence = sql_column_int(st, 1),
        .at_ms = sql_column_int(st, 2),
        .json = sql_column_text(st, 3, a),
    };
}

enum store_status sns_store_archived(struct sns_store *store, int64_t topic, int64_t next,
                                     size_t limit, struct arena *a, struct sns_archived *out,
                                     size_t *out_count)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_count = 0;
    if (rc != STORE_OK)
        return sns_rows_end(rc);
    rc = sql_rows(sql_query(s,
                            "SELECT topic, sequence, at_ms, message FROM archive WHERE topic = ?1"
                            " AND sequence >= ?2 ORDER BY sequence LIMIT ?3",
                            sql_int(topic), sql_int(next), sql_int((int64_t)limit)),
                  read_archived, a, out, limit, out_count);
    sql_read_end(s);
    return rc;
}

/* --- replays --- */

/* One that is under way is replaced: what it has held back is not forgotten, and what it has
 * delivered as new is not delivered as new again. */
static enum store_status start_turn(struct sql *s, void *context)
{
    const struct sns_replay *r = context;

    return sql_exec(
        s,
        "INSERT INTO replay (subscription, status, asked_ms, from_ms, until_ms, live, next)"
        " SELECT subscription.id, ?2, ?3, ?4, ?5, sequence,"
        " coalesce((SELECT min(archive.sequence) FROM archive"
        "           WHERE archive.topic = topic.id AND at_ms >= ?4), sequence + 1)"
        " FROM subscription JOIN topic ON topic.id = subscription.topic WHERE subscription.id = ?1"
        " ON CONFLICT DO UPDATE SET status = excluded.status, asked_ms = excluded.asked_ms,"
        " from_ms = excluded.from_ms, until_ms = excluded.until_ms,"
        " live = iif(status < ?6, max(live, next - 1), excluded.live),"
        " next = iif(status < ?6, min(next, excluded.next), excluded.next)",
        sql_int(r->subscription), sql_int(SNS_REPLAY_PENDING), sql_int(r->asked_ms),
        sql_int(r->from_ms), sql_int(r->until_ms), sql_int(SNS_REPLAY_COMPLETED));
}

enum store_status sns_store_replay_start(struct sns_store *store, const struct sns_replay *replay)
{
    return lazy_write(store->db, start_turn, (void *)replay);
}

enum store_status sns_store_replay_stop(struct sns_store *store, int64_t subscription)
{
    return SNS_EXEC(store, "UPDATE replay SET until_ms = 0 WHERE subscription = ?1",
                    sql_int(subscription));
}

static void read_replay(struct sql_stmt *st, struct arena *a, void *out)
{
    (void)a;
    *(struct sns_replay *)out = (struct sns_replay){
        .subscription = sql_column_int(st, 0),
        .status = (enum sns_replay_status)sql_column_int(st, 1),
        .asked_ms = sql_column_int(st, 2),
        .from_ms = sql_column_int(st, 3),
        .until_ms = sql_column_int(st, 4),
        .live = sql_column_int(st, 5),
        .next = sql_column_int(st, 6),
    };
}

#define REPLAY "SELECT subscription, status, asked_ms, from_ms, until_ms, live, next FROM replay"

enum store_status sns_store_replay_find(struct sns_store *store, int64_t subscription,
                                        struct sns_replay *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_row(sql_query(s, REPLAY " WHERE subscription = ?1", sql_int(subscription)),
                 read_replay, NULL, out);
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_replay_next(struct sns_store *store, int64_t after,
                                        struct sns_replay *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_row(sql_query(s,
                           REPLAY " WHERE status < ?2 AND EXISTS (SELECT 1 FROM subscription"
                                  " WHERE id = subscription AND NOT pending)"
                                  " ORDER BY subscription <= ?1, subscription LIMIT 1",
                           sql_int(after), sql_int(SNS_REPLAY_COMPLETED)),
                 read_replay, NULL, out);
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_replaying(struct sns_store *store, int64_t topic, struct arena *a,
                                      int64_t **out_subscriptions, size_t *out_count)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_subscriptions = NULL;
    *out_count = 0;
    if (rc != STORE_OK)
        return sns_rows_end(rc);
    st = sql_query(s,
                   "SELECT subscription.id FROM subscription JOIN replay"
                   " ON replay.subscription = subscription.id WHERE topic = ?1 AND status < ?2",
                   sql_int(topic), sql_int(SNS_REPLAY_COMPLETED));
    while ((rc = sql_step(st)) == STORE_OK) {
        *out_subscriptions = sns_grow(a, *out_subscriptions, *out_count, sizeof(int64_t));
        (*out_subscriptions)[(*out_count)++] = sql_column_int(st, 0);
    }
    sql_read_end(s);
    return sns_rows_end(rc);
}

/* A replay that was replaced meanwhile goes its own way. */
enum store_status sns_update_replay(struct sql *s, const struct sns_replay *r)
{
    return sql_exec(s,
                    "UPDATE replay SET status = ?3, next = ?4"
                    " WHERE subscription = ?1 AND asked_ms = ?2 AND status < ?5",
                    sql_int(r->subscription), sql_int(r->asked_ms), sql_int(r->status),
                    sql_int(r->next), sql_int(SNS_REPLAY_COMPLETED));
}
