/* The operations of SQS, and what they share. Private to handlers/sqs. */
#ifndef CADABRA_SQS_OPERATIONS_H
#define CADABRA_SQS_OPERATIONS_H

#include "gen/sqs.h"
#include "handlers/sqs/attributes.h"
#include "handlers/sqs/engine.h"
#include "server/aws_error.h"

/* What the model does not state: common errors of AWS. */
extern const struct aws_error sqs_InvalidParameterValue;
extern const struct aws_error sqs_MissingParameter;

/* MissingParameter: The request must contain the parameter NAME. */
int sqs_fail_missing(struct request *req, const char *name);
int sqs_fail_no_queue(struct request *req);
int sqs_fail_store(struct request *req, enum store_status rc);

/* For analysers, as in server/aws_error.h: none of them returns 0. */
#define sqs_fail_missing(...)                                                                      \
    ({                                                                                             \
        (sqs_fail_missing)(__VA_ARGS__);                                                           \
        -1;                                                                                        \
    })
#define sqs_fail_no_queue(...)                                                                     \
    ({                                                                                             \
        (sqs_fail_no_queue)(__VA_ARGS__);                                                          \
        -1;                                                                                        \
    })
#define sqs_fail_store(...)                                                                        \
    ({                                                                                             \
        (sqs_fail_store)(__VA_ARGS__);                                                             \
        -1;                                                                                        \
    })

/* --- queue URLs: address.c --- */

struct sqs_address {
    struct scope scope;
    const char *name;
};

/* Takes a queue's URL apart; NULL takes the path of the request, as clients of the query protocol
 * send it. Only the path of the URL matters. Fails as AWS does. */
int sqs_address_of(struct request *req, const char *url, struct sqs_address *out);
/* Whether the request was sent to a queue's own address. */
bool sqs_is_sent_to_queue(struct request *req);
/* Whether the sender may do the request's operation with the queue: *out_denial is NULL, or AWS's
 * words. 0, or -1 after failing. */
int sqs_check_access(struct request *req, struct sqs_queue *queue, const char **out_denial);
/* The queue behind the URL, held until the request ends; the sender may do this with it. */
int sqs_use(struct request *req, const char *url, struct sqs_queue **out_queue);
/* With the host that the client used. */
const char *sqs_url_of(struct request *req, const char *account, const char *name);

/* --- what is sent: outgoing.c --- */

/* Fills in one message and the digests for the answer. 0, or -1 after failing. */
struct sqs_sent_digests {
    const char *md5_of_body;
    const char *md5_of_attributes;        /* NULL: there are none */
    const char *md5_of_system_attributes; /* the same */
};

struct sqs_draft {
    const char *body;
    struct maybe_int delay_s;
    const struct sqs_MessageBodyAttributeMap *attributes;
    const struct sqs_MessageBodySystemAttributeMap *system_attributes;
    const char *dedup_id;
    const char *group_id;
};

int sqs_compose(struct request *req, const struct sqs_queue *queue, const struct sqs_rules *rules,
                const struct sqs_draft *draft, struct sqs_sending *out,
                struct sqs_sent_digests *out_digests);
/* Bytes of body and attributes, as AWS counts them. */
size_t sqs_draft_size(const struct sqs_draft *draft);

/* --- batches: batch.c --- */

/* Whether the ids of a batch are as AWS wants them: 1 to 10, distinct, of certain characters. */
int sqs_check_batch(struct request *req, const char *const *ids, size_t count);
/* What aws_fail() has said of one entry, taken out of the request again, as the entry's failure. */
struct sqs_BatchResultErrorEntry sqs_entry_failure(struct request *req, const char *id);
/* AWS: lists without an item are left out of an answer. */
#define SQS_LEAVE_OUT_EMPTY(list) ((list).items = (list).count > 0 ? (list).items : NULL)

/* --- receipts --- */

int sqs_read_receipt(struct request *req, const struct sqs_queue *queue, const char *handle,
                     struct sqs_receipt *out);

/* --- operations --- */

int sqs_create_queue(struct request *req, const struct sqs_CreateQueueRequest *in,
                     struct sqs_CreateQueueResult *out);
int sqs_delete_queue(struct request *req, const struct sqs_DeleteQueueRequest *in,
                     struct sqs_DeleteQueueOutput *out);
int sqs_get_queue_url(struct request *req, const struct sqs_GetQueueUrlRequest *in,
                      struct sqs_GetQueueUrlResult *out);
int sqs_list_queues(struct request *req, const struct sqs_ListQueuesRequest *in,
                    struct sqs_ListQueuesResult *out);
