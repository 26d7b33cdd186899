/* The listener and HTTP/1.1, through raw sockets. */
#include "tests/unit/net_fixture.h"

#include <sys/resource.h>
#include <time.h>
#include <zlib.h>

struct answer {
    int status;
    char head[8192];
    char *body;
    size_t len;
};

static void read_exactly(int fd, char *out, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(fd, out, len, 0);

        ck_assert_int_gt(n, 0);
        out += n;
        len -= (size_t)n;
    }
}

/* Up to and with the mark; byte by byte, so that nothing behind it is taken. */
static size_t read_until(int fd, const char *mark, char *out, size_t max)
{
    size_t len = 0, mark_len = strlen(mark);

    while (len < mark_len || memcmp(out + len - mark_len, mark, mark_len) != 0) {
        ck_assert_uint_lt(len, max - 1);
        read_exactly(fd, out + len, 1);
        len++;
    }
    out[len] = '\0';
    return len;
}

static const char *head_value(const struct answer *a, const char *name)
{
    static char value[512];
    const char *at = strcasestr(a->head, name);

    if (!at || at == a->head || at[-1] != '\n' || at[strlen(name)] != ':')
        return NULL;
    at += strlen(name) + 1;
    at += strspn(at, " ");
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
    return value;
}

static void read_chunks(int fd, struct answer *a)
{
    for (;;) {
        char line[64];
        size_t len;

        read_until(fd, "\r\n", line, sizeof(line));
        len = strtoul(line, NULL, 16);
        a->body = realloc(a->body, a->len + len + 3);
        ck_assert_ptr_nonnull(a->body);
        read_exactly(fd, a->body + a->len, len + 2);
        a->len += len;
        a->body[a->len] = '\0';
        if (len == 0)
            return;
    }
}

static struct answer hear_to(int fd, const char *method)
{
    struct answer a = {0};
    const char *length;

    read_until(fd, "\r\n\r\n", a.head, sizeof(a.head));
    a.status = atoi(a.head + strlen("HTTP/1.1 "));
    a.body = calloc(1, 1);
    length = head_value(&a, "Content-Length");
    if (a.status == 204 || a.status == 304 || a.status == 100 || str_eq(method, "HEAD"))
        return a;
    if (!length) {
        ck_assert_str_eq(head_value(&a, "Transfer-Encoding"), "chunked");
        read_chunks(fd, &a);
        return a;
    }
    a.len = strtoul(length, NULL, 10);
    a.body = realloc(a.body, a.len + 1);
    ck_assert_ptr_nonnull(a.body);
    read_exactly(fd, a.body, a.len);
    a.body[a.len] = '\0';
    return a;
}

static struct answer hear(int fd)
{
    return hear_to(fd, "POST");
}

static void expect_answer(int fd, int status, const char *body)
{
    struct answer a = hear(fd);

    ck_assert_int_eq(a.status, status);
    ck_assert_str_eq(a.body, body);
    free(a.body);
}

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

/* --- clients that are not what they should be --- */

START_TEST(a_tls_hello_gets_an_alert)
{
    static const uint8_t hello[] = {0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0};
    static const uint8_t alert[] = {0x15, 3, 1, 0, 2, 2, 0x46};
    char answer[sizeof(alert)];
    int fd;

    start();
    fd = dial();
    say_bytes(fd, hello, sizeof(hello));
    read_exactly(fd, answer, sizeof(answer));
    ck_assert(memcmp(answer, alert, sizeof(alert)) == 0);
    ck_assert(hears_end(fd));
    close(fd);
    stop();
}
END_TEST

