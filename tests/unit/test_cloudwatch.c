/* CloudWatch: statistics of periods, and the states of alarms. */
#include "handlers/cloudwatch/alarm_evaluate.h"
#include "tests/unit/run_suite.h"

#include <check.h>

enum { PERIOD = 60 };
#define NOW_MS (INT64_C(1700000000) * 1000)

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_release(&arena);
}

static void add(struct summaries *s, int64_t at_s, const double *pairs, size_t count)
{
    struct cloudwatch_point p = {.at_s = at_s,
                                 .unit = "None",
                                 .minimum = pairs[0],
                                 .maximum = pairs[0],
                                 .pairs = pairs,
                                 .pair_count = count};

    for (size_t i = 0; i < count; i += 2) {
        p.samples += pairs[i + 1];
        p.sum += pairs[i] * pairs[i + 1];
        p.minimum = p.minimum < pairs[i] ? p.minimum : pairs[i];
        p.maximum = p.maximum > pairs[i] ? p.maximum : pairs[i];
    }
    summaries_add(&p, s);
}

static double of(struct summary *s, const char *name)
{
    struct statistic statistic;
    double value = -1;

    ck_assert(statistic_parse(name, &statistic));
    ck_assert(statistic_of(s, &statistic, &value));
    return value;
}

START_TEST(points_of_a_period_are_put_together)
{
    static const double first[] = {1, 1, 5, 2};
    static const double second[] = {3, 1};
    struct summaries s = {.arena = &arena, .from_s = 30, .period_s = PERIOD, .keep_values = true};

    add(&s, 30, first, 4);
    add(&s, 89, second, 2);
    add(&s, 90, second, 2);
    ck_assert_uint_eq(s.count, 2);
    ck_assert_int_eq(s.items[1].at_s, 90);
    ck_assert_double_eq(of(&s.items[0], "SampleCount"), 4);
    ck_assert_double_eq(of(&s.items[0], "Sum"), 14);
    ck_assert_double_eq(of(&s.items[0], "Average"), 3.5);
    ck_assert_double_eq(of(&s.items[0], "Minimum"), 1);
    ck_assert_double_eq(of(&s.items[0], "Maximum"), 5);
    ck_assert_double_eq(of(&s.items[0], "p0"), 1);
    ck_assert_double_eq(of(&s.items[0], "p50"), 4);
    ck_assert_double_eq(of(&s.items[0], "p100"), 5);
}
END_TEST

START_TEST(many_points_keep_all_their_values)
{
    struct summaries s = {.arena = &arena, .period_s = 1000, .keep_values = true};

    for (int i = 0; i <= 100; i++) {
        const double pair[] = {i, 1};

        add(&s, i, pair, 2);
    }
    ck_assert_uint_eq(s.items[0].value_count, 101);
    ck_assert_double_eq(of(&s.items[0], "p99"), 99);
    ck_assert_double_eq(of(&s.items[0], "p2.5"), 2.5);
}
END_TEST

START_TEST(names_of_statistics)
{
    static const char *const wrong[] = {"", "p", "pp", "p101", "p1.2.3", "average", "tm99", "p-1"};
    struct statistic statistic;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        ck_assert_msg(!statistic_parse(wrong[i], &statistic), "%s", wrong[i]);
    ck_assert(statistic_parse("p99.99", &statistic));
    ck_assert_double_eq(statistic.percentile, 99.99);
}
END_TEST

/* `points` is five periods, the newest last: 0 within the threshold, X breaching, - missing. Gives
 * the new state, or "same". */
static const char *judge(const char *points, int needed, const char *treat)
{
    struct cloudwatch_MetricAlarm alarm = {
        .Statistic = "Sum",
        .Period = SOME_INT(PERIOD),
        .EvaluationPeriods = SOME_INT(3),
        .DatapointsToAlarm = SOME_INT(needed),
        .Threshold = SOME_DOUBLE(10),
        .ComparisonOperator = "GreaterThanThreshold",
        .TreatMissingData = treat,
        .StateValue = "NONE",
    };
    struct cloudwatch_span span = alarm_span(&alarm, NOW_MS);
    struct summaries s = {.arena = &arena, .from_s = span.from_s, .period_s = PERIOD};
    struct alarm_verdict verdict;

    ck_assert_int_eq(span.until_s - span.from_s, 6 * PERIOD);
    for (int i = 0; i < 5; i++) {
        const double pair[] = {points[i] == 'X' ? 20 : 1, 1};

        if (points[i] != '-')
            add(&s, span.from_s + i * PERIOD, pair, 2);
    }
    const struct alarm_points judged = alarm_points_of(&arena, &alarm, &s);
    return alarm_judge(&arena, &alarm, &judged, NOW_MS, &verdict) ? verdict.state : "same";
}

/* The tables of "Configuring how CloudWatch alarms treat missing data". */
START_TEST(missing_data)
{
    static const struct {
        const char *points;
        int needed;
        const char *missing, *ignore, *breaching, *within;
    } rows[] = {
        {"0-X-X", 3, "OK", "OK", "OK", "OK"},
        {"0----", 3, "OK", "OK", "OK", "OK"},
        {"-----", 3, "INSUFFICIENT_DATA", "same", "ALARM", "OK"},
        {"0XX-X", 3, "ALARM", "ALARM", "ALARM", "ALARM"},
        {"--X--", 3, "ALARM", "same", "ALARM", "OK"},
        {"0-X-X", 2, "ALARM", "ALARM", "ALARM", "ALARM"},
        {"00X0X", 2, "ALARM", "ALARM", "ALARM", "ALARM"},
        {"0-X--", 2, "OK", "OK", "ALARM", "OK"},
        {"----0", 2, "OK", "OK", "ALARM", "OK"},
        {"----X", 2, "ALARM", "same", "ALARM", "OK"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *points = rows[i].points;

        ck_assert_str_eq(judge(points, rows[i].needed, NULL), rows[i].missing);
        ck_assert_str_eq(judge(points, rows[i].needed, "missing"), rows[i].missing);
        ck_assert_str_eq(judge(points, rows[i].needed, "ignore"), rows[i].ignore);
        ck_assert_str_eq(judge(points, rows[i].needed, "breaching"), rows[i].breaching);
        ck_assert_str_eq(judge(points, rows[i].needed, "notBreaching"), rows[i].within);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cloudwatch");
    TCase *t = tcase_create("cloudwatch");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, points_of_a_period_are_put_together);
    tcase_add_test(t, many_points_keep_all_their_values);
    tcase_add_test(t, names_of_statistics);
    tcase_add_test(t, missing_data);
    suite_add_tcase(s, t);
    return run_suite(s);
}
