/* The code of a function or a layer, as a request brings it and as an answer points to it. */
#ifndef CADABRA_LAMBDA_PACKAGE_H
#define CADABRA_LAMBDA_PACKAGE_H

#include "handlers/lambda/state.h"

struct package_source {
    struct bytes zip;
    const char *s3_bucket; /* "hot-reload": s3_key is a folder of this machine */
    const char *s3_key;
    const char *s3_version;
    const char *image_uri;
    const char *kms_key_arn;
    bool is_layer; /* a folder of the machine can be none */
};

/* Keeps the package and sets f's code_id, code_sha256, code_size and hot_path; dry_run: checks it
 * only. 0, or -1 after failing the request. */
int package_add(struct request *req, const struct package_source *source, bool dry_run,
                struct lambda_function *f);

/* package_s3.c: the object as bytes of the request's life. 0, or -1 after failing. */
int package_fetch(struct request *req, const struct package_source *source, struct bytes *out);

/* A URL where this server gives out the archive of that id. Whoever knows it may read it, as with
 * the signed URL of AWS. */
const char *package_url(struct request *req, const char *code_id);
/* The function's; for code of a folder, that folder as a file: URL. */
const char *package_location(struct request *req, const struct lambda_function *f);

/* Answers GET of such a URL; false when there is no such package. */
bool package_serve(struct request *req);

#endif
