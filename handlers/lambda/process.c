/*
 * Starting and ending of function processes; what happens in a new one stands in process_launch.c.
 *
 * Every process leads a session. Ending it means: kill its group, then whatever descends from it
 * or carries its mark, again and again until a look at /proc finds none. A process that left the
 * session and lost its parent becomes our child (the server is a subreaper), so it cannot hide
 * behind init. The leader is reaped last: until then its pid, which names the group, cannot be
 * given to a stranger.
 */
#include "handlers/lambda/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "handlers/lambda/process_launch.h"
#include "server/base/clock.h"
#include "server/base/log.h"

enum { DEPTH_MAX = 1024, SWEEPS_MAX = 50, LINE_MAX_LEN = 4096 };

bool process_start(const struct process_options *options, struct process *out)
{
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    int rc = process_launch(options, ends[1], &pid);
    close(ends[1]);
    if (rc) {
        close(ends[0]);
        errno = rc;
        return false;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *out = (struct process){.pid = pid, .ended = pidfd_open(pid, 0), .output = ends[0]};
    if (out->ended < 0) {
        int saved = errno;

        process_end(out, NULL);
        errno = saved;
        return false;
    }
    return true;
}

static bool descends_from(const struct process_table *t, const struct process_entry *entry,
                          pid_t ancestor)
{
    for (int depth = 0; entry && depth < DEPTH_MAX; depth++) {
        if (entry->session == ancestor || entry->parent == ancestor)
            return true;
        entry = process_table_find(t, entry->parent);
    }
    return false;
}

static bool belongs_to(const struct process_table *t, const struct process_entry *entry,
                       pid_t leader, const char *mark)
{
    if (descends_from(t, entry, leader))
        return true;
    /* Our own child, yet not started by us: one that left its session and lost its parent. */
    return mark && entry->parent == getpid() && entry->session != getsid(0) &&
           process_has_mark(entry->pid, mark);
}

/* One look at /proc; true when it found something alive to kill. */
static bool sweep(pid_t leader, const char *mark)
{
    struct process_table table;
    bool found = false;

    process_table_read(&table);
    for (size_t i = 0; i < table.count; i++) {
        const struct process_entry *entry = &table.entries[i];

        if (entry->pid == leader || !belongs_to(&table, entry, leader, mark))
            continue;
        if (entry->state == 'Z') {
            if (entry->parent == getpid())
                waitpid(entry->pid, NULL, WNOHANG);
            continue;
        }
        kill(entry->pid, SIGKILL);
        found = true;
    }
    process_table_release(&table);
    return found;
}

int process_end(struct process *p, const char *mark)
{
    int status = 0;
    siginfo_t info = {0};

    /* Whether it had ended by itself must be known before it is killed. */
    bool ended = waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                 info.si_pid == p->pid;
    /* Descendants first: once the leader is dead, its children are nobody's. */
    if (!ended)
        kill(p->pid, SIGSTOP);
    for (int i = 0; i < SWEEPS_MAX && sweep(p->pid, mark); i++) {
        kill(-p->pid, SIGKILL);
        usleep(1000);
    }
    kill(-p->pid, SIGKILL);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
        ;
    sweep(p->pid, mark);
    if (p->ended >= 0)
        close(p->ended);
    if (p->output >= 0)
        close(p->output);
    *p = (struct process){.pid = -1, .ended = -1, .output = -1};
    return status;
}

char *process_first_line(const struct process_options *options, int64_t timeout_ms)
{
    struct process p;
    char line[LINE_MAX_LEN];
    size_t len = 0;
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    if (!process_start(options, &p))
        return NULL;
    for (bool open = true; open && len + 1 < sizeof(line);) {
        struct pollfd waits = {.fd = p.output, .events = POLLIN};
        int64_t left = deadline - clock_monotonic_ms();

        if (left <= 0 || poll(&waits, 1, (int)left) < 0)
            break;
        ssize_t n = read(p.output, line + len, sizeof(line) - 1 - len);
        if (n > 0)
            len += (size_t)n;
        open = n > 0 || (n < 0 && errno == EAGAIN);
    }
    line[len] = 0;
    /* The pipe ends a moment before the process does. */
    struct pollfd ended = {.fd = p.ended, .events = POLLIN};
    int64_t left = deadline - clock_monotonic_ms();
    poll(&ended, 1, left > 0 ? (int)left : 0);
    int status = process_end(&p, NULL);
    char *end = strchr(line, '\n');
    if (!end || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return NULL;
    *end = 0;
    return x_strdup(line);
}
