/* The client against a listener of sockets that notes what it was sent and answers what it is told.
 */
#include "handlers/common/http_client.h"

#include "server/base/strbuf.h"
#include "tests/unit/run_suite.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

enum { TIMEOUT_MS = 20000, SOON_MS = 200, ANSWER_MAX = 4096 };

struct peer {
    int listener;
    int port;
    pthread_t thread;
    const char *answer; /* NULL: none, ever */
    int exchanges;      /* on one connection */
    struct strbuf received;
};

static size_t length_of(const struct strbuf *b, size_t from)
{
    const char *field = strcasestr(b->data + from, "content-length:");

    return field ? (size_t)strtoul(field + 15, NULL, 10) : 0;
}

/* Reads one request that begins at `from`; false when the client has closed. */
static bool read_request(struct peer *p, int fd, size_t from)
{
    for (;;) {
        char buffer[4096];
        const char *end = p->received.data ? strstr(p->received.data + from, "\r\n\r\n") : NULL;

        if (end &&
            p->received.len >= (size_t)(end + 4 - p->received.data) + length_of(&p->received, from))
            return true;
        ssize_t n = read(fd, buffer, sizeof(buffer));
        if (n <= 0)
            return false;
        strbuf_add(&p->received, buffer, (size_t)n);
    }
}

static void *serve(void *context)
{
    struct peer *p = context;
    int fd = accept(p->listener, NULL, NULL);

    for (int i = 0; fd >= 0 && i < p->exchanges; i++) {
        if (!read_request(p, fd, p->received.len) || !p->answer)
            break;
        ck_assert_int_eq(write(fd, p->answer, strlen(p->answer)), (ssize_t)strlen(p->answer));
    }
    if (!p->answer)
        while (read(fd, &(char){0}, 1) > 0)
            ;
    close(fd);
    return NULL;
}

static void peer_start(struct peer *p, const char *answer, int exchanges)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);

    *p = (struct peer){.answer = answer, .exchanges = exchanges, .received = STRBUF_INIT(1 << 20)};
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(p->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(p->listener, 4), 0);
    ck_assert_int_eq(getsockname(p->listener, (struct sockaddr *)&address, &len), 0);
    p->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&p->thread, NULL, serve, p), 0);
}

static void peer_stop(struct peer *p)
{
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listener);
    strbuf_release(&p->received);
}

struct fixture {
    struct arena arena;
    struct http_client *client;
    struct peer peer;
    struct http_answer answer;
    const char *problem;
    char url[64];
};

static void begin(struct fixture *f, const char *answer, int exchanges)
{
    memset(f, 0, sizeof(*f));
    arena_init(&f->arena);
    f->client = http_client_new();
    peer_start(&f->peer, answer, exchanges);
    snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d/in?x=1", f->peer.port);
}

static void end(struct fixture *f)
{
    http_client_free(f->client);
    peer_stop(&f->peer);
    arena_release(&f->arena);
}

static enum http_outcome post(struct fixture *f, const char *body, int64_t timeout_ms, int stop_fd)
{
    const struct http_header headers[] = {
        {"X-Key", "k 1"}, {"X-Empty", ""}, {"Content-Type", "application/json"}};
    const struct http_call call = {
        .method = "POST",
        .url = f->url,
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
        .body = {(const uint8_t *)body, strlen(body)},
        .timeout_ms = timeout_ms,
        .answer_max = ANSWER_MAX,
        .stop_fd = stop_fd,
    };

    return http_client_call(f->client, &call, &f->arena, &f->answer, &f->problem);
}

