/*
 * What comes in by a function's URL: found, checked, run, answered. An answer that is to be
 * streamed begins with JSON and eight zero bytes where the function says so by its content type;
 * what follows goes to the client as it comes.
 */
#include "handlers/lambda/url.h"

#include "handlers/lambda/access.h"
#include "handlers/lambda/response_stream.h"
#include "server/app.h"

#define URL_PATH "/_cadabra/lambda/url/"
#define PRELUDE_TYPE "application/vnd.awslambda.http-integration-response"

enum {
    URL_ID_LEN = 32,
    EVENT_MAX = 16 * 1024 * 1024,
    PAYLOAD_MAX = 6 * 1024 * 1024,
    PRELUDE_END = 8, /* zero bytes */
    PRELUDE_MAX = 64 * 1024,
    LOOKUPS_MAX = 10,
};

static bool is_id(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") == URL_ID_LEN;
}

/* The id in the Host, NULL when there is none. */
static const char *id_in_host(const struct request *req)
{
    const char *host = request_header(req, "host");

    return host && is_id(host) && str_starts(host + URL_ID_LEN, ".lambda-url.") ? host : NULL;
}

static const char *id_in_path(const struct request *req)
{
    const char *id = req->path + strlen(URL_PATH);

    return str_starts(req->path, URL_PATH) && is_id(id) &&
                   (id[URL_ID_LEN] == '/' || !id[URL_ID_LEN])
               ? id
               : NULL;
}

bool url_is_meant(const struct request *req)
{
    return id_in_host(req) || id_in_path(req);
}

/* --- refusals --- */

static void refuse(struct request *req, uint16_t status, const char *message)
{
    req->response.status = status;
    req->response.kind = BODY_BYTES;
    strbuf_clear(&req->response.bytes);
    response_set_header(req, "Content-Type", "application/json");
    strbuf_add_format(&req->response.bytes, "{\"Message\":\"%s\"}", message);
}

/* AWS: an open URL needs a statement that opens it, a signed call from another account one for that
 * account. */
static bool is_allowed(struct request *req, const struct lambda_url *u,
                       const struct lambda_function *f, const char *caller)
{
    struct scope scope = {.account = u->account, .region = u->region};
    const char *qualifier = *u->qualifier ? u->qualifier : NULL;
    bool open = str_eq(u->auth_type, "NONE");
    const struct access_question q = {
        .action = "lambda:InvokeFunctionUrl",
        .resource = lambda_qualified_arn(&req->arena, f, qualifier),
        .account = open ? NULL : caller,
        .url_auth_type = u->auth_type,
    };
    const char *statements;

    if (!open && !caller)
        return false;
    if (!open && str_eq(caller, u->account))
        return true;
    return lambda_store_permissions(lambda_state(req)->store, scope,
                                    lambda_policy_holder(&req->arena, f->name, qualifier),
                                    &req->arena, &statements) == STORE_OK &&
           access_allows(&req->arena, statements, &q);
}

/* --- the answer, whole --- */

static void release_response(void *context)
{
    strbuf_release(context);
}

static bool fail_status(struct request *req, enum pool_status status, const struct invocation *in)
{
    if (status == POOL_THROTTLED || status == POOL_RESERVED)
        refuse(req, 429, "Rate Exceeded.");
    else if (status != POOL_RAN || in->stopped)
        refuse(req, 500, "Internal Server Error");
    else if (in->function_error)
        refuse(req, 502, "Internal Server Error");
    else
        return false;
    return true;
}

static void answer_whole(struct request *req, struct lambda_function *f, struct invocation *in)
{
    enum pool_status status = lambda_run(lambda_state(req), f, in);

    arena_defer(&req->arena, release_response, &in->response);
    if (fail_status(req, status, in))
        return;
    url_answer(req,
               (struct bytes){.data = (const uint8_t *)in->response.data, .len = in->response.len});
}

/* --- the answer, streamed --- */

struct url_stream {
    struct response_stream *stream;
    struct strbuf first; /* bytes of the body that came with the prelude */
};

static void release_stream(void *context)
{
    struct url_stream *s = context;

    response_stream_release(s->stream);
    strbuf_release(&s->first);
}

static int next(struct request *req, void *context, struct strbuf *out)
{
    struct url_stream *s = context;

    if (s->first.len) {
        strbuf_add(out, s->first.data, s->first.len);
        strbuf_clear(&s->first);
        return 1;
    }
    switch (response_stream_take(s->stream, req, out)) {
    case STREAM_DATA:
        return 1;
    case STREAM_ENDED: {
        struct stream_end end = response_stream_end(s->stream);
        /* A client must not take half an answer for a whole one. */
        return end.status == POOL_RAN && !end.run->function_error && !end.run->stopped ? 0 : -1;
    }
    default:
        return -1;
    }
}

