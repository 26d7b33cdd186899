/*
 * For the tests of server/net: a listener in this process with a handler that does what the path
 * says, and a client of raw sockets. Each test starts a listener of its own and ends it.
 */
#ifndef CADABRA_TESTS_NET_FIXTURE_H
#define CADABRA_TESTS_NET_FIXTURE_H

#include "server/app.h"
#include "server/base/fiber.h"
#include "server/net/listener.h"
#include "server/waitq.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum {
    WAIT_S = 20,
    SMALL_MAX = 1000,
    FILE_SIZE = 300000,
    STREAM_PIECES = 50,
    LARGE_PIECE = 8 << 20
};

struct fixture {
    struct app app;
    struct listener *listener;
    struct endpoint *endpoint;
    struct waitq *never;
    atomic_int begun;
    atomic_int done;
    atomic_int in_wait;
    atomic_int abandoned;
    atomic_int answered; /* done() with a status */
    atomic_bool client_left;
};

static struct fixture fixture;

/* Connections share the threads of loops instead of having one each. */
static bool in_loops;

static bool test_expects_quick(const char *head, size_t len)
{
    (void)head, (void)len;
    return in_loops;
}

static int test_begin(struct request *req)
{
    struct fixture *f = req->endpoint_context;

    atomic_fetch_add(&f->begun, 1);
    if (str_eq(req->path, "/small"))
        req->body_max = SMALL_MAX;
    if (str_eq(req->path, "/large"))
        req->body_max = 64 << 20;
    if (str_eq(req->path, "/gzip"))
        body_add_gunzip(req);
    return str_eq(req->path, "/refuse") ? -1 : 0;
}

static int next_piece(struct request *req, void *context, struct strbuf *out)
{
    int *left = context;

    if (*left == -1) /* cut it off */
        return -1;
    if (*left == 0)
        return 0;
    strbuf_add_format(out, "piece %d of %s;", *left, req->path);
    --*left;
    return 1;
}

static int next_large(struct request *req, void *context, struct strbuf *out)
{
    int *left = context;

    (void)req;
    for (size_t i = 0; i < LARGE_PIECE / sizeof(*left) && *left; i++)
        strbuf_add(out, left, sizeof(*left));
    return (*left)--;
}

static int next_wait(struct request *req, void *context, struct strbuf *out)
{
    struct fixture *f = req->endpoint_context;
    int *pieces = context;

    if ((*pieces)++ == 0) {
        strbuf_add_text(out, "first");
        return 1;
    }
    atomic_fetch_add(&f->in_wait, 1);
    waitq_wait(f->never, waitq_ticket(f->never), WAIT_S * 1000, req->client_fd, -1);
    if (request_abandoned(req))
        atomic_fetch_add(&f->abandoned, 1);
    return 0;
}

static void answer_stream(struct request *req, int left,
                          int (*next)(struct request *, void *, struct strbuf *))
{
    int *context = ARENA_NEW(&req->arena, int);

    *context = left;
    req->response.kind = BODY_STREAM;
    req->response.stream = (struct body_stream){.next = next, .context = context};
}

static void answer_file(struct request *req)
{
    char path[] = "/tmp/net-test-XXXXXX";
    char block[1000];

    req->response.kind = BODY_FILE;
    req->response.file = mkstemp(path);
    unlink(path);
    memset(block, 'f', sizeof(block));
    for (int i = 0; i < FILE_SIZE / 1000 + 2; i++)
        ck_assert_int_eq(write(req->response.file, i == 0 ? "x" : block, i == 0 ? 1 : 1000),
                         i == 0 ? 1 : 1000);
    req->response.file_offset = 1;
    req->response.file_length = FILE_SIZE;
}

/* Yields when its client has gone; the loop looks at its connections before it goes on. */
static void serve_the_gone(struct request *req)
{
    struct fixture *f = req->endpoint_context;

    atomic_fetch_add(&f->in_wait, 1);
    while (!atomic_load(&f->client_left))
        usleep(1000);
    if (fiber_running())
        fiber_yield(FIBER_READY);
    response_header(req, "X-Path", req->path);
    strbuf_add_text(&req->response.bytes, "nobody hears that");
}

