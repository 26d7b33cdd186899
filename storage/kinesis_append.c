/*
 * Appending records.
 *
 * What one put gives to one shard is a pack: one row, however many records it has. The packs of a
 * put that is small are kept in their rows, those of a larger one in the stream's segment: SQLite
 * would copy them several times, check them, and write them twice. A single small record is a row
 * of its own; but those that fibers of one thread put at the same time are put as one.
 *
 * The segment is written first, by each put in its own thread; the shared turn then only numbers
 * the records and inserts the rows.
 */
#include "storage/kinesis_internal.h"

#include "server/base/fiber.h"
#include "storage/kinesis_pack.h"

#include <stdatomic.h>

/* Beyond that a row does not fit a page of the database. */
enum { INLINE_MAX = 3500 };

struct pack {
    struct kinesis_shard *shard;
    size_t first; /* place of its first record in plan.order */
    size_t count;
    size_t key_bytes; /* with their NULs */
    size_t data_bytes;
    uint8_t *head;      /* and, when it is kept in the row, the data behind it */
    int64_t segment_id; /* 0: it is kept in the row */
    int64_t place;
};

/* The records of a put, sorted by pack, in the order in which they came. */
struct plan {
    struct arena arena; /* until the put has ended */
    struct kinesis_stream *stream;
    struct kinesis_append *items;
    struct kinesis_append **order;
    size_t count;
    struct pack *packs;
    size_t pack_count;
    int64_t now_ms;
    bool in_rows; /* the packs are kept there */
};

static size_t pack_size(const struct pack *p)
{
    return kinesis_pack_head(p->count, p->key_bytes) + p->data_bytes;
}

static size_t size_of_packs(const struct plan *plan)
{
    size_t size = 0;

    for (size_t i = 0; i < plan->pack_count; i++)
        size += pack_size(&plan->packs[i]);
    return size;
}

/* --- sorting --- */

/* The newest pack of the shard, if it has room; the shard's order is that of its packs. */
static struct pack *find_pack(struct plan *plan, const struct kinesis_shard *shard)
{
    for (size_t i = plan->pack_count; i-- > 0;) {
        struct pack *p = &plan->packs[i];
        if (p->shard == shard)
            return p->count < KINESIS_PACK_RECORDS && p->data_bytes < KINESIS_PACK_BYTES ? p : NULL;
    }
    return NULL;
}

static void sort_into_packs(struct plan *plan)
{
    size_t *pack_of = ARENA_ARRAY(&plan->arena, size_t, plan->count);
    size_t first = 0;

    plan->order = ARENA_ARRAY(&plan->arena, struct kinesis_append *, plan->count);
    plan->packs = ARENA_ARRAY(&plan->arena, struct pack, plan->count);

    for (size_t i = 0; i < plan->count; i++) {
        const struct kinesis_append *item = &plan->items[i];
        struct pack *p = find_pack(plan, item->shard);
        if (!p) {
            p = &plan->packs[plan->pack_count++];
            p->shard = item->shard;
        }
        p->count++;
        p->key_bytes += strlen(item->key) + 1;
        p->data_bytes += item->data.len;
        pack_of[i] = (size_t)(p - plan->packs);
    }
    for (size_t i = 0; i < plan->pack_count; i++) {
        plan->packs[i].first = first;
        first += plan->packs[i].count;
        plan->packs[i].count = 0; /* counted again below */
    }
    for (size_t i = 0; i < plan->count; i++) {
        struct pack *p = &plan->packs[pack_of[i]];
        plan->order[p->first + p->count++] = &plan->items[i];
    }
    plan->in_rows = size_of_packs(plan) <= INLINE_MAX;
}

/* --- packing --- */

/* How many bytes the heads take, with the data of those that are kept in their rows. */
static size_t memory_needed(const struct plan *plan)
{
    size_t needed = 0;

    for (size_t i = 0; i < plan->pack_count; i++) {
        const struct pack *p = &plan->packs[i];
        needed += plan->in_rows ? pack_size(p) : kinesis_pack_head(p->count, p->key_bytes);
    }
    return needed;
}

