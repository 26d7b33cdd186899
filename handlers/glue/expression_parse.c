/*
 * From text to tree, by descent:
 *
 *     or    = and { OR and }
 *     and   = not { AND not }
 *     not   = NOT not | condition
 *     condition = atom [ compare atom | [NOT] IN ( atom, ... ) | [NOT] BETWEEN atom AND atom
 *                      | [NOT] LIKE atom | IS [NOT] NULL ]
 *     atom  = ( or ) | name | number | 'text'
 *
 * Operands and conditions are told apart when they are used, since both may stand in parentheses.
 */
#include "handlers/glue/expression_parts.h"

enum { DEPTH_MAX = 64 };

enum token {
    TOKEN_END,
    TOKEN_NAME, /* a word: a column or a keyword */
    TOKEN_QUOTED_NAME,
    TOKEN_NUMBER,
    TOKEN_TEXT,
    TOKEN_COMPARE,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_WRONG,
};

struct parser {
    struct arena *arena;
    const char *next; /* behind the token */
    enum token token;
    struct bytes text; /* of the token, without quotes */
    enum glue_compare compare;
    int depth;
    struct glue_node **last_condition;
};

/* --- tokens --- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '$' || (unsigned char)c >= 0x80;
}

/* From the opening quote on; a quote within is doubled. */
static enum token read_quoted(struct parser *p, const char *from, enum token token)
{
    const char quote = *from++;
    const char *end = from;
    char *copy;
    size_t len = 0;

    while (*end && (*end != quote || end[1] == quote))
        end += *end == quote ? 2 : 1;
    if (!*end)
        return TOKEN_WRONG;
    copy = arena_alloc(p->arena, (size_t)(end - from));
    for (; from < end; from += *from == quote ? 2 : 1)
        copy[len++] = *from;
    p->next = end + 1;
    p->text = (struct bytes){.data = (const uint8_t *)copy, .len = len};
    return token;
}

/* Digits, points, an exponent: whether it is a number that a key can have is seen later. */
static enum token read_number(struct parser *p, const char *from)
{
    const char *end = from + (*from == '-' || *from == '+');

    while (is_word(*end) || ((*end == '-' || *end == '+') && (end[-1] == 'e' || end[-1] == 'E')))
        end++;
    p->next = end;
    p->text = (struct bytes){.data = (const uint8_t *)from, .len = (size_t)(end - from)};
    return TOKEN_NUMBER;
}

static enum token read_word(struct parser *p, const char *from)
{
    const char *end = from;

    while (is_word(*end))
        end++;
    p->next = end;
    p->text = (struct bytes){.data = (const uint8_t *)from, .len = (size_t)(end - from)};
    return end > from ? TOKEN_NAME : TOKEN_WRONG;
}

static enum token read_compare(struct parser *p, const char *from)
{
    static const struct {
        const char *text;
        enum glue_compare compare;
    } operators[] = {{"<>", GLUE_NOT_EQUAL},     {"!=", GLUE_NOT_EQUAL}, {"<=", GLUE_LESS_EQUAL},
                     {">=", GLUE_GREATER_EQUAL}, {"=", GLUE_EQUAL},      {"<", GLUE_LESS},
                     {">", GLUE_GREATER}};

    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        if (!str_starts(from, operators[i].text))
            continue;
        p->next = from + strlen(operators[i].text);
        p->compare = operators[i].compare;
        return TOKEN_COMPARE;
    }
    return TOKEN_WRONG;
}

static bool begins_number(const char *c)
{
    if (*c == '-' || *c == '+')
        c++;
    if (*c == '.')
        c++;
    return *c >= '0' && *c <= '9';
}

static void advance(struct parser *p)
{
    const char *c = p->next + strspn(p->next, " \t\r\n");

    p->next = c + (*c != '\0');
    switch (*c) {
    case '\0':
        p->token = TOKEN_END;
        break;
    case '(':
        p->token = TOKEN_OPEN;
        break;
    case ')':
        p->token = TOKEN_CLOSE;
        break;
    case ',':
        p->token = TOKEN_COMMA;
        break;
    case '\'':
        p->token = read_quoted(p, c, TOKEN_TEXT);
        break;
    case '"':
    case '`':
        p->token = read_quoted(p, c, TOKEN_QUOTED_NAME);
        break;
    case '<':
    case '>':
    case '=':
    case '!':
        p->token = read_compare(p, c);
        break;
    default:
        p->token = begins_number(c) ? read_number(p, c) : read_word(p, c);
    }
}

