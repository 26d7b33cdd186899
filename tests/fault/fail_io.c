/*
 * Preloaded into the server by tests/fault: makes the n-th call that changes a file of the data
 * directory fail.
 *
 * FAIL_IO_DIR    only files below this directory count
 * FAIL_IO_AT     which call fails, counted from 1
 * FAIL_IO_COUNT  how many fail from there on (default 1)
 * FAIL_IO_ERRNO  with which errno (default EIO)
 *
 * FAIL_IO_NO_TMPFILE  set: no file system knows O_TMPFILE
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static long setting(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text ? strtol(text, NULL, 10) : otherwise;
}

static bool below_directory(const char *path)
{
    const char *directory = getenv("FAIL_IO_DIR");

    return directory && strncmp(path, directory, strlen(directory)) == 0;
}

/* Counts a call on that path; true when it is one that fails. */
static bool fails(const char *path)
{
    long at = setting("FAIL_IO_AT", 0);
    long number;

    if (!at || !below_directory(path))
        return false;
    number = atomic_fetch_add(&calls, 1) + 1;
    if (number < at || number >= at + setting("FAIL_IO_COUNT", 1))
        return false;
    errno = (int)setting("FAIL_IO_ERRNO", EIO);
    return true;
}

static bool fails_fd(int fd)
{
    char link[64];
    char path[PATH_MAX];
    ssize_t n;
    int saved = errno;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    errno = saved;
    if (n <= 0)
        return false;
    path[n] = '\0';
    return fails(path);
}

#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t len)
{
    return fails_fd(fd) ? -1 : NEXT(write)(fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    return fails_fd(fd) ? -1 : NEXT(pwrite)(fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    return fails_fd(fd) ? -1 : NEXT(pwrite64)(fd, data, len, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return fails_fd(fd) ? -1 : NEXT(pwritev)(fd, parts, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    return fails_fd(fd) ? -1 : NEXT(pwritev64)(fd, parts, count, offset);
}

int ftruncate(int fd, off_t len)
{
    return fails_fd(fd) ? -1 : NEXT(ftruncate)(fd, len);
}

int ftruncate64(int fd, off64_t len)
{
    return fails_fd(fd) ? -1 : NEXT(ftruncate64)(fd, len);
}

int fsync(int fd)
{
    return fails_fd(fd) ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    return fails_fd(fd) ? -1 : NEXT(fdatasync)(fd);
}

int rename(const char *from, const char *to)
{
    return fails(to) ? -1 : NEXT(rename)(from, to);
}

static bool is_refused(int flags)
{
    if ((flags & O_TMPFILE) != O_TMPFILE || !getenv("FAIL_IO_NO_TMPFILE"))
        return false;
    errno = EOPNOTSUPP;
    return true;
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list rest;                                                                              \
        mode_t mode;                                                                               \
                                                                                                   \
        va_start(rest, flags);                                                                     \
        mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                           \
        va_end(rest);                                                                              \
        return is_refused(flags) ? -1 : NEXT(name)(path, flags, mode);                             \
    }
OPEN(open)
OPEN(open64)
