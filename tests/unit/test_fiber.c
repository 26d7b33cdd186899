/* Fibers: who runs when, what a fiber waits for, and what it must not hold up. */
#include "server/base/fiber.h"

#include "server/base/thread.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <stdatomic.h>
#include <time.h>

enum { MANY = 200, HELD_MS = 400 };

struct story {
    char text[64];
    size_t len;
};

static void tell(struct story *s, char letter)
{
    ck_assert_uint_lt(s->len, sizeof(s->text) - 1);
    s->text[s->len++] = letter;
}

/* True when it has ended. */
static bool begin(struct fibers *set, void (*run)(void *), void *context)
{
    size_t before = fibers_waiting(set);

    ck_assert(fibers_start(set, run, context));
    return fibers_waiting(set) == before;
}

static void one_word(void *context)
{
    ck_assert(fiber_running());
    tell(context, 'a');
}

START_TEST(one_that_does_not_wait_ends_at_once)
{
    struct fibers *set = fibers_new();
    struct story s = {""};

    ck_assert(!fiber_running());
    ck_assert(begin(set, one_word, &s));
    ck_assert(begin(set, one_word, &s));
    ck_assert_str_eq(s.text, "aa");
    ck_assert_uint_eq(fibers_waiting(set), 0);
    ck_assert(!fiber_running());
    fibers_finish(set);
    fibers_free(set);
}
END_TEST

static void first(void *context)
{
    tell(context, 'a');
    ck_assert(fiber_yield(FIBER_READY));
    tell(context, 'c');
    ck_assert(fiber_yield(FIBER_READY));
    tell(context, 'e');
}

static void second(void *context)
{
    tell(context, 'b');
    ck_assert(fiber_yield(FIBER_READY));
    tell(context, 'd');
}

START_TEST(those_that_yield_take_turns)
{
    struct fibers *set = fibers_new();
    struct story s = {""};

    ck_assert(!begin(set, first, &s));
    ck_assert(!begin(set, second, &s));
    ck_assert_str_eq(s.text, "ab");
    ck_assert_uint_eq(fibers_waiting(set), 2);
    fibers_finish(set);
    ck_assert_str_eq(s.text, "abcde");
    fibers_free(set);
}
END_TEST

struct stall {
    int told_to_block;
    int asked;
};

static void waits_for_a_thread(void *context)
{
    struct stall *s = context;

    do
        s->asked++;
    while (fiber_yield(FIBER_WAITS));
    s->told_to_block++;
}

static void moves_for_a_while(void *context)
{
    (void)context;
    for (int i = 0; i < 5; i++)
        fiber_yield(FIBER_READY);
}

START_TEST(only_when_nobody_can_go_on_one_may_block)
{
    struct fibers *set = fibers_new();
    struct stall s = {0};

    begin(set, waits_for_a_thread, &s);
    begin(set, moves_for_a_while, NULL);
    begin(set, waits_for_a_thread, &s);
    fibers_finish(set);
    ck_assert_int_eq(s.told_to_block, 2);
    ck_assert_int_ge(s.asked, 2 * 6); /* not before the third one had ended */
    fibers_free(set);
}
END_TEST

static void use_stack(void)
{
    volatile uint8_t frame[100 * 1024];

    memset((void *)frame, 1, sizeof(frame));
    ck_assert_uint_eq(frame[sizeof(frame) / 2], 1);
}

static void goes_deep(void *context)
{
    atomic_uint *ended = context;

    fiber_yield(FIBER_READY);
    use_stack();
    fiber_yield(FIBER_READY);
    (*ended)++;
}

START_TEST(many_have_stacks_of_their_own)
{
    struct fibers *set = fibers_new();
    atomic_uint ended = 0;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++)
            begin(set, goes_deep, &ended);
        ck_assert_uint_eq(fibers_waiting(set), MANY);
        fibers_finish(set);
    }
    ck_assert_uint_eq(ended, 3 * MANY);
    fibers_free(set);
}
END_TEST

struct sum {
    struct fiber_part part; /* first */
    const void *key;
    int value;
    int total; /* of all that gathered */
    int *leaders;
};

static void adds(void *context)
{
    struct sum *own = context;
    struct fiber_part *all = fiber_gather(own->key, &own->part);
    int total = 0;

    if (!all)
        return;
    ck_assert_ptr_eq(all, &own->part);
    ++*own->leaders;
    for (struct fiber_part *p = all; p; p = p->next)
        total += ((struct sum *)p)->value;
    fiber_yield(FIBER_READY); /* whatever it takes to do it */
    for (struct fiber_part *p = all; p; p = p->next)
        ((struct sum *)p)->total = total;
    fiber_gather_end(all);
}

