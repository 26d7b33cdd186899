/* Databases, the policy, the rows that dropped tables leave, and how rows and lists of any kind are
 * read. */
#include "storage/glue_store.h"

#include "server/base/embed.h"
#include "storage/glue_internal.h"

EMBED(storage_schema_glue_001_sql);
EMBED(storage_schema_glue_002_sql);

static const struct sql_migration migrations[] = {{embed_storage_schema_glue_001_sql},
                                                  {embed_storage_schema_glue_002_sql}};

struct glue_store *glue_store_open(struct store_root *root)
{
    struct glue_store *store = x_calloc(1, sizeof(*store));

    store->db = lazy_new(root, "glue", migrations, ARRAY_LEN(migrations));
    return store;
}

void glue_store_close(struct glue_store *store)
{
    if (!store)
        return;
    lazy_free(store->db);
    free(store);
}

enum store_status glue_row_values(struct glue_store *store,
                                  void (*read)(struct sql_stmt *st, struct arena *a, void *out),
                                  struct arena *a, void *out, const char *text,
                                  const struct sql_value *values, size_t count)
{
    struct sql *s;
    enum store_status status = lazy_read_begin(store->db, &s);

    if (status)
        return status;
    status = sql_row(sql_query_values(s, text, values, count), read, a, out);
    sql_read_end(s);
    return status;
}

enum store_status glue_change_values(struct glue_store *store, const char *text,
                                     const struct sql_value *values, size_t count)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = sql_run(sql_query_values(s, text, values, count));
    return sql_write_end(s, glue_changed(s, status));
}

/* One row of a scope, whose id is ?1; ?2 is a name where one is given. */
static enum store_status scope_row(struct glue_store *store, const struct scope *scope,
                                   const char *text, const char *name,
                                   void (*read)(struct sql_stmt *st, struct arena *a, void *out),
                                   struct arena *a, void *out)
{
    struct sql *s;
    int64_t id;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &id);

    if (status)
        return status;
    status = sql_row(name ? sql_query(s, text, sql_int(id), sql_text(name))
                          : sql_query(s, text, sql_int(id)),
                     read, a, out);
    sql_read_end(s);
    return status;
}

enum store_status glue_changed(struct sql *s, enum store_status status)
{
    return !status && sql_changes(s) == 0 ? STORE_NOT_FOUND : status;
}

enum store_status glue_exists(struct sql_stmt *st)
{
    enum store_status status = sql_step(st);

    sql_reset(st);
    return status;
}

enum store_status glue_table_exists(struct sql *s, int64_t id)
{
    return glue_exists(sql_query(s, "SELECT 1 FROM catalog_table WHERE id = ?1", sql_int(id)));
}

enum store_status glue_database_exists(struct sql *s, int64_t id)
{
    return glue_exists(sql_query(s, "SELECT 1 FROM db WHERE id = ?1", sql_int(id)));
}

/* --- lists --- */

static bool is_wanted(const struct glue_list *list, struct sql_stmt *st, struct arena *names)
{
    bool wanted;

    if (!list->filter || !list->filter->wanted)
        return true;
    wanted = list->filter->wanted(sql_column_text(st, 1, names), list->filter->context);
    arena_reset(names);
    return wanted;
}

static enum store_status read_listed(struct sql *s, struct sql_stmt *st,
                                     const struct glue_list *list, struct arena *a, void *row)
{
    if (list->whole)
        return sql_row(sql_query(s, list->whole, sql_int(sql_column_int(st, 0))), list->read, a,
                       row);
    list->read(st, a, row);
    return STORE_OK;
}

enum store_status glue_list_read(struct sql *s, struct sql_stmt *st, const struct glue_list *list,
                                 struct arena *a, void *out, size_t *out_count, bool *out_more)
{
    struct arena names;
    size_t count = 0;
    size_t bytes = 0;
    enum store_status status;

