/*
 * Lambda's database <data>/lambda.db as a whole; what is in it stands in lambda_*_store.c.
 */
#include "storage/lambda_store.h"

#include "server/base/embed.h"
#include "storage/lambda_internal.h"

EMBED(storage_schema_lambda_001_sql);
EMBED(storage_schema_lambda_002_sql);

static const struct sql_migration migrations[] = {{embed_storage_schema_lambda_001_sql},
                                                  {embed_storage_schema_lambda_002_sql}};

struct lambda_store *lambda_store_open(struct store_root *root)
{
    struct lambda_store *s = x_calloc(1, sizeof(*s));
    struct sql *sql;

    s->db = lazy_new(root, "lambda", migrations, ARRAY_LEN(migrations));
    /* What cannot be opened shall be known at the start, not at the first request. */
    enum store_status rc = lazy_read_begin(s->db, &sql);
    if (!rc)
        sql_read_end(sql);
    if (!rc || rc == STORE_NOT_FOUND)
        return s;
    lambda_store_close(s);
    return NULL;
}

void lambda_store_close(struct lambda_store *s)
{
    if (!s)
        return;
    lazy_free(s->db);
    free(s);
}

enum store_status lambda_write_begin(struct lambda_store *s, const struct scope *scope, bool create,
                                     struct sql **out, int64_t *out_scope)
{
    return lazy_scope_write_begin(s->db, scope, create, out, out_scope);
}

enum store_status lambda_read_begin(struct lambda_store *s, const struct scope *scope,
                                    struct sql **out, int64_t *out_scope)
{
    return lazy_scope_read_begin(s->db, scope, out, out_scope);
}

enum store_status lambda_store_usage(struct lambda_store *s, struct scope scope,
                                     struct lambda_usage *out)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    *out = (struct lambda_usage){0};
    if (rc)
        return lambda_end_of_list(rc);
    struct sql_stmt *st = sql_query(
        sql,
        "SELECT sum(version = 0), sum(code_size) + (SELECT coalesce(sum(code_size), 0) FROM "
        "layer_version WHERE scope_id = ?1 AND NOT deleted), sum(CASE WHEN version = 0 THEN "
        "max(reserved, 0) ELSE 0 END) FROM function WHERE scope_id = ?1",
        sql_int(scope_id));
    rc = sql_step(st);
    if (!rc) {
        out->functions = sql_column_int(st, 0);
        out->code_bytes = sql_column_int(st, 1);
        out->reserved = sql_column_int(st, 2);
        sql_reset(st);
    }
    sql_read_end(sql);
    return lambda_end_of_list(rc);
}

enum store_status lambda_store_code_ids(struct lambda_store *s, struct arena *a,
                                        const char ***out_ids, size_t *out_count)
{
    struct sql *sql;
    const char **ids = NULL;
    size_t count = 0, room = 0;
    enum store_status rc = lazy_read_begin(s->db, &sql);

    if (!rc) {
        struct sql_stmt *st = sql_prepare(sql, "SELECT code_id FROM function UNION SELECT code_id "
                                               "FROM layer_version ORDER BY code_id");

        while (!(rc = sql_step(st))) {
            if (count == room) {
                const char **more = ARENA_ARRAY(a, const char *, room = room ? room * 2 : 64);

                if (count)
                    memcpy(more, ids, count * sizeof(*ids));
                ids = more;
            }
            ids[count++] = sql_column_text(st, 0, a);
        }
        sql_read_end(sql);
    }
    if (rc != STORE_NOT_FOUND)
        return rc;
    *out_ids = ids;
    *out_count = count;
    return STORE_OK;
}

enum store_status lambda_store_code_is_used(struct lambda_store *s, const char *code_id,
                                            bool *out_used)
{
    struct sql *sql;
    enum store_status rc = lazy_read_begin(s->db, &sql);

    *out_used = false;
    if (rc)
        return lambda_end_of_list(rc);
    struct sql_stmt *st =
        sql_query(sql, "SELECT 1 FROM function WHERE code_id = ?1 LIMIT 1", sql_text(code_id));
    rc = sql_step(st);
    if (!rc) {
        *out_used = true;
        sql_reset(st);
    }
    sql_read_end(sql);
    return lambda_end_of_list(rc);
}
