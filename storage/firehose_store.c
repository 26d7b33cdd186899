/* Streams; firehose_buffer_store.c has what waits in them. */
#include "storage/firehose_store.h"

#include "server/base/embed.h"
#include "storage/firehose_internal.h"
#include "storage/scope.h"

EMBED(storage_schema_firehose_001_sql);

static const struct sql_migration migrations[] = {
    {embed_storage_schema_firehose_001_sql},
};

struct firehose_store *firehose_store_open(struct store_root *root)
{
    struct firehose_store *store = x_calloc(1, sizeof(*store));

    store->db = lazy_new(root, "firehose", migrations, ARRAY_LEN(migrations));
    return store;
}

void firehose_store_close(struct firehose_store *store)
{
    if (!store)
        return;
    lazy_free(store->db);
    free(store);
}

/* --- making --- */

struct create_turn {
    const struct firehose_stream *stream;
    int64_t stream_max;
    int64_t id;
};

static enum store_status check_count(struct sql *s, int64_t scope_id, int64_t max)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT count(*) FROM stream WHERE scope = ?1", sql_int(scope_id));
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK && sql_column_int(st, 0) >= max)
        rc = STORE_LIMIT;
    sql_reset(st);
    return rc;
}

static enum store_status create_turn(struct sql *s, void *context)
{
    struct create_turn *turn = context;
    const struct firehose_stream *f = turn->stream;
    const struct scope scope = {.account = f->account, .region = f->region};
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s, &scope, true, &scope_id);

    if (rc == STORE_OK)
        rc = check_count(s, scope_id, turn->stream_max);
    if (rc != STORE_OK)
        return rc;
    rc = sql_exec(s,
                  "INSERT INTO stream (scope, name, type, version, created_ms, source,"
                  " destination, secret, encryption, encrypted, tags, lane, bytes_max, wait_ms,"
                  " copy_bytes_max, copy_wait_ms, records_max)"
                  " VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
                  " ?16)",
                  sql_int(scope_id), sql_text(f->name), sql_text(f->type), sql_int(f->created_ms),
                  sql_text(f->source), sql_text(f->destination), sql_text(f->secret),
                  sql_text(f->encryption), sql_int(f->encrypted), sql_text(f->tags),
                  sql_int(f->route.lane), sql_int(f->route.bytes_max), sql_int(f->route.wait_ms),
                  sql_int(f->route.copy_bytes_max), sql_int(f->route.copy_wait_ms),
                  sql_int(f->route.records_max));
    turn->id = sql_last_rowid(s);
    return rc;
}

enum store_status firehose_store_create(struct firehose_store *store,
                                        const struct firehose_stream *stream, int64_t stream_max,
                                        int64_t *out_id)
{
    struct create_turn turn = {.stream = stream, .stream_max = stream_max};
    enum store_status rc = lazy_write(store->db, create_turn, &turn);

    if (rc == STORE_OK && out_id)
        *out_id = turn.id;
    return rc;
}

/* --- finding --- */

#define STREAM_COLUMNS                                                                             \
    "SELECT stream.id, account, region, name, type, version, created_ms, updated_ms, source,"      \
    " destination, secret, encryption, encrypted, tags, lane, bytes_max, wait_ms, copy_bytes_max," \
    " copy_wait_ms, records_max FROM stream JOIN scope ON scope.id = stream.scope "

