/*
 * Packages that lie in an S3 bucket.
 */
#include "handlers/lambda/package.h"

#include "server/aws_error.h"

int package_fetch(struct request *req, const struct package_source *source, struct bytes *out)
{
    (void)source;
    (void)out;
    return aws_fail_unsupported(req, "S3Bucket");
}
