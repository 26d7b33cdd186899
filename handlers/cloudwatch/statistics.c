/* Statistics of periods. */
#include "handlers/cloudwatch/statistics.h"
#include "server/base/room.h"

#include <math.h>
#include <stdlib.h>

/* --- summing up --- */

static struct summary *summary_at(struct summaries *s, int64_t at_s, const char *unit)
{
    for (size_t i = s->count; i > 0 && s->items[i - 1].at_s == at_s; i--)
        if (str_eq(s->items[i - 1].unit, unit))
            return &s->items[i - 1];
    s->items = room_for_one(s->arena, s->items, s->count, &s->capacity, sizeof(*s->items));
    s->items[s->count] = (struct summary){
        .at_s = at_s,
        .unit = arena_strdup(s->arena, unit),
        .minimum = INFINITY,
        .maximum = -INFINITY,
        .values_known = s->keep_values,
    };
    return &s->items[s->count++];
}

static void add_values(struct arena *a, struct summary *s, const struct cloudwatch_point *p)
{
    const double same[] = {p->minimum, p->samples};
    const bool alike = p->pair_count == 0 && p->minimum == p->maximum;
    const double *pairs = alike ? same : p->pairs;
    const size_t added = alike ? 1 : p->pair_count / 2;
    /* Powers of two: adding one at a time copies each value a few times only. */
    size_t room = s->value_count ? 1 : 0;
    struct weighted *values = s->values;

    if (added == 0)
        s->values_known = false;
    while (room < s->value_count)
        room *= 2;
    if (s->value_count + added > room) {
        while (room < s->value_count + added)
            room = room ? 2 * room : 1;
        values = ARENA_ARRAY(a, struct weighted, room);
        if (s->value_count)
            memcpy(values, s->values, s->value_count * sizeof(*values));
    }
    for (size_t i = 0; i < added; i++)
        values[s->value_count + i] =
            (struct weighted){.value = pairs[2 * i], .weight = pairs[2 * i + 1]};
    s->values = values;
    s->value_count += added;
}

void summaries_add(const struct cloudwatch_point *point, void *summaries)
{
    struct summaries *all = summaries;
    int64_t number = (point->at_s - all->from_s) / all->period_s;
    struct summary *s = summary_at(all, all->from_s + number * all->period_s, point->unit);

    s->samples += point->samples;
    s->sum += point->sum;
    s->minimum = fmin(s->minimum, point->minimum);
    s->maximum = fmax(s->maximum, point->maximum);
    if (all->keep_values)
        add_values(all->arena, s, point);
}

/* --- statistics --- */

bool statistic_parse(const char *text, struct statistic *out)
{
    static const char *const names[] = {
        [STATISTIC_SAMPLE_COUNT] = "SampleCount",
        [STATISTIC_AVERAGE] = "Average",
        [STATISTIC_SUM] = "Sum",
        [STATISTIC_MINIMUM] = "Minimum",
        [STATISTIC_MAXIMUM] = "Maximum",
    };
    char *end;

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(text, names[i])) {
            *out = (struct statistic){.kind = i};
            return true;
        }
    if (text[0] != 'p' || strspn(text + 1, "0123456789.") != strlen(text + 1) || !text[1])
        return false;
    *out = (struct statistic){.kind = STATISTIC_PERCENTILE, .percentile = strtod(text + 1, &end)};
    return *end == '\0' && out->percentile <= 100;
}

static int compare_values(const void *a, const void *b)
{
    const double left = ((const struct weighted *)a)->value;
    const double right = ((const struct weighted *)b)->value;

    return (left > right) - (left < right);
}

/* The value of that rank, when each stands as often as its weight says. */
static double value_at(const struct summary *s, double rank)
{
    double passed = 0;

    for (size_t i = 0; i < s->value_count; i++) {
        passed += s->values[i].weight;
        if (rank < passed)
            return s->values[i].value;
    }
    return s->maximum;
}

static double percentile_of(struct summary *s, double percentile)
{
    const double rank = percentile / 100 * (s->samples - 1);
    double low;
    double high;

    qsort(s->values, s->value_count, sizeof(*s->values), compare_values);
    if (rank <= 0)
        return s->minimum;
    low = value_at(s, floor(rank));
    high = value_at(s, ceil(rank));
    return low + (high - low) * (rank - floor(rank));
}

bool statistic_of(struct summary *s, const struct statistic *statistic, double *out)
{
    switch (statistic->kind) {
    case STATISTIC_SAMPLE_COUNT:
        *out = s->samples;
        return true;
    case STATISTIC_AVERAGE:
        *out = s->sum / s->samples;
        return s->samples > 0;
    case STATISTIC_SUM:
        *out = s->sum;
        return true;
    case STATISTIC_MINIMUM:
        *out = s->minimum;
        return true;
    case STATISTIC_MAXIMUM:
        *out = s->maximum;
        return true;
    case STATISTIC_PERCENTILE:
        if (!s->values_known || s->samples <= 0)
            return false;
        *out = percentile_of(s, statistic->percentile);
        return true;
    }
    return false;
}
