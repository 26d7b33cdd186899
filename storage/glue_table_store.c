/* Tables, their versions and their partition indexes. */
#include "storage/glue_internal.h"

#define TABLE_COLUMNS                                                                              \
    "t.id, d.name, t.name, t.version, t.created_ms, t.updated_ms, t.created_by, t.document"

static void read_table(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct glue_table_row *)out = (struct glue_table_row){
        .id = sql_column_int(st, 0),
        .database = sql_column_text(st, 1, a),
        .name = sql_column_text(st, 2, a),
        .version = sql_column_int(st, 3),
        .created_ms = sql_column_int(st, 4),
        .updated_ms = sql_column_int(st, 5),
        .created_by = sql_column_text(st, 6, a),
        .document = sql_column_text(st, 7, a),
    };
}

static enum store_status insert_index(struct sql *s, int64_t table_id,
                                      const struct glue_index_row *index)
{
    return sql_exec(s, "INSERT INTO partition_index (table_id, name, fields) VALUES (?1, ?2, ?3)",
                    sql_int(table_id), sql_text(index->name), sql_text(index->fields));
}

enum store_status glue_table_create(struct glue_store *store, int64_t database_id,
                                    const struct glue_table_row *table,
                                    const struct glue_index_row *indexes, size_t index_count)
{
    struct sql *s;
    int64_t id;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = glue_database_exists(s, database_id);
    if (!status)
        status = sql_exec(s,
                          "INSERT INTO catalog_table (db, name, version, created_ms, updated_ms,"
                          " created_by, document) VALUES (?1, ?2, 0, ?3, ?3, ?4, ?5)",
                          sql_int(database_id), sql_text(table->name), sql_int(table->created_ms),
                          sql_text(table->created_by), sql_text(table->document));
    id = sql_last_rowid(s);
    for (size_t i = 0; i < index_count && !status; i++)
        status = insert_index(s, id, &indexes[i]);
    return sql_write_end(s, status);
}

enum store_status glue_table_find(struct glue_store *store, const struct scope *scope,
                                  const char *database, const char *name, struct arena *a,
                                  struct glue_table_row *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t scope_id;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    if (status)
        return status == STORE_NOT_FOUND ? STORE_CONFLICT : status;
    st = sql_query(s,
                   "SELECT " TABLE_COLUMNS
                   " FROM db AS d LEFT JOIN catalog_table AS t ON t.db = d.id AND t.name = ?3"
                   " WHERE d.scope = ?1 AND d.name = ?2",
                   sql_int(scope_id), sql_text(database), sql_text(name));
    status = sql_step(st);
    if (status == STORE_NOT_FOUND)
        status = STORE_CONFLICT;
    else if (!status && sql_column_is_null(st, 0))
        status = STORE_NOT_FOUND;
    else if (!status)
        read_table(st, a, out);
    sql_read_end(s);
    return status;
}

static enum store_status change_table(struct sql *s, int64_t id,
                                      const struct glue_table_change *change)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT version FROM catalog_table WHERE id = ?1", sql_int(id));
    enum store_status status = sql_step(st);
    int64_t version;

    if (status)
        return status;
    version = sql_column_int(st, 0);
    sql_reset(st);
    if (change->expected_version >= 0 && change->expected_version != version)
        return STORE_CONFLICT;
    if (change->archive)
        status = sql_exec(s,
                          "INSERT INTO table_version (table_id, version, updated_ms, document)"
                          " SELECT id, version, updated_ms, document FROM catalog_table"
                          " WHERE id = ?1",
                          sql_int(id));
    if (status)
        return status;
    return sql_exec(s,
                    "UPDATE catalog_table SET version = version + 1, updated_ms = ?2,"
                    " document = ?3 WHERE id = ?1",
                    sql_int(id), sql_int(change->updated_ms), sql_text(change->document));
}

enum store_status glue_table_update(struct glue_store *store, int64_t id,
                                    const struct glue_table_change *change)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    return status ? status : sql_write_end(s, change_table(s, id, change));
}

enum store_status glue_table_delete(struct glue_store *store, int64_t id)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = sql_exec(s, "DELETE FROM catalog_table WHERE id = ?1", sql_int(id));
    status = glue_changed(s, status);
    if (!status)
        status = sql_exec(s, "INSERT INTO dropped (table_id) VALUES (?1)", sql_int(id));
    return sql_write_end(s, status);
}

enum store_status glue_table_list(struct glue_store *store, const struct scope *scope,
                                  const struct glue_filter *filter, size_t limit, struct arena *a,
                                  struct glue_table_row *out, size_t *out_count, bool *out_more)
{
    const struct glue_list list = {
        .limit = limit,
        .read = read_table,
        .row_size = sizeof(*out),
        .document = offsetof(struct glue_table_row, document),
        .whole = "SELECT " TABLE_COLUMNS
                 " FROM catalog_table AS t JOIN db AS d ON d.id = t.db WHERE t.id = ?1",
        .of_database =
            "SELECT id, name FROM catalog_table WHERE db = ?1 AND name > ?3 ORDER BY name",
        .of_scope = "SELECT t.id, t.name FROM db AS d CROSS JOIN catalog_table AS t ON t.db = d.id"
                    " WHERE d.scope = ?1 AND d.name >= ?2 AND (d.name, t.name) > (?2, ?3)"
                    " ORDER BY d.name, t.name",
        .filter = filter,
    };

