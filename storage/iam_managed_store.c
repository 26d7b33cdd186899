/* Managed policies and their versions: named by ARN, found by account and name. */
#include "storage/iam_internal.h"

/* arn:aws:iam::123456789012:policy/path/name -> its account and name. False when it is no such ARN.
 */
static bool split_arn(const char *arn, char account[16], const char **out_name)
{
    const char *mark = strstr(arn, "::");
    const char *resource = mark ? strstr(mark, ":policy/") : NULL;
    size_t len = resource ? (size_t)(resource - mark) - 2 : 0;

    if (len == 0 || len >= 16)
        return false;
    memcpy(account, mark + 2, len);
    account[len] = '\0';
    *out_name = strrchr(arn, '/') + 1;
    return true;
}

/* The policy of an ARN, whose path must be right too. */
static enum store_status policy_id(struct sql *s, int64_t scope, const char *arn, const char *name,
                                   int64_t *out_id)
{
    struct sql_stmt *st =
        sql_prepare(s, "SELECT id FROM policy WHERE scope = ?1 AND name = ?2 "
                       "AND substr(?3, instr(?3, ':policy/') + 7) = path || name");
    enum store_status status;

    sql_bind_int(st, 1, scope);
    sql_bind_text(st, 2, name);
    sql_bind_text(st, 3, arn);
    status = sql_step(st);
    if (!status) {
        *out_id = sql_column_int(st, 0);
        sql_reset(st);
    }
    return status;
}

static enum store_status begin_policy_read(struct iam_store *store, const char *arn,
                                           struct sql **out_sql, int64_t *out_id)
{
    char account[16];
    const char *name;
    int64_t scope;
    enum store_status status;

    if (!split_arn(arn, account, &name))
        return STORE_NOT_FOUND;
    status = iam_begin_read(store, account, out_sql, &scope);
    if (status)
        return status;
    status = policy_id(*out_sql, scope, arn, name, out_id);
    if (status)
        sql_read_end(*out_sql);
    return status;
}

static enum store_status begin_policy_write(struct iam_store *store, const char *arn,
                                            struct sql **out_sql, int64_t *out_id)
{
    char account[16];
    const char *name;
    int64_t scope;
    enum store_status status;

    if (!split_arn(arn, account, &name))
        return STORE_NOT_FOUND;
    status = iam_begin_write(store, account, out_sql, &scope);
    if (status)
        return status;
    status = policy_id(*out_sql, scope, arn, name, out_id);
    return status ? sql_write_end(*out_sql, status) : STORE_OK;
}

static enum store_status insert_version(struct sql *s, int64_t policy, int64_t number,
                                        const char *document, int64_t now_ms)
{
    struct sql_stmt *st =
        sql_prepare(s, "INSERT INTO policy_version (policy, version, document, created_ms) "
                       "VALUES (?1, ?2, ?3, ?4)");

    sql_bind_int(st, 1, policy);
    sql_bind_int(st, 2, number);
    sql_bind_text(st, 3, document);
    sql_bind_int(st, 4, now_ms);
    return sql_run(st);
}

static enum store_status insert_policy(struct sql *s, int64_t scope, const struct iam_policy *p)
{
    struct sql_stmt *st =
        sql_prepare(s, "INSERT INTO policy (scope, name, path, unique_id, created_ms, updated_ms, "
                       "description, tags, version, last) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, 1, 1)");

    sql_bind_int(st, 1, scope);
    sql_bind_text(st, 2, p->name);
    sql_bind_text(st, 3, p->path);
    sql_bind_text(st, 4, p->unique_id);
    sql_bind_int(st, 5, p->created_ms);
    sql_bind_text(st, 6, p->description);
    sql_bind_text(st, 7, p->tags);
    return sql_run(st);
}

enum store_status iam_policy_create(struct iam_store *store, const char *account,
                                    const struct iam_policy *policy, const char *document,
                                    int64_t max)
{
    struct sql *s;
    int64_t scope;
    int64_t count = 0;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = insert_policy(s, scope, policy);
    if (!status)
        status = insert_version(s, sql_last_rowid(s), 1, document, policy->created_ms);
    if (!status)
        status = iam_number(s, "SELECT count(*) FROM policy WHERE scope = ?1", scope, &count);
    if (!status && count > max)
        status = STORE_LIMIT;
    return sql_write_end(s, status);
}

