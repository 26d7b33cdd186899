/* What is in what: one role in an instance profile, users in groups. */
#include "storage/iam_internal.h"

/* Two entities, the second of which is, or shall be, in the first. */
struct pair {
    enum iam_kind holder_kind;
    const char *holder;
    enum iam_kind member_kind;
    const char *member;
    int64_t holder_id; /* from here on found by begin_pair() */
    int64_t member_id;
    bool member_missing; /* when the first is there */
};

/* Begins a write and finds the two. On failure nothing is held. */
static enum store_status begin_pair(struct iam_store *store, const char *account, struct pair *pair,
                                    struct sql **out_sql)
{
    int64_t scope;
    enum store_status status = iam_begin_write(store, account, out_sql, &scope);

    if (status)
        return status;
    status = iam_entity_id(*out_sql, scope, pair->holder_kind, pair->holder, &pair->holder_id);
    if (!status) {
        status = iam_entity_id(*out_sql, scope, pair->member_kind, pair->member, &pair->member_id);
        pair->member_missing = status == STORE_NOT_FOUND;
    }
    return status ? sql_write_end(*out_sql, status) : STORE_OK;
}

/* The entities of column `to` for one of column `from`. */
#define TIED(table, from, to)                                                                      \
    "SELECT " IAM_ENTITY_COLUMNS " FROM " table " t JOIN entity e ON e.id = t." to                 \
    " WHERE t." from " = ?1 AND e.name > ?2 ORDER BY e.name LIMIT ?3"

static enum store_status list_tied(struct sql *s, const char *query, int64_t id, const char *after,
                                   size_t limit, struct arena *a, struct iam_entities *out)
{
    struct sql_stmt *st =
        sql_query(s, query, sql_int(id), sql_text(after ? after : ""), sql_int((int64_t)limit + 1));
    enum store_status status = iam_entity_rows(st, limit, a, out);

    sql_read_end(s);
    return status;
}

/* --- instance profiles --- */

enum store_status iam_profile_add_role(struct iam_store *store, const char *account,
                                       const char *profile, const char *role,
                                       bool *out_role_missing)
{
    struct pair pair = {IAM_PROFILE, profile, IAM_ROLE, role, 0, 0, false};
    struct sql *s;
    enum store_status status = begin_pair(store, account, &pair, &s);

    *out_role_missing = pair.member_missing;
    if (status)
        return status;
    status = sql_exec(s, "INSERT INTO profile_role (profile, role) VALUES (?1, ?2)",
                      sql_int(pair.holder_id), sql_int(pair.member_id));
    return sql_write_end(s, status == STORE_EXISTS ? STORE_LIMIT : status);
}

enum store_status iam_profile_remove_role(struct iam_store *store, const char *account,
                                          const char *profile, const char *role)
{
    struct pair pair = {IAM_PROFILE, profile, IAM_ROLE, role, 0, 0, false};
    struct sql *s;
    enum store_status status = begin_pair(store, account, &pair, &s);

    if (status)
        return status;
    status = sql_exec(s, "DELETE FROM profile_role WHERE profile = ?1 AND role = ?2",
                      sql_int(pair.holder_id), sql_int(pair.member_id));
    if (!status && sql_changes(s) == 0)
        status = STORE_NOT_FOUND;
    return sql_write_end(s, status);
}

enum store_status iam_profile_role(struct iam_store *store, int64_t profile_id, struct arena *a,
                                   struct iam_entity *out)
{
    struct sql *s;
    struct iam_entities roles;
    enum store_status status = lazy_read_begin(store->db, &s);

    if (status)
        return status;
    status = list_tied(s, TIED("profile_role", "profile", "role"), profile_id, NULL, 1, a, &roles);
    if (status)
        return status;
    if (roles.count == 0)
        return STORE_NOT_FOUND;
    *out = roles.items[0];
    return STORE_OK;
}

enum store_status iam_profiles_of_role(struct iam_store *store, const char *account,
                                       const char *role, const char *after, size_t limit,
                                       struct arena *a, struct iam_entities *out)
{
    struct sql *s;
    int64_t id;
    enum store_status status = iam_begin_read_of(store, account, IAM_ROLE, role, &s, &id);

    return status ? status
                  : list_tied(s, TIED("profile_role", "role", "profile"), id, after, limit, a, out);
}

/* --- groups --- */

enum store_status iam_group_add_user(struct iam_store *store, const char *account,
                                     const char *group, const char *user, int64_t max,
                                     bool *out_user_missing)
{
    struct pair pair = {IAM_GROUP, group, IAM_USER, user, 0, 0, false};
    struct sql *s;
    int64_t count = 0;
    enum store_status status = begin_pair(store, account, &pair, &s);

    *out_user_missing = pair.member_missing;
    if (status)
        return status;
    status = sql_exec(
        s, "INSERT INTO group_user (user_group, user) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        sql_int(pair.holder_id), sql_int(pair.member_id));
    if (!status)
        status = iam_number(s, "SELECT count(*) FROM group_user WHERE user = ?1", pair.member_id,
                            &count);
    if (!status && count > max)
        status = STORE_LIMIT;
    return sql_write_end(s, status);
}

enum store_status iam_group_remove_user(struct iam_store *store, const char *account,
                                        const char *group, const char *user, bool *out_user_missing)
{
    struct pair pair = {IAM_GROUP, group, IAM_USER, user, 0, 0, false};
    struct sql *s;
    enum store_status status = begin_pair(store, account, &pair, &s);

    *out_user_missing = pair.member_missing;
    if (status)
        return status;
    status = sql_exec(s, "DELETE FROM group_user WHERE user_group = ?1 AND user = ?2",
                      sql_int(pair.holder_id), sql_int(pair.member_id));
    return sql_write_end(s, status);
}

enum store_status iam_users_of_group(struct iam_store *store, const char *account,
                                     const char *group, const char *after, size_t limit,
                                     struct arena *a, struct iam_entities *out)
{
    struct sql *s;
    int64_t id;
    enum store_status status = iam_begin_read_of(store, account, IAM_GROUP, group, &s, &id);

    return status
               ? status
               : list_tied(s, TIED("group_user", "user_group", "user"), id, after, limit, a, out);
}

enum store_status iam_groups_of_user(struct iam_store *store, const char *account, const char *user,
                                     const char *after, size_t limit, struct arena *a,
                                     struct iam_entities *out)
{
    struct sql *s;
    int64_t id;
    enum store_status status = iam_begin_read_of(store, account, IAM_USER, user, &s, &id);

    return status
               ? status
               : list_tied(s, TIED("group_user", "user", "user_group"), id, after, limit, a, out);
}
