/* User defined functions. */
#include "storage/glue_internal.h"

#define FUNCTIONS                                                                                  \
    "SELECT f.id, d.name, f.name, f.created_ms, f.document FROM user_function AS f JOIN db AS d"   \
    " ON d.id = f.db"

static void read_function(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct glue_function_row *)out = (struct glue_function_row){
        .id = sql_column_int(st, 0),
        .database = sql_column_text(st, 1, a),
        .name = sql_column_text(st, 2, a),
        .created_ms = sql_column_int(st, 3),
        .document = sql_column_text(st, 4, a),
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
                          "INSERT INTO user_function (db, name, created_ms, document)"
                          " VALUES (?1, ?2, ?3, ?4)",
                          sql_int(database_id), sql_text(function->name),
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

enum store_status glue_function_update(struct glue_store *store, int64_t id, const char *document)
{
    return glue_change(store, "UPDATE user_function SET document = ?2 WHERE id = ?1", sql_int(id),
                       sql_text(document));
}

enum store_status glue_function_delete(struct glue_store *store, int64_t id)
{
    return glue_change(store, "DELETE FROM user_function WHERE id = ?1", sql_int(id));
}

enum store_status glue_function_list(struct glue_store *store, const struct scope *scope,
                                     const struct glue_function_filter *filter, size_t limit,
                                     struct arena *a, struct glue_function_row *out,
                                     size_t *out_count)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t scope_id;
    size_t count = 0;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    *out_count = 0;
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    st = sql_query(s,
                   FUNCTIONS " WHERE d.scope = ?1 AND (?2 = 0 OR f.db = ?2) AND f.id > ?3"
                             " ORDER BY f.id",
                   sql_int(scope_id), sql_int(filter->database_id), sql_int(filter->after_id));
    while (count < limit && !(status = sql_step(st))) {
        read_function(st, a, &out[count]);
        if (!filter->wanted || filter->wanted(&out[count], filter->context))
            count++;
    }
    sql_read_end(s);
    if (status && status != STORE_NOT_FOUND)
        return status;
    *out_count = count;
    return STORE_OK;
}
