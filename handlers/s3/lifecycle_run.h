/*
 * Carries out lifecycle rules: removes expired objects, noncurrent versions, lonely delete markers
 * and forgotten uploads. One background task, which exists while some bucket has rules; it looks
 * when rules change, and once an hour of the server's clock.
 */
#ifndef CADABRA_S3_LIFECYCLE_RUN_H
#define CADABRA_S3_LIFECYCLE_RUN_H

#include "handlers/s3/state.h"

/* Rules have changed, or may be there from before: starts the task where there is none. */
void s3_lifecycle_wake(struct s3 *s3);

#endif
