/*
 * Waiting for something to happen elsewhere: a record in a shard, a message in a queue.
 *
 * A waitq is a counter that only grows. The waiter reads it, looks whether there is work, and if
 * not waits for the counter to pass what it read; so no wake-up is lost. Thread-safe. Many may
 * wait, each wake wakes all.
 */
#ifndef CADABRA_WAITQ_H
#define CADABRA_WAITQ_H

#include "server/base/base.h"

struct waitq;

struct waitq *waitq_new(void);
void waitq_free(struct waitq *q);

uint64_t waitq_ticket(struct waitq *q);
void waitq_wake(struct waitq *q);

enum wait_result { WAIT_WOKEN, WAIT_TIMEOUT, WAIT_ABANDONED };

/* Waits until the counter has passed `ticket`, timeout_ms have gone by (negative: no limit), or
 * gone_fd hangs up (a client's socket, or whatever req->client_fd is), or stop_fd becomes readable;
 * either descriptor may be -1. A wake-up that came in time wins over the other reasons; hanging up
 * and stopping are both WAIT_ABANDONED. */
enum wait_result waitq_wait(struct waitq *q, uint64_t ticket, int64_t timeout_ms, int gone_fd,
                            int stop_fd);

#endif
