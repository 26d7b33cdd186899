/* Names of functions, batches of records, the event made of them, log lines. */
#include "handlers/lambda/batch.h"
#include "handlers/lambda/function_log.h"
#include "handlers/lambda/name.h"
#include "tests/unit/run_suite.h"

#include <check.h>

enum { RECORDS = 32 };

static struct arena a;

static void setup(void)
{
    arena_init(&a);
}

static void teardown(void)
{
    arena_release(&a);
}

/* --- names --- */

static void assert_name(const char *text, const char *region, const char *account, const char *name,
                        const char *qualifier)
{
    struct function_name n;

    ck_assert_msg(function_name_parse(&a, text, &n), "%s", text);
    ck_assert_pstr_eq(n.region, region);
    ck_assert_pstr_eq(n.account, account);
    ck_assert_pstr_eq(n.name, name);
    ck_assert_pstr_eq(n.qualifier, qualifier);
}

START_TEST(names_in_every_form)
{
    const char *account = "123456789012";

    assert_name("f", NULL, NULL, "f", NULL);
    assert_name("f:$LATEST", NULL, NULL, "f", "$LATEST");
    assert_name("my-func_1:PROD", NULL, NULL, "my-func_1", "PROD");
    assert_name("function:f", NULL, NULL, "f", NULL);
    assert_name("function", NULL, NULL, "function", NULL);
    assert_name("123456789012:function:f:7", NULL, account, "f", "7");
    assert_name("us-east-1:123456789012:function:f", "us-east-1", account, "f", NULL);
    assert_name("arn:aws:lambda:eu-west-2:123456789012:function:f:x", "eu-west-2", account, "f",
                "x");
    assert_name("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f", "us-gov-west-1",
                account, "f", NULL);
    assert_name("arn:aws-cn:lambda:cn-north-1:123456789012:function:f", "cn-north-1", account, "f",
                NULL);
}
END_TEST

START_TEST(names_that_are_none)
{
    static const char *const bad[] = {
        "",
        ":",
        "f:",
        "f:a:b",
        "a b",
        "f:$OTHER",
        "arn:aws:lambda",
        "arn:aws:s3:us-east-1:123456789012:function:f",
        "arn:gcp:lambda:us-east-1:123456789012:function:f",
        "12345:function:f",
        "f/../g",
    };
    struct function_name n;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!function_name_parse(&a, bad[i], &n), "%s", bad[i]);
}
END_TEST

/* --- batches --- */

struct fake {
    int64_t now_ms;
    size_t take_max; /* 0: all */
    int poison;      /* index of a record that always fails; -1: none */
    int failures;    /* that come first */
    int no_rooms;
    size_t calls;
    size_t pauses;
    size_t pauses_max;
    char delivered[RECORDS * 4]; /* the numbers of delivered records */
    struct stream_record events[RECORDS];
    const struct stream_record *records[RECORDS];
    int done;               /* of a batch that fails, so many are done */
    char lost[RECORDS * 8]; /* "count reason attempts " */
};

static enum delivery fake_deliver(void *context, const struct stream_record *const *records,
                                  size_t count, struct delivered *out)
{
    struct fake *f = context;

    f->calls++;
    if (f->no_rooms-- > 0)
        return NO_ROOM;
    out->taken = f->take_max ? MIN(count, f->take_max) : count;
    out->done = (size_t)f->done;
    if (f->failures-- > 0)
        return FAILED;
    for (size_t i = 0; i < out->taken; i++) {
        if (records[i] - f->events == f->poison)
            return FAILED;
    }
    for (size_t i = 0; i < out->taken; i++) {
        size_t len = strlen(f->delivered);

        snprintf(f->delivered + len, sizeof(f->delivered) - len, "%d ",
                 (int)(records[i] - f->events));
    }
    return DELIVERED;
}

static bool fake_give_up(void *context, const struct stream_record *const *records, size_t count,
                         enum batch_loss why, int attempts)
{
    struct fake *f = context;
    size_t len = strlen(f->lost);

    (void)records;
    snprintf(f->lost + len, sizeof(f->lost) - len, "%zu %s %d ", count,
             why == LOST_AGE ? "age" : "retries", attempts);
    return true;
}

static bool fake_pause(void *context, int64_t ms)
{
    struct fake *f = context;

    ck_assert_int_gt(ms, 0);
    ck_assert_int_le(ms, 60000);
    f->pauses++;
    f->now_ms += ms;
    return !f->pauses_max || f->pauses < f->pauses_max;
}

