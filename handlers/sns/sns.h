/*
 * SNS for the rest of the server: other services publish to topics through this.
 *
 * All functions are thread-safe and may be called from background tasks. What they are given is
 * borrowed for the call.
 */
#ifndef CADABRA_SNS_H
#define CADABRA_SNS_H

#include "server/app.h"
#include "server/service.h"
#include "storage/store.h"

extern const struct service sns_service;

struct iam_service;

struct sns_attribute {
    const char *name;
    const char *type; /* String, Number, Binary, String.Array, or one with a suffix of its own */
    struct bytes value;
};

struct sns_outgoing {
    const char *message;
    const char *subject; /* NULL: none */
    const struct sns_attribute *attributes;
    size_t attribute_count;
    const char *group_id, *dedup_id; /* FIFO topics; NULL: none */
    /* The service that publishes by itself, whom the topic's policy must let in. NULL: whoever
     * publishes may do so (by a role, say). */
    const struct iam_service *by;
};

enum { SNS_MESSAGE_ID_LEN = 37 };

/* When it returns STORE_OK every subscriber has the message or will get it, whatever happens to the
 * server. STORE_NOT_FOUND: no such topic. STORE_CONFLICT: the topic refuses such a message (a FIFO
 * topic needs a group, and a deduplication id where it makes none of its own), or its policy the
 * sender. */
enum store_status sns_publish(struct app *app, const char *topic_arn,
                              const struct sns_outgoing *message,
                              char out_message_id[SNS_MESSAGE_ID_LEN]);
/* Whether the service may publish to the topic. */
enum sns_check { SNS_OK, SNS_NO_TOPIC, SNS_NOT_ALLOWED };
enum sns_check sns_check(struct app *app, const char *topic_arn, const struct iam_service *by);

#endif
