/*
 * From the text of an expression to its steps: a parser by precedence. AWS's order, from weak to
 * strong: OR, AND, comparisons, sums, products, powers, minus.
 */
#include "handlers/cloudwatch/math_parts.h"
#include "handlers/cloudwatch/scan.h"
#include "server/base/room.h"

enum { DEPTH_MAX = 60, OPERANDS_MAX = 500 };

struct parser {
    struct arena *arena;
    const char *next;
    struct math_problem *problem;
    struct math_step *steps;
    const char **names;
    size_t count, room;
    size_t name_count, name_room;
    int depth;
    bool failed;
};

static const struct {
    const char *text;
    int strength;
} operators[] = {
    [MATH_OR] = {"OR", 1},      [MATH_AND] = {"AND", 2},       [MATH_EQUAL] = {"==", 3},
    [MATH_UNEQUAL] = {"!=", 3}, [MATH_LESS_EQUAL] = {"<=", 3}, [MATH_GREATER_EQUAL] = {">=", 3},
    [MATH_LESS] = {"<", 3},     [MATH_GREATER] = {">", 3},     [MATH_ADD] = {"+", 4},
    [MATH_SUBTRACT] = {"-", 4}, [MATH_MULTIPLY] = {"*", 5},    [MATH_DIVIDE] = {"/", 5},
    [MATH_POWER] = {"^", 6},
};

const char *math_operator_text(enum math_operator operator)
{
    return operators[operator].text;
}

static bool fail(struct parser *p, const char *text)
{
    if (!p->failed)
        *p->problem = (struct math_problem){.text = text};
    p->failed = true;
    return false;
}

static bool fail_unsupported(struct parser *p, const char *name)
{
    if (!p->failed)
        *p->problem = (struct math_problem){.text = name, .unsupported = true};
    p->failed = true;
    return false;
}

static bool fail_here(struct parser *p)
{
    scan_space(&p->next);
    if (!*p->next)
        return fail(p, "Unexpected end of the expression");
    return fail(p, arena_printf(p->arena, "Unexpected '%.20s'", p->next));
}

static bool expect(struct parser *p, char c)
{
    return scan_take(&p->next, c) || fail_here(p);
}

static struct math_step *add_step(struct parser *p)
{
    p->steps = room_for_one(p->arena, p->steps, p->count, &p->room, sizeof(*p->steps));
    return &p->steps[p->count++];
}

static void add_name(struct parser *p, const char *name)
{
    p->names = room_for_one(p->arena, p->names, p->name_count, &p->name_room, sizeof(*p->names));
    p->names[p->name_count++] = name;
}

/* --- what an expression is made of --- */

static bool parse_level(struct parser *p, int strength);

static size_t word_length(const char *text)
{
    size_t len = 0;

    while (isalnum((unsigned char)text[len]) || text[len] == '_')
        len++;
    return len;
}

static bool parse_number(struct parser *p)
{
    char *end;
    double number = strtod(p->next, &end);
    size_t digits = strspn(p->next, "0123456789.");

    /* Neither hexadecimal nor "inf". */
    if (digits == 0 || end == p->next || p->next[digits] == 'x' || p->next[digits] == 'X')
        return fail_here(p);
    p->next = end;
    *add_step(p) = (struct math_step){.kind = STEP_NUMBER, .number = number};
    return true;
}

/* "errors" or 'errors' */
static bool parse_text(struct parser *p)
{
    const char *end = strchr(p->next + 1, *p->next);

    if (!end)
        return fail(p, "A text has no end");
    *add_step(p) = (struct math_step){
        .kind = STEP_WORD,
        .text = arena_strndup(p->arena, p->next + 1, (size_t)(end - p->next - 1)),
    };
    p->next = end + 1;
    return true;
}

/* NOLINTBEGIN(misc-no-recursion): parse_level() bounds the depth. */

/* a, b, c up to the closing character; how many. */
static bool parse_operands(struct parser *p, char close, size_t *out_count)
{
    *out_count = 0;
    if (scan_take(&p->next, close))
        return true;
    do {
        if (!parse_level(p, 1))
            return false;
        if (++*out_count > OPERANDS_MAX)
            return fail(p, "The expression has too many operands");
    } while (scan_take(&p->next, ','));
    return expect(p, close);
}

static bool parse_list(struct parser *p)
{
    size_t count;

    if (!parse_operands(p, ']', &count))
        return false;
    *add_step(p) = (struct math_step){.kind = STEP_LIST, .count = count};
    return true;
}

