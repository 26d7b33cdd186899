/*
 * What happens to a batch of records until all of them are dealt with: delivered, or given up by
 * the rules of the mapping. Knows neither functions nor stores, so that the rules can be tested.
 */
#ifndef CADABRA_LAMBDA_BATCH_H
#define CADABRA_LAMBDA_BATCH_H

#include "handlers/lambda/stream_source.h"

struct batch_rules {
    int retries_max; /* -1: no limit */
    int age_max_s;   /* -1: no limit */
    bool bisect;
};

enum delivery {
    DELIVERED,
    FAILED,    /* the function failed: counts as an attempt */
    NO_ROOM,   /* it could not be run: does not count */
    CANCELLED, /* it shall not be tried again */
};

/* How far a delivery came: written by deliver(). */
struct delivered {
    size_t taken; /* the first so many records were handed over, at least one */
    size_t done;  /* with FAILED: of those the function dealt with the first so many */
};

enum batch_loss { LOST_RETRIES, LOST_AGE };

struct batch_target {
    enum delivery (*deliver)(void *context, const struct stream_record *const *records,
                             size_t count, struct delivered *out);
    /* Takes leave of records after so many attempts; false when it shall end here. */
    bool (*give_up)(void *context, const struct stream_record *const *records, size_t count,
                    enum batch_loss why, int attempts);
    /* Waits before another try; false when there shall be none. */
    bool (*pause)(void *context, int64_t ms);
    int64_t (*now_ms)(void *context);
    void *context;
};

/* True when all records were dealt with; false when it was cancelled before. *out_given_up counts
 * those that were not delivered. */
bool batch_handle(const struct batch_rules *rules, const struct batch_target *target,
                  const struct stream_record *const *records, size_t count, size_t *out_given_up);

#endif
