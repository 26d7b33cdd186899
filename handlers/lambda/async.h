/*
 * Events that were accepted with 202: carried out in the background, tried again when they fail,
 * kept in the store until then. Thread-safe.
 */
#ifndef CADABRA_LAMBDA_ASYNC_H
#define CADABRA_LAMBDA_ASYNC_H

#include "storage/lambda_store.h"

struct lambda;
struct async_queue;

/* Goes on with what an earlier run of the server left. */
struct async_queue *async_new(struct lambda *l);
/* All background tasks must have been stopped. */
void async_free(struct async_queue *q);

/* When it returns STORE_OK the event will be carried out, whatever happens to the server. */
enum store_status async_put(struct async_queue *q, const struct lambda_event *event);

#endif
