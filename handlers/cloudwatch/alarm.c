/* Alarms on metrics. */
#include "handlers/cloudwatch/alarm_watch.h"
#include "handlers/cloudwatch/composite.h"
#include "handlers/cloudwatch/data_set.h"
#include "handlers/cloudwatch/operations.h"
#include "handlers/cloudwatch/tag.h"
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "server/base/json_read.h"
#include "server/base/room.h"
#include "server/model/stored.h"

enum {
    DAY_S = 86400,
    RECORDS_DEFAULT = 50, /* AWS */
    LOOK_AT = 200,        /* alarms read at once */
    QUERIES_MAX = 20,     /* AWS: metrics and expressions of an alarm */
};

/* --- PutMetricAlarm --- */

static int refuse_what_is_not_built(struct request *req,
                                    const struct cloudwatch_PutMetricAlarmInput *in)
{
    if (in->ThresholdMetricId)
        return aws_fail_unsupported(req, "ThresholdMetricId");
    if (in->EvaluationWindow)
        return aws_fail_unsupported(req, "EvaluationWindow");
    if (in->WarmUpConfiguration)
        return aws_fail_unsupported(req, "WarmUpConfiguration");
    if (in->EvaluationCriteria)
        return aws_fail_unsupported(req, "EvaluationCriteria");
    if (in->EvaluationInterval.set)
        return aws_fail_unsupported(req, "EvaluationInterval");
    if (in->ActionConfiguration)
        return aws_fail_unsupported(req, "ActionConfiguration");
    if (in->EvaluateLowSampleCountPercentile &&
        !str_eq(in->EvaluateLowSampleCountPercentile, "evaluate"))
        return aws_fail_unsupported(req, "EvaluateLowSampleCountPercentile");
    return 0;
}

static int check_actions(struct request *req, const char *name,
                         const struct cloudwatch_ResourceList *actions)
{
    struct arn arn;

    for (size_t i = 0; i < actions->count; i++) {
        const char *text = actions->items[i];

        if (!arn_parse(&req->arena, text, &arn))
            return aws_fail(req, &cloudwatch_ValidationException, "Invalid arn syntax: %s", text);
        if (!str_eq(arn.service, "sns") && !str_eq(arn.service, "lambda"))
            return aws_fail_unsupported(
                req, arena_printf(&req->arena, "%s to anything but topics and functions", name));
    }
    return 0;
}

int alarm_check_actions(struct request *req, const struct cloudwatch_ResourceList *ok,
                        const struct cloudwatch_ResourceList *alarm,
                        const struct cloudwatch_ResourceList *insufficient)
{
    if (check_actions(req, "OKActions", ok) || check_actions(req, "AlarmActions", alarm))
        return -1;
    return check_actions(req, "InsufficientDataActions", insufficient);
}

static int check_periods(struct request *req, const struct cloudwatch_PutMetricAlarmInput *in,
                         int64_t period)
{
    const int64_t span = period * in->EvaluationPeriods.value;
    const int64_t days = period >= 3600 ? 7 : 1;

    if (cloudwatch_period_problem(period))
        return aws_fail(req, &cloudwatch_ValidationException, "%s",
                        cloudwatch_period_problem(period));
    if (span > days * DAY_S)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "Metrics cannot be checked across more than %s (EvaluationPeriods * Period "
                        "must be <= %" PRId64 ").",
                        days == 1 ? "a day" : "seven days", days * DAY_S);
    if (in->DatapointsToAlarm.set && in->DatapointsToAlarm.value > in->EvaluationPeriods.value)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "DatapointsToAlarm must be less than or equal to EvaluationPeriods.");
    return 0;
}

