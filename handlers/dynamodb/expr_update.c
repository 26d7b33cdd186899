/*
 * The grammar of update expressions:
 *
 *   update  = 1*section
 *   section = "SET" path "=" value *("," path "=" value) / "REMOVE" path *("," path)
 *           / "ADD" path :value *("," path :value) / "DELETE" path :value *("," path :value)
 *   value   = operand [("+" / "-") operand]
 *   operand = "(" value ")" / function "(" value *("," value) ")" / :value / path
 *
 * What an update does is in expr_apply.c.
 */
#include "handlers/dynamodb/expr_parse.h"

enum { DEPTH_MAX = 100 };

static const char *const sections[] = {"SET", "REMOVE", "ADD", "DELETE"};

struct update_parser {
    struct ddb_parser p;
    struct ddb_update *out;
    size_t capacity;
    struct ddb_path *paths;
    bool seen[ARRAY_LEN(sections)];
};

static struct ddb_expr *parse_value(struct ddb_parser *p);

static bool is_section(const struct ddb_token *t)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        if (ddb_token_is_word(t, sections[i]))
            return true;
    return false;
}

/* The type that an operand is known to have; DDB_NONE: any. */
static enum ddb_type type_of(const struct ddb_expr *e)
{
    return e->kind == DDB_VALUE && e->value != NULL ? (enum ddb_type)e->value->type : DDB_NONE;
}

static void check_types(struct ddb_parser *p, const struct ddb_expr *e, struct ddb_text name,
                        enum ddb_type type)
{
    for (size_t i = 0; i < e->count; i++) {
        enum ddb_type found = type_of(e->arguments[i]);
        if (found != DDB_NONE && found != type)
            ddb_fault(p, FAULT_TYPE,
                      "Incorrect operand type for operator or function; operator or function: "
                      "%.*s, operand "
                      "type: %s",
                      (int)name.len, name.data, ddb_type_name(found));
    }
}

