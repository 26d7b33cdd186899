/*
 * Functions: create, get, list, delete.
 */
#include "handlers/lambda/state.h"

#include "handlers/common/page_token.h"
#include "handlers/lambda/package.h"
#include "server/aws_error.h"
#include "server/base/digest.h"

enum {
    LIST_MAX = 50, /* AWS: ListFunctions never shows more */
    ALIASES_SHOWN = 20
};

struct code_list {
    struct code_list *next;
    const char *id;
};

static int refuse_unbuilt(struct request *req, const struct lambda_CreateFunctionRequest *in)
{
    if (in->PackageType && !str_eq(in->PackageType, "Zip"))
        return aws_fail_unsupported(req, "PackageType Image");
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
    if (in->CodeSigningConfigArn && lambda_check_signing(req, in->CodeSigningConfigArn) < 0)
        return -1;
    f->signing_config = in->CodeSigningConfigArn;
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
                                          .s3_version = in->Code->S3ObjectVersion,
                                          .image_uri = in->Code->ImageUri,
                                          .kms_key_arn = in->Code->SourceKMSKeyArn};

    if (check_new(req, in, &f) < 0 || package_add(req, &source, false, &f) < 0)
        return -1;
    enum store_status rc = lambda_store_add(l->store, &f);
    if (rc) {
        lambda_discard_code(l, f.code_id);
        if (rc == STORE_EXISTS)
            return lambda_fail(req, &lambda_ResourceConflictException, "Function already exist: %s",
                               f.name);
        return aws_fail_internal(req);
    }
    if (VALUE_OR(in->Publish, false) && lambda_publish(req, NULL, &f) < 0)
        return -1;
    f.qualifier = NULL; /* AWS: the answer names the function, though it shows the version */
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

/* "name:version" */
static bool read_marker(struct arena *a, const char *kind, const char *marker,
                        struct lambda_place *out)
{
    char *text = page_token_read(a, kind, marker);
    char *colon = text ? strrchr(text, ':') : NULL;

    if (!colon)
        return false;
    *colon = 0;
    *out = (struct lambda_place){.name = text, .version = strtoll(colon + 1, NULL, 10)};
    return true;
}

int lambda_list_functions(struct request *req, const struct lambda_ListFunctionsRequest *in,
                          struct lambda_ListFunctionsResponse *out)
{
    struct arena *a = &req->arena;
    struct lambda_function *functions;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    struct lambda_place after = {.name = ""};
    bool all = in->FunctionVersion && str_eq(in->FunctionVersion, "ALL");
    size_t count;

    if (in->MasterRegion && !str_eq(in->MasterRegion, "ALL") &&
        !str_eq(in->MasterRegion, req->region))
        return aws_fail_unsupported(req, "MasterRegion");
    const char *kind = all ? "ListFunctions ALL" : "ListFunctions";
    if (in->Marker && !read_marker(a, kind, in->Marker, &after))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
    /* One more than is shown tells whether there is another page. */
    if (lambda_store_list(lambda_state(req)->store, scope_of(req), all, &after, max + 1, a,
                          &functions, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > max)
        out->NextMarker = page_token_make(
            a, kind,
            arena_printf(a, "%s:%" PRId64, functions[max - 1].name, functions[max - 1].version));
    out->Functions.count = MIN(count, max);
    out->Functions.items =
        ARENA_ARRAY(a, struct lambda_FunctionConfiguration, out->Functions.count);
    for (size_t i = 0; i < out->Functions.count; i++) {
        if (all)
            functions[i].qualifier = lambda_version_text(a, functions[i].version);
        lambda_describe(req, &functions[i], true, &out->Functions.items[i]);
    }
    return 0;
}

/* Takes the aliases that keep the version from being deleted, as AWS names them. */
static int fail_aliased(struct request *req, const struct lambda_function *f)
{
    const struct lambda_alias_filter filter = {
        .function = f->name, .version = f->version, .after = ""};
    struct lambda_alias *aliases;
    const char *names = NULL;
    struct arena *a = &req->arena;
    size_t count = 0;

    if (lambda_store_alias_list(lambda_state(req)->store, scope_of(req), &filter, ALIASES_SHOWN, a,
                                &aliases, &count) != STORE_OK)
        return aws_fail_internal(req);
    for (size_t i = 0; i < count; i++)
        names = names ? arena_printf(a, "%s, %s", names, aliases[i].name) : aliases[i].name;
    if (!names)
        return lambda_fail(req, &lambda_ResourceNotFoundException, "Function not found: %s",
                           lambda_qualified_arn(a, f, f->qualifier));
    return lambda_fail(req, &lambda_ResourceConflictException,
                       "Unable to delete version because the following aliases reference it: [%s]",
                       names);
}

static int delete_version(struct request *req, const struct lambda_function *f)
{
    struct lambda *l = lambda_state(req);
    enum store_status rc =
        lambda_store_remove_version(l->store, scope_of(req), f->name, f->version);

    if (rc == STORE_NOT_FOUND)
        return fail_aliased(req, f);
    if (rc)
        return aws_fail_internal(req);
    pool_retire(l->pool, f, NULL);
    lambda_discard_code(l, f->code_id);
    provisioned_changed(l);
    return 0;
}

static void note_code(struct arena *a, const char *id, struct code_list *list)
{
    struct code_list *one;

    for (one = list->next; one && !str_eq(one->id, id); one = one->next)
        ;
    if (one)
        return;
    one = ARENA_NEW(a, struct code_list);
    *one = (struct code_list){.next = list->next, .id = id};
    list->next = one;
}

/* The packages of all versions, each once, read before they are removed. */
static int list_codes(struct request *req, const struct lambda_function *f, struct code_list *out)
{
    struct lambda_function *versions;
    int64_t after = -1;
    size_t count;

    do {
        if (lambda_store_versions(lambda_state(req)->store, scope_of(req), f->name, after, LIST_MAX,
                                  &req->arena, &versions, &count) != STORE_OK)
            return aws_fail_internal(req);
        for (size_t i = 0; i < count; i++) {
            after = versions[i].version;
            note_code(&req->arena, versions[i].code_id, out);
        }
    } while (count == LIST_MAX);
    return 0;
}

int lambda_delete_function(struct request *req, const struct lambda_DeleteFunctionRequest *in,
                           struct lambda_DeleteFunctionResponse *out)
{
    struct lambda *l = lambda_state(req);
    struct code_list codes = {0};
    struct lambda_function f;

    if (lambda_resolve(req, in->FunctionName, in->Qualifier, &f) < 0)
        return -1;
    out->StatusCode = SOME_INT(204);
    if (f.qualifier && f.version == 0)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "$LATEST version cannot be deleted without deleting the function.");
    if (f.qualifier && lambda_version_number(f.qualifier) < 0)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Deletion of aliases is not currently supported.");
    if (f.qualifier)
        return delete_version(req, &f);
    if (list_codes(req, &f, &codes) < 0)
        return -1;
    enum store_status rc = lambda_store_remove(l->store, scope_of(req), f.name);
    if (rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_ResourceNotFoundException, "Function not found: %s",
                           lambda_function_arn(&req->arena, &f));
    if (rc)
        return aws_fail_internal(req);
    pool_retire(l->pool, &f, NULL);
    for (const struct code_list *c = codes.next; c; c = c->next)
        lambda_discard_code(l, c->id);
    provisioned_changed(l);
    return 0;
}
