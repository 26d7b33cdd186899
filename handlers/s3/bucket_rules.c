/* Tags, CORS, lifecycle and encryption of buckets. */
#include "handlers/s3/cors.h"
#include "handlers/s3/kept.h"
#include "handlers/s3/lifecycle.h"
#include "handlers/s3/lifecycle_run.h"
#include "handlers/s3/rules.h"
#include "handlers/s3/tagging.h"
#include "handlers/s3/target.h"

/* --- tags --- */

int s3_get_bucket_tagging(struct request *req, const struct s3_GetBucketTaggingRequest *in,
                          struct s3_GetBucketTaggingOutput *out)
{
    struct s3_Tagging tagging = {0};
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketTagging", &t) ||
        s3_kept_get(req, &t.bucket, S3_DOC_TAGGING, &tagging))
        return -1;
    out->TagSet = tagging.TagSet;
    return 0;
}

int s3_put_bucket_tagging(struct request *req, const struct s3_PutBucketTaggingRequest *in,
                          struct s3_PutBucketTaggingOutput *out)
{
    struct s3_pairs tags;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketTagging", &t))
        return -1;
    if (!in->Tagging || !in->Tagging->TagSet.items)
        return s3_fail_malformed_xml(req);
    if (s3_tags_of_set(req, &in->Tagging->TagSet, S3_BUCKET_TAGS_MAX, &tags))
        return -1;
    req->response.status = 204;
    if (tags.count == 0)
        return s3_kept_delete(req, &t.bucket, S3_DOC_TAGGING);
    return s3_kept_put(req, &t.bucket, S3_DOC_TAGGING, in->Tagging);
}

int s3_delete_bucket_tagging(struct request *req, const struct s3_DeleteBucketTaggingRequest *in,
                             struct s3_DeleteBucketTaggingOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketTagging", &t))
        return -1;
    return s3_kept_delete(req, &t.bucket, S3_DOC_TAGGING);
}

/* --- CORS --- */

int s3_get_bucket_cors(struct request *req, const struct s3_GetBucketCorsRequest *in,
                       struct s3_GetBucketCorsOutput *out)
{
    struct s3_CORSConfiguration cors = {0};
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketCORS", &t) ||
        s3_kept_get(req, &t.bucket, S3_DOC_CORS, &cors))
        return -1;
    out->CORSRules = cors.CORSRules;
    return 0;
}

int s3_put_bucket_cors(struct request *req, const struct s3_PutBucketCorsRequest *in,
                       struct s3_PutBucketCorsOutput *out)
{
    const struct s3_CORSConfiguration *c = in->CORSConfiguration;
    const char *problem;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketCORS", &t))
        return -1;
    if (!c || !c->CORSRules.count)
        return s3_fail_malformed_xml(req);
    for (size_t i = 0; i < c->CORSRules.count; i++)
        if (!c->CORSRules.items[i].AllowedMethods.count ||
            !c->CORSRules.items[i].AllowedOrigins.count)
            return s3_fail_malformed_xml(req);
    problem = s3_cors_problem(&req->arena, &c->CORSRules);
    if (problem)
        return aws_fail(req, &s3_InvalidRequest, "%s", problem);
    return s3_kept_put(req, &t.bucket, S3_DOC_CORS, c);
}

int s3_delete_bucket_cors(struct request *req, const struct s3_DeleteBucketCorsRequest *in,
                          struct s3_DeleteBucketCorsOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketCORS", &t))
        return -1;
    return s3_kept_delete(req, &t.bucket, S3_DOC_CORS);
}

/* --- lifecycle --- */

static const char all_storage_classes_128K[] = "all_storage_classes_128K";

int s3_get_bucket_lifecycle(struct request *req,
                            const struct s3_GetBucketLifecycleConfigurationRequest *in,
                            struct s3_GetBucketLifecycleConfigurationOutput *out)
{
    struct s3_BucketLifecycleConfiguration c = {0};
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetLifecycleConfiguration",
                      &t) ||
        s3_kept_get(req, &t.bucket, S3_DOC_LIFECYCLE, &c))
        return -1;
    out->Rules = c.Rules;
    out->TransitionDefaultMinimumObjectSize = all_storage_classes_128K;
    return 0;
}

/* AWS: GetBucketLifecycleConfiguration does not show by whom the default size was set, but what it
 * is; the other value would have to be kept beside the rules. */
