/*
 * Threads as cadabra wants them: joinable, named, with a small stack, and with all signals blocked,
 * so that signals reach the main thread only.
 */
#ifndef CADABRA_THREAD_H
#define CADABRA_THREAD_H

#include "server/base/base.h"

#include <pthread.h>
#include <signal.h>

/* What handlers have to live with. Sanitizers widen frames several times over. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
enum { THREAD_STACK_SIZE = 1024 * 1024, THREAD_DEEP_STACK_SIZE = 32 * 1024 * 1024 };
#else
enum { THREAD_STACK_SIZE = 256 * 1024, THREAD_DEEP_STACK_SIZE = 8 * 1024 * 1024 };
#endif

/* Starts run(context); name is cut to 15 characters. 0, or an error number when there is no thread
 * to be had. */
int thread_start(pthread_t *out_thread, const char *name, void *(*run)(void *context),
                 void *context);

/* The same with a stack for libraries that want a deep one (server/duckdb). */
int thread_start_deep(pthread_t *out_thread, const char *name, void *(*run)(void *context),
                      void *context);

/* Blocks all signals that can be blocked in this thread and those it starts; out_old gets what was
 * before. */
void thread_block_signals(sigset_t *out_old);
void thread_restore_signals(const sigset_t *old);

#endif
