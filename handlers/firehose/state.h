/* The service's state: its store, and what delivers. */
#ifndef CADABRA_FIREHOSE_STATE_H
#define CADABRA_FIREHOSE_STATE_H

#include "handlers/firehose/firehose.h"
#include "storage/firehose_store.h"

struct conversion_parts;
struct dispatcher;
struct sources;

struct firehose {
    struct app *app;
    struct firehose_store *store;
    struct dispatcher *dispatcher;             /* dispatch.h */
    struct sources *sources;                   /* source.h */
    const struct conversion_parts *conversion; /* convert.h */
};

struct firehose *firehose_of(struct app *app);

#endif
