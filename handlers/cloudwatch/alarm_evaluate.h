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
#include "handlers/cloudwatch/statistics.h"

struct alarm_verdict {
    const char *state; /* OK, ALARM, INSUFFICIENT_DATA */
    const char *reason;
    const char *reason_data; /* JSON, or NULL */
};

/* The time that the alarm looks at. It ends with the period that has begun. */
struct cloudwatch_span alarm_span(const struct cloudwatch_MetricAlarm *alarm, int64_t now_ms);

/* False: the alarm keeps its state. `found` holds what is known of the span, by the alarm's
 * periods. */
bool alarm_judge(struct arena *a, const struct cloudwatch_MetricAlarm *alarm,
                 const struct summaries *found, int64_t now_ms, struct alarm_verdict *out);

/* "greater than"; NULL for what compares with no threshold. */
const char *alarm_operator_words(const char *operator);

/* 21.0, 0.5: as AWS writes numbers in words. */
const char *alarm_number(struct arena *a, double value);

#endif
