/* Publish and PublishBatch, and publishing by other services. */
#include "handlers/iam/iam.h"
#include "handlers/sns/fanout.h"
#include "handlers/sns/operations.h"
#include "handlers/sns/phone.h"
#include "server/base/utf8.h"

enum { BATCH_MAX = 10, BATCH_ID_MAX = 80, SUBJECT_MAX = 100, NAME_LEN_MAX = 256, TRACE_MAX = 1024 };

/* What Publish and an entry of PublishBatch have in common. */
struct given {
    const char *message, *subject, *structure, *dedup, *group;
    const struct sns_MessageAttributeMap *attributes;
};

/* --- attributes --- */

static int check_attribute_name(struct request *req, const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    size_t len = strlen(name), good = strspn(name, letters);

    if (len > NAME_LEN_MAX)
        return aws_fail(req, &sns_InvalidParameterValueException,
                        "Length of message attribute name must be less than 256 bytes.");
    if (*name == '.')
        return aws_fail(req, &sns_InvalidParameterValueException,
                        "Invalid message attribute name starting with character '.' was found.");
    if (len && name[len - 1] == '.')
        return aws_fail(req, &sns_InvalidParameterValueException,
                        "Invalid message attribute name ending with character '.' was found.");
    if (good < len || !len)
        return aws_fail(req, &sns_InvalidParameterValueException,
                        "Invalid non-alphanumeric character '#x%X' was found in the message "
                        "attribute name. Can only include alphanumeric characters, hyphens, "
                        "underscores, or dots.",
                        (unsigned char)name[good]);
    if (strstr(name, ".."))
        return aws_fail(req, &sns_InvalidParameterValueException,
                        "Message attribute name can not have successive '.' character.");
    return 0;
}

static bool type_is(const char *type, const char *prefix)
{
    size_t len = strlen(prefix);

    return str_starts(type, prefix) && (!type[len] || (type[len] == '.' && type[len + 1]));
}

static int read_value(struct request *req, const char *name,
                      const struct sns_MessageAttributeValue *in, struct sns_attribute *out)
{
    bool binary = str_starts(in->DataType, "Binary");
    const char *field = binary ? "Binary" : "String";
    bool given = binary ? in->BinaryValue.data != NULL : in->StringValue != NULL;
    bool other = binary ? in->StringValue != NULL : in->BinaryValue.data != NULL;

    if (!given && other)
        return aws_fail(req, &sns_InvalidParameterValueException,
                        "The message attribute '%s' with type '%s' must use field '%s'.", name,
                        in->DataType, field);
    out->name = name;
    out->type = in->DataType;
    out->value = in->BinaryValue;
    if (!binary && given)
        out->value = (struct bytes){(const uint8_t *)in->StringValue, strlen(in->StringValue)};
    if (!given || out->value.len == 0)
        return aws_fail(req, &sns_InvalidParameterValueException,
                        "The message attribute '%s' must contain non-empty message attribute value "
                        "for message attribute type '%s'.",
                        name, in->DataType);
    return 0;
}

static bool is_number(struct bytes value)
{
    const char *text = (const char *)value.data; /* NUL-terminated: it was a string */
    char *end;

    strtod(text, &end);
    return end != text && *end == '\0' && strspn(text, "+-0123456789.eE") == value.len;
}

static int read_attribute(struct request *req, const struct sns_MessageAttributeMap_entry *in,
                          struct sns_attribute *out)
{
    const char *type = in->value.DataType;

    if (check_attribute_name(req, in->key))
        return -1;
    if (!type_is(type, "String") && !type_is(type, "Number") && !type_is(type, "Binary"))
        return aws_fail(req, &sns_InvalidParameterValueException,
                        "The message attribute '%s' has an invalid message attribute type, the set "
                        "of supported type prefixes is Binary, Number, and String.",
                        in->key);
    if (read_value(req, in->key, &in->value, out))
        return -1;
    if (str_starts(type, "Number") && !is_number(out->value))
        return aws_fail(req, &sns_InvalidParameterValueException,
                        "Could not cast message attribute '%s' value to number.", in->key);
    return 0;
}

/* --- a message --- */

static int check_subject(struct request *req, const char *subject)
{
    size_t characters = 0;
    bool good = *subject != ' ';

    for (const char *p = subject; *p; p++) {
        characters += ((uint8_t)*p & 0xC0) != 0x80;
        good = good && (uint8_t)*p >= ' ' && *p != 0x7F;
    }
    return good && characters > 0 && characters <= SUBJECT_MAX
               ? 0
               : aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: Subject");
}

static int read_attributes(struct request *req, const struct sns_MessageAttributeMap *in,
                           struct sns_message *out)
{
    struct sns_attribute *list = ARENA_ARRAY(&req->arena, struct sns_attribute, MAX(in->count, 1));

