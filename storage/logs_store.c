/* Log groups and streams. */
#include "storage/logs_store.h"

#include "server/base/embed.h"
#include "storage/logs_internal.h"
#include "storage/scope.h"

EMBED(storage_schema_logs_001_sql);
EMBED(storage_schema_logs_002_sql);

static const struct sql_migration migrations[] = {{embed_storage_schema_logs_001_sql},
                                                  {embed_storage_schema_logs_002_sql}};

struct logs_store *logs_store_open(struct store_root *root)
{
    struct logs_store *store = x_calloc(1, sizeof(*store));

    store->db = lazy_new(root, "logs", migrations, ARRAY_LEN(migrations));
    return store;
}

void logs_store_close(struct logs_store *store)
{
    lazy_free(store->db);
    free(store);
}

enum store_status logs_begin_read(struct logs_store *store, const struct scope *scope,
                                  struct sql **out_sql, int64_t *out_scope)
{
    return lazy_scope_read_begin(store->db, scope, out_sql, out_scope);
}

enum store_status logs_begin_write(struct logs_store *store, const struct scope *scope,
                                   struct sql **out_sql, int64_t *out_scope)
{
    return lazy_scope_write_begin(store->db, scope, true, out_sql, out_scope);
}

enum store_status logs_group_id(struct sql *s, int64_t scope, const char *name, int64_t *out_id,
                                int *out_retention_days)
{
    struct sql_stmt *st =
        sql_prepare(s, "SELECT id, retention_days FROM log_group WHERE scope = ?1 AND name = ?2");
    enum store_status status;

    sql_bind_int(st, 1, scope);
    sql_bind_text(st, 2, name);
    status = sql_step(st);
    if (status)
        return status;
    *out_id = sql_column_int(st, 0);
    *out_retention_days = (int)sql_column_int(st, 1);
    sql_reset(st);
    return STORE_OK;
}

enum store_status logs_stream_id(struct sql *s, int64_t group_id, const char *name, int64_t *out_id)
{
    struct sql_stmt *st =
        sql_prepare(s, "SELECT id FROM log_stream WHERE group_id = ?1 AND name = ?2");
    enum store_status status;

    sql_bind_int(st, 1, group_id);
    sql_bind_text(st, 2, name);
    status = sql_step(st);
    if (status)
        return status;
    *out_id = sql_column_int(st, 0);
    sql_reset(st);
    return STORE_OK;
}

enum store_status logs_find_stream(struct sql *s, int64_t scope, const char *group,
                                   const char *stream, int64_t *out_group, int64_t *out_stream,
                                   int *out_retention_days)
{
    enum store_status status = logs_group_id(s, scope, group, out_group, out_retention_days);

    if (status)
        return status;
    status = logs_stream_id(s, *out_group, stream, out_stream);
    return status == STORE_NOT_FOUND ? STORE_CONFLICT : status;
}

/* --- groups --- */

enum store_status logs_group_insert(struct sql *s, int64_t scope, const struct logs_group *group)
{
    struct sql_stmt *st =
        sql_prepare(s, "INSERT INTO log_group (scope, name, created_ms, class, kms_key, tags)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

    sql_bind_int(st, 1, scope);
    sql_bind_text(st, 2, group->name);
    sql_bind_int(st, 3, group->created_ms);
    sql_bind_text(st, 4, group->log_class);
    sql_bind_text(st, 5, group->kms_key);
    sql_bind_text(st, 6, group->tags);
    return sql_run(st);
}

enum store_status logs_group_create(struct logs_store *store, const struct scope *scope,
                                    const struct logs_group *group)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = logs_begin_write(store, scope, &s, &scope_id);

    return status ? status : sql_write_end(s, logs_group_insert(s, scope_id, group));
}

/* Runs a statement that takes an id as its only parameter. */
static enum store_status run_with_id(struct sql *s, const char *text, int64_t id)
{
    struct sql_stmt *st = sql_prepare(s, text);

    sql_bind_int(st, 1, id);
    return sql_run(st);
}

enum store_status logs_group_delete(struct logs_store *store, const struct scope *scope,
                                    const char *name)
{
    struct sql *s;
    int64_t scope_id;
    int64_t id;
    int retention_days;
    enum store_status status = logs_begin_write(store, scope, &s, &scope_id);

    if (status)
        return status;
    status = logs_group_id(s, scope_id, name, &id, &retention_days);
    if (!status)
        status = run_with_id(s, "DELETE FROM event WHERE group_id = ?1", id);
    if (!status)
        status = run_with_id(s, "DELETE FROM log_stream WHERE group_id = ?1", id);
    if (!status)
        status = run_with_id(s,
                             "DELETE FROM outbox WHERE subscription_id IN (SELECT id FROM "
                             "subscription WHERE group_id = ?1)",
                             id);
    if (!status)
        status = run_with_id(s, "DELETE FROM subscription WHERE group_id = ?1", id);
    if (!status)
        status = run_with_id(s, "DELETE FROM metric_filter WHERE group_id = ?1", id);
    if (!status)
        status = run_with_id(s, "DELETE FROM log_group WHERE id = ?1", id);
    return sql_write_end(s, status);
}