/* Gathers the prelude; true when it is whole, and what came behind it stays in `first`. */
static bool take_prelude(struct request *req, struct url_stream *s)
{
    static const char end[PRELUDE_END];

    for (;;) {
        const char *at =
            s->first.len ? memmem(s->first.data, s->first.len, end, PRELUDE_END) : NULL;

        if (at) {
            size_t len = (size_t)(at - s->first.data);

            url_answer_head(
                req,
                (struct bytes){.data = arena_memdup(&req->arena, s->first.data, len), .len = len});
            s->first.len -= len + PRELUDE_END;
            memmove(s->first.data, at + PRELUDE_END, s->first.len);
            return true;
        }
        if (s->first.len > PRELUDE_MAX ||
            response_stream_take(s->stream, req, &s->first) != STREAM_DATA)
            return false;
    }
}

static void answer_streamed(struct request *req, const struct lambda_function *f,
                            const struct invocation *in)
{
    struct url_stream *s = ARENA_NEW(&req->arena, struct url_stream);
    struct stream_end end;

    s->stream = response_stream_start(lambda_state(req), f, in);
    if (!s->stream) {
        refuse(req, 500, "Internal Server Error");
        return;
    }
    strbuf_init(&s->first, EVENT_MAX);
    arena_defer(&req->arena, release_stream, s);
    if (!response_stream_wait(s->stream, req)) {
        refuse(req, 500, "Internal Server Error");
        return;
    }
    end = response_stream_end(s->stream);
    if (end.ended && fail_status(req, end.status, end.run))
        return;
    if (!response_stream_is_streamed(s->stream)) {
        response_stream_take(s->stream, req, &s->first);
        url_answer(req,
                   (struct bytes){.data = (const uint8_t *)s->first.data, .len = s->first.len});
        return;
    }
    const char *type = response_stream_type(s->stream);
    if (type && str_starts(type, PRELUDE_TYPE)) {
        if (!take_prelude(req, s)) {
            refuse(req, 502, "Internal Server Error");
            return;
        }
    } else {
        req->response.status = 200;
        response_header(req, "Content-Type",
                        type ? arena_strdup(&req->arena, type) : "application/octet-stream");
    }
    req->response.kind = BODY_STREAM;
    req->response.stream = (struct body_stream){.next = next, .context = s};
}

/* --- a request --- */

static bool find(struct request *req, struct lambda_url *u, struct lambda_function *f)
{
    struct lambda *l = lambda_of(req->app);
    const char *id = id_in_host(req);

    id = arena_strndup(&req->arena, id ? id : id_in_path(req), URL_ID_LEN);
    if (lambda_store_url_find(l->store, id, &req->arena, u) != STORE_OK)
        return false;
    struct scope scope = {.account = u->account, .region = u->region};
    return lambda_lookup(l, scope, u->function, *u->qualifier ? u->qualifier : NULL, true,
                         &req->arena, f) == STORE_OK;
}

static void run(struct request *req, const struct lambda_url *u, struct lambda_function *f,
                const char *caller)
{
    struct invocation *in = ARENA_NEW(&req->arena, struct invocation);
    const char *rest = id_in_host(req) ? req->path : req->path + strlen(URL_PATH) + URL_ID_LEN;
    const struct url_request what = {
        .url = u,
        .path = *rest ? rest : "/",
        .domain = arena_printf(&req->arena, "%s.lambda-url.%s.localhost", u->url_id, u->region),
        .caller = str_eq(u->auth_type, "NONE") ? NULL : caller,
        .access_key = req->access_key,
    };
    struct strbuf *event = ARENA_NEW(&req->arena, struct strbuf);

    strbuf_init(event, EVENT_MAX);
    arena_defer(&req->arena, release_response, event);
    url_event_write(event, req, &what);
    *in = (struct invocation){
        .request_id = req->request_id,
        .payload = {.data = (const uint8_t *)event->data, .len = event->len},
        .function_arn = lambda_qualified_arn(&req->arena, f, f->qualifier),
        .stop_fd = req->app->stop_fd,
    };
    if (event->len > PAYLOAD_MAX)
        refuse(req, 413,
               "Request must be smaller than 6291456 bytes for the InvokeFunction "
               "operation");
    else if (str_eq(u->invoke_mode, "RESPONSE_STREAM"))
        answer_streamed(req, f, in);
    else
        answer_whole(req, f, in);
}

static bool is_preflight(const struct request *req)
{
    return str_eq(req->method, "OPTIONS") && request_header(req, "Origin") &&
           request_header(req, "Access-Control-Request-Method");
}

void url_serve(struct request *req)
{
    const char *caller = req->access_key ? req->account : NULL;
    struct url_cors cors = {0};
    struct lambda_function f;
    struct lambda_url u;

    if (req->body_state == BODY_TOO_LARGE) {
        refuse(req, 413, "Request Too Long");
        return;
    }
    if (!find(req, &u, &f)) {
        refuse(req, 404, "null");
        return;
    }
    bool has_cors = u.cors && url_cors_read(&req->arena, u.cors, &cors);
    if (has_cors && is_preflight(req)) {
        req->response.status = 200;
        url_cors_apply(req, &cors, true);
        return;
    }
    if (req->failure.error || !is_allowed(req, &u, &f, caller))
        refuse(req, 403, "Forbidden");
    else
        run(req, &u, &f, caller);
    if (has_cors)
        url_cors_apply(req, &cors, false);
}
