/* What CreateTable and ImportTable share. */
#ifndef CADABRA_DYNAMODB_CREATE_H
#define CADABRA_DYNAMODB_CREATE_H

#include "handlers/dynamodb/ops.h"

/* The definition that a request describes, checked; *d is zeroed before. 0, or -1 after failing the
 * request. */
int ddb_create_define(struct request *req, const struct dynamodb_CreateTableInput *in,
                      struct ddb_definition *d);

#endif
