/* Metric math: what expressions are worth, what is none. */
#include "handlers/cloudwatch/math.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <math.h>

enum { PERIOD = 60, FROM = 6000, PERIODS = 5 };

static struct arena a;

static void setup(void)
{
    arena_init(&a);
}

static void teardown(void)
{
    arena_release(&a);
}

/* m1: 1 2 3 4 5; m2: 10 - 30 - 50; none: nothing */
static const struct math_point all_points[] = {
    {FROM, 1}, {FROM + 60, 2}, {FROM + 120, 3}, {FROM + 180, 4}, {FROM + 240, 5}};
static const struct math_point some_points[] = {{FROM, 10}, {FROM + 120, 30}, {FROM + 240, 50}};
static const struct math_series metrics[] = {
    {.id = "m1",
     .label = "a",
     .from_s = FROM,
     .period_s = PERIOD,
     .points = all_points,
     .count = 5},
    {.id = "m2",
     .label = "b",
     .from_s = FROM,
     .period_s = PERIOD,
     .points = some_points,
     .count = 3},
    {.id = "none", .label = "c", .from_s = FROM, .period_s = PERIOD},
};
static const struct math_series other_period = {
    .id = "slow", .from_s = FROM, .period_s = 300, .points = all_points, .count = 1};

static const struct math_value *find(void *context, const char *id)
{
    struct math_value *v = ARENA_NEW(&a, struct math_value);

    (void)context;
    for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
        if (str_eq(metrics[i].id, id)) {
            *v = (struct math_value){.type = MATH_SERIES, .series = &metrics[i], .count = 1};
            return v;
        }
    if (str_eq(id, "slow")) {
        *v = (struct math_value){.type = MATH_SERIES, .series = &other_period, .count = 1};
        return v;
    }
    return NULL;
}

static bool evaluate(const char *text, struct math_value *out, struct math_problem *problem)
{
    struct math_scope scope = {
        .find = find,
        .metrics = metrics,
        .metric_count = ARRAY_LEN(metrics),
        .from_s = FROM,
        .until_s = FROM + PERIODS * PERIOD,
        .period_s = PERIOD,
        .points_left = 1000,
        .series_left = 500,
    };
    const struct math_expression *e = math_compile(&a, text, problem);

    return e && math_evaluate(e, &scope, &a, out, problem);
}

/* "3" for a scalar; "1 2 - 4 5" for a series, periods without a value as "-"; "[1 2 3 4 5|...]". */
static const char *worth(const char *text)
{
    struct math_value v;
    struct math_problem problem;
    const char *words = "";

    if (!evaluate(text, &v, &problem))
        return problem.text;
    if (v.type == MATH_SCALAR)
        return isfinite(v.scalar) ? arena_printf(&a, "%g", v.scalar) : "nothing";
    for (size_t i = 0; i < v.count; i++) {
        size_t at = 0;

        words = arena_printf(&a, "%s%s", words, i ? "|" : "");
        for (int n = 0; n < PERIODS; n++) {
            const struct math_series *s = &v.series[i];
            bool there = at < s->count && s->points[at].at_s == FROM + n * PERIOD;

            words = arena_printf(&a, there ? "%s%s%g" : "%s%s-", words, n ? " " : "",
                                 there ? s->points[at].value : 0);
            at += there;
        }
        ck_assert_uint_eq(at, v.series[i].count);
    }
    return v.type == MATH_ARRAY ? arena_printf(&a, "[%s]", words) : words;
}

