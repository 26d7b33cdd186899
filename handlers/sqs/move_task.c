/*
 * StartMessageMoveTask, CancelMessageMoveTask, ListMessageMoveTasks.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
 * API_StartMessageMoveTask.html
 */
#include "handlers/common/arn.h"
#include "handlers/sqs/mover.h"
#include "handlers/sqs/operations.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/json_read.h"

enum { RATE_MAX = 500, LISTED_MAX = 10, HANDLE_MAX = 1024 };

static int fail_no_resource(struct request *req, const char *parameter)
{
    return aws_fail(req, &sqs_ResourceNotFoundException,
                    "The resource that you specified for the %s parameter doesn't exist.",
                    parameter);
}

/* --- handles: base64 of {"taskId":"...","sourceArn":"..."} --- */

static char *make_handle(struct arena *a, const char *source_arn)
{
    char id[37];
    char *plain, *text;

    uuid_v4(id);
    plain = arena_printf(a, "{\"taskId\":\"%s\",\"sourceArn\":\"%s\"}", id, source_arn);
    text = arena_alloc(a, BASE64_LEN(strlen(plain)) + 1);
    base64_encode(plain, strlen(plain), text);
    return text;
}

/* The ARN in a handle; NULL when it is none. */
static const char *source_in_handle(struct arena *a, const char *handle)
{
    size_t len = strlen(handle);
    uint8_t *plain = arena_alloc(a, len + 1);
    const char *source = NULL;
    bool id = false;
    struct jr r;
    struct jr_text key, value;

    if (len > HANDLE_MAX || !base64_decode(handle, len, plain, &len))
        return NULL;
    jr_init(&r, plain, len, a, 4);
    if (jr_peek(&r) != JR_OBJECT)
        return NULL;
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        bool text = jr_peek(&r) == JR_STRING;

        if (text && jr_text_eq(key, "sourceArn") && jr_string(&r, &value))
            source = arena_strndup(a, value.data, value.len);
        else if (text && jr_text_eq(key, "taskId"))
            id = jr_string(&r, &value);
        else
            jr_skip(&r, NULL);
    }
    return jr_finish(&r) && id ? source : NULL;
}

/* --- starting --- */

/* Whether a queue has this one for its dead letters. */
static enum store_status is_dead_letter_queue(struct request *req, const struct sqs_queue *queue,
                                              bool *out_is)
{
    const char **names;
    size_t count;
    enum store_status rc = sqs_dead_letter_sources(req, queue, "", 1, &names, &count);

    *out_is = count > 0;
    return rc;
}

static void release_later(void *queue)
{
    sqs_queue_release(queue);
}

/* The queue of an ARN parameter, held until the request ends. */
static int use_arn(struct request *req, const char *arn, const char *parameter,
                   struct sqs_queue **out_queue)
{
    enum store_status rc = sqs_queue_hold_arn(sqs_of(req->app), arn, out_queue);

    if (rc == STORE_NOT_FOUND)
        return fail_no_resource(req, parameter);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    arena_defer(&req->arena, release_later, *out_queue);
    return 0;
}

static int check_start(struct request *req, const struct sqs_StartMessageMoveTaskRequest *in,
                       struct sqs_queue **out_source)
{
    int rate = VALUE_OR(in->MaxNumberOfMessagesPerSecond, 1);
    struct sqs_queue *destination;
    bool is_target;

    if (!in->SourceArn)
        return sqs_fail_missing(req, "SourceArn");
    if (use_arn(req, in->SourceArn, "SourceArn", out_source))
        return -1;
    if (is_dead_letter_queue(req, *out_source, &is_target) != STORE_OK)
        return aws_fail_internal(req);
    if (!is_target)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Source queue must be configured as a Dead Letter Queue.");
    if (in->DestinationArn && use_arn(req, in->DestinationArn, "DestinationArn", &destination))
        return -1;
    if (in->DestinationArn && destination->fifo != (*out_source)->fifo)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Source queue and destination queue must be of the same type.");
    if (rate < 1 || rate > RATE_MAX)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %d for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: "
                        "Must be between 1 and 500, if provided.",
                        rate);
    return 0;
}

int sqs_start_message_move_task(struct request *req,
                                const struct sqs_StartMessageMoveTaskRequest *in,
                                struct sqs_StartMessageMoveTaskResult *out)
{
    struct sqs *q = sqs_of(req->app);
    struct sqs_queue *source = NULL;
    struct sqs_task task;
    enum store_status rc;

