/* Values of metrics from events. */
#include "handlers/logs/metering.h"

#include "handlers/cloudwatch/cloudwatch.h"
#include "handlers/logs/filter_pattern.h"
#include "server/base/log.h"
#include "server/model/stored.h"

enum { FILTERS_MAX = 100 }; /* AWS: of a group */

/* One filter, and what it makes of the events. */
struct meter {
    struct arena *arena;
    struct arena scratch; /* for one event */
    struct filter_pattern *pattern;
    struct logs_MetricTransformation to;
    struct cloudwatch_measure *measures;
    size_t count;
};

/* "1", "2.5", or the value of a field ("$.bytes", "$size") where that is a number. */
static bool read_value(struct meter *m, const struct logs_new_event *e, double *out)
{
    const char *text = m->to.metricValue;
    char *end;

    if (text[0] == '$')
        text = filter_pattern_field(m->pattern, text, e->text, e->len, &m->scratch);
    if (!text || !*text)
        return false;
    *out = strtod(text, &end);
    return *end == '\0';
}

/* AWS: an event that has not all the dimensions is of the metric without them. */
static struct cloudwatch_Dimensions read_dimensions(const struct meter *m,
                                                    const struct logs_new_event *e)
{
    const size_t count = m->to.dimensions.count;
    struct cloudwatch_Dimensions out = {
        .items = ARENA_ARRAY(m->arena, struct cloudwatch_Dimension, count)};

    for (size_t i = 0; i < count; i++) {
        const struct logs_Dimensions_entry *d = &m->to.dimensions.items[i];
        const char *value = filter_pattern_field(m->pattern, d->value, e->text, e->len, m->arena);

        if (!value || !*value)
            return (struct cloudwatch_Dimensions){0};
        out.items[out.count++] = (struct cloudwatch_Dimension){.Name = d->key, .Value = value};
    }
    return out;
}

static void measure(struct meter *m, const struct logs_new_event *e, double value)
{
    m->measures[m->count++] = (struct cloudwatch_measure){
        .namespace = m->to.metricNamespace,
        .name = m->to.metricName,
        .dimensions = read_dimensions(m, e),
        .value = value,
        .unit = m->to.unit,
        .time_ms = e->time_ms,
    };
}

static void meter_events(struct meter *m, const struct logs_new_event *events, size_t count)
{
    double value;

    m->measures = ARENA_ARRAY(m->arena, struct cloudwatch_measure, count);
    arena_init(&m->scratch);
    for (size_t i = 0; i < count; i++) {
        if (filter_pattern_matches(m->pattern, events[i].text, events[i].len, &m->scratch) &&
            read_value(m, &events[i], &value))
            measure(m, &events[i], value);
        arena_reset(&m->scratch);
    }
    arena_release(&m->scratch);
    /* AWS: where events come in and none matches. */
    if (m->count == 0 && count > 0 && m->to.defaultValue.set)
        measure(m, &events[count - 1], m->to.defaultValue.value);
}

static void meter_filter(struct logs *l, const struct scope *scope,
                         const struct logs_metric *filter, const struct logs_new_event *events,
                         size_t count)
{
    struct arena a;
    struct meter m = {.arena = &a};

    arena_init(&a);
    m.pattern = filter_pattern_compile(&a, filter->pattern);
    if (m.pattern &&
        stored_from_json(&logs_model, model_structure(&logs_model, "MetricTransformation"),
                         filter->transformations, &a, &m.to)) {
        meter_events(&m, events, count);
        if (m.count && cloudwatch_put(l->app, *scope, m.measures, m.count))
            log_error("metric filter %s: values of %s were lost", filter->name, m.to.metricName);
    }
    arena_release(&a);
}

void logs_meter(struct logs *l, const struct scope *scope, const char *group,
                const struct logs_new_event *events, size_t count)
{
    const struct logs_filter_list all = {.prefix = "", .after = "", .limit = FILTERS_MAX};
    struct logs_metric *filters;
    size_t filter_count;
    struct arena a;

    if (!logs_is_metered(l->store))
        return;
    arena_init(&a);
    if (logs_metric_list(l->store, scope, group, &all, &a, &filters, &filter_count))
        log_error("the metric filters of %s could not be read", group);
    else
        for (size_t i = 0; i < filter_count; i++)
            meter_filter(l, scope, &filters[i], events, count);
    arena_release(&a);
}
