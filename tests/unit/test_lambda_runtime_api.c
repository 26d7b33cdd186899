/* The Runtime API as a runtime meets it, and processes: started clean, ended whole. */
#include "handlers/lambda/process.h"
#include "handlers/lambda/runtime_api.h"
#include "server/net/listener.h"
#include "tests/unit/run_suite.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static struct app app;
static struct runtime_api *api;

static void setup(void)
{
    struct listener_options options = {.app = &app};

    app.listener = listener_new(&options);
    api = runtime_api_open(&app);
    ck_assert_ptr_nonnull(api);
}

static void teardown(void)
{
    runtime_api_close(api);
    listener_free(app.listener);
}

/* Sends a request on a connection of its own. */
static int ask(const char *request)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(runtime_api_port(api)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    return fd;
}

/* The whole answer: the connection is closed at its end. */
static const char *answer(int fd)
{
    static char text[8192];
    size_t len = 0;
    ssize_t n;

    while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    text[len] = 0;
    return text;
}

static int next(void)
{
    return ask("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: "
               "close\r\n\r\n");
}

static int post(const char *path, const char *body)
{
    char text[1024];

    snprintf(text, sizeof(text),
             "POST /2018-06-01/runtime/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
             "Lambda-Runtime-Function-Error-Type: Some.Error\r\nContent-Length: %zu\r\n\r\n%s",
             path, strlen(body), body);
    return ask(text);
}

static void wait_for(enum runtime_state state)
{
    struct pollfd ready = {.fd = runtime_api_fd(api), .events = POLLIN};

    while (runtime_api_look(api) != state)
        ck_assert_int_gt(poll(&ready, 1, 10000), 0);
}

static const struct runtime_event event = {
    .request_id = "11111111-2222",
    .payload = {.data = (const uint8_t *)"{\"a\":1}", .len = 7},
    .deadline_ms = 1700000000123,
    .function_arn = "arn:f",
    .trace_id = "Root=1"};

START_TEST(an_event_goes_round)
{
    struct runtime_answer got;
    int fd = next();

    wait_for(RUNTIME_WAITING);
    runtime_api_offer(api, &event);
    const char *text = answer(fd);
    ck_assert_ptr_nonnull(strstr(text, "200 OK"));
    ck_assert_ptr_nonnull(strcasestr(text, "Lambda-Runtime-Aws-Request-Id: 11111111-2222\r\n"));
    ck_assert_ptr_nonnull(strcasestr(text, "Lambda-Runtime-Deadline-Ms: 1700000000123\r\n"));
    ck_assert_ptr_nonnull(strcasestr(text, "Lambda-Runtime-Invoked-Function-Arn: arn:f\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\n\r\n{\"a\":1}"));
    text = answer(post("invocation/other/response", "1"));
    ck_assert_ptr_nonnull(strstr(text, " 400 "));
    ck_assert_ptr_nonnull(strstr(text, "InvalidRequestID"));
    ck_assert_int_eq(runtime_api_look(api), RUNTIME_WORKING);
    text = answer(post("invocation/11111111-2222/response", "{\"b\":2}"));
    ck_assert_ptr_nonnull(strstr(text, " 202 "));
    wait_for(RUNTIME_ANSWERED);
    ck_assert(runtime_api_finish(api, &got));
    ck_assert(!got.error);
    ck_assert_str_eq(got.body.data, "{\"b\":2}");
    strbuf_release(&got.body);
    /* A second answer comes too late. */
    ck_assert_ptr_nonnull(strstr(answer(post("invocation/11111111-2222/response", "3")), " 400 "));
    ck_assert(!runtime_api_finish(api, &got));
}
END_TEST

START_TEST(an_answer_after_the_timeout_is_refused)
{
    struct runtime_answer got;
    int fd = next();

    wait_for(RUNTIME_WAITING);
    runtime_api_offer(api, &event);
    answer(fd);
    runtime_api_withdraw(api);
    ck_assert_ptr_nonnull(strstr(answer(post("invocation/11111111-2222/response", "1")), " 400 "));
    ck_assert(!runtime_api_finish(api, &got));
    ck_assert_ptr_nonnull(strstr(answer(post("invocation/11111111-2222/response", "1")), " 400 "));
    ck_assert_ptr_nonnull(strstr(answer(post("invocation/11111111-2222/error", "1")), " 400 "));
}
END_TEST