#define GROUP_COLUMNS "name, created_ms, class, kms_key, retention_days, stored_bytes, tags"

static struct logs_group group_row(struct sql_stmt *st, struct arena *a)
{
    return (struct logs_group){
        .name = sql_column_text(st, 0, a),
        .created_ms = sql_column_int(st, 1),
        .log_class = sql_column_text(st, 2, a),
        .kms_key = sql_column_text(st, 3, a),
        .retention_days = (int)sql_column_int(st, 4),
        .stored_bytes = sql_column_int(st, 5),
        .tags = sql_column_text(st, 6, a),
    };
}

enum store_status logs_group_find(struct logs_store *store, const struct scope *scope,
                                  const char *name, struct arena *a, struct logs_group *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t scope_id;
    enum store_status status = logs_begin_read(store, scope, &s, &scope_id);

    if (status)
        return status;
    st = sql_prepare(s, "SELECT " GROUP_COLUMNS " FROM log_group WHERE scope = ?1 AND name = ?2");
    sql_bind_int(st, 1, scope_id);
    sql_bind_text(st, 2, name);
    status = sql_step(st);
    if (!status)
        *out = group_row(st, a);
    sql_read_end(s);
    return status;
}

enum store_status logs_group_list(struct logs_store *store, const struct scope *scope,
                                  const char *after, size_t limit, struct arena *a,
                                  struct logs_groups *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t scope_id;
    enum store_status status = logs_begin_read(store, scope, &s, &scope_id);

    *out = (struct logs_groups){.items = ARENA_ARRAY(a, struct logs_group, limit)};
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    st = sql_prepare(s, "SELECT " GROUP_COLUMNS " FROM log_group"
                        " WHERE scope = ?1 AND name > ?2 ORDER BY name");
    sql_bind_int(st, 1, scope_id);
    sql_bind_text(st, 2, after ? after : "");
    while (!(status = sql_step(st)) && !(out->more = out->count == limit))
        out->items[out->count++] = group_row(st, a);
    sql_read_end(s);
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}

enum store_status logs_group_set_retention(struct logs_store *store, const struct scope *scope,
                                           const char *name, int days)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t scope_id;
    enum store_status status = logs_begin_write(store, scope, &s, &scope_id);

    if (status)
        return status;
    st = sql_prepare(s, "UPDATE log_group SET retention_days = ?3 WHERE scope = ?1 AND name = ?2");
    sql_bind_int(st, 1, scope_id);
    sql_bind_text(st, 2, name);
    sql_bind_int(st, 3, days);
    status = sql_run(st);
    if (!status && sql_changes(s) == 0)
        status = STORE_NOT_FOUND;
    return sql_write_end(s, status);
}

static enum store_status change_tags(struct sql *s, int64_t scope, const char *name,
                                     const char *(*change)(const char *tags, void *context),
                                     void *context, struct arena *a)
{
    struct sql_stmt *st =
        sql_prepare(s, "SELECT tags FROM log_group WHERE scope = ?1 AND name = ?2");
    const char *tags;
    enum store_status status;

    sql_bind_int(st, 1, scope);
    sql_bind_text(st, 2, name);
    status = sql_step(st);
    if (status)
        return status;
    tags = change(sql_column_text(st, 0, a), context);
    sql_reset(st);
    if (!tags)
        return STORE_LIMIT;
    st = sql_prepare(s, "UPDATE log_group SET tags = ?3 WHERE scope = ?1 AND name = ?2");
    sql_bind_int(st, 1, scope);
    sql_bind_text(st, 2, name);
    sql_bind_text(st, 3, tags);
    return sql_run(st);
}

enum store_status logs_group_set_tags(struct logs_store *store, const struct scope *scope,
                                      const char *name,
                                      const char *(*change)(const char *tags, void *context),
                                      void *context)
{
    struct sql *s;
    struct arena a;
    int64_t scope_id;
    enum store_status status = logs_begin_write(store, scope, &s, &scope_id);

    if (status)
        return status;
    arena_init(&a);
    status = sql_write_end(s, change_tags(s, scope_id, name, change, context, &a));
    arena_release(&a);
    return status;
}

/* --- streams --- */

