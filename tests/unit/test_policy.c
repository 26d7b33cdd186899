/* The policy engine: grammar, principals, resources, conditions, what is public. */
#include "handlers/common/policy.h"
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

/* The condition keys of a test: name, value, name, value, NULL; a name may come several times. */
static bool find(void *context, const char *key, struct policy_values *out)
{
    const char *const *pairs = context;
    static const char *found[8];
    size_t count = 0;

    for (; pairs && pairs[0]; pairs += 2)
        if (strcasecmp(pairs[0], key) == 0)
            found[count++] = pairs[1];
    *out = (struct policy_values){found, count};
    return count > 0;
}

static const struct policy *parse(const char *statement)
{
    const char *text =
        arena_printf(&arena, "{\"Version\":\"2012-10-17\",\"Statement\":%s}", statement);
    const char *problem = NULL;
    const struct policy *p = policy_parse(&arena, text, strlen(text), &problem);

    ck_assert_msg(p != NULL, "%s", problem);
    return p;
}

static const struct policy_caller owner = {.account = "111111111111",
                                           .arn = "arn:aws:iam::111111111111:user/anna"};
static const struct policy_caller nobody = {0};

static enum policy_verdict ask(const char *statement, const struct policy_caller *caller,
                               const char *action, const char *resource, const char **pairs)
{
    struct policy_question q = {
        .caller = caller, .action = action, .resource = resource, .find = find, .context = pairs};

    return policy_evaluate(parse(statement), &q);
}

/* An Allow for everybody with that condition. */
static bool holds(const char *condition, const char **pairs)
{
    const char *statement = arena_printf(
        &arena,
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\","
        "\"Condition\":%s}",
        condition);

    return ask(statement, &nobody, "s3:GetObject", "arn:aws:s3:::b/k", pairs) == POLICY_ALLOW;
}

static const char *problem_of(const char *text)
{
    const char *problem = NULL;

    ck_assert_ptr_null(policy_parse(&arena, text, strlen(text), &problem));
    return problem;
}

#define PAIRS(...) ((const char *[]){__VA_ARGS__, NULL})

START_TEST(what_is_no_policy_says_why)
{
    ck_assert_str_eq(problem_of("[]"),
                     "Policies must be valid JSON and the first byte must be '{'");
    ck_assert_str_eq(problem_of("{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\"}"),
                     "This policy contains invalid Json");
    ck_assert_str_eq(problem_of("{}"), "Missing required field Statement");
    ck_assert_str_eq(problem_of("{\"Statement\":[{\"Action\":\"*\"}]}"),
                     "Missing required field Effect");
    ck_assert_str_eq(problem_of("{\"Statement\":[{\"Effect\":\"Allow\"}]}"),
                     "Missing required field Action");
    ck_assert_str_eq(problem_of("{\"Statement\":[{\"Effect\":\"Maybe\",\"Action\":\"*\"}]}"),
                     "Invalid effect: Maybe");
    ck_assert_str_eq(problem_of("{\"Statement\":[{\"Effekt\":\"Allow\"}]}"),
                     "Unknown field Effekt");
    ck_assert_str_eq(problem_of("{\"Version\":\"2020-01-01\"}"),
                     "The policy must contain a valid version string");
    ck_assert_str_eq(problem_of("{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\","
                                "\"Condition\":{\"StringAbout\":{\"a\":\"b\"}}}]}"),
                     "Invalid Condition type : StringAbout");
    ck_assert_str_eq(problem_of("{\"Statement\":[{\"Effect\":\"Allow\",\"Effect\":\"Deny\"}]}"),
                     "Duplicate field Effect");
}
END_TEST

START_TEST(a_deny_wins)
{
    static const char both[] =
        "[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:Get*\",\"Resource\":\"*\"},"
        "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:GetObjectAcl\","
        "\"Resource\":\"*\"}]";

    ck_assert_int_eq(ask(both, &nobody, "s3:GetObject", "arn:aws:s3:::b/k", NULL), POLICY_ALLOW);
    ck_assert_int_eq(ask(both, &nobody, "S3:getobject", "arn:aws:s3:::b/k", NULL), POLICY_ALLOW);
    ck_assert_int_eq(ask(both, &nobody, "s3:GetObjectAcl", "arn:aws:s3:::b/k", NULL), POLICY_DENY);
    ck_assert_int_eq(ask(both, &nobody, "s3:PutObject", "arn:aws:s3:::b/k", NULL), POLICY_SILENT);
}
END_TEST

static enum policy_verdict principal(const char *element, const struct policy_caller *caller)
{
    return ask(arena_printf(&arena, "{\"Effect\":\"Allow\",%s,\"Action\":\"*\",\"Resource\":\"*\"}",
                            element),
               caller, "s3:GetObject", "arn:aws:s3:::b/k", NULL);
}

