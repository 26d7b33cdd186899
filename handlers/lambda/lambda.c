/*
 * The service: its state, its operations.
 */
#include "handlers/lambda/lambda.h"

#include "handlers/lambda/async.h"
#include "handlers/lambda/keeper.h"
#include "handlers/lambda/package.h"
#include "handlers/lambda/poller.h"
#include "handlers/lambda/provisioned.h"
#include "handlers/lambda/state.h"
#include "handlers/lambda/url.h"
#include "server/background.h"

/* AWS: of a whole request, so that a package of 50 MB fits as base64. */
enum { BODY_MAX = 70167211, START_LOOK_MS = 5 };

static void close_lambda(void *state)
{
    struct lambda *l = state;

    pollers_free(l->pollers);
    provisioner_free(l->provisioner);
    async_free(l->async);
    pool_free(l->pool);
    code_close(l->code);
    lambda_store_close(l->store);
    free(l);
}

static void remove_stale_code(struct lambda *l)
{
    const char **ids;
    size_t count;
    struct arena a;

    arena_init(&a);
    lambda_store_layers_purge(l->store);
    if (lambda_store_code_ids(l->store, &a, &ids, &count) == STORE_OK)
        code_remove_stale(l->code, ids, count);
    arena_release(&a);
}

static void *open_lambda(struct app *app)
{
    struct lambda *l = x_calloc(1, sizeof(*l));

    l->app = app;
    l->store = lambda_store_open(app->store);
    if (!l->store) {
        free(l);
        return NULL;
    }
    l->code = code_open(app->store);
    remove_stale_code(l);
    l->pool = pool_new(app, l->code);
    l->async = async_new(l);
    l->provisioner = provisioner_new(l);
    provisioner_look(l->provisioner);
    l->pollers = pollers_new(l);
    return l;
}

struct lambda *lambda_of(struct app *app)
{
    return service_state(app, &lambda_service);
}

bool lambda_wait_for_server(const struct lambda *l, struct background_task *task)
{
    while (l->app->port == 0) {
        if (background_sleep_ms(task, START_LOOK_MS))
            return false;
    }
    return !background_stopping(task);
}

static const struct lambda_handlers handlers = {
    .CreateFunction = lambda_create_function,
    .GetFunction = lambda_get_function,
    .GetFunctionConfiguration = lambda_get_function_configuration,
    .ListFunctions = lambda_list_functions,
    .ListVersionsByFunction = lambda_list_versions_by_function,
    .UpdateFunctionCode = lambda_update_function_code,
    .UpdateFunctionConfiguration = lambda_update_function_configuration,
    .DeleteFunction = lambda_delete_function,
    .Invoke = lambda_invoke,
    .InvokeAsync = lambda_invoke_async,
    .GetAccountSettings = lambda_get_account_settings,
    .PutFunctionConcurrency = lambda_put_function_concurrency,
    .GetFunctionConcurrency = lambda_get_function_concurrency,
    .DeleteFunctionConcurrency = lambda_delete_function_concurrency,
    .ListTags = lambda_list_tags,
    .TagResource = lambda_tag_resource,
    .UntagResource = lambda_untag_resource,
    .AddPermission = lambda_add_permission,
    .GetPolicy = lambda_get_policy,
    .RemovePermission = lambda_remove_permission,
    .GetFunctionCodeSigningConfig = lambda_get_function_code_signing_config,
    .PublishVersion = lambda_publish_version,
    .CreateAlias = lambda_create_alias,
    .GetAlias = lambda_get_alias,
    .UpdateAlias = lambda_update_alias,
    .DeleteAlias = lambda_delete_alias,
    .ListAliases = lambda_list_aliases,
    .PublishLayerVersion = lambda_publish_layer_version,
    .GetLayerVersion = lambda_get_layer_version,
    .GetLayerVersionByArn = lambda_get_layer_version_by_arn,
    .ListLayers = lambda_list_layers,
    .ListLayerVersions = lambda_list_layer_versions,
    .DeleteLayerVersion = lambda_delete_layer_version,
    .AddLayerVersionPermission = lambda_add_layer_version_permission,
    .GetLayerVersionPolicy = lambda_get_layer_version_policy,
    .RemoveLayerVersionPermission = lambda_remove_layer_version_permission,
    .PutFunctionEventInvokeConfig = lambda_put_function_event_invoke_config,
    .UpdateFunctionEventInvokeConfig = lambda_update_function_event_invoke_config,
    .GetFunctionEventInvokeConfig = lambda_get_function_event_invoke_config,
    .DeleteFunctionEventInvokeConfig = lambda_delete_function_event_invoke_config,
    .ListFunctionEventInvokeConfigs = lambda_list_function_event_invoke_configs,
    .PutProvisionedConcurrencyConfig = lambda_put_provisioned_concurrency_config,
    .GetProvisionedConcurrencyConfig = lambda_get_provisioned_concurrency_config,
    .DeleteProvisionedConcurrencyConfig = lambda_delete_provisioned_concurrency_config,
    .ListProvisionedConcurrencyConfigs = lambda_list_provisioned_concurrency_configs,
    .CreateCodeSigningConfig = lambda_create_code_signing_config,
    .GetCodeSigningConfig = lambda_get_code_signing_config,
    .UpdateCodeSigningConfig = lambda_update_code_signing_config,
    .DeleteCodeSigningConfig = lambda_delete_code_signing_config,
    .ListCodeSigningConfigs = lambda_list_code_signing_configs,
    .ListFunctionsByCodeSigningConfig = lambda_list_functions_by_code_signing_config,
    .PutFunctionCodeSigningConfig = lambda_put_function_code_signing_config,
    .DeleteFunctionCodeSigningConfig = lambda_delete_function_code_signing_config,
    .PutRuntimeManagementConfig = lambda_put_runtime_management_config,
    .GetRuntimeManagementConfig = lambda_get_runtime_management_config,
    .PutFunctionRecursionConfig = lambda_put_function_recursion_config,
    .GetFunctionRecursionConfig = lambda_get_function_recursion_config,
    .InvokeWithResponseStream = lambda_invoke_with_response_stream,
    .CreateFunctionUrlConfig = lambda_create_function_url_config,
    .GetFunctionUrlConfig = lambda_get_function_url_config,
    .UpdateFunctionUrlConfig = lambda_update_function_url_config,
    .DeleteFunctionUrlConfig = lambda_delete_function_url_config,
    .ListFunctionUrlConfigs = lambda_list_function_url_configs,
    .CreateEventSourceMapping = lambda_create_event_source_mapping,
    .GetEventSourceMapping = lambda_get_event_source_mapping,
    .ListEventSourceMappings = lambda_list_event_source_mappings,
    .UpdateEventSourceMapping = lambda_update_event_source_mapping,
    .DeleteEventSourceMapping = lambda_delete_event_source_mapping,
};

const struct service lambda_service = {
    .model = &lambda_model,
    .handlers = &handlers,
    .open = open_lambda,
    .close = close_lambda,
    .body_max = BODY_MAX,
    .body_error = &lambda_too_large,
    .answer_own = package_serve,
    .is_own_address = url_is_meant,
    .answer_own_address = url_serve,
    .helper = keeper_run,
};
