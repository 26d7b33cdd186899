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

#endif
