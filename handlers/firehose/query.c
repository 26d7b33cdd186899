#include "handlers/firehose/query.h"

#include "handlers/common/helper_process.h"
#include "handlers/firehose/query_protocol.h"
#include "server/base/clock.h"
#include "server/base/io.h"

#include <fcntl.h>
#include <sys/socket.h>

enum { RECORD_MS = 2000, COMPILE_MS = 5000 };

struct query {
    char *text;
    pid_t pid; /* 0: not running */
    int fd;    /* a socket to its standard input and output */
};

/* --- the process --- */

static bool spawn(struct query *q)
{
    char *const environment[] = {NULL};
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return false;
    q->pid =
        helper_start("firehose", &(struct helper_files){{ends[1], ends[1], -1, -1}}, environment);
    close(ends[1]);
    if (!q->pid) {
        close(ends[0]);
        return false;
    }
    q->fd = ends[0];
    return fcntl(q->fd, F_SETFL, O_NONBLOCK) == 0;
}

static void stop(struct query *q)
{
    if (!q->pid)
        return;
    close(q->fd);
    helper_stop(q->pid);
    q->pid = 0;
}

/* --- talking --- */

/* One exchange; false when the helper has died or takes too long: it is stopped then. */
static bool exchange(struct query *q, struct bytes message, int64_t time_ms, struct arena *a,
                     struct query_answer_head *head, struct bytes *out)
{
    int64_t until_ms = clock_monotonic_ms() + time_ms;
    uint32_t len = (uint32_t)message.len;
    char *text;

    if (io_write(q->fd, &len, sizeof(len), until_ms) &&
        io_write(q->fd, message.data, message.len, until_ms) &&
        io_read(q->fd, head, sizeof(*head), until_ms) && head->len <= QUERY_ANSWER_MAX) {
        text = arena_zalloc(a, (size_t)head->len + 1);
        *out = (struct bytes){(uint8_t *)text, head->len};
        if (io_read(q->fd, text, head->len, until_ms))
            return true;
    }
    stop(q);
    return false;
}

static bool start(struct query *q, struct arena *a, const char **out_problem)
{
    const struct bytes text = {(const uint8_t *)q->text, strlen(q->text)};
    struct query_answer_head head;
    struct bytes answer;

    *out_problem = "jq can't be started";
    if (!spawn(q))
        return false;
    if (!exchange(q, text, COMPILE_MS, a, &head, &answer))
        return false;
    if (!head.well) {
        *out_problem = (const char *)answer.data;
        stop(q);
    }
    return head.well != 0;
}

struct query *query_open(const char *text, struct arena *a, const char **out_problem)
{
    struct query *q = x_calloc(1, sizeof(*q));

    q->text = x_strdup(text);
    if (start(q, a, out_problem))
        return q;
    query_close(q);
    return NULL;
}

void query_close(struct query *q)
{
    if (!q)
        return;
    stop(q);
    free(q->text);
    free(q);
}

bool query_run(struct query *q, struct bytes document, struct arena *a, struct bytes *out,
               const char **out_problem)
{
    struct query_answer_head head;

    if (document.len > QUERY_DOCUMENT_MAX) {
        *out_problem = "the record is too long";
        return false;
    }
    if (!q->pid && !start(q, a, out_problem))
        return false;
    if (!exchange(q, document, RECORD_MS, a, &head, out)) {
        *out_problem = "the query did not end in time, or took too much memory";
        return false;
    }
    if (!head.well)
        *out_problem = (const char *)out->data;
    return head.well != 0;
}
