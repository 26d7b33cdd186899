/* Attributes of subscriptions: checked, told, set. */
#include "handlers/common/arn.h"
#include "handlers/sns/archive.h"
#include "handlers/sns/delivery_policy.h"
#include "handlers/sns/message.h"
#include "handlers/sns/operations.h"
#include "handlers/sns/replay.h"
#include "handlers/sns/subscription.h"
#include "server/base/json_read.h"

enum { VALUE_MAX = 256 * 1024 /* AWS: of a filter policy */, SETTING_MAX = 8192 };

static int refuse(struct request *req, const struct sns_subscription_check *check, const char *name,
                  const char *words)
{
    return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: %s%s: %s", check->at,
                    name, words);
}

/* --- checks, by attribute --- */

static int check_raw(struct request *req, const struct sns_subscription_check *check, struct tag *t)
{
    bool on = strcasecmp(t->value, "true") == 0;

    if (!on && strcasecmp(t->value, "false") != 0)
        return refuse(
            req, check, "RawMessageDelivery",
            arena_printf(&req->arena, "Invalid value [%s]. Must be true or false.", t->value));
    if (on && !str_eq(check->protocol, "sqs") && !str_starts(check->protocol, "http") &&
        !str_eq(check->protocol, "firehose"))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: %sDelivery protocol [%s] does not support raw message "
                        "delivery.",
                        check->at, check->protocol);
    t->value = on ? "true" : "false";
    return 0;
}

static int check_filter_policy(struct request *req, const struct sns_subscription_check *check,
                               struct tag *t)
{
    const char *problem = sns_filter_problem(&req->arena, t->value, check->filter_scope);

    return problem ? aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: %s%s",
                              str_starts(problem, "Filter policy scope") ? "" : check->at, problem)
                   : 0;
}

static int check_filter_scope(struct request *req, const struct sns_subscription_check *check,
                              struct tag *t)
{
    if (str_eq(t->value, "MessageAttributes") || str_eq(t->value, "MessageBody"))
        return 0;
    return refuse(req, check, "FilterPolicyScope",
                  arena_printf(&req->arena,
                               "Invalid value [%s]. Please use either MessageBody or "
                               "MessageAttributes",
                               t->value));
}

/* {"deadLetterTargetArn": "..."} */
static int check_redrive(struct request *req, const struct sns_subscription_check *check,
                         struct tag *t)
{
    struct jr_text key, value = {"", 0};
    struct arn arn;
    struct jr r;

    if (!*t->value)
        return 0;
    if (strlen(t->value) > SETTING_MAX)
        return refuse(req, check, "RedrivePolicy", "too long");
    jr_init(&r, t->value, strlen(t->value), &req->arena, 4);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (!jr_text_eq(key, "deadLetterTargetArn") || jr_peek(&r) != JR_STRING)
            jr_skip(&r, NULL);
        else
            jr_string(&r, &value);
    }
    if (!jr_finish(&r))
        return refuse(req, check, "RedrivePolicy",
                      arena_printf(&req->arena, "failed to parse JSON. %s", r.error));
    const char *target = arena_strndup(&req->arena, value.data, value.len);
    if (!arn_parse(&req->arena, target, &arn) || !str_eq(arn.service, "sqs"))
        return refuse(req, check, "RedrivePolicy", "deadLetterTargetArn is an invalid arn");
    if (sns_is_fifo(check->topic) && sns_is_fifo(check->endpoint) && !sns_is_fifo(target))
        return refuse(req, check, "RedrivePolicy",
                      "must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.");
    return 0;
}

static int check_delivery_policy(struct request *req, const struct sns_subscription_check *check,
                                 struct tag *t)
{
    struct sns_delivery_policy policy;
    const char *problem =
        *t->value ? sns_delivery_policy_read(&req->arena, t->value, false, &policy) : NULL;

    if (strlen(t->value) > SETTING_MAX)
        problem = "too long";

    return problem ? refuse(req, check, "DeliveryPolicy", problem) : 0;
}

static int check_role(struct request *req, const struct sns_subscription_check *check,
                      struct tag *t)
{
    struct arn arn;

    if (strlen(t->value) <= SETTING_MAX && arn_parse(&req->arena, t->value, &arn) &&
        str_eq(arn.service, "iam"))
        return 0;
    return refuse(req, check, "SubscriptionRoleArn", "Invalid value. Must be the ARN of a role.");
}

