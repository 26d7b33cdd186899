/* Which queues have a queue for their dead letters. */
#include "handlers/common/page_token.h"
#include "handlers/sqs/operations.h"

enum { PAGE = 100, LIST_MAX = 1000 };

static bool points_at(struct sqs *q, const struct scope *scope, const char *name, const char *arn,
                      struct arena *a)
{
    struct sqs_redrive redrive;
    struct sqs_settings settings;
    struct sqs_queue_row row;

    if (sqs_store_find(q->store, scope, name, a, &row) != STORE_OK)
        return false; /* deleted meanwhile */
    settings = sqs_settings_from_json(a, row.settings);
    return sqs_redrive_parse(a, settings.text[SQS_REDRIVE_POLICY], &redrive) &&
           redrive.target_arn && str_eq(redrive.target_arn, arn);
}

enum store_status sqs_dead_letter_sources(struct request *req, const struct sqs_queue *queue,
                                          const char *after, size_t max, const char ***out_names,
                                          size_t *out_count)
{
    const struct scope scope = {.account = queue->account, .region = queue->region};
    struct sqs *q = sqs_of(req->app);
    const char **page;
    size_t count;

    *out_count = 0;
    *out_names = ARENA_ARRAY(&req->arena, const char *, max);
    do {
        enum store_status rc =
            sqs_store_list(q->store, &scope, "", after, PAGE, &req->arena, &page, &count);

        if (rc != STORE_OK)
            return rc;
        for (size_t i = 0; i < count && *out_count < max; i++) {
            after = page[i];
            if (points_at(q, &scope, page[i], queue->arn, &req->arena))
                (*out_names)[(*out_count)++] = page[i];
        }
    } while (count == PAGE && *out_count < max);
    return STORE_OK;
}

int sqs_list_dead_letter_source_queues(struct request *req,
                                       const struct sqs_ListDeadLetterSourceQueuesRequest *in,
                                       struct sqs_ListDeadLetterSourceQueuesResult *out)
{
    int max = VALUE_OR(in->MaxResults, LIST_MAX);
    const char *after = "";
    struct sqs_queue *queue;
    const char **names;
    char *kind;
    size_t count;

    if (sqs_use(req, in->QueueUrl, &queue))
        return -1;
    if (max < 1 || max > LIST_MAX)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value for parameter MaxResults is invalid. Reason: MaxResults must be an "
                        "integer between 1 and 1000.");
    kind = arena_printf(&req->arena, "sqs:ListDeadLetterSourceQueues:%s", queue->arn);
    if (in->NextToken && !(after = page_token_read(&req->arena, kind, in->NextToken)))
        return aws_fail(req, &sqs_InvalidParameterValue, "Invalid or expired next token.");
    if (sqs_dead_letter_sources(req, queue, after, (size_t)max + 1, &names, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > (size_t)max) {
        count = (size_t)max;
        if (in->MaxResults.set)
            out->NextToken = page_token_make(&req->arena, kind, names[count - 1]);
    }
    out->queueUrls.items = ARENA_ARRAY(&req->arena, const char *, count);
    out->queueUrls.count = count;
    for (size_t i = 0; i < count; i++)
        out->queueUrls.items[i] = sqs_url_of(req, queue->account, names[i]);
    return 0;
}