/* Writes the pack's head to p->head; what follows it is returned: the data, or nothing. */
static uint8_t *fill(const struct plan *plan, struct pack *p, uint8_t *memory)
{
    uint8_t *end = memory + kinesis_pack_head(p->count, p->key_bytes);
    struct kinesis_packer packer = kinesis_pack_begin(memory, p->count);

    p->head = memory;
    for (size_t i = 0; i < p->count; i++) {
        const struct kinesis_append *item = plan->order[p->first + i];
        kinesis_pack_add(&packer, item->key, item->data);
        if (plan->in_rows && item->data.len > 0) {
            memcpy(end, item->data.data, item->data.len);
            end += item->data.len;
        }
    }
    return end;
}

static void add_part(struct iovec *parts, size_t *count, const void *data, size_t len)
{
    if (len > 0)
        parts[(*count)++] = (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = len};
}

static size_t list_parts(const struct plan *plan, struct iovec *parts)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->pack_count; i++) {
        const struct pack *p = &plan->packs[i];
        add_part(parts, &count, p->head, kinesis_pack_head(p->count, p->key_bytes));
        for (size_t k = 0; k < p->count; k++) {
            const struct bytes data = plan->order[p->first + k]->data;
            add_part(parts, &count, data.data, data.len);
        }
    }
    return count;
}

/* Writes what goes to a segment, and keeps that for the caller to give back. */
static enum store_status write_segment(struct kinesis_store *store, struct plan *plan,
                                       struct kinesis_segment **out_segment)
{
    struct iovec *parts;
    struct kinesis_room room;
    enum store_status rc;

    if (plan->in_rows)
        return STORE_OK;
    rc = kinesis_segment_take(store, plan->stream, size_of_packs(plan), &room);
    if (rc != STORE_OK)
        return rc;
    *out_segment = room.segment;
    parts = ARENA_ARRAY(&plan->arena, struct iovec, plan->pack_count + plan->count);
    rc = kinesis_segment_write(store, &room, parts, list_parts(plan, parts));
    for (size_t i = 0; i < plan->pack_count; i++) {
        struct pack *p = &plan->packs[i];
        p->segment_id = room.segment_id;
        p->place = room.place;
        room.place += (int64_t)pack_size(p);
    }
    return rc;
}

/* --- the turn --- */

/* Turns run one after the other; others only look. A number that is not used after all is never
 * used. */
static enum store_status give_numbers(const struct plan *plan, const struct pack *p)
{
    struct kinesis_shard *shard = p->shard;
    int64_t number = atomic_load_explicit(&shard->next, memory_order_relaxed);
    int64_t at_ms = MAX(plan->now_ms, atomic_load_explicit(&shard->last_ms, memory_order_relaxed));

    if (number > KINESIS_NUMBERS - (int64_t)p->count)
        return STORE_LIMIT;
    atomic_store_explicit(&shard->last_ms, at_ms, memory_order_relaxed);
    atomic_store_explicit(&shard->next, number + (int64_t)p->count, memory_order_release);
    for (size_t i = 0; i < p->count; i++) {
        plan->order[p->first + i]->number = number + (int64_t)i;
        plan->order[p->first + i]->at_ms = at_ms;
    }
    return STORE_OK;
}

static enum store_status insert_pack(struct sql *s, const struct plan *plan, const struct pack *p)
{
    const struct kinesis_append *first = plan->order[p->first];
    const struct sql_value id = sql_int(kinesis_record_id(p->shard, first->number));

    if (p->segment_id)
        return sql_exec(s,
                        "INSERT INTO record (id, at_ms, key, data, count, segment, place)"
                        " VALUES (?1, ?2, '', x'', ?3, ?4, ?5)",
                        id, sql_int(first->at_ms), sql_int((int64_t)p->count),
                        sql_int(p->segment_id), sql_int(p->place));
    if (p->count > 1)
        return sql_exec(s,
                        "INSERT INTO record (id, at_ms, key, data, count)"
                        " VALUES (?1, ?2, '', ?3, ?4)",
                        id, sql_int(first->at_ms), sql_blob((struct bytes){p->head, pack_size(p)}),
                        sql_int((int64_t)p->count));
    return sql_exec(s, "INSERT INTO record (id, at_ms, key, data) VALUES (?1, ?2, ?3, ?4)", id,
                    sql_int(first->at_ms), sql_text(first->key), sql_blob(first->data));
}

