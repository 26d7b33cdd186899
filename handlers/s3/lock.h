/* Object Lock: what is shared between writes and its own operations. */
#ifndef CADABRA_S3_LOCK_H
#define CADABRA_S3_LOCK_H

#include "handlers/s3/state.h"

/* "GOVERNANCE", "COMPLIANCE"; NULL for none. */
const char *s3_lock_mode_name(enum s3_lock_mode mode);
enum s3_lock_mode s3_lock_mode_read(const char *name);

/* The bucket's default retention into mode and retain_until_ms of a new object's lock. 0, or -1
 * after failing. */
int s3_default_retention(struct request *req, const struct s3_bucket *bucket, struct s3_lock *out);

#endif