static void check_function(struct ddb_parser *p, const struct ddb_expr *f)
{
    if (f->function != DDB_FN_IF_NOT_EXISTS && f->function != DDB_FN_LIST_APPEND) {
        ddb_fault(p, FAULT_FUNCTION, "Invalid function name; function: %.*s", (int)f->name.len,
                  f->name.data);
        return;
    }
    if (f->count != 2) {
        ddb_fault(p, FAULT_TYPE,
                  "Incorrect number of operands for operator or function; operator or function: "
                  "%.*s, number "
                  "of operands: %zu",
                  (int)f->name.len, f->name.data, f->count);
        return;
    }
    if (f->function == DDB_FN_LIST_APPEND)
        check_types(p, f, f->name, DDB_L);
    else if (f->arguments[0]->kind != DDB_PATH)
        ddb_fault(p, FAULT_TYPE,
                  "Operator or function requires a document path; operator or function: %.*s",
                  (int)f->name.len, f->name.data);
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_function(struct ddb_parser *p)
{
    enum { ARGUMENTS_MAX = 16 };
    const struct ddb_token *t = ddb_peek(p);
    struct ddb_expr *f = ddb_expr_new(p, DDB_FUNCTION, ARGUMENTS_MAX);

    f->name = (struct ddb_text){t->start, t->len};
    f->function = (uint8_t)ddb_function_named(f->name);
    p->at += 2; /* the name and its parenthesis */
    ddb_count_operator(p);
    do {
        struct ddb_expr *argument = parse_value(p);
        if (argument == NULL)
            return NULL;
        if (f->count < ARGUMENTS_MAX)
            f->arguments[f->count] = argument;
        f->count++;
    } while (ddb_take(p, ","));
    if (!ddb_need(p, ")"))
        return NULL;
    check_function(p, f);
    f->count = MIN(f->count, (size_t)ARGUMENTS_MAX);
    return f;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_operand(struct ddb_parser *p)
{
    const struct ddb_token *t = ddb_peek(p);
    struct ddb_expr *e;

    if (ddb_stopped(p))
        return NULL;
    if (ddb_take(p, "(")) {
        if (++p->depth > DEPTH_MAX) {
            ddb_fault(p, FAULT_SYNTAX, "The expression has redundant parentheses;");
            return NULL;
        }
        e = parse_value(p);
        p->depth--;
        return e != NULL && ddb_need(p, ")") ? e : NULL;
    }
    if (t->kind == TOKEN_INPUT) {
        e = ddb_expr_new(p, DDB_VALUE, 0);
        e->value = ddb_parse_input(p);
        return e;
    }
    if (is_section(t)) {
        ddb_syntax_error(p);
        return NULL;
    }
    if (t->kind == TOKEN_WORD && ddb_token_is(t + 1, "("))
        return parse_function(p);
    e = ddb_expr_new(p, DDB_PATH, 0);
    return ddb_parse_path(p, &e->path) ? e : NULL;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_expr *parse_value(struct ddb_parser *p)
{
    struct ddb_expr *left = parse_operand(p);
    const struct ddb_token *t = ddb_peek(p);

    if (left == NULL || (!ddb_token_is(t, "+") && !ddb_token_is(t, "-")))
        return left;
    p->at++;
    ddb_count_operator(p);
    struct ddb_expr *e = ddb_expr_new(p, *t->start == '+' ? DDB_PLUS : DDB_MINUS, 2);
    e->count = 2;
    e->arguments[0] = left;
    e->arguments[1] = parse_operand(p);
    if (e->arguments[1] == NULL)
        return NULL;
    check_types(p, e, (struct ddb_text){t->start, 1}, DDB_N);
    return e;
}

/* The value of ADD or DELETE. */
static struct ddb_expr *parse_input(struct ddb_parser *p, enum ddb_action action)
{
    static const char *const words[] = {
        [DDB_S] = "STRING",      [DDB_N] = "NUMBER",      [DDB_B] = "BINARY",
        [DDB_SS] = "STRING_SET", [DDB_NS] = "NUMBER_SET", [DDB_BS] = "BINARY_SET",
        [DDB_M] = "MAP",         [DDB_L] = "LIST",        [DDB_BOOL] = "BOOLEAN",
        [DDB_NULL] = "NULL",
    };

    if (ddb_stopped(p) || ddb_peek(p)->kind != TOKEN_INPUT) {
        ddb_syntax_error(p);
        return NULL;
    }
    struct ddb_expr *e = ddb_expr_new(p, DDB_VALUE, 0);
    e->value = ddb_parse_input(p);
    if (e->value == NULL || ddb_is_set(e->value) || (action == DDB_ADD && e->value->type == DDB_N))
        return e;
    ddb_fault(
        p, FAULT_COUNT,
        "Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: "
        "ALLOWED_FOR_%s_OPERAND",
        sections[action], words[e->value->type], sections[action]);
    return e;
}

static struct ddb_update_step *add_step(struct update_parser *u)
{
    struct ddb_update *out = u->out;

    if (out->count == u->capacity) {
        u->capacity = u->capacity * 2 + 8;
        struct ddb_update_step *steps =
            ARENA_ARRAY(u->p.arena, struct ddb_update_step, u->capacity);
        struct ddb_path *paths = ARENA_ARRAY(u->p.arena, struct ddb_path, u->capacity);
        for (size_t i = 0; i < out->count; i++) {
            steps[i] = out->steps[i];
            paths[i] = u->paths[i];
        }
        out->steps = steps;
        u->paths = paths;
    }
    return &out->steps[out->count];
}

static bool parse_step(struct update_parser *u, enum ddb_action action)
{
    struct ddb_parser *p = &u->p;
    struct ddb_update_step *step = add_step(u);

    step->action = (uint8_t)action;
    if (is_section(ddb_peek(p))) {
        ddb_syntax_error(p);
        return false;
    }
    if (!ddb_parse_path(p, &step->path))
        return false;
    ddb_count_operator(p);
    if (action == DDB_SET && !ddb_need(p, "="))
        return false;
    if (action == DDB_SET)
        step->operand = parse_value(p);
    else if (action != DDB_REMOVE)
        step->operand = parse_input(p, action);
    if (ddb_stopped(p))
        return false;
    ddb_check_paths(p, u->paths, u->out->count, &step->path);
    u->paths[u->out->count++] = step->path;
    return true;
}

static bool parse_section(struct update_parser *u)
{
    struct ddb_parser *p = &u->p;

    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (!ddb_take_word(p, sections[i]))
            continue;
        if (u->seen[i])
            ddb_fault(p, FAULT_SECTION,
                      "The \"%s\" section can only be used once in an update expression;",
                      sections[i]);
        u->seen[i] = true;
        do {
            if (!parse_step(u, (enum ddb_action)i))
                return false;
        } while (ddb_take(p, ","));
        return !ddb_stopped(p);
    }
    ddb_syntax_error(p);
    return false;
}

const char *ddb_update_parse(struct ddb_names *n, const char *text, struct ddb_update *out)
{
    struct update_parser u = {.out = out};
    const char *problem = ddb_parser_init(&u.p, n, text);

    *out = (struct ddb_update){0};
    if (problem != NULL)
        return problem;
    u.p.reserved = FAULT_RESERVED_FIRST;
    do {
        if (!parse_section(&u))
            break;
    } while (ddb_peek(&u.p)->kind != TOKEN_END);
    return ddb_parser_problem(&u.p);
}
