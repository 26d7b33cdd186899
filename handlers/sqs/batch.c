/* What all batch operations check, and how the failure of one entry is told. */
#include "handlers/sqs/operations.h"

enum { BATCH_ID_MAX = 80 };

static bool is_batch_id(const char *id)
{
    size_t len = strlen(id);

    return len >= 1 && len <= BATCH_ID_MAX &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

int sqs_check_batch(struct request *req, const char *const *ids, size_t count)
{
    if (count > SQS_BATCH_MAX)
        return aws_fail(req, &sqs_TooManyEntriesInBatchRequest,
                        "Maximum number of entries per request are %d. You have sent %zu.",
                        SQS_BATCH_MAX, count);
    for (size_t i = 0; i < count; i++) {
        if (!ids[i])
            return sqs_fail_missing(req, "Id");
        if (!is_batch_id(ids[i]))
            return aws_fail(req, &sqs_InvalidBatchEntryId,
                            "A batch entry id can only contain alphanumeric characters, hyphens "
                            "and underscores. It can be at most 80 letters long.");
    }
    for (size_t i = 1; i < count; i++) {
        for (size_t n = 0; n < i; n++) {
            if (str_eq(ids[n], ids[i]))
                return aws_fail(req, &sqs_BatchEntryIdsNotDistinct, "Id %s repeated.", ids[i]);
        }
    }
    return 0;
}

struct sqs_BatchResultErrorEntry sqs_entry_failure(struct request *req, const char *id)
{
    const struct aws_error *error = req->failure.error;
    struct sqs_BatchResultErrorEntry entry = {
        .Id = id,
        .SenderFault = SOME_BOOL(error->sender_fault),
        .Code = error->query_code ? error->query_code : error->code,
        .Message = req->failure.message,
    };

    req->failure = (struct failure){0};
    return entry;
}
