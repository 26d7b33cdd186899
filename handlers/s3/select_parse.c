/*
 * Reads a query: a lexer that gives one token at a time, and one function per level of precedence.
 * Names are compared without case; what is quoted keeps it.
 */
#include "handlers/s3/select_query.h"

enum token_kind { T_END, T_NAME, T_QUOTED, T_STRING, T_NUMBER, T_SYMBOL };

struct token {
    enum token_kind kind;
    const char *text; /* unquoted; symbols: their characters */
};

struct parser {
    struct arena *arena;
    const char *next;
    struct token token; /* the one to be looked at */
    struct select_error *error;
    struct select_query *query;
    int depth;
    bool in_aggregate;
};

/* NOLINTBEGIN(misc-no-recursion): expressions nest; enter() bounds the depth. */

static struct select_expression *parse_expression(struct parser *p);

/* --- tokens --- */

bool select_fault(struct select_error *e, const char *code, const char *text)
{
    if (!e->code)
        *e = (struct select_error){code, text};
    return false;
}

static void *fail(struct parser *p, const char *code, const char *text)
{
    select_fault(p->error, code, text);
    return NULL;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

/* 'it''s' */
static bool read_quoted(struct parser *p, char quote, enum token_kind kind)
{
    struct strbuf b = STRBUF_INIT(SELECT_TEXT_MAX);

    for (p->next++; *p->next; p->next++) {
        if (*p->next == quote && p->next[1] != quote) {
            p->next++;
            p->token = (struct token){kind, arena_strndup(p->arena, b.len ? b.data : "", b.len)};
            strbuf_release(&b);
            return true;
        }
        p->next += *p->next == quote;
        strbuf_add_char(&b, *p->next);
    }
    strbuf_release(&b);
    return select_fault(p->error, "LexerInvalidLiteral",
                        "The SQL expression contains an invalid literal.");
}

static void read_number(struct parser *p)
{
    const char *start = p->next;

    while (is_digit(*p->next) || *p->next == '.')
        p->next++;
    if ((*p->next == 'e' || *p->next == 'E') &&
        (is_digit(p->next[1]) ||
         ((p->next[1] == '-' || p->next[1] == '+') && is_digit(p->next[2])))) {
        p->next += 2;
        while (is_digit(*p->next))
            p->next++;
    }
    p->token = (struct token){T_NUMBER, arena_strndup(p->arena, start, (size_t)(p->next - start))};
}

static bool read_symbol(struct parser *p)
{
    static const char *const symbols[] = {"<=", ">=", "<>", "!=", "||", "(", ")", "[", "]", ",",
                                          ".",  "*",  "/",  "%",  "+",  "-", "<", ">", "="};

    for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
        if (str_starts(p->next, symbols[i])) {
            p->token = (struct token){T_SYMBOL, symbols[i]};
            p->next += strlen(symbols[i]);
            return true;
        }
    }
    return select_fault(p->error, "LexerInvalidChar",
                        arena_printf(p->arena,
                                     "The SQL expression contains an invalid character: '%c'.",
                                     *p->next));
}

static void skip_blanks(struct parser *p)
{
    while (true) {
        while (is_space(*p->next))
            p->next++;
        if (!str_starts(p->next, "--"))
            return;
        p->next += strcspn(p->next, "\n");
    }
}

static bool advance(struct parser *p)
{
    const char *start;

    skip_blanks(p);
    start = p->next;
    p->token = (struct token){T_END, ""};
    if (p->error->code)
        return false;
    if (!*start)
        return true;
    if (*start == '\'')
        return read_quoted(p, '\'', T_STRING);
    if (*start == '"')
        return read_quoted(p, '"', T_QUOTED);
    if (is_digit(*start) || (*start == '.' && is_digit(start[1]))) {
        read_number(p);
        return true;
    }
    if (!is_name_char(*start))
        return read_symbol(p);
    while (is_name_char(*p->next))
        p->next++;
    p->token = (struct token){T_NAME, arena_strndup(p->arena, start, (size_t)(p->next - start))};
    return true;
}

