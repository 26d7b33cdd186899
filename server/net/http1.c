/*
 * HTTP/1.1 (and 1.0) by libmicrohttpd: daemons without a listening socket. One gives each
 * connection a thread; those of the loops (http1_loop.c) serve many in one.
 *
 * The listener adopts connections into a daemon. MHD calls, in the connection's thread:
 * target_known() with the raw target, handle() first with the headers, then with each piece of the
 * body, then at its end, and ended() once the answer has been sent or the client has gone. The
 * exchange of a connection is used again for each of its requests.
 *
 * MHD has timeouts of its own, which are not used: its poll() spins through their last second, and
 * they do not tell an idle connection from half a request. The listener's watchdog sees to both.
 *
 * What must hold: an answer's bytes stay untouched until ended(), because MHD borrows them.
 */
#include "server/net/http1.h"

#include "server/base/log.h"
#include "server/base/thread.h"

/* Room for a request's head: session tokens, long presigned URLs, user metadata. MHD clears all of
 * it after each request, which costs more than anything else that it does; so clients with small
 * heads get less in a loop (see accept.c). */
enum {
    HEAD_MEMORY = 128 * 1024,
    LOOP_HEAD_MEMORY = 16 * 1024,
    STREAM_BLOCK = 32 * 1024,
    SOURCE_BLOCK = 256 * 1024
};

enum { LOOPS = 2 };

struct http1 {
    struct http1_daemon *threads;
    struct http1_loop *loops[LOOPS];
    unsigned adopted; /* by loops; the accepting thread's */
};

struct http1_daemon {
    struct MHD_Daemon *mhd;
    struct http1_loop *loop;
    pthread_mutex_t lock;
    struct connection *arrivals; /* not yet met by connection_changed() */
};

static void *target_known(void *context, const char *target, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct talk *t = info->socket_context;

    (void)context;
    t->mhd = mhd;
    t->head_seen = t->answered = false;
    exchange_set_target(&t->exchange, target);
    return t;
}

static void ended(void *context, struct MHD_Connection *mhd, void **state,
                  enum MHD_RequestTerminationCode why)
{
    struct talk *t = *state;

    (void)context, (void)mhd, (void)why;
    if (t) {
        if (t->loop)
            http1_loop_forget(t);
        exchange_end(&t->exchange);
    }
    *state = NULL;
}

/* --- the head --- */

struct head {
    struct request *req;
    size_t capacity;
    const char *content_length;
    const char *transfer_encoding;
    bool contradicts;
};

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct head *h = context;

    (void)kind;
    if (h->req->header_count == h->capacity)
        return MHD_NO;
    value = value ? value : "";
    h->req->headers[h->req->header_count++] = (struct header){.name = name, .value = value};
    if (strcasecmp(name, "Content-Length") == 0) {
        h->contradicts |= h->content_length && !str_eq(h->content_length, value);
        h->content_length = value;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        h->contradicts |= h->transfer_encoding != NULL || strcasecmp(value, "chunked") != 0;
        h->transfer_encoding = value;
    }
    return MHD_YES;
}

/* False when the headers leave it open where the body ends: then the next request could be smuggled
 * in. */
static bool take_headers(struct talk *t)
{
    struct request *req = &t->exchange.req;
    struct head h = {.req = req};

    h.capacity = (size_t)MHD_get_connection_values(t->mhd, MHD_HEADER_KIND, NULL, NULL);
    req->headers = ARENA_ARRAY(&req->arena, struct header, h.capacity);
    MHD_get_connection_values(t->mhd, MHD_HEADER_KIND, take_header, &h);
    return !h.contradicts && !(h.content_length && h.transfer_encoding);
}

/* An answer without a body, for what is no request at all. */
static enum MHD_Result refuse_message(struct talk *t)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    enum MHD_Result rc;

    t->answered = true;
    MHD_add_response_header(r, "Connection", "close");
    rc = MHD_queue_response(t->mhd, MHD_HTTP_BAD_REQUEST, r);
    MHD_destroy_response(r);
    return rc;
}

/* --- the answer --- */

