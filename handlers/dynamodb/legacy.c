/* Legacy parameters as expression trees: see legacy.h. */
#include "handlers/dynamodb/legacy.h"

#define INVALID "One or more parameter values were invalid: "

enum { ANY_COUNT = 0xffff };

/* What each ComparisonOperator is in expressions, and what it takes. */
struct comparison {
    const char *name;
    uint8_t kind;     /* enum ddb_expr_kind */
    uint8_t function; /* enum ddb_function, of kind DDB_FUNCTION */
    bool negated;
    uint16_t min;
    uint16_t max;
    unsigned types; /* bits by enum ddb_type, of the values */
};

#define BIT(type) (1u << (type))
enum {
    SCALARS = BIT(DDB_S) | BIT(DDB_N) | BIT(DDB_B),
    ANY_TYPE = ~0,
};

static const struct comparison comparisons[] = {
    {"EQ", DDB_EQ, 0, false, 1, 1, (unsigned)ANY_TYPE},
    {"NE", DDB_NE, 0, false, 1, 1, (unsigned)ANY_TYPE},
    {"LE", DDB_LE, 0, false, 1, 1, SCALARS},
    {"LT", DDB_LT, 0, false, 1, 1, SCALARS},
    {"GE", DDB_GE, 0, false, 1, 1, SCALARS},
    {"GT", DDB_GT, 0, false, 1, 1, SCALARS},
    {"BETWEEN", DDB_BETWEEN, 0, false, 2, 2, SCALARS},
    {"IN", DDB_IN, 0, false, 1, ANY_COUNT, SCALARS},
    {"CONTAINS", DDB_FUNCTION, DDB_FN_CONTAINS, false, 1, 1, SCALARS},
    {"NOT_CONTAINS", DDB_FUNCTION, DDB_FN_CONTAINS, true, 1, 1, SCALARS},
    {"BEGINS_WITH", DDB_FUNCTION, DDB_FN_BEGINS_WITH, false, 1, 1, BIT(DDB_S) | BIT(DDB_B)},
    {"NULL", DDB_FUNCTION, DDB_FN_ATTRIBUTE_NOT_EXISTS, false, 0, 0, (unsigned)ANY_TYPE},
    {"NOT_NULL", DDB_FUNCTION, DDB_FN_ATTRIBUTE_EXISTS, false, 0, 0, (unsigned)ANY_TYPE},
};

static const struct comparison *comparison_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(comparisons); i++)
        if (str_eq(comparisons[i].name, name))
            return &comparisons[i];
    abort(); /* the model's enum allows no others */
}

static int check_list(struct request *req, const struct comparison *c,
                      const struct dynamodb_AttributeValueList *values, bool check_types)
{
    if (values->count < c->min || values->count > c->max)
        return ddb_invalid(
            req, INVALID "Invalid number of argument(s) for the %s ComparisonOperator", c->name);
    for (size_t i = 1; values->items != NULL && i < values->count; i++)
        if (values->items[i].value.type != values->items[0].value.type)
            return ddb_invalid(req, INVALID
                               "AttributeValues inside AttributeValueList must be of same type");
    for (size_t i = 0; check_types && i < values->count; i++)
        if (!(c->types & BIT(values->items[i].value.type)))
            return ddb_invalid(
                req, INVALID "ComparisonOperator %s is not valid for %s AttributeValue type",
                c->name, ddb_type_name((enum ddb_type)values->items[i].value.type));
    if (c->kind == DDB_BETWEEN &&
        ddb_compare(DDB_GT, &values->items[0].value, &values->items[1].value))
        return ddb_invalid(
            req, "The BETWEEN condition was provided a range where the lower bound is greater "
                 "than the upper bound");
    return 0;
}

static int check_problems(struct request *req, const struct dynamodb_AttributeValueList *values)
{
    for (size_t i = 0; values->items != NULL && i < values->count; i++)
        if (values->items[i].problem != NULL)
            return ddb_invalid(req, "%s", values->items[i].problem);
    return 0;
}

int ddb_legacy_check_condition(struct request *req, const struct dynamodb_Condition *c)
{
    if (check_problems(req, &c->AttributeValueList) != 0)
        return -1;
    return check_list(req, comparison_named(c->ComparisonOperator), &c->AttributeValueList, true);
}

