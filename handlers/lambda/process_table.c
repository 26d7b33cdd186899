/*
 * Reads /proc: who is whose child, in which session, with how much memory. Processes come and go
 * while it is read; what has vanished is left out.
 */
#include "handlers/lambda/process.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "server/base/log.h"
#include "server/base/strbuf.h"

enum { STAT_MAX = 1024, STATUS_MAX = 4096, ENVIRONMENT_MAX = 256 * 1024 };

/* Reads a file of /proc/<pid>/ whole, as far as it fits, NUL-terminated. -1 when it is not there.
 */
static ssize_t read_proc(pid_t pid, const char *file, char *out, size_t size)
{
    char path[64];
    size_t len = 0;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    while (len + 1 < size) {
        ssize_t n = read(fd, out + len, size - 1 - len);

        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    out[len] = 0;
    return (ssize_t)len;
}

static bool read_entry(pid_t pid, struct process_entry *out)
{
    char text[STAT_MAX];
    int parent, session, threads;
    char state;

    if (read_proc(pid, "stat", text, sizeof(text)) <= 0)
        return false;
    /* The name in parentheses may itself hold parentheses and blanks. */
    const char *rest = strrchr(text, ')');
    if (!rest || sscanf(rest, /* NOLINT(cert-err34-c): the kernel's own numbers */
                        ") %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d",
                        &state, &parent, &session, &threads) != 4)
        return false;
    *out = (struct process_entry){
        .pid = pid, .parent = parent, .session = session, .state = state, .threads = threads};
    return true;
}

static int compare_pid(const void *a, const void *b)
{
    pid_t x = ((const struct process_entry *)a)->pid;
    pid_t y = ((const struct process_entry *)b)->pid;

    return (x > y) - (x < y);
}

void process_table_read(struct process_table *out)
{
    size_t room = 0;
    DIR *dir = opendir("/proc");

    *out = (struct process_table){0};
    if (!dir)
        return;
    for (struct dirent *d; (d = readdir(dir));) {
        struct process_entry entry;

        if (!isdigit((unsigned char)d->d_name[0]) ||
            !read_entry((pid_t)strtol(d->d_name, NULL, 10), &entry))
            continue;
        if (out->count == room) {
            room = room ? room * 2 : 256;
            out->entries = x_reallocarray(out->entries, room, sizeof(*out->entries));
        }
        out->entries[out->count++] = entry;
    }
    closedir(dir);
    if (out->count)
        qsort(out->entries, out->count, sizeof(*out->entries), compare_pid);
}

void process_table_release(struct process_table *t)
{
    free(t->entries);
    *t = (struct process_table){0};
}

const struct process_entry *process_table_find(const struct process_table *t, pid_t pid)
{
    struct process_entry key = {.pid = pid};

    return t->count ? bsearch(&key, t->entries, t->count, sizeof(key), compare_pid) : NULL;
}

/* The number of kB behind a name in /proc/<pid>/status, in bytes. */
static int64_t status_bytes(const char *status, const char *name)
{
    const char *at = strstr(status, name);

    return at ? strtoll(at + strlen(name), NULL, 10) * 1024 : 0;
}

static uint64_t hash_of(const char *data, size_t len)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)data[i]) * 1099511628211U;
    return hash ^ hash >> 32;
}

/* The upper half of the limits of all marks of one owner. */
static uint64_t owner_limit(const char *owner)
{
    return (uint64_t)1 << 29 | (hash_of(owner, PROCESS_OWNER_LEN) & (((uint64_t)1 << 29) - 1));
}

uint64_t process_mark_limit(const char *mark)
{
    return owner_limit(mark) << 32 | (hash_of(mark, PROCESS_MARK_LEN) & UINT32_MAX);
}

void process_owner(const char *directory, char out[PROCESS_OWNER_LEN + 1])
{
    struct stat st = {0};

    /* However its name is written. */
    if (stat(directory, &st) < 0)
        log_error("%s: %s", directory, strerror(errno));
    const uint64_t id[] = {(uint64_t)st.st_dev, (uint64_t)st.st_ino};
    snprintf(out, PROCESS_OWNER_LEN + 1, "%016" PRIx64, hash_of((const char *)id, sizeof(id)));
}

int64_t process_memory(pid_t pid)
{
    char status[STATUS_MAX];

    if (read_proc(pid, "status", status, sizeof(status)) <= 0)
        return 0;
    return status_bytes(status, "\nRssAnon:") + status_bytes(status, "\nRssShmem:");
}

int64_t process_peak_memory(pid_t pid)
{
    char status[STATUS_MAX];

    if (read_proc(pid, "status", status, sizeof(status)) <= 0)
        return 0;
    return status_bytes(status, "\nVmHWM:");
}

/* The value of `name`, "NAME=", in the environment that the process was started with; text, which
 * is of ENVIRONMENT_MAX bytes, holds it. NULL when it is not set. */
static const char *read_variable(pid_t pid, const char *name, char *text)
{
    ssize_t len = read_proc(pid, "environ", text, ENVIRONMENT_MAX);

    for (ssize_t at = 0; at < len; at += (ssize_t)strlen(text + at) + 1) {
        if (str_starts(text + at, name))
            return text + at + strlen(name);
    }
    return NULL;
}

bool process_has_mark(pid_t pid, const char *mark)
{
    struct rlimit limit;

    if (prlimit(pid, RLIMIT_RSS, NULL, &limit) == 0 && limit.rlim_max == process_mark_limit(mark))
        return true;
    AUTO_FREE char *text = x_malloc(ENVIRONMENT_MAX);
    const char *value = read_variable(pid, PROCESS_MARK "=", text);
    return value && str_eq(value, mark);
}

static bool is_owned(pid_t pid, const char *owner, char *text)
{
    struct rlimit limit;

    if (prlimit(pid, RLIMIT_RSS, NULL, &limit) == 0 && limit.rlim_max >> 32 == owner_limit(owner))
        return true;
    const char *mark = read_variable(pid, PROCESS_MARK "=", text);
    return mark && str_starts(mark, owner);
}

size_t process_kill_leftovers(const char *owner)
{
    AUTO_FREE char *text = x_malloc(ENVIRONMENT_MAX);
    struct process_table table;
    size_t found = 0;

    process_table_read(&table);
    for (size_t i = 0; i < table.count; i++) {
        const struct process_entry *entry = &table.entries[i];

        if (entry->state == 'Z' || entry->pid == getpid() || !is_owned(entry->pid, owner, text))
            continue;
        kill(entry->pid, SIGKILL);
        found++;
    }
    process_table_release(&table);
    return found;
}
