/*
 * What waits in streams. A put looks the stream up, writes its chunks into the open buffer of the
 * stream's route, and seals that when it is full: all in one turn, so that what was acknowledged is
 * where a delivery will find it.
 */
#include "server/base/room.h"
#include "storage/firehose_internal.h"
#include "storage/firehose_store.h"
#include "storage/scope.h"

enum { NUMBER_BITS = 24, CHUNKS_MAX = 1 << 20 };

static int64_t chunk_id(int64_t buffer, int64_t number)
{
    return (buffer << NUMBER_BITS) + number;
}

/* --- one chunk into one buffer --- */

struct open_buffer {
    int64_t id; /* 0: there is none */
    int64_t chunks;
    int64_t bytes;
    int64_t records;
    int64_t due_ms;
};

static enum store_status find_open(struct sql *s, int64_t stream,
                                   const struct firehose_target *target, struct open_buffer *out)
{
    struct sql_stmt *st = sql_query(s,
                                    "SELECT id, chunks, bytes, records, due_ms FROM buffer"
                                    " WHERE stream = ?1 AND lane = ?2 AND sort = ?3 AND sealed = 0",
                                    sql_int(stream), sql_int(target->lane), sql_text(target->sort));
    enum store_status rc = sql_step(st);

    *out = (struct open_buffer){0};
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    *out = (struct open_buffer){
        .id = sql_column_int(st, 0),
        .chunks = sql_column_int(st, 1),
        .bytes = sql_column_int(st, 2),
        .records = sql_column_int(st, 3),
        .due_ms = sql_column_int(st, 4),
    };
    sql_reset(st);
    return STORE_OK;
}

static enum store_status seal(struct sql *s, int64_t id)
{
    return sql_exec(s, "UPDATE buffer SET sealed = 1, due_ms = 0 WHERE id = ?1", sql_int(id));
}

static enum store_status open_new(struct sql *s, int64_t stream,
                                  const struct firehose_target *target, int64_t oldest_ms,
                                  int64_t now_ms, struct open_buffer *out)
{
    enum store_status rc = sql_exec(s,
                                    "INSERT INTO buffer (stream, lane, sort, opened_ms, due_ms)"
                                    " VALUES (?1, ?2, ?3, ?4, ?5)",
                                    sql_int(stream), sql_int(target->lane), sql_text(target->sort),
                                    sql_int(oldest_ms), sql_int(now_ms + target->wait_ms));

    *out = (struct open_buffer){.id = sql_last_rowid(s), .due_ms = now_ms + target->wait_ms};
    return rc;
}

/* The hints were changed since the buffer was opened. */
static enum store_status hasten(struct sql *s, const struct open_buffer *b, int64_t due_ms)
{
    return sql_exec(s, "UPDATE buffer SET due_ms = ?2 WHERE id = ?1", sql_int(b->id),
                    sql_int(due_ms));
}

static enum store_status add_chunk(struct sql *s, struct open_buffer *b,
                                   const struct firehose_chunk *chunk)
{
    enum store_status rc = sql_exec(s, "INSERT INTO chunk (id, data) VALUES (?1, ?2)",
                                    sql_int(chunk_id(b->id, b->chunks)), sql_blob(chunk->data));

    b->chunks++;
    b->bytes += (int64_t)chunk->bytes;
    b->records += (int64_t)chunk->records;
    if (rc == STORE_OK)
        rc = sql_exec(s,
                      "UPDATE buffer SET chunks = ?2, bytes = ?3, records = ?4"
                      " WHERE id = ?1",
                      sql_int(b->id), sql_int(b->chunks), sql_int(b->bytes), sql_int(b->records));
    return rc;
}

static bool fits(const struct open_buffer *b, const struct firehose_target *target,
                 const struct firehose_chunk *chunk)
{
    if (target->records_max && b->records + (int64_t)chunk->records > target->records_max)
        return false;
    return b->bytes == 0 || b->bytes + (int64_t)chunk->bytes <= target->bytes_max;
}

static bool is_full(const struct open_buffer *b, const struct firehose_target *target)
{
    return b->bytes >= target->bytes_max || b->chunks >= CHUNKS_MAX ||
           (target->records_max && b->records >= target->records_max);
}

