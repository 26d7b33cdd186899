/* What publishing leaves behind: messages that are kept, deliveries that are due, and what a FIFO
 * topic has seen. */
#include "storage/sns_internal.h"

/* How many kept messages of all accounts stay: the newest. */
enum { KEPT_MAX = 100000 };

/* --- FIFO --- */

enum store_status sns_store_seen(struct sns_store *store, int64_t topic, const char *key,
                                 int64_t now_ms, struct arena *a, struct sns_seen *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s,
                   "SELECT message_id, sequence, until_ms FROM seen"
                   " WHERE topic = ?1 AND key = ?2 AND until_ms > ?3",
                   sql_int(topic), sql_text(key), sql_int(now_ms));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out = (struct sns_seen){.topic = topic,
                                 .key = key,
                                 .message_id = sql_column_text(st, 0, a),
                                 .sequence = sql_column_int(st, 1),
                                 .until_ms = sql_column_int(st, 2)};
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_sequence(struct sns_store *store, int64_t topic, int64_t *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s, "SELECT sequence FROM topic WHERE id = ?1", sql_int(topic));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out = sql_column_int(st, 0);
    sql_read_end(s);
    return rc;
}

static enum store_status insert_seen(struct sql *s, const struct sns_seen *seen)
{
    enum store_status rc =
        sql_exec(s, "UPDATE topic SET sequence = max(sequence, ?2) WHERE id = ?1",
                 sql_int(seen->topic), sql_int(seen->sequence));

    if (rc != STORE_OK)
        return rc;
    /* The topic may be gone by now. */
    return sql_exec(s,
                    "INSERT INTO seen (topic, key, message_id, sequence, until_ms)"
                    " SELECT id, ?2, ?3, ?4, ?5 FROM topic WHERE id = ?1"
                    " ON CONFLICT DO UPDATE SET message_id = excluded.message_id,"
                    " sequence = excluded.sequence, until_ms = excluded.until_ms",
                    sql_int(seen->topic), sql_text(seen->key), sql_text(seen->message_id),
                    sql_int(seen->sequence), sql_int(seen->until_ms));
}

/* --- recording --- */

static enum store_status insert_kept(struct sql *s, const struct sns_kept_message *m)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s, &m->scope, true, &scope_id);

    if (rc != STORE_OK)
        return rc;
    rc = sql_exec(s, "INSERT INTO kept (scope, kind, target, json) VALUES (?1, ?2, ?3, ?4)",
                  sql_int(scope_id), sql_int(m->kind), sql_text(m->target), sql_text(m->json));
    if (rc == STORE_OK && sql_last_rowid(s) > KEPT_MAX)
        rc = sql_exec(s, "DELETE FROM kept WHERE id <= ?1", sql_int(sql_last_rowid(s) - KEPT_MAX));
    return rc;
}

static enum store_status insert_delivery(struct sql *s, const struct sns_delivery *d)
{
    return sql_exec(
        s,
        "INSERT INTO delivery (lane, due_ms, accepted_ms, endpoint, topic_arn, subscription_arn,"
        " type, message_id, content_type, raw, policy, dead_letter, body)"
        " VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        sql_int(d->lane), sql_int(d->due_ms), sql_text(d->endpoint), sql_text(d->topic_arn),
        sql_text(d->subscription_arn), sql_text(d->type), sql_text(d->message_id),
        sql_text(d->content_type), sql_int(d->raw), sql_text(d->policy), sql_text(d->dead_letter),
        sql_text(d->body));
}

static enum store_status record_turn(struct sql *s, void *context)
{
    const struct sns_record *r = context;
    enum store_status rc = STORE_OK;

    for (size_t i = 0; rc == STORE_OK && i < r->kept_count; i++)
        rc = insert_kept(s, &r->kept[i]);
    for (size_t i = 0; rc == STORE_OK && i < r->delivery_count; i++)
        rc = insert_delivery(s, &r->deliveries[i]);
    for (size_t i = 0; rc == STORE_OK && i < r->seen_count; i++)
        rc = insert_seen(s, &r->seen[i]);
    for (size_t i = 0; rc == STORE_OK && i < r->archived_count; i++)
        rc = sns_insert_archived(s, &r->archived[i]);
    for (size_t i = 0; rc == STORE_OK && i < r->replay_count; i++)
        rc = sns_update_replay(s, &r->replays[i]);
    if (rc == STORE_OK && r->seen_count)
        rc = sql_exec(s, "DELETE FROM seen WHERE until_ms <= ?1", sql_int(r->now_ms));
    return rc;
}

enum store_status sns_store_record(struct sns_store *store, const struct sns_record *record)
{
    return lazy_write(store->db, record_turn, (void *)record);
}

/* --- what was kept --- */

