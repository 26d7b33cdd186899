/*
 * Delivery policies of HTTP endpoints: how often a delivery is tried again, when, and how fast an
 * endpoint takes messages. A topic has one for all its subscriptions, and a subscription one of its
 * own.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
 */
#ifndef CADABRA_SNS_DELIVERY_POLICY_H
#define CADABRA_SNS_DELIVERY_POLICY_H

#include "server/base/arena.h"

enum sns_backoff { SNS_LINEAR, SNS_ARITHMETIC, SNS_GEOMETRIC, SNS_EXPONENTIAL };

struct sns_delivery_policy {
    bool has_retry;
    int64_t min_delay_s, max_delay_s;
    int64_t retries; /* those of the phases included */
    int64_t no_delay_retries, min_delay_retries, max_delay_retries;
    enum sns_backoff backoff;
    int64_t per_second;       /* 0: any number */
    const char *content_type; /* NULL: none is asked for */
    bool no_overrides;        /* of a topic: subscriptions can't have one of their own */
};

/* NULL, or what is wrong with the text. Missing parts get AWS's defaults. */
const char *sns_delivery_policy_read(struct arena *a, const char *json, bool of_topic,
                                     struct sns_delivery_policy *out);
/* What counts: the topic's and the subscription's (either may be NULL) together. */
struct sns_delivery_policy sns_delivery_policy_effective(struct arena *a, const char *topic,
                                                         const char *subscription);
/* As GetTopicAttributes and GetSubscriptionAttributes tell it. */
const char *sns_delivery_policy_text(struct arena *a, const struct sns_delivery_policy *p,
                                     bool of_topic);
/* What a subscription was given, as GetSubscriptionAttributes tells it: with all members. */
const char *sns_delivery_policy_own_text(struct arena *a, const struct sns_delivery_policy *p);
/* How long to wait before the retry that follows that many attempts, in ms; -1: no more. */
int64_t sns_delivery_policy_delay_ms(const struct sns_delivery_policy *p, int64_t attempts);

#endif
