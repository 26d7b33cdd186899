/*
 * Entries are found by number in a hash table that grows. Those that are ready stand in one heap,
 * by rank; those that wait for a time in another. In a FIFO queue the first heap holds no more than
 * the first message of each group, so what it gives may always be given; and groups take turns, as
 * the rank of such a message counts from when it became the first that is ready.
 */
#include "handlers/sqs/index.h"

#include "handlers/sqs/heap.h"

#include <search.h>

struct sqs_group {
    struct sqs_entry *first;
    struct sqs_entry *last;
    char name[];
};

struct sqs_index {
    bool fifo;
    int64_t next_number;
    int64_t oldest_ms; /* no entry was sent before; only a sweep finds out better */
    struct sqs_entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t entry_count;
    size_t counts[SQS_STATES];
    int64_t offers; /* rank of the next first of a group */
    struct sqs_heap ready;
    struct sqs_heap waiting;
    void *groups; /* tsearch() tree of struct sqs_group */
};

enum { BUCKETS_FIRST = 64 };

struct sqs_index *sqs_index_new(bool fifo, int64_t next_number)
{
    struct sqs_index *ix = x_calloc(1, sizeof(*ix));

    ix->fifo = fifo;
    ix->next_number = next_number;
    ix->oldest_ms = INT64_MAX;
    ix->bucket_count = BUCKETS_FIRST;
    ix->buckets = x_calloc(ix->bucket_count, sizeof(struct sqs_entry *));
    ix->waiting.by_time = true;
    return ix;
}

int64_t sqs_index_clear(struct sqs_index *ix)
{
    for (size_t i = 0; i < ix->bucket_count; i++) {
        while (ix->buckets[i]) {
            struct sqs_entry *e = ix->buckets[i];
            ix->buckets[i] = e->next_in_bucket;
            free(e);
        }
    }
    tdestroy(ix->groups, free);
    ix->groups = NULL;
    sqs_heap_release(&ix->ready);
    sqs_heap_release(&ix->waiting);
    memset(ix->counts, 0, sizeof(ix->counts));
    ix->entry_count = 0;
    ix->oldest_ms = INT64_MAX;
    return ix->next_number;
}

void sqs_index_free(struct sqs_index *ix)
{
    if (!ix)
        return;
    sqs_index_clear(ix);
    free(ix->buckets);
    free(ix);
}

/* --- by number --- */

static struct sqs_entry **bucket_of(const struct sqs_index *ix, int64_t number)
{
    uint64_t h = (uint64_t)number * UINT64_C(0x9E3779B97F4A7C15);

    return &ix->buckets[(h >> 32) & (ix->bucket_count - 1)];
}

static void hang_in(struct sqs_index *ix, struct sqs_entry *e)
{
    struct sqs_entry **bucket = bucket_of(ix, e->number);

    e->next_in_bucket = *bucket;
    *bucket = e;
}

static void grow(struct sqs_index *ix)
{
    struct sqs_entry **old = ix->buckets;
    size_t old_count = ix->bucket_count;

    ix->bucket_count = old_count * 2;
    ix->buckets = x_calloc(ix->bucket_count, sizeof(struct sqs_entry *));
    for (size_t i = 0; i < old_count; i++) {
        while (old[i]) {
            struct sqs_entry *e = old[i];
            old[i] = e->next_in_bucket;
            hang_in(ix, e);
        }
    }
    free(old);
}

struct sqs_entry *sqs_index_find(const struct sqs_index *ix, int64_t number)
{
    struct sqs_entry *e = *bucket_of(ix, number);

    while (e && e->number != number)
        e = e->next_in_bucket;
    return e;
}

/* --- groups --- */

static int compare_groups(const void *a, const void *b)
{
    return strcmp(((const struct sqs_group *)a)->name, ((const struct sqs_group *)b)->name);
}

static struct sqs_group *group_of(struct sqs_index *ix, const char *name)
{
    size_t size = strlen(name) + 1;
    struct sqs_group *g = x_calloc(1, sizeof(*g) + size);
    struct sqs_group **place;

    memcpy(g->name, name, size);
    place = tsearch(g, &ix->groups, compare_groups);
    if (!place)
        abort(); /* out of memory */
    if (*place != g)
        free(g);
    return *place;
}

static void join_group(struct sqs_index *ix, struct sqs_entry *e, const char *name)
{
    struct sqs_group *g = group_of(ix, name);

    e->group = g;
    if (g->last)
        g->last->next_in_group = e;
    else
        g->first = e;
    g->last = e;
}

