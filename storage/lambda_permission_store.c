/*
 * Resource policies of functions, one row a statement, in <data>/lambda.db.
 */
#include "storage/lambda_store.h"

#include "server/base/strbuf.h"
#include "storage/scope.h"
#include "storage/sql.h"

enum { POLICY_MAX = 1024 * 1024 };

enum store_status lambda_store_permission_add(struct lambda_store *s, struct scope scope,
                                              const char *function, const char *sid,
                                              const char *statement)
{
    struct sql_db *db = lambda_store_db(s, true);
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = db ? sql_write_begin(db, &sql) : STORE_FAILED;

    if (rc)
        return rc;
    rc = sql_scope_id(sql, &scope, true, &scope_id);
    if (!rc) {
        struct sql_stmt *st = sql_prepare(sql, "INSERT INTO permission (scope_id, function, sid, "
                                               "statement) VALUES (?1, ?2, ?3, ?4)");

        sql_bind_int(st, 1, scope_id);
        sql_bind_text(st, 2, function);
        sql_bind_text(st, 3, sid);
        sql_bind_text(st, 4, statement);
        rc = sql_run(st);
    }
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_permission_remove(struct lambda_store *s, struct scope scope,
                                                 const char *function, const char *sid)
{
    struct sql_db *db = lambda_store_db(s, true);
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = db ? sql_write_begin(db, &sql) : STORE_FAILED;

    if (rc)
        return rc;
    rc = sql_scope_id(sql, &scope, false, &scope_id);
    if (!rc) {
        struct sql_stmt *st = sql_prepare(
            sql, "DELETE FROM permission WHERE scope_id = ?1 AND function = ?2 AND sid = ?3");

        sql_bind_int(st, 1, scope_id);
        sql_bind_text(st, 2, function);
        sql_bind_text(st, 3, sid);
        rc = sql_run(st);
        if (!rc && sql_changes(sql) == 0)
            rc = STORE_NOT_FOUND;
    }
    return sql_write_end(sql, rc);
}

static enum store_status read_statements(struct sql *sql, int64_t scope_id, const char *function,
                                         struct arena *a, struct strbuf *out)
{
    struct sql_stmt *st = sql_prepare(
        sql, "SELECT statement FROM permission WHERE scope_id = ?1 AND function = ?2 ORDER BY id");
    enum store_status rc;

    sql_bind_int(st, 1, scope_id);
    sql_bind_text(st, 2, function);
    while (!(rc = sql_step(st))) {
        if (out->len)
            strbuf_add_char(out, ',');
        strbuf_add_text(out, sql_column_text(st, 0, a));
    }
    return rc;
}

enum store_status lambda_store_permissions(struct lambda_store *s, struct scope scope,
                                           const char *function, struct arena *a,
                                           const char **out_statements)
{
    struct sql_db *db = lambda_store_db(s, false);
    struct strbuf text = STRBUF_INIT(POLICY_MAX);
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = db ? sql_read_begin(db, &sql) : STORE_NOT_FOUND;

    if (!rc) {
        rc = sql_scope_id(sql, &scope, false, &scope_id);
        if (!rc)
            rc = read_statements(sql, scope_id, function, a, &text);
        sql_read_end(sql);
    }
    *out_statements = text.len ? arena_strndup(a, text.data, text.len) : NULL;
    strbuf_release(&text);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}
