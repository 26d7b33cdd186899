/*
 * From what a request calls a function to the function; and the way Lambda's requests fail.
 */
#include "handlers/lambda/state.h"

#include "handlers/common/arn.h"
#include "handlers/lambda/name.h"
#include "server/aws_error.h"

/* The beginning that the structs of Lambda's errors share. */
struct user_error {
    const char *Type;
    const char *message;
};

int lambda_fail(struct request *req, const struct aws_error *error, const char *format, ...)
{
    struct user_error *members = ARENA_NEW(&req->arena, struct user_error);
    va_list arguments;

    va_start(arguments, format);
    const char *message = arena_vprintf(&req->arena, format, arguments);
    va_end(arguments);
    members->Type = error->sender_fault || error->status < 500 ? "User" : "Service";
    members->message = message;
    return aws_fail_with(req, error, members, "%s", message);
}

int lambda_fail_throttled(struct request *req, const char *reason)
{
    struct lambda_TooManyRequestsException *members =
        ARENA_NEW(&req->arena, struct lambda_TooManyRequestsException);

    members->Type = "User";
    members->Reason = reason;
    members->message = "Rate Exceeded.";
    return aws_fail_with(req, &lambda_TooManyRequestsException, members, "Rate Exceeded.");
}

static int parse(struct request *req, const char *text, const char *qualifier,
                 struct function_name *out)
{
    if (!function_name_parse(&req->arena, text, out))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "1 validation error detected: Value '%s' at 'functionName' failed to "
                           "satisfy constraint: Member must be a function's name or ARN",
                           text);
    if (out->region && !str_eq(out->region, req->region))
        return lambda_fail(req, &lambda_ResourceNotFoundException,
                           "Functions from '%s' are not reachable in this region ('%s')",
                           out->region, req->region);
    if (out->account && !str_eq(out->account, req->account))
        return aws_fail(req, &aws_AccessDeniedException,
                        "User: arn:aws:iam::%s:root is not authorized to perform: lambda:%s on "
                        "resource: %s because no resource-based policy allows the lambda:%s action",
                        req->account, model_text(req->service->model, req->operation->name), text,
                        model_text(req->service->model, req->operation->name));
    if (qualifier && out->qualifier && !str_eq(qualifier, out->qualifier))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "The derived qualifier from the function name does not match the "
                           "specified qualifier.");
    if (qualifier)
        out->qualifier = qualifier;
    return 0;
}

char *lambda_function_arn(struct arena *a, const struct lambda_function *f)
{
    return arn_make(a, "lambda", f->region, f->account, "function:%s", f->name);
}

static int fail_not_found(struct request *req, const struct function_name *name)
{
    char *arn =
        arn_make(&req->arena, "lambda", req->region, req->account, "function:%s%s%s", name->name,
                 name->qualifier ? ":" : "", name->qualifier ? name->qualifier : "");

    /* AWS: an alias is not found in words of its own. */
    if (name->qualifier && !str_eq(name->qualifier, "$LATEST") &&
        strspn(name->qualifier, "0123456789") != strlen(name->qualifier))
        return lambda_fail(req, &lambda_ResourceNotFoundException, "Cannot find alias arn: %s",
                           arn);
    return lambda_fail(req, &lambda_ResourceNotFoundException, "Function not found: %s", arn);
}

int lambda_resolve(struct request *req, const char *text, const char *qualifier,
                   struct lambda_function *out)
{
    struct function_name name;

    if (parse(req, text, qualifier, &name) < 0)
        return -1;
    enum store_status rc =
        lambda_store_find(lambda_state(req)->store, scope_of(req), name.name, &req->arena, out);
    /* There are no versions and no aliases yet, so none is ever found. */
    if (rc == STORE_NOT_FOUND || (!rc && name.qualifier && !str_eq(name.qualifier, "$LATEST")))
        return fail_not_found(req, &name);
    return rc ? aws_fail_internal(req) : 0;
}

const char *lambda_resolve_name(struct request *req, const char *text, const char *qualifier)
{
    struct function_name name;

    if (parse(req, text, qualifier, &name) < 0)
        return NULL;
    return name.name;
}