    for (size_t i = 0; i < in->count; i++) {
        if (read_attribute(req, &in->items[i], &list[i]))
            return -1;
    }
    out->attributes = list;
    out->attribute_count = in->count;
    return 0;
}

/* AWS: names and types of attributes count, too. */
static size_t message_size(const struct sns_message *m)
{
    size_t size = strlen(m->text);

    for (size_t i = 0; i < m->attribute_count; i++)
        size += strlen(m->attributes[i].name) + strlen(m->attributes[i].type) +
                m->attributes[i].value.len;
    return size;
}

static int read_message(struct request *req, const struct given *in, struct sns_message *out)
{
    *out = (struct sns_message){
        .text = in->message, .subject = in->subject, .group = in->group, .dedup = in->dedup};
    if (in->subject && check_subject(req, in->subject))
        return -1;
    if (!*in->message)
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: Empty message");
    if (in->structure && !str_eq(in->structure, "json"))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: MessageStructure");
    return read_attributes(req, in->attributes, out);
}

static int read_structure(struct request *req, const char *structure, bool needs_default,
                          struct sns_message *m)
{
    const char *problem = structure ? sns_message_read_texts(&req->arena, m, needs_default) : NULL;

    return problem ? aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: %s", problem)
                   : 0;
}

static bool is_token(const char *text)
{
    size_t len = strlen(text);

    for (const char *p = text; *p; p++) {
        if (*p <= ' ' || *p > '~')
            return false;
    }
    return len > 0 && len <= 128;
}

static int check_fifo(struct request *req, const struct sns_job *job, const struct sns_message *m)
{
    if (!job->fifo && m->dedup)
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: MessageDeduplicationId Reason: The request includes "
                        "MessageDeduplicationId parameter that is not valid for this topic type");
    if (job->fifo && !m->group)
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: The MessageGroupId parameter is required for FIFO "
                        "topics");
    if (m->group && !is_token(m->group))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: MessageGroupId");
    if (m->dedup && !is_token(m->dedup))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: MessageDeduplicationId");
    if (job->fifo && !m->dedup &&
        !sns_attribute_true(job->topic_attributes, "ContentBasedDeduplication"))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: The topic should either have ContentBasedDeduplication "
                        "enabled or MessageDeduplicationId provided explicitly");
    return 0;
}

/* --- to a topic --- */

/* AWS: goes along to queues. */
static const char *trace_of(struct request *req)
{
    const char *trace = request_header(req, "x-amzn-trace-id");

    return trace && strlen(trace) <= TRACE_MAX ? trace : NULL;
}

static int open_job(struct request *req, const char *arn, struct sns_job *job)
{
    struct sns_topic_name *name = ARENA_NEW(&req->arena, struct sns_topic_name);
    struct sns_topic topic;
    enum store_status rc;

    if (sns_topic_named(req, arn, "TopicArn", name))
        return -1;
    if (!iam_is_trusted(req->app, req->access_key ? req->account : NULL, name->scope.account) &&
        sns_topic_use(req, arn, "Publish", name, &topic))
        return -1;
    rc = sns_job_open(sns_of(req->app), job, &req->arena, name);
    job->trace = trace_of(req);
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sns_NotFoundException, "Topic does not exist");
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

static int publish_to_topic(struct request *req, const char *arn, const char *structure,
                            struct sns_message *m, struct sns_PublishResponse *out)
{
    struct sns *sns = sns_of(req->app);
    struct sns_job job;

    if (open_job(req, arn, &job) || check_fifo(req, &job, m) ||
        read_structure(req, structure, true, m))
        return -1;
    sns_message_begin(sns, m);
    job.messages = m;
    job.message_count = 1;
    if (sns_job_run(sns, &job) != STORE_OK)
        return aws_fail_internal(req);
    out->MessageId = m->id;
    out->SequenceNumber = m->sequence;
    return 0;
}

/* --- to one phone or app --- */

static int keep(struct request *req, const struct scope *scope,
                const struct sns_kept_target *target, struct sns_message *m,
                struct sns_PublishResponse *out)
{
    struct sns *sns = sns_of(req->app);
    struct sns_kept_message kept;
    const struct sns_record record = {.kept = &kept, .kept_count = 1};

    sns_message_begin(sns, m);
    if (sns_keep(sns, &req->arena, scope, target, m, m->text, &kept) &&
        sns_store_record(sns->store, &record) != STORE_OK)
        return aws_fail_internal(req);
    out->MessageId = m->id;
    return 0;
}

