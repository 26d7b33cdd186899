/* ImportTable, DescribeImport, ListImports. */
#include "handlers/dynamodb/import.h"

#include "handlers/common/arn.h"
#include "handlers/dynamodb/create.h"
#include "handlers/dynamodb/describe.h"
#include "handlers/dynamodb/keeper.h"
#include "handlers/dynamodb/redefine.h"
#include "handlers/dynamodb/write.h"
#include "server/background.h"
#include "server/base/digest.h"
#include "server/model/stored.h"

enum {
    LIST_MAX = 25,
    BATCH_ITEMS = 200,
    BATCH_BYTES = 1 << 20,
};

static const struct shape *description_shape(void)
{
    return model_structure(&dynamodb_model, "ImportTableDescription");
}

/* --- starting --- */

static int check(struct request *req, const struct dynamodb_ImportTableInput *in)
{
    const struct dynamodb_CsvOptions *csv =
        in->InputFormatOptions != NULL ? in->InputFormatOptions->Csv : NULL;

    if (str_eq(in->InputFormat, "ION"))
        return aws_fail_unsupported(req, "InputFormat ION");
    if (in->InputCompressionType != NULL && str_eq(in->InputCompressionType, "ZSTD"))
        return aws_fail_unsupported(req, "InputCompressionType ZSTD");
    if (csv != NULL && !str_eq(in->InputFormat, "CSV"))
        return ddb_invalid(req, "InputFormatOptions.Csv can only be given with InputFormat CSV");
    return 0;
}

static int define(struct request *req, const struct dynamodb_ImportTableInput *in,
                  struct ddb_definition *d)
{
    const struct dynamodb_TableCreationParameters *p = in->TableCreationParameters;
    const struct dynamodb_CreateTableInput create = {
        .AttributeDefinitions = p->AttributeDefinitions,
        .KeySchema = p->KeySchema,
        .BillingMode = p->BillingMode,
        .ProvisionedThroughput = p->ProvisionedThroughput,
        .OnDemandThroughput = p->OnDemandThroughput,
        .SSESpecification = p->SSESpecification,
        .GlobalSecondaryIndexes = p->GlobalSecondaryIndexes,
    };

    if (ddb_create_define(req, &create, d) != 0)
        return -1;
    d->creating = true;
    return 0;
}

static struct dynamodb_ImportTableDescription *
describe_new(struct request *req, const struct dynamodb_ImportTableInput *in, const char *uuid,
             const char *code)
{
    struct dynamodb_ImportTableDescription *d =
        ARENA_NEW(&req->arena, struct dynamodb_ImportTableDescription);
    const char *name = in->TableCreationParameters->TableName;

    *d = (struct dynamodb_ImportTableDescription){
        .ImportArn = arn_make(&req->arena, "dynamodb", req->region, req->account,
                              "table/%s/import/%s", name, code),
        .ImportStatus = "IN_PROGRESS",
        .TableArn = ddb_table_arn(req, name),
        .TableId = uuid,
        .ClientToken = in->ClientToken,
        .S3BucketSource = in->S3BucketSource,
        .ErrorCount = SOME_LONG(0),
        .InputFormat = in->InputFormat,
        .InputFormatOptions = in->InputFormatOptions,
        .InputCompressionType =
            in->InputCompressionType != NULL ? in->InputCompressionType : "NONE",
        .TableCreationParameters = in->TableCreationParameters,
        .StartTime = SOME_TIME(clock_now_ms(&req->app->clock)),
    };
    return d;
}

static enum store_status store(struct request *req, const struct ddb_definition *d,
                               struct ddb_transfer *t)
{
    struct strbuf text = STRBUF_INIT(4 << 20);
    struct scope scope = ddb_scope(req);
    struct ddb_session s;
    enum store_status rc = ddb_write_begin(ddb_store_of(req), &s);

    if (rc != STORE_OK)
        return rc;
    ddb_definition_write(&text, d);
    rc = ddb_table_insert(&s, &scope, t->table_name, text.data, &t->data_id);
    if (rc == STORE_OK)
        rc = ddb_transfer_insert(&s, &scope, t);
    strbuf_release(&text);
    return ddb_write_end(&s, rc);
}

static struct dynamodb_ImportTableDescription *read_description(struct arena *a,
                                                                const struct ddb_transfer *t)
{
    struct dynamodb_ImportTableDescription *d =
        ARENA_NEW(a, struct dynamodb_ImportTableDescription);

    stored_from_json(&dynamodb_model, description_shape(), t->description, a, d);
    return d;
}

