/* Expressions of GetPartitions: grammar, types, truth, what is known of a beginning. */
#include "handlers/glue/expression.h"

#include "handlers/glue/expression_value.h"
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

static const struct glue_key key_items[] = {
    {"year", "int"},     {"Country", "string"},      {"day", "date"},
    {"at", "timestamp"}, {"price", "decimal(10,2)"}, {"name", "varchar(20)"},
    {"ratio", "double"},
};
static const struct glue_keys keys = {key_items, ARRAY_LEN(key_items)};
static const char *const partition[] = {"2024",  "de",        "2024-02-29", "2024-02-29 10:00:00.5",
                                        "12.50", "it's 100%", "0.5"};

static const struct glue_expression *parse(const char *text)
{
    const char *problem = NULL;
    const struct glue_expression *e = glue_expression_parse(&arena, text, &keys, &problem);

    ck_assert_msg(e != NULL, "%s: %s", text, problem);
    return e;
}

static struct glue_known known_of(const char *const *values, size_t count)
{
    struct bytes *items = ARENA_ARRAY(&arena, struct bytes, count);

    for (size_t i = 0; i < count; i++)
        items[i] = (struct bytes){(const uint8_t *)values[i], strlen(values[i])};
    return (struct glue_known){.values = items, .count = count, .arena = &arena};
}

static unsigned eval(const char *text, size_t count)
{
    struct glue_known known = known_of(partition, count);
    unsigned truth = glue_expression_eval(parse(text), &known);

    ck_assert_msg(!known.problem, "%s: %s", text, known.problem);
    return truth;
}

START_TEST(what_holds)
{
    static const char *const cases[] = {
        "year = 2024",
        "year = '2024'",
        "YEAR=02024",
        "2024 = year",
        "2023 < year and 2025>=year",
        "year <> 5 AND year != 6",
        "year in (1, '2024' , -3)",
        "year not in (1,2)",
        "year between 2024 and 2024",
        "year NOT BETWEEN 1 AND 2023",
        "year > -2024 and year < 99999999999999999999999999",
        "(year) = ((2024)) (OR) (((year))) = (2)",
        "year = 1 or year = 2 and year = 3 or country = 'de'",
        "not year = 1",
        "not (year = 1 or country = 'fr')",
        "not not country = 'de'",
        "\"country\" = 'de' and `year` = 2024",
        "country > 'd' and country < 'e'",
        "country like 'd%' and country like '_e' and country like '%'",
        "country not like 'D%'",
        "country is not null",
        "not country is null",
        "name = 'it''s 100%'",
        "name like 'it%'",
        "name like '%100_'",
        "name like '%''%0%'",
        "day = '2024-02-29'",
        "day = date '2024-02-29'",
        "day between '2024-01-01' and '2024-12-31'",
        "at = '2024-02-29 10:00:00.500000000'",
        "at > '2024-02-29 10:00:00' and at < timestamp '2024-02-29 10:00:01'",
        "at > '2024-02-29 10:00:00.499999999'",
        "price = 12.5",
        "price = '+0012.500'",
        "price = 125e-1",
        "price < 1.3E1 and price > 12.49999999999999999999999999999999",
        "price > .5 and price > -1e9",
        "ratio is not null",
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ck_assert_msg(eval(cases[i], ARRAY_LEN(partition)) == GLUE_TRUE, "%s", cases[i]);
        ck_assert_msg(eval(arena_printf(&arena, "NOT (%s)", cases[i]), ARRAY_LEN(partition)) ==
                          GLUE_FALSE,
                      "not %s", cases[i]);
    }
}
END_TEST

START_TEST(what_is_wrong)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"", "Unsupported expression"},
        {"year", "Unsupported expression 'year'"},
        {"2024", "Unsupported expression"},
        {"year =", "Unsupported expression"},
        {"year = 1 and", "Unsupported expression"},
        {"(year = 1", "Unsupported expression"},
        {"year = 1)", "Unsupported expression"},
        {"year = 'x", "Unsupported expression"},
        {"year = year", "Unsupported expression"},
        {"1 = 1", "Unsupported expression"},
        {"year in ()", "Unsupported expression"},
        {"year in (1,)", "Unsupported expression"},
        {"year is 5", "Unsupported expression"},
        {"year not 5", "Unsupported expression"},
        {"not year", "Unsupported expression"},
        {"year and country", "Unsupported expression"},
        {"year = 1 country = 'x'", "Unsupported expression"},
        {"year ~ 5", "Unsupported expression"},
        {"month = 5", "Invalid partition expression!"},
        {"year = 1 or month is null", "Invalid partition expression!"},
        {"year = 'x'", "\"x\" is not an integer."},
        {"year in (2.5)", "\"2.5\" is not an integer."},
        {"year = ''", "\"\" is not an integer."},
        {"price = 'x'", "x is not a decimal."},
        {"price = '1e'", "1e is not a decimal."},
        {"price = '.'", ". is not a decimal."},
        {"day = '2023-02-29'", "2023-02-29 is not a date."},
        {"day = '2024-2-1'", "2024-2-1 is not a date."},
        {"at = '2024-02-29'", "2024-02-29 is not a timestamp."},
        {"at = '2024-02-29 10:00:00.'", "is not a timestamp."},
        {"at = '2024-02-29 24:00:00'", "is not a timestamp."},
        {"ratio = 0.5", "Unknown type : 'double'"},
        {"year like '2%'", "Integral data type doesn't support operation 'LIKE'"},
        {"price like '2%'", "Decimal data type doesn't support operation 'LIKE'"},
        {"day like '2%'", "Date data type doesn't support operation 'LIKE'"},
        {"at like '2%'", "Timestamp data type doesn't support operation 'LIKE'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *problem = NULL;

        ck_assert_msg(!glue_expression_parse(&arena, cases[i].text, &keys, &problem), "%s",
                      cases[i].text);
        ck_assert_msg(strstr(problem, cases[i].words) != NULL, "%s: %s", cases[i].text, problem);
    }
}
END_TEST

