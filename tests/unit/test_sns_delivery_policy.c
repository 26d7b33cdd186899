/* Delivery policies: what is refused, what counts, and when retries come. */
#include "handlers/sns/delivery_policy.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena a;

static void setup(void)
{
    arena_init(&a);
}

static void teardown(void)
{
    arena_release(&a);
}

START_TEST(refuses)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{\"x\":1}",
        "{\"healthyRetryPolicy\":1}",
        "{\"healthyRetryPolicy\":{\"numRetries\":-1}}",
        "{\"healthyRetryPolicy\":{\"numRetries\":101}}",
        "{\"healthyRetryPolicy\":{\"numRetries\":1.5}}",
        "{\"healthyRetryPolicy\":{\"minDelayTarget\":0}}",
        "{\"healthyRetryPolicy\":{\"minDelayTarget\":30}}",
        "{\"healthyRetryPolicy\":{\"maxDelayTarget\":3601}}",
        "{\"healthyRetryPolicy\":{\"numRetries\":2,\"numNoDelayRetries\":2,\"numMinDelayRetries\":"
        "1}}",
        "{\"healthyRetryPolicy\":{\"numNoDelayRetries\":9223372036854775807,"
        "\"numMinDelayRetries\":9223372036854775807}}",
        "{\"healthyRetryPolicy\":{\"backoffFunction\":\"magic\"}}",
        "{\"throttlePolicy\":{\"maxReceivesPerSecond\":-1}}",
        "{\"requestPolicy\":{\"headerContentType\":\"image/png\"}}",
        "{\"requestPolicy\":{\"headerContentType\":\"text/plain;\\r\\nx: y\"}}",
        "{\"healthyRetryPolicy\":{}",
    };
    struct sns_delivery_policy p;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        ck_assert_msg(sns_delivery_policy_read(&a, wrong[i], false, &p) != NULL, "%s", wrong[i]);
    ck_assert_ptr_null(sns_delivery_policy_read(&a, "{\"healthyRetryPolicy\":null}", false, &p));
    ck_assert_ptr_null(sns_delivery_policy_read(
        &a, "{\"http\":{\"disableSubscriptionOverrides\":true}}", true, &p));
    ck_assert(p.no_overrides);
}
END_TEST

/* In seconds, -1 at the end. */
static void check_delays(const char *json, const int *expected)
{
    struct sns_delivery_policy p;
    int64_t attempts = 0;

    ck_assert_ptr_null(sns_delivery_policy_read(&a, json, false, &p));
    do {
        int64_t ms = sns_delivery_policy_delay_ms(&p, ++attempts);
        ck_assert_msg(ms == (*expected < 0 ? -1 : *expected * 1000),
                      "%s: %" PRId64 " after %" PRId64, json, ms, attempts);
    } while (*expected++ >= 0);
}

START_TEST(delays)
{
    check_delays("{}", (const int[]){20, 20, 20, -1});
    check_delays("{\"healthyRetryPolicy\":{\"numRetries\":0}}", (const int[]){-1});
    check_delays("{\"healthyRetryPolicy\":{\"minDelayTarget\":10,\"maxDelayTarget\":40,"
                 "\"numRetries\":7,\"numNoDelayRetries\":1,\"numMinDelayRetries\":1,"
                 "\"numMaxDelayRetries\":1}}",
                 (const int[]){0, 10, 10, 20, 30, 40, 40, -1});
    check_delays("{\"healthyRetryPolicy\":{\"minDelayTarget\":1,\"maxDelayTarget\":8,"
                 "\"numRetries\":4,\"backoffFunction\":\"geometric\"}}",
                 (const int[]){1, 2, 4, 8, -1});
    check_delays("{\"healthyRetryPolicy\":{\"minDelayTarget\":1,\"maxDelayTarget\":5,"
                 "\"numRetries\":4,\"backoffFunction\":\"exponential\"}}",
                 (const int[]){1, 2, 4, 5, -1});
}
END_TEST

START_TEST(effective)
{
    static const char topic[] = "{\"http\":{\"defaultHealthyRetryPolicy\":{\"numRetries\":9},"
                                "\"defaultThrottlePolicy\":{\"maxReceivesPerSecond\":3}}}";
    static const char strict[] = "{\"http\":{\"disableSubscriptionOverrides\":true}}";
    static const char own[] = "{\"healthyRetryPolicy\":{\"numRetries\":1}}";
    static const char type[] = "{\"requestPolicy\":{\"headerContentType\":\"text/csv\"}}";
    struct sns_delivery_policy p = sns_delivery_policy_effective(&a, topic, own);

    ck_assert_int_eq(p.retries, 1);
    ck_assert_int_eq(p.per_second, 3);
    p = sns_delivery_policy_effective(&a, topic, type);
    ck_assert_int_eq(p.retries, 9);
    ck_assert_str_eq(p.content_type, "text/csv");
    p = sns_delivery_policy_effective(&a, strict, own);
    ck_assert_int_eq(p.retries, 3);
    /* What is told reads back as the same. */
    p = sns_delivery_policy_effective(&a, topic, NULL);
    p = sns_delivery_policy_effective(&a, NULL, sns_delivery_policy_text(&a, &p, false));
    ck_assert_int_eq(p.retries, 9);
    ck_assert_int_eq(p.per_second, 3);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sns_delivery_policy");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, refuses);
    tcase_add_test(t, delays);
    tcase_add_test(t, effective);
    suite_add_tcase(s, t);
    return run_suite(s);
}
