/* Dashboards. */
#include "storage/cloudwatch_internal.h"

static void read_dashboard(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct cloudwatch_dashboard *)out = (struct cloudwatch_dashboard){
        .name = sql_column_text(st, 0, a),
        .body = sql_column_text(st, 1, a),
        .modified_ms = sql_column_int(st, 2),
        .tags = sql_column_text(st, 3, a),
    };
}

enum store_status cloudwatch_dashboard_put(struct cloudwatch_store *store,
                                           const struct scope *scope,
                                           const struct cloudwatch_dashboard *dashboard)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_write_begin(store->db, scope, true, &s, &scope_id);

    if (status)
        return status;
    return sql_write_end(
        s, sql_exec(s,
                    "INSERT INTO dashboard (scope, name, body, modified_ms, tags) VALUES (?1, ?2, "
                    "?3, ?4, ?5) ON CONFLICT DO UPDATE SET body = ?3, modified_ms = ?4",
                    sql_int(scope_id), sql_text(dashboard->name), sql_text(dashboard->body),
                    sql_int(dashboard->modified_ms), sql_text(dashboard->tags)));
}

enum store_status cloudwatch_dashboard_set_tags(struct cloudwatch_store *store,
                                                const struct scope *scope, const char *name,
                                                const char *tags)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_write_begin(store->db, scope, true, &s, &scope_id);

    if (status)
        return status;
    status = sql_exec(s, "UPDATE dashboard SET tags = ?3 WHERE scope = ?1 AND name = ?2",
                      sql_int(scope_id), sql_text(name), sql_text(tags));
    return sql_write_end(s, cloudwatch_changed(s, status));
}

enum store_status cloudwatch_dashboard_find(struct cloudwatch_store *store,
                                            const struct scope *scope, const char *name,
                                            struct arena *a, struct cloudwatch_dashboard *out)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    if (status)
        return status;
    status = sql_row(sql_query(s,
                               "SELECT name, body, modified_ms, tags FROM dashboard WHERE scope = "
                               "?1 AND name = ?2",
                               sql_int(scope_id), sql_text(name)),
                     read_dashboard, a, out);
    sql_read_end(s);
    return status;
}

enum store_status cloudwatch_dashboards_delete(struct cloudwatch_store *store,
                                               const struct scope *scope, const char *const *names,
                                               size_t count, const char **out_missing)
{
    return cloudwatch_delete_named(store, scope,
                                   "DELETE FROM dashboard WHERE scope = ?1 AND name = ?2", names,
                                   count, out_missing);
}

enum store_status cloudwatch_dashboard_list(struct cloudwatch_store *store,
                                            const struct scope *scope, const char *prefix,
                                            const char *after, size_t limit, struct arena *a,
                                            struct cloudwatch_dashboard *out, size_t *out_count)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    *out_count = 0;
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    status = sql_rows(sql_query(s,
                                "SELECT name, body, modified_ms, tags FROM dashboard WHERE scope = "
                                "?1 AND name > ?2 AND substr(name, 1, length(?3)) = ?3 ORDER BY "
                                "name LIMIT ?4",
                                sql_int(scope_id), sql_text(after), sql_text(prefix),
                                sql_int((int64_t)limit)),
                      read_dashboard, a, out, limit, out_count);
    sql_read_end(s);
    return status;
}
