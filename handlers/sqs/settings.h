/*
 * Attributes of queues: which there are, what they may hold, what they are when nobody sets them.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
 */
#ifndef CADABRA_SQS_SETTINGS_H
#define CADABRA_SQS_SETTINGS_H

#include "server/base/arena.h"

/* In the order in which CreateQueue compares them. */
enum sqs_setting {
    SQS_VISIBILITY_TIMEOUT,
    SQS_MAXIMUM_MESSAGE_SIZE,
    SQS_RETENTION_PERIOD,
    SQS_DELAY_SECONDS,
    SQS_WAIT_TIME,
    SQS_KMS_REUSE_PERIOD,
    SQS_FIFO_QUEUE,
    SQS_CONTENT_DEDUPLICATION,
    SQS_MANAGED_SSE,
    SQS_DEDUPLICATION_SCOPE,
    SQS_THROUGHPUT_LIMIT,
    SQS_POLICY,
    SQS_REDRIVE_POLICY,
    SQS_REDRIVE_ALLOW_POLICY,
    SQS_KMS_KEY,
    SQS_SETTINGS,
};

enum { SQS_ATTRIBUTE_NAME_MAX = 64 };

/* A text for each that was set; NULL: never. */
struct sqs_settings {
    const char *text[SQS_SETTINGS];
};

/* SQS_SETTINGS: there is none of that name. */
enum sqs_setting sqs_setting_named(const char *name);
const char *sqs_setting_name(enum sqs_setting which);
/* What was set, or else the default; NULL where there is none. */
const char *sqs_setting_value(const struct sqs_settings *s, enum sqs_setting which);
/* What AWS tells of a queue whose attribute nobody set; NULL: nothing. */
const char *sqs_setting_default(const struct sqs_settings *settings, enum sqs_setting which,
                                bool fifo);
/* sqs_setting_value() as a number; 0 and 1 for false and true. */
int32_t sqs_setting_number(const struct sqs_settings *s, enum sqs_setting which);
/* Whether this can be a value of it: numbers in range, booleans, words. Documents are not looked
 * at. */
bool sqs_setting_fits(enum sqs_setting which, const char *value);

/* As a JSON object, for the store; and back. */
char *sqs_settings_to_json(struct arena *a, const struct sqs_settings *s);
struct sqs_settings sqs_settings_from_json(struct arena *a, const char *json);

struct sqs_redrive {
    const char *target_arn; /* NULL: no dead-letter queue */
    int32_t max_receives;
};

/* Reads a RedrivePolicy. NULL and "" are none. False when it is no such document. */
bool sqs_redrive_parse(struct arena *a, const char *json, struct sqs_redrive *out);

enum sqs_redrive_permission { SQS_REDRIVE_ALLOW, SQS_REDRIVE_DENY, SQS_REDRIVE_BY_QUEUE };

struct sqs_redrive_allow {
    enum sqs_redrive_permission permission;
    const char **source_arns;
    size_t source_count;
};

/* Reads a RedriveAllowPolicy. NULL and "" allow all. False when it is no such document. */
bool sqs_redrive_allow_parse(struct arena *a, const char *json, struct sqs_redrive_allow *out);
/* Whether it lets that queue name this one as its dead-letter queue. */
bool sqs_redrive_allows(const struct sqs_redrive_allow *policy, const char *source_arn);

#endif