static int publish_to_phone(struct request *req, const char *number, const char *structure,
                            struct sns_message *m, struct sns_PublishResponse *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    const struct sns_kept_target target = {.protocol = "sms", .endpoint = number};

    if (!sns_is_phone_number(number))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: PhoneNumber Reason: %s is not valid to publish to",
                        number);
    if (read_structure(req, structure, true, m))
        return -1;
    return keep(req, &scope, &target, m, out);
}

static int publish_to_endpoint(struct request *req, const char *arn, const char *structure,
                               struct sns_message *m, struct sns_PublishResponse *out)
{
    const struct sns_kept_target target = {.protocol = "application", .endpoint = arn};
    struct sns_store *store = sns_of(req->app)->store;
    struct sns_endpoint_name name;
    struct sns_endpoint endpoint;
    struct sns_application application;

    if (!sns_endpoint_split(&req->arena, arn, &name) ||
        sns_store_endpoint_find(store, &name.scope, name.uuid, &req->arena, &endpoint) != STORE_OK)
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: TargetArn Reason: No endpoint found for the target arn "
                        "specified");
    if (!sns_attribute_true(tags_from_json(&req->arena, endpoint.attributes), "Enabled"))
        return aws_fail(req, &sns_EndpointDisabledException, "Endpoint is disabled");
    if (sns_store_application_find(store, &name.scope, name.application, &req->arena,
                                   &application) == STORE_OK &&
        !sns_attribute_true(tags_from_json(&req->arena, application.attributes), "Enabled"))
        return aws_fail(req, &sns_PlatformApplicationDisabledException,
                        "Platform application is disabled");
    if (read_structure(req, structure, false, m))
        return -1;
    if (m->is_json && !sns_message_text(m, name.platform))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Message Structure - No default entry in JSON message "
                        "body");
    return keep(req, &name.scope, &target, m, out);
}

int sns_publish_operation(struct request *req, const struct sns_PublishInput *in,
                          struct sns_PublishResponse *out)
{
    const struct given given = {
        .message = in->Message,
        .subject = in->Subject,
        .structure = in->MessageStructure,
        .dedup = in->MessageDeduplicationId,
        .group = in->MessageGroupId,
        .attributes = &in->MessageAttributes,
    };
    const char *target = in->TopicArn ? in->TopicArn : in->TargetArn;
    struct sns_message *m = ARENA_NEW(&req->arena, struct sns_message);

    if (!target && !in->PhoneNumber)
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: TopicArn or TargetArn Reason: no value for required "
                        "parameter");
    if ((in->TopicArn != NULL) + (in->TargetArn != NULL) + (in->PhoneNumber != NULL) > 1)
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: TopicArn, TargetArn and PhoneNumber Reason: only one "
                        "of them can be given");
    if (read_message(req, &given, m))
        return -1;
    if (message_size(m) > SNS_MESSAGE_MAX)
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: Message too long");
    if (in->PhoneNumber)
        return publish_to_phone(req, in->PhoneNumber, in->MessageStructure, m, out);
    /* AWS: a topic may stand in TargetArn. */
    if (in->TargetArn && strstr(in->TargetArn, ":endpoint/"))
        return publish_to_endpoint(req, in->TargetArn, in->MessageStructure, m, out);
    return publish_to_topic(req, target, in->MessageStructure, m, out);
}

/* --- batches --- */

static int check_batch_ids(struct request *req, const struct sns_PublishBatchRequestEntryList *list)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    if (list->count == 0)
        return aws_fail(req, &sns_EmptyBatchRequestException,
                        "The batch request doesn't contain any entries.");
    if (list->count > BATCH_MAX)
        return aws_fail(req, &sns_TooManyEntriesInBatchRequestException,
                        "The batch request contains more entries than permissible.");
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < i; k++)
            if (str_eq(list->items[i].Id, list->items[k].Id))
                return aws_fail(req, &sns_BatchEntryIdsNotDistinctException,
                                "Two or more batch entries in the request have the same Id.");
    for (size_t i = 0; i < list->count; i++) {
        const char *id = list->items[i].Id;

        if (strlen(id) > BATCH_ID_MAX)
            return aws_fail(req, &sns_InvalidBatchEntryIdException,
                            "The Id of a batch entry in the batch request is too long: %s", id);
        if (!*id || strspn(id, letters) < strlen(id))
            return aws_fail(req, &sns_InvalidBatchEntryIdException,
                            "The Id of a batch entry in the batch request contains an "
                            "impermissible character: %s",
                            id);
    }
    return 0;
}

/* AWS: one entry that is wrong fails them all. */
static int read_batch(struct request *req, const struct sns_PublishBatchRequestEntryList *list,
                      struct sns_job *job)
{
    size_t size = 0;

    job->messages = ARENA_ARRAY(&req->arena, struct sns_message, list->count);
    job->message_count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        const struct sns_PublishBatchRequestEntry *e = &list->items[i];
        const struct given given = {
            .message = e->Message,
            .subject = e->Subject,
            .structure = e->MessageStructure,
            .dedup = e->MessageDeduplicationId,
            .group = e->MessageGroupId,
            .attributes = &e->MessageAttributes,
        };

