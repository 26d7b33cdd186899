/*
 * A binary heap of a queue's entries, the smallest first: by rank, or by the time at which they
 * become visible. An entry is in one heap at most, and knows its place in it.
 */
#ifndef CADABRA_SQS_HEAP_H
#define CADABRA_SQS_HEAP_H

#include "handlers/sqs/index.h"

struct sqs_heap {
    struct sqs_entry **items;
    size_t count;
    size_t capacity;
    bool by_time;
};

void sqs_heap_add(struct sqs_heap *h, struct sqs_entry *e);
/* The entry must be in this heap. */
void sqs_heap_remove(struct sqs_heap *h, struct sqs_entry *e);
void sqs_heap_release(struct sqs_heap *h);

static inline struct sqs_entry *sqs_heap_first(const struct sqs_heap *h)
{
    return h->count > 0 ? h->items[0] : NULL;
}

#endif
