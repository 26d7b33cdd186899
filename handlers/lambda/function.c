/*
 * Functions: create, get, list, delete.
 */
#include "handlers/lambda/state.h"

#include "handlers/common/page_token.h"
#include "handlers/lambda/package.h"
#include "server/aws_error.h"
#include "server/base/digest.h"

enum { LIST_MAX = 50 }; /* AWS: ListFunctions never shows more */

static int refuse_unbuilt(struct request *req, const struct lambda_CreateFunctionRequest *in)
{
    if (in->PackageType && !str_eq(in->PackageType, "Zip"))
        return aws_fail_unsupported(req, "PackageType Image");
    if (VALUE_OR(in->Publish, false))
        return aws_fail_unsupported(req, "Publish");
    if (in->CodeSigningConfigArn)
        return aws_fail_unsupported(req, "CodeSigningConfigArn");
    if (in->PublishTo)
        return aws_fail_unsupported(req, "PublishTo");
    if (in->TenancyConfig)
        return aws_fail_unsupported(req, "TenancyConfig");
    return 0;
}

static int apply_settings(struct request *req, const struct lambda_CreateFunctionRequest *in,
                          struct lambda_function *f)
{
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

    return lambda_apply_settings(req, &settings, f);
}

static struct lambda_function defaults(struct request *req)
{
    char *revision = arena_alloc(&req->arena, 37);

    uuid_v4(revision);
    return (struct lambda_function){
        .account = req->account,
        .region = req->region,
        .description = "",
        .timeout_s = 3,
        .memory_mb = 128,
        .ephemeral_mb = 512,
        .architecture = "x86_64",
        .tracing = "PassThrough",
        .reserved = -1,
        .revision = revision,
        .modified_ms = clock_now_ms(&req->app->clock),
    };
}

static int check_new(struct request *req, const struct lambda_CreateFunctionRequest *in,
                     struct lambda_function *f)
{
    struct lambda_function existing;

    f->name = lambda_resolve_name(req, in->FunctionName, NULL);
    if (!f->name || refuse_unbuilt(req, in) < 0)
        return -1;
    if (strlen(f->name) > 64)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "1 validation error detected: Value '%s' at 'functionName' failed to "
                           "satisfy constraint: Member must have length less than or equal to 64",
                           in->FunctionName);
    if (!in->Runtime || !in->Handler)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Runtime and Handler are mandatory parameters for functions created "
                           "with deployment packages.");
    if (in->Architectures.count)
        f->architecture = in->Architectures.items[0];
    f->tags = lambda_tags_json(req, &in->Tags);
    if (!f->tags || apply_settings(req, in, f) < 0)
        return -1;
    /* Before the package is unpacked for nothing. */
    enum store_status rc =
        lambda_store_find(lambda_state(req)->store, scope_of(req), f->name, &req->arena, &existing);
    if (!rc)
        return lambda_fail(req, &lambda_ResourceConflictException, "Function already exist: %s",
                           f->name);
    return rc == STORE_NOT_FOUND ? 0 : aws_fail_internal(req);
}

int lambda_create_function(struct request *req, const struct lambda_CreateFunctionRequest *in,
                           struct lambda_FunctionConfiguration *out)
{
    struct lambda *l = lambda_state(req);
    struct lambda_function f = defaults(req);
    const struct package_source source = {.zip = in->Code->ZipFile,
                                          .s3_bucket = in->Code->S3Bucket,
                                          .s3_key = in->Code->S3Key,
                                          .image_uri = in->Code->ImageUri,
                                          .kms_key_arn = in->Code->SourceKMSKeyArn};

    if (check_new(req, in, &f) < 0 || package_add(req, &source, false, &f) < 0)
        return -1;
    enum store_status rc = lambda_store_add(l->store, &f);
    if (rc) {
        code_remove(l->code, f.code_id);
        if (rc == STORE_EXISTS)
            return lambda_fail(req, &lambda_ResourceConflictException, "Function already exist: %s",
                               f.name);
        return aws_fail_internal(req);
    }
    lambda_describe(req, &f, false, out);
    return 0;
}

