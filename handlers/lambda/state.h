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
struct provisioner;

struct lambda {
    struct app *app;
    struct lambda_store *store;
    struct code *code;
    struct pool *pool;
    struct async_queue *async;
    struct pollers *pollers;
    struct provisioner *provisioner;
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
/* For compilers and analysers, which cannot see into it: it never returns 0. */
#define lambda_fail(...)                                                                           \
    ({                                                                                             \
        (lambda_fail)(__VA_ARGS__);                                                                \
        -1;                                                                                        \
    })
/* 413, for whatever has a limit of its own. */
extern const struct aws_error lambda_too_large;
/* 429 with a reason, as Lambda words it. */
int lambda_fail_throttled(struct request *req, const char *reason);

/*
 * The function that a request names: by name, partial or full ARN, with a qualifier of its own or
 * one beside it (NULL: none). Fails the request when the text is none, when it belongs to another
 * region or account, and when there is no such function, version or alias.
 */
int lambda_resolve(struct request *req, const char *text, const char *qualifier,
                   struct lambda_function *out);
/* The same, but where there is none it does not fail: it clears *out_there, and *out has the name
 * that was asked for. For operations with words of their own. */
int lambda_look_up(struct request *req, const char *text, const char *qualifier,
                   struct lambda_function *out, bool *out_there);
/* Whether a qualifier (NULL: none) is neither a version's number nor $LATEST. */
bool lambda_is_alias_name(const char *qualifier);
/* The same for invocations: an alias picks one of its versions by their weights. */
int lambda_resolve_routed(struct request *req, const char *text, const char *qualifier,
                          struct lambda_function *out);
/* $LATEST, for operations on the function as a whole: other qualifiers are refused. */
int lambda_resolve_latest(struct request *req, const char *text, struct lambda_function *out);
/* The name only, for a function that may not exist. NULL after failing the request. */
const char *lambda_resolve_name(struct request *req, const char *text, const char *qualifier);

/* The same without a request. STORE_NOT_FOUND: no such function, version or alias. */
enum store_status lambda_lookup(struct lambda *l, struct scope scope, const char *name,
                                const char *qualifier, bool routed, struct arena *a,
                                struct lambda_function *out);

/* Stores a setting that is no part of a function's configuration: its revision stays. 0, or -1
 * after failing: somebody else changed the function since it was read. */
int lambda_keep_setting(struct request *req, const struct lambda_function *f);

/* arn:aws:lambda:region:account:function:name */
char *lambda_function_arn(struct arena *a, const struct lambda_function *f);
/* With the qualifier, if any, at its end. */
char *lambda_qualified_arn(struct arena *a, const struct lambda_function *f, const char *qualifier);
/* "$LATEST", "7" */
const char *lambda_version_text(struct arena *a, int64_t version);
/* 0 for $LATEST and NULL; -1 for what is no version's number. */
int64_t lambda_version_number(const char *qualifier);

/* What CreateFunction and its like answer. With `brief` what ListFunctions shows of a function. Its
 * ARN carries f->qualifier. */
void lambda_describe(struct request *req, const struct lambda_function *f, bool brief,
                     struct lambda_FunctionConfiguration *out);

/* run.c: pool_run(), for every way in which functions are run. */
enum pool_status lambda_run(struct lambda *l, struct lambda_function *f, struct invocation *in);

/* invoke.c: what all synchronous invocations share. */
int lambda_check_payload(struct request *req, const char *type, struct bytes *payload);
int lambda_read_client_context(struct request *req, const char *text, const char **out);
/* The end of the log in base64. */
const char *lambda_encode_tail(struct arena *a, const struct invocation *in);

/* version.c: makes a version of $LATEST, or finds the last one when nothing has changed since.
 * *latest becomes the version. 0, or -1 after failing. */
int lambda_publish(struct request *req, const char *description, struct lambda_function *latest);
/* Removes a package as soon as neither a version nor a sandbox needs it. */
void lambda_discard_code(struct lambda *l, const char *code_id);

/* layer.c: checks the ARNs of layer versions and sets f->layers. 0, or -1 after failing. */
int lambda_set_layers(struct request *req, const struct lambda_LayerList *layers,
                      struct lambda_function *f);
void lambda_describe_layers(struct request *req, const struct lambda_function *f,
                            struct lambda_FunctionConfiguration *out);
/* The code ids of its layers, in order; count is at most LAYERS_MAX. */
enum { LAYERS_MAX = 5 };
size_t lambda_layer_codes(struct lambda *l, const struct lambda_function *f, struct arena *a,
                          const char *out[LAYERS_MAX]);
/* signing.c: fails when there is no such configuration. */
int lambda_check_signing(struct request *req, const char *arn);
/* management.c */
const char *lambda_runtime_arn(struct arena *a, const struct lambda_function *f);
/* provisioned.c: something changed that may change what is to be kept warm. */
void provisioned_changed(struct lambda *l);
/* What all versions of the function ask for together. 0, or -1 after failing. */
int lambda_provisioned_sum(struct request *req, const struct lambda_function *f, int *out);

/* permission.c: whose policy it is, by the function's name and qualifier. */
const char *lambda_policy_holder(struct arena *a, const char *name, const char *qualifier);
/* Adds a statement to a policy; NULL after failing. */
struct permission_request {
    const char *holder; /* as in the store */
    const char *resource;
    const char *sid;
    const char *action;
    const char *principal;
    const char *source_account, *source_arn, *event_source_token, *org_id, *url_auth_type;
    struct maybe_bool via_url;
};
const char *lambda_policy_add(struct request *req, const struct permission_request *p);
/* Of the statements, so that it changes with them. */
const char *lambda_policy_revision(struct arena *a, const char *statements);
/* The document; fails with AWS's words when there are no statements. */
const char *lambda_policy_document(struct request *req, const char *holder,
                                   const char **out_revision);
int lambda_policy_remove(struct request *req, const char *holder, const char *sid);

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
/* version.c */
LAMBDA_OPERATION(lambda_publish_version, PublishVersionRequest, FunctionConfiguration);
/* alias.c */
LAMBDA_OPERATION(lambda_create_alias, CreateAliasRequest, AliasConfiguration);
LAMBDA_OPERATION(lambda_get_alias, GetAliasRequest, AliasConfiguration);
LAMBDA_OPERATION(lambda_update_alias, UpdateAliasRequest, AliasConfiguration);
LAMBDA_OPERATION(lambda_delete_alias, DeleteAliasRequest, DeleteAliasOutput);
LAMBDA_OPERATION(lambda_list_aliases, ListAliasesRequest, ListAliasesResponse);
/* layer.c */
LAMBDA_OPERATION(lambda_publish_layer_version, PublishLayerVersionRequest,
                 PublishLayerVersionResponse);
LAMBDA_OPERATION(lambda_get_layer_version, GetLayerVersionRequest, GetLayerVersionResponse);
LAMBDA_OPERATION(lambda_get_layer_version_by_arn, GetLayerVersionByArnRequest,
                 GetLayerVersionResponse);
LAMBDA_OPERATION(lambda_list_layers, ListLayersRequest, ListLayersResponse);
LAMBDA_OPERATION(lambda_list_layer_versions, ListLayerVersionsRequest, ListLayerVersionsResponse);
LAMBDA_OPERATION(lambda_delete_layer_version, DeleteLayerVersionRequest, DeleteLayerVersionOutput);
/* layer_permission.c */
LAMBDA_OPERATION(lambda_add_layer_version_permission, AddLayerVersionPermissionRequest,
                 AddLayerVersionPermissionResponse);
LAMBDA_OPERATION(lambda_get_layer_version_policy, GetLayerVersionPolicyRequest,
                 GetLayerVersionPolicyResponse);
LAMBDA_OPERATION(lambda_remove_layer_version_permission, RemoveLayerVersionPermissionRequest,
                 RemoveLayerVersionPermissionOutput);
/* event_config.c */
LAMBDA_OPERATION(lambda_put_function_event_invoke_config, PutFunctionEventInvokeConfigRequest,
                 FunctionEventInvokeConfig);
LAMBDA_OPERATION(lambda_update_function_event_invoke_config, UpdateFunctionEventInvokeConfigRequest,
                 FunctionEventInvokeConfig);
LAMBDA_OPERATION(lambda_get_function_event_invoke_config, GetFunctionEventInvokeConfigRequest,
                 FunctionEventInvokeConfig);
LAMBDA_OPERATION(lambda_delete_function_event_invoke_config, DeleteFunctionEventInvokeConfigRequest,
                 DeleteFunctionEventInvokeConfigOutput);
LAMBDA_OPERATION(lambda_list_function_event_invoke_configs, ListFunctionEventInvokeConfigsRequest,
                 ListFunctionEventInvokeConfigsResponse);
/* provisioned.c */
LAMBDA_OPERATION(lambda_put_provisioned_concurrency_config, PutProvisionedConcurrencyConfigRequest,
                 PutProvisionedConcurrencyConfigResponse);
LAMBDA_OPERATION(lambda_get_provisioned_concurrency_config, GetProvisionedConcurrencyConfigRequest,
                 GetProvisionedConcurrencyConfigResponse);
LAMBDA_OPERATION(lambda_delete_provisioned_concurrency_config,
                 DeleteProvisionedConcurrencyConfigRequest,
                 DeleteProvisionedConcurrencyConfigOutput);
LAMBDA_OPERATION(lambda_list_provisioned_concurrency_configs,
                 ListProvisionedConcurrencyConfigsRequest,
                 ListProvisionedConcurrencyConfigsResponse);
/* signing.c */
LAMBDA_OPERATION(lambda_create_code_signing_config, CreateCodeSigningConfigRequest,
                 CreateCodeSigningConfigResponse);
LAMBDA_OPERATION(lambda_get_code_signing_config, GetCodeSigningConfigRequest,
                 GetCodeSigningConfigResponse);
LAMBDA_OPERATION(lambda_update_code_signing_config, UpdateCodeSigningConfigRequest,
                 UpdateCodeSigningConfigResponse);
LAMBDA_OPERATION(lambda_delete_code_signing_config, DeleteCodeSigningConfigRequest,
                 DeleteCodeSigningConfigResponse);
LAMBDA_OPERATION(lambda_list_code_signing_configs, ListCodeSigningConfigsRequest,
                 ListCodeSigningConfigsResponse);
LAMBDA_OPERATION(lambda_list_functions_by_code_signing_config,
                 ListFunctionsByCodeSigningConfigRequest, ListFunctionsByCodeSigningConfigResponse);
LAMBDA_OPERATION(lambda_put_function_code_signing_config, PutFunctionCodeSigningConfigRequest,
                 PutFunctionCodeSigningConfigResponse);
LAMBDA_OPERATION(lambda_delete_function_code_signing_config, DeleteFunctionCodeSigningConfigRequest,
                 DeleteFunctionCodeSigningConfigOutput);
/* management.c */
LAMBDA_OPERATION(lambda_put_runtime_management_config, PutRuntimeManagementConfigRequest,
                 PutRuntimeManagementConfigResponse);
LAMBDA_OPERATION(lambda_get_runtime_management_config, GetRuntimeManagementConfigRequest,
                 GetRuntimeManagementConfigResponse);
LAMBDA_OPERATION(lambda_put_function_recursion_config, PutFunctionRecursionConfigRequest,
                 PutFunctionRecursionConfigResponse);
LAMBDA_OPERATION(lambda_get_function_recursion_config, GetFunctionRecursionConfigRequest,
                 GetFunctionRecursionConfigResponse);
/* url.c */
LAMBDA_OPERATION(lambda_create_function_url_config, CreateFunctionUrlConfigRequest,
                 CreateFunctionUrlConfigResponse);
LAMBDA_OPERATION(lambda_get_function_url_config, GetFunctionUrlConfigRequest,
                 GetFunctionUrlConfigResponse);
LAMBDA_OPERATION(lambda_update_function_url_config, UpdateFunctionUrlConfigRequest,
                 UpdateFunctionUrlConfigResponse);
LAMBDA_OPERATION(lambda_delete_function_url_config, DeleteFunctionUrlConfigRequest,
                 DeleteFunctionUrlConfigOutput);
LAMBDA_OPERATION(lambda_list_function_url_configs, ListFunctionUrlConfigsRequest,
                 ListFunctionUrlConfigsResponse);
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
LAMBDA_OPERATION(lambda_invoke_with_response_stream, InvokeWithResponseStreamRequest,
                 InvokeWithResponseStreamResponse);
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
