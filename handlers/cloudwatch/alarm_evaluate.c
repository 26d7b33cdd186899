/* The state of an alarm. */
#include "handlers/cloudwatch/alarm_evaluate.h"

#include "server/base/clock.h"
#include "server/base/json_write.h"

#include <math.h>
#include <time.h>

enum {
    EXTRA_PERIODS = 2, /* that are looked at beside EvaluationPeriods */
    SHOWN_MAX = 20,    /* points in words: a reason has 1,023 characters at most, its data 4,000 */
};

struct evaluation {
    const struct alarm_point *points; /* the newest first */
    int count;
    int breaching;
    int missing;
    int needed; /* DatapointsToAlarm */
};

int64_t alarm_period_s(const struct cloudwatch_MetricAlarm *alarm)
{
    int64_t longest = 0;

    if (alarm->Period.set)
        return alarm->Period.value;
    for (size_t i = 0; i < alarm->Metrics.count; i++)
        if (alarm->Metrics.items[i].MetricStat)
            longest = MAX(longest, alarm->Metrics.items[i].MetricStat->Period.value);
    return MAX(longest, 1);
}

struct cloudwatch_span alarm_span(const struct cloudwatch_MetricAlarm *alarm, int64_t now_ms)
{
    const int64_t period = alarm_period_s(alarm);
    const int64_t now_s = now_ms / 1000;
    const int64_t current = now_s - now_s % period;

    return (struct cloudwatch_span){
        .from_s = current - (alarm->EvaluationPeriods.value + EXTRA_PERIODS) * period,
        .until_s = current + period,
        .unit = alarm->Unit,
    };
}

const char *alarm_number(struct arena *a, double value)
{
    return fabs(value) < 1e15 && value == floor(value) ? arena_printf(a, "%.1f", value)
                                                       : arena_printf(a, "%.12g", value);
}

/* --- counting --- */

static bool breaches(const struct cloudwatch_MetricAlarm *alarm, double value)
{
    const double threshold = alarm->Threshold.value;

    if (str_eq(alarm->ComparisonOperator, "GreaterThanThreshold"))
        return value > threshold;
    if (str_eq(alarm->ComparisonOperator, "GreaterThanOrEqualToThreshold"))
        return value >= threshold;
    if (str_eq(alarm->ComparisonOperator, "LessThanThreshold"))
        return value < threshold;
    return value <= threshold;
}

static struct alarm_points points_new(struct arena *a, const struct cloudwatch_MetricAlarm *alarm)
{
    return (struct alarm_points){
        .items = ARENA_ARRAY(a, struct alarm_point, (size_t)alarm->EvaluationPeriods.value)};
}

static void add_point(struct alarm_points *points, const struct cloudwatch_MetricAlarm *alarm,
                      int64_t at_s, double value, double samples)
{
    points->items[points->count++] =
        (struct alarm_point){at_s, value, samples, breaches(alarm, value)};
}

struct alarm_points alarm_points_of(struct arena *a, const struct cloudwatch_MetricAlarm *alarm,
                                    const struct summaries *found)
{
    struct alarm_points points = points_new(a, alarm);
    struct statistic statistic;
    double value;

    if (!statistic_parse(alarm->Statistic ? alarm->Statistic : alarm->ExtendedStatistic,
                         &statistic))
        return points;
    for (size_t i = found->count; i > 0 && points.count < alarm->EvaluationPeriods.value; i--) {
        struct summary *s = &found->items[i - 1];

        /* Of a metric in several units without one in the alarm, the one seen last. */
        if ((points.count && points.items[points.count - 1].at_s == s->at_s) ||
            !statistic_of(s, &statistic, &value))
            continue;
        add_point(&points, alarm, s->at_s, value, s->samples);
    }
    return points;
}

struct alarm_points alarm_points_of_series(struct arena *a,
                                           const struct cloudwatch_MetricAlarm *alarm,
                                           const struct math_series *series)
{
    struct alarm_points points = points_new(a, alarm);

    for (size_t i = series->count; i > 0 && points.count < alarm->EvaluationPeriods.value; i--)
        add_point(&points, alarm, series->points[i - 1].at_s, series->points[i - 1].value, 0);
    return points;
}