/* Who is the group's first afterwards; NULL: nobody, and the group is gone. */
static struct sqs_entry *leave_group(struct sqs_index *ix, struct sqs_entry *e)
{
    struct sqs_group *g = e->group;
    struct sqs_entry *before = NULL;
    struct sqs_entry *at = g->first;

    /* What is removed was received or is old: it stands near the front. */
    while (at != e) {
        before = at;
        at = at->next_in_group;
    }
    if (before)
        before->next_in_group = e->next_in_group;
    else
        g->first = e->next_in_group;
    if (g->last == e)
        g->last = before;
    e->group = NULL;
    if (g->first)
        return g->first;
    tdelete(g, &ix->groups, compare_groups);
    free(g);
    return NULL;
}

const char *sqs_entry_group(const struct sqs_entry *e, struct arena *a)
{
    return e->group ? arena_strdup(a, e->group->name) : NULL;
}

bool sqs_index_is_blocked(const struct sqs_entry *e)
{
    return e->state == SQS_READY && e->group && e->group->first->state != SQS_READY;
}

/* --- what can be taken --- */

/* Of a group only the first message. AWS: what was received after it may still be in flight. */
static bool may_be_taken(const struct sqs_entry *e)
{
    return e->state == SQS_READY && (!e->group || e->group->first == e);
}

/* The heap holds an entry exactly while it may be taken: these two stand before and after a change
 * to it or to its group. */
static void withdraw(struct sqs_index *ix, struct sqs_entry *first)
{
    if (may_be_taken(first))
        sqs_heap_remove(&ix->ready, first);
}

static void offer(struct sqs_index *ix, struct sqs_entry *first)
{
    if (!may_be_taken(first))
        return;
    first->rank = first->group ? ix->offers++ : first->number;
    sqs_heap_add(&ix->ready, first);
}

static void count_as(struct sqs_index *ix, struct sqs_entry *e, enum sqs_entry_state state)
{
    ix->counts[e->counted]--;
    ix->counts[state]++;
    e->counted = state;
}

/* Changes the state, and with it what can be taken. */
static void change(struct sqs_index *ix, struct sqs_entry *e, enum sqs_entry_state state)
{
    withdraw(ix, e);
    if (e->state == SQS_DELAYED || e->state == SQS_IN_FLIGHT)
        sqs_heap_remove(&ix->waiting, e);
    if (state != SQS_BUSY)
        count_as(ix, e, state);
    e->state = state;
    if (state == SQS_DELAYED || state == SQS_IN_FLIGHT)
        sqs_heap_add(&ix->waiting, e);
    offer(ix, e);
}

/* --- coming and going --- */

static struct sqs_entry *add(struct sqs_index *ix, int64_t number, int64_t sent_ms,
                             const char *group)
{
    struct sqs_entry *e = x_calloc(1, sizeof(*e));

    e->number = number;
    e->sent_ms = sent_ms;
    e->state = e->counted = SQS_BUSY;
    if (ix->entry_count >= ix->bucket_count)
        grow(ix);
    hang_in(ix, e);
    ix->entry_count++;
    ix->counts[SQS_BUSY]++;
    ix->oldest_ms = MIN(ix->oldest_ms, sent_ms);
    if (ix->fifo && group)
        join_group(ix, e, group);
    return e;
}

struct sqs_entry *sqs_index_add(struct sqs_index *ix, int64_t sent_ms, const char *group)
{
    return add(ix, ix->next_number++, sent_ms, group);
}

void sqs_index_load(struct sqs_index *ix, const struct sqs_entry *like, const char *group,
                    int64_t now_ms)
{
    struct sqs_entry *e = add(ix, like->number, like->sent_ms, group);
    enum sqs_entry_state state = like->received > 0 ? SQS_IN_FLIGHT : SQS_DELAYED;

    e->received = like->received;
    e->carried = like->carried;
    sqs_index_settle(ix, e, like->visible_ms <= now_ms ? SQS_READY : state, like->visible_ms);
    ix->next_number = MAX(ix->next_number, like->number + 1);
}

void sqs_index_claim(struct sqs_index *ix, struct sqs_entry *e)
{
    assert(e->state != SQS_BUSY);
    change(ix, e, SQS_BUSY);
}

void sqs_index_settle(struct sqs_index *ix, struct sqs_entry *e, enum sqs_entry_state state,
                      int64_t visible_ms)
{
    assert(e->state == SQS_BUSY && state != SQS_BUSY);
    e->visible_ms = visible_ms;
    change(ix, e, state);
}

