/*
 * Brings the events of groups with subscription filters to their destinations: functions, Kinesis
 * streams, Firehose streams. Thread-safe.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 */
#ifndef CADABRA_LOGS_SUBSCRIPTIONS_H
#define CADABRA_LOGS_SUBSCRIPTIONS_H

#include "server/base/arena.h"
#include "storage/logs_store.h"

struct app;
struct logs;
struct subscriptions;

/* Goes on with what an earlier run of the server left. */
struct subscriptions *subscriptions_new(struct logs *l);
/* All background tasks must have been stopped. */
void subscriptions_free(struct subscriptions *s);
/* Events were added. Costs next to nothing while no group has a filter. */
void subscriptions_wake(struct subscriptions *s);

enum subscription_outcome {
    SUBSCRIPTION_SENT,
    SUBSCRIPTION_REFUSED, /* there is nothing of that name, or it may not be reached */
    SUBSCRIPTION_RETRY,
};

/* One gzip'd document. */
enum subscription_outcome subscription_send(struct app *app, const struct logs_delivery *d,
                                            struct bytes document);
/* The document of events, gzip'd, in the arena; data NULL on a failure. */
struct bytes subscription_document(struct arena *a, const struct logs_delivery *d,
                                   const struct logs_outbox_event *const *events, size_t count);
/* What a new destination gets first. */
struct bytes subscription_test_document(struct arena *a, int64_t now_ms);

#endif
