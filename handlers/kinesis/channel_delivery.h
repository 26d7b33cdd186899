/*
 * What channels deliver: the records of their streams as objects of S3.
 *
 * The stream itself is the buffer. One task for all channels looks at the oldest record that a
 * channel has not delivered; when it has come to the age that the channel allows, everything that
 * waits is written, and then the channel's places in the shards move on in one commit. What a crash
 * interrupts is delivered again.
 */
#ifndef CADABRA_KINESIS_CHANNEL_DELIVERY_H
#define CADABRA_KINESIS_CHANNEL_DELIVERY_H

#include "handlers/kinesis/live.h"

/* A channel was made or changed. Starts the task where it does not run. Thread-safe. */
void kinesis_channels_wake(struct kinesis *k);

/* Behind the newest record of each shard, by the shards' index. */
enum store_status kinesis_newest_places(struct kinesis_store *store,
                                        const struct kinesis_shard_list *shards, int64_t *next);

#endif
