/* Key conditions: see key_condition.h. */
#include "handlers/dynamodb/key_condition.h"

#include "handlers/dynamodb/key.h"
#include "handlers/dynamodb/legacy.h"

#define INVALID "One or more parameter values were invalid: "
#define BAD_CONDITION "Invalid condition in KeyConditionExpression: "

/* --- from expressions --- */

static struct ddb_key_condition *condition_on(struct ddb_key_conditions *all, struct ddb_text name)
{
    for (size_t i = 0; i < all->count; i++)
        if (ddb_text_equal(all->items[i].name, name))
            return &all->items[i];
    return NULL;
}

static const char *operator_problem(const struct ddb_expr *e, struct arena *a)
{
    static const char *const words[] = {
        [DDB_OR] = "OR", [DDB_NOT] = "NOT", [DDB_IN] = "IN", [DDB_NE] = "<>"};

    if (e->kind == DDB_OR || e->kind == DDB_NOT || e->kind == DDB_IN || e->kind == DDB_NE)
        return arena_printf(a, "Invalid operator used in KeyConditionExpression: %s",
                            words[e->kind]);
    if (e->kind == DDB_FUNCTION && e->function != DDB_FN_BEGINS_WITH)
        return arena_printf(a, "Invalid operator used in KeyConditionExpression: %.*s",
                            (int)e->name.len, e->name.data);
    if (e->kind == DDB_BETWEEN && e->arguments[0]->kind != DDB_PATH)
        return BAD_CONDITION "BETWEEN operator must have the key attribute as its first operand";
    if (e->kind == DDB_FUNCTION && e->arguments[0]->kind != DDB_PATH)
        return BAD_CONDITION
            "begins_with operator must have the key attribute as its first operand";
    return NULL;
}

static const char *path_problem(const struct ddb_expr *e, const struct ddb_expr **out_path)
{
    *out_path = NULL;
    for (size_t i = 0; i < e->count; i++) {
        if (e->arguments[i]->kind == DDB_FUNCTION)
            return "KeyConditionExpressions cannot contain nested operations";
        if (e->arguments[i]->kind != DDB_PATH)
            continue;
        if (*out_path != NULL)
            return BAD_CONDITION "Multiple attribute names used in one condition";
        if (e->arguments[i]->path.count > 1)
            return "KeyConditionExpressions cannot have conditions on nested attributes";
        *out_path = e->arguments[i];
    }
    return *out_path != NULL ? NULL : BAD_CONDITION "No key attribute specified";
}

static uint8_t turned_round(uint8_t kind)
{
    static const uint8_t others[] = {[DDB_EQ] = DDB_EQ,
                                     [DDB_LT] = DDB_GT,
                                     [DDB_LE] = DDB_GE,
                                     [DDB_GT] = DDB_LT,
                                     [DDB_GE] = DDB_LE};

    return kind < sizeof others ? others[kind] : kind;
}

// NOLINTNEXTLINE(misc-no-recursion)
const char *ddb_key_conditions_of(const struct ddb_expr *e, struct ddb_key_conditions *out,
                                  struct arena *a)
{
    const struct ddb_expr *path;

    if (e->kind == DDB_AND) {
        const char *problem = ddb_key_conditions_of(e->arguments[0], out, a);
        return problem != NULL ? problem : ddb_key_conditions_of(e->arguments[1], out, a);
    }
    const char *problem = operator_problem(e, a);
    if (problem == NULL)
        problem = path_problem(e, &path);
    if (problem != NULL)
        return problem;
    if (condition_on(out, path->path.steps[0].name) != NULL)
        return "KeyConditionExpressions must only contain one condition per key";
    if (out->count == DDB_KEY_CONDITIONS_MAX)
        return "Conditions can be of length 1 or 2 only";
    struct ddb_key_condition *c = &out->items[out->count++];
    bool reversed = e->arguments[0] != path;
    *c = (struct ddb_key_condition){.name = path->path.steps[0].name,
                                    .kind = reversed ? turned_round(e->kind) : e->kind};
    for (size_t i = 0, v = 0; i < e->count && v < 2; i++)
        if (e->arguments[i] != path)
            c->values[v++] = e->arguments[i]->value;
    return NULL;
}

/* --- from KeyConditions --- */

