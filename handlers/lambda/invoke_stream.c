/*
 * InvokeWithResponseStream: the answer as an event stream, chunk by chunk as the function writes
 * it.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
 */
#include "handlers/lambda/response_stream.h"

#include "server/aws_error.h"
#include "server/protocol/event_stream.h"

enum { CHUNKS_MAX = 32 * 1024 * 1024 };

struct streaming {
    struct response_stream *stream;
    bool wants_log;
    bool done;
};

static void release(void *context)
{
    struct streaming *s = context;

    response_stream_release(s->stream);
}

static void send_complete(struct request *req, const struct streaming *s, struct strbuf *out)
{
    struct lambda_InvokeWithResponseStreamCompleteEvent event = {0};
    struct stream_end end = response_stream_end(s->stream);
    struct arena *a = &req->arena;

    if (end.status != POOL_RAN || end.run->stopped) {
        event.ErrorCode = "ServiceException";
        event.ErrorDetails = "The function could not be run to its end.";
    } else if (end.run->function_error) {
        event.ErrorCode =
            end.run->error_type[0] ? arena_strdup(a, end.run->error_type) : "Unhandled";
        event.ErrorDetails = arena_strndup(a, end.run->response.data ? end.run->response.data : "",
                                           end.run->response.len);
    }
    if (s->wants_log && end.status == POOL_RAN)
        event.LogResult = lambda_encode_tail(a, end.run);
    event_stream_event(req, "InvokeComplete", &event, out);
}

static int next(struct request *req, void *context, struct strbuf *out)
{
    struct streaming *s = context;
    struct lambda_InvokeResponseStreamUpdate chunk = {0};
    struct strbuf data = STRBUF_INIT(CHUNKS_MAX);

    if (s->done)
        return 0;
    enum stream_state state = response_stream_take(s->stream, req, &data);
    if (state == STREAM_DATA) {
        chunk.Payload = (struct bytes){.data = (const uint8_t *)data.data, .len = data.len};
        event_stream_event(req, "PayloadChunk", &chunk, out);
    } else if (state == STREAM_ENDED) {
        s->done = true;
        send_complete(req, s, out);
    }
    strbuf_release(&data);
    return state == STREAM_ABANDONED ? -1 : 1;
}

/* Fails the request when the function was not run at all. */
static int check_start(struct request *req, struct response_stream *stream)
{
    struct stream_end end;

    if (!response_stream_wait(stream, req))
        return lambda_fail(req, &lambda_ServiceException,
                           "The server stopped while the function was running.");
    end = response_stream_end(stream);
    if (!end.ended || end.status == POOL_RAN)
        return 0;
    if (end.status == POOL_THROTTLED)
        return lambda_fail_throttled(req, "ConcurrentInvocationLimitExceeded");
    if (end.status == POOL_RESERVED)
        return lambda_fail_throttled(req, "ReservedFunctionConcurrentInvocationLimitExceeded");
    return aws_fail_internal(req);
}

int lambda_invoke_with_response_stream(struct request *req,
                                       const struct lambda_InvokeWithResponseStreamRequest *in,
                                       struct lambda_InvokeWithResponseStreamResponse *out)
{
    struct streaming *s = ARENA_NEW(&req->arena, struct streaming);
    struct bytes payload = in->Payload;
    const char *client_context;
    struct lambda_function f;

    if (in->TenantId)
        return aws_fail_unsupported(req, "TenantId");
    if (lambda_resolve_routed(req, in->FunctionName, in->Qualifier, &f) < 0)
        return -1;
    if (in->InvocationType && str_eq(in->InvocationType, "DryRun")) {
        out->StatusCode = SOME_INT(204);
        return 0;
    }
    if (lambda_check_payload(req, "RequestResponse", &payload) < 0 ||
        lambda_read_client_context(req, in->ClientContext, &client_context) < 0)
        return -1;
    const struct invocation run = {.request_id = req->request_id,
                                   .payload = payload,
                                   .client_context = client_context,
                                   .function_arn =
                                       lambda_qualified_arn(&req->arena, &f, f.qualifier)};
    s->wants_log = in->LogType && str_eq(in->LogType, "Tail");
    s->stream = response_stream_start(lambda_state(req), &f, &run);
    if (!s->stream)
        return aws_fail_internal(req);
    arena_defer(&req->arena, release, s);
    if (check_start(req, s->stream) < 0)
        return -1;
    out->StatusCode = SOME_INT(200);
    out->ExecutedVersion = lambda_version_text(&req->arena, f.version);
    req->response.kind = BODY_STREAM;
    req->response.stream = (struct body_stream){.next = next, .context = s};
    return 0;
}
