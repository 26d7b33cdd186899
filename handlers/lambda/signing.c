/*
 * Code signing configurations: kept, and bound to functions. Nothing here checks signatures: there
 * is no signing service that could have made one.
 */
#include "handlers/lambda/state.h"

#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/common/tags.h"
#include "server/aws_error.h"
#include "server/base/digest.h"

enum { LIST_MAX = 50, ID_LEN = 17 };

static const char *arn_of(struct request *req, const char *id)
{
    return arn_make(&req->arena, "lambda", req->region, req->account, "code-signing-config:%s", id);
}

static struct lambda_CodeSigningConfig *describe(struct request *req,
                                                 const struct lambda_signing *c)
{
    struct arena *a = &req->arena;
    struct lambda_CodeSigningConfig *out = ARENA_NEW(a, struct lambda_CodeSigningConfig);
    char time[TIME_TEXT_MAX];
    size_t room = strlen(c->publishers) / 2 + 1;

    time_iso8601(c->modified_ms, false, time);
    time[strcspn(time, ".Z")] = 0;
    *out = (struct lambda_CodeSigningConfig){
        .CodeSigningConfigId = c->id,
        .CodeSigningConfigArn = arn_of(req, c->id),
        .Description = c->description,
        .AllowedPublishers = ARENA_NEW(a, struct lambda_AllowedPublishers),
        .CodeSigningPolicies = ARENA_NEW(a, struct lambda_CodeSigningPolicies),
        .LastModified = arena_printf(a, "%s.%03d+0000", time, (int)(c->modified_ms % 1000)),
    };
    out->CodeSigningPolicies->UntrustedArtifactOnDeployment = c->policy;
    out->AllowedPublishers->SigningProfileVersionArns.items = ARENA_ARRAY(a, const char *, room);
    for (const char *at = c->publishers; *at;) {
        size_t len = strcspn(at, " ");

        out->AllowedPublishers->SigningProfileVersionArns
            .items[out->AllowedPublishers->SigningProfileVersionArns.count++] =
            arena_strndup(a, at, len);
        at += len + (at[len] == ' ');
    }
    return out;
}

static void take(struct request *req, const struct lambda_AllowedPublishers *publishers,
                 const struct lambda_CodeSigningPolicies *policies, const char *description,
                 struct lambda_signing *c)
{
    if (publishers) {
        c->publishers = "";
        for (size_t i = 0; i < publishers->SigningProfileVersionArns.count; i++)
            c->publishers = arena_printf(&req->arena, "%s%s%s", c->publishers, i ? " " : "",
                                         publishers->SigningProfileVersionArns.items[i]);
    }
    if (policies && policies->UntrustedArtifactOnDeployment)
        c->policy = policies->UntrustedArtifactOnDeployment;
    if (description)
        c->description = description;
    c->modified_ms = clock_now_ms(&req->app->clock);
}

static int find(struct request *req, const char *config_arn, struct lambda_signing *out)
{
    struct arn arn;
    const char *id = arn_parse(&req->arena, config_arn, &arn)
                         ? arn_resource_after(&arn, "code-signing-config:")
                         : NULL;
    enum store_status rc = id ? lambda_store_signing_find(lambda_state(req)->store, scope_of(req),
                                                          id, &req->arena, out)
                              : STORE_NOT_FOUND;

    if (rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_ResourceNotFoundException,
                           "The Lambda code signing configuration %s can not be found.",
                           config_arn);
    return rc ? aws_fail_internal(req) : 0;
}

int lambda_check_signing(struct request *req, const char *arn)
{
    struct lambda_signing c = {0};

    if (find(req, arn, &c) == 0)
        return 0;
    return -1;
}

int lambda_create_code_signing_config(struct request *req,
                                      const struct lambda_CreateCodeSigningConfigRequest *in,
                                      struct lambda_CreateCodeSigningConfigResponse *out)
{
    char *id = arena_printf(&req->arena, "csc-%*s", ID_LEN, "");
    struct lambda_signing c = {.id = id, .policy = "Warn", .publishers = ""};

    random_text(id + strlen("csc-"), ID_LEN, "0123456789abcdef");
    c.tags = lambda_tags_json(req, &in->Tags);
    if (!c.tags)
        return -1;
    take(req, in->AllowedPublishers, in->CodeSigningPolicies, in->Description, &c);
    if (lambda_store_signing_put(lambda_state(req)->store, scope_of(req), &c) != STORE_OK)
        return aws_fail_internal(req);
    out->CodeSigningConfig = describe(req, &c);
    return 0;
}

int lambda_get_code_signing_config(struct request *req,
                                   const struct lambda_GetCodeSigningConfigRequest *in,
                                   struct lambda_GetCodeSigningConfigResponse *out)
{
    struct lambda_signing c = {0};

    if (find(req, in->CodeSigningConfigArn, &c) < 0)
        return -1;
    out->CodeSigningConfig = describe(req, &c);
    return 0;
}

int lambda_update_code_signing_config(struct request *req,
                                      const struct lambda_UpdateCodeSigningConfigRequest *in,
                                      struct lambda_UpdateCodeSigningConfigResponse *out)
{
    struct lambda_signing c = {0};

    if (find(req, in->CodeSigningConfigArn, &c) < 0)
        return -1;
    take(req, in->AllowedPublishers, in->CodeSigningPolicies, in->Description, &c);
    if (lambda_store_signing_put(lambda_state(req)->store, scope_of(req), &c) != STORE_OK)
        return aws_fail_internal(req);
    out->CodeSigningConfig = describe(req, &c);
    return 0;
}

