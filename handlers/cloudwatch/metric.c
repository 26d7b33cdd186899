/* Metrics: data put into them, and what metrics there are. */
#include "handlers/cloudwatch/alarm_watch.h"
#include "handlers/cloudwatch/operations.h"
#include "handlers/common/page_token.h"
#include "server/base/log.h"
#include "server/model/stored.h"

#include <math.h>
#include <stdatomic.h>

enum { DATA_MAX = 1000, VALUES_MAX = 150, METRICS_PAGE = 500 }; /* AWS */

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define PAST_MAX_MS (14 * DAY_MS) /* AWS: how old a new point may be, and a listed metric */
#define FUTURE_MAX_MS (2 * HOUR_MS)
#define KEPT_MS (455 * DAY_MS) /* AWS: 15 months */

/* --- which metric --- */

static int compare_dimensions(const void *a, const void *b)
{
    const struct cloudwatch_Dimension *left = a;
    const struct cloudwatch_Dimension *right = b;
    const int names = strcmp(left->Name, right->Name);

    return names ? names : strcmp(left->Value, right->Value);
}

const char *cloudwatch_identity(struct arena *a, const char *namespace, const char *name,
                                const struct cloudwatch_Dimensions *dimensions)
{
    struct cloudwatch_Metric metric = {.Namespace = namespace, .MetricName = name};
    const size_t count = dimensions->count;

    metric.Dimensions.items = ARENA_ARRAY(a, struct cloudwatch_Dimension, count);
    metric.Dimensions.count = count;
    if (count)
        memcpy(metric.Dimensions.items, dimensions->items, count * sizeof(*dimensions->items));
    qsort(metric.Dimensions.items, count, sizeof(*metric.Dimensions.items), compare_dimensions);
    return stored_to_json(&cloudwatch_model, model_structure(&cloudwatch_model, "Metric"), &metric,
                          a);
}

bool cloudwatch_read_identity(struct arena *a, const char *identity, struct cloudwatch_Metric *out)
{
    return stored_from_json(&cloudwatch_model, model_structure(&cloudwatch_model, "Metric"),
                            identity, a, out);
}

/* --- PutMetricData --- */

static int fail_both(struct request *req, size_t n, const char *one, const char *other)
{
    return aws_fail(req, &cloudwatch_InvalidParameterCombinationException,
                    "The parameters MetricData.member.%zu.%s and MetricData.member.%zu.%s are "
                    "mutually exclusive and you have specified both.",
                    n, one, n, other);
}

static int check_number(struct request *req, size_t n, const char *member, double value)
{
    if (!isnan(value) && !isinf(value))
        return 0;
    return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                    "The value %s for parameter MetricData.member.%zu.%s is invalid.",
                    isnan(value) ? "NaN" : "Infinity", n, member);
}

static int check_values(struct request *req, size_t n, const struct cloudwatch_MetricDatum *d)
{
    if (d->Values.count > VALUES_MAX)
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "The collection MetricData.member.%zu.Values must not have a size greater "
                        "than %d.",
                        n, VALUES_MAX);
    if (d->Counts.count && d->Counts.count != d->Values.count)
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "The parameters MetricData.member.%zu.Values and "
                        "MetricData.member.%zu.Counts must be of the same size.",
                        n, n);
    for (size_t i = 0; i < d->Values.count; i++)
        if (check_number(req, n, "Values", d->Values.items[i].value) ||
            (d->Counts.count && check_number(req, n, "Counts", d->Counts.items[i].value)))
            return -1;
    return 0;
}

static int check_set(struct request *req, size_t n, const struct cloudwatch_StatisticSet *set)
{
    const double sum = set->Sum.value;
    const double samples = set->SampleCount.value;

    if (check_number(req, n, "StatisticValues.SampleCount", samples) ||
        check_number(req, n, "StatisticValues.Sum", sum) ||
        check_number(req, n, "StatisticValues.Minimum", set->Minimum.value) ||
        check_number(req, n, "StatisticValues.Maximum", set->Maximum.value))
        return -1;
    if (samples < 0)
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "The value for parameter MetricData.member.%zu.StatisticValues.SampleCount "
                        "must not be negative.",
                        n);
    return 0;
}

static int check_time(struct request *req, size_t n, const struct cloudwatch_MetricDatum *d)
{
    const int64_t now = req->received_ms;

    if (!d->Timestamp.set)
        return 0;
    if (d->Timestamp.ms < now - PAST_MAX_MS)
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "The parameter MetricData.member.%zu.Timestamp must specify a time no more "
                        "than two weeks in the past.",
                        n);
    if (d->Timestamp.ms > now + FUTURE_MAX_MS)
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "The parameter MetricData.member.%zu.Timestamp must specify a time within "
                        "two hours of the current time.",
                        n);
    return 0;
}

