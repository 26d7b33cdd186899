/*
 * Whether an alarm is in alarm: its newest periods against its threshold.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 *
 * AWS: an alarm looks at a few periods more than it evaluates, and takes the newest that have data;
 * only when these are fewer than EvaluationPeriods the others count as missing.
 */
#ifndef CADABRA_CLOUDWATCH_ALARM_EVALUATE_H
#define CADABRA_CLOUDWATCH_ALARM_EVALUATE_H

#include "gen/cloudwatch.h"
#include "handlers/cloudwatch/math.h"
#include "handlers/cloudwatch/statistics.h"

struct alarm_verdict {
    const char *state; /* OK, ALARM, INSUFFICIENT_DATA */
    const char *reason;
    const char *reason_data; /* JSON, or NULL */
};

/* A period that has data. */
struct alarm_point {
    int64_t at_s;
    double value;
    double samples; /* 0: of an expression, where nobody counts them */
    bool breaching;
};

/* The newest first, no more than the alarm evaluates. */
struct alarm_points {
    struct alarm_point *items;
    int count;
};

/* Of the alarm's metric, or of the metrics in its expressions. */
int64_t alarm_period_s(const struct cloudwatch_MetricAlarm *alarm);
/* What is known of the alarm's span, by its periods. */
struct alarm_points alarm_points_of(struct arena *a, const struct cloudwatch_MetricAlarm *alarm,
                                    const struct summaries *found);
struct alarm_points alarm_points_of_series(struct arena *a,
                                           const struct cloudwatch_MetricAlarm *alarm,
                                           const struct math_series *series);

/* The time that the alarm looks at. It ends with the period that has begun. */
struct cloudwatch_span alarm_span(const struct cloudwatch_MetricAlarm *alarm, int64_t now_ms);

/* False: the alarm keeps its state. */
bool alarm_judge(struct arena *a, const struct cloudwatch_MetricAlarm *alarm,
                 const struct alarm_points *points, int64_t now_ms, struct alarm_verdict *out);

/* "greater than"; NULL for what compares with no threshold. */
const char *alarm_operator_words(const char *operator);

/* 21.0, 0.5: as AWS writes numbers in words. */
const char *alarm_number(struct arena *a, double value);

#endif