static struct evaluation evaluate(const struct cloudwatch_MetricAlarm *alarm,
                                  const struct alarm_points *points)
{
    const int periods = alarm->EvaluationPeriods.value;
    struct evaluation e = {
        .points = points->items,
        .count = points->count,
        .missing = periods - points->count,
        .needed = VALUE_OR(alarm->DatapointsToAlarm, periods),
    };

    for (int i = 0; i < e.count; i++)
        e.breaching += e.points[i].breaching;
    return e;
}

/* NULL: as it is. AWS: missing data matter only where they could decide, and one datapoint within
 * the threshold is enough for OK unless they count as breaching. */
static const char *state_of(const struct cloudwatch_MetricAlarm *alarm, const struct evaluation *e)
{
    const char *treat = alarm->TreatMissingData ? alarm->TreatMissingData : "missing";
    const bool open = e->breaching < e->needed && e->breaching + e->missing >= e->needed;
    const bool none_within = e->breaching == e->count;

    if (open && str_eq(treat, "breaching"))
        return "ALARM";
    if (open && none_within && str_eq(treat, "ignore"))
        return NULL;
    if (open && none_within && str_eq(treat, "missing"))
        return e->count ? "ALARM" : "INSUFFICIENT_DATA";
    return e->breaching >= e->needed ? "ALARM" : "OK";
}

/* --- in words --- */

const char *alarm_operator_words(const char *operator)
{
    static const struct {
        const char *operator, * words;
    } all[] = {
        {"GreaterThanThreshold", "greater than"},
        {"GreaterThanOrEqualToThreshold", "greater than or equal to"},
        {"LessThanThreshold", "less than"},
        {"LessThanOrEqualToThreshold", "less than or equal to"},
    };

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (str_eq(operator, all[i].operator))
            return all[i].words;
    return NULL;
}

static void write_point(struct strbuf *b, struct arena *a, const struct alarm_point *p)
{
    const time_t at = p->at_s;
    struct tm t;

    gmtime_r(&at, &t);
    strbuf_add_format(b, "%s (%02d/%02d/%02d %02d:%02d:%02d)", alarm_number(a, p->value), t.tm_mday,
                      t.tm_mon + 1, t.tm_year % 100, t.tm_hour, t.tm_min, t.tm_sec);
}

/* "[21.5 (23/11/26 00:10:00), 3.0 (...)]": those on the side that decided. */
static int write_points(struct strbuf *b, struct arena *a, const struct evaluation *e,
                        bool breaching)
{
    int count = 0;

    strbuf_add_text(b, "[");
    for (int i = 0; i < e->count; i++) {
        if (e->points[i].breaching != breaching || count++ >= SHOWN_MAX)
            continue;
        if (count > 1)
            strbuf_add_text(b, ", ");
        write_point(b, a, &e->points[i]);
    }
    strbuf_add_text(b, "]");
    return count;
}

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

static void write_crossing(struct strbuf *b, struct arena *a,
                           const struct cloudwatch_MetricAlarm *alarm, const struct evaluation *e,
                           bool in_alarm)
{
    struct strbuf points = STRBUF_INIT(1 << 16);
    const int count = write_points(&points, a, e, in_alarm);
    const int periods = alarm->EvaluationPeriods.value;
    const int needed = in_alarm ? e->needed : periods - e->needed + 1;

    if (alarm->DatapointsToAlarm.set)
        strbuf_add_format(b, "%d out of the last %d datapoint%s ", count, periods, plural(periods));
    else
        strbuf_add_format(b, "%d datapoint%s ", count, plural(count));
    strbuf_add_format(b, "%.*s %s %s%s the threshold (%s)", (int)points.len, points.data,
                      count == 1 || alarm->DatapointsToAlarm.set ? "was" : "were",
                      in_alarm ? "" : "not ", alarm_operator_words(alarm->ComparisonOperator),
                      alarm_number(a, alarm->Threshold.value));
    if (alarm->DatapointsToAlarm.set)
        strbuf_add_format(b, " (minimum %d datapoint%s for %s transition)", needed, plural(needed),
                          in_alarm ? "OK -> ALARM" : "ALARM -> OK");
    strbuf_release(&points);
}