static enum store_status put_chunk(struct sql *s, int64_t stream,
                                   const struct firehose_target *target,
                                   const struct firehose_chunk *chunk, int64_t now_ms, bool *wake)
{
    struct open_buffer b;
    enum store_status rc = find_open(s, stream, target, &b);

    /* Full before it gets in: the buffer stays within its size. */
    if (rc == STORE_OK && b.id && !fits(&b, target, chunk)) {
        rc = seal(s, b.id);
        b.id = 0;
    }
    if (rc == STORE_OK && !b.id) {
        *wake = true;
        rc = open_new(s, stream, target, chunk->oldest_ms, now_ms, &b);
    }
    if (rc == STORE_OK && b.due_ms > now_ms + target->wait_ms) {
        *wake = true;
        rc = hasten(s, &b, now_ms + target->wait_ms);
    }
    if (rc == STORE_OK)
        rc = add_chunk(s, &b, chunk);
    if (rc == STORE_OK && is_full(&b, target)) {
        *wake = true;
        rc = seal(s, b.id);
    }
    return rc;
}

/* --- what comes in --- */

struct append_turn {
    const struct scope *scope; /* NULL: of the stream with that id */
    const char *name;
    int64_t id;
    int64_t shard;
    int64_t next;
    struct firehose_append *append;
};

struct place {
    int64_t id;
    bool direct;
    bool encrypted;
    struct firehose_route route;
};

#define PLACE_COLUMNS                                                                              \
    "SELECT id, type = 'DirectPut', encrypted, lane, bytes_max, wait_ms, copy_bytes_max,"          \
    " copy_wait_ms, records_max FROM stream "

static enum store_status read_place(struct sql_stmt *st, struct place *out)
{
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    *out = (struct place){
        .id = sql_column_int(st, 0),
        .direct = sql_column_int(st, 1) != 0,
        .encrypted = sql_column_int(st, 2) != 0,
        .route =
            {
                .lane = (enum firehose_lane)sql_column_int(st, 3),
                .bytes_max = sql_column_int(st, 4),
                .wait_ms = sql_column_int(st, 5),
                .copy_bytes_max = sql_column_int(st, 6),
                .copy_wait_ms = sql_column_int(st, 7),
                .records_max = sql_column_int(st, 8),
            },
    };
    sql_reset(st);
    return STORE_OK;
}

static enum store_status put_all(struct sql *s, const struct place *place,
                                 struct firehose_append *append)
{
    const struct firehose_target target = {place->route.lane, "", place->route.bytes_max,
                                           place->route.wait_ms, place->route.records_max};
    const struct firehose_target copy = {FIREHOSE_SIDE, "", place->route.copy_bytes_max,
                                         place->route.copy_wait_ms, 0};
    enum store_status rc = STORE_OK;

    append->encrypted = place->encrypted;
    for (size_t i = 0; rc == STORE_OK && i < append->count; i++) {
        rc = put_chunk(s, place->id, &target, &append->chunks[i], append->now_ms, &append->wake);
        if (rc == STORE_OK && copy.bytes_max)
            rc = put_chunk(s, place->id, &copy, &append->chunks[i], append->now_ms, &append->wake);
    }
    return rc;
}

static enum store_status append_turn(struct sql *s, void *context)
{
    const struct append_turn *turn = context;
    struct place place;
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s, turn->scope, false, &scope_id);

    if (rc == STORE_OK)
        rc = read_place(sql_query(s, PLACE_COLUMNS "WHERE scope = ?1 AND name = ?2",
                                  sql_int(scope_id), sql_text(turn->name)),
                        &place);
    if (rc == STORE_OK && !place.direct)
        rc = STORE_CONFLICT;
    return rc == STORE_OK ? put_all(s, &place, turn->append) : rc;
}

enum store_status firehose_store_append(struct firehose_store *store, const struct scope *scope,
                                        const char *name, struct firehose_append *append)
{
    struct append_turn turn = {.scope = scope, .name = name, .append = append};
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    /* Nothing was ever stored: no need to make a database to say so. */
    if (rc != STORE_OK)
        return rc;
    sql_read_end(s);
    append->wake = false;
    return lazy_write(store->db, append_turn, &turn);
}

static enum store_status ingest_turn(struct sql *s, void *context)
{
    const struct append_turn *turn = context;
    struct place place;
    enum store_status rc =
        read_place(sql_query(s, PLACE_COLUMNS "WHERE id = ?1", sql_int(turn->id)), &place);

    if (rc == STORE_OK)
        rc = put_all(s, &place, turn->append);
    if (rc == STORE_OK)
        rc = sql_exec(s,
                      "INSERT INTO position (stream, shard, next) VALUES (?1, ?2, ?3)"
                      " ON CONFLICT (stream, shard) DO UPDATE SET next = excluded.next",
                      sql_int(turn->id), sql_int(turn->shard), sql_int(turn->next));
    return rc;
}

enum store_status firehose_store_ingest(struct firehose_store *store, int64_t stream_id,
                                        int64_t shard, int64_t next, struct firehose_append *append)
{
    struct append_turn turn = {.id = stream_id, .shard = shard, .next = next, .append = append};

    append->wake = false;
    return lazy_write(store->db, ingest_turn, &turn);
}

