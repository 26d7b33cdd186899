/* Names, who may use them, and attributes: what all operations begin with. */
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/sns/state.h"

/* --- names --- */

bool sns_is_fifo(const char *topic_name)
{
    size_t len = strlen(topic_name);

    return len > 5 && str_eq(topic_name + len - 5, ".fifo");
}

char *sns_topic_arn(struct arena *a, const struct scope *scope, const char *name)
{
    return arn_make(a, "sns", scope->region, scope->account, "%s", name);
}

bool sns_topic_split(struct arena *a, const char *text, struct sns_topic_name *out)
{
    struct arn arn;

    if (!arn_parse(a, text, &arn) || !str_eq(arn.service, "sns") || strchr(arn.resource, ':') ||
        strchr(arn.resource, '/'))
        return false;
    *out = (struct sns_topic_name){
        .scope = {.account = arn.account, .region = arn.region},
        .name = arn.resource,
        .arn = arena_strdup(a, text),
    };
    return true;
}

int sns_fail_arn(struct request *req, const char *parameter, const char *arn)
{
    int elements = 1;

    for (const char *p = arn; *p; p++)
        elements += *p == ':';
    if (elements < 6)
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: %s Reason: An ARN must have at least 6 elements, not "
                        "%d",
                        parameter, elements);
    return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: %s", parameter);
}

int sns_topic_named(struct request *req, const char *arn, const char *parameter,
                    struct sns_topic_name *out)
{
    if (!sns_topic_split(&req->arena, arn, out))
        return sns_fail_arn(req, parameter, arn);
    if (req->access_key && !str_eq(out->scope.region, req->region))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: %s", parameter);
    return 0;
}

const char *sns_caller_arn(struct request *req)
{
    struct iam_caller caller;

    if (req->access_key && !iam_caller_of(req, &caller))
        return caller.arn;
    return arn_make(&req->arena, "iam", "", req->account, "root");
}

const char *sns_origin(struct request *req)
{
    const char *host = request_header(req, "host");

    if (host && *host)
        return arena_printf(&req->arena, "http://%s", host);
    return arena_printf(&req->arena, "http://localhost:%u", (unsigned)req->app->port);
}

/* --- policies --- */

const char *sns_topic_policy(struct arena *a, const struct sns_topic_name *name,
                             const struct sns_topic *topic)
{
    const char *own = sns_attribute_of(tags_from_json(a, topic->attributes), "Policy");

    if (own)
        return own;
    return arena_printf(
        a,
        "{\"Version\":\"2008-10-17\",\"Id\":\"__default_policy_ID\",\"Statement\":[{\"Sid\":"
        "\"__default_statement_ID\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":["
        "\"SNS:GetTopicAttributes\",\"SNS:SetTopicAttributes\",\"SNS:AddPermission\","
        "\"SNS:RemovePermission\",\"SNS:DeleteTopic\",\"SNS:Subscribe\","
        "\"SNS:ListSubscriptionsByTopic\",\"SNS:Publish\"],\"Resource\":\"%s\",\"Condition\":{"
        "\"StringEquals\":{\"AWS:SourceOwner\":\"%s\"}}}]}",
        name->arn, name->scope.account);
}

struct iam_resource sns_topic_resource(struct arena *a, const struct sns_topic_name *name,
                                       const struct sns_topic *topic)
{
    return (struct iam_resource){.account = name->scope.account,
                                 .arn = name->arn,
                                 .policy = sns_topic_policy(a, name, topic)};
}

int sns_topic_use(struct request *req, const char *arn, const char *action,
                  struct sns_topic_name *out_name, struct sns_topic *out)
{
    struct iam_resource resource;
    const char *denial;
    enum store_status rc;

    if (sns_topic_named(req, arn, "TopicArn", out_name))
        return -1;
    rc = sns_store_topic_find(sns_of(req->app)->store, &out_name->scope, out_name->name,
                              &req->arena, out);
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sns_NotFoundException, "Topic does not exist");
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    resource = sns_topic_resource(&req->arena, out_name, out);
    if (iam_check_use(req, &resource, arena_printf(&req->arena, "SNS:%s", action), &denial))
        return -1;
    return denial ? aws_fail(req, &sns_AuthorizationErrorException, "%s", denial) : 0;
}

/* --- attributes --- */

const char *sns_attribute_of(struct tag_list attributes, const char *name)
{
    for (size_t i = 0; i < attributes.count; i++) {
        if (str_eq(attributes.items[i].key, name))
            return attributes.items[i].value;
    }
    return NULL;
}

bool sns_attribute_true(struct tag_list attributes, const char *name)
{
    const char *value = sns_attribute_of(attributes, name);

    return value && strcasecmp(value, "true") == 0;
}

const char *sns_attributes_json(struct arena *a, struct tag_list attributes)
{
    struct tag_list kept = {.items = ARENA_ARRAY(a, struct tag, attributes.count)};

    for (size_t i = 0; i < attributes.count; i++) {
        if (*attributes.items[i].value)
            kept.items[kept.count++] = attributes.items[i];
    }
    return tags_to_json(a, kept);
}

struct change {
    struct arena *arena;
    struct tag_list set;
};

static const char *merge(const char *old, void *context)
{
    const struct change *c = context;

    return sns_attributes_json(c->arena,
                               tags_merge(c->arena, tags_from_json(c->arena, old), c->set));
}

enum store_status sns_set_attributes(struct sns *sns, enum sns_text which, int64_t id,
                                     struct arena *a, struct tag_list set)
{
    struct change change = {a, set};

    return sns_store_change(sns->store, which, id, merge, &change);
}

/* --- pages --- */

int sns_page_after(struct request *req, const char *kind, const char *token, int64_t *out_after)
{
    const char *position;

    *out_after = 0;
    if (!token || !*token)
        return 0;
    position = page_token_read(&req->arena, kind, token);
    if (!position)
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: NextToken");
    *out_after = strtoll(position, NULL, 10);
    return 0;
}

char *sns_page_token(struct arena *a, const char *kind, int64_t last)
{
    return page_token_make(a, kind, arena_printf(a, "%" PRId64, last));
}
