/*
 * What an alarm tells the world when its state changes: the message to a topic, the event to a
 * function, the line in its history. All in the arena.
 */
#ifndef CADABRA_CLOUDWATCH_ALARM_MESSAGE_H
#define CADABRA_CLOUDWATCH_ALARM_MESSAGE_H

#include "handlers/cloudwatch/alarm_evaluate.h"

/* From which state to which: `alarm` is as it was. */
struct alarm_change {
    const char *account, *region;
    const struct cloudwatch_MetricAlarm *alarm;
    const char *rule; /* of a composite alarm; NULL: it is none */
    const struct alarm_verdict *verdict;
    int64_t at_ms;
};

/* https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html */
const char *alarm_sns_subject(struct arena *a, const struct alarm_change *c);
const char *alarm_sns_message(struct arena *a, const struct alarm_change *c);
/* https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html */
struct bytes alarm_lambda_event(struct arena *a, const struct alarm_change *c);
/* 2026-11-23T00:10:00.000+0000 */
const char *alarm_time_text(struct arena *a, int64_t ms);
/* HistoryData of a StateUpdate. */
const char *alarm_state_data(struct arena *a, const struct alarm_change *c);

#endif
