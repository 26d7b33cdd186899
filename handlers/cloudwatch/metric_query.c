/* What was put into metrics: GetMetricStatistics and GetMetricData. */
#include "handlers/cloudwatch/operations.h"
#include "handlers/cloudwatch/statistics.h"
#include "handlers/common/page_token.h"

enum {
    DATAPOINTS_MAX = 1440,                  /* AWS: of GetMetricStatistics */
    DATA_DATAPOINTS_MAX = 100800,           /* AWS: of GetMetricData, which pages */
    QUERIES_MAX = 500,                      /* AWS */
    PERIODS_MAX = 10 * DATAPOINTS_MAX * 24, /* of one query of GetMetricData */
    DAY_S = 86400,
};

const char *cloudwatch_period_problem(int64_t period_s)
{
    if (period_s % 60 == 0 || period_s == 1 || period_s == 5 || period_s == 10 || period_s == 20 ||
        period_s == 30)
        return NULL;
    return "Period must be 1, 5, 10, 20, 30 or a multiple of 60.";
}

/* AWS: where the first period begins: at a whole minute, and coarser the longer ago. */
static int64_t round_start(const struct request *req, int64_t start_ms, int64_t period_s)
{
    const int64_t start_s = start_ms / 1000;
    const int64_t age_s = req->received_ms / 1000 - start_s;
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
        .from_s = round_start(req, start->ms, period_s),
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

/* --- GetMetricData --- */

static int check_query(struct request *req, const struct cloudwatch_GetMetricDataInput *in,
                       const struct cloudwatch_MetricDataQuery *q)
{
    const struct cloudwatch_MetricStat *m = q->MetricStat;
    struct statistic unused;

    if (q->Id[0] < 'a' || q->Id[0] > 'z')
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The value %s for parameter Id is invalid: it must begin with a lower-case "
                        "letter.",
                        q->Id);
    for (const struct cloudwatch_MetricDataQuery *other = in->MetricDataQueries.items; other < q;
         other++)
        if (str_eq(other->Id, q->Id))
            return aws_fail(req, &cloudwatch_ValidationException,
                            "The value '%s' for parameter MetricDataQueries Id is not unique.",
                            q->Id);
    if (q->Expression)
        return aws_fail_unsupported(req, "MetricDataQueries.Expression");
    if (q->Label && strstr(q->Label, "${"))
        return aws_fail_unsupported(req, "MetricDataQueries.Label with dynamic values (${...})");
    if (!m)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The parameter MetricStat or Expression of query %s is required.", q->Id);
    if (q->AccountId && !str_eq(q->AccountId, req->account))
        return aws_fail_unsupported(req, "MetricDataQueries.AccountId");
    if (!m->Metric->Namespace || !m->Metric->MetricName)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The parameters Namespace and MetricName of query %s are required.", q->Id);
    if (cloudwatch_period_problem(m->Period.value))
        return aws_fail(req, &cloudwatch_ValidationException, "%s",
                        cloudwatch_period_problem(m->Period.value));
    if ((in->EndTime.ms - in->StartTime.ms) / 1000 / m->Period.value > PERIODS_MAX)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The time range of query %s holds more than %d periods.", q->Id,
                        PERIODS_MAX);
    if (!statistic_parse(m->Stat, &unused))
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The value %s for parameter Stat is not supported: SampleCount, Average, "
                        "Sum, Minimum, Maximum and percentiles (p99, p99.9) are.",
                        m->Stat);
    return 0;
}

static int check_queries(struct request *req, const struct cloudwatch_GetMetricDataInput *in)
{
    if (in->MetricDataQueries.count == 0 || in->MetricDataQueries.count > QUERIES_MAX)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The collection MetricDataQueries must have a size between 1 and %d.",
                        QUERIES_MAX);
    if (in->StartTime.ms >= in->EndTime.ms)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The parameter StartTime must be less than the parameter EndTime.");
    if (in->MaxDatapoints.set &&
        (in->MaxDatapoints.value < 1 || in->MaxDatapoints.value > DATA_DATAPOINTS_MAX))
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The parameter MaxDatapoints must be between 1 and %d.",
                        DATA_DATAPOINTS_MAX);
    for (size_t i = 0; i < in->MetricDataQueries.count; i++)
        if (check_query(req, in, &in->MetricDataQueries.items[i]))
            return -1;
    return 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* AWS: where points have several units and the query names none, those of the first by name are
 * shown, and a message says so. Gives NULL where there is one unit at most. */
static const char *choose_unit(struct arena *a, const struct summaries *found,
                               struct cloudwatch_MetricDataResult *out)
{
    const char *units[32]; /* more than there are */
    size_t count = 0;
    struct strbuf list = STRBUF_INIT(4096);

    for (size_t i = 0; i < found->count && count < ARRAY_LEN(units); i++) {
        size_t known = 0;

        while (known < count && !str_eq(units[known], found->items[i].unit))
            known++;
        if (known == count)
            units[count++] = found->items[i].unit;
    }
    if (count < 2)
        return NULL;
    qsort(units, count, sizeof(*units), compare_texts);
    for (size_t i = 0; i < count; i++)
        strbuf_add_format(&list, "%s%s", i ? ", " : "", units[i]);
    out->Messages.items = ARENA_NEW(a, struct cloudwatch_MessageData);
    out->Messages.count = 1;
    out->Messages.items[0] = (struct cloudwatch_MessageData){
        .Code = "MultipleUnits",
        .Value = arena_printf(a, "Multiple units returned: '[%.*s]'", (int)list.len, list.data),
    };
    strbuf_release(&list);
    return units[0];
}

