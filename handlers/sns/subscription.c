/* Subscriptions: making, confirming, ending, listing. */
#include "handlers/sns/subscription.h"
#include "handlers/common/arn.h"
#include "handlers/sns/fanout.h"
#include "handlers/sns/lanes.h"
#include "handlers/sns/operations.h"
#include "handlers/sns/phone.h"
#include "handlers/sns/replay.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

enum { PAGE = 100, TOKEN_BYTES = 144, ENDPOINT_MAX = 2048 };

/* --- Subscribe --- */

static int check_http(struct request *req, const char *protocol, const char *endpoint)
{
    size_t len = strlen(protocol);
    const char *host = endpoint + len + 3;

    if (strncmp(endpoint, protocol, len) != 0 || strncmp(endpoint + len, "://", 3) != 0)
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Endpoint must match the specified protocol");
    if (!*host || *host == '/' || strpbrk(endpoint, " \r\n\t"))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: HTTP endpoint");
    return 0;
}

static bool is_arn_of(struct request *req, const char *endpoint, const char *service,
                      const char *prefix)
{
    struct arn arn;

    return arn_parse(&req->arena, endpoint, &arn) && str_eq(arn.service, service) &&
           str_starts(arn.resource, prefix);
}

static int check_app(struct request *req, const char *arn)
{
    struct sns_endpoint_name name;
    struct sns_endpoint endpoint;

    if (sns_endpoint_split(&req->arena, arn, &name) &&
        sns_store_endpoint_find(sns_of(req->app)->store, &name.scope, name.uuid, &req->arena,
                                &endpoint) == STORE_OK)
        return 0;
    return aws_fail(req, &sns_InvalidParameterException,
                    "Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint arn"
                    "%s",
                    arn);
}

static int check_arn(struct request *req, const char *protocol, const char *endpoint)
{
    static const struct {
        const char *protocol, *service, *prefix, *words;
    } known[] = {
        {"sqs", "sqs", "", "SQS endpoint ARN"},
        {"lambda", "lambda", "function:", "Lambda endpoint ARN"},
        {"firehose", "firehose", "deliverystream/", "Firehose endpoint ARN"},
        {"application", "sns", "endpoint/", "Application endpoint ARN"},
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_eq(known[i].protocol, protocol) &&
            !is_arn_of(req, endpoint, known[i].service, known[i].prefix))
            return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: %s",
                            known[i].words);
    }
    return str_eq(protocol, "application") ? check_app(req, endpoint) : 0;
}

/* AWS: +15/55-123.4567 will do, but no two of these marks together, nor one at an end. */
static bool is_phone(struct request *req, const char *endpoint)
{
    static const char marks[] = "./-";
    char *digits = arena_alloc(&req->arena, strlen(endpoint) + 1);
    size_t len = 0;

    for (const char *p = endpoint; *p; p++) {
        bool mark = strchr(marks, *p) != NULL;

        if (mark && (p == endpoint || !p[1] || strchr(marks, p[1])))
            return false;
        if (!mark)
            digits[len++] = *p;
    }
    digits[len] = '\0';
    return sns_is_phone_number(digits);
}

static int check_endpoint(struct request *req, const char *protocol, const char *endpoint)
{
    static const char *const protocols[] = {"http", "https",  "email",       "email-json", "sms",
                                            "sqs",  "lambda", "application", "firehose"};
    size_t i = 0;

    while (i < ARRAY_LEN(protocols) && !str_eq(protocols[i], protocol))
        i++;
    if (i == ARRAY_LEN(protocols))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Amazon SNS does not support this protocol string: %s",
                        protocol);
    if (str_starts(protocol, "http"))
        return check_http(req, protocol, endpoint);
    if (str_starts(protocol, "email") && (!strchr(endpoint, '@') || strchr(endpoint, ' ')))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: Email address");
    if (str_eq(protocol, "sms") && !is_phone(req, endpoint))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid SMS endpoint: %s", endpoint);
    return check_arn(req, protocol, endpoint);
}