static enum store_status append_turn(struct sql *s, void *context)
{
    const struct plan *plan = context;
    enum store_status rc = STORE_OK;

    if (atomic_load(&plan->stream->gone))
        return STORE_NOT_FOUND;
    if (plan->pack_count == 1)
        sql_one_change(s);
    for (size_t i = 0; rc == STORE_OK && i < plan->pack_count; i++) {
        rc = give_numbers(plan, &plan->packs[i]);
        if (rc == STORE_OK)
            rc = insert_pack(s, plan, &plan->packs[i]);
    }
    return rc;
}

/* --- what callers see --- */

/* One record that fits a row: there is nothing to sort and nothing to pack. */
static enum store_status append_single(struct kinesis_store *store, struct plan *plan)
{
    struct kinesis_append *order[] = {plan->items};
    struct pack pack = {.shard = plan->items->shard, .count = 1};

    plan->order = order;
    plan->packs = &pack;
    plan->pack_count = 1;
    return lazy_write(store->db, append_turn, plan);
}

static enum store_status append_packs(struct kinesis_store *store, struct plan *plan)
{
    struct kinesis_segment *segment = NULL;
    enum store_status rc;
    uint8_t *memory;

    sort_into_packs(plan);
    memory = arena_alloc(&plan->arena, memory_needed(plan));
    for (size_t i = 0; i < plan->pack_count; i++)
        memory = fill(plan, &plan->packs[i], memory);
    rc = write_segment(store, plan, &segment);
    if (rc == STORE_OK)
        rc = lazy_write(store->db, append_turn, plan);
    kinesis_segment_give_back(segment);
    return rc;
}

static enum store_status append(struct kinesis_store *store, struct plan *plan)
{
    const struct kinesis_append *first = plan->items;

    if (plan->count == 1 && first->data.len + strlen(first->key) < INLINE_MAX - KINESIS_PACK_ENTRY)
        return append_single(store, plan);
    return append_packs(store, plan);
}

/* A record that a fiber puts. */
struct put {
    struct fiber_part part; /* first */
    struct kinesis_append *item;
    enum store_status status;
};

static struct put *next_put(const struct put *p)
{
    return (struct put *)p->part.next;
}

/* Puts the records of many as one put: all of them, or none. */
static void append_for_all(struct kinesis_store *store, struct plan *plan, struct put *puts)
{
    struct kinesis_append *items;
    size_t i = 0;
    enum store_status rc;

    plan->count = 0;
    for (const struct put *p = puts; p; p = next_put(p))
        plan->count++;
    items = ARENA_ARRAY(&plan->arena, struct kinesis_append, plan->count);
    for (const struct put *p = puts; p; p = next_put(p))
        items[i++] = *p->item;
    plan->items = items;
    rc = append(store, plan);
    i = 0;
    for (struct put *p = puts; p; p = next_put(p)) {
        *p->item = items[i++];
        p->status = rc;
    }
}

static enum store_status append_in_fiber(struct kinesis_store *store, struct plan *plan)
{
    struct put put = {.item = plan->items};
    struct fiber_part *all = fiber_gather(plan->stream, &put.part);

    if (all) {
        append_for_all(store, plan, (struct put *)all);
        fiber_gather_end(all);
    }
    return put.status;
}

enum store_status kinesis_store_append(struct kinesis_store *store, struct kinesis_stream *stream,
                                       struct kinesis_append *items, size_t count, int64_t now_ms)
{
    struct plan plan = {.stream = stream, .items = items, .count = count, .now_ms = now_ms};
    enum store_status rc;

    arena_init(&plan.arena);
    rc = count == 1 && fiber_running() ? append_in_fiber(store, &plan) : append(store, &plan);
    arena_release(&plan.arena);
    return rc;
}