/* The policy's ARN in terms of its row; ?9 is its account. */
#define POLICY_ARN "'arn:aws:iam::' || ?9 || ':policy' || p.path || p.name"
#define POLICY_COLUMNS                                                                             \
    "p.id, p.name, p.path, p.unique_id, p.description, p.tags, p.created_ms, p.updated_ms, "       \
    "p.version, (SELECT count(*) FROM attachment WHERE arn = " POLICY_ARN "), "                    \
    "(SELECT count(*) FROM entity WHERE scope = p.scope AND boundary = " POLICY_ARN ")"

static struct iam_policy policy_row(struct sql_stmt *st, struct arena *a)
{
    return (struct iam_policy){
        .id = sql_column_int(st, 0),
        .name = sql_column_text(st, 1, a),
        .path = sql_column_text(st, 2, a),
        .unique_id = sql_column_text(st, 3, a),
        .description = sql_column_text(st, 4, a),
        .tags = sql_column_text(st, 5, a),
        .created_ms = sql_column_int(st, 6),
        .updated_ms = sql_column_int(st, 7),
        .version = (int)sql_column_int(st, 8),
        .attached = sql_column_int(st, 9),
        .boundaries = sql_column_int(st, 10),
    };
}

enum store_status iam_policy_find(struct iam_store *store, const char *arn, struct arena *a,
                                  struct iam_policy *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t id = 0;
    char account[16];
    const char *name;
    enum store_status status = begin_policy_read(store, arn, &s, &id);

    if (status)
        return status;
    split_arn(arn, account, &name);
    st = sql_prepare(s, "SELECT " POLICY_COLUMNS " FROM policy p WHERE p.id = ?1");
    sql_bind_int(st, 1, id);
    sql_bind_text(st, 9, account);
    status = sql_step(st);
    if (!status) {
        *out = policy_row(st, a);
        sql_reset(st);
    }
    sql_read_end(s);
    return status;
}

enum store_status iam_policy_list(struct iam_store *store, const char *account,
                                  const struct iam_policy_filter *filter, const char *after,
                                  size_t limit, struct arena *a, struct iam_policies *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t scope;
    enum store_status status = iam_begin_read(store, account, &s, &scope);

    *out = (struct iam_policies){0};
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    out->items = ARENA_ARRAY(a, struct iam_policy, limit);
    st = sql_prepare(s,
                     "SELECT " POLICY_COLUMNS " FROM policy p WHERE p.scope = ?1 AND p.name > ?2 "
                     "AND substr(p.path, 1, length(?3)) = ?3 "
                     "AND (NOT ?4 OR EXISTS (SELECT 1 FROM attachment WHERE arn = " POLICY_ARN ")) "
                     "AND (NOT ?5 OR EXISTS (SELECT 1 FROM entity WHERE scope = p.scope "
                     "AND boundary = " POLICY_ARN ")) ORDER BY p.name LIMIT ?6");
    sql_bind_int(st, 1, scope);
    sql_bind_text(st, 2, after ? after : "");
    sql_bind_text(st, 3, filter->path_prefix ? filter->path_prefix : "");
    sql_bind_int(st, 4, filter->only_attached);
    sql_bind_int(st, 5, filter->only_boundary);
    sql_bind_int(st, 6, (int64_t)limit + 1);
    sql_bind_text(st, 9, account);
    while (!(status = sql_step(st)) && out->count < limit)
        out->items[out->count++] = policy_row(st, a);
    out->more = status == STORE_OK;
    sql_reset(st);
    sql_read_end(s);
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}

static enum store_status count_of_arn(struct sql *s, const char *sql_text, const char *arn,
                                      int64_t *out)
{
    struct sql_stmt *st = sql_prepare(s, sql_text);
    enum store_status status;

    sql_bind_text(st, 1, arn);
    status = sql_step(st);
    if (!status) {
        *out = sql_column_int(st, 0);
        sql_reset(st);
    }
    return status;
}