static enum store_status forget_turn(struct sql *s, void *context)
{
    const int64_t *id = context;

    return sql_exec(s, "DELETE FROM position WHERE stream = ?1", sql_int(*id));
}

enum store_status firehose_store_forget_positions(struct firehose_store *store, int64_t stream_id)
{
    return lazy_write(store->db, forget_turn, &stream_id);
}

enum store_status firehose_store_position(struct firehose_store *store, int64_t stream_id,
                                          int64_t shard, int64_t *out_next)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s, "SELECT next FROM position WHERE stream = ?1 AND shard = ?2",
                   sql_int(stream_id), sql_int(shard));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out_next = sql_column_int(st, 0);
    sql_read_end(s);
    return rc;
}

/* --- what is due --- */

enum store_status firehose_store_due(struct firehose_store *store, struct arena *a,
                                     struct firehose_due **out_items, size_t *out_count)
{
    size_t capacity = 16;
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_count = 0;
    *out_items = ARENA_ARRAY(a, struct firehose_due, capacity);
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    st = sql_prepare(s, "SELECT stream, lane, min(due_ms) FROM buffer GROUP BY stream, lane");
    while ((rc = sql_step(st)) == STORE_OK) {
        *out_items = room_for_one(a, *out_items, *out_count, &capacity, sizeof(**out_items));
        (*out_items)[(*out_count)++] =
            (struct firehose_due){sql_column_int(st, 0), (enum firehose_lane)sql_column_int(st, 1),
                                  sql_column_int(st, 2)};
    }
    sql_read_end(s);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status firehose_store_sorts(struct firehose_store *store, int64_t stream_id,
                                       enum firehose_lane lane, struct arena *a,
                                       const char ***out_sorts, size_t *out_count)
{
    size_t capacity = 0;
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_count = 0;
    *out_sorts = NULL;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    st = sql_query(s, "SELECT DISTINCT sort FROM buffer WHERE stream = ?1 AND lane = ?2",
                   sql_int(stream_id), sql_int(lane));
    while ((rc = sql_step(st)) == STORE_OK) {
        *out_sorts = room_for_one(a, *out_sorts, *out_count, &capacity, sizeof(**out_sorts));
        (*out_sorts)[(*out_count)++] = sql_column_text(st, 0, a);
    }
    sql_read_end(s);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

#define BUFFER_COLUMNS                                                                             \
    "SELECT id, stream, lane, sort, sealed, opened_ms, due_ms, chunks, records, bytes, label,"     \
    " tries, first_try_ms FROM buffer "

static enum store_status read_buffer(struct sql_stmt *st, struct arena *a,
                                     struct firehose_buffer *out)
{
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    *out = (struct firehose_buffer){
        .id = sql_column_int(st, 0),
        .stream = sql_column_int(st, 1),
        .lane = (enum firehose_lane)sql_column_int(st, 2),
        .sort = sql_column_text(st, 3, a),
        .sealed = sql_column_int(st, 4) != 0,
        .opened_ms = sql_column_int(st, 5),
        .due_ms = sql_column_int(st, 6),
        .chunks = sql_column_int(st, 7),
        .records = sql_column_int(st, 8),
        .bytes = sql_column_int(st, 9),
        .label = sql_column_text(st, 10, a),
        .tries = sql_column_int(st, 11),
        .first_try_ms = sql_column_int(st, 12),
    };
    sql_reset(st);
    return STORE_OK;
}

enum store_status firehose_store_next(struct firehose_store *store, int64_t stream_id,
                                      enum firehose_lane lane, int64_t now_ms, struct arena *a,
                                      struct firehose_buffer *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = read_buffer(sql_query(s,
                               BUFFER_COLUMNS "WHERE stream = ?1 AND lane = ?2 AND due_ms <= ?3"
                                              " ORDER BY due_ms, id LIMIT 1",
                               sql_int(stream_id), sql_int(lane), sql_int(now_ms)),
                     a, out);
    sql_read_end(s);
    return rc;
}

/* --- delivering --- */

struct seal_turn {
    int64_t id;
    const char *label;
    struct arena *arena;
    struct firehose_buffer *out;
};

static enum store_status seal_turn(struct sql *s, void *context)
{
    const struct seal_turn *turn = context;
    enum store_status rc =
        sql_exec(s, "UPDATE buffer SET sealed = 1, label = coalesce(label, ?2) WHERE id = ?1",
                 sql_int(turn->id), sql_text(turn->label));

    return rc == STORE_OK
               ? read_buffer(sql_query(s, BUFFER_COLUMNS "WHERE id = ?1", sql_int(turn->id)),
                             turn->arena, turn->out)
               : rc;
}

enum store_status firehose_store_seal(struct firehose_store *store, int64_t id, const char *label,
                                      struct arena *a, struct firehose_buffer *out)
{
    struct seal_turn turn = {.id = id, .label = label, .arena = a, .out = out};

    return lazy_write(store->db, seal_turn, &turn);
}

enum store_status firehose_store_read(struct firehose_store *store, int64_t id, int64_t from,
                                      size_t bytes_max, struct arena *a, struct bytes **out_chunks,
                                      size_t *out_count)
{
    enum { AT_ONCE = 1024 };
    size_t total = 0;
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_count = 0;
    if (rc != STORE_OK)
        return rc;
    *out_chunks = ARENA_ARRAY(a, struct bytes, AT_ONCE);
    st = sql_query(s, "SELECT data FROM chunk WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3",
                   sql_int(chunk_id(id, from)), sql_int(chunk_id(id + 1, 0)), sql_int(AT_ONCE));
    while ((*out_count == 0 || total < bytes_max) && (rc = sql_step(st)) == STORE_OK) {
        if (*out_count && total + sql_column_blob(st, 0).len > bytes_max)
            break;
        (*out_chunks)[*out_count] = sql_column_bytes(st, 0, a);
        total += (*out_chunks)[(*out_count)++].len;
    }
    sql_read_end(s);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

struct postpone_turn {
    int64_t id;
    int64_t now_ms;
    int64_t due_ms;
};

static enum store_status postpone_turn(struct sql *s, void *context)
{
    const struct postpone_turn *turn = context;

    return sql_exec(s,
                    "UPDATE buffer SET sealed = 1, tries = tries + 1, due_ms = ?3,"
                    " first_try_ms = coalesce(first_try_ms, ?2) WHERE id = ?1",
                    sql_int(turn->id), sql_int(turn->now_ms), sql_int(turn->due_ms));
}

enum store_status firehose_store_postpone(struct firehose_store *store, int64_t id, int64_t now_ms,
                                          int64_t due_ms)
{
    struct postpone_turn turn = {.id = id, .now_ms = now_ms, .due_ms = due_ms};

    return lazy_write(store->db, postpone_turn, &turn);
}

/* --- replacing --- */

enum store_status firehose_remove_buffer(struct sql *s, int64_t id)
{
    enum store_status rc = sql_exec(s, "DELETE FROM chunk WHERE id >= ?1 AND id < ?2",
                                    sql_int(chunk_id(id, 0)), sql_int(chunk_id(id + 1, 0)));

    return rc == STORE_OK ? sql_exec(s, "DELETE FROM buffer WHERE id = ?1", sql_int(id)) : rc;
}

/* Of what is tried again all goes into one new buffer. */
static enum store_status put_again(struct sql *s, const struct firehose_buffer *old,
                                   const struct firehose_move *move, struct open_buffer *again)
{
    enum store_status rc = STORE_OK;

    if (!again->id) {
        rc = sql_exec(s,
                      "INSERT INTO buffer (stream, lane, sort, sealed, opened_ms, due_ms, label,"
                      " tries, first_try_ms) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8)",
                      sql_int(old->stream), sql_int(move->target.lane), sql_text(move->target.sort),
                      sql_int(old->opened_ms), sql_int(move->due_ms), sql_text(old->label),
                      sql_int(move->tries), sql_int(move->first_try_ms));
        again->id = sql_last_rowid(s);
    }
    return rc == STORE_OK ? add_chunk(s, again, &move->chunk) : rc;
}

struct replace_turn {
    const struct firehose_buffer *buffer;
    const struct firehose_move *moves;
    size_t count;
    int64_t now_ms;
};

static enum store_status replace_turn(struct sql *s, void *context)
{
    const struct replace_turn *turn = context;
    struct open_buffer again = {0};
    bool wake;
    enum store_status rc = firehose_remove_buffer(s, turn->buffer->id);

    if (rc == STORE_OK && sql_changes(s) == 0)
        return STORE_NOT_FOUND;
    for (size_t i = 0; rc == STORE_OK && i < turn->count; i++) {
        const struct firehose_move *move = &turn->moves[i];
        rc = move->again ? put_again(s, turn->buffer, move, &again)
                         : put_chunk(s, turn->buffer->stream, &move->target, &move->chunk,
                                     turn->now_ms, &wake);
    }
    return rc;
}

enum store_status firehose_store_replace(struct firehose_store *store,
                                         const struct firehose_buffer *buffer,
                                         const struct firehose_move *moves, size_t count,
                                         int64_t now_ms)
{
    struct replace_turn turn = {.buffer = buffer, .moves = moves, .count = count, .now_ms = now_ms};

    return lazy_write(store->db, replace_turn, &turn);
}
