/*
 * Functions and accepted events of Lambda in <data>/lambda.db.
 */
#include "storage/lambda_store.h"

#include <pthread.h>

#include "server/base/embed.h"
#include "storage/scope.h"
#include "storage/sql.h"

EMBED(storage_schema_lambda_001_sql);

struct lambda_store {
    struct store_root *root;
    pthread_mutex_t lock;
    struct sql_db *db; /* under lock until it is set; then constant */
};

#define FUNCTION_COLUMNS                                                                           \
    "name, version, role, runtime, handler, description, timeout_s, memory_mb, ephemeral_mb, "     \
    "architecture, environment, kms_key_arn, tracing, log_group, reserved, tags, revision, "       \
    "modified_ms, code_id, code_sha256, code_size"

struct lambda_store *lambda_store_open(struct store_root *root)
{
    struct lambda_store *s = x_calloc(1, sizeof(*s));

    s->root = root;
    pthread_mutex_init(&s->lock, NULL);
    if (store_has(root, "lambda") && !lambda_store_db(s, true)) {
        lambda_store_close(s);
        return NULL;
    }
    return s;
}

void lambda_store_close(struct lambda_store *s)
{
    if (!s)
        return;
    if (s->db)
        sql_close(s->db);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

struct sql_db *lambda_store_db(struct lambda_store *s, bool create)
{
    const struct sql_migration migrations[] = {{embed_storage_schema_lambda_001_sql}};

    pthread_mutex_lock(&s->lock);
    if (!s->db && create)
        s->db = sql_open(s->root, "lambda", migrations, ARRAY_LEN(migrations));
    struct sql_db *db = s->db;
    pthread_mutex_unlock(&s->lock);
    return db;
}

static enum store_status write_begin(struct lambda_store *s, struct sql **out)
{
    struct sql_db *db = lambda_store_db(s, true);

    return db ? sql_write_begin(db, out) : STORE_FAILED;
}

/* STORE_NOT_FOUND while nothing was ever stored. */
static enum store_status read_begin(struct lambda_store *s, struct sql **out)
{
    struct sql_db *db = lambda_store_db(s, false);

    return db ? sql_read_begin(db, out) : STORE_NOT_FOUND;
}

/* --- functions --- */

/* Parameters 1 to 21 are FUNCTION_COLUMNS. */
static void bind_function(struct sql_stmt *st, const struct lambda_function *f)
{
    sql_bind_text(st, 1, f->name);
    sql_bind_int(st, 2, f->version);
    sql_bind_text(st, 3, f->role);
    sql_bind_text(st, 4, f->runtime);
    sql_bind_text(st, 5, f->handler);
    sql_bind_text(st, 6, f->description);
    sql_bind_int(st, 7, f->timeout_s);
    sql_bind_int(st, 8, f->memory_mb);
    sql_bind_int(st, 9, f->ephemeral_mb);
    sql_bind_text(st, 10, f->architecture);
    sql_bind_text(st, 11, f->environment);
    sql_bind_text(st, 12, f->kms_key_arn);
    sql_bind_text(st, 13, f->tracing);
    sql_bind_text(st, 14, f->log_group);
    sql_bind_int(st, 15, f->reserved);
    sql_bind_text(st, 16, f->tags);
    sql_bind_text(st, 17, f->revision);
    sql_bind_int(st, 18, f->modified_ms);
    sql_bind_text(st, 19, f->code_id);
    sql_bind_text(st, 20, f->code_sha256);
    sql_bind_int(st, 21, f->code_size);
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
        .reserved = (int)sql_column_int(st, 14),
        .tags = sql_column_text(st, 15, a),
        .revision = sql_column_text(st, 16, a),
        .modified_ms = sql_column_int(st, 17),
        .code_id = sql_column_text(st, 18, a),
        .code_sha256 = sql_column_text(st, 19, a),
        .code_size = sql_column_int(st, 20),
    };
}

enum store_status lambda_store_add(struct lambda_store *s, const struct lambda_function *f)
{
    struct scope scope = {.account = f->account, .region = f->region};
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = write_begin(s, &sql);

    if (rc)
        return rc;
    rc = sql_scope_id(sql, &scope, true, &scope_id);
    if (!rc) {
        struct sql_stmt *st = sql_prepare(
            sql, "INSERT INTO function (" FUNCTION_COLUMNS ", scope_id) VALUES (?1, ?2, ?3, ?4, "
                 "?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, "
                 "?22)");

        bind_function(st, f);
        sql_bind_int(st, 22, scope_id);
        rc = sql_run(st);
    }
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_find(struct lambda_store *s, struct scope scope, const char *name,
                                    struct arena *a, struct lambda_function *out)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = read_begin(s, &sql);

