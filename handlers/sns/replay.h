/*
 * Replays: what the archive of a FIFO topic holds, delivered to one subscription again.
 *
 * One task carries out all replays, a page of each in turn; it ends when none is left. A page is a
 * job in the line of FIFO rounds, like what is published: so the end of a replay falls between two
 * messages, and those that were held back meanwhile come after what was replayed, before what is
 * published next. How far a replay is, is written with the round; after a kill it goes on there.
 *
 * Thread-safe.
 */
#ifndef CADABRA_SNS_REPLAY_H
#define CADABRA_SNS_REPLAY_H

#include "handlers/sns/state.h"

struct sns_replays;

/* Starts working at once where replays are under way. */
struct sns_replays *sns_replays_new(struct sns *sns);
void sns_replays_free(struct sns_replays *r);
/* There may be something to replay. */
void sns_replays_wake(struct sns_replays *r);

#endif
