/* Roles, users, groups and instance profiles: what they have in common. */
#include "storage/iam_store.h"

#include "server/base/embed.h"
#include "storage/iam_internal.h"
#include "storage/scope.h"

enum { ROWS_AT_FIRST = 16 }; /* room for; most lists are short, whatever their limit */

EMBED(storage_schema_iam_001_sql);
EMBED(storage_schema_iam_002_sql);
EMBED(storage_schema_iam_003_sql);
EMBED(storage_schema_iam_004_sql);
EMBED(storage_schema_iam_005_sql);
EMBED(storage_schema_iam_006_sql);

static const struct sql_migration migrations[] = {
    {embed_storage_schema_iam_001_sql}, {embed_storage_schema_iam_002_sql},
    {embed_storage_schema_iam_003_sql}, {embed_storage_schema_iam_004_sql},
    {embed_storage_schema_iam_005_sql}, {embed_storage_schema_iam_006_sql},
};

struct iam_store *iam_store_open(struct store_root *root)
{
    struct iam_store *store = x_calloc(1, sizeof(*store));

    store->db = lazy_new(root, "iam", migrations, ARRAY_LEN(migrations));
    return store;
}

void iam_store_close(struct iam_store *store)
{
    lazy_free(store->db);
    free(store);
}

static struct scope scope_of_account(const char *account)
{
    return (struct scope){.account = account, .region = "aws-global"};
}

enum store_status iam_begin_read(struct iam_store *store, const char *account, struct sql **out_sql,
                                 int64_t *out_scope)
{
    struct scope scope = scope_of_account(account);

    return lazy_scope_read_begin(store->db, &scope, out_sql, out_scope);
}

enum store_status iam_begin_write(struct iam_store *store, const char *account,
                                  struct sql **out_sql, int64_t *out_scope)
{
    struct scope scope = scope_of_account(account);

    return lazy_scope_write_begin(store->db, &scope, true, out_sql, out_scope);
}

enum store_status iam_number(struct sql *s, const char *sql_text, int64_t id, int64_t *out)
{
    struct sql_stmt *st = sql_prepare(s, sql_text);
    enum store_status status;

    sql_bind_int(st, 1, id);
    status = sql_step(st);
    if (!status) {
        *out = sql_column_int(st, 0);
        sql_reset(st);
    }
    return status;
}

enum store_status iam_entity_id(struct sql *s, int64_t scope, enum iam_kind kind, const char *name,
                                int64_t *out_id)
{
    struct sql_stmt *st =
        sql_prepare(s, "SELECT id FROM entity WHERE scope = ?1 AND kind = ?2 AND name = ?3");
    enum store_status status;

    sql_bind_int(st, 1, scope);
    sql_bind_int(st, 2, kind);
    sql_bind_text(st, 3, name);
    status = sql_step(st);
    if (!status) {
        *out_id = sql_column_int(st, 0);
        sql_reset(st);
    }
    return status;
}

enum store_status iam_begin_write_of(struct iam_store *store, const char *account,
                                     enum iam_kind kind, const char *name, struct sql **out_sql,
                                     int64_t *out_id)
{
    int64_t scope;
    enum store_status status = iam_begin_write(store, account, out_sql, &scope);

    if (status)
        return status;
    status = iam_entity_id(*out_sql, scope, kind, name, out_id);
    return status ? sql_write_end(*out_sql, status) : STORE_OK;
}

enum store_status iam_begin_read_of(struct iam_store *store, const char *account,
                                    enum iam_kind kind, const char *name, struct sql **out_sql,
                                    int64_t *out_id)
{
    int64_t scope;
    enum store_status status = iam_begin_read(store, account, out_sql, &scope);

    if (status)
        return status;
    status = iam_entity_id(*out_sql, scope, kind, name, out_id);
    if (status)
        sql_read_end(*out_sql);
    return status;
}

struct iam_entity iam_entity_row(struct sql_stmt *st, struct arena *a)
{
    return (struct iam_entity){
        .id = sql_column_int(st, 0),
        .kind = (enum iam_kind)sql_column_int(st, 1),
        .name = sql_column_text(st, 2, a),
        .path = sql_column_text(st, 3, a),
        .unique_id = sql_column_text(st, 4, a),
        .created_ms = sql_column_int(st, 5),
        .description = sql_column_text(st, 6, a),
        .trust = sql_column_text(st, 7, a),
        .session_s = (int)sql_column_int(st, 8),
        .boundary = sql_column_text(st, 9, a),
        .tags = sql_column_text(st, 10, a),
        .used_ms = sql_column_int(st, 11),
        .used_region = sql_column_text(st, 12, a),
        .login_ms = sql_column_int(st, 13),
        .login_reset = sql_column_int(st, 14) != 0,
    };
}