int sqs_list_dead_letter_source_queues(struct request *req,
                                       const struct sqs_ListDeadLetterSourceQueuesRequest *in,
                                       struct sqs_ListDeadLetterSourceQueuesResult *out);
int sqs_purge_queue(struct request *req, const struct sqs_PurgeQueueRequest *in,
                    struct sqs_PurgeQueueOutput *out);
int sqs_get_queue_attributes(struct request *req, const struct sqs_GetQueueAttributesRequest *in,
                             struct sqs_GetQueueAttributesResult *out);
int sqs_set_queue_attributes(struct request *req, const struct sqs_SetQueueAttributesRequest *in,
                             struct sqs_SetQueueAttributesOutput *out);
int sqs_add_permission(struct request *req, const struct sqs_AddPermissionRequest *in,
                       struct sqs_AddPermissionOutput *out);
int sqs_remove_permission(struct request *req, const struct sqs_RemovePermissionRequest *in,
                          struct sqs_RemovePermissionOutput *out);
int sqs_tag_queue(struct request *req, const struct sqs_TagQueueRequest *in,
                  struct sqs_TagQueueOutput *out);
int sqs_untag_queue(struct request *req, const struct sqs_UntagQueueRequest *in,
                    struct sqs_UntagQueueOutput *out);
int sqs_list_queue_tags(struct request *req, const struct sqs_ListQueueTagsRequest *in,
                        struct sqs_ListQueueTagsResult *out);
int sqs_send_message(struct request *req, const struct sqs_SendMessageRequest *in,
                     struct sqs_SendMessageResult *out);
int sqs_send_message_batch(struct request *req, const struct sqs_SendMessageBatchRequest *in,
                           struct sqs_SendMessageBatchResult *out);
int sqs_receive_message(struct request *req, const struct sqs_ReceiveMessageRequest *in,
                        struct sqs_ReceiveMessageResult *out);
int sqs_delete_message(struct request *req, const struct sqs_DeleteMessageRequest *in,
                       struct sqs_DeleteMessageOutput *out);
int sqs_delete_message_batch(struct request *req, const struct sqs_DeleteMessageBatchRequest *in,
                             struct sqs_DeleteMessageBatchResult *out);
int sqs_change_message_visibility(struct request *req,
                                  const struct sqs_ChangeMessageVisibilityRequest *in,
                                  struct sqs_ChangeMessageVisibilityOutput *out);
int sqs_change_message_visibility_batch(struct request *req,
                                        const struct sqs_ChangeMessageVisibilityBatchRequest *in,
                                        struct sqs_ChangeMessageVisibilityBatchResult *out);
int sqs_start_message_move_task(struct request *req,
                                const struct sqs_StartMessageMoveTaskRequest *in,
                                struct sqs_StartMessageMoveTaskResult *out);
int sqs_cancel_message_move_task(struct request *req,
                                 const struct sqs_CancelMessageMoveTaskRequest *in,
                                 struct sqs_CancelMessageMoveTaskResult *out);
int sqs_list_message_move_tasks(struct request *req,
                                const struct sqs_ListMessageMoveTasksRequest *in,
                                struct sqs_ListMessageMoveTasksResult *out);

/* Whether attributes can be set together, and on what they say of other queues; old is NULL for a
 * queue that is being made. 0, or -1 after failing. */
struct sqs_attribute_change {
    struct request *req;
    const struct sqs_QueueAttributeMap *given;
    const char *arn; /* of the queue */
    bool fifo;       /* by its name */
    bool is_new;
};
int sqs_apply_attributes(struct arena *a, struct sqs_settings *settings, const void *context);

/* Names of up to `max` queues after the name `after` that have this one for their dead letters. */
enum store_status sqs_dead_letter_sources(struct request *req, const struct sqs_queue *queue,
                                          const char *after, size_t max, const char ***out_names,
                                          size_t *out_count);

/* /_aws/sqs/messages and below it: what is in a queue, without receiving it. inspect.c */
#define SQS_INSPECT_PATH "/_aws/sqs/messages"
int sqs_inspect(struct request *req, const struct sqs_ReceiveMessageRequest *in,
                struct sqs_ReceiveMessageResult *out);
/* One message as the client wants it. handle NULL: it is not received, so it has none. */
void sqs_tell_message(struct request *req, const struct sqs_ReceiveMessageRequest *in,
                      const struct sqs_queue *queue, const char *handle,
                      const struct sqs_take *item, struct sqs_Message *out);

#endif
