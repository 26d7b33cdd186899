/*
 * WHERE of PartiQL, written as a condition expression.
 *
 * Parentheses are written only where the grammar of conditions needs them, since it refuses those
 * that change nothing.
 */
#include "handlers/dynamodb/partiql_parse.h"

#include <ctype.h>

enum level { LEVEL_OR, LEVEL_AND, LEVEL_NOT, LEVEL_PREDICATE };

/* A condition that was read: its words, how tightly they bind, and its parts if it is an AND. */
struct node {
    const char *words;
    enum level level;
    struct partiql_conjunct *parts; /* of LEVEL_AND two or more, else one */
    size_t count;
};

static struct node read_or(struct partiql_parser *p, bool infix);

static struct node one(struct partiql_parser *p, enum level level, struct partiql_text text,
                       const char *words)
{
    struct node n = {.words = words, .level = level, .count = 1};

    n.parts = ARENA_NEW(p->arena, struct partiql_conjunct);
    partiql_text_end(p, &text, words);
    n.parts[0].text = text;
    return n;
}

static const char *bound(struct partiql_parser *p, const struct node *n, enum level at_least)
{
    return n->level >= at_least ? n->words : arena_printf(p->arena, "(%s)", n->words);
}

/* --- functions --- */

static const char *const tests[] = {"attribute_exists", "attribute_not_exists", "attribute_type",
                                    "begins_with", "contains"};

static bool is_call(const struct partiql_parser *p)
{
    return p->t->kind == PARTIQL_WORD && partiql_is_sign(p->t + 1, "(");
}

static bool is_test(const struct partiql_parser *p)
{
    for (size_t i = 0; i < ARRAY_LEN(tests); i++)
        if (is_call(p) && partiql_is_word(p->t, tests[i]))
            return true;
    return false;
}

static const char *lower_case(struct arena *a, struct ddb_text text)
{
    char *lower = arena_strndup(a, text.data, text.len);

    for (size_t i = 0; i < text.len; i++)
        lower[i] = (char)tolower((uint8_t)lower[i]);
    return lower;
}

static struct partiql_operand read_operand(struct partiql_parser *p);