enum store_status iam_entity_rows(struct sql_stmt *st, size_t limit, struct arena *a,
                                  struct iam_entities *out)
{
    enum store_status status;
    size_t room = MIN(limit, ROWS_AT_FIRST);

    *out = (struct iam_entities){.items = ARENA_ARRAY(a, struct iam_entity, room)};
    while (!(status = sql_step(st))) {
        if (out->count == limit) {
            out->more = true;
            sql_reset(st);
            return STORE_OK;
        }
        if (out->count == room) {
            struct iam_entity *few = out->items;

            room = MIN(limit, room * 4);
            out->items = ARENA_ARRAY(a, struct iam_entity, room);
            memcpy(out->items, few, out->count * sizeof(*few));
        }
        out->items[out->count++] = iam_entity_row(st, a);
    }
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}

static enum store_status check_room(struct sql *s, int64_t scope, enum iam_kind kind, int64_t max)
{
    struct sql_stmt *st =
        sql_prepare(s, "SELECT count(*) FROM entity WHERE scope = ?1 AND kind = ?2");
    enum store_status status;
    int64_t count;

    sql_bind_int(st, 1, scope);
    sql_bind_int(st, 2, kind);
    status = sql_step(st);
    if (status)
        return status;
    count = sql_column_int(st, 0);
    sql_reset(st);
    return count < max ? STORE_OK : STORE_LIMIT;
}

static enum store_status insert(struct sql *s, int64_t scope, const struct iam_entity *e)
{
    struct sql_stmt *st =
        sql_prepare(s, "INSERT INTO entity (scope, kind, name, path, unique_id, created_ms, "
                       "description, trust, session_s, boundary, tags) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");

    sql_bind_int(st, 1, scope);
    sql_bind_int(st, 2, e->kind);
    sql_bind_text(st, 3, e->name);
    sql_bind_text(st, 4, e->path);
    sql_bind_text(st, 5, e->unique_id);
    sql_bind_int(st, 6, e->created_ms);
    sql_bind_text(st, 7, e->description);
    sql_bind_text(st, 8, e->trust);
    sql_bind_int(st, 9, e->session_s);
    sql_bind_text(st, 10, e->boundary);
    sql_bind_text(st, 11, e->tags);
    return sql_run(st);
}

enum store_status iam_entity_create(struct iam_store *store, const char *account,
                                    const struct iam_entity *entity, int64_t max)
{
    struct sql *s;
    int64_t scope;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = insert(s, scope, entity);
    if (!status)
        status = check_room(s, scope, entity->kind, max + 1);
    return sql_write_end(s, status);
}

static enum store_status select_entity(struct sql *s, int64_t scope, enum iam_kind kind,
                                       const char *name, struct arena *a, struct iam_entity *out)
{
    struct sql_stmt *st =
        sql_prepare(s, "SELECT " IAM_ENTITY_COLUMNS
                       " FROM entity e WHERE scope = ?1 AND kind = ?2 AND name = ?3");
    enum store_status status;

    sql_bind_int(st, 1, scope);
    sql_bind_int(st, 2, kind);
    sql_bind_text(st, 3, name);
    status = sql_step(st);
    if (!status) {
        *out = iam_entity_row(st, a);
        sql_reset(st);
    }
    return status;
}

enum store_status iam_entity_find(struct iam_store *store, const char *account, enum iam_kind kind,
                                  const char *name, struct arena *a, struct iam_entity *out)
{
    struct sql *s;
    int64_t scope;
    enum store_status status = iam_begin_read(store, account, &s, &scope);

    if (status)
        return status;
    status = select_entity(s, scope, kind, name, a, out);
    sql_read_end(s);
    return status;
}