int ddb_key_conditions_legacy(struct request *req, const struct dynamodb_KeyConditions *in,
                              struct ddb_key_conditions *out)
{
    static const struct {
        const char *name;
        uint8_t kind;
    } operators[] = {{"EQ", DDB_EQ},
                     {"LT", DDB_LT},
                     {"LE", DDB_LE},
                     {"GT", DDB_GT},
                     {"GE", DDB_GE},
                     {"BETWEEN", DDB_BETWEEN},
                     {"BEGINS_WITH", DDB_FUNCTION}};

    for (size_t i = 0; i < in->count; i++)
        if (ddb_legacy_check_condition(req, &in->items[i].value) != 0)
            return -1;
    for (size_t i = 0; i < in->count && out->count < DDB_KEY_CONDITIONS_MAX; i++) {
        const struct dynamodb_Condition *c = &in->items[i].value;
        struct ddb_key_condition *k = &out->items[out->count++];
        *k = (struct ddb_key_condition){.name = ddb_text_of(in->items[i].key), .kind = DDB_NOT};
        for (size_t o = 0; o < ARRAY_LEN(operators); o++)
            if (str_eq(c->ComparisonOperator, operators[o].name))
                k->kind = operators[o].kind;
        for (size_t v = 0; v < c->AttributeValueList.count && v < 2; v++)
            k->values[v] = &c->AttributeValueList.items[v].value;
    }
    return 0;
}

/* --- ranges --- */

static const char *check_condition(const struct ddb_key_condition *c,
                                   const struct ddb_key_part *part)
{
    if (c->kind == DDB_NOT)
        return "Attempted conditional constraint is not an indexable operation";
    for (int i = 0; i < 2; i++)
        if (c->values[i] != NULL && c->values[i]->type != part->type)
            return INVALID "Condition parameter type does not match schema type";
    return NULL;
}

static const char *empty_problem(const struct ddb_key_part *part, const struct ddb_value *v,
                                 struct arena *a)
{
    if (v->type == DDB_N || v->text.len > 0)
        return NULL;
    return arena_printf(a,
                        "One or more parameter values are not valid. The AttributeValue for a key "
                        "attribute cannot contain an empty %s value. Key: %s",
                        v->type == DDB_S ? "string" : "binary", part->name.data);
}

static struct bytes with_zero(struct bytes b, struct arena *a)
{
    uint8_t *out = arena_alloc(a, b.len + 1);

    memcpy(out, b.data, b.len);
    out[b.len] = 0;
    return (struct bytes){out, b.len + 1};
}

/* The first bytes behind all that begin with b; no data when there are none. */
static struct bytes after_prefix(struct bytes b, struct arena *a)
{
    uint8_t *out = arena_memdup(a, b.data, b.len);
    size_t len = b.len;

    while (len > 0 && out[len - 1] == 0xff)
        len--;
    if (len == 0)
        return (struct bytes){0};
    out[len - 1]++;
    return (struct bytes){out, len};
}

/* What the sort key's parts up to `count` are equal to, and how the next compares; `total` parts in
 * all. */
struct sort_condition {
    const struct ddb_value *values[DDB_KEY_PARTS_MAX];
    size_t count;
    const struct ddb_key_condition *last; /* NULL: none */
    size_t total;
};

static struct bytes bytes_with(const struct sort_condition *s, const struct ddb_value *v,
                               struct arena *a)
{
    const struct ddb_value *values[DDB_KEY_PARTS_MAX];

    for (size_t i = 0; i < s->count; i++)
        values[i] = s->values[i];
    values[s->count] = v;
    return ddb_key_bytes(values, s->count + 1, s->total, a);
}

/* Past every key that has these bytes as its parts so far. */
static struct bytes past(const struct sort_condition *s, struct bytes b, struct arena *a)
{
    return s->count + 1 == s->total ? with_zero(b, a) : after_prefix(b, a);
}

/* begins_with: the value's bytes without the end mark of several parts. */
static void prefix_range(const struct sort_condition *s, struct arena *a, struct ddb_range *out)
{
    out->from = bytes_with(s, s->last->values[0], a);
    if (s->total > 1)
        out->from.len -= 2;
    out->to = after_prefix(out->from, a);
}

