/*
 * What is done with one buffer that is due. Each function either puts the records where they belong
 * and removes the buffer, or leaves it, to be tried again later: no record is in neither place.
 */
#ifndef CADABRA_FIREHOSE_DELIVER_H
#define CADABRA_FIREHOSE_DELIVER_H

#include "handlers/common/http_client.h"
#include "handlers/firehose/destination.h"
#include "handlers/firehose/prefix.h"
#include "handlers/firehose/state.h"

/* One buffer, sealed, with what is to be known of it. */
struct work {
    struct firehose *firehose;
    const struct firehose_stream *stream;
    const struct destination *destination;
    struct firehose_buffer buffer;
    struct arena *arena;      /* of this work */
    struct http_client *http; /* of this lane */
    int stop_fd;
};

/* deliver_s3.c: to the destination, a copy, or what failed. */
void deliver_to_s3(struct work *w);
/* deliver_http.c, deliver_search.c */
void deliver_to_http(struct work *w);
void deliver_to_search(struct work *w);
/* process.c */
void process_records(struct work *w);

/* --- what they share: deliver.c --- */

/* The name of the delivery: for S3 the key, else a request id. */
const char *deliver_label(const struct work *w);

/* All went well: the buffer goes. */
void deliver_done(struct work *w);
/* It did not: tried again after a while, longer each time; told to CloudWatch Logs if the stream
 * wants that. */
void deliver_postpone(struct work *w, const char *code, const char *message);
/* The buffer goes and `moves` come. */
void deliver_replace(struct work *w, const struct firehose_move *moves, size_t count);
/* Milliseconds of the retry duration that are over, counted from the first try. */
bool deliver_expired(const struct work *w, int64_t duration_s);
/* How long the next try waits. */
int64_t deliver_backoff_ms(int64_t tries);

/* The chunks of the buffer, one run of some MiB after the other. False at the end, and after a
 * failure (*failed). The chunks lie in `a`, which the caller resets. */
struct chunk_walk {
    const struct work *work;
    int64_t next;
    bool failed;
};
bool deliver_chunks(struct chunk_walk *walk, struct arena *a, struct bytes **out_chunks,
                    size_t *out_count);

/* --- what could not be delivered: failure.c --- */

struct undelivered {
    const char *type; /* error output type; NULL: of who fails it */
    const char *code;
    const char *message;
    int64_t attempts;
    const char *lambda_arn; /* NULL: no function was involved */
    const char *index_name; /* of a search engine; NULL: none */
    const char *document_id;
};

/* The record as one line of JSON, as AWS documents it; in the arena. */
struct bytes failure_line(const struct work *w, const struct undelivered *f, struct bytes data,
                          int64_t arrival_ms);
/* Where such lines go: `type` is the error output type. */
struct firehose_target failure_target(const struct destination *d, const char *type);

/* --- CloudWatch Logs: error_log.c --- */

/* One line for the stream's log, if it has one. */
void error_log_write(const struct work *w, const char *code, const char *message);

#endif
