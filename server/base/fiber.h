/*
 * Fibers: functions with a stack of their own, many in one thread, that can wait without their
 * thread waiting.
 *
 * A thread that serves many starts each piece of work as a fiber. One that has to wait for others
 * of the same thread (for a commit that they shall share) yields, and the thread goes on with the
 * next piece; fibers_finish() later takes turns among those that wait.
 *
 * What must hold: a fiber yields holding no lock that another fiber of its thread might block on.
 * Locks that are held across a yield are taken with fiber_mutex_lock() and fiber_read_lock(), by
 * all who may be fibers.
 *
 * A set and its fibers belong to the thread that made it. In a thread without one, or outside a
 * fiber, the functions of the second half do what a plain thread would.
 */
#ifndef CADABRA_FIBER_H
#define CADABRA_FIBER_H

#include "server/base/base.h"

#include <pthread.h>

struct fibers;

/* One for each thread. Stacks are made when needed, each of THREAD_STACK_SIZE. */
struct fibers *fibers_new(void);
/* All must have ended. NULL is allowed. */
void fibers_free(struct fibers *set);

/* Runs run(context) until it ends or yields. False, and not begun, when there is no memory for a
 * stack. */
bool fibers_start(struct fibers *set, void (*run)(void *context), void *context);
/* How many have begun and not ended. */
size_t fibers_waiting(const struct fibers *set);
/* Goes on with those that wait until all have ended. Not from a fiber. */
void fibers_finish(struct fibers *set);

/* --- from anywhere --- */

/* True when the caller is a fiber. */
bool fiber_running(void);

enum fiber_pause {
    FIBER_READY, /* can go on, and lets others run before */
    FIBER_WAITS, /* for something that another fiber or thread has to do */
};

/* Lets the other fibers of this thread run. False when the caller waits, and so do all the others:
 * only another thread can help, and it may as well block. Only in a fiber. */
bool fiber_yield(enum fiber_pause pause);

/*
 * What many fibers of a thread have to do alike, done once by one of them. Each brings a part,
 * which stays its own; it lies first in what the caller knows of it.
 *
 * The first that comes with a key waits until the thread has nothing else to do, and gets the list
 * of all that have come with that key since, its own first. It does what is to be done, and ends it
 * with fiber_gather_end(). The others get NULL, after that. Only in a fiber.
 */
struct fiber_part {
    struct fiber_part *next;
    struct fiber *fiber; /* fiber.c's */
};
struct fiber_part *fiber_gather(const void *key, struct fiber_part *part);
/* After this the other parts may be gone. */
void fiber_gather_end(struct fiber_part *parts);

/* The lock may be held by another fiber of this thread: then that one runs first. */
void fiber_mutex_lock(pthread_mutex_t *lock);
void fiber_read_lock(pthread_rwlock_t *lock);

#endif
