/* Sets of queries: checked, read, evaluated. */
#include "handlers/cloudwatch/data_set.h"

#include "handlers/cloudwatch/operations.h"
#include "handlers/cloudwatch/statistics.h"

enum {
    PERIODS_MAX = 10 * 1440 * 24, /* of one metric */
    POINTS_MAX = 8 * 1000 * 1000, /* that the expressions of a set may make on their way */
    SERIES_MAX = 500 * 1000,      /* the same: 1,000 times all the metrics of a request */
    PERIOD_DEFAULT = 60,
};

/* --- checking --- */

static int check_metric(struct request *req, const struct cloudwatch_MetricDataQuery *q)
{
    const struct cloudwatch_MetricStat *m = q->MetricStat;
    struct statistic unused;

    if (!m->Metric->Namespace || !m->Metric->MetricName)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The parameters Namespace and MetricName of query %s are required.", q->Id);
    if (cloudwatch_period_problem(m->Period.value))
        return aws_fail(req, &cloudwatch_ValidationException, "%s",
                        cloudwatch_period_problem(m->Period.value));
    if (!statistic_parse(m->Stat, &unused))
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The value %s for parameter Stat is not supported: SampleCount, Average, "
                        "Sum, Minimum, Maximum and percentiles (p99, p99.9) are.",
                        m->Stat);
    return 0;
}

static int fail_problem(struct request *req, const char *id, const struct math_problem *problem)
{
    if (problem->unsupported)
        return aws_fail_unsupported(req,
                                    arena_printf(&req->arena, "Expression with %s", problem->text));
    return aws_fail(req, &cloudwatch_ValidationException, "Error in expression '%s' [%s]", id,
                    problem->text);
}

static int check_query(struct request *req, const struct cloudwatch_MetricDataQueries *all,
                       const struct cloudwatch_MetricDataQuery *q)
{
    if (q->Id[0] < 'a' || q->Id[0] > 'z')
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The value %s for parameter Id is invalid: it must begin with a lower-case "
                        "letter.",
                        q->Id);
    for (const struct cloudwatch_MetricDataQuery *other = all->items; other < q; other++)
        if (str_eq(other->Id, q->Id))
            return aws_fail(req, &cloudwatch_ValidationException,
                            "The value '%s' for parameter MetricDataQueries Id is not unique.",
                            q->Id);
    if (q->Label && strstr(q->Label, "${"))
        return aws_fail_unsupported(req, "MetricDataQueries.Label with dynamic values (${...})");
    if (!q->MetricStat == !q->Expression)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "Exactly one of the parameters MetricStat and Expression of query %s must "
                        "be specified.",
                        q->Id);
    if (q->Period.set && cloudwatch_period_problem(q->Period.value))
        return aws_fail(req, &cloudwatch_ValidationException, "%s",
                        cloudwatch_period_problem(q->Period.value));
    if (q->AccountId && !str_eq(q->AccountId, req->account))
        return aws_fail_unsupported(req, "MetricDataQueries.AccountId");
    return q->MetricStat ? check_metric(req, q) : 0;
}

static int compare_ids(const void *a, const void *b)
{
    const struct data_query *const *left = a;
    const struct data_query *const *right = b;

    return strcmp((*left)->asked->Id, (*right)->asked->Id);
}

static void sort_by_id(struct data_set *s)
{
    s->by_id = ARENA_ARRAY(s->arena, struct data_query *, s->count);
    for (size_t i = 0; i < s->count; i++)
        s->by_id[i] = &s->items[i];
    qsort(s->by_id, s->count, sizeof(struct data_query *), compare_ids);
}

/* NULL: none. */
static const struct data_query *query_of(const struct data_set *s, const char *id)
{
    const struct cloudwatch_MetricDataQuery asked = {.Id = id};
    const struct data_query wanted = {.asked = &asked};
    const struct data_query *key = &wanted;
    struct data_query **found =
        bsearch(&key, s->by_id, s->count, sizeof(struct data_query *), compare_ids);

    return found ? *found : NULL;
}

/* Compiles the expressions. The index of the one at fault, or the number of queries. */
static size_t compile(struct arena *a, const struct cloudwatch_MetricDataQueries *queries,
                      struct data_set *out, struct math_problem *problem)
{
    *out = (struct data_set){
        .arena = a,
        .items = ARENA_ARRAY(a, struct data_query, queries->count),
        .count = queries->count,
    };
    for (size_t i = 0; i < out->count; i++)
        out->items[i].asked = &queries->items[i];
    sort_by_id(out);
    for (size_t i = 0; i < out->count; i++) {
        struct data_query *q = &out->items[i];

        if (!q->asked->Expression)
            continue;
        q->expression = math_compile(a, q->asked->Expression, problem);
        if (!q->expression)
            return i;
        q->needs = math_names(q->expression);
        for (const char *const *name = q->needs; *name; name++)
            if (!query_of(out, *name)) {
                *problem = (struct math_problem){arena_printf(a, "Unknown id %s", *name), false};
                return i;
            }
    }
    return out->count;
}

