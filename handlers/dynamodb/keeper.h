/*
 * The one background thread of DynamoDB: it removes what has expired, what is left of deleted
 * tables and what is too old in the log; does the steps of jobs; counts large tables.
 *
 * It is started when there may be work and ends when there is none, and none can come by time
 * alone.
 */
#ifndef CADABRA_DYNAMODB_KEEPER_H
#define CADABRA_DYNAMODB_KEEPER_H

#include "handlers/dynamodb/state.h"

struct ddb_keeper *ddb_keeper_new(struct ddb *d);
void ddb_keeper_free(struct ddb_keeper *k); /* all background work must have been stopped */
/* There may be work: after the change that makes it has been committed. Thread-safe. */
void ddb_keeper_wake(struct ddb *d);
/* The table is to be counted. When too many wait for that already, it is not. */
void ddb_keeper_count(struct ddb *d, int64_t table_id);

#endif
