#include "server/waitq.h"

#include "server/base/clock.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

enum { LONG_MS = 20000, SOON_MS = 5000 };

START_TEST(a_wake_before_the_wait_is_not_lost)
{
    struct waitq *q = waitq_new();
    uint64_t ticket = waitq_ticket(q);

    waitq_wake(q);
    ck_assert_int_eq(waitq_wait(q, ticket, LONG_MS, -1, -1), WAIT_WOKEN);
    ck_assert_int_eq(waitq_wait(q, waitq_ticket(q), 0, -1, -1), WAIT_TIMEOUT);
    waitq_free(q);
}
END_TEST

START_TEST(a_wait_ends_in_time)
{
    struct waitq *q = waitq_new();
    int64_t begin = clock_monotonic_ms();
    int64_t took;

    ck_assert_int_eq(waitq_wait(q, waitq_ticket(q), 50, -1, -1), WAIT_TIMEOUT);
    took = clock_monotonic_ms() - begin;
    ck_assert_int_ge(took, 50);
    ck_assert_int_lt(took, SOON_MS);
    waitq_free(q);
}
END_TEST

struct sleeper {
    struct waitq *q;
    pthread_t thread;
    uint64_t ticket;
    enum wait_result result;
};

static void *sleep_on(void *context)
{
    struct sleeper *s = context;

    s->result = waitq_wait(s->q, s->ticket, LONG_MS, -1, -1);
    return NULL;
}

START_TEST(one_wake_wakes_all)
{
    struct waitq *q = waitq_new();
    struct sleeper sleepers[8];
    int64_t begin = clock_monotonic_ms();

    for (size_t i = 0; i < ARRAY_LEN(sleepers); i++) {
        sleepers[i] = (struct sleeper){.q = q, .ticket = waitq_ticket(q)};
        ck_assert_int_eq(pthread_create(&sleepers[i].thread, NULL, sleep_on, &sleepers[i]), 0);
    }
    usleep(20000);
    waitq_wake(q);
    for (size_t i = 0; i < ARRAY_LEN(sleepers); i++) {
        pthread_join(sleepers[i].thread, NULL);
        ck_assert_int_eq(sleepers[i].result, WAIT_WOKEN);
    }
    ck_assert_int_lt(clock_monotonic_ms() - begin, SOON_MS);
    waitq_free(q);
}
END_TEST

START_TEST(a_client_that_goes_ends_the_wait)
{
    struct waitq *q = waitq_new();
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(write(pair[1], "next request", 12), 12);
    ck_assert_int_eq(waitq_wait(q, waitq_ticket(q), 30, pair[0], -1), WAIT_TIMEOUT);
    close(pair[1]);
    ck_assert_int_eq(waitq_wait(q, waitq_ticket(q), LONG_MS, pair[0], -1), WAIT_ABANDONED);
    close(pair[0]);
    waitq_free(q);
}
END_TEST

START_TEST(a_stop_ends_the_wait_but_news_come_first)
{
    struct waitq *q = waitq_new();
    uint64_t ticket = waitq_ticket(q);
    int stop = eventfd(1, 0);

    ck_assert_int_eq(waitq_wait(q, ticket, LONG_MS, -1, stop), WAIT_ABANDONED);
    waitq_wake(q);
    ck_assert_int_eq(waitq_wait(q, ticket, LONG_MS, -1, stop), WAIT_WOKEN);
    close(stop);
    waitq_free(q);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("waitq");
    Suite *s = suite_create("waitq");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_wake_before_the_wait_is_not_lost);
    tcase_add_test(c, a_wait_ends_in_time);
    tcase_add_test(c, one_wake_wakes_all);
    tcase_add_test(c, a_client_that_goes_ends_the_wait);
    tcase_add_test(c, a_stop_ends_the_wait_but_news_come_first);
    suite_add_tcase(s, c);
    return run_suite(s);
}
