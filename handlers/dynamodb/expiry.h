/*
 * Time to live: which items expire when, and removing those that are due.
 *
 * The times are kept in an index of their own, so looking for what is due costs one seek a table.
 * An entry may be old (the attribute was another one once): what counts is the item.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
 */
#ifndef CADABRA_DYNAMODB_EXPIRY_H
#define CADABRA_DYNAMODB_EXPIRY_H

#include "handlers/dynamodb/state.h"

/* When the item expires, in seconds since 1970; false when it does not. */
bool ddb_expiry_of(const struct ddb_definition *d, const struct ddb_item *item,
                   int64_t *out_expires_s);
/* Removes some of what is due. True when there may be more of it; *out_any: some table has items
 * that will expire. */
bool ddb_expire_some(struct ddb *d, bool *out_any);

#endif
