/*
 * Subscription filters with what they have not delivered yet, and metric filters.
 */
#include "storage/logs_internal.h"
#include "storage/scope.h"

/* --- subscriptions --- */

#define SUBSCRIPTION_COLUMNS                                                                       \
    "s.name, s.pattern, s.destination, s.role, s.distribution, s.created_ms"

static struct logs_subscription subscription_at(struct sql_stmt *st, int first, struct arena *a)
{
    return (struct logs_subscription){
        .name = sql_column_text(st, first, a),
        .pattern = sql_column_text(st, first + 1, a),
        .destination = sql_column_text(st, first + 2, a),
        .role = sql_column_text(st, first + 3, a),
        .distribution = sql_column_text(st, first + 4, a),
        .created_ms = sql_column_int(st, first + 5),
    };
}

static void read_subscription(struct sql_stmt *st, struct arena *a, void *out)
{
    struct logs_subscription *row = out;

    *row = subscription_at(st, 0, a);
}

/* Whether the group may have one more of that name, in a write. */
static enum store_status check_room(struct sql *s, int64_t group_id, const char *name)
{
    struct sql_stmt *st =
        sql_query(s,
                  "SELECT count(*) FROM subscription WHERE group_id = ?1 AND name "
                  "<> ?2",
                  sql_int(group_id), sql_text(name));
    enum store_status status = sql_step(st);

    if (status)
        return status;
    int64_t others = sql_column_int(st, 0);
    sql_reset(st);
    return others >= LOGS_SUBSCRIPTIONS_MAX ? STORE_LIMIT : STORE_OK;
}

enum store_status logs_subscription_put(struct logs_store *store, const struct scope *scope,
                                        const char *group, const struct logs_subscription *sub)
{
    struct sql *s;
    int64_t scope_id, group_id;
    int retention_days;
    enum store_status status = logs_begin_write(store, scope, &s, &scope_id);

    if (status)
        return status;
    status = logs_group_id(s, scope_id, group, &group_id, &retention_days);
    if (!status)
        status = check_room(s, group_id, sub->name);
    if (!status)
        status = sql_exec(s,
                          "INSERT INTO subscription (group_id, name, pattern, destination, role, "
                          "distribution, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON "
                          "CONFLICT (group_id, name) DO UPDATE SET pattern = ?3, destination = ?4, "
                          "role = ?5, distribution = ?6",
                          sql_int(group_id), sql_text(sub->name), sql_text(sub->pattern),
                          sql_text(sub->destination), sql_text(sub->role),
                          sql_text(sub->distribution), sql_int(sub->created_ms));
    status = sql_write_end(s, status);
    if (!status)
        atomic_store(&store->subscribed, true);
    return status;
}

enum store_status logs_subscription_delete(struct logs_store *store, const struct scope *scope,
                                           const char *group, const char *name)
{
    struct sql *s;
    int64_t scope_id, group_id;
    int retention_days;
    enum store_status status = logs_begin_write(store, scope, &s, &scope_id);

    if (status)
        return status;
    status = logs_group_id(s, scope_id, group, &group_id, &retention_days);
    if (!status)
        status = sql_exec(s,
                          "DELETE FROM outbox WHERE subscription_id = (SELECT id FROM subscription "
                          "WHERE group_id = ?1 AND name = ?2)",
                          sql_int(group_id), sql_text(name));
    if (!status) {
        status = sql_exec(s, "DELETE FROM subscription WHERE group_id = ?1 AND name = ?2",
                          sql_int(group_id), sql_text(name));
        if (!status && sql_changes(s) == 0)
            status = STORE_CONFLICT;
    }
    return sql_write_end(s, status);
}