static bool is_symbol(const struct parser *p, const char *symbol)
{
    return p->token.kind == T_SYMBOL && str_eq(p->token.text, symbol);
}

static bool is_word(const struct parser *p, const char *word)
{
    return p->token.kind == T_NAME && strcasecmp(p->token.text, word) == 0;
}

static bool take_symbol(struct parser *p, const char *symbol)
{
    return is_symbol(p, symbol) && advance(p);
}

static bool take_word(struct parser *p, const char *word)
{
    return is_word(p, word) && advance(p);
}

static void *fail_token(struct parser *p, const char *wanted)
{
    return fail(
        p, "ParseUnexpectedToken",
        arena_printf(p->arena,
                     "The SQL expression contains an unexpected token: '%.64s' where %s was "
                     "expected.",
                     p->token.text, wanted));
}

static bool want_symbol(struct parser *p, const char *symbol)
{
    return take_symbol(p, symbol) || fail_token(p, symbol);
}

static bool want_word(struct parser *p, const char *word)
{
    return take_word(p, word) || fail_token(p, word);
}

/* --- nodes --- */

static struct select_expression *new_node(struct parser *p, enum select_kind kind)
{
    struct select_expression *e = ARENA_NEW(p->arena, struct select_expression);

    e->kind = kind;
    return e;
}

static bool add_arg(struct parser *p, struct select_expression *e, struct select_expression *arg)
{
    if (!arg)
        return false;
    if (e->count == SELECT_ITEMS_MAX)
        return fail(p, "ExpressionTooLong", "The SQL expression is too long.");
    if ((e->count & (e->count - 1)) == 0) {
        struct select_expression **items =
            ARENA_ARRAY(p->arena, struct select_expression *, e->count ? 2 * e->count : 1);

        if (e->count)
            memcpy(items, e->args, e->count * sizeof(*items));
        e->args = items;
    }
    e->args[e->count++] = arg;
    /* "1+1+1+..." is a deep tree too. */
    e->depth = MAX(e->depth, arg->depth + 1);
    return e->depth <= SELECT_TREE_MAX ||
           fail(p, "ExpressionTooLong", "The SQL expression is nested too deeply.");
}

static struct select_expression *binary(struct parser *p, enum select_operator op,
                                        struct select_expression *left,
                                        struct select_expression *right)
{
    struct select_expression *e = new_node(p, SELECT_BINARY);

    e->op = op;
    return add_arg(p, e, left) && add_arg(p, e, right) ? e : NULL;
}

static bool enter(struct parser *p)
{
    return ++p->depth <= SELECT_DEPTH_MAX ||
           fail(p, "ExpressionTooLong", "The SQL expression is nested too deeply.");
}

/* --- paths --- */

static bool add_step(struct parser *p, struct select_path *path, struct select_step step)
{
    if (path->count == SELECT_ITEMS_MAX)
        return fail(p, "ExpressionTooLong", "The SQL expression is too long.");
    if ((path->count & (path->count - 1)) == 0) {
        struct select_step *steps =
            ARENA_ARRAY(p->arena, struct select_step, path->count ? 2 * path->count : 1);

        if (path->count)
            memcpy(steps, path->steps, path->count * sizeof(*steps));
        path->steps = steps;
    }
    path->steps[path->count++] = step;
    return true;
}

static bool parse_index(struct parser *p, struct select_path *path)
{
    int64_t index = -1;

    if (!take_symbol(p, "*")) {
        if (p->token.kind == T_NUMBER)
            index = strtoll(p->token.text, NULL, 10);
        else if (p->token.kind == T_STRING) { /* ['name'] */
            if (!add_step(p, path, (struct select_step){.name = p->token.text, .exact = true}))
                return false;
            return advance(p) && want_symbol(p, "]");
        } else
            return fail_token(p, "an index");
        if (!advance(p))
            return false;
    }
    return want_symbol(p, "]") && add_step(p, path, (struct select_step){.index = index});
}

