/*
 * Evaluates a query's expressions over one row. Logic has three values: what is null or missing
 * makes comparisons null, and a row counts only where its condition is true.
 */
#include "handlers/s3/select_query.h"

static const struct select_value null_value = {.type = SELECT_NULL};

/* --- columns --- */

/* _1, _2, ...; 0 when the name is none of them. */
static size_t position_of(const char *name)
{
    char *end;
    unsigned long n;

    if (name[0] != '_' || name[1] < '1' || name[1] > '9')
        return 0;
    n = strtoul(name + 1, &end, 10);
    return *end || n > 100000 ? 0 : n;
}

static struct select_value field(const struct select_row *row, size_t index)
{
    struct select_value v = {.type = SELECT_MISSING};

    if (index >= row->field_count)
        return v;
    v = select_string(row->fields[index].data, row->fields[index].len);
    v.untyped = true;
    return v;
}

static bool name_is(const struct select_step *step, struct jr_text name)
{
    size_t len = strlen(step->name);

    return len == name.len && (step->exact ? memcmp(step->name, name.data, len) == 0
                                           : strncasecmp(step->name, name.data, len) == 0);
}

static bool csv_column(struct select_context *c, const struct select_path *path,
                       struct select_value *out)
{
    const struct select_row *row = c->row;
    const struct select_step *step = &path->steps[0];
    size_t position;

    if (path->count != 1 || !step->name)
        return select_fault(c->error, "InvalidKeyPath",
                            "Key path in the SQL expression is invalid.");
    for (size_t i = 0; i < row->name_count; i++)
        if (name_is(step, row->names[i])) {
            *out = field(row, i);
            return true;
        }
    position = position_of(step->name);
    if (!position)
        return select_fault(c->error, row->names ? "MissingHeaders" : "InvalidColumnIndex",
                            row->names
                                ? "Some headers in the query are missing from the file. Check "
                                  "the file and try again."
                                : "The column index in the SQL expression is invalid.");
    *out = field(row, position - 1);
    return true;
}

static bool json_column(struct select_context *c, const struct select_path *path,
                        struct select_value *out)
{
    *out = select_at_path(c->arena, c->row->json, path, 0);
    /* _1 of a document that is no object is the document. */
    if (out->type == SELECT_MISSING && path->count == 1 && path->steps[0].name &&
        position_of(path->steps[0].name) == 1 && c->row->json.data[0] != '{')
        return select_from_json(c->arena, c->row->json, out) ||
               select_fault(c->error, "JSONParsingError", "Error parsing JSON.");
    return true;
}

static bool column(struct select_context *c, const struct select_expression *e,
                   struct select_value *out)
{
    if (c->row->json.data)
        return json_column(c, &e->path, out);
    return csv_column(c, &e->path, out);
}

/* --- operators --- */

static bool arithmetic_fault(struct select_context *c)
{
    return select_fault(c->error, "InvalidDataType",
                        "The SQL expression contains an operation on values that are not numbers.");
}

static bool integers(enum select_operator op, int64_t a, int64_t b, int64_t *out)
{
    switch (op) {
    case SELECT_ADD:
        return !__builtin_add_overflow(a, b, out);
    case SELECT_SUBTRACT:
        return !__builtin_sub_overflow(a, b, out);
    case SELECT_MULTIPLY:
        return !__builtin_mul_overflow(a, b, out);
    case SELECT_DIVIDE:
        *out = b == -1 ? 0 : a / b;
        return b != -1 || !__builtin_sub_overflow((int64_t)0, a, out);
    default:
        *out = b == -1 ? 0 : a % b;
        return true;
    }
}

static double doubles(enum select_operator op, double a, double b)
{
    switch (op) {
    case SELECT_ADD:
        return a + b;
    case SELECT_SUBTRACT:
        return a - b;
    case SELECT_MULTIPLY:
        return a * b;
    case SELECT_DIVIDE:
        return a / b;
    default:
        return __builtin_fmod(a, b);
    }
}

static bool arithmetic(struct select_context *c, enum select_operator op,
                       const struct select_value *left, const struct select_value *right,
                       struct select_value *out)
{
    struct select_value a = {0};
    struct select_value b = {0};
    int64_t result;

