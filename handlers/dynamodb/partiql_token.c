/* Tokens of PartiQL: see partiql_token.h. */
#include "handlers/dynamodb/partiql_token.h"

struct lexer {
    struct arena *arena;
    const char *at;
    uint32_t line;
    uint32_t column;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void advance(struct lexer *l, size_t len)
{
    for (size_t i = 0; i < len; i++, l->at++) {
        if (*l->at == '\n') {
            l->line++;
            l->column = 1;
        } else if (((uint8_t)*l->at & 0xc0) != 0x80) {
            l->column++;
        }
    }
}

/* Blanks and comments; false when a comment does not end. */
static bool skip_blanks(struct lexer *l)
{
    for (;;) {
        const char *end;
        advance(l, strspn(l->at, " \t\r\n"));
        if (str_starts(l->at, "--")) {
            advance(l, strcspn(l->at, "\n"));
        } else if (str_starts(l->at, "/*")) {
            end = strstr(l->at + 2, "*/");
            if (end == NULL)
                return false;
            advance(l, (size_t)(end + 2 - l->at));
        } else {
            return true;
        }
    }
}

/* Length of the quoted text at s, quotes included; 0 when it does not end. A quote is written
 * twice. */
static size_t quoted_length(const char *s)
{
    char quote = s[0];
    size_t i = 1;

    for (; s[i] != '\0'; i++) {
        if (s[i] != quote)
            continue;
        if (s[i + 1] != quote)
            return i + 1;
        i++;
    }
    return 0;
}

static struct ddb_text unquoted(struct arena *a, const char *s, size_t len)
{
    char *text = arena_alloc(a, len);
    size_t n = 0;

    for (size_t i = 1; i + 1 < len; i++) {
        text[n++] = s[i];
        if (s[i] == s[0])
            i++;
    }
    text[n] = '\0';
    return (struct ddb_text){text, n};
}

static size_t number_length(const char *s)
{
    size_t len = strspn(s, "0123456789");

    if (s[len] == '.')
        len += 1 + strspn(s + len + 1, "0123456789");
    if (s[len] == 'e' || s[len] == 'E') {
        size_t sign = s[len + 1] == '+' || s[len + 1] == '-';
        size_t digits = strspn(s + len + 1 + sign, "0123456789");
        if (digits > 0)
            len += 1 + sign + digits;
    }
    return len;
}

static size_t sign_length(const char *s)
{
    static const char *const pairs[] = {"<=", ">=", "<>", "!=", "<<", ">>"};

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if (str_starts(s, pairs[i]))
            return 2;
    return strchr("()[]{}<>=,.:;*?+-", *s) != NULL ? 1 : 0;
}

static size_t word_length(const char *s)
{
    size_t len = 0;

    while (is_letter(s[len]) || is_digit(s[len]))
        len++;
    return len;
}

static bool read_token(struct lexer *l, struct partiql_token *t)
{
    const char *s = l->at;
    size_t len;

    *t = (struct partiql_token){.text = {s, 0}, .line = l->line, .column = l->column};
    if (*s == '\0')
        return true;
    if (is_letter(*s)) {
        t->kind = PARTIQL_WORD;
        len = word_length(s);
    } else if (is_digit(*s) || (*s == '.' && is_digit(s[1]))) {
        t->kind = PARTIQL_NUMBER;
        len = number_length(s);
    } else if (*s == '"' || *s == '\'') {
        t->kind = *s == '"' ? PARTIQL_NAME : PARTIQL_STRING;
        len = quoted_length(s);
    } else {
        t->kind = PARTIQL_SIGN;
        len = sign_length(s);
    }
    if (len == 0)
        return false;
    t->text = t->kind == PARTIQL_NAME || t->kind == PARTIQL_STRING ? unquoted(l->arena, s, len)
                                                                   : (struct ddb_text){s, len};
    advance(l, len);
    t->length = l->line == t->line ? l->column - t->column : (uint32_t)len;
    return true;
}

struct partiql_token *partiql_tokens(struct arena *a, const char *text, size_t *out_count)
{
    struct lexer l = {.arena = a, .at = text, .line = 1, .column = 1};
    struct partiql_token *tokens = ARENA_ARRAY(a, struct partiql_token, strlen(text) + 1);
    size_t count = 0;

