/* CloudWatch as the server sees it. */
#include "handlers/cloudwatch/cloudwatch.h"

#include "handlers/cloudwatch/alarm_watch.h"
#include "handlers/cloudwatch/operations.h"

static const struct cloudwatch_handlers handlers = {
    .DeleteAlarms = cloudwatch_delete_alarms,
    .DeleteDashboards = cloudwatch_delete_dashboards,
    .DescribeAlarmHistory = cloudwatch_describe_alarm_history,
    .DescribeAlarms = cloudwatch_describe_alarms,
    .DescribeAlarmsForMetric = cloudwatch_describe_alarms_for_metric,
    .DisableAlarmActions = cloudwatch_disable_alarm_actions,
    .EnableAlarmActions = cloudwatch_enable_alarm_actions,
    .GetDashboard = cloudwatch_get_dashboard,
    .GetMetricData = cloudwatch_get_metric_data,
    .GetMetricStatistics = cloudwatch_get_metric_statistics,
    .ListDashboards = cloudwatch_list_dashboards,
    .ListMetrics = cloudwatch_list_metrics,
    .ListTagsForResource = cloudwatch_list_tags_for_resource,
    .PutDashboard = cloudwatch_put_dashboard,
    .PutMetricAlarm = cloudwatch_put_metric_alarm,
    .PutCompositeAlarm = cloudwatch_put_composite_alarm,
    .PutMetricData = cloudwatch_put_metric_data,
    .SetAlarmState = cloudwatch_set_alarm_state,
    .TagResource = cloudwatch_tag_resource,
    .UntagResource = cloudwatch_untag_resource,
};

static void *open_cloudwatch(struct app *app)
{
    struct cloudwatch *c = x_calloc(1, sizeof(*c));

    c->app = app;
    c->store = cloudwatch_store_open(app->store);
    c->watch = alarm_watch_new(c);
    if (store_has(app->store, "cloudwatch"))
        alarm_watch_start(c->watch);
    return c;
}

static void close_cloudwatch(void *state)
{
    struct cloudwatch *c = state;

    alarm_watch_free(c->watch);
    cloudwatch_store_close(c->store);
    free(c);
}

const struct service cloudwatch_service = {
    .model = &cloudwatch_model,
    .handlers = &handlers,
    .open = open_cloudwatch,
    .close = close_cloudwatch,
};
