/* HTTP/2 with prior knowledge, through nghttp2's client side on raw sockets. */
#include "tests/unit/net_fixture.h"
#include "tests/unit/run_suite.h"

#include <nghttp2/nghttp2.h>
#include <sys/resource.h>
#include <time.h>

struct reply {
    int32_t id;
    int status;
    bool went_on; /* 100 Continue came */
    bool ended;
    uint32_t error;
    int64_t length; /* Content-Length, -1 without */
    bool has_date;
    bool forbidden; /* a header that HTTP/2 forbids */
    struct strbuf headers;
    struct strbuf body;
};

struct client {
    int fd;
    nghttp2_session *session;
    bool closed;
    bool goaway;
};

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *context)
{
    struct reply *r = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    const char *n = (const char *)name, *v = (const char *)value;

    (void)name_len, (void)value_len, (void)flags, (void)context;
    if (str_eq(n, ":status") && str_eq(v, "100"))
        r->went_on = true;
    else if (str_eq(n, ":status"))
        r->status = atoi(v);
    else if (str_eq(n, "content-length"))
        r->length = atoll(v);
    else if (str_eq(n, "date"))
        r->has_date = true;
    r->forbidden |= str_eq(n, "connection") || str_eq(n, "transfer-encoding");
    strbuf_add_format(&r->headers, "%s: %s\n", n, v);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *context)
{
    struct reply *r = nghttp2_session_get_stream_user_data(session, id);

    (void)flags, (void)context;
    strbuf_add(&r->body, data, len);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *context)
{
    struct reply *r = nghttp2_session_get_stream_user_data(session, id);

    (void)context;
    r->ended = true;
    r->error = error;
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    (void)session;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        ((struct client *)context)->goaway = true;
    return 0;
}

static void client_open(struct client *c)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}};

    *c = (struct client){.fd = dial()};
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    ck_assert_int_eq(nghttp2_session_client_new(&c->session, callbacks, c), 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, 1);
}

static void client_close(struct client *c)
{
    nghttp2_session_del(c->session);
    close(c->fd);
}

static void client_send(struct client *c)
{
    const uint8_t *data;
    ssize_t n;

    while ((n = nghttp2_session_mem_send(c->session, &data)) > 0)
        say_bytes(c->fd, data, (size_t)n);
    ck_assert_int_eq(n, 0);
}

static void client_receive(struct client *c)
{
    uint8_t in[65536];
    ssize_t n = recv(c->fd, in, sizeof(in), 0);

    if (n <= 0) {
        ck_assert(n == 0 || errno == ECONNRESET);
        c->closed = true;
        return;
    }
    ck_assert_int_eq(nghttp2_session_mem_recv(c->session, in, (size_t)n), n);
}

static void client_wait(struct client *c, const bool *until)
{
    client_send(c);
    while (!*until && !c->closed) {
        client_receive(c);
        if (!c->closed)
            client_send(c);
    }
}

/* --- requests --- */

struct upload {
    const char *data;
    size_t len;
    size_t sent;
    bool hold; /* no data for now */
};