enum store_status logs_subscription_list(struct logs_store *store, const struct scope *scope,
                                         const char *group, const struct logs_filter_list *list,
                                         struct arena *a, struct logs_subscription **out,
                                         size_t *out_count)
{
    struct sql *s;
    int64_t scope_id, group_id;
    int retention_days;
    enum store_status status = logs_begin_read(store, scope, &s, &scope_id);

    *out = ARENA_ARRAY(a, struct logs_subscription, list->limit);
    *out_count = 0;
    if (status)
        return status;
    status = logs_group_id(s, scope_id, group, &group_id, &retention_days);
    if (!status)
        status = sql_rows(
            sql_query(s,
                      "SELECT " SUBSCRIPTION_COLUMNS " FROM subscription s WHERE group_id = ?1 AND "
                      "substr(name, 1, length(?2)) = ?2 AND name > ?3 ORDER BY name LIMIT ?4",
                      sql_int(group_id), sql_text(list->prefix), sql_text(list->after),
                      sql_int((int64_t)list->limit)),
            read_subscription, a, *out, list->limit, out_count);
    sql_read_end(s);
    return status;
}

/* --- what they have not delivered --- */

enum store_status logs_outbox_note(struct sql *s, int64_t group_id, int64_t stream_id,
                                   int64_t first_event, int64_t last_event)
{
    return sql_exec(s,
                    "INSERT INTO outbox (subscription_id, stream_id, first_event, last_event) "
                    "SELECT id, ?2, ?3, ?4 FROM subscription WHERE group_id = ?1",
                    sql_int(group_id), sql_int(stream_id), sql_int(first_event),
                    sql_int(last_event));
}

static void load_flag(atomic_bool *flag, struct sql_stmt *st)
{
    if (sql_step(st) == STORE_OK) {
        atomic_store(flag, true);
        sql_reset(st);
    }
}

static void read_delivery(struct sql_stmt *st, struct arena *a, void *out)
{
    struct logs_delivery *row = out;

    *row = (struct logs_delivery){
        .id = sql_column_int(st, 0),
        .account = sql_column_text(st, 1, a),
        .region = sql_column_text(st, 2, a),
        .group = sql_column_text(st, 3, a),
        .stream = sql_column_text(st, 4, a),
        .stream_id = sql_column_int(st, 5),
        .first_event = sql_column_int(st, 6),
        .last_event = sql_column_int(st, 7),
        .subscription = subscription_at(st, 8, a),
    };
}

enum store_status logs_outbox_next(struct logs_store *store, int64_t after, struct arena *a,
                                   struct logs_delivery *out)
{
    struct sql *s;
    enum store_status status = lazy_read_begin(store->db, &s);

    if (status)
        return status;
    if (!after)
        load_flag(&store->subscribed, sql_prepare(s, "SELECT 1 FROM subscription LIMIT 1"));
    load_flag(&store->metered, sql_prepare(s, "SELECT 1 FROM metric_filter LIMIT 1"));
    status = sql_row(
        sql_query(s,
                  "SELECT o.id, account, region, g.name, t.name, o.stream_id, o.first_event, "
                  "o.last_event, " SUBSCRIPTION_COLUMNS
                  " FROM outbox o JOIN subscription s ON s.id = o.subscription_id JOIN log_group g "
                  "ON g.id = "
                  "s.group_id JOIN log_stream t ON t.id = o.stream_id JOIN scope c ON c.id = "
                  "g.scope WHERE "
                  "o.id > ?1 ORDER BY o.id LIMIT 1",
                  sql_int(after)),
        read_delivery, a, out);
    sql_read_end(s);
    return status;
}

static void read_outbox_event(struct sql_stmt *st, struct arena *a, void *out)
{
    struct logs_outbox_event *row = out;

    *row = (struct logs_outbox_event){.id = sql_column_int(st, 0),
                                      .time_ms = sql_column_int(st, 1),
                                      .text = sql_column_text(st, 2, a)};
}

enum store_status logs_outbox_events(struct logs_store *store, const struct logs_delivery *d,
                                     size_t max, struct arena *a, struct logs_outbox_event *out,
                                     size_t *out_count)
{
    struct sql *s;
    enum store_status status = lazy_read_begin(store->db, &s);

    *out_count = 0;
    if (status)
        return status;
    status = sql_rows(sql_query(s,
                                "SELECT id, time_ms, message FROM event WHERE id BETWEEN ?1 AND "
                                "?2 AND stream_id = ?3 ORDER BY id LIMIT ?4",
                                sql_int(d->first_event), sql_int(d->last_event),
                                sql_int(d->stream_id), sql_int((int64_t)max)),
                      read_outbox_event, a, out, max, out_count);
    sql_read_end(s);
    return status;
}

