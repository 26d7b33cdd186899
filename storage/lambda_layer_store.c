/*
 * Layers, and code signing configurations, in <data>/lambda.db.
 */
#include "storage/lambda_internal.h"

/* --- layers --- */

#define LAYER_COLUMNS                                                                              \
    "name, version, arn, description, license, runtimes, architectures, created_ms, code_id, "     \
    "code_sha256, code_size, deleted"

static void read_layer(struct sql_stmt *st, struct arena *a, void *out)
{
    struct lambda_layer *row = out;

    *row = (struct lambda_layer){
        .name = sql_column_text(st, 0, a),
        .version = sql_column_int(st, 1),
        .arn = sql_column_text(st, 2, a),
        .description = sql_column_text(st, 3, a),
        .license = sql_column_text(st, 4, a),
        .runtimes = sql_column_text(st, 5, a),
        .architectures = sql_column_text(st, 6, a),
        .created_ms = sql_column_int(st, 7),
        .code_id = sql_column_text(st, 8, a),
        .code_sha256 = sql_column_text(st, 9, a),
        .code_size = sql_column_int(st, 10),
        .deleted = sql_column_int(st, 11) != 0,
    };
}

/* The next number of that layer, in a write. */
static enum store_status next_version(struct sql *sql, int64_t scope_id, const char *name,
                                      int64_t *out)
{
    struct sql_stmt *st = sql_query(sql,
                                    "INSERT INTO layer (scope_id, name, last_version) VALUES (?1, "
                                    "?2, 1) ON CONFLICT (scope_id, name) DO UPDATE SET "
                                    "last_version = last_version + 1 RETURNING last_version",
                                    sql_int(scope_id), sql_text(name));
    enum store_status rc = sql_step(st);

    if (rc)
        return rc;
    *out = sql_column_int(st, 0);
    sql_reset(st);
    return STORE_OK;
}

enum store_status lambda_store_layer_add(struct lambda_store *s, struct scope scope,
                                         struct arena *a, struct lambda_layer *l)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, true, &sql, &scope_id);

    if (rc)
        return rc;
    rc = next_version(sql, scope_id, l->name, &l->version);
    if (!rc) {
        l->arn = arena_printf(a, "%s:%" PRId64, l->arn, l->version);
        rc = sql_exec(sql,
                      "INSERT INTO layer_version (scope_id, " LAYER_COLUMNS ") VALUES (?1, ?2, ?3, "
                      "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0)",
                      sql_int(scope_id), sql_text(l->name), sql_int(l->version), sql_text(l->arn),
                      sql_text(l->description), sql_text(l->license), sql_text(l->runtimes),
                      sql_text(l->architectures), sql_int(l->created_ms), sql_text(l->code_id),
                      sql_text(l->code_sha256), sql_int(l->code_size));
    }
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_layer_find(struct lambda_store *s, struct scope scope,
                                          const char *name, int64_t version, struct arena *a,
                                          struct lambda_layer *out)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_row(sql_query(sql,
                           "SELECT " LAYER_COLUMNS " FROM layer_version WHERE scope_id = "
                           "?1 AND name = ?2 AND version = ?3",
                           sql_int(scope_id), sql_text(name), sql_int(version)),
                 read_layer, a, out);
    sql_read_end(sql);
    return rc;
}

enum store_status lambda_store_layer_list(struct lambda_store *s, struct scope scope,
                                          const struct lambda_layer_filter *filter, size_t max,
                                          struct arena *a, struct lambda_layer **out,
                                          size_t *out_count)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    *out = ARENA_ARRAY(a, struct lambda_layer, max);
    *out_count = 0;
    if (!rc) {
        /* Of one layer all versions, the newest first; else the newest of each that matches. */
        rc = sql_rows(sql_query(sql,
                                "SELECT " LAYER_COLUMNS
                                " FROM layer_version o WHERE scope_id = ?1 AND NOT deleted AND "
                                "(?2 IS NULL OR ' ' || runtimes || ' ' LIKE '% ' || ?2 || ' %') "
                                "AND (?3 IS NULL OR ' ' "
                                "|| architectures || ' ' LIKE '% ' || ?3 || ' %') AND CASE WHEN ?4 "
                                "IS NULL THEN name > "
                                "?5 AND version = (SELECT max(version) FROM layer_version i WHERE "
                                "i.scope_id = ?1 AND "
                                "i.name = o.name AND NOT i.deleted AND (?2 IS NULL OR ' ' || "
                                "i.runtimes || ' ' LIKE "
                                "'% ' || ?2 || ' %') AND (?3 IS NULL OR ' ' || i.architectures || "
                                "' ' LIKE '% ' || ?3 "
                                "|| ' %')) ELSE name = ?4 AND version < ?6 END ORDER BY name, "
                                "version DESC LIMIT ?7",
                                sql_int(scope_id), sql_text(filter->runtime),
                                sql_text(filter->architecture), sql_text(filter->name),
                                sql_text(filter->after_name), sql_int(filter->below_version),
                                sql_int((int64_t)max)),
                      read_layer, a, *out, max, out_count);
        sql_read_end(sql);
    }
    return lambda_end_of_list(rc);
}

