/* Subscriptions. */
#include "storage/sns_internal.h"

#define COLUMNS                                                                                    \
    "subscription.id, topic, uuid, protocol, endpoint, owner, principal, origin, token, pending,"  \
    " authenticated, guarded, subscription.attributes"
#define WITH_TOPIC                                                                                 \
    "SELECT " COLUMNS ", account, region, name FROM subscription"                                  \
    " JOIN topic ON topic.id = subscription.topic JOIN scope ON scope.id = topic.scope"

static void read_row(struct sql_stmt *st, struct arena *a, bool with_topic,
                     struct sns_subscription *out)
{
    *out = (struct sns_subscription){
        .id = sql_column_int(st, 0),
        .topic = sql_column_int(st, 1),
        .uuid = sql_column_text(st, 2, a),
        .protocol = sql_column_text(st, 3, a),
        .endpoint = sql_column_text(st, 4, a),
        .owner = sql_column_text(st, 5, a),
        .principal = sql_column_text(st, 6, a),
        .origin = sql_column_text(st, 7, a),
        .token = sql_column_text(st, 8, a),
        .pending = sql_column_int(st, 9) != 0,
        .authenticated = sql_column_int(st, 10) != 0,
        .guarded = sql_column_int(st, 11) != 0,
        .attributes = sql_column_text(st, 12, a),
    };
    if (!with_topic)
        return;
    out->account = sql_column_text(st, 13, a);
    out->region = sql_column_text(st, 14, a);
    out->topic_name = sql_column_text(st, 15, a);
}

static enum store_status one_row(struct sql_stmt *st, struct arena *a, struct sns_subscription *out)
{
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK) {
        read_row(st, a, true, out);
        sql_reset(st);
    }
    return rc;
}

static enum store_status find_same(struct sql *s, const struct sns_subscription *n, struct arena *a,
                                   struct sns_subscription *out)
{
    return one_row(sql_query(s,
                             WITH_TOPIC " WHERE subscription.topic = ?1 AND protocol = ?2"
                                        " AND endpoint = ?3",
                             sql_int(n->topic), sql_text(n->protocol), sql_text(n->endpoint)),
                   a, out);
}

static enum store_status insert(struct sql *s, const struct sns_subscription *n)
{
    return sql_exec(s,
                    "INSERT INTO subscription (topic, uuid, protocol, endpoint, owner, principal,"
                    " origin, pending, authenticated, token, attributes) SELECT id, ?2, ?3, ?4, ?5,"
                    " ?6, ?7, ?8, ?9, ?10, ?11 FROM topic WHERE id = ?1",
                    sql_int(n->topic), sql_text(n->uuid), sql_text(n->protocol),
                    sql_text(n->endpoint), sql_text(n->owner), sql_text(n->principal),
                    sql_text(n->origin), sql_int(n->pending), sql_int(n->authenticated),
                    sql_text(n->token), sql_text(n->attributes));
}

enum store_status sns_store_subscribe(struct sns_store *store,
                                      const struct sns_subscription *subscription, struct arena *a,
                                      struct sns_subscription *out)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);
    bool exists;

    if (rc != STORE_OK)
        return rc;
    rc = find_same(s, subscription, a, out);
    exists = rc == STORE_OK;
    if (rc == STORE_NOT_FOUND) {
        rc = insert(s, subscription);
        if (rc == STORE_OK)
            rc = find_same(s, subscription, a, out);
    }
    rc = sql_write_end(s, rc);
    return rc == STORE_OK && exists ? STORE_EXISTS : rc;
}

