/* UploadPart and UploadPartCopy. */
#include "handlers/s3/access.h"
#include "handlers/s3/copy.h"
#include "handlers/s3/multipart.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/operations.h"
#include "server/base/clock.h"

enum { PART_NUMBER_MAX = 10000 };

static int check_number(struct request *req, struct maybe_int number)
{
    if (number.set && number.value >= 1 && number.value <= PART_NUMBER_MAX)
        return 0;
    return s3_fail_argument(req, "partNumber",
                            number.set ? arena_printf(&req->arena, "%d", number.value) : NULL,
                            "Part number must be an integer between 1 and 10000, inclusive");
}

/* AWS: all parts of an upload are encrypted with the key that it was begun with, or none is. */
int s3_check_upload_key(struct request *req, const struct s3_upload *upload,
                        const struct s3_customer_key *key)
{
    const char *wanted = s3_pairs_find(&upload->object.head, S3_HEAD_SSE_C_MD5);

    /* AWS: the same words, whichever of the two went without. */
    if (!wanted != !key->given)
        return aws_fail(req, &s3_InvalidRequest,
                        "The multipart upload initiate requested encryption. Subsequent part "
                        "requests must include the appropriate encryption parameters.");
    if (wanted && !str_eq(wanted, key->md5))
        return aws_fail(req, &s3_InvalidRequest,
                        "The provided encryption parameters did not match the ones used "
                        "originally.");
    return 0;
}

/* AWS: who began with composite checksums gives each part's; one of the whole object is made of
 * what comes. */
static int check_checksum(struct request *req, const struct s3_upload *upload,
                          enum s3_checksum_algorithm given)
{
    const struct s3_object *o = &upload->object;

    if (given == o->checksum_algorithm || s3_checksum_is_default(upload) ||
        (!given && o->checksum_type == S3_CHECKSUM_FULL_OBJECT))
        return 0;
    return aws_fail(req, &s3_InvalidRequest,
                    "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum "
                    "Type: %s",
                    s3_checksum_word(o->checksum_algorithm),
                    given ? s3_checksum_word(given) : "null");
}

/* AWS: the one that the client gave, even where another is kept. */
static void answer_checksum(struct request *req, const struct s3_content *content)
{
    if (content->given_algorithm)
        response_header(req, s3_checksum_header(content->given_algorithm), content->given_checksum);
    else
        response_header(req, s3_checksum_header(content->algorithm), content->checksum);
}

/* A part is always a file of its own. */
static int store_part(struct request *req, const struct s3_upload *upload, const char *upload_id,
                      int number, const struct s3_content *content, struct s3_part *out)
{
    struct s3_store *store = s3_of(req->app)->store;
    char blob[S3_BLOB_ID_MAX];
    enum store_status rc;

    if (content->fd >= 0)
        rc = s3_blob_adopt(store, content->fd, blob);
    else
        rc = s3_blob_write(store, content->memory.data, content->memory.len, blob);
    if (rc)
        return aws_fail_internal(req);
    *out = (struct s3_part){
        .number = number,
        .size = content->size,
        .modified_ms = clock_now_ms(&req->app->clock),
        .etag = arena_strdup(&req->arena, content->md5),
        .checksum = content->checksum,
        .head = content->head,
        .blob = blob,
    };
    rc = s3_part_put(store, upload->id, out);
    out->blob = NULL; /* its name is on the stack */
    if (rc == STORE_OK)
        return 0;
    s3_blob_drop(store, blob);
    return rc == STORE_NOT_FOUND ? s3_fail_no_upload(req, upload_id) : aws_fail_internal(req);
}

int s3_upload_part(struct request *req, const struct s3_UploadPartRequest *in,
                   struct s3_UploadPartOutput *out)
{
    struct s3_target target;
    struct s3_upload upload;
    struct s3_customer_key key;
    struct s3_content content;
    struct s3_part part;

    if (s3_use_key(req, in->Bucket, in->Key, NULL, in->ExpectedBucketOwner, "s3:PutObject",
                   &target) ||
        check_number(req, in->PartNumber) ||
        s3_use_upload(req, &target, in->UploadId, true, &upload) ||
        s3_customer_key_read(req, false, &key) || s3_check_upload_key(req, &upload, &key) ||
        s3_intake_end(req, &content) || check_checksum(req, &upload, content.given_algorithm) ||
        store_part(req, &upload, in->UploadId, in->PartNumber.value, &content, &part))
        return -1;
    out->ETag = s3_etag_text(&req->arena, part.etag);
    answer_checksum(req, &content);
    s3_answer_encryption(req, &upload.object.head);
    return 0;
}

/* --- UploadPartCopy --- */

static int read_range(struct request *req, const char *text, int64_t size, struct s3_range *out)
{
    *out = (struct s3_range){.from = 0, .to = size};
    bool range;

    if (!text || s3_range_exact(text, size, out))
        return 0;
    range = s3_range_exact(text, INT64_MAX, out);
    if (range && out->from >= size)
        return aws_fail(req, &s3_InvalidRequest,
                        "The specified copy range is invalid for the source object size");
    return s3_fail_argument(req, "x-amz-copy-source-range", text,
                            range
                                ? arena_printf(&req->arena,
                                               "Range specified is not valid for source object of "
                                               "size: %" PRId64,
                                               size)
                                : "The x-amz-copy-source-range value must be of the form "
                                  "bytes=first-last where first and last are the zero-based "
                                  "offsets of the first and last bytes to copy");
}

int s3_upload_part_copy(struct request *req, const struct s3_UploadPartCopyRequest *in,
                        struct s3_UploadPartCopyOutput *out)
{
    struct s3_target target;
    struct s3_source source;
    struct s3_upload upload;
    struct s3_customer_key key;
    struct s3_range range;
    struct s3_content content;
    struct s3_part part;
    struct s3_CopyPartResult *result = ARENA_NEW(&req->arena, struct s3_CopyPartResult);

    if (s3_use_key(req, in->Bucket, in->Key, NULL, in->ExpectedBucketOwner, "s3:PutObject",
                   &target) ||
        check_number(req, in->PartNumber) ||
        s3_use_upload(req, &target, in->UploadId, true, &upload) ||
        s3_source_read(req, in->CopySource, in->ExpectedSourceBucketOwner, &source) ||
        s3_customer_key_read(req, false, &key) || s3_check_upload_key(req, &upload, &key) ||
        read_range(req, in->CopySourceRange, source.target.object->size, &range) ||
        s3_copy_content(req, &source, range, upload.object.checksum_algorithm, &key, &content) ||
        store_part(req, &upload, in->UploadId, in->PartNumber.value, &content, &part))
        return -1;
    result->ETag = s3_etag_text(&req->arena, part.etag);
    result->LastModified = S3_SECONDS(part.modified_ms);
    if (!s3_checksum_is_default(&upload)) /* AWS: completing would refuse it */
        S3_CHECKSUM_SET(result, upload.object.checksum_algorithm, part.checksum);
    out->CopyPartResult = result;
    out->CopySourceVersionId =
        s3_new_version_of(&req->arena, &source.target.bucket, source.target.object);
    s3_answer_encryption(req, &upload.object.head);
    return 0;
}