int lambda_delete_code_signing_config(struct request *req,
                                      const struct lambda_DeleteCodeSigningConfigRequest *in,
                                      struct lambda_DeleteCodeSigningConfigResponse *out)
{
    struct lambda_store *store = lambda_state(req)->store;
    struct lambda_function *functions;
    struct lambda_signing c = {0};
    size_t count;

    (void)out;
    if (find(req, in->CodeSigningConfigArn, &c) < 0)
        return -1;
    if (lambda_store_signed(store, scope_of(req), in->CodeSigningConfigArn, "", 1, &req->arena,
                            &functions, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count)
        return lambda_fail(req, &lambda_ResourceConflictException,
                           "This code signing configuration is attached to functions. Detach it "
                           "from %s first.",
                           functions[0].name);
    return lambda_store_signing_remove(store, scope_of(req), c.id) == STORE_FAILED
               ? aws_fail_internal(req)
               : 0;
}

int lambda_list_code_signing_configs(struct request *req,
                                     const struct lambda_ListCodeSigningConfigsRequest *in,
                                     struct lambda_ListCodeSigningConfigsResponse *out)
{
    static const char kind[] = "ListCodeSigningConfigs";
    struct arena *a = &req->arena;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    struct lambda_signing *configs;
    const char *after = "";
    size_t count;

    if (in->Marker && !(after = page_token_read(a, kind, in->Marker)))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
    if (lambda_store_signing_list(lambda_state(req)->store, scope_of(req), after, max + 1, a,
                                  &configs, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > max)
        out->NextMarker = page_token_make(a, kind, configs[max - 1].id);
    out->CodeSigningConfigs.count = MIN(count, max);
    out->CodeSigningConfigs.items =
        ARENA_ARRAY(a, struct lambda_CodeSigningConfig, out->CodeSigningConfigs.count);
    for (size_t i = 0; i < out->CodeSigningConfigs.count; i++)
        out->CodeSigningConfigs.items[i] = *describe(req, &configs[i]);
    return 0;
}

int lambda_list_functions_by_code_signing_config(
    struct request *req, const struct lambda_ListFunctionsByCodeSigningConfigRequest *in,
    struct lambda_ListFunctionsByCodeSigningConfigResponse *out)
{
    struct arena *a = &req->arena;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    struct lambda_function *functions;
    struct lambda_signing c = {0};
    const char *after = "";
    size_t count;

    if (find(req, in->CodeSigningConfigArn, &c) < 0)
        return -1;
    const char *kind = arena_printf(a, "ListFunctionsByCodeSigningConfig %s", c.id);
    if (in->Marker && !(after = page_token_read(a, kind, in->Marker)))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
    if (lambda_store_signed(lambda_state(req)->store, scope_of(req), in->CodeSigningConfigArn,
                            after, max + 1, a, &functions, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > max)
        out->NextMarker = page_token_make(a, kind, functions[max - 1].name);
    out->FunctionArns.count = MIN(count, max);
    out->FunctionArns.items = ARENA_ARRAY(a, const char *, out->FunctionArns.count);
    for (size_t i = 0; i < out->FunctionArns.count; i++)
        out->FunctionArns.items[i] = lambda_function_arn(a, &functions[i]);
    return 0;
}

static int set_config(struct request *req, struct lambda_function *f, const char *arn)
{
    f->signing_config = arn;
    return lambda_keep_setting(req, f);
}

/* AWS: a missing configuration has an error of its own here. */
static int check_bound(struct request *req, const char *config_arn)
{
    struct lambda_signing c = {0};
    struct arn arn;
    const char *id = arn_parse(&req->arena, config_arn, &arn)
                         ? arn_resource_after(&arn, "code-signing-config:")
                         : NULL;

    if (id && lambda_store_signing_find(lambda_state(req)->store, scope_of(req), id, &req->arena,
                                        &c) == STORE_OK)
        return 0;
    return lambda_fail(req, &lambda_CodeSigningConfigNotFoundException,
                       "The code signing configuration cannot be found. Check that the provided "
                       "configuration is not deleted: %s.",
                       config_arn);
}

int lambda_put_function_code_signing_config(
    struct request *req, const struct lambda_PutFunctionCodeSigningConfigRequest *in,
    struct lambda_PutFunctionCodeSigningConfigResponse *out)
{
    struct lambda_function f;

    if (check_bound(req, in->CodeSigningConfigArn) < 0 ||
        lambda_resolve_latest(req, in->FunctionName, &f) < 0 ||
        set_config(req, &f, in->CodeSigningConfigArn) < 0)
        return -1;
    out->CodeSigningConfigArn = in->CodeSigningConfigArn;
    out->FunctionName = f.name;
    return 0;
}

int lambda_get_function_code_signing_config(
    struct request *req, const struct lambda_GetFunctionCodeSigningConfigRequest *in,
    struct lambda_GetFunctionCodeSigningConfigResponse *out)
{
    struct lambda_function f = {0};

    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0)
        return -1;
    out->CodeSigningConfigArn = f.signing_config ? f.signing_config : "";
    out->FunctionName = f.name;
    return 0;
}

int lambda_delete_function_code_signing_config(
    struct request *req, const struct lambda_DeleteFunctionCodeSigningConfigRequest *in,
    struct lambda_DeleteFunctionCodeSigningConfigOutput *out)
{
    struct lambda_function f;

    (void)out;
    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0)
        return -1;
    return f.signing_config ? set_config(req, &f, NULL) : 0;
}
