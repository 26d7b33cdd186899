/*
 * Bytes of an object while it is put together: in memory as long as they are few, then in a file
 * that has no name. So a delivery of 128 MiB needs no 128 MiB of memory.
 */
#ifndef CADABRA_FIREHOSE_SPOOL_H
#define CADABRA_FIREHOSE_SPOOL_H

#include "server/base/strbuf.h"

struct spool {
    const char *directory; /* where the file is made */
    struct strbuf memory;
    int fd; /* -1: all is in memory */
    int64_t size;
    bool failed; /* the file could not be written; logged */
};

void spool_init(struct spool *s, const char *directory);
void spool_release(struct spool *s);
/* For who writes into the file directly, instead of adding: makes it, still empty; -1 after
 * logging. It stays the spool's. Then, when all is written, spool_measure(); false after logging.
 */
int spool_file(struct spool *s);
bool spool_measure(struct spool *s);
void spool_add(struct spool *s, const void *data, size_t len);

#endif
