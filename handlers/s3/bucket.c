/* CreateBucket, HeadBucket, ListBuckets, DeleteBucket, GetBucketLocation, Get/PutBucketVersioning.
 */
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/s3/access.h"
#include "handlers/s3/configuration.h"
#include "handlers/s3/operations.h"
#include "handlers/s3/target.h"
#include "server/base/clock.h"
#include "server/model/stored.h"

enum { LIST_MAX = 10000 };

static const char list_kind[] = "s3 ListBuckets";

static const char *bucket_arn(struct request *req, const char *name)
{
    return arn_make(&req->arena, "s3", "", "", "%s", name);
}

/* --- CreateBucket --- */

static bool is_region_name(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return len > 3 && len < 32 && text[len] == '\0' && strchr(text, '-') && text[len - 1] >= '0' &&
           text[len - 1] <= '9'; /* "aws-global" is none */
}

/* One of the places that the model lists, which us-east-1 is none of. */
static bool is_location(const char *text)
{
    const struct shape *c = model_structure(&s3_model, "CreateBucketConfiguration");
    const struct member *m =
        model_find_member(&s3_model, c, "LocationConstraint", strlen("LocationConstraint"));
    const struct shape *places = &s3_model.shapes[m->shape];

    for (uint32_t i = 0; i < places->enum_count; i++)
        if (str_eq(model_text(&s3_model, s3_model.enums[places->first_enum + i]), text))
            return true;
    return false;
}

/* AWS: us-east-1 is said by saying nothing; the endpoint of us-east-1 makes buckets of any region,
 * each other one its own only. */
static int read_location(struct request *req, const struct s3_CreateBucketRequest *in,
                         const char **out_region)
{
    const struct s3_CreateBucketConfiguration *c = in->CreateBucketConfiguration;
    const char *location = c ? c->LocationConstraint : NULL;

    *out_region = req->region;
    if (!location || !*location) {
        if (str_eq(req->region, "us-east-1") || !req->access_key || !is_region_name(req->region)) {
            *out_region = "us-east-1";
            return 0;
        }
        return aws_fail(req, &s3_IllegalLocationConstraintException,
                        "The unspecified location constraint is incompatible for the region "
                        "specific endpoint this request was sent to.");
    }
    *out_region = str_eq(location, "EU") ? "eu-west-1" : location;
    if (!str_eq(req->region, "us-east-1") && !str_eq(*out_region, req->region))
        return aws_fail(req, &s3_IllegalLocationConstraintException,
                        "The %s location constraint is incompatible for the region specific "
                        "endpoint this request was sent to.",
                        location);
    if (is_location(location))
        return 0;
    aws_fail(req, &s3_InvalidLocationConstraint, "The specified location-constraint is not valid");
    aws_fail_detail(req, "LocationConstraint", location);
    return -1;
}

static int fail_exists(struct request *req, const struct s3_bucket *there)
{
    if (str_eq(there->account, req->account)) {
        aws_fail(req, &s3_BucketAlreadyOwnedByYou,
                 "Your previous request to create the named bucket succeeded and you already own "
                 "it.");
    } else {
        aws_fail(req, &s3_BucketAlreadyExists,
                 "The requested bucket name is not available. The bucket namespace is shared by "
                 "all users of the system. Please select a different name and try again.");
    }
    aws_fail_detail(req, "BucketName", there->name);
    return -1;
}

/* AWS: in us-east-1 making one's own bucket again succeeds and changes nothing, unless it should
 * be given tags. */
static int answer_present(struct request *req, const struct s3_CreateBucketRequest *in,
                          struct s3_CreateBucketOutput *out)
{
    const struct s3_CreateBucketConfiguration *c = in->CreateBucketConfiguration;
    struct s3_bucket there;
    enum store_status rc = s3_bucket_find(s3_of(req->app)->store, in->Bucket, &req->arena, &there);

    if (rc)
        return aws_fail_internal(req);
    if (!str_eq(there.account, req->account) || !str_eq(req->region, "us-east-1") ||
        !str_eq(there.region, "us-east-1") || (c && c->Tags.count))
        return fail_exists(req, &there);
    out->Location = arena_printf(&req->arena, "/%s", in->Bucket);
    out->BucketArn = bucket_arn(req, in->Bucket);
    return 0;
}

