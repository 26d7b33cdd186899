/*
 * A stream in memory: how it is loaded, and how its shards change.
 *
 * Appends hold the shape from the choice of a shard to the commit, and resharding excludes them: so
 * nothing is written to a shard that has closed, and what is read of a closed one is final.
 */
#include "server/base/fiber.h"
#include "storage/kinesis_internal.h"
#include "storage/scope.h"

#include <stdatomic.h>

/* --- loading --- */

void kinesis_stream_free(struct kinesis_stream *stream)
{
    if (!stream)
        return;
    for (size_t i = 0; i < stream->shard_count; i++)
        free(stream->shards[i]);
    pthread_rwlock_destroy(&stream->shape);
    kinesis_segment_give_back(stream->segment);
    free(stream->name);
    free(stream->shards);
    free(stream->open);
    free(stream);
}

static enum store_status load_stream(struct sql *s, const struct scope *scope, const char *name,
                                     struct kinesis_stream *out)
{
    struct sql_stmt *st;
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s, scope, false, &scope_id);

    if (rc != STORE_OK)
        return rc == STORE_LIMIT ? STORE_NOT_FOUND : rc;
    st = sql_query(s,
                   "SELECT id, mode, created_ms, retention_hours, record_max, key_id, spread"
                   " FROM stream WHERE scope = ?1 AND name = ?2",
                   sql_int(scope_id), sql_text(name));
    rc = sql_step(st);
    if (rc != STORE_OK)
        return rc;
    out->id = sql_column_int(st, 0);
    out->mode = (enum kinesis_mode)sql_column_int(st, 1);
    out->created_ms = sql_column_int(st, 2);
    out->retention_hours = (int32_t)sql_column_int(st, 3);
    out->record_max = (int32_t)sql_column_int(st, 4);
    out->encrypted = !sql_column_is_null(st, 5);
    out->spread = sql_column_int(st, 6) != 0;
    out->name = x_strdup(name);
    sql_reset(st);
    return STORE_OK;
}

static int32_t index_or_none(struct sql_stmt *st, int column)
{
    return sql_column_is_null(st, column) ? -1 : (int32_t)sql_column_int(st, column);
}

static void read_range(struct sql_stmt *st, int column, struct kinesis_hash_range *out)
{
    struct bytes start = sql_column_blob(st, column);
    struct bytes end = sql_column_blob(st, column + 1);

    if (start.len == KINESIS_HASH_LEN && end.len == KINESIS_HASH_LEN) {
        memcpy(out->start, start.data, start.len);
        memcpy(out->end, end.data, end.len);
    }
}

/* The newest record, if there is one, knows better than the shard's row. */
static enum store_status load_end(struct sql *s, struct kinesis_shard *shard)
{
    struct sql_stmt *st = sql_query(s,
                                    "SELECT id + count, at_ms FROM record"
                                    " WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1",
                                    sql_int(kinesis_record_id(shard, 0)),
                                    sql_int(kinesis_record_id(shard, 0) + KINESIS_NUMBERS));
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK) {
        /* A closed shard keeps numbers that were given to puts that failed. */
        shard->next = MAX(shard->next, sql_column_int(st, 0) - kinesis_record_id(shard, 0));
        shard->last_ms = sql_column_int(st, 1);
    }
    sql_reset(st);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

static void add_shard(struct kinesis_stream *stream, struct kinesis_shard *shard)
{
    stream->shards =
        x_reallocarray(stream->shards, stream->shard_count + 1, sizeof(stream->shards[0]));
    stream->shards[stream->shard_count++] = shard;
}

static void read_shard(struct sql_stmt *st, struct kinesis_shard *out)
{
    out->id = sql_column_int(st, 0);
    out->index = (int32_t)sql_column_int(st, 1);
    out->parent = index_or_none(st, 2);
    out->adjacent_parent = index_or_none(st, 3);
    read_range(st, 4, &out->range);
    out->created_ms = sql_column_int(st, 6);
    out->closed_ms = sql_column_int(st, 7);
    out->next = sql_column_int(st, 8);
    out->last_ms = sql_column_int(st, 9);
}

/* Their numbers have no holes, so each stands where its number says. */
static enum store_status load_shards(struct sql *s, struct kinesis_stream *stream)
{
    struct sql_stmt *st = sql_query(s,
                                    "SELECT id, number, parent, adjacent_parent, hash_start,"
                                    " hash_end, created_ms, closed_ms, next, last_ms"
                                    " FROM shard WHERE stream = ?1 ORDER BY number",
                                    sql_int(stream->id));
    enum store_status rc;

