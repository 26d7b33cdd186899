/* The machine: steps over a stack of values, and the operators. */
#include "handlers/cloudwatch/math_parts.h"

#include <math.h>

bool math_fail(struct math_machine *m, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    *m->problem = (struct math_problem){.text = arena_vprintf(m->arena, format, arguments)};
    va_end(arguments);
    return false;
}

bool math_fail_types(struct math_machine *m, const char *name, const struct math_value *arguments,
                     size_t count)
{
    static const char *const types[] = {
        [MATH_SCALAR] = "Scalar",
        [MATH_SERIES] = "TimeSeries",
        [MATH_ARRAY] = "Array[TimeSeries]",
        [MATH_WORD] = "String",
    };
    const char *list = "";

    for (size_t i = 0; i < count; i++)
        list = arena_printf(m->arena, "%s%s%s", list, i ? ", " : "", types[arguments[i].type]);
    return math_fail(m, "Unsupported operand type(s) for %s: '[%s]'", name, list);
}

struct math_point *math_points_new(struct math_machine *m, size_t count)
{
    if (count > m->scope->points_left) {
        math_fail(m, "The expression makes too many datapoints");
        return NULL;
    }
    m->scope->points_left -= count;
    return ARENA_ARRAY(m->arena, struct math_point, count);
}

struct math_series *math_series_new(struct math_machine *m, size_t count)
{
    if (count > m->scope->series_left) {
        math_fail(m, "The expression makes too many time series");
        return NULL;
    }
    m->scope->series_left -= count;
    return ARENA_ARRAY(m->arena, struct math_series, count);
}

struct math_value math_value_of(const struct math_value *of, const struct math_series *series)
{
    return (struct math_value){.type = of->type, .series = series, .count = of->count};
}

/* --- operators --- */

static double apply(enum math_operator operator, double x, double y)
{
    switch (operator) {
    case MATH_OR:
        return x != 0 || y != 0;
    case MATH_AND:
        return x != 0 && y != 0;
    case MATH_EQUAL:
        return x == y;
    case MATH_UNEQUAL:
        return x != y;
    case MATH_LESS_EQUAL:
        return x <= y;
    case MATH_GREATER_EQUAL:
        return x >= y;
    case MATH_LESS:
        return x < y;
    case MATH_GREATER:
        return x > y;
    case MATH_ADD:
        return x + y;
    case MATH_SUBTRACT:
        return x - y;
    case MATH_MULTIPLY:
        return x * y;
    case MATH_DIVIDE:
        return x / y;
    case MATH_POWER:
        return pow(x, y);
    }
    return NAN;
}

/* One side of an operator: a series, or where that is NULL a number. */
struct side {
    const struct math_series *series;
    double number;
};

/* A number goes with every point, two series meet where both have one. */
static bool combine(struct math_machine *m, enum math_operator operator, struct side left,
                    struct side right, struct math_series *out)
{
    const struct math_series *walked = left.series ? left.series : right.series;
    const struct math_series *other = left.series ? right.series : NULL;
    struct math_point *points;
    size_t at = 0;

    assert(walked); /* two numbers are not combined here */
    points = math_points_new(m, walked->count);
    if (!points)
        return false;
    if (other && other->period_s != walked->period_s) {
        *m->problem = (struct math_problem){"series of different periods", .unsupported = true};
        return false;
    }
    *out = *walked;
    out->points = points;
    out->count = 0;
    for (size_t i = 0; i < walked->count; i++) {
        const struct math_point *p = &walked->points[i];
        double x = left.series ? p->value : left.number;
        double y = left.series ? right.number : p->value;

        while (other && at < other->count && other->points[at].at_s < p->at_s)
            at++;
        if (other && (at == other->count || other->points[at].at_s != p->at_s))
            continue;
        if (other)
            y = other->points[at].value;
        points[out->count] = (struct math_point){p->at_s, apply(operator, x, y)};
        out->count += isfinite(x) && isfinite(y) && isfinite(points[out->count].value);
    }
    return true;
}