static bool is_keyword(const struct parser *p, const char *word)
{
    return p->token == TOKEN_NAME && p->text.len == strlen(word) &&
           strncasecmp((const char *)p->text.data, word, p->text.len) == 0;
}

static bool take_keyword(struct parser *p, const char *word)
{
    if (!is_keyword(p, word))
        return false;
    advance(p);
    return true;
}

static bool take(struct parser *p, enum token token)
{
    if (p->token != token)
        return false;
    advance(p);
    return true;
}

/* AND or OR between two conditions. AWS: it may stand in parentheses, too. */
static bool take_joint(struct parser *p, const char *word)
{
    struct parser behind = *p;

    if (take_keyword(p, word))
        return true;
    if (!take(&behind, TOKEN_OPEN) || !take_keyword(&behind, word) || !take(&behind, TOKEN_CLOSE))
        return false;
    *p = behind;
    return true;
}

/* --- nodes --- */

static struct glue_node *new_node(struct parser *p, enum glue_node_kind kind)
{
    struct glue_node *n = ARENA_NEW(p->arena, struct glue_node);

    n->kind = kind;
    return n;
}

static bool is_condition(const struct glue_node *n)
{
    return n->kind > GLUE_NODE_LITERAL;
}

/* A condition on a column, with room for so many literals. */
static struct glue_node *new_condition(struct parser *p, enum glue_node_kind kind,
                                       const struct glue_node *column, size_t literals)
{
    struct glue_node *n = new_node(p, kind);

    n->text = column->text;
    n->scalars = ARENA_ARRAY(p->arena, struct glue_scalar, literals);
    *p->last_condition = n;
    p->last_condition = &n->next_condition;
    return n;
}

static void add_literal(struct glue_node *n, const struct glue_node *literal)
{
    n->scalars[n->scalar_count++].text = literal->text;
}

static struct glue_node *join(struct parser *p, enum glue_node_kind kind, struct glue_node *first)
{
    struct glue_node *n = new_node(p, kind);

    n->first = first;
    return n;
}

static struct glue_node *negate_if(struct parser *p, bool negate, struct glue_node *n)
{
    return n && negate ? join(p, GLUE_NODE_NOT, n) : n;
}

/* --- the grammar; NULL: the text is not of it --- */

/* NOLINTBEGIN(misc-no-recursion): parentheses nest, no deeper than DEPTH_MAX. */

static struct glue_node *read_or(struct parser *p);

static struct glue_node *read_operand(struct parser *p, enum glue_node_kind kind)
{
    struct glue_node *n = new_node(p, kind);

    n->text = p->text;
    advance(p);
    return n;
}

static struct glue_node *read_atom(struct parser *p)
{
    struct glue_node *n;
    struct parser typed;

    if (p->token == TOKEN_NUMBER || p->token == TOKEN_TEXT)
        return read_operand(p, GLUE_NODE_LITERAL);
    if (p->token == TOKEN_QUOTED_NAME)
        return read_operand(p, GLUE_NODE_COLUMN);
    if (p->token == TOKEN_NAME) { /* DATE '2024-01-01' is a literal */
        typed = *p;
        if ((take_keyword(&typed, "date") || take_keyword(&typed, "timestamp")) &&
            typed.token == TOKEN_TEXT) {
            *p = typed;
            return read_operand(p, GLUE_NODE_LITERAL);
        }
        return read_operand(p, GLUE_NODE_COLUMN);
    }
    if (!take(p, TOKEN_OPEN))
        return NULL;
    n = read_or(p);
    return n && take(p, TOKEN_CLOSE) ? n : NULL;
}

static struct glue_node *read_literal(struct parser *p)
{
    struct glue_node *n = read_atom(p);

    return n && n->kind == GLUE_NODE_LITERAL ? n : NULL;
}

static enum glue_compare mirrored(enum glue_compare compare)
{
    static const enum glue_compare other[] = {
        [GLUE_EQUAL] = GLUE_EQUAL,  [GLUE_NOT_EQUAL] = GLUE_NOT_EQUAL,
        [GLUE_LESS] = GLUE_GREATER, [GLUE_LESS_EQUAL] = GLUE_GREATER_EQUAL,
        [GLUE_GREATER] = GLUE_LESS, [GLUE_GREATER_EQUAL] = GLUE_LESS_EQUAL,
    };

    return other[compare];
}

static struct glue_node *new_compare(struct parser *p, const struct glue_node *column,
                                     enum glue_compare compare, const struct glue_node *literal)
{
    struct glue_node *n = new_condition(p, GLUE_NODE_COMPARE, column, 1);

    n->compare = compare;
    add_literal(n, literal);
    return n;
}

