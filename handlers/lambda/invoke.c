/*
 * Invoke: the caller waits for the answer (RequestResponse), does not (Event), or only asks whether
 * it might (DryRun).
 */
#include "handlers/lambda/state.h"

#include "handlers/lambda/async.h"
#include "server/aws_error.h"
#include "server/base/encode.h"
#include "server/base/json_read.h"
#include "server/base/log.h"

enum {
    SYNC_PAYLOAD_MAX = 6 * 1024 * 1024,
    ASYNC_PAYLOAD_MAX = 1024 * 1024,
    CLIENT_CONTEXT_MAX = 3583, /* AWS: as base64 */
    JSON_DEPTH_MAX = 1000,
    LOOKUPS_MAX = 10, /* of a function that is being changed all the time */
};

/* The model calls it RequestTooLargeException; this is what clients are sent. */
const struct aws_error lambda_too_large = {
    .name = "RequestTooLargeException",
    .code = "RequestEntityTooLargeException",
    .status = 413,
    .sender_fault = true,
};

/* The problem with a text that is no JSON document; NULL for one that is. */
static const char *json_problem(struct arena *a, struct bytes text)
{
    struct jr r;

    jr_init(&r, text.data, text.len, a, JSON_DEPTH_MAX);
    if (jr_skip(&r, NULL) && jr_finish(&r))
        return NULL;
    return r.error ? r.error : "Unexpected characters after the document";
}

int lambda_check_payload(struct request *req, const char *type, struct bytes *payload)
{
    bool event = str_eq(type, "Event");
    int max = event ? ASYNC_PAYLOAD_MAX : SYNC_PAYLOAD_MAX;

    if (payload->len > (size_t)max)
        return lambda_fail(req, &lambda_too_large,
                           "%zu byte payload is too large for the %s invocation type (limit %d "
                           "bytes)",
                           payload->len, type, max);
    /* AWS: without a payload the function gets an empty object. */
    if (!payload->len)
        *payload = (struct bytes){.data = (const uint8_t *)"{}", .len = 2};
    const char *problem = json_problem(&req->arena, *payload);
    if (problem)
        return lambda_fail(req, &lambda_InvalidRequestContentException,
                           "Could not parse request body into json: Could not parse payload into "
                           "json: %s",
                           problem);
    return 0;
}

/* The JSON in the header, on one line, or NULL. */
int lambda_read_client_context(struct request *req, const char *text, const char **out)
{
    size_t len;

    *out = NULL;
    if (!text || !*text)
        return 0;
    if (strlen(text) > CLIENT_CONTEXT_MAX)
        return lambda_fail(req, &lambda_InvalidRequestContentException,
                           "Client context must be no more than %d bytes when base64-encoded.",
                           CLIENT_CONTEXT_MAX);
    char *json = arena_alloc(&req->arena, strlen(text) / 4 * 3 + 4);
    if (!base64_decode(text, strlen(text), (uint8_t *)json, &len) ||
        json_problem(&req->arena, (struct bytes){.data = (uint8_t *)json, .len = len}))
        return lambda_fail(req, &lambda_InvalidRequestContentException,
                           "Client context must be a valid Base64-encoded JSON object.");
    json[len] = 0;
    /* Newlines can only stand between values; it travels on in a header. */
    for (char *c = json; *c; c++) {
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
    }
    *out = json;
    return 0;
}

static int accept_event(struct request *req, const struct lambda_function *f, const char *arn,
                        struct bytes payload, const char *client_context)
{
    int64_t now = clock_now_ms(&req->app->clock);
    const struct lambda_event event = {
        .account = req->account,
        .region = req->region,
        .function = f->name,
        .arn = arn,
        .request_id = req->request_id,
        .client_context = client_context,
        .payload = payload,
        .accepted_ms = now,
        .due_ms = now,
    };

    return async_put(lambda_state(req)->async, &event) == STORE_OK ? 0 : aws_fail_internal(req);
}

