/* What the files of DynamoDB's store share. */
#ifndef CADABRA_DYNAMODB_INTERNAL_H
#define CADABRA_DYNAMODB_INTERNAL_H

#include "storage/dynamodb_store.h"
#include "storage/lazy.h"

struct ddb_store {
    struct lazy_db *db;
};

#endif
