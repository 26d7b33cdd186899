/*
 * What the grammars of expressions share: tokens, faults, paths and placeholders. Only for
 * expr_*.c.
 *
 * A syntax error ends the parsing: every function then returns NULL or false at once. Other faults
 * are noted, the first of each class, and told at the end in the order of AWS.
 */
#ifndef CADABRA_DYNAMODB_EXPR_PARSE_H
#define CADABRA_DYNAMODB_EXPR_PARSE_H

#include "handlers/dynamodb/expr.h"

enum ddb_token_kind {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_NAME,  /* #name */
    TOKEN_INPUT, /* :value */
    TOKEN_NUMBER,
    TOKEN_COMPARATOR, /* = <> < <= > >= */
    TOKEN_SIGN,       /* any other single character */
};

struct ddb_token {
    uint8_t kind;
    const char *start;
    size_t len;
};

/* In the order in which they are told. */
enum ddb_fault {
    FAULT_SYNTAX,
    FAULT_PARENS,
    FAULT_RESERVED_FIRST, /* updates and projections: before functions */
    FAULT_FUNCTION,
    FAULT_MISUSE,
    FAULT_RESERVED,
    FAULT_SECTION,
    FAULT_CONDITION, /* the first fault of the four classes below within one condition */
    FAULT_NAME,
    FAULT_VALUE,
    FAULT_OVERLAP,
    FAULT_CONFLICT,
    FAULT_COUNT, /* of operands; in updates the type of ADD's and DELETE's */
    FAULT_DISTINCT,
    FAULT_TYPE,
    FAULTS,
};

struct ddb_parser {
    const char *text;
    struct ddb_token *tokens; /* ended by TOKEN_END */
    size_t at;
    struct ddb_names *names;
    struct arena *arena;
    const char *faults[FAULTS];
    enum ddb_fault reserved;  /* the class for reserved words */
    enum ddb_fault undefined; /* the class for :values that are not defined */
    int operators;
    int depth;
};

/* NULL, or the problem: empty or too long. */
const char *ddb_parser_init(struct ddb_parser *p, struct ddb_names *names, const char *text);
/* The first fault in order, or NULL. */
const char *ddb_parser_problem(const struct ddb_parser *p);
void ddb_fault(struct ddb_parser *p, enum ddb_fault class, const char *format, ...)
    PRINTF_LIKE(3, 4);

static inline bool ddb_stopped(const struct ddb_parser *p)
{
    return p->faults[FAULT_SYNTAX] != NULL;
}
static inline const struct ddb_token *ddb_peek(const struct ddb_parser *p)
{
    return &p->tokens[p->at];
}
bool ddb_token_is(const struct ddb_token *t, const char *text); /* exactly */
bool ddb_token_is_word(const struct ddb_token *t,
                       const char *word); /* a keyword, whatever its case */
/* Takes the token when it is that one. */
bool ddb_take(struct ddb_parser *p, const char *sign);
bool ddb_take_word(struct ddb_parser *p, const char *word);
/* The same, but anything else is a syntax error. */
bool ddb_need(struct ddb_parser *p, const char *sign);
/* Notes a syntax error at the present token. */
void ddb_syntax_error(struct ddb_parser *p);
/* Counts an operator or function against the limit. */
void ddb_count_operator(struct ddb_parser *p);

/* a.b[0].#c ; false on a syntax error. */
bool ddb_parse_path(struct ddb_parser *p, struct ddb_path *out);
/* Goes on with a path that was read in part. */
bool ddb_parse_steps(struct ddb_parser *p, struct ddb_path *path);
/* The value of the :placeholder that comes next; NULL when it is not defined, which is noted. */
const struct ddb_value *ddb_parse_input(struct ddb_parser *p);

struct ddb_expr *ddb_expr_new(struct ddb_parser *p, enum ddb_expr_kind kind, size_t arguments);
enum ddb_function ddb_function_named(struct ddb_text name);

/* Notes overlap and conflict of a new path with those before it. */
void ddb_check_paths(struct ddb_parser *p, const struct ddb_path *earlier, size_t count,
                     const struct ddb_path *path);

#endif
