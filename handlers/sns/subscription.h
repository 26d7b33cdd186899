/* What the operations on subscriptions share. */
#ifndef CADABRA_SNS_SUBSCRIPTION_H
#define CADABRA_SNS_SUBSCRIPTION_H

#include "handlers/sns/state.h"

const char *sns_subscription_arn(struct request *req, const struct sns_subscription *s);
/* The end of a subscription's ARN. 0 or a failed request. */
int sns_subscription_named(struct request *req, const char *text, const char **out_uuid);
/* 0, or "Subscription does not exist", or an AuthorizationError. */
int sns_find_subscription(struct request *req, const char *arn, struct sns_subscription *out);
int sns_send_confirmation(struct request *req, const struct sns_subscription *s, const char *type,
                          const char *text, int signature_version);

struct sns_subscription_check {
    const char *at; /* "" or, in Subscribe, "Attributes Reason: " */
    const char *topic;
    const char *protocol;
    const char *endpoint;
    const char *filter_scope;         /* NULL: the default */
    struct tag_list topic_attributes; /* of the topic */
};
/* Whether the attribute may be set so. 0 or a failed request. */
int sns_check_subscription_attribute(struct request *req,
                                     const struct sns_subscription_check *check,
                                     struct tag *attribute);
/* Starts or ends the replay that the attribute ReplayPolicy, which has been checked and set, asks
 * for. 0 or a failed request. */
int sns_apply_replay(struct request *req, const struct sns_subscription *s, const char *policy);

#endif