static void unlink_entry(struct sqs_index *ix, struct sqs_entry *e)
{
    struct sqs_entry **link = bucket_of(ix, e->number);

    while (*link != e)
        link = &(*link)->next_in_bucket;
    *link = e->next_in_bucket;
    ix->entry_count--;
    ix->counts[e->counted]--;
}

/* Takes an entry that is neither ready nor waiting out of its group; the next may be taken then. */
static void drop_from_group(struct sqs_index *ix, struct sqs_entry *e)
{
    bool was_first = e->group->first == e;
    struct sqs_entry *first = leave_group(ix, e);

    if (was_first && first)
        offer(ix, first);
}

void sqs_index_remove(struct sqs_index *ix, struct sqs_entry *e)
{
    assert(e->state == SQS_BUSY);
    if (e->group)
        drop_from_group(ix, e);
    unlink_entry(ix, e);
    free(e);
}

/* --- receiving --- */

bool sqs_index_advance(struct sqs_index *ix, int64_t now_ms)
{
    struct sqs_entry *e;
    bool any = false;

    while ((e = sqs_heap_first(&ix->waiting)) && e->visible_ms <= now_ms) {
        change(ix, e, SQS_READY);
        any = true;
    }
    return any;
}

static void retire(struct sqs_index *ix, struct sqs_entry *e)
{
    change(ix, e, SQS_OLD);
    if (e->group)
        drop_from_group(ix, e);
}

static void take_one(struct sqs_index *ix, struct sqs_entry *e)
{
    change(ix, e, SQS_BUSY);
    count_as(ix, e, SQS_IN_FLIGHT);
    e->received++;
}

/* The entry and those of its group that follow it without a gap. */
static size_t take_run(struct sqs_index *ix, struct sqs_entry *e, size_t max,
                       struct sqs_entry *out[])
{
    size_t count = 0;

    for (; e && e->state == SQS_READY && count < max; e = e->next_in_group) {
        take_one(ix, e);
        out[count++] = e;
    }
    return count;
}

size_t sqs_index_take(struct sqs_index *ix, size_t max, int64_t oldest_ms, struct sqs_entry *out[])
{
    struct sqs_entry *e;
    size_t count = 0;

    while (count < max && (e = sqs_heap_first(&ix->ready))) {
        if (e->sent_ms < oldest_ms)
            retire(ix, e);
        else
            count += take_run(ix, e, max - count, out + count);
    }
    return count;
}

void sqs_index_untake(struct sqs_index *ix, struct sqs_entry *e)
{
    e->received--;
    sqs_index_settle(ix, e, SQS_READY, e->visible_ms);
}

bool sqs_index_ready(const struct sqs_index *ix)
{
    return ix->ready.count > 0;
}

int64_t sqs_index_next_ms(const struct sqs_index *ix)
{
    const struct sqs_entry *e = sqs_heap_first(&ix->waiting);

    return e ? e->visible_ms : INT64_MAX;
}

/* --- looking --- */

size_t sqs_index_count(const struct sqs_index *ix, enum sqs_entry_state state)
{
    return ix->counts[state];
}

size_t sqs_index_sweep(struct sqs_index *ix, int64_t oldest_ms, size_t max, int64_t out[])
{
    size_t count = 0;
    int64_t found_ms = INT64_MAX;

    if (ix->oldest_ms >= oldest_ms)
        return 0;
    for (size_t i = 0; i < ix->bucket_count; i++) {
        for (struct sqs_entry *e = ix->buckets[i], *next; e; e = next) {
            next = e->next_in_bucket;
            if (e->sent_ms >= oldest_ms || e->state == SQS_BUSY || count == max) {
                found_ms = MIN(found_ms, e->sent_ms);
                continue;
            }
            out[count++] = e->number;
            if (e->state != SQS_OLD)
                retire(ix, e);
            unlink_entry(ix, e);
            free(e);
        }
    }
    ix->oldest_ms = found_ms;
    return count;
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

size_t sqs_index_list(const struct sqs_index *ix, enum sqs_entry_state state, size_t max,
                      int64_t out[])
{
    size_t count = 0;

    for (size_t i = 0; i < ix->bucket_count; i++) {
        for (const struct sqs_entry *e = ix->buckets[i]; e && count < max; e = e->next_in_bucket)
            if (e->counted == state)
                out[count++] = e->number;
    }
    if (count > 1)
        qsort(out, count, sizeof(out[0]), compare_numbers);
    return count;
}
