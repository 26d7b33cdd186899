/* CBOR: the reader and writer, and Kinesis's dialect of it through its real model. */
#include <check.h>
#include <math.h>

#include "tests/unit/request_fixture.h"

#include "gen/kinesis.h"
#include "server/protocol/cbor_read.h"
#include "server/protocol/cbor_write.h"
#include "tests/unit/run_suite.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_release(&arena);
}

static void open_bytes(struct cr *r, const char *hex, uint8_t *bytes)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        unsigned value = 0;
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &value), 1);
        bytes[i] = (uint8_t)value;
    }
    cr_init(r, bytes, len, &arena, 32);
}

/* Numbers of RFC 8949, appendix A. */
static const struct {
    const char *hex;
    double value;
} numbers[] = {
    {"00", 0},
    {"17", 23},
    {"1818", 24},
    {"1903e8", 1000},
    {"1a000f4240", 1000000},
    {"1bffffffffffffffff", 18446744073709551615.0},
    {"20", -1},
    {"3863", -100},
    {"f93c00", 1.0},
    {"f97bff", 65504.0},
    {"f90001", 5.960464477539063e-8},
    {"f9c400", -4.0},
    {"fa47c35000", 100000.0},
    {"fb3ff199999999999a", 1.1},
    {"f97c00", INFINITY},
    {"f9fc00", -INFINITY},
};

START_TEST(test_numbers)
{
    uint8_t bytes[16];
    struct cr r;
    double value;

    open_bytes(&r, numbers[_i].hex, bytes);
    ck_assert(cr_double(&r, &value));
    ck_assert(value == numbers[_i].value);
    ck_assert(cr_finish(&r));
}
END_TEST

static const char *const whole_values[] = {
    "80",
    "a0",
    "9fff",
    "bfff",
    "f6",
    "f7",
    "f4",
    "83010203",
    "8301820203820405",
    "9f018202039f0405ffff",
    "a201020304",
    "bf61610161629f0203ffff",
    "5f42010243030405ff",
    "7f657374726561646d696e67ff",
    "c074323031332d30332d32315432303a30343a30305a",
    "d9d9f7a0",
    "40",
    "60",
    "fb7ff8000000000000",
};

START_TEST(test_skip_whole_values)
{
    uint8_t bytes[64];
    struct cr r;

    open_bytes(&r, whole_values[_i], bytes);
    ck_assert_msg(cr_skip(&r) && cr_finish(&r), "%s: %s", whole_values[_i], r.error);
}
END_TEST

static const char *const broken_values[] = {
    "",
    "18",
    "19ff",
    "1c",
    "61",
    "62c328",
    "81",
    "a101",
    "9f",
    "bf",
    "bf01ff",
    "ff",
    "5f6161ff",
    "5f41",
    "c0",
    "f8ff",
    "9bffffffffffffffff",
    "5bffffffffffffffff",
    "0000",
    "7f5f4161ffff",
    "f0",
};

START_TEST(test_broken_values_are_refused)
{
    uint8_t bytes[64];
    struct cr r;

    open_bytes(&r, broken_values[_i], bytes);
    ck_assert_msg(!(cr_skip(&r) && cr_finish(&r)), "%s", broken_values[_i]);
}
END_TEST

START_TEST(test_depth_is_bounded)
{
    static uint8_t bytes[10000];
    struct cr r;

    memset(bytes, 0x81, sizeof(bytes));
    cr_init(&r, bytes, sizeof(bytes), &arena, 128);
    ck_assert(!cr_skip(&r));
    ck_assert_str_eq(r.error, "nested too deeply");
}
END_TEST

