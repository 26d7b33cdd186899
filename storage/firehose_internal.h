/* What firehose_store.c and firehose_buffer_store.c share. */
#ifndef CADABRA_FIREHOSE_INTERNAL_H
#define CADABRA_FIREHOSE_INTERNAL_H

#include "storage/firehose_store.h"
#include "storage/lazy.h"

struct firehose_store {
    struct lazy_db *db;
};

/* Removes the buffer's row and its chunks, inside a write. */
enum store_status firehose_remove_buffer(struct sql *s, int64_t id);

#endif