START_TEST(silent_and_slow_clients_hold_nobody_up)
{
    int silent[20], slow, fd;

    start();
    for (size_t i = 0; i < ARRAY_LEN(silent); i++)
        silent[i] = dial();
    slow = dial();
    say(slow, "P"); /* POST or PRI */
    fd = dial();
    say(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
    expect_answer(fd, 200, "hi");
    close(fd);
    usleep(20000);
    say(slow, "OST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nslow");
    expect_answer(slow, 200, "slow");
    say(silent[0], "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nlate");
    expect_answer(silent[0], 200, "late");
    close(silent[1]);
    stop();
    for (size_t i = 0; i < ARRAY_LEN(silent); i++)
        if (i != 1)
            close(silent[i]);
    close(slow);
}
END_TEST

START_TEST(half_a_request_times_out_and_an_idle_connection_does_not)
{
    static const char *const halves[] = {
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf",
        "POST /echo HTTP/1.1\r\nHo",
        "POST",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    };
    int fds[ARRAY_LEN(halves)], idle;

    start_with((struct listener_options){.stall_timeout_ms = 700, .idle_timeout_ms = 60000});
    idle = dial();
    say(idle, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(idle, 200, "");
    for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
        fds[i] = dial();
        say(fds[i], halves[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
        ck_assert(hears_end(fds[i]));
        close(fds[i]);
    }
    usleep(900000);
    say(idle, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nstill");
    expect_answer(idle, 200, "still");
    say(idle, "POST /echo HTTP/1.1\r\nHo"); /* half of a later request */
    ck_assert(hears_end(idle));
    close(idle);
    stop();
}
END_TEST

/* Sends a byte of text every 50 ms, for at most so many; false once the other side has hung up. */
static bool dribble(int fd, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (send(fd, text + i % strlen(text), 1, MSG_NOSIGNAL) < 0)
            return false;
        usleep(50000);
    }
    return true;
}

START_TEST(headers_that_come_byte_by_byte_are_cut_off_and_a_body_is_not)
{
    int head, later, body;

    start_with((struct listener_options){.stall_timeout_ms = 1000});
    head = dial();
    say(head, "POST /echo HTTP/1.1\r\n");
    ck_assert(!dribble(head, "X-A: b\r\n", 1200));
    close(head);
    later = dial();
    say(later, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(later, 200, "");
    ck_assert(!dribble(later, "GET /echo?", 1200));
    close(later);
    body = dial();
    say(body, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 60\r\n\r\n");
    ck_assert(dribble(body, "0123456789", 60));
    expect_answer(body, 200, "012345678901234567890123456789012345678901234567890123456789");
    close(body);
    stop();
}
END_TEST

START_TEST(an_idle_connection_ends_after_its_time_and_a_slow_handler_does_not)
{
    int idle, slow;

    start_with((struct listener_options){.stall_timeout_ms = 700, .idle_timeout_ms = 700});
    idle = dial();
    slow = dial();
    say(slow, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_until(&fixture.in_wait, 1);
    say(idle, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(idle, 200, "");
    ck_assert(hears_end(idle));
    usleep(700000);
    waitq_wake(fixture.never);
    expect_answer(slow, 200, "woken");
    ck_assert_int_eq(fixture.abandoned, 0);
    close(idle);
    close(slow);
    stop();
}
END_TEST

START_TEST(a_client_that_does_not_read_is_cut_off)
{
    char *body = calloc(1, 32 << 20);
    int fd, small = 4096;

    start_with((struct listener_options){.stall_timeout_ms = 1000});
    fd = dial();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    say(fd, "PUT /large HTTP/1.1\r\nHost: h\r\nContent-Length: 33554432\r\n\r\n");
    say_bytes(fd, body, 32 << 20);
    wait_until(&fixture.done, 1);
    free(body);
    close(fd);
    stop();
}
END_TEST

START_TEST(a_client_that_hangs_up_ends_its_long_poll)
{
    int fd;

    start();
    fd = dial();
    say(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_until(&fixture.in_wait, 1);
    close(fd);
    wait_until(&fixture.abandoned, 1);
    stop();
}
END_TEST

START_TEST(too_many_connections_are_turned_away)
{
    int fds[4], more;

    start_with((struct listener_options){.connection_max = ARRAY_LEN(fds)});
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = dial();
        say(fds[i], "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
        expect_answer(fds[i], 200, "");
    }
    more = dial();
    expect_answer(more, 503, "");
    ck_assert(hears_end(more));
    close(more);
    close(fds[0]);
    for (int i = 0; i < 1000; i++) {
        struct answer a;

        more = dial();
        send(more, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n", 31, MSG_NOSIGNAL);
        a = hear(more);
        free(a.body);
        close(more);
        if (a.status == 200)
            break;
        ck_assert_int_eq(a.status, 503);
        usleep(5000);
    }
    for (size_t i = 1; i < ARRAY_LEN(fds); i++)
        close(fds[i]);
    stop();
    ck_assert_int_eq(fixture.answered, 5);
}
END_TEST

START_TEST(running_out_of_descriptors_only_delays)
{
    struct rlimit before, tight;
    int fd, held[64], highest;

    start();
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    fd = dial();
    highest = fd;
    say(fd, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(fd, 200, "");
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        if ((held[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) > highest)
            highest = held[i];
    tight = (struct rlimit){.rlim_cur = (rlim_t)highest + 1, .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
    close(held[0]);
    held[0] = dial(); /* takes the last one, the accepting side has none */
    say(held[0], "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\npatient");
    usleep(150000);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    expect_answer(held[0], 200, "patient");
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        close(held[i]);
    close(fd);
    stop();
}
END_TEST

START_TEST(a_thousand_connections_at_once)
{
    enum { MANY = 1000 };
    static int fds[MANY];
    struct rlimit limit;

    start();
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 3 * MANY) {
        stop();
        return;
    }
    for (int i = 0; i < MANY; i++)
        fds[i] = dial();
    for (int i = 0; i < MANY; i++)
        say(fds[i], "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nmany");
    for (int i = 0; i < MANY; i++)
        expect_answer(fds[i], 200, "many");
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
    stop();
    ck_assert_int_eq(fixture.answered, MANY);
}
END_TEST

/* --- the end --- */

START_TEST(stopping_wakes_long_polls_and_lets_requests_finish)
{
    int waiting, slow, idle, silent;

    start();
    waiting = dial();
    slow = dial();
    idle = dial();
    silent = dial();
    say(waiting, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    say(slow, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    say(idle, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(idle, 200, "");
    wait_until(&fixture.in_wait, 1);
    wait_until(&fixture.begun, 3);
    stop();
    ck_assert_int_eq(fixture.abandoned, 1);
    expect_answer(waiting, 200, "woken");
    expect_answer(slow, 200, "slow");
    ck_assert(hears_end(idle));
    ck_assert(hears_end(silent));
    close(waiting);
    close(slow);
    close(idle);
    close(silent);
}
END_TEST

START_TEST(a_second_endpoint_comes_and_goes)
{
    struct endpoint_options options = {
        .address = "127.0.0.1", .handler = &test_handler, .context = &fixture};
    struct endpoint *first, *second;
    int waiting, fd;

    start();
    first = fixture.endpoint;
    second = listener_open_endpoint(fixture.listener, &options);
    ck_assert_ptr_nonnull(second);
    ck_assert_uint_ne(endpoint_port(first), endpoint_port(second));
    fixture.endpoint = second;
    waiting = dial();
    say(waiting, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_until(&fixture.in_wait, 1);
    endpoint_close(second);
    ck_assert_int_eq(fixture.done, 1);
    expect_answer(waiting, 200, "woken");
    close(waiting);
    fixture.endpoint = first;
    fd = dial();
    say(fd, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(fd, 200, "");
    close(fd);
    stop();
}
END_TEST

START_TEST(an_endpoint_that_cannot_be_opened_is_refused)
{
    struct endpoint_options options = {.handler = &test_handler, .context = &fixture};

    start();
    options.port = endpoint_port(fixture.endpoint);
    ck_assert_ptr_null(listener_open_endpoint(fixture.listener, &options));
    options.port = 0;
    options.address = "example.invalid";
    ck_assert_ptr_null(listener_open_endpoint(fixture.listener, &options));
    ck_assert(listener_stop(fixture.listener, 1000));
    options.address = NULL;
    ck_assert_ptr_null(listener_open_endpoint(fixture.listener, &options));
    stop();
}
END_TEST

static Suite *listener_suite(void)
{
    TCase *c = tcase_create("listener");
    Suite *s = suite_create("listener");

    tcase_set_timeout(c, 120);
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
    tcase_add_test(c, a_tls_hello_gets_an_alert);
    tcase_add_test(c, silent_and_slow_clients_hold_nobody_up);
    tcase_add_test(c, half_a_request_times_out_and_an_idle_connection_does_not);
    tcase_add_test(c, headers_that_come_byte_by_byte_are_cut_off_and_a_body_is_not);
    tcase_add_test(c, an_idle_connection_ends_after_its_time_and_a_slow_handler_does_not);
    tcase_add_test(c, a_client_that_does_not_read_is_cut_off);
    tcase_add_test(c, a_client_that_hangs_up_ends_its_long_poll);
    tcase_add_test(c, too_many_connections_are_turned_away);
    tcase_add_test(c, running_out_of_descriptors_only_delays);
    tcase_add_test(c, a_thousand_connections_at_once);
    tcase_add_test(c, stopping_wakes_long_polls_and_lets_requests_finish);
    tcase_add_test(c, a_second_endpoint_comes_and_goes);
    tcase_add_test(c, an_endpoint_that_cannot_be_opened_is_refused);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    SRunner *r = srunner_create(listener_suite());
    int failed;

    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
