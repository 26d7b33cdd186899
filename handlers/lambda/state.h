/*
 * What the files of this folder share: the service's state, the way requests fail, and how a
 * request names a function. Not for other folders.
 */
#ifndef CADABRA_LAMBDA_STATE_H
#define CADABRA_LAMBDA_STATE_H

#include "handlers/lambda/code.h"
#include "handlers/lambda/lambda.h"
#include "handlers/lambda/pool.h"
#include "storage/lambda_store.h"
#include <lambda.h> /* generated; not the header beside this one */

struct async_queue;
struct background_task;
struct pollers;

struct lambda {
    struct app *app;
    struct lambda_store *store;
    struct code *code;
    struct pool *pool;
    struct async_queue *async;
    struct pollers *pollers;
};

static inline struct lambda *lambda_state(struct request *req)
{
    return lambda_of(req->app);
}

static inline struct scope scope_of(const struct request *req)
{
    return (struct scope){.account = req->account, .region = req->region};
}

/* Functions call the server, so none may start before it listens. For background tasks; false when
 * the task shall stop. */
bool lambda_wait_for_server(const struct lambda *l, struct background_task *task);

/* aws_fail() for the errors of Lambda's model, whose bodies carry "Type": "User". */
int lambda_fail(struct request *req, const struct aws_error *error, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* 429 with a reason, as Lambda words it. */
int lambda_fail_throttled(struct request *req, const char *reason);

/*
 * The function that a request names: by name, partial or full ARN, with a qualifier of its own or
 * one beside it (NULL: none). Fails the request when the text is none, when it belongs to another
 * region or account, and when there is no such function, version or alias.
 */
int lambda_resolve(struct request *req, const char *text, const char *qualifier,
                   struct lambda_function *out);
/* The name only, for a function that may not exist. NULL after failing the request. */
const char *lambda_resolve_name(struct request *req, const char *text, const char *qualifier);

/* arn:aws:lambda:region:account:function:name */
char *lambda_function_arn(struct arena *a, const struct lambda_function *f);

/* What CreateFunction and its like answer. With `brief` what ListFunctions shows of a function. */
void lambda_describe(struct request *req, const struct lambda_function *f, bool brief,
                     struct lambda_FunctionConfiguration *out);

/* handlers/lambda/settings.c: what Create and UpdateFunctionConfiguration check and take over. */
struct lambda_settings {
    const char *Runtime;
    const char *Role;
    const char *Handler;
    const char *Description;
    struct maybe_int Timeout;
    struct maybe_int MemorySize;
    const struct lambda_VpcConfig *VpcConfig;
    const struct lambda_Environment *Environment;
    const struct lambda_DeadLetterConfig *DeadLetterConfig;
    const char *KMSKeyArn;
    const struct lambda_TracingConfig *TracingConfig;
    struct lambda_LayerList Layers;
    struct lambda_FileSystemConfigList FileSystemConfigs;
    const struct lambda_ImageConfig *ImageConfig;
    const struct lambda_EphemeralStorage *EphemeralStorage;
    const struct lambda_SnapStart *SnapStart;
    const struct lambda_LoggingConfig *LoggingConfig;
    const struct lambda_CapacityProviderConfig *CapacityProviderConfig;
    const struct lambda_DurableConfig *DurableConfig;
};
/* Refuses what is wrong or not built, and sets the rest in f. 0, or -1 after failing. */
int lambda_apply_settings(struct request *req, const struct lambda_settings *in,
                          struct lambda_function *f);
/* Checks tags and turns them to JSON; NULL after failing. */
const char *lambda_tags_json(struct request *req, const struct lambda_Tags *tags);
struct lambda_Tags lambda_tags_from_json(struct arena *a, const char *json);

/* The operations, by file. */
#define LAMBDA_OPERATION(c_name, Input, Output)                                                    \
    int c_name(struct request *req, const struct lambda_##Input *in, struct lambda_##Output *out)

/* function.c */
LAMBDA_OPERATION(lambda_create_function, CreateFunctionRequest, FunctionConfiguration);
LAMBDA_OPERATION(lambda_get_function, GetFunctionRequest, GetFunctionResponse);
LAMBDA_OPERATION(lambda_get_function_configuration, GetFunctionConfigurationRequest,
                 FunctionConfiguration);
LAMBDA_OPERATION(lambda_list_functions, ListFunctionsRequest, ListFunctionsResponse);
LAMBDA_OPERATION(lambda_list_versions_by_function, ListVersionsByFunctionRequest,
                 ListVersionsByFunctionResponse);
LAMBDA_OPERATION(lambda_delete_function, DeleteFunctionRequest, DeleteFunctionResponse);
/* update.c */
LAMBDA_OPERATION(lambda_update_function_code, UpdateFunctionCodeRequest, FunctionConfiguration);
LAMBDA_OPERATION(lambda_update_function_configuration, UpdateFunctionConfigurationRequest,
                 FunctionConfiguration);
/* account.c */
LAMBDA_OPERATION(lambda_get_account_settings, GetAccountSettingsRequest,
                 GetAccountSettingsResponse);
LAMBDA_OPERATION(lambda_put_function_concurrency, PutFunctionConcurrencyRequest, Concurrency);
LAMBDA_OPERATION(lambda_get_function_concurrency, GetFunctionConcurrencyRequest,
                 GetFunctionConcurrencyResponse);
LAMBDA_OPERATION(lambda_delete_function_concurrency, DeleteFunctionConcurrencyRequest,
                 DeleteFunctionConcurrencyOutput);
/* tag.c */
LAMBDA_OPERATION(lambda_list_tags, ListTagsRequest, ListTagsResponse);
LAMBDA_OPERATION(lambda_tag_resource, TagResourceRequest, TagResourceOutput);
LAMBDA_OPERATION(lambda_untag_resource, UntagResourceRequest, UntagResourceOutput);
/* permission.c */
LAMBDA_OPERATION(lambda_add_permission, AddPermissionRequest, AddPermissionResponse);
LAMBDA_OPERATION(lambda_get_policy, GetPolicyRequest, GetPolicyResponse);
LAMBDA_OPERATION(lambda_remove_permission, RemovePermissionRequest, RemovePermissionOutput);
LAMBDA_OPERATION(lambda_get_function_code_signing_config, GetFunctionCodeSigningConfigRequest,
                 GetFunctionCodeSigningConfigResponse);
/* invoke.c */
LAMBDA_OPERATION(lambda_invoke, InvocationRequest, InvocationResponse);
LAMBDA_OPERATION(lambda_invoke_async, InvokeAsyncRequest, InvokeAsyncResponse);
/* event_source.c */
LAMBDA_OPERATION(lambda_create_event_source_mapping, CreateEventSourceMappingRequest,
                 EventSourceMappingConfiguration);
LAMBDA_OPERATION(lambda_get_event_source_mapping, GetEventSourceMappingRequest,
                 EventSourceMappingConfiguration);
LAMBDA_OPERATION(lambda_list_event_source_mappings, ListEventSourceMappingsRequest,
                 ListEventSourceMappingsResponse);
LAMBDA_OPERATION(lambda_update_event_source_mapping, UpdateEventSourceMappingRequest,
                 EventSourceMappingConfiguration);
LAMBDA_OPERATION(lambda_delete_event_source_mapping, DeleteEventSourceMappingRequest,
                 EventSourceMappingConfiguration);

#endif
