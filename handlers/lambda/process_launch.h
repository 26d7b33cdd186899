/* What process.c needs alone: a new process, up to its exec. */
#ifndef CADABRA_LAMBDA_PROCESS_LAUNCH_H
#define CADABRA_LAMBDA_PROCESS_LAUNCH_H

#include "handlers/lambda/process.h"

/* Starts the program with all its limits set, its standard output and error going to `output`, and
 * returns when it runs. 0, or the errno of what could not be done; there is no process then. */
int process_launch(const struct process_options *options, int output, pid_t *out_pid);

#endif
