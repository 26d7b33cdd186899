/* What every operation's input is checked for before its handler runs. */
#ifndef CADABRA_DYNAMODB_VALIDATE_H
#define CADABRA_DYNAMODB_VALIDATE_H

#include "server/net/request.h"

/* service->validate. */
int ddb_validate(struct request *req, const void *in);

#endif
