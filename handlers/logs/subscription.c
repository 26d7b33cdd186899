/* Subscription filters: the operations. */
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/logs/filter_pattern.h"
#include "handlers/logs/operations.h"
#include "handlers/logs/subscriptions.h"

static int check_unbuilt(struct request *req, const struct logs_PutSubscriptionFilterRequest *in)
{
    if (VALUE_OR(in->applyOnTransformedLogs, false))
        return aws_fail_unsupported(req, "applyOnTransformedLogs");
    if (in->fieldSelectionCriteria)
        return aws_fail_unsupported(req, "fieldSelectionCriteria");
    if (in->emitSystemFields.count)
        return aws_fail_unsupported(req, "emitSystemFields");
    return 0;
}

/* AWS: a destination is tried before the filter is kept. */
static int test_destination(struct request *req, const struct logs_PutSubscriptionFilterRequest *in,
                            const struct logs_subscription *sub)
{
    const struct logs_delivery d = {.account = req->account,
                                    .region = req->region,
                                    .group = in->logGroupName,
                                    .stream = "",
                                    .subscription = *sub};
    struct bytes document = {0};
    struct arn arn;

    if (!arn_parse(&req->arena, sub->destination, &arn))
        return aws_fail(req, &logs_InvalidParameterException,
                        "destinationArn is not a valid ARN: %s", sub->destination);
    bool function = str_eq(arn.service, "lambda");
    bool kinesis = str_eq(arn.service, "kinesis");
    if (!function && !kinesis && !str_eq(arn.service, "firehose"))
        return aws_fail_unsupported(req,
                                    arena_printf(&req->arena, "destinationArn of %s", arn.service));
    if (!function && !sub->role)
        return aws_fail(req, &logs_InvalidParameterException,
                        "destinationArn for vendor %s must be used with roleArn", arn.service);
    if (!function)
        document = subscription_test_document(&req->arena, req->received_ms);
    if (subscription_send(req->app, &d, document) == SUBSCRIPTION_SENT)
        return 0;
    if (function)
        return aws_fail(req, &logs_InvalidParameterException,
                        "Could not execute the lambda function. Make sure you have given "
                        "CloudWatch Logs permission to execute your function.");
    return aws_fail(req, &logs_InvalidParameterException,
                    "Could not deliver test message to specified %s stream. Check if the given %s "
                    "stream is in ACTIVE state.",
                    kinesis ? "Kinesis" : "Firehose", kinesis ? "kinesis" : "firehose");
}

int logs_put_subscription_filter(struct request *req,
                                 const struct logs_PutSubscriptionFilterRequest *in,
                                 struct logs_PutSubscriptionFilterOutput *out)
{
    struct scope scope = logs_scope(req);
    const struct logs_subscription sub = {
        .name = in->filterName,
        .pattern = in->filterPattern,
        .destination = in->destinationArn,
        .role = in->roleArn,
        .distribution = in->distribution ? in->distribution : "ByLogStream",
        .created_ms = req->received_ms,
    };
    struct logs_group group;

    (void)out;
    if (check_unbuilt(req, in))
        return -1;
    enum store_status status =
        logs_group_find(logs_store_of(req), &scope, in->logGroupName, &req->arena, &group);
    if (status)
        return logs_fail_missing(req, status);
    if (!filter_pattern_compile(&req->arena, in->filterPattern))
        return aws_fail(req, &logs_InvalidParameterException, "Invalid filter pattern");
    if (test_destination(req, in, &sub))
        return -1;
    status = logs_subscription_put(logs_store_of(req), &scope, in->logGroupName, &sub);
    if (status == STORE_LIMIT)
        return aws_fail(req, &logs_LimitExceededException, "Resource limit exceeded.");
    return status ? logs_fail_missing(req, status) : 0;
}

int logs_describe_subscription_filters(struct request *req,
                                       const struct logs_DescribeSubscriptionFiltersRequest *in,
                                       struct logs_DescribeSubscriptionFiltersResponse *out)
{
    struct arena *a = &req->arena;
    struct scope scope = logs_scope(req);
    size_t limit = (size_t)VALUE_OR(in->limit, LOGS_LIST_MAX);
    struct logs_filter_list list = {.prefix = in->filterNamePrefix ? in->filterNamePrefix : "",
                                    .after = "",
                                    .limit = limit + 1};
    const char *kind = arena_printf(a, "DescribeSubscriptionFilters %s", in->logGroupName);
    struct logs_subscription *subs;
    size_t count;

    if (in->nextToken && !(list.after = page_token_read(a, kind, in->nextToken)))
        return aws_fail(req, &logs_InvalidParameterException,
                        "The specified nextToken is invalid.");
    enum store_status status = logs_subscription_list(logs_store_of(req), &scope, in->logGroupName,
                                                      &list, a, &subs, &count);
    if (status)
        return logs_fail_missing(req, status);
    if (count > limit)
        out->nextToken = page_token_make(a, kind, subs[limit - 1].name);
    out->subscriptionFilters.count = MIN(count, limit);
    out->subscriptionFilters.items =
        ARENA_ARRAY(a, struct logs_SubscriptionFilter, out->subscriptionFilters.count);
    for (size_t i = 0; i < out->subscriptionFilters.count; i++)
        out->subscriptionFilters.items[i] = (struct logs_SubscriptionFilter){
            .filterName = subs[i].name,
            .logGroupName = in->logGroupName,
            .filterPattern = subs[i].pattern,
            .destinationArn = subs[i].destination,
            .roleArn = subs[i].role,
            .distribution = subs[i].distribution,
            .applyOnTransformedLogs = SOME_BOOL(false),
            .creationTime = SOME_LONG(subs[i].created_ms),
        };
    return 0;
}

int logs_delete_subscription_filter(struct request *req,
                                    const struct logs_DeleteSubscriptionFilterRequest *in,
                                    struct logs_DeleteSubscriptionFilterOutput *out)
{
    struct scope scope = logs_scope(req);

    (void)out;
    enum store_status status =
        logs_subscription_delete(logs_store_of(req), &scope, in->logGroupName, in->filterName);
    if (status == STORE_CONFLICT)
        return aws_fail(req, &logs_ResourceNotFoundException,
                        "The specified subscription filter does not exist.");
    return status ? logs_fail_missing(req, status) : 0;
}
