/*
 * What an account may use: its limits and usage, and the concurrency reserved for functions.
 */
#include "handlers/lambda/state.h"

#include "server/aws_error.h"

/* AWS: what must stay unreserved of the account's concurrency; ours is a tenth of AWS's. */
enum { UNRESERVED_MIN = POOL_SANDBOXES_MAX / 10 };
static const int64_t code_size_max = 80530636800; /* AWS: 75 GB of packages per region */

int lambda_get_account_settings(struct request *req,
                                const struct lambda_GetAccountSettingsRequest *in,
                                struct lambda_GetAccountSettingsResponse *out)
{
    struct arena *a = &req->arena;
    struct lambda_usage usage;

    (void)in;
    if (lambda_store_usage(lambda_state(req)->store, scope_of(req), &usage) != STORE_OK)
        return aws_fail_internal(req);
    out->AccountLimit = ARENA_NEW(a, struct lambda_AccountLimit);
    *out->AccountLimit = (struct lambda_AccountLimit){
        .TotalCodeSize = SOME_LONG(code_size_max),
        .CodeSizeUnzipped = SOME_LONG(CODE_UNZIPPED_MAX),
        .CodeSizeZipped = SOME_LONG(52428800),
        .ConcurrentExecutions = SOME_INT(POOL_SANDBOXES_MAX),
        .UnreservedConcurrentExecutions = SOME_INT(POOL_SANDBOXES_MAX - (int)usage.reserved),
    };
    out->AccountUsage = ARENA_NEW(a, struct lambda_AccountUsage);
    out->AccountUsage->TotalCodeSize = SOME_LONG(usage.code_bytes);
    out->AccountUsage->FunctionCount = SOME_LONG(usage.functions);
    return 0;
}

static int set_reserved(struct request *req, struct lambda_function *f, int reserved)
{
    f->reserved = reserved;
    return lambda_keep_setting(req, f);
}

int lambda_put_function_concurrency(struct request *req,
                                    const struct lambda_PutFunctionConcurrencyRequest *in,
                                    struct lambda_Concurrency *out)
{
    int wanted = in->ReservedConcurrentExecutions.value;
    struct lambda_usage usage;
    struct lambda_function f;
    int provisioned = 0;
    bool there = false;

    if (lambda_look_up(req, in->FunctionName, NULL, &f, &there) < 0)
        return -1;
    if (!there && !f.qualifier) /* AWS: here the version is named */
        return lambda_fail(req, &lambda_ResourceNotFoundException, "Function not found: %s",
                           lambda_qualified_arn(&req->arena, &f, "$LATEST"));
    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0 ||
        lambda_provisioned_sum(req, &f, &provisioned) < 0)
        return -1;
    if (wanted < provisioned) /* AWS: with these blanks */
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           " ReservedConcurrentExecutions  %d should not be lower than function's "
                           "total provisioned concurrency [%d].",
                           wanted, provisioned);
    if (lambda_store_usage(lambda_state(req)->store, scope_of(req), &usage) != STORE_OK)
        return aws_fail_internal(req);
    if (usage.reserved - MAX(f.reserved, 0) + wanted > POOL_SANDBOXES_MAX - UNRESERVED_MIN)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Specified ReservedConcurrentExecutions for function decreases "
                           "account's UnreservedConcurrentExecution below its minimum value of "
                           "[%d].",
                           UNRESERVED_MIN);
    if (set_reserved(req, &f, wanted) < 0)
        return -1;
    out->ReservedConcurrentExecutions = SOME_INT(wanted);
    return 0;
}

int lambda_get_function_concurrency(struct request *req,
                                    const struct lambda_GetFunctionConcurrencyRequest *in,
                                    struct lambda_GetFunctionConcurrencyResponse *out)
{
    struct lambda_function f;

    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0)
        return -1;
    if (f.reserved >= 0)
        out->ReservedConcurrentExecutions = SOME_INT(f.reserved);
    return 0;
}

int lambda_delete_function_concurrency(struct request *req,
                                       const struct lambda_DeleteFunctionConcurrencyRequest *in,
                                       struct lambda_DeleteFunctionConcurrencyOutput *out)
{
    struct lambda_function f;

    (void)out;
    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0)
        return -1;
    return set_reserved(req, &f, -1);
}
