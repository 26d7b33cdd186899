/* DynamoDB to the rest of the program. */
#ifndef CADABRA_DYNAMODB_SERVICE_H
#define CADABRA_DYNAMODB_SERVICE_H

#include "server/service.h"

extern const struct service dynamodb_service;

/* How errors name their types; of DynamoDB and of its streams. */
const char *ddb_error_type(const struct request *req, const struct aws_error *error);

#endif
