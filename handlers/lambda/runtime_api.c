/*
 * The runtime's side runs in its connections' threads: GET next waits on `changed` until an event
 * is offered; POST response stores the answer. The invoker's side polls `wake`, an eventfd, beside
 * the process's own descriptors.
 *
 * Only one GET next waits at a time: a newer one (a runtime that came back on a new connection)
 * replaces the older.
 */
#include "handlers/lambda/runtime_api.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include "handlers/lambda/extensions.h"
#include "server/base/json_write.h"
#include "server/base/log.h"
#include "server/net/body.h"
#include "server/net/listener.h"
#include "server/net/request.h"

#define API_PREFIX "/2018-06-01/runtime"

enum { SINK_FULL_US = 2000 };

struct runtime_api {
    struct endpoint *endpoint;
    struct extensions *extensions;
    int wake;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under lock: */
    enum runtime_state state;
    const struct runtime_event *event; /* offered and not taken back yet; NULL once it timed out,
                                          though the runtime may still answer it */
    bool delivered;
    unsigned waiter; /* number of the latest GET next */
    bool asking;     /* which has not got an event yet */
    bool closing;
    struct runtime_answer answer;
};

/* --- the runtime's side --- */

static void respond(struct request *req, uint16_t status, const char *error_type, const char *text)
{
    struct jw w;

    req->response.status = status;
    req->response.kind = BODY_BYTES;
    response_set_header(req, "Content-Type", "application/json");
    jw_init(&w, &req->response.bytes);
    jw_begin_object(&w);
    jw_member_string(&w, "errorMessage", error_type ? text : NULL);
    jw_member_string(&w, "errorType", error_type);
    jw_member_string(&w, "status", error_type ? NULL : text);
    jw_end_object(&w);
}

/* Copies what the event holds: it may be taken back once the lock is open. */
static void deliver(struct request *req, const struct runtime_event *event)
{
    struct arena *a = &req->arena;

    req->response.status = 200;
    req->response.kind = BODY_BYTES;
    response_header(req, "Content-Type", "application/json");
    response_header(req, "Lambda-Runtime-Aws-Request-Id", arena_strdup(a, event->request_id));
    response_header(req, "Lambda-Runtime-Deadline-Ms",
                    arena_printf(a, "%" PRId64, event->deadline_ms));
    response_header(req, "Lambda-Runtime-Invoked-Function-Arn",
                    arena_strdup(a, event->function_arn));
    response_header(req, "Lambda-Runtime-Trace-Id", arena_strdup(a, event->trace_id));
    if (event->client_context)
        response_header(req, "Lambda-Runtime-Client-Context",
                        arena_strdup(a, event->client_context));
    strbuf_add(&req->response.bytes, event->payload.data, event->payload.len);
}

static void serve_next(struct runtime_api *r, struct request *req)
{
    pthread_mutex_lock(&r->lock);
    unsigned me = ++r->waiter;
    r->asking = true;
    pthread_cond_broadcast(&r->changed);
    if (r->state == RUNTIME_STARTING || r->state == RUNTIME_RESTING) {
        r->state = RUNTIME_WAITING;
        eventfd_write(r->wake, 1);
    }
    while (!r->closing && r->waiter == me && !(r->event && !r->delivered))
        pthread_cond_wait(&r->changed, &r->lock);
    if (!r->closing && r->waiter == me) {
        r->delivered = true;
        r->asking = false;
        deliver(req, r->event);
    } else {
        respond(req, 403, "InvalidStateTransition", "State transition is not allowed");
    }
    pthread_mutex_unlock(&r->lock);
}

static void too_large(struct runtime_answer *answer)
{
    answer->error = true;
    snprintf(answer->error_type, sizeof(answer->error_type), "Function.ResponseSizeTooLarge");
    strbuf_add_format(&answer->body,
                      "{\"errorMessage\":\"Response payload size exceeded maximum allowed payload "
                      "size (%d bytes).\",\"errorType\":\"Function.ResponseSizeTooLarge\"}",
                      RUNTIME_RESPONSE_MAX);
}

/* Takes what came in; the caller holds the lock. */
static void take_answer(struct runtime_api *r, struct request *req, bool error,
                        enum runtime_state state)
{
    const char *type = request_header(req, "Lambda-Runtime-Function-Error-Type");

