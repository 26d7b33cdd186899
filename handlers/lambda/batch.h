/*
 * What happens to a batch of records until all of them are dealt with: delivered, or given up by
 * the rules of the mapping. Knows neither functions nor stores, so that the rules can be tested.
 */
#ifndef CADABRA_LAMBDA_BATCH_H
#define CADABRA_LAMBDA_BATCH_H

#include "handlers/kinesis/kinesis.h"

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

struct batch_target {
    /* Hands over the first *out_taken of the records, at least one. */
    enum delivery (*deliver)(void *context, const struct kinesis_event *const *records,
                             size_t count, size_t *out_taken);
    /* Waits before another try; false when there shall be none. */
    bool (*pause)(void *context, int64_t ms);
    int64_t (*now_ms)(void *context);
    void *context;
};

/* True when all records were dealt with; false when it was cancelled before. *out_given_up counts
 * those that were not delivered. */
bool batch_handle(const struct batch_rules *rules, const struct batch_target *target,
                  const struct kinesis_event *const *records, size_t count, size_t *out_given_up);

#endif
