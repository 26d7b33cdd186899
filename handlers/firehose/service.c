/* Firehose as the server sees it, and what its operations share. */
#include "handlers/firehose/firehose.h"

#include "handlers/common/arn.h"
#include "handlers/firehose/catalog.h"
#include "handlers/firehose/dispatch.h"
#include "handlers/firehose/operations.h"
#include "handlers/firehose/query.h"
#include "handlers/firehose/source.h"

static const struct firehose_handlers handlers = {
    .CreateDeliveryStream = firehose_create,
    .DeleteDeliveryStream = firehose_delete,
    .DescribeDeliveryStream = firehose_describe,
    .ListDeliveryStreams = firehose_list,
    .ListTagsForDeliveryStream = firehose_list_tags,
    .PutRecord = firehose_put_record,
    .PutRecordBatch = firehose_put_record_batch,
    .StartDeliveryStreamEncryption = firehose_start_encryption,
    .StopDeliveryStreamEncryption = firehose_stop_encryption,
    .TagDeliveryStream = firehose_tag,
    .UntagDeliveryStream = firehose_untag,
    .UpdateDestination = firehose_update_destination,
};

static void *open_state(struct app *app)
{
    struct firehose *f = x_calloc(1, sizeof(*f));

    f->app = app;
    f->store = firehose_store_open(app->store);
    f->conversion = &catalog_conversion;
    f->dispatcher = dispatcher_new(f);
    f->sources = sources_new(f);
    if (store_has(app->store, "firehose")) {
        dispatcher_wake(f->dispatcher);
        sources_start(f->sources);
    }
    return f;
}

static void close_state(void *state)
{
    struct firehose *f = state;

    sources_free(f->sources);
    dispatcher_free(f->dispatcher);
    firehose_store_close(f->store);
    free(f);
}

const struct service firehose_service = {
    .model = &firehose_model,
    .handlers = &handlers,
    .open = open_state,
    .close = close_state,
    .json_words = JSON_WORDS_CLASSES,
    .id_2_len = 72,
    .helper = query_helper,
};

struct firehose *firehose_of(struct app *app)
{
    return service_state(app, &firehose_service);
}

/* --- which stream --- */

int firehose_fail_missing(struct request *req, const char *name)
{
    return aws_fail(req, &firehose_ResourceNotFoundException,
                    "Firehose %s under account %s not found.", name, req->account);
}

int firehose_find(struct request *req, const char *name, struct firehose_stream *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    enum store_status rc =
        firehose_store_find(firehose_of(req->app)->store, &scope, name, &req->arena, out);

    if (rc == STORE_NOT_FOUND)
        return firehose_fail_missing(req, name);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

const char *firehose_arn(struct arena *a, const struct firehose_stream *stream)
{
    return arn_make(a, "firehose", stream->region, stream->account, "deliverystream/%s",
                    stream->name);
}