static int64_t fake_now(void *context)
{
    return ((struct fake *)context)->now_ms;
}

static bool handle(struct fake *f, struct batch_rules rules, size_t count, size_t *given_up)
{
    const struct batch_target target = {.deliver = fake_deliver,
                                        .give_up = fake_give_up,
                                        .pause = fake_pause,
                                        .now_ms = fake_now,
                                        .context = f};

    for (size_t i = 0; i < count; i++) {
        f->events[i].at_ms = (int64_t)i * 1000;
        f->records[i] = &f->events[i];
    }
    return batch_handle(&rules, &target, f->records, count, given_up);
}

START_TEST(a_batch_is_delivered_whole)
{
    struct fake f = {.poison = -1};
    size_t given_up;

    ck_assert(handle(&f, (struct batch_rules){-1, -1, false}, 4, &given_up));
    ck_assert_str_eq(f.delivered, "0 1 2 3 ");
    ck_assert_uint_eq(f.calls, 1);
    ck_assert_uint_eq(given_up, 0);
}
END_TEST

START_TEST(a_batch_that_is_too_large_goes_in_pieces)
{
    struct fake f = {.poison = -1, .take_max = 3};
    size_t given_up;

    ck_assert(handle(&f, (struct batch_rules){-1, -1, false}, 7, &given_up));
    ck_assert_str_eq(f.delivered, "0 1 2 3 4 5 6 ");
    ck_assert_uint_eq(f.calls, 3);
}
END_TEST

START_TEST(retries_are_counted)
{
    struct fake f = {.poison = -1, .failures = 3};
    size_t given_up;

    ck_assert(handle(&f, (struct batch_rules){3, -1, false}, 2, &given_up));
    ck_assert_str_eq(f.delivered, "0 1 ");
    f = (struct fake){.poison = -1, .failures = 3};
    ck_assert(handle(&f, (struct batch_rules){2, -1, false}, 2, &given_up));
    ck_assert_str_eq(f.delivered, "");
    ck_assert_uint_eq(given_up, 2);
    ck_assert_uint_eq(f.calls, 3);
    /* Without a limit it goes on until it is told to stop. */
    f = (struct fake){.poison = 0, .pauses_max = 100};
    ck_assert(!handle(&f, (struct batch_rules){-1, -1, false}, 2, &given_up));
    ck_assert_uint_eq(f.calls, 100);
}
END_TEST

START_TEST(bisecting_isolates_the_poison_and_keeps_the_order)
{
    for (int poison = 0; poison < RECORDS; poison++) {
        struct fake f = {.poison = poison};
        char expected[sizeof(f.delivered)] = "";
        size_t given_up;

        ck_assert(handle(&f, (struct batch_rules){0, -1, true}, RECORDS, &given_up));
        for (int i = 0; i < RECORDS; i++) {
            size_t len = strlen(expected);

            if (i != poison)
                snprintf(expected + len, sizeof(expected) - len, "%d ", i);
        }
        ck_assert_str_eq(f.delivered, expected);
        ck_assert_uint_eq(given_up, 1);
    }
}
END_TEST

START_TEST(old_records_are_given_up)
{
    struct fake f = {.poison = -1, .now_ms = 62000};
    size_t given_up;

    ck_assert(handle(&f, (struct batch_rules){-1, 60, false}, 5, &given_up));
    ck_assert_str_eq(f.delivered, "2 3 4 ");
    ck_assert_uint_eq(given_up, 2);
    /* While it is tried again and again they become too old. */
    f = (struct fake){.poison = 4, .now_ms = 0};
    ck_assert(handle(&f, (struct batch_rules){-1, 60, false}, 5, &given_up));
    ck_assert_uint_eq(given_up, 5);
}
END_TEST

START_TEST(lack_of_room_is_no_failure)
{
    struct fake f = {.poison = -1, .no_rooms = 5};
    size_t given_up;

    ck_assert(handle(&f, (struct batch_rules){0, -1, true}, 3, &given_up));
    ck_assert_str_eq(f.delivered, "0 1 2 ");
    ck_assert_uint_eq(f.pauses, 5);
}
END_TEST

/* --- the event --- */