static enum store_status check_policy_unused(struct sql *s, int64_t id, const char *arn,
                                             enum iam_policy_blocker *out)
{
    int64_t count = 0;
    enum store_status status =
        count_of_arn(s,
                     "SELECT (SELECT count(*) FROM attachment WHERE arn = ?1) "
                     "+ (SELECT count(*) FROM entity WHERE boundary = ?1)",
                     arn, &count);

    *out = IAM_POLICY_ATTACHED;
    if (!status && count == 0) {
        *out = IAM_POLICY_HAS_VERSIONS;
        status =
            iam_number(s, "SELECT count(*) - 1 FROM policy_version WHERE policy = ?1", id, &count);
    }
    return !status && count > 0 ? STORE_CONFLICT : status;
}

static enum store_status delete_rows(struct sql *s, const char *sql_text, int64_t id)
{
    struct sql_stmt *st = sql_prepare(s, sql_text);

    sql_bind_int(st, 1, id);
    return sql_run(st);
}

enum store_status iam_policy_delete(struct iam_store *store, const char *arn,
                                    enum iam_policy_blocker *out_blocker)
{
    struct sql *s;
    int64_t id = 0;
    enum store_status status = begin_policy_write(store, arn, &s, &id);

    if (status)
        return status;
    status = check_policy_unused(s, id, arn, out_blocker);
    if (!status)
        status = delete_rows(s, "DELETE FROM policy_version WHERE policy = ?1", id);
    if (!status)
        status = delete_rows(s, "DELETE FROM policy WHERE id = ?1", id);
    return sql_write_end(s, status);
}

enum store_status iam_policy_change_tags(struct iam_store *store, const char *arn,
                                         bool (*change)(const char **tags, void *context),
                                         void *context, struct arena *a)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t id = 0;
    const char *tags;
    enum store_status status = begin_policy_write(store, arn, &s, &id);

    if (status)
        return status;
    st = sql_prepare(s, "SELECT tags FROM policy WHERE id = ?1");
    sql_bind_int(st, 1, id);
    status = sql_step(st);
    if (status)
        return sql_write_end(s, status);
    tags = sql_column_text(st, 0, a);
    sql_reset(st);
    if (!change(&tags, context))
        return sql_write_end(s, STORE_CONFLICT);
    st = sql_prepare(s, "UPDATE policy SET tags = ?2 WHERE id = ?1");
    sql_bind_int(st, 1, id);
    sql_bind_text(st, 2, tags);
    return sql_write_end(s, sql_run(st));
}

/* --- versions --- */

static enum store_status set_default(struct sql *s, int64_t id, int64_t number, int64_t now_ms)
{
    struct sql_stmt *st =
        sql_prepare(s, "UPDATE policy SET version = ?2, updated_ms = ?3 WHERE id = ?1");

    sql_bind_int(st, 1, id);
    sql_bind_int(st, 2, number);
    sql_bind_int(st, 3, now_ms);
    return sql_run(st);
}

static enum store_status add_version(struct sql *s, int64_t id, const char *document,
                                     int64_t now_ms, int64_t max, int64_t *out_number)
{
    int64_t count = 0;
    enum store_status status =
        iam_number(s, "SELECT count(*) FROM policy_version WHERE policy = ?1", id, &count);

    if (!status && count >= max)
        status = STORE_LIMIT;
    if (!status)
        status = iam_number(s, "UPDATE policy SET last = last + 1 WHERE id = ?1 RETURNING last", id,
                            out_number);
    if (!status)
        status = insert_version(s, id, *out_number, document, now_ms);
    return status;
}

enum store_status iam_version_create(struct iam_store *store, const char *arn, const char *document,
                                     bool make_default, int64_t now_ms, int64_t max,
                                     struct iam_version *out)
{
    struct sql *s;
    int64_t id = 0;
    int64_t number = 0;
    enum store_status status = begin_policy_write(store, arn, &s, &id);

    if (status)
        return status;
    status = add_version(s, id, document, now_ms, max, &number);
    if (!status && make_default)
        status = set_default(s, id, number, now_ms);
    status = sql_write_end(s, status);
    if (!status)
        *out = (struct iam_version){.number = (int)number,
                                    .created_ms = now_ms,
                                    .is_default = make_default,
                                    .document = document};
    return status;
}

