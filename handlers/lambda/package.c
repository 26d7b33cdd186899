/*
 * A package's id is 128 random bits and is shown nowhere but in its URL, which therefore needs no
 * signature.
 */
#include "handlers/lambda/package.h"

#include <sys/stat.h>

#include "server/aws_error.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

enum { ZIPPED_MAX = 50 * 1024 * 1024 };

#define LOCATION_PATH "/_cadabra/lambda/code/"
#define HOT_BUCKET "hot-reload"

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

/* A folder of this machine: read when the function starts, and again when a file in it changes. */
static int add_folder(struct request *req, const char *path, struct lambda_function *f)
{
    char *digest = arena_alloc(&req->arena, BASE64_LEN(SHA256_LEN) + 1);
    uint8_t bytes[SHA256_LEN];
    struct stat st;

    if (path[0] != '/' || stat(path, &st) < 0 || !S_ISDIR(st.st_mode) || access(path, R_OK | X_OK))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "S3Bucket " HOT_BUCKET " takes an absolute path of a readable folder of "
                           "this machine as S3Key; '%s' is none.",
                           path);
    sha256(path, strlen(path), bytes);
    base64_encode(bytes, sizeof(bytes), digest);
    f->code_id = "";
    f->hot_path = path;
    f->code_sha256 = digest;
    f->code_size = 0;
    return 0;
}

static int check_source(struct request *req, const struct package_source *source)
{
    if (source->image_uri)
        return aws_fail_unsupported(req, "ImageUri");
    if (source->kms_key_arn)
        return aws_fail_unsupported(req, "SourceKMSKeyArn");
    if (source->zip.data && source->s3_bucket)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Please do not provide other FunctionCode parameters when providing a "
                           "ZipFile.");
    if (!source->zip.data && (!source->s3_bucket || !source->s3_key))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Please provide a source for function code.");
    return 0;
}

int package_add(struct request *req, const struct package_source *source, bool dry_run,
                struct lambda_function *f)
{
    struct lambda *l = lambda_state(req);
    struct code_package *package = ARENA_NEW(&req->arena, struct code_package);
    struct bytes zip = source->zip;

    if (check_source(req, source) < 0)
        return -1;
    f->hot_path = NULL;
    if (source->s3_bucket && str_eq(source->s3_bucket, HOT_BUCKET) && !source->is_layer)
        return add_folder(req, source->s3_key, f);
    if (source->s3_bucket && package_fetch(req, source, &zip) < 0)
        return -1;
    /* AWS: from a bucket it may be larger. */
    if (!source->s3_bucket && zip.len > ZIPPED_MAX)
        return lambda_fail(req, &lambda_too_large, "Zipped size must be smaller than %d bytes",
                           ZIPPED_MAX);
    enum zip_verdict verdict = dry_run ? code_check(l->code, zip, &req->arena, package)
                                       : code_add(l->code, zip, &req->arena, package);
    if (verdict != ZIP_FINE)
        return fail_verdict(req, verdict);
    f->code_id = package->id;
    f->code_sha256 = package->sha256;
    f->code_size = package->size;
    return 0;
}

const char *package_url(struct request *req, const char *code_id)
{
    const char *host = request_header(req, "Host");

    if (host)
        return arena_printf(&req->arena, "http://%s" LOCATION_PATH "%s", host, code_id);
    return arena_printf(&req->arena, "http://127.0.0.1:%u" LOCATION_PATH "%s", req->app->port,
                        code_id);
}

const char *package_location(struct request *req, const struct lambda_function *f)
{
    if (f->hot_path)
        return arena_printf(&req->arena, "file://%s", f->hot_path);
    return package_url(req, f->code_id);
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
