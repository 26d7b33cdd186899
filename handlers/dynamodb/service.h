/* DynamoDB to the rest of the program. */
#ifndef CADABRA_DYNAMODB_SERVICE_H
#define CADABRA_DYNAMODB_SERVICE_H

#include "server/service.h"

extern const struct service dynamodb_service;

#endif