static int check_fifo(struct request *req, const char *topic, const char *protocol,
                      const char *endpoint)
{
    if (!sns_is_fifo(topic) && str_eq(protocol, "sqs") && sns_is_fifo(endpoint))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues "
                        "can not be subscribed to standard SNS topics");
    /* AWS: "SNS FIFO topics can't deliver messages to customer managed endpoints". */
    if (sns_is_fifo(topic) && !str_eq(protocol, "sqs"))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Invalid protocol type: %s", protocol);
    return 0;
}

/* Endpoints that can't be asked are AWS's own; the account that subscribes its own need not
 * confirm. */
static bool needs_confirmation(struct request *req, const char *protocol, const char *endpoint,
                               const struct sns_topic_name *topic)
{
    struct arn arn;

    if (str_starts(protocol, "http") || str_starts(protocol, "email"))
        return true;
    if (str_eq(protocol, "sqs") && arn_parse(&req->arena, endpoint, &arn))
        return !str_eq(arn.account, req->account) && !str_eq(topic->scope.account, req->account);
    return false;
}

static char *make_token(struct arena *a)
{
    char *token = arena_alloc(a, 2 * TOKEN_BYTES + 1);
    uint8_t random[TOKEN_BYTES];

    random_bytes(random, sizeof(random));
    hex_encode(random, sizeof(random), token);
    return token;
}

static int read_attributes(struct request *req, const struct sns_SubscribeInput *in,
                           const struct sns_topic *topic, struct tag_list *out)
{
    const char *scope = NULL;

    *out = (struct tag_list){
        .items = ARENA_ARRAY(&req->arena, struct tag, MAX(in->Attributes.count, 1))};
    for (size_t i = 0; i < in->Attributes.count; i++) {
        const char *value = in->Attributes.items[i].value;

        out->items[out->count++] = (struct tag){in->Attributes.items[i].key, value ? value : ""};
    }
    scope = sns_attribute_of(*out, "FilterPolicyScope");
    for (size_t i = 0; i < out->count; i++) {
        struct sns_subscription_check check = {
            .at = "Attributes Reason: ",
            .topic = topic->name,
            .topic_attributes = tags_from_json(&req->arena, topic->attributes),
            .protocol = in->Protocol,
            .endpoint = in->Endpoint,
            .filter_scope = scope,
        };

        if (sns_check_subscription_attribute(req, &check, &out->items[i]))
            return -1;
    }
    return 0;
}

/* Asks the endpoint whether it wants to be subscribed (or, after it was ended, again). */
int sns_send_confirmation(struct request *req, const struct sns_subscription *s, const char *type,
                          const char *text, int signature_version)
{
    struct sns *sns = sns_of(req->app);
    struct arena *a = &req->arena;
    const struct scope scope = {s->account, s->region};
    const char *topic_arn = sns_topic_arn(a, &scope, s->topic_name);
    const struct sns_recipient to = {.topic_arn = topic_arn,
                                     .protocol = s->protocol,
                                     .origin = s->origin,
                                     .signature_version = signature_version};
    const struct sns_kept_target mailbox = {
        .protocol = s->protocol, .endpoint = s->endpoint, .topic_arn = topic_arn};
    bool http = str_starts(s->protocol, "http");
    struct sns_message m = {.text = text};
    struct sns_kept_message kept;
    const char *body;

    sns_message_begin(sns, &m);
    body = sns_confirmation(sns, a, &m, &to, type, s->token);
    if (!body)
        return aws_fail_internal(req);
    const struct sns_delivery delivery = {
        .lane = s->id,
        .due_ms = m.at_ms,
        .endpoint = s->endpoint,
        .topic_arn = topic_arn,
        .type = type,
        .message_id = m.id,
        .content_type = "text/plain; charset=UTF-8",
        .body = body,
    };
    const struct sns_record record = {
        .deliveries = &delivery,
        .delivery_count = http,
        .kept = &kept,
        .kept_count = !http && sns_keep(sns, a, &scope, &mailbox, &m, body, &kept),
    };
    if (sns_store_record(sns->store, &record) != STORE_OK)
        return aws_fail_internal(req);
    if (http)
        sns_lanes_wake(sns->lanes);
    return 0;
}

