/* Sequence numbers, hash keys, shard names and iterators. */
#include "handlers/kinesis/hash.h"
#include "handlers/kinesis/iterator.h"
#include "handlers/kinesis/name.h"
#include "handlers/kinesis/operations.h"
#include "handlers/kinesis/receipt.h"
#include "handlers/kinesis/sequence.h"
#include "tests/unit/run_suite.h"

#include <check.h>

/* --- sequence numbers --- */

START_TEST(sequence_agrees_with_aws)
{
    /* From the examples of AWS's API reference. */
    static const char known[] = "49543463076570308322303623326179887152428262250726293522";
    struct kinesis_sequence seq;
    char text[KINESIS_SEQUENCE_MAX];

    ck_assert(kinesis_sequence_parse(known, &seq));
    ck_assert_int_eq(seq.version, 2);
    ck_assert_int_eq(seq.shard, 1);
    ck_assert_int_eq(seq.shard_created_s, 1411403981);
    ck_assert_int_eq(seq.at_s, 1411431220);
    ck_assert_int_eq(seq.number, 5500);
    kinesis_sequence_format(&seq, text);
    ck_assert_str_eq(text, known);
}
END_TEST

START_TEST(sequence_comes_back)
{
    const struct kinesis_sequence in[] = {
        {2, 1770000000, 0, 0, 1770000000},
        {2, 1770000000, 17, 1, 1770000001},
        {2, 1770000000, INT32_MAX, (INT64_C(1) << 40) - 1, 1999999999},
        {2, 0, 1, INT64_MAX, 1},
        {2, INT64_C(16025174999), INT32_MAX, INT64_MAX, 0xfffffffff},
        {2, 0, 0, 0, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(in); i++) {
        struct kinesis_sequence out;
        char text[KINESIS_SEQUENCE_MAX];

        kinesis_sequence_format(&in[i], text);
        ck_assert_uint_eq(strlen(text), 56);
        ck_assert(kinesis_sequence_parse(text, &out));
        ck_assert_int_eq(out.version, 2);
        ck_assert_int_eq(out.shard, in[i].shard);
        ck_assert_int_eq(out.number, in[i].number);
        ck_assert_int_eq(out.at_s, in[i].at_s);
        ck_assert_int_eq(out.shard_created_s, in[i].shard_created_s);
    }
}
END_TEST

START_TEST(sequence_grows_though_the_clock_goes_back)
{
    struct kinesis_shard shard = {.index = 3, .created_ms = 1770000000000};
    char before[KINESIS_SEQUENCE_MAX];
    char after[KINESIS_SEQUENCE_MAX];

    kinesis_sequence_of(&shard, 41, 1770000500000, before);
    kinesis_sequence_of(&shard, 42, 1770000100000, after);
    ck_assert_int_lt(strcmp(before, after), 0); /* both have 56 digits */
}
END_TEST

START_TEST(sequence_refuses_what_is_none)
{
    static const char *const wrong[] = {
        "",
        "x",
        "1x",
        "-1",
        " 1",
        "680564733841876926926749214863536422912",                            /* 2^129 */
        "49039857307708443467467104868809893875799651909875269632",           /* 2^185, version 0 */
        "100000000000000000000000000000000000000000000000000000000000000000", /* too long */
        "73559785961562665201200657303214840813699477864812904446",           /* 2^185 * 1.5 */
    };
    struct kinesis_sequence seq;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        ck_assert_msg(!kinesis_sequence_parse(wrong[i], &seq), "%s", wrong[i]);
    ck_assert(kinesis_sequence_parse("0", &seq));
    ck_assert_int_eq(seq.version, 0);
}
END_TEST

/* --- hash keys --- */

static bool follows(const uint8_t end[KINESIS_HASH_LEN], const uint8_t start[KINESIS_HASH_LEN])
{
    uint8_t next[KINESIS_HASH_LEN];

    memcpy(next, end, sizeof(next));
    for (int i = KINESIS_HASH_LEN - 1; i >= 0 && ++next[i] == 0; i--)
        ;
    return memcmp(next, start, sizeof(next)) == 0;
}

START_TEST(hash_parts_cover_everything_once)
{
    static const size_t counts[] = {1, 2, 3, 5, 16, 100, 4096, 20000};
    static const uint8_t zero[KINESIS_HASH_LEN];
    uint8_t last[KINESIS_HASH_LEN];

    memset(last, 0xff, sizeof(last));
    for (size_t c = 0; c < ARRAY_LEN(counts); c++) {
        struct kinesis_hash_range part = kinesis_hash_part(0, counts[c]);
        ck_assert_mem_eq(part.start, zero, sizeof(zero));
        for (size_t i = 1; i < counts[c]; i++) {
            struct kinesis_hash_range next = kinesis_hash_part(i, counts[c]);
            ck_assert(follows(part.end, next.start));
            part = next;
        }
        ck_assert_mem_eq(part.end, last, sizeof(last));
    }
}
END_TEST

START_TEST(hash_part_agrees_with_aws)
{
    char text[KINESIS_HASH_TEXT];

    kinesis_hash_format(kinesis_hash_part(0, 3).end, text);
    ck_assert_str_eq(text, "113427455640312821154458202477256070484");
    kinesis_hash_format(kinesis_hash_part(1, 3).end, text);
    ck_assert_str_eq(text, "226854911280625642308916404954512140969");
    kinesis_hash_format(kinesis_hash_part(2, 3).end, text);
    ck_assert_str_eq(text, "340282366920938463463374607431768211455");
    kinesis_hash_format(kinesis_hash_part(0, 2).end, text);
    ck_assert_str_eq(text, "170141183460469231731687303715884105727");
    kinesis_hash_format(kinesis_hash_part(0, 1).start, text);
    ck_assert_str_eq(text, "0");
}
END_TEST

START_TEST(hash_text_is_bounded)
{
    uint8_t hash[KINESIS_HASH_LEN];
    char text[KINESIS_HASH_TEXT];

    ck_assert(kinesis_hash_parse("340282366920938463463374607431768211455", hash));
    kinesis_hash_format(hash, text);
    ck_assert_str_eq(text, "340282366920938463463374607431768211455");
    ck_assert(!kinesis_hash_parse("340282366920938463463374607431768211456", hash));
    ck_assert(!kinesis_hash_parse("999999999999999999999999999999999999999", hash));
    ck_assert(!kinesis_hash_parse("", hash));
    ck_assert(!kinesis_hash_parse("1a", hash));
    kinesis_hash_of_key("a", hash); /* MD5 0cc175b9c0f1b6a831c399e269772661 */
    kinesis_hash_format(hash, text);
    ck_assert_str_eq(text, "16955237001963240173058271559858726497");
}
END_TEST

START_TEST(hash_routes_to_the_range)
{
    enum { COUNT = 5 };
    struct kinesis_shard shards[COUNT];
    struct kinesis_shard *open[COUNT];
    struct kinesis_stream stream = {.open = open, .open_count = COUNT};

    for (size_t i = 0; i < COUNT; i++) {
        shards[i] = (struct kinesis_shard){.range = kinesis_hash_part(i, COUNT)};
        open[i] = &shards[i];
    }
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_ptr_eq(kinesis_hash_route(&stream, shards[i].range.start), &shards[i]);
        ck_assert_ptr_eq(kinesis_hash_route(&stream, shards[i].range.end), &shards[i]);
    }
    /* MD5 0c..., 92..., 4a...; fifths begin at 00, 33, 66, 99 and cc. */
    ck_assert_ptr_eq(kinesis_hash_route_key(&stream, "a"), &shards[0]);
    ck_assert_ptr_eq(kinesis_hash_route_key(&stream, "b"), &shards[2]);
    ck_assert_ptr_eq(kinesis_hash_route_key(&stream, "c"), &shards[1]);
    stream.open_count = COUNT - 1;
    ck_assert_ptr_null(kinesis_hash_route(&stream, shards[COUNT - 1].range.start));
    stream.open_count = 1;
    ck_assert_ptr_eq(kinesis_hash_route_key(&stream, "b"), &shards[0]);
}
END_TEST