int dynamodb_import_table(struct request *req, const struct dynamodb_ImportTableInput *in,
                          struct dynamodb_ImportTableOutput *out)
{
    const char *text = stored_to_json(
        &dynamodb_model, model_structure(&dynamodb_model, "ImportTableInput"), in, &req->arena);
    struct ddb_transfer t = {
        .is_import = true,
        .table_name = in->TableCreationParameters->TableName,
        .token = in->ClientToken != NULL ? in->ClientToken : "",
        .started_ms = req->received_ms,
        .code = ddb_transfer_code(req),
    };
    struct ddb_transfer before;
    struct ddb_definition d = {0};

    if (check(req, in) != 0)
        return -1;
    sha256(text, strlen(text), t.request);
    enum store_status rc = ddb_transfer_again(req, true, in->ClientToken, t.request, &before);
    if (rc == STORE_CONFLICT)
        return aws_fail(req, &dynamodb_ImportConflictException,
                        "Import was already started with the same client token and other "
                        "parameters");
    if (rc == STORE_OK) {
        out->ImportTableDescription = read_description(&req->arena, &before);
        return 0;
    }
    if (define(req, in, &d) != 0)
        return -1;
    out->ImportTableDescription = describe_new(req, in, d.uuid, t.code);
    t.description = stored_to_json(&dynamodb_model, description_shape(),
                                   out->ImportTableDescription, &req->arena);
    rc = store(req, &d, &t);
    ddb_table_changed(req, t.table_name);
    if (rc == STORE_EXISTS)
        return aws_fail(req, &dynamodb_ResourceInUseException, "Table already exists: %s",
                        t.table_name);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    ddb_transfers_wake(ddb_of(req));
    return 0;
}

/* --- showing --- */

int dynamodb_describe_import(struct request *req, const struct dynamodb_DescribeImportInput *in,
                             struct dynamodb_DescribeImportOutput *out)
{
    struct ddb_transfer t;
    enum store_status rc = ddb_transfer_get(req, in->ImportArn, true, &t);

    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &dynamodb_ImportNotFoundException, "Import not found: %s",
                        in->ImportArn);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    out->ImportTableDescription = read_description(&req->arena, &t);
    return 0;
}

int dynamodb_list_imports(struct request *req, const struct dynamodb_ListImportsInput *in,
                          struct dynamodb_ListImportsOutput *out)
{
    size_t limit = (size_t)VALUE_OR(in->PageSize, LIST_MAX);
    struct ddb_transfer *rows = ARENA_ARRAY(&req->arena, struct ddb_transfer, limit + 1);
    size_t count;

    if (ddb_transfer_page(req, true, in->TableArn, in->NextToken, limit, rows, &count,
                          &out->NextToken) != 0)
        return -1;
    out->ImportSummaryList.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_ImportSummary, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct dynamodb_ImportTableDescription *d = read_description(&req->arena, &rows[i]);
        out->ImportSummaryList.items[out->ImportSummaryList.count++] =
            (struct dynamodb_ImportSummary){
                .ImportArn = d->ImportArn,
                .ImportStatus = d->ImportStatus,
                .TableArn = d->TableArn,
                .S3BucketSource = d->S3BucketSource,
                .InputFormat = d->InputFormat,
                .StartTime = d->StartTime,
                .EndTime = d->EndTime,
            };
    }
    return 0;
}

/* --- in the background --- */

struct import {
    struct ddb *ddb;
    const struct ddb_transfer *transfer;
    struct dynamodb_ImportTableDescription *d;
    struct ddb_table *table;
    struct arena arena; /* of the whole */
    struct arena items; /* of a batch */
    struct ddb_change batch[BATCH_ITEMS];
    size_t count;
    size_t bytes;
    int64_t processed;
    int64_t imported;
};

static enum store_status write_turn(struct ddb_session *s, void *context)
{
    struct import *x = context;
    struct ddb_table *t;
    enum store_status rc = ddb_table_load(x->ddb, s, x->transfer->data_id, &t);

    if (rc != STORE_OK)
        return rc;
    for (size_t i = 0; i < x->count && rc == STORE_OK; i++) {
        x->batch[i].table = t;
        rc = ddb_change_apply(&x->batch[i], s, &x->items);
    }
    ddb_table_release(t);
    return rc;
}

static enum store_status flush(struct import *x)
{
    enum store_status rc =
        x->count > 0 ? ddb_store_write(ddb_store_in(x->ddb), write_turn, x) : STORE_OK;

    if (rc != STORE_OK)
        return rc;
    x->imported += (int64_t)x->count;
    x->count = x->bytes = 0;
    arena_reset(&x->items);
    return STORE_OK;
}

static bool is_legal(struct import *x, const struct ddb_item *item)
{
    return item != NULL && item->problem == NULL &&
           ddb_members_size(item->members, item->count) <= DDB_ITEM_SIZE_MAX &&
           ddb_item_problem(x->table, item, &x->items) == NULL;
}

