/* S3 as the server sees it. */
#include "handlers/s3/begin.h"
#include "handlers/s3/operations.h"
#include "handlers/s3/state.h"

static const struct s3_handlers handlers = {
    .AbortMultipartUpload = s3_abort_multipart_upload,
    .CompleteMultipartUpload = s3_complete_multipart_upload,
    .CopyObject = s3_copy_object,
    .CreateBucket = s3_create_bucket,
    .CreateMultipartUpload = s3_create_multipart_upload,
    .DeleteBucket = s3_delete_bucket,
    .DeleteObject = s3_delete_object,
    .DeleteObjectTagging = s3_delete_object_tagging,
    .DeleteObjects = s3_delete_objects,
    .GetBucketLocation = s3_get_bucket_location,
    .GetBucketVersioning = s3_get_bucket_versioning,
    .GetObject = s3_get_object,
    .GetObjectAttributes = s3_get_object_attributes,
    .GetObjectLegalHold = s3_get_object_legal_hold,
    .GetObjectLockConfiguration = s3_get_object_lock_configuration,
    .GetObjectRetention = s3_get_object_retention,
    .GetObjectTagging = s3_get_object_tagging,
    .HeadBucket = s3_head_bucket,
    .HeadObject = s3_head_object,
    .ListBuckets = s3_list_buckets,
    .ListMultipartUploads = s3_list_multipart_uploads,
    .ListObjectVersions = s3_list_object_versions,
    .ListObjects = s3_list_objects,
    .ListObjectsV2 = s3_list_objects_v2,
    .ListParts = s3_list_parts,
    .PutBucketVersioning = s3_put_bucket_versioning,
    .PutObject = s3_put_object,
    .PutObjectLegalHold = s3_put_object_legal_hold,
    .PutObjectLockConfiguration = s3_put_object_lock_configuration,
    .PutObjectRetention = s3_put_object_retention,
    .PutObjectTagging = s3_put_object_tagging,
    .RenameObject = s3_rename_object,
    .RestoreObject = s3_restore_object,
    .UploadPart = s3_upload_part,
    .UploadPartCopy = s3_upload_part_copy,
};

static void *open_state(struct app *app)
{
    struct s3 *s3 = x_calloc(1, sizeof(*s3));

    s3->app = app;
    s3->store = s3_store_open(app->store);
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
    (void)req, (void)in;
    return 0;
}

const struct service s3_service = {
    .model = &s3_model,
    .handlers = &handlers,
    .open = open_state,
    .close = close_state,
    .id_2_header = true,
    .validate = validate,
    .begin = s3_begin,
    .precheck = s3_precheck,
    .body_max = (size_t)6 << 30, /* of a posted form; begin says more */
};
