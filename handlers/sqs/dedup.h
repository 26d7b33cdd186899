/*
 * What was sent to a FIFO queue in the last five minutes, so that it is not sent twice.
 *
 * An entry is made before its message is written and stands for it from then on; while the write is
 * under way it is `pending`. Not thread-safe: all calls under the queue's lock.
 */
#ifndef CADABRA_SQS_DEDUP_H
#define CADABRA_SQS_DEDUP_H

#include "storage/sqs_store.h"

enum { SQS_DEDUP_MS = 5 * 60 * 1000 };

struct sqs_sent {
    uint8_t key[SQS_DEDUP_KEY_LEN]; /* first: entries are found by it */
    uint8_t id[SQS_MESSAGE_ID_LEN];
    int64_t number;
    int64_t sent_ms;
    bool pending;
    struct sqs_sent *next; /* in the order of time */
};

struct sqs_dedup {
    void *tree; /* tsearch() */
    struct sqs_sent *first;
    struct sqs_sent *last;
    int64_t forgotten; /* numbers up to this one have been dropped */
};

/* Of the id, and of the group where each group has ids of its own (NULL: not). */
void sqs_dedup_key(const char *group_id, const char *dedup_id, uint8_t out[SQS_DEDUP_KEY_LEN]);

/* Drops what was sent five minutes ago or earlier. */
void sqs_dedup_expire(struct sqs_dedup *d, int64_t now_ms);
/* NULL when nothing of that key was sent in the last five minutes. */
struct sqs_sent *sqs_dedup_find(struct sqs_dedup *d, const uint8_t key[SQS_DEDUP_KEY_LEN],
                                int64_t now_ms);
/* There must be none of that key. */
struct sqs_sent *sqs_dedup_add(struct sqs_dedup *d, const struct sqs_sent *like);
void sqs_dedup_remove(struct sqs_dedup *d, struct sqs_sent *sent);
/* Forgets all but those that are pending. */
void sqs_dedup_forget_settled(struct sqs_dedup *d);
void sqs_dedup_release(struct sqs_dedup *d);

#endif
