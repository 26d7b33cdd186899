/*
 * What queues deliver.
 *
 * A delivery looks first, beside the writers, whether there is anything to deliver: so those who
 * wait cost no commit. Then one turn hides what is visible and moves the queue's places on, and
 * what it has taken is read from the stream. Turns follow one another: no record is taken twice.
 */
#include "storage/kinesis_queue_store.h"

#include "storage/kinesis_internal.h"

#include <stdatomic.h>

/* --- looking --- */

/* What a turn is to look at. */
struct receive_turn {
    const struct kinesis_queue_wish *wish;
    struct kinesis_shard **fresh; /* shards that may have records that were never delivered */
    size_t fresh_count;
    int32_t visibility_s; /* of this delivery */
    int32_t max_receives;
    size_t room; /* so many may be delivered */
    struct kinesis_delivery *items;
    size_t count;
    bool dropped; /* records were found that have left the stream */
};

struct settings {
    int32_t visibility_s;
    int32_t max_receives;
    int64_t turn;
};

static enum store_status read_settings(struct sql *s, int64_t queue, struct settings *out)
{
    struct sql_stmt *st = sql_query(
        s, "SELECT visibility_s, max_receives, turn FROM queue WHERE id = ?1", sql_int(queue));
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK)
        *out = (struct settings){(int32_t)sql_column_int(st, 0), (int32_t)sql_column_int(st, 1),
                                 sql_column_int(st, 2)};
    sql_reset(st);
    return rc;
}

/* When the first of the queue's records becomes visible, dead letters or others; INT64_MAX: never.
 */
static enum store_status first_visible(struct sql *s, int64_t queue, bool dead, int64_t *out_ms)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT min(visible_at_ms) FROM queue_record WHERE queue = ?1 AND dead = ?2",
                  sql_int(queue), sql_int(dead));
    enum store_status rc = sql_step(st);

    *out_ms = rc == STORE_OK && !sql_column_is_null(st, 0) ? sql_column_int(st, 0) : INT64_MAX;
    sql_reset(st);
    return rc;
}

/* The queue's place in each shard; 0 where it has none. */
static enum store_status read_places(struct sql *s, int64_t queue, int64_t *places, size_t count)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT shard, next FROM queue_shard WHERE queue = ?1", sql_int(queue));
    enum store_status rc;

    while ((rc = sql_step(st)) == STORE_OK) {
        size_t shard = (size_t)sql_column_int(st, 0);
        if (shard < count)
            places[shard] = sql_column_int(st, 1);
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* The shards that have something behind the queue's places, from the one on whose turn it is. What
 * is numbered may still be to be committed, or its put may have failed: so the first is looked up.
 */
static enum store_status find_fresh(struct sql *s, struct kinesis_stream *stream,
                                    struct receive_turn *t, int64_t turn, struct arena *a)
{
    struct kinesis_shard_list shards = kinesis_stream_shards(stream, a);
    int64_t *places = ARENA_ARRAY(a, int64_t, shards.count);
    enum store_status rc = read_places(s, t->wish->queue, places, shards.count);

    t->fresh = ARENA_ARRAY(a, struct kinesis_shard *, shards.count);
    for (size_t i = 0; rc == STORE_OK && i < shards.count; i++) {
        struct kinesis_shard *shard = shards.items[((size_t)turn + i) % shards.count];
        int64_t place = places[shard->index];
        struct kinesis_row row;

        if (MAX(place, (int64_t)1) >= atomic_load(&shard->next))
            continue;
        if (t->fresh_count == 0) {
            rc = kinesis_row_from(s, shard, place, &row);
            if (rc == STORE_NOT_FOUND) {
                rc = STORE_OK;
                continue;
            }
        }
        t->fresh[t->fresh_count++] = shard;
    }
    return rc;
}

/* How many more may be hidden. All that are hidden are counted, which is too long for a turn:
 * others who receive at this moment may go beyond the limit by what they take. */
static enum store_status find_room(struct sql *s, struct receive_turn *t)
{
    struct sql_stmt *st =
        sql_query(s,
                  "SELECT (SELECT count(*) FROM queue_record WHERE queue = ?1 AND dead = 0"
                  " AND visible_at_ms > ?2) + (SELECT count(*) FROM queue_record WHERE queue = ?1"
                  " AND dead = 1 AND visible_at_ms > ?2)",
                  sql_int(t->wish->queue), sql_int(t->wish->now_ms));
    enum store_status rc = sql_step(st);
    int64_t left = 0;

    if (rc == STORE_OK)
        left = MAX(t->wish->in_flight_max - sql_column_int(st, 0), (int64_t)0);
    sql_reset(st);
    t->room = MIN(t->wish->max, (size_t)left);
    return rc;
}

/* *out_due: the turn would find something. */
static enum store_status look_with(struct sql *s, struct kinesis_stream *stream,
                                   struct receive_turn *t, struct arena *a, bool *out_due,
                                   int64_t *out_next_ms)
{
    struct settings settings;
    enum store_status rc = read_settings(s, t->wish->queue, &settings);
    int64_t visible = INT64_MAX;

    if (rc != STORE_OK)
        return rc;
    rc = first_visible(s, t->wish->queue, t->wish->dead, &visible);
    t->fresh_count = 0;
    if (rc == STORE_OK && !t->wish->dead)
        rc = find_fresh(s, stream, t, settings.turn, a);
    *out_due = visible <= t->wish->now_ms || t->fresh_count > 0;
    *out_next_ms = visible;
    return rc == STORE_OK && *out_due ? find_room(s, t) : rc;
}

static enum store_status look(struct kinesis_store *store, struct kinesis_stream *stream,
                              struct receive_turn *t, struct arena *a, bool *out_due,
                              int64_t *out_next_ms)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_due = false;
    if (rc != STORE_OK)
        return rc;
    rc = look_with(s, stream, t, a, out_due, out_next_ms);
    sql_read_end(s);
    return rc;
}