static void release_response(void *context)
{
    strbuf_release(context);
}

static int run_now(struct request *req, const struct lambda_InvocationRequest *asked,
                   struct lambda_function *f, struct invocation *in)
{
    struct lambda *l = lambda_state(req);
    enum pool_status status = lambda_run(l, f, in);

    for (int i = 0; status == POOL_OUTDATED && i < LOOKUPS_MAX; i++) {
        if (lambda_resolve_routed(req, asked->FunctionName, asked->Qualifier, f) < 0)
            return -1;
        status = lambda_run(l, f, in);
    }
    if (status == POOL_OUTDATED)
        log_error("the code of function %s has gone from the data directory", f->name);
    arena_defer(&req->arena, release_response, &in->response);
    if (status == POOL_THROTTLED)
        return lambda_fail_throttled(req, "ConcurrentInvocationLimitExceeded");
    if (status == POOL_RESERVED)
        return lambda_fail_throttled(req, "ReservedFunctionConcurrentInvocationLimitExceeded");
    if (status != POOL_RAN)
        return aws_fail_internal(req);
    if (in->stopped)
        return lambda_fail(req, &lambda_ServiceException,
                           "The server stopped while the function was running.");
    return 0;
}

const char *lambda_encode_tail(struct arena *a, const struct invocation *in)
{
    char *text = arena_alloc(a, BASE64_LEN(in->tail_len) + 1);

    base64_encode(in->tail, in->tail_len, text);
    return text;
}

int lambda_invoke(struct request *req, const struct lambda_InvocationRequest *in,
                  struct lambda_InvocationResponse *out)
{
    struct arena *a = &req->arena;
    const char *type = in->InvocationType ? in->InvocationType : "RequestResponse";
    struct bytes payload = in->Payload;
    const char *client_context;
    struct lambda_function f;

    if (in->TenantId)
        return aws_fail_unsupported(req, "TenantId");
    if (in->DurableExecutionName)
        return aws_fail_unsupported(req, "DurableExecutionName");
    if (lambda_resolve_routed(req, in->FunctionName, in->Qualifier, &f) < 0)
        return -1;
    if (str_eq(type, "DryRun")) {
        out->StatusCode = SOME_INT(204);
        return 0;
    }
    if (lambda_check_payload(req, type, &payload) < 0 ||
        lambda_read_client_context(req, in->ClientContext, &client_context) < 0)
        return -1;
    const char *arn = lambda_qualified_arn(a, &f, f.qualifier);
    if (str_eq(type, "Event")) {
        out->StatusCode = SOME_INT(202);
        return accept_event(req, &f, arn, payload, client_context);
    }
    struct invocation *run = ARENA_NEW(a, struct invocation);
    *run = (struct invocation){.request_id = req->request_id,
                               .payload = payload,
                               .client_context = client_context,
                               .function_arn = arn,
                               .stop_fd = req->app->stop_fd};
    if (run_now(req, in, &f, run) < 0)
        return -1;
    out->StatusCode = SOME_INT(200);
    out->ExecutedVersion = lambda_version_text(a, f.version);
    out->FunctionError = run->function_error ? "Unhandled" : NULL;
    out->Payload =
        (struct bytes){.data = (const uint8_t *)run->response.data, .len = run->response.len};
    if (in->LogType && str_eq(in->LogType, "Tail"))
        out->LogResult = lambda_encode_tail(a, run);
    return 0;
}

int lambda_invoke_async(struct request *req, const struct lambda_InvokeAsyncRequest *in,
                        struct lambda_InvokeAsyncResponse *out)
{
    struct bytes payload = in->InvokeArgs;
    struct lambda_function f;

    if (lambda_resolve(req, in->FunctionName, NULL, &f) < 0 ||
        lambda_check_payload(req, "Event", &payload) < 0)
        return -1;
    out->Status = SOME_INT(202);
    return accept_event(req, &f, lambda_function_arn(&req->arena, &f), payload, NULL);
}