static int check_unbuilt(struct request *req, const struct s3_CreateBucketRequest *in)
{
    const struct s3_CreateBucketConfiguration *c = in->CreateBucketConfiguration;

    if (c && (c->Location || c->Bucket))
        return aws_fail_unsupported(req, "CreateBucketConfiguration.Location (directory buckets)");
    if (in->BucketNamespace && !str_eq(in->BucketNamespace, "global") &&
        !str_eq(in->BucketNamespace, "account-regional"))
        return s3_fail_argument(req, "x-amz-bucket-namespace", in->BucketNamespace,
                                "The specified bucket namespace is not valid.");
    return 0;
}

int s3_create_bucket(struct request *req, const struct s3_CreateBucketRequest *in,
                     struct s3_CreateBucketOutput *out)
{
    struct s3_bucket bucket = {
        .name = in->Bucket,
        .account = req->account,
        .created_ms = clock_now_ms(&req->app->clock),
        .object_lock = VALUE_OR(in->ObjectLockEnabledForBucket, false),
    };
    struct s3_document_in documents[S3_NEW_DOCUMENTS_MAX];
    size_t count = 0;
    enum store_status rc;

    if (s3_check_bucket_name(req, in->Bucket) ||
        s3_authorize_account(req, in->Bucket, "s3:CreateBucket") ||
        read_location(req, in, &bucket.region) || check_unbuilt(req, in) ||
        s3_new_bucket_documents(req, in, documents, &count))
        return -1;
    bucket.versioning = bucket.object_lock ? S3_VERSIONED : S3_UNVERSIONED;
    rc = s3_bucket_create(s3_of(req->app)->store, &bucket, documents, count);
    if (rc == STORE_EXISTS)
        return answer_present(req, in, out);
    if (rc)
        return aws_fail_internal(req);
    out->Location = arena_printf(&req->arena, "/%s", in->Bucket);
    out->BucketArn = bucket_arn(req, in->Bucket);
    return 0;
}

/* --- HeadBucket, GetBucketLocation --- */

int s3_head_bucket(struct request *req, const struct s3_HeadBucketRequest *in,
                   struct s3_HeadBucketOutput *out)
{
    struct s3_target target;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:ListBucket", &target))
        return -1;
    out->BucketRegion = target.bucket.region;
    out->BucketArn = bucket_arn(req, in->Bucket);
    out->AccessPointAlias = SOME_BOOL(false);
    response_header(req, "Content-Type", "application/xml");
    return 0;
}

int s3_get_bucket_location(struct request *req, const struct s3_GetBucketLocationRequest *in,
                           struct s3_GetBucketLocationOutput *out)
{
    struct s3_target target;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketLocation", &target))
        return -1;
    (void)out;
    /* AWS: the region is the document's own text, which its model cannot say; us-east-1 has no name
     * here. */
    req->response.kind = BODY_BYTES;
    response_header(req, "Content-Type", "application/xml");
    strbuf_add_text(&req->response.bytes,
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint "
                    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"");
    if (str_eq(target.bucket.region, "us-east-1"))
        strbuf_add_text(&req->response.bytes, "/>");
    else
        strbuf_add_format(&req->response.bytes, ">%s</LocationConstraint>", target.bucket.region);
    return 0;
}

/* --- ListBuckets --- */

int s3_list_buckets(struct request *req, const struct s3_ListBucketsRequest *in,
                    struct s3_ListBucketsOutput *out)
{
    struct s3_bucket_query query = {
        .account = req->account,
        .prefix = in->Prefix,
        .region = in->BucketRegion,
        .max = (size_t)VALUE_OR(in->MaxBuckets, LIST_MAX),
    };
    /* AWS: a bare request is answered as it was before there were parameters. */
    bool with_region =
        in->Prefix || in->BucketRegion || in->MaxBuckets.set || in->ContinuationToken;
    struct s3_buckets page;