static int check_statistic(struct request *req, const struct cloudwatch_PutMetricAlarmInput *in)
{
    struct statistic statistic;

    if (!in->Statistic == !in->ExtendedStatistic)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "Exactly one of the parameters Statistic and ExtendedStatistic must be "
                        "specified.");
    if (in->ExtendedStatistic && (!statistic_parse(in->ExtendedStatistic, &statistic) ||
                                  statistic.kind != STATISTIC_PERCENTILE))
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The value %s for parameter ExtendedStatistic is not supported: only "
                        "percentiles (p99, p99.9) are.",
                        in->ExtendedStatistic);
    return 0;
}

/* The metric itself, in members of its own. */
static int check_metric(struct request *req, const struct cloudwatch_PutMetricAlarmInput *in)
{
    if (!in->MetricName || !in->Namespace)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The parameters MetricName and Namespace must be specified.");
    if (check_statistic(req, in))
        return -1;
    if (!in->Period.set)
        return aws_fail(req, &cloudwatch_ValidationException, "Period must not be null");
    return check_periods(req, in, in->Period.value);
}

/* AWS: of the queries one is what the alarm looks at, and all metrics have one period. */
static int check_queries(struct request *req, const struct cloudwatch_PutMetricAlarmInput *in)
{
    const struct cloudwatch_MetricDataQueries *all = &in->Metrics;
    struct data_set set;
    size_t returned = 0;

    if (in->MetricName || in->Namespace || in->Statistic || in->ExtendedStatistic ||
        in->Period.set || in->Unit || in->Dimensions.count)
        return aws_fail(
            req, &cloudwatch_ValidationException,
            "Metrics list and the parameters MetricName, Namespace, Dimensions, Period, "
            "Unit, Statistic and ExtendedStatistic are mutually exclusive.");
    if (all->count > QUERIES_MAX)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The collection Metrics must have a size between 1 and %d.", QUERIES_MAX);
    if (data_set_open(req, all, &set))
        return -1;
    const int64_t period = data_set_period(&set);
    if (period == 0)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "Metrics list must contain at least one metric.");
    for (size_t i = 0; i < all->count; i++) {
        const struct cloudwatch_MetricDataQuery *q = &all->items[i];

        if (q->MetricStat && q->MetricStat->Period.value != period)
            return aws_fail_unsupported(req, "Metrics of different periods");
        returned += VALUE_OR(q->ReturnData, true);
    }
    if (returned != 1)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "Exactly one element of the metrics list should return data.");
    set.end_ms = req->received_ms;
    set.start_ms = set.end_ms - period * 1000;
    for (size_t i = 0; i < all->count; i++) {
        if (!VALUE_OR(all->items[i].ReturnData, true))
            continue;
        if (data_set_answer(req, &set, i))
            return -1;
        if (set.items[i].value.type != MATH_SERIES)
            return aws_fail(req, &cloudwatch_ValidationException,
                            "Error in expression '%s' [It must be worth one time series]",
                            all->items[i].Id);
    }
    return check_periods(req, in, period);
}

/* AWS: the model requires none of them, as an alarm of PromQL does without. */
static int check_required(struct request *req, const struct cloudwatch_PutMetricAlarmInput *in)
{
    const char *missing = !in->Threshold.set           ? "Threshold"
                          : !in->ComparisonOperator    ? "ComparisonOperator"
                          : !in->EvaluationPeriods.set ? "EvaluationPeriods"
                                                       : NULL;

    return missing ? aws_fail(req, &cloudwatch_ValidationException,
                              "The parameter %s must be specified.", missing)
                   : 0;
}

