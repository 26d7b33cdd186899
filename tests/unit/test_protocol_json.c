/* AWS JSON through real models: what is read, what is refused and in which words, how errors look.
 */
#include <check.h>

#include "tests/unit/request_fixture.h"

#include "gen/kinesis.h"
#include "gen/lambda.h"
#include "gen/sqs.h"
#include "gen/sts.h"
#include "tests/unit/run_suite.h"

START_TEST(test_members_in_any_order)
{
    struct request_fixture f;
    fixture_open(&f, &kinesis_model, "PutRecord", PROTOCOL_JSON_1_1);
    const struct kinesis_PutRecordInput *in = fixture_decode_text(
        &f, "{\"PartitionKey\":\"p\\u00e9\",\"Unknown\":{\"a\":[1,{}]},"
            "\"StreamName\":null,\"Data\":\"aGVsbG8=\",\"PartitionKey\":\"q\"}");

    ck_assert_ptr_nonnull(in);
    ck_assert_str_eq(in->PartitionKey, "q"); /* the last one counts */
    ck_assert_ptr_null(in->StreamName);
    ck_assert_uint_eq(in->Data.len, 5);
    ck_assert_mem_eq(in->Data.data, "hello", 5);
    fixture_close(&f);
}
END_TEST

START_TEST(test_empty_is_not_absent)
{
    struct request_fixture f;
    fixture_open(&f, &kinesis_model, "PutRecords", PROTOCOL_JSON_1_1);
    const struct kinesis_PutRecordsInput *in =
        fixture_decode_text(&f, "{\"Records\":[],\"StreamName\":\"\"}");
    ck_assert_ptr_nonnull(in->Records.items);
    ck_assert_uint_eq(in->Records.count, 0);
    ck_assert_str_eq(in->StreamName, "");

    in = fixture_decode_text(&f, "{}");
    ck_assert_ptr_null(in->Records.items);

    in = fixture_decode_text(&f, "{\"Records\":[{\"Data\":\"\",\"PartitionKey\":\"a\"},null]}");
    ck_assert_uint_eq(in->Records.count, 1); /* nulls in a list are dropped */
    ck_assert_ptr_nonnull(in->Records.items[0].Data.data);
    ck_assert_uint_eq(in->Records.items[0].Data.len, 0);
    fixture_close(&f);
}
END_TEST

START_TEST(test_numbers)
{
    static const struct {
        const char *text;
        int32_t value;
    } numbers[] = {
        {"7", 7},
        {"-7", -7},
        {"2.9", 2},
        {"1e2", 100},
        {"2147483648", INT32_MAX},
        {"-99999999999999999999999", INT32_MIN},
        {"1e400", INT32_MAX},
    };

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        struct request_fixture f;
        fixture_open(&f, &kinesis_model, "CreateStream", PROTOCOL_JSON_1_1);
        char text[100];
        snprintf(text, sizeof(text), "{\"ShardCount\":%s}", numbers[i].text);
        const struct kinesis_CreateStreamInput *in = fixture_decode_text(&f, text);
        if (!in)
            ck_assert_msg(str_eq(numbers[i].text, "1e400"), "%s", numbers[i].text);
        else
            ck_assert_int_eq(in->ShardCount.value, numbers[i].value);
        fixture_close(&f);
    }
}
END_TEST

START_TEST(test_timestamps)
{
    struct request_fixture f;
    fixture_open(&f, &kinesis_model, "GetShardIterator", PROTOCOL_JSON_1_1);
    const struct kinesis_GetShardIteratorInput *in =
        fixture_decode_text(&f, "{\"Timestamp\":1.636557843123E9}");
    ck_assert(in->Timestamp.set);
    ck_assert_int_eq(in->Timestamp.ms, 1636557843123);
    ck_assert_ptr_null(fixture_decode_text(&f, "{\"Timestamp\":1e300}"));
    ck_assert_ptr_null(fixture_decode_text(&f, "{\"Timestamp\":\"2020-01-01T00:00:00Z\"}"));
    fixture_close(&f);
}
END_TEST

