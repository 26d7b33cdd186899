/* S3 as the server sees it. */
#include "handlers/s3/begin.h"
#include "handlers/s3/lifecycle_run.h"
#include "handlers/s3/other.h"
#include "handlers/s3/rules.h"
#include "handlers/s3/select_parquet.h"
#include "handlers/s3/state.h"

static const struct s3_handlers handlers = {
    .AbortMultipartUpload = s3_abort_multipart_upload,
    .CompleteMultipartUpload = s3_complete_multipart_upload,
    .CopyObject = s3_copy_object,
    .CreateBucket = s3_create_bucket,
    .CreateMultipartUpload = s3_create_multipart_upload,
    .DeleteBucket = s3_delete_bucket,
    .DeleteBucketAnalyticsConfiguration = s3_delete_bucket_analytics,
    .DeleteBucketCors = s3_delete_bucket_cors,
    .DeleteBucketEncryption = s3_delete_bucket_encryption,
    .DeleteBucketIntelligentTieringConfiguration = s3_delete_bucket_tiering,
    .DeleteBucketInventoryConfiguration = s3_delete_bucket_inventory,
    .DeleteBucketLifecycle = s3_delete_bucket_lifecycle,
    .DeleteBucketMetricsConfiguration = s3_delete_bucket_metrics,
    .DeleteBucketOwnershipControls = s3_delete_bucket_ownership_controls,
    .DeleteBucketPolicy = s3_delete_bucket_policy,
    .DeleteBucketReplication = s3_delete_bucket_replication,
    .DeleteBucketTagging = s3_delete_bucket_tagging,
    .DeleteBucketWebsite = s3_delete_bucket_website,
    .DeleteObject = s3_delete_object,
    .DeleteObjectTagging = s3_delete_object_tagging,
    .DeleteObjects = s3_delete_objects,
    .DeletePublicAccessBlock = s3_delete_public_access_block,
    .GetBucketAbac = s3_get_bucket_abac,
    .GetBucketAccelerateConfiguration = s3_get_bucket_accelerate,
    .GetBucketAcl = s3_get_bucket_acl,
    .GetBucketAnalyticsConfiguration = s3_get_bucket_analytics,
    .GetBucketCors = s3_get_bucket_cors,
    .GetBucketEncryption = s3_get_bucket_encryption,
    .GetBucketIntelligentTieringConfiguration = s3_get_bucket_tiering,
    .GetBucketInventoryConfiguration = s3_get_bucket_inventory,
    .GetBucketLifecycleConfiguration = s3_get_bucket_lifecycle,
    .GetBucketLocation = s3_get_bucket_location,
    .GetBucketLogging = s3_get_bucket_logging,
    .GetBucketMetricsConfiguration = s3_get_bucket_metrics,
    .GetBucketNotificationConfiguration = s3_get_bucket_notification,
    .GetBucketOwnershipControls = s3_get_bucket_ownership_controls,
    .GetBucketPolicy = s3_get_bucket_policy,
    .GetBucketPolicyStatus = s3_get_bucket_policy_status,
    .GetBucketReplication = s3_get_bucket_replication,
    .GetBucketRequestPayment = s3_get_bucket_request_payment,
    .GetBucketTagging = s3_get_bucket_tagging,
    .GetBucketVersioning = s3_get_bucket_versioning,
    .GetBucketWebsite = s3_get_bucket_website,
    .GetObject = s3_get_object,
    .GetObjectAcl = s3_get_object_acl,
    .GetObjectAttributes = s3_get_object_attributes,
    .GetObjectLegalHold = s3_get_object_legal_hold,
    .GetObjectLockConfiguration = s3_get_object_lock_configuration,
    .GetObjectRetention = s3_get_object_retention,
    .GetObjectTagging = s3_get_object_tagging,
    .GetPublicAccessBlock = s3_get_public_access_block,
    .HeadBucket = s3_head_bucket,
    .HeadObject = s3_head_object,
    .ListBucketAnalyticsConfigurations = s3_list_bucket_analytics,
    .ListBucketIntelligentTieringConfigurations = s3_list_bucket_tiering,
    .ListBucketInventoryConfigurations = s3_list_bucket_inventory,
    .ListBucketMetricsConfigurations = s3_list_bucket_metrics,
    .ListBuckets = s3_list_buckets,
    .ListMultipartUploads = s3_list_multipart_uploads,
    .ListObjectVersions = s3_list_object_versions,
    .ListObjects = s3_list_objects,
    .ListObjectsV2 = s3_list_objects_v2,
    .ListParts = s3_list_parts,
    .PutBucketAbac = s3_put_bucket_abac,
    .PutBucketAccelerateConfiguration = s3_put_bucket_accelerate,
    .PutBucketAcl = s3_put_bucket_acl,
    .PutBucketAnalyticsConfiguration = s3_put_bucket_analytics,
    .PutBucketCors = s3_put_bucket_cors,
    .PutBucketEncryption = s3_put_bucket_encryption,
    .PutBucketIntelligentTieringConfiguration = s3_put_bucket_tiering,
    .PutBucketInventoryConfiguration = s3_put_bucket_inventory,
    .PutBucketLifecycleConfiguration = s3_put_bucket_lifecycle,
    .PutBucketLogging = s3_put_bucket_logging,
    .PutBucketMetricsConfiguration = s3_put_bucket_metrics,
    .PutBucketNotificationConfiguration = s3_put_bucket_notification,
    .PutBucketOwnershipControls = s3_put_bucket_ownership_controls,
    .PutBucketPolicy = s3_put_bucket_policy,
    .PutBucketReplication = s3_put_bucket_replication,
    .PutBucketRequestPayment = s3_put_bucket_request_payment,
    .PutBucketTagging = s3_put_bucket_tagging,
    .PutBucketVersioning = s3_put_bucket_versioning,
    .PutBucketWebsite = s3_put_bucket_website,
    .PutObject = s3_put_object,
    .PutObjectAcl = s3_put_object_acl,
    .PutObjectLegalHold = s3_put_object_legal_hold,
    .PutObjectLockConfiguration = s3_put_object_lock_configuration,
    .PutObjectRetention = s3_put_object_retention,
    .PutObjectTagging = s3_put_object_tagging,
    .PutPublicAccessBlock = s3_put_public_access_block,
    .RenameObject = s3_rename_object,
    .RestoreObject = s3_restore_object,
    .SelectObjectContent = s3_select_object_content,
    .UpdateObjectEncryption = s3_update_object_encryption,
    .UploadPart = s3_upload_part,
    .UploadPartCopy = s3_upload_part_copy,
};

static void *open_state(struct app *app)
{
    struct s3 *s3 = x_calloc(1, sizeof(*s3));

    s3->app = app;
    s3->store = s3_store_open(app->store);
    if (store_has(app->store, "s3"))
        s3_lifecycle_wake(s3);
    return s3;
}

static void close_state(void *state)
{
    struct s3 *s3 = state;

    s3_store_close(s3->store);
    free(s3);
}

struct s3 *s3_of(struct app *app)
{
    return service_state(app, &s3_service);
}

/* AWS checks each value in words of its own: the handlers do. */
static int validate(struct request *req, const void *in)
{
    return s3_check_required(req, in);
}

const struct service s3_service = {
    .model = &s3_model,
    .handlers = &handlers,
    .open = open_state,
    .close = close_state,
    .id_2_len = 57,
    .xml_times_with_ms = true,
    .validate = validate,
    .begin = s3_begin,
    .precheck = s3_precheck,
    .answer_other = s3_answer_other,
    .cors = s3_cors,
    .helper = select_parquet_helper,
    .body_max = (size_t)6 << 30, /* of a posted form; begin says more */
};