START_TEST(what_is_done_is_not_tried_again)
{
    struct fake f = {.poison = -1, .failures = 1, .done = 2};
    size_t given_up;

    ck_assert(handle(&f, (struct batch_rules){-1, -1, true}, 5, &given_up));
    ck_assert_str_eq(f.delivered, "2 3 4 ");
    ck_assert_uint_eq(f.calls, 2);
    /* What is left is given up, with its attempts. */
    f = (struct fake){.poison = 4, .done = 2};
    ck_assert(handle(&f, (struct batch_rules){0, -1, false}, 5, &given_up));
    ck_assert_str_eq(f.lost, "3 retries 1 ");
}
END_TEST

START_TEST(a_kinesis_record_is_written_as_aws_does)
{
    const struct kinesis_record_place place = {.stream_arn = "arn:s",
                                               .region = "us-east-1",
                                               .role = "arn:r",
                                               .shard = "shardId-000000000000"};
    struct kinesis_event one = {.sequence_number = "49",
                                .partition_key = "k\"1",
                                .data = {.data = (const uint8_t *)"hi", .len = 2},
                                .at_ms = 1545084650987};
    struct strbuf out = STRBUF_INIT(1 << 20);

    kinesis_record_write(&out, &place, &one);
    ck_assert_str_eq(
        out.data,
        "{\"kinesis\":{\"kinesisSchemaVersion\":\"1.0\",\"partitionKey\":\"k\\\"1\","
        "\"sequenceNumber\":\"49\",\"data\":\"aGk=\",\"approximateArrivalTimestamp\":"
        "1545084650.987},\"eventSource\":\"aws:kinesis\",\"eventVersion\":\"1.0\",\"eventID\":"
        "\"shardId-000000000000:49\",\"eventName\":\"aws:kinesis:record\",\"invokeIdentityArn\":"
        "\"arn:r\",\"awsRegion\":\"us-east-1\",\"eventSourceARN\":\"arn:s\"}");
    strbuf_release(&out);
}
END_TEST

/* --- log lines --- */

static void take(struct function_log *l, const char *text)
{
    function_log_take(l, text, strlen(text));
}

static void assert_tail(struct function_log *l, const char *expected)
{
    struct bytes tail = function_log_tail(l);

    ck_assert_uint_eq(tail.len, strlen(expected));
    if (tail.len)
        ck_assert_mem_eq(tail.data, expected, tail.len);
}

START_TEST(output_becomes_lines)
{
    struct clock_source clock = {0};
    struct function_log l = {.clock = &clock};

    function_log_init(&l);
    function_log_begin(&l);
    assert_tail(&l, "");
    take(&l, "\none\ntw");
    take(&l, "o\rlines\n");
    take(&l, "rest");
    assert_tail(&l, "\none\ntwo\nlines\n");
    function_log_add(&l, "END %d\n", 1);
    assert_tail(&l, "\none\ntwo\nlines\nrest\nEND 1\n");
    function_log_begin(&l);
    assert_tail(&l, "");
    function_log_release(&l);
}
END_TEST

START_TEST(a_flood_is_cut)
{
    struct clock_source clock = {0};
    struct function_log l = {.clock = &clock};
    AUTO_FREE char *block = x_malloc(1 << 20);

    memset(block, 'x', 1 << 20);
    function_log_init(&l);
    function_log_begin(&l);
    for (int i = 0; i < 100; i++)
        function_log_take(&l, block, 1 << 20); /* never a newline */
    ck_assert_uint_lt(l.line.capacity + l.tail.capacity, 2 << 20);
    function_log_add(&l, "END\n");
    struct bytes tail = function_log_tail(&l);
    ck_assert_uint_eq(tail.len, LOG_TAIL_MAX);
    ck_assert_mem_eq(tail.data + tail.len - 4, "END\n", 4);
    ck_assert_ptr_nonnull(memmem(tail.data, tail.len, "is dropped", 10));
    function_log_release(&l);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lambda_batch");
    TCase *c = tcase_create("lambda_batch");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, names_in_every_form);
    tcase_add_test(c, names_that_are_none);
    tcase_add_test(c, a_batch_is_delivered_whole);
    tcase_add_test(c, a_batch_that_is_too_large_goes_in_pieces);
    tcase_add_test(c, retries_are_counted);
    tcase_add_test(c, bisecting_isolates_the_poison_and_keeps_the_order);
    tcase_add_test(c, old_records_are_given_up);
    tcase_add_test(c, lack_of_room_is_no_failure);
    tcase_add_test(c, what_is_done_is_not_tried_again);
    tcase_add_test(c, a_kinesis_record_is_written_as_aws_does);
    tcase_add_test(c, output_becomes_lines);
    tcase_add_test(c, a_flood_is_cut);
    suite_add_tcase(s, c);
    return run_suite(s);
}
