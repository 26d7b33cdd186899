/* What the files of CloudWatch share:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/ */
#ifndef CADABRA_CLOUDWATCH_OPERATIONS_H
#define CADABRA_CLOUDWATCH_OPERATIONS_H

#include "gen/cloudwatch.h"
#include "handlers/cloudwatch/cloudwatch.h"
#include "handlers/common/arn.h"
#include "server/app.h"
#include "server/aws_error.h"
#include "storage/cloudwatch_store.h"

struct alarm_watch;

/* The service's state. */
struct cloudwatch {
    struct app *app;
    struct cloudwatch_store *store;
    struct alarm_watch *watch;
    _Atomic int64_t trimmed_ms; /* when old points were last removed */
};

static inline struct cloudwatch *cloudwatch_of(struct app *app)
{
    return service_state(app, &cloudwatch_service);
}

static inline struct cloudwatch_store *cloudwatch_store_of(const struct request *req)
{
    return cloudwatch_of(req->app)->store;
}

static inline struct scope cloudwatch_scope(const struct request *req)
{
    return (struct scope){.account = req->account, .region = req->region};
}

/* dashboard.c: dashboards belong to an account in all its regions. */
struct scope cloudwatch_dashboard_scope(const struct request *req);

/* metric.c: what tells one metric from all others, as JSON of a Metric whose dimensions are in
 * order. */
const char *cloudwatch_identity(struct arena *a, const char *namespace, const char *name,
                                const struct cloudwatch_Dimensions *dimensions);
/* Back; false for what is no identity. */
bool cloudwatch_read_identity(struct arena *a, const char *identity, struct cloudwatch_Metric *out);
/* metric_query.c: NULL, or why there are no such periods. */
const char *cloudwatch_period_problem(int64_t period_s);
/* AWS: where the first period begins: at a whole minute, and coarser the longer ago. */
int64_t cloudwatch_round_start(int64_t now_ms, int64_t start_ms, int64_t period_s);

/* alarm.c: 0, or -1 after failing. */
int alarm_check_actions(struct request *req, const struct cloudwatch_ResourceList *ok,
                        const struct cloudwatch_ResourceList *alarm,
                        const struct cloudwatch_ResourceList *insufficient);

/* For both kinds of alarms, whose structures have these members: how one begins, before what was
 * given is merged into it. AWS: lists that were left out are told as empty ones. */
#define ALARM_BEGIN(req, alarm, name)                                                              \
    do {                                                                                           \
        (alarm)->OKActions.items = ARENA_ARRAY(&(req)->arena, const char *, 0);                    \
        (alarm)->AlarmActions = (alarm)->InsufficientDataActions = (alarm)->OKActions;             \
        (alarm)->AlarmArn = arn_make(&(req)->arena, "cloudwatch", (req)->region, (req)->account,   \
                                     "alarm:%s", (name));                                          \
        (alarm)->ActionsEnabled = SOME_BOOL(true);                                                 \
        (alarm)->StateValue = "INSUFFICIENT_DATA";                                                 \
        (alarm)->StateReason = "Unchecked: Initial alarm creation";                                \
        (alarm)->StateUpdatedTimestamp = SOME_TIME((req)->received_ms);                            \
        (alarm)->StateTransitionedTimestamp = (alarm)->StateUpdatedTimestamp;                      \
        (alarm)->AlarmConfigurationUpdatedTimestamp = (alarm)->StateUpdatedTimestamp;              \
    } while (0)

/* The state of an alarm outlives a change of its configuration. */
#define ALARM_KEEP_STATE(alarm, old)                                                               \
    do {                                                                                           \
        (alarm)->StateValue = (old)->StateValue;                                                   \
        (alarm)->StateReason = (old)->StateReason;                                                 \
        (alarm)->StateReasonData = (old)->StateReasonData;                                         \
        (alarm)->StateUpdatedTimestamp = (old)->StateUpdatedTimestamp;                             \
        (alarm)->StateTransitionedTimestamp = (old)->StateTransitionedTimestamp;                   \
    } while (0)

#define CLOUDWATCH_OPERATION(function, operation)                                                  \
    int function(struct request *req, const struct cloudwatch_##operation##Input *in,              \
                 struct cloudwatch_##operation##Output *out)

/* metric.c */
CLOUDWATCH_OPERATION(cloudwatch_put_metric_data, PutMetricData);
CLOUDWATCH_OPERATION(cloudwatch_list_metrics, ListMetrics);
/* metric_query.c */
CLOUDWATCH_OPERATION(cloudwatch_get_metric_statistics, GetMetricStatistics);
/* metric_data.c */
CLOUDWATCH_OPERATION(cloudwatch_get_metric_data, GetMetricData);
/* alarm.c */
CLOUDWATCH_OPERATION(cloudwatch_put_metric_alarm, PutMetricAlarm);
CLOUDWATCH_OPERATION(cloudwatch_describe_alarms, DescribeAlarms);
CLOUDWATCH_OPERATION(cloudwatch_describe_alarms_for_metric, DescribeAlarmsForMetric);
CLOUDWATCH_OPERATION(cloudwatch_describe_alarm_history, DescribeAlarmHistory);
CLOUDWATCH_OPERATION(cloudwatch_delete_alarms, DeleteAlarms);
CLOUDWATCH_OPERATION(cloudwatch_set_alarm_state, SetAlarmState);
CLOUDWATCH_OPERATION(cloudwatch_enable_alarm_actions, EnableAlarmActions);
CLOUDWATCH_OPERATION(cloudwatch_disable_alarm_actions, DisableAlarmActions);
/* composite.c */
CLOUDWATCH_OPERATION(cloudwatch_put_composite_alarm, PutCompositeAlarm);
/* dashboard.c */
CLOUDWATCH_OPERATION(cloudwatch_put_dashboard, PutDashboard);
CLOUDWATCH_OPERATION(cloudwatch_get_dashboard, GetDashboard);
CLOUDWATCH_OPERATION(cloudwatch_list_dashboards, ListDashboards);
CLOUDWATCH_OPERATION(cloudwatch_delete_dashboards, DeleteDashboards);
/* tag.c */
CLOUDWATCH_OPERATION(cloudwatch_tag_resource, TagResource);
CLOUDWATCH_OPERATION(cloudwatch_untag_resource, UntagResource);
CLOUDWATCH_OPERATION(cloudwatch_list_tags_for_resource, ListTagsForResource);

#endif
