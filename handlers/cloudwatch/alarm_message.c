/* Alarms in words. */
#include "handlers/cloudwatch/alarm_message.h"

#include "server/base/clock.h"
#include "server/base/digest.h"
#include "server/base/json_write.h"

#include <ctype.h>
#include <time.h>

enum { MESSAGE_MAX = 1 << 20 };

/* As AWS names regions to people. */
static const char *region_words(const char *region)
{
    static const struct {
        const char *region, *words;
    } all[] = {
        {"us-east-1", "US East (N. Virginia)"},
        {"us-east-2", "US East (Ohio)"},
        {"us-west-1", "US West (N. California)"},
        {"us-west-2", "US West (Oregon)"},
        {"ca-central-1", "Canada (Central)"},
        {"eu-central-1", "EU (Frankfurt)"},
        {"eu-west-1", "EU (Ireland)"},
        {"eu-west-2", "EU (London)"},
        {"eu-west-3", "EU (Paris)"},
        {"eu-north-1", "EU (Stockholm)"},
        {"eu-south-1", "EU (Milan)"},
        {"ap-south-1", "Asia Pacific (Mumbai)"},
        {"ap-northeast-1", "Asia Pacific (Tokyo)"},
        {"ap-northeast-2", "Asia Pacific (Seoul)"},
        {"ap-northeast-3", "Asia Pacific (Osaka)"},
        {"ap-southeast-1", "Asia Pacific (Singapore)"},
        {"ap-east-1", "Asia Pacific (Hong Kong)"},
        {"ap-southeast-2", "Asia Pacific (Sydney)"},
        {"sa-east-1", "South America (Sao Paulo)"},
        {"af-south-1", "Africa (Cape Town)"},
        {"me-south-1", "Middle East (Bahrain)"},
    };

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (str_eq(region, all[i].region))
            return all[i].words;
    return region;
}

