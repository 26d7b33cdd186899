/*
 * One place where a function runs: a process, its Runtime API, its log stream. It runs one event
 * at a time and is kept for the next one, as AWS does.
 */
#ifndef CADABRA_LAMBDA_SANDBOX_H
#define CADABRA_LAMBDA_SANDBOX_H

#include <pthread.h>
#include <stdatomic.h>

#include "handlers/lambda/code.h"
#include "handlers/lambda/extensions.h"
#include "handlers/lambda/function_log.h"
#include "handlers/lambda/process.h"
#include "handlers/lambda/program.h"
#include "handlers/lambda/runtime_api.h"
#include "handlers/lambda/view.h"

/* One event and what came of it. */
struct invocation {
    /* set by the caller, borrowed: */
    const char *request_id;
    struct bytes payload;
    const char *client_context;       /* JSON, or NULL */
    const char *function_arn;         /* as the caller named it */
    int stop_fd;                      /* ends the invocation early when readable; -1 for none */
    const struct response_sink *sink; /* takes a streamed answer; NULL: it is wanted whole */

    /* set by sandbox_run(): */
    struct strbuf response;  /* to be released by the caller, in any case */
    bool function_error;     /* the response describes an error */
    bool stopped;            /* no fault of the function's: stop_fd ended it */
    char error_type[128];    /* of it, as far as it is known */
    char tail[LOG_TAIL_MAX]; /* the end of the log */
    size_t tail_len;
    int64_t duration_us;
};

enum sandbox_end {
    SANDBOX_REUSABLE,
    SANDBOX_SPENT, /* its process died, was killed, or failed to start the function */
    SANDBOX_GONE,  /* its process had ended after its last event: it has seen nothing of this one */
};

enum sandbox_kill { KILL_NOT, KILL_MEMORY, KILL_PROCESSES, KILL_RETIRED };

struct sandbox {
    struct arena arena;
    struct app *app;
    char mark[PROCESS_MARK_LEN + 1]; /* PROCESS_MARK */
    const char *tmp_dir;             /* its TMPDIR, removed with it; NULL: it has a /tmp */

    /* Which function it runs; constant, in the arena. */
    const char *account;
    const char *region;
    const char *function;
    int64_t version;
    const char *revision;
    const char *code_id;
    const char *log_group;
    const char *log_stream;
    const char *handler;
    int timeout_s;
    int memory_mb;
    bool interpreted; /* by one of our bootstraps */
    bool json_log;    /* platform lines are objects */
    bool quiet_log;   /* ... and are not wanted at their level */

    /* Held to end or to signal the process: so a signal never meets a pid that was given anew. */
    pthread_mutex_t process_lock;
    struct process process;
    struct process helpers[EXTENSIONS_MAX]; /* external extensions */
    size_t helper_count;
    struct runtime_api *api;
    struct function_log log;
    bool initialised;
    int64_t started_us;
    int64_t init_us;   /* how long starting took; 0 once it was reported */
    int64_t looked_ms; /* when the peak was last read */

    /* Set by other threads while an invocation runs. */
    _Atomic int64_t peak_memory;
    _Atomic int killed; /* enum sandbox_kill */

    /* Under the pool's lock. */
    struct sandbox *next;
    bool busy;
    bool retired;     /* ends after its present invocation */
    bool provisioned; /* was started before it was needed, and stays when it is idle */
    int64_t idle_since_ms;
};

/* What all sandboxes share. */
struct sandbox_parts {
    struct app *app;
    struct code *code;
    struct programs *programs;
    struct views *views;
    struct log_writer *writer;
    const char *owner;    /* process_owner() */
    const char *tmp_root; /* where TMPDIR goes for functions without a /tmp of their own */
};

/* Starts the process; it initialises during the first sandbox_run(). NULL when it cannot be
 * started: out_problem is then words for the user, NULL for a fault of ours. */
struct sandbox *sandbox_start(const struct sandbox_parts *parts, const struct lambda_function *f,
                              bool provisioned, struct arena *a, const char **out_problem);
/* Lets it initialise without an event; SANDBOX_SPENT when that failed or stop_fd became readable.
 */
enum sandbox_end sandbox_warm(struct sandbox *s, int stop_fd);
/* Kills everything in it. */
void sandbox_free(struct sandbox *s);

/* What it sets of the invocation is not set when it returns SANDBOX_GONE. */
enum sandbox_end sandbox_run(struct sandbox *s, struct invocation *in);
/* True when the process has ended. For an idle sandbox only. */
bool sandbox_is_dead(const struct sandbox *s);
/* Kills the processes; sandbox_run() in another thread then ends soon, and says why. */
void sandbox_kill(struct sandbox *s, enum sandbox_kill why);
/* Its first process, 0 when that has ended. */
pid_t sandbox_pid(struct sandbox *s);

#endif