static enum store_status find_by(struct sns_store *store, const char *query, const char *value,
                                 struct arena *a, struct sns_subscription *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = one_row(sql_query(s, query, sql_text(value)), a, out);
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_subscription_find(struct sns_store *store, const char *uuid,
                                              struct arena *a, struct sns_subscription *out)
{
    return find_by(store, WITH_TOPIC " WHERE uuid = ?1", uuid, a, out);
}

enum store_status sns_store_subscription_by_token(struct sns_store *store, const char *token,
                                                  struct arena *a, struct sns_subscription *out)
{
    return find_by(store, WITH_TOPIC " WHERE token = ?1", token, a, out);
}

enum store_status sns_store_subscription_of_id(struct sns_store *store, int64_t id, struct arena *a,
                                               struct sns_subscription *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = one_row(sql_query(s, WITH_TOPIC " WHERE subscription.id = ?1", sql_int(id)), a, out);
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_confirm(struct sns_store *store, int64_t id, bool guarded)
{
    return SNS_EXEC(store,
                    "UPDATE subscription SET pending = 0, authenticated = ?2, guarded = ?2"
                    " WHERE id = ?1 AND pending",
                    sql_int(id), sql_int(guarded));
}

enum store_status sns_store_unsubscribe(struct sns_store *store, int64_t id)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_exec(s,
                  "UPDATE topic SET deleted = deleted + 1"
                  " WHERE id = (SELECT topic FROM subscription WHERE id = ?1)",
                  sql_int(id));
    if (rc == STORE_OK)
        rc = sql_exec(s, "DELETE FROM subscription WHERE id = ?1", sql_int(id));
    return sql_write_end(s, rc);
}

static enum store_status read_rows(struct sql_stmt *st, size_t limit, bool with_topic,
                                   struct arena *a, struct sns_subscriptions *out)
{
    enum store_status rc = STORE_OK;

    *out = (struct sns_subscriptions){0};
    while (out->count < limit && (rc = sql_step(st)) == STORE_OK) {
        out->items = sns_grow(a, out->items, out->count, sizeof(*out->items));
        read_row(st, a, with_topic, &out->items[out->count++]);
    }
    return sns_rows_end(rc);
}

enum store_status sns_store_subscription_list(struct sns_store *store, const struct scope *scope,
                                              int64_t topic, int64_t after, size_t limit,
                                              struct arena *a, struct sns_subscriptions *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out = (struct sns_subscriptions){0};
    if (rc != STORE_OK)
        return sns_rows_end(rc);
    if (topic)
        st = sql_query(s,
                       WITH_TOPIC " WHERE subscription.topic = ?1 AND subscription.id > ?2"
                                  " ORDER BY subscription.id LIMIT ?3",
                       sql_int(topic), sql_int(after), sql_int((int64_t)limit));
    else
        st = sql_query(s,
                       WITH_TOPIC " WHERE account = ?1 AND region = ?2 AND subscription.id > ?3"
                                  " ORDER BY subscription.id LIMIT ?4",
                       sql_text(scope->account), sql_text(scope->region), sql_int(after),
                       sql_int((int64_t)limit));
    rc = read_rows(st, limit, true, a, out);
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_subscriptions_of(struct sns_store *store, const struct scope *scope,
                                             const char *topic, struct arena *a,
                                             struct sns_topic *out_topic,
                                             struct sns_subscriptions *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s,
                   "SELECT topic.id, attributes, sequence FROM topic JOIN scope ON scope.id = scope"
                   " WHERE account = ?1 AND region = ?2 AND name = ?3",
                   sql_text(scope->account), sql_text(scope->region), sql_text(topic));
    rc = sql_step(st);
    if (rc == STORE_OK) {
        *out_topic = (struct sns_topic){.id = sql_column_int(st, 0),
                                        .name = topic,
                                        .attributes = sql_column_text(st, 1, a),
                                        .sequence = sql_column_int(st, 2)};
        sql_reset(st);
        rc = read_rows(sql_query(s,
                                 "SELECT " COLUMNS " FROM subscription WHERE topic = ?1"
                                 " AND NOT pending",
                                 sql_int(out_topic->id)),
                       SIZE_MAX, false, a, out);
    }
    sql_read_end(s);
    return rc;
}
