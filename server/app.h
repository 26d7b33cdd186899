/*
 * Everything that lives as long as the process. Made in main(), reached through the request. It
 * holds modules, not their insides: each member's own header says what can be done with it.
 */
#ifndef CADABRA_APP_H
#define CADABRA_APP_H

#include "server/base/clock.h"

struct config;
struct store_root;
struct background;
struct trace;
struct gate;
struct listener;
struct pattern_cache;

struct app {
    const struct config *config;
    struct clock_source clock;
    struct store_root *store;       /* the data directory: storage/store.h */
    struct background *background;  /* threads that reset and shutdown stop: background.h */
    struct listener *listener;      /* net/listener.h; services may open endpoints of their own */
    struct trace *trace;            /* NULL without --trace */
    struct gate *gate;              /* reset waits here until no request is inside: gate.h */
    struct pattern_cache *patterns; /* of the validator: model/pattern.h */
    void **service_states;          /* by index in service_registry */
    _Atomic uint16_t port;          /* the one that is being listened on; 0: not yet */

    /* Readable while a reset or the shutdown waits for requests to end. Whatever a request may wait
     * for longer than a moment, it must poll this too (stop_fd of waitq_wait()) and end early. */
    int stop_fd;
};

/* Opens the data directory and all services. config, trace and listener must be set before. False,
 * after logging why; app_close() must be called in any case. */
bool app_open(struct app *app);
/* Stops all background work, closes all services and the data directory. No request may run. */
void app_close(struct app *app);

enum app_reset_outcome {
    APP_RESET_DONE,
    APP_RESET_BUSY,   /* a request would not end: nothing was changed */
    APP_RESET_FAILED, /* the log says why */
};

/* Empties everything: keeps new requests waiting, ends those that wait for something, stops all
 * background work, removes all data, and opens the services anew. Called by a request that is not
 * inside the gate itself. */
enum app_reset_outcome app_reset(struct app *app);

#endif