static int check_alarm(struct request *req, const struct cloudwatch_PutMetricAlarmInput *in)
{
    static const char *const treatments[] = {"breaching", "notBreaching", "ignore", "missing"};
    const char *treat = in->TreatMissingData;
    bool known = !treat;

    if (refuse_what_is_not_built(req, in))
        return -1;
    if (check_required(req, in))
        return -1;
    if (!alarm_operator_words(in->ComparisonOperator))
        return aws_fail_unsupported(req, "ComparisonOperator of an anomaly detector");
    for (size_t i = 0; i < ARRAY_LEN(treatments); i++)
        known = known || str_eq(treat, treatments[i]);
    if (!known)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The value %s is not supported for TreatMissingData parameter. Supported "
                        "values are [breaching, notBreaching, ignore, missing].",
                        treat);
    if (in->Metrics.count ? check_queries(req, in) : check_metric(req, in))
        return -1;
    return alarm_check_actions(req, &in->OKActions, &in->AlarmActions,
                               &in->InsufficientDataActions);
}

static struct cloudwatch_MetricAlarm alarm_of(struct request *req,
                                              const struct cloudwatch_PutMetricAlarmInput *in)
{
    struct cloudwatch_MetricAlarm alarm = {0};

    ALARM_BEGIN(req, &alarm, in->AlarmName);
    alarm.Dimensions.items = ARENA_ARRAY(&req->arena, struct cloudwatch_Dimension, 0);
    stored_merge(&cloudwatch_model, model_structure(&cloudwatch_model, "MetricAlarm"), &alarm,
                 model_structure(&cloudwatch_model, "PutMetricAlarmInput"), in, &req->arena);
    return alarm;
}

/* An alarm that is claimed, as it is stored. */
struct held_alarm {
    struct alarm_claim claim;
    struct cloudwatch_alarm stored;
    struct cloudwatch_MetricAlarm alarm;
};

/* The claim is to be released whatever the status; `out` stays where it is until then. */
static enum store_status hold(struct request *req, const char *name, struct held_alarm *out)
{
    struct cloudwatch *c = cloudwatch_of(req->app);
    struct arena *a = &req->arena;
    enum store_status status;

    *out = (struct held_alarm){.claim = {.scope = cloudwatch_scope(req), .name = name}};
    alarm_claim(c->watch, &out->claim);
    status = cloudwatch_alarm_find(c->store, &out->claim.scope, name, a, &out->stored);
    return !status && !alarm_read(a, &out->stored, &out->alarm) ? STORE_FAILED : status;
}

/* Makes it or replaces it. -1 after failing. */
static int put_alarm(struct request *req, struct cloudwatch_MetricAlarm *alarm, const char *tags,
                     bool *out_new)
{
    struct cloudwatch *c = cloudwatch_of(req->app);
    struct held_alarm held;
    enum store_status status = hold(req, alarm->AlarmName, &held);

    *out_new = status == STORE_NOT_FOUND;
    if (!status && held.stored.composite)
        status = STORE_EXISTS;
    if (!status)
        ALARM_KEEP_STATE(alarm, &held.alarm);
    if (!status || *out_new)
        status = cloudwatch_alarm_put(
            c->store, &held.claim.scope,
            &(struct cloudwatch_alarm){.name = alarm->AlarmName,
                                       .document = alarm_write(&req->arena, alarm),
                                       .tags = tags});
    alarm_release(c->watch, &held.claim);
    if (status == STORE_EXISTS)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The alarm %s exists and is a composite alarm.", alarm->AlarmName);
    return status ? aws_fail_internal(req) : 0;
}

int cloudwatch_put_metric_alarm(struct request *req,
                                const struct cloudwatch_PutMetricAlarmInput *in,
                                struct cloudwatch_PutMetricAlarmOutput *out)
{
    struct cloudwatch *c = cloudwatch_of(req->app);
    struct scope scope = cloudwatch_scope(req);
    struct cloudwatch_MetricAlarm alarm;
    const char *tags;
    bool created;

    (void)out;
    if (check_alarm(req, in) || !(tags = cloudwatch_new_tags(req, &in->Tags)))
        return -1;
    alarm = alarm_of(req, in);
    if (put_alarm(req, &alarm, tags, &created))
        return -1;
    alarm_note_put(c, &scope, in->AlarmName, false, created);
    alarm_watch_start(c->watch);
    return 0;
}

