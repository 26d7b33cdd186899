/*
 * What hangs on a name or qualifier of a function: aliases, the treatment of accepted events,
 * provisioned concurrency, URLs. In <data>/lambda.db.
 */
#include "storage/lambda_internal.h"

/* --- aliases --- */

#define ALIAS_COLUMNS "name, version, description, extra_version, extra_weight, revision"

static void read_alias(struct sql_stmt *st, struct arena *a, void *out)
{
    struct lambda_alias *row = out;

    *row = (struct lambda_alias){
        .name = sql_column_text(st, 0, a),
        .version = sql_column_int(st, 1),
        .description = sql_column_text(st, 2, a),
        .extra_version = sql_column_int(st, 3),
        .extra_weight = sql_column_double(st, 4),
        .revision = sql_column_text(st, 5, a),
    };
}

enum store_status lambda_store_alias_add(struct lambda_store *s, struct scope scope,
                                         const char *function, const struct lambda_alias *alias)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, true, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_exec(sql,
                  "INSERT INTO alias (scope_id, function, " ALIAS_COLUMNS ") VALUES (?1, ?2, ?3, "
                  "?4, ?5, ?6, ?7, ?8)",
                  sql_int(scope_id), sql_text(function), sql_text(alias->name),
                  sql_int(alias->version), sql_text(alias->description),
                  sql_int(alias->extra_version), sql_real(alias->extra_weight),
                  sql_text(alias->revision));
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_alias_find(struct lambda_store *s, struct scope scope,
                                          const char *function, const char *name, struct arena *a,
                                          struct lambda_alias *out)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_row(sql_query(sql,
                           "SELECT " ALIAS_COLUMNS " FROM alias WHERE scope_id = ?1 AND "
                           "function = ?2 AND name = ?3",
                           sql_int(scope_id), sql_text(function), sql_text(name)),
                 read_alias, a, out);
    sql_read_end(sql);
    return rc;
}

enum store_status lambda_store_alias_replace(struct lambda_store *s, struct scope scope,
                                             const char *function, const struct lambda_alias *alias,
                                             const char *expected)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, false, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_exec(sql,
                  "UPDATE alias SET version = ?4, description = ?5, extra_version = ?6, "
                  "extra_weight = ?7, revision = ?8 WHERE scope_id = ?1 AND function = ?2 AND name "
                  "= ?3 AND revision = ?9",
                  sql_int(scope_id), sql_text(function), sql_text(alias->name),
                  sql_int(alias->version), sql_text(alias->description),
                  sql_int(alias->extra_version), sql_real(alias->extra_weight),
                  sql_text(alias->revision), sql_text(expected));
    return sql_write_end(sql, lambda_one_row(sql, rc));
}

enum store_status lambda_store_alias_remove(struct lambda_store *s, struct scope scope,
                                            const char *function, const char *name)
{
    static const char *const statements[] = {
        "DELETE FROM permission WHERE scope_id = ?1 AND function = ?2 || ':' || ?3",
        "DELETE FROM event_config WHERE scope_id = ?1 AND function = ?2 AND qualifier = ?3",
        "DELETE FROM provisioned WHERE scope_id = ?1 AND function = ?2 AND qualifier = ?3",
        "DELETE FROM url WHERE scope_id = ?1 AND function = ?2 AND qualifier = ?3",
        "DELETE FROM alias WHERE scope_id = ?1 AND function = ?2 AND name = ?3",
    };
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, false, &sql, &scope_id);

    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < ARRAY_LEN(statements); i++)
        rc = sql_exec(sql, statements[i], sql_int(scope_id), sql_text(function), sql_text(name));
    return sql_write_end(sql, lambda_one_row(sql, rc));
}

enum store_status lambda_store_alias_list(struct lambda_store *s, struct scope scope,
                                          const struct lambda_alias_filter *filter, size_t max,
                                          struct arena *a, struct lambda_alias **out,
                                          size_t *out_count)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    *out = ARENA_ARRAY(a, struct lambda_alias, max);
    *out_count = 0;
    if (!rc) {
        rc = sql_rows(
            sql_query(sql,
                      "SELECT " ALIAS_COLUMNS " FROM alias WHERE scope_id = ?1 AND function = ?2 "
                      "AND (?3 < 0 OR version = ?3 OR extra_version = ?3) AND name > ?4 ORDER BY "
                      "name LIMIT ?5",
                      sql_int(scope_id), sql_text(filter->function), sql_int(filter->version),
                      sql_text(filter->after), sql_int((int64_t)max)),
            read_alias, a, *out, max, out_count);
        sql_read_end(sql);
    }
    return lambda_end_of_list(rc);
}

/* --- how accepted events are treated --- */

#define EVENT_COLUMNS "qualifier, retries_max, age_max_s, on_success, on_failure, modified_ms"

