/* What was put into metrics, and what expressions make of it: GetMetricData. */
#include "handlers/cloudwatch/data_set.h"
#include "handlers/cloudwatch/operations.h"
#include "handlers/common/page_token.h"
#include "server/base/room.h"

enum {
    DATAPOINTS_MAX = 100800, /* AWS */
    QUERIES_MAX = 500,       /* AWS */
};

static int check(struct request *req, const struct cloudwatch_GetMetricDataInput *in)
{
    if (in->MetricDataQueries.count == 0 || in->MetricDataQueries.count > QUERIES_MAX)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The collection MetricDataQueries must have a size between 1 and %d.",
                        QUERIES_MAX);
    if (in->StartTime.ms >= in->EndTime.ms)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The parameter StartTime must be less than the parameter EndTime.");
    if (in->MaxDatapoints.set &&
        (in->MaxDatapoints.value < 1 || in->MaxDatapoints.value > DATAPOINTS_MAX))
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The parameter MaxDatapoints must be between 1 and %d.", DATAPOINTS_MAX);
    return 0;
}

/* --- answering --- */

/* AWS: the metric's name, and of statistic and period what differs between the queries. */
static const char *label_of(struct arena *a, const struct data_set *s, const struct data_query *q)
{
    const struct cloudwatch_MetricStat *m = q->asked->MetricStat;
    bool names = false;
    bool statistics = false;
    bool periods = false;

    for (size_t i = 0; i < s->count; i++) {
        const struct cloudwatch_MetricStat *other = s->items[i].asked->MetricStat;

        if (!other)
            continue;
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

static void describe(struct arena *a, const struct data_set *s, const struct data_query *q,
                     const struct math_series *series, struct cloudwatch_MetricDataResult *out)
{
    out->Id = q->asked->Id;
    out->Label = q->expression || q->asked->Label ? series->label : label_of(a, s, q);
    if (!q->units)
        return;
    out->Messages.items = ARENA_NEW(a, struct cloudwatch_MessageData);
    out->Messages.count = 1;
    out->Messages.items[0] =
        (struct cloudwatch_MessageData){.Code = "MultipleUnits", .Value = q->units};
}

/* How far the pages have come: of one query so many series, and of the next so many points. */
struct position {
    size_t query, series, shown;
};

struct page {
    struct arena *arena;
    bool ascending;
    size_t room;
    struct position at;
    struct cloudwatch_MetricDataResults *results;
    size_t result_room;
};

static struct cloudwatch_MetricDataResult *add_result(struct page *p)
{
    struct cloudwatch_MetricDataResults *all = p->results;

    all->items =
        room_for_one(p->arena, all->items, all->count, &p->result_room, sizeof(*all->items));
    return &all->items[all->count++];
}

/* The points that fit into this page. False when some did not. */
static bool add_points(struct page *p, const struct math_series *series,
                       struct cloudwatch_MetricDataResult *out)
{
    const size_t left = series->count - MIN(p->at.shown, series->count);
    const size_t count = MIN(left, p->room);

    out->Timestamps.items = ARENA_ARRAY(p->arena, struct maybe_time, count);
    out->Values.items = ARENA_ARRAY(p->arena, struct maybe_double, count);
    out->Timestamps.count = out->Values.count = count;
    for (size_t i = 0; i < count; i++) {
        const size_t n = p->at.shown + i;
        const struct math_point *point = &series->points[p->ascending ? n : series->count - 1 - n];

        out->Timestamps.items[i] = SOME_TIME(point->at_s * 1000);
        out->Values.items[i] = SOME_DOUBLE(point->value);
    }
    out->StatusCode = count < left ? "PartialData" : "Complete";
    p->room -= count;
    p->at.shown += count;
    return count == left;
}

/* False when the page is full. */
static bool answer_query(struct page *p, const struct data_set *s, const struct data_query *q)
{
    for (; p->at.series < q->value.count; p->at.series++, p->at.shown = 0) {
        const struct math_series *series = &q->value.series[p->at.series];
        struct cloudwatch_MetricDataResult *result = add_result(p);

        describe(p->arena, s, q, series, result);
        if (!add_points(p, series, result))
            return false;
    }
    return true;
}

static int read_position(struct request *req, const char *token, struct position *out)
{
    const char *position;
    char *end;

    *out = (struct position){0};
    if (!token)
        return 0;
    position = page_token_read(&req->arena, "GetMetricData", token);
    if (!position)
        return aws_fail(req, &cloudwatch_InvalidNextToken, "The NextToken is invalid.");
    out->query = strtoul(position, &end, 10);
    out->series = strtoul(end, &end, 10);
    out->shown = strtoul(end, NULL, 10);
    return 0;
}

int cloudwatch_get_metric_data(struct request *req, const struct cloudwatch_GetMetricDataInput *in,
                               struct cloudwatch_GetMetricDataOutput *out)
{
    struct page page = {
        .arena = &req->arena,
        .ascending = in->ScanBy && str_eq(in->ScanBy, "TimestampAscending"),
        .room = (size_t)VALUE_OR(in->MaxDatapoints, DATAPOINTS_MAX),
        .results = &out->MetricDataResults,
    };
    struct data_set set;
    struct position *at = &page.at;

    if (check(req, in) || data_set_open(req, &in->MetricDataQueries, &set) ||
        read_position(req, in->NextToken, at))
        return -1;
    set.start_ms = in->StartTime.ms;
    set.end_ms = in->EndTime.ms;
    out->MetricDataResults.items = ARENA_ARRAY(&req->arena, struct cloudwatch_MetricDataResult, 0);
    for (; at->query < set.count; at->query++, at->series = at->shown = 0) {
        struct data_query *q = &set.items[at->query];

        if (!VALUE_OR(q->asked->ReturnData, true))
            continue;
        if (data_set_answer(req, &set, at->query))
            return -1;
        if (!answer_query(&page, &set, q)) {
            out->NextToken = page_token_make(
                &req->arena, "GetMetricData",
                arena_printf(&req->arena, "%zu %zu %zu", at->query, at->series, at->shown));
            break;
        }
    }
    return 0;
}
