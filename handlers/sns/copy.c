/* The copies of a message: who gets one, what stands in it, what becomes of it when nobody takes
 * it. */
#include "handlers/sns/fanout.h"
#include "handlers/sqs/sqs.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/json_read.h"
#include "server/base/log.h"

bool sns_copy_is_raw(const struct sns_copy *copy)
{
    return sns_attribute_true(copy->attributes, "RawMessageDelivery");
}

void sns_job_make_copies(struct sns *sns, struct sns_job *job)
{
    const char *version = sns_attribute_of(job->topic_attributes, "SignatureVersion");
    struct arena *a = job->arena;

    (void)sns;
    job->copies =
        ARENA_ARRAY(a, struct sns_copy, MAX(job->message_count * job->subscriptions.count, 1));
    for (size_t i = 0; i < job->subscriptions.count; i++) {
        const struct sns_subscription *s = &job->subscriptions.items[i];
        struct tag_list attributes = tags_from_json(a, s->attributes);
        const struct sns_recipient to = {
            .topic_arn = job->topic_arn,
            .subscription_arn = arena_printf(a, "%s:%s", job->topic_arn, s->uuid),
            .protocol = s->protocol,
            .origin = s->origin,
            .signature_version = version && str_eq(version, "2") ? 2 : 1,
        };

        for (size_t k = 0; k < job->message_count; k++) {
            if (sns_filter_wants(a, attributes, &job->messages[k], s->protocol))
                job->copies[job->copy_count++] = (struct sns_copy){
                    .message = &job->messages[k],
                    .subscription = s,
                    .attributes = attributes,
                    .to = to,
                };
        }
    }
}

/* Protocols whose copies are made elsewhere, in a form of their own. */
static bool is_kept(const char *protocol)
{
    return str_eq(protocol, "sms") || str_eq(protocol, "application") || str_eq(protocol, "email");
}

bool sns_job_make_bodies(struct sns *sns, struct sns_job *job)
{
    for (size_t i = 0; i < job->copy_count; i++) {
        struct sns_copy *c = &job->copies[i];

        if (c->body)
            continue;
        if (is_kept(c->to.protocol) || sns_copy_is_raw(c))
            c->body = sns_message_text(c->message, c->to.protocol);
        else if (str_eq(c->to.protocol, "lambda"))
            c->body = sns_lambda_event(sns, job->arena, c->message, &c->to);
        else
            c->body = sns_envelope(sns, job->arena, c->message, &c->to);
        if (!c->body)
            return false;
    }
    return true;
}

/* --- dead letters --- */

static const char *dead_letter_queue(struct arena *a, struct tag_list attributes)
{
    const char *policy = sns_attribute_of(attributes, "RedrivePolicy");
    const char *queue = NULL;
    struct jr_text key, value;
    struct jr r;

    if (!policy)
        return NULL;
    jr_init(&r, policy, strlen(policy), a, 2);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (jr_text_eq(key, "deadLetterTargetArn") && jr_peek(&r) == JR_STRING &&
            jr_string(&r, &value))
            queue = arena_strndup(a, value.data, value.len);
        else
            jr_skip(&r, NULL);
    }
    return queue;
}

struct iam_service sns_as_service(struct arena *a, const char *topic_arn)
{
    struct sns_topic_name name;

    return (struct iam_service){
        .principal = "sns.amazonaws.com",
        .source_arn = topic_arn,
        .source_account = sns_topic_split(a, topic_arn, &name) ? name.scope.account : "",
    };
}

bool sns_dead_letter(struct sns *sns, struct arena *a, const struct sns_dead_letter *letter)
{
    const struct iam_service by = sns_as_service(a, letter->topic_arn);
    const struct sns_message *message = letter->message;
    const char *body = letter->body;
    char id[SNS_MESSAGE_ID_LEN], hash[2 * SHA256_LEN + 1];
    uint8_t digest[SHA256_LEN];
    size_t count = letter->raw ? message->attribute_count : 0;
    struct sqs_attribute *attributes = ARENA_ARRAY(a, struct sqs_attribute, count + 1);
    struct sqs_outgoing out = {
        .body = {(const uint8_t *)body, strlen(body)},
        .attributes = attributes,
        .delay_s = -1,
        .by = &by,
    };

    uuid_v4(id);
    for (size_t i = 0; i < count; i++)
        attributes[out.attribute_count++] = (struct sqs_attribute){
            message->attributes[i].name, message->attributes[i].type, message->attributes[i].value};
    if (sns_is_fifo(letter->queue_arn)) {
        sha256(body, strlen(body), digest);
        hex_encode(digest, sizeof(digest), hash);
        out.group_id = message && message->group ? message->group : id;
        out.dedup_id = message && message->dedup ? message->dedup : hash;
    }
    enum store_status rc = sqs_send(sns->app, letter->queue_arn, &out, 1);
    if (rc != STORE_OK)
        log_info("sns: the dead letter queue %s takes nothing", letter->queue_arn);
    return rc != STORE_FAILED;
}

/* AWS: what a function did not take is there as a queue would have got it. */
static const char *dead_body(struct sns *sns, struct arena *a, const struct sns_copy *copy)
{
    const char *envelope = NULL;

    if (str_eq(copy->to.protocol, "lambda"))
        envelope = sns_envelope(sns, a, copy->message, &copy->to);
    return envelope ? envelope : copy->body;
}

void sns_copy_give_up(struct sns *sns, struct arena *a, const struct sns_copy *copy,
                      const char *words)
{
    const struct sns_dead_letter letter = {
        .queue_arn = dead_letter_queue(a, copy->attributes),
        .topic_arn = copy->to.topic_arn,
        .body = dead_body(sns, a, copy),
        .message = copy->message,
        .raw = sns_copy_is_raw(copy),
    };

    log_info("sns: message %s for %s: %s", copy->message->id, copy->subscription->endpoint, words);
    if (letter.queue_arn)
        sns_dead_letter(sns, a, &letter);
}

const char *sns_copy_dead_letter(struct arena *a, const struct sns_copy *copy)
{
    return dead_letter_queue(a, copy->attributes);
}