const char *alarm_time_text(struct arena *a, int64_t ms)
{
    char text[TIME_TEXT_MAX];
    const time_t at = ms / 1000;
    struct tm parts;

    gmtime_r(&at, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    return arena_printf(a, "%s.%03d+0000", text, (int)(ms % 1000));
}

static void member_number(struct jw *w, struct arena *a, const char *key, double value)
{
    const char *text = alarm_number(a, value);

    jw_key(w, key);
    jw_raw(w, text, strlen(text));
}

static void member_list(struct jw *w, const char *key, const struct cloudwatch_ResourceList *list)
{
    jw_key(w, key);
    jw_begin_array(w);
    for (size_t i = 0; i < list->count; i++)
        jw_string(w, list->items[i]);
    jw_end_array(w);
}

/* --- to a topic --- */

const char *alarm_sns_subject(struct arena *a, const struct alarm_change *c)
{
    const char *text = arena_printf(a, "%s: \"%s\" in %s", c->verdict->state, c->alarm->AlarmName,
                                    region_words(c->region));

    return strlen(text) <= 100 ? text : arena_strndup(a, text, 97); /* AWS: of SNS */
}

static const char *upper(struct arena *a, const char *text)
{
    char *out = arena_strdup(a, text);

    for (char *p = out; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return out;
}

static void write_trigger_dimensions(struct jw *w, const struct cloudwatch_Dimensions *dimensions)
{
    jw_key(w, "Dimensions");
    jw_begin_array(w);
    for (size_t i = 0; i < dimensions->count; i++) {
        jw_begin_object(w);
        jw_member_string(w, "value", dimensions->items[i].Value);
        jw_member_string(w, "name", dimensions->items[i].Name);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_trigger_metric(struct jw *w, struct arena *a,
                                 const struct cloudwatch_MetricAlarm *alarm)
{
    jw_member_string(w, "MetricName", alarm->MetricName);
    jw_member_string(w, "Namespace", alarm->Namespace);
    jw_member_string(w, "StatisticType", alarm->Statistic ? "Statistic" : "ExtendedStatistic");
    if (alarm->Statistic)
        jw_member_string(w, "Statistic", upper(a, alarm->Statistic));
    jw_member_string(w, "ExtendedStatistic", alarm->ExtendedStatistic);
    if (alarm->Unit)
        jw_member_string(w, "Unit", alarm->Unit);
    else {
        jw_key(w, "Unit");
        jw_null(w);
    }
    write_trigger_dimensions(w, &alarm->Dimensions);
}

static void write_trigger_query(struct jw *w, const struct cloudwatch_MetricDataQuery *q)
{
    jw_begin_object(w);
    jw_member_string(w, "Id", q->Id);
    jw_member_string(w, "Expression", q->Expression);
    jw_member_string(w, "Label", q->Label);
    if (q->MetricStat) {
        jw_key(w, "MetricStat");
        jw_begin_object(w);
        jw_key(w, "Metric");
        jw_begin_object(w);
        write_trigger_dimensions(w, &q->MetricStat->Metric->Dimensions);
        jw_member_string(w, "MetricName", q->MetricStat->Metric->MetricName);
        jw_member_string(w, "Namespace", q->MetricStat->Metric->Namespace);
        jw_end_object(w);
        jw_member_int(w, "Period", q->MetricStat->Period.value);
        jw_member_string(w, "Stat", q->MetricStat->Stat);
        jw_member_string(w, "Unit", q->MetricStat->Unit);
        jw_end_object(w);
    }
    jw_member_bool(w, "ReturnData", VALUE_OR(q->ReturnData, true));
    jw_end_object(w);
}

static void write_trigger(struct jw *w, struct arena *a, const struct cloudwatch_MetricAlarm *alarm)
{
    jw_key(w, "Trigger");
    jw_begin_object(w);
    if (!alarm->Metrics.count)
        write_trigger_metric(w, a, alarm);
    jw_member_int(w, "Period", alarm_period_s(alarm));
    jw_member_int(w, "EvaluationPeriods", alarm->EvaluationPeriods.value);
    if (alarm->DatapointsToAlarm.set)
        jw_member_int(w, "DatapointsToAlarm", alarm->DatapointsToAlarm.value);
    jw_member_string(w, "ComparisonOperator", alarm->ComparisonOperator);
    member_number(w, a, "Threshold", alarm->Threshold.value);
    jw_member_string(w, "TreatMissingData",
                     alarm->TreatMissingData ? alarm->TreatMissingData : "missing");
    jw_member_string(w, "EvaluateLowSampleCountPercentile", "");
    if (alarm->Metrics.count) {
        jw_key(w, "Metrics");
        jw_begin_array(w);
        for (size_t i = 0; i < alarm->Metrics.count; i++)
            write_trigger_query(w, &alarm->Metrics.items[i]);
        jw_end_array(w);
    }
    jw_end_object(w);
}

static const char *finish(struct arena *a, struct strbuf *b)
{
    const char *text = arena_strndup(a, b->data, b->len);

    strbuf_release(b);
    return text;
}

const char *alarm_sns_message(struct arena *a, const struct alarm_change *c)
{
    const struct cloudwatch_MetricAlarm *alarm = c->alarm;
    struct strbuf b = STRBUF_INIT(MESSAGE_MAX);
    struct jw w;

    jw_init(&w, &b);
    jw_begin_object(&w);
    jw_member_string(&w, "AlarmName", alarm->AlarmName);
    if (alarm->AlarmDescription)
        jw_member_string(&w, "AlarmDescription", alarm->AlarmDescription);
    else {
        jw_key(&w, "AlarmDescription");
        jw_null(&w);
    }
    jw_member_string(&w, "AWSAccountId", c->account);
    jw_member_string(&w, "AlarmConfigurationUpdatedTimestamp",
                     alarm_time_text(a, alarm->AlarmConfigurationUpdatedTimestamp.ms));
    jw_member_string(&w, "NewStateValue", c->verdict->state);
    jw_member_string(&w, "NewStateReason", c->verdict->reason);
    jw_member_string(&w, "StateChangeTime", alarm_time_text(a, c->at_ms));
    jw_member_string(&w, "Region", region_words(c->region));
    jw_member_string(&w, "AlarmArn", alarm->AlarmArn);
    jw_member_string(&w, "OldStateValue", alarm->StateValue);
    member_list(&w, "OKActions", &alarm->OKActions);
    member_list(&w, "AlarmActions", &alarm->AlarmActions);
    member_list(&w, "InsufficientDataActions", &alarm->InsufficientDataActions);
    if (c->rule)
        jw_member_string(&w, "AlarmRule", c->rule);
    else
        write_trigger(&w, a, alarm);
    jw_end_object(&w);
    return finish(a, &b);
}

/* --- to a function --- */

struct state_words {
    const char *key, *value, *reason, *reason_data;
    int64_t at_ms;
};

static void write_state(struct jw *w, struct arena *a, const struct state_words *s)
{
    jw_key(w, s->key);
    jw_begin_object(w);
    jw_member_string(w, "value", s->value);
    jw_member_string(w, "reason", s->reason);
    jw_member_string(w, "reasonData", s->reason_data);
    jw_member_string(w, "timestamp", alarm_time_text(a, s->at_ms));
    jw_end_object(w);
}

static void write_query(struct jw *w, const struct cloudwatch_MetricDataQuery *q)
{
    const struct cloudwatch_MetricStat *m = q->MetricStat;

    jw_begin_object(w);
    jw_member_string(w, "id", q->Id);
    jw_member_string(w, "expression", q->Expression);
    jw_member_string(w, "label", q->Label);
    if (m) {
        jw_key(w, "metricStat");
        jw_begin_object(w);
        jw_key(w, "metric");
        jw_begin_object(w);
        jw_member_string(w, "namespace", m->Metric->Namespace);
        jw_member_string(w, "name", m->Metric->MetricName);
        jw_key(w, "dimensions");
        jw_begin_object(w);
        for (size_t i = 0; i < m->Metric->Dimensions.count; i++)
            jw_member_string(w, m->Metric->Dimensions.items[i].Name,
                             m->Metric->Dimensions.items[i].Value);
        jw_end_object(w);
        jw_end_object(w);
        jw_member_int(w, "period", m->Period.value);
        jw_member_string(w, "stat", m->Stat);
        jw_member_string(w, "unit", m->Unit);
        jw_end_object(w);
    }
    jw_member_bool(w, "returnData", VALUE_OR(q->ReturnData, true));
    jw_end_object(w);
}

/* A metric is told as a query of one metric. */
static void write_configuration(struct jw *w, const struct cloudwatch_MetricAlarm *alarm)
{
    char id[37];
    struct cloudwatch_Metric metric = {.Namespace = alarm->Namespace,
                                       .MetricName = alarm->MetricName,
                                       .Dimensions = alarm->Dimensions};
    struct cloudwatch_MetricStat stat = {
        .Metric = &metric,
        .Period = alarm->Period,
        .Stat = alarm->Statistic ? alarm->Statistic : alarm->ExtendedStatistic,
        .Unit = alarm->Unit,
    };

    uuid_v4(id);
    jw_key(w, "configuration");
    jw_begin_object(w);
    jw_member_string(w, "description", alarm->AlarmDescription);
    jw_key(w, "metrics");
    jw_begin_array(w);
    for (size_t i = 0; i < alarm->Metrics.count; i++)
        write_query(w, &alarm->Metrics.items[i]);
    if (!alarm->Metrics.count)
        write_query(w, &(struct cloudwatch_MetricDataQuery){.Id = id, .MetricStat = &stat});
    jw_end_array(w);
    jw_end_object(w);
}

static void write_rule(struct jw *w, const struct alarm_change *c)
{
    jw_key(w, "configuration");
    jw_begin_object(w);
    jw_member_string(w, "description", c->alarm->AlarmDescription);
    jw_member_string(w, "alarmRule", c->rule);
    jw_end_object(w);
}

struct bytes alarm_lambda_event(struct arena *a, const struct alarm_change *c)
{
    const struct cloudwatch_MetricAlarm *alarm = c->alarm;
    const struct alarm_verdict *v = c->verdict;
    struct strbuf b = STRBUF_INIT(MESSAGE_MAX);
    struct jw w;
    const char *text;

    jw_init(&w, &b);
    jw_begin_object(&w);
    jw_member_string(&w, "source", "aws.cloudwatch");
    jw_member_string(&w, "alarmArn", alarm->AlarmArn);
    jw_member_string(&w, "accountId", c->account);
    jw_member_string(&w, "time", alarm_time_text(a, c->at_ms));
    jw_member_string(&w, "region", c->region);
    jw_key(&w, "alarmData");
    jw_begin_object(&w);
    jw_member_string(&w, "alarmName", alarm->AlarmName);
    write_state(&w, a,
                &(struct state_words){"state", v->state, v->reason, v->reason_data, c->at_ms});
    write_state(&w, a,
                &(struct state_words){"previousState", alarm->StateValue, alarm->StateReason,
                                      alarm->StateReasonData, alarm->StateUpdatedTimestamp.ms});
    if (c->rule)
        write_rule(&w, c);
    else
        write_configuration(&w, alarm);
    jw_end_object(&w);
    jw_end_object(&w);
    text = finish(a, &b);
    return (struct bytes){.data = (const uint8_t *)text, .len = strlen(text)};
}

/* --- into the history --- */

static void write_history_state(struct jw *w, const char *key, const char *value,
                                const char *reason, const char *reason_data)
{
    jw_key(w, key);
    jw_begin_object(w);
    jw_member_string(w, "stateValue", value);
    jw_member_string(w, "stateReason", reason);
    if (reason_data && reason_data[0] == '{') {
        jw_key(w, "stateReasonData");
        jw_raw(w, reason_data, strlen(reason_data));
    }
    jw_end_object(w);
}

const char *alarm_state_data(struct arena *a, const struct alarm_change *c)
{
    struct strbuf b = STRBUF_INIT(MESSAGE_MAX);
    struct jw w;

    jw_init(&w, &b);
    jw_begin_object(&w);
    jw_member_string(&w, "version", "1.0");
    write_history_state(&w, "oldState", c->alarm->StateValue, c->alarm->StateReason,
                        c->alarm->StateReasonData);
    write_history_state(&w, "newState", c->verdict->state, c->verdict->reason,
                        c->verdict->reason_data);
    jw_end_object(&w);
    return finish(a, &b);
}