/* .a."b"[1][*] */
static bool parse_steps(struct parser *p, struct select_path *path)
{
    while (true) {
        if (take_symbol(p, "[")) {
            if (!parse_index(p, path))
                return false;
        } else if (take_symbol(p, ".")) {
            if (take_symbol(p, "*")) {
                if (!add_step(p, path, (struct select_step){.index = -1}))
                    return false;
                continue;
            }
            if (p->token.kind != T_NAME && p->token.kind != T_QUOTED)
                return fail_token(p, "a name");
            if (!add_step(p, path,
                          (struct select_step){.name = p->token.text,
                                               .exact = p->token.kind == T_QUOTED}) ||
                !advance(p))
                return false;
        } else {
            return !p->error->code;
        }
    }
}

/* The alias in front is taken off when the whole query has been read, for FROM comes later. */
static struct select_expression *parse_column(struct parser *p, struct token first)
{
    struct select_expression *e = new_node(p, SELECT_COLUMN);

    if (!add_step(p, &e->path,
                  (struct select_step){.name = first.text, .exact = first.kind == T_QUOTED}) ||
        !parse_steps(p, &e->path))
        return NULL;
    return e;
}

/* --- functions --- */

static const struct {
    const char *name;
    enum select_function function;
    size_t min;
    size_t max;
} functions[] = {
    {"COALESCE", SELECT_COALESCE, 1, SELECT_ITEMS_MAX},
    {"NULLIF", SELECT_NULLIF, 2, 2},
    {"CHAR_LENGTH", SELECT_CHAR_LENGTH, 1, 1},
    {"CHARACTER_LENGTH", SELECT_CHAR_LENGTH, 1, 1},
    {"LOWER", SELECT_LOWER, 1, 1},
    {"UPPER", SELECT_UPPER, 1, 1},
    {"SUBSTRING", SELECT_SUBSTRING, 2, 3},
    {"TRIM", SELECT_TRIM, 1, 2},
    {"DATE_ADD", SELECT_DATE_ADD, 2, 2},
    {"DATE_DIFF", SELECT_DATE_DIFF, 2, 2},
    {"EXTRACT", SELECT_EXTRACT, 1, 1},
    {"TO_STRING", SELECT_TO_STRING_CALL, 2, 2},
    {"TO_TIMESTAMP", SELECT_TO_TIMESTAMP_CALL, 1, 2},
    {"UTCNOW", SELECT_UTCNOW, 0, 0},
};

static bool parse_date_part(struct parser *p, int *out)
{
    static const char *const parts[] = {"YEAR",   "MONTH",  "DAY",           "HOUR",
                                        "MINUTE", "SECOND", "TIMEZONE_HOUR", "TIMEZONE_MINUTE"};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (take_word(p, parts[i])) {
            *out = (int)i;
            return true;
        }
    return fail(p, "ParseExpectedDatePart",
                "Did not find the expected date part in the SQL "
                "expression.");
}

/* TRIM([[LEADING | TRAILING | BOTH] [characters] FROM] text): text first among the arguments. */
static bool parse_trim(struct parser *p, struct select_expression *e)
{
    struct select_expression *first;
    struct select_expression *text;

    e->part = SELECT_TRIM_BOTH;
    if (take_word(p, "LEADING"))
        e->part = SELECT_TRIM_LEADING;
    else if (take_word(p, "TRAILING"))
        e->part = SELECT_TRIM_TRAILING;
    else
        take_word(p, "BOTH");
    if (take_word(p, "FROM"))
        return add_arg(p, e, parse_expression(p));
    first = parse_expression(p);
    if (!first)
        return false;
    if (!take_word(p, "FROM"))
        return add_arg(p, e, first);
    text = parse_expression(p);
    return add_arg(p, e, text) && add_arg(p, e, first);
}

