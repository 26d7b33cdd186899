/*
 * CopyObject.
 *
 * A copy that changes no byte shares its source's file and its digests, so its cost does not grow
 * with its size. The bytes move where they must be encrypted or decrypted, where the source is in
 * parts (a copy has the ETag of one piece), and where another checksum is wanted.
 */
#include "handlers/s3/access.h"
#include "handlers/s3/configuration.h"
#include "handlers/s3/copy.h"
#include "handlers/s3/lock.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/notify.h"
#include "handlers/s3/operations.h"
#include "handlers/s3/tagging.h"
#include "server/base/clock.h"

static const int64_t COPY_MAX = INT64_C(5) << 30;

static int read_directive(struct request *req, const char *text, const char *name, bool *out)
{
    *out = text && str_eq(text, "REPLACE");
    if (!text || *out || str_eq(text, "COPY"))
        return 0;
    return s3_fail_argument(
        req, name, text,
        arena_printf(&req->arena, "Unknown %s directive.",
                     str_eq(name, "x-amz-metadata-directive") ? "metadata" : "tagging"));
}

/* AWS refuses a copy of an object onto itself that would change nothing. */
static int check_self_copy(struct request *req, const struct s3_CopyObjectRequest *in,
                           const struct s3_source *source, const struct s3_target *target,
                           bool replace)
{
    bool same = source->target.bucket.id == target->bucket.id &&
                str_eq(source->target.key, target->key) && source->target.object->present;

    if (!same || replace || in->StorageClass || in->WebsiteRedirectLocation ||
        in->ServerSideEncryption || in->SSECustomerKey || in->CopySourceSSECustomerKey)
        return 0;
    /* AWS: where the bucket was told how to encrypt, each copy is encrypted anew. */
    if (s3_bucket_has(&target->bucket, S3_DOC_ENCRYPTION))
        return 0;
    return aws_fail(req, &s3_InvalidRequest,
                    "This copy request is illegal because it is trying to copy an object to itself "
                    "without changing the object's metadata, storage class, website redirect "
                    "location or encryption attributes.");
}

/* Headers and metadata of the source; neither how it is encrypted nor where it redirects. */
static void copy_head(struct arena *a, const struct s3_pairs *from, struct s3_pairs *out)
{
    for (size_t i = 0; i < from->count; i++) {
        const char *name = from->items[i].name;

        if (name[0] != ':' && !str_starts(name, "x-amz-server-side-encryption") &&
            !str_eq(name, "x-amz-website-redirect-location"))
            s3_head_add(a, out, name, from->items[i].value);
    }
}

static int describe(struct request *req, const struct s3_CopyObjectRequest *in,
                    const struct s3_source *source, const struct s3_target *target,
                    struct s3_object *out)
{
    bool replace_head, replace_tags;

    if (read_directive(req, in->MetadataDirective, "x-amz-metadata-directive", &replace_head) ||
        read_directive(req, in->TaggingDirective, "x-amz-tagging-directive", &replace_tags) ||
        check_self_copy(req, in, source, target, replace_head) || s3_new_object(req, target, out))
        return -1;
    if (!replace_head) {
        out->head = (struct s3_pairs){0};
        copy_head(&req->arena, &source->target.object->head, &out->head);
        if (in->WebsiteRedirectLocation)
            s3_head_add(&req->arena, &out->head, "x-amz-website-redirect-location",
                        in->WebsiteRedirectLocation);
        if (s3_new_encryption(req, target, &out->head))
            return -1;
    }
    if (!replace_tags)
        out->tags = source->target.object->tags;
    return 0;
}

static int read_algorithm(struct request *req, const struct s3_CopyObjectRequest *in,
                          const struct s3_object *source, enum s3_checksum_algorithm *out)
{
    if (!in->ChecksumAlgorithm) {
        *out = source->checksum_algorithm ? source->checksum_algorithm : S3_CHECKSUM_CRC64NVME;
        return 0;
    }
    *out = s3_checksum_by_name(in->ChecksumAlgorithm);
    return *out ? 0 : s3_fail_checksum_algorithm(req);
}

