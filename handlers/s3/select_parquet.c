#include "handlers/s3/select_parquet.h"

#include "handlers/common/helper_process.h"
#include "handlers/s3/select_parquet_protocol.h"
#include "handlers/s3/select_query.h"
#include "server/base/clock.h"
#include "server/base/io.h"
#include "server/base/log.h"
#include "server/config.h"
#include "server/duckdb/engine.h"

#include <fcntl.h>
#include <poll.h>

enum { QUIET_MS = 60000 }; /* a helper that gives nothing for so long hangs */

struct select_parquet {
    pid_t pid; /* 0: ended */
    int fd;    /* of its output */
    int stop_fd;
    enum select_parquet_status status;
};

/* --- the columns that a query needs --- */

/* NOLINTNEXTLINE(misc-no-recursion): trees of expressions; the parser bounds them */
static void add_columns(const struct select_expression *e, struct strbuf *names)
{
    if (e->kind == SELECT_COLUMN && e->path.count && e->path.steps[0].name)
        strbuf_add(names, e->path.steps[0].name, strlen(e->path.steps[0].name) + 1);
    for (size_t i = 0; i < e->count; i++)
        add_columns(e->args[i], names);
}

/* False when all are needed. */
static bool list_columns(const struct select_query *q, struct strbuf *names)
{
    for (size_t i = 0; i < q->count; i++)
        add_columns(q->projections[i].expression, names);
    if (q->where)
        add_columns(q->where, names);
    return q->count > 0 && q->from.count == 0 && !names->overflow;
}

/* --- the helper --- */

static bool start(struct select_parquet *p, const char *library, int in, int file)
{
    AUTO_FREE char *variable = x_asprintf("CADABRA_DUCKDB=%s", library);
    char *const environment[] = {variable, NULL};
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    p->pid = helper_start("s3", &(struct helper_files){{in, ends[1], -1, file}}, environment);
    p->fd = ends[0];
    close(ends[1]);
    return p->pid != 0;
}

static bool send_request(int fd, const struct select_query *query,
                         struct select_parquet_range range)
{
    struct strbuf names = STRBUF_INIT(SELECT_PARQUET_NAMES_MAX);
    struct select_parquet_request request = {.start = range.start, .end = range.end};
    int64_t until_ms = clock_monotonic_ms() + QUIET_MS;
    bool well;

    request.all = !list_columns(query, &names);
    request.names_len = request.all ? 0 : (uint32_t)names.len;
    well = fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
           io_write(fd, &request, sizeof(request), until_ms) &&
           io_write(fd, names.data, request.names_len, until_ms);
    strbuf_release(&names);
    return well;
}

/* What it writes next; 0 at the end, -1 when it hangs or the server stops. */
static ssize_t receive(const struct select_parquet *p, void *out, size_t max)
{
    struct pollfd fds[] = {{.fd = p->fd, .events = POLLIN}, {.fd = p->stop_fd, .events = POLLIN}};
    ssize_t n;

    do
        n = poll(fds, 2, QUIET_MS);
    while (n < 0 && errno == EINTR);
    if (n <= 0 || !fds[0].revents)
        return -1;
    do
        n = read(p->fd, out, max);
    while (n < 0 && errno == EINTR);
    return n;
}

/* Its status is how it ended. */
static void finish(struct select_parquet *p)
{
    int code = helper_wait(p->pid);

    p->pid = 0;
    p->status = code < 0 ? SELECT_PARQUET_BROKEN : (enum select_parquet_status)code;
}

static bool ask(struct select_parquet *p, const char *library, int file,
                const struct select_query *query, struct select_parquet_range range)
{
    int in[2];
    bool asked;

    if (pipe2(in, O_CLOEXEC) < 0)
        return false;
    asked = start(p, library, in[0], file);
    close(in[0]);
    asked = asked && send_request(in[1], query, range);
    close(in[1]);
    return asked;
}

/* Its next status; `crashed` if it ends without one. */
static enum select_parquet_status hear(const struct select_parquet *p,
                                       enum select_parquet_status crashed)
{
    char status;
    ssize_t n = receive(p, &status, 1);

    if (n < 0)
        return SELECT_PARQUET_FAILED;
    return n ? (enum select_parquet_status)status : crashed;
}

static enum select_parquet_status begin(struct select_parquet *p, const struct app *app, int file,
                                        const struct select_query *query,
                                        struct select_parquet_range range)
{
    AUTO_FREE char *library = engine_find(app->config->duckdb);
    enum select_parquet_status status;

    if (!library)
        return SELECT_PARQUET_NO_ENGINE;
    if (!ask(p, library, file, query, range))
        return SELECT_PARQUET_FAILED;
    status = hear(p, SELECT_PARQUET_BAD_ENGINE);
    return status ? status : hear(p, SELECT_PARQUET_BROKEN);
}

struct select_parquet *select_parquet_open(const struct app *app, int file,
                                           const struct select_query *query,
                                           struct select_parquet_range range,
                                           struct select_error *out_error)
{
    struct select_parquet *p = x_calloc(1, sizeof(*p));

    *p = (struct select_parquet){.fd = -1, .stop_fd = app->stop_fd};
    p->status = begin(p, app, file, query, range);
    if (!p->status)
        return p;
    if (p->status == SELECT_PARQUET_BAD_ENGINE)
        log_error("S3 Select: %s", engine_unusable);
    select_parquet_explain(p, out_error);
    select_parquet_free(p);
    return NULL;
}

ssize_t select_parquet_read(void *parquet, void *out, size_t max)
{
    struct select_parquet *p = parquet;
    ssize_t n = receive(p, out, max);

    if (n < 0)
        p->status = SELECT_PARQUET_FAILED;
    if (n != 0)
        return n;
    if (p->pid)
        finish(p);
    return p->status == SELECT_PARQUET_WELL ? 0 : -1;
}

void select_parquet_explain(const struct select_parquet *p, struct select_error *out_error)
{
    static const struct select_error errors[] = {
        [SELECT_PARQUET_BROKEN] = {"ParquetParsingError",
                                   "Error parsing Parquet file. Please check the file and try "
                                   "again."},
        [SELECT_PARQUET_CODEC] = {"ParquetUnsupportedCompressionCodec",
                                  "The specified Parquet compression codec is not supported."},
        [SELECT_PARQUET_BLOCK] = {"OverMaxParquetBlockSize",
                                  "The Parquet file is above the max row group size."},
        [SELECT_PARQUET_NO_ENGINE] = {"NotImplemented", engine_missing},
        [SELECT_PARQUET_BAD_ENGINE] = {"NotImplemented", engine_unusable},
        [SELECT_PARQUET_FAILED] = {"InternalError", "The object could not be read."},
    };

    *out_error = errors[MIN((size_t)p->status, ARRAY_LEN(errors) - 1)];
}

void select_parquet_free(struct select_parquet *p)
{
    if (!p)
        return;
    if (p->pid)
        helper_stop(p->pid);
    if (p->fd >= 0)
        close(p->fd);
    free(p);
}