    if (check_start(req, in, &source))
        return -1;
    task = (struct sqs_task){
        .handle = make_handle(&req->arena, source->arn),
        .source = source->arn,
        .destination = in->DestinationArn,
        .rate = VALUE_OR(in->MaxNumberOfMessagesPerSecond, 0),
        .started_ms = clock_now_ms(&req->app->clock),
    };
    pthread_mutex_lock(&source->lock);
    sqs_index_advance(source->index, task.started_ms);
    task.to_move = (int64_t)sqs_index_count(source->index, SQS_READY);
    pthread_mutex_unlock(&source->lock);
    const struct scope scope = {.account = source->account, .region = source->region};
    rc = sqs_store_task_add(q->store, &scope, &task);
    if (rc == STORE_EXISTS)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "There is already a task running. Only one active task is allowed for a "
                        "source queue arn at a given time.");
    if (rc == STORE_LIMIT)
        return aws_fail(req, &sqs_OverLimit,
                        "At most %d message movement tasks can be active in an account.",
                        SQS_TASKS_MAX);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    if (!sqs_mover_start(q, &task)) {
        sqs_store_task_end(q->store, task.id, SQS_TASK_FAILED, "InternalFailure");
        return aws_fail_internal(req);
    }
    out->TaskHandle = task.handle;
    return 0;
}

/* --- cancelling --- */

int sqs_cancel_message_move_task(struct request *req,
                                 const struct sqs_CancelMessageMoveTaskRequest *in,
                                 struct sqs_CancelMessageMoveTaskResult *out)
{
    struct sqs *q = sqs_of(req->app);
    struct sqs_queue *source;
    struct sqs_task task;
    const char *arn;
    enum store_status rc;

    if (!in->TaskHandle)
        return sqs_fail_missing(req, "TaskHandle");
    arn = source_in_handle(&req->arena, in->TaskHandle);
    if (!arn)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value for parameter TaskHandle is invalid.");
    if (use_arn(req, arn, "SourceArn", &source))
        return -1;
    rc = sqs_store_task_find(q->store, in->TaskHandle, &req->arena, &task);
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sqs_ResourceNotFoundException, "Task does not exist.");
    if (rc == STORE_OK)
        rc = sqs_store_task_cancel(q->store, task.id);
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sqs_UnsupportedOperation,
                        "Only active message movement tasks can be cancelled.");
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    out->ApproximateNumberOfMessagesMoved = SOME_LONG(task.moved);
    return 0;
}

/* --- listing --- */

static const char *status_name(enum sqs_task_status status)
{
    static const char *const names[] = {
        [SQS_TASK_RUNNING] = "RUNNING",       [SQS_TASK_COMPLETED] = "COMPLETED",
        [SQS_TASK_CANCELLING] = "CANCELLING", [SQS_TASK_CANCELLED] = "CANCELLED",
        [SQS_TASK_FAILED] = "FAILED",
    };

    return names[status];
}

int sqs_list_message_move_tasks(struct request *req,
                                const struct sqs_ListMessageMoveTasksRequest *in,
                                struct sqs_ListMessageMoveTasksResult *out)
{
    int max = VALUE_OR(in->MaxResults, 1);
    struct sqs_queue *source;
    struct sqs_task *tasks;
    size_t count;

    if (!in->SourceArn)
        return sqs_fail_missing(req, "SourceArn");
    if (max < 1 || max > LISTED_MAX)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %d for parameter MaxResults is invalid. Reason: Must be between 1 "
                        "and 10, if provided.",
                        max);
    if (use_arn(req, in->SourceArn, "SourceArn", &source))
        return -1;
    if (sqs_store_tasks_of(sqs_of(req->app)->store, source->arn, (size_t)max, &req->arena, &tasks,
                           &count) != STORE_OK)
        return aws_fail_internal(req);
    out->Results.items =
        ARENA_ARRAY(&req->arena, struct sqs_ListMessageMoveTasksResultEntry, count);
    out->Results.count = count;
    for (size_t i = 0; i < count; i++) {
        const struct sqs_task *t = &tasks[i];

        out->Results.items[i] = (struct sqs_ListMessageMoveTasksResultEntry){
            /* AWS: only what can still be cancelled has a handle. */
            .TaskHandle = t->status == SQS_TASK_RUNNING ? t->handle : NULL,
            .Status = status_name(t->status),
            .SourceArn = t->source,
            .DestinationArn = t->destination,
            .MaxNumberOfMessagesPerSecond = t->rate > 0 ? SOME_INT(t->rate) : (struct maybe_int){0},
            .ApproximateNumberOfMessagesMoved = SOME_LONG(t->moved),
            .ApproximateNumberOfMessagesToMove = SOME_LONG(t->to_move),
            .FailureReason = t->failure,
            .StartedTimestamp = SOME_LONG(t->started_ms),
        };
    }
    return 0;
}