int data_set_open(struct request *req, const struct cloudwatch_MetricDataQueries *queries,
                  struct data_set *out)
{
    struct math_problem problem;
    size_t at;

    for (size_t i = 0; i < queries->count; i++)
        if (check_query(req, queries, &queries->items[i]))
            return -1;
    at = compile(&req->arena, queries, out, &problem);
    if (at < out->count)
        return fail_problem(req, queries->items[at].Id, &problem);
    out->store = cloudwatch_store_of(req);
    out->scope = cloudwatch_scope(req);
    out->now_ms = req->received_ms;
    return 0;
}

bool data_set_reopen(struct arena *a, const struct cloudwatch_MetricDataQueries *queries,
                     struct data_set *out)
{
    struct math_problem problem;

    return compile(a, queries, out, &problem) == out->count;
}

int64_t data_set_period(const struct data_set *s)
{
    int64_t longest = 0;

    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].asked->MetricStat)
            longest = MAX(longest, s->items[i].asked->MetricStat->Period.value);
    return longest;
}

/* --- metrics --- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* AWS: where points have several units and the query names none, those of the first by name are
 * shown, and a message says so. Gives NULL where there is one unit at most. */
static const char *choose_unit(struct arena *a, const struct summaries *found,
                               const char **out_words)
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
    *out_words = arena_printf(a, "Multiple units returned: '[%.*s]'", (int)list.len, list.data);
    strbuf_release(&list);
    return units[0];
}

static const struct math_series *series_of(struct data_set *s, struct data_query *q,
                                           const struct statistic *statistic,
                                           struct summaries *found)
{
    struct math_series *series = ARENA_NEW(s->arena, struct math_series);
    struct math_point *points = ARENA_ARRAY(s->arena, struct math_point, found->count);
    const char *unit = choose_unit(s->arena, found, &q->units);

    *series = (struct math_series){
        .id = q->asked->Id,
        .label = q->asked->Label ? q->asked->Label : q->asked->MetricStat->Metric->MetricName,
        .from_s = found->from_s,
        .period_s = found->period_s,
        .points = points,
    };
    for (size_t i = 0; i < found->count; i++) {
        struct summary *one = &found->items[i];
        double value;

        if ((!unit || str_eq(one->unit, unit)) && statistic_of(one, statistic, &value))
            points[series->count++] = (struct math_point){one->at_s, value};
    }
    return series;
}

static enum data_outcome read_metric(struct data_set *s, struct data_query *q,
                                     struct math_problem *out)
{
    const struct cloudwatch_MetricStat *m = q->asked->MetricStat;
    const struct cloudwatch_span span = {
        .from_s = cloudwatch_round_start(s->now_ms, s->start_ms, m->Period.value),
        .until_s = (s->end_ms + 999) / 1000,
        .unit = m->Unit,
    };
    struct statistic statistic;

    if ((span.until_s - span.from_s) / m->Period.value > PERIODS_MAX) {
        *out = (struct math_problem){
            arena_printf(s->arena, "The time range holds more than %d periods", PERIODS_MAX),
            false};
        return DATA_INVALID;
    }
    if (!statistic_parse(m->Stat, &statistic))
        return DATA_FAILED;
    struct summaries found = {.arena = s->arena,
                              .from_s = span.from_s,
                              .period_s = m->Period.value,
                              .keep_values = statistic.kind == STATISTIC_PERCENTILE};
    if (cloudwatch_points_visit(s->store, &s->scope,
                                cloudwatch_identity(s->arena, m->Metric->Namespace,
                                                    m->Metric->MetricName, &m->Metric->Dimensions),
                                &span, summaries_add, &found))
        return DATA_FAILED;
    q->value = (struct math_value){
        .type = MATH_SERIES, .series = series_of(s, q, &statistic, &found), .count = 1};
    q->known = true;
    return DATA_OK;
}

static enum data_outcome read_metrics(struct data_set *s, struct math_problem *out)
{
    struct math_series *metrics = ARENA_ARRAY(s->arena, struct math_series, s->count);