static ssize_t stream_more(void *context, uint64_t position, char *out, size_t max)
{
    struct talk *t = context;
    struct exchange *x = &t->exchange;
    size_t n;

    (void)position;
    if (t->work == WORK_AWAY) /* with the pending piece */
        return 0;
    if (x->pending_sent == x->pending.len) {
        int rc;

        if (!t->loop)
            rc = exchange_next(x);
        else if (!http1_loop_next(t, &rc))
            return 0;
        if (rc <= 0)
            return rc == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
    }
    n = MIN(max, x->pending.len - x->pending_sent);
    memcpy(out, x->pending.data + x->pending_sent, n);
    x->pending_sent += n;
    return (ssize_t)n;
}

static ssize_t source_more(void *context, uint64_t position, char *out, size_t max)
{
    const struct body_source *s = context;
    ssize_t n = s->read(s->context, out, max, (int64_t)position);

    return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* The reader of an answer whose body is never sent. */
static ssize_t nothing_more(void *context, uint64_t position, char *out, size_t max)
{
    (void)context, (void)position, (void)out, (void)max;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *make_response(struct talk *t)
{
    struct exchange *x = &t->exchange;
    struct response *r = &x->req.response;
    int64_t len = exchange_length(x);
    int file = r->file;

    if (exchange_bodiless(x) && len > 0)
        return MHD_create_response_from_callback((uint64_t)len, 1, nothing_more, NULL, NULL);
    if (exchange_bodiless(x) || len == 0)
        return MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    switch (r->kind) {
    case BODY_FILE:
        r->file = -1; /* MHD closes it */
        return MHD_create_response_from_fd_at_offset64((uint64_t)len, file,
                                                       (uint64_t)r->file_offset);
    case BODY_STREAM:
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_more, t,
                                                 NULL);
    case BODY_SOURCE:
        return MHD_create_response_from_callback((uint64_t)len, SOURCE_BLOCK, source_more,
                                                 &r->source, NULL);
    default:
        return MHD_create_response_from_buffer(r->bytes.len, r->bytes.data, MHD_RESPMEM_PERSISTENT);
    }
}

/* A header without a value is left out: libmicrohttpd cannot send one. */
static void add_headers(struct MHD_Response *to, const struct response *r)
{
    for (size_t i = 0; i < r->header_count; i++) {
        const struct response_header *h = &r->headers[i];
        /* libmicrohttpd takes no empty value; blanks around one are no part of it. */
        const char *value = h->value[0] ? h->value : " ";

        if (!header_is_ours(h->name) && MHD_add_response_header(to, h->name, value) != MHD_YES)
            log_error("response header %s left out: its value cannot be sent", h->name);
    }
}

static enum MHD_Result answer(struct talk *t)
{
    struct exchange *x = &t->exchange;
    const struct response *r = &x->req.response;
    struct MHD_Response *response;
    enum MHD_Result rc;

    if (!t->loop)
        exchange_serve(x);
    else if (!http1_loop_serve(t))
        return MHD_YES;
    t->answered = true;
    response = make_response(t);
    if (!response) {
        log_error("no answer to %s %s: libmicrohttpd takes no such body", x->req.method,
                  x->req.path);
        return MHD_NO;
    }
    add_headers(response, r);
    rc = MHD_queue_response(t->mhd, r->status, response);
    MHD_destroy_response(response);
    return rc;
}

static enum MHD_Result begin(struct talk *t, const char *method)
{
    struct exchange *x = &t->exchange;
    const char *expect;

    t->head_seen = true;
    x->req.method = method;
    if (!take_headers(t))
        return refuse_message(t);
    exchange_begin(x);
    expect = x->refused ? request_header(&x->req, "Expect") : NULL;
    /* Who waits to be asked for the body gets the refusal instead. To all others the body is read
     * first: many clients do not look for an answer before they have sent everything. */
    if (expect && strcasecmp(expect, "100-continue") == 0)
        return answer(t);
    return MHD_YES;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_len, void **state)
{
    struct talk *t = *state;

    (void)context, (void)mhd, (void)url, (void)version;
    if (!t->head_seen)
        return begin(t, method);
    if (t->answered)
        return MHD_YES;
    if (*data_len > 0) {
        bool ok = exchange_body(&t->exchange, data, *data_len);

        *data_len = 0;
        return ok ? MHD_YES : MHD_NO;
    }
    return answer(t);
}

/* --- connections --- */

static struct connection *claim(struct http1_daemon *d, int fd)
{
    struct connection **at, *c;

    pthread_mutex_lock(&d->lock);
    for (at = &d->arrivals; *at && (*at)->fd != fd;)
        at = &(*at)->next_chosen;
    c = *at;
    if (c)
        *at = c->next_chosen;
    pthread_mutex_unlock(&d->lock);
    return c;
}

static void connection_changed(void *context, struct MHD_Connection *mhd, void **socket_context,
                               enum MHD_ConnectionNotificationCode what)
{
    struct http1_daemon *d = context;
    struct talk *t = *socket_context;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

        t = x_calloc(1, sizeof(*t));
        exchange_init(&t->exchange, claim(d, fd), fd);
        t->loop = d->loop;
        t->exchange.req.shared_thread = d->loop != NULL;
        *socket_context = t;
    } else {
        struct connection *c = t->exchange.connection;

        exchange_release(&t->exchange);
        free(t);
        connection_end(c);
    }
}

