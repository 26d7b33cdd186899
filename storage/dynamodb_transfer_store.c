/* The SQL behind dynamodb_transfer_store.h. */
#include "storage/dynamodb_transfer_store.h"

#include "storage/dynamodb_internal.h"
#include "storage/scope.h"

enum store_status ddb_transfer_insert(struct ddb_session *s, const struct scope *scope,
                                      const struct ddb_transfer *t)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, true, &scope_id);

    if (rc != STORE_OK)
        return rc;
    return sql_exec(s->sql,
                    "INSERT INTO transfers (scope, is_import, table_name, code, token, request, "
                    "started_ms, running, data_id, description) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
                    "?7, 1, ?8, ?9)",
                    sql_int(scope_id), sql_int(t->is_import), sql_text(t->table_name),
                    sql_text(t->code), sql_text(t->token),
                    sql_blob((struct bytes){t->request, DDB_DIGEST_LEN}), sql_int(t->started_ms),
                    sql_int(t->data_id), sql_text(t->description));
}

#define COLUMNS                                                                                    \
    "SELECT t.id, t.is_import, s.account, s.region, t.table_name, t.code, t.token, t.request, "    \
    "t.started_ms, t.running, t.data_id, t.description FROM transfers t JOIN scope s ON s.id = "   \
    "t.scope "

static void read_row(struct sql_stmt *st, struct arena *a, struct ddb_transfer *out)
{
    struct bytes request = sql_column_blob(st, 7);

    *out = (struct ddb_transfer){
        .id = sql_column_int(st, 0),
        .is_import = sql_column_int(st, 1),
        .account = sql_column_text(st, 2, a),
        .region = sql_column_text(st, 3, a),
        .table_name = sql_column_text(st, 4, a),
        .code = sql_column_text(st, 5, a),
        .token = sql_column_text(st, 6, a),
        .started_ms = sql_column_int(st, 8),
        .running = sql_column_int(st, 9),
        .data_id = sql_column_int(st, 10),
        .description = sql_column_text(st, 11, a),
    };
    if (request.len == DDB_DIGEST_LEN)
        memcpy(out->request, request.data, DDB_DIGEST_LEN);
}

static enum store_status read_one(struct sql_stmt *st, struct arena *a, struct ddb_transfer *out)
{
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    read_row(st, a, out);
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_transfer_find(struct ddb_session *s, const struct scope *scope,
                                    bool is_import, const char *table_name, const char *code,
                                    struct arena *a, struct ddb_transfer *out)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, false, &scope_id);

    if (rc != STORE_OK)
        return rc;
    return read_one(sql_query(s->sql,
                              COLUMNS "WHERE t.scope = ?1 AND t.is_import = ?2 AND t.table_name = "
                                      "?3 AND t.code = ?4",
                              sql_int(scope_id), sql_int(is_import), sql_text(table_name),
                              sql_text(code)),
                    a, out);
}

enum store_status ddb_transfer_by_token(struct ddb_session *s, const struct scope *scope,
                                        bool is_import, const char *token, int64_t from_ms,
                                        struct arena *a, struct ddb_transfer *out)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, false, &scope_id);

    if (rc != STORE_OK)
        return rc;
    return read_one(sql_query(s->sql,
                              COLUMNS "WHERE t.scope = ?1 AND t.is_import = ?2 AND t.token = ?3 "
                                      "AND t.started_ms >= ?4 ORDER BY t.id DESC LIMIT 1",
                              sql_int(scope_id), sql_int(is_import), sql_text(token),
                              sql_int(from_ms)),
                    a, out);
}

enum store_status ddb_transfer_list(struct ddb_session *s, const struct scope *scope,
                                    const struct ddb_transfer_filter *filter, struct arena *a,
                                    struct ddb_transfer *out, size_t *out_count)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, false, &scope_id);
    size_t count = 0;

    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    struct sql_stmt *st = sql_query(
        s->sql,
        COLUMNS "WHERE t.scope = ?1 AND t.is_import = ?2 AND (?3 = '' OR t.table_name = ?3) AND "
                "t.id < ?4 ORDER BY t.id DESC LIMIT ?5",
        sql_int(scope_id), sql_int(filter->is_import),
        sql_text(filter->table_name != NULL ? filter->table_name : ""), sql_int(filter->before),
        sql_int((int64_t)filter->limit));
    while ((rc = sql_step(st)) == STORE_OK)
        read_row(st, a, &out[count++]);
    *out_count = count;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status ddb_transfer_running(struct ddb_session *s, int64_t after, struct arena *a,
                                       struct ddb_transfer *out)
{
    return read_one(sql_query(s->sql, COLUMNS "WHERE t.running AND t.id > ?1 ORDER BY t.id LIMIT 1",
                              sql_int(after)),
                    a, out);
}

enum store_status ddb_transfer_finish(struct ddb_session *s, int64_t id, const char *description)
{
    return sql_exec(s->sql, "UPDATE transfers SET running = 0, description = ?2 WHERE id = ?1",
                    sql_int(id), sql_text(description));
}