    arena_init(&names);
    while (!(status = sql_step(st))) {
        char *row = (char *)out + count * list->row_size;

        if (!is_wanted(list, st, &names))
            continue;
        if (count == list->limit || bytes > GLUE_PAGE_BYTES) {
            *out_more = true;
            break;
        }
        status = read_listed(s, st, list, a, row);
        if (status)
            break;
        bytes += strlen(*(const char **)(row + list->document));
        count++;
    }
    sql_reset(st);
    arena_release(&names);
    if (status && status != STORE_NOT_FOUND)
        return status;
    *out_count = count;
    return STORE_OK;
}

enum store_status glue_list_filtered(struct glue_store *store, const struct scope *scope,
                                     const struct glue_list *list, struct arena *a, void *out,
                                     size_t *out_count, bool *out_more)
{
    const struct glue_filter *f = list->filter;
    struct sql *s;
    int64_t scope_id = 0;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &scope_id);
    const struct sql_value values[] = {sql_int(f->database_id ? f->database_id : scope_id),
                                       sql_text(f->after_database), sql_text(f->after),
                                       sql_text(f->type)};

    *out_count = 0;
    *out_more = false;
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    status = glue_list_read(s,
                            sql_query_values(s, f->database_id ? list->of_database : list->of_scope,
                                             values, ARRAY_LEN(values) - !list->typed),
                            list, a, out, out_count, out_more);
    sql_read_end(s);
    return status;
}

/* --- databases --- */

static void read_database(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct glue_database_row *)out = (struct glue_database_row){
        .id = sql_column_int(st, 0),
        .name = sql_column_text(st, 1, a),
        .created_ms = sql_column_int(st, 2),
        .document = sql_column_text(st, 3, a),
        .tags = sql_column_text(st, 4, a),
    };
}

enum store_status glue_database_create(struct glue_store *store, const struct scope *scope,
                                       const struct glue_database_row *database)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_write_begin(store->db, scope, true, &s, &scope_id);

    if (status)
        return status;
    return sql_write_end(s, sql_exec(s,
                                     "INSERT INTO db (scope, name, created_ms, document, tags)"
                                     " VALUES (?1, ?2, ?3, ?4, ?5)",
                                     sql_int(scope_id), sql_text(database->name),
                                     sql_int(database->created_ms), sql_text(database->document),
                                     sql_text(database->tags)));
}

enum store_status glue_database_find(struct glue_store *store, const struct scope *scope,
                                     const char *name, struct arena *a,
                                     struct glue_database_row *out)
{
    return scope_row(store, scope,
                     "SELECT id, name, created_ms, document, tags FROM db"
                     " WHERE scope = ?1 AND name = ?2",
                     name, read_database, a, out);
}

enum store_status glue_database_update(struct glue_store *store, int64_t id, const char *document)
{
    return glue_change(store, "UPDATE db SET document = ?2 WHERE id = ?1", sql_int(id),
                       sql_text(document));
}

enum store_status glue_database_set_tags(struct glue_store *store, int64_t id, const char *old,
                                         const char *tags)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = glue_database_exists(s, id);
    if (!status) {
        status = sql_exec(s, "UPDATE db SET tags = ?3 WHERE id = ?1 AND tags = ?2", sql_int(id),
                          sql_text(old), sql_text(tags));
        if (glue_changed(s, status) == STORE_NOT_FOUND)
            status = STORE_CONFLICT;
    }
    return sql_write_end(s, status);
}

enum store_status glue_database_delete(struct glue_store *store, int64_t id)
{
    static const char *const statements[] = {
        "INSERT INTO dropped (table_id) SELECT id FROM catalog_table WHERE db = ?1",
        "DELETE FROM catalog_table WHERE db = ?1",
        "DELETE FROM user_function WHERE db = ?1",
        "DELETE FROM db WHERE id = ?1",
    };
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    for (size_t i = 0; i < ARRAY_LEN(statements) && !status; i++)
        status = sql_exec(s, statements[i], sql_int(id));
    return sql_write_end(s, glue_changed(s, status));
}