static bool parse_call(struct parser *p, const char *name, size_t len)
{
    const struct math_function *f = math_function_find(name, len);
    size_t count;

    if (!f)
        return fail(p, arena_printf(p->arena, "Unknown function %.*s", (int)len, name));
    if (!parse_operands(p, ')', &count))
        return false;
    if (count < f->least || count > f->most)
        return fail(
            p, arena_printf(p->arena, "Invalid number of arguments for %s: %zu", f->name, count));
    *add_step(p) = (struct math_step){.kind = STEP_CALL, .function = f, .count = count};
    return true;
}

static bool is_not_built(const char *name, size_t len)
{
    static const char *const names[] = {
        "SEARCH",        "ANOMALY_DETECTION_BAND", "LAMBDA", "INSIGHT_RULE_METRIC",
        "SERVICE_QUOTA", "DB_PERF_INSIGHTS",       "SELECT", "LOGS"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
            return true;
    return false;
}

static bool is_word(const char *text)
{
    static const char *const words[] = {"REPEAT", "LINEAR", "ASC", "DESC",
                                        "AVG",    "MAX",    "MIN", "SUM"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(words[i], text))
            return true;
    return false;
}

/* AWS: ids begin with a small letter, all other names are CloudWatch's own. */
static bool parse_name(struct parser *p)
{
    const char *name = p->next;
    size_t len = word_length(name);
    const char *text = arena_strndup(p->arena, name, len);

    if (is_not_built(name, len))
        return fail_unsupported(p, text);
    p->next += len;
    if (scan_take(&p->next, '('))
        return parse_call(p, name, len);
    if (islower((unsigned char)*name)) {
        add_name(p, text);
        *add_step(p) = (struct math_step){.kind = STEP_NAME, .text = text};
        return true;
    }
    *add_step(p) = (struct math_step){.kind = STEP_WORD, .text = text};
    return is_word(text) || fail(p, arena_printf(p->arena, "Unexpected '%.40s'", text));
}

static bool parse_operand(struct parser *p)
{
    scan_space(&p->next);
    if (scan_take(&p->next, '('))
        return parse_level(p, 1) && expect(p, ')');
    if (scan_take(&p->next, '['))
        return parse_list(p);
    if (*p->next == '"' || *p->next == '\'')
        return parse_text(p);
    if (isalpha((unsigned char)*p->next))
        return parse_name(p);
    return parse_number(p);
}

static bool parse_unary(struct parser *p)
{
    bool negative = false;

    while (scan_take(&p->next, '-'))
        negative = !negative;
    if (!parse_operand(p))
        return false;
    if (negative)
        add_step(p)->kind = STEP_NEGATE;
    return true;
}

/* The operator that comes next; false where none does. */
static bool peek_operator(struct parser *p, enum math_operator *out, size_t *out_len)
{
    scan_space(&p->next);
    if (str_starts(p->next, "&&") || str_starts(p->next, "||")) {
        *out = *p->next == '&' ? MATH_AND : MATH_OR;
        *out_len = 2;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        size_t len = strlen(operators[i].text);

        if (!str_starts(p->next, operators[i].text) ||
            (isalpha((unsigned char)*p->next) && word_length(p->next) != len))
            continue;
        *out = (enum math_operator)i;
        *out_len = len;
        return true;
    }
    return false;
}

/* An operand, and operators that bind at least that strongly, with theirs. */
static bool parse_level(struct parser *p, int strength)
{
    enum math_operator operator;
    size_t len;

    if (++p->depth > DEPTH_MAX)
        return fail(p, "The expression is nested too deeply");
    if (!parse_unary(p))
        return false;
    while (peek_operator(p, &operator, &len) && operators[operator].strength >= strength) {
        p->next += len;
        if (!parse_level(p, operators[operator].strength + 1))
            return false;
        *add_step(p) = (struct math_step){.kind = STEP_OPERATOR, .operator= operator};
    }
    p->depth--;
    return true;
}

/* NOLINTEND(misc-no-recursion) */

const struct math_expression *math_compile(struct arena *a, const char *text,
                                           struct math_problem *out)
{
    struct parser p = {.arena = a, .next = text, .problem = out};
    struct math_expression *e;

    if (!parse_level(&p, 1))
        return NULL;
    scan_space(&p.next);
    if (*p.next) {
        fail_here(&p);
        return NULL;
    }
    /* What is left of the room is NULL: it ends the list. */
    p.names = room_for_one(a, p.names, p.name_count, &p.name_room, sizeof(*p.names));
    e = ARENA_NEW(a, struct math_expression);
    *e = (struct math_expression){.steps = p.steps, .count = p.count, .names = p.names};
    return e;
}

const char *const *math_names(const struct math_expression *e)
{
    return e->names;
}
