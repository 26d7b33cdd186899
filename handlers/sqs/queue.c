/* Queues: made, found, listed, purged, deleted. */
#include "handlers/common/page_token.h"
#include "handlers/common/tags.h"
#include "handlers/sqs/operations.h"

enum { NAME_LEN_MAX = 80, LIST_MAX = 1000 };

static const char name_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

/* --- making --- */

static bool has_fifo_suffix(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && str_eq(name + len - 5, ".fifo");
}

static const char *attribute_given(const struct sqs_QueueAttributeMap *map, const char *name)
{
    for (size_t i = 0; i < map->count; i++) {
        if (str_eq(map->items[i].key, name))
            return map->items[i].value;
    }
    return NULL;
}

static int check_name(struct request *req, const char *name, bool wants_fifo)
{
    size_t len, plain;

    if (!name)
        return sqs_fail_missing(req, "QueueName");
    len = strlen(name);
    plain = strspn(name, name_characters);
    if (wants_fifo && has_fifo_suffix(name) && plain == len - 5 && len <= NAME_LEN_MAX)
        return 0;
    if (wants_fifo)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "The name of a FIFO queue can only include alphanumeric characters, "
                        "hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in "
                        "length.");
    if (plain == len && len >= 1 && len <= NAME_LEN_MAX)
        return 0;
    return aws_fail(req, &sqs_InvalidParameterValue,
                    "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
                    "length");
}

/* AWS: one of the same name is fine as long as what is given now is as it is. */
static int check_same(struct request *req, struct sqs_queue *queue,
                      const struct sqs_settings *given)
{
    struct sqs_settings settings = sqs_queue_settings(queue, &req->arena);

    for (enum sqs_setting i = 0; i < SQS_SETTINGS; i++) {
        const char *is = sqs_setting_default(&settings, i, queue->fifo);

        if (settings.text[i])
            is = settings.text[i];
        if (given->text[i] && (!is || !str_eq(is, given->text[i])))
            return aws_fail(req, &sqs_QueueNameExists,
                            "A queue already exists with the same name and a different value for "
                            "attribute %s",
                            sqs_setting_name(i));
    }
    return 0;
}

static const char *tags_text(struct request *req, const struct sqs_TagMap *tags)
{
    struct tag_list list = {.items = ARENA_ARRAY(&req->arena, struct tag, tags->count),
                            .count = tags->count};

    if (tags->count == 0)
        return NULL;
    for (size_t i = 0; i < tags->count; i++)
        list.items[i] = (struct tag){.key = tags->items[i].key, .value = tags->items[i].value};
    return tags_to_json(&req->arena, list);
}

int sqs_create_queue(struct request *req, const struct sqs_CreateQueueRequest *in,
                     struct sqs_CreateQueueResult *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    const char *fifo = attribute_given(&in->Attributes, "FifoQueue");
    struct sqs *q = sqs_of(req->app);
    struct sqs_settings settings = {0};
    struct sqs_queue *queue;
    enum store_status rc;

    if (check_name(req, in->QueueName, fifo && strcasecmp(fifo, "true") == 0))
        return -1;
    const struct sqs_attribute_change change = {
        .req = req,
        .given = &in->Attributes,
        .arn = arena_printf(&req->arena, "arn:aws:sqs:%s:%s:%s", req->region, req->account,
                            in->QueueName),
        .fifo = has_fifo_suffix(in->QueueName),
        .is_new = true,
    };
    if (sqs_apply_attributes(&req->arena, &settings, &change))
        return -1;
    const struct sqs_new_queue new_queue = {
        .name = in->QueueName,
        .created_ms = clock_now_ms(&req->app->clock),
        .settings = sqs_settings_to_json(&req->arena, &settings),
        .tags = tags_text(req, &in->tags),
    };
    rc = sqs_queue_make(q, &scope, &new_queue);
    if (rc == STORE_EXISTS) {
        rc = sqs_queue_hold(q, &scope, in->QueueName, &queue);
        if (rc == STORE_OK) {
            int differs = check_same(req, queue, &settings);

            sqs_queue_release(queue);
            if (differs)
                return -1;
        }
    }
    if (rc != STORE_OK)
        return sqs_fail_store(req, rc);
    out->QueueUrl = sqs_url_of(req, req->account, in->QueueName);
    return 0;
}