/* What stands between the parentheses. */
static bool parse_arguments(struct parser *p, struct select_expression *e)
{
    if (e->function == SELECT_TRIM)
        return parse_trim(p, e);
    if (e->function == SELECT_EXTRACT)
        return parse_date_part(p, &e->part) && want_word(p, "FROM") &&
               add_arg(p, e, parse_expression(p));
    if ((e->function == SELECT_DATE_ADD || e->function == SELECT_DATE_DIFF) &&
        (!parse_date_part(p, &e->part) || !want_symbol(p, ",")))
        return false;
    if (is_symbol(p, ")"))
        return true;
    do {
        if (!add_arg(p, e, parse_expression(p)))
            return false;
    } while (take_symbol(p, ",") ||
             (e->function == SELECT_SUBSTRING && (take_word(p, "FROM") || take_word(p, "FOR"))));
    return true;
}

static struct select_expression *parse_call(struct parser *p, const char *name)
{
    struct select_expression *e = new_node(p, SELECT_CALL);
    size_t i = 0;

    while (i < ARRAY_LEN(functions) && strcasecmp(functions[i].name, name) != 0)
        i++;
    if (i == ARRAY_LEN(functions))
        return fail(
            p, "UnsupportedFunction",
            arena_printf(p->arena, "Encountered an unsupported SQL function: %.64s.", name));
    e->function = functions[i].function;
    if (!parse_arguments(p, e) || !want_symbol(p, ")"))
        return NULL;
    if (e->count < functions[i].min || e->count > functions[i].max)
        return fail(p, "EvaluatorInvalidArguments",
                    arena_printf(p->arena,
                                 "Incorrect number of arguments in the function call of "
                                 "%s.",
                                 functions[i].name));
    return e;
}

static struct select_expression *parse_aggregate(struct parser *p, enum select_aggregate aggregate)
{
    struct select_expression *e = new_node(p, SELECT_AGGREGATE);
    struct select_expression *arg;

    if (p->in_aggregate)
        return fail(p, "UnsupportedSqlStructure", "Aggregates can not be nested.");
    p->in_aggregate = true;
    e->aggregate = aggregate;
    if (aggregate == SELECT_COUNT && is_symbol(p, "*")) {
        arg = new_node(p, SELECT_STAR);
        if (!advance(p))
            return NULL;
    } else {
        arg = parse_expression(p);
    }
    p->in_aggregate = false;
    p->query->aggregates = true;
    return add_arg(p, e, arg) && want_symbol(p, ")") ? e : NULL;
}

/* CAST(value AS type) */
static struct select_expression *parse_cast(struct parser *p)
{
    static const struct {
        const char *name;
        enum select_cast cast;
    } types[] = {
        {"BOOL", SELECT_TO_BOOL},      {"BOOLEAN", SELECT_TO_BOOL},
        {"INT", SELECT_TO_INT},        {"INTEGER", SELECT_TO_INT},
        {"BIGINT", SELECT_TO_INT},     {"SMALLINT", SELECT_TO_INT},
        {"FLOAT", SELECT_TO_FLOAT},    {"DOUBLE", SELECT_TO_FLOAT},
        {"REAL", SELECT_TO_FLOAT},     {"DECIMAL", SELECT_TO_FLOAT},
        {"NUMERIC", SELECT_TO_FLOAT},  {"STRING", SELECT_TO_STRING},
        {"VARCHAR", SELECT_TO_STRING}, {"CHAR", SELECT_TO_STRING},
        {"TEXT", SELECT_TO_STRING},    {"TIMESTAMP", SELECT_TO_TIMESTAMP},
    };
    struct select_expression *e = new_node(p, SELECT_CAST);
    size_t i = 0;

    if (!add_arg(p, e, parse_expression(p)) || !want_word(p, "AS"))
        return NULL;
    while (i < ARRAY_LEN(types) && !is_word(p, types[i].name))
        i++;
    if (i == ARRAY_LEN(types))
        return fail(p, "ParseExpectedTypeName",
                    "Did not find the expected type name in the SQL expression.");
    e->cast = types[i].cast;
    if (!advance(p))
        return NULL;
    if (take_symbol(p, "(")) /* DECIMAL(10, 2), VARCHAR(20) */
        while (!is_symbol(p, ")")) {
            if ((p->token.kind != T_NUMBER && !is_symbol(p, ",")) || !advance(p))
                return fail_token(p, ")");
        }
    else
        return want_symbol(p, ")") ? e : NULL;
    return want_symbol(p, ")") && want_symbol(p, ")") ? e : NULL;
}

