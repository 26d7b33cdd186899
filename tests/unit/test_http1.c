/* Requests and answers over HTTP/1.1: framing, limits, coding. */
#include "tests/unit/http1_fixture.h"

#include <time.h>
#include <zlib.h>

/* --- one connection, many requests --- */

START_TEST(a_connection_is_kept)
{
    int fd;

    start();
    fd = dial();
    for (int i = 0; i < 5; i++) {
        char request[200], body[20];

        snprintf(body, sizeof(body), "body %d", i);
        snprintf(request, sizeof(request),
                 "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
                 body);
        say(fd, request);
        expect_answer(fd, 200, body);
    }
    close(fd);
    stop();
    ck_assert_int_eq(fixture.answered, 5);
}
END_TEST

START_TEST(requests_may_be_pipelined)
{
    int fd;

    start();
    fd = dial();
    say(fd, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
            "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
            "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nthree");
    expect_answer(fd, 200, "one");
    expect_answer(fd, 200, "");
    expect_answer(fd, 200, "three");
    close(fd);
    stop();
}
END_TEST

START_TEST(the_target_stays_raw)
{
    static const char *const cases[][4] = {
        /* as sent, target, path, query */
        {"/a%2Fb/%c3%bc/x%00y/../z//?k=%20&l", "/a%2Fb/%c3%bc/x%00y/../z//?k=%20&l",
         "/a%2Fb/%c3%bc/x%00y/../z//", "k=%20&l"},
        {"http://host:1/abs/path?q", "/abs/path?q", "/abs/path", "q"},
        {"http://host:1", "/", "/", ""},
        {"http://host?x=http://y", "/?x=http://y", "/", "x=http://y"},
        {"/p?u=http://y/z", "/p?u=http://y/z", "/p", "u=http://y/z"},
        {"/", "/", "/", ""},
        {"*", "*", "*", ""},
    };
    int fd;

    start();
    fd = dial();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char request[300];
        struct answer a;

        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", cases[i][0]);
        say(fd, request);
        a = hear(fd);
        ck_assert_str_eq(head_value(&a, "X-Target"), cases[i][1]);
        ck_assert_str_eq(head_value(&a, "X-Path"), cases[i][2]);
        ck_assert_str_eq(head_value(&a, "X-Query") + 1, cases[i][3]);
        free(a.body);
    }
    close(fd);
    stop();
}
END_TEST

START_TEST(both_loopback_addresses_have_the_same_port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    int fd;

    start();
    address.sin6_port = htons(endpoint_port(fixture.endpoint));
    fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        say(fd, "POST /six HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nsix");
        expect_answer(fd, 200, "six");
    } else {
        ck_assert_msg(errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT, "%s", strerror(errno));
    }
    close(fd);
    fd = dial();
    say(fd, "POST /four HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nfour");
    expect_answer(fd, 200, "four");
    close(fd);
    stop();
}
END_TEST

/* --- framing of bodies --- */

START_TEST(chunked_bodies_with_extensions_and_trailers)
{
    int fd;

    start();
    fd = dial();
    say(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            "5;name=value\r\nhello\r\nA\r\n, chunked!\r\n0\r\nX-Trailer: yes\r\n\r\n");
    expect_answer(fd, 200, "hello, chunked!");
    say(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nnext");
    expect_answer(fd, 200, "next");
    close(fd);
    stop();
}
END_TEST

START_TEST(a_message_of_unclear_length_is_refused_and_the_connection_closed)
{
    static const char *const heads[] = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Content-Length: -1",
        "Content-Length: 5x",
        "Content-Length: 99999999999999999999999",
    };

    start();
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        int fd = dial();
        char request[400], all[4096];
        size_t len = 0;
        ssize_t n;

        snprintf(request, sizeof(request),
                 "POST /echo HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n"
                 "Host: h\r\n\r\n",
                 heads[i]);
        say(fd, request);
        while ((n = recv(fd, all + len, sizeof(all) - 1 - len, 0)) > 0)
            len += (size_t)n;
        ck_assert(n == 0 || errno == ECONNRESET);
        all[len] = '\0';
        ck_assert_msg(str_starts(all, "HTTP/1.1 4"), "%s: %s", heads[i], all);
        ck_assert_ptr_null(strstr(all, "HTTP/1.1 2"));
        close(fd);
    }
    stop();
    ck_assert_int_eq(fixture.begun, 0);
}
END_TEST