static ssize_t read_upload(nghttp2_session *session, int32_t id, uint8_t *out, size_t max,
                           uint32_t *flags, nghttp2_data_source *source, void *context)
{
    struct upload *u = source->ptr;
    size_t n = MIN(max, u->len - u->sent);

    (void)session, (void)id, (void)context;
    if (u->hold)
        return NGHTTP2_ERR_DEFERRED;
    memcpy(out, u->data + u->sent, n);
    u->sent += n;
    if (u->sent == u->len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static nghttp2_nv nv(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

static void ask(struct client *c, struct reply *r, const char *method, const char *target,
                struct upload *upload, const char *expect)
{
    nghttp2_nv headers[] = {nv(":method", method), nv(":path", target), nv(":scheme", "http"),
                            nv(":authority", "kinesis.local:4566"), nv("expect", expect ?: "")};
    nghttp2_data_provider body = {.source.ptr = upload, .read_callback = read_upload};

    *r = (struct reply){.length = -1};
    strbuf_init(&r->headers, 1 << 16);
    strbuf_init(&r->body, 64 << 20);
    r->id =
        nghttp2_submit_request(c->session, NULL, headers, expect ? 5 : 4, upload ? &body : NULL, r);
    ck_assert_int_gt(r->id, 0);
}

static void forget(struct reply *r)
{
    strbuf_release(&r->headers);
    strbuf_release(&r->body);
}

static void expect_reply(struct reply *r, int status, const char *body)
{
    ck_assert(r->ended);
    ck_assert_uint_eq(r->error, NGHTTP2_NO_ERROR);
    ck_assert_int_eq(r->status, status);
    ck_assert_str_eq(r->body.data ? r->body.data : "", body);
    ck_assert(r->has_date);
    ck_assert(!r->forbidden);
    forget(r);
}

START_TEST(a_request_is_answered)
{
    struct upload upload = {.data = "hello", .len = 5};
    struct client c;
    struct reply r;

    start();
    client_open(&c);
    ask(&c, &r, "POST", "/a%2Fb?x=%20", &upload, NULL);
    client_wait(&c, &r.ended);
    ck_assert_ptr_nonnull(strstr(r.headers.data, "x-target: /a%2Fb?x=%20\n"));
    ck_assert_ptr_nonnull(strstr(r.headers.data, "x-method: POST\n"));
    ck_assert_ptr_nonnull(strstr(r.headers.data, "x-host: kinesis.local:4566\n"));
    ck_assert_int_eq(r.length, 5);
    expect_reply(&r, 200, "hello");
    client_close(&c);
    stop();
}
END_TEST

START_TEST(requests_of_a_connection_run_at_the_same_time)
{
    enum { MANY = 50 };
    static struct reply waiting[MANY];
    struct reply quick;
    struct client c;

    start();
    client_open(&c);
    for (int i = 0; i < MANY; i++)
        ask(&c, &waiting[i], "GET", "/wait", NULL, NULL);
    ask(&c, &quick, "GET", "/echo", NULL, NULL);
    client_wait(&c, &quick.ended);
    ck_assert(!waiting[0].ended);
    expect_reply(&quick, 200, "");
    wait_until(&fixture.in_wait, MANY);
    waitq_wake(fixture.never);
    for (int i = 0; i < MANY; i++) {
        client_wait(&c, &waiting[i].ended);
        expect_reply(&waiting[i], 200, "woken");
    }
    client_close(&c);
    stop();
}
END_TEST

START_TEST(large_bodies_go_both_ways)
{
    size_t len = 5 << 20;
    char *body = malloc(len);
    struct upload upload = {.data = body, .len = len};
    struct client c;
    struct reply r;

    for (size_t i = 0; i < len; i++)
        body[i] = (char)(i * 7 + i / 1000);
    start();
    client_open(&c);
    ask(&c, &r, "PUT", "/large", &upload, NULL);
    client_wait(&c, &r.ended);
    ck_assert_int_eq(r.status, 200);
    ck_assert_uint_eq(r.body.len, len);
    ck_assert(memcmp(r.body.data, body, len) == 0);
    ck_assert_ptr_nonnull(strstr(r.headers.data, "x-spooled: yes\n"));
    forget(&r);
    free(body);
    client_close(&c);
    stop();
}
END_TEST

START_TEST(all_kinds_of_answers)
{
    struct client c;
    struct reply r;

    start();
    client_open(&c);
    ask(&c, &r, "GET", "/file", NULL, NULL);
    client_wait(&c, &r.ended);
    ck_assert_int_eq(r.length, FILE_SIZE);
    ck_assert_uint_eq(r.body.len, FILE_SIZE);
    ck_assert_int_eq(r.body.data[0], 'f');
    forget(&r);
    ask(&c, &r, "HEAD", "/headlength", NULL, NULL);
    client_wait(&c, &r.ended);
    ck_assert_int_eq(r.length, 123456789);
    expect_reply(&r, 200, "");
    ask(&c, &r, "DELETE", "/none", NULL, NULL);
    client_wait(&c, &r.ended);
    ck_assert_int_eq(r.length, -1);
    expect_reply(&r, 204, "");
    ask(&c, &r, "GET", "/unanswered", NULL, NULL);
    client_wait(&c, &r.ended);
    ck_assert_int_eq(r.length, 0);
    expect_reply(&r, 500, "");
    ask(&c, &r, "GET", "/stream", NULL, NULL);
    client_wait(&c, &r.ended);
    ck_assert_int_eq(r.length, -1);
    ck_assert_ptr_nonnull(strstr(r.body.data, "piece 50 of /stream;piece 49 of /stream;"));
    ck_assert_ptr_nonnull(strstr(r.body.data, "piece 1 of /stream;"));
    forget(&r);
    ask(&c, &r, "GET", "/cut", NULL, NULL);
    client_wait(&c, &r.ended);
    ck_assert_uint_ne(r.error, NGHTTP2_NO_ERROR);
    forget(&r);
    client_close(&c);
    stop();
}
END_TEST

START_TEST(bodies_are_bounded)
{
    char body[SMALL_MAX + 1];
    struct upload upload = {.data = body, .len = sizeof(body)};
    struct client c;
    struct reply r;

    memset(body, 'b', sizeof(body));
    start();
    client_open(&c);
    ask(&c, &r, "POST", "/small", &upload, NULL);
    client_wait(&c, &r.ended);
    expect_reply(&r, 413, "");
    client_close(&c);
    stop();
}
END_TEST

START_TEST(expect_is_answered_or_refused)
{
    struct upload held = {.data = "held", .len = 4, .hold = true};
    struct upload never = held;
    struct client c;
    struct reply r, refused;

    start();
    client_open(&c);
    ask(&c, &r, "PUT", "/echo", &held, "100-continue");
    client_wait(&c, &r.went_on);
    ck_assert(r.went_on);
    held.hold = false;
    nghttp2_session_resume_data(c.session, r.id);
    client_wait(&c, &r.ended);
    expect_reply(&r, 200, "held");
    ask(&c, &refused, "PUT", "/refuse", &never, "100-continue");
    client_send(&c);
    while (!refused.status) /* the answer comes, though the request has not ended */
        client_receive(&c);
    ck_assert(!refused.went_on);
    ck_assert_int_eq(refused.status, 403);
    forget(&refused);
    client_close(&c);
    stop();
}
END_TEST

START_TEST(too_large_a_head_is_refused)
{
    static char value[46000]; /* more than eight frames, and nghttp2 itself ends the connection */
    nghttp2_nv headers[] = {nv(":method", "GET"),  nv(":path", "/echo"), nv(":scheme", "http"),
                            nv(":authority", "h"), nv("a", value),       nv("b", value),
                            nv("c", value)};
    nghttp2_option *option;
    struct reply r = {.length = -1}, next;
    struct client c;

    memset(value, 'v', sizeof(value) - 1);
    for (size_t i = 4; i < ARRAY_LEN(headers); i++)
        headers[i].valuelen = sizeof(value) - 1;
    start();
    client_open(&c);
    nghttp2_session_del(c.session);
    {
        nghttp2_session_callbacks *callbacks;

        nghttp2_option_new(&option);
        nghttp2_option_set_max_send_header_block_length(option, 1 << 20);
        nghttp2_session_callbacks_new(&callbacks);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
        nghttp2_session_client_new2(&c.session, callbacks, &c, option);
        nghttp2_session_callbacks_del(callbacks);
        nghttp2_option_del(option);
        nghttp2_submit_settings(c.session, NGHTTP2_FLAG_NONE, NULL, 0);
    }
    strbuf_init(&r.headers, 1 << 16);
    strbuf_init(&r.body, 1 << 16);
    nghttp2_submit_request(c.session, NULL, headers, ARRAY_LEN(headers), NULL, &r);
    client_wait(&c, &r.ended);
    ck_assert_int_eq(r.status, 431);
    forget(&r);
    ask(&c, &next, "GET", "/echo", NULL, NULL);
    client_wait(&c, &next.ended);
    expect_reply(&next, 200, "");
    client_close(&c);
    stop();
    ck_assert_int_eq(fixture.begun, 1);
}
END_TEST

START_TEST(a_reset_stream_ends_its_long_poll_only)
{
    struct reply first, second;
    struct client c;

    start();
    client_open(&c);
    ask(&c, &first, "GET", "/wait", NULL, NULL);
    ask(&c, &second, "GET", "/wait", NULL, NULL);
    client_send(&c);
    wait_until(&fixture.in_wait, 2);
    nghttp2_submit_rst_stream(c.session, NGHTTP2_FLAG_NONE, first.id, NGHTTP2_CANCEL);
    client_send(&c);
    wait_until(&fixture.abandoned, 1);
    waitq_wake(fixture.never);
    client_wait(&c, &second.ended);
    expect_reply(&second, 200, "woken");
    ck_assert_int_eq(fixture.abandoned, 1);
    forget(&first);
    client_close(&c);
    stop();
}
END_TEST

START_TEST(a_client_that_goes_ends_streams_of_all_kinds)
{
    struct upload held = {.data = "held", .len = 4, .hold = true};
    struct reply poll, stream, half;
    struct client c;

    start();
    client_open(&c);
    ask(&c, &poll, "GET", "/wait", NULL, NULL);
    ask(&c, &stream, "GET", "/streamwait", NULL, NULL);
    ask(&c, &half, "POST", "/echo", &held, NULL);
    client_send(&c);
    wait_until(&fixture.in_wait, 2);
    wait_until(&fixture.begun, 3);
    client_close(&c);
    wait_until(&fixture.abandoned, 2);
    wait_until(&fixture.done, 3);
    ck_assert_int_eq(fixture.answered, 2);
    forget(&poll);
    forget(&stream);
    forget(&half);
    stop();
}
END_TEST

/* The answer comes ready while the connection's thread learns that nobody wants it. */
START_TEST(clients_that_go_at_once_leave_nothing_behind)
{
    enum { MANY = 500 };

    start();
    for (int i = 0; i < MANY; i++) {
        struct client c;
        struct reply r;

        client_open(&c);
        ask(&c, &r, "GET", i % 2 ? "/echo" : "/stream", NULL, NULL);
        client_send(&c);
        if (i % 3)
            client_receive(&c);
        usleep((useconds_t)(i % 10 * 20));
        client_close(&c);
        forget(&r);
    }
    stop();
}
END_TEST

START_TEST(many_resets_are_survived)
{
    struct reply r;
    struct client c;

    start();
    client_open(&c);
    for (int i = 0; i < 400 && !c.closed && !c.goaway; i++) {
        ask(&c, &r, "GET", "/wait", NULL, NULL);
        client_send(&c);
        nghttp2_submit_rst_stream(c.session, NGHTTP2_FLAG_NONE, r.id, NGHTTP2_CANCEL);
        client_send(&c);
        forget(&r);
    }
    client_close(&c);
    client_open(&c);
    ask(&c, &r, "GET", "/echo", NULL, NULL);
    client_wait(&c, &r.ended);
    expect_reply(&r, 200, "");
    client_close(&c);
    stop();
}
END_TEST

START_TEST(garbage_after_the_preface_ends_the_connection)
{
    int fd;

    start();
    fd = dial();
    say(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\nand what else there is to say");
    while (!hears_end(fd))
        ;
    close(fd);
    stop();
}
END_TEST

START_TEST(the_preface_may_come_in_pieces)
{
    struct upload upload = {.data = "bits", .len = 4};
    struct client c;
    struct reply r;
    const uint8_t *data;
    ssize_t n;

    start();
    client_open(&c);
    ask(&c, &r, "POST", "/echo", &upload, NULL);
    while ((n = nghttp2_session_mem_send(c.session, &data)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            say_bytes(c.fd, data + i, 1);
            usleep(200);
        }
    }
    client_wait(&c, &r.ended);
    expect_reply(&r, 200, "bits");
    client_close(&c);
    stop();
}
END_TEST

START_TEST(an_unfinished_request_times_out_and_an_idle_connection_does_not)
{
    struct upload held = {.data = "held", .len = 4, .hold = true};
    struct client idle, stalled;
    struct reply r, half;

    start_with((struct listener_options){.stall_timeout_ms = 700, .idle_timeout_ms = 60000});
    client_open(&idle);
    ask(&idle, &r, "GET", "/echo", NULL, NULL);
    client_wait(&idle, &r.ended);
    expect_reply(&r, 200, "");
    client_open(&stalled);
    ask(&stalled, &half, "POST", "/echo", &held, NULL);
    client_wait(&stalled, &half.ended);
    ck_assert(stalled.closed);
    forget(&half);
    client_close(&stalled);
    ask(&idle, &r, "GET", "/slow", NULL, NULL);
    client_wait(&idle, &r.ended);
    expect_reply(&r, 200, "slow");
    client_close(&idle);
    stop();
}
END_TEST

START_TEST(stopping_says_goodbye_and_lets_requests_finish)
{
    struct reply poll, slow;
    struct client c;

    start();
    client_open(&c);
    ask(&c, &poll, "GET", "/wait", NULL, NULL);
    ask(&c, &slow, "GET", "/slow", NULL, NULL);
    client_send(&c);
    wait_until(&fixture.in_wait, 1);
    wait_until(&fixture.begun, 2);
    stop();
    client_wait(&c, &slow.ended);
    client_wait(&c, &poll.ended);
    ck_assert(c.goaway);
    expect_reply(&slow, 200, "slow");
    expect_reply(&poll, 200, "woken");
    client_close(&c);
}
END_TEST

START_TEST(a_thousand_connections_with_one_request_each)
{
    enum { MANY = 1000 };
    static struct client clients[MANY];
    static struct reply replies[MANY];
    struct rlimit limit;

    start();
    getrlimit(RLIMIT_NOFILE, &limit);
    for (int i = 0; i < MANY && limit.rlim_cur >= 8 * MANY; i++) {
        client_open(&clients[i]);
        ask(&clients[i], &replies[i], "GET", "/slow", NULL, NULL);
        client_send(&clients[i]);
    }
    for (int i = 0; i < MANY && limit.rlim_cur >= 8 * MANY; i++) {
        client_wait(&clients[i], &replies[i].ended);
        expect_reply(&replies[i], 200, "slow");
        nghttp2_submit_goaway(clients[i].session, NGHTTP2_FLAG_NONE, 0, 0, NULL, 0);
        client_send(&clients[i]);
        client_close(&clients[i]);
    }
    stop();
}
END_TEST

/* --- threads that HTTP/1.1 has to share with streams --- */

static void expect_http1_answer(int fd)
{
    static const char begin[] = "HTTP/1.1 200 ";
    char answer[sizeof(begin)];

    ck_assert_int_eq(recv(fd, answer, sizeof(begin) - 1, MSG_WAITALL), sizeof(begin) - 1);
    answer[sizeof(begin) - 1] = '\0';
    ck_assert_str_eq(answer, begin);
}

START_TEST(a_request_that_finds_no_thread_waits_for_one_and_holds_nobody_up)
{
    enum {
        CONNECTIONS = 4,
        STREAMS = 2 * CONNECTIONS - 1
    }; /* and the thread of their connection */
    static const char waits[] = "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char is_quick[] = "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n";
    struct reply replies[STREAMS];
    int fds[CONNECTIONS - 1];
    struct client c;

    in_loops = true;
    start_with((struct listener_options){.connection_max = CONNECTIONS});
    client_open(&c);
    for (int i = 0; i < STREAMS; i++)
        ask(&c, &replies[i], "GET", "/wait", NULL, NULL);
    client_send(&c);
    wait_until(&fixture.in_wait, STREAMS);
    fds[0] = dial();
    say(fds[0], waits);
    wait_until(&fixture.begun, STREAMS + 1);
    for (size_t i = 1; i < ARRAY_LEN(fds); i++) { /* one of them is of the same loop */
        fds[i] = dial();
        say(fds[i], is_quick);
        expect_http1_answer(fds[i]);
    }
    ck_assert_int_eq(fixture.in_wait, STREAMS);
    waitq_wake(fixture.never);
    for (int i = 0; i < STREAMS; i++) {
        client_wait(&c, &replies[i].ended);
        expect_reply(&replies[i], 200, "woken");
    }
    wait_until(&fixture.in_wait, STREAMS + 1);
    waitq_wake(fixture.never);
    expect_http1_answer(fds[0]);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        close(fds[i]);
    client_close(&c);
    stop();
}
END_TEST

static Suite *http2_suite(void)
{
    TCase *c = tcase_create("http2");
    Suite *s = suite_create("http2");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, a_request_is_answered);
    tcase_add_test(c, requests_of_a_connection_run_at_the_same_time);
    tcase_add_test(c, large_bodies_go_both_ways);
    tcase_add_test(c, all_kinds_of_answers);
    tcase_add_test(c, bodies_are_bounded);
    tcase_add_test(c, expect_is_answered_or_refused);
    tcase_add_test(c, too_large_a_head_is_refused);
    tcase_add_test(c, a_reset_stream_ends_its_long_poll_only);
    tcase_add_test(c, a_client_that_goes_ends_streams_of_all_kinds);
    tcase_add_test(c, clients_that_go_at_once_leave_nothing_behind);
    tcase_add_test(c, many_resets_are_survived);
    tcase_add_test(c, garbage_after_the_preface_ends_the_connection);
    tcase_add_test(c, the_preface_may_come_in_pieces);
    tcase_add_test(c, an_unfinished_request_times_out_and_an_idle_connection_does_not);
    tcase_add_test(c, stopping_says_goodbye_and_lets_requests_finish);
    tcase_add_test(c, a_thousand_connections_with_one_request_each);
    tcase_add_test(c, a_request_that_finds_no_thread_waits_for_one_and_holds_nobody_up);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{

    return run_suite(http2_suite());
}