static const struct row {
    const char *text, *worth;
} rows[] = {
    /* arithmetic and its order */
    {"1 + 2 * 3", "7"},
    {"(1 + 2) * 3", "9"},
    {"2 ^ 3 ^ 2", "64"},
    {"-2 ^ 2", "4"},
    {"10 - 3 - 2", "5"},
    {"--1", "1"},
    {"1.5e2 / .5", "300"},
    {"1 / 0", "nothing"},
    {"1 < 2 AND 2 >= 2", "1"},
    {"1 == 2 || 1 != 2", "1"},
    {"0 OR 0 && 1", "0"},
    /* series */
    {"m1", "1 2 3 4 5"},
    {"m1 + 1", "2 3 4 5 6"},
    {"10 - m1", "9 8 7 6 5"},
    {"-m1", "-1 -2 -3 -4 -5"},
    {"m1 * m2", "10 - 90 - 250"},
    {"m2 / m1", "10 - 10 - 10"},
    {"m1 / (m1 - 3)", "-0.5 -2 - 4 2.5"},
    {"m1 > 3", "0 0 0 1 1"},
    {"m1 > 1 AND m1 < 4", "0 1 1 0 0"},
    {"none + 1", "- - - - -"},
    {"ABS(-m1)", "1 2 3 4 5"},
    {"CEIL(m1 / 2)", "1 1 2 2 3"},
    {"FLOOR(2.7)", "2"},
    {"LOG10(m2 * 10)", "2 - 2.47712 - 2.69897"},
    {"LOG(1)", "0"},
    /* of a series one value, of an array one series */
    {"AVG(m1)", "3"},
    {"SUM(m2)", "90"},
    {"MIN(m2)", "10"},
    {"MAX(m1)", "5"},
    {"AVG(none)", "nothing"},
    {"STDDEV(m2 * 0 + m1)", "1.63299"},
    {"m1 / SUM(m1) * 15", "1 2 3 4 5"},
    {"SUM([m1, m2])", "11 2 33 4 55"},
    {"SUM(METRICS())", "11 2 33 4 55"},
    {"MAX([m1, m2])", "10 2 30 4 50"},
    {"AVG(METRICS(\"m\"))", "5.5 2 16.5 4 27.5"},
    /* arrays */
    {"METRICS(\"1\")", "[1 2 3 4 5]"},
    {"[m1, m2] * 2", "[2 4 6 8 10|20 - 60 - 100]"},
    {"[m1, m2] - m1", "[0 0 0 0 0|9 - 27 - 45]"},
    {"METRIC_COUNT(METRICS())", "3"},
    {"METRIC_COUNT(REMOVE_EMPTY(METRICS()))", "2"},
    {"FIRST(METRICS())", "1 2 3 4 5"},
    {"LAST([m1, m2])", "10 - 30 - 50"},
    {"SORT(METRICS(), MAX, DESC)", "[10 - 30 - 50|1 2 3 4 5|- - - - -]"},
    {"SORT(METRICS(), AVG, ASC, 1)", "[1 2 3 4 5]"},
    {"SLICE(METRICS(), 1, 2)", "[10 - 30 - 50]"},
    {"SLICE(METRICS(), 9)", "[]"},
    /* time */
    {"PERIOD(m1)", "60"},
    {"m1 / PERIOD(m1) * 60", "1 2 3 4 5"},
    {"RATE(m2) * 60", "- - 10 - 10"},
    {"DIFF(m1)", "- 1 1 1 1"},
    {"DIFF_TIME(m2)", "- - 120 - 120"},
    {"RUNNING_SUM(m1)", "1 3 6 10 15"},
    {"TIME_SERIES(7)", "7 7 7 7 7"},
    {"FILL(m2, 0)", "10 0 30 0 50"},
    {"FILL(m2, REPEAT)", "10 10 30 30 50"},
    {"FILL(m2, LINEAR)", "10 20 30 40 50"},
    {"FILL(m2, m1)", "10 2 30 4 50"},
    {"FILL(none, REPEAT)", "- - - - -"},
    {"FILL(METRICS(), 0) + 0", "[1 2 3 4 5|10 0 30 0 50|0 0 0 0 0]"},
    {"MINUTE(m1)", "40 41 42 43 44"},
    {"HOUR(m2)", "1 - 1 - 1"},
    {"DAY(m2) * 10000 + YEAR(m2)", "41970 - 41970 - 41970"},
    {"MONTH(m2) + DATE(m2)", "2 - 2 - 2"},
    {"EPOCH(m2) - 6000", "0 - 120 - 240"},
    /* conditions */
    {"IF(m1 > 2, m1, 0)", "0 0 3 4 5"},
    {"IF(m1 > 2, m2)", "- - 30 - 50"},
    {"IF(1, m1, m2)", "1 2 3 4 5"},
    {"IF(0, m1, m2)", "10 - 30 - 50"},
    {"IF(0, m1)", "nothing"},
    /* faults */
    {"", "Unexpected end of the expression"},
    {"1 +", "Unexpected end of the expression"},
    {"1 2", "Unexpected '2'"},
    {"(1", "Unexpected end of the expression"},
    {"m1 $ 2", "Unexpected '$ 2'"},
    {"0x10", "Unexpected '0x10'"},
    {"inf", "Unknown id inf"},
    {"m9 + 1", "Unknown id m9"},
    {"FOO(1)", "Unknown function FOO"},
    {"SUM(m1, m2)", "Invalid number of arguments for SUM: 2"},
    {"SUM(1)", "Unsupported operand type(s) for SUM: '[Scalar]'"},
    {"[m1] + [m2]", "Unsupported operand type(s) for +: '[Array[TimeSeries], Array[TimeSeries]]'"},
    {"m1 + \"x\"", "Unsupported operand type(s) for +: '[TimeSeries, String]'"},
    {"FILL(m1, ASC)", "FILL takes a value, REPEAT or LINEAR, not ASC"},
    {"SORT(METRICS(), LINEAR, ASC)", "SORT takes AVG, MAX, MIN or SUM, not LINEAR"},
    {"METRICS(\"x", "A text has no end"},
    {"Banana", "Unexpected 'Banana'"},
    {"m1 + slow", "series of different periods"},
    {"SEARCH('x', 'Sum', 300)", "SEARCH"},
    {"SELECT AVG(x) FROM y", "SELECT"},
};