static int check_datum(struct request *req, size_t n, const struct cloudwatch_MetricDatum *d)
{
    const int resolution = VALUE_OR(d->StorageResolution, 60);

    if (d->Value.set && d->Values.count)
        return fail_both(req, n, "Value", "Values");
    if (d->Value.set && d->StatisticValues)
        return fail_both(req, n, "Value", "StatisticValues");
    if (d->Values.count && d->StatisticValues)
        return fail_both(req, n, "Values", "StatisticValues");
    if (!d->Value.set && !d->Values.count && !d->StatisticValues)
        return aws_fail(req, &cloudwatch_MissingRequiredParameterException,
                        "At least one of the parameters MetricData.member.%zu.Value, "
                        "MetricData.member.%zu.Values, MetricData.member.%zu.StatisticValues must "
                        "be specified.",
                        n, n, n);
    if (resolution != 1 && resolution != 60)
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "The value %d for parameter MetricData.member.%zu.StorageResolution is "
                        "invalid. It must be 1 or 60.",
                        resolution, n);
    if (d->Value.set && check_number(req, n, "Value", d->Value.value))
        return -1;
    if (d->StatisticValues && check_set(req, n, d->StatisticValues))
        return -1;
    return check_values(req, n, d) ? -1 : check_time(req, n, d);
}

static int check_data(struct request *req, const struct cloudwatch_PutMetricDataInput *in)
{
    if (in->EntityMetricData.count)
        return aws_fail_unsupported(req, "EntityMetricData");
    if (!in->MetricData.count)
        return aws_fail(req, &cloudwatch_MissingRequiredParameterException,
                        "The parameter MetricData is required.");
    if (in->MetricData.count > DATA_MAX)
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "The collection MetricData must not have a size greater than %d.",
                        DATA_MAX);
    if (str_starts(in->Namespace, "AWS/"))
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "The value %s for parameter Namespace is invalid.", in->Namespace);
    for (size_t i = 0; i < in->MetricData.count; i++)
        if (check_datum(req, i + 1, &in->MetricData.items[i]))
            return -1;
    return 0;
}

static void sum_up(struct cloudwatch_point *p)
{
    p->minimum = INFINITY;
    p->maximum = -INFINITY;
    for (size_t i = 0; i < p->pair_count; i += 2) {
        p->samples += p->pairs[i + 1];
        p->sum += p->pairs[i] * p->pairs[i + 1];
        p->minimum = fmin(p->minimum, p->pairs[i]);
        p->maximum = fmax(p->maximum, p->pairs[i]);
    }
}

static struct cloudwatch_point point_of(struct request *req, const struct cloudwatch_MetricDatum *d)
{
    const int64_t at_s = (d->Timestamp.set ? d->Timestamp.ms : req->received_ms) / 1000;
    const int64_t resolution = VALUE_OR(d->StorageResolution, 60);
    const size_t count = d->Value.set ? 1 : d->Values.count;
    double *pairs = ARENA_ARRAY(&req->arena, double, 2 * count);
    struct cloudwatch_point p = {
        .at_s = at_s - at_s % resolution,
        .unit = d->Unit ? d->Unit : "None",
        .pairs = pairs,
        .pair_count = 2 * count,
    };

    if (d->StatisticValues) {
        p.samples = d->StatisticValues->SampleCount.value;
        p.sum = d->StatisticValues->Sum.value;
        p.minimum = d->StatisticValues->Minimum.value;
        p.maximum = d->StatisticValues->Maximum.value;
        return p;
    }
    for (size_t i = 0; i < count; i++) {
        pairs[2 * i] = d->Value.set ? d->Value.value : d->Values.items[i].value;
        pairs[2 * i + 1] = d->Counts.count ? d->Counts.items[i].value : 1;
    }
    sum_up(&p);
    return p;
}

/* Once an hour, with what is put. */
static void trim(struct cloudwatch *c, int64_t now)
{
    int64_t last = atomic_load(&c->trimmed_ms);

    if (now - last < HOUR_MS || !atomic_compare_exchange_strong(&c->trimmed_ms, &last, now))
        return;
    if (cloudwatch_points_trim(c->store, (now - KEPT_MS) / 1000))
        log_error("CloudWatch: old points of metrics could not be removed");
}

int cloudwatch_put_metric_data(struct request *req, const struct cloudwatch_PutMetricDataInput *in,
                               struct cloudwatch_PutMetricDataOutput *out)
{
    struct cloudwatch *c = cloudwatch_of(req->app);
    struct scope scope = cloudwatch_scope(req);
    const size_t count = in->MetricData.count;
    struct cloudwatch_new_point *points;

