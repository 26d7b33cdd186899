/*
 * Work that no request waits for: event source pollers, delivery buffers, expiry.
 *
 * A task runs in a thread of its own (small stack), may block, and must return soon after it is
 * told to stop. Reset and shutdown stop all tasks and wait for them: no background work outlives a
 * reset.
 */
#ifndef CADABRA_BACKGROUND_H
#define CADABRA_BACKGROUND_H

#include "server/base/base.h"

struct background;
struct background_task;

struct background *background_new(void);
void background_free(struct background *b); /* stops everything first */

/* Starts run(task, context). The task ends when run returns. NULL, after a log line, when no thread
 * is to be had or the server is stopping. */
struct background_task *background_start(struct background *b, const char *name,
                                         void (*run)(struct background_task *task, void *context),
                                         void *context);
/* The same for work that nobody will stop singly: there is no handle. False where the other one
 * gives NULL. */
bool background_run(struct background *b, const char *name,
                    void (*run)(struct background_task *task, void *context), void *context);
/* Asks one task to stop and waits until it has; the handle is gone then. NULL is allowed. Never
 * call it from the task itself. */
void background_stop(struct background_task *task);
/* Asks all tasks to stop and waits for all, not from a task; new ones may be started afterwards. */
void background_stop_all(struct background *b);

/* For the task: */
bool background_stopping(const struct background_task *task);
/* Becomes readable when the task shall stop: for poll() beside whatever else it waits for. */
int background_stop_fd(const struct background_task *task);
/* Sleeps that long or until the task shall stop; true when it shall stop. */
bool background_sleep_ms(struct background_task *task, int64_t ms);

#endif
