/*
 * Threads on demand: each job gets a thread at once, an idle one or a new one. Threads that had
 * nothing to do for a while end. Thread-safe.
 */
#ifndef CADABRA_CREW_H
#define CADABRA_CREW_H

#include "server/base/base.h"

struct crew;

/* name: of the threads. At most thread_max run at a time. */
struct crew *crew_new(const char *name, unsigned thread_max);
/* Waits for all jobs, then frees. NULL is allowed. */
void crew_free(struct crew *crew);
/* Runs run(context) in a thread of its own; false when there is none to be had (nothing was
 * started). */
bool crew_run(struct crew *crew, void (*run)(void *context), void *context);

#endif