/* A column and a literal, in either order. */
static struct glue_node *read_comparison(struct parser *p, const struct glue_node *left)
{
    enum glue_compare compare = p->compare;
    struct glue_node *right;

    advance(p);
    right = read_atom(p);
    if (!right || left->kind == right->kind || is_condition(right))
        return NULL;
    if (left->kind == GLUE_NODE_LITERAL)
        return new_compare(p, right, mirrored(compare), left);
    return new_compare(p, left, compare, right);
}

static struct glue_node *read_in(struct parser *p, const struct glue_node *column)
{
    struct glue_node *first = NULL;
    struct glue_node **last = &first;
    struct glue_node *n;
    size_t count = 0;

    if (!take(p, TOKEN_OPEN))
        return NULL;
    do {
        *last = read_literal(p);
        if (!*last)
            return NULL;
        last = &(*last)->next;
        count++;
    } while (take(p, TOKEN_COMMA));
    if (!take(p, TOKEN_CLOSE))
        return NULL;
    n = new_condition(p, GLUE_NODE_IN, column, count);
    for (; first; first = first->next)
        add_literal(n, first);
    return n;
}

static struct glue_node *read_between(struct parser *p, const struct glue_node *column)
{
    const struct glue_node *low = read_literal(p);
    const struct glue_node *high = low && take_joint(p, "and") ? read_literal(p) : NULL;
    struct glue_node *n;

    if (!high)
        return NULL;
    n = join(p, GLUE_NODE_AND, new_compare(p, column, GLUE_GREATER_EQUAL, low));
    n->first->next = new_compare(p, column, GLUE_LESS_EQUAL, high);
    return n;
}

static struct glue_node *read_like(struct parser *p, const struct glue_node *column)
{
    const struct glue_node *pattern = read_literal(p);
    struct glue_node *n;

    if (!pattern)
        return NULL;
    n = new_condition(p, GLUE_NODE_LIKE, column, 1);
    add_literal(n, pattern);
    return n;
}

static struct glue_node *read_condition(struct parser *p)
{
    struct glue_node *left = read_atom(p);
    bool negate;

    if (!left || is_condition(left))
        return left;
    if (p->token == TOKEN_COMPARE)
        return read_comparison(p, left);
    if (left->kind == GLUE_NODE_LITERAL)
        return left;
    if (take_keyword(p, "is")) {
        negate = take_keyword(p, "not");
        if (!take_keyword(p, "null"))
            return NULL;
        return negate_if(p, negate, new_condition(p, GLUE_NODE_IS_NULL, left, 0));
    }
    negate = take_keyword(p, "not");
    if (take_keyword(p, "in"))
        return negate_if(p, negate, read_in(p, left));
    if (take_keyword(p, "between"))
        return negate_if(p, negate, read_between(p, left));
    if (take_keyword(p, "like"))
        return negate_if(p, negate, read_like(p, left));
    return negate ? NULL : left;
}

static struct glue_node *read_not(struct parser *p)
{
    bool negate = false;
    struct glue_node *n;

    while (take_keyword(p, "not"))
        negate = !negate;
    n = read_condition(p);
    if (n && negate && !is_condition(n))
        return NULL;
    return negate_if(p, negate, n);
}

/* Conditions joined by a word; one thing alone is returned as it is. */
static struct glue_node *read_joined(struct parser *p, const char *word, enum glue_node_kind kind,
                                     struct glue_node *(*read)(struct parser *p))
{
    struct glue_node *first = read(p);
    struct glue_node *last = first;
    struct glue_node *n;

    if (!first || !take_joint(p, word))
        return first;
    n = join(p, kind, first);
    do {
        last->next = read(p);
        if (!last->next || !is_condition(last) || !is_condition(last->next))
            return NULL;
        last = last->next;
    } while (take_joint(p, word));
    return n;
}

static struct glue_node *read_and(struct parser *p)
{
    return read_joined(p, "and", GLUE_NODE_AND, read_not);
}

static struct glue_node *read_or(struct parser *p)
{
    struct glue_node *n;

    if (p->depth == DEPTH_MAX)
        return NULL;
    p->depth++;
    n = read_joined(p, "or", GLUE_NODE_OR, read_and);
    p->depth--;
    return n;
}

/* NOLINTEND(misc-no-recursion) */

struct glue_expression *glue_expression_read(struct arena *a, const char *text)
{
    struct glue_expression *e = ARENA_NEW(a, struct glue_expression);
    struct parser p = {.arena = a, .next = text, .last_condition = &e->conditions};

    advance(&p);
    e->root = read_or(&p);
    return e->root && is_condition(e->root) && p.token == TOKEN_END ? e : NULL;
}
