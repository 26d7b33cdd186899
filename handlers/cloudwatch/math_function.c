/* The functions of metric math. */
#include "handlers/cloudwatch/math_parts.h"

#include <math.h>
#include <time.h>

/* The head of each: what is in the table below calls them. */
#define MATH_CALL(name)                                                                            \
    static bool name(struct math_machine *m, const struct math_function *f,                        \
                     const struct math_value *arguments, size_t count, struct math_value *out)

static bool is_series(const struct math_value *v)
{
    return v->type == MATH_SERIES || v->type == MATH_ARRAY;
}

/* Each series by itself: `change` writes the points of one into as many new ones. */
static bool each_series(struct math_machine *m, const struct math_value *v,
                        size_t (*change)(const char *name, const struct math_series *from,
                                         struct math_point *to),
                        const char *name, struct math_value *out)
{
    struct math_series *series;

    if (!is_series(v))
        return math_fail_types(m, name, v, 1);
    series = math_series_new(m, v->count);
    if (!series)
        return false;
    for (size_t i = 0; i < v->count; i++) {
        struct math_point *points = math_points_new(m, v->series[i].count);

        if (!points)
            return false;
        series[i] = v->series[i];
        series[i].points = points;
        series[i].count = change(name, &v->series[i], points);
    }
    *out = math_value_of(v, series);
    return true;
}

/* --- of single values --- */

static double value_of(const char *name, double x)
{
    if (str_eq(name, "ABS"))
        return fabs(x);
    if (str_eq(name, "CEIL"))
        return ceil(x);
    if (str_eq(name, "FLOOR"))
        return floor(x);
    return str_eq(name, "LOG10") ? log10(x) : log(x);
}

static size_t change_values(const char *name, const struct math_series *from, struct math_point *to)
{
    size_t count = 0;

    for (size_t i = 0; i < from->count; i++) {
        to[count] =
            (struct math_point){from->points[i].at_s, value_of(name, from->points[i].value)};
        count += isfinite(to[count].value);
    }
    return count;
}

MATH_CALL(call_value)
{
    (void)count;
    if (arguments->type != MATH_SCALAR)
        return each_series(m, arguments, change_values, f->name, out);
    *out = (struct math_value){.scalar = value_of(f->name, arguments->scalar)};
    return true;
}

/* --- of points and those before them --- */

static double step_between(const char *name, const struct math_point *before,
                           const struct math_point *now)
{
    const double seconds = (double)(now->at_s - before->at_s);

    if (str_eq(name, "DIFF_TIME"))
        return seconds;
    return str_eq(name, "RATE") ? (now->value - before->value) / seconds
                                : now->value - before->value;
}

static size_t change_steps(const char *name, const struct math_series *from, struct math_point *to)
{
    size_t count = 0;

    for (size_t i = 1; i < from->count; i++)
        to[count++] = (struct math_point){
            from->points[i].at_s, step_between(name, &from->points[i - 1], &from->points[i])};
    return count;
}

MATH_CALL(call_steps)
{
    (void)count;
    return each_series(m, arguments, change_steps, f->name, out);
}

static size_t change_sums(const char *name, const struct math_series *from, struct math_point *to)
{
    double sum = 0;

    (void)name;
    for (size_t i = 0; i < from->count; i++)
        to[i] = (struct math_point){from->points[i].at_s, sum += from->points[i].value};
    return from->count;
}

MATH_CALL(call_running_sum)
{
    (void)count;
    return each_series(m, arguments, change_sums, f->name, out);
}

/* --- of times --- */

static double time_part(const char *name, int64_t at_s)
{
    const time_t at = at_s;
    struct tm t;

    gmtime_r(&at, &t);
    if (str_eq(name, "EPOCH"))
        return (double)at_s;
    if (str_eq(name, "MINUTE"))
        return t.tm_min;
    if (str_eq(name, "HOUR"))
        return t.tm_hour;
    if (str_eq(name, "DAY"))
        return t.tm_wday ? t.tm_wday : 7; /* AWS: Monday is 1 */
    if (str_eq(name, "DATE"))
        return t.tm_mday;
    return str_eq(name, "MONTH") ? t.tm_mon + 1 : t.tm_year + 1900;
}

static size_t change_times(const char *name, const struct math_series *from, struct math_point *to)
{
    for (size_t i = 0; i < from->count; i++)
        to[i] = (struct math_point){from->points[i].at_s, time_part(name, from->points[i].at_s)};
    return from->count;
}

MATH_CALL(call_time)
{
    (void)count;
    return each_series(m, arguments, change_times, f->name, out);
}

/* --- of many values one --- */