static void read_event_config(struct sql_stmt *st, struct arena *a, void *out)
{
    struct lambda_event_config *row = out;

    *row = (struct lambda_event_config){
        .qualifier = sql_column_text(st, 0, a),
        .retries_max = (int)sql_column_int(st, 1),
        .age_max_s = (int)sql_column_int(st, 2),
        .on_success = sql_column_text(st, 3, a),
        .on_failure = sql_column_text(st, 4, a),
        .modified_ms = sql_column_int(st, 5),
    };
}

enum store_status lambda_store_event_config_put(struct lambda_store *s, struct scope scope,
                                                const char *function,
                                                const struct lambda_event_config *c)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, true, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_exec(sql,
                  "REPLACE INTO event_config (scope_id, function, " EVENT_COLUMNS ") VALUES (?1, "
                  "?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                  sql_int(scope_id), sql_text(function), sql_text(c->qualifier),
                  sql_int(c->retries_max), sql_int(c->age_max_s), sql_text(c->on_success),
                  sql_text(c->on_failure), sql_int(c->modified_ms));
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_event_config_find(struct lambda_store *s, struct scope scope,
                                                 const char *function, const char *qualifier,
                                                 struct arena *a, struct lambda_event_config *out)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_row(sql_query(sql,
                           "SELECT " EVENT_COLUMNS " FROM event_config WHERE scope_id = "
                           "?1 AND function = ?2 AND qualifier = ?3",
                           sql_int(scope_id), sql_text(function), sql_text(qualifier)),
                 read_event_config, a, out);
    sql_read_end(sql);
    return rc;
}

enum store_status lambda_store_event_config_remove(struct lambda_store *s, struct scope scope,
                                                   const char *function, const char *qualifier)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, false, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_exec(sql,
                  "DELETE FROM event_config WHERE scope_id = ?1 AND function = ?2 AND qualifier = "
                  "?3",
                  sql_int(scope_id), sql_text(function), sql_text(qualifier));
    return sql_write_end(sql, lambda_one_row(sql, rc));
}

enum store_status lambda_store_event_config_list(struct lambda_store *s, struct scope scope,
                                                 const char *function, const char *after,
                                                 size_t max, struct arena *a,
                                                 struct lambda_event_config **out,
                                                 size_t *out_count)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    *out = ARENA_ARRAY(a, struct lambda_event_config, max);
    *out_count = 0;
    if (!rc) {
        rc = sql_rows(sql_query(sql,
                                "SELECT " EVENT_COLUMNS
                                " FROM event_config WHERE scope_id = ?1 AND function "
                                "= ?2 AND qualifier > ?3 ORDER BY qualifier LIMIT ?4",
                                sql_int(scope_id), sql_text(function), sql_text(after),
                                sql_int((int64_t)max)),
                      read_event_config, a, *out, max, out_count);
        sql_read_end(sql);
    }
    return lambda_end_of_list(rc);
}

/* --- provisioned concurrency --- */

enum store_status lambda_store_provisioned_put(struct lambda_store *s, struct scope scope,
                                               const char *function,
                                               const struct lambda_provisioned *p)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, true, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_exec(sql,
                  "REPLACE INTO provisioned (scope_id, function, qualifier, wanted, modified_ms) "
                  "VALUES (?1, ?2, ?3, ?4, ?5)",
                  sql_int(scope_id), sql_text(function), sql_text(p->qualifier), sql_int(p->wanted),
                  sql_int(p->modified_ms));
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_provisioned_remove(struct lambda_store *s, struct scope scope,
                                                  const char *function, const char *qualifier)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, false, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_exec(sql,
                  "DELETE FROM provisioned WHERE scope_id = ?1 AND function = ?2 AND qualifier = "
                  "?3",
                  sql_int(scope_id), sql_text(function), sql_text(qualifier));
    return sql_write_end(sql, lambda_one_row(sql, rc));
}

static void read_provisioned(struct sql_stmt *st, struct arena *a, void *out)
{
    struct lambda_provisioned *row = out;

    *row = (struct lambda_provisioned){
        .account = sql_column_text(st, 0, a),
        .region = sql_column_text(st, 1, a),
        .function = sql_column_text(st, 2, a),
        .qualifier = sql_column_text(st, 3, a),
        .wanted = (int)sql_column_int(st, 4),
        .modified_ms = sql_column_int(st, 5),
    };
}

enum store_status lambda_store_provisioned_list(struct lambda_store *s,
                                                const struct lambda_provisioned_filter *filter,
                                                size_t max, struct arena *a,
                                                struct lambda_provisioned **out, size_t *out_count)
{
    const struct scope *scope = filter->scope;
    struct sql *sql;
    enum store_status rc = lazy_read_begin(s->db, &sql);

