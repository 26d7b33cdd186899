/*
 * Sends what has been written to files on to the disk, by a thread of its own: who writes much does
 * not wait for the disk then, and who syncs the file later finds little to wait for.
 *
 * Nothing depends on it. All functions may be called by any thread.
 */
#ifndef CADABRA_WRITEBACK_H
#define CADABRA_WRITEBACK_H

#include "server/base/base.h"

struct writeback;

/* A part of a file. */
struct writeback_job {
    int fd;       /* of what has been written; taken over */
    int spent_fd; /* of a file whose same part nobody reads soon: it leaves the page cache; taken
                     over. -1: there is none */
    int64_t from;
    int64_t len;
};

/* The thread starts with the first job. */
struct writeback *writeback_new(void);
/* Does what is left to do first. */
void writeback_free(struct writeback *w);

/* Leaves the job out when too many wait. */
void writeback_send(struct writeback *w, const struct writeback_job *job);

#endif
