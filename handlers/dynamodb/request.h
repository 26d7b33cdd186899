/*
 * What item operations share before they touch the store: the checks of parameters against each
 * other, conditions in both forms (expressions and the legacy Expected), projections. Functions
 * answer 0, or -1 after failing the request.
 */
#ifndef CADABRA_DYNAMODB_REQUEST_H
#define CADABRA_DYNAMODB_REQUEST_H

#include "handlers/dynamodb/expr.h"
#include "handlers/dynamodb/ops.h"

/* A parameter by name, and whether the client gave it. */
struct ddb_parameter {
    const char *name;
    bool given;
};

/*
 * Expressions and legacy parameters exclude each other, and placeholders need an expression. The
 * lists end with a NULL name; `values` are ExpressionAttributeValues, NULL where the operation has
 * none.
 */
int ddb_check_parameters(struct request *req, const struct ddb_parameter *expressions,
                         const struct ddb_parameter *legacy,
                         const struct dynamodb_ExpressionAttributeNameMap *names,
                         const struct ddb_item *values);

/* Fails with the problem of an item or key, if it has one. */
int ddb_check_values(struct request *req, const struct ddb_item *item);

/* What the condition of a write is made of. */
struct ddb_condition_input {
    const char *expression;
    const struct dynamodb_ExpectedAttributeMap *expected; /* NULL: the operation has none */
    const char *conditional_operator;
};

/* Starts with the names and values, which all expressions of the request share. */
int ddb_take_names(struct request *req, const struct dynamodb_ExpressionAttributeNameMap *names,
                   const struct ddb_item *values, struct ddb_names *out);
/* NULL in *out: there is no condition. */
int ddb_take_condition(struct request *req, struct ddb_names *names,
                       const struct ddb_condition_input *in, struct ddb_expr **out);
int ddb_take_filter(struct request *req, struct ddb_names *names, const char *expression,
                    struct ddb_expr **out);
/* AttributesToGet; count 0: all. */
int ddb_take_attributes(struct request *req, const struct dynamodb_AttributeNameList *attributes,
                        struct ddb_paths *out);
/* ProjectionExpression; without one *out stays as it is. */
int ddb_take_projection(struct request *req, struct ddb_names *names, const char *expression,
                        struct ddb_paths *out);
int ddb_take_update(struct request *req, struct ddb_names *names, const char *expression,
                    struct ddb_update *out);
/* Last: all placeholders must have been used. */
int ddb_end_names(struct request *req, const struct ddb_names *names);

/* Paths may not reach into key attributes, of the table or its indexes. */
const char *ddb_key_path_problem(const struct ddb_table *t, const struct ddb_path *path,
                                 struct arena *a);
int ddb_check_expr_keys(struct request *req, const struct ddb_table *t, const struct ddb_expr *e);
int ddb_check_paths_keys(struct request *req, const struct ddb_table *t,
                         const struct ddb_paths *paths);

/* A stored item as it is, or the part of it that the paths name. STORE_FAILED, logged, when it
 * cannot be read. */
enum store_status ddb_item_from_row(const struct ddb_row *row, const struct ddb_paths *paths,
                                    struct arena *a, struct ddb_item *out);

/* ConditionalCheckFailedException, with the item when return_values asks for it. Always -1. */
int ddb_fail_condition(struct request *req, const char *return_values, bool existed,
                       const struct ddb_item *old);

#endif
