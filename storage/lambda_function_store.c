/*
 * Functions and their versions, one row each, in <data>/lambda.db. Version 0 is $LATEST; what
 * belongs to the function as a whole (tags, reserved concurrency, ...) stands in that row alone and
 * is read from there for all versions.
 */
#include "storage/lambda_internal.h"

#define COLUMNS                                                                                    \
    "name, version, role, runtime, handler, description, timeout_s, memory_mb, ephemeral_mb, "     \
    "architecture, environment, kms_key_arn, tracing, log_group, revision, modified_ms, code_id, " \
    "code_sha256, code_size, layers, dead_letter, snap_start, runtime_update, runtime_arn, vpc, "  \
    "hot_path, log_format, app_log_level, system_log_level, reserved, tags, last_version, "        \
    "signing_config, recursion"
#define SHARED(column)                                                                             \
    "(SELECT " column " FROM function z WHERE z.scope_id = f.scope_id AND z.name = f.name AND "    \
    "z.version = 0)"
/* The same order; of a table called f. */
#define SELECTED                                                                                   \
    "name, version, role, runtime, handler, description, timeout_s, memory_mb, ephemeral_mb, "     \
    "architecture, environment, kms_key_arn, tracing, log_group, revision, modified_ms, code_id, " \
    "code_sha256, code_size, layers, dead_letter, snap_start, runtime_update, runtime_arn, vpc, "  \
    "hot_path, log_format, app_log_level, system_log_level, " SHARED("reserved") ", " SHARED(      \
        "tags") ", " SHARED("last_version") ", " SHARED("signing_config") ", " SHARED("recursion")

enum { COLUMN_COUNT = 34 };

/* COLUMNS, and after them the scope. */
static void values_of(const struct lambda_function *f, int64_t scope_id,
                      struct sql_value v[COLUMN_COUNT + 1])
{
    const struct sql_value values[COLUMN_COUNT + 1] = {
        sql_text(f->name),
        sql_int(f->version),
        sql_text(f->role),
        sql_text(f->runtime),
        sql_text(f->handler),
        sql_text(f->description),
        sql_int(f->timeout_s),
        sql_int(f->memory_mb),
        sql_int(f->ephemeral_mb),
        sql_text(f->architecture),
        sql_text(f->environment),
        sql_text(f->kms_key_arn),
        sql_text(f->tracing),
        sql_text(f->log_group),
        sql_text(f->revision),
        sql_int(f->modified_ms),
        sql_text(f->code_id),
        sql_text(f->code_sha256),
        sql_int(f->code_size),
        sql_text(f->layers ? f->layers : ""),
        sql_text(f->dead_letter),
        sql_int(f->snap_start),
        sql_text(f->runtime_update ? f->runtime_update : "Auto"),
        sql_text(f->runtime_arn),
        sql_text(f->vpc),
        sql_text(f->hot_path),
        sql_text(f->log_format ? f->log_format : "Text"),
        sql_text(f->app_log_level),
        sql_text(f->system_log_level),
        sql_int(f->reserved),
        sql_text(f->tags),
        sql_int(f->last_version),
        sql_text(f->signing_config),
        sql_text(f->recursion ? f->recursion : "Terminate"),
        sql_int(scope_id),
    };

    memcpy(v, values, sizeof(values));
}

static void read_function(struct sql_stmt *st, struct scope scope, struct arena *a,
                          struct lambda_function *out)
{
    *out = (struct lambda_function){
        .account = arena_strdup(a, scope.account),
        .region = arena_strdup(a, scope.region),
        .name = sql_column_text(st, 0, a),
        .version = sql_column_int(st, 1),
        .role = sql_column_text(st, 2, a),
        .runtime = sql_column_text(st, 3, a),
        .handler = sql_column_text(st, 4, a),
        .description = sql_column_text(st, 5, a),
        .timeout_s = (int)sql_column_int(st, 6),
        .memory_mb = (int)sql_column_int(st, 7),
        .ephemeral_mb = (int)sql_column_int(st, 8),
        .architecture = sql_column_text(st, 9, a),
        .environment = sql_column_text(st, 10, a),
        .kms_key_arn = sql_column_text(st, 11, a),
        .tracing = sql_column_text(st, 12, a),
        .log_group = sql_column_text(st, 13, a),
        .revision = sql_column_text(st, 14, a),
        .modified_ms = sql_column_int(st, 15),
        .code_id = sql_column_text(st, 16, a),
        .code_sha256 = sql_column_text(st, 17, a),
        .code_size = sql_column_int(st, 18),
        .layers = sql_column_text(st, 19, a),
        .dead_letter = sql_column_text(st, 20, a),
        .snap_start = sql_column_int(st, 21) != 0,
        .runtime_update = sql_column_text(st, 22, a),
        .runtime_arn = sql_column_text(st, 23, a),
        .vpc = sql_column_text(st, 24, a),
        .hot_path = sql_column_text(st, 25, a),
        .log_format = sql_column_text(st, 26, a),
        .app_log_level = sql_column_text(st, 27, a),
        .system_log_level = sql_column_text(st, 28, a),
        .reserved = (int)sql_column_int(st, 29),
        .tags = sql_column_text(st, 30, a),
        .last_version = sql_column_int(st, 31),
        .signing_config = sql_column_text(st, 32, a),
        .recursion = sql_column_text(st, 33, a),
    };
}