    if (s3_authorize_account(req, NULL, "s3:ListAllMyBuckets"))
        return -1;
    if (in->MaxBuckets.set && (in->MaxBuckets.value < 1 || in->MaxBuckets.value > LIST_MAX))
        return s3_fail_argument(req, "max-buckets",
                                arena_printf(&req->arena, "%d", in->MaxBuckets.value),
                                "Argument max-buckets must be an integer between 1 and 10000");
    if (in->ContinuationToken && *in->ContinuationToken) {
        query.after = page_token_read(&req->arena, list_kind, in->ContinuationToken);
        if (!query.after)
            return s3_fail_argument(req, "continuation-token", in->ContinuationToken,
                                    "The continuation token provided is incorrect");
    }
    if (s3_bucket_list(s3_of(req->app)->store, &query, &req->arena, &page))
        return aws_fail_internal(req);
    out->Buckets.items = ARENA_ARRAY(&req->arena, struct s3_Bucket, page.count + 1);
    for (size_t i = 0; i < page.count; i++)
        out->Buckets.items[out->Buckets.count++] = (struct s3_Bucket){
            .Name = page.items[i].name,
            .CreationDate = S3_SECONDS(page.items[i].created_ms),
            .BucketRegion = with_region ? page.items[i].region : NULL,
            .BucketArn = bucket_arn(req, page.items[i].name),
        };
    out->Owner = s3_owner(&req->arena, req->account);
    out->Prefix = in->Prefix;
    if (page.more)
        out->ContinuationToken =
            page_token_make(&req->arena, list_kind, page.items[page.count - 1].name);
    return 0;
}

/* --- DeleteBucket --- */

int s3_delete_bucket(struct request *req, const struct s3_DeleteBucketRequest *in,
                     struct s3_DeleteBucketOutput *out)
{
    struct s3_target target;
    enum store_status rc;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:DeleteBucket", &target))
        return -1;
    rc = s3_bucket_delete(s3_of(req->app)->store, target.bucket.id);
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_bucket(req, in->Bucket);
    if (rc == STORE_CONFLICT) {
        aws_fail(req, &s3_BucketNotEmpty, "The bucket you tried to delete is not empty%s",
                 target.bucket.versioning == S3_UNVERSIONED
                     ? ""
                     : ". You must delete all versions in the bucket.");
        aws_fail_detail(req, "BucketName", in->Bucket);
        return -1;
    }
    return rc ? aws_fail_internal(req) : 0;
}

/* --- versioning --- */

int s3_get_bucket_versioning(struct request *req, const struct s3_GetBucketVersioningRequest *in,
                             struct s3_GetBucketVersioningOutput *out)
{
    struct s3_target target;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketVersioning", &target))
        return -1;
    if (target.bucket.versioning != S3_UNVERSIONED)
        out->Status = target.bucket.versioning == S3_VERSIONED ? "Enabled" : "Suspended";
    return 0;
}

int s3_put_bucket_versioning(struct request *req, const struct s3_PutBucketVersioningRequest *in,
                             struct s3_PutBucketVersioningOutput *out)
{
    const char *status = in->VersioningConfiguration ? in->VersioningConfiguration->Status : NULL;
    struct s3_target target;
    enum store_status rc;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketVersioning", &target))
        return -1;
    if (in->MFA || (in->VersioningConfiguration && in->VersioningConfiguration->MFADelete &&
                    str_eq(in->VersioningConfiguration->MFADelete, "Enabled")))
        return aws_fail_unsupported(req, "MFADelete");
    if (!status)
        return aws_fail(req, &s3_IllegalVersioningConfigurationException,
                        "The Versioning element must be specified");
    if (!str_eq(status, "Enabled") && !str_eq(status, "Suspended"))
        return s3_fail_malformed_xml(req);
    if (str_eq(status, "Suspended") && target.bucket.object_lock)
        return aws_fail(req, &s3_InvalidBucketState,
                        "An Object Lock configuration is present on this bucket, so the versioning "
                        "state cannot be changed.");
    rc = s3_bucket_set_versioning(s3_of(req->app)->store, target.bucket.id,
                                  str_eq(status, "Enabled") ? S3_VERSIONED : S3_SUSPENDED);
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_bucket(req, in->Bucket);
    return rc ? aws_fail_internal(req) : 0;
}