/* name(operand, ...), with the name in lower case */
// NOLINTNEXTLINE(misc-no-recursion)
static const char *read_call(struct partiql_parser *p)
{
    const char *name = lower_case(p->arena, p->t->text);
    const char *words = arena_printf(p->arena, "%s(", name);
    size_t count = 0;

    if (!partiql_enter(p))
        return "";
    p->t += 2;
    if (partiql_take_sign(p, ")"))
        partiql_refuse(p,
                       "Incorrect number of operands for operator or function; operator or "
                       "function: %s, number of operands: 0",
                       name);
    do {
        struct partiql_operand o = read_operand(p);
        if (p->problem == NULL)
            words = arena_printf(p->arena, "%s%s%s", words, count++ > 0 ? ", " : "", o.text);
    } while (partiql_take_sign(p, ","));
    partiql_need_sign(p, ")");
    partiql_leave(p);
    return arena_printf(p->arena, "%s)", words);
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct partiql_operand read_operand(struct partiql_parser *p)
{
    struct partiql_operand o = {.at = p->t};

    if (p->problem != NULL || !is_call(p))
        return partiql_operand(p);
    if (partiql_is_word(p->t, "size"))
        o.text = read_call(p);
    else
        partiql_refuse(p, "Unrecognized function: %s at %s", lower_case(p->arena, p->t->text),
                       partiql_position(p, p->t));
    return o;
}

/* --- predicates --- */

static const char *comparator(struct partiql_parser *p)
{
    static const char *const signs[] = {"=", "<>", "<", "<=", ">", ">="};

    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (partiql_take_sign(p, signs[i]))
            return signs[i];
    return partiql_take_sign(p, "!=") ? "<>" : NULL;
}

static struct node compare(struct partiql_parser *p, struct partiql_text text,
                           const struct partiql_operand *left, const char *sign)
{
    struct partiql_operand right = read_operand(p);
    struct node n = one(
        p, LEVEL_PREDICATE, text,
        arena_printf(p->arena, "%s %s %s", left->text, sign, right.text != NULL ? right.text : ""));
    const struct partiql_operand *path = left->path.count == 1 ? left : &right;
    const struct partiql_operand *value = path == left ? &right : left;

    if (p->problem == NULL && str_eq(sign, "=") && path->path.count == 1 && value->value != NULL) {
        n.parts[0].name = path->path.steps[0].name;
        n.parts[0].value = value->value;
    }
    return n;
}

static const char *between(struct partiql_parser *p, const struct partiql_operand *left)
{
    struct partiql_operand low = read_operand(p);

    if (!partiql_take_word(p, "and"))
        partiql_malformed(p, "Expected AND after BETWEEN");
    struct partiql_operand high = read_operand(p);
    return p->problem != NULL
               ? ""
               : arena_printf(p->arena, "%s BETWEEN %s AND %s", left->text, low.text, high.text);
}

static const char *in_list(struct partiql_parser *p, const struct partiql_operand *left)
{
    bool square = partiql_take_sign(p, "[");
    const char *words = arena_printf(p->arena, "%s IN (", left->text);
    size_t count = 0;

    if (!square)
        partiql_need_sign(p, "(");
    do {
        struct partiql_operand o = read_operand(p);
        if (p->problem == NULL)
            words = arena_printf(p->arena, "%s%s%s", words, count++ > 0 ? ", " : "", o.text);
    } while (partiql_take_sign(p, ","));
    partiql_need_sign(p, square ? "]" : ")");
    return arena_printf(p->arena, "%s)", words);
}

/* Names of types, and what attribute_type() calls them. AWS takes those of SQL as well. */
static const struct {
    const char *name;
    const char *second; /* a second word */
    const char *type;   /* NULL: AWS has no such values */
} types[] = {
    {"null", NULL, "NULL"},
    {"string", NULL, "S"},
    {"bool", NULL, "BOOL"},
    {"boolean", NULL, "BOOL"},
    {"number", NULL, "N"},
    {"int", NULL, "N"},
    {"integer", NULL, "N"},
    {"int4", NULL, "N"},
    {"int8", NULL, "N"},
    {"smallint", NULL, "N"},
    {"decimal", NULL, "N"},
    {"numeric", NULL, "N"},
    {"float", NULL, "N"},
    {"real", NULL, "N"},
    {"double", "precision", "N"},
    {"list", NULL, "L"},
    {"map", NULL, "M"},
    {"struct", NULL, "M"},
    {"tuple", NULL, "M"},
    {"binary", NULL, "B"},
    {"blob", NULL, "B"},
    {"char", NULL, "S"},
    {"character", "varying", "S"},
    {"character", NULL, "S"},
    {"varchar", NULL, "S"},
    {"stringset", NULL, "SS"},
    {"numberset", NULL, "NS"},
    {"binaryset", NULL, "BS"},
};

static const char *read_type(struct partiql_parser *p)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (!partiql_is_word(p->t, types[i].name) ||
            (types[i].second != NULL && !partiql_is_word(p->t + 1, types[i].second)))
            continue;
        p->t += types[i].second != NULL ? 2 : 1;
        return types[i].type;
    }
    partiql_malformed(p, "Expected type name");
    return "";
}

static struct node is_type(struct partiql_parser *p, struct partiql_text text,
                           const struct partiql_operand *left)
{
    bool not = partiql_take_word(p, "not");
    const char *words;

    if (partiql_take_word(p, "missing"))
        return one(p, LEVEL_PREDICATE, text,
                   arena_printf(p->arena, "attribute_%sexists(%s)", not ? "" : "not_", left->text));
    const char *type = read_type(p);
    struct ddb_value *value = ARENA_NEW(p->arena, struct ddb_value);
    *value = (struct ddb_value){.type = DDB_S, .text = ddb_text_of(type)};
    words =
        arena_printf(p->arena, "attribute_type(%s, %s)", left->text, partiql_value_text(p, value));
    return not ? one(p, LEVEL_NOT, text, arena_printf(p->arena, "NOT %s", words))
               : one(p, LEVEL_PREDICATE, text, words);
}

/* attribute_exists(a) and the like, which may be compared with true or false. */
static struct node test(struct partiql_parser *p)
{
    struct partiql_text text = partiql_text_begin(p);
    const char *words = read_call(p);
    bool equal = partiql_is_sign(p->t, "=");

