/* Topics: making, telling, listing, deleting. */
#include "handlers/common/page_token.h"
#include "handlers/common/policy.h"
#include "handlers/sns/archive.h"
#include "handlers/sns/delivery_policy.h"
#include "handlers/sns/operations.h"
#include "server/base/json_read.h"

enum {
    NAME_MAX_LEN = 256,
    PAGE = 100,
    DISPLAY_NAME_MAX = 100,
    POLICY_DEPTH = 16,
    VALUE_MAX = 30720
};

/* --- attributes --- */

static const char *check_boolean(struct arena *a, const char *value)
{
    (void)a;
    return strcasecmp(value, "true") == 0 || strcasecmp(value, "false") == 0
               ? NULL
               : "Must be true or false.";
}

static const char *check_display_name(struct arena *a, const char *value)
{
    (void)a;
    return strlen(value) <= DISPLAY_NAME_MAX ? NULL : "DisplayName is too long";
}

static const char *check_policy(struct arena *a, const char *value)
{
    const char *problem = NULL;

    return !*value || policy_parse(a, value, strlen(value), &problem) ? NULL : problem;
}

static const char *check_delivery_policy(struct arena *a, const char *value)
{
    struct sns_delivery_policy policy;

    return *value ? sns_delivery_policy_read(a, value, true, &policy) : NULL;
}

static const char *check_signature_version(struct arena *a, const char *value)
{
    (void)a;
    return str_eq(value, "1") || str_eq(value, "2") || !*value ? NULL
                                                               : "SignatureVersion must be 1 or 2";
}

static const char *check_tracing(struct arena *a, const char *value)
{
    (void)a;
    return str_eq(value, "PassThrough") || str_eq(value, "Active")
               ? NULL
               : "TracingConfig must be PassThrough or Active";
}

static const char *check_throughput(struct arena *a, const char *value)
{
    (void)a;
    return str_eq(value, "Topic") || str_eq(value, "MessageGroup")
               ? NULL
               : "FifoThroughputScope must be Topic or MessageGroup";
}

static const char *check_rate(struct arena *a, const char *value)
{
    size_t digits = strspn(value, "0123456789");

    (void)a;
    return digits > 0 && digits <= 3 && !value[digits] && atoi(value) <= 100 // NOLINT(cert-err34-c)
               ? NULL
               : "A sample rate must be between 0 and 100";
}

static const char *check_archive(struct arena *a, const char *value)
{
    int days;

    return sns_archive_read(a, value, &days);
}

static const char *check_nothing(struct arena *a, const char *value)
{
    (void)a;
    (void)value;
    return NULL;
}

static const struct topic_attribute {
    const char *name;
    const char *(*check)(struct arena *a, const char *value);
    bool fifo; /* of FIFO topics only */
} attributes[] = {
    {"DisplayName", check_display_name, false},
    {"Policy", check_policy, false},
    {"DeliveryPolicy", check_delivery_policy, false},
    {"KmsMasterKeyId", check_nothing, false},
    {"SignatureVersion", check_signature_version, false},
    {"TracingConfig", check_tracing, false},
    {"ContentBasedDeduplication", check_boolean, true},
    {"FifoThroughputScope", check_throughput, true},
    {SNS_ARCHIVE_POLICY, check_archive, true},
};

/* HTTPSuccessFeedbackRoleArn, SQSFailureFeedbackRoleArn, LambdaSuccessFeedbackSampleRate, ... */
static bool find_feedback(const char *name, struct topic_attribute *out)
{
    static const char *const protocols[] = {"HTTP", "Firehose", "Lambda", "Application", "SQS"};

    for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
        const char *rest = name + strlen(protocols[i]);

        if (!str_starts(name, protocols[i]))
            continue;
        *out = (struct topic_attribute){
            name, str_eq(rest, "SuccessFeedbackSampleRate") ? check_rate : check_nothing, false};
        return out->check == check_rate || str_eq(rest, "SuccessFeedbackRoleArn") ||
               str_eq(rest, "FailureFeedbackRoleArn");
    }
    return false;
}

static bool find_attribute(const char *name, struct topic_attribute *out)
{
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        if (str_eq(attributes[i].name, name)) {
            *out = attributes[i];
            return true;
        }
    }
    return find_feedback(name, out);
}

