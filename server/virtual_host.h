/*
 * S3's other way to name a bucket: by the host. bucket.s3.amazonaws.com, bucket.s3.<region>....,
 * bucket.s3.localhost.localstack.cloud, bucket.localhost, and bucket.<a name given by
 * --allow-host>. https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
#ifndef CADABRA_VIRTUAL_HOST_H
#define CADABRA_VIRTUAL_HOST_H

#include "server/auth/auth.h"
#include "server/net/request.h"

/* Puts the bucket before the path (request_resource()) of a request that is for S3 or unsigned, and
 * comes to such a name. Others are left as they are. */
void virtual_host_apply(struct request *req, const struct auth_result *auth);

/* The bucket's part of a host without its port, at its beginning; 0: there is none. `own` may hold
 * further names below which buckets stand; count 0: none. */
size_t virtual_host_bucket(const char *host, size_t len, const char *const *own, size_t count);

/* True when the host is that of a bucket's website: bucket.s3-website.localhost,
 * bucket.s3-website-us-east-1.amazonaws.com. Its requests are no operations. */
bool virtual_host_is_website(const struct request *req);

#endif
