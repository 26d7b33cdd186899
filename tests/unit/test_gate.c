#include "server/gate.h"

#include <check.h>
#include <poll.h>
#include <pthread.h>

#include "tests/unit/run_suite.h"

enum { LONG_MS = 60000 };

static bool stop_is_readable(const struct gate *g)
{
    struct pollfd p = {.fd = gate_stop_fd(g), .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

/* A timer of no time takes its time, too. */
static bool stop_becomes_readable(const struct gate *g)
{
    struct pollfd p = {.fd = gate_stop_fd(g), .events = POLLIN};

    return poll(&p, 1, LONG_MS / 2) == 1;
}

START_TEST(an_empty_gate_closes_at_once)
{
    struct gate *g = gate_new();

    ck_assert(!stop_is_readable(g));
    ck_assert(gate_close(g, 1000));
    ck_assert(stop_becomes_readable(g));
    gate_open(g);
    ck_assert(!stop_is_readable(g));
    gate_enter(g);
    gate_leave(g);
    gate_free(g);
}
END_TEST

START_TEST(who_does_not_leave_keeps_it_open)
{
    struct gate *g = gate_new();

    gate_enter(g);
    ck_assert(!gate_close(g, 20));
    ck_assert(!stop_is_readable(g));
    gate_enter(g); /* would wait for ever if the gate were closed */
    gate_leave(g);
    gate_leave(g);
    gate_free(g);
}
END_TEST

/* Inside, until the gate's descriptor tells it to leave. */
static void *wait_inside(void *context)
{
    struct gate *g = context;
    struct pollfd p = {.fd = gate_stop_fd(g), .events = POLLIN};

    gate_enter(g);
    if (poll(&p, 1, LONG_MS) == 1)
        gate_leave(g);
    return NULL;
}

START_TEST(closing_makes_those_inside_leave)
{
    struct gate *g = gate_new();
    pthread_t threads[8];

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, wait_inside, g), 0);
    usleep(20000);
    ck_assert(gate_close(g, LONG_MS / 2));
    gate_hurry(g, 0); /* for those who had not entered yet */
    gate_open(g);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    gate_free(g);
}
END_TEST

START_TEST(a_hurried_gate_stays_so)
{
    struct gate *g = gate_new();

    gate_hurry(g, LONG_MS);
    ck_assert(!stop_is_readable(g));
    gate_hurry(g, 30);
    ck_assert(stop_becomes_readable(g));
    ck_assert(gate_close(g, 1000));
    gate_open(g);
    ck_assert(stop_is_readable(g));
    gate_free(g);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate");
    TCase *c = tcase_create("gate");

    tcase_add_test(c, an_empty_gate_closes_at_once);
    tcase_add_test(c, who_does_not_leave_keeps_it_open);
    tcase_add_test(c, closing_makes_those_inside_leave);
    tcase_add_test(c, a_hurried_gate_stays_so);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
