/*
 * Streams that take their records from a Kinesis stream: one background task for each, which reads
 * all shards and puts what it reads where puts go, together with how far it has read. So each
 * record comes in once, whatever happens.
 *
 * AWS: reading begins at LATEST: with what came since the delivery stream was made. Records that
 * the Kinesis Producer Library aggregated are taken apart.
 */
#ifndef CADABRA_FIREHOSE_SOURCE_H
#define CADABRA_FIREHOSE_SOURCE_H

#include <firehose.h> /* generated from the model */

#include "server/base/arena.h"
#include "storage/firehose_store.h"

struct firehose;
struct sources;

struct sources *sources_new(struct firehose *f);
/* All background tasks must have been stopped. */
void sources_free(struct sources *s);
/* Reads for all streams that the store has. */
void sources_start(struct sources *s);
/* What a stream reads from; in the arena. NULL: it takes records from nobody but callers. */
const struct firehose_KinesisStreamSourceDescription *
source_of(const struct firehose_stream *stream, struct arena *a);
/* A stream was made. The task ends by itself once the stream is gone. */
void sources_add(struct sources *s, int64_t stream_id);

#endif
