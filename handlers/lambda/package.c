/*
 * A package's id is 128 random bits and is shown nowhere but in its URL, which therefore needs no
 * signature.
 */
#include "handlers/lambda/package.h"

#include "server/aws_error.h"

#define LOCATION_PATH "/_cadabra/lambda/code/"

static int fail_verdict(struct request *req, enum zip_verdict verdict)
{
    switch (verdict) {
    case ZIP_EMPTY:
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Uploaded file must be a non-empty zip");
    case ZIP_TOO_LARGE:
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Unzipped size must be smaller than %d bytes", CODE_UNZIPPED_MAX);
    case ZIP_MALFORMED:
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Could not unzip uploaded file. Please check your file, then try to "
                           "upload again.");
    default:
        return aws_fail_internal(req);
    }
}

int package_add(struct request *req, const struct package_source *source, bool dry_run,
                struct lambda_function *f)
{
    struct lambda *l = lambda_state(req);
    struct code_package *package = ARENA_NEW(&req->arena, struct code_package);

    if (source->image_uri)
        return aws_fail_unsupported(req, "ImageUri");
    if (source->kms_key_arn)
        return aws_fail_unsupported(req, "SourceKMSKeyArn");
    if (source->s3_bucket || source->s3_key)
        return aws_fail_unsupported(req, "S3Bucket");
    if (!source->zip.data)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Please provide a source for function code.");
    enum zip_verdict verdict = dry_run ? code_check(l->code, source->zip, &req->arena, package)
                                       : code_add(l->code, source->zip, &req->arena, package);
    if (verdict != ZIP_FINE)
        return fail_verdict(req, verdict);
    f->code_id = package->id;
    f->code_sha256 = package->sha256;
    f->code_size = package->size;
    return 0;
}

const char *package_location(struct request *req, const struct lambda_function *f)
{
    const char *host = request_header(req, "Host");

    if (host)
        return arena_printf(&req->arena, "http://%s" LOCATION_PATH "%s", host, f->code_id);
    return arena_printf(&req->arena, "http://127.0.0.1:%u" LOCATION_PATH "%s", req->app->port,
                        f->code_id);
}

bool package_serve(struct request *req)
{
    struct lambda *l = lambda_state(req);
    struct response *response = &req->response;
    int64_t size;
    int fd;

    if (!str_starts(req->path, LOCATION_PATH) || !str_eq(req->method, "GET") ||
        code_archive(l->code, req->path + strlen(LOCATION_PATH), &fd, &size) != STORE_OK)
        return false;
    response->status = 200;
    response->kind = BODY_FILE;
    response->file = fd;
    response->file_offset = 0;
    response->file_length = size;
    response_header(req, "Content-Type", "application/zip");
    return true;
}