START_TEST(one_does_for_all_what_they_have_in_common)
{
    struct fibers *set = fibers_new();
    int leaders = 0;

    for (int round = 0; round < 2; round++) {
        struct sum sums[5];

        for (int i = 0; i < 5; i++) {
            sums[i] = (struct sum){
                .key = i % 2 ? set : (void *)&leaders, .value = 1 << i, .leaders = &leaders};
            ck_assert(!begin(set, adds, &sums[i]));
        }
        ck_assert_uint_eq(fibers_waiting(set), 5);
        ck_assert_int_eq(leaders, 2 * round);
        fibers_finish(set);
        ck_assert_uint_eq(fibers_waiting(set), 0);
        ck_assert_int_eq(leaders, 2 * round + 2);
        for (int i = 0; i < 5; i++)
            ck_assert_int_eq(sums[i].total, i % 2 ? 2 + 8 : 1 + 4 + 16);
    }
    fibers_free(set);
}
END_TEST

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void holds_across_a_yield(void *context)
{
    fiber_mutex_lock(&mutex);
    fiber_read_lock(&rwlock);
    tell(context, '(');
    fiber_yield(FIBER_READY);
    tell(context, ')');
    pthread_rwlock_unlock(&rwlock);
    pthread_mutex_unlock(&mutex);
}

START_TEST(locks_may_be_held_by_one_and_wanted_by_another)
{
    struct fibers *set = fibers_new();
    struct story s = {""};

    begin(set, holds_across_a_yield, &s);
    begin(set, holds_across_a_yield, &s);
    begin(set, holds_across_a_yield, &s);
    fibers_finish(set);
    ck_assert_str_eq(s.text, "()()()");
    fibers_free(set);
}
END_TEST

static void *holds_for_long(void *context)
{
    atomic_bool *held = context;

    pthread_mutex_lock(&mutex);
    atomic_store(held, true);
    usleep(HELD_MS * 1000);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static int64_t processor_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

START_TEST(waiting_for_another_thread_costs_nothing)
{
    struct fibers *set = fibers_new();
    struct story s = {""};
    pthread_t holder;
    atomic_bool held = false;
    int64_t before_ms;

    ck_assert_int_eq(thread_start(&holder, "holder", holds_for_long, &held), 0);
    while (!atomic_load(&held))
        usleep(1000);
    before_ms = processor_ms();
    begin(set, holds_across_a_yield, &s);
    begin(set, holds_across_a_yield, &s);
    fibers_finish(set);
    ck_assert_int_lt(processor_ms() - before_ms, HELD_MS / 2);
    ck_assert_str_eq(s.text, "()()");
    pthread_join(holder, NULL);
    fibers_free(set);
}
END_TEST

/* As a lock whose writers come first behaves: who wants to read again behind a waiting writer
 * waits, too, and the writer waits for a reader of the same thread. */
static void *writes(void *context)
{
    atomic_bool *wrote = context;

    pthread_rwlock_wrlock(&rwlock);
    atomic_store(wrote, true);
    pthread_rwlock_unlock(&rwlock);
    return NULL;
}

static void reads(void *context)
{
    (void)context;
    fiber_read_lock(&rwlock);
    fiber_yield(FIBER_READY);
    pthread_rwlock_unlock(&rwlock);
}

START_TEST(a_writer_between_two_readers_holds_nobody_up)
{
    struct fibers *set = fibers_new();
    pthread_rwlockattr_t writers_first;
    pthread_t writer;
    atomic_bool wrote = false;

    pthread_rwlockattr_init(&writers_first);
    pthread_rwlockattr_setkind_np(&writers_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&rwlock, &writers_first);
    begin(set, reads, NULL);
    ck_assert_int_eq(thread_start(&writer, "writer", writes, &wrote), 0);
    while (pthread_rwlock_tryrdlock(&rwlock) == 0) /* until it waits */
        pthread_rwlock_unlock(&rwlock);
    begin(set, reads, NULL);
    ck_assert_uint_eq(fibers_waiting(set), 2);
    fibers_finish(set);
    pthread_join(writer, NULL);
    ck_assert(wrote);
    fibers_free(set);
    pthread_rwlockattr_destroy(&writers_first);
}
END_TEST

START_TEST(outside_a_fiber_the_locks_are_plain)
{
    fiber_mutex_lock(&mutex);
    ck_assert_int_ne(pthread_mutex_trylock(&mutex), 0);
    pthread_mutex_unlock(&mutex);
    fiber_read_lock(&rwlock);
    ck_assert_int_ne(pthread_rwlock_trywrlock(&rwlock), 0);
    pthread_rwlock_unlock(&rwlock);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("fiber");
    Suite *s = suite_create("fiber");

    tcase_add_test(c, one_that_does_not_wait_ends_at_once);
    tcase_add_test(c, those_that_yield_take_turns);
    tcase_add_test(c, only_when_nobody_can_go_on_one_may_block);
    tcase_add_test(c, many_have_stacks_of_their_own);
    tcase_add_test(c, one_does_for_all_what_they_have_in_common);
    tcase_add_test(c, locks_may_be_held_by_one_and_wanted_by_another);
    tcase_add_test(c, a_writer_between_two_readers_holds_nobody_up);
    tcase_add_test(c, waiting_for_another_thread_costs_nothing);
    tcase_add_test(c, outside_a_fiber_the_locks_are_plain);
    suite_add_tcase(s, c);
    return run_suite(s);
}