    for (size_t i = 0; i < s->count; i++) {
        struct data_query *q = &s->items[i];
        enum data_outcome outcome = DATA_OK;

        if (q->expression)
            continue;
        if (!q->known)
            outcome = read_metric(s, q, out);
        if (outcome)
            return outcome;
        metrics[s->metric_count++] = q->value.series[0];
    }
    s->metrics = metrics;
    return DATA_OK;
}

/* --- expressions --- */

static const struct math_value *find(void *context, const char *id)
{
    const struct data_query *q = query_of(context, id);

    return q && q->known ? &q->value : NULL;
}

/* What is known stays known: it is asked for once. */
static bool is_ready(struct data_set *s, struct data_query *q)
{
    while (*q->needs && find(s, *q->needs))
        q->needs++;
    return !*q->needs;
}

/* AWS: the series of an array are told apart by the labels that they had. False where these are
 * too many, or too long. */
static bool name_series(struct data_set *s, struct data_query *q, size_t *series_left)
{
    const char *label = q->asked->Label ? q->asked->Label : q->asked->Id;
    struct math_series *series;

    if (q->value.count > *series_left)
        return false;
    *series_left -= q->value.count;
    series = ARENA_ARRAY(s->arena, struct math_series, q->value.count);
    for (size_t i = 0; i < q->value.count; i++) {
        const char *old = q->value.type == MATH_ARRAY ? q->value.series[i].label : NULL;
        size_t cost = old ? (strlen(label) + strlen(old)) / sizeof(*series) : 0;

        if (cost > *series_left)
            return false;
        *series_left -= cost;
        series[i] = q->value.series[i];
        series[i].id = q->asked->Id;
        series[i].label = old ? arena_printf(s->arena, "%s %s", label, old) : label;
    }
    q->value.series = series;
    return true;
}

static bool evaluate(struct data_set *s, struct data_query *q, struct math_scope *scope,
                     struct math_problem *out)
{
    const struct cloudwatch_MetricDataQuery *asked = q->asked;
    const int64_t longest = data_set_period(s);

    scope->period_s = VALUE_OR(asked->Period, longest ? longest : PERIOD_DEFAULT);
    scope->from_s = cloudwatch_round_start(s->now_ms, s->start_ms, scope->period_s);
    q->known = math_evaluate(q->expression, scope, s->arena, &q->value, out);
    if (q->known && !name_series(s, q, &scope->series_left)) {
        *out = (struct math_problem){"The expression makes too many time series", false};
        q->known = false;
    }
    if (!q->known)
        s->culprit = asked->Id;
    return q->known;
}

/* Whatever needs nothing unknown, until nothing more comes of it: so depth costs no stack, and
 * circles are found. */
static enum data_outcome evaluate_all(struct data_set *s, struct math_problem *out)
{
    struct math_scope scope = {
        .find = find,
        .context = s,
        .metrics = s->metrics,
        .metric_count = s->metric_count,
        .until_s = (s->end_ms + 999) / 1000,
        .points_left = POINTS_MAX,
        .series_left = SERIES_MAX,
    };
    bool moved = true;
    bool open = true;

    while (open && moved) {
        moved = open = false;
        for (size_t i = 0; i < s->count; i++) {
            struct data_query *q = &s->items[i];

            if (q->known)
                continue;
            open = true;
            if (!is_ready(s, q))
                continue;
            if (!evaluate(s, q, &scope, out))
                return DATA_INVALID;
            moved = true;
        }
    }
    if (open)
        *out = (struct math_problem){"Expressions depend on each other in a circle", false};
    return open ? DATA_INVALID : DATA_OK;
}

enum data_outcome data_set_need(struct data_set *s, size_t i, struct math_problem *out)
{
    struct data_query *q = &s->items[i];

    if (q->known)
        return DATA_OK;
    if (!q->expression)
        return read_metric(s, q, out);
    if (!s->metrics) {
        enum data_outcome outcome = read_metrics(s, out);

        if (outcome)
            return outcome;
    }
    return evaluate_all(s, out);
}

int data_set_answer(struct request *req, struct data_set *s, size_t i)
{
    struct math_problem problem;

    switch (data_set_need(s, i, &problem)) {
    case DATA_OK:
        break;
    case DATA_FAILED:
        return aws_fail_internal(req);
    case DATA_INVALID:
        return fail_problem(req, s->culprit ? s->culprit : s->items[i].asked->Id, &problem);
    }
    if (s->items[i].value.type == MATH_SERIES || s->items[i].value.type == MATH_ARRAY)
        return 0;
    return fail_problem(req, s->items[i].asked->Id,
                        &(struct math_problem){"It must be worth a time series", false});
}
