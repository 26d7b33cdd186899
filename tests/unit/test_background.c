#include "server/background.h"

#include "server/base/clock.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>

struct counts {
    atomic_int begun;
    atomic_int ended;
};

static void run_until_stopped(struct background_task *task, void *context)
{
    struct counts *c = context;

    atomic_fetch_add(&c->begun, 1);
    while (!background_sleep_ms(task, 60000))
        ;
    atomic_fetch_add(&c->ended, 1);
}

static void run_by_poll(struct background_task *task, void *context)
{
    struct counts *c = context;
    struct pollfd p = {.fd = background_stop_fd(task), .events = POLLIN};

    atomic_fetch_add(&c->begun, 1);
    poll(&p, 1, 60000);
    if (background_stopping(task))
        atomic_fetch_add(&c->ended, 1);
}

static void run_briefly(struct background_task *task, void *context)
{
    struct counts *c = context;
    sigset_t blocked;

    (void)task;
    atomic_fetch_add(&c->begun, 1);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    if (sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGCHLD))
        atomic_fetch_add(&c->ended, 1);
}

static void wait_for(atomic_int *value, int wanted)
{
    for (int i = 0; i < 60000 && atomic_load(value) != wanted; i++)
        usleep(1000);
    ck_assert_int_eq(atomic_load(value), wanted);
}

START_TEST(one_task_is_stopped_and_the_other_goes_on)
{
    struct background *b = background_new();
    struct counts first = {0}, second = {0};
    struct background_task *one = background_start(b, "one", run_until_stopped, &first);
    struct background_task *two = background_start(b, "two", run_by_poll, &second);

    ck_assert_ptr_nonnull(one);
    ck_assert_ptr_nonnull(two);
    background_stop(one);
    ck_assert_int_eq(first.ended, 1);
    wait_for(&second.begun, 1);
    ck_assert_int_eq(second.ended, 0);
    background_stop(two);
    ck_assert_int_eq(second.ended, 1);
    background_free(b);
}
END_TEST

START_TEST(all_are_stopped_and_handles_stay_valid)
{
    struct background *b = background_new();
    struct counts counts = {0};
    struct background_task *tasks[5];

    for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
        tasks[i] = background_start(b, "some", run_until_stopped, &counts);
    ck_assert(background_run(b, "loose", run_by_poll, &counts));
    wait_for(&counts.begun, 6);
    background_stop_all(b);
    ck_assert_int_eq(counts.ended, 6);
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
        background_stop(tasks[i]);
    tasks[0] = background_start(b, "again", run_until_stopped, &counts);
    ck_assert_ptr_nonnull(tasks[0]);
    background_free(b);
    ck_assert_int_eq(counts.ended, counts.begun);
}
END_TEST

START_TEST(tasks_end_by_themselves_with_signals_blocked)
{
    struct background *b = background_new();
    struct counts counts = {0};

    for (int i = 0; i < 200; i++)
        ck_assert(background_run(b, "brief", run_briefly, &counts));
    wait_for(&counts.ended, 200);
    background_free(b);
}
END_TEST

struct nest {
    struct background *owner;
    atomic_int begun;
    atomic_int refused;
};

/* A task that starts another when it is told to stop. */
static void run_and_start(struct background_task *task, void *context)
{
    struct nest *n = context;

    atomic_fetch_add(&n->begun, 1);
    while (!background_sleep_ms(task, 60000))
        ;
    if (!background_run(n->owner, "late", run_and_start, n))
        atomic_fetch_add(&n->refused, 1);
}

START_TEST(nothing_starts_while_all_are_stopped)
{
    struct nest nest = {.owner = background_new()};

    ck_assert(background_run(nest.owner, "outer", run_and_start, &nest));
    wait_for(&nest.begun, 1);
    background_stop_all(nest.owner);
    ck_assert_int_eq(nest.refused, 1);
    ck_assert_int_eq(nest.begun, 1);
    background_free(nest.owner);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("background");
    Suite *s = suite_create("background");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, one_task_is_stopped_and_the_other_goes_on);
    tcase_add_test(c, all_are_stopped_and_handles_stay_valid);
    tcase_add_test(c, tasks_end_by_themselves_with_signals_blocked);
    tcase_add_test(c, nothing_starts_while_all_are_stopped);
    suite_add_tcase(s, c);
    return run_suite(s);
}
