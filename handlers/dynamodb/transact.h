/* What both kinds of transactions share. */
#ifndef CADABRA_DYNAMODB_TRANSACT_H
#define CADABRA_DYNAMODB_TRANSACT_H

#include "handlers/dynamodb/ops.h"

enum {
    DDB_TRANSACTION_MAX = 100,
    DDB_TRANSACTION_BYTES = 4 << 20,
};

/* Why one action of a transaction cancels it; Code NULL: it does not. */
struct ddb_reason {
    const char *code;
    const char *message;
    struct ddb_item item;
};

/* TransactionCanceledException when any reason has a code: -1; else 0. */
int ddb_cancel(struct request *req, const struct ddb_reason *reasons, size_t count);
bool ddb_same_key(const struct ddb_table *a_table, const struct ddb_key *a,
                  const struct ddb_table *b_table, const struct ddb_key *b);

#endif
