/*
 * Deliveries over HTTP, in the background: one lane for each subscription, so that an endpoint that
 * never answers keeps only its own messages waiting. A lane delivers one message after the other; a
 * delivery that failed waits for its retry while those behind it go on.
 *
 * What is due is in the store: a delivery is removed when the endpoint has taken it, or when it was
 * given up. One that was under way when the server was killed is made again.
 *
 * Nothing runs while nothing is due. Thread-safe.
 */
#ifndef CADABRA_SNS_LANES_H
#define CADABRA_SNS_LANES_H

#include "handlers/sns/state.h"

struct sns_lanes;

/* Goes on with what an earlier run of the server left. */
struct sns_lanes *sns_lanes_new(struct sns *sns);
/* All background tasks must have been stopped. */
void sns_lanes_free(struct sns_lanes *l);
/* There may be something due. */
void sns_lanes_wake(struct sns_lanes *l);

#endif
