/* Who is let in by a resource policy. */
#include "handlers/lambda/access.h"
#include "tests/unit/run_suite.h"

#include <check.h>

#define FUNCTION "arn:aws:lambda:us-east-1:123456789012:function:f"

static struct arena a;

static void setup(void)
{
    arena_init(&a);
}

static void teardown(void)
{
    arena_release(&a);
}

static const struct access_question s3 = {.action = "lambda:InvokeFunction",
                                          .resource = FUNCTION,
                                          .service = "s3.amazonaws.com",
                                          .source_arn = "arn:aws:s3:::orders",
                                          .source_account = "123456789012"};

#define STATEMENT(principal, action, rest)                                                         \
    "{\"Sid\":\"1\",\"Effect\":\"Allow\",\"Principal\":" principal ",\"Action\":\"" action         \
    "\",\"Resource\":\"arn:aws:lambda:us-east-1:123456789012:function:f\"" rest "}"
#define OF_S3 "{\"Service\":\"s3.amazonaws.com\"}"
#define OF_SNS "{\"Service\":\"sns.amazonaws.com\"}"
#define INVOKE "lambda:InvokeFunction"
#define WHEN(test, key, value) ",\"Condition\":{\"" test "\":{\"" key "\":\"" value "\"}}"

START_TEST(statements_that_allow)
{
    static const char *const good[] = {
        STATEMENT(OF_S3, INVOKE, ""),
        STATEMENT(OF_S3, "lambda:*", ""),
        STATEMENT("\"*\"", INVOKE, ""),
        STATEMENT(OF_SNS, INVOKE, "") "," STATEMENT(OF_S3, INVOKE, ""),
        STATEMENT(OF_S3, INVOKE, WHEN("ArnLike", "AWS:SourceArn", "arn:aws:s3:::orders")),
        STATEMENT(OF_S3, INVOKE, WHEN("ArnLike", "AWS:SourceArn", "arn:aws:s3:::ord*")),
        STATEMENT(OF_S3, INVOKE, WHEN("StringEquals", "AWS:SourceAccount", "123456789012")),
        STATEMENT(OF_S3, INVOKE, WHEN("StringEquals", "aws:sourceaccount", "123456789012")),
    };

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        ck_assert_msg(access_allows(&a, good[i], &s3), "%s", good[i]);
}
END_TEST

START_TEST(statements_that_do_not)
{
    static const char *const bad[] = {
        "",
        "{}",
        "no JSON",
        STATEMENT(OF_SNS, INVOKE, ""),
        STATEMENT(OF_S3, "lambda:GetFunction", ""),
        STATEMENT("{\"AWS\":\"arn:aws:iam::123456789012:root\"}", INVOKE, ""),
        STATEMENT(OF_S3, INVOKE, WHEN("ArnLike", "AWS:SourceArn", "arn:aws:s3:::other")),
        STATEMENT(OF_S3, INVOKE, WHEN("StringEquals", "AWS:SourceArn", "arn:aws:s3:::ord*")),
        STATEMENT(OF_S3, INVOKE, WHEN("StringEquals", "AWS:SourceAccount", "210987654321")),
        STATEMENT(OF_S3, INVOKE, WHEN("StringEquals", "aws:PrincipalOrgID", "o-1")),
        STATEMENT(OF_S3, INVOKE, WHEN("Bool", "AWS:SourceAccount", "true")),
    };

    ck_assert(!access_allows(&a, NULL, &s3));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!access_allows(&a, bad[i], &s3), "%s", bad[i]);
}
END_TEST

START_TEST(accounts_and_urls)
{
    struct access_question q = {
        .action = "lambda:InvokeFunctionUrl", .resource = FUNCTION, .url_auth_type = "NONE"};
    const char *open = STATEMENT("\"*\"", "lambda:InvokeFunctionUrl",
                                 WHEN("StringEquals", "lambda:FunctionUrlAuthType", "NONE"));
    const char *account =
        STATEMENT("{\"AWS\":\"arn:aws:iam::210987654321:root\"}", "lambda:InvokeFunctionUrl", "");

    ck_assert(access_allows(&a, open, &q));
    ck_assert(!access_allows(&a, account, &q));
    q.url_auth_type = "AWS_IAM";
    q.account = "210987654321";
    ck_assert(!access_allows(&a, open, &q));
    ck_assert(access_allows(&a, account, &q));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lambda_access");
    TCase *tests = tcase_create("access");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, statements_that_allow);
    tcase_add_test(tests, statements_that_do_not);
    tcase_add_test(tests, accounts_and_urls);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