START_TEST(test_maps_keep_the_last_of_equal_keys)
{
    struct request_fixture f;
    struct strbuf b = STRBUF_INIT(1 << 20);

    fixture_open(&f, &kinesis_model, "CreateStream", PROTOCOL_JSON_1_1);
    const struct kinesis_CreateStreamInput *in =
        fixture_decode_text(&f, "{\"Tags\":{\"a\":\"1\",\"b\":\"2\",\"a\":\"3\"}}");
    ck_assert_uint_eq(in->Tags.count, 2);
    ck_assert_str_eq(in->Tags.items[1].key, "a");
    ck_assert_str_eq(in->Tags.items[1].value, "3");

    strbuf_add_text(&b, "{\"Tags\":{\"x\":\"old\"");
    for (int i = 0; i < 1000; i++)
        strbuf_add_format(&b, ",\"k%d\":\"%d\"", i % 500, i);
    strbuf_add_text(&b, ",\"x\":\"new\"}}");
    in = fixture_decode(&f, b.data, b.len);
    ck_assert_uint_eq(in->Tags.count, 501);
    ck_assert_str_eq(in->Tags.items[500].value, "new");
    strbuf_release(&b);
    fixture_close(&f);
}
END_TEST

struct refusal {
    const struct model *model;
    const char *operation;
    enum json_words words;
    const char *body;
    const char *message;
};

static const struct refusal refusals[] = {
    {&kinesis_model, "PutRecord", JSON_WORDS_CLASSES, "{\"StreamName\":1}",
     "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an "
     "String"},
    {&kinesis_model, "PutRecord", JSON_WORDS_CLASSES, "{\"StreamName\":true}",
     "class java.lang.Boolean can not be converted to an String"},
    {&kinesis_model, "PutRecord", JSON_WORDS_CLASSES, "{\"StreamName\":{}}",
     "Start of structure or map found where not expected."},
    {&kinesis_model, "PutRecord", JSON_WORDS_CLASSES, "{\"StreamName\":[]}",
     "Start of list found where not expected"},
    {&kinesis_model, "PutRecord", JSON_WORDS_CLASSES, "{\"Data\":\"23456\"}",
     "'23456' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 "
     "bytes but found: 5"},
    {&kinesis_model, "PutRecord", JSON_WORDS_CLASSES, "{\"Data\":\"=+/=\"}",
     "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='"},
    {&kinesis_model, "PutRecord", JSON_WORDS_CLASSES, "{\"Data\":\"+/+=\"}",
     "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"},
    {&kinesis_model, "PutRecords", JSON_WORDS_CLASSES, "{\"Records\":\"a\"}",
     "Expected list or null"},
    {&kinesis_model, "PutRecords", JSON_WORDS_CLASSES, "{\"Records\":[1]}", "Expected null"},
    {&kinesis_model, "CreateStream", JSON_WORDS_CLASSES, "{\"Tags\":1}", "Expected map or null"},
    {&kinesis_model, "CreateStream", JSON_WORDS_CLASSES, "{\"ShardCount\":\"1\"}",
     "class java.lang.String can not be converted to an Integer"},
    {&kinesis_model, "CreateStream", JSON_WORDS_COMMON, "{\"ShardCount\":\"1\"}",
     "STRING_VALUE can not be converted to an Integer"},
    {&kinesis_model, "CreateStream", JSON_WORDS_COMMON, "{\"StreamName\":1.5}",
     "NUMBER_VALUE can not be converted to a String"},
    {&kinesis_model, "CreateStream", JSON_WORDS_DYNAMODB, "{\"StreamName\":1.5}",
     "DECIMAL_VALUE cannot be converted to String"},
    {&kinesis_model, "CreateStream", JSON_WORDS_DYNAMODB, "{\"StreamName\":{}}",
     "Start of structure or map found where not expected"},
    {&kinesis_model, "CreateStream", JSON_WORDS_DYNAMODB, "{\"StreamName\":[]}",
     "Unrecognized collection type class java.lang.String"},
    {&kinesis_model, "PutRecords", JSON_WORDS_DYNAMODB, "{\"Records\":5}", "Unexpected field type"},
    {&kinesis_model, "PutRecords", JSON_WORDS_DYNAMODB, "{\"Records\":[5]}",
     "Unexpected value type in payload"},
    {&kinesis_model, "PutRecord", JSON_WORDS_DYNAMODB, "{\"Data\":5}",
     "only base-64-encoded strings are convertible to bytes"},
    /* Malformed text gets no message at all. */
    {&kinesis_model, "PutRecord", JSON_WORDS_COMMON, "", ""},
    {&kinesis_model, "PutRecord", JSON_WORDS_COMMON, "{", ""},
    {&kinesis_model, "PutRecord", JSON_WORDS_COMMON, "null", ""},
    {&kinesis_model, "PutRecord", JSON_WORDS_COMMON, "\"x\"", ""},
    {&kinesis_model, "PutRecord", JSON_WORDS_COMMON, "{\"StreamName\":\"a\",}", ""},
    {&kinesis_model, "PutRecord", JSON_WORDS_COMMON, "{} {}", ""},
    {&kinesis_model, "PutRecord", JSON_WORDS_COMMON, "{\"StreamName\":\"\xFF\"}", ""},
    {&kinesis_model, "PutRecord", JSON_WORDS_COMMON, "[]",
     "Start of list found where not expected"},
    {&kinesis_model, "PutRecord", JSON_WORDS_COMMON, "{\"StreamName\":\"a\\u0000b\"}",
     "A NUL character can not be part of a String"},
};