/* --- describing --- */

struct alarm_choice {
    const struct cloudwatch_DescribeAlarmsInput *in;
    const char *identity; /* of their metric; NULL: any */
    const struct cloudwatch_DescribeAlarmsForMetricInput *metric;
};

static bool has_action(const struct cloudwatch_ResourceList *actions, const char *prefix)
{
    for (size_t i = 0; i < actions->count; i++)
        if (str_starts(actions->items[i], prefix))
            return true;
    return false;
}

static bool is_named(const struct cloudwatch_AlarmNames *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (str_eq(names->items[i], name))
            return true;
    return names->count == 0;
}

static bool is_described(const struct cloudwatch_DescribeAlarmsInput *in,
                         const struct cloudwatch_MetricAlarm *alarm)
{
    const char *prefix = in->ActionPrefix;

    return is_named(&in->AlarmNames, alarm->AlarmName) &&
           (!in->StateValue || str_eq(in->StateValue, alarm->StateValue)) &&
           (!prefix || has_action(&alarm->OKActions, prefix) ||
            has_action(&alarm->AlarmActions, prefix) ||
            has_action(&alarm->InsufficientDataActions, prefix));
}

static bool is_asked_for(const char *asked, const char *value)
{
    return !asked || (value && str_eq(asked, value));
}

static bool is_chosen(struct arena *a, const struct alarm_choice *choice,
                      const struct cloudwatch_MetricAlarm *alarm)
{
    const struct cloudwatch_DescribeAlarmsForMetricInput *m = choice->metric;

    if (choice->in)
        return is_described(choice->in, alarm);
    /* AWS: alarms on expressions are none of a metric's. */
    return alarm->MetricName &&
           str_eq(choice->identity, cloudwatch_identity(a, alarm->Namespace, alarm->MetricName,
                                                        &alarm->Dimensions)) &&
           is_asked_for(m->Statistic, alarm->Statistic) &&
           is_asked_for(m->ExtendedStatistic, alarm->ExtendedStatistic) &&
           is_asked_for(m->Unit, alarm->Unit) &&
           (!m->Period.set || m->Period.value == alarm->Period.value);
}

static bool wants(const struct cloudwatch_AlarmTypes *types, const char *type, bool otherwise)
{
    for (size_t i = 0; i < types->count; i++)
        if (str_eq(types->items[i], type))
            return true;
    return types->count == 0 && otherwise;
}

/* AWS: composite alarms are described to who asks for them. */
static bool is_of_wanted_type(const struct alarm_choice *choice,
                              const struct cloudwatch_alarm *stored)
{
    if (!choice->in)
        return !stored->composite;
    return stored->composite ? wants(&choice->in->AlarmTypes, "CompositeAlarm", false)
                             : wants(&choice->in->AlarmTypes, "MetricAlarm", true);
}

/* What has been chosen. */
struct chosen {
    struct cloudwatch_MetricAlarms metric;
    struct cloudwatch_CompositeAlarms composite;
    size_t metric_room, composite_room;
};

/* False when a document cannot be read. */
static bool add_chosen(struct arena *a, struct chosen *out, const struct cloudwatch_alarm *stored,
                       const struct cloudwatch_MetricAlarm *alarm)
{
    if (stored->composite) {
        out->composite.items = room_for_one(a, out->composite.items, out->composite.count,
                                            &out->composite_room, sizeof(*out->composite.items));
        return composite_read(a, stored, &out->composite.items[out->composite.count++]);
    }
    out->metric.items = room_for_one(a, out->metric.items, out->metric.count, &out->metric_room,
                                     sizeof(*out->metric.items));
    out->metric.items[out->metric.count++] = *alarm;
    return true;
}

/* At most `limit` alarms after `after`; *out_last is the name of the last, NULL where no more
 * follow. 0, or -1 after failing. */
