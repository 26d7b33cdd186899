/*
 * Function URLs: the operations. url_serve.c answers what comes in by them.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
 */
#include "handlers/lambda/url.h"

#include "handlers/common/page_token.h"
#include "handlers/lambda/state.h"
#include "server/aws_error.h"
#include "server/base/digest.h"

enum { LIST_MAX = 50, URL_ID_LEN = 32 };

/* --- CORS as JSON, and back --- */

static const char *cors_text(struct request *req, const struct lambda_Cors *cors)
{
    struct strbuf text = STRBUF_INIT(64 * 1024);
    const struct url_cors c = {
        .origins = {cors->AllowOrigins.items, cors->AllowOrigins.count},
        .methods = {cors->AllowMethods.items, cors->AllowMethods.count},
        .headers = {cors->AllowHeaders.items, cors->AllowHeaders.count},
        .exposed = {cors->ExposeHeaders.items, cors->ExposeHeaders.count},
        .credentials = VALUE_OR(cors->AllowCredentials, false),
        .max_age_s = cors->MaxAge.set ? cors->MaxAge.value : -1,
    };

    url_cors_write(&text, &c);
    const char *kept = arena_strndup(&req->arena, text.data, text.len);
    strbuf_release(&text);
    return kept;
}

static struct lambda_Cors *describe_cors(struct arena *a, const char *json)
{
    struct lambda_Cors *out;
    struct url_cors c;

    if (!json || !url_cors_read(a, json, &c))
        return NULL;
    out = ARENA_NEW(a, struct lambda_Cors);
    *out = (struct lambda_Cors){
        .AllowOrigins = {.items = c.origins.items, .count = c.origins.count},
        .AllowMethods = {.items = c.methods.items, .count = c.methods.count},
        .AllowHeaders = {.items = c.headers.items, .count = c.headers.count},
        .ExposeHeaders = {.items = c.exposed.items, .count = c.exposed.count},
        .AllowCredentials = SOME_BOOL(c.credentials),
    };
    if (c.max_age_s >= 0)
        out->MaxAge = SOME_INT(c.max_age_s);
    return out;
}

/* --- answers --- */

static const char *time_text(struct arena *a, int64_t ms)
{
    char time[TIME_TEXT_MAX];

    time_iso8601(ms, false, time);
    time[strcspn(time, ".Z")] = 0;
    return arena_printf(a, "%s.%06dZ", time, (int)(ms % 1000) * 1000);
}

/* Reached by its Host; a path of the server does the same (url_serve.c). */
static const char *address(struct request *req, const struct lambda_url *u)
{
    return arena_printf(&req->arena, "http://%s.lambda-url.%s.localhost:%u/", u->url_id, u->region,
                        req->app->port);
}

static void describe(struct request *req, const struct lambda_url *u,
                     struct lambda_FunctionUrlConfig *out)
{
    struct arena *a = &req->arena;
    const struct lambda_function f = {
        .account = u->account, .region = u->region, .name = u->function};

    *out = (struct lambda_FunctionUrlConfig){
        .FunctionUrl = address(req, u),
        .FunctionArn = lambda_qualified_arn(a, &f, *u->qualifier ? u->qualifier : NULL),
        .CreationTime = time_text(a, u->created_ms),
        .LastModifiedTime = time_text(a, u->modified_ms),
        .Cors = describe_cors(a, u->cors),
        .AuthType = u->auth_type,
        .InvokeMode = u->invoke_mode,
    };
}

/* What the answers of Create, Get and Update, which are structs of their own, have in common. */
#define URL_MEMBERS(shown)                                                                         \
    .FunctionUrl = (shown).FunctionUrl, .FunctionArn = (shown).FunctionArn,                        \
    .AuthType = (shown).AuthType, .Cors = (shown).Cors, .CreationTime = (shown).CreationTime,      \
    .InvokeMode = (shown).InvokeMode

/* --- operations --- */

/* The function, or its alias. AWS: versions have no URLs. */
static int look_up_target(struct request *req, const char *name, const char *qualifier,
                          struct lambda_function *out, bool *out_there)
{
    if (qualifier && lambda_version_number(qualifier) >= 0)
        return aws_fail(req, &aws_ValidationException,
                        "1 validation error detected: Value '%s' at 'qualifier' failed to satisfy "
                        "constraint: Member must satisfy regular expression pattern: "
                        "((?!^\\d+$)^[0-9a-zA-Z-_]+$)",
                        qualifier);
    return lambda_look_up(req, name, qualifier, out, out_there);
}

static int find_target(struct request *req, const char *name, const char *qualifier,
                       struct lambda_function *out)
{
    bool there = false;

    if (look_up_target(req, name, qualifier, out, &there) < 0)
        return -1;
    if (there)
        return 0;
    return lambda_fail(req, &lambda_ResourceNotFoundException, "Function does not exist");
}

/* AWS: a function that is not there has no URL, either. */
static int find(struct request *req, const char *name, const char *qualifier,
                struct lambda_url *out)
{
    struct lambda_function f;
    struct lambda_url *urls;
    size_t count = 0;
    bool there;

