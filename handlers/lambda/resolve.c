/*
 * From what a request calls a function to the function; and the way Lambda's requests fail.
 */
#include "handlers/lambda/state.h"

#include "handlers/common/arn.h"
#include "handlers/lambda/name.h"
#include "server/aws_error.h"
#include "server/base/digest.h"

/* The beginning that the structs of Lambda's errors share. */
struct user_error {
    const char *Type;
    const char *message;
};

int(lambda_fail)(struct request *req, const struct aws_error *error, const char *format, ...)
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

int lambda_keep_setting(struct request *req, const struct lambda_function *f)
{
    switch (lambda_store_replace(lambda_state(req)->store, f, f->revision)) {
    case STORE_OK:
        return 0;
    case STORE_CONFLICT:
    case STORE_NOT_FOUND:
        return lambda_fail(req, &lambda_ResourceConflictException,
                           "The operation cannot be performed at this time. An update is in "
                           "progress for resource: %s",
                           lambda_function_arn(&req->arena, f));
    default:
        return aws_fail_internal(req);
    }
}

char *lambda_function_arn(struct arena *a, const struct lambda_function *f)
{
    return arn_make(a, "lambda", f->region, f->account, "function:%s", f->name);
}

char *lambda_qualified_arn(struct arena *a, const struct lambda_function *f, const char *qualifier)
{
    return arn_make(a, "lambda", f->region, f->account, "function:%s%s%s", f->name,
                    qualifier ? ":" : "", qualifier ? qualifier : "");
}

const char *lambda_version_text(struct arena *a, int64_t version)
{
    return version ? arena_printf(a, "%" PRId64, version) : "$LATEST";
}

int64_t lambda_version_number(const char *qualifier)
{
    if (!qualifier || str_eq(qualifier, "$LATEST"))
        return 0;
    if (strlen(qualifier) > 18 || strspn(qualifier, "0123456789") != strlen(qualifier))
        return -1;
    int64_t version = strtoll(qualifier, NULL, 10);
    return version > 0 ? version : -1;
}

/* One of the alias's two versions, by their shares. */
static int64_t pick_version(const struct lambda_alias *alias)
{
    uint32_t random;

    if (!alias->extra_version)
        return alias->version;
    random_bytes(&random, sizeof(random));
    return random / (UINT32_MAX + 1.0) < alias->extra_weight ? alias->extra_version
                                                             : alias->version;
}

enum store_status lambda_lookup(struct lambda *l, struct scope scope, const char *name,
                                const char *qualifier, bool routed, struct arena *a,
                                struct lambda_function *out)
{
    int64_t version = lambda_version_number(qualifier);
    struct lambda_alias alias;

    if (version < 0) {
        enum store_status rc = lambda_store_alias_find(l->store, scope, name, qualifier, a, &alias);
        if (rc)
            return rc;
        version = routed ? pick_version(&alias) : alias.version;
    }
    enum store_status rc = lambda_store_find_version(l->store, scope, name, version, a, out);
    if (!rc)
        out->qualifier = qualifier;
    return rc;
}

bool lambda_is_alias_name(const char *qualifier)
{
    return qualifier && !str_eq(qualifier, "$LATEST") &&
           strspn(qualifier, "0123456789") != strlen(qualifier);
}

static int fail_not_found(struct request *req, const struct lambda_function *f)
{
    char *arn = lambda_qualified_arn(&req->arena, f, f->qualifier);

    /* AWS: an alias is not found in words of its own. */
    if (lambda_is_alias_name(f->qualifier))
        return lambda_fail(req, &lambda_ResourceNotFoundException, "Cannot find alias arn: %s",
                           arn);
    return lambda_fail(req, &lambda_ResourceNotFoundException, "Function not found: %s", arn);
}

static int look_up(struct request *req, const char *text, const char *qualifier, bool routed,
                   struct lambda_function *out, bool *out_there)
{
    struct function_name name;

    if (parse(req, text, qualifier, &name) < 0)
        return -1;
    enum store_status rc = lambda_lookup(lambda_state(req), scope_of(req), name.name,
                                         name.qualifier, routed, &req->arena, out);
    if (rc && rc != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    *out_there = !rc;
    if (rc)
        *out = (struct lambda_function){.account = req->account,
                                        .region = req->region,
                                        .name = name.name,
                                        .qualifier = name.qualifier};
    return 0;
}

int lambda_look_up(struct request *req, const char *text, const char *qualifier,
                   struct lambda_function *out, bool *out_there)
{
    return look_up(req, text, qualifier, false, out, out_there);
}

static int resolve(struct request *req, const char *text, const char *qualifier, bool routed,
                   struct lambda_function *out)
{
    bool there = false;

    if (look_up(req, text, qualifier, routed, out, &there) < 0)
        return -1;
    return there ? 0 : fail_not_found(req, out);
}

int lambda_resolve(struct request *req, const char *text, const char *qualifier,
                   struct lambda_function *out)
{
    return resolve(req, text, qualifier, false, out);
}

int lambda_resolve_routed(struct request *req, const char *text, const char *qualifier,
                          struct lambda_function *out)
{
    return resolve(req, text, qualifier, true, out);
}

int lambda_resolve_latest(struct request *req, const char *text, struct lambda_function *out)
{
    struct function_name name;

    if (parse(req, text, NULL, &name) < 0)
        return -1;
    if (name.qualifier && !str_eq(name.qualifier, "$LATEST"))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "This operation is permitted on Lambda functions only. Aliases and "
                           "versions do not support this operation. Please specify either a "
                           "function name or an unqualified function ARN.");
    return resolve(req, text, NULL, false, out);
}

const char *lambda_resolve_name(struct request *req, const char *text, const char *qualifier)
{
    struct function_name name;

    if (parse(req, text, qualifier, &name) < 0)
        return NULL;
    return name.name;
}
