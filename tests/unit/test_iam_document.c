/* Policy documents: what passes, and with which words IAM refuses the rest. */
#include "handlers/iam/iam_parts.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_release(&arena);
}

static const char *managed(const char *statement)
{
    const char *document =
        arena_printf(&arena, "{\"Version\":\"2012-10-17\",\"Statement\":%s}", statement);

    return iam_document_problem(&arena, document, IAM_DOCUMENT_MANAGED);
}

static const char *with_resource(const char *resource)
{
    return managed(arena_printf(
        &arena, "{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"%s\"}",
        resource));
}

static const char *with_condition(const char *condition)
{
    return managed(arena_printf(&arena,
                                "{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":"
                                "\"*\",\"Condition\":%s}",
                                condition));
}

START_TEST(only_managed_policies_need_the_newest_version)
{
    static const char old[] = "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":"
                              "\"*\"}}";

    ck_assert_str_eq(iam_document_problem(&arena, old, IAM_DOCUMENT_MANAGED),
                     "Policy document must be version 2012-10-17 or greater.");
    ck_assert_ptr_null(iam_document_problem(&arena, old, IAM_DOCUMENT_INLINE));
}
END_TEST

START_TEST(resources)
{
    ck_assert_ptr_null(with_resource("*"));
    ck_assert_ptr_null(with_resource("arn:aws:s3:::bucket/*"));
    ck_assert_ptr_null(with_resource("arn:aws:sqs"));
    ck_assert_ptr_null(with_resource("arn:*:s3:::bucket"));
    ck_assert_ptr_null(with_resource("arn:aws:iam::123456789012:role/reader"));
    ck_assert_str_eq(with_resource("bucket"), "Resource bucket must be in ARN format or \"*\".");
    ck_assert_str_eq(with_resource("arn:moon:s3:::bucket"),
                     "Partition \"moon\" is not valid for resource \"arn:moon:s3:::bucket\".");
    ck_assert_str_eq(with_resource("arn:moon"),
                     "Partition \"moon\" is not valid for resource \"arn:moon:*:*:*:*\".");
    ck_assert_str_eq(with_resource("arn:aws"),
                     "Resource vendor must be fully qualified and cannot contain regexes.");
    ck_assert_str_eq(with_resource("arn:aws:s3:eu-west-1::bucket"),
                     "Resource arn:aws:s3:eu-west-1::bucket can not contain region information.");
    ck_assert_str_eq(with_resource("arn:aws:iam:eu-west-1::role/x"),
                     "IAM resource arn:aws:iam:eu-west-1::role/x cannot contain region "
                     "information.");
    ck_assert(str_starts(with_resource("arn:aws:iam::1:bucket"), "IAM resource path must either"));
    ck_assert_str_eq(with_resource("arn:aws::::bucket"), "The policy failed legacy parsing");
    ck_assert_str_eq(with_resource("arn:aws:sqs::x"), "The policy failed legacy parsing");
}
END_TEST

START_TEST(dates)
{
    static const char *const good[] = {"0",
                                       "9223372036854775807",
                                       "2026",
                                       "2026-12-31",
                                       "-5-1",
                                       "2026-01-02T3",
                                       "2026-01-02t03:04:05.999999999+10:59",
                                       "2026-01-02T03:04:05Z"};
    static const char *const bad[] = {"",
                                      "9223372036854775808",
                                      "soon",
                                      "2026-13",
                                      "2026-01-32",
                                      "2026-01-01-01",
                                      "2026-1-1T24",
                                      "2026-1-1T1:2:3+1",
                                      "2026-1-1T1:2:3+01:2",
                                      "2026-1-1T1:2:3.1000000000Z",
                                      "292278994-1-1"};

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        ck_assert_msg(iam_is_date(good[i]), "%s", good[i]);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!iam_is_date(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(conditions)
{
    ck_assert_ptr_null(
        with_condition("{\"ForAllValues:StringLikeIfExists\":{\"a\":[\"b\",\"c\"]}}"));
    ck_assert_ptr_null(with_condition("{\"Bool\":{\"a\":true}}"));
    ck_assert_ptr_null(with_condition("{\"Whatever\":{}}"));
    ck_assert_str_eq(with_condition("{\"Whatever\":{\"a\":\"b\"}}"), "Syntax errors in policy.");
    ck_assert_str_eq(with_condition("{\"Bool\":{\"a\":null}}"), "Syntax errors in policy.");
    ck_assert_str_eq(with_condition("{\"DateLessThan\":{\"a\":[\"2026\",\"soon\"]}}"),
                     "The policy failed legacy parsing");
}
END_TEST

/* Each document has two problems; the one of the kind that AWS looks for first is told. */
START_TEST(order_of_problems)
{
    ck_assert_str_eq(managed("{\"Effect\":\"Allow\",\"Action\":\"x\",\"Resource\":\"y\"}"),
                     "Resource y must be in ARN format or \"*\".");
    ck_assert_str_eq(managed("{\"Effect\":\"allow\",\"Resource\":\"y\"}"),
                     "The policy failed legacy parsing");
    ck_assert_str_eq(managed("{\"Effect\":\"Allow\",\"Resource\":\"y\"}"),
                     "Policy statement must contain actions.");
    ck_assert_str_eq(managed("{\"Effect\":\"Allow\",\"Action\":\"x\"}"),
                     "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    ck_assert_str_eq(managed("[{\"Effect\":\"allow\",\"Action\":\"x\"},{\"Effect\":1}]"),
                     "Syntax errors in policy.");
    ck_assert_str_eq(managed("{\"Effect\":\"Allow\",\"Action\":\"*\"}"),
                     "Policy statement must contain resources.");
}
END_TEST

START_TEST(trust)
{
    static const char format[] =
        "{\"Version\":\"2008-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"%s\"%s}}";
    static const char principal[] = ",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"}";
    const char *good = arena_printf(&arena, format, "sts:AssumeRole", principal);
    const char *action = arena_printf(&arena, format, "s3:GetObject", principal);
    const char *nobody = arena_printf(&arena, format, "sts:AssumeRole", "");

    ck_assert_ptr_null(iam_document_problem(&arena, good, IAM_DOCUMENT_TRUST));
    ck_assert_str_eq(iam_document_problem(&arena, action, IAM_DOCUMENT_TRUST),
                     "AssumeRole policy may only specify STS AssumeRole actions.");
    ck_assert_str_eq(iam_document_problem(&arena, nobody, IAM_DOCUMENT_TRUST),
                     "Missing required field Principal");
    ck_assert_str_eq(iam_document_problem(&arena, good, IAM_DOCUMENT_INLINE),
                     "Policy statement must contain resources.");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("iam_document");
    TCase *t = tcase_create("documents");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, only_managed_policies_need_the_newest_version);
    tcase_add_test(t, resources);
    tcase_add_test(t, dates);
    tcase_add_test(t, conditions);
    tcase_add_test(t, order_of_problems);
    tcase_add_test(t, trust);
    suite_add_tcase(s, t);
    return run_suite(s);
}