    if (look_up_target(req, name, qualifier, &f, &there) < 0)
        return -1;
    const struct lambda_url_filter filter = {.function = f.name,
                                             .qualifier = f.qualifier ? f.qualifier : ""};
    if (lambda_store_url_list(lambda_state(req)->store, scope_of(req), &filter, 1, &req->arena,
                              &urls, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (!count)
        return lambda_fail(req, &lambda_ResourceNotFoundException,
                           "The resource you requested does not exist.");
    *out = urls[0];
    return 0;
}

int lambda_create_function_url_config(struct request *req,
                                      const struct lambda_CreateFunctionUrlConfigRequest *in,
                                      struct lambda_CreateFunctionUrlConfigResponse *out)
{
    char *id = arena_alloc(&req->arena, URL_ID_LEN + 1);
    int64_t now = clock_now_ms(&req->app->clock);
    struct lambda_FunctionUrlConfig shown;
    struct lambda_function f;

    if (find_target(req, in->FunctionName, in->Qualifier, &f) < 0)
        return -1;
    random_text(id, URL_ID_LEN, "abcdefghijklmnopqrstuvwxyz0123456789");
    const struct lambda_url u = {
        .account = req->account,
        .region = req->region,
        .function = f.name,
        .qualifier = f.qualifier ? f.qualifier : "",
        .url_id = id,
        .auth_type = in->AuthType,
        .invoke_mode = in->InvokeMode ? in->InvokeMode : "BUFFERED",
        .cors = in->Cors ? cors_text(req, in->Cors) : NULL,
        .created_ms = now,
        .modified_ms = now,
    };
    enum store_status rc = lambda_store_url_add(lambda_state(req)->store, &u);
    if (rc == STORE_EXISTS)
        return lambda_fail(req, &lambda_ResourceConflictException,
                           "Failed to create function url config for [functionArn = %s]. Error "
                           "message:  FunctionUrlConfig exists for this Lambda function",
                           lambda_qualified_arn(&req->arena, &f, f.qualifier));
    if (rc)
        return aws_fail_internal(req);
    describe(req, &u, &shown);
    *out = (struct lambda_CreateFunctionUrlConfigResponse){
        URL_MEMBERS(shown),
    };
    return 0;
}

int lambda_get_function_url_config(struct request *req,
                                   const struct lambda_GetFunctionUrlConfigRequest *in,
                                   struct lambda_GetFunctionUrlConfigResponse *out)
{
    struct lambda_FunctionUrlConfig shown;
    struct lambda_url u;

    if (find(req, in->FunctionName, in->Qualifier, &u) < 0)
        return -1;
    describe(req, &u, &shown);
    *out = (struct lambda_GetFunctionUrlConfigResponse){
        URL_MEMBERS(shown),
        .LastModifiedTime = shown.LastModifiedTime,
    };
    return 0;
}

int lambda_update_function_url_config(struct request *req,
                                      const struct lambda_UpdateFunctionUrlConfigRequest *in,
                                      struct lambda_UpdateFunctionUrlConfigResponse *out)
{
    struct lambda_FunctionUrlConfig shown;
    struct lambda_function f;
    struct lambda_url u;

    if (find_target(req, in->FunctionName, in->Qualifier, &f) < 0 ||
        find(req, in->FunctionName, in->Qualifier, &u) < 0)
        return -1;
    if (in->AuthType)
        u.auth_type = in->AuthType;
    if (in->InvokeMode)
        u.invoke_mode = in->InvokeMode;
    if (in->Cors)
        u.cors = cors_text(req, in->Cors);
    u.modified_ms = clock_now_ms(&req->app->clock);
    if (lambda_store_url_replace(lambda_state(req)->store, &u) != STORE_OK)
        return aws_fail_internal(req);
    describe(req, &u, &shown);
    *out = (struct lambda_UpdateFunctionUrlConfigResponse){
        URL_MEMBERS(shown),
        .LastModifiedTime = shown.LastModifiedTime,
    };
    return 0;
}

int lambda_delete_function_url_config(struct request *req,
                                      const struct lambda_DeleteFunctionUrlConfigRequest *in,
                                      struct lambda_DeleteFunctionUrlConfigOutput *out)
{
    struct lambda_url u;

    (void)out;
    if (find(req, in->FunctionName, in->Qualifier, &u) < 0)
        return -1;
    return lambda_store_url_remove(lambda_state(req)->store, u.url_id) == STORE_FAILED
               ? aws_fail_internal(req)
               : 0;
}

int lambda_list_function_url_configs(struct request *req,
                                     const struct lambda_ListFunctionUrlConfigsRequest *in,
                                     struct lambda_ListFunctionUrlConfigsResponse *out)
{
    struct arena *a = &req->arena;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    struct lambda_url_filter filter = {0};
    struct lambda_function f;
    struct lambda_url *urls;
    size_t count;

    if (find_target(req, in->FunctionName, NULL, &f) < 0)
        return -1;
    const char *kind = arena_printf(a, "ListFunctionUrlConfigs %s", f.name);
    filter.function = f.name;
    if (in->Marker && !(filter.after = page_token_read(a, kind, in->Marker)))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
    if (lambda_store_url_list(lambda_state(req)->store, scope_of(req), &filter, max + 1, a, &urls,
                              &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > max)
        out->NextMarker = page_token_make(a, kind, urls[max - 1].qualifier);
    out->FunctionUrlConfigs.count = MIN(count, max);
    out->FunctionUrlConfigs.items =
        ARENA_ARRAY(a, struct lambda_FunctionUrlConfig, out->FunctionUrlConfigs.count);
    for (size_t i = 0; i < out->FunctionUrlConfigs.count; i++)
        describe(req, &urls[i], &out->FunctionUrlConfigs.items[i]);
    return 0;
}
