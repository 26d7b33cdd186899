/* One request and its answer, common to both HTTP versions: see net.h. */
#include "server/app.h"
#include "server/base/log.h"
#include "server/net/net.h"

enum { ANSWER_MAX = 64 << 20, ANSWER_KEPT = 64 * 1024, PIECE_MAX = 16 << 20 };

/* The answer as it is before anybody has written to it; the buffer's memory stays. */
static void clear_response(struct response *r)
{
    r->status = 0;
    r->header_count = 0;
    r->kind = BODY_NONE;
    if (r->bytes.capacity > ANSWER_KEPT)
        strbuf_release(&r->bytes);
    strbuf_clear(&r->bytes);
    r->bytes.max = ANSWER_MAX;
    if (r->file >= 0)
        close(r->file);
    r->file = -1;
    r->file_offset = 0;
    r->file_length = 0;
    r->stream = (struct body_stream){0};
    r->source = (struct body_source){0};
    r->head_length = -1;
}

static void clear_request(struct request *req)
{
    req->method = "";
    req->target = req->path = "/";
    req->query = "";
    req->resource = NULL;
    req->id_2 = NULL;
    req->intake = NULL;
    req->trailers = NULL;
    req->trailer_count = 0;
    req->headers = NULL;
    req->header_count = 0;
    req->account[0] = req->region[0] = req->request_id[0] = '\0';
    req->access_key = NULL;
    req->body_sha256 = NULL;
    req->dispatch = NULL;
    req->service = NULL;
    req->operation = NULL;
    req->protocol = 0;
    req->failure = (struct failure){0};
    clear_response(&req->response);
}

void exchange_init(struct exchange *x, struct connection *c, int client_fd)
{
    *x = (struct exchange){.connection = c, .handler = endpoint_handler_of(c->endpoint)};
    arena_init(&x->req.arena);
    strbuf_init(&x->req.response.bytes, ANSWER_MAX);
    strbuf_init(&x->pending, PIECE_MAX);
    x->req.response.file = -1;
    body_init(&x->req, connection_temp_dir(c));
    clear_request(&x->req);
    x->req.app = connection_app(c);
    x->req.client_fd = client_fd;
    x->req.endpoint_context = endpoint_context_of(c->endpoint);
}

void exchange_set_target(struct exchange *x, const char *target)
{
    struct request *req = &x->req;
    const char *authority = strstr(target, "://");
    const char *query;

    if (!x->opened)
        atomic_fetch_add(&x->connection->open, 1);
    x->opened = true;
    /* The absolute form, http://host:port/path: proxies get it, and some clients send it to
     * everybody. */
    if (target[0] != '/' && authority && authority < target + strcspn(target, "/?")) {
        target = authority + 3;
        target += strcspn(target, "/?");
        if (*target != '/')
            target = arena_printf(&req->arena, "/%s", target);
    }
    req->target = arena_strdup(&req->arena, target);
    query = strchr(req->target, '?');
    if (query) {
        req->path = arena_strndup(&req->arena, req->target, (size_t)(query - req->target));
        req->query = query + 1;
    } else {
        req->path = req->target;
        req->query = "";
    }
}

void exchange_begin(struct exchange *x)
{
    struct request *req = &x->req;

    x->begun = true;
    atomic_fetch_add(&x->connection->heads, 1);
    req->received_mono_us = clock_monotonic_us();
    if (req->app)
        req->received_ms = clock_now_ms(&req->app->clock);
    x->refused = x->handler->begin && x->handler->begin(req) < 0;
}

bool exchange_body(struct exchange *x, const void *data, size_t len)
{
    if (!x->refused)
        body_push(&x->req, data, len);
    if (!x->refused && x->req.body_state == BODY_WHOLE)
        return true;
    x->dropped += len;
    return x->dropped <= DRAIN_MAX;
}

void exchange_serve(struct exchange *x)
{
    struct request *req = &x->req;

    if (!x->refused)
        body_finish(req);
    atomic_fetch_add(&x->connection->serving, 1);
    x->handler->serve(req);
    atomic_fetch_sub(&x->connection->serving, 1);
    if (req->response.status < 200 || req->response.status > 999) {
        log_error("%s %s was left without an answer", req->method, req->path);
        clear_response(&req->response);
        req->response.status = 500;
    }
}

int exchange_next(struct exchange *x)
{
    struct body_stream *s = &x->req.response.stream;
    int rc;

    strbuf_clear(&x->pending);
    x->pending_sent = 0;
    atomic_fetch_add(&x->connection->serving, 1);
    do
        rc = s->next(&x->req, s->context, &x->pending);
    while (rc > 0 && x->pending.len == 0 && !request_abandoned(&x->req));
    atomic_fetch_sub(&x->connection->serving, 1);
    if (rc > 0 && (x->pending.len == 0 || x->pending.overflow))
        return -1;
    return rc;
}

void exchange_end(struct exchange *x)
{
    if (x->begun) {
        if (x->handler->done)
            x->handler->done(&x->req);
        atomic_fetch_add(&x->connection->done, 1);
    }
    if (x->opened)
        atomic_fetch_sub(&x->connection->open, 1);
    x->opened = x->begun = x->refused = false;
    x->dropped = 0;
    strbuf_release(&x->pending);
    x->pending_sent = 0;
    arena_reset(&x->req.arena); /* first: what was deferred may still look at the rest */
    body_reset(&x->req);
    clear_request(&x->req);
}

void exchange_release(struct exchange *x)
{
    exchange_end(x);
    body_release(&x->req);
    strbuf_release(&x->req.response.bytes);
    arena_release(&x->req.arena);
}

bool exchange_bodiless(const struct exchange *x)
{
    unsigned status = x->req.response.status;

    return status == 204 || status == 304 || str_eq(x->req.method, "HEAD");
}

int64_t exchange_length(const struct exchange *x)
{
    const struct response *r = &x->req.response;

    if (r->head_length >= 0 && str_eq(x->req.method, "HEAD"))
        return r->head_length;
    switch (r->kind) {
    case BODY_BYTES:
        return (int64_t)r->bytes.len;
    case BODY_FILE:
        return r->file_length;
    case BODY_STREAM:
        return -1;
    case BODY_SOURCE:
        return r->source.length;
    case BODY_NONE:
        break;
    }
    return 0;
}

bool header_is_ours(const char *name)
{
    static const char *const ours[] = {"Content-Length", "Transfer-Encoding", "Keep-Alive", "Date"};

    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (strcasecmp(name, ours[i]) == 0)
            return true;
    return false;
}