static enum store_status take(void *context, const struct ddb_item *item)
{
    struct import *x = context;

    x->processed++;
    if (is_legal(x, item)) {
        struct ddb_change *c = &x->batch[x->count++];
        *c = (struct ddb_change){.table = x->table, .copied = true};
        c->key = ddb_key_of(&x->table->definition.key, item->members, item->count, &x->items);
        ddb_change_becomes(c, item, &x->items);
        x->bytes += c->size;
    }
    return x->count == BATCH_ITEMS || x->bytes > BATCH_BYTES ? flush(x) : STORE_OK;
}

static struct ddb_import_options options_of(const struct import *x)
{
    const struct dynamodb_InputFormatOptions *o = x->d->InputFormatOptions;
    const struct dynamodb_CsvOptions *csv = o != NULL ? o->Csv : NULL;

    return (struct ddb_import_options){
        .bucket = x->d->S3BucketSource->S3Bucket,
        .prefix = x->d->S3BucketSource->S3KeyPrefix,
        .account = x->transfer->account,
        .csv = str_eq(x->d->InputFormat, "CSV"),
        .gzip = str_eq(x->d->InputCompressionType, "GZIP"),
        .delimiter = csv != NULL && csv->Delimiter != NULL ? csv->Delimiter[0] : ',',
        .header = csv != NULL ? (const char *const *)csv->HeaderList.items : NULL,
        .header_count = csv != NULL ? csv->HeaderList.count : 0,
    };
}

/* The table can be used, and the result is told, from the same moment on. */
static enum store_status finish(struct import *x, const char *failure, const char *message)
{
    struct ddb_session s;
    struct ddb_table *t;

    x->d->EndTime = SOME_TIME(clock_now_ms(&ddb_app(x->ddb)->clock));
    x->d->ImportStatus = failure == NULL ? "COMPLETED" : "FAILED";
    x->d->FailureCode = failure;
    x->d->FailureMessage = message;
    x->d->ProcessedItemCount = SOME_LONG(x->processed);
    x->d->ImportedItemCount = SOME_LONG(x->imported);
    x->d->ErrorCount = SOME_LONG(x->processed - x->imported);
    const char *text = stored_to_json(&dynamodb_model, description_shape(), x->d, &x->arena);
    enum store_status rc = ddb_write_begin(ddb_store_in(x->ddb), &s);
    if (rc != STORE_OK)
        return rc;
    rc = ddb_table_load(x->ddb, &s, x->transfer->data_id, &t);
    if (rc == STORE_OK) {
        struct ddb_definition d = t->definition;
        d.creating = false;
        rc = ddb_redefine(&s, t, &d);
        ddb_table_release(t);
    }
    if (rc == STORE_OK || rc == STORE_NOT_FOUND)
        rc = ddb_transfer_finish(&s, x->transfer->id, text);
    rc = ddb_write_end(&s, rc);
    const struct scope scope = {x->transfer->account, x->transfer->region};
    ddb_table_forget(x->ddb, &scope, x->transfer->table_name);
    return rc;
}

static enum store_status import(struct import *x, struct background_task *task)
{
    const struct ddb_import_options options = options_of(x);
    int64_t bytes = 0;
    enum store_status rc =
        ddb_import_read(ddb_app(x->ddb), task, &options, x->table, &x->items, take, x, &bytes);

    if (rc == STORE_OK)
        rc = flush(x);
    x->d->ProcessedSizeBytes = SOME_LONG(bytes);
    if (rc == STORE_CONFLICT)
        return rc;
    if (rc == STORE_NOT_FOUND)
        return finish(x, "S3NoSuchBucket", "The specified bucket does not exist");
    return rc == STORE_OK ? finish(x, NULL, NULL)
                          : finish(x, "InternalServerError", "The import could not be written");
}

static enum store_status load_table(struct import *x)
{
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_in(x->ddb), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_table_load(x->ddb, &s, x->transfer->data_id, &x->table);
    ddb_read_end(&s);
    return rc;
}

enum store_status ddb_import_run(struct ddb *d, struct background_task *task,
                                 const struct ddb_transfer *t)
{
    struct import *x = x_calloc(1, sizeof(*x));

    x->ddb = d;
    x->transfer = t;
    arena_init(&x->arena);
    arena_init(&x->items);
    x->d = read_description(&x->arena, t);
    enum store_status rc = load_table(x);
    if (rc == STORE_OK)
        rc = import(x, task);
    if (x->table != NULL)
        ddb_table_release(x->table);
    arena_release(&x->items);
    arena_release(&x->arena);
    free(x);
    return rc;
}
