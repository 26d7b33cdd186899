/*
 * Records: appending, reading, finding a time, trimming.
 *
 * Within a shard the numbers of records have no holes, but for those of puts that failed, and
 * arrival times do not fall: so a time is found by bisection over the numbers, and no index is
 * needed.
 */
#include "storage/kinesis_internal.h"

#include <stdatomic.h>

enum {
    TRIM_STEP = 2000, /* records removed in one turn: some milliseconds, for which writers wait */
    HOUR_MS = 3600 * 1000,
};

/* --- appending --- */

struct append_turn {
    struct kinesis_stream *stream;
    struct kinesis_append *items;
    size_t count;
    int64_t now_ms;
};

static enum store_status append_one(struct sql *s, struct kinesis_append *item, int64_t now_ms)
{
    struct kinesis_shard *shard = item->shard;
    struct sql_stmt *st =
        sql_prepare(s, "INSERT INTO record (id, at_ms, key, data) VALUES (?1, ?2, ?3, ?4)");

    /* Turns run one after the other; others only look. A number that is not used after all is never
     * used. */
    item->number = atomic_load_explicit(&shard->next, memory_order_relaxed);
    item->at_ms = MAX(now_ms, atomic_load_explicit(&shard->last_ms, memory_order_relaxed));
    if (item->number >= KINESIS_NUMBERS)
        return STORE_LIMIT;
    atomic_store_explicit(&shard->last_ms, item->at_ms, memory_order_relaxed);
    atomic_store_explicit(&shard->next, item->number + 1, memory_order_release);
    sql_bind_int(st, 1, kinesis_record_id(shard, item->number));
    sql_bind_int(st, 2, item->at_ms);
    sql_bind_text(st, 3, item->key);
    sql_bind_blob(st, 4, item->data.data, item->data.len);
    return sql_run(st);
}

static enum store_status append_turn(struct sql *s, void *context)
{
    const struct append_turn *t = context;
    enum store_status rc = STORE_OK;

    if (atomic_load(&t->stream->gone))
        return STORE_NOT_FOUND;
    if (t->count == 1)
        sql_one_change(s);
    for (size_t i = 0; rc == STORE_OK && i < t->count; i++)
        rc = append_one(s, &t->items[i], t->now_ms);
    return rc;
}

enum store_status kinesis_store_append(struct kinesis_store *store, struct kinesis_stream *stream,
                                       struct kinesis_append *items, size_t count, int64_t now_ms)
{
    struct append_turn turn = {.stream = stream, .items = items, .count = count, .now_ms = now_ms};

    return lazy_write(store->db, append_turn, &turn);
}

/* --- finding a time --- */

/* The first record that is there with that number or a higher one. */
static enum store_status first_from(struct sql *s, const struct kinesis_shard *shard, int64_t from,
                                    int64_t *out_number, int64_t *out_ms)
{
    struct sql_stmt *st = sql_prepare(s, "SELECT id, at_ms FROM record WHERE id >= ?1 AND id < ?2"
                                         " ORDER BY id LIMIT 1");
    enum store_status rc;

    sql_bind_int(st, 1, kinesis_record_id(shard, from));
    sql_bind_int(st, 2, kinesis_record_id(shard, 0) + KINESIS_NUMBERS);
    rc = sql_step(st);
    if (rc == STORE_OK) {
        *out_number = sql_column_int(st, 0) % KINESIS_NUMBERS;
        *out_ms = sql_column_int(st, 1);
        sql_reset(st);
    }
    return rc;
}

/* The lowest number in [low, high] from which on nothing is older than at_ms. */
static enum store_status bisect(struct sql *s, const struct kinesis_shard *shard, int64_t low,
                                int64_t high, int64_t at_ms, int64_t *out_number)
{
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int64_t number;
        int64_t ms;
        enum store_status rc = first_from(s, shard, middle, &number, &ms);

        if (rc != STORE_OK && rc != STORE_NOT_FOUND)
            return rc;
        if (rc == STORE_OK && ms < at_ms)
            low = number + 1;
        else
            high = middle;
    }
    *out_number = low;
    return STORE_OK;
}

enum store_status kinesis_store_number_at(struct kinesis_store *store,
                                          const struct kinesis_shard *shard, int64_t at_ms,
                                          int64_t *out_number)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = bisect(s, shard, 1, shard->next, at_ms, out_number);
    sql_read_end(s);
    return rc;
}

