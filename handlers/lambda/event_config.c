/*
 * How accepted events are treated: retries, age, destinations. async.c heeds it.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
 */
#include "handlers/lambda/state.h"

#include "handlers/common/page_token.h"
#include "handlers/lambda/destination.h"
#include "handlers/lambda/name.h"
#include "server/aws_error.h"

enum { LIST_MAX = 50 };

static struct lambda_DestinationConfig *
describe_destinations(struct arena *a, const char *on_success, const char *on_failure)
{
    struct lambda_DestinationConfig *out = ARENA_NEW(a, struct lambda_DestinationConfig);

    /* AWS: both are shown, empty where there is none. */
    out->OnSuccess = ARENA_NEW(a, struct lambda_OnSuccess);
    out->OnSuccess->Destination = on_success;
    out->OnFailure = ARENA_NEW(a, struct lambda_OnFailure);
    out->OnFailure->Destination = on_failure;
    return out;
}

static void describe(struct request *req, const struct lambda_function *f,
                     const struct lambda_event_config *c,
                     struct lambda_FunctionEventInvokeConfig *out)
{
    *out = (struct lambda_FunctionEventInvokeConfig){
        .LastModified = SOME_TIME(c->modified_ms),
        .FunctionArn = lambda_qualified_arn(&req->arena, f, c->qualifier),
        .DestinationConfig = describe_destinations(&req->arena, c->on_success, c->on_failure),
    };
    if (c->retries_max >= 0)
        out->MaximumRetryAttempts = SOME_INT(c->retries_max);
    if (c->age_max_s >= 0)
        out->MaximumEventAgeInSeconds = SOME_INT(c->age_max_s);
}

static int check_function(struct request *req, const char *arn)
{
    struct lambda_function f;
    struct function_name name;

    if (function_name_parse(&req->arena, arn, &name) &&
        (!name.region || str_eq(name.region, req->region)) &&
        (!name.account || str_eq(name.account, req->account)) &&
        lambda_lookup(lambda_state(req), scope_of(req), name.name, name.qualifier, false,
                      &req->arena, &f) == STORE_OK)
        return 0;
    return lambda_fail(req, &lambda_InvalidParameterValueException,
                       "The destination ARN %s is invalid.", arn);
}

static int check_destination(struct request *req, const struct lambda_function *f,
                             const char *destination, bool failure)
{
    const char *own = lambda_function_arn(&req->arena, f);

    if (!destination || !*destination)
        return 0;
    if (str_eq(destination, own) ||
        (str_starts(destination, own) && destination[strlen(own)] == ':'))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "You can't specify the function as a destination for itself.");
    switch (destination_kind(&req->arena, destination)) {
    case DESTINATION_EVENTS:
        return aws_fail_unsupported(req, "DestinationConfig of events");
    case DESTINATION_S3:
        if (failure)
            return 0;
        break;
    case DESTINATION_SQS:
    case DESTINATION_SNS:
        return 0;
    case DESTINATION_LAMBDA:
        return check_function(req, destination);
    default:
        break;
    }
    return lambda_fail(req, &lambda_InvalidParameterValueException,
                       failure
                           ? "The provided destination config DestinationConfig(onSuccess=null, "
                             "onFailure=OnFailure(destination=%s)) is invalid."
                           : "The provided destination config DestinationConfig(onSuccess="
                             "OnSuccess(destination=%s), onFailure=null) is invalid.",
                       destination);
}

/* What Put and Update share. */
struct event_request {
    const char *function;
    const char *qualifier;
    struct maybe_int retries;
    struct maybe_int age;
    const struct lambda_DestinationConfig *destinations;
};

static const char *none_if_empty(const char *text)
{
    return text && *text ? text : NULL;
}

static int take(struct request *req, const struct event_request *in,
                const struct lambda_function *f, struct lambda_event_config *c)
{
    const struct lambda_DestinationConfig *d = in->destinations;

    if (!in->retries.set && !in->age.set && !d)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "You must specify at least one of error handling or destination "
                           "setting.");
    if (in->retries.set)
        c->retries_max = in->retries.value;
    if (in->age.set)
        c->age_max_s = in->age.value;
    if (d && d->OnSuccess)
        c->on_success = none_if_empty(d->OnSuccess->Destination);
    if (d && d->OnFailure)
        c->on_failure = none_if_empty(d->OnFailure->Destination);
    c->modified_ms = clock_now_ms(&req->app->clock);
    if (check_destination(req, f, c->on_success, false) < 0)
        return -1;
    return check_destination(req, f, c->on_failure, true);
}

static int store(struct request *req, const struct lambda_function *f,
                 const struct lambda_event_config *c, struct lambda_FunctionEventInvokeConfig *out)
{
    if (lambda_store_event_config_put(lambda_state(req)->store, scope_of(req), f->name, c) !=
        STORE_OK)
        return aws_fail_internal(req);
    describe(req, f, c, out);
    return 0;
}

