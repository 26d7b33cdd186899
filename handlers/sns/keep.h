/*
 * Messages that nobody delivers: to phones, mailboxes and apps. They are kept, and can be looked at
 * (inspect.c).
 */
#ifndef CADABRA_SNS_KEEP_H
#define CADABRA_SNS_KEEP_H

#include "handlers/sns/message.h"

struct sns_kept_target {
    const char *protocol;         /* sms, email, email-json, application */
    const char *endpoint;         /* phone number, address, ARN */
    const char *topic_arn;        /* NULL: published to the endpoint itself */
    const char *subscription_arn; /* likewise */
};

/* Fills *out, whose texts lie in the arena. body is what the mailbox gets; phones and apps get
 * their texts of the message. False when there is nothing to keep: the number has opted out, the
 * app's endpoint is gone or disabled. */
bool sns_keep(struct sns *sns, struct arena *a, const struct scope *scope,
              const struct sns_kept_target *target, const struct sns_message *m, const char *body,
              struct sns_kept_message *out);

/* endpoint/PLATFORM/name/uuid taken apart. False when the ARN is none of an endpoint. */
struct sns_endpoint_name {
    struct scope scope;
    const char *application; /* PLATFORM/name */
    const char *platform;
    const char *uuid;
};
bool sns_endpoint_split(struct arena *a, const char *arn, struct sns_endpoint_name *out);

#endif
