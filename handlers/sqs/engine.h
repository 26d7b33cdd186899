/*
 * What happens to messages: sent, taken, hidden, removed, moved. Operations, the facade for other
 * services (sqs.h) and the task that moves messages all go through here.
 *
 * Each function changes the queue's index, writes, and settles the index; when it returns STORE_OK
 * the change is on disk. Between, the entries are busy, so nobody sees what may be taken back.
 */
#ifndef CADABRA_SQS_ENGINE_H
#define CADABRA_SQS_ENGINE_H

#include "handlers/sqs/live.h"
#include "handlers/sqs/receipt.h"

enum { SQS_IN_FLIGHT_MAX = 120000, SQS_VISIBILITY_MAX_S = 43200 };

/* A message that is sent. The caller fills in `content` but for id and time, and delay_s; the rest
 * comes out. */
struct sqs_sending {
    struct sqs_content content;
    int delay_s;    /* -1: the queue's */
    int64_t number; /* of the first one sent, when this is a duplicate */
    bool duplicate;
};

/* Sends all or none; at most SQS_BATCH_MAX. STORE_NOT_FOUND: the queue has been deleted. */
enum store_status sqs_put(struct sqs *q, struct sqs_queue *queue, struct sqs_sending *items,
                          size_t count);

/* Messages for a standard queue, at most SQS_BATCH_MAX. */
struct sqs_parcel {
    struct sqs_queue *queue;
    struct sqs_sending *items;
    size_t count;
    enum store_status status; /* out, as sqs_put() answers */
};
/* Sends to several queues in one write. */
void sqs_put_all(struct sqs *q, struct sqs_parcel *parcels, size_t count, struct arena *a);

struct sqs_wish {
    size_t max;             /* at most SQS_BATCH_MAX */
    int visibility_s;       /* -1: the queue's */
    const char *attempt_id; /* NULL: none */
};

/* Takes what can be had now. STORE_LIMIT: too many are in flight. Contents are in the arena. Moves
 * those that were received too often to the dead-letter queue. */
enum store_status sqs_take(struct sqs *q, struct sqs_queue *queue, const struct sqs_wish *wish,
                           struct arena *a, struct sqs_take out[SQS_BATCH_MAX], size_t *out_count);

/* How it went with one receipt handle. */
enum sqs_outcome {
    SQS_DONE,
    SQS_EXPIRED,       /* FIFO: the handle is not good any more */
    SQS_NOT_THERE,     /* the message has been deleted */
    SQS_NOT_IN_FLIGHT, /* nobody has it */
    SQS_TOO_LONG,      /* it would have been hidden for more than 12 hours in all */
};

/* Deletes messages; receipts are of this queue. */
enum store_status sqs_drop(struct sqs *q, struct sqs_queue *queue,
                           const struct sqs_receipt *receipts, size_t count,
                           enum sqs_outcome outcomes[]);
/* Hides each for visibility_s[i] seconds from now; 0 gives it back. */
enum store_status sqs_hide(struct sqs *q, struct sqs_queue *queue,
                           const struct sqs_receipt *receipts, const int visibility_s[],
                           size_t count, enum sqs_outcome outcomes[]);
/* Removes all messages. STORE_CONFLICT: that was done less than a minute ago. */
enum store_status sqs_purge(struct sqs *q, struct sqs_queue *queue);

/* How a message changes on its way to another queue. */
struct sqs_moving {
    int64_t number;     /* busy in the queue where it is */
    int64_t sent_ms;    /* there */
    int32_t received;   /* there */
    const char *group;  /* NULL: none */
    const char *source; /* ARN that it shall bear as its dead-letter source; NULL: none */
    bool new_id;        /* it becomes another message, sent now */
};

/* Moves busy messages, which are ready then where they go. STORE_NOT_FOUND: that queue is gone, or
 * a message. When it fails they are still busy. */
enum store_status sqs_transfer(struct sqs *q, struct sqs_queue *from, struct sqs_queue *to,
                               const struct sqs_moving *items, size_t count);

/* 20 digits, larger for later messages of a queue. */
void sqs_sequence_text(int64_t number, char out[SQS_SEQUENCE_TEXT]);
/* A new random one. */
void sqs_new_id(uint8_t id[SQS_MESSAGE_ID_LEN]);
void sqs_uuid_text(const uint8_t id[SQS_MESSAGE_ID_LEN], char out[SQS_UUID_TEXT]);

#endif