/* CASE [value] WHEN ... THEN ... [ELSE ...] END */
static struct select_expression *parse_case(struct parser *p)
{
    struct select_expression *e = new_node(p, SELECT_CASE);
    struct select_expression *value = NULL;

    if (!is_word(p, "WHEN") && !(value = parse_expression(p)))
        return NULL;
    if (!is_word(p, "WHEN"))
        return fail(p, "ParseExpectedWhenClause", "Did not find the expected WHEN clause in CASE.");
    while (take_word(p, "WHEN")) {
        struct select_expression *when = parse_expression(p);

        if (value && when)
            when = binary(p, SELECT_EQUAL, value, when);
        if (!add_arg(p, e, when) || !want_word(p, "THEN") || !add_arg(p, e, parse_expression(p)))
            return NULL;
    }
    if (take_word(p, "ELSE") && !add_arg(p, e, parse_expression(p)))
        return NULL;
    return want_word(p, "END") ? e : NULL;
}

/* --- primaries --- */

static struct select_expression *parse_number(struct parser *p)
{
    struct select_expression *e = new_node(p, SELECT_LITERAL);
    struct select_value text = select_string(p->token.text, strlen(p->token.text));

    if (!select_number(p->arena, &text, &e->value))
        return fail(p, "LexerInvalidLiteral", "The SQL expression contains an invalid number.");
    return advance(p) ? e : NULL;
}

static struct select_expression *literal(struct parser *p, struct select_value value)
{
    struct select_expression *e = new_node(p, SELECT_LITERAL);

    e->value = value;
    return e;
}

/* `2017-01-01T`: an Ion literal is not read; TIMESTAMP comes by CAST or TO_TIMESTAMP. */
static struct select_expression *parse_word(struct parser *p, struct token word)
{
    static const struct {
        const char *name;
        enum select_aggregate aggregate;
    } aggregates[] = {{"COUNT", SELECT_COUNT},
                      {"SUM", SELECT_SUM},
                      {"AVG", SELECT_AVG},
                      {"MIN", SELECT_MIN},
                      {"MAX", SELECT_MAX}};

    if (strcasecmp(word.text, "TRUE") == 0 || strcasecmp(word.text, "FALSE") == 0)
        return literal(p, select_bool(strcasecmp(word.text, "TRUE") == 0));
    if (strcasecmp(word.text, "NULL") == 0)
        return literal(p, (struct select_value){.type = SELECT_NULL});
    if (strcasecmp(word.text, "MISSING") == 0)
        return literal(p, (struct select_value){.type = SELECT_MISSING});
    if (strcasecmp(word.text, "CASE") == 0)
        return parse_case(p);
    if (!take_symbol(p, "("))
        return parse_column(p, word);
    if (strcasecmp(word.text, "CAST") == 0)
        return parse_cast(p);
    for (size_t i = 0; i < ARRAY_LEN(aggregates); i++)
        if (strcasecmp(aggregates[i].name, word.text) == 0)
            return parse_aggregate(p, aggregates[i].aggregate);
    return parse_call(p, word.text);
}

static bool is_reserved(const char *word)
{
    static const char *const words[] = {"SELECT", "FROM",  "WHERE", "LIMIT", "AND",   "OR",
                                        "NOT",    "LIKE",  "IN",    "IS",    "AS",    "BETWEEN",
                                        "WHEN",   "THEN",  "ELSE",  "END",   "BY",    "ESCAPE",
                                        "ORDER",  "GROUP", "JOIN",  "FOR",   "HAVING"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasecmp(words[i], word) == 0)
            return true;
    return false;
}

static struct select_expression *parse_primary(struct parser *p)
{
    struct token first = p->token;
    struct select_expression *e;

