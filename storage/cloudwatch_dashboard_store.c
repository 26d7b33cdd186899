/* Dashboards. */
#include "storage/cloudwatch_internal.h"

#define DASHBOARD_COLUMNS "name, body, modified_ms, tags"

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
    return cloudwatch_set_tags_named(
        store, scope, "UPDATE dashboard SET tags = ?3 WHERE scope = ?1 AND name = ?2", name, tags);
}

enum store_status cloudwatch_dashboard_find(struct cloudwatch_store *store,
                                            const struct scope *scope, const char *name,
                                            struct arena *a, struct cloudwatch_dashboard *out)
{
    static const struct cloudwatch_rows one = {"SELECT " DASHBOARD_COLUMNS
                                               " FROM dashboard WHERE scope = ?1 AND name = ?2",
                                               read_dashboard, sizeof(struct cloudwatch_dashboard)};

    return cloudwatch_find_named(store, scope, &one, name, a, out);
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
    static const struct cloudwatch_rows rows = {
        "SELECT " DASHBOARD_COLUMNS
        " FROM dashboard WHERE scope = ?1 AND name > ?2 AND substr(name, 1, length(?3)) = ?3 ORDER "
        "BY name LIMIT ?4",
        read_dashboard, sizeof(struct cloudwatch_dashboard)};
    const struct cloudwatch_names names = {prefix, after, limit};

    return cloudwatch_list_named(store, scope, &rows, &names, a, out, out_count);
}
