/*
 * Records of one shard that are handed to the function one batch after the other: all of the shard,
 * or with a parallelization factor those of some keys.
 */
#ifndef CADABRA_LAMBDA_LANE_H
#define CADABRA_LAMBDA_LANE_H

#include "handlers/lambda/batch.h"
#include "handlers/lambda/shard.h"
#include "server/base/digest.h"

/* A tumbling window: batches share a state until it ends. */
struct window {
    int64_t start_ms;
    int64_t length_ms;
    char *state; /* JSON object */
};

struct lane {
    struct shard_work work;
    const char *shard_name;
    const struct stream_record **records;
    size_t count;
    struct window *window; /* NULL: none */
    bool final;            /* the window ends with this invocation */
    struct strbuf event;   /* the document; kept for the next batch */
    bool failed;           /* records of the present run were given up */
    bool done;             /* all records were dealt with */
    pthread_t thread;

    /* Of the last attempt, for the on-failure destination. */
    char request_id[37];
    int64_t version;
    bool function_error;
};

void lane_init(struct lane *lane, const struct shard_work *work, const char *shard_name);
void lane_release(struct lane *lane);
/* Deals with all its records. */
void lane_run(struct lane *lane);
/* The last invocation of a window, without records. False when it was cancelled. */
bool lane_end_window(struct lane *lane);

#endif
