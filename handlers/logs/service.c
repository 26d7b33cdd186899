/* CloudWatch Logs as the server and other services see it. */
#include "handlers/logs/logs.h"

#include "handlers/common/arn.h"
#include "handlers/logs/metering.h"
#include "handlers/logs/operations.h"
#include "handlers/logs/subscriptions.h"
#include "server/base/utf8.h"

static const struct logs_handlers handlers = {
    .CreateLogGroup = logs_create_log_group,
    .CreateLogStream = logs_create_log_stream,
    .DeleteLogGroup = logs_delete_log_group,
    .DeleteMetricFilter = logs_delete_metric_filter,
    .DeleteSubscriptionFilter = logs_delete_subscription_filter,
    .DescribeMetricFilters = logs_describe_metric_filters,
    .DescribeSubscriptionFilters = logs_describe_subscription_filters,
    .PutMetricFilter = logs_put_metric_filter,
    .PutSubscriptionFilter = logs_put_subscription_filter,
    .DeleteLogStream = logs_delete_log_stream,
    .DeleteRetentionPolicy = logs_delete_retention_policy,
    .DescribeLogGroups = logs_describe_log_groups,
    .DescribeLogStreams = logs_describe_log_streams,
    .FilterLogEvents = logs_filter_log_events,
    .GetLogEvents = logs_get_log_events,
    .ListTagsForResource = logs_list_tags_for_resource,
    .ListTagsLogGroup = logs_list_tags_log_group,
    .PutLogEvents = logs_put_log_events,
    .PutRetentionPolicy = logs_put_retention_policy,
    .TagLogGroup = logs_tag_log_group,
    .TagResource = logs_tag_resource,
    .UntagLogGroup = logs_untag_log_group,
    .UntagResource = logs_untag_resource,
};

static void *logs_open(struct app *app)
{
    struct logs *l = x_calloc(1, sizeof(*l));

    l->app = app;
    l->store = logs_store_open(app->store);
    l->subscriptions = subscriptions_new(l);
    return l;
}

static void logs_close(void *state)
{
    struct logs *l = state;

    subscriptions_free(l->subscriptions);
    logs_store_close(l->store);
    free(l);
}

const struct service logs_service = {
    .model = &logs_model,
    .handlers = &handlers,
    .open = logs_open,
    .close = logs_close,
};

int logs_fail_missing(struct request *req, enum store_status status)
{
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &logs_ResourceNotFoundException,
                        "The specified log group does not exist.");
    if (status == STORE_CONFLICT)
        return aws_fail(req, &logs_ResourceNotFoundException,
                        "The specified log stream does not exist.");
    return aws_fail_internal(req);
}

const char *logs_group_of_arn(struct request *req, const char *arn)
{
    struct arn parts;
    const char *name;
    size_t len;

    if (!arn_parse(&req->arena, arn, &parts) || !str_eq(parts.service, "logs") ||
        !str_eq(parts.account, req->account) || !str_eq(parts.region, req->region))
        return NULL;
    name = arn_resource_after(&parts, "log-group:");
    if (!name)
        return NULL;
    len = strcspn(name, ":");
    return len > 0 ? arena_strndup(&req->arena, name, len) : NULL;
}

int logs_named_group(struct request *req, const char *name, const char *identifier,
                     const char **out_name)
{
    if (!name == !identifier)
        return aws_fail(req, &logs_InvalidParameterException,
                        name ? "LogGroupName and LogGroupIdentifier are mutually exclusive"
                             : "Either LogGroupName or LogGroupIdentifier is required");
    *out_name = name ? name : identifier;
    if (name || !str_starts(identifier, "arn:"))
        return 0;
    *out_name = logs_group_of_arn(req, identifier);
    if (*out_name)
        return 0;
    return aws_fail(req, &logs_ResourceNotFoundException,
                    "The specified log group does not exist.");
}

/* --- for other services --- */

static bool is_legal_group(const char *name)
{
    size_t len = strlen(name);

    return len >= 1 && len <= 512 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/#") ==
               len;
}

static bool is_legal_stream(const char *name)
{
    size_t len = strlen(name);

    return len >= 1 && len <= 512 && strcspn(name, ":*") == len;
}

/* What a process has written may be anything: what is not UTF-8 becomes U+FFFD, NUL too. */
static struct logs_new_event clean_event(const struct logs_event *e, struct arena *a)
{
    size_t len = MIN(e->len, (size_t)LOGS_UPLOAD_MAX);
    const char *p = e->text;
    const char *end = p + len;
    char *clean;
    size_t n = 0;

    if (utf8_valid(p, len) && !memchr(p, '\0', len))
        return (struct logs_new_event){.time_ms = e->time_ms, .text = p, .len = len};
    clean = arena_alloc(a, 3 * len + 1);
    while (p < end) {
        size_t sequence = *p ? utf8_sequence(p, end) : 0;

        if (sequence > 0)
            memcpy(clean + n, p, sequence);
        n += sequence > 0 ? sequence : utf8_put(0xFFFD, clean + n);
        p += sequence > 0 ? sequence : 1;
    }
    return (struct logs_new_event){.time_ms = e->time_ms, .text = clean, .len = n};
}

enum store_status logs_append(struct app *app, struct scope scope, const char *group,
                              const char *stream, const struct logs_event *events, size_t count)
{
    struct logs_new_event *clean;
    struct arena a;
    enum store_status status;

    if (!is_legal_group(group) || !is_legal_stream(stream))
        return STORE_CONFLICT;
    arena_init(&a);
    clean = ARENA_ARRAY(&a, struct logs_new_event, count);
    for (size_t i = 0; i < count; i++)
        clean[i] = clean_event(&events[i], &a);
    status = logs_events_add(logs_of(app)->store, &scope, group, stream, clean, count,
                             clock_now_ms(&app->clock), true);
    if (!status) {
        subscriptions_wake(logs_of(app)->subscriptions);
        logs_meter(logs_of(app), &scope, group, clean, count);
    }
    arena_release(&a);
    return status;
}