static int check_replay(struct request *req, const struct sns_subscription_check *check,
                        struct tag *t)
{
    int64_t now_ms = clock_now_ms(&req->app->clock);
    struct sns_replay replay;
    const char *problem;
    bool on;

    if (!sns_is_fifo(check->topic))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: %sAttributeName",
                        check->at);
    problem = strlen(t->value) > SETTING_MAX
                  ? "too long"
                  : sns_replay_read(
                        &req->arena, t->value,
                        sns_archive_beginning_ms(&req->arena, check->topic_attributes, now_ms),
                        now_ms, &on, &replay);
    if (problem)
        return refuse(req, check, SNS_REPLAY_POLICY, problem);
    if (!on)
        t->value = "";
    return 0;
}

int sns_apply_replay(struct request *req, const struct sns_subscription *s, const char *policy)
{
    struct sns *sns = sns_of(req->app);
    int64_t now_ms = clock_now_ms(&req->app->clock);
    struct sns_replay replay = {.subscription = s->id, .asked_ms = now_ms};
    enum store_status rc;
    bool on;

    sns_replay_read(&req->arena, policy, 0, now_ms, &on, &replay);
    if (on)
        rc = sns_store_replay_start(sns->store, &replay);
    else
        rc = sns_store_replay_stop(sns->store, s->id);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    sns_replays_wake(sns->replays);
    return 0;
}

int sns_check_subscription_attribute(struct request *req,
                                     const struct sns_subscription_check *check,
                                     struct tag *attribute)
{
    static const struct {
        const char *name;
        int (*check)(struct request *req, const struct sns_subscription_check *check,
                     struct tag *t);
    } known[] = {
        {"RawMessageDelivery", check_raw},         {"FilterPolicy", check_filter_policy},
        {"FilterPolicyScope", check_filter_scope}, {"RedrivePolicy", check_redrive},
        {"DeliveryPolicy", check_delivery_policy}, {"SubscriptionRoleArn", check_role},
        {SNS_REPLAY_POLICY, check_replay},
    };

    if (strlen(attribute->value) > VALUE_MAX)
        return refuse(req, check, attribute->key, "too long");
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_eq(known[i].name, attribute->key))
            return known[i].check(req, check, attribute);
    }
    return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: %sAttributeName",
                    check->at);
}

/* --- telling --- */

static void tell(struct sns_SubscriptionAttributesMap *map, const char *key, const char *value)
{
    if (value)
        map->items[map->count++] =
            (struct sns_SubscriptionAttributesMap_entry){.key = key, .value = value};
}

/* AWS: with all members, whichever were given. */
static const char *told_policy(struct request *req, const char *given)
{
    struct sns_delivery_policy policy;

    if (!given || sns_delivery_policy_read(&req->arena, given, false, &policy))
        return NULL;
    return sns_delivery_policy_own_text(&req->arena, &policy);
}

static void tell_replay(struct request *req, struct sns_SubscriptionAttributesMap *map,
                        const struct sns_subscription *s, const char *policy)
{
    struct sns_replay replay;

    if (!policy)
        return;
    tell(map, SNS_REPLAY_POLICY, policy);
    if (sns_store_replay_find(sns_of(req->app)->store, s->id, &replay) == STORE_OK)
        tell(map, "ReplayStatus", sns_replay_status_text(replay.status));
}

/* What counts for an HTTP endpoint, the topic's policy included. */
static const char *effective_policy(struct request *req, const struct sns_subscription *s,
                                    const char *own)
{
    const struct scope scope = {s->account, s->region};
    struct sns_delivery_policy policy;
    struct sns_topic topic;
    const char *all = NULL;

    if (!str_starts(s->protocol, "http"))
        return NULL;
    if (sns_store_topic_find(sns_of(req->app)->store, &scope, s->topic_name, &req->arena, &topic) ==
        STORE_OK)
        all = sns_attribute_of(tags_from_json(&req->arena, topic.attributes), "DeliveryPolicy");
    policy = sns_delivery_policy_effective(&req->arena, all, own);
    return sns_delivery_policy_text(&req->arena, &policy, false);
}

