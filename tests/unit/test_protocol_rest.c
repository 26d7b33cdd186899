/* REST-JSON and REST-XML through real models: labels, queries, headers, payloads, errors. */
#include <check.h>

#include "tests/unit/request_fixture.h"

#include "gen/lambda.h"
#include "gen/s3.h"
#include "tests/unit/run_suite.h"

static void set_target(struct request_fixture *f, const char *method, const char *path,
                       const char *query)
{
    f->req.method = method;
    f->req.path = path;
    f->req.query = query;
}

START_TEST(test_label_and_query)
{
    struct request_fixture f;

    fixture_open(&f, &lambda_model, "GetFunction", PROTOCOL_REST_JSON);
    set_target(&f, "GET",
               "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af",
               "a=b&Qualifier=%24LATEST&Qualifier=2");
    const struct lambda_GetFunctionRequest *in = fixture_decode_text(&f, "");
    ck_assert_str_eq(in->FunctionName, "arn:aws:lambda:us-east-1:000000000000:function:f");
    ck_assert_str_eq(in->Qualifier, "$LATEST");
    fixture_close(&f);
}
END_TEST

START_TEST(test_malformed_json_and_long_queries)
{
    struct request_fixture f;
    struct strbuf b = STRBUF_INIT(1 << 20);

    fixture_open(&f, &lambda_model, "CreateFunction", PROTOCOL_REST_JSON);
    set_target(&f, "POST", "/2015-03-31/functions", "");
    ck_assert_ptr_null(fixture_decode_text(&f, "{\"FunctionName\":"));
    ck_assert_str_eq(f.req.failure.message,
                     "Could not parse request body into json: unexpected end of document");
    for (int i = 0; i < 60000; i++)
        strbuf_add_text(&b, "&a");
    set_target(&f, "POST", "/2015-03-31/functions", b.data);
    ck_assert_ptr_null(fixture_decode_text(&f, "{}"));
    strbuf_release(&b);
    fixture_close(&f);
}
END_TEST

START_TEST(test_trailing_slash_of_old_clients)
{
    struct request_fixture f;

    fixture_open(&f, &lambda_model, "ListFunctions", PROTOCOL_REST_JSON);
    set_target(&f, "GET", "/2015-03-31/functions/", "MaxItems=12");
    const struct lambda_ListFunctionsRequest *in = fixture_decode_text(&f, "");
    ck_assert_int_eq(in->MaxItems.value, 12);
    set_target(&f, "GET", "/2015-03-31/functions/", "MaxItems=twelve");
    ck_assert_ptr_null(fixture_decode_text(&f, ""));
    ck_assert_str_eq(f.req.failure.error->code, "SerializationException");
    set_target(&f, "GET", "/2015-03-31/functions/", "Marker=%zz");
    ck_assert_ptr_null(fixture_decode_text(&f, ""));
    fixture_close(&f);
}
END_TEST

START_TEST(test_payload_stays_bytes)
{
    struct request_fixture f;
    struct header headers[] = {{"x-amz-invocation-type", "Event"}, {"X-Amz-Log-Type", "Tail"}};

    fixture_open(&f, &lambda_model, "Invoke", PROTOCOL_REST_JSON);
    set_target(&f, "POST", "/2015-03-31/functions/f/invocations", "");
    f.req.headers = headers;
    f.req.header_count = 2;
    const struct lambda_InvocationRequest *in = fixture_decode_text(&f, "\xFF not json");
    ck_assert_str_eq(in->InvocationType, "Event");
    ck_assert_str_eq(in->LogType, "Tail");
    ck_assert_uint_eq(in->Payload.len, 10);
    fixture_close(&f);
}
END_TEST

START_TEST(test_answer_in_headers_and_payload)
{
    struct request_fixture f;
    struct lambda_InvocationResponse out = {
        .StatusCode = SOME_INT(202),
        .FunctionError = "Unhandled\r\nX-Injected: 1",
        .Payload = {(const uint8_t *)"{}", 2},
    };

    fixture_open(&f, &lambda_model, "Invoke", PROTOCOL_REST_JSON);
    protocol_encode(&f.req, &lambda_model, f.req.operation, &out);
    ck_assert_int_eq(f.req.response.status, 202);
    ck_assert_str_eq(fixture_header(&f, "X-Amz-Function-Error"), "Unhandled  X-Injected: 1");
    ck_assert_str_eq(fixture_body(&f), "{}");
    fixture_close(&f);
}
END_TEST

START_TEST(test_no_content_has_no_body)
{
    struct request_fixture f;

    fixture_open(&f, &lambda_model, "DeleteFunctionConcurrency", PROTOCOL_REST_JSON);
    protocol_encode(&f.req, &lambda_model, f.req.operation, NULL);
    ck_assert_int_eq(f.req.response.status, 204);
    ck_assert_str_eq(fixture_body(&f), "");
    ck_assert_ptr_null(fixture_header(&f, "content-type"));
    fixture_close(&f);
}
END_TEST

