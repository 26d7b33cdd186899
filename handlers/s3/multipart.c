/* CreateMultipartUpload, AbortMultipartUpload, ListMultipartUploads, ListParts. */
#include "handlers/s3/multipart.h"

#include "handlers/s3/access.h"
#include "handlers/s3/customer_key.h"
#include "handlers/s3/listing.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/operations.h"
#include "server/base/clock.h"

enum { PARTS_PAGE = 1000 };

/* --- CreateMultipartUpload --- */

/* AWS: without a word of the client it is CRC64NVME over the whole object; the answer is silent of
 * it then. */
static int read_checksum(struct request *req, const struct s3_CreateMultipartUploadRequest *in,
                         struct s3_object *out)
{
    const char *type = in->ChecksumType;

    out->checksum_algorithm = S3_CHECKSUM_CRC64NVME;
    out->checksum_type = S3_CHECKSUM_FULL_OBJECT;
    if (type && !in->ChecksumAlgorithm)
        return aws_fail(req, &s3_InvalidRequest,
                        "The x-amz-checksum-type header can only be used with the "
                        "x-amz-checksum-algorithm header.");
    if (!in->ChecksumAlgorithm)
        return 0;
    out->checksum_algorithm = s3_checksum_by_name(in->ChecksumAlgorithm);
    if (!out->checksum_algorithm)
        return s3_fail_checksum_algorithm(req);
    if (type && !str_eq(type, "COMPOSITE") && !str_eq(type, "FULL_OBJECT"))
        return aws_fail(req, &s3_InvalidRequest,
                        "Value for x-amz-checksum-type header is invalid.");
    if (type ? str_eq(type, "COMPOSITE") : out->checksum_algorithm != S3_CHECKSUM_CRC64NVME)
        out->checksum_type = S3_CHECKSUM_COMPOSITE;
    if (s3_checksum_allows(out->checksum_algorithm, out->checksum_type))
        return 0;
    return aws_fail(req, &s3_InvalidRequest,
                    "The %s checksum type cannot be used with the %s checksum algorithm.", type,
                    s3_checksum_word(out->checksum_algorithm));
}

/* What parts must be encrypted with. */
static int remember_key(struct request *req, struct s3_object *object)
{
    struct s3_customer_key key;

    if (s3_customer_key_read(req, false, &key))
        return -1;
    if (!key.given)
        return 0;
    s3_head_add(&req->arena, &object->head, S3_HEAD_SSE_C, "AES256");
    s3_head_add(&req->arena, &object->head, S3_HEAD_SSE_C_MD5, key.md5);
    return 0;
}

int s3_create_multipart_upload(struct request *req,
                               const struct s3_CreateMultipartUploadRequest *in,
                               struct s3_CreateMultipartUploadOutput *out)
{
    struct s3_upload upload = {.created_ms = clock_now_ms(&req->app->clock)};
    struct s3_target target;
    enum store_status rc;
    int64_t id;

    if (s3_use_key(req, in->Bucket, in->Key, NULL, in->ExpectedBucketOwner, "s3:PutObject",
                   &target) ||
        s3_new_object(req, &target, &upload.object) || read_checksum(req, in, &upload.object) ||
        remember_key(req, &upload.object))
        return -1;
    if (!in->ChecksumAlgorithm)
        s3_head_add(&req->arena, &upload.object.head, S3_HEAD_CHECKSUM_DEFAULT, "1");
    rc = s3_upload_create(s3_of(req->app)->store, &upload, &id);
    if (rc)
        return rc == STORE_NOT_FOUND ? s3_fail_no_bucket(req, in->Bucket) : aws_fail_internal(req);
    out->Bucket = in->Bucket;
    out->Key = in->Key;
    out->UploadId = s3_upload_text(&req->arena, id, upload.object.checksum_algorithm);
    if (in->ChecksumAlgorithm) {
        out->ChecksumAlgorithm = s3_checksum_name(upload.object.checksum_algorithm);
        out->ChecksumType = s3_checksum_type_name(upload.object.checksum_type);
    }
    s3_answer_encryption(req, &upload.object.head);
    return 0;
}

/* --- an upload that is there --- */