    r->answer.error = error;
    r->answer.streamed = !error && r->event && r->event->sink && req->body_filters;
    r->answer.ready_us = clock_monotonic_us();
    r->answer.error_type[0] = 0;
    strbuf_init(&r->answer.body, RUNTIME_RESPONSE_MAX + 1);
    if (req->body_state == BODY_TOO_LARGE) {
        too_large(&r->answer);
    } else {
        strbuf_add(&r->answer.body, req->body.data, req->body.len);
        if (error && type)
            snprintf(r->answer.error_type, sizeof(r->answer.error_type), "%s", type);
    }
    r->state = state;
    eventfd_write(r->wake, 1);
}

static void serve_answer(struct runtime_api *r, struct request *req, const char *id, size_t id_len,
                         bool error)
{
    bool large = req->body_state == BODY_TOO_LARGE;

    pthread_mutex_lock(&r->lock);
    bool mine = r->state == RUNTIME_WORKING && r->event && r->delivered &&
                strlen(r->event->request_id) == id_len &&
                memcmp(r->event->request_id, id, id_len) == 0;
    if (mine)
        take_answer(r, req, error, RUNTIME_ANSWERED);
    pthread_mutex_unlock(&r->lock);
    if (!mine)
        respond(req, 400, "InvalidRequestID", "Invalid request ID");
    else if (large)
        respond(req, 413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size");
    else
        respond(req, 202, NULL, "OK");
}

static void serve_init_error(struct runtime_api *r, struct request *req)
{
    pthread_mutex_lock(&r->lock);
    bool starting = r->state == RUNTIME_STARTING;
    if (starting)
        take_answer(r, req, true, RUNTIME_INIT_FAILED);
    pthread_mutex_unlock(&r->lock);
    if (starting)
        respond(req, 202, NULL, "OK");
    else
        respond(req, 403, "InvalidStateTransition", "State transition is not allowed");
}

/* A web page must not take a function's events, neither from its own site nor under a name of its
 * own that leads to 127.0.0.1. */
static bool is_web_page(const struct request *req)
{
    const char *host = request_header(req, "Host");

    return request_header(req, "Origin") ||
           (host && !str_starts(host, "127.0.0.1") && !str_starts(host, "localhost"));
}

void runtime_api_serve(struct request *req)
{
    struct runtime_api *r = req->endpoint_context;
    const char *path = req->path;
    bool post = str_eq(req->method, "POST");

    if (!is_web_page(req) && extensions_serve(r->extensions, req))
        return;
    if (is_web_page(req) || !str_starts(path, API_PREFIX "/")) {
        respond(req, 404, "InvalidPath", "No such path");
        return;
    }
    path += strlen(API_PREFIX);
    if (str_eq(path, "/invocation/next") && str_eq(req->method, "GET")) {
        serve_next(r, req);
        return;
    }
    if (str_eq(path, "/init/error") && post) {
        serve_init_error(r, req);
        return;
    }
    if (post && str_starts(path, "/invocation/")) {
        const char *id = path + strlen("/invocation/");
        size_t len = strcspn(id, "/");

        if (str_eq(id + len, "/response") || str_eq(id + len, "/error")) {
            serve_answer(r, req, id, len, str_eq(id + len, "/error"));
            return;
        }
    }
    respond(req, 404, "InvalidPath", "No such path");
}

/* --- answers that are streamed --- */

/* One of them, while its bytes come in. */
struct incoming {
    struct runtime_api *api;
    const char *id;
    const char *content_type;
    int64_t taken;
};

/* Whether the answer is one to the present event, which wants it streamed. The caller holds the
 * lock. */
static bool is_streamed(const struct runtime_api *r, const char *id, size_t id_len)
{
    return r->state == RUNTIME_WORKING && r->event && r->delivered && r->event->sink &&
           strlen(r->event->request_id) == id_len && memcmp(r->event->request_id, id, id_len) == 0;
}

static int push_stream(struct request *req, struct body_filter *filter, const void *data,
                       size_t len)
{
    struct incoming *in = filter->context;
    enum sink_result result = SINK_FULL;

    in->taken += (int64_t)len;
    while (result == SINK_FULL) {
        pthread_mutex_lock(&in->api->lock);
        bool wanted = !in->api->closing && is_streamed(in->api, in->id, strlen(in->id));
        if (wanted && in->taken <= RUNTIME_STREAM_MAX)
            result = in->api->event->sink->write(in->api->event->sink->context, in->content_type,
                                                 data, len);
        pthread_mutex_unlock(&in->api->lock);
        if (!wanted || in->taken > RUNTIME_STREAM_MAX) {
            req->body_state = BODY_TOO_LARGE;
            return -1;
        }
        if (result == SINK_FULL)
            usleep(SINK_FULL_US);
    }
    return 0;
}

static int finish_stream(struct request *req, struct body_filter *filter)
{
    (void)req;
    (void)filter;
    return 0;
}

/* AWS: the runtime says that it streams; what it posts then goes on as it comes. */
static void take_stream(struct request *req)
{
    const char *mode = request_header(req, "Lambda-Runtime-Function-Response-Mode");
    struct runtime_api *r = req->endpoint_context;
    const char *id = req->path + strlen(API_PREFIX "/invocation/");

    if (!mode || strcasecmp(mode, "streaming") != 0 ||
        !str_starts(req->path, API_PREFIX "/invocation/"))
        return;
    size_t len = strcspn(id, "/");
    pthread_mutex_lock(&r->lock);
    bool wanted = str_eq(id + len, "/response") && is_streamed(r, id, len);
    pthread_mutex_unlock(&r->lock);
    if (!wanted)
        return;
    struct incoming *in = ARENA_NEW(&req->arena, struct incoming);
    *in = (struct incoming){.api = r,
                            .id = arena_strndup(&req->arena, id, len),
                            .content_type = request_header(req, "Content-Type")};
    struct body_filter *filter = ARENA_NEW(&req->arena, struct body_filter);
    *filter = (struct body_filter){.push = push_stream, .finish = finish_stream, .context = in};
    body_add_filter(req, filter);
}

static int begin(struct request *req)
{
    req->body_max = RUNTIME_RESPONSE_MAX;
    if (str_eq(req->method, "POST"))
        take_stream(req);
    return 0;
}

/* --- the invoker's side --- */

struct runtime_api *runtime_api_open(struct app *app)
{
    static const struct endpoint_handler handler = {.begin = begin, .serve = runtime_api_serve};
    struct runtime_api *r = x_calloc(1, sizeof(*r));
    struct endpoint_options options = {.address = "127.0.0.1", .handler = &handler, .context = r};

    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    strbuf_init(&r->answer.body, RUNTIME_RESPONSE_MAX + 1);
    r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->extensions = extensions_new(r->wake);
    if (r->wake >= 0)
        r->endpoint = listener_open_endpoint(app->listener, &options);
    if (!r->endpoint) {
        log_error("no Runtime API for a function: %s", strerror(errno));
        runtime_api_close(r);
        return NULL;
    }
    return r;
}

void runtime_api_close(struct runtime_api *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->closing = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    extensions_close(r->extensions);
    endpoint_close(r->endpoint);
    extensions_free(r->extensions);
    if (r->wake >= 0)
        close(r->wake);
    strbuf_release(&r->answer.body);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

struct extensions *runtime_api_extensions(struct runtime_api *r)
{
    return r->extensions;
}

uint16_t runtime_api_port(const struct runtime_api *r)
{
    return endpoint_port(r->endpoint);
}

int runtime_api_fd(const struct runtime_api *r)
{
    return r->wake;
}

enum runtime_state runtime_api_look(struct runtime_api *r)
{
    eventfd_t count;

    eventfd_read(r->wake, &count); /* empty is fine: the state tells what there is */
    pthread_mutex_lock(&r->lock);
    enum runtime_state state = r->state;
    pthread_mutex_unlock(&r->lock);
    return state;
}

void runtime_api_offer(struct runtime_api *r, const struct runtime_event *event)
{
    pthread_mutex_lock(&r->lock);
    r->event = event;
    r->delivered = false;
    r->state = RUNTIME_WORKING;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

void runtime_api_withdraw(struct runtime_api *r)
{
    pthread_mutex_lock(&r->lock);
    r->event = NULL;
    pthread_mutex_unlock(&r->lock);
}

bool runtime_api_finish(struct runtime_api *r, struct runtime_answer *out)
{
    pthread_mutex_lock(&r->lock);
    bool answered = r->state == RUNTIME_ANSWERED || r->state == RUNTIME_INIT_FAILED;
    if (answered) {
        *out = r->answer;
        r->answer = (struct runtime_answer){0};
        strbuf_init(&r->answer.body, RUNTIME_RESPONSE_MAX + 1);
        r->state = r->asking ? RUNTIME_WAITING : RUNTIME_RESTING;
    }
    r->event = NULL;
    pthread_mutex_unlock(&r->lock);
    return answered;
}
