/*
 * All bytes of a read or a write, whatever portions the kernel takes them in.
 *
 * Of a descriptor that is O_NONBLOCK no call waits longer than until `until_ms`, by
 * clock_monotonic_ms(); others wait as they do.
 */
#ifndef CADABRA_IO_H
#define CADABRA_IO_H

#include "server/base/base.h"

#define IO_FOREVER INT64_MAX

/* False with errno; how much was written is unknown then. */
bool io_write(int fd, const void *data, size_t len, int64_t until_ms);
/* False with errno, or with 0 there when the end comes before the last byte. */
bool io_read(int fd, void *out, size_t len, int64_t until_ms);

#endif
