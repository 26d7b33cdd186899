#include "handlers/firehose/prefix.h"

#include "handlers/firehose/metadata_query.h"
#include "handlers/firehose/time_pattern.h"
#include "tests/unit/run_suite.h"

#include <check.h>

#define AT_MS INT64_C(1535365845123) /* 2018-08-27 10:30:45.123 UTC, a Monday */

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_release(&arena);
}

static const char *written(const char *pattern, int64_t at_ms, const char *zone_name)
{
    const struct time_zone *zone = zone_name ? time_zone_read(&arena, zone_name) : NULL;
    struct strbuf out = STRBUF_INIT(1000);
    const char *text;

    ck_assert(!zone_name || zone);
    ck_assert_ptr_null(time_pattern_problem(pattern, strlen(pattern)));
    time_pattern_write(pattern, strlen(pattern), at_ms, zone, &out);
    text = arena_strndup(&arena, out.data ? out.data : "", out.len);
    strbuf_release(&out);
    return text;
}

START_TEST(fields)
{
    static const struct {
        const char *pattern;
        const char *expected;
    } cases[] = {
        {"yyyy/MM/dd/HH/", "2018/08/27/10/"},
        {"yy y yyyyy u", "18 2018 02018 2018"},
        {"M MM MMM MMMM MMMMM L", "8 08 Aug August A 8"},
        {"d D DDD F", "27 239 239 6"},
        {"E EEEE EEEEE e eee", "Mon Monday M 2 Mon"},
        {"Q QQ QQQ QQQQ", "3 03 Q3 3rd quarter"},
        {"H k K h a", "10 10 10 10 AM"},
        {"m mm s ss S SSS SSSSSS", "30 30 45 45 1 123 123000"},
        {"A n N", "37845123 123000000 37845123000000"},
        {"'year='yyyy'/it''s'", "year=2018/it's"},
        {"yyyy''MM", "2018'08"},
        {"Y w W", "2018 35 5"},
        {"z X XX XXX x xxx Z ZZZZ ZZZZZ O", "UTC Z Z Z +00 +00:00 +0000 GMT Z GMT"},
        {"G GGGG", "AD Anno Domini"},
        {"", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_str_eq(written(cases[i].pattern, AT_MS, NULL), cases[i].expected);
}
END_TEST

START_TEST(edges_of_the_year)
{
    /* 2024-12-31 23:59:59, a Tuesday in the week of the next year's first of January */
    ck_assert_str_eq(written("yyyy YYYY w D k h a", INT64_C(1735689599000), NULL),
                     "2024 2025 1 366 23 11 PM");
    /* 2023-01-01 00:00:00, a Sunday */
    ck_assert_str_eq(written("YYYY w D k h a e", INT64_C(1672531200000), NULL),
                     "2023 1 1 24 12 AM 1");
}
END_TEST

START_TEST(zones)
{
    ck_assert_str_eq(written("yyyy-MM-dd HH:mm XXX", AT_MS, "Asia/Kolkata"),
                     "2018-08-27 16:00 +05:30");
    ck_assert_str_eq(written("HH z Z O", AT_MS, "America/New_York"), "06 EDT -0400 GMT-4");
    ck_assert_str_eq(written("HH z", INT64_C(1515600000000), "America/New_York"), "11 EST");
    ck_assert_str_eq(written("HH", AT_MS, "UTC"), "10");
    ck_assert_str_eq(written("VV", AT_MS, "Asia/Kolkata"), "Asia/Kolkata");
    ck_assert_str_eq(written("VV", AT_MS, NULL), "UTC");
    ck_assert_ptr_null(time_zone_read(&arena, "Moon/Crater"));
    ck_assert_ptr_null(time_zone_read(&arena, "../../../etc/passwd"));
    ck_assert_ptr_null(time_zone_read(&arena, "Asia"));
    ck_assert_ptr_null(time_zone_read(&arena, ""));
}
END_TEST

START_TEST(patterns_that_mean_nothing)
{
    static const char *const wrong[] = {"b",          "yyyy-TT", "'open", "ddd", "HHH",
                                        "SSSSSSSSSS", "[yyyy]",  "{",     "V",   "VVV"};

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        ck_assert_ptr_nonnull(time_pattern_problem(wrong[i], strlen(wrong[i])));
}
END_TEST

/* --- prefixes --- */

static const char *evaluated(const char *text, bool error)
{
    const struct partition_key query[] = {{"customer", "ann"}, {"year", "2019"}};
    const struct partition_key lambda[] = {{"customer", "of the function"}};
    const struct prefix_values values = {
        .at_ms = AT_MS,
        .error_type = error ? "processing-failed" : NULL,
        .keys = {query, ARRAY_LEN(query), lambda, ARRAY_LEN(lambda)},
    };
    struct strbuf out = STRBUF_INIT(2000);
    const char *problem = NULL;
    struct prefix p;
    const char *key;

    if (!prefix_parse(&arena, text, "Prefix", &p, &problem))
        return problem;
    if (error)
        prefix_complete_error(&arena, &p);
    else
        prefix_complete(&arena, &p);
    if (prefix_write(&p, &values, &out, &key))
        key = arena_strndup(&arena, out.data ? out.data : "", out.len);
    else
        key = arena_printf(&arena, "no %s", key);
    strbuf_release(&out);
    return key;
}

START_TEST(prefixes)
{
    ck_assert_str_eq(evaluated("", false), "2018/08/27/10/");
    ck_assert_str_eq(evaluated("static/", false), "static/2018/08/27/10/");
    ck_assert_str_eq(evaluated("a/!{timestamp:yyyy}/b", false), "a/2018/b");
    ck_assert_str_eq(evaluated("!{timestamp:'y='yyyy'/m='MM}/", false), "y=2018/m=08/");
    ck_assert_str_eq(evaluated("c=!{partitionKeyFromQuery:customer}/", false), "c=ann/");
    ck_assert_str_eq(evaluated("c=!{partitionKeyFromLambda:customer}!", false),
                     "c=of the function!");
    ck_assert_str_eq(evaluated("c=!{partitionKeyFromLambda:year}", false), "no year");
    ck_assert_uint_eq(strlen(evaluated("!{firehose:random-string}!{timestamp:'x'}", false)), 12);
    ck_assert_str_ne(evaluated("!{firehose:random-string}!{timestamp:'x'}", false),
                     evaluated("!{firehose:random-string}!{timestamp:'x'}", false));
}
END_TEST

START_TEST(error_prefixes)
{
    ck_assert_str_eq(evaluated("", true), "processing-failed/2018/08/27/10/");
    ck_assert_str_eq(evaluated("e/", true), "e/processing-failed/2018/08/27/10/");
    ck_assert_str_eq(evaluated("e/!{firehose:error-output-type}/", true), "e/processing-failed/");
    ck_assert_str_eq(evaluated("e/!{timestamp:yyyy}/!{firehose:error-output-type}", true),
                     "e/2018/processing-failed");
}
END_TEST

START_TEST(wrong_prefixes)
{
    static const char conversion[] =
        "Invalid conversion character used in the value of the expression in Prefix";

    ck_assert_str_eq(evaluated("!{timestamp:yyyy-bb}", false), conversion);
    ck_assert_str_eq(evaluated("!{firehose:stream-name}", false), conversion);
    ck_assert_ptr_nonnull(strstr(evaluated("!{timestamp", false), "Invalid expression"));
    ck_assert_ptr_nonnull(strstr(evaluated("!{}", false), "Invalid expression"));
    ck_assert_ptr_nonnull(strstr(evaluated("!{timestamp:}", false), "Invalid expression"));
    ck_assert_ptr_nonnull(strstr(evaluated("!{weather:sun}", false), "Invalid namespace"));
}
END_TEST

START_TEST(keys_of_a_query)
{
    struct metadata_query q;
    const char *problem;

    ck_assert(metadata_query_parse(
        &arena, " {a: .b, \"c d\": (.x | strftime(\"%Y, }\")), e: [1,{f:2}][0], g} ", &q,
        &problem));
    ck_assert_uint_eq(q.count, 4);
    ck_assert_str_eq(q.keys[0], "a");
    ck_assert_str_eq(q.keys[1], "c d");
    ck_assert_str_eq(q.keys[2], "e");
    ck_assert_str_eq(q.keys[3], "g");
    for (const char *const *wrong = (const char *const[]){"", "{", "{}", ".a", "{a: .b", "{a .b}",
                                                          "{a: \"open}", "{a: .b} | .", NULL};
         *wrong; wrong++)
        ck_assert(!metadata_query_parse(&arena, *wrong, &q, &problem));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("firehose_prefix");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, fields);
    tcase_add_test(tc, edges_of_the_year);
    tcase_add_test(tc, zones);
    tcase_add_test(tc, patterns_that_mean_nothing);
    tcase_add_test(tc, prefixes);
    tcase_add_test(tc, error_prefixes);
    tcase_add_test(tc, wrong_prefixes);
    tcase_add_test(tc, keys_of_a_query);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