enum store_status iam_entity_list(struct iam_store *store, const char *account, enum iam_kind kind,
                                  const char *path_prefix, const char *after, size_t limit,
                                  struct arena *a, struct iam_entities *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t scope;
    enum store_status status = iam_begin_read(store, account, &s, &scope);

    *out = (struct iam_entities){0};
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    st = sql_prepare(s, "SELECT " IAM_ENTITY_COLUMNS
                        " FROM entity e WHERE scope = ?1 AND kind = ?2 AND name > ?3 "
                        "AND substr(path, 1, length(?4)) = ?4 ORDER BY name LIMIT ?5");
    sql_bind_int(st, 1, scope);
    sql_bind_int(st, 2, kind);
    sql_bind_text(st, 3, after ? after : "");
    sql_bind_text(st, 4, path_prefix ? path_prefix : "");
    sql_bind_int(st, 5, (int64_t)limit + 1);
    status = iam_entity_rows(st, limit, a, out);
    sql_read_end(s);
    return status;
}

static enum store_status update(struct sql *s, const struct iam_entity *e)
{
    struct sql_stmt *st = sql_prepare(
        s, "UPDATE entity SET name = ?2, path = ?3, description = ?4, trust = ?5, session_s = ?6, "
           "boundary = ?7, tags = ?8, used_ms = ?9, used_region = ?10, login_ms = ?11, "
           "login_reset = ?12 WHERE id = ?1");

    sql_bind_int(st, 1, e->id);
    sql_bind_text(st, 2, e->name);
    sql_bind_text(st, 3, e->path);
    sql_bind_text(st, 4, e->description);
    sql_bind_text(st, 5, e->trust);
    sql_bind_int(st, 6, e->session_s);
    sql_bind_text(st, 7, e->boundary);
    sql_bind_text(st, 8, e->tags);
    sql_bind_int(st, 9, e->used_ms);
    sql_bind_text(st, 10, e->used_region);
    sql_bind_int(st, 11, e->login_ms);
    sql_bind_int(st, 12, e->login_reset);
    return sql_run(st);
}

enum store_status iam_entity_change(struct iam_store *store, const char *account,
                                    enum iam_kind kind, const char *name,
                                    bool (*change)(struct iam_entity *entity, void *context),
                                    void *context, struct arena *a)
{
    struct sql *s;
    int64_t scope;
    struct iam_entity entity;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = select_entity(s, scope, kind, name, a, &entity);
    if (!status && !change(&entity, context))
        status = STORE_CONFLICT;
    if (!status)
        status = update(s, &entity);
    return sql_write_end(s, status);
}

static enum store_status find_blocker(struct sql *s, int64_t id, enum iam_blocker *out)
{
    /* AWS looks in this order. */
    static const struct {
        enum iam_blocker blocker;
        const char *count;
    } ties[] = {
        {IAM_BLOCKED_BY_PROFILE, "SELECT count(*) FROM profile_role WHERE role = ?1"},
        {IAM_BLOCKED_BY_ROLE, "SELECT count(*) FROM profile_role WHERE profile = ?1"},
        {IAM_BLOCKED_BY_GROUP,
         "SELECT count(*) FROM group_user WHERE user_group = ?1 OR user = ?1"},
        {IAM_BLOCKED_BY_ATTACHED, "SELECT count(*) FROM attachment WHERE entity = ?1"},
        {IAM_BLOCKED_BY_INLINE, "SELECT count(*) FROM inline_policy WHERE entity = ?1"},
        {IAM_BLOCKED_BY_KEYS, "SELECT count(*) FROM access_key WHERE entity = ?1"},
        {IAM_BLOCKED_BY_LOGIN, "SELECT count(*) FROM entity WHERE id = ?1 AND login_ms > 0"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ties); i++) {
        int64_t count;
        enum store_status status = iam_number(s, ties[i].count, id, &count);

        if (status)
            return status;
        if (count > 0) {
            *out = ties[i].blocker;
            return STORE_CONFLICT;
        }
    }
    return STORE_OK;
}

enum store_status iam_entity_delete(struct iam_store *store, const char *account,
                                    enum iam_kind kind, const char *name,
                                    enum iam_blocker *out_blocker)
{
    struct sql *s;
    int64_t scope;
    int64_t id;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = iam_entity_id(s, scope, kind, name, &id);
    if (!status)
        status = find_blocker(s, id, out_blocker);
    if (!status) {
        struct sql_stmt *st = sql_prepare(s, "DELETE FROM entity WHERE id = ?1");

        sql_bind_int(st, 1, id);
        status = sql_run(st);
    }
    return sql_write_end(s, status);
}
