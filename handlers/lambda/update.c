/*
 * Changing a function: its code, its settings. Each change makes a new revision; sandboxes of older
 * ones finish what they are at and end.
 */
#include "handlers/lambda/state.h"

#include "handlers/lambda/package.h"
#include "server/aws_error.h"
#include "server/base/digest.h"

static int check_revision(struct request *req, const char *wanted, const struct lambda_function *f)
{
    if (!wanted || str_eq(wanted, f->revision))
        return 0;
    return lambda_fail(req, &lambda_PreconditionFailedException,
                       "The RevisionId provided does not match the latest RevisionId. Call the "
                       "GetFunction/GetAlias API to retrieve the latest RevisionId");
}

/* Stores the changed function under a new revision. */
static int replace(struct request *req, struct lambda_function *f)
{
    const char *expected = f->revision;
    char *revision = arena_alloc(&req->arena, 37);

    uuid_v4(revision);
    f->revision = revision;
    f->modified_ms = clock_now_ms(&req->app->clock);
    switch (lambda_store_replace(lambda_state(req)->store, f, expected)) {
    case STORE_OK:
        pool_retire(lambda_state(req)->pool, f, f->revision);
        return 0;
    case STORE_CONFLICT:
        return lambda_fail(req, &lambda_ResourceConflictException,
                           "The operation cannot be performed at this time. An update is in "
                           "progress for resource: %s",
                           lambda_function_arn(&req->arena, f));
    case STORE_NOT_FOUND:
        return lambda_fail(req, &lambda_ResourceNotFoundException, "Function not found: %s",
                           lambda_function_arn(&req->arena, f));
    default:
        return aws_fail_internal(req);
    }
}

int lambda_update_function_code(struct request *req,
                                const struct lambda_UpdateFunctionCodeRequest *in,
                                struct lambda_FunctionConfiguration *out)
{
    struct lambda *l = lambda_state(req);
    bool dry_run = VALUE_OR(in->DryRun, false);
    struct lambda_function f;
    const struct package_source source = {.zip = in->ZipFile,
                                          .s3_bucket = in->S3Bucket,
                                          .s3_key = in->S3Key,
                                          .s3_version = in->S3ObjectVersion,
                                          .image_uri = in->ImageUri,
                                          .kms_key_arn = in->SourceKMSKeyArn};

    if (in->PublishTo)
        return aws_fail_unsupported(req, "PublishTo");
    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0 ||
        check_revision(req, in->RevisionId, &f) < 0)
        return -1;
    const char *old_code = f.code_id;
    if (in->Architectures.count)
        f.architecture = in->Architectures.items[0];
    if (package_add(req, &source, dry_run, &f) < 0)
        return -1;
    if (!dry_run && replace(req, &f) < 0) {
        lambda_discard_code(l, f.code_id);
        return -1;
    }
    if (!dry_run)
        lambda_discard_code(l, old_code);
    if (!dry_run && VALUE_OR(in->Publish, false) && lambda_publish(req, NULL, &f) < 0)
        return -1;
    lambda_describe(req, &f, false, out);
    return 0;
}

int lambda_update_function_configuration(struct request *req,
                                         const struct lambda_UpdateFunctionConfigurationRequest *in,
                                         struct lambda_FunctionConfiguration *out)
{
    struct lambda_function f;
    const struct lambda_settings settings = {
        .Runtime = in->Runtime,
        .Role = in->Role,
        .Handler = in->Handler,
        .Description = in->Description,
        .Timeout = in->Timeout,
        .MemorySize = in->MemorySize,
        .VpcConfig = in->VpcConfig,
        .Environment = in->Environment,
        .DeadLetterConfig = in->DeadLetterConfig,
        .KMSKeyArn = in->KMSKeyArn,
        .TracingConfig = in->TracingConfig,
        .Layers = in->Layers,
        .FileSystemConfigs = in->FileSystemConfigs,
        .ImageConfig = in->ImageConfig,
        .EphemeralStorage = in->EphemeralStorage,
        .SnapStart = in->SnapStart,
        .LoggingConfig = in->LoggingConfig,
        .CapacityProviderConfig = in->CapacityProviderConfig,
        .DurableConfig = in->DurableConfig,
    };

    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0 ||
        check_revision(req, in->RevisionId, &f) < 0 ||
        lambda_apply_settings(req, &settings, &f) < 0 || replace(req, &f) < 0)
        return -1;
    lambda_describe(req, &f, false, out);
    return 0;
}