static void read_stream(struct sql_stmt *st, struct arena *a, struct firehose_stream *out)
{
    *out = (struct firehose_stream){
        .id = sql_column_int(st, 0),
        .account = sql_column_text(st, 1, a),
        .region = sql_column_text(st, 2, a),
        .name = sql_column_text(st, 3, a),
        .type = sql_column_text(st, 4, a),
        .version = sql_column_int(st, 5),
        .created_ms = sql_column_int(st, 6),
        .updated_ms = sql_column_int(st, 7),
        .source = sql_column_text(st, 8, a),
        .destination = sql_column_text(st, 9, a),
        .secret = sql_column_text(st, 10, a),
        .encryption = sql_column_text(st, 11, a),
        .encrypted = sql_column_int(st, 12) != 0,
        .tags = sql_column_text(st, 13, a),
        .route =
            {
                .lane = (enum firehose_lane)sql_column_int(st, 14),
                .bytes_max = sql_column_int(st, 15),
                .wait_ms = sql_column_int(st, 16),
                .copy_bytes_max = sql_column_int(st, 17),
                .copy_wait_ms = sql_column_int(st, 18),
                .records_max = sql_column_int(st, 19),
            },
    };
}

static enum store_status read_one(struct sql_stmt *st, struct arena *a, struct firehose_stream *out)
{
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    read_stream(st, a, out);
    sql_reset(st);
    return STORE_OK;
}

enum store_status firehose_store_find(struct firehose_store *store, const struct scope *scope,
                                      const char *name, struct arena *a,
                                      struct firehose_stream *out)
{
    int64_t scope_id;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_scope_id(s, scope, false, &scope_id);
    if (rc == STORE_OK)
        rc = read_one(sql_query(s, STREAM_COLUMNS "WHERE stream.scope = ?1 AND name = ?2",
                                sql_int(scope_id), sql_text(name)),
                      a, out);
    sql_read_end(s);
    return rc;
}

enum store_status firehose_store_find_id(struct firehose_store *store, int64_t id, struct arena *a,
                                         struct firehose_stream *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = read_one(sql_query(s, STREAM_COLUMNS "WHERE stream.id = ?1", sql_int(id)), a, out);
    sql_read_end(s);
    return rc;
}

