/*
 * ExportTableToPointInTime, DescribeExport, ListExports.
 *
 * The table as it was at the export's time is copied into one that belongs to nobody (job.c), and
 * that is written to S3 in the layout of
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
 */
#include <zlib.h>

#include "handlers/common/arn.h"
#include "handlers/dynamodb/describe.h"
#include "handlers/dynamodb/job.h"
#include "handlers/dynamodb/keeper.h"
#include "handlers/dynamodb/key.h"
#include "handlers/dynamodb/redefine.h"
#include "handlers/dynamodb/restore.h"
#include "handlers/dynamodb/transfer.h"
#include "handlers/s3/s3.h"
#include "server/background.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/model/stored.h"
#include "storage/dynamodb_log_store.h"

enum {
    LIST_MAX = 25,
    READ_ROWS = 400,
    READ_BYTES = 1 << 20,
    FILE_BYTES = 64 << 20, /* of text, before it is compressed */
    COMPRESSED_MAX = 80 << 20,
    MANIFEST_MAX = 64 << 20,
    GZIP_WINDOW = 15 + 16,
    NAME_BYTES = 16,
};

/* --- starting --- */

static int check(struct request *req, const struct dynamodb_ExportTableToPointInTimeInput *in,
                 const struct ddb_table *t, int64_t *out_ms)
{
    int64_t now_ms = clock_now_ms(&req->app->clock);

    if (t->definition.recovery_since_ms == 0)
        return aws_fail(req, &dynamodb_PointInTimeRecoveryUnavailableException,
                        "Point in time recovery is not enabled for table '%s'", t->name);
    *out_ms = in->ExportTime.set ? in->ExportTime.ms : now_ms;
    int64_t earliest_ms = ddb_recovery_earliest_ms(&t->definition, now_ms);
    if (*out_ms < earliest_ms && *out_ms >= earliest_ms / 1000 * 1000)
        *out_ms = earliest_ms;
    if (*out_ms < earliest_ms || *out_ms > now_ms)
        return aws_fail(req, &dynamodb_InvalidExportTimeException,
                        "The export time must lie in the table's point in time recovery window");
    return 0;
}

static int refuse_unbuilt(struct request *req,
                          const struct dynamodb_ExportTableToPointInTimeInput *in)
{
    if (in->ExportFormat != NULL && str_eq(in->ExportFormat, "ION"))
        return aws_fail_unsupported(req, "ExportFormat ION");
    if (in->ExportType != NULL && str_eq(in->ExportType, "INCREMENTAL_EXPORT"))
        return aws_fail_unsupported(req, "ExportType INCREMENTAL_EXPORT");
    if (in->S3SseAlgorithm != NULL && str_eq(in->S3SseAlgorithm, "KMS"))
        return aws_fail_unsupported(req, "S3SseAlgorithm KMS");
    return 0;
}

static const char *base_key(struct arena *a, const char *prefix, const char *code)
{
    return arena_printf(a, "%s%sAWSDynamoDB/%s/", prefix != NULL ? prefix : "",
                        prefix != NULL && *prefix != '\0' ? "/" : "", code);
}

static const struct shape *description_shape(void)
{
    return model_structure(&dynamodb_model, "ExportDescription");
}

static struct dynamodb_ExportDescription *
describe_new(struct request *req, const struct dynamodb_ExportTableToPointInTimeInput *in,
             const struct ddb_table *t, int64_t export_ms, const char *code)
{
    struct dynamodb_ExportDescription *d =
        ARENA_NEW(&req->arena, struct dynamodb_ExportDescription);

    *d = (struct dynamodb_ExportDescription){
        .ExportArn = arn_make(&req->arena, "dynamodb", req->region, req->account,
                              "table/%s/export/%s", t->name, code),
        .ExportStatus = "IN_PROGRESS",
        .StartTime = SOME_TIME(clock_now_ms(&req->app->clock)),
        .TableArn = ddb_table_arn(req, t->name),
        .TableId = t->definition.uuid,
        .ExportTime = SOME_TIME(export_ms),
        .ClientToken = in->ClientToken,
        .S3Bucket = in->S3Bucket,
        .S3BucketOwner = in->S3BucketOwner,
        .S3Prefix = in->S3Prefix,
        .S3SseAlgorithm = in->S3SseAlgorithm != NULL ? in->S3SseAlgorithm : "AES256",
        .ExportFormat = "DYNAMODB_JSON",
        .ExportType = "FULL_EXPORT",
    };
    return d;
}

