/* What was put into a metric: GetMetricStatistics. */
#include "handlers/cloudwatch/operations.h"
#include "handlers/cloudwatch/statistics.h"

enum {
    DATAPOINTS_MAX = 1440, /* AWS */
    DAY_S = 86400,
};

const char *cloudwatch_period_problem(int64_t period_s)
{
    if (period_s % 60 == 0 || period_s == 1 || period_s == 5 || period_s == 10 || period_s == 20 ||
        period_s == 30)
        return NULL;
    return "Period must be 1, 5, 10, 20, 30 or a multiple of 60.";
}

int64_t cloudwatch_round_start(int64_t now_ms, int64_t start_ms, int64_t period_s)
{
    const int64_t start_s = start_ms / 1000;
    const int64_t age_s = now_ms / 1000 - start_s;
    int64_t grain = 60;

    if (period_s < 60)
        grain = period_s;
    else if (age_s > 63 * DAY_S)
        grain = 3600;
    else if (age_s > 15 * DAY_S)
        grain = 300;
    return start_s - start_s % grain;
}

/* What was put into one metric between two times. 0, or -1 after failing. */
static int read_metric(struct request *req, const char *identity, const char *unit,
                       const struct maybe_time *start, const struct maybe_time *end,
                       int64_t period_s, bool keep_values, struct summaries *out)
{
    struct scope scope = cloudwatch_scope(req);
    const struct cloudwatch_span span = {
        .from_s = cloudwatch_round_start(req->received_ms, start->ms, period_s),
        .until_s = (end->ms + 999) / 1000,
        .unit = unit,
    };

    *out = (struct summaries){.arena = &req->arena,
                              .from_s = span.from_s,
                              .period_s = period_s,
                              .keep_values = keep_values};
    if (cloudwatch_points_visit(cloudwatch_store_of(req), &scope, identity, &span, summaries_add,
                                out))
        return aws_fail_internal(req);
    return 0;
}

/* --- GetMetricStatistics --- */

static int check_statistics(struct request *req,
                            const struct cloudwatch_GetMetricStatisticsInput *in)
{
    const char *problem = cloudwatch_period_problem(in->Period.value);
    const int64_t datapoints =
        (in->EndTime.ms - in->StartTime.ms) / 1000 / MAX(in->Period.value, 1);
    struct statistic unused;

    if (in->StartTime.ms >= in->EndTime.ms)
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "The parameter StartTime must be less than the parameter EndTime.");
    if (problem)
        return aws_fail(req, &cloudwatch_InvalidParameterValueException, "%s", problem);
    if (datapoints > DATAPOINTS_MAX)
        return aws_fail(req, &cloudwatch_InvalidParameterCombinationException,
                        "You have requested up to %" PRId64
                        " datapoints, which exceeds the limit of %d. You may reduce the datapoints "
                        "requested by increasing Period, or decreasing the time range.",
                        datapoints, DATAPOINTS_MAX);
    if (!in->Statistics.count && !in->ExtendedStatistics.count)
        return aws_fail(req, &cloudwatch_InvalidParameterCombinationException,
                        "Must specify either Statistics or ExtendedStatistics");
    for (size_t i = 0; i < in->ExtendedStatistics.count; i++)
        if (!statistic_parse(in->ExtendedStatistics.items[i], &unused) ||
            unused.kind != STATISTIC_PERCENTILE)
            return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                            "The value %s for parameter ExtendedStatistics is not supported: only "
                            "percentiles (p99, p99.9) are.",
                            in->ExtendedStatistics.items[i]);
    return 0;
}

static struct maybe_double *member_of(struct cloudwatch_Datapoint *d, const struct statistic *s)
{
    switch (s->kind) {
    case STATISTIC_SAMPLE_COUNT:
        return &d->SampleCount;
    case STATISTIC_AVERAGE:
        return &d->Average;
    case STATISTIC_SUM:
        return &d->Sum;
    case STATISTIC_MINIMUM:
        return &d->Minimum;
    default:
        return &d->Maximum;
    }
}

static void add_datapoint(struct arena *a, const struct cloudwatch_GetMetricStatisticsInput *in,
                          struct summary *s, struct cloudwatch_Datapoint *out)
{
    struct cloudwatch_DatapointValueMap *extended = &out->ExtendedStatistics;
    struct statistic statistic;
    double value;

    out->Timestamp = SOME_TIME(s->at_s * 1000);
    out->Unit = s->unit;
    for (size_t i = 0; i < in->Statistics.count; i++)
        if (statistic_parse(in->Statistics.items[i], &statistic) &&
            statistic_of(s, &statistic, &value))
            *member_of(out, &statistic) = SOME_DOUBLE(value);
    if (!in->ExtendedStatistics.count)
        return;
    extended->items =
        ARENA_ARRAY(a, struct cloudwatch_DatapointValueMap_entry, in->ExtendedStatistics.count);
    for (size_t i = 0; i < in->ExtendedStatistics.count; i++)
        if (statistic_parse(in->ExtendedStatistics.items[i], &statistic) &&
            statistic_of(s, &statistic, &value))
            extended->items[extended->count++] = (struct cloudwatch_DatapointValueMap_entry){
                .key = in->ExtendedStatistics.items[i], .value = SOME_DOUBLE(value)};
}

int cloudwatch_get_metric_statistics(struct request *req,
                                     const struct cloudwatch_GetMetricStatisticsInput *in,
                                     struct cloudwatch_GetMetricStatisticsOutput *out)
{
    struct arena *a = &req->arena;
    struct summaries found;

    if (check_statistics(req, in) ||
        read_metric(req, cloudwatch_identity(a, in->Namespace, in->MetricName, &in->Dimensions),
                    in->Unit, &in->StartTime, &in->EndTime, in->Period.value,
                    in->ExtendedStatistics.count > 0, &found))
        return -1;
    out->Label = in->MetricName;
    out->Datapoints.items = ARENA_ARRAY(a, struct cloudwatch_Datapoint, found.count);
    out->Datapoints.count = found.count;
    for (size_t i = 0; i < found.count; i++)
        add_datapoint(a, in, &found.items[i], &out->Datapoints.items[i]);
    return 0;
}
