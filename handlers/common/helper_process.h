/*
 * This program once more, as `cadabra helper <service>` (server/service.h): for work that may hang
 * or crash, since what it is done on comes from users. It ends with its work, or is ended.
 */
#ifndef CADABRA_COMMON_HELPER_PROCESS_H
#define CADABRA_COMMON_HELPER_PROCESS_H

#include "server/base/base.h"

#include <sys/types.h>

enum { HELPER_FILES_MAX = 4 };

struct helper_files {
    /* What it gets as descriptors 0, 1, ...; those that are -1 are /dev/null. All others of ours
     * are closed in it, for they are close-on-exec. */
    int fds[HELPER_FILES_MAX];
};

/* environment as execve() takes it: nothing is inherited. The process id, or 0 after logging. */
pid_t helper_start(const char *service, const struct helper_files *files,
                   char *const environment[]);
/* Ends it. */
void helper_stop(pid_t pid);
/* Waits for its end; its exit code, or -1 when it crashed. */
int helper_wait(pid_t pid);

/* In the helper: no core, a stack and memory of so many MiB, and not a byte into any file: it
 * writes to pipes and sockets, and logs nothing, since the log may be a file. */
void helper_limit(size_t stack_mb, size_t memory_mb);

#endif
