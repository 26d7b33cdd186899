/* SQS as the server sees it, and the errors that all its operations share. */
#include "server/service.h"

#include "handlers/sqs/operations.h"

static const struct sqs_handlers handlers = {
    .AddPermission = sqs_add_permission,
    .CancelMessageMoveTask = sqs_cancel_message_move_task,
    .ChangeMessageVisibility = sqs_change_message_visibility,
    .ChangeMessageVisibilityBatch = sqs_change_message_visibility_batch,
    .CreateQueue = sqs_create_queue,
    .DeleteMessage = sqs_delete_message,
    .DeleteMessageBatch = sqs_delete_message_batch,
    .DeleteQueue = sqs_delete_queue,
    .GetQueueAttributes = sqs_get_queue_attributes,
    .GetQueueUrl = sqs_get_queue_url,
    .ListDeadLetterSourceQueues = sqs_list_dead_letter_source_queues,
    .ListMessageMoveTasks = sqs_list_message_move_tasks,
    .ListQueueTags = sqs_list_queue_tags,
    .ListQueues = sqs_list_queues,
    .PurgeQueue = sqs_purge_queue,
    .ReceiveMessage = sqs_receive_message,
    .RemovePermission = sqs_remove_permission,
    .SendMessage = sqs_send_message,
    .SendMessageBatch = sqs_send_message_batch,
    .SetQueueAttributes = sqs_set_queue_attributes,
    .StartMessageMoveTask = sqs_start_message_move_task,
    .TagQueue = sqs_tag_queue,
    .UntagQueue = sqs_untag_queue,
};

/* AWS: what the service's own code refuses is named after it, the rest after the framework. */
static const char *error_type(const struct request *req, const struct aws_error *error)
{
    (void)req;
    return error == &sqs_InvalidParameterValue || error == &sqs_MissingParameter
               ? "com.amazon.coral.service#"
               : "com.amazonaws.sqs#";
}

/* SQS words what is missing itself, in an order of its own: the operations do.
 * AWS: a query to a queue's address must be for a queue, though it may be another. */
static int validate(struct request *req, const void *in)
{
    const char *name = model_text(&sqs_model, req->operation->name);

    (void)in;
    if (req->protocol == PROTOCOL_QUERY &&
        (str_eq(name, "CreateQueue") || str_eq(name, "ListQueues")) && sqs_is_sent_to_queue(req))
        return aws_fail(req, &aws_InvalidAction, "The action %s is not valid for this endpoint.",
                        name);
    return 0;
}

const struct service sqs_service = {
    .model = &sqs_model,
    .handlers = &handlers,
    .open = sqs_state_open,
    .close = sqs_state_close,
    .error_type = error_type,
    .sqs_words = true,
    .validate = validate,
    .own_path = SQS_INSPECT_PATH,
    .own_operation = "ReceiveMessage",
};

const struct aws_error sqs_InvalidParameterValue = {
    .name = "InvalidParameterValueException",
    .code = "InvalidParameterValue",
    .status = 400,
    .sender_fault = true,
};

const struct aws_error sqs_MissingParameter = {
    .name = "MissingRequiredParameterException",
    .code = "MissingParameter",
    .status = 400,
    .sender_fault = true,
};

int(sqs_fail_missing)(struct request *req, const char *name)
{
    return aws_fail(req, &sqs_MissingParameter, "The request must contain the parameter %s.", name);
}

int(sqs_fail_no_queue)(struct request *req)
{
    return aws_fail(req, &sqs_QueueDoesNotExist, "The specified queue does not exist%s.",
                    req->protocol == PROTOCOL_QUERY ? " for this wsdl version" : "");
}

int(sqs_fail_store)(struct request *req, enum store_status rc)
{
    if (rc == STORE_NOT_FOUND)
        return sqs_fail_no_queue(req);
    return aws_fail_internal(req);
}
