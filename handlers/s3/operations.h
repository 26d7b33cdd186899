/* The operations of S3, by resource.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html */
#ifndef CADABRA_S3_OPERATIONS_H
#define CADABRA_S3_OPERATIONS_H

#include "handlers/s3/state.h"

#define S3_OPERATION(function, operation)                                                          \
    int function(struct request *req, const struct s3_##operation##Request *in,                    \
                 struct s3_##operation##Output *out)

/* bucket.c */
S3_OPERATION(s3_create_bucket, CreateBucket);
S3_OPERATION(s3_head_bucket, HeadBucket);
S3_OPERATION(s3_list_buckets, ListBuckets);
S3_OPERATION(s3_delete_bucket, DeleteBucket);
S3_OPERATION(s3_get_bucket_location, GetBucketLocation);
S3_OPERATION(s3_get_bucket_versioning, GetBucketVersioning);
S3_OPERATION(s3_put_bucket_versioning, PutBucketVersioning);

/* put_object.c */
S3_OPERATION(s3_put_object, PutObject);
int s3_precheck(struct request *req);

/* get_object.c */
S3_OPERATION(s3_get_object, GetObject);
S3_OPERATION(s3_head_object, HeadObject);

/* delete_object.c */
S3_OPERATION(s3_delete_object, DeleteObject);
S3_OPERATION(s3_delete_objects, DeleteObjects);

/* list_objects.c */
S3_OPERATION(s3_list_objects, ListObjects);
S3_OPERATION(s3_list_objects_v2, ListObjectsV2);
S3_OPERATION(s3_list_object_versions, ListObjectVersions);

/* copy_object.c */
S3_OPERATION(s3_copy_object, CopyObject);

/* attributes.c */
S3_OPERATION(s3_get_object_attributes, GetObjectAttributes);
S3_OPERATION(s3_restore_object, RestoreObject);
S3_OPERATION(s3_rename_object, RenameObject);

/* object_encryption.c */
int s3_update_object_encryption(struct request *req,
                                const struct s3_UpdateObjectEncryptionRequest *in,
                                struct s3_UpdateObjectEncryptionResponse *out);

/* multipart.c */
S3_OPERATION(s3_create_multipart_upload, CreateMultipartUpload);
S3_OPERATION(s3_abort_multipart_upload, AbortMultipartUpload);
S3_OPERATION(s3_list_multipart_uploads, ListMultipartUploads);
S3_OPERATION(s3_list_parts, ListParts);

/* upload_part.c */
S3_OPERATION(s3_upload_part, UploadPart);
S3_OPERATION(s3_upload_part_copy, UploadPartCopy);

/* complete.c */
S3_OPERATION(s3_complete_multipart_upload, CompleteMultipartUpload);

/* tagging.c */
S3_OPERATION(s3_get_object_tagging, GetObjectTagging);
S3_OPERATION(s3_put_object_tagging, PutObjectTagging);
S3_OPERATION(s3_delete_object_tagging, DeleteObjectTagging);

/* lock.c */
S3_OPERATION(s3_get_object_lock_configuration, GetObjectLockConfiguration);
S3_OPERATION(s3_put_object_lock_configuration, PutObjectLockConfiguration);
S3_OPERATION(s3_get_object_retention, GetObjectRetention);
S3_OPERATION(s3_put_object_retention, PutObjectRetention);
S3_OPERATION(s3_get_object_legal_hold, GetObjectLegalHold);
S3_OPERATION(s3_put_object_legal_hold, PutObjectLegalHold);

#endif
