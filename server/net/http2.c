/*
 * HTTP/2 by nghttp2, with prior knowledge: one thread per connection, and one per stream that is
 * being served.
 *
 * The connection's thread alone touches the session. It reads, lets nghttp2 call back (headers,
 * body, end of a request), starts a thread for each complete request, and sends what nghttp2 has to
 * send. The streams' threads report by the hub: a list under a lock and an eventfd. Bodies of
 * answers are read from the request when the flow control has room for them; one that is made step
 * by step defers until its thread has the next piece.
 *
 * What must hold: a stream is freed by the connection's thread only, once nghttp2 has closed it and
 * its thread has left; the connection ends after its last stream.
 */
#include "server/net/http2.h"
#include "server/base/clock.h"
#include "server/base/log.h"

#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>

enum {
    STREAMS_MAX = 100,
    THREADS_MAX =
        200, /* of one connection: streams that were reset keep theirs until the handler sees it */
    HEAD_MAX = 128 * 1024,
    HEADERS_MAX = 1000,
    STREAM_WINDOW = 1 << 20,
    CONNECTION_WINDOW = 16 << 20,
    READ_SIZE = 32 * 1024,
    SEND_SIZE = 64 * 1024,
    SEND_ROOM = SEND_SIZE + 32 * 1024,
};

struct h2 {
    struct stream_hub hub; /* first */
    struct connection *connection;
    struct crew *crew;
    nghttp2_session *session;
    struct stream *streams;
    unsigned threads;
    struct strbuf out;
    size_t out_sent;
    bool blocked;  /* the socket takes no more for now */
    bool draining; /* stopping: answers only */
    uint8_t in[READ_SIZE];
};

/* --- streams --- */

static struct stream *open_stream(struct h2 *h, int32_t id)
{
    struct stream *s = stream_new(&h->hub, h->connection, id);

    s->next = h->streams;
    if (s->next)
        s->next->previous = s;
    h->streams = s;
    return s;
}

static void free_stream(struct h2 *h, struct stream *s)
{
    if (s->previous)
        s->previous->next = s->next;
    else
        h->streams = s->next;
    if (s->next)
        s->next->previous = s->previous;
    stream_free(s);
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *context)
{
    struct stream *s = nghttp2_session_get_stream_user_data(session, id);

    (void)error;
    if (!s)
        return 0;
    nghttp2_session_set_stream_user_data(session, id, NULL);
    s->closed_here = true;
    stream_abandon(s);
    if (!s->running)
        free_stream(context, s);
    return 0;
}

static void reset_stream(struct h2 *h, const struct stream *s, uint32_t error)
{
    nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, error);
}

/* --- the answer --- */

static ssize_t read_file(struct stream *s, uint8_t *out, size_t max)
{
    const struct response *r = &s->exchange.req.response;
    size_t left = (size_t)r->file_length - s->sent;
    ssize_t n;

    do
        n = pread(r->file, out, MIN(max, left), r->file_offset + (off_t)s->sent);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        log_error("cannot read the answer to %s: %s", s->exchange.req.path,
                  n < 0 ? strerror(errno) : "the file is shorter than it was");
    return n;
}

static ssize_t read_answer(nghttp2_session *session, int32_t id, uint8_t *out, size_t max,
                           uint32_t *flags, nghttp2_data_source *source, void *context)
{
    struct stream *s = source->ptr;
    const struct response *r = &s->exchange.req.response;
    ssize_t n;

    (void)session, (void)id, (void)context;
    if (r->kind == BODY_STREAM) {
        n = stream_take(s, out, max);
        if (n == 0)
            return NGHTTP2_ERR_DEFERRED;
        if (n == STREAM_FAILED)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        if (n == STREAM_END)
            *flags |= NGHTTP2_DATA_FLAG_EOF;
        return n == STREAM_END ? 0 : n;
    }
    if (r->kind == BODY_FILE) {
        n = read_file(s, out, max);
        if (n <= 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    } else if (r->kind == BODY_SOURCE) {
        n = r->source.read(r->source.context, out, max, (int64_t)s->sent);
        if (n <= 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    } else {
        n = (ssize_t)MIN(max, r->bytes.len - s->sent);
        memcpy(out, r->bytes.data + s->sent, (size_t)n);
    }
    s->sent += (size_t)n;
    if ((int64_t)s->sent == exchange_length(&s->exchange))
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return n;
}

static nghttp2_nv pair(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)name,
                        .value = (uint8_t *)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value)};
}

