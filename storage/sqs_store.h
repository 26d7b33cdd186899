/*
 * Queues and messages of SQS on disk.
 *
 * A message's number counts from 1 in its queue and is never used twice. Which message is visible,
 * who has it, what was sent lately: that is known in memory (handlers/sqs/index.h), where the
 * caller chooses numbers; here is what makes it last. So nothing is searched for: each row is
 * reached by its number.
 *
 * All functions are thread-safe. What comes out lives in the arena that was given.
 */
#ifndef CADABRA_SQS_STORE_H
#define CADABRA_SQS_STORE_H

#include "server/base/arena.h"
#include "storage/store.h"

struct sqs_store;

enum { SQS_SECRET_LEN = 32, SQS_MESSAGE_ID_LEN = 16, SQS_DEDUP_KEY_LEN = 32 };

/* A queue in use: all writes to its messages go through one such object. */
struct sqs_queue_ref {
    int64_t id;               /* never used twice in this data directory */
    _Atomic bool gone;        /* deleted: putting answers STORE_NOT_FOUND */
    _Atomic int64_t reserved; /* on disk no number from here on is promised; the store's own */
};

/* What is known of a queue beside its messages. Texts in the arena. */
struct sqs_queue_row {
    int64_t id;
    const char *name;
    int64_t created_ms;
    int64_t modified_ms;
    const char *settings; /* JSON */
    int64_t next;         /* the first number that is free for certain */
    int64_t purged;       /* messages with lower numbers are gone */
};

struct sqs_new_queue {
    const char *name;
    int64_t created_ms;
    const char *settings; /* JSON */
    const char *tags;     /* JSON, NULL: none */
};

/* What a message carries, from its sending to its end. */
struct sqs_content {
    uint8_t id[SQS_MESSAGE_ID_LEN];
    int64_t sent_ms;
    const char *sender;   /* NULL: unknown */
    const char *group_id; /* these: NULL where there is none */
    const char *dedup_id;
    const char *trace;
    const char *source;      /* ARN of the queue that gave it up */
    struct bytes attributes; /* as handlers/sqs/attributes.h writes them */
    const char *body;
};

struct sqs_put {
    int64_t number;
    int64_t visible_ms;
    struct sqs_content content;
    const uint8_t *dedup_key; /* SQS_DEDUP_KEY_LEN bytes; NULL: none */
};

/* Messages for one queue. */
struct sqs_put_batch {
    struct sqs_queue_ref *queue;
    const struct sqs_put *items;
    size_t count;
    bool gone; /* out: the queue has been deleted, and nothing was put */
};

/* A message that is being received. */
struct sqs_take {
    int64_t number;
    int64_t visible_ms;
    int32_t received;           /* how often, this time included */
    int64_t first_ms;           /* out; when first */
    struct sqs_content content; /* out */
};

/* A message that goes to another queue (or to the same one, under a new number). */
struct sqs_move {
    int64_t from_number;
    int64_t to_number;
    int64_t visible_ms;
    int64_t sent_ms;
    int32_t received;      /* how often in all queues so far */
    const uint8_t *new_id; /* NULL: it keeps its id */
    const char *source;    /* NULL: none */
};

/* What is read of each message when a queue is loaded. */
struct sqs_state_row {
    int64_t number;
    int64_t sent_ms;
    int64_t visible_ms;
    int32_t received;
    int32_t carried;      /* of these, in other queues before */
    const char *group_id; /* NULL: none; borrowed until the callback returns */
};

struct sqs_dedup_row {
    int64_t number;
    int64_t sent_ms;
    uint8_t key[SQS_DEDUP_KEY_LEN];
    uint8_t id[SQS_MESSAGE_ID_LEN];
};

/* Costs nothing until the first queue is made. */
struct sqs_store *sqs_store_open(struct store_root *root);
void sqs_store_close(struct sqs_store *store);
/* A key of this data directory, made when it is first asked for. */
enum store_status sqs_store_secret(struct sqs_store *store, uint8_t out[SQS_SECRET_LEN]);

/* --- queues: sqs_store.c --- */

/* STORE_EXISTS: there is one of that name. */
enum store_status sqs_store_create(struct sqs_store *store, const struct scope *scope,
                                   const struct sqs_new_queue *queue);
enum store_status sqs_store_find(struct sqs_store *store, const struct scope *scope,
                                 const char *name, struct arena *a, struct sqs_queue_row *out);