static int signature_version(struct request *req, const struct sns_topic *topic)
{
    const char *version =
        sns_attribute_of(tags_from_json(&req->arena, topic->attributes), "SignatureVersion");

    return version && str_eq(version, "2") ? 2 : 1;
}

static const char *default_of(const char *attribute)
{
    if (str_eq(attribute, "FilterPolicyScope"))
        return "MessageAttributes";
    return str_eq(attribute, "RawMessageDelivery") ? "false" : "";
}

/* AWS: subscribing again answers what is there, unless other attributes are asked for. */
static int check_same(struct request *req, const struct sns_subscription *s, struct tag_list given)
{
    struct tag_list have = tags_from_json(&req->arena, s->attributes);

    for (size_t i = 0; i < given.count; i++) {
        const char *value = sns_attribute_of(have, given.items[i].key);

        if (!str_eq(value ? value : default_of(given.items[i].key), given.items[i].value) &&
            (value || *given.items[i].value))
            return aws_fail(req, &sns_InvalidParameterException,
                            "Invalid parameter: Attributes Reason: Subscription already exists "
                            "with different attributes");
    }
    return 0;
}

const char *sns_subscription_arn(struct request *req, const struct sns_subscription *s)
{
    const struct scope scope = {s->account, s->region};

    return arena_printf(&req->arena, "%s:%s", sns_topic_arn(&req->arena, &scope, s->topic_name),
                        s->uuid);
}

static int make_subscription(struct request *req, const struct sns_SubscribeInput *in,
                             const struct sns_topic_name *name, const struct sns_topic *topic,
                             struct tag_list attributes, struct sns_subscription *out)
{
    bool pending = needs_confirmation(req, in->Protocol, in->Endpoint, name);
    char uuid[SNS_MESSAGE_ID_LEN];
    const struct sns_subscription made = {
        .topic = topic->id,
        .uuid = uuid,
        .protocol = in->Protocol,
        .endpoint = in->Endpoint,
        .owner = req->account,
        .principal = sns_caller_arn(req),
        .origin = sns_origin(req),
        .token = make_token(&req->arena),
        .attributes = attributes.count ? sns_attributes_json(&req->arena, attributes) : NULL,
        .pending = pending,
        .authenticated = !pending,
    };
    enum store_status rc;

    uuid_v4(uuid);
    rc = sns_store_subscribe(sns_of(req->app)->store, &made, &req->arena, out);
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sns_NotFoundException, "Topic does not exist");
    if (rc == STORE_EXISTS && check_same(req, out, attributes))
        return -1;
    if (rc != STORE_OK && rc != STORE_EXISTS)
        return aws_fail_internal(req);
    const char *replay = sns_attribute_of(attributes, "ReplayPolicy");
    if (rc == STORE_OK && replay && *replay && sns_apply_replay(req, out, replay))
        return -1;
    /* AWS: who subscribes again while it is pending is asked again. */
    if (!out->pending || !(str_starts(out->protocol, "http") || str_starts(out->protocol, "email")))
        return 0;
    return sns_send_confirmation(
        req, out, "SubscriptionConfirmation",
        arena_printf(&req->arena,
                     "You have chosen to subscribe to the topic %s.\nTo confirm the subscription, "
                     "visit the SubscribeURL included in this message.",
                     name->arn),
        signature_version(req, topic));
}

int sns_subscribe(struct request *req, const struct sns_SubscribeInput *in,
                  struct sns_SubscribeResponse *out)
{
    struct sns_topic_name name;
    struct sns_topic topic;
    struct tag_list attributes;
    struct sns_subscription s;