static const char *reason_of(struct arena *a, const struct cloudwatch_MetricAlarm *alarm,
                             const struct evaluation *e, const char *state)
{
    const bool in_alarm = str_eq(state, "ALARM");
    const char *treat = alarm->TreatMissingData ? alarm->TreatMissingData : "missing";
    const bool treated = e->missing > 0 && str_eq(treat, in_alarm ? "breaching" : "notBreaching");
    struct strbuf b = STRBUF_INIT(1 << 16);
    const char *text;

    if (str_eq(state, "INSUFFICIENT_DATA")) {
        strbuf_add_format(&b, "Insufficient Data: %d datapoint%s %s unknown", e->missing,
                          plural(e->missing), e->missing == 1 ? "was" : "were");
    } else {
        strbuf_add_text(&b, "Threshold Crossed: ");
        if (e->count)
            write_crossing(&b, a, alarm, e, in_alarm);
        else
            strbuf_add_format(&b, "no datapoints were received for %d period%s", e->missing,
                              plural(e->missing));
        if (treated)
            strbuf_add_format(&b, " and %d missing datapoint%s %s treated as [%s]", e->missing,
                              plural(e->missing), e->missing == 1 ? "was" : "were",
                              in_alarm ? "Breaching" : "NonBreaching");
    }
    strbuf_add_text(&b, ".");
    text = arena_strndup(a, b.data, b.len);
    strbuf_release(&b);
    return text;
}

static void member_time(struct jw *w, const char *key, int64_t ms)
{
    char text[TIME_TEXT_MAX];
    const time_t at = ms / 1000;
    struct tm parts;

    gmtime_r(&at, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    jw_key(w, key);
    snprintf(text + strlen(text), sizeof(text) - strlen(text), ".%03d+0000", (int)(ms % 1000));
    jw_string(w, text);
}

static void member_double(struct jw *w, struct arena *a, const char *key, double value)
{
    const char *text = alarm_number(a, value);

    jw_key(w, key);
    jw_raw(w, text, strlen(text));
}

static void write_evaluated(struct jw *w, struct arena *a, const struct alarm_point *p)
{
    jw_begin_object(w);
    member_time(w, "timestamp", p->at_s * 1000);
    if (p->samples > 0)
        member_double(w, a, "sampleCount", p->samples);
    member_double(w, a, "value", p->value);
    jw_end_object(w);
}

static const char *reason_data_of(struct arena *a, const struct cloudwatch_MetricAlarm *alarm,
                                  const struct evaluation *e, int64_t now_ms)
{
    struct strbuf b = STRBUF_INIT(1 << 20);
    struct jw w;
    const char *text;

    jw_init(&w, &b);
    jw_begin_object(&w);
    jw_member_string(&w, "version", "1.0");
    member_time(&w, "queryDate", now_ms);
    if (e->count)
        member_time(&w, "startDate", e->points[e->count - 1].at_s * 1000);
    jw_member_string(&w, "unit", alarm->Unit);
    jw_member_string(&w, "statistic",
                     alarm->Statistic ? alarm->Statistic : alarm->ExtendedStatistic);
    jw_member_int(&w, "period", alarm_period_s(alarm));
    jw_key(&w, "recentDatapoints");
    jw_begin_array(&w);
    for (int i = MIN(e->count, SHOWN_MAX) - 1; i >= 0; i--) {
        const char *number = alarm_number(a, e->points[i].value);

        jw_raw(&w, number, strlen(number));
    }
    jw_end_array(&w);
    member_double(&w, a, "threshold", alarm->Threshold.value);
    jw_key(&w, "evaluatedDatapoints");
    jw_begin_array(&w);
    for (int i = 0; i < MIN(e->count, SHOWN_MAX); i++)
        write_evaluated(&w, a, &e->points[i]);
    jw_end_array(&w);
    jw_end_object(&w);
    text = arena_strndup(a, b.data, b.len);
    strbuf_release(&b);
    return text;
}

bool alarm_judge(struct arena *a, const struct cloudwatch_MetricAlarm *alarm,
                 const struct alarm_points *points, int64_t now_ms, struct alarm_verdict *out)
{
    const struct evaluation e = evaluate(alarm, points);
    const char *state = state_of(alarm, &e);

    if (!state || str_eq(state, alarm->StateValue))
        return false;
    *out = (struct alarm_verdict){
        .state = state,
        .reason = reason_of(a, alarm, &e, state),
        .reason_data = reason_data_of(a, alarm, &e, now_ms),
    };
    return true;
}