/* AWS: the metric's name, and of statistic and period what differs between the queries. */
static const char *label_of(struct arena *a, const struct cloudwatch_GetMetricDataInput *in,
                            const struct cloudwatch_MetricDataQuery *q)
{
    const struct cloudwatch_MetricStat *m = q->MetricStat;
    bool names = false;
    bool statistics = false;
    bool periods = false;

    if (q->Label)
        return q->Label;
    for (size_t i = 0; i < in->MetricDataQueries.count; i++) {
        const struct cloudwatch_MetricStat *other = in->MetricDataQueries.items[i].MetricStat;

        names = names || !str_eq(other->Metric->MetricName, m->Metric->MetricName);
        statistics = statistics || !str_eq(other->Stat, m->Stat);
        periods = periods || other->Period.value != m->Period.value;
    }
    if (names)
        return m->Metric->MetricName;
    return arena_printf(a, "%s%s%s%s", m->Metric->MetricName, statistics ? " " : "",
                        statistics ? m->Stat : "",
                        periods ? arena_printf(a, " %d", m->Period.value) : "");
}

/* Values of one query, from *position on, that fit into this page; *position is where the next one
 * begins. */
static int answer_query(struct request *req, const struct cloudwatch_GetMetricDataInput *in,
                        const struct cloudwatch_MetricDataQuery *q, size_t *position, size_t room,
                        struct cloudwatch_MetricDataResult *out, bool *out_more)
{
    struct arena *a = &req->arena;
    const struct cloudwatch_MetricStat *m = q->MetricStat;
    const bool ascending = in->ScanBy && str_eq(in->ScanBy, "TimestampAscending");
    struct summaries found;
    struct statistic statistic;
    const char *unit;
    double value;

    if (!statistic_parse(m->Stat, &statistic) ||
        read_metric(req,
                    cloudwatch_identity(a, m->Metric->Namespace, m->Metric->MetricName,
                                        &m->Metric->Dimensions),
                    m->Unit, &in->StartTime, &in->EndTime, m->Period.value,
                    statistic.kind == STATISTIC_PERCENTILE, &found))
        return -1;
    out->Id = q->Id;
    out->Label = label_of(a, in, q);
    unit = choose_unit(a, &found, out);
    out->Timestamps.items = ARENA_ARRAY(a, struct maybe_time, MIN(found.count, room));
    out->Values.items = ARENA_ARRAY(a, struct maybe_double, MIN(found.count, room));
    for (; *position < found.count; ++*position) {
        struct summary *s = &found.items[ascending ? *position : found.count - 1 - *position];

        if (unit && !str_eq(s->unit, unit))
            continue;
        *out_more = out->Values.count == room;
        if (*out_more)
            break;
        if (!statistic_of(s, &statistic, &value))
            continue;
        out->Timestamps.items[out->Timestamps.count++] = SOME_TIME(s->at_s * 1000);
        out->Values.items[out->Values.count++] = SOME_DOUBLE(value);
    }
    out->StatusCode = *out_more ? "PartialData" : "Complete";
    return 0;
}

/* A token stands for a query and how much of it was shown. */
static int read_position(struct request *req, const struct cloudwatch_GetMetricDataInput *in,
                         size_t *out_query, size_t *out_shown)
{
    const char *position;
    char *end;

    *out_query = *out_shown = 0;
    if (!in->NextToken)
        return 0;
    position = page_token_read(&req->arena, "GetMetricData", in->NextToken);
    if (!position)
        return aws_fail(req, &cloudwatch_InvalidNextToken, "The NextToken is invalid.");
    *out_query = strtoul(position, &end, 10);
    *out_shown = strtoul(end, NULL, 10);
    return 0;
}

int cloudwatch_get_metric_data(struct request *req, const struct cloudwatch_GetMetricDataInput *in,
                               struct cloudwatch_GetMetricDataOutput *out)
{
    struct arena *a = &req->arena;
    const size_t count = in->MetricDataQueries.count;
    size_t room = (size_t)VALUE_OR(in->MaxDatapoints, DATA_DATAPOINTS_MAX);
    size_t first;
    size_t shown;
    bool more = false;

    if (check_queries(req, in) || read_position(req, in, &first, &shown))
        return -1;
    out->MetricDataResults.items = ARENA_ARRAY(a, struct cloudwatch_MetricDataResult, count);
    for (size_t i = first; i < count && !more; i++, shown = 0) {
        const struct cloudwatch_MetricDataQuery *q = &in->MetricDataQueries.items[i];
        struct cloudwatch_MetricDataResult *r =
            &out->MetricDataResults.items[out->MetricDataResults.count];

        if (!VALUE_OR(q->ReturnData, true))
            continue;
        if (answer_query(req, in, q, &shown, room, r, &more))
            return -1;
        out->MetricDataResults.count++;
        room -= r->Values.count;
        if (more)
            out->NextToken =
                page_token_make(a, "GetMetricData", arena_printf(a, "%zu %zu", i, shown));
    }
    return 0;
}
