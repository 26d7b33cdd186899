/* Places of subscriptions: who has one, who takes it, and when a consumer goes. */
#include "handlers/kinesis/fanout.h"
#include "server/waitq.h"
#include "tests/unit/kinesis_fixture.h"
#include "tests/unit/run_suite.h"

static struct kinesis_hold hold;

static void open_hold(void)
{
    set_up();
    hold = (struct kinesis_hold){
        .stream = made("s"), .arrivals = waitq_new(), .fanout = kinesis_fanout_new()};
}

static void close_hold(void)
{
    kinesis_fanout_free(hold.fanout);
    waitq_free(hold.arrivals);
    kinesis_stream_free(hold.stream);
    tear_down();
}

static struct kinesis_consumer registered(const char *name)
{
    struct kinesis_consumer consumer;

    ck_assert_int_eq(kinesis_consumer_add(store, hold.stream, name, start_ms, NULL, 20), STORE_OK);
    ck_assert_int_eq(kinesis_consumer_find(store, hold.stream, name, &arena, &consumer), STORE_OK);
    return consumer;
}

/* As DeregisterStreamConsumer does. */
static void deregister(const struct kinesis_consumer *consumer)
{
    ck_assert_int_eq(kinesis_consumer_remove(store, consumer->id), STORE_OK);
    kinesis_fanout_remove(&hold, consumer->id);
}

static enum store_status take(const struct kinesis_consumer *consumer, int64_t now_ms,
                              uint64_t *out_ticket)
{
    return kinesis_fanout_take(store, &hold, consumer, 1, now_ms, &arena, out_ticket);
}

START_TEST(a_newer_subscription_takes_over_after_five_seconds)
{
    const struct kinesis_consumer c = registered("c");
    uint64_t first = 0;
    uint64_t second = 0;

    ck_assert_int_eq(take(&c, start_ms, &first), STORE_OK);
    ck_assert_int_eq(take(&c, start_ms + 4999, &second), STORE_CONFLICT);
    ck_assert_int_eq(kinesis_fanout_look(&hold, c.id, 1, first), KINESIS_FANOUT_MINE);
    ck_assert_int_eq(take(&c, start_ms + 5000, &second), STORE_OK);
    ck_assert_int_eq(kinesis_fanout_look(&hold, c.id, 1, first), KINESIS_FANOUT_TAKEN);
    ck_assert_int_eq(kinesis_fanout_look(&hold, c.id, 1, second), KINESIS_FANOUT_MINE);
}
END_TEST

START_TEST(a_place_ends_with_its_consumer)
{
    const struct kinesis_consumer c = registered("c");
    uint64_t ticket = 0;

    ck_assert_int_eq(take(&c, start_ms, &ticket), STORE_OK);
    deregister(&c);
    ck_assert_int_eq(kinesis_fanout_look(&hold, c.id, 1, ticket), KINESIS_FANOUT_GONE);
}
END_TEST

/* A request may have read the consumer before it was deregistered, and take its place afterwards.
 */
START_TEST(who_comes_after_the_deregistration_gets_no_place)
{
    const struct kinesis_consumer c = registered("c");
    const struct kinesis_consumer other = registered("other");
    uint64_t ticket = 0;

    deregister(&c);
    ck_assert_int_eq(take(&c, start_ms, &ticket), STORE_NOT_FOUND);
    ck_assert_int_eq(kinesis_fanout_look(&hold, c.id, 1, ticket), KINESIS_FANOUT_GONE);
    /* Nor for the one that has its name now. */
    const struct kinesis_consumer successor = registered("c");
    ck_assert_int_eq(take(&c, start_ms, &ticket), STORE_NOT_FOUND);
    ck_assert_int_eq(take(&successor, start_ms, &ticket), STORE_OK);
    ck_assert_int_eq(take(&other, start_ms, &ticket), STORE_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kinesis fanout");
    TCase *tc = tcase_create("kinesis fanout");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, open_hold, close_hold);
    tcase_add_test(tc, a_newer_subscription_takes_over_after_five_seconds);
    tcase_add_test(tc, a_place_ends_with_its_consumer);
    tcase_add_test(tc, who_comes_after_the_deregistration_gets_no_place);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