START_TEST(an_error_is_told_apart)
{
    struct runtime_answer got;
    int fd = next();

    wait_for(RUNTIME_WAITING);
    runtime_api_offer(api, &event);
    answer(fd);
    answer(post("invocation/11111111-2222/error", "{\"errorType\":\"E\"}"));
    wait_for(RUNTIME_ANSWERED);
    ck_assert(runtime_api_finish(api, &got));
    ck_assert(got.error);
    ck_assert_str_eq(got.error_type, "Some.Error");
    strbuf_release(&got.body);
}
END_TEST

START_TEST(a_failed_start_is_reported)
{
    struct runtime_answer got;

    ck_assert_ptr_nonnull(strstr(answer(post("init/error", "{}")), " 202 "));
    wait_for(RUNTIME_INIT_FAILED);
    ck_assert_ptr_nonnull(strstr(answer(post("init/error", "{}")), " 403 "));
    ck_assert(runtime_api_finish(api, &got));
    ck_assert(got.error);
    strbuf_release(&got.body);
}
END_TEST

START_TEST(the_newest_wait_gets_the_event)
{
    int old = next();

    wait_for(RUNTIME_WAITING);
    int new = next();
    ck_assert_ptr_nonnull(strstr(answer(old), " 403 "));
    runtime_api_offer(api, &event);
    ck_assert_ptr_nonnull(strstr(answer(new), "{\"a\":1}"));
}
END_TEST

START_TEST(strangers_are_sent_away)
{
    ck_assert_ptr_nonnull(strstr(
        answer(ask("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: "
                   "http://evil\r\nConnection: close\r\n\r\n")),
        " 404 "));
    ck_assert_ptr_nonnull(strstr(
        answer(ask("GET /etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")),
        " 404 "));
    ck_assert_ptr_nonnull(
        strstr(answer(ask("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: "
                          "evil.example\r\nConnection: close\r\n\r\n")),
               " 404 "));
    ck_assert_int_eq(runtime_api_look(api), RUNTIME_STARTING);
}
END_TEST

START_TEST(closing_cuts_who_waits_and_who_is_silent)
{
    int silent = ask("");
    int waiting = next();

    wait_for(RUNTIME_WAITING);
    int64_t began = clock_monotonic_ms();
    runtime_api_close(TAKE(api));
    ck_assert_int_lt(clock_monotonic_ms() - began, 30000);
    answer(waiting);
    answer(silent);
}
END_TEST

/* --- processes --- */

/* PROCESS_MARK_LEN characters. */
#define MARK "0123456789abcdef0123456789abcdef"

static struct process start(const char *script)
{
    char name[] = "sh", option[] = "-c";
    AUTO_FREE char *text = x_strdup(script);
    AUTO_FREE char *marked = x_asprintf("%s=%s", PROCESS_MARK, MARK);
    char path[] = "PATH=/usr/bin:/bin";
    char *argv[] = {name, option, text, NULL};
    char *environment[] = {path, marked, NULL};
    char shell[] = "/bin/sh";
    struct process_options options = {
        .argv = argv, .environment = environment, .directory = "/tmp", .mark = MARK};
    struct process p;

    argv[0] = shell;
    ck_assert(process_start(&options, &p));
    return p;
}

