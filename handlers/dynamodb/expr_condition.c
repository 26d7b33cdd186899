/*
 * The grammar of conditions, filters and key conditions:
 *
 *   or         = and *("OR" and)
 *   and        = not *("AND" not)
 *   not        = ["NOT"] comparison
 *   comparison = unit [comparator unit / "BETWEEN" unit "AND" unit / "IN" "(" unit *("," unit) ")"]
 *   unit       = "(" or ")" / function "(" unit *("," unit) ")" / :value / path
 *
 * Parentheses may hold a condition or an operand, and only what follows them tells which; so one
 * rule reads both, and whoever needs a condition or an operand checks that it got one.
 */
#include "handlers/dynamodb/expr_parse.h"

/* Deeper nesting can only be redundant parentheses or too many operators. */
enum { DEPTH_MAX = 100 };

static struct ddb_expr *parse_or(struct ddb_parser *p);

static bool is_keyword(const struct ddb_token *t)
{
    static const char *const words[] = {"AND", "OR", "NOT", "BETWEEN", "IN"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (ddb_token_is_word(t, words[i]))
            return true;
    return false;
}

static bool is_condition(const struct ddb_expr *e)
{
    if (e->kind == DDB_FUNCTION)
        return e->function != DDB_FN_SIZE;
    return e->kind >= DDB_EQ;
}

/* --- what may be wrong with an operand or a function --- */

static void check_operand(struct ddb_parser *p, const struct ddb_expr *e)
{
    if (e->kind == DDB_FUNCTION && e->function != DDB_FN_SIZE)
        ddb_fault(p, FAULT_MISUSE,
                  "The function is not allowed to be used this way in an expression; function: "
                  "%.*s",
                  (int)e->name.len, e->name.data);
    else if (e->kind >= DDB_EQ)
        ddb_syntax_error(p);
}

static bool same_path(struct ddb_parser *p, const struct ddb_expr *a, const struct ddb_expr *b)
{
    return a->kind == DDB_PATH && b->kind == DDB_PATH &&
           str_eq(ddb_path_print(&a->path, p->arena), ddb_path_print(&b->path, p->arena));
}

static void check_distinct(struct ddb_parser *p, struct ddb_text operator,
                           struct ddb_expr * const * operands, size_t count)
{
    if (count == 2 && same_path(p, operands[0], operands[1]))
        ddb_fault(
            p, FAULT_DISTINCT,
            "The first operand must be distinct from the remaining operands for this operator or "
            "function; operator: %.*s, first operand: %s",
            (int)operator.len, operator.data, ddb_path_print(&operands[0]->path, p->arena));
}

static void fault_type(struct ddb_parser *p, const struct ddb_expr *f, const char *type)
{
    ddb_fault(p, FAULT_TYPE,
              "Incorrect operand type for operator or function; operator or function: %.*s, "
              "operand type: %s",
              (int)f->name.len, f->name.data, type);
}

/* The type that an operand is known to have before any item is seen; DDB_NONE: any. */
static enum ddb_type type_of(const struct ddb_expr *e)
{
    if (e->kind == DDB_VALUE && e->value != NULL)
        return (enum ddb_type)e->value->type;
    return e->kind == DDB_FUNCTION && e->function == DDB_FN_SIZE ? DDB_N : DDB_NONE;
}

static void check_begins_with(struct ddb_parser *p, const struct ddb_expr *f)
{
    for (size_t i = 0; i < f->count; i++) {
        enum ddb_type type = type_of(f->arguments[i]);
        if (type != DDB_NONE && type != DDB_S && type != DDB_B)
            fault_type(p, f, ddb_type_name(type));
    }
}

static void check_attribute_type(struct ddb_parser *p, const struct ddb_expr *f)
{
    const struct ddb_expr *type = f->arguments[1];

    if (type->kind == DDB_VALUE && type->value == NULL)
        return; /* not defined: noted already */
    if (type_of(type) != DDB_S) {
        /* AWS: these are the types that a path may have, in the order of its set. */
        fault_type(p, f,
                   type_of(type) != DDB_NONE ? ddb_type_name(type_of(type))
                                             : "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
        return;
    }
    if (ddb_type_named(type->value->text) == DDB_NONE)
        ddb_fault(p, FAULT_TYPE,
                  "Invalid attribute type name found; type: %.*s, valid types: "
                  "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
                  (int)type->value->text.len, type->value->text.data);
}

static void check_size(struct ddb_parser *p, const struct ddb_expr *f)
{
    enum ddb_type type = type_of(f->arguments[0]);

    if (type == DDB_N || type == DDB_BOOL || type == DDB_NULL)
        fault_type(p, f, ddb_type_name(type));
}

static void check_function(struct ddb_parser *p, const struct ddb_expr *f)
{
    static const uint8_t operands[] = {
        [DDB_FN_ATTRIBUTE_EXISTS] = 1, [DDB_FN_ATTRIBUTE_NOT_EXISTS] = 1,
        [DDB_FN_ATTRIBUTE_TYPE] = 2,   [DDB_FN_BEGINS_WITH] = 2,
        [DDB_FN_CONTAINS] = 2,         [DDB_FN_SIZE] = 1,
    };

    if (f->function == DDB_FN_UNKNOWN || f->function > DDB_FN_SIZE) {
        ddb_fault(p, FAULT_FUNCTION, "Invalid function name; function: %.*s", (int)f->name.len,
                  f->name.data);
        return;
    }
    if (f->count != operands[f->function]) {
        ddb_fault(p, FAULT_COUNT,
                  "Incorrect number of operands for operator or function; operator or function: "
                  "%.*s, number "
                  "of operands: %zu",
                  (int)f->name.len, f->name.data, f->count);
        return;
    }
    check_distinct(p, f->name, f->arguments, f->count);
    if (f->function == DDB_FN_BEGINS_WITH)
        check_begins_with(p, f);
    else if (f->function == DDB_FN_ATTRIBUTE_TYPE)
        check_attribute_type(p, f);
    else if (f->function == DDB_FN_SIZE)
        check_size(p, f);
    else if (f->function != DDB_FN_CONTAINS && f->arguments[0]->kind != DDB_PATH)
        ddb_fault(p, FAULT_TYPE,
                  "Operator or function requires a document path; operator or function: %.*s",
                  (int)f->name.len, f->name.data);
}

static const char *print_value(struct ddb_parser *p, const struct ddb_value *v)
{
    struct strbuf text = STRBUF_INIT(1 << 20);

    if (v->type == DDB_S || v->type == DDB_N)
        return arena_printf(p->arena, "%s:%.*s", ddb_type_name(v->type), (int)v->text.len,
                            v->text.data);
    ddb_value_write(&text, v);
    const char *copy = arena_strndup(p->arena, text.data, text.len);
    strbuf_release(&text);
    return copy;
}

/* Strings, numbers and binaries have an order, nothing else. */
static void check_ordered(struct ddb_parser *p, struct ddb_text operator,
                          struct ddb_expr * const * operands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum ddb_type type = type_of(operands[i]);
        if (type != DDB_NONE && type != DDB_S && type != DDB_N && type != DDB_B)
            ddb_fault(
                p, FAULT_TYPE,
                "Incorrect operand type for operator or function; operator or function: %.*s, "
                "operand type: %s",
                (int)operator.len, operator.data, ddb_type_name(type));
    }
}

static void check_between(struct ddb_parser *p, const struct ddb_expr *low,
                          const struct ddb_expr *high)
{
    if (low->kind != DDB_VALUE || high->kind != DDB_VALUE || low->value == NULL ||
        high->value == NULL)
        return;
    if (low->value->type != high->value->type)
        ddb_fault(
            p, FAULT_TYPE,
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound "
            "operand: AttributeValue: {%s}, upper bound operand: AttributeValue: {%s}",
            print_value(p, low->value), print_value(p, high->value));
    else if (ddb_compare(DDB_GT, low->value, high->value))
        ddb_fault(p, FAULT_TYPE,
                  "The BETWEEN operator requires upper bound to be greater than or equal to lower "
                  "bound; lower "
                  "bound operand: AttributeValue: {%s}, upper bound operand: AttributeValue: {%s}",
                  print_value(p, low->value), print_value(p, high->value));
}

/* AWS: of one condition the first class counts, of several the first condition. */
static void end_condition(struct ddb_parser *p)
{
    static const enum ddb_fault classes[] = {FAULT_NAME, FAULT_COUNT, FAULT_DISTINCT, FAULT_TYPE};

    for (size_t i = 0; i < ARRAY_LEN(classes); i++)
        if (p->faults[classes[i]] != NULL)
            ddb_fault(p, FAULT_CONDITION, "%s", p->faults[classes[i]]);
}

/* --- the grammar --- */

/* unit *("," unit) ")" , appended to the arguments of e. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool parse_arguments(struct ddb_parser *p, struct ddb_expr *e)
{
    size_t capacity = e->count;

    do {
        struct ddb_expr *argument = parse_or(p);
        if (argument == NULL)
            return false;
        check_operand(p, argument);
        if (e->count == capacity) {
            capacity = capacity * 2 + 4;
            struct ddb_expr **more = ARENA_ARRAY(p->arena, struct ddb_expr *, capacity);
            for (size_t i = 0; i < e->count; i++)
                more[i] = e->arguments[i];
            e->arguments = more;
        }
        e->arguments[e->count++] = argument;
    } while (ddb_take(p, ","));
    return !ddb_stopped(p) && ddb_need(p, ")");
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_function(struct ddb_parser *p)
{
    const struct ddb_token *t = ddb_peek(p);
    struct ddb_expr *f = ddb_expr_new(p, DDB_FUNCTION, 0);

    f->name = (struct ddb_text){t->start, t->len};
    f->function = (uint8_t)ddb_function_named(f->name);
    p->at += 2; /* the name and its parenthesis */
    ddb_count_operator(p);
    if (!parse_arguments(p, f))
        return NULL;
    check_function(p, f);
    return f;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_parens(struct ddb_parser *p)
{
    p->at++;
    if (++p->depth > DEPTH_MAX) {
        ddb_fault(p, FAULT_SYNTAX, "The expression has redundant parentheses;");
        return NULL;
    }
    struct ddb_expr *inner = parse_or(p);
    if (inner == NULL || !ddb_need(p, ")"))
        return NULL;
    p->depth--;
    if (inner->in_parens)
        ddb_fault(p, FAULT_PARENS, "The expression has redundant parentheses;");
    inner->in_parens = true;
    /* AWS: (a.b)[0] is a path too. */
    if (inner->kind == DDB_PATH && !ddb_parse_steps(p, &inner->path))
        return NULL;
    return inner;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_unit(struct ddb_parser *p)
{
    const struct ddb_token *t = ddb_peek(p);

    if (ddb_stopped(p))
        return NULL;
    if (ddb_token_is(t, "("))
        return parse_parens(p);
    if (t->kind == TOKEN_INPUT) {
        struct ddb_expr *e = ddb_expr_new(p, DDB_VALUE, 0);
        e->value = ddb_parse_input(p);
        return e;
    }
    if ((t->kind != TOKEN_WORD && t->kind != TOKEN_NAME) || is_keyword(t)) {
        ddb_syntax_error(p);
        return NULL;
    }
    if (t->kind == TOKEN_WORD && ddb_token_is(t + 1, "("))
        return parse_function(p);
    struct ddb_expr *e = ddb_expr_new(p, DDB_PATH, 0);
    return ddb_parse_path(p, &e->path) ? e : NULL;
}

/* An operand; a condition there is a syntax error or a misuse. */
// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_operand(struct ddb_parser *p)
{
    struct ddb_expr *e = parse_unit(p);

    if (e != NULL)
        check_operand(p, e);
    return ddb_stopped(p) ? NULL : e;
}

static enum ddb_expr_kind comparator(const struct ddb_token *t)
{
    static const struct {
        const char *text;
        enum ddb_expr_kind kind;
    } all[] = {{"=", DDB_EQ},  {"<>", DDB_NE}, {"<", DDB_LT},
               {"<=", DDB_LE}, {">", DDB_GT},  {">=", DDB_GE}};

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (ddb_token_is(t, all[i].text))
            return all[i].kind;
    abort(); /* the tokenizer makes no others */
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_between(struct ddb_parser *p, struct ddb_expr *left)
{
    struct ddb_expr *e = ddb_expr_new(p, DDB_BETWEEN, 3);

    e->count = 3;
    e->arguments[0] = left;
    if ((e->arguments[1] = parse_operand(p)) == NULL)
        return NULL;
    if (!ddb_take_word(p, "AND")) {
        ddb_syntax_error(p);
        return NULL;
    }
    if ((e->arguments[2] = parse_operand(p)) == NULL)
        return NULL;
    check_ordered(p, (struct ddb_text){"BETWEEN", strlen("BETWEEN")}, e->arguments, e->count);
    check_between(p, e->arguments[1], e->arguments[2]);
    return e;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_in(struct ddb_parser *p, struct ddb_expr *left)
{
    struct ddb_expr *e = ddb_expr_new(p, DDB_IN, 1);

    e->count = 1;
    e->arguments[0] = left;
    if (!ddb_need(p, "(") || !parse_arguments(p, e))
        return NULL;
    if (e->count - 1 > DDB_IN_MAX)
        ddb_fault(p, FAULT_COUNT,
                  "The IN operator is provided with too many operands; number of operands: %zu",
                  e->count - 1);
    return e;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_compared(struct ddb_parser *p, struct ddb_expr *left)
{
    const struct ddb_token *t = ddb_peek(p);

    ddb_count_operator(p);
    p->at++;
    if (ddb_token_is_word(t, "BETWEEN"))
        return parse_between(p, left);
    if (ddb_token_is_word(t, "IN"))
        return parse_in(p, left);
    struct ddb_expr *e = ddb_expr_new(p, comparator(t), 2);
    e->count = 2;
    e->arguments[0] = left;
    if ((e->arguments[1] = parse_operand(p)) == NULL)
        return NULL;
    check_distinct(p, (struct ddb_text){t->start, t->len}, e->arguments, 2);
    if (e->kind != DDB_EQ && e->kind != DDB_NE)
        check_ordered(p, (struct ddb_text){t->start, t->len}, e->arguments, 2);
    return e;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_comparison(struct ddb_parser *p)
{
    struct ddb_expr *left = parse_unit(p);
    const struct ddb_token *t = ddb_peek(p);

    if (left == NULL)
        return NULL;
    if (t->kind == TOKEN_COMPARATOR || ddb_token_is_word(t, "BETWEEN") ||
        ddb_token_is_word(t, "IN")) {
        check_operand(p, left);
        left = ddb_stopped(p) ? NULL : parse_compared(p, left);
    }
    if (left != NULL && is_condition(left) && left->kind != DDB_AND && left->kind != DDB_OR)
        end_condition(p);
    return left;
}

/* What stands where a condition must: a path or value is a syntax error at the token behind it. */
static bool check_condition(struct ddb_parser *p, const struct ddb_expr *e)
{
    if (is_condition(e))
        return true;
    if (e->kind == DDB_FUNCTION) {
        ddb_fault(p, FAULT_MISUSE,
                  "The function is not allowed to be used this way in an expression; function: "
                  "%.*s",
                  (int)e->name.len, e->name.data);
        return true;
    }
    ddb_syntax_error(p);
    return false;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_not(struct ddb_parser *p)
{
    int nots = 0;

    while (ddb_take_word(p, "NOT")) {
        ddb_count_operator(p);
        nots++;
    }
    struct ddb_expr *e = parse_comparison(p);
    if (e == NULL || nots == 0)
        return e;
    if (!check_condition(p, e))
        return NULL;
    for (; nots > 0; nots--) {
        struct ddb_expr *not = ddb_expr_new(p, DDB_NOT, 1);
        not ->count = 1;
        not ->arguments[0] = e;
        e = not ;
    }
    return e;
}

/* next *(word next), as a tree that leans to the left. */
// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_chain(struct ddb_parser *p, const char *word, enum ddb_expr_kind kind,
                                    struct ddb_expr *(*next)(struct ddb_parser *))
{
    struct ddb_expr *left = next(p);

    while (left != NULL && ddb_token_is_word(ddb_peek(p), word)) {
        if (!check_condition(p, left))
            return NULL;
        p->at++;
        ddb_count_operator(p);
        struct ddb_expr *right = next(p);
        if (right == NULL || !check_condition(p, right))
            return NULL;
        struct ddb_expr *both = ddb_expr_new(p, kind, 2);
        both->count = 2;
        both->arguments[0] = left;
        both->arguments[1] = right;
        left = both;
    }
    return ddb_stopped(p) ? NULL : left;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_and(struct ddb_parser *p)
{
    return parse_chain(p, "AND", DDB_AND, parse_not);
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_or(struct ddb_parser *p)
{
    return parse_chain(p, "OR", DDB_OR, parse_and);
}

const char *ddb_condition_parse(struct ddb_names *n, const char *text, struct ddb_expr **out)
{
    struct ddb_parser p;
    const char *problem = ddb_parser_init(&p, n, text);

    if (problem != NULL)
        return problem;
    p.undefined = FAULT_NAME; /* AWS: names and values are one class here */
    struct ddb_expr *e = parse_or(&p);
    if (e != NULL && ddb_peek(&p)->kind != TOKEN_END)
        ddb_syntax_error(&p);
    else if (e != NULL)
        check_condition(&p, e);
    *out = e;
    return ddb_parser_problem(&p);
}

// NOLINTNEXTLINE(misc-no-recursion)
bool ddb_expr_paths(const struct ddb_expr *e,
                    bool (*visit)(void *context, const struct ddb_path *path), void *context)
{
    if (e->kind == DDB_PATH)
        return visit(context, &e->path);
    for (size_t i = 0; i < e->count; i++)
        if (!ddb_expr_paths(e->arguments[i], visit, context))
            return false;
    return true;
}