/* `at` is "" or, in CreateTopic, "Attributes Reason: ". */
static int check_attribute(struct request *req, const char *at, const char *topic,
                           const struct tag *given)
{
    struct topic_attribute attribute;
    const char *problem;

    if (!find_attribute(given->key, &attribute) || (attribute.fifo && !sns_is_fifo(topic)))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: %sAttributeName",
                        at);
    problem =
        strlen(given->value) > VALUE_MAX ? "too long" : attribute.check(&req->arena, given->value);
    if (!problem)
        return 0;
    if (str_eq(given->key, "Policy"))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: %sPolicy Error: %s", at, problem);
    return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: %s%s: %s", at,
                    given->key, problem);
}

/* --- making --- */

static bool name_is_good(const char *name, bool fifo)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t len = strspn(name, letters);

    return len > 0 && strlen(name) <= NAME_MAX_LEN && str_eq(name + len, fifo ? ".fifo" : "");
}

/* AWS: FifoTopic=false is as if it were not said. */
static struct tag_list given_attributes(struct request *req, const struct sns_CreateTopicInput *in,
                                        bool *out_fifo)
{
    struct tag_list list = {.items = ARENA_ARRAY(&req->arena, struct tag, in->Attributes.count)};

    *out_fifo = false;
    for (size_t i = 0; i < in->Attributes.count; i++) {
        const char *value = in->Attributes.items[i].value ? in->Attributes.items[i].value : "";

        if (str_eq(in->Attributes.items[i].key, "FifoTopic"))
            *out_fifo = strcasecmp(value, "true") == 0;
        else
            list.items[list.count++] = (struct tag){in->Attributes.items[i].key, value};
    }
    return list;
}

static bool in_list(struct tag_list list, const struct tag *t)
{
    const char *value = sns_attribute_of(list, t->key);

    return value ? str_eq(value, t->value)
                 : !*t->value ||
                       (str_eq(t->key, "ContentBasedDeduplication") && str_eq(t->value, "false"));
}

/* AWS: making a topic again is fine as long as nothing is asked that it is not. */
static int check_same(struct request *req, const struct scope *scope, const char *name,
                      struct tag_list given, struct tag_list tags)
{
    struct sns_topic topic;
    struct tag_list have;

    if (sns_store_topic_find(sns_of(req->app)->store, scope, name, &req->arena, &topic) != STORE_OK)
        return aws_fail_internal(req);
    have = tags_from_json(&req->arena, topic.attributes);
    for (size_t i = 0; i < given.count; i++) {
        if (!in_list(have, &given.items[i]))
            return aws_fail(req, &sns_InvalidParameterException,
                            "Invalid parameter: Attributes Reason: Topic already exists with "
                            "different attributes");
    }
    have = tags_from_json(&req->arena, topic.tags);
    for (size_t i = 0; i < tags.count; i++) {
        const char *value = sns_attribute_of(have, tags.items[i].key);

        if (!value || !str_eq(value, tags.items[i].value))
            return aws_fail(req, &sns_InvalidParameterException,
                            "Invalid parameter: Tags Reason: Topic already exists with different "
                            "tags");
    }
    return 0;
}

/* An archive begins with the topic. */
static struct tag_list with_archive(struct request *req, struct tag_list given)
{
    const char *policy = sns_attribute_of(given, SNS_ARCHIVE_POLICY);
    struct tag *set = ARENA_ARRAY(&req->arena, struct tag, 2);

    if (!policy)
        return given;
    return tags_merge(&req->arena, given,
                      sns_archive_attributes(&req->arena, (struct tag_list){0}, policy,
                                             clock_now_ms(&req->app->clock), set));
}

int sns_create_topic(struct request *req, const struct sns_CreateTopicInput *in,
                     struct sns_CreateTopicResponse *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    struct sns_topic topic = {.name = in->Name,
                              .created_ms = clock_now_ms(&req->app->clock),
                              .data_protection = in->DataProtectionPolicy};
    bool fifo;
    struct tag_list given = given_attributes(req, in, &fifo);
    struct tag_list tags;
    enum store_status rc;

    if (!name_is_good(in->Name, fifo))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: Topic Name");
    for (size_t i = 0; i < given.count; i++) {
        if (check_attribute(req, "Attributes Reason: ", in->Name, &given.items[i]))
            return -1;
    }
    if (sns_check_tags(req, &in->Tags, &tags) ||
        (in->DataProtectionPolicy && sns_check_data_protection(req, in->DataProtectionPolicy)))
        return -1;
    topic.attributes = sns_attributes_json(&req->arena, with_archive(req, given));
    topic.tags = tags.count ? tags_to_json(&req->arena, tags) : NULL;
    rc = sns_store_topic_create(sns_of(req->app)->store, &scope, &topic);
    if (rc == STORE_EXISTS && check_same(req, &scope, in->Name, given, tags))
        return -1;
    if (rc != STORE_OK && rc != STORE_EXISTS)
        return aws_fail_internal(req);
    out->TopicArn = sns_topic_arn(&req->arena, &scope, in->Name);
    return 0;
}

