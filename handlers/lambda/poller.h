/*
 * What brings records of streams to functions: for every enabled event source mapping, readers of
 * its stream's shards. Thread-safe.
 */
#ifndef CADABRA_LAMBDA_POLLER_H
#define CADABRA_LAMBDA_POLLER_H

struct lambda;
struct pollers;

/* Starts what the store says is enabled. */
struct pollers *pollers_new(struct lambda *l);
/* All background tasks must have been stopped. */
void pollers_free(struct pollers *p);

/* A mapping was added, changed or removed in the store. Returns at once; a batch that is being
 * handled is finished under the old settings first. */
void pollers_changed(struct pollers *p, const char *uuid, const char *account, const char *region);

#endif