static enum store_status start(struct request *req, struct ddb_session *s,
                               const struct ddb_table *t, int64_t export_ms,
                               struct ddb_transfer *transfer)
{
    struct scope scope = ddb_scope(req);
    AUTO_FREE char *bare = ddb_bare_definition(&t->definition, true);
    const char *name = arena_printf(&req->arena, "export/%s/%s/%s/%s", req->region, req->account,
                                    t->name, transfer->code);
    int64_t number;
    enum store_status rc = ddb_log_after(s, t->id, export_ms, &number);

    if (rc == STORE_OK)
        rc = ddb_table_insert_hidden(s, name, bare, &transfer->data_id);
    if (rc == STORE_OK)
        rc = ddb_transfer_insert(s, &scope, transfer);
    return rc == STORE_OK ? ddb_copy_start(ddb_of(req), s, t, transfer->data_id, number) : rc;
}

static struct dynamodb_ExportDescription *read_description(struct request *req,
                                                           const struct ddb_transfer *t)
{
    struct dynamodb_ExportDescription *d =
        ARENA_NEW(&req->arena, struct dynamodb_ExportDescription);

    stored_from_json(&dynamodb_model, description_shape(), t->description, &req->arena, d);
    return d;
}

static void digest_of(struct request *req, const struct dynamodb_ExportTableToPointInTimeInput *in,
                      uint8_t out[DDB_DIGEST_LEN])
{
    const char *text = stored_to_json(
        &dynamodb_model, model_structure(&dynamodb_model, "ExportTableToPointInTimeInput"), in,
        &req->arena);

    sha256(text, strlen(text), out);
}

int dynamodb_export_table_to_point_in_time(struct request *req,
                                           const struct dynamodb_ExportTableToPointInTimeInput *in,
                                           struct dynamodb_ExportTableToPointInTimeOutput *out)
{
    struct ddb_transfer transfer = {.token = in->ClientToken != NULL ? in->ClientToken : "",
                                    .started_ms = req->received_ms};
    struct ddb_transfer before;
    struct ddb_session s;
    enum ddb_begin begun;
    int64_t export_ms = 0;

    if (refuse_unbuilt(req, in) != 0)
        return -1;
    digest_of(req, in, transfer.request);
    enum store_status rc =
        ddb_transfer_again(req, false, in->ClientToken, transfer.request, &before);
    if (rc == STORE_CONFLICT)
        return aws_fail(req, &dynamodb_ExportConflictException,
                        "Export was already started with the same client token and other "
                        "parameters");
    if (rc == STORE_OK) {
        out->ExportDescription = read_description(req, &before);
        return 0;
    }
    const struct ddb_table *t = ddb_table_get_for_backup(req, in->TableArn);
    do {
        if (t == NULL || check(req, in, t, &export_ms) != 0)
            return -1;
        begun = ddb_write_to(req, &t, 1, &s);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    transfer.table_name = t->name;
    transfer.code = ddb_transfer_code(req);
    out->ExportDescription = describe_new(req, in, t, export_ms, transfer.code);
    transfer.description =
        stored_to_json(&dynamodb_model, description_shape(), out->ExportDescription, &req->arena);
    rc = ddb_write_end(&s, start(req, &s, t, export_ms, &transfer));
    ddb_table_changed(req, t->name);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    ddb_keeper_wake(ddb_of(req));
    ddb_transfers_wake(ddb_of(req));
    return 0;
}

/* --- showing --- */

int dynamodb_describe_export(struct request *req, const struct dynamodb_DescribeExportInput *in,
                             struct dynamodb_DescribeExportOutput *out)
{
    struct ddb_transfer t;
    enum store_status rc = ddb_transfer_get(req, in->ExportArn, false, &t);

    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &dynamodb_ExportNotFoundException, "Export not found: %s",
                        in->ExportArn);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    out->ExportDescription = read_description(req, &t);
    return 0;
}

int dynamodb_list_exports(struct request *req, const struct dynamodb_ListExportsInput *in,
                          struct dynamodb_ListExportsOutput *out)
{
    size_t limit = (size_t)VALUE_OR(in->MaxResults, LIST_MAX);
    struct ddb_transfer *rows = ARENA_ARRAY(&req->arena, struct ddb_transfer, limit + 1);
    size_t count;

