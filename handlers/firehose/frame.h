/*
 * Records as they lie in a chunk: one frame after the other, each with the record's arrival and
 * what else is to be known of it. Chunks are gathered up to some size, so that a delivery can stop
 * between two of them.
 */
#ifndef CADABRA_FIREHOSE_FRAME_H
#define CADABRA_FIREHOSE_FRAME_H

#include "server/base/arena.h"
#include "server/base/strbuf.h"
#include "storage/firehose_store.h"

/* Of what is put together in memory: records have 10 MiB at most, buffers 128, so nothing comes
 * near it. */
enum { FIREHOSE_TEXT_MAX = 1 << 30 };

struct frame {
    struct bytes data;
    struct bytes meta; /* JSON, at most 65535 bytes; len 0: none */
    int64_t at_ms;     /* arrival */
};

/* for (r = frames_of(chunk); frame_next(&r, &f);) The frames borrow from the chunk. */
struct frame_reader {
    const uint8_t *next;
    const uint8_t *end;
};

struct frame_reader frames_of(struct bytes chunk);
/* False at the end, and for what is no frame (a damaged chunk: `next` is not at the end then). */
bool frame_next(struct frame_reader *r, struct frame *out);

/* Gathers frames to chunks, in an arena. */
struct chunker {
    struct arena *arena;
    struct strbuf open;
    size_t open_records;
    size_t open_bytes;
    int64_t open_oldest_ms;
    struct firehose_chunk *chunks;
    size_t count;
    size_t capacity;
};

void chunker_init(struct chunker *c, struct arena *a);
void chunker_add(struct chunker *c, const struct frame *f);
/* Ends the last chunk; chunks and count are then what was gathered. Must be called. */
void chunker_finish(struct chunker *c);

#endif
