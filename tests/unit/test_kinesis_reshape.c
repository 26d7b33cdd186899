/* The arithmetic of resharding: whatever the open ranges are, the new ones cover everything once.
 */
#include "handlers/kinesis/reshape.h"

#include "handlers/kinesis/hash.h"
#include "tests/unit/run_suite.h"

#include <check.h>

enum { OPEN_MAX_COUNT = 64, ALL_MAX = 1024 };

static struct arena arena;
static struct kinesis_shard shards[ALL_MAX];
static struct kinesis_shard *open_now[OPEN_MAX_COUNT];
static size_t total;
static size_t open_count;

static void set_up(void)
{
    arena_init(&arena);
    memset(shards, 0, sizeof(shards));
    total = open_count = 0;
}

static void tear_down(void)
{
    arena_release(&arena);
}

static struct kinesis_shard *add(unsigned __int128 start, unsigned __int128 end)
{
    struct kinesis_shard *s = &shards[total];

    s->index = (int32_t)total++;
    kinesis_hash_save(start, s->range.start);
    kinesis_hash_save(end, s->range.end);
    return s;
}

/* Shards that begin at these keys. */
static void begin_at(const unsigned __int128 *starts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned __int128 end = i + 1 < count ? starts[i + 1] - 1 : ~(unsigned __int128)0;
        open_now[open_count++] = add(starts[i], end);
    }
}

static void begin_equal(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kinesis_hash_range r = kinesis_hash_part(i, count);
        open_now[open_count++] = add(kinesis_hash_load(r.start), kinesis_hash_load(r.end));
    }
}

static void close_shard(int32_t index, bool *closed)
{
    if (index < 0)
        return;
    ck_assert_msg(!closed[index], "shard %d is closed twice", index);
    closed[index] = true;
}

static int by_start(const void *a, const void *b)
{
    const struct kinesis_shard *const *x = a;
    const struct kinesis_shard *const *y = b;

    return memcmp((*x)->range.start, (*y)->range.start, KINESIS_HASH_LEN);
}

/* A merge takes over exactly what its parents had; a shard is split in two at most. */
static void make(const struct kinesis_new_shard *p, bool *closed, int *taken)
{
    ck_assert(p->parent >= 0 && p->parent < (int)total);
    if (p->adjacent_parent >= 0) {
        ck_assert_mem_eq(p->range.start, shards[p->parent].range.start, KINESIS_HASH_LEN);
        ck_assert_mem_eq(p->range.end, shards[p->adjacent_parent].range.end, KINESIS_HASH_LEN);
        close_shard(p->parent, closed);
        close_shard(p->adjacent_parent, closed);
    } else {
        closed[p->parent] = true;
        ck_assert_int_le(++taken[p->parent], 2);
    }
    add(kinesis_hash_load(p->range.start), kinesis_hash_load(p->range.end));
}

/* Makes the planned shards; returns how many. */
static size_t reshape(size_t target)
{
    bool closed[ALL_MAX] = {false};
    int taken[ALL_MAX] = {0};
    struct kinesis_shard_list list = {open_now, open_count};
    size_t first = total;
    struct kinesis_reshape plan = kinesis_reshape_uniform(list, (int32_t)total, target, &arena);
    size_t n = 0;

    for (size_t i = 0; i < plan.count; i++)
        make(&plan.shards[i], closed, taken);
    for (size_t i = 0; i < open_count; i++)
        if (!closed[open_now[i]->index])
            open_now[n++] = open_now[i];
    for (size_t i = first; i < total; i++)
        if (!closed[i])
            open_now[n++] = &shards[i];
    open_count = n;
    qsort(open_now, n, sizeof(open_now[0]), by_start);
    return plan.count;
}

/* Returns the largest difference from the ideal size. */
static unsigned __int128 check_whole(size_t target)
{
    unsigned __int128 next = 0;
    unsigned __int128 worst = 0;
    unsigned __int128 ideal = ~(unsigned __int128)0 / target;

    ck_assert_uint_eq(open_count, target);
    for (size_t i = 0; i < open_count; i++) {
        unsigned __int128 start = kinesis_hash_load(open_now[i]->range.start);
        unsigned __int128 end = kinesis_hash_load(open_now[i]->range.end);
        unsigned __int128 size = end - start;
        ck_assert(start == next && end >= start);
        next = end + 1;
        worst = MAX(worst, size > ideal ? size - ideal : ideal - size);
    }
    ck_assert(next == 0);
    return worst;
}

START_TEST(any_count_from_any_count)
{
    static const size_t steps[] = {1, 2, 3, 6, 12, 7, 5, 10, 9, 17, 33, 20, 40, 21, 11, 6, 3, 2, 1};

    begin_equal(steps[0]);
    for (size_t i = 1; i < ARRAY_LEN(steps); i++) {
        reshape(steps[i]);
        ck_assert(check_whole(steps[i]) < (1 << 22));
    }
}
END_TEST

START_TEST(nothing_to_do)
{
    begin_equal(6);
    ck_assert_uint_eq(reshape(6), 0);
    ck_assert_uint_eq(reshape(3), 3);
    check_whole(3);
    ck_assert_uint_eq(reshape(6), 6);
    check_whole(6);
}
END_TEST

/* Whoever split by hand may have made shards of two keys, also next to a border. */
START_TEST(uneven_and_tiny_shards)
{
    const unsigned __int128 half = (unsigned __int128)1 << 127;
    const unsigned __int128 top = ~(unsigned __int128)0;
    const unsigned __int128 cases[][5] = {
        {0, 2, 4, 6, 8},
        {0, half - 2, half, half + 2, half + 4},
        {0, half - 5, half - 3, half + 7, half + 9},
        {0, half - (1 << 20), half - 1, half + (1 << 20), top - 1},
        {0, top - 8, top - 6, top - 4, top - 2},
        {0, 2, half / 2, half, top - 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t target = 3; target <= 10; target++) {
            tear_down();
            set_up();
            begin_at(cases[i], 5);
            reshape(target);
            ck_assert(check_whole(target) < (1 << 22));
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kinesis reshape");
    TCase *tc = tcase_create("reshape");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, any_count_from_any_count);
    tcase_add_test(tc, nothing_to_do);
    tcase_add_test(tc, uneven_and_tiny_shards);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