enum store_status lambda_store_layer_delete(struct lambda_store *s, struct scope scope,
                                            const char *name, int64_t version)
{
    char holder[256];
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, false, &sql, &scope_id);

    if (rc)
        return rc;
    snprintf(holder, sizeof(holder), "layer %s:%" PRId64, name, version);
    rc = sql_exec(sql, "DELETE FROM permission WHERE scope_id = ?1 AND function = ?2",
                  sql_int(scope_id), sql_text(holder));
    if (!rc)
        rc = sql_exec(sql,
                      "UPDATE layer_version SET deleted = 1 WHERE scope_id = ?1 AND name = ?2 AND "
                      "version = ?3",
                      sql_int(scope_id), sql_text(name), sql_int(version));
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_layers_purge(struct lambda_store *s)
{
    struct sql *sql;
    enum store_status rc = lazy_read_begin(s->db, &sql);

    if (rc)
        return lambda_end_of_list(rc);
    sql_read_end(sql);
    rc = lazy_write_begin(s->db, &sql);
    if (rc)
        return rc;
    return sql_write_end(
        sql, sql_run(sql_prepare(sql, "DELETE FROM layer_version WHERE deleted AND NOT EXISTS "
                                      "(SELECT 1 FROM function WHERE instr(' ' || layers || ' ', "
                                      "' ' || arn || ' '))")));
}

/* --- code signing --- */

#define SIGNING_COLUMNS "config_id, description, publishers, policy, modified_ms, tags"

static void read_signing(struct sql_stmt *st, struct arena *a, void *out)
{
    struct lambda_signing *row = out;

    *row = (struct lambda_signing){
        .id = sql_column_text(st, 0, a),
        .description = sql_column_text(st, 1, a),
        .publishers = sql_column_text(st, 2, a),
        .policy = sql_column_text(st, 3, a),
        .modified_ms = sql_column_int(st, 4),
        .tags = sql_column_text(st, 5, a),
    };
}

enum store_status lambda_store_signing_put(struct lambda_store *s, struct scope scope,
                                           const struct lambda_signing *c)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, true, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_exec(sql,
                  "REPLACE INTO signing_config (scope_id, " SIGNING_COLUMNS ") VALUES (?1, ?2, ?3, "
                  "?4, ?5, ?6, ?7)",
                  sql_int(scope_id), sql_text(c->id), sql_text(c->description),
                  sql_text(c->publishers), sql_text(c->policy), sql_int(c->modified_ms),
                  sql_text(c->tags));
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_signing_find(struct lambda_store *s, struct scope scope,
                                            const char *id, struct arena *a,
                                            struct lambda_signing *out)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_row(sql_query(sql,
                           "SELECT " SIGNING_COLUMNS " FROM signing_config WHERE scope_id "
                           "= ?1 AND config_id = ?2",
                           sql_int(scope_id), sql_text(id)),
                 read_signing, a, out);
    sql_read_end(sql);
    return rc;
}

enum store_status lambda_store_signing_remove(struct lambda_store *s, struct scope scope,
                                              const char *id)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, false, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_exec(sql, "DELETE FROM signing_config WHERE scope_id = ?1 AND config_id = ?2",
                  sql_int(scope_id), sql_text(id));
    return sql_write_end(sql, lambda_one_row(sql, rc));
}

enum store_status lambda_store_signing_list(struct lambda_store *s, struct scope scope,
                                            const char *after, size_t max, struct arena *a,
                                            struct lambda_signing **out, size_t *out_count)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    *out = ARENA_ARRAY(a, struct lambda_signing, max);
    *out_count = 0;
    if (!rc) {
        rc = sql_rows(sql_query(sql,
                                "SELECT " SIGNING_COLUMNS
                                " FROM signing_config WHERE scope_id = ?1 AND "
                                "config_id > ?2 ORDER BY config_id LIMIT ?3",
                                sql_int(scope_id), sql_text(after), sql_int((int64_t)max)),
                      read_signing, a, *out, max, out_count);
        sql_read_end(sql);
    }
    return lambda_end_of_list(rc);
}
