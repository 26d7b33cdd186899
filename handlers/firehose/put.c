/* Records that come in by PutRecord, PutRecordBatch and from other services. */
#include "handlers/firehose/firehose.h"

#include "handlers/common/arn.h"
#include "handlers/firehose/dispatch.h"
#include "handlers/firehose/frame.h"
#include "handlers/firehose/operations.h"
#include "server/base/digest.h"

enum {
    BATCH_BYTES_MAX = 4 * 1024 * 1024,
    RECORD_ID_RANDOM = 216,
};

/* Writes the records to disk; *out_encrypted as the stream is. */
static enum store_status put(struct app *app, const struct scope *scope, const char *name,
                             const struct bytes *records, size_t count, bool *out_encrypted)
{
    struct firehose *f = firehose_of(app);
    struct firehose_append append = {.now_ms = clock_now_ms(&app->clock)};
    struct chunker chunker;
    struct arena a;
    enum store_status rc;

    arena_init(&a);
    chunker_init(&chunker, &a);
    for (size_t i = 0; i < count; i++)
        chunker_add(&chunker, &(struct frame){.data = records[i], .at_ms = append.now_ms});
    chunker_finish(&chunker);
    append.chunks = chunker.chunks;
    append.count = chunker.count;
    rc = firehose_store_append(f->store, scope, name, &append);
    if (rc == STORE_OK && append.wake)
        dispatcher_wake(f->dispatcher);
    *out_encrypted = append.encrypted;
    arena_release(&a);
    return rc;
}

static int put_for(struct request *req, const char *name, const struct bytes *records, size_t count,
                   struct maybe_bool *out_encrypted)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    bool encrypted;

    switch (put(req->app, &scope, name, records, count, &encrypted)) {
    case STORE_OK:
        *out_encrypted = SOME_BOOL(encrypted);
        return 0;
    case STORE_NOT_FOUND:
        return firehose_fail_missing(req, name);
    case STORE_CONFLICT:
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "This operation is not permitted on KinesisStreamAsSource delivery stream "
                        "type.");
    default:
        return aws_fail_internal(req);
    }
}

/* Opaque, and as long as AWS's. Those of one request have their random part in common: drawing 500
 * of them would cost more than writing the records. */
struct record_ids {
    char random[RECORD_ID_RANDOM + 1];
};

static struct record_ids record_ids_draw(void)
{
    struct record_ids ids;

    random_text(ids.random, RECORD_ID_RANDOM,
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    return ids;
}

static const char *record_id(struct arena *a, const struct record_ids *ids, size_t i)
{
    return arena_printf(a, "%s%04zu", ids->random, i);
}

int firehose_put_record(struct request *req, const struct firehose_PutRecordInput *in,
                        struct firehose_PutRecordOutput *out)
{
    const struct record_ids ids = record_ids_draw();

    if (put_for(req, in->DeliveryStreamName, &in->Record->Data, 1, &out->Encrypted))
        return -1;
    out->RecordId = record_id(&req->arena, &ids, 0);
    return 0;
}

int firehose_put_record_batch(struct request *req, const struct firehose_PutRecordBatchInput *in,
                              struct firehose_PutRecordBatchOutput *out)
{
    size_t count = in->Records.count;
    struct bytes *records = ARENA_ARRAY(&req->arena, struct bytes, count);
    const struct record_ids ids = record_ids_draw();
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        records[i] = in->Records.items[i].Data;
        total += records[i].len;
    }
    if (total > BATCH_BYTES_MAX)
        return aws_fail(req, &firehose_InvalidArgumentException, "Records size exceeds 4 MB limit");
    if (put_for(req, in->DeliveryStreamName, records, count, &out->Encrypted))
        return -1;
    out->FailedPutCount = SOME_INT(0);
    out->RequestResponses.items =
        ARENA_ARRAY(&req->arena, struct firehose_PutRecordBatchResponseEntry, count);
    out->RequestResponses.count = count;
    for (size_t i = 0; i < count; i++)
        out->RequestResponses.items[i].RecordId = record_id(&req->arena, &ids, i);
    return 0;
}

/* --- for other services --- */

/* The scope and the name that an ARN speaks of; they lie in the arena. */
static bool read_arn(struct arena *a, const char *text, struct scope *out_scope,
                     const char **out_name)
{
    struct arn arn;

    if (!arn_parse(a, text, &arn) || !str_eq(arn.service, "firehose"))
        return false;
    *out_scope = (struct scope){.account = arn.account, .region = arn.region};
    *out_name = arn_resource_after(&arn, "deliverystream/");
    return *out_name != NULL;
}

enum store_status firehose_put(struct app *app, const char *delivery_stream_arn,
                               const struct bytes *records, size_t count)
{
    enum store_status rc = STORE_NOT_FOUND;
    struct scope scope;
    const char *name;
    struct arena a;
    bool encrypted;

    for (size_t i = 0; i < count; i++)
        if (records[i].len > FIREHOSE_RECORD_MAX)
            return STORE_CONFLICT;
    arena_init(&a);
    if (read_arn(&a, delivery_stream_arn, &scope, &name))
        rc = put(app, &scope, name, records, count, &encrypted);
    arena_release(&a);
    return rc;
}