START_TEST(test_refusals)
{
    const struct refusal *c = &refusals[_i];
    struct request_fixture f;

    fixture_open(&f, c->model, c->operation, PROTOCOL_JSON_1_1);
    f.service.json_words = c->words;
    ck_assert_msg(!fixture_decode_text(&f, c->body), "%s", c->body);
    ck_assert_str_eq(f.req.failure.error->code, "SerializationException");
    ck_assert_str_eq(f.req.failure.message, c->message);
    fixture_close(&f);
}
END_TEST

START_TEST(test_deep_documents)
{
    static char text[30000];
    struct request_fixture f;
    size_t len = (size_t)snprintf(text, sizeof(text), "{\"Unknown\":");

    memset(text + len, '[', 10000);
    fixture_open(&f, &kinesis_model, "PutRecord", PROTOCOL_JSON_1_1);
    ck_assert_ptr_null(fixture_decode(&f, text, len + 10000));
    ck_assert_str_eq(f.req.failure.message, "The request is nested too deeply");
    fixture_close(&f);
}
END_TEST

/* 5 million empty records would be 200 MB of structs. */
START_TEST(test_small_elements_are_not_blown_up)
{
    struct strbuf b = STRBUF_INIT(16 << 20);
    struct request_fixture f;

    strbuf_add_text(&b, "{\"Records\":[{}");
    for (int i = 0; i < 5000000; i++)
        strbuf_add(&b, ",{}", 3);
    strbuf_add_text(&b, "]}");
    fixture_open(&f, &kinesis_model, "PutRecords", PROTOCOL_JSON_1_1);
    ck_assert_ptr_null(fixture_decode(&f, b.data, b.len));
    ck_assert_str_eq(f.req.failure.message, "The request is too large");
    strbuf_release(&b);
    fixture_close(&f);
}
END_TEST

START_TEST(test_encode)
{
    struct request_fixture f;
    struct kinesis_Record records[] = {
        {.SequenceNumber = "1",
         .Data = {(const uint8_t *)"hello", 5},
         .PartitionKey = "p",
         .ApproximateArrivalTimestamp = SOME_TIME(1636557843120)},
    };
    struct kinesis_GetRecordsOutput out = {.Records = {records, 1},
                                           .MillisBehindLatest = SOME_LONG(0)};

    fixture_open(&f, &kinesis_model, "GetRecords", PROTOCOL_JSON_1_1);
    protocol_encode(&f.req, &kinesis_model, f.req.operation, &out);
    ck_assert_str_eq(fixture_body(&f),
                     "{\"Records\":[{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":"
                     "1636557843.12,\"Data\":\"aGVsbG8=\",\"PartitionKey\":\"p\"}],"
                     "\"MillisBehindLatest\":0}");
    ck_assert_int_eq(f.req.response.status, 200);
    ck_assert_str_eq(fixture_header(&f, "content-type"), "application/x-amz-json-1.1");
    ck_assert_str_eq(fixture_header(&f, "x-amzn-requestid"), "id-1");
    fixture_close(&f);
}
END_TEST

