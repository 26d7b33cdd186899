/* Aggregates of the Kinesis Producer Library, made here by hand. */
#include "handlers/firehose/kpl.h"

#include "server/base/digest.h"
#include "server/base/strbuf.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena arena;

static void set_up(void)
{
    arena_init(&arena);
}

static void tear_down(void)
{
    arena_release(&arena);
}

static struct bytes aggregate(const void *message, size_t len)
{
    struct strbuf b = STRBUF_INIT(1000);
    uint8_t digest[MD5_LEN];
    struct bytes out;

    md5(message, len, digest);
    strbuf_add(&b, "\xf3\x89\x9a\xc2", 4);
    strbuf_add(&b, message, len);
    strbuf_add(&b, digest, sizeof(digest));
    out = (struct bytes){arena_memdup(&arena, b.data, b.len), b.len};
    strbuf_release(&b);
    return out;
}

/* Two keys, two records of which the second has the first key. */
static const char message[] = "\x0a\x01"
                              "a"
                              "\x0a\x02"
                              "bc"
                              "\x1a\x07\x08\x01\x1a\x03"
                              "one"
                              "\x1a\x09\x08\x00\x10\x00\x1a\x03"
                              "two";

START_TEST(an_aggregate_is_opened)
{
    struct kpl_records out;

    kpl_open(&arena, aggregate(message, sizeof(message) - 1), "outer", &out);
    ck_assert_uint_eq(out.count, 2);
    ck_assert_str_eq(out.items[0].partition_key, "bc");
    ck_assert_mem_eq(out.items[0].data.data, "one", 3);
    ck_assert_str_eq(out.items[1].partition_key, "a");
    ck_assert_mem_eq(out.items[1].data.data, "two", 3);
    ck_assert_uint_eq(out.items[1].number, 1);
}
END_TEST

static void expect_whole(struct bytes data)
{
    struct kpl_records out;

    kpl_open(&arena, data, "outer", &out);
    ck_assert_uint_eq(out.count, 1);
    ck_assert_str_eq(out.items[0].partition_key, "outer");
    ck_assert_ptr_eq(out.items[0].data.data, data.data);
    ck_assert_uint_eq(out.items[0].data.len, data.len);
}

START_TEST(what_is_no_aggregate_stays_whole)
{
    struct bytes good = aggregate(message, sizeof(message) - 1);

    expect_whole((struct bytes){(const uint8_t *)"plain", 5});
    expect_whole((struct bytes){good.data, good.len - 1}); /* the digest does not fit */
    expect_whole(aggregate("", 0));
    expect_whole(aggregate("\x0a\x01"
                           "a",
                           3)); /* keys, no records */
    expect_whole(aggregate("\x1a\x05\x08\x05\x1a\x01"
                           "x",
                           7));                                     /* no such key */
    expect_whole(aggregate("\x1a\xff\xff\xff\xff\xff\xff\x01", 8)); /* a length beyond the end */
    expect_whole(aggregate("\x1b", 1));                             /* no such type */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("firehose_kpl");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, an_aggregate_is_opened);
    tcase_add_test(tc, what_is_no_aggregate_stays_whole);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
