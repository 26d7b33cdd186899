/* What S3 makes of a request before its body comes. */
#ifndef CADABRA_S3_BEGIN_H
#define CADABRA_S3_BEGIN_H

#include "handlers/s3/state.h"

/* The service's begin: headers that a presigned URL carries in its query, numbers in the query, and
 * the way of the body. */
int s3_begin(struct request *req);

/* Bucket and key by the path, decoded; false when there is no key or a broken escape. */
bool s3_resource(struct request *req, const char **out_bucket, const char **out_key);

/* What must stand in path, query and headers does: then handlers may rely on it. What is missing in
 * a document, they see to. 0, or -1 after failing. */
int s3_check_required(struct request *req, const void *in);

#endif
