/*
 * The thread that wants an event handled runs it here: it offers the event to the runtime, then
 * polls the function's output, the end of its process, the Runtime API and the deadline, whichever
 * comes first. No other thread is needed but those of the runtime's connections.
 */
#include "handlers/lambda/sandbox.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "handlers/lambda/state.h"
#include "handlers/lambda/tree.h"
#include "server/base/digest.h"
#include "server/base/json_write.h"
#include "server/base/log.h"

enum {
    INIT_TIMEOUT_MS = 10000, /* AWS: what starting may take before the timeout counts */
    STOP_GRACE_MS = 3000,    /* for an event that is being handled when the server stops */
    LOOK_EVERY_MS = 250,
    HELPER_GRACE_MS = 300, /* for an extension to end by itself */
    MB = 1024 * 1024,
};

/* --- start and end --- */

/* AWS: 2026/11/22/[$LATEST]<32 hex digits> */
static const char *make_log_stream(struct app *app, struct arena *a, int64_t version)
{
    char unique[33];
    struct tm day;
    time_t now = (time_t)(clock_now_ms(&app->clock) / 1000);

    gmtime_r(&now, &day);
    random_text(unique, sizeof(unique) - 1, "0123456789abcdef");
    return arena_printf(a, "%04d/%02d/%02d/[%s]%s", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday,
                        lambda_version_text(a, version), unique);
}

static void describe(struct sandbox *s, const struct lambda_function *f,
                     const struct sandbox_parts *parts)
{
    struct arena *a = &s->arena;

    s->account = arena_strdup(a, f->account);
    s->region = arena_strdup(a, f->region);
    s->function = arena_strdup(a, f->name);
    s->version = f->version;
    s->revision = arena_strdup(a, f->revision);
    s->code_id = arena_strdup(a, f->code_id);
    s->handler = arena_strdup(a, f->handler);
    s->log_group =
        f->log_group ? arena_strdup(a, f->log_group) : arena_printf(a, "/aws/lambda/%s", f->name);
    s->log_stream = make_log_stream(s->app, a, f->version);
    s->timeout_s = f->timeout_s;
    s->memory_mb = f->memory_mb;
    s->json_log = f->log_format && str_eq(f->log_format, "JSON");
    s->quiet_log = f->system_log_level && str_eq(f->system_log_level, "WARN");
    s->interpreted = runtime_kind_of(f->runtime) != RUNTIME_PROVIDED;
    memcpy(s->mark, parts->owner, PROCESS_OWNER_LEN);
    random_text(s->mark + PROCESS_OWNER_LEN, PROCESS_MARK_LEN - PROCESS_OWNER_LEN,
                "0123456789abcdef");
    s->log = (struct function_log){.writer = parts->writer,
                                   .account = s->account,
                                   .region = s->region,
                                   .group = s->log_group,
                                   .stream = s->log_stream,
                                   .clock = &s->app->clock};
    function_log_init(&s->log);
}

/* What the function sees as /opt; false after logging why there is none. */
static bool find_layers(struct sandbox *s, struct code *code, const struct lambda_function *f,
                        const char **out)
{
    const char *ids[LAYERS_MAX];

    *out = NULL;
    if (!f->layers || !*f->layers)
        return true;
    size_t count = lambda_layer_codes(lambda_of(s->app), f, &s->arena, ids);
    *out = code_layers_path(code, ids, count, &s->arena);
    return *out != NULL;
}