    *out = null_value;
    if (select_absent(left) || select_absent(right))
        return true;
    if (!select_number(c->arena, left, &a) || !select_number(c->arena, right, &b))
        return arithmetic_fault(c);
    if ((op == SELECT_DIVIDE || op == SELECT_MODULO) &&
        (b.type == SELECT_INT ? b.integer == 0 : b.real == 0))
        return select_fault(c->error, "EvaluatorDivideByZero", "Division by zero.");
    if (a.type == SELECT_INT && b.type == SELECT_INT &&
        integers(op, a.integer, b.integer, &result)) {
        *out = select_int(result);
        return true;
    }
    *out =
        (struct select_value){.type = SELECT_FLOAT,
                              .real = doubles(op, a.type == SELECT_INT ? (double)a.integer : a.real,
                                              b.type == SELECT_INT ? (double)b.integer : b.real)};
    return true;
}

static bool concat(struct select_context *c, const struct select_value *left,
                   const struct select_value *right, struct select_value *out)
{
    struct jr_text a;
    struct jr_text b;
    char *text;

    *out = null_value;
    if (select_absent(left) || select_absent(right))
        return true;
    a = select_text(c->arena, left);
    b = select_text(c->arena, right);
    if (a.len + b.len > SELECT_ROW_MAX)
        return select_fault(c->error, "OverMaxRecordSize",
                            "The length of a record in the result is "
                            "greater than the maximum of 1 MB.");
    text = arena_alloc(c->arena, a.len + b.len + 1);
    memcpy(text, a.data, a.len);
    memcpy(text + a.len, b.data, b.len);
    text[a.len + b.len] = '\0';
    *out = select_string(text, a.len + b.len);
    return true;
}

static struct select_value compared(struct select_context *c, enum select_operator op,
                                    const struct select_value *left,
                                    const struct select_value *right)
{
    int order;

    if (select_absent(left) || select_absent(right))
        return null_value;
    if (!select_compare(c, left, right, &order))
        return select_bool(op == SELECT_UNEQUAL);
    switch (op) {
    case SELECT_EQUAL:
        return select_bool(order == 0);
    case SELECT_UNEQUAL:
        return select_bool(order != 0);
    case SELECT_LESS:
        return select_bool(order < 0);
    case SELECT_LESS_EQUAL:
        return select_bool(order <= 0);
    case SELECT_GREATER:
        return select_bool(order > 0);
    default:
        return select_bool(order >= 0);
    }
}

/* Of a condition: true, false, or (NULL and what is no truth) neither. */
static bool is_true(const struct select_value *v)
{
    return (v->type == SELECT_BOOL && v->boolean) ||
           (v->untyped && v->text.len == 4 && strncasecmp(v->text.data, "true", 4) == 0);
}