/* HTTP/2 wants names in lower case. NULL for what must not be sent. */
static const char *sendable_name(struct request *req, const struct response_header *header)
{
    char *name;

    if (header_is_ours(header->name) || strcasecmp(header->name, "Connection") == 0)
        return NULL;
    name = arena_strdup(&req->arena, header->name);
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    if (nghttp2_check_header_name((const uint8_t *)name, strlen(name)) &&
        nghttp2_check_header_value((const uint8_t *)header->value, strlen(header->value)))
        return name;
    log_error("response header %s left out: its value cannot be sent", header->name);
    return NULL;
}

static size_t answer_headers(struct stream *s, nghttp2_nv *out)
{
    struct request *req = &s->exchange.req;
    const struct response *r = &req->response;
    int64_t len = exchange_length(&s->exchange);
    char *date = arena_alloc(&req->arena, TIME_TEXT_MAX);
    size_t n = 0;

    time_http((int64_t)time(NULL) * 1000,
              date); /* the true time, wherever tests have moved the clock */
    out[n++] = pair(":status", arena_printf(&req->arena, "%u", r->status));
    out[n++] = pair("date", date);
    if (len >= 0 && r->status != 204 && r->status != 304)
        out[n++] = pair("content-length", arena_printf(&req->arena, "%" PRId64, len));
    for (size_t i = 0; i < r->header_count; i++) {
        const char *name = sendable_name(req, &r->headers[i]);

        if (name)
            out[n++] = pair(name, r->headers[i].value);
    }
    return n;
}

static void send_answer(struct h2 *h, struct stream *s)
{
    nghttp2_nv headers[RESPONSE_HEADERS_MAX + 3];
    size_t count = answer_headers(s, headers);
    nghttp2_data_provider body = {.source.ptr = s, .read_callback = read_answer};
    bool has_body = !exchange_bodiless(&s->exchange) && exchange_length(&s->exchange) != 0;

    s->answered = true;
    if (nghttp2_submit_response(h->session, s->id, headers, count, has_body ? &body : NULL) != 0)
        reset_stream(h, s, NGHTTP2_INTERNAL_ERROR);
    stream_head_taken(s);
}

static void run(struct h2 *h, struct stream *s)
{
    if (h->threads < THREADS_MAX && stream_run(s, h->crew))
        h->threads++;
    else
        reset_stream(h, s, NGHTTP2_REFUSED_STREAM);
}

/* What the streams' threads have to tell. */
static void take_news(struct h2 *h)
{
    struct stream *news;

    pthread_mutex_lock(&h->hub.lock);
    news = TAKE(h->hub.news);
    pthread_mutex_unlock(&h->hub.lock);
    while (news) {
        struct stream *s = news;
        bool done;

        pthread_mutex_lock(&h->hub.lock);
        news = s->next_news;
        s->has_news = false;
        done = s->done;
        pthread_mutex_unlock(&h->hub.lock);
        if (!s->closed_here && s->answered)
            nghttp2_session_resume_data(h->session, s->id);
        else if (!s->closed_here)
            send_answer(h, s);
        if (!done)
            continue;
        s->running = false;
        stream_close_pipe(s);
        h->threads--;
        if (s->closed_here)
            free_stream(h, s);
    }
}