/* --- taking --- */

static bool is_dead(const struct receive_turn *t, int32_t receives)
{
    return t->wish->dead || (t->max_receives > 0 && receives >= t->max_receives);
}

static int64_t hidden_until(const struct receive_turn *t)
{
    return t->wish->now_ms + (int64_t)t->visibility_s * 1000;
}

static enum store_status deliver_again(struct sql *s, const struct receive_turn *t,
                                       const struct kinesis_delivery *d)
{
    return sql_exec(s,
                    "UPDATE queue_record SET visible_at_ms = ?4, receives = ?5, delivery = ?6,"
                    " dead = ?7 WHERE queue = ?1 AND shard = ?2 AND number = ?3",
                    sql_int(t->wish->queue), sql_int(d->shard), sql_int(d->number),
                    sql_int(hidden_until(t)), sql_int(d->receives), sql_int(d->delivery),
                    sql_int(is_dead(t, d->receives)));
}

/* What is visible again, that first which became so first. */
static enum store_status take_visible(struct sql *s, struct receive_turn *t)
{
    struct sql_stmt *st = sql_query(
        s,
        "SELECT shard, number, at_ms, first_ms, receives, delivery FROM queue_record"
        " WHERE queue = ?1 AND dead = ?2 AND visible_at_ms <= ?3 ORDER BY visible_at_ms LIMIT ?4",
        sql_int(t->wish->queue), sql_int(t->wish->dead), sql_int(t->wish->now_ms),
        sql_int((int64_t)t->room));
    size_t found = 0;
    enum store_status rc = STORE_OK;