    if (rc)
        return rc;
    rc = sql_scope_id(sql, &scope, false, &scope_id);
    if (!rc) {
        struct sql_stmt *st =
            sql_prepare(sql, "SELECT " FUNCTION_COLUMNS " FROM function WHERE scope_id = ?1 AND "
                             "name = ?2 AND version = 0");

        sql_bind_int(st, 1, scope_id);
        sql_bind_text(st, 2, name);
        rc = sql_step(st);
        if (!rc) {
            read_function(st, scope, a, out);
            sql_reset(st);
        }
    }
    sql_read_end(sql);
    return rc;
}

static enum store_status check_revision(struct sql *sql, int64_t scope_id,
                                        const struct lambda_function *f, const char *expected)
{
    struct sql_stmt *st = sql_prepare(sql, "SELECT revision = ?4 FROM function WHERE scope_id = "
                                           "?1 AND name = ?2 AND version = ?3");

    sql_bind_int(st, 1, scope_id);
    sql_bind_text(st, 2, f->name);
    sql_bind_int(st, 3, f->version);
    sql_bind_text(st, 4, expected);
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
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = write_begin(s, &sql);

    if (rc)
        return rc;
    rc = sql_scope_id(sql, &scope, false, &scope_id);
    if (!rc)
        rc = check_revision(sql, scope_id, f, expected);
    if (!rc) {
        struct sql_stmt *st = sql_prepare(
            sql, "UPDATE function SET role = ?3, runtime = ?4, handler = ?5, description = ?6, "
                 "timeout_s = ?7, memory_mb = ?8, ephemeral_mb = ?9, architecture = ?10, "
                 "environment = ?11, kms_key_arn = ?12, tracing = ?13, log_group = ?14, "
                 "reserved = ?15, tags = ?16, revision = ?17, modified_ms = ?18, code_id = ?19, "
                 "code_sha256 = ?20, code_size = ?21 "
                 "WHERE name = ?1 AND version = ?2 AND scope_id = ?22");

        bind_function(st, f);
        sql_bind_int(st, 22, scope_id);
        rc = sql_run(st);
    }
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_remove(struct lambda_store *s, struct scope scope, const char *name)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = write_begin(s, &sql);

    if (rc)
        return rc;
    rc = sql_scope_id(sql, &scope, false, &scope_id);
    if (!rc) {
        struct sql_stmt *st =
            sql_prepare(sql, "DELETE FROM function WHERE scope_id = ?1 AND name = ?2");

        sql_bind_int(st, 1, scope_id);
        sql_bind_text(st, 2, name);
        rc = sql_run(st);
        if (!rc && sql_changes(sql) == 0)
            rc = STORE_NOT_FOUND;
    }
    if (!rc) {
        struct sql_stmt *st =
            sql_prepare(sql, "DELETE FROM permission WHERE scope_id = ?1 AND function = ?2");

        sql_bind_int(st, 1, scope_id);
        sql_bind_text(st, 2, name);
        rc = sql_run(st);
    }
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_list(struct lambda_store *s, struct scope scope, const char *after,
                                    size_t max, struct arena *a, struct lambda_function **out,
                                    size_t *out_count)
{
    struct lambda_function *items = ARENA_ARRAY(a, struct lambda_function, max);
    size_t count = 0;
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = read_begin(s, &sql);

    if (!rc) {
        rc = sql_scope_id(sql, &scope, false, &scope_id);
        if (!rc) {
            struct sql_stmt *st =
                sql_prepare(sql, "SELECT " FUNCTION_COLUMNS " FROM function WHERE scope_id = ?1 "
                                 "AND name > ?2 AND version = 0 ORDER BY name LIMIT ?3");

            sql_bind_int(st, 1, scope_id);
            sql_bind_text(st, 2, after);
            sql_bind_int(st, 3, (int64_t)max);
            while (!(rc = sql_step(st)))
                read_function(st, scope, a, &items[count++]);
        }
        sql_read_end(sql);
    }
    if (rc != STORE_NOT_FOUND)
        return rc;
    *out = items;
    *out_count = count;
    return STORE_OK;
}

enum store_status lambda_store_usage(struct lambda_store *s, struct scope scope,
                                     struct lambda_usage *out)
{
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = read_begin(s, &sql);

    *out = (struct lambda_usage){0};
    if (rc)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = sql_scope_id(sql, &scope, false, &scope_id);
    if (!rc) {
        struct sql_stmt *st =
            sql_prepare(sql, "SELECT sum(version = 0), sum(code_size), sum(CASE WHEN version = 0 "
                             "THEN max(reserved, 0) ELSE 0 END) FROM function WHERE scope_id = ?1");

        sql_bind_int(st, 1, scope_id);
        rc = sql_step(st);
        if (!rc) {
            out->functions = sql_column_int(st, 0);
            out->code_bytes = sql_column_int(st, 1);
            out->reserved = sql_column_int(st, 2);
            sql_reset(st);
        }
    }
    sql_read_end(sql);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status lambda_store_code_ids(struct lambda_store *s, struct arena *a,
                                        const char ***out_ids, size_t *out_count)
{
    struct sql *sql;
    const char **ids = NULL;
    size_t count = 0, room = 0;
    enum store_status rc = read_begin(s, &sql);

    if (!rc) {
        struct sql_stmt *st =
            sql_prepare(sql, "SELECT DISTINCT code_id FROM function ORDER BY code_id");

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

/* --- accepted events --- */

enum store_status lambda_store_event_add(struct lambda_store *s, const struct lambda_event *e)
{
    struct scope scope = {.account = e->account, .region = e->region};
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = write_begin(s, &sql);

    if (rc)
        return rc;
    rc = sql_scope_id(sql, &scope, true, &scope_id);
    if (!rc) {
        struct sql_stmt *st = sql_prepare(
            sql, "INSERT INTO event (scope_id, function, arn, request_id, client_context, "
                 "payload, attempts, delays, accepted_ms, due_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
                 "?7, ?8, ?9, ?10)");

        sql_bind_int(st, 1, scope_id);
        sql_bind_text(st, 2, e->function);
        sql_bind_text(st, 3, e->arn);
        sql_bind_text(st, 4, e->request_id);
        sql_bind_text(st, 5, e->client_context);
        sql_bind_blob(st, 6, e->payload.data, e->payload.len);
        sql_bind_int(st, 7, e->attempts);
        sql_bind_int(st, 8, e->delays);
        sql_bind_int(st, 9, e->accepted_ms);
        sql_bind_int(st, 10, e->due_ms);
        rc = sql_run(st);
    }
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_events_due(struct lambda_store *s, int64_t now_ms, int64_t *ids,
                                          size_t max, size_t *out_count, int64_t *out_next_ms)
{
    struct sql *sql;
    enum store_status rc = read_begin(s, &sql);

    *out_count = 0;
    *out_next_ms = INT64_MAX;
    if (rc)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    struct sql_stmt *st =
        sql_prepare(sql, "SELECT id, due_ms FROM event ORDER BY due_ms, id LIMIT ?1");
    sql_bind_int(st, 1, (int64_t)max);
    while (!(rc = sql_step(st))) {
        int64_t due_ms = sql_column_int(st, 1);

        if (due_ms > now_ms) {
            *out_next_ms = due_ms;
            sql_reset(st);
            rc = STORE_NOT_FOUND;
            break;
        }
        ids[(*out_count)++] = sql_column_int(st, 0);
    }
    sql_read_end(sql);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status lambda_store_event_read(struct lambda_store *s, int64_t id, struct arena *a,
                                          struct lambda_event *out)
{
    struct sql *sql;
    enum store_status rc = read_begin(s, &sql);

    if (rc)
        return rc;
    struct sql_stmt *st = sql_prepare(
        sql, "SELECT account, region, function, arn, request_id, client_context, payload, "
             "attempts, delays, accepted_ms, due_ms FROM event JOIN scope ON scope.id = scope_id "
             "WHERE event.id = ?1");
    sql_bind_int(st, 1, id);
    rc = sql_step(st);
    if (!rc) {
        *out = (struct lambda_event){
            .id = id,
            .account = sql_column_text(st, 0, a),
            .region = sql_column_text(st, 1, a),
            .function = sql_column_text(st, 2, a),
            .arn = sql_column_text(st, 3, a),
            .request_id = sql_column_text(st, 4, a),
            .client_context = sql_column_text(st, 5, a),
            .payload = sql_column_bytes(st, 6, a),
            .attempts = (int)sql_column_int(st, 7),
            .delays = (int)sql_column_int(st, 8),
            .accepted_ms = sql_column_int(st, 9),
            .due_ms = sql_column_int(st, 10),
        };
        sql_reset(st);
    }
    sql_read_end(sql);
    return rc;
}

enum store_status lambda_store_event_delay(struct lambda_store *s, int64_t id, int attempts,
                                           int delays, int64_t due_ms)
{
    struct sql *sql;
    enum store_status rc = write_begin(s, &sql);

    if (rc)
        return rc;
    struct sql_stmt *st =
        sql_prepare(sql, "UPDATE event SET attempts = ?2, delays = ?3, due_ms = ?4 WHERE id = ?1");
    sql_bind_int(st, 1, id);
    sql_bind_int(st, 2, attempts);
    sql_bind_int(st, 3, delays);
    sql_bind_int(st, 4, due_ms);
    return sql_write_end(sql, sql_run(st));
}

enum store_status lambda_store_event_remove(struct lambda_store *s, int64_t id)
{
    struct sql *sql;
    enum store_status rc = write_begin(s, &sql);

    if (rc)
        return rc;
    struct sql_stmt *st = sql_prepare(sql, "DELETE FROM event WHERE id = ?1");
    sql_bind_int(st, 1, id);
    return sql_write_end(sql, sql_run(st));
}