static double reduce(const char *name, const struct math_point *points, size_t count)
{
    double sum = 0;
    double squares = 0;
    double low = INFINITY;
    double high = -INFINITY;

    for (size_t i = 0; i < count; i++) {
        sum += points[i].value;
        low = fmin(low, points[i].value);
        high = fmax(high, points[i].value);
    }
    if (count == 0)
        return NAN;
    if (str_eq(name, "SUM"))
        return sum;
    if (str_eq(name, "MIN"))
        return low;
    if (str_eq(name, "MAX"))
        return high;
    if (str_eq(name, "AVG"))
        return sum / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += pow(points[i].value - sum / (double)count, 2);
    return sqrt(squares / (double)count);
}

static int compare_times(const void *a, const void *b)
{
    const struct math_point *left = a;
    const struct math_point *right = b;

    return (left->at_s > right->at_s) - (left->at_s < right->at_s);
}

/* What the series of an array have at the same time becomes one point. */
static bool reduce_across(struct math_machine *m, const char *name, const struct math_value *v,
                          struct math_value *out)
{
    struct math_series *series = ARENA_NEW(m->arena, struct math_series);
    struct math_point *all;
    size_t total = 0;
    size_t kept = 0;

    for (size_t i = 0; i < v->count; i++)
        total += v->series[i].count;
    all = math_points_new(m, total);
    if (!all)
        return false;
    *series =
        v->count ? v->series[0]
                 : (struct math_series){.from_s = m->scope->from_s, .period_s = m->scope->period_s};
    total = 0;
    for (size_t i = 0; i < v->count; i++) {
        if (v->series[i].count)
            memcpy(all + total, v->series[i].points, v->series[i].count * sizeof(*all));
        total += v->series[i].count;
    }
    qsort(all, total, sizeof(*all), compare_times);
    for (size_t i = 0, end; i < total; i = end) {
        for (end = i; end < total && all[end].at_s == all[i].at_s; end++)
            ;
        all[kept++] = (struct math_point){all[i].at_s, reduce(name, all + i, end - i)};
    }
    series->points = all;
    series->count = kept;
    *out = (struct math_value){.type = MATH_SERIES, .series = series, .count = 1};
    return true;
}

MATH_CALL(call_reduce)
{
    if (arguments->type == MATH_ARRAY)
        return reduce_across(m, f->name, arguments, out);
    if (arguments->type != MATH_SERIES)
        return math_fail_types(m, f->name, arguments, count);
    *out = (struct math_value){
        .scalar = reduce(f->name, arguments->series->points, arguments->series->count)};
    return true;
}

/* --- of arrays --- */

MATH_CALL(call_metrics)
{
    struct math_series *series;

    if (count && arguments->type != MATH_WORD)
        return math_fail_types(m, f->name, arguments, count);
    series = math_series_new(m, m->scope->metric_count);
    if (!series)
        return false;
    *out = (struct math_value){.type = MATH_ARRAY, .series = series};
    for (size_t i = 0; i < m->scope->metric_count; i++) {
        series[out->count] = m->scope->metrics[i];
        out->count += !count || strstr(m->scope->metrics[i].id, arguments->word);
    }
    return true;
}

MATH_CALL(call_metric_count)
{
    if (arguments->type != MATH_ARRAY)
        return math_fail_types(m, f->name, arguments, count);
    *out = (struct math_value){.scalar = (double)arguments->count};
    return true;
}

MATH_CALL(call_end)
{
    if (arguments->type != MATH_ARRAY)
        return math_fail_types(m, f->name, arguments, count);
    if (arguments->count == 0)
        return math_fail(m, "%s of an array without time series", f->name);
    *out = (struct math_value){
        .type = MATH_SERIES,
        .series = &arguments->series[str_eq(f->name, "FIRST") ? 0 : arguments->count - 1],
        .count = 1,
    };
    return true;
}

MATH_CALL(call_remove_empty)
{
    struct math_series *series;

    if (arguments->type != MATH_ARRAY)
        return math_fail_types(m, f->name, arguments, count);
    series = math_series_new(m, arguments->count);
    if (!series)
        return false;
    *out = (struct math_value){.type = MATH_ARRAY, .series = series};
    for (size_t i = 0; i < arguments->count; i++) {
        series[out->count] = arguments->series[i];
        out->count += arguments->series[i].count > 0;
    }
    return true;
}

static size_t index_of(double number, size_t count)
{
    return number >= 0 ? (size_t)fmin(number, (double)count) : 0;
}

/* SLICE(array, from[, to]) */
MATH_CALL(call_slice)
{
    if (arguments[0].type != MATH_ARRAY || arguments[1].type != MATH_SCALAR ||
        (count == 3 && arguments[2].type != MATH_SCALAR))
        return math_fail_types(m, f->name, arguments, count);
    size_t all = arguments[0].count;
    size_t from = index_of(arguments[1].scalar, all);
    size_t to = count == 3 ? index_of(arguments[2].scalar, all) : all;
    *out = (struct math_value){.type = MATH_ARRAY,
                               .series = arguments[0].series + from,
                               .count = to > from ? to - from : 0};
    return true;
}

