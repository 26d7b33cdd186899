/* What the files of CloudWatch Logs share:
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/ */
#ifndef CADABRA_LOGS_OPERATIONS_H
#define CADABRA_LOGS_OPERATIONS_H

#include "gen/logs.h"
#include "handlers/logs/logs.h"
#include "server/aws_error.h"
#include "server/service.h"
#include "storage/logs_store.h"

enum {
    LOGS_EVENT_OVERHEAD = 26, /* AWS: bytes that an event counts beside its text */
    LOGS_UPLOAD_MAX =
        1024 * 1024,         /* of PutLogEvents, overhead included; of an answer's events too */
    LOGS_EVENTS_MAX = 10000, /* a call, both ways */
    LOGS_LIST_MAX = 50,      /* groups or streams a page */
};

struct subscriptions;

/* The service's state. */
struct logs {
    struct app *app;
    struct logs_store *store;
    struct subscriptions *subscriptions;
};

static inline struct logs *logs_of(struct app *app)
{
    return service_state(app, &logs_service);
}

static inline struct logs_store *logs_store_of(const struct request *req)
{
    return logs_of(req->app)->store;
}

static inline struct scope logs_scope(const struct request *req)
{
    return (struct scope){.account = req->account, .region = req->region};
}

/* ResourceNotFoundException of a missing group (STORE_NOT_FOUND) or stream (STORE_CONFLICT); any
 * other status is a fault of ours. Always -1. */
int logs_fail_missing(struct request *req, enum store_status status);

/* The group that an operation names by exactly one of name and identifier; the identifier is a name
 * or an ARN of this account and region. 0, or -1 after aws_fail(). */
int logs_named_group(struct request *req, const char *name, const char *identifier,
                     const char **out_name);

/* The name within arn:aws:logs:region:account:log-group:NAME[:*], or NULL. */
const char *logs_group_of_arn(struct request *req, const char *arn);

int logs_create_log_group(struct request *req, const struct logs_CreateLogGroupRequest *in,
                          struct logs_CreateLogGroupOutput *out);
int logs_delete_log_group(struct request *req, const struct logs_DeleteLogGroupRequest *in,
                          struct logs_DeleteLogGroupOutput *out);
int logs_describe_log_groups(struct request *req, const struct logs_DescribeLogGroupsRequest *in,
                             struct logs_DescribeLogGroupsResponse *out);
int logs_put_retention_policy(struct request *req, const struct logs_PutRetentionPolicyRequest *in,
                              struct logs_PutRetentionPolicyOutput *out);
int logs_delete_retention_policy(struct request *req,
                                 const struct logs_DeleteRetentionPolicyRequest *in,
                                 struct logs_DeleteRetentionPolicyOutput *out);

int logs_create_log_stream(struct request *req, const struct logs_CreateLogStreamRequest *in,
                           struct logs_CreateLogStreamOutput *out);
int logs_delete_log_stream(struct request *req, const struct logs_DeleteLogStreamRequest *in,
                           struct logs_DeleteLogStreamOutput *out);
int logs_describe_log_streams(struct request *req, const struct logs_DescribeLogStreamsRequest *in,
                              struct logs_DescribeLogStreamsResponse *out);

int logs_put_log_events(struct request *req, const struct logs_PutLogEventsRequest *in,
                        struct logs_PutLogEventsResponse *out);
int logs_get_log_events(struct request *req, const struct logs_GetLogEventsRequest *in,
                        struct logs_GetLogEventsResponse *out);
int logs_filter_log_events(struct request *req, const struct logs_FilterLogEventsRequest *in,
                           struct logs_FilterLogEventsResponse *out);

int logs_tag_resource(struct request *req, const struct logs_TagResourceRequest *in,
                      struct logs_TagResourceOutput *out);
int logs_untag_resource(struct request *req, const struct logs_UntagResourceRequest *in,
                        struct logs_UntagResourceOutput *out);
int logs_list_tags_for_resource(struct request *req,
                                const struct logs_ListTagsForResourceRequest *in,
                                struct logs_ListTagsForResourceResponse *out);
int logs_tag_log_group(struct request *req, const struct logs_TagLogGroupRequest *in,
                       struct logs_TagLogGroupOutput *out);
int logs_untag_log_group(struct request *req, const struct logs_UntagLogGroupRequest *in,
                         struct logs_UntagLogGroupOutput *out);
int logs_list_tags_log_group(struct request *req, const struct logs_ListTagsLogGroupRequest *in,
                             struct logs_ListTagsLogGroupResponse *out);

/* subscription.c */
int logs_put_subscription_filter(struct request *req,
                                 const struct logs_PutSubscriptionFilterRequest *in,
                                 struct logs_PutSubscriptionFilterOutput *out);
int logs_describe_subscription_filters(struct request *req,
                                       const struct logs_DescribeSubscriptionFiltersRequest *in,
                                       struct logs_DescribeSubscriptionFiltersResponse *out);
int logs_delete_subscription_filter(struct request *req,
                                    const struct logs_DeleteSubscriptionFilterRequest *in,
                                    struct logs_DeleteSubscriptionFilterOutput *out);
/* metric_filter.c */
int logs_put_metric_filter(struct request *req, const struct logs_PutMetricFilterRequest *in,
                           struct logs_PutMetricFilterOutput *out);
int logs_describe_metric_filters(struct request *req,
                                 const struct logs_DescribeMetricFiltersRequest *in,
                                 struct logs_DescribeMetricFiltersResponse *out);
int logs_delete_metric_filter(struct request *req, const struct logs_DeleteMetricFilterRequest *in,
                              struct logs_DeleteMetricFilterOutput *out);

/* Tags of a new group as they are stored; NULL after aws_fail() when one is illegal. */
const char *logs_new_tags(struct request *req, const struct logs_Tags *tags);

#endif
