/*
 * Sequence numbers: integers of 186 bits, written in decimal with 56 digits, that tell when their
 * shard was made, which one it is, and the record's place in it. They grow strictly within a shard,
 * because the place stands before the time; they are made of what is stored, so they are the same
 * after a restart.
 *
 *   2 | shard made, s: 9 | shard: 1 | place: 16 | 00 | record's time, s: 9 | shard: 8 | 2
 * (hexadecimal digits)
 */
#ifndef CADABRA_KINESIS_SEQUENCE_H
#define CADABRA_KINESIS_SEQUENCE_H

#include "handlers/kinesis/kinesis.h"
#include "storage/kinesis_store.h"

struct kinesis_sequence {
    int version; /* 2: ours; 0 and 1: forms of old that AWS still reads, of which no stream of ours
                    has any */
    int64_t shard_created_s;
    int64_t shard; /* its index */
    int64_t number;
    int64_t at_s;
};

void kinesis_sequence_format(const struct kinesis_sequence *seq, char out[KINESIS_SEQUENCE_MAX]);
/* That of a record of the shard. */
void kinesis_sequence_of(const struct kinesis_shard *shard, int64_t number, int64_t at_ms,
                         char out[KINESIS_SEQUENCE_MAX]);
/* False when the digits are no sequence number. */
bool kinesis_sequence_parse(const char *text, struct kinesis_sequence *out);

#endif