    do {
        if (!skip_blanks(&l) || !read_token(&l, &tokens[count]))
            return NULL;
    } while (tokens[count++].kind != PARTIQL_END);
    *out_count = count;
    return tokens;
}

static bool same_word(struct ddb_text a, const char *b)
{
    return strlen(b) == a.len && strncasecmp(a.data, b, a.len) == 0;
}

bool partiql_is_word(const struct partiql_token *t, const char *word)
{
    return t->kind == PARTIQL_WORD && same_word(t->text, word);
}

bool partiql_is_sign(const struct partiql_token *t, const char *sign)
{
    return t->kind == PARTIQL_SIGN && t->text.len == strlen(sign) &&
           memcmp(t->text.data, sign, t->text.len) == 0;
}

/* The reserved words of SQL-92 that PartiQL's grammar takes over, and its own. */
static const char *const keywords[] = {
    "absolute",   "action",        "add",           "all",        "allocate",   "alter",
    "and",        "any",           "are",           "as",         "asc",        "assertion",
    "at",         "authorization", "avg",           "bag",        "begin",      "between",
    "bit",        "blob",          "bool",          "boolean",    "by",         "cascade",
    "cascaded",   "case",          "cast",          "catalog",    "char",       "character",
    "check",      "clob",          "close",         "coalesce",   "collate",    "collation",
    "column",     "commit",        "connect",       "connection", "constraint", "constraints",
    "continue",   "convert",       "corresponding", "create",     "cross",      "current",
    "cursor",     "date",          "deallocate",    "dec",        "decimal",    "declare",
    "default",    "deferrable",    "deferred",      "delete",     "desc",       "describe",
    "descriptor", "diagnostics",   "disconnect",    "distinct",   "domain",     "double",
    "drop",       "else",          "end",           "escape",     "except",     "exception",
    "exec",       "execute",       "exists",        "external",   "extract",    "false",
    "fetch",      "first",         "float",         "for",        "foreign",    "found",
    "from",       "full",          "get",           "global",     "go",         "goto",
    "grant",      "group",         "having",        "identity",   "immediate",  "in",
    "index",      "indicator",     "initially",     "inner",      "input",      "insensitive",
    "insert",     "int",           "integer",       "intersect",  "interval",   "into",
    "is",         "isolation",     "join",          "key",        "language",   "last",
    "left",       "level",         "like",          "limit",      "list",       "local",
    "lower",      "match",         "max",           "min",        "missing",    "module",
    "names",      "national",      "natural",       "nchar",      "next",       "no",
    "not",        "null",          "nullif",        "numeric",    "of",         "on",
    "only",       "open",          "option",        "or",         "order",      "outer",
    "output",     "overlaps",      "pad",           "partial",    "pivot",      "position",
    "precision",  "prepare",       "preserve",      "primary",    "prior",      "privileges",
    "procedure",  "public",        "read",          "real",       "references", "relative",
    "remove",     "restrict",      "revoke",        "right",      "rollback",   "rows",
    "schema",     "scroll",        "section",       "select",     "session",    "set",
    "sexp",       "size",          "smallint",      "some",       "space",      "sql",
    "string",     "struct",        "substring",     "sum",        "symbol",     "table",
    "temporary",  "then",          "time",          "timestamp",  "to",         "transaction",
    "translate",  "translation",   "trim",          "true",       "tuple",      "union",
    "unique",     "unknown",       "unpivot",       "update",     "upper",      "usage",
    "user",       "using",         "value",         "values",     "varchar",    "varying",
    "view",       "when",          "whenever",      "where",      "with",       "work",
    "write",      "zone",
};

bool partiql_is_keyword(struct ddb_text word)
{
    for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
        if (same_word(word, keywords[i]))
            return true;
    return false;
}
