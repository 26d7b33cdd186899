/*
 * What the files of PartiQL's parser share. The first problem ends the parsing: every function then
 * returns at once, and what it returned is not looked at.
 */
#ifndef CADABRA_DYNAMODB_PARTIQL_PARSE_H
#define CADABRA_DYNAMODB_PARTIQL_PARSE_H

#include "handlers/dynamodb/partiql.h"
#include "handlers/dynamodb/partiql_token.h"

struct partiql_parser {
    struct arena *arena;
    const struct partiql_token *t; /* the present token */
    const struct dynamodb_PreparedStatementParameters *parameters;
    size_t parameter; /* the next */
    const char *problem;
    struct partiql_statement *out;
    int depth;
};

/* AWS: what its parser cannot read is told so, what it refuses later is told bare. */
void partiql_malformed(struct partiql_parser *p, const char *detail);
void partiql_refuse(struct partiql_parser *p, const char *format, ...) PRINTF_LIKE(2, 3);
/* line:column:length */
const char *partiql_position(struct partiql_parser *p, const struct partiql_token *t);
/* Into parentheses, lists and maps; false, with a problem, when it is too deep. */
bool partiql_enter(struct partiql_parser *p);
void partiql_leave(struct partiql_parser *p);

bool partiql_take_word(struct partiql_parser *p, const char *word);
bool partiql_take_sign(struct partiql_parser *p, const char *sign);
/* Or it is a problem: "Expected ..." */
void partiql_need_sign(struct partiql_parser *p, const char *sign);

/* A literal or a parameter. */
bool partiql_begins_value(const struct partiql_parser *p);
struct ddb_value partiql_value(struct partiql_parser *p);
/* INSERT's: {'name': value, ...} */
struct ddb_item partiql_item(struct partiql_parser *p);

/* What may stand beside an operator. */
struct partiql_operand {
    const char *text;              /* in the expression */
    struct ddb_path path;          /* count 0: it is none */
    const struct ddb_value *value; /* NULL: it is none */
    const struct partiql_token *at;
};

struct ddb_path partiql_path(struct partiql_parser *p);
const char *partiql_path_text(struct partiql_parser *p, const struct ddb_path *path);
/* :v7, for a value that was made. */
const char *partiql_value_text(struct partiql_parser *p, const struct ddb_value *value);
struct partiql_operand partiql_operand(struct partiql_parser *p);
/* What stands where an operand should begin. */
void partiql_unexpected(struct partiql_parser *p);

/* Where the placeholders that come next begin; partiql_text_end() notes where they end. */
struct partiql_text partiql_text_begin(const struct partiql_parser *p);
void partiql_text_end(const struct partiql_parser *p, struct partiql_text *text, const char *words);

void partiql_where(struct partiql_parser *p);   /* after the keyword */
void partiql_changes(struct partiql_parser *p); /* SET and REMOVE, at least one */

#endif