static size_t read_all(struct process *p, char *out, size_t size)
{
    size_t len = 0;

    for (;;) {
        struct pollfd ready = {.fd = p->output, .events = POLLIN};

        ck_assert_int_gt(poll(&ready, 1, 10000), 0);
        ssize_t n = read(p->output, out + len, size - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    out[len] = 0;
    return len;
}

START_TEST(a_process_starts_clean)
{
    char text[4096];
    int leak = fcntl(0, F_DUPFD, 100); /* deliberately inheritable */
    struct process p = start("pwd; echo err >&2; ls /proc/self/fd; ulimit -c; ulimit -n");

    read_all(&p, text, sizeof(text));
    close(leak);
    ck_assert_int_eq(process_end(&p, MARK), 0);
    ck_assert_msg(strstr(text, "/tmp\nerr\n0\n1\n2\n3\n0\n1024\n"), "%s", text);
}
END_TEST

START_TEST(how_a_process_ended_is_told)
{
    struct process p = start("exit 7");
    struct pollfd ended = {.fd = p.ended, .events = POLLIN};

    ck_assert_int_gt(poll(&ended, 1, 10000), 0);
    int status = process_end(&p, MARK);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    p = start("sleep 1000");
    status = process_end(&p, MARK);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

/* A killed process is there until the kernel has come to it. */
static bool is_gone(pid_t pid)
{
    bool gone = false;

    for (int i = 0; i < 6000 && !gone; i++) {
        struct process_table table;
        process_table_read(&table);
        const struct process_entry *left = process_table_find(&table, pid);
        gone = !left || left->state == 'Z';
        process_table_release(&table);
        if (!gone)
            usleep(10000);
    }
    return gone;
}

START_TEST(nothing_that_it_started_survives)
{
    char text[256] = "";
    pid_t pids[4];
    char *at = text;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    /* A child, a child in a session of its own, one that also lost its parent, and one that threw
     * away its environment as well. */
    struct process p = start("sleep 1000 & echo $!; setsid sleep 1001 & echo $!; "
                             "setsid sh -c 'sleep 1002 >/dev/null 2>&1 & echo $!'; "
                             "env -i setsid sh -c 'sleep 1004 >/dev/null 2>&1 & echo $!'; "
                             "echo end; "
                             "exec >/dev/null 2>&1; sleep 1003");
    for (size_t len = 0; !strstr(text, "end\n");) {
        struct pollfd ready = {.fd = p.output, .events = POLLIN};

        ck_assert_int_gt(poll(&ready, 1, 10000), 0);
        ssize_t n = read(p.output, text + len, sizeof(text) - 1 - len);
        ck_assert_msg(n > 0, "it ended with: %s", text);
        len += (size_t)n;
    }
    for (size_t i = 0; i < ARRAY_LEN(pids); i++)
        pids[i] = (pid_t)strtol(at, &at, 10);
    usleep(100000);
    process_end(&p, MARK);
    for (size_t i = 0; i < ARRAY_LEN(pids); i++)
        ck_assert_msg(is_gone(pids[i]), "%d lives on", pids[i]);
}
END_TEST

START_TEST(the_first_line_is_taken)
{
    char shell[] = "/bin/sh", option[] = "-c";
    char good[] = "echo one; echo two", bad[] = "echo one; exit 1", slow[] = "echo x; sleep 100";
    char *environment[] = {NULL};
    char *argv[] = {shell, option, good, NULL};
    struct process_options options = {.argv = argv, .environment = environment, .directory = "/"};

    AUTO_FREE char *line = process_first_line(&options, 10000);
    ck_assert_pstr_eq(line, "one");
    argv[2] = bad;
    ck_assert_ptr_null(process_first_line(&options, 10000));
    argv[2] = slow;
    ck_assert_ptr_null(process_first_line(&options, 100));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lambda_runtime_api");
    TCase *c = tcase_create("api");
    TCase *p = tcase_create("process");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, an_event_goes_round);
    tcase_add_test(c, an_answer_after_the_timeout_is_refused);
    tcase_add_test(c, an_error_is_told_apart);
    tcase_add_test(c, a_failed_start_is_reported);
    tcase_add_test(c, the_newest_wait_gets_the_event);
    tcase_add_test(c, strangers_are_sent_away);
    tcase_add_test(c, closing_cuts_who_waits_and_who_is_silent);
    tcase_add_test(p, a_process_starts_clean);
    tcase_add_test(p, how_a_process_ended_is_told);
    tcase_add_test(p, nothing_that_it_started_survives);
    tcase_add_test(p, the_first_line_is_taken);
    suite_add_tcase(s, c);
    suite_add_tcase(s, p);
    return run_suite(s);
}
