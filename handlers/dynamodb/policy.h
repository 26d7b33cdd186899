/* Resource policies: stored, checked as documents, and shown. */
#ifndef CADABRA_DYNAMODB_POLICY_H
#define CADABRA_DYNAMODB_POLICY_H

#include "handlers/dynamodb/ops.h"

/* Checks a policy and makes it the next one. 0, or -1 after failing the request. */
int ddb_policy_take(struct request *req, const char *text, struct ddb_policy *out);

#endif