/* shard->next may count records whose commit is still to come, or fails. */
enum store_status kinesis_store_latest(struct kinesis_store *store,
                                       const struct kinesis_shard *shard, int64_t *out_number)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_prepare(s, "SELECT max(next, 1 + coalesce((SELECT max(id) FROM record"
                        " WHERE id >= ?2 AND id < ?3), 0) - ?2) FROM shard WHERE id = ?1");
    sql_bind_int(st, 1, shard->id);
    sql_bind_int(st, 2, kinesis_record_id(shard, 0));
    sql_bind_int(st, 3, kinesis_record_id(shard, 0) + KINESIS_NUMBERS);
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out_number = sql_column_int(st, 0);
    sql_read_end(s);
    return rc;
}

/* --- reading --- */

static enum store_status read_rows(struct sql *s, const struct kinesis_shard *shard,
                                   const struct kinesis_read_limits *limits, struct arena *a,
                                   struct kinesis_batch *out, bool *out_exhausted)
{
    struct sql_stmt *st =
        sql_prepare(s, "SELECT id, at_ms, key, data FROM record WHERE id >= ?1 AND id < ?2"
                       " ORDER BY id LIMIT ?3");
    enum store_status rc = STORE_OK;
    size_t bytes = 0;

    sql_bind_int(st, 1, kinesis_record_id(shard, out->next));
    sql_bind_int(st, 2, kinesis_record_id(shard, 0) + KINESIS_NUMBERS);
    sql_bind_int(st, 3, (int64_t)limits->records);
    while (out->count < limits->records && (rc = sql_step(st)) == STORE_OK) {
        struct kinesis_record *r = &out->records[out->count];
        bytes += sql_column_blob(st, 3).len;
        if (out->count > 0 && bytes > limits->bytes)
            break;
        r->number = sql_column_int(st, 0) % KINESIS_NUMBERS;
        r->at_ms = sql_column_int(st, 1);
        r->key = sql_column_text(st, 2, a);
        r->data = sql_column_bytes(st, 3, a);
        out->next = r->number + 1;
        out->count++;
    }
    sql_reset(st);
    *out_exhausted = rc == STORE_NOT_FOUND;
    return *out_exhausted ? STORE_OK : rc;
}

/* Old records are the first ones, as arrival times do not fall. */
static enum store_status skip_old(struct sql *s, const struct kinesis_shard *shard,
                                  int64_t not_before, int64_t *next)
{
    int64_t number;
    int64_t ms;
    enum store_status rc = first_from(s, shard, *next, &number, &ms);

    if (rc == STORE_OK && ms < not_before)
        rc = bisect(s, shard, number + 1, shard->next, not_before, next);
    return rc;
}

enum store_status kinesis_store_read(struct kinesis_store *store, const struct kinesis_shard *shard,
                                     int64_t from, const struct kinesis_read_limits *limits,
                                     struct arena *a, struct kinesis_batch *out)
{
    struct sql *s;
    bool closed = atomic_load(&shard->closed_ms) != 0;
    int64_t waiting = atomic_load_explicit(&shard->next, memory_order_acquire) - from;
    struct kinesis_read_limits bounded = *limits;
    bool exhausted = false;
    enum store_status rc;

    *out = (struct kinesis_batch){.next = from};
    if (waiting <= 0)
        return STORE_OK;
    bounded.records = MIN(limits->records, (size_t)waiting);
    rc = lazy_read_begin(store->db, &s);
    if (rc != STORE_OK)
        return rc;
    rc = skip_old(s, shard, limits->not_before, &out->next);
    if (rc == STORE_OK) {
        out->records = ARENA_ARRAY(a, struct kinesis_record, bounded.records);
        rc = read_rows(s, shard, &bounded, a, out, &exhausted);
    }
    sql_read_end(s);
    if (rc == STORE_NOT_FOUND)
        rc = STORE_OK;
    /* What has not come up to here will not come: it was trimmed, or its put failed. */
    if (rc == STORE_OK && closed && (out->count == 0 || exhausted))
        out->next = shard->next;
    return rc;
}

/* --- trimming --- */

/* A shard of which something may be removed. */
struct trim_turn {
    struct kinesis_shard shard;
    int64_t not_before;
    bool abandoned; /* its stream was deleted: all goes, then the shard */
    bool more;
};