    switch (first.kind) {
    case T_NUMBER:
        return parse_number(p);
    case T_STRING:
        return advance(p) ? literal(p, select_string(first.text, strlen(first.text))) : NULL;
    case T_QUOTED:
        return advance(p) ? parse_column(p, first) : NULL;
    case T_NAME:
        if (is_reserved(first.text))
            return fail_token(p, "an expression");
        return advance(p) ? parse_word(p, first) : NULL;
    default:
        break;
    }
    if (!take_symbol(p, "("))
        return fail_token(p, "an expression");
    e = parse_expression(p);
    return e && want_symbol(p, ")") ? e : NULL;
}

static struct select_expression *parse_unary(struct parser *p)
{
    struct select_expression *e;
    bool minus = is_symbol(p, "-");

    if (!minus && !is_symbol(p, "+"))
        return parse_primary(p);
    if (!advance(p) || !enter(p))
        return NULL;
    e = new_node(p, SELECT_UNARY);
    e->op = minus ? SELECT_MINUS : SELECT_PLUS;
    if (!add_arg(p, e, parse_unary(p)))
        return NULL;
    p->depth--;
    return e;
}

/* --- operators, from the tightest to the loosest --- */

static struct select_expression *parse_product(struct parser *p)
{
    struct select_expression *left = parse_unary(p);

    while (left) {
        if (take_symbol(p, "*"))
            left = binary(p, SELECT_MULTIPLY, left, parse_unary(p));
        else if (take_symbol(p, "/"))
            left = binary(p, SELECT_DIVIDE, left, parse_unary(p));
        else if (take_symbol(p, "%"))
            left = binary(p, SELECT_MODULO, left, parse_unary(p));
        else
            break;
    }
    return left;
}

static struct select_expression *parse_sum(struct parser *p)
{
    struct select_expression *left = parse_product(p);

    while (left) {
        if (take_symbol(p, "+"))
            left = binary(p, SELECT_ADD, left, parse_product(p));
        else if (take_symbol(p, "-"))
            left = binary(p, SELECT_SUBTRACT, left, parse_product(p));
        else if (take_symbol(p, "||"))
            left = binary(p, SELECT_CONCAT, left, parse_product(p));
        else
            break;
    }
    return left;
}

static struct select_expression *parse_is(struct parser *p, struct select_expression *left)
{
    struct select_expression *e = new_node(p, SELECT_IS);

    e->negated = take_word(p, "NOT");
    if (take_word(p, "NULL"))
        e->is = SELECT_NULL;
    else if (take_word(p, "MISSING"))
        e->is = SELECT_MISSING;
    else
        return fail_token(p, "NULL or MISSING");
    return add_arg(p, e, left) ? e : NULL;
}

static struct select_expression *parse_in(struct parser *p, struct select_expression *left)
{
    struct select_expression *e = new_node(p, SELECT_IN);
    const char *close = is_symbol(p, "[") ? "]" : ")";

    if (!add_arg(p, e, left) || !want_symbol(p, is_symbol(p, "[") ? "[" : "("))
        return NULL;
    do {
        if (!add_arg(p, e, parse_expression(p)))
            return NULL;
    } while (take_symbol(p, ","));
    return want_symbol(p, close) ? e : NULL;
}

/* LIKE, IN and BETWEEN, maybe behind NOT. */
static struct select_expression *parse_test(struct parser *p, struct select_expression *left)
{
    bool negated = take_word(p, "NOT");
    struct select_expression *e = NULL;

    if (take_word(p, "LIKE")) {
        e = new_node(p, SELECT_LIKE);
        if (!add_arg(p, e, left) || !add_arg(p, e, parse_sum(p)) ||
            (take_word(p, "ESCAPE") && !add_arg(p, e, parse_sum(p))))
            return NULL;
    } else if (take_word(p, "BETWEEN")) {
        e = new_node(p, SELECT_BETWEEN);
        if (!add_arg(p, e, left) || !add_arg(p, e, parse_sum(p)) || !want_word(p, "AND") ||
            !add_arg(p, e, parse_sum(p)))
            return NULL;
    } else if (take_word(p, "IN")) {
        e = parse_in(p, left);
    } else if (negated) {
        return fail_token(p, "LIKE, IN or BETWEEN");
    }
    if (e)
        e->negated = negated;
    return e;
}