    if (ddb_transfer_page(req, false, in->TableArn, in->NextToken, limit, rows, &count,
                          &out->NextToken) != 0)
        return -1;
    out->ExportSummaries.items = ARENA_ARRAY(&req->arena, struct dynamodb_ExportSummary, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct dynamodb_ExportDescription *d = read_description(req, &rows[i]);
        out->ExportSummaries.items[out->ExportSummaries.count++] = (struct dynamodb_ExportSummary){
            .ExportArn = d->ExportArn,
            .ExportStatus = d->ExportStatus,
            .ExportType = d->ExportType,
        };
    }
    return 0;
}

/* --- the files --- */

struct export
{
    struct ddb *ddb;
    struct background_task *task;
    const struct ddb_transfer *transfer;
    struct dynamodb_ExportDescription d;
    struct arena arena;
    const char *base;
    struct strbuf manifest; /* of the files: a line each */
    int64_t items;
    int64_t bytes;
    int files;

    /* The file that is being made. */
    z_stream z;
    bool deflating;
    struct strbuf file;
    int64_t file_items;
    int64_t file_bytes;
};

static enum store_status put(struct export *x, const char *name, const char *type,
                             struct bytes body, char etag[S3_ETAG_MAX])
{
    const struct s3_object_in in = {
        .bucket = x->d.S3Bucket,
        .key = arena_printf(&x->arena, "%s%s", x->base, name),
        .body = body,
        .content_type = type,
    };

    return s3_put(ddb_app(x->ddb), x->transfer->account, &in, etag);
}

static void deflate_some(struct export *x, const void *data, size_t len, int flush)
{
    uint8_t out[16384];

    x->z.next_in = (Bytef *)data;
    x->z.avail_in = (uInt)len;
    do {
        x->z.next_out = out;
        x->z.avail_out = sizeof(out);
        deflate(&x->z, flush);
        strbuf_add(&x->file, out, sizeof(out) - x->z.avail_out);
    } while (x->z.avail_out == 0);
}

static bool file_begin(struct export *x)
{
    x->z = (z_stream){0};
    strbuf_clear(&x->file);
    x->file_items = x->file_bytes = 0;
    x->deflating = deflateInit2(&x->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
                                Z_DEFAULT_STRATEGY) == Z_OK;
    return x->deflating;
}

static void add_line(struct export *x, const char *key, const char *md5_text, const char *etag)
{
    struct jw w;

    jw_init(&w, &x->manifest);
    jw_begin_object(&w);
    jw_member_int(&w, "itemCount", x->file_items);
    jw_member_string(&w, "md5Checksum", md5_text);
    jw_member_string(&w, "etag", etag);
    jw_member_string(&w, "dataFileS3Key", key);
    jw_end_object(&w);
    strbuf_add_char(&x->manifest, '\n');
}

static const char *md5_of(struct export *x, const void *data, size_t len)
{
    uint8_t digest[MD5_LEN];
    char *text = arena_alloc(&x->arena, BASE64_LEN(MD5_LEN) + 1);

    md5(data, len, digest);
    base64_encode(digest, MD5_LEN, text);
    return text;
}

/* The same export makes the same names, when it begins anew after a crash. */
static const char *file_name(struct export *x)
{
    uint8_t digest[SHA256_LEN];
    char hex[2 * NAME_BYTES + 1];
    const char *seed =
        arena_printf(&x->arena, "%" PRId64 "/%s/%d", x->transfer->id, x->transfer->code, x->files);

    sha256(seed, strlen(seed), digest);
    hex_encode(digest, NAME_BYTES, hex);
    return arena_printf(&x->arena, "data/%s.json.gz", hex);
}

static enum store_status file_end(struct export *x)
{
    const char *name = file_name(x);
    char etag[S3_ETAG_MAX];

    deflate_some(x, "", 0, Z_FINISH);
    deflateEnd(&x->z);
    x->deflating = false;
    x->files++;
    const struct bytes body = {(const uint8_t *)x->file.data, x->file.len};
    enum store_status rc = put(x, name, "application/x-gzip", body, etag);
    if (rc == STORE_OK)
        add_line(x, arena_printf(&x->arena, "%s%s", x->base, name),
                 md5_of(x, x->file.data, x->file.len), etag);
    return rc;
}

/* --- the items --- */

/* Where the walk is. */
struct cursor {
    uint8_t pk[DDB_HASH_KEY_MAX];
    uint8_t sk[DDB_RANGE_KEY_MAX];
    size_t pk_len; /* 0: at the beginning */
    size_t sk_len;
};

struct page {
    struct cursor last;
    struct strbuf text;
    int64_t bytes;
    size_t count;
};

