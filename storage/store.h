/* The data directory as a whole, and what every store answers. */
#ifndef CADABRA_STORE_H
#define CADABRA_STORE_H

#include "server/base/base.h"

/* How a store function ended. The technical cause of STORE_FAILED has been logged where it arose.
 */
enum store_status {
    STORE_OK = 0,
    STORE_NOT_FOUND,
    STORE_EXISTS,   /* what was to be made is there already */
    STORE_CONFLICT, /* a condition on the present state does not hold */
    STORE_LIMIT,    /* a limit of the store's own was reached */
    STORE_FAILED,
};

/* Whose data: every row of every store belongs to an account and a region. Borrowed texts. */
struct scope {
    const char *account;
    const char *region;
};

struct store_options {
    const char *directory; /* NULL: keep everything in memory and temporary files */
    bool durability_full;  /* fsync at each commit: survive the loss of power */
};

struct store_root;

/* Creates the directory where it is missing and takes its lock. NULL, with a line that says who
 * holds the directory or what is wrong with it in out_problem. */
struct store_root *store_open(const struct store_options *options, char *out_problem,
                              size_t problem_size);
void store_close(struct store_root *root);
/* Removes everything that was stored. All databases and blobs must be closed. */
enum store_status store_empty(struct store_root *root);
/* The directory's path; for --memory a temporary one that is removed at close. */
const char *store_directory(const struct store_root *root);
/* True when <directory>/<name>.db is there: a service opens its background work only then. */
bool store_has(const struct store_root *root, const char *name);

#endif