static struct select_expression *parse_comparison(struct parser *p)
{
    static const struct {
        const char *symbol;
        enum select_operator op;
    } operators[] = {{"=", SELECT_EQUAL},          {"<>", SELECT_UNEQUAL},
                     {"!=", SELECT_UNEQUAL},       {"<=", SELECT_LESS_EQUAL},
                     {">=", SELECT_GREATER_EQUAL}, {"<", SELECT_LESS},
                     {">", SELECT_GREATER}};
    struct select_expression *left = parse_sum(p);

    while (left) {
        size_t i = 0;

        while (i < ARRAY_LEN(operators) && !is_symbol(p, operators[i].symbol))
            i++;
        if (i < ARRAY_LEN(operators)) {
            left = advance(p) ? binary(p, operators[i].op, left, parse_sum(p)) : NULL;
        } else if (take_word(p, "IS")) {
            left = parse_is(p, left);
        } else if (is_word(p, "NOT") || is_word(p, "LIKE") || is_word(p, "IN") ||
                   is_word(p, "BETWEEN")) {
            left = parse_test(p, left);
        } else {
            break;
        }
    }
    return left;
}

static struct select_expression *parse_not(struct parser *p)
{
    struct select_expression *e;

    if (!take_word(p, "NOT"))
        return parse_comparison(p);
    if (!enter(p))
        return NULL;
    e = new_node(p, SELECT_UNARY);
    e->op = SELECT_NOT;
    if (!add_arg(p, e, parse_not(p)))
        return NULL;
    p->depth--;
    return e;
}

static struct select_expression *parse_and(struct parser *p)
{
    struct select_expression *left = parse_not(p);

    while (left && take_word(p, "AND"))
        left = binary(p, SELECT_AND, left, parse_not(p));
    return left;
}

static struct select_expression *parse_expression(struct parser *p)
{
    struct select_expression *left;

    if (p->error->code || !enter(p))
        return NULL;
    left = parse_and(p);
    while (left && take_word(p, "OR"))
        left = binary(p, SELECT_OR, left, parse_and(p));
    p->depth--;
    return left;
}

/* NOLINTEND(misc-no-recursion) */

/* --- the query --- */

static bool parse_projection(struct parser *p, struct select_query *q)
{
    struct select_projection *out;

    if (q->count == SELECT_ITEMS_MAX)
        return fail(p, "ExpressionTooLong", "The SQL expression is too long.");
    out = &q->projections[q->count];
    out->expression = parse_expression(p);
    if (!out->expression)
        return false;
    q->count++;
    if (take_word(p, "AS") || p->token.kind == T_QUOTED ||
        (p->token.kind == T_NAME && !is_reserved(p->token.text))) {
        if (p->token.kind != T_NAME && p->token.kind != T_QUOTED)
            return fail(p, "ParseExpectedIdentForAlias",
                        "Did not find the expected identifier for the alias in the SQL "
                        "expression.");
        out->name = p->token.text;
        return advance(p);
    }
    return true;
}

static bool parse_select_list(struct parser *p, struct select_query *q)
{
    q->projections = ARENA_ARRAY(p->arena, struct select_projection, SELECT_ITEMS_MAX);
    if (take_symbol(p, "*"))
        return true;
    /* s.* */
    if (p->token.kind == T_NAME && str_starts(p->next, ".*"))
        return advance(p) && advance(p) && advance(p);
    do {
        if (!parse_projection(p, q))
            return false;
    } while (take_symbol(p, ","));
    return true;
}

static bool parse_from(struct parser *p, struct select_query *q)
{
    if (!take_word(p, "FROM"))
        return fail(p, "ParseSelectMissingFrom",
                    "The SQL expression contains a missing FROM after the SELECT list.");
    if (!take_word(p, "S3Object"))
        return fail(p, "InvalidDataSource",
                    "Invalid data source. Only S3Object is allowed in FROM.");
    if (!parse_steps(p, &q->from))
        return false;
    take_word(p, "AS");
    if ((p->token.kind == T_NAME && !is_reserved(p->token.text)) || p->token.kind == T_QUOTED) {
        q->alias = p->token.text;
        if (!advance(p))
            return false;
    }
    /* S3Object[*] is all documents, as S3Object alone is. */
    if (q->from.count && !q->from.steps[0].name && q->from.steps[0].index < 0)
        q->from = (struct select_path){q->from.steps + 1, q->from.count - 1};
    return true;
}