static bool add_item(void *context, const struct ddb_row *row)
{
    struct page *p = context;

    strbuf_add_text(&p->text, "{\"Item\":");
    strbuf_add(&p->text, row->body.data, row->body.len);
    strbuf_add_text(&p->text, "}\n");
    p->bytes += row->size;
    p->count++;
    bool more = p->count < READ_ROWS && p->text.len < READ_BYTES;
    assert(row->pk.len <= sizeof(p->last.pk) && row->sk.len <= sizeof(p->last.sk));
    memcpy(p->last.pk, row->pk.data, row->pk.len);
    memcpy(p->last.sk, row->sk.data, row->sk.len);
    p->last.pk_len = row->pk.len;
    p->last.sk_len = row->sk.len;
    return more;
}

static enum store_status read_page(struct export *x, const struct cursor *at, struct page *p)
{
    const struct ddb_key after = {
        .bucket = ddb_key_bucket((struct bytes){at->pk, at->pk_len}),
        .pk = {at->pk, at->pk_len},
        .sk = {at->sk, at->sk_len},
    };
    struct ddb_range range = {.id = x->transfer->data_id,
                              .whole = true,
                              .last_bucket = UINT32_MAX,
                              .after = at->pk_len > 0 ? &after : NULL};
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_in(x->ddb), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_range_walk(&s, &range, add_item, p);
    ddb_read_end(&s);
    return rc;
}

static enum store_status write_items(struct export *x)
{
    struct cursor at = {.pk_len = 0}; /* apart from the page's, which moves while this is in use */
    struct page p = {.text = STRBUF_INIT(2 * READ_BYTES + (64 << 20))};
    enum store_status rc = file_begin(x) ? STORE_OK : STORE_FAILED;

    while (rc == STORE_OK) {
        strbuf_clear(&p.text);
        p.count = 0;
        p.bytes = 0;
        rc = background_stopping(x->task) ? STORE_CONFLICT : read_page(x, &at, &p);
        if (rc != STORE_OK || p.count == 0)
            break;
        at = p.last;
        deflate_some(x, p.text.data, p.text.len, Z_NO_FLUSH);
        x->file_items += (int64_t)p.count;
        x->file_bytes += (int64_t)p.text.len;
        x->items += (int64_t)p.count;
        x->bytes += p.bytes;
        if (x->file_bytes >= FILE_BYTES) {
            rc = file_end(x);
            if (rc == STORE_OK && !file_begin(x))
                rc = STORE_FAILED;
        }
    }
    if (rc == STORE_OK && (x->file_items > 0 || x->files == 0))
        rc = file_end(x);
    if (x->deflating)
        deflateEnd(&x->z);
    strbuf_release(&p.text);
    return rc;
}

/* --- the manifests --- */

static void member_or_null(struct jw *w, const char *key, const char *text)
{
    jw_key(w, key);
    if (text != NULL)
        jw_string(w, text);
    else
        jw_null(w);
}

static void member_time(struct jw *w, const char *key, int64_t ms)
{
    char text[TIME_TEXT_MAX];

    time_iso8601(ms, true, text);
    jw_member_string(w, key, text);
}

static void write_summary(const struct export *x, const char *files_key, struct strbuf *out)
{
    struct jw w;

    jw_init(&w, out);
    jw_begin_object(&w);
    jw_member_string(&w, "version", "2020-06-30");
    jw_member_string(&w, "exportArn", x->d.ExportArn);
    member_time(&w, "startTime", x->d.StartTime.ms);
    member_time(&w, "endTime", x->d.EndTime.ms);
    jw_member_string(&w, "tableArn", x->d.TableArn);
    jw_member_string(&w, "tableId", x->d.TableId);
    member_time(&w, "exportTime", x->d.ExportTime.ms);
    jw_member_string(&w, "s3Bucket", x->d.S3Bucket);
    member_or_null(&w, "s3Prefix", x->d.S3Prefix);
    jw_member_string(&w, "s3SseAlgorithm", x->d.S3SseAlgorithm);
    member_or_null(&w, "s3SseKmsKeyId", NULL);
    jw_member_string(&w, "manifestFilesS3Key", files_key);
    jw_member_int(&w, "billedSizeBytes", x->bytes);
    jw_member_int(&w, "itemCount", x->items);
    jw_member_string(&w, "outputFormat", "DYNAMODB_JSON");
    jw_member_string(&w, "exportType", "FULL_EXPORT");
    jw_end_object(&w);
}

