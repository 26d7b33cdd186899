/*
 * Expressions: condition, filter, key condition, projection and update.
 *
 * One tokenizer and one parser per grammar make a tree in the arena, with #names and :values
 * already put in. All that AWS refuses before it looks at an item is refused here, in its words and
 * in its order: first the syntax of the whole, then the classes of faults (enum ddb_fault in
 * expr_parse.h).
 *
 * Parsers answer NULL, or the problem as a text of the arena, without the "Invalid ...Expression: "
 * before it.
 */
#ifndef CADABRA_DYNAMODB_EXPR_H
#define CADABRA_DYNAMODB_EXPR_H

#include "dynamodb.h"
#include "handlers/dynamodb/value.h"

enum {
    DDB_EXPRESSION_MAX = 4096,
    DDB_OPERATORS_MAX = 300,
    DDB_IN_MAX = 100,
};

/* What the placeholders stand for, and which were used: one for all expressions of a request. */
struct ddb_names {
    struct arena *arena;
    const struct dynamodb_ExpressionAttributeNameMap *names;
    const struct ddb_item *values;
    bool *name_used;
    bool *value_used;
};

struct ddb_step {
    bool is_index;
    uint32_t index;
    struct ddb_text name;
};

/* A document path; the first step is a name. */
struct ddb_path {
    struct ddb_step *steps;
    size_t count;
};

enum ddb_expr_kind {
    /* operands */
    DDB_PATH,
    DDB_VALUE,
    DDB_FUNCTION, /* size, if_not_exists, list_append, and the conditions' */
    DDB_PLUS,
    DDB_MINUS,
    /* conditions */
    DDB_EQ,
    DDB_NE,
    DDB_LT,
    DDB_LE,
    DDB_GT,
    DDB_GE,
    DDB_BETWEEN,
    DDB_IN,
    DDB_AND,
    DDB_OR,
    DDB_NOT,
};

enum ddb_function {
    DDB_FN_UNKNOWN,
    DDB_FN_ATTRIBUTE_EXISTS,
    DDB_FN_ATTRIBUTE_NOT_EXISTS,
    DDB_FN_ATTRIBUTE_TYPE,
    DDB_FN_BEGINS_WITH,
    DDB_FN_CONTAINS,
    DDB_FN_SIZE,
    DDB_FN_IF_NOT_EXISTS,
    DDB_FN_LIST_APPEND,
};

struct ddb_expr {
    uint8_t kind;     /* enum ddb_expr_kind */
    uint8_t function; /* enum ddb_function */
    bool in_parens;
    struct ddb_text name; /* of the function, as written */
    struct ddb_path path;
    const struct ddb_value *value;
    struct ddb_expr **arguments;
    size_t count;
};

/* --- names and values --- */

/* Checks the two maps themselves; NULL or the whole text of the problem. */
const char *ddb_names_init(struct ddb_names *n, struct arena *a,
                           const struct dynamodb_ExpressionAttributeNameMap *names,
                           const struct ddb_item *values);
/* After all expressions were parsed: placeholders that none of them uses. NULL or the whole text.
 */
const char *ddb_names_unused(const struct ddb_names *n);
bool ddb_is_reserved(struct ddb_text name);

/* --- conditions and filters --- */

const char *ddb_condition_parse(struct ddb_names *n, const char *text, struct ddb_expr **out);
/* Whether the item, which may be empty, satisfies it. Numbers that size() makes come from the
 * arena. */
bool ddb_condition_holds(const struct ddb_expr *e, const struct ddb_item *item, struct arena *a);
/* One comparison, as all kinds of conditions share it: EQ to GE, of values that may be absent
 * (NULL). */
bool ddb_compare(enum ddb_expr_kind operator, const struct ddb_value * a,
                 const struct ddb_value *b);
bool ddb_contains(const struct ddb_value *whole, const struct ddb_value *part);
bool ddb_begins_with(const struct ddb_value *whole, const struct ddb_value *part);
/* Calls visit for each path in the tree, until it returns false. */
bool ddb_expr_paths(const struct ddb_expr *e,
                    bool (*visit)(void *context, const struct ddb_path *path), void *context);

/* --- paths --- */

/* What stands at the path in the item, or NULL. */
const struct ddb_value *ddb_path_find(const struct ddb_path *path, const struct ddb_member *members,
                                      size_t count);
/* [a, [0], b] */
const char *ddb_path_print(const struct ddb_path *path, struct arena *a);

/* --- projections --- */

struct ddb_paths {
    struct ddb_path *items;
    size_t count;
};

const char *ddb_projection_parse(struct ddb_names *n, const char *text, struct ddb_paths *out);
/* The parts of the item that the paths name, sharing its values. */
struct ddb_item ddb_project(const struct ddb_paths *paths, const struct ddb_item *item,
                            struct arena *a);

/* --- updates --- */

enum ddb_action { DDB_SET, DDB_REMOVE, DDB_ADD, DDB_DELETE };

struct ddb_update_step {
    uint8_t action; /* enum ddb_action */
    struct ddb_path path;
    struct ddb_expr *operand; /* NULL for REMOVE */
};

struct ddb_update {
    struct ddb_update_step *steps;
    size_t count;
    bool legacy; /* AttributeUpdates: ADD appends to lists; other words for a wrong type */
};

const char *ddb_update_parse(struct ddb_names *n, const char *text, struct ddb_update *out);
/* The item after the update; everything is read from `old`. NULL, or what AWS says. */
const char *ddb_update_apply(const struct ddb_update *update, const struct ddb_item *old,
                             struct arena *a, struct ddb_item *out);

#endif