enum store_status glue_database_list(struct glue_store *store, const struct scope *scope,
                                     const char *after, size_t limit, struct arena *a,
                                     struct glue_database_row *out, size_t *out_count,
                                     bool *out_more)
{
    const struct glue_list list = {.limit = limit,
                                   .read = read_database,
                                   .row_size = sizeof(*out),
                                   .document = offsetof(struct glue_database_row, document)};
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    *out_count = 0;
    *out_more = false;
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    status = glue_list_read(s,
                            sql_query(s,
                                      "SELECT id, name, created_ms, document, tags FROM db"
                                      " WHERE scope = ?1 AND name > ?2 ORDER BY name",
                                      sql_int(scope_id), sql_text(after)),
                            &list, a, out, out_count, out_more);
    sql_read_end(s);
    return status;
}

/* --- what is left of dropped tables --- */

/* Removes up to some thousand rows; STORE_NOT_FOUND when nothing was left. */
static enum store_status sweep(struct sql *s)
{
    static const char *const statements[] = {
        "DELETE FROM catalog_partition WHERE id IN (SELECT id FROM catalog_partition"
        " WHERE table_id = ?1 LIMIT 5000)",
        "DELETE FROM column_statistics WHERE (table_id, tuple, column_name) IN (SELECT table_id,"
        " tuple, column_name FROM column_statistics WHERE table_id = ?1 LIMIT 5000)",
        "DELETE FROM table_version WHERE id IN (SELECT id FROM table_version"
        " WHERE table_id = ?1 LIMIT 5000)",
        "DELETE FROM partition_index WHERE table_id = ?1",
        "DELETE FROM dropped WHERE table_id = ?1",
    };
    struct sql_stmt *st = sql_prepare(s, "SELECT table_id FROM dropped LIMIT 1");
    enum store_status status = sql_step(st);
    int64_t id;

    if (status)
        return status;
    id = sql_column_int(st, 0);
    sql_reset(st);
    for (size_t i = 0; i < ARRAY_LEN(statements) && !status; i++) {
        status = sql_exec(s, statements[i], sql_int(id));
        if (!status && sql_changes(s) > 0 && i + 2 < ARRAY_LEN(statements))
            break; /* enough for one turn */
    }
    return status;
}

bool glue_store_sweep(struct glue_store *store)
{
    struct sql *s;

    if (lazy_write_begin(store->db, &s))
        return false;
    return sql_write_end(s, sweep(s)) == STORE_OK;
}

/* --- the policy --- */

static void read_policy(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct glue_policy_row *)out = (struct glue_policy_row){
        .policy = sql_column_text(st, 0, a),
        .created_ms = sql_column_int(st, 1),
        .updated_ms = sql_column_int(st, 2),
    };
}

enum store_status glue_policy_find(struct glue_store *store, const struct scope *scope,
                                   struct arena *a, struct glue_policy_row *out)
{
    return scope_row(store, scope,
                     "SELECT policy, created_ms, updated_ms FROM resource_policy"
                     " WHERE scope = ?1",
                     NULL, read_policy, a, out);
}

enum store_status glue_policy_put(struct glue_store *store, const struct scope *scope,
                                  const char *old, const char *policy, int64_t now_ms)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_write_begin(store->db, scope, true, &s, &scope_id);

    if (status)
        return status;
    if (old)
        status = sql_exec(s,
                          "UPDATE resource_policy SET policy = ?2, updated_ms = ?3"
                          " WHERE scope = ?1 AND policy = ?4",
                          sql_int(scope_id), sql_text(policy), sql_int(now_ms), sql_text(old));
    else
        status = sql_exec(s,
                          "INSERT INTO resource_policy (scope, policy, created_ms, updated_ms)"
                          " VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO NOTHING",
                          sql_int(scope_id), sql_text(policy), sql_int(now_ms));
    if (glue_changed(s, status) == STORE_NOT_FOUND)
        status = STORE_CONFLICT;
    return sql_write_end(s, status);
}

enum store_status glue_policy_delete(struct glue_store *store, const struct scope *scope,
                                     const char *old)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_write_begin(store->db, scope, false, &s, &scope_id);

    if (status)
        return status;
    status = sql_exec(s, "DELETE FROM resource_policy WHERE scope = ?1 AND policy = ?2",
                      sql_int(scope_id), sql_text(old));
    if (glue_changed(s, status) == STORE_NOT_FOUND)
        status = STORE_CONFLICT;
    return sql_write_end(s, status);
}
