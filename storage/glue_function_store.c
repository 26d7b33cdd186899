/* User defined functions. */
#include "storage/glue_internal.h"

#define FUNCTIONS                                                                                  \
    "SELECT f.id, d.name, f.name, f.type, f.created_ms, f.document FROM user_function AS f"        \
    " JOIN db AS d ON d.id = f.db"

static void read_function(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct glue_function_row *)out = (struct glue_function_row){
        .id = sql_column_int(st, 0),
        .database = sql_column_text(st, 1, a),
        .name = sql_column_text(st, 2, a),
        .type = sql_column_text(st, 3, a),
        .created_ms = sql_column_int(st, 4),
        .document = sql_column_text(st, 5, a),
    };
}

enum store_status glue_function_create(struct glue_store *store, int64_t database_id,
                                       const struct glue_function_row *function)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = glue_database_exists(s, database_id);
    if (!status)
        status = sql_exec(s,
                          "INSERT INTO user_function (db, name, type, created_ms, document)"
                          " VALUES (?1, ?2, ?3, ?4, ?5)",
                          sql_int(database_id), sql_text(function->name), sql_text(function->type),
                          sql_int(function->created_ms), sql_text(function->document));
    return sql_write_end(s, status);
}

enum store_status glue_function_find(struct glue_store *store, int64_t database_id,
                                     const char *name, struct arena *a,
                                     struct glue_function_row *out)
{
    return glue_row(store, read_function, a, out, FUNCTIONS " WHERE f.db = ?1 AND f.name = ?2",
                    sql_int(database_id), sql_text(name));
}

enum store_status glue_function_update(struct glue_store *store, int64_t id, const char *type,
                                       const char *document)
{
    return glue_change(store, "UPDATE user_function SET type = ?2, document = ?3 WHERE id = ?1",
                       sql_int(id), sql_text(type), sql_text(document));
}

enum store_status glue_function_delete(struct glue_store *store, int64_t id)
{
    return glue_change(store, "DELETE FROM user_function WHERE id = ?1", sql_int(id));
}

enum store_status glue_function_list(struct glue_store *store, const struct scope *scope,
                                     const struct glue_filter *filter, size_t limit,
                                     struct arena *a, struct glue_function_row *out,
                                     size_t *out_count, bool *out_more)
{
    const struct glue_list list = {
        .limit = limit,
        .read = read_function,
        .row_size = sizeof(*out),
        .document = offsetof(struct glue_function_row, document),
        .whole = FUNCTIONS " WHERE f.id = ?1",
        .of_database = "SELECT id, name FROM user_function WHERE db = ?1 AND name > ?3"
                       " AND (?4 IS NULL OR type = ?4) ORDER BY name",
        .of_scope = "SELECT f.id, f.name FROM db AS d CROSS JOIN user_function AS f ON f.db = d.id"
                    " WHERE d.scope = ?1 AND d.name >= ?2 AND (d.name, f.name) > (?2, ?3)"
                    " AND (?4 IS NULL OR f.type = ?4) ORDER BY d.name, f.name",
        .typed = true,
        .filter = filter,
    };

    return glue_list_filtered(store, scope, &list, a, out, out_count, out_more);
}
