/*
 * Brings the messages of an SQS queue to a function.
 */
#ifndef CADABRA_LAMBDA_QUEUE_POLLER_H
#define CADABRA_LAMBDA_QUEUE_POLLER_H

#include "handlers/lambda/state.h"

struct queue_work {
    struct lambda *lambda;
    const struct lambda_mapping *mapping;
    int cancel_fd; /* readable: end after the present batches */
    int stop_fd;   /* readable: end at once */
};

/* Works until it is cancelled or the queue is gone. */
void queue_poll(const struct queue_work *work);

#endif