static bool parse_rest(struct parser *p, struct select_query *q)
{
    bool outer = q->aggregates;

    if (take_word(p, "WHERE")) {
        q->aggregates = false;
        q->where = parse_expression(p);
        if (!q->where)
            return false;
        if (q->aggregates)
            return fail(p, "UnsupportedSyntax", "WHERE can not hold aggregates.");
        q->aggregates = outer;
    }
    if (take_word(p, "LIMIT")) {
        if (p->token.kind != T_NUMBER || strpbrk(p->token.text, ".eE"))
            return fail(p, "ParseExpectedNumber",
                        "Did not find the expected number in the SQL expression.");
        q->limit = strtoll(p->token.text, NULL, 10);
        if (!advance(p))
            return false;
    }
    if (is_word(p, "ORDER") || is_word(p, "GROUP") || is_word(p, "JOIN") || is_word(p, "HAVING"))
        return fail(p, "UnsupportedSyntax",
                    arena_printf(p->arena, "Encountered unsupported syntax: %s.", p->token.text));
    if (p->token.kind != T_END)
        return fail_token(p, "the end");
    return true;
}

/* --- names, when FROM is known --- */

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the parser let it become */
static void take_off_alias(struct select_query *q, struct select_expression *e)
{
    struct select_path *path = &e->path;

    if (e->kind == SELECT_COLUMN && path->count > 1 && path->steps[0].name &&
        (strcasecmp(path->steps[0].name, "s3object") == 0 ||
         (q->alias && strcasecmp(path->steps[0].name, q->alias) == 0))) {
        path->steps++;
        path->count--;
        if (path->count > 1 && !path->steps[0].name &&
            path->steps[0].index < 0) { /* S3Object[*].a */
            path->steps++;
            path->count--;
        }
    }
    for (size_t i = 0; i < e->count; i++)
        take_off_alias(q, e->args[i]);
}

static void name_results(struct select_query *q)
{
    for (size_t i = 0; i < q->count; i++) {
        struct select_projection *out = &q->projections[i];
        const struct select_expression *e = out->expression;
        const struct select_step *last =
            e->kind == SELECT_COLUMN ? &e->path.steps[e->path.count - 1] : NULL;

        take_off_alias(q, out->expression);
        if (!out->name)
            out->name = last && last->name && last->name[0] != '_'
                            ? last->name
                            : arena_printf(q->arena, "_%zu", i + 1);
    }
    if (q->where)
        take_off_alias(q, q->where);
}

struct select_query *select_parse(struct arena *a, const char *text, struct select_error *out_error)
{
    struct select_query *q = ARENA_NEW(a, struct select_query);
    struct parser p = {.arena = a, .next = text, .error = out_error, .query = q};

    *out_error = (struct select_error){0};
    q->arena = a;
    q->limit = -1;
    if (strlen(text) > SELECT_TEXT_MAX)
        return fail(&p, "ExpressionTooLong",
                    "The SQL expression is too long: the maximum byte-length for an SQL expression "
                    "is 256 KB.");
    if (!advance(&p))
        return NULL;
    if (!take_word(&p, "SELECT"))
        return fail(&p, "ParseUnexpectedToken", "The SQL expression must begin with SELECT.");
    if (!parse_select_list(&p, q) || !parse_from(&p, q) || !parse_rest(&p, q))
        return out_error->code ? NULL : fail_token(&p, "another token");
    name_results(q);
    return q;
}

const char *select_result_name(const struct select_query *q, size_t i)
{
    return q->projections[i].name;
}

const struct select_path *select_from_path(const struct select_query *q)
{
    return q->from.count ? &q->from : NULL;
}