    if (!equal && !partiql_is_sign(p->t, "<>") && !partiql_is_sign(p->t, "!="))
        return one(p, LEVEL_PREDICATE, text, words);
    p->t++;
    bool truth = partiql_take_word(p, "true");
    if (!truth && !partiql_take_word(p, "false"))
        partiql_malformed(p, "Unexpected term");
    if (truth == equal)
        return one(p, LEVEL_PREDICATE, text, words);
    return one(p, LEVEL_NOT, text, arena_printf(p->arena, "NOT %s", words));
}

static struct node predicate(struct partiql_parser *p)
{
    struct partiql_text text = partiql_text_begin(p);
    const struct partiql_operand left = read_operand(p);
    const char *sign;

    if (p->problem != NULL)
        return (struct node){0};
    sign = comparator(p);
    if (sign != NULL)
        return compare(p, text, &left, sign);
    if (partiql_take_word(p, "is"))
        return is_type(p, text, &left);
    bool not = partiql_take_word(p, "not");
    const char *words = "";
    if (partiql_take_word(p, "between"))
        words = between(p, &left);
    else if (partiql_take_word(p, "in"))
        words = in_list(p, &left);
    else if (partiql_is_word(p->t, "like"))
        partiql_refuse(p, "Unsupported operation: Like");
    else
        partiql_malformed(p, p->t->kind == PARTIQL_END ? "Unexpected term"
                                                       : "Unexpected token after expression");
    return not ? one(p, LEVEL_NOT, text, arena_printf(p->arena, "NOT %s", words))
               : one(p, LEVEL_PREDICATE, text, words);
}

/* --- AND, OR, NOT --- */

// NOLINTNEXTLINE(misc-no-recursion)
static struct node read_not(struct partiql_parser *p, bool infix)
{
    struct partiql_text text = partiql_text_begin(p);
    struct node n = {0};

    if (p->problem != NULL || !partiql_enter(p))
        return n;
    if (partiql_take_word(p, "not")) {
        n = read_not(p, false);
        if (p->problem == NULL)
            n = one(p, LEVEL_NOT, text,
                    arena_printf(p->arena, "NOT %s", bound(p, &n, LEVEL_PREDICATE)));
    } else if (partiql_take_sign(p, "(")) {
        n = read_or(p, false);
        partiql_need_sign(p, ")");
    } else if (is_test(p)) {
        n = test(p);
    } else if (infix && p->t->kind == PARTIQL_END) {
        partiql_malformed(p, "Missing right-hand side expression of infix operator");
    } else {
        n = predicate(p);
    }
    partiql_leave(p);
    return n;
}

static void append_parts(struct partiql_parser *p, struct node *all, const struct node *more)
{
    struct partiql_conjunct *parts =
        ARENA_ARRAY(p->arena, struct partiql_conjunct, all->count + more->count);

    for (size_t i = 0; i < all->count; i++)
        parts[i] = all->parts[i];
    for (size_t i = 0; i < more->count; i++) {
        parts[all->count + i] = more->parts[i];
        if (more->level == LEVEL_OR)
            parts[all->count + i].text.text = bound(p, more, LEVEL_AND);
    }
    all->parts = parts;
    all->count += more->count;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct node read_and(struct partiql_parser *p, bool infix)
{
    struct node n = read_not(p, infix);

    if (!partiql_is_word(p->t, "and"))
        return n;
    if (p->problem == NULL && n.parts != NULL && n.level == LEVEL_OR) {
        n.words = bound(p, &n, LEVEL_AND);
        n.parts[0].text.text = n.words;
    }
    n.level = LEVEL_AND;
    while (partiql_take_word(p, "and")) {
        struct node more = read_not(p, true);
        if (p->problem != NULL)
            return n;
        n.words = arena_printf(p->arena, "%s AND %s", n.words, bound(p, &more, LEVEL_AND));
        append_parts(p, &n, &more);
    }
    return n;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct node read_or(struct partiql_parser *p, bool infix)
{
    struct partiql_text text = partiql_text_begin(p);
    struct node n = read_and(p, infix);

    while (partiql_take_word(p, "or")) {
        struct node more = read_and(p, true);
        if (p->problem != NULL)
            return n;
        n = one(p, LEVEL_OR, text, arena_printf(p->arena, "%s OR %s", n.words, more.words));
    }
    return n;
}

void partiql_where(struct partiql_parser *p)
{
    struct partiql_text text = partiql_text_begin(p);
    struct node n = read_or(p, false);

    partiql_text_end(p, &text, n.words);
    p->out->where = text;
    p->out->conjuncts = n.parts;
    p->out->conjunct_count = n.count;
}