int lambda_get_function(struct request *req, const struct lambda_GetFunctionRequest *in,
                        struct lambda_GetFunctionResponse *out)
{
    struct arena *a = &req->arena;
    struct lambda_function f;

    if (lambda_resolve(req, in->FunctionName, in->Qualifier, &f) < 0)
        return -1;
    out->Configuration = ARENA_NEW(a, struct lambda_FunctionConfiguration);
    lambda_describe(req, &f, false, out->Configuration);
    out->Code = ARENA_NEW(a, struct lambda_FunctionCodeLocation);
    out->Code->RepositoryType = "S3";
    out->Code->Location = package_location(req, &f);
    out->Tags = lambda_tags_from_json(a, f.tags);
    if (!out->Tags.count)
        out->Tags.items = NULL; /* AWS: left out when there are none */
    if (f.reserved >= 0) {
        out->Concurrency = ARENA_NEW(a, struct lambda_Concurrency);
        out->Concurrency->ReservedConcurrentExecutions = SOME_INT(f.reserved);
    }
    return 0;
}

int lambda_get_function_configuration(struct request *req,
                                      const struct lambda_GetFunctionConfigurationRequest *in,
                                      struct lambda_FunctionConfiguration *out)
{
    struct lambda_function f;

    if (lambda_resolve(req, in->FunctionName, in->Qualifier, &f) < 0)
        return -1;
    lambda_describe(req, &f, false, out);
    return 0;
}

int lambda_list_functions(struct request *req, const struct lambda_ListFunctionsRequest *in,
                          struct lambda_ListFunctionsResponse *out)
{
    struct arena *a = &req->arena;
    struct lambda_function *functions;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    const char *after = "";
    size_t count;

    if (in->MasterRegion && !str_eq(in->MasterRegion, "ALL") &&
        !str_eq(in->MasterRegion, req->region))
        return aws_fail_unsupported(req, "MasterRegion");
    if (in->Marker && !(after = page_token_read(a, "ListFunctions", in->Marker)))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
    /* One more than is shown tells whether there is another page. FunctionVersion ALL shows the
     * same: $LATEST is the only version. */
    if (lambda_store_list(lambda_state(req)->store, scope_of(req), after, max + 1, a, &functions,
                          &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > max)
        out->NextMarker = page_token_make(a, "ListFunctions", functions[max - 1].name);
    out->Functions.count = MIN(count, max);
    out->Functions.items =
        ARENA_ARRAY(a, struct lambda_FunctionConfiguration, out->Functions.count);
    for (size_t i = 0; i < out->Functions.count; i++)
        lambda_describe(req, &functions[i], true, &out->Functions.items[i]);
    return 0;
}

int lambda_list_versions_by_function(struct request *req,
                                     const struct lambda_ListVersionsByFunctionRequest *in,
                                     struct lambda_ListVersionsByFunctionResponse *out)
{
    struct lambda_function f;

    if (lambda_resolve(req, in->FunctionName, NULL, &f) < 0)
        return -1;
    if (in->Marker)
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
    out->Versions.items = ARENA_NEW(&req->arena, struct lambda_FunctionConfiguration);
    out->Versions.count = 1;
    lambda_describe(req, &f, true, out->Versions.items);
    out->Versions.items[0].FunctionArn =
        arena_printf(&req->arena, "%s:$LATEST", out->Versions.items[0].FunctionArn);
    return 0;
}

int lambda_delete_function(struct request *req, const struct lambda_DeleteFunctionRequest *in,
                           struct lambda_DeleteFunctionResponse *out)
{
    struct lambda *l = lambda_state(req);
    struct lambda_function f;

    if (lambda_resolve(req, in->FunctionName, in->Qualifier, &f) < 0)
        return -1;
    if (in->Qualifier)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "$LATEST version cannot be deleted without deleting the function.");
    enum store_status rc = lambda_store_remove(l->store, scope_of(req), f.name);
    if (rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_ResourceNotFoundException, "Function not found: %s",
                           lambda_function_arn(&req->arena, &f));
    if (rc)
        return aws_fail_internal(req);
    pool_retire(l->pool, &f, NULL);
    pool_discard_code(l->pool, f.code_id);
    out->StatusCode = SOME_INT(204);
    return 0;
}