/* The function to be configured. */
static int find_function(struct request *req, const char *function, const char *qualifier,
                         struct lambda_function *out)
{
    bool there = false;

    if (lambda_look_up(req, function, qualifier, out, &there) < 0)
        return -1;
    if (there)
        return 0;
    return lambda_fail(req, &lambda_ResourceNotFoundException, "The function doesn't exist.");
}

/* AWS: a function that is not there has no configuration, either. */
static int find(struct request *req, const char *function, const char *qualifier,
                struct lambda_function *f, struct lambda_event_config *out)
{
    bool there;

    if (lambda_look_up(req, function, qualifier, f, &there) < 0)
        return -1;
    const char *key = f->qualifier ? f->qualifier : "$LATEST";
    enum store_status rc = lambda_store_event_config_find(lambda_state(req)->store, scope_of(req),
                                                          f->name, key, &req->arena, out);
    if (rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_ResourceNotFoundException,
                           "The function %s doesn't have an EventInvokeConfig",
                           lambda_qualified_arn(&req->arena, f, key));
    return rc ? aws_fail_internal(req) : 0;
}

int lambda_put_function_event_invoke_config(
    struct request *req, const struct lambda_PutFunctionEventInvokeConfigRequest *in,
    struct lambda_FunctionEventInvokeConfig *out)
{
    const struct event_request r = {.retries = in->MaximumRetryAttempts,
                                    .age = in->MaximumEventAgeInSeconds,
                                    .destinations = in->DestinationConfig};
    struct lambda_event_config c = {.retries_max = -1, .age_max_s = -1};
    struct lambda_function f;

    if (find_function(req, in->FunctionName, in->Qualifier, &f) < 0 || take(req, &r, &f, &c) < 0)
        return -1;
    c.qualifier = f.qualifier ? f.qualifier : "$LATEST";
    return store(req, &f, &c, out);
}

int lambda_update_function_event_invoke_config(
    struct request *req, const struct lambda_UpdateFunctionEventInvokeConfigRequest *in,
    struct lambda_FunctionEventInvokeConfig *out)
{
    const struct event_request r = {.retries = in->MaximumRetryAttempts,
                                    .age = in->MaximumEventAgeInSeconds,
                                    .destinations = in->DestinationConfig};
    struct lambda_event_config c;
    struct lambda_function f;

    if (find_function(req, in->FunctionName, in->Qualifier, &f) < 0 ||
        find(req, in->FunctionName, in->Qualifier, &f, &c) < 0 || take(req, &r, &f, &c) < 0)
        return -1;
    return store(req, &f, &c, out);
}

int lambda_get_function_event_invoke_config(
    struct request *req, const struct lambda_GetFunctionEventInvokeConfigRequest *in,
    struct lambda_FunctionEventInvokeConfig *out)
{
    struct lambda_event_config c;
    struct lambda_function f;

    if (find(req, in->FunctionName, in->Qualifier, &f, &c) < 0)
        return -1;
    describe(req, &f, &c, out);
    return 0;
}

int lambda_delete_function_event_invoke_config(
    struct request *req, const struct lambda_DeleteFunctionEventInvokeConfigRequest *in,
    struct lambda_DeleteFunctionEventInvokeConfigOutput *out)
{
    struct lambda_event_config c;
    struct lambda_function f;

    (void)out;
    if (find(req, in->FunctionName, in->Qualifier, &f, &c) < 0)
        return -1;
    return lambda_store_event_config_remove(lambda_state(req)->store, scope_of(req), f.name,
                                            c.qualifier) == STORE_FAILED
               ? aws_fail_internal(req)
               : 0;
}

int lambda_list_function_event_invoke_configs(
    struct request *req, const struct lambda_ListFunctionEventInvokeConfigsRequest *in,
    struct lambda_ListFunctionEventInvokeConfigsResponse *out)
{
    struct arena *a = &req->arena;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    struct lambda_event_config *configs;
    struct lambda_function f;
    const char *after = "";
    size_t count;

    if (find_function(req, in->FunctionName, NULL, &f) < 0)
        return -1;
    const char *kind = arena_printf(a, "ListFunctionEventInvokeConfigs %s", f.name);
    if (in->Marker && !(after = page_token_read(a, kind, in->Marker)))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
    if (lambda_store_event_config_list(lambda_state(req)->store, scope_of(req), f.name, after,
                                       max + 1, a, &configs, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > max)
        out->NextMarker = page_token_make(a, kind, configs[max - 1].qualifier);
    out->FunctionEventInvokeConfigs.count = MIN(count, max);
    out->FunctionEventInvokeConfigs.items = ARENA_ARRAY(a, struct lambda_FunctionEventInvokeConfig,
                                                        out->FunctionEventInvokeConfigs.count);
    for (size_t i = 0; i < out->FunctionEventInvokeConfigs.count; i++)
        describe(req, &f, &configs[i], &out->FunctionEventInvokeConfigs.items[i]);
    return 0;
}
