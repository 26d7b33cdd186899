/* What an account has once: its alias and its policy for passwords; and how much it has. */
#include "storage/iam_internal.h"

/* --- the alias --- */

enum store_status iam_alias_set(struct iam_store *store, const char *account, const char *alias)
{
    struct sql *s;
    int64_t scope;
    struct sql_stmt *st;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    st = sql_query(s, "SELECT 1 FROM account WHERE alias = ?1", sql_text(alias));
    status = sql_step(st);
    if (!status) {
        sql_reset(st);
        return sql_write_end(s, STORE_EXISTS);
    }
    if (status == STORE_NOT_FOUND)
        status = sql_exec(s,
                          "INSERT INTO account (scope, alias) VALUES (?1, ?2) "
                          "ON CONFLICT (scope) DO UPDATE SET alias = excluded.alias",
                          sql_int(scope), sql_text(alias));
    return sql_write_end(s, status);
}

enum store_status iam_alias_remove(struct iam_store *store, const char *account, const char *alias)
{
    struct sql *s;
    int64_t scope;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = sql_exec(s, "UPDATE account SET alias = NULL WHERE scope = ?1 AND alias = ?2",
                      sql_int(scope), sql_text(alias));
    if (!status && sql_changes(s) == 0)
        status = STORE_NOT_FOUND;
    return sql_write_end(s, status);
}

/* One text of the account's row; parameter 1 of the query is the scope. */
static enum store_status read_text(struct iam_store *store, const char *account, const char *query,
                                   struct arena *a, const char **out)
{
    struct sql *s;
    int64_t scope;
    struct sql_stmt *st;
    enum store_status status = iam_begin_read(store, account, &s, &scope);

    if (status)
        return status;
    st = sql_query(s, query, sql_int(scope));
    status = sql_step(st);
    if (!status) {
        *out = sql_column_text(st, 0, a);
        sql_reset(st);
    }
    sql_read_end(s);
    return status;
}

enum store_status iam_alias_get(struct iam_store *store, const char *account, struct arena *a,
                                const char **out)
{
    return read_text(store, account,
                     "SELECT alias FROM account WHERE scope = ?1 AND alias IS NOT NULL", a, out);
}

/* --- the policy for passwords --- */

enum store_status iam_password_policy_set(struct iam_store *store, const char *account,
                                          const char *json)
{
    struct sql *s;
    int64_t scope;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status =
        sql_exec(s,
                 "INSERT INTO account (scope, password_policy) VALUES (?1, ?2) "
                 "ON CONFLICT (scope) DO UPDATE SET password_policy = excluded.password_policy",
                 sql_int(scope), sql_text(json));
    return sql_write_end(s, status);
}

enum store_status iam_password_policy_remove(struct iam_store *store, const char *account)
{
    struct sql *s;
    int64_t scope;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = sql_exec(s,
                      "UPDATE account SET password_policy = NULL "
                      "WHERE scope = ?1 AND password_policy IS NOT NULL",
                      sql_int(scope));
    if (!status && sql_changes(s) == 0)
        status = STORE_NOT_FOUND;
    return sql_write_end(s, status);
}

enum store_status iam_password_policy_get(struct iam_store *store, const char *account,
                                          struct arena *a, const char **out)
{
    return read_text(
        store, account,
        "SELECT password_policy FROM account WHERE scope = ?1 AND password_policy IS NOT NULL", a,
        out);
}

/* --- how much there is --- */

static void read_counts(struct sql_stmt *st, struct arena *a, void *out)
{
    (void)a;
    *(struct iam_counts *)out = (struct iam_counts){
        .users = sql_column_int(st, 0),
        .groups = sql_column_int(st, 1),
        .roles = sql_column_int(st, 2),
        .profiles = sql_column_int(st, 3),
        .policies = sql_column_int(st, 4),
        .policies_in_use = sql_column_int(st, 5),
        .providers = sql_column_int(st, 6),
    };
}

enum store_status iam_count(struct iam_store *store, const char *account, struct iam_counts *out)
{
    struct sql *s;
    int64_t scope;
    struct sql_stmt *st;
    enum store_status status = iam_begin_read(store, account, &s, &scope);

    *out = (struct iam_counts){0};
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    st = sql_query(s,
                   "SELECT (SELECT count(*) FROM entity WHERE scope = ?1 AND kind = ?2), "
                   "(SELECT count(*) FROM entity WHERE scope = ?1 AND kind = ?3), "
                   "(SELECT count(*) FROM entity WHERE scope = ?1 AND kind = ?4), "
                   "(SELECT count(*) FROM entity WHERE scope = ?1 AND kind = ?5), "
                   "(SELECT count(*) FROM policy WHERE scope = ?1), "
                   "(SELECT count(*) FROM (SELECT arn FROM attachment t "
                   "JOIN entity e ON e.id = t.entity WHERE e.scope = ?1 "
                   "UNION SELECT boundary FROM entity "
                   "WHERE scope = ?1 AND boundary IS NOT NULL)), "
                   "(SELECT count(*) FROM oidc_provider WHERE scope = ?1)",
                   sql_int(scope), sql_int(IAM_USER), sql_int(IAM_GROUP), sql_int(IAM_ROLE),
                   sql_int(IAM_PROFILE));
    status = sql_row(st, read_counts, NULL, out);
    sql_read_end(s);
    return status;
}