enum store_status logs_stream_insert(struct sql *s, int64_t group_id, const char *name,
                                     int64_t now_ms)
{
    struct sql_stmt *st =
        sql_prepare(s, "INSERT INTO log_stream (group_id, name, created_ms) VALUES (?1, ?2, ?3)");

    sql_bind_int(st, 1, group_id);
    sql_bind_text(st, 2, name);
    sql_bind_int(st, 3, now_ms);
    return sql_run(st);
}

enum store_status logs_stream_create(struct logs_store *store, const struct scope *scope,
                                     const char *group, const char *name, int64_t now_ms)
{
    struct sql *s;
    int64_t scope_id;
    int64_t group_id;
    int retention_days;
    enum store_status status = logs_begin_write(store, scope, &s, &scope_id);

    if (status)
        return status;
    status = logs_group_id(s, scope_id, group, &group_id, &retention_days);
    if (!status)
        status = logs_stream_insert(s, group_id, name, now_ms);
    return sql_write_end(s, status);
}

enum store_status logs_stream_delete(struct logs_store *store, const struct scope *scope,
                                     const char *group, const char *name)
{
    struct sql *s;
    int64_t scope_id;
    int64_t group_id;
    int64_t id;
    int retention_days;
    enum store_status status = logs_begin_write(store, scope, &s, &scope_id);

    if (status)
        return status;
    status = logs_find_stream(s, scope_id, group, name, &group_id, &id, &retention_days);
    if (!status)
        status = run_with_id(s,
                             "UPDATE log_group SET stored_bytes = stored_bytes -"
                             " (SELECT coalesce(sum(octet_length), 0) FROM (SELECT"
                             " length(CAST(message AS BLOB)) + 26 AS octet_length FROM event"
                             " WHERE stream_id = ?1))"
                             " WHERE id = (SELECT group_id FROM log_stream WHERE id = ?1)",
                             id);
    if (!status)
        status = run_with_id(s, "DELETE FROM event WHERE stream_id = ?1", id);
    if (!status)
        status = run_with_id(s, "DELETE FROM log_stream WHERE id = ?1", id);
    return sql_write_end(s, status);
}

static struct logs_stream stream_row(struct sql_stmt *st, struct arena *a)
{
    return (struct logs_stream){
        .name = sql_column_text(st, 0, a),
        .created_ms = sql_column_int(st, 1),
        .has_events = !sql_column_is_null(st, 2),
        .first_ms = sql_column_int(st, 2),
        .last_ms = sql_column_int(st, 3),
        .ingested_ms = sql_column_int(st, 4),
    };
}

/* Statements of the four orders; ?2 prefix, ?3 whether there is a position, ?4 its name, ?5 its
 * time. */
static const char *list_statement(const struct logs_stream_list *list)
{
#define STREAMS                                                                                    \
    "SELECT name, created_ms, first_ms, last_ms, ingested_ms FROM log_stream"                      \
    " WHERE group_id = ?1 AND substr(name, 1, length(?2)) = ?2 AND (NOT ?3 OR "
    if (list->by_time)
        return list->descending ? STREAMS "(coalesce(last_ms, -1), name) < (?5, ?4))"
                                          " ORDER BY coalesce(last_ms, -1) DESC, name DESC"
                                : STREAMS "(coalesce(last_ms, -1), name) > (?5, ?4))"
                                          " ORDER BY coalesce(last_ms, -1), name";
    return list->descending ? STREAMS "name < ?4) AND ?5 = ?5 ORDER BY name DESC"
                            : STREAMS "name > ?4) AND ?5 = ?5 ORDER BY name";
#undef STREAMS
}

enum store_status logs_stream_list(struct logs_store *store, const struct scope *scope,
                                   const char *group, const struct logs_stream_list *list,
                                   struct arena *a, struct logs_streams *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t scope_id;
    int64_t group_id;
    int retention_days;
    enum store_status status = logs_begin_read(store, scope, &s, &scope_id);

    if (status)
        return status;
    *out = (struct logs_streams){.items = ARENA_ARRAY(a, struct logs_stream, list->limit)};
    status = logs_group_id(s, scope_id, group, &group_id, &retention_days);
    if (!status) {
        st = sql_prepare(s, list_statement(list));
        sql_bind_int(st, 1, group_id);
        sql_bind_text(st, 2, list->prefix);
        sql_bind_int(st, 3, list->has_after);
        sql_bind_text(st, 4, list->has_after ? list->after_name : "");
        sql_bind_int(st, 5, list->has_after ? list->after_ms : 0);
        while (!(status = sql_step(st)) && !(out->more = out->count == list->limit))
            out->items[out->count++] = stream_row(st, a);
        if (status == STORE_NOT_FOUND)
            status = STORE_OK;
    }
    sql_read_end(s);
    return status;
}