static void sort_range(const struct sort_condition *s, struct arena *a, struct ddb_range *out)
{
    if (s->count > 0) {
        out->from = ddb_key_bytes(s->values, s->count, s->total, a);
        out->to = s->count == s->total ? with_zero(out->from, a) : after_prefix(out->from, a);
    }
    if (s->last == NULL)
        return;
    if (s->last->kind == DDB_FUNCTION) {
        prefix_range(s, a, out);
        return;
    }
    struct bytes b = bytes_with(s, s->last->values[0], a);
    switch (s->last->kind) {
    case DDB_LT:
        out->to = b;
        break;
    case DDB_LE:
        out->to = past(s, b, a);
        break;
    case DDB_GT:
        out->from = past(s, b, a);
        break;
    case DDB_GE:
        out->from = b;
        break;
    default: /* BETWEEN */
        out->from = b;
        out->to = past(s, bytes_with(s, s->last->values[1], a), a);
        break;
    }
}

/* How many of the conditions are on parts of the schema. */
static const char *missing_part(const struct ddb_key_schema *schema,
                                const struct ddb_key_conditions *all, struct arena *a)
{
    struct ddb_key_conditions *conditions = (struct ddb_key_conditions *)all;

    for (int i = 0; i < schema->hash_count; i++)
        if (condition_on(conditions, schema->hash[i].name) == NULL)
            return arena_printf(a, "Query condition missed key schema element: %s",
                                schema->hash[i].name.data);
    for (int i = 0; i < schema->range_count; i++)
        if (condition_on(conditions, schema->range[i].name) == NULL)
            return arena_printf(a, "Query condition missed key schema element: %s",
                                schema->range[i].name.data);
    return NULL;
}

static const char *take_hash(const struct ddb_key_schema *schema, struct ddb_key_conditions *all,
                             const struct ddb_value **values, struct arena *a)
{
    for (int i = 0; i < schema->hash_count; i++) {
        const struct ddb_key_part *part = &schema->hash[i];
        const struct ddb_key_condition *c = condition_on(all, part->name);
        if (schema->hash_count == 1 && schema->range_count == 0 && all->count > 1)
            return "Query key condition not supported";
        if (c == NULL)
            return arena_printf(a, "Query condition missed key schema element: %s",
                                part->name.data);
        const char *problem = check_condition(c, part);
        if (problem == NULL && c->kind != DDB_EQ)
            problem = "Query key condition not supported";
        if (problem == NULL)
            problem = empty_problem(part, c->values[0], a);
        if (problem != NULL)
            return problem;
        values[i] = c->values[0];
    }
    return NULL;
}

/* AWS: from left to right, and after an inequality nothing more. */
static const char *take_range(const struct ddb_key_schema *schema, struct ddb_key_conditions *all,
                              struct sort_condition *out, struct arena *a)
{
    size_t used = schema->hash_count;

    out->total = schema->range_count;
    for (int i = 0; i < schema->range_count; i++) {
        const struct ddb_key_part *part = &schema->range[i];
        const struct ddb_key_condition *c = condition_on(all, part->name);
        if (c == NULL)
            break;
        const char *problem = check_condition(c, part);
        if (problem == NULL && out->last != NULL)
            problem = "Query key condition not supported";
        if (problem == NULL && c->kind == DDB_EQ)
            problem = empty_problem(part, c->values[0], a);
        if (problem != NULL)
            return problem;
        if (c->kind == DDB_EQ)
            out->values[out->count++] = c->values[0];
        else
            out->last = c;
        used++;
    }
    return used < all->count ? missing_part(schema, all, a) : NULL;
}

const char *ddb_key_partition(const struct ddb_key_schema *schema,
                              const struct ddb_key_conditions *conditions, struct arena *a,
                              struct ddb_range *out)
{
    struct ddb_key_conditions *all = (struct ddb_key_conditions *)conditions;
    const struct ddb_value *hash[DDB_KEY_PARTS_MAX];
    bool simple = schema->hash_count == 1 && schema->range_count <= 1;

    if (all->count == 0 || (simple && all->count > 2))
        return "Conditions can be of length 1 or 2 only";
    const char *problem = take_hash(schema, all, hash, a);
    if (problem != NULL)
        return problem;
    out->partition.pk = ddb_key_bytes(hash, schema->hash_count, schema->hash_count, a);
    out->partition.bucket = ddb_key_bucket(out->partition.pk);
    return NULL;
}

const char *ddb_key_range(const struct ddb_key_schema *schema,
                          const struct ddb_key_conditions *conditions, struct arena *a,
                          struct ddb_range *out)
{
    struct sort_condition sort = {0};
    const char *problem = take_range(schema, (struct ddb_key_conditions *)conditions, &sort, a);

    if (problem == NULL)
        sort_range(&sort, a, out);
    return problem;
}
