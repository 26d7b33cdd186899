/*
 * Attributes of messages, kept as the very bytes that their MD5 is taken of: sorted by name, each
 * with its name, type and value after their lengths.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
 * sqs-message-metadata.html, "Calculating the MD5 message digest for message attributes"
 */
#ifndef CADABRA_SQS_ATTRIBUTES_H
#define CADABRA_SQS_ATTRIBUTES_H

#include "handlers/sqs/sqs.h"

enum { SQS_MD5_TEXT = 33 };

/* Sorts the attributes and writes them down. No attributes: data is NULL. */
struct bytes sqs_attributes_pack(struct arena *a, struct sqs_attribute *attributes, size_t count);
/* The other way; names and types are copied into the arena, values borrowed. Returns how many. */
size_t sqs_attributes_unpack(struct bytes packed, struct arena *a,
                             struct sqs_attribute **out_attributes);
/* In hex, of bytes. */
void sqs_md5_text(const void *data, size_t len, char out[SQS_MD5_TEXT]);
/* What AWS counts of a message beside its body: names, types and values. */
size_t sqs_attributes_size(const struct sqs_attribute *attributes, size_t count);

static inline bool sqs_attribute_is_binary(const struct sqs_attribute *a)
{
    return str_starts(a->type, "Binary");
}

#endif
