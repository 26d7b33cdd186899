/* ARNs, tags and page tokens: what all handlers share. */
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/common/tags.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena a;

static void setup(void)
{
    arena_init(&a);
}

static void teardown(void)
{
    arena_release(&a);
}

START_TEST(arns_are_taken_apart)
{
    struct arn arn;

    ck_assert(arn_parse(&a, "arn:aws:lambda:us-east-1:123456789012:function:f:PROD", &arn));
    ck_assert_str_eq(arn.service, "lambda");
    ck_assert_str_eq(arn.account, "123456789012");
    ck_assert_str_eq(arn_resource_after(&arn, "function:"), "f:PROD");
    ck_assert_ptr_null(arn_resource_after(&arn, "layer:"));
    ck_assert(arn_parse(&a, "arn:aws:s3:::bucket/key", &arn));
    ck_assert_str_eq(arn.region, "");
    ck_assert(!arn_parse(&a, "arn:aws:s3::bucket", &arn));
    ck_assert(!arn_parse(&a, "arn:aws:s3:::", &arn));
    ck_assert(!arn_parse(&a, "urn:aws:s3:::b", &arn));
    ck_assert(!arn_parse(&a, "", &arn));
}
END_TEST

START_TEST(arns_are_made)
{
    ck_assert_str_eq(arn_make(&a, "kinesis", "cn-north-1", "000000000000", "stream/%s", "s"),
                     "arn:aws-cn:kinesis:cn-north-1:000000000000:stream/s");
    ck_assert_str_eq(arn_make(&a, "iam", "", "000000000000", "role/%s", "r"),
                     "arn:aws:iam::000000000000:role/r");
}
END_TEST

START_TEST(tags_have_rules)
{
    char longest[TAG_KEY_MAX * 2 + 3];

    ck_assert_ptr_null(tag_problem("team", "data more"));
    ck_assert_ptr_null(tag_problem("k", ""));
    ck_assert_ptr_nonnull(tag_problem("", "v"));
    ck_assert_ptr_nonnull(tag_problem("AWS:k", "v"));
    ck_assert_ptr_nonnull(tag_problem("k", "a&b"));
    ck_assert_ptr_nonnull(tag_problem("k<", NULL));
    for (size_t i = 0; i < TAG_KEY_MAX * 2; i += 2)
        memcpy(longest + i, "\xc3\xbc", 2); /* 128 characters, 256 bytes */
    longest[TAG_KEY_MAX * 2] = '\0';
    ck_assert_ptr_null(tag_problem(longest, NULL));
    memcpy(longest + TAG_KEY_MAX * 2, "x", 2);
    ck_assert_ptr_nonnull(tag_problem(longest, NULL));
}
END_TEST

START_TEST(tags_are_merged_and_kept)
{
    struct tag old[] = {{"a", "1"}, {"b", "2"}};
    struct tag changes[] = {{"b", "3"}, {"c", "\"q\""}};
    const char *gone[] = {"a", "none"};
    struct tag_list all = tags_merge(&a, (struct tag_list){old, 2}, (struct tag_list){changes, 2});

    ck_assert_str_eq(tags_to_json(&a, all), "{\"a\":\"1\",\"b\":\"3\",\"c\":\"\\\"q\\\"\"}");
    all = tags_from_json(&a, tags_to_json(&a, tags_without(&a, all, gone, 2)));
    ck_assert_uint_eq(all.count, 2);
    ck_assert_str_eq(all.items[1].value, "\"q\"");
    ck_assert_uint_eq(tags_from_json(&a, NULL).count, 0);
    ck_assert_ptr_null(tags_duplicate(all, true));
    all.items[1].key = "B";
    ck_assert_ptr_null(tags_duplicate(all, false));
    ck_assert_str_eq(tags_duplicate(all, true), "B");
}
END_TEST

START_TEST(tokens_come_back_or_are_refused)
{
    static const char *const positions[] = {"", "x", "orders/2026?>", "\xc3\xbc~\x7f"};

    for (size_t i = 0; i < ARRAY_LEN(positions); i++) {
        char *token = page_token_make(&a, "iam:ListRoles", positions[i]);

        ck_assert_uint_eq(strcspn(token, "+/="), strlen(token));
        ck_assert_str_eq(page_token_read(&a, "iam:ListRoles", token), positions[i]);
        ck_assert_ptr_null(page_token_read(&a, "iam:ListUsers", token));
        token[0] = token[0] == 'A' ? 'B' : 'A';
        ck_assert_ptr_null(page_token_read(&a, "iam:ListRoles", token));
    }
    char *longest = arena_zalloc(&a, PAGE_POSITION_MAX + 1);
    memset(longest, 'x', PAGE_POSITION_MAX);
    ck_assert_str_eq(page_token_read(&a, "k", page_token_make(&a, "k", longest)), longest);
    ck_assert_ptr_null(page_token_read(&a, "k", ""));
    ck_assert_ptr_null(page_token_read(&a, "k", "AAAA"));
    ck_assert_ptr_null(page_token_read(&a, "k", "not a token"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("common");
    TCase *c = tcase_create("common");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, arns_are_taken_apart);
    tcase_add_test(c, arns_are_made);
    tcase_add_test(c, tags_have_rules);
    tcase_add_test(c, tags_are_merged_and_kept);
    tcase_add_test(c, tokens_come_back_or_are_refused);
    suite_add_tcase(s, c);
    return run_suite(s);
}