int sns_get_subscription_attributes(struct request *req,
                                    const struct sns_GetSubscriptionAttributesInput *in,
                                    struct sns_GetSubscriptionAttributesResponse *out)
{
    struct sns_SubscriptionAttributesMap *map = &out->Attributes;
    struct sns_subscription s;
    struct tag_list set;

    if (sns_find_subscription(req, in->SubscriptionArn, &s))
        return -1;
    set = tags_from_json(&req->arena, s.attributes);
    const struct scope scope = {s.account, s.region};
    const char *filter = sns_attribute_of(set, "FilterPolicy");
    const char *filter_scope = sns_attribute_of(set, "FilterPolicyScope");
    const char *delivery = sns_attribute_of(set, "DeliveryPolicy");
    map->items = ARENA_ARRAY(&req->arena, struct sns_SubscriptionAttributesMap_entry, 20);
    tell(map, "SubscriptionPrincipal", s.principal);
    tell(map, "Owner", s.owner);
    tell(map, "RawMessageDelivery",
         sns_attribute_true(set, "RawMessageDelivery") ? "true" : "false");
    tell(map, "TopicArn", sns_topic_arn(&req->arena, &scope, s.topic_name));
    tell(map, "Endpoint", s.endpoint);
    tell(map, "Protocol", s.protocol);
    tell(map, "PendingConfirmation", s.pending ? "true" : "false");
    tell(map, "ConfirmationWasAuthenticated", s.authenticated ? "true" : "false");
    tell(map, "SubscriptionArn", in->SubscriptionArn);
    tell(map, "FilterPolicy", filter);
    if (filter)
        tell(map, "FilterPolicyScope", filter_scope ? filter_scope : "MessageAttributes");
    tell(map, "RedrivePolicy", sns_attribute_of(set, "RedrivePolicy"));
    tell_replay(req, map, &s, sns_attribute_of(set, SNS_REPLAY_POLICY));
    tell(map, "SubscriptionRoleArn", sns_attribute_of(set, "SubscriptionRoleArn"));
    tell(map, "DeliveryPolicy", told_policy(req, delivery));
    tell(map, "EffectiveDeliveryPolicy", effective_policy(req, &s, delivery));
    return 0;
}

/* A policy that is there must fit the scope that it gets. */
static int check_scope_change(struct request *req, struct sns_subscription_check *check,
                              struct tag_list set, const char *filter_scope)
{
    struct tag filter = {"FilterPolicy", sns_attribute_of(set, "FilterPolicy")};

    check->filter_scope = filter_scope;
    return filter.value ? sns_check_subscription_attribute(req, check, &filter) : 0;
}

int sns_set_subscription_attributes(struct request *req,
                                    const struct sns_SetSubscriptionAttributesInput *in,
                                    struct sns_SetSubscriptionAttributesOutput *out)
{
    struct tag given = {in->AttributeName, in->AttributeValue ? in->AttributeValue : ""};
    struct sns_subscription_check check = {.at = ""};
    struct sns_subscription s;
    struct sns_topic topic;
    enum store_status rc;

    (void)out;
    if (sns_find_subscription(req, in->SubscriptionArn, &s))
        return -1;
    struct tag_list set = tags_from_json(&req->arena, s.attributes);
    check.topic = s.topic_name;
    check.protocol = s.protocol;
    check.endpoint = s.endpoint;
    check.filter_scope = sns_attribute_of(set, "FilterPolicyScope");
    const struct scope scope = {s.account, s.region};
    if (sns_store_topic_find(sns_of(req->app)->store, &scope, s.topic_name, &req->arena, &topic) ==
        STORE_OK)
        check.topic_attributes = tags_from_json(&req->arena, topic.attributes);
    if (sns_check_subscription_attribute(req, &check, &given))
        return -1;
    if (str_eq(given.key, "FilterPolicyScope") && check_scope_change(req, &check, set, given.value))
        return -1;
    rc = sns_set_attributes(sns_of(req->app), SNS_SUBSCRIPTION_ATTRIBUTES, s.id, &req->arena,
                            (struct tag_list){&given, 1});
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sns_NotFoundException, "Subscription does not exist");
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    return str_eq(given.key, SNS_REPLAY_POLICY) ? sns_apply_replay(req, &s, given.value) : 0;
}