static void test_serve(struct request *req)
{
    struct fixture *f = req->endpoint_context;
    struct response *r = &req->response;

    r->status = 200;
    r->kind = BODY_BYTES;
    if (str_eq(req->path, "/refuse")) {
        r->status = 403;
        strbuf_add_text(&r->bytes, "refused");
    } else if (req->body_state != BODY_WHOLE) {
        r->status = req->body_state == BODY_TOO_LARGE ? 413 : 400;
    } else if (str_eq(req->path, "/file")) {
        answer_file(req);
    } else if (str_eq(req->path, "/stream")) {
        answer_stream(req, STREAM_PIECES, next_piece);
    } else if (str_eq(req->path, "/streamlarge")) {
        answer_stream(req, 1, next_large);
    } else if (str_eq(req->path, "/cut")) {
        answer_stream(req, -1, next_piece);
    } else if (str_eq(req->path, "/streamwait")) {
        answer_stream(req, 0, next_wait);
    } else if (str_eq(req->path, "/none")) {
        r->status = 204;
        r->kind = BODY_NONE;
    } else if (str_eq(req->path, "/unchanged")) {
        r->status = 304;
        r->kind = BODY_NONE;
    } else if (str_eq(req->path, "/headlength")) {
        r->head_length = 123456789;
        r->kind = BODY_NONE;
    } else if (str_eq(req->path, "/unanswered")) {
        r->status = 0;
    } else if (str_eq(req->path, "/slow")) {
        usleep(300000);
        strbuf_add_text(&r->bytes, "slow");
    } else if (str_eq(req->path, "/wait")) {
        uint64_t ticket = waitq_ticket(f->never); /* so no wake after in_wait is lost */

        atomic_fetch_add(&f->in_wait, 1);
        waitq_wait(f->never, ticket, WAIT_S * 1000, req->client_fd, -1);
        if (request_abandoned(req))
            atomic_fetch_add(&f->abandoned, 1);
        strbuf_add_text(&r->bytes, "woken");
    } else if (str_eq(req->path, "/gone")) {
        serve_the_gone(req);
    } else if (str_eq(req->path, "/before")) { /* how many requests ended before this one */
        strbuf_add_format(&r->bytes, "%d", atomic_load(&f->done));
    } else {
        r->bytes.max = 128 << 20;
        strbuf_add(&r->bytes, req->body.data, req->body.len);
        response_header(req, "X-Method", req->method);
        response_header(req, "X-Target", req->target);
        response_header(req, "X-Path", req->path);
        response_header(req, "X-Query", arena_printf(&req->arena, "?%s", req->query));
        response_header(req, "X-Host",
                        arena_strdup(&req->arena, request_header(req, "host") ?: "none"));
        response_header(req, "X-Spooled", body_file(req) >= 0 ? "yes" : "no");
    }
}

/* What does not wait. */
static bool test_is_quick(struct request *req)
{
    return !str_eq(req->path, "/slow") && !str_eq(req->path, "/wait");
}

static void test_done(struct request *req)
{
    struct fixture *f = req->endpoint_context;

    atomic_fetch_add(&f->done, 1);
    if (req->response.status)
        atomic_fetch_add(&f->answered, 1);
}

static const struct endpoint_handler test_handler = {
    .expects_quick = test_expects_quick,
    .begin = test_begin,
    .is_quick = test_is_quick,
    .serve = test_serve,
    .done = test_done,
};

static void start_with(struct listener_options options)
{
    struct endpoint_options endpoint = {.handler = &test_handler, .context = &fixture};

    memset(&fixture, 0, sizeof(fixture));
    fixture.never = waitq_new();
    options.app = &fixture.app;
    fixture.listener = listener_new(&options);
    ck_assert_ptr_nonnull(fixture.listener);
    fixture.endpoint = listener_open_endpoint(fixture.listener, &endpoint);
    ck_assert_ptr_nonnull(fixture.endpoint);
}

static void start(void)
{
    start_with((struct listener_options){0});
}

/* Every request that was begun must have been ended. */
static void stop(void)
{
    listener_free(fixture.listener);
    waitq_free(fixture.never);
    ck_assert_int_eq(fixture.begun, fixture.done);
}

static void wait_until(atomic_int *value, int wanted)
{
    for (int i = 0; i < 60000 && atomic_load(value) != wanted; i++)
        usleep(1000);
    ck_assert_int_eq(atomic_load(value), wanted);
}

/* --- the client --- */

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(endpoint_port(fixture.endpoint)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = WAIT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    ck_assert_int_ge(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say_bytes(int fd, const void *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        ck_assert_int_gt(n, 0);
        data = (const char *)data + n;
        len -= (size_t)n;
    }
}

static void say(int fd, const char *text)
{
    say_bytes(fd, text, strlen(text));
}

/* True when the server has closed, without a byte more. */
static bool hears_end(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);

    return n == 0 || (n < 0 && errno == ECONNRESET);
}

#endif
