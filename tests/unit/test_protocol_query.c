/* The query protocol through real models: forms in, XML out. */
#include <check.h>

#include "tests/unit/request_fixture.h"

#include "gen/iam.h"
#include "gen/sts.h"
#include "tests/unit/run_suite.h"

START_TEST(test_lists_and_scalars)
{
    struct request_fixture f;

    fixture_open(&f, &sts_model, "AssumeRole", PROTOCOL_QUERY);
    const struct sts_AssumeRoleRequest *in = fixture_decode_text(
        &f, "Action=AssumeRole&Version=2011-06-15&Tags.member.10.Key=ten&Tags.member.2.Key=two+%26"
            "&Tags.member.2.Value=2&RoleArn=arn%3aaws&DurationSeconds=900&RoleArn.x=1&Rol=2"
            "&TransitiveTagKeys.member.1=a&TransitiveTagKeys.member.3=c&Tags-x=1&RoleArnX=3");
    ck_assert_ptr_nonnull(in);
    ck_assert_str_eq(in->RoleArn, "arn:aws");
    ck_assert_int_eq(in->DurationSeconds.value, 900);
    ck_assert_uint_eq(in->Tags.count, 2);
    ck_assert_str_eq(in->Tags.items[0].Key, "two &");
    ck_assert_str_eq(in->Tags.items[0].Value, "2");
    ck_assert_str_eq(in->Tags.items[1].Key, "ten"); /* by number, not by text */
    ck_assert_uint_eq(in->TransitiveTagKeys.count, 2);
    ck_assert_str_eq(in->TransitiveTagKeys.items[1], "c");
    ck_assert_ptr_null(in->Policy);
    fixture_close(&f);
}
END_TEST

START_TEST(test_empty_list_and_query_string)
{
    struct request_fixture f;

    fixture_open(&f, &sts_model, "AssumeRole", PROTOCOL_QUERY);
    f.req.query = "RoleSessionName=s&Tags=";
    const struct sts_AssumeRoleRequest *in = fixture_decode_text(&f, "RoleArn=&RoleArn=second");
    ck_assert_str_eq(in->RoleArn, ""); /* the first of equal names counts */
    ck_assert_str_eq(in->RoleSessionName, "s");
    ck_assert_ptr_nonnull(in->Tags.items);
    ck_assert_uint_eq(in->Tags.count, 0);
    fixture_close(&f);
}
END_TEST

static const char *const bad_forms[] = {
    "RoleArn=%zz",         "%=1",
    "RoleArn=a%00b",       "a%00b=1",
    "DurationSeconds=x",   "DurationSeconds.member.1=1",
    "Tags.member.x.Key=1", "Tags.member.1x.Key=1",
    "Tags.member.=1",      "RoleArn=%FF",
};

START_TEST(test_bad_forms)
{
    struct request_fixture f;

    fixture_open(&f, &sts_model, "AssumeRole", PROTOCOL_QUERY);
    ck_assert_msg(!fixture_decode_text(&f, bad_forms[_i]), "%s", bad_forms[_i]);
    ck_assert_str_eq(f.req.failure.error->code, "MalformedInput");
    fixture_close(&f);
}
END_TEST

START_TEST(test_answer)
{
    struct request_fixture f;
    struct sts_GetCallerIdentityResponse out = {.Account = "1", .Arn = "<&>\"\r", .UserId = "u"};

    fixture_open(&f, &sts_model, "GetCallerIdentity", PROTOCOL_QUERY);
    protocol_encode(&f.req, &sts_model, f.req.operation, &out);
    ck_assert_str_eq(
        fixture_body(&f),
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
        "<GetCallerIdentityResult><UserId>u</UserId><Account>1</Account>"
        "<Arn>&lt;&amp;&gt;&quot;&#xD;</Arn></GetCallerIdentityResult>"
        "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>");
    ck_assert_str_eq(fixture_header(&f, "content-type"), "text/xml");
    fixture_close(&f);
}
END_TEST

START_TEST(test_answer_without_output)
{
    struct request_fixture f;

    fixture_open(&f, &iam_model, "DeleteRole", PROTOCOL_QUERY);
    protocol_encode(&f.req, &iam_model, f.req.operation, NULL);
    ck_assert_str_eq(fixture_body(&f),
                     "<DeleteRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">"
                     "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>"
                     "</DeleteRoleResponse>");
    fixture_close(&f);
}
END_TEST

START_TEST(test_error)
{
    struct request_fixture f;

    fixture_open(&f, &iam_model, "GetRole", PROTOCOL_QUERY);
    aws_fail(&f.req, &iam_NoSuchEntityException, "The role with name x cannot be found.");
    protocol_encode_error(&f.req);
    ck_assert_int_eq(f.req.response.status, 404);
    ck_assert_str_eq(fixture_body(&f),
                     "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error>"
                     "<Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name x "
                     "cannot be found.</Message></Error><RequestId>id-1</RequestId>"
                     "</ErrorResponse>");
    fixture_close(&f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("protocol_query");
    TCase *t = tcase_create("all");

    tcase_add_test(t, test_lists_and_scalars);
    tcase_add_test(t, test_empty_list_and_query_string);
    tcase_add_loop_test(t, test_bad_forms, 0, ARRAY_LEN(bad_forms));
    tcase_add_test(t, test_answer);
    tcase_add_test(t, test_answer_without_output);
    tcase_add_test(t, test_error);
    suite_add_tcase(s, t);
    return run_suite(s);
}