/* --- trees --- */

static struct ddb_expr *new_expr(struct request *req, uint8_t kind, size_t arguments)
{
    struct ddb_expr *e = ARENA_NEW(&req->arena, struct ddb_expr);

    e->kind = kind;
    e->count = arguments;
    e->arguments = ARENA_ARRAY(&req->arena, struct ddb_expr *, arguments);
    return e;
}

static struct ddb_expr *path_of(struct request *req, const char *name)
{
    struct ddb_expr *e = new_expr(req, DDB_PATH, 0);
    struct ddb_step *step = ARENA_NEW(&req->arena, struct ddb_step);

    step->name = ddb_text_of(name);
    e->path = (struct ddb_path){step, 1};
    return e;
}

static struct ddb_expr *value_of(struct request *req, const struct ddb_value *v)
{
    struct ddb_expr *e = new_expr(req, DDB_VALUE, 0);

    e->value = v;
    return e;
}

static struct ddb_expr *compare(struct request *req, const struct comparison *c, const char *name,
                                const struct ddb_attribute *values, size_t count)
{
    struct ddb_expr *e = new_expr(req, c->kind, count + 1);

    e->function = c->function;
    e->arguments[0] = path_of(req, name);
    for (size_t i = 0; i < count; i++)
        e->arguments[i + 1] = value_of(req, &values[i].value);
    if (!c->negated)
        return e;
    struct ddb_expr *not = new_expr(req, DDB_NOT, 1);
    not ->arguments[0] = e;
    return not ;
}

/* all AND one, or all OR one. */
static struct ddb_expr *joined(struct request *req, struct ddb_expr *all, struct ddb_expr *one,
                               const char *conditional_operator)
{
    bool or = conditional_operator != NULL && str_eq(conditional_operator, "OR");

    if (all == NULL)
        return one;
    struct ddb_expr *both = new_expr(req, or ? DDB_OR : DDB_AND, 2);
    both->arguments[0] = all;
    both->arguments[1] = one;
    return both;
}

int ddb_legacy_filter(struct request *req, const struct dynamodb_FilterConditionMap *filter,
                      const char *conditional_operator, struct ddb_expr **out)
{
    for (size_t i = 0; i < filter->count; i++)
        if (ddb_legacy_check_condition(req, &filter->items[i].value) != 0)
            return -1;
    for (size_t i = 0; i < filter->count; i++) {
        const struct dynamodb_Condition *c = &filter->items[i].value;
        struct ddb_expr *e =
            compare(req, comparison_named(c->ComparisonOperator), filter->items[i].key,
                    c->AttributeValueList.items, c->AttributeValueList.count);
        *out = joined(req, *out, e, conditional_operator);
    }
    return 0;
}

/* --- Expected --- */

static int check_compared(struct request *req, const char *name,
                          const struct dynamodb_ExpectedAttributeValue *e,
                          struct dynamodb_AttributeValueList *out)
{
    const struct comparison *c = comparison_named(e->ComparisonOperator);
    bool has_value = e->Value.value.type != DDB_NONE;

    if (e->Exists.set)
        return ddb_invalid(
            req, INVALID "Exists and ComparisonOperator cannot be used together for Attribute: %s",
            name);
    if (c->max > 0 && e->AttributeValueList.items == NULL && !has_value)
        return ddb_invalid(req,
                           INVALID "Value or AttributeValueList must be used with "
                                   "ComparisonOperator: %s for Attribute: %s",
                           e->ComparisonOperator, name);
    *out = e->AttributeValueList;
    if (e->AttributeValueList.items == NULL && has_value)
        *out = (struct dynamodb_AttributeValueList){(struct ddb_attribute *)&e->Value, 1};
    return check_problems(req, out) != 0 ? -1 : check_list(req, c, out, false);
}

static int check_plain(struct request *req, const char *name,
                       const struct dynamodb_ExpectedAttributeValue *e)
{
    bool exists = VALUE_OR(e->Exists, true);
    bool has_value = e->Value.value.type != DDB_NONE;

    if (e->AttributeValueList.items != NULL)
        return ddb_invalid(
            req,
            INVALID
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: %s",
            name);
    if (exists && !has_value)
        return ddb_invalid(req,
                           INVALID "Value must be provided when Exists is %s for Attribute: %s",
                           e->Exists.set ? "true" : "null", name);
    if (!exists && has_value)
        return ddb_invalid(
            req, INVALID "Value cannot be used when Exists is false for Attribute: %s", name);
    if (e->Value.problem != NULL)
        return ddb_invalid(req, "%s", e->Value.problem);
    return 0;
}

