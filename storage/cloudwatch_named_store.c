/*
 * Alarms and dashboards are alike: documents that have a name in a scope, and tags. What is done
 * with a document by its name stands here; the statements are those of its table.
 */
#include "storage/cloudwatch_internal.h"

enum store_status cloudwatch_changed(struct sql *s, enum store_status status)
{
    return status == STORE_OK && sql_changes(s) == 0 ? STORE_NOT_FOUND : status;
}

enum store_status cloudwatch_delete_named(struct cloudwatch_store *store, const struct scope *scope,
                                          const char *statement, const char *const *names,
                                          size_t count, const char **out_missing)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_write_begin(store->db, scope, true, &s, &scope_id);

    if (status)
        return status;
    for (size_t i = 0; i < count && !status; i++) {
        *out_missing = names[i];
        status =
            cloudwatch_changed(s, sql_exec(s, statement, sql_int(scope_id), sql_text(names[i])));
    }
    return sql_write_end(s, status);
}

enum store_status cloudwatch_set_tags_named(struct cloudwatch_store *store,
                                            const struct scope *scope, const char *statement,
                                            const char *name, const char *tags)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_write_begin(store->db, scope, true, &s, &scope_id);

    if (status)
        return status;
    status = sql_exec(s, statement, sql_int(scope_id), sql_text(name), sql_text(tags));
    return sql_write_end(s, cloudwatch_changed(s, status));
}

enum store_status cloudwatch_find_named(struct cloudwatch_store *store, const struct scope *scope,
                                        const struct cloudwatch_rows *rows, const char *name,
                                        struct arena *a, void *out)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    if (status)
        return status;
    status = sql_row(sql_query(s, rows->statement, sql_int(scope_id), sql_text(name)), rows->read,
                     a, out);
    sql_read_end(s);
    return status;
}

enum store_status cloudwatch_list_named(struct cloudwatch_store *store, const struct scope *scope,
                                        const struct cloudwatch_rows *rows,
                                        const struct cloudwatch_names *names, struct arena *a,
                                        void *out, size_t *out_count)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    *out_count = 0;
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    status = sql_rows_sized(sql_query(s, rows->statement, sql_int(scope_id), sql_text(names->after),
                                      sql_text(names->prefix), sql_int((int64_t)names->limit)),
                            rows->read, a, out, rows->size, names->limit, out_count);
    sql_read_end(s);
    return status;
}
