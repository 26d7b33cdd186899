/* Alarms and their history. */
#include "storage/cloudwatch_internal.h"

#define ALARM_COLUMNS "account, region, name, document, tags, composite"
#define ALARM_TABLES "alarm JOIN scope ON scope.id = alarm.scope"

static void read_alarm(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct cloudwatch_alarm *)out = (struct cloudwatch_alarm){
        .account = sql_column_text(st, 0, a),
        .region = sql_column_text(st, 1, a),
        .name = sql_column_text(st, 2, a),
        .document = sql_column_text(st, 3, a),
        .tags = sql_column_text(st, 4, a),
        .composite = sql_column_int(st, 5) != 0,
    };
}

enum store_status cloudwatch_alarm_put(struct cloudwatch_store *store, const struct scope *scope,
                                       const struct cloudwatch_alarm *alarm)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_write_begin(store->db, scope, true, &s, &scope_id);

    if (status)
        return status;
    return sql_write_end(
        s, sql_exec(s,
                    "INSERT INTO alarm (scope, name, document, tags, composite) VALUES (?1, ?2, "
                    "?3, ?4, ?5) ON CONFLICT DO UPDATE SET document = ?3",
                    sql_int(scope_id), sql_text(alarm->name), sql_text(alarm->document),
                    sql_text(alarm->tags), sql_int(alarm->composite)));
}

enum store_status cloudwatch_alarm_change(struct cloudwatch_store *store, const struct scope *scope,
                                          const char *name, const char *old, const char *document)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_write_begin(store->db, scope, true, &s, &scope_id);

    if (status)
        return status;
    status = sql_exec(s,
                      "UPDATE alarm SET document = ?4 WHERE scope = ?1 AND name = ?2 AND document "
                      "= ?3",
                      sql_int(scope_id), sql_text(name), sql_text(old), sql_text(document));
    status = cloudwatch_changed(s, status);
    return sql_write_end(s, status == STORE_NOT_FOUND ? STORE_CONFLICT : status);
}

enum store_status cloudwatch_alarm_set_tags(struct cloudwatch_store *store,
                                            const struct scope *scope, const char *name,
                                            const char *tags)
{
    return cloudwatch_set_tags_named(
        store, scope, "UPDATE alarm SET tags = ?3 WHERE scope = ?1 AND name = ?2", name, tags);
}

enum store_status cloudwatch_alarm_find(struct cloudwatch_store *store, const struct scope *scope,
                                        const char *name, struct arena *a,
                                        struct cloudwatch_alarm *out)
{
    static const struct cloudwatch_rows one = {"SELECT " ALARM_COLUMNS " FROM " ALARM_TABLES
                                               " WHERE scope.id = ?1 AND name = ?2",
                                               read_alarm, sizeof(struct cloudwatch_alarm)};

    return cloudwatch_find_named(store, scope, &one, name, a, out);
}

enum store_status cloudwatch_alarms_delete(struct cloudwatch_store *store,
                                           const struct scope *scope, const char *const *names,
                                           size_t count, const char **out_missing)
{
    return cloudwatch_delete_named(store, scope, "DELETE FROM alarm WHERE scope = ?1 AND name = ?2",
                                   names, count, out_missing);
}

enum store_status cloudwatch_alarm_list(struct cloudwatch_store *store, const struct scope *scope,
                                        const char *prefix, const char *after, size_t limit,
                                        struct arena *a, struct cloudwatch_alarm *out,
                                        size_t *out_count)
{
    static const struct cloudwatch_rows rows = {
        "SELECT " ALARM_COLUMNS " FROM " ALARM_TABLES
        " WHERE scope.id = ?1 AND name > ?2 AND substr(name, 1, length(?3)) = ?3 ORDER BY name "
        "LIMIT ?4",
        read_alarm, sizeof(struct cloudwatch_alarm)};
    const struct cloudwatch_names names = {prefix, after, limit};

    return cloudwatch_list_named(store, scope, &rows, &names, a, out, out_count);
}

enum store_status cloudwatch_alarm_visit(struct cloudwatch_store *store,
                                         void (*visit)(const struct cloudwatch_alarm *alarm,
                                                       void *context),
                                         void *context)
{
    struct arena a;
    struct sql *s;
    enum store_status status = lazy_read_begin(store->db, &s);

    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    struct sql_stmt *st = sql_prepare(s, "SELECT " ALARM_COLUMNS " FROM " ALARM_TABLES);
    arena_init(&a);
    while (!(status = sql_step(st))) {
        struct cloudwatch_alarm alarm;

        read_alarm(st, &a, &alarm);
        visit(&alarm, context);
        arena_reset(&a);
    }
    arena_release(&a);
    sql_read_end(s);
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}

/* --- history --- */

static void read_item(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct cloudwatch_history_item *)out = (struct cloudwatch_history_item){
        .id = sql_column_int(st, 0),
        .alarm = sql_column_text(st, 1, a),
        .at_ms = sql_column_int(st, 2),
        .document = sql_column_text(st, 3, a),
    };
}

enum store_status cloudwatch_history_add(struct cloudwatch_store *store, const struct scope *scope,
                                         const struct cloudwatch_history_item *item)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_write_begin(store->db, scope, true, &s, &scope_id);

    if (status)
        return status;
    return sql_write_end(s, sql_exec(s,
                                     "INSERT INTO alarm_history (scope, alarm, at_ms, document) "
                                     "VALUES (?1, ?2, ?3, ?4)",
                                     sql_int(scope_id), sql_text(item->alarm), sql_int(item->at_ms),
                                     sql_text(item->document)));
}

enum store_status cloudwatch_history_list(struct cloudwatch_store *store, const struct scope *scope,
                                          const struct cloudwatch_history_filter *filter,
                                          size_t limit, struct arena *a,
                                          struct cloudwatch_history_item *out, size_t *out_count)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    *out_count = 0;
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    /* Items are written as they happen: the order of their ids is that of their times. */
    status = sql_rows(
        sql_query(s,
                  filter->ascending
                      ? "SELECT id, alarm, at_ms, document FROM alarm_history WHERE scope = ?1 AND "
                        "(?2 IS NULL OR alarm = ?2) AND at_ms BETWEEN ?3 AND ?4 AND id > ?5 ORDER "
                        "BY id LIMIT ?6"
                      : "SELECT id, alarm, at_ms, document FROM alarm_history WHERE scope = ?1 AND "
                        "(?2 IS NULL OR alarm = ?2) AND at_ms BETWEEN ?3 AND ?4 AND (?5 = 0 OR id "
                        "< ?5) ORDER BY id DESC LIMIT ?6",
                  sql_int(scope_id), sql_text(filter->alarm), sql_int(filter->from_ms),
                  sql_int(filter->until_ms), sql_int(filter->after_id), sql_int((int64_t)limit)),
        read_item, a, out, limit, out_count);
    sql_read_end(s);
    return status;
}
