/*
 * The parameters that expressions have replaced: Expected, QueryFilter, ScanFilter, KeyConditions
 * and AttributeUpdates, turned into the trees that expressions are parsed into. Functions answer 0,
 * or -1 after failing the request.
 */
#ifndef CADABRA_DYNAMODB_LEGACY_H
#define CADABRA_DYNAMODB_LEGACY_H

#include "handlers/dynamodb/expr.h"
#include "handlers/dynamodb/ops.h"

/* NULL in *out: no condition. */
int ddb_legacy_expected(struct request *req, const struct dynamodb_ExpectedAttributeMap *expected,
                        const char *conditional_operator, struct ddb_expr **out);
int ddb_legacy_filter(struct request *req, const struct dynamodb_FilterConditionMap *filter,
                      const char *conditional_operator, struct ddb_expr **out);
int ddb_legacy_update(struct request *req, const struct dynamodb_AttributeUpdates *updates,
                      struct ddb_update *out);
/* The checks of one condition of KeyConditions, whose meaning is the caller's. */
int ddb_legacy_check_condition(struct request *req, const struct dynamodb_Condition *c);

#endif