START_TEST(principals)
{
    static const struct policy_caller session = {
        .account = "111111111111",
        .arn = "arn:aws:sts::111111111111:assumed-role/reader/me",
        .role_arn = "arn:aws:iam::111111111111:role/reader"};
    static const struct policy_caller sns = {.service = "sns.amazonaws.com"};

    ck_assert_int_eq(principal("\"Principal\":\"*\"", &nobody), POLICY_ALLOW);
    ck_assert_int_eq(principal("\"Principal\":{\"AWS\":\"*\"}", &nobody), POLICY_ALLOW);
    ck_assert_int_eq(principal("\"Principal\":{\"AWS\":\"111111111111\"}", &owner), POLICY_ALLOW);
    ck_assert_int_eq(principal("\"Principal\":{\"AWS\":\"111111111111\"}", &nobody), POLICY_SILENT);
    ck_assert_int_eq(principal("\"Principal\":{\"AWS\":[\"arn:aws:iam::222222222222:root\","
                               "\"arn:aws:iam::111111111111:root\"]}",
                               &session),
                     POLICY_ALLOW);
    ck_assert_int_eq(
        principal("\"Principal\":{\"AWS\":\"arn:aws:iam::111111111111:role/reader\"}", &session),
        POLICY_ALLOW);
    ck_assert_int_eq(
        principal("\"Principal\":{\"AWS\":\"arn:aws:iam::111111111111:user/anna\"}", &session),
        POLICY_SILENT);
    ck_assert_int_eq(principal("\"Principal\":{\"Service\":\"sns.amazonaws.com\"}", &sns),
                     POLICY_ALLOW);
    ck_assert_int_eq(
        principal("\"NotPrincipal\":{\"AWS\":\"arn:aws:iam::111111111111:user/anna\"}", &owner),
        POLICY_SILENT);
    ck_assert_int_eq(
        principal("\"NotPrincipal\":{\"AWS\":\"arn:aws:iam::111111111111:user/bert\"}", &owner),
        POLICY_ALLOW);
}
END_TEST

static enum policy_verdict resource(const char *pattern, const char *arn, const char **pairs)
{
    return ask(arena_printf(&arena,
                            "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
                            "\"Resource\":\"%s\"}",
                            pattern),
               &owner, "s3:GetObject", arn, pairs);
}

START_TEST(resources_and_variables)
{
    const char **anna = PAIRS("aws:username", "anna");
    const char **star = PAIRS("aws:username", "*");

    ck_assert_int_eq(resource("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b", NULL), POLICY_ALLOW);
    ck_assert_int_eq(resource("arn:aws:s3:::b/?/x*z", "arn:aws:s3:::b/a/xyzz", NULL), POLICY_ALLOW);
    ck_assert_int_eq(resource("arn:aws:s3:::b", "arn:aws:s3:::b/a", NULL), POLICY_SILENT);
    ck_assert_int_eq(resource("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/anna/1", anna),
                     POLICY_ALLOW);
    ck_assert_int_eq(resource("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/bert/1", anna),
                     POLICY_SILENT);
    /* What a variable brings is not wild. */
    ck_assert_int_eq(resource("arn:aws:s3:::b/${aws:username}/1", "arn:aws:s3:::b/bert/1", star),
                     POLICY_SILENT);
    ck_assert_int_eq(resource("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b//1", NULL),
                     POLICY_SILENT);
    ck_assert_int_eq(
        resource("arn:aws:s3:::b/${aws:username, 'all'}/*", "arn:aws:s3:::b/all/1", NULL),
        POLICY_ALLOW);
    ck_assert_int_eq(resource("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", NULL), POLICY_ALLOW);
    ck_assert_int_eq(resource("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", NULL), POLICY_SILENT);
}
END_TEST

START_TEST(conditions_on_texts)
{
    const char **acl = PAIRS("s3:x-amz-acl", "public-read");

    ck_assert(holds("{\"StringEquals\":{\"S3:X-Amz-Acl\":[\"private\",\"public-read\"]}}", acl));
    ck_assert(!holds("{\"StringEquals\":{\"s3:x-amz-acl\":\"Public-Read\"}}", acl));
    ck_assert(holds("{\"StringEqualsIgnoreCase\":{\"s3:x-amz-acl\":\"Public-Read\"}}", acl));
    ck_assert(!holds("{\"StringEquals\":{\"s3:x-amz-acl\":\"public*\"}}", acl));
    ck_assert(holds("{\"StringLike\":{\"s3:x-amz-acl\":\"public*\"}}", acl));
    ck_assert(!holds("{\"StringNotLike\":{\"s3:x-amz-acl\":\"public*\"}}", acl));
    /* A key that the request has not. */
    ck_assert(!holds("{\"StringEquals\":{\"s3:prefix\":\"a\"}}", acl));
    ck_assert(holds("{\"StringNotEquals\":{\"s3:prefix\":\"a\"}}", acl));
    ck_assert(holds("{\"StringEqualsIfExists\":{\"s3:prefix\":\"a\"}}", acl));
    ck_assert(holds("{\"Null\":{\"s3:prefix\":\"true\",\"s3:x-amz-acl\":false}}", acl));
    ck_assert(!holds("{\"Null\":{\"s3:x-amz-acl\":true}}", acl));
}
END_TEST

