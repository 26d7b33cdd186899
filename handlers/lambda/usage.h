/* How much memory and how many processes sandboxes use, all measured in one look at /proc. */
#ifndef CADABRA_LAMBDA_USAGE_H
#define CADABRA_LAMBDA_USAGE_H

#include "handlers/lambda/process.h"

/* AWS: processes and threads of a sandbox together. */
enum { USAGE_PROCESSES_MAX = 1024 };

struct usage {
    pid_t pid; /* of the sandbox's first process; 0: it has ended */
    char mark[PROCESS_MARK_LEN + 1];
    int64_t memory; /* bytes of all its processes */
    int processes;  /* threads included */
};

/* Fills memory and processes of each. Processes that carry a mark of none of these, nor descend
 * from any process of ours that leads a session, are nobody's and are left alone. */
void usage_measure(struct usage *items, size_t count);

#endif