    (void)out;
    if (check_data(req, in))
        return -1;
    points = ARENA_ARRAY(&req->arena, struct cloudwatch_new_point, count);
    for (size_t i = 0; i < count; i++) {
        const struct cloudwatch_MetricDatum *d = &in->MetricData.items[i];

        points[i] = (struct cloudwatch_new_point){
            .namespace = in->Namespace,
            .name = d->MetricName,
            .identity =
                cloudwatch_identity(&req->arena, in->Namespace, d->MetricName, &d->Dimensions),
            .point = point_of(req, d),
        };
    }
    if (cloudwatch_points_add(c->store, &scope, points, count))
        return aws_fail_internal(req);
    trim(c, req->received_ms);
    alarm_watch_wake(c->watch);
    return 0;
}

enum store_status cloudwatch_put(struct app *app, struct scope scope,
                                 const struct cloudwatch_measure *measures, size_t count)
{
    struct cloudwatch *c = cloudwatch_of(app);
    struct cloudwatch_new_point *points;
    enum store_status status;
    struct arena a;

    arena_init(&a);
    points = ARENA_ARRAY(&a, struct cloudwatch_new_point, count);
    for (size_t i = 0; i < count; i++) {
        const struct cloudwatch_measure *m = &measures[i];
        const int64_t at_s = m->time_ms / 1000;
        double *pair = ARENA_ARRAY(&a, double, 2);

        pair[0] = m->value;
        pair[1] = 1;
        points[i] = (struct cloudwatch_new_point){
            .namespace = m->namespace,
            .name = m->name,
            .identity = cloudwatch_identity(&a, m->namespace, m->name, &m->dimensions),
            .point = {.at_s = at_s - at_s % 60,
                      .unit = m->unit ? m->unit : "None",
                      .pairs = pair,
                      .pair_count = 2},
        };
        sum_up(&points[i].point);
    }
    status = cloudwatch_points_add(c->store, &scope, points, count);
    arena_release(&a);
    if (!status)
        alarm_watch_wake(c->watch);
    return status;
}

/* --- ListMetrics --- */

struct wanted {
    struct arena *arena;
    const struct cloudwatch_DimensionFilters *filters;
};

static bool has_dimension(const struct cloudwatch_Metric *m,
                          const struct cloudwatch_DimensionFilter *filter)
{
    for (size_t i = 0; i < m->Dimensions.count; i++)
        if (str_eq(m->Dimensions.items[i].Name, filter->Name) &&
            (!filter->Value || str_eq(m->Dimensions.items[i].Value, filter->Value)))
            return true;
    return false;
}

static bool is_wanted(const char *identity, void *context)
{
    const struct wanted *w = context;
    struct cloudwatch_Metric m = {0};

    if (w->filters->count == 0)
        return true;
    if (!cloudwatch_read_identity(w->arena, identity, &m))
        return false;
    for (size_t i = 0; i < w->filters->count; i++)
        if (!has_dimension(&m, &w->filters->items[i]))
            return false;
    return true;
}

int cloudwatch_list_metrics(struct request *req, const struct cloudwatch_ListMetricsInput *in,
                            struct cloudwatch_ListMetricsOutput *out)
{
    struct arena *a = &req->arena;
    struct scope scope = cloudwatch_scope(req);
    struct cloudwatch_metric *metrics = ARENA_ARRAY(a, struct cloudwatch_metric, METRICS_PAGE + 1);
    struct wanted wanted = {.arena = a, .filters = &in->Dimensions};
    struct cloudwatch_metric_filter filter = {
        .namespace = in->Namespace,
        .name = in->MetricName,
        .since_ms = req->received_ms - (in->RecentlyActive ? 3 * HOUR_MS : PAST_MAX_MS),
        .wanted = is_wanted,
        .context = &wanted,
    };
    const char *position;
    size_t count;

    if (in->NextToken) {
        position = page_token_read(a, "ListMetrics", in->NextToken);
        if (!position)
            return aws_fail(req, &cloudwatch_InvalidParameterValueException, "Invalid nextToken");
        filter.after_id = strtoll(position, NULL, 10);
    }
    if (VALUE_OR(in->IncludeLinkedAccounts, false))
        return aws_fail_unsupported(req, "IncludeLinkedAccounts");
    if (in->OwningAccount && !str_eq(in->OwningAccount, req->account))
        return aws_fail_unsupported(req, "OwningAccount");
    if (cloudwatch_metric_list(cloudwatch_store_of(req), &scope, &filter, METRICS_PAGE + 1, a,
                               metrics, &count))
        return aws_fail_internal(req);
    if (count > METRICS_PAGE) {
        count = METRICS_PAGE;
        out->NextToken =
            page_token_make(a, "ListMetrics", arena_printf(a, "%" PRId64, metrics[count - 1].id));
    }
    out->Metrics.items = ARENA_ARRAY(a, struct cloudwatch_Metric, count);
    out->Metrics.count = count;
    for (size_t i = 0; i < count; i++)
        if (!cloudwatch_read_identity(a, metrics[i].identity, &out->Metrics.items[i]))
            return aws_fail_internal(req);
    return 0;
}
