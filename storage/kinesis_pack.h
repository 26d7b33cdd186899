/*
 * A pack: records of one shard as one run of bytes, so that what was put together is written with a
 * few calls, and any part of it can be read without the rest.
 *
 *   index   for each record three numbers: where its key ends, where its data ends, and CRC-32C of
 *           both; 32 bits each, little-endian; ends count from the first key and the first data
 *   keys    one behind the other, each with its NUL
 *   data    one behind the other
 *
 * How many records there are is told elsewhere. Index and keys are the head. The sums are there
 * because packs are not synced with the database: what the loss of power has torn is told apart
 * from what was written.
 *
 * Pure functions.
 */
#ifndef CADABRA_KINESIS_PACK_H
#define CADABRA_KINESIS_PACK_H

#include "server/base/base.h"

enum {
    KINESIS_PACK_ENTRY = 12,            /* bytes of the index for one record */
    KINESIS_PACK_RECORDS = 10000,       /* at most in a pack */
    KINESIS_PACK_BYTES = 16 << 20,      /* of data, beyond which no further record is added */
    KINESIS_PACK_BYTES_MAX = 256 << 20, /* where nothing that was written ends */
};

/* --- writing --- */

struct kinesis_packer {
    uint8_t *index; /* the next entry */
    uint8_t *keys;  /* the next key */
    uint32_t key_end;
    uint32_t data_end;
};

/* Bytes of the head of so many records with keys of so many bytes, their NULs included. */
size_t kinesis_pack_head(size_t count, size_t key_bytes);
/* `head` has room for all of it. */
struct kinesis_packer kinesis_pack_begin(uint8_t *head, size_t count);
/* The data goes behind the head, and behind that of the records before it; by the caller. */
void kinesis_pack_add(struct kinesis_packer *p, const char *key, struct bytes data);

/* --- reading --- */

/* Where a record's key and data are, counted from the first key and the first data. */
struct kinesis_pack_entry {
    uint32_t key;
    uint32_t key_end;
    uint32_t data;
    uint32_t data_end;
    uint32_t sum;
};

/* False: what is there was not written by us. */
bool kinesis_pack_entry(const uint8_t *index, size_t i, struct kinesis_pack_entry *out);
/* Whether this is the key and the data that were written; then the key ends with its NUL. */
bool kinesis_pack_whole(const struct kinesis_pack_entry *entry, const char *key,
                        const uint8_t *data);

#endif