enum store_status logs_outbox_done(struct logs_store *store, int64_t id)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    return sql_write_end(s, sql_exec(s, "DELETE FROM outbox WHERE id = ?1", sql_int(id)));
}

bool logs_is_subscribed(const struct logs_store *store)
{
    return atomic_load(&store->subscribed);
}

/* --- metric filters --- */

enum store_status logs_metric_put(struct logs_store *store, const struct scope *scope,
                                  const char *group, const struct logs_metric *m)
{
    struct sql *s;
    int64_t scope_id, group_id;
    int retention_days;
    enum store_status status = logs_begin_write(store, scope, &s, &scope_id);

    if (status)
        return status;
    status = logs_group_id(s, scope_id, group, &group_id, &retention_days);
    if (!status)
        status = sql_exec(s,
                          "INSERT INTO metric_filter (group_id, name, pattern, transformations, "
                          "created_ms) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (group_id, name) DO "
                          "UPDATE SET pattern = ?3, transformations = ?4",
                          sql_int(group_id), sql_text(m->name), sql_text(m->pattern),
                          sql_text(m->transformations), sql_int(m->created_ms));
    status = sql_write_end(s, status);
    if (!status)
        atomic_store(&store->metered, true);
    return status;
}

bool logs_is_metered(const struct logs_store *store)
{
    return atomic_load(&store->metered);
}

enum store_status logs_metric_delete(struct logs_store *store, const struct scope *scope,
                                     const char *group, const char *name)
{
    struct sql *s;
    int64_t scope_id, group_id;
    int retention_days;
    enum store_status status = logs_begin_write(store, scope, &s, &scope_id);

    if (status)
        return status;
    status = logs_group_id(s, scope_id, group, &group_id, &retention_days);
    if (!status) {
        status = sql_exec(s, "DELETE FROM metric_filter WHERE group_id = ?1 AND name = ?2",
                          sql_int(group_id), sql_text(name));
        if (!status && sql_changes(s) == 0)
            status = STORE_CONFLICT;
    }
    return sql_write_end(s, status);
}

static void read_metric(struct sql_stmt *st, struct arena *a, void *out)
{
    struct logs_metric *row = out;

    *row = (struct logs_metric){
        .group = sql_column_text(st, 0, a),
        .name = sql_column_text(st, 1, a),
        .pattern = sql_column_text(st, 2, a),
        .transformations = sql_column_text(st, 3, a),
        .created_ms = sql_column_int(st, 4),
    };
}

enum store_status logs_metric_list(struct logs_store *store, const struct scope *scope,
                                   const char *group, const struct logs_filter_list *list,
                                   struct arena *a, struct logs_metric **out, size_t *out_count)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = logs_begin_read(store, scope, &s, &scope_id);

    *out = ARENA_ARRAY(a, struct logs_metric, list->limit);
    *out_count = 0;
    if (!status) {
        status = sql_rows(sql_query(s,
                                    "SELECT g.name, f.name, pattern, transformations, f.created_ms "
                                    "FROM metric_filter f "
                                    "JOIN log_group g ON g.id = group_id WHERE g.scope = ?1 AND "
                                    "(?2 IS NULL OR g.name = "
                                    "?2) AND substr(f.name, 1, length(?3)) = ?3 AND f.name || ' ' "
                                    "|| g.name > ?4 ORDER BY "
                                    "f.name || ' ' || g.name LIMIT ?5",
                                    sql_int(scope_id), sql_text(group), sql_text(list->prefix),
                                    sql_text(list->after), sql_int((int64_t)list->limit)),
                          read_metric, a, *out, list->limit, out_count);
        sql_read_end(s);
    }
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}
