/* The SQL behind dynamodb_backup_store.h. */
#include "storage/dynamodb_backup_store.h"

#include "storage/dynamodb_internal.h"
#include "storage/scope.h"

enum store_status ddb_backup_insert(struct ddb_session *s, const struct scope *scope,
                                    const struct ddb_backup *b)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, true, &scope_id);

    if (rc != STORE_OK)
        return rc;
    return sql_exec(s->sql,
                    "INSERT INTO backups (scope, table_name, code, name, data_id, kind, available, "
                    "created_ms, expires_ms, items, bytes, definition) VALUES (?1, ?2, ?3, ?4, ?5, "
                    "?6, ?7, ?8, nullif(?9, 0), 0, 0, ?10)",
                    sql_int(scope_id), sql_text(b->table_name), sql_text(b->code),
                    sql_text(b->name), sql_int(b->data_id), sql_int(b->kind), sql_int(b->available),
                    sql_int(b->created_ms), sql_int(b->expires_ms), sql_text(b->definition));
}

/* Of a large backup the items are counted in the background, as those of a table are. */
#define COUNTED(column)                                                                            \
    "iif(items > 1000, coalesce((SELECT c." column " FROM counts c WHERE c.table_id = data_id "    \
    "AND c.index_id = 0), " column "), " column ")"
#define COLUMNS                                                                                    \
    "SELECT id, table_name, code, name, data_id, kind, available, created_ms, "                    \
    "coalesce(expires_ms, 0), " COUNTED("items") ", " COUNTED("bytes")

static void read_backup(struct sql_stmt *st, struct arena *a, struct ddb_backup *out)
{
    *out = (struct ddb_backup){
        .id = sql_column_int(st, 0),
        .table_name = sql_column_text(st, 1, a),
        .code = sql_column_text(st, 2, a),
        .name = sql_column_text(st, 3, a),
        .data_id = sql_column_int(st, 4),
        .kind = (enum ddb_backup_kind)sql_column_int(st, 5),
        .available = sql_column_int(st, 6),
        .created_ms = sql_column_int(st, 7),
        .expires_ms = sql_column_int(st, 8),
        .items = sql_column_int(st, 9),
        .bytes = sql_column_int(st, 10),
    };
}

enum store_status ddb_backup_find(struct ddb_session *s, const struct scope *scope,
                                  const char *table_name, const char *code, struct arena *a,
                                  struct ddb_backup *out)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, false, &scope_id);

    if (rc != STORE_OK)
        return rc;
    struct sql_stmt *st = sql_query(s->sql,
                                    COLUMNS ", definition FROM backups WHERE scope = ?1 AND "
                                            "table_name = ?2 AND code = ?3",
                                    sql_int(scope_id), sql_text(table_name), sql_text(code));
    rc = sql_step(st);
    if (rc != STORE_OK)
        return rc;
    read_backup(st, a, out);
    out->definition = sql_column_text(st, 11, a);
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_backup_ready(struct ddb_session *s, int64_t data_id)
{
    return sql_exec(s->sql,
                    "UPDATE backups SET available = 1, (items, bytes) = (SELECT count(*), "
                    "coalesce(sum(size), 0) FROM (SELECT size FROM items WHERE table_id = ?1 "
                    "LIMIT 1001)) WHERE data_id = ?1",
                    sql_int(data_id));
}

enum store_status ddb_backup_remove(struct ddb_session *s, const struct ddb_backup *backup)
{
    enum store_status rc =
        sql_exec(s->sql, "DELETE FROM backups WHERE id = ?1", sql_int(backup->id));

    return rc == STORE_OK ? ddb_table_remove(s, backup->data_id) : rc;
}

enum store_status ddb_backup_list(struct ddb_session *s, const struct scope *scope,
                                  const struct ddb_backup_filter *filter, struct arena *a,
                                  struct ddb_backup *out, size_t *out_count)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, false, &scope_id);
    size_t count = 0;

    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    struct sql_stmt *st = sql_query(
        s->sql,
        COLUMNS " FROM backups WHERE scope = ?1 AND id > ?2 AND (?3 = '' OR table_name = ?3) AND "
                "(?4 < 0 OR kind = ?4) AND created_ms >= ?5 AND created_ms < ?6 ORDER BY id "
                "LIMIT ?7",
        sql_int(scope_id), sql_int(filter->after),
        sql_text(filter->table_name != NULL ? filter->table_name : ""), sql_int(filter->kind),
        sql_int(filter->from_ms), sql_int(filter->to_ms), sql_int((int64_t)filter->limit));
    while ((rc = sql_step(st)) == STORE_OK)
        read_backup(st, a, &out[count++]);
    *out_count = count;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* --- expiry --- */

static enum store_status expire_turn(struct sql *sql, void *context)
{
    const int64_t *now_ms = context;
    enum store_status rc =
        sql_exec(sql,
                 "DELETE FROM tables WHERE scope = 0 AND id IN (SELECT data_id FROM backups WHERE "
                 "expires_ms <= ?1)",
                 sql_int(*now_ms));

    return rc == STORE_OK
               ? sql_exec(sql, "DELETE FROM backups WHERE expires_ms <= ?1", sql_int(*now_ms))
               : rc;
}

enum store_status ddb_backups_expire(struct ddb_store *store, int64_t now_ms, bool *out_left)
{
    struct sql *sql;
    enum store_status rc = lazy_read_begin(store->db, &sql);

    *out_left = false;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    struct sql_stmt *st =
        sql_query(sql, "SELECT count(expires_ms), coalesce(min(expires_ms) <= ?1, 0) FROM backups",
                  sql_int(now_ms));
    rc = sql_step(st);
    bool due = rc == STORE_OK && sql_column_int(st, 1);
    *out_left = rc == STORE_OK && sql_column_int(st, 0) > 0;
    sql_read_end(sql);
    return due ? lazy_write(store->db, expire_turn, &now_ms) : rc;
}
