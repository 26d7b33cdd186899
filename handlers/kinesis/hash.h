/*
 * Hash keys: integers of 128 bits, kept big endian so that memcmp() orders them, written in
 * decimal.
 */
#ifndef CADABRA_KINESIS_HASH_H
#define CADABRA_KINESIS_HASH_H

#include "storage/kinesis_store.h"

enum { KINESIS_HASH_TEXT = 40 };

unsigned __int128 kinesis_hash_load(const uint8_t hash[KINESIS_HASH_LEN]);
void kinesis_hash_save(unsigned __int128 number, uint8_t out[KINESIS_HASH_LEN]);
/* The i-th of count equal parts of [0, 2^128); the last one takes what the division leaves. */
struct kinesis_hash_range kinesis_hash_part(size_t i, size_t count);
/* MD5 of the partition key. */
void kinesis_hash_of_key(const char *partition_key, uint8_t out[KINESIS_HASH_LEN]);
void kinesis_hash_format(const uint8_t hash[KINESIS_HASH_LEN], char out[KINESIS_HASH_TEXT]);
/* False when the text is no decimal number below 2^128. */
bool kinesis_hash_parse(const char *text, uint8_t out[KINESIS_HASH_LEN]);
/* The open shard that takes this hash key; NULL when none does. The caller holds the shape. */
struct kinesis_shard *kinesis_hash_route(const struct kinesis_stream *stream,
                                         const uint8_t hash[KINESIS_HASH_LEN]);
/* The one that takes this partition key. */
struct kinesis_shard *kinesis_hash_route_key(const struct kinesis_stream *stream,
                                             const char *partition_key);

#endif
