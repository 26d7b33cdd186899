/* SQS as the server sees it, and the errors that all its operations share. */
#include "server/service.h"

#include "handlers/sqs/operations.h"

static const struct sqs_handlers handlers = {
    .CreateQueue = sqs_create_queue,
    .DeleteMessage = sqs_delete_message,
    .DeleteMessageBatch = sqs_delete_message_batch,
    .DeleteQueue = sqs_delete_queue,
    .ChangeMessageVisibility = sqs_change_message_visibility,
    .ChangeMessageVisibilityBatch = sqs_change_message_visibility_batch,
    .GetQueueUrl = sqs_get_queue_url,
    .ListQueues = sqs_list_queues,
    .PurgeQueue = sqs_purge_queue,
    .ReceiveMessage = sqs_receive_message,
    .SendMessage = sqs_send_message,
    .SendMessageBatch = sqs_send_message_batch,
};

/* AWS: what the service's own code refuses is named after it, the rest after the framework. */
static const char *error_type(const struct request *req, const struct aws_error *error)
{
    (void)req;
    return error == &sqs_InvalidParameterValue || error == &sqs_MissingParameter
               ? "com.amazon.coral.service#"
               : "com.amazonaws.sqs#";
}

/* SQS words what is missing itself, in an order of its own: the operations do. */
static int validate(struct request *req, const void *in)
{
    (void)req;
    (void)in;
    return 0;
}

const struct service sqs_service = {
    .model = &sqs_model,
    .handlers = &handlers,
    .open = sqs_state_open,
    .close = sqs_state_close,
    .error_type = error_type,
    .validate = validate,
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

int sqs_fail_missing(struct request *req, const char *name)
{
    return aws_fail(req, &sqs_MissingParameter, "The request must contain the parameter %s.", name);
}

int sqs_fail_no_queue(struct request *req)
{
    return aws_fail(req, &sqs_QueueDoesNotExist, "The specified queue does not exist%s.",
                    req->protocol == PROTOCOL_QUERY ? " for this wsdl version" : "");
}

int sqs_fail_store(struct request *req, enum store_status rc)
{
    if (rc == STORE_NOT_FOUND)
        return sqs_fail_no_queue(req);
    return aws_fail_internal(req);
}