static bool is_false(const struct select_value *v)
{
    return (v->type == SELECT_BOOL && !v->boolean) ||
           (v->untyped && v->text.len == 5 && strncasecmp(v->text.data, "false", 5) == 0);
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than SELECT_TREE_MAX, which the parser sees to */

static bool logic(struct select_context *c, struct select_expression *e, struct select_value *out)
{
    bool is_and = e->op == SELECT_AND;
    struct select_value left = {0};
    struct select_value right = {0};

    if (!select_evaluate(c, e->args[0], &left))
        return false;
    if (is_and ? is_false(&left) : is_true(&left)) {
        *out = select_bool(!is_and);
        return true;
    }
    if (!select_evaluate(c, e->args[1], &right))
        return false;
    if (is_and ? is_false(&right) : is_true(&right))
        *out = select_bool(!is_and);
    else if (is_and ? is_true(&left) && is_true(&right) : is_false(&left) && is_false(&right))
        *out = select_bool(is_and);
    else
        *out = null_value;
    return true;
}

static bool binary(struct select_context *c, struct select_expression *e, struct select_value *out)
{
    struct select_value left = {0};
    struct select_value right = {0};

    if (e->op == SELECT_AND || e->op == SELECT_OR)
        return logic(c, e, out);
    if (!select_evaluate(c, e->args[0], &left) || !select_evaluate(c, e->args[1], &right))
        return false;
    if (e->op == SELECT_CONCAT)
        return concat(c, &left, &right, out);
    if (e->op < SELECT_CONCAT)
        return arithmetic(c, e->op, &left, &right, out);
    *out = compared(c, e->op, &left, &right);
    return true;
}

static bool unary(struct select_context *c, struct select_expression *e, struct select_value *out)
{
    static const struct select_value zero = {.type = SELECT_INT};
    struct select_value v = {0};

    if (!select_evaluate(c, e->args[0], &v))
        return false;
    if (e->op != SELECT_NOT)
        return arithmetic(c, e->op == SELECT_MINUS ? SELECT_SUBTRACT : SELECT_ADD, &zero, &v, out);
    if (is_true(&v) || is_false(&v))
        *out = select_bool(!is_true(&v));
    else
        *out = null_value;
    return true;
}

/* --- tests --- */

/* % and _; goes back to the last % only. */
static bool like(struct jr_text text, struct jr_text pattern, int escape)
{
    size_t t = 0;
    size_t p = 0;
    size_t star = SIZE_MAX;
    size_t resume = 0;

    while (t < text.len) {
        bool escaped = p + 1 < pattern.len && (unsigned char)pattern.data[p] == escape;
        char wanted = p < pattern.len ? pattern.data[p + escaped] : '\0';

        if (p < pattern.len && !escaped && wanted == '%') {
            star = p++;
            resume = t;
        } else if (p < pattern.len && ((!escaped && wanted == '_') || wanted == text.data[t])) {
            p += 1 + (size_t)escaped;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.data[p] == '%')
        p++;
    return p == pattern.len;
}

static bool test_like(struct select_context *c, struct select_expression *e,
                      struct select_value *out)
{
    struct select_value v[3] = {{0}};

    for (size_t i = 0; i < e->count; i++)
        if (!select_evaluate(c, e->args[i], &v[i]))
            return false;
    *out = null_value;
    if (select_absent(&v[0]) || select_absent(&v[1]))
        return true;
    if (v[0].type != SELECT_STRING || v[1].type != SELECT_STRING ||
        (e->count == 3 && (v[2].type != SELECT_STRING || v[2].text.len != 1)))
        return select_fault(c->error, "LikeInvalidInputs",
                            "Invalid argument given to the LIKE clause "
                            "in the SQL expression.");
    *out = select_bool(like(v[0].text, v[1].text,
                            e->count == 3 ? (unsigned char)v[2].text.data[0] : -1) != e->negated);
    return true;
}

static bool test_between(struct select_context *c, struct select_expression *e,
                         struct select_value *out)
{
    struct select_value v[3] = {{0}};

    for (size_t i = 0; i < 3; i++)
        if (!select_evaluate(c, e->args[i], &v[i]))
            return false;
    struct select_value low = compared(c, SELECT_GREATER_EQUAL, &v[0], &v[1]);
    struct select_value high = compared(c, SELECT_LESS_EQUAL, &v[0], &v[2]);
    if (is_false(&low) || is_false(&high))
        *out = select_bool(e->negated);
    else if (is_true(&low) && is_true(&high))
        *out = select_bool(!e->negated);
    else
        *out = null_value;
    return true;
}

static bool test_in(struct select_context *c, struct select_expression *e, struct select_value *out)
{
    struct select_value v = {0};
    bool unknown = false;

    if (!select_evaluate(c, e->args[0], &v))
        return false;
    for (size_t i = 1; i < e->count; i++) {
        struct select_value item = {0};
        struct select_value equal = {0};

        if (!select_evaluate(c, e->args[i], &item))
            return false;
        equal = compared(c, SELECT_EQUAL, &v, &item);
        if (is_true(&equal)) {
            *out = select_bool(!e->negated);
            return true;
        }
        unknown = unknown || equal.type == SELECT_NULL;
    }
    *out = unknown ? null_value : select_bool(e->negated);
    return true;
}

static bool test_is(struct select_context *c, struct select_expression *e, struct select_value *out)
{
    struct select_value v = {0};

    if (!select_evaluate(c, e->args[0], &v))
        return false;
    /* AWS: a missing value is null too, and so is an empty field of CSV. */
    bool holds = e->is == SELECT_MISSING ? v.type == SELECT_MISSING
                                         : select_absent(&v) || (v.untyped && v.text.len == 0);
    *out = select_bool(holds != e->negated);
    return true;
}

static bool case_of(struct select_context *c, struct select_expression *e, struct select_value *out)
{
    size_t i = 0;

    for (; i + 1 < e->count; i += 2) {
        struct select_value when = {0};

        if (!select_evaluate(c, e->args[i], &when))
            return false;
        if (is_true(&when))
            return select_evaluate(c, e->args[i + 1], out);
    }
    *out = null_value;
    return i == e->count || select_evaluate(c, e->args[i], out);
}

static bool cast(struct select_context *c, struct select_expression *e, struct select_value *out)
{
    struct select_value v = {0};

    if (!select_evaluate(c, e->args[0], &v))
        return false;
    if (!select_absent(&v))
        return select_cast_to(c, &v, e->cast, out);
    *out = v;
    return true;
}

/* --- aggregates --- */

/* Takes the row into the aggregate's state; its value is asked for at the end. */
static bool gather(struct select_context *c, struct select_expression *e)
{
    struct select_value v = {.type = SELECT_BOOL};
    struct select_value sum = {0};
    int order = 0;

    if (e->args[0]->kind != SELECT_STAR && !select_evaluate(c, e->args[0], &v))
        return false;
    if (select_absent(&v))
        return true;
    e->rows++;
    if (e->aggregate == SELECT_COUNT)
        return true;
    if (!select_number(c->arena, &v, &v) &&
        (e->aggregate == SELECT_SUM || e->aggregate == SELECT_AVG || v.type != SELECT_TIMESTAMP))
        return arithmetic_fault(c);
    if (e->rows == 1) {
        e->value = v;
        return true;
    }
    if (e->aggregate == SELECT_SUM || e->aggregate == SELECT_AVG) {
        if (!arithmetic(c, SELECT_ADD, &e->value, &v, &sum))
            return false;
        e->value = sum;
        return true;
    }
    if (!select_compare(c, &v, &e->value, &order))
        return arithmetic_fault(c);
    if (e->aggregate == SELECT_MIN ? order < 0 : order > 0)
        e->value = v;
    return true;
}

static bool gather_all(struct select_context *c, struct select_expression *e)
{
    if (e->kind == SELECT_AGGREGATE)
        return gather(c, e);
    for (size_t i = 0; i < e->count; i++)
        if (!gather_all(c, e->args[i]))
            return false;
    return true;
}

static bool aggregate(struct select_context *c, const struct select_expression *e,
                      struct select_value *out)
{
    struct select_value rows = {.type = SELECT_FLOAT, .real = (double)e->rows};

    *out = null_value;
    if (e->aggregate == SELECT_COUNT)
        *out = select_int(e->rows);
    else if (e->rows && e->aggregate == SELECT_AVG)
        return arithmetic(c, SELECT_DIVIDE, &e->value, &rows, out);
    else if (e->rows)
        *out = e->value;
    return true;
}

bool select_evaluate(struct select_context *c, struct select_expression *e,
                     struct select_value *out)
{
    switch (e->kind) {
    case SELECT_LITERAL:
        *out = e->value;
        return true;
    case SELECT_COLUMN:
        if (c->row)
            return column(c, e, out);
        *out = null_value; /* beside aggregates, when the rows are gone */
        return true;
    case SELECT_UNARY:
        return unary(c, e, out);
    case SELECT_BINARY:
        return binary(c, e, out);
    case SELECT_LIKE:
        return test_like(c, e, out);
    case SELECT_BETWEEN:
        return test_between(c, e, out);
    case SELECT_IN:
        return test_in(c, e, out);
    case SELECT_IS:
        return test_is(c, e, out);
    case SELECT_CASE:
        return case_of(c, e, out);
    case SELECT_CAST:
        return cast(c, e, out);
    case SELECT_CALL:
        return select_call(c, e, out);
    case SELECT_AGGREGATE:
        return aggregate(c, e, out);
    case SELECT_STAR:
        break;
    }
    return select_fault(c->error, "UnsupportedSqlStructure",
                        "Encountered an unsupported SQL structure.");
}

/* NOLINTEND(misc-no-recursion) */

/* --- rows --- */

static bool results(struct select_query *q, struct select_context *c, struct select_result *out)
{
    out->values = ARENA_ARRAY(c->arena, struct select_value, MAX(q->count, 1));
    out->count = q->count;
    for (size_t i = 0; i < q->count; i++)
        if (!select_evaluate(c, q->projections[i].expression, &out->values[i]))
            return false;
    return true;
}

enum select_outcome select_row(struct select_query *q, struct arena *a,
                               const struct select_row *row, struct select_result *out,
                               struct select_error *out_error)
{
    struct select_context c = {a, row, out_error};
    struct select_value v = {0};

    *out = (struct select_result){0};
    if (!q->aggregates && q->limit >= 0 && q->given >= q->limit)
        return SELECT_DONE;
    if (q->where) {
        if (!select_evaluate(&c, q->where, &v))
            return SELECT_FAULT;
        if (!is_true(&v))
            return SELECT_SKIP;
    }
    if (q->aggregates) {
        for (size_t i = 0; i < q->count; i++)
            if (!gather_all(&c, q->projections[i].expression))
                return SELECT_FAULT;
        return SELECT_SKIP;
    }
    q->given++;
    return results(q, &c, out) ? SELECT_RESULT : SELECT_FAULT;
}

enum select_outcome select_finish(struct select_query *q, struct arena *a,
                                  struct select_result *out, struct select_error *out_error)
{
    struct select_context c = {a, NULL, out_error};

    *out = (struct select_result){0};
    if (!q->aggregates || q->limit == 0)
        return SELECT_DONE;
    return results(q, &c, out) ? SELECT_RESULT : SELECT_FAULT;
}
