#include "handlers/lambda/destination.h"

#include "handlers/common/arn.h"
#include "handlers/lambda/lambda.h"
#include "handlers/s3/s3.h"
#include "handlers/sns/sns.h"
#include "handlers/sqs/sqs.h"
#include "server/base/digest.h"
#include "server/base/log.h"

enum destination_kind destination_kind(struct arena *a, const char *arn)
{
    static const struct {
        const char *service;
        enum destination_kind kind;
    } kinds[] = {
        {"sqs", DESTINATION_SQS}, {"sns", DESTINATION_SNS},       {"lambda", DESTINATION_LAMBDA},
        {"s3", DESTINATION_S3},   {"events", DESTINATION_EVENTS},
    };
    struct arn parsed;

    if (!arn_parse(a, arn, &parsed))
        return DESTINATION_NONE;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_eq(parsed.service, kinds[i].service))
            return kinds[i].kind;
    }
    return DESTINATION_NONE;
}

static enum destination_outcome to_function(struct app *app, const char *arn,
                                            const struct destination_message *m)
{
    switch (lambda_invoke_event(app, arn, NULL, m->body)) {
    case LAMBDA_OK:
        return DESTINATION_SENT;
    case LAMBDA_FAILED:
        return DESTINATION_RETRY;
    default:
        return DESTINATION_GONE;
    }
}

enum { ATTRIBUTES_MAX = 8 };

static enum destination_outcome outcome_of(enum store_status rc)
{
    if (!rc)
        return DESTINATION_SENT;
    return rc == STORE_NOT_FOUND || rc == STORE_CONFLICT ? DESTINATION_GONE : DESTINATION_RETRY;
}

static size_t as_attributes(const struct destination_message *m,
                            struct sqs_attribute out[ATTRIBUTES_MAX])
{
    size_t count = MIN(m->attribute_count, (size_t)ATTRIBUTES_MAX);

    for (size_t i = 0; i < count; i++)
        out[i] = (struct sqs_attribute){
            .name = m->attributes[i].name,
            .type = m->attributes[i].type,
            .value = {.data = (const uint8_t *)m->attributes[i].value,
                      .len = strlen(m->attributes[i].value)},
        };
    return count;
}

static enum destination_outcome to_queue(struct app *app, const char *arn,
                                         const struct destination_message *m)
{
    struct sqs_attribute attributes[ATTRIBUTES_MAX];
    const struct sqs_outgoing message = {.body = m->body,
                                         .attributes = attributes,
                                         .attribute_count = as_attributes(m, attributes),
                                         .delay_s = -1};

    return outcome_of(sqs_send(app, arn, &message, 1));
}

static enum destination_outcome to_topic(struct app *app, const char *arn, struct arena *a,
                                         const struct destination_message *m)
{
    struct sns_attribute attributes[ATTRIBUTES_MAX];
    char id[SNS_MESSAGE_ID_LEN];
    const struct sns_outgoing message = {
        .message = arena_strndup(a, (const char *)m->body.data, m->body.len),
        .attributes = attributes,
        .attribute_count = MIN(m->attribute_count, (size_t)ATTRIBUTES_MAX),
    };

    for (size_t i = 0; i < message.attribute_count; i++)
        attributes[i] = (struct sns_attribute){
            .name = m->attributes[i].name,
            .type = m->attributes[i].type,
            .value = {.data = (const uint8_t *)m->attributes[i].value,
                      .len = strlen(m->attributes[i].value)},
        };
    return outcome_of(sns_publish(app, arn, &message, id));
}

/* AWS: prefix/2026/11/22/2026-11-22T17.20.00-<uuid> */
static enum destination_outcome to_bucket(struct app *app, const char *arn, struct arena *a,
                                          const struct destination_message *m)
{
    char time[TIME_TEXT_MAX], uuid[37];
    struct arn parsed;

    if (!m->s3_prefix || !arn_parse(a, arn, &parsed))
        return DESTINATION_GONE;
    time_iso8601(clock_now_ms(&app->clock), false, time);
    uuid_v4(uuid);
    const struct s3_object_in object = {
        .bucket = parsed.resource,
        .key = arena_printf(a, "%s%.4s/%.2s/%.2s/%.13s.%.2s.%.2s-%s", m->s3_prefix, time, time + 5,
                            time + 8, time, time + 14, time + 17, uuid),
        .body = m->body,
        .content_type = "application/json",
    };
    return outcome_of(s3_put(app, m->account, &object, NULL));
}

enum destination_outcome destination_send(struct app *app, const char *arn,
                                          const struct destination_message *m)
{
    enum destination_outcome outcome = DESTINATION_GONE;
    struct arena a;

    arena_init(&a);
    switch (destination_kind(&a, arn)) {
    case DESTINATION_LAMBDA:
        outcome = to_function(app, arn, m);
        break;
    case DESTINATION_SQS:
        outcome = to_queue(app, arn, m);
        break;
    case DESTINATION_SNS:
        outcome = to_topic(app, arn, &a, m);
        break;
    case DESTINATION_S3:
        outcome = to_bucket(app, arn, &a, m);
        break;
    default:
        break;
    }
    arena_release(&a);
    if (outcome == DESTINATION_GONE)
        log_warn("a record for %s was dropped: there is nothing that takes it", arn);
    return outcome;
}