static struct side side_of(const struct math_value *v, size_t i)
{
    if (v->type == MATH_SCALAR)
        return (struct side){.number = v->scalar};
    return (struct side){.series = &v->series[v->type == MATH_ARRAY ? i : 0]};
}

static bool operate(struct math_machine *m, enum math_operator operator,
                    const struct math_value * operands, struct math_value *out)
{
    const struct math_value *left = &operands[0];
    const struct math_value *right = &operands[1];
    const struct math_value *widest = left->type >= right->type ? left : right;

    if (widest->type == MATH_WORD || (left->type == MATH_ARRAY && right->type == MATH_ARRAY))
        return math_fail_types(m, math_operator_text(operator), operands, 2);
    if (widest->type == MATH_SCALAR) {
        *out = (struct math_value){.scalar = apply(operator, left->scalar, right->scalar)};
        return true;
    }
    struct math_series *series = math_series_new(m, widest->count);
    if (!series)
        return false;
    for (size_t i = 0; i < widest->count; i++)
        if (!combine(m, operator, side_of(left, i), side_of(right, i), &series[i]))
            return false;
    *out = math_value_of(widest, series);
    return true;
}

static bool negate(struct math_machine *m, const struct math_value *operand, struct math_value *out)
{
    const struct math_value operands[] = {{.scalar = -1}, *operand};

    return operate(m, MATH_MULTIPLY, operands, out);
}

/* --- steps --- */

/* [m1, m2]: arrays inside are spread. */
static bool make_list(struct math_machine *m, const struct math_value *items, size_t count,
                      struct math_value *out)
{
    struct math_series *series;
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        if (items[i].type != MATH_SERIES && items[i].type != MATH_ARRAY)
            return math_fail_types(m, "[]", items, count);
        total += items[i].count;
    }
    series = math_series_new(m, total);
    if (!series)
        return false;
    *out = (struct math_value){.type = MATH_ARRAY, .series = series};
    for (size_t i = 0; i < count; i++) {
        if (items[i].count)
            memcpy(series + out->count, items[i].series, items[i].count * sizeof(*series));
        out->count += items[i].count;
    }
    return true;
}

static bool find(struct math_machine *m, const char *name, struct math_value *out)
{
    const struct math_value *found = m->scope->find(m->scope->context, name);

    if (!found)
        return math_fail(m, "Unknown id %s", name);
    *out = *found;
    return true;
}

static size_t operands_of(const struct math_step *step)
{
    switch (step->kind) {
    case STEP_LIST:
    case STEP_CALL:
        return step->count;
    case STEP_OPERATOR:
        return 2;
    case STEP_NEGATE:
        return 1;
    default:
        return 0;
    }
}

static bool run(struct math_machine *m, const struct math_step *step,
                const struct math_value *operands, struct math_value *out)
{
    switch (step->kind) {
    case STEP_NUMBER:
        *out = (struct math_value){.scalar = step->number};
        return true;
    case STEP_WORD:
        *out = (struct math_value){.type = MATH_WORD, .word = step->text};
        return true;
    case STEP_NAME:
        return find(m, step->text, out);
    case STEP_LIST:
        return make_list(m, operands, step->count, out);
    case STEP_CALL:
        return step->function->call(m, step->function, operands, step->count, out);
    case STEP_OPERATOR:
        return operate(m, step->operator, operands, out);
    case STEP_NEGATE:
        return negate(m, operands, out);
    }
    return false;
}

bool math_evaluate(const struct math_expression *e, struct math_scope *scope, struct arena *a,
                   struct math_value *out, struct math_problem *out_problem)
{
    struct math_machine m = {.arena = a, .scope = scope, .problem = out_problem};
    struct math_value *stack = ARENA_ARRAY(a, struct math_value, e->count);
    size_t height = 0;

    for (size_t i = 0; i < e->count; i++) {
        struct math_value result = {0};

        height -= operands_of(&e->steps[i]);
        if (!run(&m, &e->steps[i], stack + height, &result))
            return false;
        stack[height++] = result;
    }
    *out = stack[0];
    return true;
}
