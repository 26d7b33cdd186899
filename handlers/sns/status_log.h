/*
 * Delivery status logging: a topic may ask that what became of deliveries is written to CloudWatch
 * Logs, into sns/<region>/<account>/<topic>, and what failed into the group of that name with
 * /Failure behind it.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
 */
#ifndef CADABRA_SNS_STATUS_LOG_H
#define CADABRA_SNS_STATUS_LOG_H

#include "handlers/sns/state.h"

struct sns_outcome {
    const char *topic_arn;
    const char *message_id;
    const char *text; /* of the message; NULL: not known any more */
    const char *protocol;
    const char *destination;
    const char *response; /* what the other side said; NULL: nothing */
    int status;           /* of HTTP; 0: none */
    int64_t published_ms;
    int64_t attempts;
    bool success;
};

/* Writes it where the topic's attributes ask for it. Thread-safe. */
void sns_log_outcome(struct sns *sns, struct arena *a, struct tag_list topic_attributes,
                     const struct sns_outcome *outcome);

#endif