static int choose_alarms(struct request *req, const struct alarm_choice *choice, const char *prefix,
                         const char *after, size_t limit, struct chosen *out, const char **out_last)
{
    struct arena *a = &req->arena;
    struct scope scope = cloudwatch_scope(req);
    struct cloudwatch_alarm *stored = ARENA_ARRAY(a, struct cloudwatch_alarm, LOOK_AT);
    const char *last = NULL;
    size_t count = LOOK_AT;

    *out = (struct chosen){
        .metric = {.items = ARENA_ARRAY(a, struct cloudwatch_MetricAlarm, 0)},
        .composite = {.items = ARENA_ARRAY(a, struct cloudwatch_CompositeAlarm, 0)}};
    for (*out_last = NULL; count == LOOK_AT; after = count ? stored[count - 1].name : after) {
        if (cloudwatch_alarm_list(cloudwatch_store_of(req), &scope, prefix, after, LOOK_AT, a,
                                  stored, &count))
            return aws_fail_internal(req);
        for (size_t i = 0; i < count; i++) {
            struct cloudwatch_MetricAlarm alarm;

            if (!is_of_wanted_type(choice, &stored[i]))
                continue;
            if (!alarm_read(a, &stored[i], &alarm))
                return aws_fail_internal(req);
            if (!is_chosen(a, choice, &alarm))
                continue;
            if (out->metric.count + out->composite.count == limit) {
                *out_last = last;
                return 0;
            }
            if (!add_chosen(a, out, &stored[i], &alarm))
                return aws_fail_internal(req);
            last = stored[i].name;
        }
    }
    return 0;
}

int cloudwatch_describe_alarms(struct request *req, const struct cloudwatch_DescribeAlarmsInput *in,
                               struct cloudwatch_DescribeAlarmsOutput *out)
{
    const struct alarm_choice choice = {.in = in};
    const char *after = "";
    const char *last;
    struct chosen chosen;

    if (in->AlarmNames.count && in->AlarmNamePrefix)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "AlarmNamePrefix and AlarmNames can not be specified together.");
    if (in->ChildrenOfAlarmName)
        return aws_fail_unsupported(req, "ChildrenOfAlarmName");
    if (in->ParentsOfAlarmName)
        return aws_fail_unsupported(req, "ParentsOfAlarmName");
    if (in->NextToken && !(after = page_token_read(&req->arena, "DescribeAlarms", in->NextToken)))
        return aws_fail(req, &cloudwatch_InvalidNextToken, "The NextToken is invalid.");
    if (choose_alarms(req, &choice, in->AlarmNamePrefix ? in->AlarmNamePrefix : "", after,
                      (size_t)VALUE_OR(in->MaxRecords, RECORDS_DEFAULT), &chosen, &last))
        return -1;
    out->MetricAlarms = chosen.metric;
    out->CompositeAlarms = chosen.composite;
    if (last)
        out->NextToken = page_token_make(&req->arena, "DescribeAlarms", last);
    return 0;
}

int cloudwatch_describe_alarms_for_metric(struct request *req,
                                          const struct cloudwatch_DescribeAlarmsForMetricInput *in,
                                          struct cloudwatch_DescribeAlarmsForMetricOutput *out)
{
    const struct alarm_choice choice = {
        .identity =
            cloudwatch_identity(&req->arena, in->Namespace, in->MetricName, &in->Dimensions),
        .metric = in,
    };
    enum { ALL = 5000 }; /* AWS: alarms of an account */
    struct chosen chosen;
    const char *last;

    if (choose_alarms(req, &choice, "", "", ALL, &chosen, &last))
        return -1;
    out->MetricAlarms = chosen.metric;
    return 0;
}

static bool history_is_wanted(const struct cloudwatch_DescribeAlarmHistoryInput *in,
                              const struct cloudwatch_AlarmHistoryItem *item)
{
    return wants(&in->AlarmTypes, item->AlarmType, str_eq(item->AlarmType, "MetricAlarm")) &&
           (!in->HistoryItemType || str_eq(in->HistoryItemType, item->HistoryItemType));
}

