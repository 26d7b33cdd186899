/*
 * Inventory, analytics, metrics and intelligent tiering: configurations of which a bucket has many,
 * by id. They are kept, checked and given back; no report is made and nothing is moved.
 */
#include "handlers/s3/kept.h"
#include "handlers/s3/rules.h"
#include "handlers/s3/target.h"

/* AWS: the id stands in the query and in the document, and both must be the same. */
static int check_id(struct request *req, enum s3_document kind, const char *id,
                    const char *in_document)
{
    if (!id || !*id || strlen(id) > 64 ||
        strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") !=
            strlen(id))
        return aws_fail(req, &s3_InvalidConfigurationId,
                        "The specified configuration id is invalid.");
    if (!in_document)
        return s3_fail_malformed_xml(req);
    if (str_eq(id, in_document))
        return 0;
    if (kind != S3_DOC_INVENTORY) /* AWS: only inventories have words for it */
        return s3_fail_malformed_xml(req);
    return aws_fail(req, &s3_IdMismatch,
                    "Document ID does not match the specified configuration ID.");
}

/* The members that all lists of configurations have. */
struct page_members {
    struct maybe_bool *truncated;
    const char **token;
    const char **next;
};

/* A page of configurations of one kind. */
static int list_page(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                     const char *token, size_t size, struct any_list *out_items,
                     struct page_members out)
{
    if (s3_kept_list(req, bucket, kind, token, size, out_items, out.next))
        return -1;
    *out.truncated = SOME_BOOL(*out.next != NULL);
    *out.token = token;
    return 0;
}

/* --- what AWS wants of each --- */

static bool is_inventory_field(const char *name)
{
    static const char *const fields[] = {
        "Size",
        "LastModifiedDate",
        "StorageClass",
        "ETag",
        "IsMultipartUploaded",
        "ReplicationStatus",
        "EncryptionStatus",
        "ObjectLockRetainUntilDate",
        "ObjectLockMode",
        "ObjectLockLegalHoldStatus",
        "IntelligentTieringAccessTier",
        "BucketKeyStatus",
        "ChecksumAlgorithm",
        "ObjectAccessControlList",
        "ObjectOwner",
        "LifecycleExpirationDate",
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (str_eq(fields[i], name))
            return true;
    return false;
}

static int check_inventory(struct request *req, const struct s3_InventoryConfiguration *c)
{
    const struct s3_InventoryS3BucketDestination *d =
        c->Destination ? c->Destination->S3BucketDestination : NULL;

    if (!d || !d->Bucket || !d->Format || !c->IsEnabled.set || !c->IncludedObjectVersions ||
        !c->Schedule || !c->Schedule->Frequency)
        return s3_fail_malformed_xml(req);
    if ((!str_eq(d->Format, "CSV") && !str_eq(d->Format, "ORC") && !str_eq(d->Format, "Parquet")) ||
        (!str_eq(c->Schedule->Frequency, "Daily") && !str_eq(c->Schedule->Frequency, "Weekly")) ||
        (!str_eq(c->IncludedObjectVersions, "All") &&
         !str_eq(c->IncludedObjectVersions, "Current")))
        return s3_fail_malformed_xml(req);
    if (!str_starts(d->Bucket, "arn:"))
        return aws_fail(req, &s3_InvalidS3DestinationBucket, "Invalid bucket ARN.");
    for (size_t i = 0; i < c->OptionalFields.count; i++)
        if (!is_inventory_field(c->OptionalFields.items[i]))
            return s3_fail_malformed_xml(req);
    return 0;
}

static int check_analytics(struct request *req, const struct s3_AnalyticsConfiguration *c)
{
    return c->StorageClassAnalysis ? 0 : s3_fail_malformed_xml(req);
}

static int check_metrics(struct request *req, const struct s3_MetricsConfiguration *c)
{
    const struct s3_MetricsFilter *f = c->Filter;

    if (f &&
        (f->Prefix != NULL) + (f->Tag != NULL) + (f->AccessPointArn != NULL) + (f->And != NULL) !=
            1)
        return s3_fail_malformed_xml(req);
    return 0;
}

static int check_tiering(struct request *req, const struct s3_IntelligentTieringConfiguration *c)
{
    if (!c->Status || (!str_eq(c->Status, "Enabled") && !str_eq(c->Status, "Disabled")) ||
        !c->Tierings.count)
        return s3_fail_malformed_xml(req);
    for (size_t i = 0; i < c->Tierings.count; i++) {
        const struct s3_Tiering *t = &c->Tierings.items[i];
        bool deep = t->AccessTier && str_eq(t->AccessTier, "DEEP_ARCHIVE_ACCESS");

        if (!t->Days.set || !t->AccessTier || (!deep && !str_eq(t->AccessTier, "ARCHIVE_ACCESS")))
            return s3_fail_malformed_xml(req);
        if (t->Days.value < (deep ? 180 : 90) || t->Days.value > 730)
            return s3_fail_argument(req, "Days", NULL,
                                    "The number of days is out of the range of the access tier.");
    }
    return 0;
}

/* --- inventory --- */

int s3_get_bucket_inventory(struct request *req,
                            const struct s3_GetBucketInventoryConfigurationRequest *in,
                            struct s3_GetBucketInventoryConfigurationOutput *out)
{
    struct s3_target t;

    out->InventoryConfiguration = ARENA_NEW(&req->arena, struct s3_InventoryConfiguration);
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetInventoryConfiguration", &t))
        return -1;
    return s3_kept_get_one(req, &t.bucket, S3_DOC_INVENTORY, in->Id, out->InventoryConfiguration);
}

int s3_put_bucket_inventory(struct request *req,
                            const struct s3_PutBucketInventoryConfigurationRequest *in,
                            struct s3_PutBucketInventoryConfigurationOutput *out)
{
    const struct s3_InventoryConfiguration *c = in->InventoryConfiguration;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutInventoryConfiguration", &t))
        return -1;
    if (!c)
        return s3_fail_malformed_xml(req);
    if (check_id(req, S3_DOC_INVENTORY, in->Id, c->Id) || check_inventory(req, c))
        return -1;
    req->response.status = 204;
    return s3_kept_put_one(req, &t.bucket, S3_DOC_INVENTORY, in->Id, c);
}

int s3_delete_bucket_inventory(struct request *req,
                               const struct s3_DeleteBucketInventoryConfigurationRequest *in,
                               struct s3_DeleteBucketInventoryConfigurationOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutInventoryConfiguration", &t))
        return -1;
    return s3_kept_delete_one(req, &t.bucket, S3_DOC_INVENTORY, in->Id);
}

int s3_list_bucket_inventory(struct request *req,
                             const struct s3_ListBucketInventoryConfigurationsRequest *in,
                             struct s3_ListBucketInventoryConfigurationsOutput *out)
{
    struct any_list items;
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetInventoryConfiguration",
                      &t) ||
        list_page(req, &t.bucket, S3_DOC_INVENTORY, in->ContinuationToken,
                  sizeof(struct s3_InventoryConfiguration), &items,
                  (struct page_members){&out->IsTruncated, &out->ContinuationToken,
                                        &out->NextContinuationToken}))
        return -1;
    if (items.count) {
        out->InventoryConfigurationList.items = items.items;
        out->InventoryConfigurationList.count = items.count;
    }
    return 0;
}

