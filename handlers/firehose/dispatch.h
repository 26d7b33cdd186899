/*
 * Sees to it that what is due is done: one thread that sleeps until the next buffer is due, and one
 * more for each lane of a stream while something is due there. Nothing runs while nothing waits.
 */
#ifndef CADABRA_FIREHOSE_DISPATCH_H
#define CADABRA_FIREHOSE_DISPATCH_H

struct dispatcher;
struct firehose;

struct dispatcher *dispatcher_new(struct firehose *f);
/* All background tasks must have been stopped. */
void dispatcher_free(struct dispatcher *d);

/* A buffer was opened or sealed. Thread-safe, cheap. */
void dispatcher_wake(struct dispatcher *d);

#endif
