/* Topics, and the texts of rows that clients change. */
#include "storage/sns_store.h"

#include "server/base/embed.h"
#include "storage/sns_internal.h"

EMBED(storage_schema_sns_001_sql);
EMBED(storage_schema_sns_002_sql);

static const struct sql_migration migrations[] = {
    {embed_storage_schema_sns_001_sql},
    {embed_storage_schema_sns_002_sql},
};

struct sns_store *sns_store_open(struct store_root *root)
{
    struct sns_store *store = x_calloc(1, sizeof(*store));

    store->db = lazy_new(root, "sns", migrations, ARRAY_LEN(migrations));
    return store;
}

void sns_store_close(struct sns_store *store)
{
    if (!store)
        return;
    lazy_free(store->db);
    free(store);
}

void *sns_grow(struct arena *a, void *items, size_t count, size_t size)
{
    void *more;

    if (count & (count - 1)) /* room doubles at powers of two */
        return items;
    more = arena_array(a, MAX(2 * count, 1), size);
    if (count)
        memcpy(more, items, count * size);
    return more;
}

/* --- topics --- */

enum store_status sns_store_topic_create(struct sns_store *store, const struct scope *scope,
                                         const struct sns_topic *topic)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_scope_id(s, scope, true, &scope_id);
    if (rc == STORE_OK)
        rc = sql_exec(s,
                      "INSERT INTO topic (scope, name, created_ms, attributes, tags,"
                      " data_protection) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                      sql_int(scope_id), sql_text(topic->name), sql_int(topic->created_ms),
                      sql_text(topic->attributes), sql_text(topic->tags),
                      sql_text(topic->data_protection));
    return sql_write_end(s, rc);
}

#define TOPIC_COLUMNS                                                                              \
    "topic.id, name, created_ms, attributes, tags, data_protection,"                               \
    " (SELECT count(*) FROM subscription WHERE topic = topic.id AND NOT pending),"                 \
    " (SELECT count(*) FROM subscription WHERE topic = topic.id AND pending), deleted, sequence"

static void read_topic(struct sql_stmt *st, struct arena *a, struct sns_topic *out)
{
    *out = (struct sns_topic){
        .id = sql_column_int(st, 0),
        .name = sql_column_text(st, 1, a),
        .created_ms = sql_column_int(st, 2),
        .attributes = sql_column_text(st, 3, a),
        .tags = sql_column_text(st, 4, a),
        .data_protection = sql_column_text(st, 5, a),
        .confirmed = sql_column_int(st, 6),
        .pending = sql_column_int(st, 7),
        .deleted = sql_column_int(st, 8),
        .sequence = sql_column_int(st, 9),
    };
}

enum store_status sns_store_topic_find(struct sns_store *store, const struct scope *scope,
                                       const char *name, struct arena *a, struct sns_topic *out)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s,
                   "SELECT " TOPIC_COLUMNS " FROM topic JOIN scope ON scope.id = scope"
                   " WHERE account = ?1 AND region = ?2 AND name = ?3",
                   sql_text(scope->account), sql_text(scope->region), sql_text(name));
    rc = sql_step(st);
    if (rc == STORE_OK)
        read_topic(st, a, out);
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_topic_delete(struct sns_store *store, int64_t id)
{
    return SNS_EXEC(store, "DELETE FROM topic WHERE id = ?1", sql_int(id));
}

enum store_status sns_store_topic_list(struct sns_store *store, const struct scope *scope,
                                       const char *after, size_t limit, struct arena *a,
                                       struct sns_names *out)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out = (struct sns_names){0};
    if (rc != STORE_OK)
        return sns_rows_end(rc);
    out->items = ARENA_ARRAY(a, const char *, limit);
    st = sql_query(s,
                   "SELECT name FROM topic JOIN scope ON scope.id = scope WHERE account = ?1 AND"
                   " region = ?2 AND name > ?3 ORDER BY name LIMIT ?4",
                   sql_text(scope->account), sql_text(scope->region), sql_text(after ? after : ""),
                   sql_int((int64_t)limit));
    while (out->count < limit && (rc = sql_step(st)) == STORE_OK)
        out->items[out->count++] = sql_column_text(st, 0, a);
    sql_read_end(s);
    return sns_rows_end(rc);
}

/* --- texts --- */

static const struct {
    const char *read;
    const char *write;
} texts[] = {
    [SNS_TOPIC_ATTRIBUTES] = {"SELECT attributes FROM topic WHERE id = ?1",
                              "UPDATE topic SET attributes = ?2 WHERE id = ?1"},
    [SNS_TOPIC_TAGS] = {"SELECT tags FROM topic WHERE id = ?1",
                        "UPDATE topic SET tags = ?2 WHERE id = ?1"},
    [SNS_TOPIC_DATA_PROTECTION] = {"SELECT data_protection FROM topic WHERE id = ?1",
                                   "UPDATE topic SET data_protection = ?2 WHERE id = ?1"},
    [SNS_SUBSCRIPTION_ATTRIBUTES] = {"SELECT attributes FROM subscription WHERE id = ?1",
                                     "UPDATE subscription SET attributes = ?2 WHERE id = ?1"},
    [SNS_APPLICATION_ATTRIBUTES] = {"SELECT attributes FROM application WHERE id = ?1",
                                    "UPDATE application SET attributes = ?2 WHERE id = ?1"},
    [SNS_ENDPOINT_ATTRIBUTES] = {"SELECT attributes FROM endpoint WHERE id = ?1",
                                 "UPDATE endpoint SET attributes = ?2 WHERE id = ?1"},
};

static enum store_status change_text(struct sql *s, enum sns_text which, int64_t id,
                                     const char *(*change)(const char *old, void *context),
                                     void *context)
{
    struct sql_stmt *st = sql_query(s, texts[which].read, sql_int(id));
    const char *changed;
    struct arena a;
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    arena_init(&a);
    changed = change(sql_column_text(st, 0, &a), context);
    sql_reset(st);
    rc = changed ? sql_exec(s, texts[which].write, sql_int(id), sql_text(changed)) : STORE_LIMIT;
    arena_release(&a);
    return rc;
}

enum store_status sns_store_change(struct sns_store *store, enum sns_text which, int64_t id,
                                   const char *(*change)(const char *old, void *context),
                                   void *context)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    return rc == STORE_OK ? sql_write_end(s, change_text(s, which, id, change, context)) : rc;
}

/* --- the key --- */

static enum store_status read_key(struct sql *s, struct arena *a, struct sns_signing_key *out)
{
    struct sql_stmt *st = sql_prepare(s, "SELECT private_key, certificate FROM signing_key");
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    out->private_key = sql_column_text(st, 0, a);
    out->certificate = sql_column_text(st, 1, a);
    sql_reset(st);
    return STORE_OK;
}

enum store_status sns_store_signing_key(struct sns_store *store, struct arena *a,
                                        struct sns_signing_key *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = read_key(s, a, out);
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_signing_key_put(struct sns_store *store,
                                            const struct sns_signing_key *key, struct arena *a,
                                            struct sns_signing_key *out)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_exec(s,
                  "INSERT INTO signing_key (id, private_key, certificate) VALUES (1, ?1, ?2)"
                  " ON CONFLICT DO NOTHING",
                  sql_text(key->private_key), sql_text(key->certificate));
    if (rc == STORE_OK)
        rc = read_key(s, a, out);
    return sql_write_end(s, rc);
}