/* --- analytics --- */

int s3_get_bucket_analytics(struct request *req,
                            const struct s3_GetBucketAnalyticsConfigurationRequest *in,
                            struct s3_GetBucketAnalyticsConfigurationOutput *out)
{
    struct s3_target t;

    out->AnalyticsConfiguration = ARENA_NEW(&req->arena, struct s3_AnalyticsConfiguration);
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetAnalyticsConfiguration", &t))
        return -1;
    return s3_kept_get_one(req, &t.bucket, S3_DOC_ANALYTICS, in->Id, out->AnalyticsConfiguration);
}

int s3_put_bucket_analytics(struct request *req,
                            const struct s3_PutBucketAnalyticsConfigurationRequest *in,
                            struct s3_PutBucketAnalyticsConfigurationOutput *out)
{
    const struct s3_AnalyticsConfiguration *c = in->AnalyticsConfiguration;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutAnalyticsConfiguration", &t))
        return -1;
    if (!c)
        return s3_fail_malformed_xml(req);
    if (check_id(req, S3_DOC_ANALYTICS, in->Id, c->Id) || check_analytics(req, c))
        return -1;
    req->response.status = 204;
    return s3_kept_put_one(req, &t.bucket, S3_DOC_ANALYTICS, in->Id, c);
}

int s3_delete_bucket_analytics(struct request *req,
                               const struct s3_DeleteBucketAnalyticsConfigurationRequest *in,
                               struct s3_DeleteBucketAnalyticsConfigurationOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutAnalyticsConfiguration", &t))
        return -1;
    return s3_kept_delete_one(req, &t.bucket, S3_DOC_ANALYTICS, in->Id);
}

int s3_list_bucket_analytics(struct request *req,
                             const struct s3_ListBucketAnalyticsConfigurationsRequest *in,
                             struct s3_ListBucketAnalyticsConfigurationsOutput *out)
{
    struct any_list items;
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetAnalyticsConfiguration",
                      &t) ||
        list_page(req, &t.bucket, S3_DOC_ANALYTICS, in->ContinuationToken,
                  sizeof(struct s3_AnalyticsConfiguration), &items,
                  (struct page_members){&out->IsTruncated, &out->ContinuationToken,
                                        &out->NextContinuationToken}))
        return -1;
    if (items.count) {
        out->AnalyticsConfigurationList.items = items.items;
        out->AnalyticsConfigurationList.count = items.count;
    }
    return 0;
}

/* --- metrics --- */

