/*
 * A message on its way from a publisher to subscribers, and the forms that it takes for them.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 */
#ifndef CADABRA_SNS_MESSAGE_H
#define CADABRA_SNS_MESSAGE_H

#include "handlers/sns/delivery_policy.h"
#include "handlers/sns/state.h"
#include "server/base/clock.h"
#include "server/base/strbuf.h"

enum { SNS_MESSAGE_MAX = 256 * 1024, SNS_BODY_MAX = 2 * 1024 * 1024 };

struct sns_message {
    char id[SNS_MESSAGE_ID_LEN];
    char timestamp[TIME_TEXT_MAX];
    int64_t at_ms;
    const char *text;
    const char *subject; /* NULL: none */
    const struct sns_attribute *attributes;
    size_t attribute_count;
    const char *group, *dedup; /* NULL: none */
    bool is_json;              /* MessageStructure json: text holds one text for each protocol */
    struct tag_list texts;     /* those */
    const char *sequence;      /* FIFO, once it is known */
    bool replayed;             /* it comes out of the topic's archive */

    /* The last signature: most copies of a message share one. */
    const char *signed_text;
    const char *signature;
};

/* Gives it its id and time. */
void sns_message_begin(struct sns *sns, struct sns_message *m);
void sns_message_set_time(struct sns_message *m, int64_t at_ms);
/* What a subscriber of that protocol (or platform) gets. */
const char *sns_message_text(const struct sns_message *m, const char *protocol);
/* Reads the texts of a message with MessageStructure json. NULL, or what is wrong. */
const char *sns_message_read_texts(struct arena *a, struct sns_message *m, bool needs_default);
/* The attributes as an object of JSON: {"name": {"Type": ..., "Value": ...}}, the names of the two
 * members as given. */
void sns_message_write_attributes(struct strbuf *b, const struct sns_message *m, const char *type,
                                  const char *value);

/* Who a copy is for. */
struct sns_recipient {
    const char *topic_arn;
    const char *subscription_arn;
    const char *protocol;
    const char *origin; /* http://host:port of this server */
    int signature_version;
};

/* The envelope for SQS, HTTP, Firehose and mail as JSON. NULL: it could not be signed. */
const char *sns_envelope(struct sns *sns, struct arena *a, struct sns_message *m,
                         const struct sns_recipient *to);
/* The event that a Lambda function gets. */
const char *sns_lambda_event(struct sns *sns, struct arena *a, struct sns_message *m,
                             const struct sns_recipient *to);
/* SubscriptionConfirmation or UnsubscribeConfirmation, whose text is in the message. */
const char *sns_confirmation(struct sns *sns, struct arena *a, struct sns_message *m,
                             const struct sns_recipient *to, const char *type, const char *token);

/* Whether the subscription's filter policy (NULL: none) wants the message. */
bool sns_filter_wants(struct arena *a, struct tag_list subscription_attributes,
                      const struct sns_message *m, const char *protocol);
/* NULL, or AWS's words about the policy, from "FilterPolicy: " on. */
const char *sns_filter_problem(struct arena *a, const char *policy, const char *scope);

#endif