struct ranked {
    double rank;
    size_t place;
};

/* Series without points come last, whatever the order. */
static int compare_ranks(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;

    if (isnan(left->rank) != isnan(right->rank))
        return isnan(left->rank) ? 1 : -1;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return (left->place > right->place) - (left->place < right->place);
}

/* SORT(array, MAX, DESC[, 10]) */
MATH_CALL(call_sort)
{
    const struct math_value *all = &arguments[0];
    struct math_series *series;
    struct ranked *ranks;
    double sign;

    if (all->type != MATH_ARRAY || arguments[1].type != MATH_WORD ||
        arguments[2].type != MATH_WORD || (count == 4 && arguments[3].type != MATH_SCALAR))
        return math_fail_types(m, f->name, arguments, count);
    if (!str_eq(arguments[2].word, "ASC") && !str_eq(arguments[2].word, "DESC"))
        return math_fail(m, "SORT takes ASC or DESC, not %s", arguments[2].word);
    if (!str_eq(arguments[1].word, "AVG") && !str_eq(arguments[1].word, "MAX") &&
        !str_eq(arguments[1].word, "MIN") && !str_eq(arguments[1].word, "SUM"))
        return math_fail(m, "SORT takes AVG, MAX, MIN or SUM, not %s", arguments[1].word);
    sign = str_eq(arguments[2].word, "ASC") ? 1 : -1;
    ranks = ARENA_ARRAY(m->arena, struct ranked, all->count);
    series = math_series_new(m, all->count);
    if (!series)
        return false;
    for (size_t i = 0; i < all->count; i++)
        ranks[i] = (struct ranked){
            sign * reduce(arguments[1].word, all->series[i].points, all->series[i].count), i};
    qsort(ranks, all->count, sizeof(*ranks), compare_ranks);
    for (size_t i = 0; i < all->count; i++)
        series[i] = all->series[ranks[i].place];
    *out = math_value_of(all, series);
    if (count == 4)
        out->count = index_of(arguments[3].scalar, all->count);
    return true;
}

/* The value at a time, of a number at any. *at is where the series was last looked at. */
static double value_at(const struct math_value *v, int64_t at_s, size_t *at)
{
    if (v->type == MATH_SCALAR)
        return v->scalar;
    while (*at < v->series->count && v->series->points[*at].at_s < at_s)
        ++*at;
    return *at < v->series->count && v->series->points[*at].at_s == at_s
               ? v->series->points[*at].value
               : NAN;
}

/* --- of periods --- */

MATH_CALL(call_period)
{
    if (arguments->type != MATH_SERIES)
        return math_fail_types(m, f->name, arguments, count);
    *out = (struct math_value){.scalar = (double)arguments->series->period_s};
    return true;
}

/* How many periods the series could have. */
static size_t periods_of(const struct math_machine *m, const struct math_series *s)
{
    int64_t span_s = m->scope->until_s - s->from_s;

    return span_s > 0 ? (size_t)((span_s + s->period_s - 1) / s->period_s) : 0;
}

MATH_CALL(call_time_series)
{
    struct math_series *series = ARENA_NEW(m->arena, struct math_series);
    struct math_point *points;

    if (arguments->type != MATH_SCALAR)
        return math_fail_types(m, f->name, arguments, count);
    *series = (struct math_series){.from_s = m->scope->from_s, .period_s = m->scope->period_s};
    size_t periods = isfinite(arguments->scalar) ? periods_of(m, series) : 0;
    points = math_points_new(m, periods);
    if (!points)
        return false;
    for (size_t i = 0; i < periods; i++)
        points[i] =
            (struct math_point){series->from_s + (int64_t)i * series->period_s, arguments->scalar};
    series->points = points;
    series->count = periods;
    *out = (struct math_value){.type = MATH_SERIES, .series = series, .count = 1};
    return true;
}

/* What stands at that time, before points[next], where a series has nothing. */
static double repeat_or_line(const char *word, const struct math_series *s, size_t next,
                             int64_t at_s)
{
    if (next == 0 || (next == s->count && str_eq(word, "LINEAR")))
        return NAN;
    const struct math_point *after = &s->points[next];
    const struct math_point *before = after - 1;

    if (str_eq(word, "REPEAT"))
        return before->value;
    return before->value + (after->value - before->value) * (double)(at_s - before->at_s) /
                               (double)(after->at_s - before->at_s);
}

