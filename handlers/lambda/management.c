/*
 * Settings that are kept and shown, and change nothing on this machine: which patch of a runtime
 * runs (it is the interpreter at hand), and whether loops of events are cut (they are not detected
 * here).
 */
#include "handlers/lambda/state.h"

#include "handlers/common/arn.h"
#include "server/aws_error.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

const char *lambda_runtime_arn(struct arena *a, const struct lambda_function *f)
{
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];

    sha256(f->runtime, strlen(f->runtime), digest);
    hex_encode(digest, sizeof(digest), hex);
    return arena_printf(a, "arn:%s:lambda:%s::runtime:%s", arn_partition(f->region), f->region,
                        hex);
}

static int refuse_alias(struct request *req, const char *qualifier)
{
    if (lambda_version_number(qualifier) >= 0)
        return 0;
    return lambda_fail(req, &lambda_InvalidParameterValueException,
                       "Runtime management configuration is not supported for aliases: %s",
                       qualifier);
}

int lambda_put_runtime_management_config(struct request *req,
                                         const struct lambda_PutRuntimeManagementConfigRequest *in,
                                         struct lambda_PutRuntimeManagementConfigResponse *out)
{
    struct lambda_function f;
    bool manual = str_eq(in->UpdateRuntimeOn, "Manual");

    if (lambda_resolve(req, in->FunctionName, in->Qualifier, &f) < 0 ||
        refuse_alias(req, f.qualifier) < 0)
        return -1;
    if (manual != (in->RuntimeVersionArn != NULL))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           manual ? "RuntimeVersionArn is required when UpdateRuntimeOn is Manual."
                                  : "RuntimeVersionArn can be specified only when UpdateRuntimeOn "
                                    "is Manual.");
    f.runtime_update = in->UpdateRuntimeOn;
    f.runtime_arn = in->RuntimeVersionArn;
    if (lambda_keep_setting(req, &f) < 0)
        return -1;
    out->UpdateRuntimeOn = f.runtime_update;
    out->RuntimeVersionArn = f.runtime_arn;
    out->FunctionArn = lambda_qualified_arn(&req->arena, &f, f.qualifier);
    return 0;
}

int lambda_get_runtime_management_config(struct request *req,
                                         const struct lambda_GetRuntimeManagementConfigRequest *in,
                                         struct lambda_GetRuntimeManagementConfigResponse *out)
{
    struct lambda_function f;

    if (lambda_resolve(req, in->FunctionName, in->Qualifier, &f) < 0 ||
        refuse_alias(req, f.qualifier) < 0)
        return -1;
    out->UpdateRuntimeOn = f.runtime_update;
    out->RuntimeVersionArn = f.runtime_arn;
    out->FunctionArn = lambda_qualified_arn(&req->arena, &f, f.qualifier);
    return 0;
}

int lambda_put_function_recursion_config(struct request *req,
                                         const struct lambda_PutFunctionRecursionConfigRequest *in,
                                         struct lambda_PutFunctionRecursionConfigResponse *out)
{
    struct lambda_function f;

    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0)
        return -1;
    f.recursion = in->RecursiveLoop;
    out->RecursiveLoop = f.recursion;
    return lambda_keep_setting(req, &f);
}

int lambda_get_function_recursion_config(struct request *req,
                                         const struct lambda_GetFunctionRecursionConfigRequest *in,
                                         struct lambda_GetFunctionRecursionConfigResponse *out)
{
    struct lambda_function f;

    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0)
        return -1;
    out->RecursiveLoop = f.recursion;
    return 0;
}