/* --- names and iterators --- */

START_TEST(arns_name_streams_and_consumers)
{
    static const char *const wrong[] = {
        "",
        "orders",
        "arn:aws:kinesis:us-east-1:123456789012:orders",
        "arn:aws:sqs:us-east-1:123456789012:stream/orders",
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders/",
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/c",
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders/producer/c:5",
    };
    struct kinesis_arn arn;
    struct arena a;

    arena_init(&a);
    ck_assert(kinesis_arn_read(&a, "arn:aws:kinesis:eu-west-1:123456789012:stream/orders", &arn));
    ck_assert_str_eq(arn.stream, "orders");
    ck_assert_str_eq(arn.scope.account, "123456789012");
    ck_assert_str_eq(arn.scope.region, "eu-west-1");
    ck_assert_ptr_null(arn.consumer);
    ck_assert(kinesis_arn_read(
        &a, "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/c:1700000000", &arn));
    ck_assert_str_eq(arn.stream, "orders");
    ck_assert_str_eq(arn.consumer, "c");
    ck_assert_str_eq(arn.created_s, "1700000000");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        ck_assert_msg(!kinesis_arn_read(&a, wrong[i], &arn), "%s", wrong[i]);
    arena_release(&a);
}
END_TEST

START_TEST(shard_names_are_read_as_aws_does)
{
    static const char *const wrong[] = {"",           "-",          "shardId-", "a",
                                        "shardId--1", "2147483648", "1-a"};
    int32_t index = -1;

    ck_assert(kinesis_shard_index("shardId-000000000007", &index) && index == 7);
    ck_assert(kinesis_shard_index("0", &index) && index == 0);
    ck_assert(kinesis_shard_index("shard-5", &index) && index == 5);
    ck_assert(kinesis_shard_index("x-00000000003", &index) && index == 3);
    ck_assert(kinesis_shard_index("2147483647", &index) && index == INT32_MAX);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        ck_assert_msg(!kinesis_shard_index(wrong[i], &index), "%s", wrong[i]);
}
END_TEST

/* --- how far behind a reader is --- */