START_TEST(test_no_output_is_no_body)
{
    struct request_fixture f;

    fixture_open(&f, &kinesis_model, "CreateStream", PROTOCOL_JSON_1_1);
    protocol_encode(&f.req, &kinesis_model, f.req.operation, NULL);
    ck_assert_str_eq(fixture_body(&f), "");
    ck_assert_int_eq(f.req.response.kind, BODY_BYTES);
    fixture_close(&f);
}
END_TEST

static const char *test_type(const struct request *req, const struct aws_error *error)
{
    (void)req;
    (void)error;
    return "com.example#";
}

START_TEST(test_json_errors)
{
    struct request_fixture f;

    fixture_open(&f, &kinesis_model, "PutRecord", PROTOCOL_JSON_1_1);
    response_header(&f.req, "X-Before", "1");
    strbuf_add_text(&f.req.response.bytes, "half an answer");
    aws_fail(&f.req, &kinesis_ResourceNotFoundException, "Stream %s not found", "a\"b");
    protocol_encode_error(&f.req);
    ck_assert_int_eq(f.req.response.status, 400);
    ck_assert_str_eq(fixture_body(&f), "{\"__type\":\"ResourceNotFoundException\",\"message\":"
                                       "\"Stream a\\\"b not found\"}");
    ck_assert_str_eq(fixture_header(&f, "x-amzn-errortype"), "ResourceNotFoundException");
    ck_assert_ptr_null(fixture_header(&f, "x-before"));
    fixture_close(&f);

    fixture_open(&f, &kinesis_model, "PutRecord", PROTOCOL_JSON_1_0);
    f.service.error_type = test_type;
    fixture_decode_text(&f, "{\"Data\":1}");
    protocol_encode_error(&f.req);
    ck_assert_str_eq(fixture_body(&f), "{\"__type\":\"com.example#SerializationException\","
                                       "\"Message\":\"NUMBER_VALUE can not be converted to a "
                                       "Blob\"}");
    fixture_close(&f);
}
END_TEST

START_TEST(test_query_compatible_errors)
{
    static const struct aws_error gone = {.name = "QueueDoesNotExist",
                                          .code = "QueueDoesNotExist",
                                          .query_code = "AWS.SimpleQueueService.NonExistentQueue",
                                          .status = 400,
                                          .sender_fault = true};
    struct request_fixture f;

    fixture_open(&f, &sqs_model, "SendMessage", PROTOCOL_JSON_1_0);
    aws_fail(&f.req, &gone, "gone");
    protocol_encode_error(&f.req);
    ck_assert_str_eq(fixture_header(&f, "x-amzn-query-error"),
                     "AWS.SimpleQueueService.NonExistentQueue;Sender");
    ck_assert_ptr_nonnull(strstr(fixture_body(&f), "QueueDoesNotExist"));
    fixture_close(&f);
}
END_TEST

START_TEST(test_errors_before_routing)
{
    struct request_fixture f;

    fixture_open(&f, &kinesis_model, "PutRecord", PROTOCOL_JSON_1_1);
    f.req.service = NULL;
    f.req.operation = NULL;
    f.req.protocol = 0;
    aws_fail(&f.req, &aws_UnknownOperationException, "%s", "");
    protocol_encode_error(&f.req);
    ck_assert_str_eq(fixture_body(&f), "{\"__type\":\"UnknownOperationException\"}");
    ck_assert_int_eq(f.req.response.status, 400);
    fixture_close(&f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("protocol_json");
    TCase *t = tcase_create("all");

    tcase_add_test(t, test_members_in_any_order);
    tcase_add_test(t, test_empty_is_not_absent);
    tcase_add_test(t, test_numbers);
    tcase_add_test(t, test_timestamps);
    tcase_add_test(t, test_maps_keep_the_last_of_equal_keys);
    tcase_add_loop_test(t, test_refusals, 0, ARRAY_LEN(refusals));
    tcase_add_test(t, test_deep_documents);
    tcase_add_test(t, test_small_elements_are_not_blown_up);
    tcase_add_test(t, test_encode);
    tcase_add_test(t, test_no_output_is_no_body);
    tcase_add_test(t, test_json_errors);
    tcase_add_test(t, test_query_compatible_errors);
    tcase_add_test(t, test_errors_before_routing);
    suite_add_tcase(s, t);
    return run_suite(s);
}
