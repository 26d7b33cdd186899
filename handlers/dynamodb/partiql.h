/*
 * PartiQL, DynamoDB's part of it: a statement becomes what the other operations take.
 *
 * INSERT is a put of an item that must not be there, UPDATE and DELETE are changes of one item
 * whose key stands in WHERE, SELECT is a read. The parser writes WHERE, SET and REMOVE as the
 * expressions of those operations, with a placeholder for each name and value; so all that follows
 * (checks, words of errors, conditions, updates) is theirs.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
 */
#ifndef CADABRA_DYNAMODB_PARTIQL_H
#define CADABRA_DYNAMODB_PARTIQL_H

#include "handlers/dynamodb/expr.h"
#include "handlers/dynamodb/ops.h"

enum partiql_kind { PARTIQL_SELECT, PARTIQL_INSERT, PARTIQL_UPDATE, PARTIQL_DELETE };

enum partiql_returning {
    PARTIQL_NOTHING,
    PARTIQL_ALL_OLD,
    PARTIQL_MODIFIED_OLD,
    PARTIQL_ALL_NEW,
    PARTIQL_MODIFIED_NEW,
};

/* A piece of an expression and the placeholders in it: positions in names and values. */
struct partiql_text {
    const char *text;
    size_t names_from;
    size_t names_to;
    size_t values_from;
    size_t values_to;
};

/* WHERE a AND b AND ...: one of these each. Where it is attribute = literal, both are given. */
struct partiql_conjunct {
    struct partiql_text text;
    struct ddb_text name;
    const struct ddb_value *value; /* NULL: something else */
};

struct partiql_statement {
    enum partiql_kind kind;
    bool exists; /* EXISTS(SELECT ...), for transactions */
    const char *table;
    const char *index;           /* NULL: none */
    const char *index_position;  /* of the table's name, where an index was given */
    struct ddb_paths projection; /* none: everything */
    struct ddb_item item;        /* INSERT */
    struct partiql_text update;  /* UPDATE; an UpdateExpression */
    struct partiql_text where;   /* text NULL: there is none; a ConditionExpression */
    struct partiql_conjunct *conjuncts;
    size_t conjunct_count;
    struct ddb_expr *condition; /* `where`, parsed; NULL: none */
    enum partiql_returning returning;
    struct ddb_text order_by; /* data NULL: none */
    bool descending;

    struct dynamodb_ExpressionAttributeNameMap names; /* of all texts together */
    struct ddb_item values;
};

/* NULL, or what AWS says. Needs no table. */
const char *partiql_parse(struct arena *a, const char *text,
                          const struct dynamodb_PreparedStatementParameters *parameters,
                          struct partiql_statement *out);

/* The placeholders of one or two texts, as the operations take them. */
struct dynamodb_ExpressionAttributeNameMap partiql_names(const struct partiql_statement *st,
                                                         const struct partiql_text *a,
                                                         const struct partiql_text *b,
                                                         struct arena *arena);
struct ddb_item partiql_values(const struct partiql_statement *st, const struct partiql_text *a,
                               const struct partiql_text *b, struct arena *arena);

/* "ALL_OLD", "UPDATED_NEW", ...; NULL for PARTIQL_NOTHING. */
const char *partiql_return_values(enum partiql_returning returning);

/* The key of the one item that WHERE names: NULL, or why it names none. out_more: WHERE says more
 * than the key. */
const char *partiql_key(const struct partiql_statement *st, const struct ddb_table *t,
                        struct arena *a, struct ddb_item *out_key, bool *out_more);

/* The table that it names, after the checks that depend on its kind. NULL after failing the
 * request. */
const struct ddb_table *partiql_table(struct request *req, const struct partiql_statement *st);

/* Inputs of the operations that do the work. 0, or -1 after failing the request. */
int partiql_put(struct request *req, const struct partiql_statement *st,
                struct dynamodb_PutItemInput *out);
int partiql_update(struct request *req, const struct partiql_statement *st,
                   struct dynamodb_UpdateItemInput *out);
int partiql_delete(struct request *req, const struct partiql_statement *st,
                   struct dynamodb_DeleteItemInput *out);

/* INSERT, UPDATE or DELETE by itself. out_item: what RETURNING asked for, if there is something. */
struct partiql_write_options {
    const char *return_on_failure; /* ReturnValuesOnConditionCheckFailure */
    const char *return_capacity;
};
int partiql_write(struct request *req, const struct partiql_statement *st,
                  const struct partiql_write_options *options, struct ddb_item *out_item,
                  struct dynamodb_ConsumedCapacity **out_capacity);

/* SELECT by itself: a page of items. */
int partiql_select(struct request *req, const struct partiql_statement *st,
                   const struct dynamodb_ExecuteStatementInput *in,
                   struct dynamodb_ExecuteStatementOutput *out);
/* What the projection leaves of an item. AWS: a nested path is named by its last step. */
struct ddb_item partiql_project(const struct partiql_statement *st, const struct ddb_item *item,
                                struct arena *a);

#endif
