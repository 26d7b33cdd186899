/* Metric filters: the operations. metering.c has them at work. */
#include "handlers/common/page_token.h"
#include "handlers/logs/filter_pattern.h"
#include "handlers/logs/operations.h"
#include "server/model/stored.h"

enum { TRANSFORMATIONS_MAX = 1, DIMENSIONS_MAX = 3 }; /* AWS */

static const struct shape *transformation_shape(void)
{
    return model_structure(&logs_model, "MetricTransformation");
}

/* --- operations --- */

static int check(struct request *req, const struct logs_PutMetricFilterRequest *in)
{
    const struct logs_MetricTransformation *t = in->metricTransformations.items;

    if (VALUE_OR(in->applyOnTransformedLogs, false))
        return aws_fail_unsupported(req, "applyOnTransformedLogs");
    if (in->fieldSelectionCriteria)
        return aws_fail_unsupported(req, "fieldSelectionCriteria");
    if (in->emitSystemFieldDimensions.count)
        return aws_fail_unsupported(req, "emitSystemFieldDimensions");
    if (!filter_pattern_compile(&req->arena, in->filterPattern))
        return aws_fail(req, &logs_InvalidParameterException, "Invalid filter pattern");
    if (in->metricTransformations.count > TRANSFORMATIONS_MAX ||
        t->dimensions.count > DIMENSIONS_MAX)
        return aws_fail(req, &logs_InvalidParameterException,
                        "A metric filter has one transformation of at most %d dimensions.",
                        DIMENSIONS_MAX);
    if (t->defaultValue.set && t->dimensions.count)
        return aws_fail(req, &logs_InvalidParameterException,
                        "Invalid metric transformation: dimensions and default value are mutually "
                        "exclusive properties.");
    return 0;
}

int logs_put_metric_filter(struct request *req, const struct logs_PutMetricFilterRequest *in,
                           struct logs_PutMetricFilterOutput *out)
{
    struct scope scope = logs_scope(req);

    (void)out;
    if (check(req, in))
        return -1;
    const struct logs_metric m = {
        .name = in->filterName,
        .pattern = in->filterPattern,
        .transformations = stored_to_json(&logs_model, transformation_shape(),
                                          in->metricTransformations.items, &req->arena),
        .created_ms = req->received_ms,
    };
    enum store_status status = logs_metric_put(logs_store_of(req), &scope, in->logGroupName, &m);
    return status ? logs_fail_missing(req, status) : 0;
}

static bool is_wanted(const struct logs_DescribeMetricFiltersRequest *in,
                      const struct logs_MetricTransformation *t)
{
    return (!in->metricName || str_eq(in->metricName, t->metricName)) &&
           (!in->metricNamespace || str_eq(in->metricNamespace, t->metricNamespace));
}

static void describe(struct arena *a, const struct logs_metric *m, struct logs_MetricFilter *out)
{
    *out = (struct logs_MetricFilter){
        .filterName = m->name,
        .filterPattern = m->pattern,
        .creationTime = SOME_LONG(m->created_ms),
        .logGroupName = m->group,
        .applyOnTransformedLogs = SOME_BOOL(false),
    };
    out->metricTransformations.items = ARENA_NEW(a, struct logs_MetricTransformation);
    out->metricTransformations.count = 1;
    stored_from_json(&logs_model, transformation_shape(), m->transformations, a,
                     out->metricTransformations.items);
}

int logs_describe_metric_filters(struct request *req,
                                 const struct logs_DescribeMetricFiltersRequest *in,
                                 struct logs_DescribeMetricFiltersResponse *out)
{
    struct arena *a = &req->arena;
    struct scope scope = logs_scope(req);
    size_t limit = (size_t)VALUE_OR(in->limit, LOGS_LIST_MAX);
    struct logs_filter_list list = {.prefix = in->filterNamePrefix ? in->filterNamePrefix : "",
                                    .after = "",
                                    .limit = limit + 1};
    struct logs_group group;
    struct logs_metric *metrics;
    size_t count;

    if (!in->metricName != !in->metricNamespace)
        return aws_fail(req, &logs_InvalidParameterException,
                        "If you include the metricName parameter in your request, you must also "
                        "include the metricNamespace parameter, and the other way round.");
    const char *kind =
        arena_printf(a, "DescribeMetricFilters %s", in->logGroupName ? in->logGroupName : "");
    if (in->nextToken && !(list.after = page_token_read(a, kind, in->nextToken)))
        return aws_fail(req, &logs_InvalidParameterException,
                        "The specified nextToken is invalid.");
    if (in->logGroupName) {
        enum store_status status =
            logs_group_find(logs_store_of(req), &scope, in->logGroupName, a, &group);
        if (status)
            return logs_fail_missing(req, status);
    }
    if (logs_metric_list(logs_store_of(req), &scope, in->logGroupName, &list, a, &metrics, &count))
        return aws_fail_internal(req);
    if (count > limit)
        out->nextToken = page_token_make(
            a, kind, arena_printf(a, "%s %s", metrics[limit - 1].name, metrics[limit - 1].group));
    out->metricFilters.items = ARENA_ARRAY(a, struct logs_MetricFilter, MIN(count, limit));
    for (size_t i = 0; i < MIN(count, limit); i++) {
        struct logs_MetricFilter *one = &out->metricFilters.items[out->metricFilters.count];

        describe(a, &metrics[i], one);
        out->metricFilters.count += is_wanted(in, one->metricTransformations.items);
    }
    return 0;
}

int logs_delete_metric_filter(struct request *req, const struct logs_DeleteMetricFilterRequest *in,
                              struct logs_DeleteMetricFilterOutput *out)
{
    struct scope scope = logs_scope(req);

    (void)out;
    enum store_status status =
        logs_metric_delete(logs_store_of(req), &scope, in->logGroupName, in->filterName);
    if (status == STORE_CONFLICT)
        return aws_fail(req, &logs_ResourceNotFoundException,
                        "The specified metric filter does not exist.");
    return status ? logs_fail_missing(req, status) : 0;
}