int sns_delete_topic(struct request *req, const struct sns_DeleteTopicInput *in,
                     struct sns_DeleteTopicOutput *out)
{
    struct sns *sns = sns_of(req->app);
    struct sns_topic_name name;
    struct sns_topic topic;
    enum store_status rc;

    (void)out;
    if (sns_topic_named(req, in->TopicArn, "TopicArn", &name))
        return -1;
    /* AWS: what is not there counts as deleted. */
    rc = sns_store_topic_find(sns->store, &name.scope, name.name, &req->arena, &topic);
    if (rc == STORE_NOT_FOUND)
        return 0;
    if (sns_topic_use(req, in->TopicArn, "DeleteTopic", &name, &topic))
        return -1;
    if (sns_attribute_of(tags_from_json(&req->arena, topic.attributes), SNS_ARCHIVE_POLICY))
        return aws_fail(req, &sns_InvalidStateException,
                        "Invalid state: Cannot delete a topic with an ArchivePolicy");
    return sns_store_topic_delete(sns->store, topic.id) == STORE_OK ? 0 : aws_fail_internal(req);
}

int sns_list_topics(struct request *req, const struct sns_ListTopicsInput *in,
                    struct sns_ListTopicsResponse *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    const char *kind = arena_printf(&req->arena, "sns:ListTopics:%s:%s", req->account, req->region);
    const char *after = NULL;
    struct sns_names names;

    if (in->NextToken && *in->NextToken &&
        !(after = page_token_read(&req->arena, kind, in->NextToken)))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: NextToken");
    if (sns_store_topic_list(sns_of(req->app)->store, &scope, after, PAGE + 1, &req->arena,
                             &names) != STORE_OK)
        return aws_fail_internal(req);
    if (names.count > PAGE)
        out->NextToken = page_token_make(&req->arena, kind, names.items[PAGE - 1]);
    out->Topics.count = MIN(names.count, (size_t)PAGE);
    out->Topics.items = ARENA_ARRAY(&req->arena, struct sns_Topic, MAX(out->Topics.count, 1));
    for (size_t i = 0; i < out->Topics.count; i++)
        out->Topics.items[i].TopicArn = sns_topic_arn(&req->arena, &scope, names.items[i]);
    return 0;
}

/* --- telling and setting --- */

static void tell(struct sns_TopicAttributesMap *map, const char *key, const char *value)
{
    map->items[map->count++] = (struct sns_TopicAttributesMap_entry){.key = key, .value = value};
}

/* What was set and has no default that is told always. */
static void tell_set(struct sns_TopicAttributesMap *map, struct tag_list set)
{
    for (size_t i = 0; i < set.count; i++) {
        const char *key = set.items[i].key;

        if (!str_eq(key, "Policy") && !str_eq(key, "DisplayName") &&
            !str_eq(key, "ContentBasedDeduplication") && !str_eq(key, SNS_ARCHIVE_SINCE))
            tell(map, key, set.items[i].value);
    }
}

static const char *time_text(struct arena *a, int64_t ms)
{
    struct sns_message m;

    sns_message_set_time(&m, ms);
    return arena_strdup(a, m.timestamp);
}

int sns_get_topic_attributes(struct request *req, const struct sns_GetTopicAttributesInput *in,
                             struct sns_GetTopicAttributesResponse *out)
{
    struct arena *a = &req->arena;
    struct sns_topic_name name;
    struct sns_topic topic;