static bool can_share(const struct s3_object *source, enum s3_checksum_algorithm algorithm,
                      const struct s3_customer_key *from, const struct s3_customer_key *to)
{
    return !source->upload && !from->given && !to->given &&
           source->checksum_algorithm == algorithm &&
           source->checksum_type == S3_CHECKSUM_FULL_OBJECT && source->checksum;
}

/* Commits the copy as one more holder of the source's file. */
static int share(struct request *req, const struct s3_source *source,
                 const struct s3_target *target, const struct s3_condition *condition,
                 struct s3_object *object)
{
    const struct s3_object *from = source->target.object;
    struct s3_put put = {.condition = *condition, .shares_blob = from->blob != NULL};
    enum store_status rc;

    object->size = from->size;
    object->etag = from->etag;
    object->checksum = from->checksum;
    object->checksum_algorithm = from->checksum_algorithm;
    object->checksum_type = from->checksum_type;
    object->blob = from->blob;
    object->data = from->data;
    put.object = *object;
    rc = s3_object_put(s3_of(req->app)->store, &put);
    *object = put.object;
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_key(req, source->target.key);
    if (rc == STORE_CONFLICT)
        return s3_fail_refusal(req, condition, put.refusal, object->key);
    if (rc)
        return aws_fail_internal(req);
    s3_notify_of(req, "ObjectCreated:Copy", &target->bucket, object);
    return 0;
}

static int copy_bytes(struct request *req, const struct s3_source *source,
                      const struct s3_target *target, const struct s3_condition *condition,
                      enum s3_checksum_algorithm algorithm, const struct s3_customer_key *key,
                      struct s3_object *object)
{
    const struct s3_range all = {.from = 0, .to = source->target.object->size};
    struct s3_content content;

    if (s3_copy_content(req, source, all, algorithm, key, &content))
        return -1;
    return s3_store_object(req, target, &content, condition, "ObjectCreated:Copy", object);
}

static void answer(struct request *req, const struct s3_source *source,
                   const struct s3_target *target, const struct s3_object *object,
                   struct s3_CopyObjectOutput *out)
{
    struct s3_CopyObjectResult *result = ARENA_NEW(&req->arena, struct s3_CopyObjectResult);

    result->ETag = s3_etag_text(&req->arena, object->etag);
    result->LastModified = S3_SECONDS(object->modified_ms);
    result->ChecksumType = s3_checksum_type_name(object->checksum_type);
    S3_CHECKSUM_SET(result, object->checksum_algorithm, object->checksum);
    out->CopyObjectResult = result;
    out->VersionId = s3_version_of(&req->arena, &target->bucket, object);
    out->CopySourceVersionId =
        s3_new_version_of(&req->arena, &source->target.bucket, source->target.object);
    out->Expiration = s3_expiration(req, &target->bucket, object);
    s3_answer_encryption(req, &object->head);
}

int s3_copy_object(struct request *req, const struct s3_CopyObjectRequest *in,
                   struct s3_CopyObjectOutput *out)
{
    struct s3_source source;
    struct s3_target target;
    struct s3_customer_key key;
    struct s3_condition condition;
    struct s3_object object;
    enum s3_checksum_algorithm algorithm;

    if (s3_use_key(req, in->Bucket, in->Key, NULL, in->ExpectedBucketOwner, "s3:PutObject",
                   &target) ||
        s3_source_read(req, in->CopySource, in->ExpectedSourceBucketOwner, &source) ||
        s3_customer_key_read(req, false, &key) || s3_write_condition(req, &condition) ||
        describe(req, in, &source, &target, &object) ||
        read_algorithm(req, in, source.target.object, &algorithm))
        return -1;
    if (source.target.object->size > COPY_MAX)
        return aws_fail(req, &s3_InvalidRequest,
                        "The specified copy source is larger than the maximum allowable size for a "
                        "copy source: %" PRId64,
                        COPY_MAX);
    if (can_share(source.target.object, algorithm, &source.key, &key)
            ? share(req, &source, &target, &condition, &object)
            : copy_bytes(req, &source, &target, &condition, algorithm, &key, &object))
        return -1;
    answer(req, &source, &target, &object, out);
    return 0;
}
