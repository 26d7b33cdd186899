/*
 * Changes of tables on their way to Kinesis streams: one background thread, which runs while there
 * is an active destination.
 *
 * A batch is put into the stream, then the destination moves past it: so each change arrives at
 * least once, in order, and a server that is killed goes on where it was. What can't be delivered
 * for a day is lost with the log, as it is with AWS.
 */
#ifndef CADABRA_DYNAMODB_DELIVERY_H
#define CADABRA_DYNAMODB_DELIVERY_H

#include "handlers/dynamodb/state.h"

struct ddb_delivery *ddb_delivery_new(struct ddb *d);
void ddb_delivery_free(struct ddb_delivery *v); /* all background work must have been stopped */
/* There may be an active destination. Thread-safe. */
void ddb_delivery_wake(struct ddb *d);

#endif