    *out = ARENA_ARRAY(a, struct lambda_provisioned, max);
    *out_count = 0;
    if (!rc) {
        rc = sql_rows(
            sql_query(
                sql,
                "SELECT account, region, function, qualifier, wanted, modified_ms FROM provisioned "
                "JOIN scope ON scope.id = scope_id WHERE (?1 IS NULL OR account = ?1 AND region = "
                "?2) "
                "AND (?3 IS NULL OR function = ?3) AND (?4 IS NULL OR qualifier = ?4) ORDER BY "
                "function, qualifier LIMIT ?5",
                sql_text(scope ? scope->account : NULL), sql_text(scope ? scope->region : NULL),
                sql_text(filter->function), sql_text(filter->qualifier), sql_int((int64_t)max)),
            read_provisioned, a, *out, max, out_count);
        sql_read_end(sql);
    }
    return lambda_end_of_list(rc);
}

/* --- URLs --- */

#define URL_COLUMNS                                                                                \
    "function, qualifier, url_id, auth_type, invoke_mode, cors, created_ms, modified_ms"

static void read_url(struct sql_stmt *st, struct arena *a, void *out)
{
    struct lambda_url *row = out;

    *row = (struct lambda_url){
        .account = sql_column_text(st, 0, a),
        .region = sql_column_text(st, 1, a),
        .function = sql_column_text(st, 2, a),
        .qualifier = sql_column_text(st, 3, a),
        .url_id = sql_column_text(st, 4, a),
        .auth_type = sql_column_text(st, 5, a),
        .invoke_mode = sql_column_text(st, 6, a),
        .cors = sql_column_text(st, 7, a),
        .created_ms = sql_column_int(st, 8),
        .modified_ms = sql_column_int(st, 9),
    };
}

enum store_status lambda_store_url_add(struct lambda_store *s, const struct lambda_url *u)
{
    struct scope scope = {.account = u->account, .region = u->region};
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, true, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_exec(sql,
                  "INSERT INTO url (scope_id, " URL_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
                  "?8, ?9)",
                  sql_int(scope_id), sql_text(u->function), sql_text(u->qualifier),
                  sql_text(u->url_id), sql_text(u->auth_type), sql_text(u->invoke_mode),
                  sql_text(u->cors), sql_int(u->created_ms), sql_int(u->modified_ms));
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_url_replace(struct lambda_store *s, const struct lambda_url *u)
{
    struct sql *sql;
    enum store_status rc = lazy_write_begin(s->db, &sql);

    if (rc)
        return rc;
    rc = sql_exec(sql,
                  "UPDATE url SET auth_type = ?2, invoke_mode = ?3, cors = ?4, modified_ms = ?5 "
                  "WHERE url_id = ?1",
                  sql_text(u->url_id), sql_text(u->auth_type), sql_text(u->invoke_mode),
                  sql_text(u->cors), sql_int(u->modified_ms));
    return sql_write_end(sql, lambda_one_row(sql, rc));
}

enum store_status lambda_store_url_remove(struct lambda_store *s, const char *url_id)
{
    struct sql *sql;
    enum store_status rc = lazy_write_begin(s->db, &sql);

    if (rc)
        return rc;
    rc = sql_exec(sql, "DELETE FROM url WHERE url_id = ?1", sql_text(url_id));
    return sql_write_end(sql, lambda_one_row(sql, rc));
}

enum store_status lambda_store_url_find(struct lambda_store *s, const char *url_id, struct arena *a,
                                        struct lambda_url *out)
{
    struct sql *sql;
    enum store_status rc = lazy_read_begin(s->db, &sql);

    if (rc)
        return rc;
    rc = sql_row(sql_query(sql,
                           "SELECT account, region, " URL_COLUMNS " FROM url JOIN scope "
                           "ON scope.id = scope_id WHERE url_id = ?1",
                           sql_text(url_id)),
                 read_url, a, out);
    sql_read_end(sql);
    return rc;
}

enum store_status lambda_store_url_list(struct lambda_store *s, struct scope scope,
                                        const struct lambda_url_filter *filter, size_t max,
                                        struct arena *a, struct lambda_url **out, size_t *out_count)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_read_begin(s, &scope, &sql, &scope_id);

    *out = ARENA_ARRAY(a, struct lambda_url, max);
    *out_count = 0;
    if (!rc) {
        rc = sql_rows(sql_query(sql,
                                "SELECT account, region, " URL_COLUMNS
                                " FROM url JOIN scope ON scope.id = scope_id "
                                "WHERE scope_id = ?1 AND function = ?2 AND (?3 IS NULL OR "
                                "qualifier = ?3) AND (?4 IS "
                                "NULL OR qualifier > ?4) ORDER BY qualifier LIMIT ?5",
                                sql_int(scope_id), sql_text(filter->function),
                                sql_text(filter->qualifier), sql_text(filter->after),
                                sql_int((int64_t)max)),
                      read_url, a, *out, max, out_count);
        sql_read_end(sql);
    }
    return lambda_end_of_list(rc);
}
