/*
 * Metric math: expressions over metrics, as GetMetricData and alarms take them.
 *
 *   100 * SUM(METRICS("errors")) / FILL(requests, 0)
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 *
 * An expression is compiled into a list of steps for a stack of values, so that neither its length
 * nor its depth costs stack when it is evaluated. Compiled ones are constant. Values are scalars,
 * time series, or arrays of these. A point that has no value (a division by zero, a metric without
 * data at that time) is left out, so series are as long as there are values.
 */
#ifndef CADABRA_CLOUDWATCH_MATH_H
#define CADABRA_CLOUDWATCH_MATH_H

#include "server/base/arena.h"

struct math_point {
    int64_t at_s;
    double value;
};

struct math_series {
    const char *id;    /* of the query that it comes from */
    const char *label; /* what it is called in the answer */
    int64_t from_s;    /* where the first period begins, with data or without */
    int64_t period_s;
    const struct math_point *points; /* in order of time */
    size_t count;
};

struct math_value {
    enum math_type {
        MATH_SCALAR,
        MATH_SERIES, /* the first of `series` */
        MATH_ARRAY,
        MATH_WORD, /* REPEAT, ASC, "errors": for functions alone */
    } type;
    double scalar; /* no finite number: it has no value */
    const char *word;
    const struct math_series *series;
    size_t count;
};

struct math_problem {
    const char *text;
    bool unsupported; /* AWS understands it, and the text is its name */
};

struct math_expression;

/* NULL after filling *out. Lives in the arena. */
const struct math_expression *math_compile(struct arena *a, const char *text,
                                           struct math_problem *out);
/* The ids that it names, NULL at the end; each as often as it is named. */
const char *const *math_names(const struct math_expression *e);

/* What is known when an expression is evaluated. */
struct math_scope {
    const struct math_value *(*find)(void *context, const char *id); /* NULL: nothing of that id */
    void *context;
    const struct math_series *metrics; /* for METRICS() */
    size_t metric_count;
    int64_t from_s, until_s, period_s; /* of series made of nothing: TIME_SERIES(1) */
    size_t points_left;                /* that may be made on the way; counts down */
    size_t series_left;                /* the same of series, those in arrays among them */
};

/* False after filling *out_problem. The value lies in the arena, or is part of the scope. */
bool math_evaluate(const struct math_expression *e, struct math_scope *scope, struct arena *a,
                   struct math_value *out, struct math_problem *out_problem);

#endif
