/*
 * Key conditions of Query, in both forms, and the range of keys that they mean.
 */
#ifndef CADABRA_DYNAMODB_KEY_CONDITION_H
#define CADABRA_DYNAMODB_KEY_CONDITION_H

#include "handlers/dynamodb/expr.h"
#include "handlers/dynamodb/ops.h"

enum { DDB_KEY_CONDITIONS_MAX = 2 * DDB_KEY_PARTS_MAX };

/* One attribute compared: EQ, LT, LE, GT, GE, BETWEEN (two values), or begins_with (DDB_FUNCTION).
 */
struct ddb_key_condition {
    struct ddb_text name;
    uint8_t kind; /* enum ddb_expr_kind; DDB_NOT: an operator that keys do not know */
    const struct ddb_value *values[2];
};

struct ddb_key_conditions {
    struct ddb_key_condition items[DDB_KEY_CONDITIONS_MAX];
    size_t count;
};

/* From a parsed KeyConditionExpression: NULL, or the whole text of the problem. */
const char *ddb_key_conditions_of(const struct ddb_expr *e, struct ddb_key_conditions *out,
                                  struct arena *a);
/* From KeyConditions: 0, or -1 after failing the request. */
int ddb_key_conditions_legacy(struct request *req, const struct dynamodb_KeyConditions *in,
                              struct ddb_key_conditions *out);

/* First the partition, then the bounds of the sort key. NULL, or the whole text of the problem. */
const char *ddb_key_partition(const struct ddb_key_schema *schema,
                              const struct ddb_key_conditions *conditions, struct arena *a,
                              struct ddb_range *out);
const char *ddb_key_range(const struct ddb_key_schema *schema,
                          const struct ddb_key_conditions *conditions, struct arena *a,
                          struct ddb_range *out);

#endif
