/*
 * Deployment packages: checks a zip archive and unpacks it below a directory.
 *
 * The archive is hostile until proven otherwise. Nothing is written outside the directory: names
 * with "..", absolute names and names through a symbolic link are refused, and a link may only
 * point to something inside. What is unpacked is counted as it is written, so an archive that lies
 * about its sizes gains nothing.
 */
#ifndef CADABRA_LAMBDA_ZIP_H
#define CADABRA_LAMBDA_ZIP_H

#include "server/base/base.h"

enum zip_verdict {
    ZIP_FINE,
    ZIP_EMPTY,     /* no bytes, or an archive without entries */
    ZIP_MALFORMED, /* none, a damaged or an encrypted one, or one that would write outside */
    ZIP_TOO_LARGE, /* more bytes or entries than the limits allow */
    ZIP_FAILED,    /* the directory could not be written; logged */
};

struct zip_limits {
    int64_t bytes;   /* of all unpacked files together */
    int64_t entries; /* files, directories and links */
};

/*
 * Unpacks into the directory dir_fd, which must be empty and must not be written by others. Modes
 * are kept, but for set-id bits; the owner may always read and write. After any other verdict than
 * ZIP_FINE the directory holds a part of the archive. problem (of problem_size bytes) gets one line
 * for the log on ZIP_MALFORMED.
 */
enum zip_verdict zip_unpack(struct bytes archive, int dir_fd, const struct zip_limits *limits,
                            char *problem, size_t problem_size);

/* Exposed for tests: whether `name` may be an entry, and whether a link at `name` may point to
 * `target`. */
bool zip_name_is_safe(const char *name);
bool zip_link_is_safe(const char *name, const char *target);

#endif
