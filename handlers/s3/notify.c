/*
 * Sends what happened to where the bucket's configuration says. Queues, topics and functions take
 * an event durably and at once, so it is handed over in the caller's thread: an answer that was
 * sent has its events behind it.
 */
#include "handlers/s3/notify.h"

#include "handlers/lambda/lambda.h"
#include "handlers/s3/event.h"
#include "handlers/s3/kept.h"
#include "handlers/s3/target.h"
#include "handlers/sns/sns.h"
#include "handlers/sqs/sqs.h"
#include "server/base/clock.h"
#include "server/base/log.h"

enum { RECORD_MAX = 64 << 10 };

/* One event on its way to all who want it. */
struct delivery {
    struct app *app;
    const struct s3_event *event;
    struct arena arena;
    struct iam_service sender;
    int64_t at_ms;
};

struct iam_service s3_event_sender(struct arena *a, const struct s3_bucket *bucket)
{
    return (struct iam_service){
        .principal = "s3.amazonaws.com",
        .source_arn = arena_printf(a, "arn:aws:s3:::%s", bucket->name),
        .source_account = bucket->account,
    };
}

/* The record names the configuration, so there is one for each. */
static const char *record_for(struct delivery *d, const char *configuration_id)
{
    struct strbuf b = STRBUF_INIT(RECORD_MAX);
    const char *text;

    s3_event_write(&b, &d->arena, d->event, d->at_ms, configuration_id);
    text = arena_strndup(&d->arena, b.data, b.len);
    strbuf_release(&b);
    return text;
}

static void note_lost(const struct delivery *d, const char *arn)
{
    log_warn("s3: %s of %s could not be told to %s", d->event->name, d->event->bucket->name, arn);
}

static void to_queues(struct delivery *d, const struct s3_QueueConfigurationList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct s3_QueueConfiguration *q = &list->items[i];
        struct sqs_outgoing message = {.delay_s = -1, .by = &d->sender};
        const char *text;

        if (!s3_event_wanted(&q->Events, q->Filter, d->event))
            continue;
        text = record_for(d, q->Id);
        message.body = (struct bytes){(const uint8_t *)text, strlen(text)};
        if (sqs_send(d->app, q->QueueArn, &message, 1))
            note_lost(d, q->QueueArn);
    }
}

static void to_topics(struct delivery *d, const struct s3_TopicConfigurationList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct s3_TopicConfiguration *t = &list->items[i];
        struct sns_outgoing message = {.subject = "Amazon S3 Notification", .by = &d->sender};
        char id[SNS_MESSAGE_ID_LEN];

        if (!s3_event_wanted(&t->Events, t->Filter, d->event))
            continue;
        message.message = record_for(d, t->Id);
        if (sns_publish(d->app, t->TopicArn, &message, id))
            note_lost(d, t->TopicArn);
    }
}

static void to_functions(struct delivery *d, const struct s3_LambdaFunctionConfigurationList *list)
{
    const struct lambda_caller caller = {d->sender.principal, d->sender.source_arn,
                                         d->sender.source_account};

    for (size_t i = 0; i < list->count; i++) {
        const struct s3_LambdaFunctionConfiguration *l = &list->items[i];
        const char *text;

        if (!s3_event_wanted(&l->Events, l->Filter, d->event))
            continue;
        text = record_for(d, l->Id);
        if (lambda_invoke_event(d->app, l->LambdaFunctionArn, &caller,
                                (struct bytes){(const uint8_t *)text, strlen(text)}))
            note_lost(d, l->LambdaFunctionArn);
    }
}

void s3_notify(struct app *app, const struct s3_event *event)
{
    struct s3_NotificationConfiguration c = {0};
    struct delivery d = {.app = app, .event = event, .at_ms = clock_now_ms(&app->clock)};

    if (!s3_bucket_has(event->bucket, S3_DOC_NOTIFICATION))
        return;
    arena_init(&d.arena);
    d.sender = s3_event_sender(&d.arena, event->bucket);
    if (s3_kept_find(s3_of(app), &d.arena, event->bucket, S3_DOC_NOTIFICATION, &c) > 0) {
        to_queues(&d, &c.QueueConfigurations);
        to_topics(&d, &c.TopicConfigurations);
        to_functions(&d, &c.LambdaFunctionConfigurations);
    }
    arena_release(&d.arena);
}

void s3_notify_of(struct request *req, const char *name, const struct s3_bucket *bucket,
                  const struct s3_object *object)
{
    struct s3_event event = {
        .name = name,
        .bucket = bucket,
        .key = object->key,
        .size = object->size,
        .etag = object->etag,
        .version = object->id,
        .account = req->account,
        .request_id = req->request_id,
        .id_2 = req->id_2,
        .restore_until_ms = object->restore_until_ms,
        .storage_class = object->storage_class,
    };

    if (!s3_bucket_has(bucket, S3_DOC_NOTIFICATION))
        return;
    event.version_id = s3_new_version_of(&req->arena, bucket, object);
    s3_notify(req->app, &event);
}
