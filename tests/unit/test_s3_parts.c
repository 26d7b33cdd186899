/* Ranges, checksums and names of buckets in hosts. */
#include "handlers/s3/checksum.h"
#include "handlers/s3/range.h"
#include "server/base/crc.h"
#include "server/virtual_host.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static const char *range(const char *text, int64_t size)
{
    static char out[64];
    struct s3_range r;

    switch (s3_range_read(text, size, &r)) {
    case S3_RANGE_ALL:
        return "all";
    case S3_RANGE_UNSATISFIABLE:
        return "416";
    case S3_RANGE_PART:
        break;
    }
    snprintf(out, sizeof(out), "%" PRId64 "-%" PRId64, r.from, r.to);
    return out;
}

START_TEST(ranges)
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {NULL, "all"},
        {"bytes=0-0", "0-1"},
        {"bytes=2-", "2-10"},
        {"bytes=2-100", "2-10"},
        {"bytes=-3", "7-10"},
        {"bytes=-30", "0-10"},
        {"bytes=-0", "416"},
        {"bytes=10-", "416"},
        {"bytes=99999999999999999999-", "416"},
        {"bytes=0-99999999999999999999", "0-10"},
        {"bytes=3-2", "all"},
        {"bytes=1-2,4-5", "all"},
        {"bytes=", "all"},
        {"bytes=-", "all"},
        {"bytes=a-b", "all"},
        {"lines=0-1", "all"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_str_eq(range(cases[i].text, 10), cases[i].wanted);
    ck_assert_str_eq(range("bytes=0-", 0), "416");
    ck_assert_str_eq(range("bytes=-1", 0), "416");
}
END_TEST

START_TEST(exact_ranges)
{
    struct s3_range r;

    ck_assert(s3_range_exact("bytes=0-9", 10, &r) && r.from == 0 && r.to == 10);
    ck_assert(!s3_range_exact("bytes=0-10", 10, &r));
    ck_assert(!s3_range_exact("bytes=0-", 10, &r));
    ck_assert(!s3_range_exact("bytes=-5", 10, &r));
    ck_assert(!s3_range_exact("bytes=2-1", 10, &r));
    ck_assert(!s3_range_exact("0-1", 10, &r));
}
END_TEST

/* The check values of the catalogue of CRCs, and long runs against short ones. */
START_TEST(crcs)
{
    static const uint64_t check[] = {0xcbf43926, 0xe3069283, 0xae8b14860a799888};
    uint8_t data[3000];

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * i + i / 7);
    for (enum crc_kind kind = CRC_32; kind <= CRC_64_NVME; kind++) {
        ck_assert_uint_eq(crc_update(kind, 0, "123456789", 9), check[kind]);
        for (size_t len = 0; len <= sizeof(data); len += len < 300 ? 1 : 97) {
            uint64_t whole = crc_update(kind, 0, data, len), byte = 0, half;

            for (size_t i = 0; i < len; i++)
                byte = crc_update(kind, byte, data + i, 1);
            ck_assert_uint_eq(whole, byte);
            half = crc_update(kind, 0, data, len / 2);
            ck_assert_uint_eq(crc_combine(kind, half,
                                          crc_update(kind, 0, data + len / 2, len - len / 2),
                                          len - len / 2),
                              whole);
        }
    }
}
END_TEST

START_TEST(checksums_of_parts)
{
    struct arena a;
    const char *parts[2];

    arena_init(&a);
    for (enum s3_checksum_algorithm al = S3_CHECKSUM_CRC32; al <= S3_CHECKSUM_XXHASH128; al++) {
        struct s3_hasher *whole = s3_hasher_new(&a, al), *first = s3_hasher_new(&a, al),
                         *second = s3_hasher_new(&a, al);

        s3_hasher_update(whole, "123456789", 9);
        s3_hasher_update(first, "1234", 4);
        s3_hasher_update(second, "56789", 5);
        parts[0] = s3_hasher_end(first);
        parts[1] = s3_hasher_end(second);
        ck_assert(s3_checksum_valid(al, parts[0]));
        ck_assert(!s3_checksum_valid(al, "AAAA"));
        ck_assert_ptr_nonnull(s3_checksum_compose(&a, al, parts, 2));
        if (s3_checksum_joins(al))
            ck_assert_str_eq(s3_checksum_join(&a, al, parts[0], parts[1], 5), s3_hasher_end(whole));
        ck_assert_int_eq(s3_checksum_by_name(s3_checksum_name(al)), al);
        ck_assert_int_eq(s3_checksum_by_header(s3_checksum_header(al)), al);
    }
    ck_assert_int_eq(s3_checksum_by_name("CRC16"), S3_CHECKSUM_NONE);
    parts[1] = "no base64";
    ck_assert_ptr_null(s3_checksum_compose(&a, S3_CHECKSUM_SHA1, parts, 2));
    arena_release(&a);
}
END_TEST

static const char *bucket_of(const char *host)
{
    static const char *const own[] = {"cloud.example"};
    static char text[100];

    snprintf(text, sizeof(text), "%.*s",
             (int)virtual_host_bucket(host, strlen(host), own, ARRAY_LEN(own)), host);
    return text;
}

START_TEST(buckets_in_hosts)
{
    static const struct {
        const char *host, *bucket;
    } cases[] = {
        {"b.localhost", "b"},
        {"my.bucket.localhost", "my.bucket"},
        {"b.s3.localhost", "b"},
        {"b.s3.eu-west-1.localhost", "b"},
        {"b.s3.localhost.localstack.cloud", "b"},
        {"my.bucket.s3.amazonaws.com", "my.bucket"},
        {"b.s3.eu-west-1.amazonaws.com", "b"},
        {"b.s3-eu-west-1.amazonaws.com", "b"},
        {"b.s3.dualstack.eu-west-1.amazonaws.com", "b"},
        {"B.S3.AMAZONAWS.COM", "B"},
        {"b.cloud.example", "b"},
        {"localhost", ""},
        {"s3.localhost", ""},
        {"s3.localhost.localstack.cloud", ""},
        {"s3.eu-west-1.amazonaws.com", ""},
        {"s3.amazonaws.com", ""},
        {"sqs.eu-west-1.amazonaws.com", ""},
        {"sqs.us-east-1.localhost.localstack.cloud", ""},
        {"id.lambda-url.us-east-1.localhost", ""},
        {"127.0.0.1", ""},
        {"cloud.example", ""},
        {"", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_str_eq(bucket_of(cases[i].host), cases[i].bucket);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("s3 parts");
    TCase *tests = tcase_create("s3 parts");

    tcase_add_test(tests, ranges);
    tcase_add_test(tests, exact_ranges);
    tcase_add_test(tests, crcs);
    tcase_add_test(tests, checksums_of_parts);
    tcase_add_test(tests, buckets_in_hosts);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
