/*
 * Receipt handles: which receipt of which message of which queue, signed with a key of the data
 * directory. So a handle that was made up, or cut, or made by another server, is told from one of
 * ours, and ours stay good over a restart.
 */
#ifndef CADABRA_SQS_RECEIPT_H
#define CADABRA_SQS_RECEIPT_H

#include "storage/sqs_store.h"

struct sqs_receipt {
    int64_t queue; /* its id in the store */
    int64_t number;
    int64_t received; /* the how manieth receipt it was */
};

char *sqs_receipt_make(struct arena *a, const uint8_t secret[SQS_SECRET_LEN],
                       const struct sqs_receipt *receipt);
/* False when the text is no handle of this key. */
bool sqs_receipt_read(const char *text, const uint8_t secret[SQS_SECRET_LEN],
                      struct sqs_receipt *out);

#endif