    while ((rc = sql_step(st)) == STORE_OK) {
        struct kinesis_shard *shard = x_calloc(1, sizeof(*shard));

        read_shard(st, shard);
        add_shard(stream, shard);
        if ((rc = load_end(s, shard)) != STORE_OK)
            break;
    }
    sql_reset(st);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

static int by_hash(const void *a, const void *b)
{
    const struct kinesis_shard *const *x = a;
    const struct kinesis_shard *const *y = b;

    return memcmp((*x)->range.start, (*y)->range.start, KINESIS_HASH_LEN);
}

static void collect_open(struct kinesis_stream *stream)
{
    stream->open = x_reallocarray(stream->open, stream->shard_count, sizeof(stream->open[0]));
    stream->open_count = 0;
    for (size_t i = 0; i < stream->shard_count; i++) {
        if (!stream->shards[i]->closed_ms)
            stream->open[stream->open_count++] = stream->shards[i];
    }
    qsort(stream->open, stream->open_count, sizeof(stream->open[0]), by_hash);
}

/* Resharding comes before appends that arrive later, or it would never come. */
static void init_shape(struct kinesis_stream *stream)
{
    pthread_rwlockattr_t attributes;

    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&stream->shape, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

enum store_status kinesis_store_load(struct kinesis_store *store, const struct scope *scope,
                                     const char *name, struct kinesis_stream **out_stream)
{
    struct kinesis_stream *stream;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    stream = x_calloc(1, sizeof(*stream));
    init_shape(stream);
    rc = load_stream(s, scope, name, stream);
    if (rc == STORE_OK)
        rc = load_shards(s, stream);
    sql_read_end(s);
    if (rc == STORE_OK && stream->shard_count == 0)
        rc = STORE_FAILED;
    if (rc != STORE_OK) {
        kinesis_stream_free(stream);
        return rc;
    }
    collect_open(stream);
    *out_stream = stream;
    return STORE_OK;
}

/* --- looking at shards --- */

void kinesis_shape_hold(struct kinesis_stream *stream)
{
    fiber_read_lock(&stream->shape);
}

void kinesis_shape_release(struct kinesis_stream *stream)
{
    pthread_rwlock_unlock(&stream->shape);
}

struct kinesis_shard *kinesis_stream_shard(struct kinesis_stream *stream, int64_t index)
{
    struct kinesis_shard *shard = NULL;

    kinesis_shape_hold(stream);
    if (index >= 0 && (uint64_t)index < stream->shard_count)
        shard = stream->shards[index];
    kinesis_shape_release(stream);
    return shard;
}

static struct kinesis_shard_list copy(struct kinesis_shard **items, size_t count, struct arena *a)
{
    struct kinesis_shard_list list = {ARENA_ARRAY(a, struct kinesis_shard *, count), count};

    memcpy(list.items, items, count * sizeof(*items));
    return list;
}

struct kinesis_shard_list kinesis_stream_shards(struct kinesis_stream *stream, struct arena *a)
{
    struct kinesis_shard_list list;

    kinesis_shape_hold(stream);
    list = copy(stream->shards, stream->shard_count, a);
    kinesis_shape_release(stream);
    return list;
}

struct kinesis_shard_list kinesis_stream_open_shards(struct kinesis_stream *stream, struct arena *a)
{
    struct kinesis_shard_list list;

    kinesis_shape_hold(stream);
    list = copy(stream->open, stream->open_count, a);
    kinesis_shape_release(stream);
    return list;
}

struct kinesis_shard *kinesis_stream_next_shard(struct kinesis_stream *stream)
{
    return stream->open[atomic_fetch_add(&stream->turn, 1) % stream->open_count];
}

size_t kinesis_stream_shard_count(struct kinesis_stream *stream)
{
    size_t count;

    kinesis_shape_hold(stream);
    count = stream->shard_count;
    kinesis_shape_release(stream);
    return count;
}

/* --- resharding --- */

struct reshard_turn {
    const struct kinesis_stream *stream;
    struct kinesis_shard **shards; /* those that were there and, behind them, the new ones */
    size_t total;
    int64_t now_ms;
};

static struct sql_value parent_value(int32_t index)
{
    return index < 0 ? (struct sql_value){.kind = SQL_NULL} : sql_int(index);
}

static enum store_status insert_child(struct sql *s, int64_t stream_id, struct kinesis_shard *shard)
{
    enum store_status rc = sql_exec(
        s,
        "INSERT INTO shard (stream, number, parent, adjacent_parent, hash_start,"
        " hash_end, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        sql_int(stream_id), sql_int(shard->index), parent_value(shard->parent),
        parent_value(shard->adjacent_parent),
        sql_blob((struct bytes){shard->range.start, KINESIS_HASH_LEN}),
        sql_blob((struct bytes){shard->range.end, KINESIS_HASH_LEN}), sql_int(shard->created_ms));

    shard->id = sql_last_rowid(s);
    return rc;
}

static enum store_status close_parent(struct sql *s, const struct reshard_turn *t, int32_t index)
{
    const struct kinesis_shard *shard = index < 0 ? NULL : t->shards[index];

    if (!shard)
        return STORE_OK;
    return sql_exec(s,
                    "UPDATE shard SET closed_ms = ?2, next = ?3, last_ms = max(last_ms, ?4)"
                    " WHERE id = ?1",
                    sql_int(shard->id), sql_int(t->now_ms), sql_int(shard->next),
                    sql_int(shard->last_ms));
}

static enum store_status reshard_turn(struct sql *s, void *context)
{
    const struct reshard_turn *t = context;
    enum store_status rc = STORE_OK;

    if (atomic_load(&t->stream->gone))
        return STORE_NOT_FOUND;
    for (size_t i = t->stream->shard_count; rc == STORE_OK && i < t->total; i++) {
        rc = insert_child(s, t->stream->id, t->shards[i]);
        if (rc == STORE_OK)
            rc = close_parent(s, t, t->shards[i]->parent);
        if (rc == STORE_OK)
            rc = close_parent(s, t, t->shards[i]->adjacent_parent);
    }
    return rc;
}

/* In a later second than that of the parent: see struct kinesis_shard. */
static int64_t after_parent(const struct reshard_turn *t, int32_t parent, int64_t at_ms)
{
    return parent < 0 ? at_ms : MAX(at_ms, (t->shards[parent]->created_ms / 1000 + 1) * 1000);
}

static struct kinesis_shard *new_shard(const struct reshard_turn *t, size_t index,
                                       const struct kinesis_new_shard *from)
{
    struct kinesis_shard *shard = x_calloc(1, sizeof(*shard));

    shard->index = (int32_t)index;
    shard->parent = from->parent;
    shard->adjacent_parent = from->adjacent_parent;
    shard->range = from->range;
    shard->created_ms = after_parent(t, from->parent, t->now_ms);
    shard->created_ms = after_parent(t, from->adjacent_parent, shard->created_ms);
    shard->next = 1;
    return shard;
}

static void close_in_memory(const struct reshard_turn *t, int32_t index)
{
    if (index >= 0)
        t->shards[index]->closed_ms = t->now_ms;
}

enum store_status kinesis_store_reshard(struct kinesis_store *store, struct kinesis_stream *stream,
                                        const struct kinesis_new_shard *shards, size_t count,
                                        int64_t now_ms)
{
    struct reshard_turn turn = {.stream = stream, .now_ms = now_ms};
    enum store_status rc;

    pthread_rwlock_wrlock(&stream->shape);
    turn.total = stream->shard_count + count;
    turn.shards = x_calloc(turn.total, sizeof(turn.shards[0]));
    memcpy(turn.shards, stream->shards, stream->shard_count * sizeof(turn.shards[0]));
    for (size_t i = 0; i < count; i++)
        turn.shards[stream->shard_count + i] =
            new_shard(&turn, stream->shard_count + i, &shards[i]);
    rc = lazy_write(store->db, reshard_turn, &turn);
    for (size_t i = stream->shard_count; i < turn.total; i++) {
        if (rc != STORE_OK) {
            free(turn.shards[i]);
            continue;
        }
        close_in_memory(&turn, turn.shards[i]->parent);
        close_in_memory(&turn, turn.shards[i]->adjacent_parent);
    }
    if (rc == STORE_OK) {
        free(TAKE(stream->shards));
        stream->shards = TAKE(turn.shards);
        stream->shard_count = turn.total;
        collect_open(stream);
    }
    free(turn.shards);
    pthread_rwlock_unlock(&stream->shape);
    return rc;
}