int s3_use_upload(struct request *req, const struct s3_target *target, const char *upload_id,
                  bool open, struct s3_upload *out)
{
    enum s3_checksum_algorithm algorithm;
    enum store_status rc;
    int64_t id;

    if (!s3_upload_read(upload_id, &id, &algorithm))
        return s3_fail_no_upload(req, upload_id);
    rc = s3_upload_find(s3_of(req->app)->store, target->bucket.id, id, &req->arena, out);
    if (rc && rc != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    if (rc || !str_eq(out->object.key, target->key) || (open && out->version))
        return s3_fail_no_upload(req, upload_id);
    return 0;
}

bool s3_checksum_is_default(const struct s3_upload *upload)
{
    return s3_pairs_find(&upload->object.head, S3_HEAD_CHECKSUM_DEFAULT) != NULL;
}

int s3_abort_multipart_upload(struct request *req, const struct s3_AbortMultipartUploadRequest *in,
                              struct s3_AbortMultipartUploadOutput *out)
{
    struct s3_target target;
    struct s3_upload upload;
    enum store_status rc;

    (void)out;
    if (s3_use_key(req, in->Bucket, in->Key, NULL, in->ExpectedBucketOwner,
                   "s3:AbortMultipartUpload", &target) ||
        s3_use_upload(req, &target, in->UploadId, true, &upload))
        return -1;
    rc = s3_upload_abort(s3_of(req->app)->store, target.bucket.id, upload.id);
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_upload(req, in->UploadId);
    return rc ? aws_fail_internal(req) : 0;
}

/* --- listing --- */

static struct s3_Initiator *initiator(struct arena *a, const char *account)
{
    struct s3_Initiator *i = ARENA_NEW(a, struct s3_Initiator);

    i->ID = s3_canonical_id(a, account);
    return i;
}

static void fill_uploads(const struct s3_listing_form *form, const struct s3_upload_page *page,
                         struct s3_ListMultipartUploadsOutput *out)
{
    struct arena *a = form->arena;

    out->Uploads.items = ARENA_ARRAY(a, struct s3_MultipartUpload, page->count + 1);
    out->CommonPrefixes.items = ARENA_ARRAY(a, struct s3_CommonPrefix, page->count + 1);
    for (size_t i = 0; i < page->count; i++) {
        const struct s3_upload *u = &page->items[i].upload;

        if (page->items[i].prefix) {
            out->CommonPrefixes.items[out->CommonPrefixes.count++].Prefix =
                s3_listing_text(form, page->items[i].prefix);
            continue;
        }
        out->Uploads.items[out->Uploads.count++] = (struct s3_MultipartUpload){
            .UploadId = s3_upload_text(a, u->id, u->object.checksum_algorithm),
            .Key = s3_listing_text(form, u->object.key),
            .Initiated = S3_SECONDS(u->created_ms),
            .StorageClass = u->object.storage_class,
            .Owner = s3_owner(a, u->object.account),
            .Initiator = initiator(a, u->object.account),
            .ChecksumAlgorithm = s3_checksum_name(u->object.checksum_algorithm),
            .ChecksumType = s3_checksum_type_name(u->object.checksum_type),
        };
    }
}

static void name_next(const struct s3_listing_form *form, const struct s3_upload_page *page,
                      struct s3_ListMultipartUploadsOutput *out)
{
    const struct s3_upload_item *last = page->count ? &page->items[page->count - 1] : NULL;

    /* AWS: a page that is the last ends, too, but not at a prefix. */
    out->NextKeyMarker = out->NextUploadIdMarker = "";
    if (!last)
        return;
    if (last->prefix) {
        if (page->more)
            out->NextKeyMarker = s3_listing_text(form, last->prefix);
        return;
    }
    out->NextKeyMarker = s3_listing_text(form, last->upload.object.key);
    out->NextUploadIdMarker =
        s3_upload_text(form->arena, last->upload.id, last->upload.object.checksum_algorithm);
}

int s3_list_multipart_uploads(struct request *req, const struct s3_ListMultipartUploadsRequest *in,
                              struct s3_ListMultipartUploadsOutput *out)
{
    struct s3_listing_form form;
    struct s3_target target;
    struct s3_upload_page page;
    enum s3_checksum_algorithm algorithm;
    struct s3_list_query query = {
        .prefix = in->Prefix ? in->Prefix : "",
        .delimiter = in->Delimiter ? in->Delimiter : "",
        .after = in->KeyMarker ? in->KeyMarker : "",
    };

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:ListBucketMultipartUploads",
                      &target) ||
        s3_listing_begin(req, in->EncodingType, in->MaxUploads, "max-uploads", &form))
        return -1;
    /* AWS: an upload id without a key means nothing. */
    if (in->KeyMarker && in->UploadIdMarker && *in->UploadIdMarker &&
        !s3_upload_read(in->UploadIdMarker, &query.after_version, &algorithm))
        return s3_fail_argument(req, "upload-id-marker", in->UploadIdMarker,
                                "Invalid uploadId marker");
    query.bucket = target.bucket.id;
    query.max = form.max;
    if (s3_upload_list(s3_of(req->app)->store, &query, &req->arena, &page))
        return aws_fail_internal(req);
    fill_uploads(&form, &page, out);
    out->Bucket = in->Bucket;
    out->Prefix = s3_listing_text(&form, in->Prefix);
    out->Delimiter = s3_listing_text(&form, in->Delimiter);
    out->KeyMarker = s3_listing_text(&form, query.after);
    out->UploadIdMarker = in->UploadIdMarker ? in->UploadIdMarker : "";
    out->EncodingType = form.encode ? "url" : NULL;
    out->MaxUploads = SOME_INT((int32_t)form.max);
    out->IsTruncated = SOME_BOOL(page.more);
    name_next(&form, &page, out);
    return 0;
}