static enum store_status insert(struct sql *sql, int64_t scope_id, const struct lambda_function *f)
{
    struct sql_value v[COLUMN_COUNT + 1];

    values_of(f, scope_id, v);
    return sql_run(sql_query_values(
        sql,
        "INSERT INTO function (" COLUMNS ", scope_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
        "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, "
        "?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35)",
        v, ARRAY_LEN(v)));
}

enum store_status lambda_store_add(struct lambda_store *s, const struct lambda_function *f)
{
    struct scope scope = {.account = f->account, .region = f->region};
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, true, &sql, &scope_id);

    return rc ? rc : sql_write_end(sql, insert(sql, scope_id, f));
}

enum store_status lambda_store_find_version(struct lambda_store *s, struct scope scope,
                                            const char *name, int64_t version, struct arena *a,
                                            struct lambda_function *out)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    if (rc)
        return rc;
    struct sql_stmt *st = sql_query(sql,
                                    "SELECT " SELECTED " FROM function f WHERE scope_id = ?1 AND "
                                    "name = ?2 AND version = ?3",
                                    sql_int(scope_id), sql_text(name), sql_int(version));
    rc = sql_step(st);
    if (!rc) {
        read_function(st, scope, a, out);
        sql_reset(st);
    }
    sql_read_end(sql);
    return rc;
}

enum store_status lambda_store_find(struct lambda_store *s, struct scope scope, const char *name,
                                    struct arena *a, struct lambda_function *out)
{
    return lambda_store_find_version(s, scope, name, 0, a, out);
}

static enum store_status check_revision(struct sql *sql, int64_t scope_id, const char *name,
                                        int64_t version, const char *expected)
{
    struct sql_stmt *st =
        sql_query(sql,
                  "SELECT revision = ?4 FROM function WHERE scope_id = ?1 AND "
                  "name = ?2 AND version = ?3",
                  sql_int(scope_id), sql_text(name), sql_int(version), sql_text(expected));
    enum store_status rc = sql_step(st);
    if (rc)
        return rc;
    bool same = sql_column_int(st, 0) != 0;
    sql_reset(st);
    return same ? STORE_OK : STORE_CONFLICT;
}

enum store_status lambda_store_replace(struct lambda_store *s, const struct lambda_function *f,
                                       const char *expected)
{
    struct scope scope = {.account = f->account, .region = f->region};
    struct sql_value v[COLUMN_COUNT + 1];
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, false, &sql, &scope_id);

    if (rc)
        return rc;
    rc = check_revision(sql, scope_id, f->name, f->version, expected);
    if (!rc) {
        values_of(f, scope_id, v);
        rc = sql_run(sql_query_values(
            sql,
            "UPDATE function SET (" COLUMNS ", scope_id) = (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
            "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, "
            "?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35) "
            "WHERE name = ?1 AND version = ?2 AND scope_id = ?35",
            v, ARRAY_LEN(v)));
    }
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_publish(struct lambda_store *s, const struct lambda_function *f,
                                       const char *expected)
{
    struct scope scope = {.account = f->account, .region = f->region};
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, false, &sql, &scope_id);

    if (rc)
        return rc;
    rc = check_revision(sql, scope_id, f->name, 0, expected);
    if (!rc)
        rc = insert(sql, scope_id, f);
    if (!rc)
        rc = sql_exec(sql,
                      "UPDATE function SET last_version = ?3 WHERE scope_id = ?1 AND name = ?2 AND "
                      "version = 0",
                      sql_int(scope_id), sql_text(f->name), sql_int(f->version));
    return sql_write_end(sql, rc);
}

/* What belongs to a function beside its rows: by its name, and by "name:qualifier". */
static enum store_status remove_belongings(struct sql *sql, int64_t scope_id, const char *name)
{
    static const char *const statements[] = {
        ("DELETE FROM permission WHERE scope_id = ?1 AND (function = ?2 OR substr(function, 1, "
         "length(?2) + 1) = ?2 || ':')"),
        "DELETE FROM alias WHERE scope_id = ?1 AND function = ?2",
        "DELETE FROM event_config WHERE scope_id = ?1 AND function = ?2",
        "DELETE FROM provisioned WHERE scope_id = ?1 AND function = ?2",
        "DELETE FROM url WHERE scope_id = ?1 AND function = ?2",
    };
    enum store_status rc = STORE_OK;

