/*
 * For the tests of HTTP/1.1: a client that reads answers, and a suite that runs its tests twice,
 * with a thread for each connection and with connections that share threads.
 */
#ifndef CADABRA_TESTS_HTTP1_FIXTURE_H
#define CADABRA_TESTS_HTTP1_FIXTURE_H

#include "tests/unit/net_fixture.h"
#include "tests/unit/run_suite.h"

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

/* --- the suite --- */

static void use_loops(void)
{
    in_loops = true;
}

/* The program's exit code. `add` adds the tests; more_for_loops may be NULL. */
static int run_in_threads_and_loops(const char *name, void (*add)(TCase *c),
                                    void (*more_for_loops)(TCase *c))
{
    TCase *threads = tcase_create("threads");
    TCase *loops = tcase_create("loops");
    Suite *s = suite_create(name);

    tcase_set_timeout(threads, 120);
    tcase_set_timeout(loops, 120);
    add(threads);
    add(loops);
    if (more_for_loops)
        more_for_loops(loops);
    tcase_add_unchecked_fixture(loops, use_loops, NULL);
    suite_add_tcase(s, threads);
    suite_add_tcase(s, loops);
    return run_suite(s);
}

#endif
