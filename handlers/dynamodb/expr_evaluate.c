/* Conditions against items. Parsers have bounded their depth, which bounds the recursion here. */
#include "handlers/dynamodb/expr.h"

static bool is_ordered(const struct ddb_value *v)
{
    return v->type == DDB_S || v->type == DDB_N || v->type == DDB_B;
}

bool ddb_compare(enum ddb_expr_kind operator, const struct ddb_value * a, const struct ddb_value *b)
{
    /* AWS: of what is missing nothing holds but that it is not equal. */
    if (a == NULL || b == NULL)
        return operator== DDB_NE;
    if (operator== DDB_EQ || operator== DDB_NE)
        return ddb_value_equal(a, b) == (operator== DDB_EQ);
    if (a->type != b->type || !is_ordered(a))
        return false;
    int order = ddb_value_order(a, b);
    switch (operator) {
    case DDB_LT:
        return order < 0;
    case DDB_LE:
        return order <= 0;
    case DDB_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

bool ddb_contains(const struct ddb_value *whole, const struct ddb_value *part)
{
    if (whole == NULL || part == NULL)
        return false;
    if (whole->type == DDB_S || whole->type == DDB_B)
        return whole->type == part->type &&
               memmem(whole->text.data, whole->text.len, part->text.data, part->text.len) != NULL;
    if (ddb_is_set(whole))
        return ddb_set_has(whole, part);
    if (whole->type != DDB_L)
        return false;
    for (uint32_t i = 0; i < whole->count; i++)
        if (ddb_value_equal(&whole->items[i], part))
            return true;
    return false;
}

bool ddb_begins_with(const struct ddb_value *whole, const struct ddb_value *part)
{
    if (whole == NULL || part == NULL || whole->type != part->type)
        return false;
    if (whole->type != DDB_S && whole->type != DDB_B)
        return false;
    return whole->text.len >= part->text.len &&
           memcmp(whole->text.data, part->text.data, part->text.len) == 0;
}

/* AWS: the size of a string is in UTF-16 units. */
static size_t utf16_length(struct ddb_text t)
{
    size_t len = 0;

    for (size_t i = 0; i < t.len; i++) {
        uint8_t c = (uint8_t)t.data[i];
        len += (c & 0xc0) != 0x80;
        len += c >= 0xf0;
    }
    return len;
}

/* NULL where the value has no size. */
static const struct ddb_value *size_of(const struct ddb_value *v, struct arena *a)
{
    size_t size;

    if (v == NULL)
        return NULL;
    switch (v->type) {
    case DDB_S:
        size = utf16_length(v->text);
        break;
    case DDB_B:
        size = v->text.len;
        break;
    case DDB_SS:
    case DDB_NS:
    case DDB_BS:
    case DDB_L:
    case DDB_M:
        size = v->count;
        break;
    default:
        return NULL;
    }
    struct ddb_value *n = ARENA_NEW(a, struct ddb_value);
    n->type = DDB_N;
    n->text = ddb_text_of(arena_printf(a, "%zu", size));
    return n;
}

struct evaluation {
    const struct ddb_item *item;
    struct arena *arena;
};

// NOLINTNEXTLINE(misc-no-recursion)
static const struct ddb_value *operand(const struct evaluation *ev, const struct ddb_expr *e)
{
    if (e->kind == DDB_VALUE)
        return e->value;
    if (e->kind == DDB_PATH)
        return ddb_path_find(&e->path, ev->item->members, ev->item->count);
    return size_of(operand(ev, e->arguments[0]), ev->arena);
}

static bool function_holds(const struct evaluation *ev, const struct ddb_expr *e)
{
    const struct ddb_value *first = operand(ev, e->arguments[0]);
    const struct ddb_value *second = e->count > 1 ? operand(ev, e->arguments[1]) : NULL;

    switch (e->function) {
    case DDB_FN_ATTRIBUTE_EXISTS:
        return first != NULL;
    case DDB_FN_ATTRIBUTE_NOT_EXISTS:
        return first == NULL;
    case DDB_FN_ATTRIBUTE_TYPE:
        return first != NULL && second != NULL && first->type == ddb_type_named(second->text);
    case DDB_FN_BEGINS_WITH:
        return ddb_begins_with(first, second);
    default:
        return ddb_contains(first, second);
    }
}

static bool in_holds(const struct evaluation *ev, const struct ddb_expr *e)
{
    const struct ddb_value *first = operand(ev, e->arguments[0]);

    for (size_t i = 1; i < e->count; i++)
        if (ddb_compare(DDB_EQ, first, operand(ev, e->arguments[i])))
            return true;
    return false;
}

// NOLINTNEXTLINE(misc-no-recursion)
static bool holds(const struct evaluation *ev, const struct ddb_expr *e)
{
    switch (e->kind) {
    case DDB_AND:
        return holds(ev, e->arguments[0]) && holds(ev, e->arguments[1]);
    case DDB_OR:
        return holds(ev, e->arguments[0]) || holds(ev, e->arguments[1]);
    case DDB_NOT:
        return !holds(ev, e->arguments[0]);
    case DDB_FUNCTION:
        return function_holds(ev, e);
    case DDB_IN:
        return in_holds(ev, e);
    case DDB_BETWEEN: {
        const struct ddb_value *v = operand(ev, e->arguments[0]);
        return ddb_compare(DDB_GE, v, operand(ev, e->arguments[1])) &&
               ddb_compare(DDB_LE, v, operand(ev, e->arguments[2]));
    }
    default:
        return ddb_compare((enum ddb_expr_kind)e->kind, operand(ev, e->arguments[0]),
                           operand(ev, e->arguments[1]));
    }
}

bool ddb_condition_holds(const struct ddb_expr *e, const struct ddb_item *item, struct arena *a)
{
    return holds(&(struct evaluation){item, a}, e);
}