enum store_status sns_store_kept_list(struct sns_store *store, const struct scope *scope,
                                      enum sns_kept kind, const char *target, struct arena *a,
                                      struct sns_kept_list *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out = (struct sns_kept_list){0};
    if (rc != STORE_OK)
        return sns_rows_end(rc);
    st = sql_query(s,
                   "SELECT target, json FROM kept JOIN scope ON scope.id = kept.scope"
                   " WHERE account = ?1 AND region = ?2 AND kind = ?3"
                   " AND (?4 IS NULL OR target = ?4) ORDER BY target, kept.id",
                   sql_text(scope->account), sql_text(scope->region), sql_int(kind),
                   sql_text(target));
    while ((rc = sql_step(st)) == STORE_OK) {
        out->items = sns_grow(a, out->items, out->count, sizeof(*out->items));
        out->items[out->count++] = (struct sns_kept_message){
            .kind = kind, .target = sql_column_text(st, 0, a), .json = sql_column_text(st, 1, a)};
    }
    sql_read_end(s);
    return sns_rows_end(rc);
}

enum store_status sns_store_kept_clear(struct sns_store *store, const struct scope *scope,
                                       enum sns_kept kind, const char *target)
{
    return SNS_EXEC(store,
                    "DELETE FROM kept WHERE kind = ?3 AND (?4 IS NULL OR target = ?4)"
                    " AND scope = (SELECT id FROM scope WHERE account = ?1 AND region = ?2)",
                    sql_text(scope->account), sql_text(scope->region), sql_int(kind),
                    sql_text(target));
}

/* --- deliveries --- */

/* Lanes are found by jumping from one to the next in the index, so that a lane with many deliveries
 * costs no more than one with few. */
static enum store_status lanes_from(struct sql *s, int64_t after, int64_t until,
                                    struct sns_lane *out, size_t max, size_t *count)
{
    enum store_status rc = STORE_OK;

    while (*count < max) {
        struct sql_stmt *st = sql_query(s,
                                        "SELECT lane, due_ms FROM delivery WHERE lane > ?1"
                                        " AND lane <= ?2 ORDER BY lane, due_ms LIMIT 1",
                                        sql_int(after), sql_int(until));
        rc = sql_step(st);
        if (rc != STORE_OK)
            break;
        after = sql_column_int(st, 0);
        out[(*count)++] = (struct sns_lane){after, sql_column_int(st, 1)};
        sql_reset(st);
    }
    return sns_rows_end(rc);
}

enum store_status sns_store_lanes(struct sns_store *store, int64_t after, struct sns_lane *out,
                                  size_t max, size_t *out_count)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_count = 0;
    if (rc != STORE_OK)
        return sns_rows_end(rc);
    rc = lanes_from(s, after, INT64_MAX, out, max, out_count);
    if (rc == STORE_OK)
        rc = lanes_from(s, INT64_MIN, after, out, max, out_count);
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_delivery_due(struct sns_store *store, int64_t lane, int64_t now_ms,
                                         struct arena *a, struct sns_delivery *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(
        s,
        "SELECT id, due_ms, attempts, endpoint, topic_arn, subscription_arn, type,"
        " message_id, content_type, raw, policy, dead_letter, body, accepted_ms FROM delivery"
        " WHERE lane = ?1 AND due_ms <= ?2 ORDER BY due_ms, id LIMIT 1",
        sql_int(lane), sql_int(now_ms));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out = (struct sns_delivery){.id = sql_column_int(st, 0),
                                     .lane = lane,
                                     .due_ms = sql_column_int(st, 1),
                                     .attempts = sql_column_int(st, 2),
                                     .endpoint = sql_column_text(st, 3, a),
                                     .topic_arn = sql_column_text(st, 4, a),
                                     .subscription_arn = sql_column_text(st, 5, a),
                                     .type = sql_column_text(st, 6, a),
                                     .message_id = sql_column_text(st, 7, a),
                                     .content_type = sql_column_text(st, 8, a),
                                     .raw = sql_column_int(st, 9) != 0,
                                     .policy = sql_column_text(st, 10, a),
                                     .dead_letter = sql_column_text(st, 11, a),
                                     .body = sql_column_text(st, 12, a),
                                     .accepted_ms = sql_column_int(st, 13)};
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_delivery_remove(struct sns_store *store, int64_t id)
{
    return SNS_EXEC(store, "DELETE FROM delivery WHERE id = ?1", sql_int(id));
}

enum store_status sns_store_delivery_delay(struct sns_store *store, int64_t id, int64_t attempts,
                                           int64_t due_ms)
{
    return SNS_EXEC(store, "UPDATE delivery SET attempts = ?2, due_ms = ?3 WHERE id = ?1",
                    sql_int(id), sql_int(attempts), sql_int(due_ms));
}