    for (size_t i = 0; !rc && i < ARRAY_LEN(statements); i++)
        rc = sql_exec(sql, statements[i], sql_int(scope_id), sql_text(name));
    return rc;
}

enum store_status lambda_store_remove(struct lambda_store *s, struct scope scope, const char *name)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, false, &sql, &scope_id);

    if (rc)
        return rc;
    rc = lambda_one_row(sql, sql_exec(sql, "DELETE FROM function WHERE scope_id = ?1 AND name = ?2",
                                      sql_int(scope_id), sql_text(name)));
    if (!rc)
        rc = remove_belongings(sql, scope_id, name);
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_remove_version(struct lambda_store *s, struct scope scope,
                                              const char *name, int64_t version)
{
    static const char *const statements[] = {
        "DELETE FROM permission WHERE scope_id = ?1 AND function = ?2 || ':' || ?3",
        "DELETE FROM event_config WHERE scope_id = ?1 AND function = ?2 AND qualifier = ?3",
        "DELETE FROM provisioned WHERE scope_id = ?1 AND function = ?2 AND qualifier = ?3",
    };
    char qualifier[24];
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, false, &sql, &scope_id);

    if (rc)
        return rc;
    snprintf(qualifier, sizeof(qualifier), "%" PRId64, version);
    rc = lambda_one_row(
        sql, sql_exec(sql,
                      "DELETE FROM function WHERE scope_id = ?1 AND name = ?2 AND version = ?3 AND "
                      "version > 0 AND NOT EXISTS (SELECT 1 FROM alias a WHERE a.scope_id = ?1 AND "
                      "a.function = ?2 AND (a.version = ?3 OR a.extra_version = ?3))",
                      sql_int(scope_id), sql_text(name), sql_int(version)));
    for (size_t i = 0; !rc && i < ARRAY_LEN(statements); i++)
        rc = sql_exec(sql, statements[i], sql_int(scope_id), sql_text(name), sql_text(qualifier));
    return sql_write_end(sql, rc);
}

/* Reads what the statement finds, up to `max`, and ends the read. */
static enum store_status read_all(struct sql *sql, struct sql_stmt *st, struct scope scope,
                                  size_t max, struct arena *a, struct lambda_function **out,
                                  size_t *out_count)
{
    struct lambda_function *items = ARENA_ARRAY(a, struct lambda_function, max);
    size_t count = 0;
    enum store_status rc;

    while (!(rc = sql_step(st)))
        read_function(st, scope, a, &items[count++]);
    sql_read_end(sql);
    *out = items;
    *out_count = count;
    return lambda_end_of_list(rc);
}

enum store_status lambda_store_list(struct lambda_store *s, struct scope scope, bool all_versions,
                                    const struct lambda_place *after, size_t max, struct arena *a,
                                    struct lambda_function **out, size_t *out_count)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    *out_count = 0;
    if (rc)
        return lambda_end_of_list(rc);
    return read_all(sql,
                    sql_query(sql,
                              "SELECT " SELECTED " FROM function f WHERE scope_id = ?1 AND "
                              "(name, version) > (?2, ?3) AND (?4 OR version = 0) ORDER BY name, "
                              "version LIMIT ?5",
                              sql_int(scope_id), sql_text(after->name), sql_int(after->version),
                              sql_int(all_versions), sql_int((int64_t)max)),
                    scope, max, a, out, out_count);
}

enum store_status lambda_store_versions(struct lambda_store *s, struct scope scope,
                                        const char *name, int64_t after, size_t max,
                                        struct arena *a, struct lambda_function **out,
                                        size_t *out_count)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    *out_count = 0;
    if (rc)
        return lambda_end_of_list(rc);
    return read_all(sql,
                    sql_query(sql,
                              "SELECT " SELECTED " FROM function f WHERE scope_id = ?1 AND name = "
                              "?2 AND version > ?3 ORDER BY version LIMIT ?4",
                              sql_int(scope_id), sql_text(name), sql_int(after),
                              sql_int((int64_t)max)),
                    scope, max, a, out, out_count);
}

enum store_status lambda_store_signed(struct lambda_store *s, struct scope scope,
                                      const char *signing_config, const char *after, size_t max,
                                      struct arena *a, struct lambda_function **out,
                                      size_t *out_count)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    *out_count = 0;
    if (rc)
        return lambda_end_of_list(rc);
    return read_all(sql,
                    sql_query(sql,
                              "SELECT " SELECTED " FROM function f WHERE scope_id = ?1 AND "
                              "signing_config = ?2 AND version = 0 AND name > ?3 ORDER BY name "
                              "LIMIT ?4",
                              sql_int(scope_id), sql_text(signing_config), sql_text(after),
                              sql_int((int64_t)max)),
                    scope, max, a, out, out_count);
}