static bool fill(struct math_machine *m, const struct math_value *with, struct math_series *s)
{
    const struct math_series old = *s;
    size_t periods = periods_of(m, &old);
    struct math_point *points = math_points_new(m, periods);
    size_t next = 0;
    size_t with_at = 0;

    if (!points)
        return false;
    s->points = points;
    s->count = 0;
    for (size_t i = 0; i < periods; i++) {
        struct math_point p = {.at_s = old.from_s + (int64_t)i * old.period_s};

        while (next < old.count && old.points[next].at_s < p.at_s)
            next++;
        if (next < old.count && old.points[next].at_s == p.at_s)
            p.value = old.points[next].value;
        else if (with->type == MATH_WORD)
            p.value = repeat_or_line(with->word, &old, next, p.at_s);
        else
            p.value = value_at(with, p.at_s, &with_at);
        points[s->count] = p;
        s->count += isfinite(p.value);
    }
    return true;
}

/* FILL(m1, 0), FILL(m1, REPEAT), FILL(m1, LINEAR), FILL(m1, m2) */
MATH_CALL(call_fill)
{
    const struct math_value *with = &arguments[1];
    struct math_series *series;

    if (!is_series(arguments) || with->type == MATH_ARRAY)
        return math_fail_types(m, f->name, arguments, count);
    if (with->type == MATH_WORD && !str_eq(with->word, "REPEAT") && !str_eq(with->word, "LINEAR"))
        return math_fail(m, "FILL takes a value, REPEAT or LINEAR, not %s", with->word);
    series = math_series_new(m, arguments->count);
    if (!series)
        return false;
    for (size_t i = 0; i < arguments->count; i++) {
        series[i] = arguments->series[i];
        if (!fill(m, with, &series[i]))
            return false;
    }
    *out = math_value_of(arguments, series);
    return true;
}

/* --- IF --- */

/* IF(condition, then[, else]) */
MATH_CALL(call_if)
{
    const struct math_value nothing = {.scalar = NAN};
    const struct math_value *no = count == 3 ? &arguments[2] : &nothing;
    struct math_series *series = ARENA_NEW(m->arena, struct math_series);
    struct math_point *points;
    size_t yes_at = 0;
    size_t no_at = 0;

    for (size_t i = 0; i < count; i++)
        if (arguments[i].type != MATH_SCALAR && arguments[i].type != MATH_SERIES)
            return math_fail_types(m, f->name, arguments, count);
    if (arguments->type == MATH_SCALAR) {
        *out = arguments->scalar != 0 ? arguments[1] : *no;
        return true;
    }
    points = math_points_new(m, arguments->series->count);
    if (!points)
        return false;
    *series = *arguments->series;
    series->points = points;
    series->count = 0;
    for (size_t i = 0; i < arguments->series->count; i++) {
        const struct math_point *p = &arguments->series->points[i];
        double value = p->value != 0 ? value_at(&arguments[1], p->at_s, &yes_at)
                                     : value_at(no, p->at_s, &no_at);

        points[series->count] = (struct math_point){p->at_s, value};
        series->count += isfinite(value);
    }
    *out = (struct math_value){.type = MATH_SERIES, .series = series, .count = 1};
    return true;
}

const struct math_function *math_function_find(const char *name, size_t len)
{
    static const struct math_function functions[] = {
        {"ABS", 1, 1, call_value},
        {"AVG", 1, 1, call_reduce},
        {"CEIL", 1, 1, call_value},
        {"DATE", 1, 1, call_time},
        {"DAY", 1, 1, call_time},
        {"DIFF", 1, 1, call_steps},
        {"DIFF_TIME", 1, 1, call_steps},
        {"EPOCH", 1, 1, call_time},
        {"FILL", 2, 2, call_fill},
        {"FIRST", 1, 1, call_end},
        {"FLOOR", 1, 1, call_value},
        {"HOUR", 1, 1, call_time},
        {"IF", 2, 3, call_if},
        {"LAST", 1, 1, call_end},
        {"LOG", 1, 1, call_value},
        {"LOG10", 1, 1, call_value},
        {"MAX", 1, 1, call_reduce},
        {"METRICS", 0, 1, call_metrics},
        {"METRIC_COUNT", 1, 1, call_metric_count},
        {"MIN", 1, 1, call_reduce},
        {"MINUTE", 1, 1, call_time},
        {"MONTH", 1, 1, call_time},
        {"PERIOD", 1, 1, call_period},
        {"RATE", 1, 1, call_steps},
        {"REMOVE_EMPTY", 1, 1, call_remove_empty},
        {"RUNNING_SUM", 1, 1, call_running_sum},
        {"SLICE", 2, 3, call_slice},
        {"SORT", 3, 4, call_sort},
        {"STDDEV", 1, 1, call_reduce},
        {"SUM", 1, 1, call_reduce},
        {"TIME_SERIES", 1, 1, call_time_series},
        {"YEAR", 1, 1, call_time},
    };

    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        if (strlen(functions[i].name) == len && memcmp(functions[i].name, name, len) == 0)
            return &functions[i];
    return NULL;
}