    if (sns_topic_use(req, in->TopicArn, "Subscribe", &name, &topic))
        return -1;
    if (!in->Endpoint || !*in->Endpoint)
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Endpoint Reason: no value for required parameter");
    if (strlen(in->Endpoint) > ENDPOINT_MAX)
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Endpoint Reason: too long");
    if (check_endpoint(req, in->Protocol, in->Endpoint) ||
        check_fifo(req, name.name, in->Protocol, in->Endpoint) ||
        read_attributes(req, in, &topic, &attributes) ||
        make_subscription(req, in, &name, &topic, attributes, &s))
        return -1;
    out->SubscriptionArn = s.pending && !VALUE_OR(in->ReturnSubscriptionArn, false)
                               ? "pending confirmation"
                               : sns_subscription_arn(req, &s);
    return 0;
}

/* --- ConfirmSubscription --- */

static bool is_token(const char *token)
{
    return *token && strspn(token, "0123456789abcdef") == strlen(token);
}

int sns_confirm_subscription(struct request *req, const struct sns_ConfirmSubscriptionInput *in,
                             struct sns_ConfirmSubscriptionResponse *out)
{
    struct sns_store *store = sns_of(req->app)->store;
    bool guarded =
        in->AuthenticateOnUnsubscribe && strcasecmp(in->AuthenticateOnUnsubscribe, "true") == 0;
    struct sns_topic_name name;
    struct sns_subscription s;
    enum store_status rc;

    if (!sns_topic_split(&req->arena, in->TopicArn, &name))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: Topic");
    if (!is_token(in->Token))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid token");
    rc = sns_store_subscription_by_token(store, in->Token, &req->arena, &s);
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: Token");
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    /* AWS: the topic's name is not looked at. */
    if (!str_eq(s.account, name.scope.account) || !str_eq(s.region, name.scope.region))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: Topic");
    /* AWS: who confirms without credentials confirms, but it does not count as authenticated. */
    if (s.pending && sns_store_confirm(store, s.id, guarded && req->access_key) != STORE_OK)
        return aws_fail_internal(req);
    if (s.pending)
        sns_replays_wake(sns_of(req->app)->replays);
    out->SubscriptionArn = sns_subscription_arn(req, &s);
    return 0;
}

/* --- finding one --- */

int sns_subscription_named(struct request *req, const char *text, const char **out_uuid)
{
    struct arn arn;
    const char *colon;

    if (!arn_parse(&req->arena, text, &arn))
        return sns_fail_arn(req, "SubscriptionArn", text);
    colon = strchr(arn.resource, ':');
    if (!colon || !colon[1])
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: SubscriptionId");
    *out_uuid = arena_strdup(&req->arena, colon + 1);
    return 0;
}

int sns_find_subscription(struct request *req, const char *arn, struct sns_subscription *out)
{
    const char *uuid = NULL;
    enum store_status rc;

    if (sns_subscription_named(req, arn, &uuid))
        return -1;
    rc = sns_store_subscription_find(sns_of(req->app)->store, uuid, &req->arena, out);
    if (rc == STORE_NOT_FOUND || (rc == STORE_OK && !str_eq(sns_subscription_arn(req, out), arn)))
        return aws_fail(req, &sns_NotFoundException, "Subscription does not exist");
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    if (!str_eq(req->account, out->owner) && !str_eq(req->account, out->account))
        return aws_fail(req, &sns_AuthorizationErrorException,
                        "User: %s is not authorized to use the subscription %s",
                        sns_caller_arn(req), arn);
    return 0;
}

/* --- Unsubscribe --- */

static int tell_that_it_ended(struct request *req, const struct sns_subscription *s,
                              const char *arn)
{
    const struct scope scope = {s->account, s->region};
    struct sns_topic topic = {0};

    if (sns_store_topic_find(sns_of(req->app)->store, &scope, s->topic_name, &req->arena, &topic) !=
        STORE_OK)
        return aws_fail_internal(req);
    return sns_send_confirmation(
        req, s, "UnsubscribeConfirmation",
        arena_printf(&req->arena,
                     "You have chosen to deactivate subscription %s.\nTo cancel this operation and "
                     "restore the subscription, visit the SubscribeURL included in this message.",
                     arn),
        signature_version(req, &topic));
}