static enum store_status put_with_sum(struct export *x, const char *name, struct strbuf *text)
{
    const char *sum = md5_of(x, text->data != NULL ? text->data : "", text->len);
    const struct bytes body = {(const uint8_t *)(text->data != NULL ? text->data : ""), text->len};
    const struct bytes sum_body = {(const uint8_t *)sum, strlen(sum)};
    char etag[S3_ETAG_MAX];
    enum store_status rc =
        put(x, arena_printf(&x->arena, "%s.json", name), "application/json", body, etag);

    return rc == STORE_OK
               ? put(x, arena_printf(&x->arena, "%s.md5", name), "text/plain", sum_body, etag)
               : rc;
}

static enum store_status write_manifests(struct export *x)
{
    struct strbuf summary = STRBUF_INIT(1 << 20);
    const char *files_key = arena_printf(&x->arena, "%smanifest-files.json", x->base);

    x->d.EndTime = SOME_TIME(clock_now_ms(&ddb_app(x->ddb)->clock));
    enum store_status rc = put_with_sum(x, "manifest-files", &x->manifest);
    if (rc == STORE_OK) {
        write_summary(x, files_key, &summary);
        rc = put_with_sum(x, "manifest-summary", &summary);
    }
    strbuf_release(&summary);
    return rc;
}

/* --- the whole --- */

static enum store_status finish(struct export *x)
{
    const char *text = stored_to_json(&dynamodb_model, description_shape(), &x->d, &x->arena);
    struct ddb_session s;
    enum store_status rc = ddb_write_begin(ddb_store_in(x->ddb), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_transfer_finish(&s, x->transfer->id, text);
    if (rc == STORE_OK)
        rc = ddb_table_remove(&s, x->transfer->data_id);
    rc = ddb_write_end(&s, rc == STORE_NOT_FOUND ? STORE_OK : rc);
    ddb_keeper_wake(x->ddb);
    return rc;
}

static void note_failure(struct export *x, enum store_status rc)
{
    bool no_bucket = rc == STORE_NOT_FOUND;

    x->d.ExportStatus = "FAILED";
    x->d.FailureCode = no_bucket ? "S3NoSuchBucket" : "InternalServerError";
    x->d.FailureMessage =
        no_bucket ? "The specified bucket does not exist" : "The export could not be written";
    x->d.EndTime = SOME_TIME(clock_now_ms(&ddb_app(x->ddb)->clock));
}

/* Whether the copy that is exported is complete. */
static enum store_status check_copy(struct export *x)
{
    struct ddb_table *t = NULL;
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_in(x->ddb), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_table_load(x->ddb, &s, x->transfer->data_id, &t);
    ddb_read_end(&s);
    if (rc != STORE_OK)
        return rc;
    rc = t->definition.creating ? STORE_CONFLICT : STORE_OK;
    ddb_table_release(t);
    return rc;
}

static enum store_status export(struct export *x) {
    char etag[S3_ETAG_MAX];

    if (!stored_from_json(&dynamodb_model, description_shape(), x->transfer->description, &x->arena,
                          &x->d)) return STORE_FAILED;
    enum store_status rc = check_copy(x);
    if (rc != STORE_OK) return rc;
    x->base = base_key(&x->arena, x->d.S3Prefix, x->transfer->code);
    rc = put(x, "_started", NULL, (struct bytes){(const uint8_t *)"", 0}, etag);
    if (rc == STORE_OK) rc = write_items(x);
    if (rc == STORE_OK) rc = write_manifests(x);
    if (rc == STORE_CONFLICT) return rc;
    x->d.ItemCount = SOME_LONG(x->items);
    x->d.BilledSizeBytes = SOME_LONG(x->bytes);
    x->d.ExportStatus = "COMPLETED";
    x->d.ExportManifest = arena_printf(&x->arena, "%smanifest-summary.json", x->base);
    if (rc != STORE_OK) note_failure(x, rc);
    return finish(x);
}

enum store_status ddb_export_run(struct ddb *d, struct background_task *task,
                                 const struct ddb_transfer *t)
{
    struct export *x = x_calloc(1, sizeof(*x));

    x->ddb = d;
    x->task = task;
    x->transfer = t;
    arena_init(&x->arena);
    strbuf_init(&x->manifest, MANIFEST_MAX);
    strbuf_init(&x->file, COMPRESSED_MAX);
    enum store_status rc = export(x);
    strbuf_release(&x->manifest);
    strbuf_release(&x->file);
    arena_release(&x->arena);
    free(x);
    return rc;
}