int cloudwatch_describe_alarm_history(struct request *req,
                                      const struct cloudwatch_DescribeAlarmHistoryInput *in,
                                      struct cloudwatch_DescribeAlarmHistoryOutput *out)
{
    struct arena *a = &req->arena;
    struct scope scope = cloudwatch_scope(req);
    const size_t limit = (size_t)VALUE_OR(in->MaxRecords, 100);
    const struct shape *shape = model_structure(&cloudwatch_model, "AlarmHistoryItem");
    struct cloudwatch_history_filter filter = {
        .alarm = in->AlarmName,
        .from_ms = in->StartDate.set ? in->StartDate.ms : 0,
        .until_ms = in->EndDate.set ? in->EndDate.ms : INT64_MAX,
        .ascending = in->ScanBy && str_eq(in->ScanBy, "TimestampAscending"),
    };
    struct cloudwatch_history_item *items = ARENA_ARRAY(a, struct cloudwatch_history_item, LOOK_AT);
    const char *position;
    size_t count = LOOK_AT;

    if (in->AlarmContributorId)
        return aws_fail_unsupported(req, "AlarmContributorId");
    if (in->NextToken) {
        position = page_token_read(a, "DescribeAlarmHistory", in->NextToken);
        if (!position)
            return aws_fail(req, &cloudwatch_InvalidNextToken, "The NextToken is invalid.");
        filter.after_id = strtoll(position, NULL, 10);
    }
    out->AlarmHistoryItems.items = ARENA_ARRAY(a, struct cloudwatch_AlarmHistoryItem, limit + 1);
    while (count == LOOK_AT && !out->NextToken) {
        if (cloudwatch_history_list(cloudwatch_store_of(req), &scope, &filter, LOOK_AT, a, items,
                                    &count))
            return aws_fail_internal(req);
        for (size_t i = 0; i < count && !out->NextToken; i++) {
            struct cloudwatch_AlarmHistoryItem *one =
                &out->AlarmHistoryItems.items[out->AlarmHistoryItems.count];

            *one = (struct cloudwatch_AlarmHistoryItem){0};
            if (!stored_from_json(&cloudwatch_model, shape, items[i].document, a, one))
                return aws_fail_internal(req);
            if (!history_is_wanted(in, one))
                continue;
            if (out->AlarmHistoryItems.count == limit)
                out->NextToken = page_token_make(a, "DescribeAlarmHistory",
                                                 arena_printf(a, "%" PRId64, filter.after_id));
            else
                out->AlarmHistoryItems.count++;
            filter.after_id = items[i].id;
        }
    }
    return 0;
}

/* --- changing --- */

/* AWS: one composite alarm at most. -1 after failing. */
static int check_deleted(struct request *req, const struct cloudwatch_AlarmNames *names)
{
    struct scope scope = cloudwatch_scope(req);
    const char *needed;
    const char *dependent;
    size_t composites = 0;

    for (size_t i = 0; i < names->count; i++) {
        struct cloudwatch_alarm stored;
        enum store_status status = cloudwatch_alarm_find(cloudwatch_store_of(req), &scope,
                                                         names->items[i], &req->arena, &stored);

        if (status && status != STORE_NOT_FOUND)
            return aws_fail_internal(req);
        composites += !status && stored.composite;
    }
    if (composites > 1)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "No more than one composite alarm can be deleted at a time.");
    if (composite_dependent(req, names, &needed, &dependent))
        return aws_fail_internal(req);
    if (dependent)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "Cannot delete %s as there are composite alarm(s) depending on it.",
                        needed);
    return 0;
}

int cloudwatch_delete_alarms(struct request *req, const struct cloudwatch_DeleteAlarmsInput *in,
                             struct cloudwatch_DeleteAlarmsOutput *out)
{
    struct scope scope = cloudwatch_scope(req);
    const char *missing = "";