        if (read_message(req, &given, &job->messages[i]) ||
            read_structure(req, e->MessageStructure, true, &job->messages[i]) ||
            check_fifo(req, job, &job->messages[i]))
            return -1;
        size += message_size(&job->messages[i]);
    }
    if (size > SNS_MESSAGE_MAX)
        return aws_fail(req, &sns_BatchRequestTooLongException,
                        "The length of all the messages put together is more than the limit.");
    return 0;
}

int sns_publish_batch(struct request *req, const struct sns_PublishBatchInput *in,
                      struct sns_PublishBatchResponse *out)
{
    const struct sns_PublishBatchRequestEntryList *list = &in->PublishBatchRequestEntries;
    struct sns *sns = sns_of(req->app);
    struct sns_job job;

    if (check_batch_ids(req, list) || open_job(req, in->TopicArn, &job) ||
        read_batch(req, list, &job))
        return -1;
    for (size_t i = 0; i < job.message_count; i++)
        sns_message_begin(sns, &job.messages[i]);
    if (sns_job_run(sns, &job) != STORE_OK)
        return aws_fail_internal(req);
    out->Failed.items = ARENA_ARRAY(&req->arena, struct sns_BatchResultErrorEntry, 1);
    out->Successful.count = list->count;
    out->Successful.items =
        ARENA_ARRAY(&req->arena, struct sns_PublishBatchResultEntry, list->count);
    for (size_t i = 0; i < list->count; i++)
        out->Successful.items[i] =
            (struct sns_PublishBatchResultEntry){.Id = list->items[i].Id,
                                                 .MessageId = job.messages[i].id,
                                                 .SequenceNumber = job.messages[i].sequence};
    return 0;
}

/* --- by other services --- */

static bool lets_in(struct app *app, struct arena *a, const struct sns_topic_name *name,
                    const struct sns_topic *topic, const struct iam_service *by)
{
    if (iam_is_trusted(app, by->source_account, name->scope.account))
        return true;
    const struct iam_resource resource = sns_topic_resource(a, name, topic);
    return iam_service_may_use(app, by, &resource, "SNS:Publish");
}

enum sns_check sns_check(struct app *app, const char *topic_arn, const struct iam_service *by)
{
    enum sns_check result = SNS_OK;
    struct sns_topic_name name;
    struct sns_topic topic;
    struct arena a;

    arena_init(&a);
    if (!sns_topic_split(&a, topic_arn, &name) ||
        sns_store_topic_find(sns_of(app)->store, &name.scope, name.name, &a, &topic) != STORE_OK)
        result = SNS_NO_TOPIC;
    else if (!lets_in(app, &a, &name, &topic, by))
        result = SNS_NOT_ALLOWED;
    arena_release(&a);
    return result;
}

static enum store_status publish_outgoing(struct sns *sns, struct arena *a, const char *topic_arn,
                                          const struct sns_outgoing *out, char *out_message_id)
{
    struct sns_message *m = ARENA_NEW(a, struct sns_message);
    struct sns_topic_name name;
    struct sns_job job;
    enum store_status rc;

    if (!sns_topic_split(a, topic_arn, &name))
        return STORE_NOT_FOUND;
    rc = sns_job_open(sns, &job, a, &name);
    if (rc != STORE_OK)
        return rc;
    if (out->by && !lets_in(sns->app, a, &name, &job.topic, out->by))
        return STORE_CONFLICT;
    *m = (struct sns_message){.text = out->message,
                              .subject = out->subject,
                              .attributes = out->attributes,
                              .attribute_count = out->attribute_count,
                              .group = out->group_id,
                              .dedup = out->dedup_id};
    if (!*m->text || message_size(m) > SNS_MESSAGE_MAX || (!job.fifo && m->dedup) ||
        (job.fifo &&
         (!m->group ||
          (!m->dedup && !sns_attribute_true(job.topic_attributes, "ContentBasedDeduplication")))))
        return STORE_CONFLICT;
    sns_message_begin(sns, m);
    job.messages = m;
    job.message_count = 1;
    rc = sns_job_run(sns, &job);
    memcpy(out_message_id, m->id, sizeof(m->id));
    return rc;
}

enum store_status sns_publish(struct app *app, const char *topic_arn,
                              const struct sns_outgoing *message,
                              char out_message_id[SNS_MESSAGE_ID_LEN])
{
    enum store_status rc;
    struct arena a;

    arena_init(&a);
    rc = publish_outgoing(sns_of(app), &a, topic_arn, message, out_message_id);
    arena_release(&a);
    return rc;
}
