/*
 * Receipts of a FIFO queue by the id of their attempt: who asks again with the same id within five
 * minutes, since the answer was lost, is given the same messages.
 *
 * Kept in memory: after a restart an id is new. Not thread-safe: all calls under the queue's lock.
 */
#ifndef CADABRA_SQS_ATTEMPTS_H
#define CADABRA_SQS_ATTEMPTS_H

#include "server/base/base.h"

enum { SQS_ATTEMPT_MS = 5 * 60 * 1000, SQS_ATTEMPTS_MAX = 1000, SQS_ATTEMPT_MESSAGES = 10 };

struct sqs_attempt {
    struct sqs_attempt *next; /* older */
    char *id;
    int64_t at_ms;
    size_t count;
    int64_t numbers[SQS_ATTEMPT_MESSAGES];
    int32_t received[SQS_ATTEMPT_MESSAGES]; /* the how manieth receipt of each it was */
};

struct sqs_attempts {
    struct sqs_attempt *newest;
    size_t count;
};

/* NULL: there was none of that id lately. */
const struct sqs_attempt *sqs_attempts_find(struct sqs_attempts *list, const char *id,
                                            int64_t now_ms);
/* Replaces one of the same id. like->id is copied. */
void sqs_attempts_note(struct sqs_attempts *list, const struct sqs_attempt *like);
void sqs_attempts_release(struct sqs_attempts *list);

#endif
