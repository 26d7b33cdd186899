/*
 * Packages that lie in an S3 bucket.
 */
#include "handlers/lambda/package.h"

#include "handlers/s3/s3.h"
#include "server/aws_error.h"

static void free_bytes(void *bytes)
{
    free(bytes);
}

static int read_all(struct request *req, struct s3_object_reader *r, struct bytes *out)
{
    int64_t size = s3_read_size(r);

    if (size > CODE_UNZIPPED_MAX)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Unzipped size must be smaller than %d bytes", CODE_UNZIPPED_MAX);
    uint8_t *data = x_malloc((size_t)size + 1);
    arena_defer(&req->arena, free_bytes, data);
    for (int64_t at = 0; at < size;) {
        ssize_t n = s3_read(r, data + at, (size_t)(size - at), at);

        if (n <= 0)
            return aws_fail_internal(req);
        at += n;
    }
    *out = (struct bytes){.data = data, .len = (size_t)size};
    return 0;
}

int package_fetch(struct request *req, const struct package_source *source, struct bytes *out)
{
    struct s3_object_reader *r;

    if (s3_bucket_exists(req->app, req->account, source->s3_bucket) == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error "
                           "Message: The specified bucket does not exist");
    enum store_status rc = s3_read_open(req->app, req->account, source->s3_bucket, source->s3_key,
                                        source->s3_version, &r);
    if (rc == STORE_NOT_FOUND || rc == STORE_CONFLICT)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: "
                           "%s",
                           rc == STORE_CONFLICT ? "InvalidRequest" : "NoSuchKey",
                           rc == STORE_CONFLICT ? "The object was stored using a form of Server "
                                                  "Side Encryption."
                                                : "The specified key does not exist.");
    if (rc)
        return aws_fail_internal(req);
    int result = read_all(req, r, out);
    s3_read_close(r);
    return result;
}
