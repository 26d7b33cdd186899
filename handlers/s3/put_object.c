/* PutObject. */
#include "handlers/s3/begin.h"
#include "handlers/s3/configuration.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/operations.h"

int s3_put_object(struct request *req, const struct s3_PutObjectRequest *in,
                  struct s3_PutObjectOutput *out)
{
    struct s3_target target;
    struct s3_condition condition;
    struct s3_content content;
    struct s3_object object;

    if (in->WriteOffsetBytes.set)
        return s3_fail_header(req, "x-amz-write-offset-bytes");
    if (s3_use_key(req, in->Bucket, in->Key, NULL, in->ExpectedBucketOwner, "s3:PutObject",
                   &target) ||
        s3_write_condition(req, &condition) || s3_intake_end(req, &content) ||
        s3_new_object(req, &target, &object) ||
        s3_store_object(req, &target, &content, &condition, "ObjectCreated:Put", &object))
        return -1;
    out->ETag = s3_etag_text(&req->arena, object.etag);
    out->VersionId = s3_new_version_of(&req->arena, &target.bucket, &object);
    out->Expiration = s3_expiration(req, &target.bucket, &object);
    s3_answer_encryption(req, &object.head);
    s3_answer_checksum(req, &object);
    return 0;
}

/* A refusal that can be known before the body comes. */
int s3_precheck(struct request *req)
{
    struct s3_target target;
    const char *owner = request_header(req, "x-amz-expected-bucket-owner");
    const char *bucket, *key;

    if (!req->intake || !s3_resource(req, &bucket, &key))
        return 0;
    return s3_use_key(req, bucket, key, NULL, owner, "s3:PutObject", &target);
}