static void fill_parts(struct arena *a, const struct s3_upload *upload,
                       const struct s3_parts *parts, struct s3_ListPartsOutput *out)
{
    out->Parts.items = ARENA_ARRAY(a, struct s3_Part, parts->count + 1);
    for (size_t i = 0; i < parts->count; i++) {
        const struct s3_part *p = &parts->items[i];
        struct s3_Part *part = &out->Parts.items[out->Parts.count++];

        part->PartNumber = SOME_INT(p->number);
        part->LastModified = S3_SECONDS(p->modified_ms);
        part->ETag = s3_etag_text(a, p->etag);
        part->Size = SOME_LONG(p->size);
        if (!s3_checksum_is_default(upload))
            S3_CHECKSUM_SET(part, upload->object.checksum_algorithm, p->checksum);
    }
}

int s3_list_parts(struct request *req, const struct s3_ListPartsRequest *in,
                  struct s3_ListPartsOutput *out)
{
    int after = VALUE_OR(in->PartNumberMarker, 0), max = VALUE_OR(in->MaxParts, PARTS_PAGE);
    struct s3_target target;
    struct s3_upload upload;
    struct s3_parts parts;

    if (s3_use_key(req, in->Bucket, in->Key, NULL, in->ExpectedBucketOwner,
                   "s3:ListMultipartUploadParts", &target))
        return -1;
    if (max < 0 || after < 0) {
        const char *name = max < 0 ? "max-parts" : "part-number-marker";

        return s3_fail_argument(req, name, arena_printf(&req->arena, "%d", max < 0 ? max : after),
                                arena_printf(&req->arena,
                                             "Argument %s must be an integer between 0 and "
                                             "2147483647",
                                             name));
    }
    if (s3_use_upload(req, &target, in->UploadId, true, &upload))
        return -1;
    max = MIN(max, PARTS_PAGE);
    if (s3_part_list(s3_of(req->app)->store, upload.id, after, (size_t)max, &req->arena, &parts))
        return aws_fail_internal(req);
    fill_parts(&req->arena, &upload, &parts, out);
    out->Bucket = in->Bucket;
    out->Key = in->Key;
    out->UploadId = in->UploadId;
    out->PartNumberMarker = SOME_INT(after);
    out->NextPartNumberMarker = SOME_INT(parts.count ? parts.items[parts.count - 1].number : 0);
    out->MaxParts = SOME_INT(max);
    out->IsTruncated = SOME_BOOL(parts.more);
    out->StorageClass = upload.object.storage_class;
    out->Owner = s3_owner(&req->arena, upload.object.account);
    out->Initiator = initiator(&req->arena, upload.object.account);
    if (!s3_checksum_is_default(&upload)) {
        out->ChecksumAlgorithm = s3_checksum_name(upload.object.checksum_algorithm);
        out->ChecksumType = s3_checksum_type_name(upload.object.checksum_type);
    }
    return 0;
}
