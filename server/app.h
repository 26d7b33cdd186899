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
struct listener;

struct app {
    const struct config *config;
    struct clock_source clock;
    struct store_root *store; /* the data directory: storage/store.h */
    struct background
        *background;           /* threads that are stopped by reset and shutdown: background.h */
    struct listener *listener; /* net/listener.h; services may open endpoints of their own */
    struct trace *trace;       /* NULL without --trace */
    void **service_states;     /* by index in service_registry */
    uint16_t port;             /* the one that is being listened on */
};

#endif