    if (sns_topic_use(req, in->TopicArn, "GetTopicAttributes", &name, &topic))
        return -1;
    struct tag_list set = tags_from_json(a, topic.attributes);
    const char *display_name = sns_attribute_of(set, "DisplayName");
    int64_t archived_ms = sns_archive_beginning_ms(a, set, clock_now_ms(&req->app->clock));
    struct sns_delivery_policy effective =
        sns_delivery_policy_effective(a, sns_attribute_of(set, "DeliveryPolicy"), NULL);
    out->Attributes.items = ARENA_ARRAY(a, struct sns_TopicAttributesMap_entry, set.count + 16);
    tell(&out->Attributes, "Policy", sns_topic_policy(a, &name, &topic));
    tell(&out->Attributes, "Owner", name.scope.account);
    tell(&out->Attributes, "SubscriptionsPending", arena_printf(a, "%" PRId64, topic.pending));
    tell(&out->Attributes, "TopicArn", name.arn);
    tell(&out->Attributes, "EffectiveDeliveryPolicy",
         sns_delivery_policy_text(a, &effective, true));
    tell(&out->Attributes, "SubscriptionsConfirmed", arena_printf(a, "%" PRId64, topic.confirmed));
    tell(&out->Attributes, "DisplayName", display_name ? display_name : "");
    tell(&out->Attributes, "SubscriptionsDeleted", arena_printf(a, "%" PRId64, topic.deleted));
    if (sns_is_fifo(name.name)) {
        tell(&out->Attributes, "FifoTopic", "true");
        tell(&out->Attributes, "ContentBasedDeduplication",
             sns_attribute_true(set, "ContentBasedDeduplication") ? "true" : "false");
    }
    tell_set(&out->Attributes, set);
    if (archived_ms >= 0)
        tell(&out->Attributes, "BeginningArchiveTime", time_text(a, archived_ms));
    return 0;
}

int sns_set_topic_attributes(struct request *req, const struct sns_SetTopicAttributesInput *in,
                             struct sns_SetTopicAttributesOutput *out)
{
    struct sns *sns = sns_of(req->app);
    struct tag given = {in->AttributeName, in->AttributeValue ? in->AttributeValue : ""};
    struct tag_list set = {&given, 1};
    struct sns_topic_name name;
    struct sns_topic topic;
    struct tag archive[2];
    enum store_status rc;

    (void)out;
    if (sns_topic_use(req, in->TopicArn, "SetTopicAttributes", &name, &topic) ||
        check_attribute(req, "", name.name, &given))
        return -1;
    if (str_eq(given.key, SNS_ARCHIVE_POLICY))
        set = sns_archive_attributes(&req->arena, tags_from_json(&req->arena, topic.attributes),
                                     given.value, clock_now_ms(&req->app->clock), archive);
    rc = sns_set_attributes(sns, SNS_TOPIC_ATTRIBUTES, topic.id, &req->arena, set);
    /* AWS: without its policy the archive is gone. */
    if (rc == STORE_OK && set.count == 2 && !*archive[0].value)
        rc = sns_store_archive_clear(sns->store, topic.id);
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sns_NotFoundException, "Topic does not exist");
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

/* --- data protection: kept, told; nothing is masked --- */

int sns_check_data_protection(struct request *req, const char *policy)
{
    struct jr r;

    jr_init(&r, policy, strlen(policy), &req->arena, POLICY_DEPTH);
    if (strlen(policy) > VALUE_MAX || jr_peek(&r) != JR_OBJECT || !jr_skip(&r, NULL) ||
        !jr_finish(&r))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: DataProtectionPolicy Reason: Policy is not valid JSON");
    return 0;
}

static const char *replace(const char *old, void *context)
{
    (void)old;
    return context;
}

int sns_put_data_protection_policy(struct request *req,
                                   const struct sns_PutDataProtectionPolicyInput *in,
                                   struct sns_PutDataProtectionPolicyOutput *out)
{
    struct sns_topic_name name;
    struct sns_topic topic;

    (void)out;
    if (sns_topic_use(req, in->ResourceArn, "PutDataProtectionPolicy", &name, &topic) ||
        sns_check_data_protection(req, in->DataProtectionPolicy))
        return -1;
    return sns_store_change(sns_of(req->app)->store, SNS_TOPIC_DATA_PROTECTION, topic.id, replace,
                            (void *)in->DataProtectionPolicy) == STORE_OK
               ? 0
               : aws_fail_internal(req);
}

int sns_get_data_protection_policy(struct request *req,
                                   const struct sns_GetDataProtectionPolicyInput *in,
                                   struct sns_GetDataProtectionPolicyResponse *out)
{
    struct sns_topic_name name;
    struct sns_topic topic;

    if (sns_topic_use(req, in->ResourceArn, "GetDataProtectionPolicy", &name, &topic))
        return -1;
    out->DataProtectionPolicy = topic.data_protection;
    return 0;
}