START_TEST(test_lambda_errors)
{
    struct request_fixture f;

    fixture_open(&f, &lambda_model, "GetFunction", PROTOCOL_REST_JSON);
    aws_fail(&f.req, &lambda_ResourceNotFoundException, "Function not found");
    protocol_encode_error(&f.req);
    ck_assert_int_eq(f.req.response.status, 404);
    ck_assert_str_eq(fixture_body(&f), "{\"Type\":\"User\",\"Message\":\"Function not found\"}");
    ck_assert_str_eq(fixture_header(&f, "x-amzn-errortype"), "ResourceNotFoundException");
    ck_assert_str_eq(fixture_header(&f, "content-type"), "application/json");
    fixture_close(&f);
}
END_TEST

START_TEST(test_xml_body)
{
    struct request_fixture f;

    fixture_open(&f, &s3_model, "DeleteObjects", PROTOCOL_REST_XML);
    set_target(&f, "POST", "/b", "delete");
    const struct s3_DeleteObjectsRequest *in = fixture_decode_text(
        &f, "<?xml version=\"1.0\"?><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Object><Key>a &amp; b</Key></Object><Quiet> true </Quiet>"
            "<Object><Key><![CDATA[<c>]]></Key></Object></Delete>");
    ck_assert_ptr_nonnull(in);
    ck_assert_str_eq(in->Bucket, "b");
    ck_assert_uint_eq(in->Delete->Objects.count, 2);
    ck_assert_str_eq(in->Delete->Objects.items[0].Key, "a & b");
    ck_assert_str_eq(in->Delete->Objects.items[1].Key, "<c>");
    ck_assert(in->Delete->Quiet.value);
    fixture_close(&f);
}
END_TEST

static const char *const bad_xml[] = {
    "<Delete>",
    "not xml",
    "<a/><b/>",
    "<!DOCTYPE x [<!ENTITY e \"y\">]><Delete><Object><Key>&e;</Key></Object></Delete>",
    "<Delete><Quiet>maybe</Quiet></Delete>",
    "<Delete><Object><Key><x/></Key></Object></Delete>",
};

START_TEST(test_bad_xml)
{
    struct request_fixture f;

    fixture_open(&f, &s3_model, "DeleteObjects", PROTOCOL_REST_XML);
    set_target(&f, "POST", "/b", "delete");
    ck_assert_msg(!fixture_decode_text(&f, bad_xml[_i]), "%s", bad_xml[_i]);
    protocol_encode_error(&f.req);
    ck_assert_ptr_nonnull(strstr(fixture_body(&f), "<Error><Code>MalformedXML</Code><Message>"));
    fixture_close(&f);
}
END_TEST

START_TEST(test_deep_xml)
{
    struct strbuf b = STRBUF_INIT(1 << 20);
    struct request_fixture f;

    for (int i = 0; i < 10000; i++)
        strbuf_add_text(&b, "<a>");
    fixture_open(&f, &s3_model, "DeleteObjects", PROTOCOL_REST_XML);
    set_target(&f, "POST", "/b", "delete");
    ck_assert_ptr_null(fixture_decode(&f, b.data, b.len));
    strbuf_release(&b);
    fixture_close(&f);
}
END_TEST

START_TEST(test_keys_and_metadata)
{
    struct request_fixture f;
    struct header headers[] = {{"x-amz-meta-one", "1"}, {"X-Amz-Meta-Two", "2"}, {"other", "3"}};

    fixture_open(&f, &s3_model, "PutObject", PROTOCOL_REST_XML);
    set_target(&f, "PUT", "/b/a//b/..%2F%C3%BC+/", "x-id=PutObject");
    f.req.headers = headers;
    f.req.header_count = 3;
    const struct s3_PutObjectRequest *in = fixture_decode_text(&f, "");
    ck_assert_str_eq(in->Key, "a//b/../\xC3\xBC+/");
    ck_assert_uint_eq(in->Metadata.count, 2);
    ck_assert_str_eq(in->Metadata.items[0].key, "one");
    ck_assert_str_eq(in->Metadata.items[1].value, "2");
    set_target(&f, "PUT", "/b/a%00b", "");
    ck_assert_ptr_null(fixture_decode_text(&f, ""));
    fixture_close(&f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("protocol_rest");
    TCase *t = tcase_create("all");

    tcase_add_test(t, test_label_and_query);
    tcase_add_test(t, test_malformed_json_and_long_queries);
    tcase_add_test(t, test_trailing_slash_of_old_clients);
    tcase_add_test(t, test_payload_stays_bytes);
    tcase_add_test(t, test_answer_in_headers_and_payload);
    tcase_add_test(t, test_no_content_has_no_body);
    tcase_add_test(t, test_lambda_errors);
    tcase_add_test(t, test_xml_body);
    tcase_add_loop_test(t, test_bad_xml, 0, ARRAY_LEN(bad_xml));
    tcase_add_test(t, test_deep_xml);
    tcase_add_test(t, test_keys_and_metadata);
    suite_add_tcase(s, t);
    return run_suite(s);
}