    while (found < t->room && (rc = sql_step(st)) == STORE_OK)
        t->items[found++] = (struct kinesis_delivery){
            .shard = (int32_t)sql_column_int(st, 0),
            .number = sql_column_int(st, 1),
            .record.at_ms = sql_column_int(st, 2),
            .first_ms = sql_column_int(st, 3),
            .receives = (int32_t)sql_column_int(st, 4) + 1,
            .delivery = sql_column_int(st, 5) + 1,
        };
    sql_reset(st);
    if (rc == STORE_NOT_FOUND)
        rc = STORE_OK;
    for (size_t i = 0; rc == STORE_OK && i < found; i++) {
        struct kinesis_delivery d = t->items[i];
        if (d.record.at_ms < t->wish->not_before) {
            t->dropped = true;
            rc = kinesis_queue_drop(s, t->wish->queue, d.shard, d.number);
            continue;
        }
        t->items[t->count++] = d;
        rc = deliver_again(s, t, &d);
    }
    return rc;
}

static enum store_status deliver_first(struct sql *s, struct receive_turn *t,
                                       const struct kinesis_shard *shard, int64_t number,
                                       int64_t at_ms)
{
    t->items[t->count++] = (struct kinesis_delivery){
        .shard = shard->index,
        .number = number,
        .delivery = 1,
        .receives = 1,
        .first_ms = t->wish->now_ms,
    };
    return sql_exec(s,
                    "INSERT INTO queue_record (queue, shard, number, at_ms, first_ms,"
                    " visible_at_ms, receives, delivery, dead)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, 1, ?7)",
                    sql_int(t->wish->queue), sql_int(shard->index), sql_int(number), sql_int(at_ms),
                    sql_int(t->wish->now_ms), sql_int(hidden_until(t)), sql_int(is_dead(t, 1)));
}

static enum store_status read_place(struct sql *s, int64_t queue, int32_t shard, int64_t *out)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT next FROM queue_shard WHERE queue = ?1 AND shard = ?2", sql_int(queue),
                  sql_int(shard));
    enum store_status rc = sql_step(st);

    *out = rc == STORE_OK ? sql_column_int(st, 0) : 0;
    sql_reset(st);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

static enum store_status move_place(struct sql *s, int64_t queue, int32_t shard, int64_t next)
{
    return sql_exec(s,
                    "INSERT INTO queue_shard (queue, shard, next) VALUES (?1, ?2, ?3)"
                    " ON CONFLICT (queue, shard) DO UPDATE SET next = ?3",
                    sql_int(queue), sql_int(shard), sql_int(next));
}

