/* Metric math: compiled, and evaluated over three metrics. */
#include "handlers/cloudwatch/math.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PERIOD = 60, FROM = 6000, TEXT_MAX = 2048 /* the model's maximum */ };

static const struct math_point points[] = {{FROM, 1.5}, {FROM + 60, -2}, {FROM + 180, 1e300}};
static const struct math_series metrics[] = {
    {.id = "m1", .label = "a", .from_s = FROM, .period_s = PERIOD, .points = points, .count = 3},
    {.id = "m2",
     .label = "b",
     .from_s = FROM,
     .period_s = PERIOD,
     .points = points + 1,
     .count = 1},
    {.id = "m3", .label = "c", .from_s = FROM, .period_s = PERIOD},
};
static const struct math_value values[] = {
    {.type = MATH_SERIES, .series = &metrics[0], .count = 1},
    {.type = MATH_SERIES, .series = &metrics[1], .count = 1},
    {.type = MATH_SERIES, .series = &metrics[2], .count = 1},
};

static const struct math_value *find(void *context, const char *id)
{
    (void)context;
    for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
        if (str_eq(metrics[i].id, id))
            return &values[i];
    return NULL;
}

static void check_series(const struct math_series *s)
{
    for (size_t i = 1; i < s->count; i++)
        if (s->points[i].at_s <= s->points[i - 1].at_s)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct math_scope scope = {.find = find,
                               .metrics = metrics,
                               .metric_count = ARRAY_LEN(metrics),
                               .from_s = FROM,
                               .until_s = FROM + 10 * PERIOD,
                               .period_s = PERIOD,
                               .points_left = 100000,
                               .series_left = 10000};
    struct math_problem problem = {0};
    struct math_value value;
    struct arena a;

    if (size > TEXT_MAX)
        return 0;
    arena_init(&a);
    const struct math_expression *e =
        math_compile(&a, arena_strndup(&a, (const char *)data, size), &problem);
    if (!e && !problem.text)
        abort();
    if (e && math_evaluate(e, &scope, &a, &value, &problem) && value.type != MATH_WORD)
        for (size_t i = 0; i < value.count; i++)
            check_series(&value.series[i]);
    arena_release(&a);
    return 0;
}
