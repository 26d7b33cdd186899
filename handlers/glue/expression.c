/* What an expression means: its names found among the keys, its literals read as their types, and
 * its truth. */
#include "handlers/glue/expression.h"

#include "handlers/glue/expression_parts.h"

/* What Hive writes where a partition's value is null. */
static const char HIVE_NULL[] = "__HIVE_DEFAULT_PARTITION__";

/* --- names and types --- */

static bool find_key(struct glue_node *n, const struct glue_keys *keys)
{
    for (n->key = 0; n->key < keys->count; n->key++) {
        const char *name = keys->items[n->key].name;

        if (strlen(name) == n->text.len &&
            strncasecmp(name, (const char *)n->text.data, n->text.len) == 0)
            return true;
    }
    return false;
}

static const char *like_problem(enum glue_key_type type)
{
    switch (type) {
    case GLUE_KEY_INTEGER:
        return "Integral data type doesn't support operation 'LIKE'";
    case GLUE_KEY_DECIMAL:
        return "Decimal data type doesn't support operation 'LIKE'";
    case GLUE_KEY_DATE:
        return "Date data type doesn't support operation 'LIKE'";
    case GLUE_KEY_TIMESTAMP:
        return "Timestamp data type doesn't support operation 'LIKE'";
    default:
        return NULL;
    }
}

/* What is wrong with a condition, or NULL. */
static const char *bind(struct glue_node *n, const struct glue_keys *keys, struct arena *a)
{
    const char *problem;

    if (!find_key(n, keys))
        return "Invalid partition expression!";
    n->type = glue_key_type_of(keys->items[n->key].type);
    if (n->kind == GLUE_NODE_IS_NULL)
        return NULL;
    if (n->type == GLUE_KEY_UNKNOWN)
        return arena_printf(a, "Unknown type : '%s'", keys->items[n->key].type);
    problem = n->kind == GLUE_NODE_LIKE ? like_problem(n->type) : NULL;
    for (size_t i = 0; i < n->scalar_count && !problem; i++) {
        struct bytes text = n->scalars[i].text;

        if (!glue_scalar_read(n->type, text, &n->scalars[i]))
            problem = glue_scalar_problem(n->type, text, a);
    }
    return problem;
}

const struct glue_expression *glue_expression_parse(struct arena *a, const char *text,
                                                    const struct glue_keys *keys,
                                                    const char **out_problem)
{
    struct glue_expression *e = glue_expression_read(a, text);

    if (!e) {
        *out_problem = arena_printf(a, "Unsupported expression '%s'", text);
        return NULL;
    }
    for (struct glue_node *n = e->conditions; n; n = n->next_condition) {
        const char *problem = bind(n, keys, a);

        if (problem) {
            *out_problem = problem;
            return NULL;
        }
    }
    return e;
}

/* --- truth --- */

static unsigned truth_of(bool value)
{
    return value ? GLUE_TRUE : GLUE_FALSE;
}

static bool holds(enum glue_compare compare, int order)
{
    switch (compare) {
    case GLUE_EQUAL:
        return order == 0;
    case GLUE_NOT_EQUAL:
        return order != 0;
    case GLUE_LESS:
        return order < 0;
    case GLUE_LESS_EQUAL:
        return order <= 0;
    case GLUE_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

static bool is_null(struct bytes value)
{
    return value.len == sizeof(HIVE_NULL) - 1 && memcmp(value.data, HIVE_NULL, value.len) == 0;
}

static bool is_among(const struct glue_node *n, const struct glue_scalar *value)
{
    for (size_t i = 0; i < n->scalar_count; i++) {
        if (glue_scalar_compare(n->type, value, &n->scalars[i]) == 0)
            return true;
    }
    return false;
}

static unsigned eval_condition(const struct glue_node *n, struct glue_known *known)
{
    struct glue_scalar value;
    struct bytes text;

    if (n->key >= known->count)
        return GLUE_TRUE | GLUE_FALSE | GLUE_NULL;
    text = known->values[n->key];
    if (n->kind == GLUE_NODE_IS_NULL)
        return truth_of(is_null(text));
    if (n->type != GLUE_KEY_TEXT && is_null(text))
        return GLUE_NULL;
    if (n->kind == GLUE_NODE_LIKE)
        return truth_of(glue_text_like(text, n->scalars[0].text));
    if (!glue_scalar_read(n->type, text, &value)) {
        known->problem = glue_scalar_problem(n->type, text, known->arena);
        return GLUE_NULL;
    }
    if (n->kind == GLUE_NODE_IN)
        return truth_of(is_among(n, &value));
    return truth_of(holds(n->compare, glue_scalar_compare(n->type, &value, &n->scalars[0])));
}

static unsigned negated(unsigned truth)
{
    return (truth & GLUE_NULL) | (truth & GLUE_TRUE ? GLUE_FALSE : 0) |
           (truth & GLUE_FALSE ? GLUE_TRUE : 0);
}

/* Of what two conditions can be, what both together can be. */
static unsigned both(unsigned a, unsigned b)
{
    unsigned truth = (a & b & GLUE_TRUE) | ((a | b) & GLUE_FALSE);

    if (((a & GLUE_NULL) && (b & (GLUE_NULL | GLUE_TRUE))) || ((b & GLUE_NULL) && (a & GLUE_TRUE)))
        truth |= GLUE_NULL;
    return truth;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the parser let it be. */
static unsigned eval(const struct glue_node *n, struct glue_known *known)
{
    bool is_or = n->kind == GLUE_NODE_OR;
    unsigned truth = GLUE_TRUE;

    if (n->kind == GLUE_NODE_NOT)
        return negated(eval(n->first, known));
    if (n->kind != GLUE_NODE_AND && !is_or)
        return eval_condition(n, known);
    /* a OR b is NOT (NOT a AND NOT b) */
    for (const struct glue_node *c = n->first; c && truth != GLUE_FALSE; c = c->next)
        truth = both(truth, is_or ? negated(eval(c, known)) : eval(c, known));
    return is_or ? negated(truth) : truth;
}

unsigned glue_expression_eval(const struct glue_expression *e, struct glue_known *known)
{
    return eval(e->root, known);
}