/* --- finding --- */

int sqs_get_queue_url(struct request *req, const struct sqs_GetQueueUrlRequest *in,
                      struct sqs_GetQueueUrlResult *out)
{
    const char *owner = in->QueueOwnerAWSAccountId;
    const struct scope scope = {.account = owner && *owner ? owner : req->account,
                                .region = req->region};
    struct sqs_queue *queue;
    const char *denial;
    enum store_status rc;

    if (!in->QueueName)
        return sqs_fail_missing(req, "QueueName");
    rc = sqs_queue_hold(sqs_of(req->app), &scope, in->QueueName, &queue);
    if (rc != STORE_OK)
        return sqs_fail_store(req, rc);
    int failed = sqs_check_access(req, queue, &denial);
    sqs_queue_release(queue);
    if (failed)
        return -1;
    if (denial) /* AWS: which of the two is not told */
        return aws_fail(req, &sqs_QueueDoesNotExist,
                        "The specified queue does not exist or you do not have access to it.");
    out->QueueUrl = sqs_url_of(req, scope.account, in->QueueName);
    return 0;
}

int sqs_list_queues(struct request *req, const struct sqs_ListQueuesRequest *in,
                    struct sqs_ListQueuesResult *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    const char *prefix = in->QueueNamePrefix ? in->QueueNamePrefix : "";
    char *kind = arena_printf(&req->arena, "sqs:ListQueues:%s:%s", req->account, prefix);
    int max = VALUE_OR(in->MaxResults, LIST_MAX);
    const char *after = "";
    const char **names;
    size_t count;

    if (max < 1 || max > LIST_MAX)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value for parameter MaxResults is invalid. Reason: MaxResults must be an "
                        "integer between 1 and 1000.");
    if (in->NextToken && !(after = page_token_read(&req->arena, kind, in->NextToken)))
        return aws_fail(req, &sqs_InvalidParameterValue, "Invalid or expired next token.");
    if (sqs_store_list(sqs_of(req->app)->store, &scope, prefix, after, (size_t)max + 1, &req->arena,
                       &names, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > (size_t)max) {
        count = (size_t)max;
        /* AWS: pages only for those who say how long they shall be. */
        if (in->MaxResults.set)
            out->NextToken = page_token_make(&req->arena, kind, names[count - 1]);
    }
    if (count == 0)
        return 0;
    out->QueueUrls.items = ARENA_ARRAY(&req->arena, const char *, count);
    out->QueueUrls.count = count;
    for (size_t i = 0; i < count; i++)
        out->QueueUrls.items[i] = sqs_url_of(req, req->account, names[i]);
    return 0;
}

/* --- emptying and deleting --- */

int sqs_purge_queue(struct request *req, const struct sqs_PurgeQueueRequest *in,
                    struct sqs_PurgeQueueOutput *out)
{
    struct sqs_queue *queue;
    enum store_status rc;

    (void)out;
    if (sqs_use(req, in->QueueUrl, &queue))
        return -1;
    rc = sqs_purge(sqs_of(req->app), queue);
    if (rc == STORE_CONFLICT)
        return aws_fail(req, &sqs_PurgeQueueInProgress,
                        "Only one PurgeQueue operation on %s is allowed every 60 seconds.",
                        queue->name);
    return rc == STORE_OK ? 0 : sqs_fail_store(req, rc);
}

int sqs_delete_queue(struct request *req, const struct sqs_DeleteQueueRequest *in,
                     struct sqs_DeleteQueueOutput *out)
{
    struct sqs_queue *queue;
    enum store_status rc;

    (void)out;
    if (sqs_use(req, in->QueueUrl, &queue))
        return -1;
    rc = sqs_queue_delete(sqs_of(req->app), queue);
    return rc == STORE_OK ? 0 : sqs_fail_store(req, rc);
}
