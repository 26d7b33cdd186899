/*
 * UpdateObjectEncryption: another KMS key for an object that is there. No byte is rewritten: what
 * is encrypted with a key of AWS's is only reported as such here.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html
 */
#include "handlers/common/arn.h"
#include "handlers/s3/configuration.h"
#include "handlers/s3/customer_key.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/operations.h"

#define SSE "x-amz-server-side-encryption"

static int check_source(struct request *req, const struct s3_pairs *head)
{
    const char *now = s3_pairs_find(head, SSE);

    if (s3_pairs_find(head, S3_HEAD_SSE_C) || (now && str_eq(now, "aws:kms:dsse")))
        return aws_fail(req, &s3_InvalidRequest,
                        "The UpdateObjectEncryption operation doesn't support source objects with "
                        "the encryption type DSSE-KMS or SSE-C. Only source objects encrypted with "
                        "SSE-S3 or SSE-KMS are supported.");
    if (!now)
        return aws_fail(req, &s3_InvalidRequest,
                        "The UpdateObjectEncryption operation doesn't supported unencrypted source "
                        "objects. Only source objects encrypted with SSE-S3 or SSE-KMS are "
                        "supported.");
    return 0;
}

static int check_key(struct request *req, const char *text, const char *account)
{
    struct arn arn;

    if (!text || !*text)
        return aws_fail(req, &s3_InvalidRequest,
                        "Requests that modify an object's encryption type to SSE-KMS require an "
                        "AWS KMS key Amazon Resource Name (ARN). Modify the request to specify a "
                        "KMS key ARN, and then try again.");
    if (!arn_parse(&req->arena, text, &arn) || !str_eq(arn.service, "kms") ||
        strlen(arn.account) != 12 || !arn_resource_after(&arn, "key/"))
        return aws_fail(req, &s3_InvalidRequest,
                        "Requests that modify an object's encryption type to SSE-KMS require a "
                        "valid AWS KMS key Amazon Resource Name (ARN). Confirm that you have a "
                        "correctly formatted KMS key ARN in your request, and then try again.");
    if (!str_eq(arn.account, account))
        return aws_fail(req, &s3_AccessDenied,
                        "The AWS KMS key in the request must be owned by the same account as the "
                        "bucket. Modify the request to specify a KMS key from the same account, "
                        "and then try again.");
    return 0;
}

int s3_update_object_encryption(struct request *req,
                                const struct s3_UpdateObjectEncryptionRequest *in,
                                struct s3_UpdateObjectEncryptionResponse *out)
{
    struct s3_encryption wanted = {.algorithm = "aws:kms"};
    struct s3_pairs head = {0};
    struct s3_object changed;
    struct s3_target target;
    enum store_status rc;

    (void)out;
    if (s3_use_object(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner,
                      "s3:UpdateObjectEncryption", &target))
        return -1;
    if (!in->ObjectEncryption || !in->ObjectEncryption->SSEKMS)
        return aws_fail(req, &s3_InvalidRequest,
                        "Requests that modify an object encryption configuration require a valid "
                        "new encryption type. Valid values are SSEKMS. Modify the request to "
                        "specify SSE-KMS for the updated encryption type, and then try again.");
    wanted.kms_key = in->ObjectEncryption->SSEKMS->KMSKeyArn;
    wanted.bucket_key = VALUE_OR(in->ObjectEncryption->SSEKMS->BucketKeyEnabled, false);
    if (check_key(req, wanted.kms_key, target.bucket.account) ||
        check_source(req, &target.object->head))
        return -1;
    changed = *target.object;
    for (size_t i = 0; i < changed.head.count; i++)
        if (!str_starts(changed.head.items[i].name, SSE))
            s3_head_add(&req->arena, &head, changed.head.items[i].name,
                        changed.head.items[i].value);
    s3_head_add_encryption(&req->arena, &target.bucket, &wanted, &head);
    changed.head = head;
    rc = s3_object_change(s3_of(req->app)->store, &changed, S3_FACT_HEAD);
    if (rc)
        return rc == STORE_NOT_FOUND ? s3_fail_no_key(req, in->Key) : aws_fail_internal(req);
    return 0;
}
