/*
 * A small process beside the server that ends all functions, and whatever they have started, when
 * the server was killed. What the server ends by itself is not its concern.
 */
#ifndef CADABRA_LAMBDA_KEEPER_H
#define CADABRA_LAMBDA_KEEPER_H

#include <sys/types.h>

#include "server/base/base.h"

struct keeper {
    pid_t pid; /* 0: not running */
    int fd;    /* open as long as the server lives */
};

/* owner: the first part of the marks of its processes (process.h). Failure is logged. */
void keeper_start(struct keeper *k, const char *owner);
void keeper_stop(struct keeper *k);

/* `cadabra helper lambda`: the process itself. Returns its exit code. */
int keeper_run(void);

#endif
