/* The listener: connections of all kinds, through raw sockets. */
#include "tests/unit/http1_fixture.h"

#include <dirent.h>
#include <malloc.h>
#include <sys/resource.h>

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

    start_with((struct listener_options){.stall_timeout_ms = 2500});
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
    slow = dial();
    say(slow, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_until(&fixture.in_wait, 1);
    idle = dial();
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

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int n = 0;

    ck_assert_ptr_nonnull(tasks);
    while (readdir(tasks))
        n++;
    closedir(tasks);
    return n - 2; /* . and .. */
}

START_TEST(connections_of_loops_share_threads)
{
    enum { MANY = 100 };
    int fds[MANY];
    int before, slow;

    start();
    before = count_threads();
    for (int i = 0; i < MANY; i++) {
        fds[i] = dial();
        say(fds[i], "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
        expect_answer(fds[i], 200, "");
    }
    ck_assert_int_le(count_threads(), before); /* one of a test before may still have been ending */
    /* What is not quick gets a thread, and holds none of the others up. */
    slow = dial();
    say(slow, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_until(&fixture.begun, MANY + 1);
    for (int i = 0; i < MANY; i++) {
        say(fds[i], "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
        expect_answer(fds[i], 200, "");
        close(fds[i]);
    }
    expect_answer(slow, 200, "slow");
    close(slow);
    stop();
}
END_TEST

START_TEST(busy_clients_do_not_keep_new_ones_waiting)
{
    enum { REQUESTS = 300 };
    struct pollfd two[2] = {{.events = POLLIN}, {.events = POLLIN}};
    struct answer before;
    int busy, other, late;

    start();
    busy = dial();
    say(busy, "GET /gone HTTP/1.1\r\nHost: h\r\n\r\n"); /* their loop stands still */
    wait_until(&fixture.in_wait, 1);
    for (int i = 0; i < REQUESTS; i++)
        say(busy, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    other = dial(); /* loops take new connections in turns */
    say(other, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_answer(other, 200, "");
    for (int i = 0; i < 2; i++) {
        two[i].fd = dial();
        say(two[i].fd, "GET /before HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    /* Who is answered now came to the other loop, and so the one before it to the busy one. */
    ck_assert_int_eq(poll(two, 2, WAIT_S * 1000), 1);
    late = two[0].revents ? two[1].fd : two[0].fd;
    atomic_store(&fixture.client_left, true);
    before = hear(late);
    ck_assert_int_lt(strtol(before.body, NULL, 10), REQUESTS / 2);
    free(before.body);
    expect_answer(busy, 200, "nobody hears that");
    for (int i = 0; i < REQUESTS; i++)
        expect_answer(busy, 200, "");
    close(busy);
    close(other);
    close(two[0].fd);
    close(two[1].fd);
    stop();
}
END_TEST

/* A client that has said all it wants to say still hears the answer, and then the end. */
START_TEST(half_closed_connections_are_answered)
{
    static const char *const paths[] = {"/echo", "/slow", "/stream"};

    start();
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        int fd = dial();
        struct answer a;
        char byte;

        say(fd, "GET ");
        say(fd, paths[i]);
        say(fd, " HTTP/1.1\r\nHost: h\r\n\r\n");
        shutdown(fd, SHUT_WR);
        a = hear(fd);
        ck_assert_int_eq(a.status, 200);
        free(a.body);
        ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
        close(fd);
    }
    stop();
}
END_TEST

START_TEST(a_connection_may_be_reset_while_it_is_served)
{
    const struct linger reset = {.l_onoff = 1};
    int fd;

    start();
    fd = dial();
    say(fd, "GET /gone HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_until(&fixture.in_wait, 1);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
    atomic_store(&fixture.client_left, true);
    wait_until(&fixture.done, 1);
    stop();
    ck_assert_int_eq(fixture.answered, 1);
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

/* The sanitizers bring allocators of their own. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t resident_pages(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    char text[64];
    char *resident;

    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(fgets(text, sizeof(text), f));
    fclose(f);
    strtoul(text, &resident, 10); /* the first is what is mapped */
    return strtoul(resident, NULL, 10);
}

/* Before long. */
static void expect_resident_pages(size_t most)
{
    for (int i = 0; i < 10000 && resident_pages() > most; i++)
        usleep(1000);
    ck_assert_uint_le(resident_pages(), most);
}

START_TEST(a_connection_keeps_no_piece_of_a_stream)
{
    int fds[4];
    size_t before;

    mallopt(M_MMAP_THRESHOLD, 2 << 20); /* as the server does */
    start();
    before = resident_pages();
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        struct answer a;

        fds[i] = dial();
        say(fds[i], "GET /streamlarge HTTP/1.1\r\nHost: h\r\n\r\n");
        a = hear(fds[i]);
        ck_assert_uint_eq(a.len, LARGE_PIECE);
        free(a.body);
    }
    wait_until(&fixture.done, ARRAY_LEN(fds));
    expect_resident_pages(before + ARRAY_LEN(fds) * LARGE_PIECE / 2 / page_size());
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        close(fds[i]);
    stop();
}
END_TEST

START_TEST(memory_that_was_freed_is_given_back)
{
    enum { BLOCKS = 512, BLOCK_SIZE = 64 * 1024 };
    size_t block_pages = BLOCK_SIZE / page_size();
    void *blocks[BLOCKS];
    size_t full;
    int fd;

    start();
    for (int i = 0; i < BLOCKS; i++)
        memset(blocks[i] = x_malloc(BLOCK_SIZE), 1, BLOCK_SIZE);
    full = resident_pages();
    for (int i = 0; i < BLOCKS - 1; i++) /* the last keeps the heap as long as it is */
        free(blocks[i]);
    fd = dial();
    say(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nwork");
    expect_answer(fd, 200, "work");
    expect_resident_pages(full - BLOCKS / 2 * block_pages);
    free(blocks[BLOCKS - 1]);
    close(fd);
    stop();
}
END_TEST

#endif

static void add_tests(TCase *c)
{
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
    tcase_add_test(c, half_closed_connections_are_answered);
    tcase_add_test(c, a_connection_may_be_reset_while_it_is_served);
    tcase_add_test(c, stopping_wakes_long_polls_and_lets_requests_finish);
    tcase_add_test(c, a_second_endpoint_comes_and_goes);
    tcase_add_test(c, an_endpoint_that_cannot_be_opened_is_refused);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    tcase_add_test(c, memory_that_was_freed_is_given_back);
    tcase_add_test(c, a_connection_keeps_no_piece_of_a_stream);
#endif
}

static void add_loop_tests(TCase *c)
{
    tcase_add_test(c, connections_of_loops_share_threads);
    tcase_add_test(c, busy_clients_do_not_keep_new_ones_waiting);
}

int main(void)
{
    return run_in_threads_and_loops("listener", add_tests, add_loop_tests);
}