    return glue_list_filtered(store, scope, &list, a, out, out_count, out_more);
}

/* --- versions --- */

/* Of one table, newest first; ?2 is above and ?3 below them. */
#define VERSIONS                                                                                   \
    "SELECT t.id, d.name, t.name, v.version, t.created_ms, v.updated_ms, t.created_by, v.document" \
    " FROM catalog_table AS t JOIN db AS d ON d.id = t.db JOIN (SELECT id, version, updated_ms,"   \
    " document FROM catalog_table WHERE id = ?1 UNION ALL SELECT table_id, version, updated_ms,"   \
    " document FROM table_version WHERE table_id = ?1) AS v ON v.id = t.id"                        \
    " WHERE t.id = ?1 AND v.version < ?2 AND v.version > ?3 ORDER BY v.version DESC"

enum store_status glue_version_list(struct glue_store *store, int64_t table_id, int64_t before,
                                    size_t limit, struct arena *a, struct glue_table_row *out,
                                    size_t *out_count, bool *out_more)
{
    const struct glue_list list = {.limit = limit,
                                   .read = read_table,
                                   .row_size = sizeof(*out),
                                   .document = offsetof(struct glue_table_row, document)};
    struct sql *s;
    enum store_status status = lazy_read_begin(store->db, &s);

    *out_count = 0;
    *out_more = false;
    if (status)
        return status;
    status =
        glue_list_read(s, sql_query(s, VERSIONS, sql_int(table_id), sql_int(before), sql_int(-1)),
                       &list, a, out, out_count, out_more);
    sql_read_end(s);
    return status;
}

enum store_status glue_version_find(struct glue_store *store, int64_t table_id, int64_t version,
                                    struct arena *a, struct glue_table_row *out)
{
    if (version < 0 || version == INT64_MAX)
        return STORE_NOT_FOUND;
    return glue_row(store, read_table, a, out, VERSIONS, sql_int(table_id), sql_int(version + 1),
                    sql_int(version - 1));
}

enum store_status glue_version_delete(struct glue_store *store, int64_t table_id, int64_t version)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = glue_exists(sql_query(s, "SELECT 1 FROM catalog_table WHERE id = ?1 AND version = ?2",
                                   sql_int(table_id), sql_int(version)));
    if (status == STORE_OK)
        status = STORE_CONFLICT; /* it is the newest */
    else if (status == STORE_NOT_FOUND)
        status = glue_changed(
            s, sql_exec(s, "DELETE FROM table_version WHERE table_id = ?1 AND version = ?2",
                        sql_int(table_id), sql_int(version)));
    return sql_write_end(s, status);
}

/* --- partition indexes --- */

static void read_index(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct glue_index_row *)out = (struct glue_index_row){
        .name = sql_column_text(st, 0, a),
        .fields = sql_column_text(st, 1, a),
    };
}

static enum store_status list_indexes(struct sql *s, int64_t table_id, struct arena *a,
                                      struct glue_index_row *out, size_t *out_count)
{
    return sql_rows(sql_query(s,
                              "SELECT name, fields FROM partition_index WHERE table_id = ?1"
                              " ORDER BY name LIMIT ?2",
                              sql_int(table_id), sql_int(GLUE_INDEXES_MAX)),
                    read_index, a, out, GLUE_INDEXES_MAX, out_count);
}

static enum store_status check_index(const struct glue_index_row *index,
                                     const struct glue_index_row *there, size_t count,
                                     const char **out_name)
{
    if (count >= GLUE_INDEXES_MAX)
        return STORE_LIMIT;
    for (size_t i = 0; i < count; i++) {
        *out_name = there[i].name;
        if (str_eq(there[i].name, index->name))
            return STORE_EXISTS;
    }
    for (size_t i = 0; i < count; i++) {
        *out_name = there[i].name;
        if (str_eq(there[i].fields, index->fields))
            return STORE_CONFLICT;
    }
    return STORE_OK;
}

enum store_status glue_index_create(struct glue_store *store, int64_t table_id,
                                    const struct glue_index_row *index, struct arena *a,
                                    const char **out_name)
{
    struct glue_index_row there[GLUE_INDEXES_MAX];
    size_t count = 0;
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = glue_table_exists(s, table_id);
    if (!status)
        status = list_indexes(s, table_id, a, there, &count);
    if (!status)
        status = check_index(index, there, count, out_name);
    if (!status)
        status = insert_index(s, table_id, index);
    return sql_write_end(s, status);
}

enum store_status glue_index_list(struct glue_store *store, int64_t table_id, struct arena *a,
                                  struct glue_index_row *out, size_t *out_count)
{
    struct sql *s;
    enum store_status status = lazy_read_begin(store->db, &s);

    *out_count = 0;
    if (status)
        return status;
    status = list_indexes(s, table_id, a, out, out_count);
    sql_read_end(s);
    return status;
}

enum store_status glue_index_delete(struct glue_store *store, int64_t table_id, const char *name)
{
    return glue_change(store, "DELETE FROM partition_index WHERE table_id = ?1 AND name = ?2",
                       sql_int(table_id), sql_text(name));
}
