/*
 * A host process that runs a function: started in a session of its own with nothing inherited,
 * watched through a descriptor, killed with everything that it started.
 *
 * All functions are thread-safe as long as one process is ended by one thread.
 */
#ifndef CADABRA_LAMBDA_PROCESS_H
#define CADABRA_LAMBDA_PROCESS_H

#include <sys/types.h>

#include "server/base/base.h"

struct view;

/* Names the sandbox in the environment of its processes, so that those which left its session are
 * found again. Those that cleared their environment, too, are known by a resource limit that was
 * derived from it. */
#define PROCESS_MARK "_CADABRA_SANDBOX"

struct process {
    pid_t pid;  /* also of its session and group */
    int ended;  /* descriptor that becomes readable when it has ended */
    int output; /* what it writes to standard output and standard error; non-blocking */
};

struct process_options {
    char *const *argv; /* argv[0] is the program's absolute path */
    char *const *environment;
    const char *directory;
    const char *mark;        /* the value of PROCESS_MARK in the environment; NULL: none */
    const struct view *view; /* what it sees; NULL: the machine as it is */
    const struct process
        *beside; /* one whose view it shares, in place of making its own; or NULL */
};

/* False, with errno set, when the program cannot be started. */
bool process_start(const struct process_options *options, struct process *out);

/* Kills the process and all that it started, wherever it has gone, waits for the process and
 * closes its descriptors. mark is the value of PROCESS_MARK in its environment, NULL for none.
 * Returns its wait status: how it ended by itself if it had done so before, else SIGKILL. */
int process_end(struct process *p, const char *mark);

/* Runs a program to its end and takes the first line of what it prints; NULL when it cannot be
 * started, fails, or is not done after timeout_ms. To be freed. */
char *process_first_line(const struct process_options *options, int64_t timeout_ms);

/* --- looking at processes --- */

struct process_entry {
    pid_t pid;
    pid_t parent;
    pid_t session;
    char state; /* as in /proc: R, S, Z ... */
    int threads;
};

struct process_table {
    struct process_entry *entries; /* sorted by pid */
    size_t count;
};

void process_table_read(struct process_table *out);
void process_table_release(struct process_table *t);
const struct process_entry *process_table_find(const struct process_table *t, pid_t pid);

/* Memory that is the process's own: anonymous and shared, not mapped files. In bytes; 0 when it
 * has gone. */
int64_t process_memory(pid_t pid);
/* The most that the process has ever had in memory, mapped files included. */
int64_t process_peak_memory(pid_t pid);
/* Marks are of PROCESS_MARK_LEN characters; the first PROCESS_OWNER_LEN of them are the same for
 * all sandboxes of one data directory. */
enum { PROCESS_MARK_LEN = 32, PROCESS_OWNER_LEN = 16 };
void process_owner(const char *directory, char out[PROCESS_OWNER_LEN + 1]);
/* Kills all processes whose mark starts with the owner's, those that a killed server left behind,
 * and says how many there were. */
size_t process_kill_leftovers(const char *owner);
/* The limit RLIMIT_RSS, which Linux does not heed, of processes with this mark: children inherit
 * it, and no exec takes it away. */
uint64_t process_mark_limit(const char *mark);
/* Whether the process, or the one that it descends from, was started with this mark. */
bool process_has_mark(pid_t pid, const char *mark);

#endif
