/* The code of a function, as a request brings it and as an answer points to it. */
#ifndef CADABRA_LAMBDA_PACKAGE_H
#define CADABRA_LAMBDA_PACKAGE_H

#include "handlers/lambda/state.h"

struct package_source {
    struct bytes zip;
    const char *s3_bucket;
    const char *s3_key;
    const char *image_uri;
    const char *kms_key_arn;
};

/* Keeps the package and sets f's code_id, code_sha256 and code_size; dry_run: checks it only. 0, or
 * -1 after failing the request. */
int package_add(struct request *req, const struct package_source *source, bool dry_run,
                struct lambda_function *f);

/* A URL where this server gives out the function's archive. Whoever knows it may read it, as with
 * the signed URL of AWS. */
const char *package_location(struct request *req, const struct lambda_function *f);

/* Answers GET of such a URL; false when there is no such package. */
bool package_serve(struct request *req);

#endif
