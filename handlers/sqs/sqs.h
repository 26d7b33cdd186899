/*
 * SQS for other services: messages sent to a queue, or taken from it, without a request.
 *
 * All functions are thread-safe, may be called from background tasks, and copy what they keep. A
 * queue is named by its ARN, which carries account and region. Bodies must be UTF-8 texts without
 * NUL.
 */
#ifndef CADABRA_SQS_H
#define CADABRA_SQS_H

#include "server/app.h"
#include "server/base/arena.h"
#include "server/waitq.h"
#include "storage/store.h"

extern const struct service sqs_service;

struct iam_service;

enum {
    SQS_BATCH_MAX = 10,
    SQS_LETTERS_MAX = 64,
    SQS_ATTRIBUTES_MAX = 64,
    SQS_UUID_TEXT = 37,
    SQS_SEQUENCE_TEXT = 24,
};

struct sqs_attribute {
    const char *name;
    const char *type; /* String, Number or Binary, or one of them with .suffix */
    struct bytes value;
};

struct sqs_outgoing {
    struct bytes body;
    const struct sqs_attribute *attributes;
    size_t attribute_count;
    const char *group_id;     /* FIFO queues need one; NULL elsewhere */
    const char *dedup_id;     /* NULL: the queue's content-based one */
    const char *trace_header; /* NULL: none */
    const char *sender_id;    /* NULL: an AWS service's */
    int delay_s;              /* -1: the queue's */
    /* The service that sends by itself, whom the queue's policy must let in. NULL: whoever sends
     * may do so (by a role, say). */
    const struct iam_service *by;
};

struct sqs_incoming {
    const char *message_id;
    const char *receipt_handle;
    const char *body;
    const char *md5_of_body;
    const struct sqs_attribute *attributes;
    size_t attribute_count;
    const char *md5_of_attributes; /* NULL: there are none */
    int64_t sent_ms;
    int64_t first_received_ms;
    int receive_count;
    const char *sender_id;
    const char *sequence_number; /* these: NULL where the message has none */
    const char *group_id;
    const char *dedup_id;
    const char *trace_header;
    const char *dead_letter_source;
};

struct sqs_received {
    struct sqs_incoming *items;
    size_t count;
};

/* Sends all or none, at most SQS_BATCH_MAX. STORE_NOT_FOUND: there is no such queue.
 * STORE_CONFLICT: the queue refuses such a message (its size, a FIFO queue without a group), or its
 * policy the sender. */
enum store_status sqs_send(struct app *app, const char *queue_arn,
                           const struct sqs_outgoing *messages, size_t count);

/* Messages for one queue, at most SQS_BATCH_MAX; all or none. */
struct sqs_letter {
    const char *queue_arn;
    const struct sqs_outgoing *messages;
    size_t count;
    enum store_status status; /* out, as sqs_send() answers */
};
/* Sends to several queues, those of standard queues in one write. At most SQS_LETTERS_MAX. */
void sqs_send_all(struct app *app, struct sqs_letter *letters, size_t count);
bool sqs_exists(struct app *app, const char *queue_arn);
/* Whether the service may send to the queue. */
enum sqs_check { SQS_OK, SQS_NO_QUEUE, SQS_NOT_ALLOWED };
enum sqs_check sqs_check(struct app *app, const char *queue_arn, const struct iam_service *by);
/* Up to `max` (at most SQS_BATCH_MAX) that can be had now, hidden for visibility_s seconds (-1: the
 * queue's own timeout). */
enum store_status sqs_receive(struct app *app, const char *queue_arn, int max, int visibility_s,
                              struct arena *a, struct sqs_received *out);
/* Handles that are not of this queue, or stand for nothing any more, are passed over. */
enum store_status sqs_remove(struct app *app, const char *queue_arn,
                             const char *const *receipt_handles, size_t count);
enum store_status sqs_change_visibility(struct app *app, const char *queue_arn,
                                        const char *const *receipt_handles, size_t count,
                                        int visibility_s);

/* A queue that is being used: to wait for its messages. It stays valid while it is held, even when
 * the queue is deleted meanwhile. */
struct sqs_hold;

/* STORE_NOT_FOUND: there is no such queue. */
enum store_status sqs_hold(struct app *app, const char *queue_arn, struct sqs_hold **out_hold);
void sqs_release(struct sqs_hold *hold);
/* True once the queue has been deleted. */
bool sqs_gone(const struct sqs_hold *hold);
/* Woken when a message may have become visible: sent, given back, or by a delay or a visibility
 * timeout that has passed; and when the queue is deleted. Valid while the queue is held. */
struct waitq *sqs_waitq(struct sqs_hold *hold);
/* The queue's own visibility timeout. */
int sqs_visibility_s(struct sqs_hold *hold);
bool sqs_is_fifo(const struct sqs_hold *hold);

#endif