static enum store_status remove_range(struct sql *s, const struct trim_turn *t, int64_t first,
                                      int64_t end)
{
    struct sql_stmt *st = sql_prepare(s, "DELETE FROM record WHERE id >= ?1 AND id < ?2");

    sql_bind_int(st, 1, kinesis_record_id(&t->shard, first));
    sql_bind_int(st, 2, kinesis_record_id(&t->shard, end));
    return sql_run(st);
}

/* Numbers and times go on from here even when the shard is empty. */
static enum store_status keep_place(struct sql *s, const struct trim_turn *t, int64_t next)
{
    struct sql_stmt *st = sql_prepare(
        s, "UPDATE shard SET next = max(next, ?2), last_ms = max(last_ms, coalesce((SELECT at_ms"
           " FROM record WHERE id < ?3 AND id >= ?4 ORDER BY id DESC LIMIT 1), 0)) WHERE id = ?1");

    sql_bind_int(st, 1, t->shard.id);
    sql_bind_int(st, 2, next);
    sql_bind_int(st, 3, kinesis_record_id(&t->shard, next));
    sql_bind_int(st, 4, kinesis_record_id(&t->shard, 0));
    return sql_run(st);
}

static enum store_status remove_shard(struct sql *s, const struct trim_turn *t)
{
    struct sql_stmt *st = sql_prepare(s, "DELETE FROM shard WHERE id = ?1");

    sql_bind_int(st, 1, t->shard.id);
    return sql_run(st);
}

static enum store_status trim_turn(struct sql *s, void *context)
{
    struct trim_turn *t = context;
    int64_t first;
    int64_t ms;
    int64_t end;
    enum store_status rc = first_from(s, &t->shard, 0, &first, &ms);

    if (rc == STORE_NOT_FOUND)
        return t->abandoned ? remove_shard(s, t) : STORE_OK;
    if (rc != STORE_OK || (!t->abandoned && ms >= t->not_before))
        return rc;
    end = first + TRIM_STEP;
    if (!t->abandoned)
        rc = bisect(s, &t->shard, first, end, t->not_before, &end);
    if (rc == STORE_OK && !t->abandoned)
        rc = keep_place(s, t, end);
    if (rc == STORE_OK)
        rc = remove_range(s, t, first, end);
    t->more = true;
    return rc;
}

/* The next shard of the store after that id, with what is to be done to it. */
static enum store_status next_shard(struct sql *s, int64_t after, int64_t now_ms,
                                    struct trim_turn *out)
{
    struct sql_stmt *st = sql_prepare(s, "SELECT shard.id, stream.retention_hours FROM shard"
                                         " LEFT JOIN stream ON stream.id = shard.stream"
                                         " WHERE shard.id > ?1 ORDER BY shard.id LIMIT 1");
    enum store_status rc;

    sql_bind_int(st, 1, after);
    rc = sql_step(st);
    if (rc != STORE_OK)
        return rc;
    *out = (struct trim_turn){.abandoned = sql_column_is_null(st, 1)};
    out->shard.id = sql_column_int(st, 0);
    out->not_before = now_ms - sql_column_int(st, 1) * HOUR_MS;
    sql_reset(st);
    return STORE_OK;
}

/* Whether the turn would do anything: looked up beside the writers, not among them. */
static enum store_status look(struct kinesis_store *store, int64_t after, int64_t now_ms,
                              struct trim_turn *out, bool *out_due)
{
    struct sql *s;
    int64_t number;
    int64_t ms;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = next_shard(s, after, now_ms, out);
    if (rc == STORE_OK) {
        enum store_status found = first_from(s, &out->shard, 0, &number, &ms);
        *out_due = out->abandoned || (found == STORE_OK && ms < out->not_before);
    }
    sql_read_end(s);
    return rc;
}

enum store_status kinesis_store_trim(struct kinesis_store *store, int64_t now_ms, bool *out_more)
{
    struct trim_turn t = {0};
    enum store_status rc = STORE_OK;
    bool due = false;

    *out_more = false;
    while ((rc = look(store, t.shard.id, now_ms, &t, &due)) == STORE_OK) {
        if (!due)
            continue;
        rc = lazy_write(store->db, trim_turn, &t);
        if (rc != STORE_OK)
            return rc;
        *out_more = *out_more || t.more;
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}