static int is_program(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

/* AWS: everything in /opt/extensions that can be run, with the function's environment. layers_root
 * NULL: there is none. */
static void start_helpers(struct sandbox *s, const char *layers_root, const char *seen,
                          const struct process_options *function)
{
    struct extensions *e = runtime_api_extensions(s->api);
    const char *folder = arena_printf(&s->arena, "%s/extensions", layers_root ? layers_root : "");
    const struct extensions_function f = {.name = s->function,
                                          .version = lambda_version_text(&s->arena, s->version),
                                          .handler = s->handler,
                                          .account = s->account};
    const char *programs[EXTENSIONS_MAX];
    size_t program_count = 0;
    struct dirent **names;
    int count = layers_root ? scandir(folder, &names, is_program, alphasort) : -1;

    for (int i = 0; i < count; i++) {
        const char *file = arena_printf(&s->arena, "%s/%s", folder, names[i]->d_name);

        if (program_count < EXTENSIONS_MAX && access(file, X_OK) == 0)
            programs[program_count++] = arena_strdup(&s->arena, names[i]->d_name);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    /* Before they start, for they register at once. */
    extensions_expect(e, &f, programs, program_count);
    for (size_t i = 0; i < program_count; i++) {
        char *path = arena_printf(&s->arena, "%s/extensions/%s", seen, programs[i]);
        char *argv[] = {path, NULL};
        struct process_options options = *function;

        options.argv = argv;
        options.beside = s->helper_count ? &s->helpers[0] : NULL;
        if (process_start(&options, &s->helpers[s->helper_count])) {
            programs[s->helper_count++] = programs[i];
            continue;
        }
        function_log_add(&s->log, "cadabra: extension %s cannot be started: %s\n", path,
                         strerror(errno));
    }
    if (s->helper_count < program_count)
        extensions_expect(e, &f, programs, s->helper_count);
}

/* Where the machine's /tmp is all there is. */
static bool make_tmp_dir(struct sandbox *s, const char *root, const char *path)
{
    if ((mkdir(root, 0755) < 0 && errno != EEXIST) || mkdir(path, 0700) < 0) {
        log_error("cannot create %s: %s", path, strerror(errno));
        return false;
    }
    s->tmp_dir = path;
    return true;
}

static bool start_process(struct sandbox *s, const struct sandbox_parts *parts,
                          const struct lambda_function *f, const char **out_problem)
{
    struct program_place place = {
        .task_root = f->hot_path ? arena_strdup(&s->arena, f->hot_path)
                                 : code_path(parts->code, f->code_id, &s->arena),
        .runtime_api_port = runtime_api_port(s->api),
        .server_port = s->app->port,
        .log_group = s->log_group,
        .log_stream = s->log_stream,
        .tmp_dir = arena_printf(&s->arena, "%s/%s", parts->tmp_root, s->mark),
        .views = parts->views,
        .provisioned = s->provisioned,
        .mark = s->mark};
    struct program program;

    if (!find_layers(s, parts->code, f, &place.layers_root))
        return false;
    if (!programs_find(parts->programs, f, &place, &s->arena, &program, out_problem))
        return false;
    if (!program.view && !make_tmp_dir(s, parts->tmp_root, place.tmp_dir))
        return false;
    struct process_options options = {.argv = program.argv,
                                      .environment = program.environment,
                                      .directory = program.directory,
                                      .mark = s->mark,
                                      .view = program.view};
    s->started_us = clock_monotonic_us();
    start_helpers(s, place.layers_root, program.layers, &options);
    options.beside = s->helper_count ? &s->helpers[0] : NULL;
    if (process_start(&options, &s->process))
        return true;
    if (s->interpreted)
        log_error("cannot start %s: %s", program.argv[0], strerror(errno));
    else
        *out_problem = arena_printf(&s->arena, "fork/exec /var/task/bootstrap: %s",
                                    errno == ENOEXEC ? "exec format error" : strerror(errno));
    return false;
}

struct sandbox *sandbox_start(const struct sandbox_parts *parts, const struct lambda_function *f,
                              bool provisioned, struct arena *a, const char **out_problem)
{
    struct sandbox *s = x_calloc(1, sizeof(*s));

    *out_problem = NULL;
    arena_init(&s->arena);
    s->app = parts->app;
    s->provisioned = provisioned;
    pthread_mutex_init(&s->process_lock, NULL);
    s->process = (struct process){.pid = -1, .ended = -1, .output = -1};
    describe(s, f, parts);
    s->api = runtime_api_open(s->app);
    if (!s->api || !start_process(s, parts, f, out_problem)) {
        if (*out_problem)
            *out_problem = arena_strdup(a, *out_problem);
        sandbox_free(s);
        return NULL;
    }
    return s;
}

/* Tells extensions of the end and gives them a moment, then ends them. */
static void end_helpers(struct sandbox *s)
{
    int64_t deadline_ms = clock_monotonic_ms() + HELPER_GRACE_MS;
    struct timespec real;

    clock_gettime(CLOCK_REALTIME, &real);
    bool told = extensions_shutdown(runtime_api_extensions(s->api), "spindown",
                                    (int64_t)real.tv_sec * 1000 + HELPER_GRACE_MS);
    for (size_t i = 0; i < s->helper_count; i++) {
        struct pollfd ended = {.fd = s->helpers[i].ended, .events = POLLIN};
        int64_t left = deadline_ms - clock_monotonic_ms();

        if (told && left > 0)
            poll(&ended, 1, (int)left);
        function_log_drain(&s->log, s->helpers[i].output);
        process_end(&s->helpers[i], NULL);
    }
    s->helper_count = 0;
}

static int end_process(struct sandbox *s)
{
    if (s->helper_count)
        end_helpers(s);
    function_log_drain(&s->log, s->process.output);
    pthread_mutex_lock(&s->process_lock);
    int status = process_end(&s->process, s->mark);
    pthread_mutex_unlock(&s->process_lock);
    return status;
}

void sandbox_kill(struct sandbox *s, enum sandbox_kill why)
{
    pthread_mutex_lock(&s->process_lock);
    if (s->process.pid > 0) {
        atomic_store(&s->killed, why);
        kill(-s->process.pid, SIGKILL);
    }
    pthread_mutex_unlock(&s->process_lock);
}

pid_t sandbox_pid(struct sandbox *s)
{
    pthread_mutex_lock(&s->process_lock);
    pid_t pid = MAX(s->process.pid, 0);
    pthread_mutex_unlock(&s->process_lock);
    return pid;
}

void sandbox_free(struct sandbox *s)
{
    if (s->process.pid > 0)
        end_process(s);
    else if (s->helper_count)
        end_helpers(s);
    if (s->tmp_dir)
        tree_remove(s->tmp_dir);
    pthread_mutex_destroy(&s->process_lock);
    runtime_api_close(s->api);
    function_log_release(&s->log);
    arena_release(&s->arena);
    free(s);
}

bool sandbox_is_dead(const struct sandbox *s)
{
    struct pollfd ended = {.fd = s->process.ended, .events = POLLIN};

    return s->process.pid < 0 || poll(&ended, 1, 0) > 0;
}

/* --- one event --- */

enum outcome { ANSWERED, INIT_FAILED, EXITED, TIMED_OUT, STOPPED };

/* Whether the runtime has done what is waited for. */
static bool is_over(enum runtime_state state, bool initialising, enum outcome *out)
{
    if (state == RUNTIME_INIT_FAILED)
        *out = INIT_FAILED;
    else if (state == RUNTIME_ANSWERED ||
             (initialising && state != RUNTIME_STARTING && state != RUNTIME_RESTING))
        *out = ANSWERED;
    else
        return false;
    return true;
}

/* Waits for the end of the start, or for the answer of an event. */
static enum outcome wait_for(struct sandbox *s, struct invocation *in, bool initialising,
                             int64_t deadline_ms)
{
    enum outcome outcome = EXITED;

    for (;;) {
        struct pollfd fds[] = {{.fd = runtime_api_fd(s->api), .events = POLLIN},
                               {.fd = s->process.output, .events = POLLIN},
                               {.fd = s->process.ended, .events = POLLIN},
                               {.fd = in->stop_fd, .events = POLLIN}};
        int64_t left = deadline_ms - clock_monotonic_ms();

        if (left <= 0)
            return TIMED_OUT;
        if (poll(fds, ARRAY_LEN(fds), (int)left) < 0)
            continue;
        if (fds[1].revents & POLLIN)
            function_log_drain(&s->log, s->process.output);
        if (fds[0].revents && is_over(runtime_api_look(s->api), initialising, &outcome))
            return outcome;
        if (fds[2].revents) {
            /* It may have answered between the looks at the two descriptors. */
            is_over(runtime_api_look(s->api), false, &outcome);
            return outcome;
        }
        if (fds[3].revents)
            return STOPPED;
        if (fds[1].revents == POLLHUP)
            /* It closed its output, so there is nothing more to read: look less often. */
            usleep(1000);
    }
}

static void set_error(struct invocation *in, const char *type, const char *message)
{
    struct jw w;

    in->function_error = true;
    snprintf(in->error_type, sizeof(in->error_type), "%s", type);
    strbuf_clear(&in->response);
    jw_init(&w, &in->response);
    jw_begin_object(&w);
    jw_member_string(&w, "errorType", type);
    jw_member_string(&w, "errorMessage", message);
    jw_end_object(&w);
}

/* The process ended, or was ended, before it answered. */
static void report_exit(struct sandbox *s, struct invocation *in)
{
    char message[256];
    char how[128];

    int status = end_process(s);
    int killed = atomic_load(&s->killed);
    if (killed != KILL_NOT || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
        snprintf(how, sizeof(how), "Runtime exited with error: signal: killed");
    else if (WIFSIGNALED(status))
        snprintf(how, sizeof(how), "Runtime exited with error: signal: %s",
                 WTERMSIG(status) == SIGSEGV ? "segmentation fault"
                                             : sigdescr_np(WTERMSIG(status)));
    else if (WEXITSTATUS(status))
        snprintf(how, sizeof(how), "Runtime exited with error: exit status %d",
                 WEXITSTATUS(status));
    else
        snprintf(how, sizeof(how), "Runtime exited without providing a reason");
    snprintf(message, sizeof(message), "RequestId: %s Error: %s", in->request_id, how);
    if (killed == KILL_PROCESSES)
        function_log_add(&s->log, "cadabra: killed, because it ran more than 1024 processes\n");
    set_error(in, "Runtime.ExitError", message);
    function_log_add(&s->log, "%s\n%s\n", message, in->error_type);
    /* AWS: the answer does not tell, the REPORT line does. */
    if (killed == KILL_MEMORY)
        snprintf(in->error_type, sizeof(in->error_type), "Runtime.OutOfMemory");
}

static void report_timeout(struct sandbox *s, struct invocation *in)
{
    char message[256];
    char now[TIME_TEXT_MAX];

    function_log_drain(&s->log, s->process.output);
    snprintf(message, sizeof(message), "RequestId: %s Error: Task timed out after %d.00 seconds",
             in->request_id, s->timeout_s);
    set_error(in, "Sandbox.Timedout", message);
    time_iso8601(clock_now_ms(&s->app->clock), true, now);
    function_log_add(&s->log, "%s %s Task timed out after %d.00 seconds\n\n", now, in->request_id,
                     s->timeout_s);
}

static void take_answer(struct sandbox *s, struct invocation *in, int64_t begun_us)
{
    struct runtime_answer answer;

    if (!runtime_api_finish(s->api, &answer))
        return;
    in->function_error = answer.error;
    in->duration_us = MAX(answer.ready_us - begun_us, 0); /* a start may fail before it */
    snprintf(in->error_type, sizeof(in->error_type), "%s", answer.error_type);
    strbuf_release(&in->response);
    in->response = answer.body;
    /* Whatever it printed before it answered is in the pipe by now. */
    function_log_drain(&s->log, s->process.output);
}

static void look_at_memory(struct sandbox *s)
{
    int64_t now = clock_monotonic_ms();

    if (s->process.pid < 0 || now - s->looked_ms < LOOK_EVERY_MS)
        return;
    s->looked_ms = now;
    int64_t peak = process_peak_memory(s->process.pid);
    if (peak > atomic_load(&s->peak_memory))
        atomic_store(&s->peak_memory, peak);
}

/* {"time": ..., "type": ..., "record": {"requestId": ...<more>}}; all of it is ours. */
static void log_platform(struct sandbox *s, const struct invocation *in, const char *type,
                         const char *more)
{
    char now[TIME_TEXT_MAX];

    if (s->quiet_log)
        return;
    time_iso8601(clock_now_ms(&s->app->clock), true, now);
    function_log_add(&s->log,
                     "{\"time\":\"%s\",\"type\":\"%s\",\"record\":{\"requestId\":\"%s\"%s}}\n", now,
                     type, in->request_id, more);
}

static void log_report_json(struct sandbox *s, const struct invocation *in, int64_t billed_ms,
                            int64_t used_mb)
{
    char init[64] = "";
    char more[400];

    if (s->init_us)
        snprintf(init, sizeof(init), ",\"initDurationMs\":%.3f", (double)s->init_us / 1000);
    snprintf(more, sizeof(more),
             ",\"metrics\":{\"durationMs\":%.3f,\"billedDurationMs\":%" PRId64
             ",\"memorySizeMB\":%d,\"maxMemoryUsedMB\":%" PRId64 "%s},\"status\":\"%s\"",
             (double)in->duration_us / 1000, MAX(billed_ms, (int64_t)1), s->memory_mb,
             MIN(used_mb, (int64_t)s->memory_mb), init,
             str_eq(in->error_type, "Sandbox.Timedout") ? "timeout"
             : in->function_error                       ? "error"
                                                        : "success");
    log_platform(s, in, "platform.report", more);
}

static void log_report(struct sandbox *s, struct invocation *in, const char *status)
{
    char init[64] = "";
    int64_t used = (atomic_load(&s->peak_memory) + MB - 1) / MB;
    double duration_ms = (double)in->duration_us / 1000;
    int64_t billed_ms = (in->duration_us + s->init_us + 999) / 1000;

    if (s->init_us)
        snprintf(init, sizeof(init), "Init Duration: %.2f ms\t", (double)s->init_us / 1000);
    if (s->json_log) {
        log_report_json(s, in, billed_ms, used);
        s->init_us = 0;
        return;
    }
    s->init_us = 0;
    function_log_add(&s->log, "END RequestId: %s\n", in->request_id);
    function_log_add(&s->log,
                     "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %" PRId64
                     " ms\tMemory Size: %d MB\tMax Memory Used: %" PRId64 " MB\t%s%s\n",
                     in->request_id, duration_ms, MAX(billed_ms, 1), s->memory_mb,
                     MIN(used, s->memory_mb), init, status);
}

/* Until all extensions wait for the next event. AWS: an invocation begins after that. */
static enum outcome await_extensions(struct sandbox *s, struct invocation *in, int64_t deadline_ms)
{
    struct extensions *e = runtime_api_extensions(s->api);
    char failure[128];

    while (!extensions_ready(e)) {
        struct pollfd fds[3 + EXTENSIONS_MAX] = {{.fd = runtime_api_fd(s->api), .events = POLLIN},
                                                 {.fd = s->process.ended, .events = POLLIN},
                                                 {.fd = in->stop_fd, .events = POLLIN}};
        int64_t left = deadline_ms - clock_monotonic_ms();

        for (size_t i = 0; i < s->helper_count; i++)
            fds[3 + i] = (struct pollfd){.fd = s->helpers[i].ended, .events = POLLIN};
        if (left <= 0)
            return TIMED_OUT;
        if (poll(fds, 3 + s->helper_count, (int)left) < 0)
            continue;
        if (fds[0].revents && runtime_api_look(s->api) == RUNTIME_INIT_FAILED)
            return INIT_FAILED;
        if (fds[1].revents || extensions_failed(e, failure))
            return EXITED;
        if (fds[2].revents)
            return STOPPED;
        for (size_t i = 0; i < s->helper_count; i++) {
            if (fds[3 + i].revents)
                return EXITED;
        }
    }
    return ANSWERED;
}

/* What extensions print belongs to the log, too. */
static void drain_helpers(struct sandbox *s)
{
    for (size_t i = 0; i < s->helper_count; i++)
        function_log_drain(&s->log, s->helpers[i].output);
}

static enum outcome initialise(struct sandbox *s, struct invocation *in)
{
    int64_t deadline_ms = clock_monotonic_ms() + INIT_TIMEOUT_MS;
    enum outcome outcome = wait_for(s, in, true, deadline_ms);

    if (outcome == ANSWERED && extensions_any(runtime_api_extensions(s->api)))
        outcome = await_extensions(s, in, deadline_ms);
    s->init_us = clock_monotonic_us() - s->started_us;
    /* A slow start is no failure: it may go on in the time of the event. */
    if (outcome == TIMED_OUT)
        return ANSWERED;
    return outcome;
}

static enum outcome handle(struct sandbox *s, struct invocation *in)
{
    char trace[96], root[25], parent[17];

    random_text(root, sizeof(root) - 1, "0123456789abcdef");
    random_text(parent, sizeof(parent) - 1, "0123456789abcdef");
    int64_t now = clock_now_ms(&s->app->clock);
    snprintf(trace, sizeof(trace), "Root=1-%08x-%s;Parent=%s;Sampled=0", (unsigned)(now / 1000),
             root, parent);
    /* The runtime compares the deadline with its own clock, which is not moved by tests. */
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    int64_t real_ms = (int64_t)real.tv_sec * 1000 + real.tv_nsec / 1000000;
    int64_t timeout_ms = (int64_t)s->timeout_s * 1000;
    struct runtime_event event = {.request_id = in->request_id,
                                  .payload = in->payload,
                                  .deadline_ms = real_ms + timeout_ms,
                                  .function_arn = in->function_arn,
                                  .client_context = in->client_context,
                                  .trace_id = trace,
                                  .sink = in->sink};
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    enum outcome outcome = ANSWERED;

    if (extensions_any(runtime_api_extensions(s->api))) {
        const struct extensions_event told = {.request_id = in->request_id,
                                              .function_arn = in->function_arn,
                                              .trace_id = trace,
                                              .deadline_ms = event.deadline_ms};

        outcome = await_extensions(s, in, deadline_ms);
        extensions_invoke(runtime_api_extensions(s->api), &told);
    }
    if (outcome != ANSWERED)
        return outcome;
    runtime_api_offer(s->api, &event);
    outcome = wait_for(s, in, false, deadline_ms);
    if (outcome == STOPPED) {
        in->stop_fd = -1;
        outcome = wait_for(s, in, false, MIN(deadline_ms, clock_monotonic_ms() + STOP_GRACE_MS));
        if (outcome == TIMED_OUT)
            outcome = STOPPED;
    }
    runtime_api_withdraw(s->api);
    return outcome;
}

static void log_start(struct sandbox *s, const struct invocation *in)
{
    char version[24] = "$LATEST";

    if (s->version)
        snprintf(version, sizeof(version), "%" PRId64, s->version);
    if (s->json_log) {
        char more[64];

        snprintf(more, sizeof(more), ",\"version\":\"%s\"", version);
        log_platform(s, in, "platform.start", more);
        return;
    }
    function_log_add(&s->log, "START RequestId: %s Version: %s\n", in->request_id, version);
}

enum sandbox_end sandbox_warm(struct sandbox *s, int stop_fd)
{
    struct invocation none = {.stop_fd = stop_fd};
    enum outcome outcome = initialise(s, &none);

    s->initialised = outcome == ANSWERED;
    function_log_flush(&s->log);
    return s->initialised ? SANDBOX_REUSABLE : SANDBOX_SPENT;
}

/* Whether the runtime asks for another event. Some end after an answer, such as those of Go and
 * Ruby after a panic: the next event is for another sandbox then. */
static bool asks_again(struct sandbox *s, struct invocation *in)
{
    int64_t deadline_ms = clock_monotonic_ms() + (int64_t)s->timeout_s * 1000;

    return runtime_api_look(s->api) != RUNTIME_RESTING ||
           wait_for(s, in, true, deadline_ms) != EXITED;
}

enum sandbox_end sandbox_run(struct sandbox *s, struct invocation *in)
{
    const char *status = "";
    char failed[192];

    if (s->initialised && !asks_again(s, in))
        return SANDBOX_GONE;
    strbuf_init(&in->response, RUNTIME_RESPONSE_MAX + 1);
    function_log_begin(&s->log);
    enum outcome outcome = s->initialised ? ANSWERED : initialise(s, in);
    log_start(s, in);
    int64_t begun_us = clock_monotonic_us();
    if (outcome == ANSWERED) {
        s->initialised = true;
        outcome = handle(s, in);
    }
    in->duration_us = clock_monotonic_us() - begun_us;
    take_answer(s, in, begun_us);
    drain_helpers(s);
    look_at_memory(s);
    if (outcome == TIMED_OUT) {
        report_timeout(s, in);
        status = "Status: timeout";
    } else if (outcome == EXITED) {
        report_exit(s, in);
    } else if (outcome == STOPPED) {
        in->stopped = true;
        set_error(in, "Sandbox.Stopped", "The server stopped while the function was running");
    }
    if (outcome != TIMED_OUT && in->function_error) {
        snprintf(failed, sizeof(failed), "Status: error\tError Type: %s",
                 in->error_type[0] ? in->error_type : "Runtime.Unknown");
        status = failed;
    }
    log_report(s, in, outcome == ANSWERED ? "" : status);
    struct bytes tail = function_log_tail(&s->log);
    memcpy(in->tail, tail.data, tail.len);
    in->tail_len = tail.len;
    function_log_flush(&s->log);
    return outcome == ANSWERED ? SANDBOX_REUSABLE : SANDBOX_SPENT;
}
