#include "server/base/io.h"

#include "server/base/clock.h"

#include <poll.h>

/* Whether it is worth another try: it was interrupted, or is ready in time. */
static bool wait_for(int fd, short events, int64_t until_ms)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left_ms;

    if (errno == EINTR)
        return true;
    if (errno != EAGAIN)
        return false;
    left_ms = until_ms == IO_FOREVER ? -1 : until_ms - clock_monotonic_ms();
    if (until_ms != IO_FOREVER && left_ms <= 0)
        return false;
    return poll(&p, 1, (int)MIN(left_ms, INT32_MAX)) >= 0 || errno == EINTR;
}

bool io_write(int fd, const void *data, size_t len, int64_t until_ms)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = write(fd, at, len);

        if (n == 0)
            errno = EIO;
        if (n == 0 || (n < 0 && !wait_for(fd, POLLOUT, until_ms)))
            return false;
        at += MAX(n, 0);
        len -= (size_t)MAX(n, 0);
    }
    return true;
}

bool io_read(int fd, void *out, size_t len, int64_t until_ms)
{
    char *at = out;

    while (len > 0) {
        ssize_t n = read(fd, at, len);

        if (n == 0)
            errno = 0;
        if (n == 0 || (n < 0 && !wait_for(fd, POLLIN, until_ms)))
            return false;
        at += MAX(n, 0);
        len -= (size_t)MAX(n, 0);
    }
    return true;
}