int sns_unsubscribe(struct request *req, const struct sns_UnsubscribeInput *in,
                    struct sns_UnsubscribeOutput *out)
{
    struct sns_store *store = sns_of(req->app)->store;
    struct sns_subscription s;
    const char *uuid = NULL;
    enum store_status rc;

    (void)out;
    if (sns_subscription_named(req, in->SubscriptionArn, &uuid))
        return -1;
    rc = sns_store_subscription_find(store, uuid, &req->arena, &s);
    if (rc == STORE_NOT_FOUND)
        return 0; /* AWS: what is not there counts as ended */
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    /* AWS: the link in a message ends a subscription without credentials, unless it was confirmed
     * otherwise. */
    bool owner = str_eq(req->account, s.owner) || str_eq(req->account, s.account);
    if ((req->access_key && !owner) || (!req->access_key && s.guarded))
        return aws_fail(req, &sns_AuthorizationErrorException,
                        "User: %s is not authorized to end the subscription", sns_caller_arn(req));
    /* AWS: an endpoint is told when somebody else than its owner may have done it. */
    if (!req->access_key && str_starts(s.protocol, "http") && !s.pending &&
        tell_that_it_ended(req, &s, in->SubscriptionArn))
        return -1;
    return sns_store_unsubscribe(store, s.id) == STORE_OK ? 0 : aws_fail_internal(req);
}

/* --- lists --- */

static void describe(struct request *req, const struct sns_subscription *s,
                     struct sns_Subscription *out)
{
    const struct scope scope = {s->account, s->region};

    *out = (struct sns_Subscription){
        .SubscriptionArn = s->pending ? "PendingConfirmation" : sns_subscription_arn(req, s),
        .Owner = s->owner,
        .Protocol = s->protocol,
        .Endpoint = s->endpoint,
        .TopicArn = sns_topic_arn(&req->arena, &scope, s->topic_name),
    };
}

static int list(struct request *req, int64_t topic, const char *token,
                struct sns_SubscriptionsList *out, const char **out_token)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    const char *kind = arena_printf(&req->arena, "sns:subscriptions:%s:%s:%" PRId64, req->account,
                                    req->region, topic);
    struct sns_subscriptions found;
    int64_t after;

    if (sns_page_after(req, kind, token, &after))
        return -1;
    if (sns_store_subscription_list(sns_of(req->app)->store, &scope, topic, after, PAGE + 1,
                                    &req->arena, &found) != STORE_OK)
        return aws_fail_internal(req);
    if (found.count > PAGE)
        *out_token = sns_page_token(&req->arena, kind, found.items[PAGE - 1].id);
    out->count = MIN(found.count, (size_t)PAGE);
    out->items = ARENA_ARRAY(&req->arena, struct sns_Subscription, MAX(out->count, 1));
    for (size_t i = 0; i < out->count; i++)
        describe(req, &found.items[i], &out->items[i]);
    return 0;
}

int sns_list_subscriptions(struct request *req, const struct sns_ListSubscriptionsInput *in,
                           struct sns_ListSubscriptionsResponse *out)
{
    return list(req, 0, in->NextToken, &out->Subscriptions, &out->NextToken);
}

int sns_list_subscriptions_by_topic(struct request *req,
                                    const struct sns_ListSubscriptionsByTopicInput *in,
                                    struct sns_ListSubscriptionsByTopicResponse *out)
{
    struct sns_topic_name name;
    struct sns_topic topic;

    if (sns_topic_use(req, in->TopicArn, "ListSubscriptionsByTopic", &name, &topic))
        return -1;
    return list(req, topic.id, in->NextToken, &out->Subscriptions, &out->NextToken);
}
