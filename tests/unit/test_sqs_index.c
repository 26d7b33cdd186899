/* What of a queue is visible, in which order, and when: without a server, on a clock of its own. */
#include "handlers/sqs/index.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct sqs_index *standard;
static struct sqs_index *fifo;
static struct sqs_entry *taken[10];

static void set_up(void)
{
    standard = sqs_index_new(false, 1);
    fifo = sqs_index_new(true, 1);
}

static void tear_down(void)
{
    sqs_index_free(standard);
    sqs_index_free(fifo);
}

static int64_t add(struct sqs_index *ix, const char *group, int64_t now_ms)
{
    struct sqs_entry *e = sqs_index_add(ix, now_ms, group);

    sqs_index_settle(ix, e, SQS_READY, now_ms);
    return e->number;
}

static size_t take(struct sqs_index *ix, size_t max, int64_t now_ms)
{
    sqs_index_advance(ix, now_ms);
    return sqs_index_take(ix, max, 0, taken);
}

static void hold_until(struct sqs_index *ix, size_t count, int64_t until_ms)
{
    for (size_t i = 0; i < count; i++)
        sqs_index_settle(ix, taken[i], SQS_IN_FLIGHT, until_ms);
}

static void finish(struct sqs_index *ix, int64_t number)
{
    struct sqs_entry *e = sqs_index_find(ix, number);

    sqs_index_claim(ix, e);
    sqs_index_remove(ix, e);
}

/* --- standard queues --- */

START_TEST(what_waited_longest_is_taken_first)
{
    for (int i = 0; i < 500; i++)
        add(standard, NULL, i);
    for (int64_t n = 1; n <= 500; n += 10) {
        ck_assert_uint_eq(take(standard, 10, 1000), 10);
        for (int i = 0; i < 10; i++)
            ck_assert_int_eq(taken[i]->number, n + i);
        hold_until(standard, 10, 2000 + n);
    }
    ck_assert_uint_eq(take(standard, 10, 1999), 0);
    ck_assert_uint_eq(sqs_index_count(standard, SQS_IN_FLIGHT), 500);
    ck_assert_int_eq(sqs_index_next_ms(standard), 2001);
    ck_assert_uint_eq(take(standard, 10, 2011), 10); /* two batches are over */
    ck_assert_int_eq(taken[9]->number, 10);
    ck_assert_int_eq(taken[0]->received, 2);
    ck_assert(sqs_index_ready(standard));
}
END_TEST

START_TEST(a_busy_entry_is_not_taken)
{
    struct sqs_entry *e = sqs_index_add(standard, 0, NULL);

    ck_assert_uint_eq(take(standard, 10, 0), 0);
    sqs_index_settle(standard, e, SQS_DELAYED, 50);
    ck_assert_uint_eq(take(standard, 10, 49), 0);
    ck_assert_uint_eq(take(standard, 10, 50), 1);
    ck_assert_uint_eq(take(standard, 10, 50), 0);
    sqs_index_untake(standard, taken[0]);
    ck_assert_uint_eq(take(standard, 10, 50), 1);
    ck_assert_int_eq(taken[0]->received, 1);
    sqs_index_remove(standard, taken[0]);
    ck_assert_ptr_null(sqs_index_find(standard, 1));
}
END_TEST