/* --- the request --- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        nghttp2_session_set_stream_user_data(session, frame->hd.stream_id,
                                             open_stream(context, frame->hd.stream_id));
    return 0;
}

static void add_header(struct stream *s, const char *name, const char *value)
{
    struct request *req = &s->exchange.req;

    if (req->header_count == s->header_room) {
        struct header *old = req->headers;

        s->header_room = s->header_room ? 2 * s->header_room : 32;
        req->headers = ARENA_ARRAY(&req->arena, struct header, s->header_room);
        if (old)
            memcpy(req->headers, old, req->header_count * sizeof(*old));
    }
    req->headers[req->header_count++] = (struct header){.name = name, .value = value};
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *context)
{
    struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    const char *n = (const char *)name;
    char *copy;

    (void)flags, (void)context;
    if (!s || s->head_done) /* trailers are taken and dropped */
        return 0;
    s->header_bytes += name_len + value_len;
    if (s->header_bytes > HEAD_MAX || s->exchange.req.header_count == HEADERS_MAX) {
        s->too_many_headers = true;
        return 0;
    }
    copy = arena_strndup(&s->exchange.req.arena, (const char *)value, value_len);
    if (str_eq(n, ":path"))
        exchange_set_target(&s->exchange, copy);
    else if (str_eq(n, ":method"))
        s->exchange.req.method = copy;
    else if (n[0] != ':' || str_eq(n, ":authority"))
        add_header(s, arena_strndup(&s->exchange.req.arena, n, name_len), copy);
    return 0;
}

static bool expects_continue(const struct stream *s)
{
    const char *expect = request_header(&s->exchange.req, "expect");

    return expect && strcasecmp(expect, "100-continue") == 0;
}

/* All headers are there. */
static void begin(struct h2 *h, struct stream *s, bool ends)
{
    struct exchange *x = &s->exchange;
    const char *authority = request_header(&x->req, ":authority");
    nghttp2_nv go_on = pair(":status", "100");
    nghttp2_nv too_large = pair(":status", "431");

    s->head_done = true;
    if (s->too_many_headers) {
        s->answered = true;
        nghttp2_submit_response(h->session, s->id, &too_large, 1, NULL);
        return;
    }
    if (authority && !request_header(&x->req, "host"))
        add_header(s, "host", authority);
    exchange_begin(x);
    if (ends || !expects_continue(s))
        return;
    if (x->refused)
        run(h, s);
    else
        nghttp2_submit_headers(h->session, NGHTTP2_FLAG_NONE, s->id, NULL, &go_on, 1, NULL);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

    if (!s || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    if (!s->head_done)
        begin(context, s, ends);
    if (ends && !s->running && !s->answered)
        run(context, s);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *context)
{
    struct stream *s = nghttp2_session_get_stream_user_data(session, id);

    (void)flags;
    /* Once a thread has the request, what still comes belongs to a body that was refused. */
    if (s && !s->running && !s->answered && !exchange_body(&s->exchange, data, len))
        reset_stream(context, s, NGHTTP2_ENHANCE_YOUR_CALM);
    return 0;
}

/* --- the connection --- */

static bool open_session(struct h2 *h)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_MAX},
    };
    nghttp2_session_callbacks *callbacks;
    bool ok;

    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return false;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    ok = nghttp2_session_server_new(&h->session, callbacks, h) == 0 &&
         nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings)) ==
             0 &&
         nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
                                               CONNECTION_WINDOW) == 0;
    nghttp2_session_callbacks_del(callbacks);
    return ok;
}

/* Gathers frames, so that headers and body of an answer leave in one go. False when the session is
 * broken. */
static bool gather(struct h2 *h)
{
    strbuf_clear(&h->out);
    h->out_sent = 0;
    while (h->out.len < SEND_SIZE) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(h->session, &data);

        if (n < 0)
            return false;
        if (n == 0)
            break;
        strbuf_add(&h->out, data, (size_t)n);
    }
    return !h->out.overflow;
}