static int expected_one(struct request *req, const char *name,
                        const struct dynamodb_ExpectedAttributeValue *e, struct ddb_expr **out)
{
    struct dynamodb_AttributeValueList values = {0};

    if (e->AttributeValueList.items != NULL && e->Value.value.type != DDB_NONE)
        return ddb_invalid(
            req, INVALID "Value and AttributeValueList cannot be used together for Attribute: %s",
            name);
    if (e->ComparisonOperator != NULL) {
        if (check_compared(req, name, e, &values) != 0)
            return -1;
        *out =
            compare(req, comparison_named(e->ComparisonOperator), name, values.items, values.count);
        return 0;
    }
    if (check_plain(req, name, e) != 0)
        return -1;
    if (VALUE_OR(e->Exists, true))
        *out = compare(req, comparison_named("EQ"), name, &e->Value, 1);
    else
        *out = compare(req, comparison_named("NULL"), name, NULL, 0);
    return 0;
}

int ddb_legacy_expected(struct request *req, const struct dynamodb_ExpectedAttributeMap *expected,
                        const char *conditional_operator, struct ddb_expr **out)
{
    if (expected->count == 0 && conditional_operator != NULL)
        return ddb_invalid(req,
                           INVALID "ConditionalOperator cannot be used without Filter or Expected");
    if (expected->count == 1 && conditional_operator != NULL)
        return ddb_invalid(req, INVALID
                           "ConditionalOperator can only be used when Filter or Expected has two "
                           "or more elements");
    for (size_t i = 0; i < expected->count; i++) {
        struct ddb_expr *e = NULL;
        if (expected_one(req, expected->items[i].key, &expected->items[i].value, &e) != 0)
            return -1;
        *out = joined(req, *out, e, conditional_operator);
    }
    return 0;
}

/* --- AttributeUpdates --- */

static int check_update(struct request *req, const struct dynamodb_AttributeValueUpdate *u)
{
    const struct ddb_value *v = &u->Value.value;
    const char *action = u->Action != NULL ? u->Action : "PUT";
    const char *type = ddb_type_name((enum ddb_type)v->type);

    if (u->Value.problem != NULL)
        return ddb_invalid(req, "%s", u->Value.problem);
    if (v->type == DDB_NONE && !str_eq(action, "DELETE"))
        return ddb_invalid(req, INVALID
                           "Only DELETE action is allowed when no attribute value is specified");
    if (v->type != DDB_NONE && str_eq(action, "DELETE") && !ddb_is_set(v))
        return ddb_invalid(req, INVALID "DELETE action with value is not supported for the type %s",
                           type);
    if (str_eq(action, "ADD") && !ddb_is_set(v) && v->type != DDB_N && v->type != DDB_L)
        return ddb_invalid(req, INVALID "ADD action is not supported for the type %s", type);
    return 0;
}

int ddb_legacy_update(struct request *req, const struct dynamodb_AttributeUpdates *updates,
                      struct ddb_update *out)
{
    *out = (struct ddb_update){.legacy = true};
    out->steps = ARENA_ARRAY(&req->arena, struct ddb_update_step, updates->count);
    for (size_t i = 0; i < updates->count; i++) {
        const struct dynamodb_AttributeValueUpdate *u = &updates->items[i].value;
        struct ddb_update_step *step = &out->steps[out->count++];
        if (check_update(req, u) != 0)
            return -1;
        step->path = path_of(req, updates->items[i].key)->path;
        step->operand = value_of(req, &u->Value.value);
        if (u->Action != NULL && str_eq(u->Action, "ADD"))
            step->action = DDB_ADD;
        else if (u->Action == NULL || str_eq(u->Action, "PUT"))
            step->action = DDB_SET;
        else
            step->action = u->Value.value.type == DDB_NONE ? DDB_REMOVE : DDB_DELETE;
    }
    return 0;
}