START_TEST(expressions)
{
    check_row(rows[_i].text, worth(rows[_i].text), rows[_i].worth);
}
END_TEST

START_TEST(what_is_not_built_is_told_by_name)
{
    struct math_problem problem = {0};

    ck_assert_ptr_null(math_compile(&a, "SUM(SEARCH('a', 'Sum', 60))", &problem));
    ck_assert(problem.unsupported);
    ck_assert_str_eq(problem.text, "SEARCH");
    ck_assert_ptr_null(math_compile(&a, "SUM(m1", &problem));
    ck_assert(!problem.unsupported);
}
END_TEST

START_TEST(names_are_told)
{
    struct math_problem problem;
    const struct math_expression *e = math_compile(&a, "m1 + SUM([m2, m1]) * e3_x", &problem);
    const char *const *names = math_names(e);

    ck_assert_str_eq(names[0], "m1");
    ck_assert_str_eq(names[3], "e3_x");
    ck_assert_ptr_null(names[4]);
    ck_assert_ptr_null(math_names(math_compile(&a, "1", &problem))[0]);
}
END_TEST

START_TEST(depth_and_points_are_bounded)
{
    struct math_problem problem;
    struct math_value v;
    char text[2048];
    size_t len = 0;

    memset(text, '(', 100);
    text[100] = '\0';
    ck_assert_str_eq(worth(text), "The expression is nested too deeply");
    while (len < 2000)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s1", len ? "+" : "");
    ck_assert_str_eq(worth(text), "1001");
    for (len = 0; len < 2000;)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%sm1", len ? "+" : "");
    ck_assert(!evaluate(text, &v, &problem));
    ck_assert_str_eq(problem.text, "The expression makes too many datapoints");
    ck_assert_str_eq(worth("METRIC_COUNT([METRICS(), METRICS()])"), "6");
    for (len = 0; len < 2000;)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%snone", len ? "," : "[");
    snprintf(text + len, sizeof(text) - len, "]");
    ck_assert(evaluate(text, &v, &problem));
    snprintf(text + len, sizeof(text) - len, "] * 1");
    ck_assert_str_eq(worth(text), "The expression makes too many time series");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cloudwatch_math");
    TCase *t = tcase_create("math");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, expressions, 0, ARRAY_LEN(rows));
    tcase_add_test(t, what_is_not_built_is_told_by_name);
    tcase_add_test(t, names_are_told);
    tcase_add_test(t, depth_and_points_are_bounded);
    suite_add_tcase(s, t);
    return run_suite(s);
}
