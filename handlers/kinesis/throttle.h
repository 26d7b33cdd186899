/*
 * The limits of a shard, kept when the server was started with --kinesis-limits: 1 MiB and 1,000
 * records a second in; five calls a second and 2 MiB a second out.
 *
 * https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 *
 * Thread-safe. Without the option everything is let through and nothing is counted.
 */
#ifndef CADABRA_KINESIS_THROTTLE_H
#define CADABRA_KINESIS_THROTTLE_H

#include "handlers/kinesis/live.h"

struct kinesis_throttle;

/* NULL when limits are off: what is given to all the others through hold->throttle. */
struct kinesis_throttle *kinesis_throttle_new(struct app *app);
void kinesis_throttle_free(struct kinesis_throttle *t);

/* Whether the shard takes a record of that size now; if so, it counts. */
bool kinesis_throttle_put(struct kinesis_hold *hold, const struct kinesis_shard *shard,
                          size_t bytes);
/* Whether the shard may be read now; if so, the call counts. */
bool kinesis_throttle_get(struct kinesis_hold *hold, const struct kinesis_shard *shard);
/* What the call has read. */
void kinesis_throttle_got(struct kinesis_hold *hold, const struct kinesis_shard *shard,
                          const struct kinesis_batch *batch);

/* The words for a refusal. */
const char *kinesis_rate_exceeded(struct arena *a, const struct kinesis_hold *hold,
                                  const struct kinesis_shard *shard);

#endif