/* Records of the shard that were never delivered, row by row; old ones are the first. */
static enum store_status take_rows(struct sql *s, struct receive_turn *t,
                                   const struct kinesis_shard *shard, int64_t *next)
{
    struct kinesis_row row;
    enum store_status rc = STORE_OK;

    while (rc == STORE_OK && t->count < t->room) {
        rc = kinesis_row_from(s, shard, *next, &row);
        if (rc == STORE_OK && row.at_ms < t->wish->not_before) {
            t->dropped = true;
            rc = kinesis_bisect(s, shard, row.end, shard->next, t->wish->not_before, next);
            continue;
        }
        if (rc == STORE_OK)
            *next = row.number;
        while (rc == STORE_OK && *next < row.end && t->count < t->room)
            rc = deliver_first(s, t, shard, (*next)++, row.at_ms);
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

static enum store_status take_fresh(struct sql *s, struct receive_turn *t)
{
    int32_t last = -1;
    enum store_status rc = STORE_OK;

    for (size_t i = 0; rc == STORE_OK && i < t->fresh_count && t->count < t->room; i++) {
        const struct kinesis_shard *shard = t->fresh[i];
        int64_t before;
        int64_t next;

        rc = read_place(s, t->wish->queue, shard->index, &before);
        next = before;
        if (rc == STORE_OK)
            rc = take_rows(s, t, shard, &next);
        if (rc == STORE_OK && next > before)
            rc = move_place(s, t->wish->queue, shard->index, next);
        last = next > before ? shard->index : last;
    }
    if (rc != STORE_OK || last < 0)
        return rc;
    return sql_exec(s, "UPDATE queue SET turn = ?2 WHERE id = ?1", sql_int(t->wish->queue),
                    sql_int(last + 1));
}

static enum store_status receive_turn(struct sql *s, void *context)
{
    struct receive_turn *t = context;
    struct settings settings;
    enum store_status rc = read_settings(s, t->wish->queue, &settings);

    t->count = 0;
    t->dropped = false;
    if (rc != STORE_OK)
        return rc;
    t->visibility_s = t->wish->visibility_s < 0 ? settings.visibility_s : t->wish->visibility_s;
    t->max_receives = settings.max_receives;
    rc = take_visible(s, t);
    return rc == STORE_OK ? take_fresh(s, t) : rc;
}

/* --- reading what was taken --- */

struct drop_turn {
    int64_t queue;
    const struct kinesis_delivery *item;
};

static enum store_status drop_turn(struct sql *s, void *context)
{
    const struct drop_turn *t = context;

    return kinesis_queue_drop(s, t->queue, t->item->shard, t->item->number);
}

/* How many of the items follow one another in their shard. */
static size_t run_length(const struct kinesis_delivery *items, size_t count)
{
    size_t n = 1;

    while (n < count && items[n].shard == items[0].shard &&
           items[n].number == items[0].number + (int64_t)n)
        n++;
    return n;
}

/* Fills in the records of a run. Those that are not there have been trimmed since, or are damaged:
 * the queue forgets them, and *out_kept counts the others, which move together. */
static enum store_status read_run(struct kinesis_store *store, struct kinesis_stream *stream,
                                  int64_t queue, const struct kinesis_delivery *items, size_t n,
                                  struct arena *a, struct kinesis_deliveries *out)
{
    const struct kinesis_read_limits limits = {.records = n, .bytes = SIZE_MAX, .not_before = 0};
    const struct kinesis_shard *shard = kinesis_stream_shard(stream, items[0].shard);
    struct kinesis_batch batch = {0};
    enum store_status rc =
        shard ? kinesis_store_read(store, shard, items[0].number, &limits, a, &batch) : STORE_OK;
    size_t at = 0;

    for (size_t i = 0; rc == STORE_OK && i < n; i++) {
        struct drop_turn turn = {.queue = queue, .item = &items[i]};

        while (at < batch.count && batch.records[at].number < items[i].number)
            at++;
        if (at == batch.count || batch.records[at].number != items[i].number) {
            rc = lazy_write(store->db, drop_turn, &turn);
            continue;
        }
        out->items[out->count] = items[i];
        out->items[out->count++].record = batch.records[at];
    }
    return rc;
}

static enum store_status read_records(struct kinesis_store *store, struct kinesis_stream *stream,
                                      const struct receive_turn *t, struct arena *a,
                                      struct kinesis_deliveries *out)
{
    enum store_status rc = STORE_OK;

    if (t->count > 0)
        out->items = ARENA_ARRAY(a, struct kinesis_delivery, t->count);
    for (size_t i = 0, n; rc == STORE_OK && i < t->count; i += n) {
        n = run_length(t->items + i, t->count - i);
        rc = read_run(store, stream, t->wish->queue, t->items + i, n, a, out);
    }
    return rc;
}

enum store_status kinesis_queue_receive(struct kinesis_store *store, struct kinesis_stream *stream,
                                        const struct kinesis_queue_wish *wish, struct arena *a,
                                        struct kinesis_deliveries *out)
{
    struct receive_turn turn = {.wish = wish};
    struct arena own; /* who waits looks thousands of times */
    enum store_status rc;
    bool due;

    *out = (struct kinesis_deliveries){0};
    arena_init(&own);
    turn.items = ARENA_ARRAY(&own, struct kinesis_delivery, wish->max);
    do {
        turn.dropped = false;
        turn.count = 0;
        rc = look(store, stream, &turn, &own, &due, &out->next_ms);
        if (rc == STORE_OK && due)
            rc = lazy_write(store->db, receive_turn, &turn);
        if (rc == STORE_OK && due)
            rc = read_records(store, stream, &turn, a, out);
    } while (rc == STORE_OK && out->count == 0 && (turn.dropped || turn.count > 0));
    arena_release(&own);
    if (due)
        out->next_ms = INT64_MAX; /* others took what was there, or too much is in flight */
    return rc;
}