static enum store_status read_names(struct sql_stmt *st, size_t limit, struct arena *a,
                                    const char ***out_names, size_t *out_count)
{
    enum store_status rc;

    *out_names = ARENA_ARRAY(a, const char *, limit);
    *out_count = 0;
    while ((rc = sql_step(st)) == STORE_OK)
        (*out_names)[(*out_count)++] = sql_column_text(st, 0, a);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status firehose_store_list(struct firehose_store *store, const struct scope *scope,
                                      const char *type, const char *after, size_t limit,
                                      struct arena *a, const char ***out_names, size_t *out_count)
{
    int64_t scope_id;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_names = NULL;
    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = sql_scope_id(s, scope, false, &scope_id);
    if (rc == STORE_OK)
        rc = read_names(sql_query(s,
                                  "SELECT name FROM stream WHERE scope = ?1 AND name > ?2"
                                  " AND (?3 IS NULL OR type = ?3) ORDER BY name LIMIT ?4",
                                  sql_int(scope_id), sql_text(after ? after : ""), sql_text(type),
                                  sql_int((int64_t)limit)),
                        limit, a, out_names, out_count);
    sql_read_end(s);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status firehose_store_of_type(struct firehose_store *store, const char *type,
                                         struct arena *a, int64_t **out_ids, size_t *out_count)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    st = sql_query(s, "SELECT count(*) FROM stream WHERE type = ?1", sql_text(type));
    if ((rc = sql_step(st)) == STORE_OK)
        *out_ids = ARENA_ARRAY(a, int64_t, (size_t)sql_column_int(st, 0));
    sql_reset(st);
    st = sql_query(s, "SELECT id FROM stream WHERE type = ?1", sql_text(type));
    while (rc == STORE_OK && (rc = sql_step(st)) == STORE_OK)
        (*out_ids)[(*out_count)++] = sql_column_int(st, 0);
    sql_read_end(s);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* --- changing --- */

static enum store_status update_turn(struct sql *s, void *context)
{
    const struct firehose_stream *f = context;
    enum store_status rc = sql_exec(
        s,
        "UPDATE stream SET destination = ?3, secret = ?4, updated_ms = ?5, lane = ?6,"
        " bytes_max = ?7, wait_ms = ?8, copy_bytes_max = ?9, copy_wait_ms = ?10, records_max = ?11,"
        " version = version + 1 WHERE id = ?1 AND version = ?2",
        sql_int(f->id), sql_int(f->version), sql_text(f->destination), sql_text(f->secret),
        sql_int(f->updated_ms), sql_int(f->route.lane), sql_int(f->route.bytes_max),
        sql_int(f->route.wait_ms), sql_int(f->route.copy_bytes_max), sql_int(f->route.copy_wait_ms),
        sql_int(f->route.records_max));

    return rc == STORE_OK && sql_changes(s) == 0 ? STORE_CONFLICT : rc;
}

enum store_status firehose_store_update(struct firehose_store *store,
                                        const struct firehose_stream *stream)
{
    struct firehose_stream copy = *stream;

    return lazy_write(store->db, update_turn, &copy);
}

struct encryption_turn {
    int64_t id;
    const char *json;
    bool encrypted;
};

static enum store_status encryption_turn(struct sql *s, void *context)
{
    const struct encryption_turn *turn = context;
    enum store_status rc =
        sql_exec(s, "UPDATE stream SET encryption = ?2, encrypted = ?3 WHERE id = ?1",
                 sql_int(turn->id), sql_text(turn->json), sql_int(turn->encrypted));

    return rc == STORE_OK && sql_changes(s) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status firehose_store_set_encryption(struct firehose_store *store, int64_t id,
                                                const char *json, bool encrypted)
{
    struct encryption_turn turn = {.id = id, .json = json, .encrypted = encrypted};

    return lazy_write(store->db, encryption_turn, &turn);
}

struct tags_turn {
    int64_t id;
    const char *(*change)(const char *json, void *context);
    void *context;
};

static enum store_status tags_turn(struct sql *s, void *context)
{
    const struct tags_turn *turn = context;
    struct sql_stmt *st = sql_query(s, "SELECT tags FROM stream WHERE id = ?1", sql_int(turn->id));
    const char *json;
    struct arena a;
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    arena_init(&a);
    json = sql_column_text(st, 0, &a);
    sql_reset(st);
    json = turn->change(json, turn->context);
    rc = json ? sql_exec(s, "UPDATE stream SET tags = ?2 WHERE id = ?1", sql_int(turn->id),
                         sql_text(json))
              : STORE_LIMIT;
    arena_release(&a);
    return rc;
}

enum store_status firehose_store_change_tags(struct firehose_store *store, int64_t id,
                                             const char *(*change)(const char *json, void *context),
                                             void *context)
{
    struct tags_turn turn = {.id = id, .change = change, .context = context};

    return lazy_write(store->db, tags_turn, &turn);
}

/* --- deleting --- */

static enum store_status delete_turn(struct sql *s, void *context)
{
    const int64_t *id = context;
    enum store_status rc = sql_exec(s, "DELETE FROM stream WHERE id = ?1", sql_int(*id));

    if (rc == STORE_OK && sql_changes(s) == 0)
        return STORE_NOT_FOUND;
    if (rc == STORE_OK)
        rc = sql_exec(s, "DELETE FROM position WHERE stream = ?1", sql_int(*id));
    return rc;
}

/* One buffer of a stream that is gone; STORE_NOT_FOUND when there is none left. */
static enum store_status sweep_turn(struct sql *s, void *context)
{
    const int64_t *id = context;
    struct sql_stmt *st =
        sql_query(s, "SELECT id FROM buffer WHERE stream = ?1 LIMIT 1", sql_int(*id));
    int64_t buffer;
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    buffer = sql_column_int(st, 0);
    sql_reset(st);
    return firehose_remove_buffer(s, buffer);
}

enum store_status firehose_store_delete(struct firehose_store *store, int64_t id)
{
    enum store_status rc = lazy_write(store->db, delete_turn, &id);

    while (rc == STORE_OK)
        rc = lazy_write(store->db, sweep_turn, &id);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}