    (void)out;
    if (check_deleted(req, &in->AlarmNames))
        return -1;
    switch (cloudwatch_alarms_delete(cloudwatch_store_of(req), &scope, in->AlarmNames.items,
                                     in->AlarmNames.count, &missing)) {
    case STORE_OK:
        return 0;
    case STORE_NOT_FOUND:
        return aws_fail(req, &cloudwatch_ResourceNotFound, "Alarm %s does not exist.", missing);
    default:
        return aws_fail_internal(req);
    }
}

static bool is_json(const char *text, struct arena *a)
{
    enum { DEPTH_MAX = 64 };
    struct jr_text raw;
    struct jr r;

    jr_init(&r, text, strlen(text), a, DEPTH_MAX);
    return jr_skip(&r, &raw) && jr_finish(&r);
}

/* STORE_NOT_FOUND: no such alarm. */
static enum store_status set_state(struct request *req, const char *name,
                                   const struct alarm_verdict *verdict)
{
    struct cloudwatch *c = cloudwatch_of(req->app);
    struct held_alarm held;
    enum store_status status = hold(req, name, &held);

    if (!status)
        status = alarm_transition(c, &held.stored, &held.alarm, verdict, &req->arena);
    alarm_release(c->watch, &held.claim);
    return status == STORE_CONFLICT ? STORE_NOT_FOUND : status;
}

int cloudwatch_set_alarm_state(struct request *req, const struct cloudwatch_SetAlarmStateInput *in,
                               struct cloudwatch_SetAlarmStateOutput *out)
{
    const struct alarm_verdict verdict = {in->StateValue, in->StateReason, in->StateReasonData};

    (void)out;
    if (in->StateReasonData && !is_json(in->StateReasonData, &req->arena))
        return aws_fail(req, &cloudwatch_InvalidFormatFault, "StateReasonData is not valid JSON.");
    switch (set_state(req, in->AlarmName, &verdict)) {
    case STORE_OK:
        return 0;
    case STORE_NOT_FOUND:
        return aws_fail(req, &cloudwatch_ResourceNotFound, "%s", ""); /* AWS: no words */
    default:
        return aws_fail_internal(req);
    }
}

static enum store_status set_enabled(struct request *req, const char *name, bool enabled)
{
    struct cloudwatch *c = cloudwatch_of(req->app);
    struct held_alarm held;
    enum store_status status = hold(req, name, &held);

    held.alarm.ActionsEnabled = SOME_BOOL(enabled);
    if (!status)
        status = cloudwatch_alarm_change(c->store, &held.claim.scope, name, held.stored.document,
                                         alarm_rewrite(&req->arena, &held.stored, &held.alarm));
    alarm_release(c->watch, &held.claim);
    return status;
}

static int set_actions_enabled(struct request *req, const struct cloudwatch_AlarmNames *names,
                               bool enabled)
{
    for (size_t i = 0; i < names->count; i++) {
        enum store_status status = set_enabled(req, names->items[i], enabled);

        /* AWS: who is not there is passed over */
        if (status && status != STORE_NOT_FOUND && status != STORE_CONFLICT)
            return aws_fail_internal(req);
    }
    return 0;
}

int cloudwatch_enable_alarm_actions(struct request *req,
                                    const struct cloudwatch_EnableAlarmActionsInput *in,
                                    struct cloudwatch_EnableAlarmActionsOutput *out)
{
    (void)out;
    return set_actions_enabled(req, &in->AlarmNames, true);
}

int cloudwatch_disable_alarm_actions(struct request *req,
                                     const struct cloudwatch_DisableAlarmActionsInput *in,
                                     struct cloudwatch_DisableAlarmActionsOutput *out)
{
    (void)out;
    return set_actions_enabled(req, &in->AlarmNames, false);
}