/* Who waits until a queue is empty must not see it so while a message is on its way. */
START_TEST(what_is_busy_is_counted)
{
    int64_t number;

    sqs_index_add(standard, 0, NULL); /* not yet acknowledged */
    ck_assert_uint_eq(sqs_index_count(standard, SQS_READY), 0);
    add(standard, NULL, 0);
    ck_assert_uint_eq(take(standard, 1, 0), 1);
    ck_assert_uint_eq(sqs_index_count(standard, SQS_READY), 0);
    ck_assert_uint_eq(sqs_index_count(standard, SQS_IN_FLIGHT), 1);
    ck_assert_uint_eq(sqs_index_list(standard, SQS_IN_FLIGHT, 1, &number), 1);
    ck_assert_int_eq(number, 2);
    sqs_index_untake(standard, taken[0]);
    ck_assert_uint_eq(sqs_index_count(standard, SQS_READY), 1);
    ck_assert_uint_eq(take(standard, 1, 0), 1);
    hold_until(standard, 1, 10);
    sqs_index_claim(standard, taken[0]);
    ck_assert_uint_eq(sqs_index_count(standard, SQS_IN_FLIGHT), 1);
    sqs_index_remove(standard, taken[0]);
    ck_assert_uint_eq(sqs_index_count(standard, SQS_IN_FLIGHT), 0);
}
END_TEST

START_TEST(what_is_old_is_passed_over_and_swept)
{
    int64_t numbers[4];

    for (int i = 0; i < 6; i++)
        add(standard, NULL, i * 10);
    sqs_index_advance(standard, 60);
    ck_assert_uint_eq(sqs_index_take(standard, 1, 30, taken), 1);
    ck_assert_int_eq(taken[0]->number, 4);
    ck_assert_uint_eq(sqs_index_count(standard, SQS_OLD), 3);
    sqs_index_settle(standard, taken[0], SQS_IN_FLIGHT, 100);
    ck_assert_uint_eq(sqs_index_sweep(standard, 40, 4, numbers), 4); /* one in flight among them */
    ck_assert_uint_eq(sqs_index_sweep(standard, 40, 4, numbers), 0);
    ck_assert_uint_eq(sqs_index_list(standard, SQS_READY, 4, numbers), 2);
    ck_assert_int_eq(numbers[0], 5);
    ck_assert_int_eq(numbers[1], 6);
}
END_TEST

START_TEST(numbers_are_never_used_twice)
{
    add(standard, NULL, 0);
    add(standard, NULL, 0);
    ck_assert_int_eq(sqs_index_clear(standard), 3);
    ck_assert_int_eq(add(standard, NULL, 0), 3);
    ck_assert_uint_eq(take(standard, 10, 0), 1);
}
END_TEST

/* --- FIFO queues --- */

START_TEST(a_group_waits_for_its_first)
{
    add(fifo, "a", 0);
    add(fifo, "a", 0);
    add(fifo, "a", 0);
    add(fifo, "b", 0);
    ck_assert_uint_eq(take(fifo, 2, 0), 2);
    hold_until(fifo, 2, 100);
    ck_assert_uint_eq(take(fifo, 10, 0), 1); /* b */
    ck_assert_int_eq(taken[0]->number, 4);
    hold_until(fifo, 1, 100);
    finish(fifo, 2); /* the second of the two that are held */
    ck_assert_uint_eq(take(fifo, 10, 0), 0);
    finish(fifo, 1);
    ck_assert_uint_eq(take(fifo, 10, 0), 1);
    ck_assert_int_eq(taken[0]->number, 3);
}
END_TEST

START_TEST(what_is_given_back_comes_first_in_its_group_and_last_among_groups)
{
    add(fifo, "a", 0);
    add(fifo, "a", 0);
    add(fifo, "b", 0);
    ck_assert_uint_eq(take(fifo, 1, 0), 1);
    sqs_index_settle(fifo, taken[0], SQS_READY, 0);
    ck_assert_uint_eq(take(fifo, 10, 0), 3);
    ck_assert_int_eq(taken[0]->number, 3);
    ck_assert_int_eq(taken[1]->number, 1);
    ck_assert_int_eq(taken[2]->number, 2);
}
END_TEST

START_TEST(what_is_not_written_yet_holds_what_follows)
{
    struct sqs_entry *first = sqs_index_add(fifo, 0, "a");

    add(fifo, "a", 0);
    ck_assert_uint_eq(take(fifo, 10, 0), 0);
    sqs_index_remove(fifo, first); /* its write failed */
    ck_assert_uint_eq(take(fifo, 10, 0), 1);
    ck_assert_int_eq(taken[0]->number, 2);
}
END_TEST

