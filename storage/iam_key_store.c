/* Access keys of users, and the sessions that STS gives out. Both are found by their key id alone:
 * requests come with nothing else. */
#include "storage/iam_internal.h"

static enum store_status user_id(struct sql *s, int64_t scope, const char *user, int64_t *out_id,
                                 bool *out_user_missing)
{
    enum store_status status = iam_entity_id(s, scope, IAM_USER, user, out_id);

    *out_user_missing = status == STORE_NOT_FOUND;
    return status;
}

enum store_status iam_key_create(struct iam_store *store, const char *account, const char *user,
                                 const struct iam_access_key *key, int64_t max)
{
    struct sql *s;
    int64_t scope;
    int64_t id;
    int64_t count = 0;
    bool missing;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = user_id(s, scope, user, &id, &missing);
    if (!status)
        status = iam_number(s, "SELECT count(*) FROM access_key WHERE entity = ?1", id, &count);
    if (!status && count >= max)
        status = STORE_LIMIT;
    if (!status) {
        struct sql_stmt *st = sql_prepare(
            s, "INSERT INTO access_key (id, entity, account, secret, active, created_ms) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

        sql_bind_text(st, 1, key->id);
        sql_bind_int(st, 2, id);
        sql_bind_text(st, 3, account);
        sql_bind_text(st, 4, key->secret);
        sql_bind_int(st, 5, key->active);
        sql_bind_int(st, 6, key->created_ms);
        status = sql_run(st);
    }
    return sql_write_end(s, status);
}

#define KEY_COLUMNS                                                                                \
    "k.id, k.secret, k.account, e.name, e.path, e.unique_id, k.active, k.created_ms "              \
    "FROM access_key k JOIN entity e ON e.id = k.entity "

static struct iam_access_key key_row(struct sql_stmt *st, struct arena *a)
{
    return (struct iam_access_key){
        .id = sql_column_text(st, 0, a),
        .secret = sql_column_text(st, 1, a),
        .account = sql_column_text(st, 2, a),
        .user = sql_column_text(st, 3, a),
        .path = sql_column_text(st, 4, a),
        .user_id = sql_column_text(st, 5, a),
        .active = sql_column_int(st, 6) != 0,
        .created_ms = sql_column_int(st, 7),
    };
}

enum store_status iam_key_list(struct iam_store *store, const char *account, const char *user,
                               struct arena *a, struct iam_access_keys *out)
{
    struct sql *s;
    int64_t scope;
    int64_t id;
    int64_t count = 0;
    bool missing;
    enum store_status status = iam_begin_read(store, account, &s, &scope);

    if (status)
        return status;
    status = user_id(s, scope, user, &id, &missing);
    if (!status)
        status = iam_number(s, "SELECT count(*) FROM access_key WHERE entity = ?1", id, &count);
    if (!status) {
        struct sql_stmt *st =
            sql_prepare(s, "SELECT " KEY_COLUMNS "WHERE k.entity = ?1 ORDER BY k.created_ms, k.id");

        *out =
            (struct iam_access_keys){.items = ARENA_ARRAY(a, struct iam_access_key, (size_t)count)};
        sql_bind_int(st, 1, id);
        while (!(status = sql_step(st)))
            out->items[out->count++] = key_row(st, a);
        if (status == STORE_NOT_FOUND)
            status = STORE_OK;
    }
    sql_read_end(s);
    return status;
}

enum store_status iam_key_find(struct iam_store *store, const char *id, struct arena *a,
                               struct iam_access_key *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status status = lazy_read_begin(store->db, &s);

    if (status)
        return status;
    st = sql_prepare(s, "SELECT " KEY_COLUMNS "WHERE k.id = ?1");
    sql_bind_text(st, 1, id);
    status = sql_step(st);
    if (!status) {
        *out = key_row(st, a);
        sql_reset(st);
    }
    sql_read_end(s);
    return status;
}

enum store_status iam_key_set_active(struct iam_store *store, const char *account, const char *user,
                                     const char *id, bool active, bool *out_user_missing)
{
    struct sql *s;
    int64_t scope;
    int64_t entity;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = user_id(s, scope, user, &entity, out_user_missing);
    if (!status) {
        struct sql_stmt *st =
            sql_prepare(s, "UPDATE access_key SET active = ?3 WHERE entity = ?1 AND id = ?2");

        sql_bind_int(st, 1, entity);
        sql_bind_text(st, 2, id);
        sql_bind_int(st, 3, active);
        status = sql_run(st);
        if (!status && sql_changes(s) == 0)
            status = STORE_NOT_FOUND;
    }
    return sql_write_end(s, status);
}

enum store_status iam_key_delete(struct iam_store *store, const char *account, const char *user,
                                 const char *id, bool *out_user_missing)
{
    struct sql *s;
    int64_t scope;
    int64_t entity;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = user_id(s, scope, user, &entity, out_user_missing);
    if (!status) {
        struct sql_stmt *st =
            sql_prepare(s, "DELETE FROM access_key WHERE entity = ?1 AND id = ?2");

        sql_bind_int(st, 1, entity);
        sql_bind_text(st, 2, id);
        status = sql_run(st);
        if (!status && sql_changes(s) == 0)
            status = STORE_NOT_FOUND;
    }
    return sql_write_end(s, status);
}

static enum store_status forget_sessions(struct sql *s, int64_t before_ms)
{
    struct sql_stmt *st = sql_prepare(s, "DELETE FROM session WHERE expires_ms < ?1");

    sql_bind_int(st, 1, before_ms);
    return sql_run(st);
}

enum store_status iam_session_add(struct iam_store *store, const struct iam_session *session,
                                  int64_t forget_before_ms)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = forget_sessions(s, forget_before_ms);
    if (status)
        return sql_write_end(s, status);
    st = sql_prepare(s, "INSERT INTO session (id, account, secret, token, arn, user_id, "
                        "expires_ms, policy, policy_arns) "
                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    sql_bind_text(st, 1, session->id);
    sql_bind_text(st, 2, session->account);
    sql_bind_text(st, 3, session->secret);
    sql_bind_text(st, 4, session->token);
    sql_bind_text(st, 5, session->arn);
    sql_bind_text(st, 6, session->user_id);
    sql_bind_int(st, 7, session->expires_ms);
    sql_bind_text(st, 8, session->policy);
    sql_bind_text(st, 9, session->policy_arns);
    return sql_write_end(s, sql_run(st));
}

enum store_status iam_session_find(struct iam_store *store, const char *id, struct arena *a,
                                   struct iam_session *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status status = lazy_read_begin(store->db, &s);

    if (status)
        return status;
    st = sql_prepare(s, "SELECT id, account, secret, token, arn, user_id, expires_ms, "
                        "policy, policy_arns FROM session WHERE id = ?1");
    sql_bind_text(st, 1, id);
    status = sql_step(st);
    if (!status) {
        *out = (struct iam_session){
            .id = sql_column_text(st, 0, a),
            .account = sql_column_text(st, 1, a),
            .secret = sql_column_text(st, 2, a),
            .token = sql_column_text(st, 3, a),
            .arn = sql_column_text(st, 4, a),
            .user_id = sql_column_text(st, 5, a),
            .expires_ms = sql_column_int(st, 6),
            .policy = sql_column_text(st, 7, a),
            .policy_arns = sql_column_text(st, 8, a),
        };
        sql_reset(st);
    }
    sql_read_end(s);
    return status;
}