START_TEST(conditions_on_numbers_dates_networks_arns)
{
    ck_assert(
        holds("{\"NumericLessThanEquals\":{\"s3:max-keys\":10}}", PAIRS("s3:max-keys", "10")));
    ck_assert(!holds("{\"NumericLessThan\":{\"s3:max-keys\":\"10\"}}", PAIRS("s3:max-keys", "10")));
    ck_assert(!holds("{\"NumericEquals\":{\"s3:max-keys\":\"10\"}}", PAIRS("s3:max-keys", "ten")));
    ck_assert(holds("{\"DateGreaterThan\":{\"aws:CurrentTime\":\"2026-01-01T00:00:00Z\"}}",
                    PAIRS("aws:CurrentTime", "2026-06-01T00:00:00Z")));
    ck_assert(holds("{\"DateLessThan\":{\"aws:EpochTime\":\"2026-01-01T00:00:00Z\"}}",
                    PAIRS("aws:EpochTime", "1000")));
    ck_assert(
        holds("{\"Bool\":{\"aws:SecureTransport\":false}}", PAIRS("aws:SecureTransport", "false")));
    ck_assert(holds("{\"IpAddress\":{\"aws:SourceIp\":[\"::1/128\",\"10.1.0.0/16\"]}}",
                    PAIRS("aws:SourceIp", "10.1.255.3")));
    ck_assert(!holds("{\"IpAddress\":{\"aws:SourceIp\":\"10.1.0.0/16\"}}",
                     PAIRS("aws:SourceIp", "10.2.0.1")));
    ck_assert(holds("{\"NotIpAddress\":{\"aws:SourceIp\":\"10.1.0.0/16\"}}",
                    PAIRS("aws:SourceIp", "::1")));
    ck_assert(holds("{\"ArnLike\":{\"aws:SourceArn\":\"arn:aws:s3:*:*:b*\"}}",
                    PAIRS("aws:SourceArn", "arn:aws:s3:::bucket")));
    /* No star crosses a colon before the resource. */
    ck_assert(!holds("{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:*:topic\"}}",
                     PAIRS("aws:SourceArn", "arn:aws:sns:r:1:topic")));
}
END_TEST

START_TEST(conditions_on_several_values)
{
    const char **tags = PAIRS("s3:RequestObjectTagKeys", "a", "s3:RequestObjectTagKeys", "b");

    ck_assert(holds("{\"ForAnyValue:StringEquals\":{\"s3:RequestObjectTagKeys\":\"b\"}}", tags));
    ck_assert(!holds("{\"ForAllValues:StringEquals\":{\"s3:RequestObjectTagKeys\":\"b\"}}", tags));
    ck_assert(
        holds("{\"ForAllValues:StringEquals\":{\"s3:RequestObjectTagKeys\":[\"b\",\"a\"]}}", tags));
    ck_assert(holds("{\"ForAllValues:StringEquals\":{\"s3:RequestObjectTagKeys\":\"b\"}}", NULL));
    ck_assert(!holds("{\"ForAnyValue:StringEquals\":{\"s3:RequestObjectTagKeys\":\"b\"}}", NULL));
}
END_TEST

static bool is_public(const char *condition)
{
    return policy_is_public(
        parse(arena_printf(&arena,
                           "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\","
                           "\"Resource\":\"arn:aws:s3:::b/*\",\"Condition\":%s}",
                           condition)));
}

START_TEST(what_is_public)
{
    ck_assert(is_public("{}"));
    ck_assert(is_public("{\"StringEquals\":{\"s3:prefix\":\"a\"}}"));
    ck_assert(!is_public("{\"IpAddress\":{\"aws:SourceIp\":\"10.0.0.0/8\"}}"));
    ck_assert(is_public("{\"IpAddress\":{\"aws:SourceIp\":\"0.0.0.0/1\"}}"));
    ck_assert(is_public("{\"NotIpAddress\":{\"aws:SourceIp\":\"10.0.0.0/8\"}}"));
    ck_assert(!is_public("{\"StringEquals\":{\"aws:SourceVpc\":\"vpc-91237329\"}}"));
    ck_assert(is_public("{\"StringLike\":{\"aws:SourceVpc\":\"vpc-*\"}}"));
    ck_assert(!policy_is_public(
        parse("{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}")));
    ck_assert(!policy_is_public(parse("{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
                                      "\"111111111111\"},\"Action\":\"*\",\"Resource\":\"*\"}")));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("policy");
    TCase *t = tcase_create("policy");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, what_is_no_policy_says_why);
    tcase_add_test(t, a_deny_wins);
    tcase_add_test(t, principals);
    tcase_add_test(t, resources_and_variables);
    tcase_add_test(t, conditions_on_texts);
    tcase_add_test(t, conditions_on_numbers_dates_networks_arns);
    tcase_add_test(t, conditions_on_several_values);
    tcase_add_test(t, what_is_public);
    suite_add_tcase(s, t);
    return run_suite(s);
}
