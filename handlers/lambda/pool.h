/*
 * All sandboxes of the server: idle ones are reused, their number is bounded, those that use too
 * much are killed, and none outlives the pool. Thread-safe.
 */
#ifndef CADABRA_LAMBDA_POOL_H
#define CADABRA_LAMBDA_POOL_H

#include "handlers/lambda/sandbox.h"

/* Sandboxes of all accounts together, and so what GetAccountSettings states as the limit. */
enum { POOL_SANDBOXES_MAX = 100 };

struct pool;

/* Ends first what a server that was killed has left running on the same data directory. */
struct pool *pool_new(struct app *app, struct code *code);
/* Kills everything. No pool_run() may be running, except in threads that are being stopped. */
void pool_free(struct pool *p);

enum pool_status {
    POOL_RAN,       /* the function ran, well or not: see the invocation */
    POOL_THROTTLED, /* all sandboxes are busy */
    POOL_RESERVED,  /* the function's reserved concurrency is used up */
    POOL_OUTDATED,  /* its code has gone: it was changed or deleted after it was looked up */
    POOL_FAILED,    /* a fault of ours; logged */
};

/* Handles one event, in a sandbox that is idle or new. Blocks until it is done. The invocation's
 * response must be released whatever comes back. */
enum pool_status pool_run(struct pool *p, const struct lambda_function *f, struct invocation *in);

/* The version f changed: its sandboxes of other revisions than `keep` end, idle ones at once,
 * others after their present event. keep NULL: it was deleted, with all other versions when it is
 * $LATEST, and all end at once. */
void pool_retire(struct pool *p, const struct lambda_function *f, const char *keep);
/* --- provisioned concurrency: sandboxes that are started before they are needed and stay --- */

/* Starts one and waits until it is initialised, or stop_fd is readable. */
enum pool_status pool_provision(struct pool *p, const struct lambda_function *f, int stop_fd);
/* How many of them the version has, ready or busy. */
size_t pool_provisioned(struct pool *p, const struct lambda_function *f);
/* Lets those beyond `keep` end as others do. */
void pool_unprovision(struct pool *p, const struct lambda_function *f, size_t keep);

/* Removes a code package as soon as no sandbox uses it. */
void pool_discard_code(struct pool *p, const char *code_id);

#endif