#define VERSION_COLUMNS                                                                            \
    "v.version, v.created_ms, v.version = p.version, v.document "                                  \
    "FROM policy_version v JOIN policy p ON p.id = v.policy WHERE p.id = ?1"

static struct iam_version version_row(struct sql_stmt *st, struct arena *a)
{
    return (struct iam_version){
        .number = (int)sql_column_int(st, 0),
        .created_ms = sql_column_int(st, 1),
        .is_default = sql_column_int(st, 2) != 0,
        .document = sql_column_text(st, 3, a),
    };
}

enum store_status iam_version_get(struct iam_store *store, const char *arn, int number,
                                  struct arena *a, struct iam_version *out,
                                  bool *out_policy_missing)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t id = 0;
    enum store_status status = begin_policy_read(store, arn, &s, &id);

    *out_policy_missing = status == STORE_NOT_FOUND;
    if (status)
        return status;
    st = sql_prepare(s, "SELECT " VERSION_COLUMNS " AND v.version = ?2");
    sql_bind_int(st, 1, id);
    sql_bind_int(st, 2, number);
    status = sql_step(st);
    if (!status) {
        *out = version_row(st, a);
        sql_reset(st);
    }
    sql_read_end(s);
    return status;
}

enum store_status iam_version_list(struct iam_store *store, const char *arn, struct arena *a,
                                   struct iam_versions *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t id = 0;
    int64_t count = 0;
    enum store_status status = begin_policy_read(store, arn, &s, &id);

    if (status)
        return status;
    status = iam_number(s, "SELECT count(*) FROM policy_version WHERE policy = ?1", id, &count);
    if (!status) {
        *out = (struct iam_versions){.items = ARENA_ARRAY(a, struct iam_version, (size_t)count)};
        st = sql_prepare(s, "SELECT " VERSION_COLUMNS " ORDER BY v.version DESC");
        sql_bind_int(st, 1, id);
        while (!(status = sql_step(st)))
            out->items[out->count++] = version_row(st, a);
    }
    sql_read_end(s);
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}

/* STORE_OK: the version is there; out_is_default says whether it is the default. */
static enum store_status find_version(struct sql *s, int64_t id, int number, bool *out_is_default)
{
    struct sql_stmt *st =
        sql_prepare(s, "SELECT v.version = p.version FROM policy_version v "
                       "JOIN policy p ON p.id = v.policy WHERE p.id = ?1 AND v.version = ?2");
    enum store_status status;

    sql_bind_int(st, 1, id);
    sql_bind_int(st, 2, number);
    status = sql_step(st);
    if (!status) {
        *out_is_default = sql_column_int(st, 0) != 0;
        sql_reset(st);
    }
    return status;
}

enum store_status iam_version_delete(struct iam_store *store, const char *arn, int number,
                                     bool *out_policy_missing)
{
    struct sql *s;
    int64_t id = 0;
    bool is_default = false;
    enum store_status status = begin_policy_write(store, arn, &s, &id);

    *out_policy_missing = status == STORE_NOT_FOUND;
    if (status)
        return status;
    status = find_version(s, id, number, &is_default);
    if (!status && is_default)
        status = STORE_CONFLICT;
    if (!status) {
        struct sql_stmt *st =
            sql_prepare(s, "DELETE FROM policy_version WHERE policy = ?1 AND version = ?2");

        sql_bind_int(st, 1, id);
        sql_bind_int(st, 2, number);
        status = sql_run(st);
    }
    return sql_write_end(s, status);
}

enum store_status iam_version_set_default(struct iam_store *store, const char *arn, int number,
                                          int64_t now_ms, bool *out_policy_missing)
{
    struct sql *s;
    int64_t id = 0;
    bool is_default;
    enum store_status status = begin_policy_write(store, arn, &s, &id);

    *out_policy_missing = status == STORE_NOT_FOUND;
    if (status)
        return status;
    status = find_version(s, id, number, &is_default);
    if (!status)
        status = set_default(s, id, number, now_ms);
    return sql_write_end(s, status);
}
