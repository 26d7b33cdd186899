/*
 * Streams made, deleted and listed; kinesis_shards.c has them in memory, kinesis_append.c and
 * kinesis_records.c their records, kinesis_stream_store.c what can change of them.
 *
 * Record ids and numbers that come next are not written with each put: they follow from the newest
 * record when a stream is loaded, and from shard.next, which trimming sets, where the newest is
 * gone.
 */
#include "storage/kinesis_store.h"

#include "server/base/embed.h"
#include "storage/kinesis_internal.h"
#include "storage/scope.h"
#include "storage/secret.h"

EMBED(storage_schema_kinesis_001_sql);
EMBED(storage_schema_kinesis_002_sql);
EMBED(storage_schema_kinesis_003_sql);
EMBED(storage_schema_kinesis_004_sql);
EMBED(storage_schema_kinesis_005_sql);
EMBED(storage_schema_kinesis_006_sql);
EMBED(storage_schema_kinesis_007_sql);

static const struct sql_migration migrations[] = {
    {embed_storage_schema_kinesis_001_sql}, {embed_storage_schema_kinesis_002_sql},
    {embed_storage_schema_kinesis_003_sql}, {embed_storage_schema_kinesis_004_sql},
    {embed_storage_schema_kinesis_005_sql}, {embed_storage_schema_kinesis_006_sql},
    {embed_storage_schema_kinesis_007_sql},
};

struct kinesis_store *kinesis_store_open(struct store_root *root)
{
    struct kinesis_store *store = x_calloc(1, sizeof(*store));

    store->db = lazy_new(root, "kinesis", migrations, ARRAY_LEN(migrations));
    store->root = root;
    store->sweep = true; /* for what a crash has left */
    pthread_mutex_init(&store->lock, NULL);
    return store;
}

void kinesis_store_close(struct kinesis_store *store)
{
    if (!store)
        return;
    assert(!store->segments); /* streams are freed first */
    lazy_free(store->db);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

enum store_status kinesis_store_secret(struct kinesis_store *store, uint8_t out[KINESIS_SECRET_LEN])
{
    return secret_load(store->db, out, KINESIS_SECRET_LEN);
}

/* --- making --- */

struct create_turn {
    const struct scope *scope;
    const struct kinesis_new_stream *stream;
};

static enum store_status insert_shard(struct sql *s, int64_t stream_id,
                                      const struct kinesis_new_stream *stream, size_t i)
{
    struct sql_stmt *st =
        sql_prepare(s, "INSERT INTO shard (stream, number, hash_start, hash_end, created_ms)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)");

    sql_bind_int(st, 1, stream_id);
    sql_bind_int(st, 2, (int64_t)i);
    sql_bind_blob(st, 3, stream->ranges[i].start, KINESIS_HASH_LEN);
    sql_bind_blob(st, 4, stream->ranges[i].end, KINESIS_HASH_LEN);
    sql_bind_int(st, 5, stream->created_ms);
    return sql_run(st);
}

static enum store_status create_turn(struct sql *s, void *context)
{
    const struct create_turn *c = context;
    int64_t scope_id;
    int64_t stream_id;
    enum store_status rc = sql_scope_id(s, c->scope, true, &scope_id);

    if (rc != STORE_OK)
        return rc;
    rc = sql_exec(s,
                  "INSERT INTO stream (scope, name, mode, created_ms, retention_hours,"
                  " record_max, warm_mibps, tags, spread)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                  sql_int(scope_id), sql_text(c->stream->name), sql_int(c->stream->mode),
                  sql_int(c->stream->created_ms), sql_int(c->stream->retention_hours),
                  sql_int(c->stream->record_max), sql_int(c->stream->warm_mibps),
                  sql_text(c->stream->tags), sql_int(c->stream->spread));
    stream_id = sql_last_rowid(s);
    for (size_t i = 0; rc == STORE_OK && i < c->stream->shard_count; i++)
        rc = insert_shard(s, stream_id, c->stream, i);
    return rc;
}

enum store_status kinesis_store_create(struct kinesis_store *store, const struct scope *scope,
                                       const struct kinesis_new_stream *stream)
{
    struct create_turn turn = {.scope = scope, .stream = stream};

    return lazy_write(store->db, create_turn, &turn);
}

/* --- deleting --- */

static enum store_status delete_turn(struct sql *s, void *context)
{
    struct kinesis_stream *stream = context;
    bool used;
    enum store_status rc = kinesis_is_used(s, stream->id, &used);

    if (rc == STORE_OK && used)
        return STORE_CONFLICT;
    if (rc == STORE_OK)
        rc = sql_exec(s, "DELETE FROM stream WHERE id = ?1", sql_int(stream->id));
    if (rc == STORE_OK && sql_changes(s) == 0)
        rc = STORE_NOT_FOUND;
    if (rc == STORE_OK)
        stream->gone = true; /* for the appends that come after this turn in the same commit */
    return rc;
}

enum store_status kinesis_store_delete(struct kinesis_store *store, struct kinesis_stream *stream)
{
    enum store_status rc = lazy_write(store->db, delete_turn, stream);

    if (rc == STORE_FAILED)
        stream->gone = false;
    return rc;
}

/* --- listing --- */

enum store_status kinesis_store_list(struct kinesis_store *store, const struct scope *scope,
                                     const char *after, size_t limit, struct arena *a,
                                     struct kinesis_stream_row **out_rows, size_t *out_count)
{
    struct kinesis_stream_row *rows = ARENA_ARRAY(a, struct kinesis_stream_row, limit);
    struct sql_stmt *st;
    struct sql *s;
    int64_t scope_id;
    size_t count = 0;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_rows = rows;
    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = sql_scope_id(s, scope, false, &scope_id);
    if (rc == STORE_OK) {
        st = sql_prepare(s, "SELECT name, mode, created_ms FROM stream"
                            " WHERE scope = ?1 AND name > ?2 ORDER BY name LIMIT ?3");
        sql_bind_int(st, 1, scope_id);
        sql_bind_text(st, 2, after ? after : "");
        sql_bind_int(st, 3, (int64_t)limit);
        for (; count < limit && (rc = sql_step(st)) == STORE_OK; count++) {
            rows[count].name = sql_column_text(st, 0, a);
            rows[count].mode = (enum kinesis_mode)sql_column_int(st, 1);
            rows[count].created_ms = sql_column_int(st, 2);
        }
    }
    sql_read_end(s);
    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        return rc;
    *out_count = count;
    return STORE_OK;
}

static enum store_status count_in(struct kinesis_store *store, const struct scope *scope,
                                  const char *query, int64_t *out_count)
{
    struct sql_stmt *st;
    struct sql *s;
    int64_t scope_id;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = sql_scope_id(s, scope, false, &scope_id);
    if (rc == STORE_OK) {
        st = sql_prepare(s, query);
        sql_bind_int(st, 1, scope_id);
        rc = sql_step(st);
        if (rc == STORE_OK)
            *out_count = sql_column_int(st, 0);
    }
    sql_read_end(s);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status kinesis_store_open_shards(struct kinesis_store *store, const struct scope *scope,
                                            int64_t *out_count)
{
    return count_in(store, scope,
                    "SELECT count(*) FROM stream JOIN shard ON shard.stream = stream.id"
                    " WHERE stream.scope = ?1 AND shard.closed_ms IS NULL",
                    out_count);
}

enum store_status kinesis_store_on_demand_streams(struct kinesis_store *store,
                                                  const struct scope *scope, int64_t *out_count)
{
    return count_in(store, scope, "SELECT count(*) FROM stream WHERE scope = ?1 AND mode = 1",
                    out_count);
}
