/* A parsed expression, for the files that make and evaluate it. */
#ifndef CADABRA_GLUE_EXPRESSION_PARTS_H
#define CADABRA_GLUE_EXPRESSION_PARTS_H

#include "handlers/glue/expression.h"
#include "handlers/glue/expression_value.h"

enum glue_node_kind {
    /* operands, in no finished expression */
    GLUE_NODE_COLUMN,
    GLUE_NODE_LITERAL,
    /* conditions on one key */
    GLUE_NODE_COMPARE,
    GLUE_NODE_LIKE,
    GLUE_NODE_IN,
    GLUE_NODE_IS_NULL,
    /* conditions on conditions */
    GLUE_NODE_AND,
    GLUE_NODE_OR,
    GLUE_NODE_NOT,
};

enum glue_compare {
    GLUE_EQUAL,
    GLUE_NOT_EQUAL,
    GLUE_LESS,
    GLUE_LESS_EQUAL,
    GLUE_GREATER,
    GLUE_GREATER_EQUAL
};

struct glue_node {
    enum glue_node_kind kind;
    enum glue_compare compare;
    struct bytes text;           /* COLUMN: its name; LITERAL: its value */
    size_t key;                  /* of a condition on a key: which, and of what type; */
    enum glue_key_type type;     /* set when the names are known to be keys */
    struct glue_scalar *scalars; /* what it is compared with: one, or several of IN */
    size_t scalar_count;
    struct glue_node *first;          /* of AND, OR, NOT: what they join */
    struct glue_node *next;           /* the next one of those */
    struct glue_node *next_condition; /* of all conditions on keys in the expression */
};

struct glue_expression {
    struct glue_node *root;
    struct glue_node *conditions; /* by next_condition */
};

/* NULL where the text is no expression. The conditions have names and texts of literals only. */
struct glue_expression *glue_expression_read(struct arena *a, const char *text);

#endif