START_TEST(expect_is_answered_at_once)
{
    int fd;

    start();
    fd = dial();
    say(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    expect_answer(fd, 100, "");
    say(fd, "body");
    expect_answer(fd, 200, "body");
    close(fd);
    stop();
}
END_TEST

START_TEST(who_expects_is_refused_before_the_body_and_others_after_it)
{
    int fd;

    start();
    fd = dial();
    say(fd, "PUT /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    expect_answer(fd, 403, "refused");
    ck_assert(hears_end(fd));
    close(fd);

    fd = dial();
    say(fd, "PUT /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n");
    usleep(50000);
    ck_assert_int_eq(recv(fd, (char[1]){0}, 1, MSG_DONTWAIT), -1);
    say(fd, "bodyGET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(fd, 403, "refused");
    expect_answer(fd, 200, "");
    close(fd);
    stop();
}
END_TEST

START_TEST(a_body_over_the_limit_is_read_and_refused)
{
    char body[SMALL_MAX + 2];
    char head[200];
    int fd;

    start();
    fd = dial();
    memset(body, 'b', sizeof(body));
    for (size_t len = SMALL_MAX; len <= SMALL_MAX + 1; len++) {
        struct answer a;

        snprintf(head, sizeof(head),
                 "POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", len);
        say(fd, head);
        say_bytes(fd, body, len);
        a = hear(fd);
        ck_assert_int_eq(a.status, len > SMALL_MAX ? 413 : 200);
        ck_assert_uint_eq(a.len, len > SMALL_MAX ? 0 : len);
        free(a.body);
    }
    close(fd);
    stop();
}
END_TEST

START_TEST(long_heads_are_taken)
{
    enum { LONG = 112 * 1024 };
    char *value = malloc(LONG + 1);
    int fd;

    ck_assert_ptr_nonnull(value);
    memset(value, 'x', LONG);
    value[LONG] = '\0';
    start();
    fd = dial();
    say(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nX-Amz-Security-Token: ");
    say(fd, value);
    say(fd, "\r\nContent-Length: 4\r\n\r\nnext");
    expect_answer(fd, 200, "next");
    close(fd);
    stop();
    free(value);
}
END_TEST

static void echo_large(size_t len, const char *spooled)
{
    char *body = malloc(len);
    char head[200];
    struct answer a;
    int fd = dial();

    ck_assert_ptr_nonnull(body);
    for (size_t i = 0; i < len; i++)
        body[i] = (char)(i * 7 + i / 1000);
    snprintf(head, sizeof(head), "PUT /large HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
             len);
    say(fd, head);
    say_bytes(fd, body, len);
    a = hear(fd);
    ck_assert_int_eq(a.status, 200);
    ck_assert_uint_eq(a.len, len);
    ck_assert(memcmp(a.body, body, len) == 0);
    ck_assert_str_eq(head_value(&a, "X-Spooled"), spooled);
    free(a.body);
    free(body);
    close(fd);
}

START_TEST(large_bodies_go_through_a_file)
{
    start();
    echo_large(BODY_MEMORY_MAX, "no");
    echo_large(BODY_MEMORY_MAX + 1, "yes");
    echo_large(20 << 20, "yes");
    stop();
}
END_TEST

START_TEST(a_lost_temporary_directory_fails_the_request_only)
{
    char head[200];
    char *body = calloc(2, BODY_MEMORY_MAX);
    struct answer a;
    int fd;

    start();
    listener_set_temp_dir(fixture.listener, "/nonexistent");
    fd = dial();
    snprintf(head, sizeof(head), "PUT /large HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n",
             2 * BODY_MEMORY_MAX);
    say(fd, head);
    say_bytes(fd, body, 2 * BODY_MEMORY_MAX);
    a = hear(fd);
    ck_assert_int_eq(a.status, 400);
    free(a.body);
    free(body);
    say(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nnext");
    expect_answer(fd, 200, "next");
    close(fd);
    stop();
}
END_TEST

/* --- gzip --- */

static size_t pack(const char *text, size_t len, char *out, size_t max)
{
    z_stream z = {.next_in = (Bytef *)text,
                  .avail_in = (uInt)len,
                  .next_out = (Bytef *)out,
                  .avail_out = (uInt)max};

    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static struct answer send_gzip(int fd, const char *packed, size_t len)
{
    char head[200];

    snprintf(head, sizeof(head), "POST /gzip HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
             len);
    say(fd, head);
    say_bytes(fd, packed, len);
    return hear(fd);
}

START_TEST(gzip_is_unpacked_member_by_member)
{
    char packed[1000];
    size_t len = pack("first, ", 7, packed, sizeof(packed));
    struct answer a;
    int fd;

    len += pack("second", 6, packed + len, sizeof(packed) - len);
    start();
    fd = dial();
    a = send_gzip(fd, packed, len);
    ck_assert_str_eq(a.body, "first, second");
    free(a.body);
    a = send_gzip(fd, packed, len - 1);
    ck_assert_int_eq(a.status, 400);
    free(a.body);
    packed[len - 8] ^= 0x55; /* the checksum */
    a = send_gzip(fd, packed, len);
    ck_assert_int_eq(a.status, 400);
    free(a.body);
    a = send_gzip(fd, "no gzip at all", 14);
    ck_assert_int_eq(a.status, 400);
    free(a.body);
    close(fd);
    stop();
}
END_TEST

START_TEST(a_gzip_bomb_stops_at_the_limit)
{
    size_t size = 64 << 20, max = 1 << 20, len;
    char *zeros = calloc(1, size), *packed = malloc(max);
    struct answer a;
    int fd;

    len = pack(zeros, size, packed, max);
    free(zeros);
    start();
    fd = dial();
    a = send_gzip(fd, packed, len);
    ck_assert_int_eq(a.status, 413);
    free(a.body);
    free(packed);
    close(fd);
    stop();
}
END_TEST

/* --- answers --- */

START_TEST(answers_without_a_body)
{
    struct answer a;
    int fd;

    start();
    fd = dial();
    say(fd, "HEAD /headlength HTTP/1.1\r\nHost: h\r\n\r\n");
    a = hear_to(fd, "HEAD");
    ck_assert_str_eq(head_value(&a, "Content-Length"), "123456789");
    free(a.body);
    say(fd, "HEAD /file HTTP/1.1\r\nHost: h\r\n\r\n");
    a = hear_to(fd, "HEAD");
    ck_assert_int_eq(atoi(head_value(&a, "Content-Length")), FILE_SIZE);
    free(a.body);
    say(fd, "HEAD /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    a = hear_to(fd, "HEAD");
    ck_assert_str_eq(head_value(&a, "Content-Length"), "4");
    free(a.body);
    say(fd, "DELETE /none HTTP/1.1\r\nHost: h\r\n\r\n");
    a = hear(fd);
    ck_assert_int_eq(a.status, 204);
    ck_assert_ptr_null(head_value(&a, "Content-Length"));
    free(a.body);
    say(fd, "GET /unchanged HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(fd, 304, "");
    say(fd, "GET /headlength HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(fd, 200, "");
    say(fd, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(fd, 200, "");
    close(fd);
    stop();
}
END_TEST

START_TEST(a_handler_that_forgets_to_answer_gives_500)
{
    int fd;

    start();
    fd = dial();
    say(fd, "GET /unanswered HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(fd, 500, "");
    close(fd);
    stop();
}
END_TEST

START_TEST(the_date_is_true)
{
    struct answer a;
    struct tm tm = {0};
    double apart;
    int fd;

    start();
    atomic_store(&fixture.app.clock.offset_ms, INT64_C(86400000)); /* a test has moved the clock */
    fd = dial();
    say(fd, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    a = hear(fd);
    ck_assert_ptr_nonnull(strptime(head_value(&a, "Date"), "%a, %d %b %Y %H:%M:%S GMT", &tm));
    apart = difftime(timegm(&tm), time(NULL));
    ck_assert(apart > -5 && apart < 5);
    free(a.body);
    close(fd);
    stop();
}
END_TEST

START_TEST(files_and_streams_are_sent)
{
    struct answer a;
    char last[100];
    int fd;

    start();
    fd = dial();
    say(fd, "GET /file HTTP/1.1\r\nHost: h\r\n\r\nGET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    a = hear(fd);
    ck_assert_uint_eq(a.len, FILE_SIZE);
    for (size_t i = 0; i < a.len; i++)
        ck_assert_int_eq(a.body[i], 'f');
    free(a.body);
    a = hear(fd);
    ck_assert_ptr_null(head_value(&a, "Content-Length"));
    snprintf(last, sizeof(last), "piece %d of /stream;", STREAM_PIECES);
    ck_assert(str_starts(a.body, last));
    ck_assert_ptr_nonnull(strstr(a.body, "piece 1 of /stream;"));
    free(a.body);
    close(fd);
    stop();
}
END_TEST

START_TEST(a_stream_that_fails_is_cut_not_ended)
{
    char head[1000];
    int fd;

    start();
    fd = dial();
    say(fd, "GET /cut HTTP/1.1\r\nHost: h\r\n\r\n");
    read_until(fd, "\r\n\r\n", head, sizeof(head));
    ck_assert(hears_end(fd));
    close(fd);
    stop();
}
END_TEST

START_TEST(a_piece_of_a_stream_is_sent_before_the_next_one_is_made)
{
    char head[1000], piece[11];
    int fd;

    start();
    fd = dial();
    say(fd, "GET /streamwait HTTP/1.1\r\nHost: h\r\n\r\n");
    read_until(fd, "\r\n\r\n", head, sizeof(head));
    read_exactly(fd, piece, 10);
    piece[10] = '\0';
    ck_assert_str_eq(piece, "5\r\nfirst\r\n");
    close(fd);
    wait_until(&fixture.abandoned, 1);
    stop();
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, a_connection_is_kept);
    tcase_add_test(c, requests_may_be_pipelined);
    tcase_add_test(c, the_target_stays_raw);
    tcase_add_test(c, both_loopback_addresses_have_the_same_port);
    tcase_add_test(c, chunked_bodies_with_extensions_and_trailers);
    tcase_add_test(c, a_message_of_unclear_length_is_refused_and_the_connection_closed);
    tcase_add_test(c, expect_is_answered_at_once);
    tcase_add_test(c, who_expects_is_refused_before_the_body_and_others_after_it);
    tcase_add_test(c, a_body_over_the_limit_is_read_and_refused);
    tcase_add_test(c, long_heads_are_taken);
    tcase_add_test(c, large_bodies_go_through_a_file);
    tcase_add_test(c, a_lost_temporary_directory_fails_the_request_only);
    tcase_add_test(c, gzip_is_unpacked_member_by_member);
    tcase_add_test(c, a_gzip_bomb_stops_at_the_limit);
    tcase_add_test(c, answers_without_a_body);
    tcase_add_test(c, a_handler_that_forgets_to_answer_gives_500);
    tcase_add_test(c, the_date_is_true);
    tcase_add_test(c, files_and_streams_are_sent);
    tcase_add_test(c, a_stream_that_fails_is_cut_not_ended);
    tcase_add_test(c, a_piece_of_a_stream_is_sent_before_the_next_one_is_made);
}

int main(void)
{
    return run_in_threads_and_loops("http1", add_tests, NULL);
}
