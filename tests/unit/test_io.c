#include "server/base/clock.h"
#include "server/base/io.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

enum { LARGE = 1 << 20 }; /* more than a socket takes at once */

struct flow {
    int fd;
    char *data;
    bool well;
};

static void *read_large(void *context)
{
    struct flow *f = context;

    f->well = io_read(f->fd, f->data, LARGE, IO_FOREVER);
    return NULL;
}

static void make_pair(int ends[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
}

START_TEST(all_bytes_arrive_whatever_the_portions)
{
    AUTO_FREE char *sent = x_malloc(LARGE);
    AUTO_FREE char *got = x_calloc(1, LARGE);
    struct flow reader = {.data = got};
    pthread_t thread;
    int ends[2];

    for (size_t i = 0; i < LARGE; i++)
        sent[i] = (char)(i * 7 + i / 4096);
    make_pair(ends);
    reader.fd = ends[1];
    ck_assert_int_eq(pthread_create(&thread, NULL, read_large, &reader), 0);
    ck_assert(io_write(ends[0], sent, LARGE, clock_monotonic_ms() + 60000));
    pthread_join(thread, NULL);
    ck_assert(reader.well);
    ck_assert_mem_eq(got, sent, LARGE);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(nothing_is_waited_for_beyond_its_time)
{
    AUTO_FREE char *data = x_calloc(1, LARGE);
    int64_t begun = clock_monotonic_ms();
    int ends[2];

    make_pair(ends);
    ck_assert(!io_read(ends[0], data, 1, begun + 20));
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert(!io_write(ends[0], data, LARGE, clock_monotonic_ms() + 20));
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_ge(clock_monotonic_ms(), begun + 40);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(an_early_end_is_told_from_an_error)
{
    char data[4];
    int ends[2];

    make_pair(ends);
    ck_assert(io_write(ends[1], "abc", 3, IO_FOREVER));
    close(ends[1]);
    ck_assert(io_read(ends[0], data, 2, IO_FOREVER));
    ck_assert(!io_read(ends[0], data, 2, IO_FOREVER));
    ck_assert_int_eq(errno, 0);
    close(ends[0]);
    ck_assert(!io_read(-1, data, 1, IO_FOREVER));
    ck_assert_int_eq(errno, EBADF);
    ck_assert(!io_write(-1, data, 1, IO_FOREVER));
    ck_assert_int_eq(errno, EBADF);
    ck_assert(io_write(-1, data, 0, IO_FOREVER));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io");
    TCase *c = tcase_create("io");

    tcase_add_test(c, all_bytes_arrive_whatever_the_portions);
    tcase_add_test(c, nothing_is_waited_for_beyond_its_time);
    tcase_add_test(c, an_early_end_is_told_from_an_error);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