/* The queue is gone at once; sqs_store_trim() removes its messages bit by bit. */
enum store_status sqs_store_delete(struct sqs_store *store, struct sqs_queue_ref *queue);
/* Names in order that begin with `prefix`, those after `after`, at most `limit`; "" for either. */
enum store_status sqs_store_list(struct sqs_store *store, const struct scope *scope,
                                 const char *prefix, const char *after, size_t limit,
                                 struct arena *a, const char ***out_names, size_t *out_count);
enum store_status sqs_store_set(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                const char *settings, int64_t modified_ms);
/* Messages with numbers below `number`, and their deduplication, are gone at once. */
enum store_status sqs_store_purge(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                  int64_t number);
/* The tags as JSON; NULL: none. */
enum store_status sqs_store_tags(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                 struct arena *a, const char **out_json);
enum store_status sqs_store_set_tags(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                     const char *json);
/* Removes some of what was purged or deleted. *out_more: there is more of it. */
enum store_status sqs_store_trim(struct sqs_store *store, bool *out_more);

/* --- messages: sqs_message_store.c. Each is one write: all or none. --- */

enum store_status sqs_store_put(struct sqs_store *store, struct sqs_queue_ref *queue,
                                const struct sqs_put *items, size_t count);
/* The same for several queues in one write. A queue that is gone does not hold back the others. */
enum store_status sqs_store_put_all(struct sqs_store *store, struct sqs_put_batch *batches,
                                    size_t count);
/* Notes who has them until when, and reads them. Content is in the arena. */
enum store_status sqs_store_take(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                 struct sqs_take *items, size_t count, int64_t now_ms,
                                 struct arena *a);
/* Reads without a change; an item whose message is gone keeps a NULL body. */
enum store_status sqs_store_peek(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                 struct sqs_take *items, size_t count, struct arena *a);
enum store_status sqs_store_hide(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                 const int64_t *numbers, const int64_t *visible_ms, size_t count);
enum store_status sqs_store_remove(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                   const int64_t *numbers, size_t count);
enum store_status sqs_store_move(struct sqs_store *store, const struct sqs_queue_ref *from,
                                 struct sqs_queue_ref *to, const struct sqs_move *items,
                                 size_t count);
/* All messages and deduplication entries of a queue, in the order of their numbers. */
enum store_status sqs_store_load(struct sqs_store *store, const struct sqs_queue_row *queue,
                                 void (*message)(void *context, const struct sqs_state_row *row),
                                 void (*dedup)(void *context, const struct sqs_dedup_row *row),
                                 void *context);
/* Forgets deduplication entries up to that number. */
enum store_status sqs_store_forget_dedup(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                         int64_t number);

/* --- tasks that move messages out of dead-letter queues: sqs_task_store.c --- */

enum sqs_task_status {
    SQS_TASK_RUNNING,
    SQS_TASK_COMPLETED,
    SQS_TASK_CANCELLING,
    SQS_TASK_CANCELLED,
    SQS_TASK_FAILED,
};

enum { SQS_TASKS_MAX = 100 }; /* active ones in an account and region */

struct sqs_task {
    int64_t id;
    const char *handle;
    const char *source;      /* ARN */
    const char *destination; /* ARN; NULL: the queue where each message came from */
    int32_t rate;            /* messages a second; 0: as fast as it goes */
    enum sqs_task_status status;
    int64_t moved;
    int64_t to_move;
    const char *failure; /* NULL: none */
    int64_t started_ms;
};

/* Sets task->id. STORE_EXISTS: one is active for that source. STORE_LIMIT: too many are active. */
enum store_status sqs_store_task_add(struct sqs_store *store, const struct scope *scope,
                                     struct sqs_task *task);
enum store_status sqs_store_task_find(struct sqs_store *store, const char *handle, struct arena *a,
                                      struct sqs_task *out);
/* Of a source, the newest first. */
enum store_status sqs_store_tasks_of(struct sqs_store *store, const char *source, size_t max,
                                     struct arena *a, struct sqs_task **out_tasks,
                                     size_t *out_count);
enum store_status sqs_store_tasks_active(struct sqs_store *store, size_t max, struct arena *a,
                                         struct sqs_task **out_tasks, size_t *out_count);
/* STORE_NOT_FOUND: it does not run. */
enum store_status sqs_store_task_cancel(struct sqs_store *store, int64_t id);
/* Notes how many were moved, and tells whether the task shall go on. */
enum store_status sqs_store_task_moved(struct sqs_store *store, int64_t id, int64_t moved,
                                       enum sqs_task_status *out_status);
enum store_status sqs_store_task_end(struct sqs_store *store, int64_t id,
                                     enum sqs_task_status status, const char *failure);

#endif