START_TEST(a_post_carries_headers_and_body)
{
    struct fixture f;

    begin(&f, "HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello", 2);
    ck_assert_int_eq(post(&f, "{\"a\":1}", TIMEOUT_MS, -1), HTTP_ANSWERED);
    ck_assert_int_eq(f.answer.status, 503);
    ck_assert_str_eq((const char *)f.answer.body.data, "hello");
    ck_assert_str_eq(f.answer.content_type, "text/plain");
    /* The second call goes over the same connection: the peer accepts one only. */
    ck_assert_int_eq(post(&f, "", TIMEOUT_MS, -1), HTTP_ANSWERED);
    http_client_free(f.client);
    f.client = NULL;
    pthread_join(f.peer.thread, NULL);
    ck_assert_ptr_eq(strstr(f.peer.received.data, "POST /in?x=1 HTTP/1.1\r\n"),
                     f.peer.received.data);
    ck_assert_ptr_nonnull(strstr(f.peer.received.data, "\r\nX-Key: k 1\r\n"));
    ck_assert_ptr_nonnull(strstr(f.peer.received.data, "\r\nX-Empty:\r\n"));
    ck_assert_ptr_nonnull(strstr(f.peer.received.data, "\r\nContent-Type: application/json\r\n"));
    ck_assert_ptr_nonnull(strstr(f.peer.received.data, "\r\n\r\n{\"a\":1}"));
    ck_assert_ptr_null(strstr(f.peer.received.data, "urlencoded"));
    pthread_create(&f.peer.thread, NULL, serve, &f.peer); /* for peer_stop() to join */
    end(&f);
}
END_TEST

START_TEST(a_redirect_is_an_answer)
{
    struct fixture f;

    begin(&f, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
          1);
    ck_assert_int_eq(post(&f, "x", TIMEOUT_MS, -1), HTTP_ANSWERED);
    ck_assert_int_eq(f.answer.status, 302);
    ck_assert_uint_eq(f.answer.body.len, 0);
    ck_assert_ptr_nonnull(f.answer.body.data);
    end(&f);
}
END_TEST

START_TEST(an_answer_is_bounded)
{
    struct strbuf answer = STRBUF_INIT(1 << 20);
    struct fixture f;

    strbuf_add_format(&answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%0*d", ANSWER_MAX + 1,
                      ANSWER_MAX + 1, 0);
    begin(&f, answer.data, 1);
    ck_assert_int_eq(post(&f, "x", TIMEOUT_MS, -1), HTTP_TOO_LARGE);
    ck_assert_ptr_nonnull(f.problem);
    end(&f);
    strbuf_release(&answer);
}
END_TEST

START_TEST(silence_ends_in_time)
{
    struct fixture f;

    begin(&f, NULL, 1);
    ck_assert_int_eq(post(&f, "x", SOON_MS, -1), HTTP_TIMEOUT);
    end(&f);
}
END_TEST

START_TEST(a_call_can_be_given_up)
{
    AUTO_CLOSE int stop = eventfd(1, EFD_CLOEXEC);
    struct fixture f;

    begin(&f, NULL, 1);
    ck_assert_int_eq(post(&f, "x", TIMEOUT_MS, stop), HTTP_STOPPED);
    end(&f);
}
END_TEST

START_TEST(what_can_never_work_is_told_apart)
{
    const struct http_header split = {"X-A", "1\r\nX-B: 2"};
    struct http_call call = {.method = "POST",
                             .headers = &split,
                             .header_count = 1,
                             .stop_fd = -1,
                             .timeout_ms = TIMEOUT_MS,
                             .answer_max = ANSWER_MAX};
    struct fixture f;

    begin(&f, NULL, 1);
    call.url = f.url;
    ck_assert_int_eq(http_client_call(f.client, &call, &f.arena, &f.answer, NULL), HTTP_BAD_CALL);
    call.header_count = 0;
    call.url = "file:///etc/passwd";
    ck_assert_int_eq(http_client_call(f.client, &call, &f.arena, &f.answer, NULL), HTTP_BAD_CALL);
    call.url = "http://127.0.0.1:1/";
    ck_assert_int_eq(http_client_call(f.client, &call, &f.arena, &f.answer, NULL), HTTP_FAILED);
    end(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_client");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, a_post_carries_headers_and_body);
    tcase_add_test(tc, a_redirect_is_an_answer);
    tcase_add_test(tc, an_answer_is_bounded);
    tcase_add_test(tc, silence_ends_in_time);
    tcase_add_test(tc, a_call_can_be_given_up);
    tcase_add_test(tc, what_can_never_work_is_told_apart);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