/* Sends until there is nothing to send or the socket is full; false when the connection is broken.
 */
static bool send_all(struct h2 *h)
{
    h->blocked = false;
    for (;;) {
        ssize_t n;

        if (h->out_sent == h->out.len && !gather(h))
            return false;
        if (h->out.len == 0)
            return true;
        n = send(h->connection->fd, h->out.data + h->out_sent, h->out.len - h->out_sent,
                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            h->blocked = errno == EAGAIN;
            return h->blocked;
        }
        h->out_sent += (size_t)n;
    }
}

static void drain(struct h2 *h)
{
    h->draining = true;
    nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
    for (struct stream *s = h->streams, *next; s; s = next) {
        next = s->next;
        if (!s->running && !s->answered)
            reset_stream(h, s, NGHTTP2_CANCEL); /* the rest of it can't come any more */
        if (s->gone_fd >= 0)
            close(s->gone_fd);
        s->gone_fd = -1;
    }
}

/* Reads once; false when the connection is over. */
static bool receive(struct h2 *h)
{
    ssize_t n = recv(h->connection->fd, h->in, sizeof(h->in), MSG_DONTWAIT);

    if (n > 0)
        return nghttp2_session_mem_recv(h->session, h->in, (size_t)n) >= 0;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (!connection_stopping(h->connection))
        return false;
    drain(h);
    return true;
}

static bool over(const struct h2 *h)
{
    if (h->draining)
        return !h->streams && !h->blocked;
    return !nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session);
}

static void take_wake_up(const struct h2 *h)
{
    eventfd_t count;

    eventfd_read(h->hub.wake_fd, &count);
}

static void talk(struct h2 *h)
{
    for (;;) {
        struct pollfd p[2] = {{.fd = h->connection->fd}, {.fd = h->hub.wake_fd, .events = POLLIN}};

        take_news(h);
        if (!send_all(h) || over(h))
            return;
        p[0].events = (short)((h->draining ? 0 : POLLIN) | (h->blocked ? POLLOUT : 0));
        if (poll(p, ARRAY_LEN(p), -1) < 0)
            continue;
        if (p[1].revents)
            take_wake_up(h);
        if (p[0].revents & POLLIN) {
            if (receive(h))
                continue;
            send_all(h); /* nghttp2's last word on what was wrong */
            return;
        }
        if (p[0].revents & (POLLERR | POLLHUP))
            return;
    }
}

/* Nobody will read answers any more: waits for the handlers, then forgets all streams. */
static void end_streams(struct h2 *h)
{
    for (struct stream *s = h->streams; s; s = s->next) {
        s->closed_here = true;
        stream_abandon(s);
    }
    /* News first: the wake-up for it may have been taken already. */
    for (take_news(h); h->threads > 0; take_news(h)) {
        struct pollfd p = {.fd = h->hub.wake_fd, .events = POLLIN};

        poll(&p, 1, -1);
        take_wake_up(h);
    }
    while (h->streams)
        free_stream(h, h->streams);
}

void http2_serve(struct connection *c, struct crew *crew)
{
    struct h2 *h = x_calloc(1, sizeof(*h));
    int fd = c->fd;

    h->connection = c;
    h->crew = crew;
    h->hub.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&h->hub.lock, NULL);
    strbuf_init(&h->out, SEND_ROOM);
    if (h->hub.wake_fd < 0)
        log_error("no descriptor for an HTTP/2 connection: %s", strerror(errno));
    else if (!open_session(h))
        log_error("nghttp2 did not start a session");
    else
        talk(h);
    end_streams(h);
    nghttp2_session_del(h->session);
    strbuf_release(&h->out);
    pthread_mutex_destroy(&h->hub.lock);
    if (h->hub.wake_fd >= 0)
        close(h->hub.wake_fd);
    free(h);
    shutdown(fd, SHUT_WR);
    connection_end(c);
    close(fd);
}