int s3_put_bucket_lifecycle(struct request *req,
                            const struct s3_PutBucketLifecycleConfigurationRequest *in,
                            struct s3_PutBucketLifecycleConfigurationOutput *out)
{
    struct s3_BucketLifecycleConfiguration *c = in->LifecycleConfiguration;
    const char *size = in->TransitionDefaultMinimumObjectSize;
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutLifecycleConfiguration", &t))
        return -1;
    if (size && str_eq(size, "varies_by_storage_class"))
        return aws_fail_unsupported(req, "TransitionDefaultMinimumObjectSize");
    if (size && !str_eq(size, all_storage_classes_128K))
        return aws_fail(req, &s3_InvalidRequest,
                        "Invalid TransitionDefaultMinimumObjectSize found: %.100s", size);
    if (!c)
        return s3_fail_malformed_xml(req);
    if (s3_lifecycle_check(req, &c->Rules) || s3_kept_put(req, &t.bucket, S3_DOC_LIFECYCLE, c))
        return -1;
    s3_lifecycle_wake(s3_of(req->app));
    out->TransitionDefaultMinimumObjectSize = all_storage_classes_128K;
    return 0;
}

int s3_delete_bucket_lifecycle(struct request *req,
                               const struct s3_DeleteBucketLifecycleRequest *in,
                               struct s3_DeleteBucketLifecycleOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutLifecycleConfiguration", &t))
        return -1;
    return s3_kept_delete(req, &t.bucket, S3_DOC_LIFECYCLE);
}

/* --- encryption --- */

/* AWS: a bucket without a configuration of its own encrypts with SSE-S3, and says so. */
int s3_get_bucket_encryption(struct request *req, const struct s3_GetBucketEncryptionRequest *in,
                             struct s3_GetBucketEncryptionOutput *out)
{
    struct s3_ServerSideEncryptionConfiguration *c =
        ARENA_NEW(&req->arena, struct s3_ServerSideEncryptionConfiguration);
    struct s3_ServerSideEncryptionByDefault *by_default;
    struct s3_target t;

    out->ServerSideEncryptionConfiguration = c;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetEncryptionConfiguration",
                      &t))
        return -1;
    if (s3_bucket_has(&t.bucket, S3_DOC_ENCRYPTION))
        return s3_kept_get(req, &t.bucket, S3_DOC_ENCRYPTION, c);
    by_default = ARENA_NEW(&req->arena, struct s3_ServerSideEncryptionByDefault);
    by_default->SSEAlgorithm = "AES256";
    c->Rules.items = ARENA_NEW(&req->arena, struct s3_ServerSideEncryptionRule);
    c->Rules.count = 1;
    c->Rules.items[0] = (struct s3_ServerSideEncryptionRule){
        .ApplyServerSideEncryptionByDefault = by_default, .BucketKeyEnabled = SOME_BOOL(false)};
    return 0;
}

int s3_put_bucket_encryption(struct request *req, const struct s3_PutBucketEncryptionRequest *in,
                             struct s3_PutBucketEncryptionOutput *out)
{
    const struct s3_ServerSideEncryptionConfiguration *c = in->ServerSideEncryptionConfiguration;
    const struct s3_ServerSideEncryptionByDefault *d;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutEncryptionConfiguration",
                      &t))
        return -1;
    if (!c || c->Rules.count != 1)
        return s3_fail_malformed_xml(req);
    d = c->Rules.items[0].ApplyServerSideEncryptionByDefault;
    if (d && (!d->SSEAlgorithm ||
              (!str_eq(d->SSEAlgorithm, "AES256") && !str_eq(d->SSEAlgorithm, "aws:kms") &&
               !str_eq(d->SSEAlgorithm, "aws:kms:dsse"))))
        return s3_fail_malformed_xml(req);
    if (d && d->KMSMasterKeyID && str_eq(d->SSEAlgorithm, "AES256"))
        return s3_fail_argument(
            req, "ApplyServerSideEncryptionByDefault", NULL,
            "a KMSMasterKeyID is not applicable if the default sse algorithm is "
            "not aws:kms or aws:kms:dsse");
    return s3_kept_put(req, &t.bucket, S3_DOC_ENCRYPTION, c);
}

int s3_delete_bucket_encryption(struct request *req,
                                const struct s3_DeleteBucketEncryptionRequest *in,
                                struct s3_DeleteBucketEncryptionOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutEncryptionConfiguration",
                      &t))
        return -1;
    return s3_kept_delete(req, &t.bucket, S3_DOC_ENCRYPTION);
}
