/*
 * The one timer of SQS: wakes those who wait for messages when a delay or a visibility timeout
 * passes, and does what is to be done now and then (retention, what was purged or deleted).
 *
 * Its task starts with the first work for it, and sleeps until the next time that matters to
 * somebody. Who does not wait needs no timer: receiving looks at the clock itself.
 */
#ifndef CADABRA_SQS_TIMER_H
#define CADABRA_SQS_TIMER_H

#include "handlers/sqs/live.h"

struct sqs_timer *sqs_timer_new(struct sqs *q);
/* The background tasks must have ended. */
void sqs_timer_free(struct sqs_timer *t);

/* Somebody waits for messages of the queue, which stays held by them, until unwatched. */
void sqs_timer_watch(struct sqs_timer *t, struct sqs_queue *queue);
void sqs_timer_unwatch(struct sqs_timer *t, struct sqs_queue *queue);
/* A message of the queue will become visible then. Not under the queue's lock. */
void sqs_timer_expect(struct sqs_timer *t, struct sqs_queue *queue, int64_t at_ms);
/* Something was purged or deleted, or may have been when the server was stopped. */
void sqs_timer_trim(struct sqs_timer *t);

#endif