int s3_get_bucket_metrics(struct request *req,
                          const struct s3_GetBucketMetricsConfigurationRequest *in,
                          struct s3_GetBucketMetricsConfigurationOutput *out)
{
    struct s3_target t;

    out->MetricsConfiguration = ARENA_NEW(&req->arena, struct s3_MetricsConfiguration);
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetMetricsConfiguration", &t))
        return -1;
    return s3_kept_get_one(req, &t.bucket, S3_DOC_METRICS, in->Id, out->MetricsConfiguration);
}

int s3_put_bucket_metrics(struct request *req,
                          const struct s3_PutBucketMetricsConfigurationRequest *in,
                          struct s3_PutBucketMetricsConfigurationOutput *out)
{
    const struct s3_MetricsConfiguration *c = in->MetricsConfiguration;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutMetricsConfiguration", &t))
        return -1;
    if (!c)
        return s3_fail_malformed_xml(req);
    if (check_id(req, S3_DOC_METRICS, in->Id, c->Id) || check_metrics(req, c))
        return -1;
    req->response.status = 204;
    return s3_kept_put_one(req, &t.bucket, S3_DOC_METRICS, in->Id, c);
}

int s3_delete_bucket_metrics(struct request *req,
                             const struct s3_DeleteBucketMetricsConfigurationRequest *in,
                             struct s3_DeleteBucketMetricsConfigurationOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutMetricsConfiguration", &t))
        return -1;
    return s3_kept_delete_one(req, &t.bucket, S3_DOC_METRICS, in->Id);
}

int s3_list_bucket_metrics(struct request *req,
                           const struct s3_ListBucketMetricsConfigurationsRequest *in,
                           struct s3_ListBucketMetricsConfigurationsOutput *out)
{
    struct any_list items;
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetMetricsConfiguration", &t) ||
        list_page(req, &t.bucket, S3_DOC_METRICS, in->ContinuationToken,
                  sizeof(struct s3_MetricsConfiguration), &items,
                  (struct page_members){&out->IsTruncated, &out->ContinuationToken,
                                        &out->NextContinuationToken}))
        return -1;
    if (items.count) {
        out->MetricsConfigurationList.items = items.items;
        out->MetricsConfigurationList.count = items.count;
    }
    return 0;
}

/* --- tiering --- */

int s3_get_bucket_tiering(struct request *req,
                          const struct s3_GetBucketIntelligentTieringConfigurationRequest *in,
                          struct s3_GetBucketIntelligentTieringConfigurationOutput *out)
{
    struct s3_target t;

    out->IntelligentTieringConfiguration =
        ARENA_NEW(&req->arena, struct s3_IntelligentTieringConfiguration);
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner,
                      "s3:GetIntelligentTieringConfiguration", &t))
        return -1;
    return s3_kept_get_one(req, &t.bucket, S3_DOC_INTELLIGENT_TIERING, in->Id,
                           out->IntelligentTieringConfiguration);
}

int s3_put_bucket_tiering(struct request *req,
                          const struct s3_PutBucketIntelligentTieringConfigurationRequest *in,
                          struct s3_PutBucketIntelligentTieringConfigurationOutput *out)
{
    const struct s3_IntelligentTieringConfiguration *c = in->IntelligentTieringConfiguration;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner,
                      "s3:PutIntelligentTieringConfiguration", &t))
        return -1;
    if (!c)
        return s3_fail_malformed_xml(req);
    if (check_id(req, S3_DOC_INTELLIGENT_TIERING, in->Id, c->Id) || check_tiering(req, c))
        return -1;
    req->response.status = 204;
    return s3_kept_put_one(req, &t.bucket, S3_DOC_INTELLIGENT_TIERING, in->Id, c);
}

int s3_delete_bucket_tiering(struct request *req,
                             const struct s3_DeleteBucketIntelligentTieringConfigurationRequest *in,
                             struct s3_DeleteBucketIntelligentTieringConfigurationOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner,
                      "s3:PutIntelligentTieringConfiguration", &t))
        return -1;
    return s3_kept_delete_one(req, &t.bucket, S3_DOC_INTELLIGENT_TIERING, in->Id);
}

int s3_list_bucket_tiering(struct request *req,
                           const struct s3_ListBucketIntelligentTieringConfigurationsRequest *in,
                           struct s3_ListBucketIntelligentTieringConfigurationsOutput *out)
{
    struct any_list items;
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner,
                      "s3:GetIntelligentTieringConfiguration", &t) ||
        list_page(req, &t.bucket, S3_DOC_INTELLIGENT_TIERING, in->ContinuationToken,
                  sizeof(struct s3_IntelligentTieringConfiguration), &items,
                  (struct page_members){&out->IsTruncated, &out->ContinuationToken,
                                        &out->NextContinuationToken}))
        return -1;
    if (items.count) {
        out->IntelligentTieringConfigurationList.items = items.items;
        out->IntelligentTieringConfigurationList.count = items.count;
    }
    return 0;
}
