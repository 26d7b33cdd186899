/*
 * First every shard is split where a border of the new shape falls into it, then the pieces of each
 * new range are merged. So some shards live for no time at all, as on AWS, and every one has at
 * most two parents. Doubling and halving need no such steps between.
 */
#include "handlers/kinesis/reshape.h"

#include "handlers/kinesis/hash.h"

#define uint128 unsigned __int128

/* Borders that are so close are one: 2^128 / 6 * 2 is not quite 2^128 / 3. */
enum { ROUNDING = 1 << 20 };

struct piece {
    int32_t index;
    uint128 start;
    uint128 end;
};

struct plan {
    struct kinesis_reshape out;
    int32_t next_index;
    struct piece *pieces; /* in the order of their ranges */
    size_t piece_count;
};

static struct piece make(struct plan *p, int32_t parent, int32_t adjacent, uint128 start,
                         uint128 end)
{
    struct kinesis_new_shard *shard = &p->out.shards[p->out.count++];

    shard->parent = parent;
    shard->adjacent_parent = adjacent;
    kinesis_hash_save(start, shard->range.start);
    kinesis_hash_save(end, shard->range.end);
    return (struct piece){.index = p->next_index++, .start = start, .end = end};
}

/* The first key of the i-th new range. */
static uint128 border(size_t i, size_t target)
{
    struct kinesis_hash_range range = kinesis_hash_part(i, target);

    return kinesis_hash_load(range.start);
}

/* Cuts one shard at all borders in it. *next_border is the first that may be. */
static void split(struct plan *p, struct piece rest, size_t target, size_t *next_border)
{
    while (*next_border < target) {
        uint128 at = border(*next_border, target);

        if (at > rest.end && at - rest.end > ROUNDING)
            break;
        ++*next_border;
        if (at > rest.end || rest.end - at < ROUNDING || at < rest.start + ROUNDING)
            continue;
        struct piece left = make(p, rest.index, -1, rest.start, at - 1);
        rest = make(p, rest.index, -1, at, rest.end);
        p->pieces[p->piece_count++] = left;
    }
    p->pieces[p->piece_count++] = rest;
}

/* Merges the pieces that lie before the border of the next range. */
static void merge(struct plan *p, size_t target)
{
    size_t at = 0;

    for (size_t i = 0; i < target; i++) {
        /* Every border was cut, or is near the start of a piece. */
        assert(at < p->piece_count);
        struct piece whole = p->pieces[at++];
        while (at < p->piece_count &&
               (i + 1 == target || p->pieces[at].start + ROUNDING < border(i + 1, target))) {
            whole = make(p, whole.index, p->pieces[at].index, whole.start, p->pieces[at].end);
            at++;
        }
    }
}

struct kinesis_reshape kinesis_reshape_uniform(struct kinesis_shard_list open, int32_t next_index,
                                               size_t target, struct arena *a)
{
    struct plan p = {.next_index = next_index};
    size_t next_border = 1;

    p.pieces = ARENA_ARRAY(a, struct piece, open.count + target);
    p.out.shards = ARENA_ARRAY(a, struct kinesis_new_shard, 2 * target + open.count + target);
    for (size_t i = 0; i < open.count; i++) {
        const struct kinesis_shard *shard = open.items[i];
        const struct piece whole = {
            .index = shard->index,
            .start = kinesis_hash_load(shard->range.start),
            .end = kinesis_hash_load(shard->range.end),
        };
        split(&p, whole, target, &next_border);
    }
    merge(&p, target);
    return p.out;
}