void http1_daemon_add(struct http1_daemon *d, struct connection *c)
{
    struct sockaddr_storage peer = c->peer;
    int fd = c->fd;

    pthread_mutex_lock(&d->lock);
    c->next_chosen = d->arrivals;
    d->arrivals = c;
    pthread_mutex_unlock(&d->lock);
    if (MHD_add_connection(d->mhd, fd, (struct sockaddr *)&peer, c->peer_len) == MHD_YES)
        return;
    /* MHD has closed the socket without telling connection_changed(). */
    log_warn("connection dropped: libmicrohttpd did not take it: %s", strerror(errno));
    c = claim(d, fd);
    if (c)
        connection_end(c);
}

static void mhd_says(void *context, const char *format, va_list arguments) PRINTF_LIKE(2, 0);
static void mhd_says(void *context, const char *format, va_list arguments)
{
    char text[256];
    size_t len;

    (void)context;
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    vsnprintf(text, sizeof(text), format, arguments);
    len = strcspn(text, "\n");
    log_debug("libmicrohttpd: %.*s", (int)len, text);
}

struct http1_daemon *http1_daemon_new(unsigned connection_max, struct http1_loop *loop)
{
    const unsigned how = loop ? MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME
                              : MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                                    MHD_USE_POLL | MHD_USE_ITC;
    struct http1_daemon *d = x_calloc(1, sizeof(*d));
    sigset_t old;

    pthread_mutex_init(&d->lock, NULL);
    d->loop = loop;
    thread_block_signals(&old);
    d->mhd = MHD_start_daemon(
        how | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, d,
        MHD_OPTION_EXTERNAL_LOGGER, mhd_says, d, MHD_OPTION_URI_LOG_CALLBACK, target_known, d,
        MHD_OPTION_NOTIFY_COMPLETED, ended, d, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, d,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(loop ? LOOP_HEAD_MEMORY : HEAD_MEMORY),
        MHD_OPTION_CONNECTION_LIMIT, connection_max, MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)THREAD_STACK_SIZE, MHD_OPTION_END);
    thread_restore_signals(&old);
    if (d->mhd)
        return d;
    log_error("libmicrohttpd did not start: %s", strerror(errno));
    http1_daemon_free(d);
    return NULL;
}

void http1_daemon_free(struct http1_daemon *d)
{
    if (!d)
        return;
    if (d->mhd)
        MHD_stop_daemon(d->mhd);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

struct MHD_Daemon *http1_daemon_mhd(const struct http1_daemon *d)
{
    return d->mhd;
}

/* --- all of them --- */

struct http1 *http1_new(unsigned connection_max, struct crew *crew)
{
    struct http1 *h = x_calloc(1, sizeof(*h));
    bool whole;

    h->threads = http1_daemon_new(connection_max, NULL);
    whole = h->threads != NULL;
    for (int i = 0; i < LOOPS && whole; i++) {
        h->loops[i] = http1_loop_new(connection_max, crew);
        whole = h->loops[i] != NULL;
    }
    if (whole)
        return h;
    http1_free(h);
    return NULL;
}

void http1_free(struct http1 *h)
{
    if (!h)
        return;
    http1_daemon_free(h->threads);
    for (int i = 0; i < LOOPS; i++)
        http1_loop_free(h->loops[i]);
    free(h);
}

void http1_adopt(struct http1 *h, struct connection *c, bool quick)
{
    if (quick)
        http1_loop_adopt(h->loops[h->adopted++ % LOOPS], c);
    else
        http1_daemon_add(h->threads, c);
}
