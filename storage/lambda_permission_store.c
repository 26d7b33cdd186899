/*
 * Resource policies, one row a statement, in <data>/lambda.db.
 */
#include "storage/lambda_internal.h"

#include "server/base/strbuf.h"

enum { POLICY_MAX = 1024 * 1024 };

enum store_status lambda_store_permission_add(struct lambda_store *s, struct scope scope,
                                              const char *holder, const char *sid,
                                              const char *statement)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, true, &sql, &scope_id);

    if (rc)
        return rc;
    return sql_write_end(
        sql, sql_exec(sql,
                      "INSERT INTO permission (scope_id, function, sid, statement) VALUES (?1, ?2, "
                      "?3, ?4)",
                      sql_int(scope_id), sql_text(holder), sql_text(sid), sql_text(statement)));
}

enum store_status lambda_store_permission_remove(struct lambda_store *s, struct scope scope,
                                                 const char *holder, const char *sid)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, false, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_exec(sql, "DELETE FROM permission WHERE scope_id = ?1 AND function = ?2 AND sid = ?3",
                  sql_int(scope_id), sql_text(holder), sql_text(sid));
    return sql_write_end(sql, lambda_one_row(sql, rc));
}

static enum store_status read_statements(struct sql *sql, int64_t scope_id, const char *holder,
                                         struct arena *a, struct strbuf *out)
{
    struct sql_stmt *st = sql_query(
        sql, "SELECT statement FROM permission WHERE scope_id = ?1 AND function = ?2 ORDER BY id",
        sql_int(scope_id), sql_text(holder));
    enum store_status rc;

    while (!(rc = sql_step(st))) {
        if (out->len)
            strbuf_add_char(out, ',');
        strbuf_add_text(out, sql_column_text(st, 0, a));
    }
    return rc;
}

enum store_status lambda_store_permissions(struct lambda_store *s, struct scope scope,
                                           const char *holder, struct arena *a,
                                           const char **out_statements)
{
    struct strbuf text = STRBUF_INIT(POLICY_MAX);
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    if (!rc) {
        rc = read_statements(sql, scope_id, holder, a, &text);
        sql_read_end(sql);
    }
    *out_statements = text.len ? arena_strndup(a, text.data, text.len) : NULL;
    strbuf_release(&text);
    return lambda_end_of_list(rc);
}