START_TEST(old_messages_do_not_block_their_group)
{
    add(fifo, "a", 0);
    add(fifo, "a", 100);
    ck_assert_uint_eq(sqs_index_take(fifo, 10, 50, taken), 1);
    ck_assert_int_eq(taken[0]->number, 2);
    hold_until(fifo, 1, 500);
    ck_assert(!sqs_index_is_blocked(sqs_index_find(fifo, 1)));
    add(fifo, "a", 100);
    ck_assert(sqs_index_is_blocked(sqs_index_find(fifo, 3)));
}
END_TEST

START_TEST(a_loaded_queue_is_as_it_was)
{
    const struct sqs_entry rows[] = {
        {.number = 3, .visible_ms = 0},
        {.number = 5, .visible_ms = 900, .received = 1},
        {.number = 9, .visible_ms = 950},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        sqs_index_load(standard, &rows[i], NULL, 500);
    ck_assert_uint_eq(sqs_index_count(standard, SQS_READY), 1);
    ck_assert_uint_eq(sqs_index_count(standard, SQS_IN_FLIGHT), 1);
    ck_assert_uint_eq(sqs_index_count(standard, SQS_DELAYED), 1);
    ck_assert_int_eq(add(standard, NULL, 0), 10);
    ck_assert_uint_eq(take(standard, 10, 950), 4);
}
END_TEST

/* A thousand steps at random, against what must always hold in a group. */
START_TEST(groups_keep_their_order_whatever_happens)
{
    enum { GROUPS = 5 };
    int64_t done[GROUPS] = {0};
    uint32_t seed = 1;
    int64_t now_ms = 0;

    for (int i = 0; i < 400; i++) {
        char name[] = {(char)('a' + i % GROUPS), '\0'};
        add(fifo, name, 0);
    }
    for (int step = 0; step < 20000 &&
                       sqs_index_count(fifo, SQS_READY) + sqs_index_count(fifo, SQS_IN_FLIGHT) > 0;
         step++) {
        seed = seed * 1664525 + 1013904223;
        size_t count = take(fifo, 1 + seed % 10, now_ms += 7);
        hold_until(fifo, count, now_ms + 20);
        for (size_t i = 0; i < count; i++) {
            int64_t group = (taken[i]->number - 1) % GROUPS;
            int64_t number = taken[i]->number;

            ck_assert_int_gt(number, done[group]); /* nothing comes again behind what was done */
            seed = seed * 1664525 + 1013904223;
            if (seed >> 30 == 0 || (i > 0 && taken[i - 1] == NULL))
                taken[i] = NULL; /* this one, and all behind it, come again */
            else {
                ck_assert_int_eq(number, done[group] ? done[group] + GROUPS : group + 1);
                done[group] = number;
                finish(fifo, number);
            }
        }
    }
    for (int64_t g = 0; g < GROUPS; g++)
        ck_assert_int_eq(done[g], 400 - GROUPS + g + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sqs_index");
    TCase *c = tcase_create("index");

    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, what_waited_longest_is_taken_first);
    tcase_add_test(c, a_busy_entry_is_not_taken);
    tcase_add_test(c, what_is_busy_is_counted);
    tcase_add_test(c, what_is_old_is_passed_over_and_swept);
    tcase_add_test(c, numbers_are_never_used_twice);
    tcase_add_test(c, a_group_waits_for_its_first);
    tcase_add_test(c, what_is_given_back_comes_first_in_its_group_and_last_among_groups);
    tcase_add_test(c, what_is_not_written_yet_holds_what_follows);
    tcase_add_test(c, old_messages_do_not_block_their_group);
    tcase_add_test(c, a_loaded_queue_is_as_it_was);
    tcase_add_test(c, groups_keep_their_order_whatever_happens);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