START_TEST(a_beginning_says_what_can_be)
{
    ck_assert_uint_eq(eval("year = 2024", 0), GLUE_TRUE | GLUE_FALSE | GLUE_NULL);
    ck_assert_uint_eq(eval("year = 2023 and country = 'de'", 1), GLUE_FALSE);
    ck_assert(eval("year = 2024 and country = 'fr'", 1) & GLUE_TRUE);
    ck_assert_uint_eq(eval("year = 2024 or country = 'fr'", 1), GLUE_TRUE);
    ck_assert(eval("year = 2023 or country = 'fr'", 1) & GLUE_TRUE);
    ck_assert(eval("not (year = 2024 and country = 'fr')", 1) & GLUE_TRUE);
    ck_assert_uint_eq(eval("not (year = 2024 or country = 'fr')", 1), GLUE_FALSE);
}
END_TEST

START_TEST(values_that_are_null_or_none_of_their_type)
{
    static const char *const null[] = {"__HIVE_DEFAULT_PARTITION__", "de"};
    static const char *const wrong[] = {"about 2024", "de"};
    struct glue_known known = known_of(null, 2);

    ck_assert_uint_eq(glue_expression_eval(parse("year = 1"), &known), GLUE_NULL);
    ck_assert_uint_eq(glue_expression_eval(parse("not year = 1"), &known), GLUE_NULL);
    ck_assert_uint_eq(glue_expression_eval(parse("year is null"), &known), GLUE_TRUE);
    ck_assert_uint_eq(glue_expression_eval(parse("year = 1 or country = 'de'"), &known), GLUE_TRUE);
    ck_assert_uint_eq(glue_expression_eval(parse("year = 1 and country = 'de'"), &known),
                      GLUE_NULL);
    ck_assert_ptr_null(known.problem);
    known = known_of(wrong, 2);
    glue_expression_eval(parse("year = 1"), &known);
    ck_assert_str_eq(known.problem, "\"about 2024\" is not an integer.");
}
END_TEST

START_TEST(depth_is_bounded)
{
    char text[500] = "";
    const char *problem = NULL;

    memset(text, '(', 400);
    ck_assert_ptr_null(glue_expression_parse(&arena, text, &keys, &problem));
    ck_assert_ptr_nonnull(problem);
}
END_TEST

START_TEST(like)
{
    static const struct {
        const char *text, *pattern;
        bool matches;
    } cases[] = {
        {"", "", true},          {"", "%", true},
        {"", "_", false},        {"abc", "abc", true},
        {"abc", "ab", false},    {"abc", "a%c", true},
        {"abc", "%b%", true},    {"abc", "%bc%c", false},
        {"aXbXc", "a%X_", true}, {"\xc3\xa4x", "_x", true},
        {"abab", "%ab", true},   {"a.c", "a.c", true},
        {"abc", "a.c", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bytes text = {(const uint8_t *)cases[i].text, strlen(cases[i].text)};
        struct bytes pattern = {(const uint8_t *)cases[i].pattern, strlen(cases[i].pattern)};

        ck_assert_msg(glue_text_like(text, pattern) == cases[i].matches, "%s LIKE %s",
                      cases[i].text, cases[i].pattern);
    }
}
END_TEST

START_TEST(numbers_compare_exactly)
{
    /* in their order */
    static const char *const sorted[] = {"-1e400",
                                         "-12345678901234567890123456789012345678",
                                         "-10",
                                         "-9.5",
                                         "-0.001",
                                         "0",
                                         "1e-9",
                                         "0.001",
                                         "0.0010000000000000000000000000001",
                                         "9",
                                         "9.99",
                                         "10",
                                         "10.5",
                                         "105",
                                         "12345678901234567890123456789012345678",
                                         "12345678901234567890123456789012345679",
                                         "1e400"};

    for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
        for (size_t k = 0; k < ARRAY_LEN(sorted); k++) {
            struct bytes x = {(const uint8_t *)sorted[i], strlen(sorted[i])};
            struct bytes y = {(const uint8_t *)sorted[k], strlen(sorted[k])};
            struct glue_scalar a;
            struct glue_scalar b;
            int order;

            ck_assert(glue_scalar_read(GLUE_KEY_DECIMAL, x, &a));
            ck_assert(glue_scalar_read(GLUE_KEY_DECIMAL, y, &b));
            order = glue_scalar_compare(GLUE_KEY_DECIMAL, &a, &b);
            ck_assert_msg((order > 0) == (i > k) && (order < 0) == (i < k), "%s, %s: %d", sorted[i],
                          sorted[k], order);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("glue_expression");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, what_holds);
    tcase_add_test(t, what_is_wrong);
    tcase_add_test(t, a_beginning_says_what_can_be);
    tcase_add_test(t, values_that_are_null_or_none_of_their_type);
    tcase_add_test(t, depth_is_bounded);
    tcase_add_test(t, like);
    tcase_add_test(t, numbers_compare_exactly);
    suite_add_tcase(s, t);
    return run_suite(s);
}