START_TEST(only_who_has_read_everything_is_not_behind)
{
    struct kinesis_shard shard = {.next = 3};
    struct kinesis_record read = {.number = 1, .at_ms = 5000};
    struct kinesis_batch batch = {.records = &read, .count = 1, .next = 2};

    ck_assert_int_eq(kinesis_behind_ms(&shard, &batch, 5070), 70);
    ck_assert_int_eq(kinesis_behind_ms(&shard, &batch, 5000), 1); /* within a millisecond */
    ck_assert_int_eq(kinesis_behind_ms(&shard, &batch, 4000), 1); /* the clock went back */
    batch.next = 3;
    ck_assert_int_eq(kinesis_behind_ms(&shard, &batch, 5070), 0);
}
END_TEST

START_TEST(iterator_comes_back_and_nothing_else)
{
    const uint8_t secret[KINESIS_SECRET_LEN] = "0123456789abcdef0123456789abcde";
    const uint8_t other[KINESIS_SECRET_LEN] = "0123456789abcdef0123456789abcdX";
    struct kinesis_iterator in = {.made_ms = 1770000000123, .shard = 77, .next = 12345, .index = 3};
    struct kinesis_iterator out;
    struct arena a;
    char *text;

    arena_init(&a);
    for (size_t length = 1; length <= KINESIS_STREAM_NAME_MAX; length += 7) {
        memset(in.stream, 's', length);
        in.stream[length] = '\0';
        text = kinesis_iterator_format(&in, secret, &a);
        ck_assert_uint_le(strlen(text), 512);
        ck_assert(kinesis_iterator_parse(text, secret, &a, &out));
        ck_assert_int_eq(out.made_ms, in.made_ms);
        ck_assert_int_eq(out.shard, in.shard);
        ck_assert_int_eq(out.next, in.next);
        ck_assert_int_eq(out.index, in.index);
        ck_assert_str_eq(out.stream, in.stream);
        ck_assert(!kinesis_iterator_parse(text, other, &a, &out));
        for (size_t i = 0; i < strlen(text); i += 5) {
            char was = text[i];
            text[i] = was == 'B' ? 'C' : 'B';
            ck_assert(!kinesis_iterator_parse(text, secret, &a, &out));
            text[i] = was;
        }
        text[strlen(text) - 4] = '\0';
        ck_assert(!kinesis_iterator_parse(text, secret, &a, &out));
    }
    ck_assert(!kinesis_iterator_parse("", secret, &a, &out));
    ck_assert(!kinesis_iterator_parse("AAAA", secret, &a, &out));
    arena_release(&a);
}
END_TEST

START_TEST(receipt_comes_back_and_nothing_else)
{
    static const uint8_t secret[KINESIS_SECRET_LEN] = {1, 2, 3};
    static const uint8_t other[KINESIS_SECRET_LEN] = {1, 2, 4};
    const struct kinesis_receipt in[] = {
        {.queue = 1, .shard = 0, .number = 1, .delivery = 1, .dead = false},
        {.queue = INT64_MAX, .shard = INT32_MAX, .number = 1L << 40, .delivery = 77, .dead = true},
    };
    struct kinesis_receipt out;
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(in); i++) {
        char *text = kinesis_receipt_format(&in[i], secret, &a);

        ck_assert(kinesis_receipt_parse(text, secret, &out));
        ck_assert_int_eq(out.queue, in[i].queue);
        ck_assert_int_eq(out.shard, in[i].shard);
        ck_assert_int_eq(out.number, in[i].number);
        ck_assert_int_eq(out.delivery, in[i].delivery);
        ck_assert_int_eq(out.dead, in[i].dead);
        ck_assert(!kinesis_receipt_parse(text, other, &out));
        for (char *c = text; *c && *c != '='; c++) {
            char before = *c;
            *c = before == 'A' ? 'B' : 'A';
            ck_assert(!kinesis_receipt_parse(text, secret, &out));
            *c = before;
        }
        text[strlen(text) - 4] = '\0';
        ck_assert(!kinesis_receipt_parse(text, secret, &out));
    }
    ck_assert(!kinesis_receipt_parse("", secret, &out));
    arena_release(&a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kinesis codes");
    TCase *tc = tcase_create("kinesis codes");

    tcase_add_test(tc, sequence_agrees_with_aws);
    tcase_add_test(tc, sequence_comes_back);
    tcase_add_test(tc, sequence_grows_though_the_clock_goes_back);
    tcase_add_test(tc, sequence_refuses_what_is_none);
    tcase_add_test(tc, hash_parts_cover_everything_once);
    tcase_add_test(tc, hash_part_agrees_with_aws);
    tcase_add_test(tc, hash_text_is_bounded);
    tcase_add_test(tc, hash_routes_to_the_range);
    tcase_add_test(tc, arns_name_streams_and_consumers);
    tcase_add_test(tc, shard_names_are_read_as_aws_does);
    tcase_add_test(tc, only_who_has_read_everything_is_not_behind);
    tcase_add_test(tc, iterator_comes_back_and_nothing_else);
    tcase_add_test(tc, receipt_comes_back_and_nothing_else);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
