/*
 * What configures a bucket, as the operations on buckets and objects use it.
 */
#ifndef CADABRA_S3_CONFIGURATION_H
#define CADABRA_S3_CONFIGURATION_H

#include "handlers/s3/state.h"

enum { S3_NEW_DOCUMENTS_MAX = 8 };

/* The documents that a new bucket begins with, by its request: tags, ACL, ownership. At most
 * S3_NEW_DOCUMENTS_MAX; 0, or -1 after failing the request. */
int s3_new_bucket_documents(struct request *req, const struct s3_CreateBucketRequest *in,
                            struct s3_document_in *out, size_t *out_count);

struct s3_encryption {
    const char *algorithm; /* AES256, aws:kms, aws:kms:dsse */
    const char *kms_key;   /* NULL: the account's own */
    bool bucket_key;
};

/* What new objects are encrypted with when nobody says. */
enum store_status s3_bucket_encryption(struct app *app, struct arena *a,
                                       const struct s3_bucket *bucket, struct s3_encryption *out);

/* x-amz-expiration of an object, by the bucket's lifecycle; NULL: none. */
const char *s3_expiration(struct request *req, const struct s3_bucket *bucket,
                          const struct s3_object *object);

#endif
