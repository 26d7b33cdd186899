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

#endif