START_TEST(test_write_and_read_back)
{
    static const int64_t integers[] = {0,          23, 24,  255, 256,       65535,    65536,
                                       4294967296, -1, -24, -25, INT64_MIN, INT64_MAX};
    static const double doubles[] = {0.5, 1.1, -1e300, 1e-320};
    struct strbuf b = STRBUF_INIT(4096);
    struct cr r;
    struct cr_container c;

    cw_array(&b, ARRAY_LEN(integers) + ARRAY_LEN(doubles));
    for (size_t i = 0; i < ARRAY_LEN(integers); i++)
        cw_int(&b, integers[i]);
    for (size_t i = 0; i < ARRAY_LEN(doubles); i++)
        cw_double(&b, doubles[i]);
    cr_init(&r, b.data, b.len, &arena, 8);
    ck_assert(cr_enter_array(&r, &c));
    for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
        int64_t value;
        ck_assert(cr_next(&r, &c) && cr_int(&r, &value));
        ck_assert_int_eq(value, integers[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(doubles); i++) {
        double value;
        ck_assert(cr_next(&r, &c) && cr_double(&r, &value));
        ck_assert(value == doubles[i]);
    }
    ck_assert(!cr_next(&r, &c));
    ck_assert(cr_finish(&r));
    strbuf_release(&b);
}
END_TEST

START_TEST(test_kinesis_request)
{
    /* {_ "Data": (_ h'68', h'69'), "Unknown": [1, {}], "PartitionKey": "p", "StreamName": null} */
    static const uint8_t body[] = "\xBF\x64"
                                  "Data\x5F\x41h\x41i\xFF\x67Unknown\x82\x01\xA0\x6C"
                                  "PartitionKey\x61p\x6AStreamName\xF6\xFF";
    struct request_fixture f;

    fixture_open(&f, &kinesis_model, "PutRecord", PROTOCOL_AMZ_CBOR_1_1);
    const struct kinesis_PutRecordInput *in = fixture_decode(&f, body, sizeof(body) - 1);
    ck_assert_ptr_nonnull(in);
    ck_assert_uint_eq(in->Data.len, 2);
    ck_assert_mem_eq(in->Data.data, "hi", 2);
    ck_assert_str_eq(in->PartitionKey, "p");
    ck_assert_ptr_null(in->StreamName);
    fixture_close(&f);
}
END_TEST

START_TEST(test_timestamps_of_both_dialects)
{
    /* {"Timestamp": 1636557843123} and {"Timestamp": 1(1636557843.5)} */
    static const uint8_t ms[] = "\xA1\x69Timestamp\x1B\x00\x00\x01\x7D\x0A\x57\x2E\x33";
    static const uint8_t tagged[] = "\xA1\x69Timestamp\xC1\xFB\x41\xD8\x62\xF7\xD4\xE0\x00\x00";
    struct request_fixture f;

    fixture_open(&f, &kinesis_model, "GetShardIterator", PROTOCOL_AMZ_CBOR_1_1);
    const struct kinesis_GetShardIteratorInput *in = fixture_decode(&f, ms, sizeof(ms) - 1);
    ck_assert_int_eq(in->Timestamp.ms, 1636556025395);
    f.req.protocol = PROTOCOL_RPC_V2_CBOR;
    in = fixture_decode(&f, tagged, sizeof(tagged) - 1);
    ck_assert_int_eq(in->Timestamp.ms, 1636556627500);
    fixture_close(&f);
}
END_TEST

START_TEST(test_kinesis_answer_reads_back)
{
    struct request_fixture f;
    struct kinesis_Record record = {.SequenceNumber = "1",
                                    .Data = {(const uint8_t *)"\0\xFF", 2},
                                    .PartitionKey = "p",
                                    .ApproximateArrivalTimestamp = SOME_TIME(1636557843123)};
    struct kinesis_GetRecordsOutput out = {.Records = {&record, 1}};
    struct cr_container c;
    struct bytes text;
    struct cr r;
    uint64_t tag = 0;
    int64_t ms = 0;

    fixture_open(&f, &kinesis_model, "GetRecords", PROTOCOL_AMZ_CBOR_1_1);
    protocol_encode(&f.req, &kinesis_model, f.req.operation, &out);
    ck_assert_str_eq(fixture_header(&f, "content-type"), "application/x-amz-cbor-1.1");
    cr_init(&r, f.req.response.bytes.data, f.req.response.bytes.len, &arena, 8);
    ck_assert(cr_enter_map(&r, &c) && cr_next(&r, &c) && cr_text(&r, &text));
    ck_assert_mem_eq(text.data, "Records", 7);
    ck_assert(cr_enter_array(&r, &c) && cr_next(&r, &c));
    for (cr_enter_map(&r, &c); cr_next(&r, &c);) {
        ck_assert(cr_text(&r, &text));
        if (text.len == 27)
            ck_assert(cr_tag(&r, &tag) && tag == 1 && cr_int(&r, &ms));
        else if (text.len == 4)
            ck_assert(cr_bytes(&r, &text) && text.len == 2);
        else
            ck_assert(cr_skip(&r));
    }
    ck_assert_int_eq(ms, 1636557843123);
    fixture_close(&f);
}
END_TEST

START_TEST(test_wrong_types_and_errors)
{
    static const uint8_t body[] = "\xA1\x6AStreamName\x01";
    struct request_fixture f;

    fixture_open(&f, &kinesis_model, "PutRecord", PROTOCOL_AMZ_CBOR_1_1);
    ck_assert_ptr_null(fixture_decode(&f, body, sizeof(body) - 1));
    ck_assert_str_eq(f.req.failure.message, "NUMBER_VALUE can not be converted to a String");
    protocol_encode_error(&f.req);
    ck_assert_str_eq(fixture_header(&f, "x-amzn-errortype"), "SerializationException");
    ck_assert_mem_eq(fixture_body(&f), "\xBF\x66__type\x76SerializationException\x67Message", 37);
    fixture_close(&f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cbor");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, test_numbers, 0, ARRAY_LEN(numbers));
    tcase_add_loop_test(t, test_skip_whole_values, 0, ARRAY_LEN(whole_values));
    tcase_add_loop_test(t, test_broken_values_are_refused, 0, ARRAY_LEN(broken_values));
    tcase_add_test(t, test_depth_is_bounded);
    tcase_add_test(t, test_write_and_read_back);
    tcase_add_test(t, test_kinesis_request);
    tcase_add_test(t, test_timestamps_of_both_dialects);
    tcase_add_test(t, test_kinesis_answer_reads_back);
    tcase_add_test(t, test_wrong_types_and_errors);
    suite_add_tcase(s, t);
    return run_suite(s);
}
