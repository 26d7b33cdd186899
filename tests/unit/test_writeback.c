#include "storage/writeback.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <fcntl.h>

enum { JOBS = 500, PART = 64 * 1024 };

static int file_of(const char *path, size_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    AUTO_FREE char *data = x_calloc(1, size);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
    return fd;
}

START_TEST(descriptors_are_closed_though_jobs_are_left_out)
{
    struct writeback *w = writeback_new();
    char path[] = "/tmp/cadabra-test-writeback-XXXXXX";
    int *fds = x_calloc(JOBS, sizeof(*fds));
    int made = mkstemp(path);
    int fd = file_of(path, PART);

    for (int i = 0; i < JOBS; i++) {
        struct writeback_job job = {.fd = dup(fd), .spent_fd = i % 2 ? dup(fd) : -1, .len = PART};

        ck_assert_int_ge(job.fd, 0);
        fds[i] = job.fd;
        writeback_send(w, &job);
    }
    writeback_free(w);
    for (int i = 0; i < JOBS; i++)
        ck_assert_int_eq(fcntl(fds[i], F_GETFD), -1);
    ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
    unlink(path);
    close(made);
    close(fd);
    free(fds);
}
END_TEST

START_TEST(a_file_that_could_not_be_opened_is_no_job)
{
    struct writeback *w = writeback_new();
    int spent = open("/dev/null", O_RDONLY | O_CLOEXEC);

    writeback_send(w, &(struct writeback_job){.fd = -1, .spent_fd = -1, .len = 1});
    writeback_send(w, &(struct writeback_job){.fd = -1, .spent_fd = spent, .len = 1});
    ck_assert_int_eq(fcntl(spent, F_GETFD), -1);
    writeback_free(w);
}
END_TEST

START_TEST(one_without_jobs_ends)
{
    writeback_free(writeback_new());
    writeback_free(NULL);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("writeback");
    Suite *s = suite_create("writeback");

    tcase_add_test(c, descriptors_are_closed_though_jobs_are_left_out);
    tcase_add_test(c, a_file_that_could_not_be_opened_is_no_job);
    tcase_add_test(c, one_without_jobs_ends);
    suite_add_tcase(s, c);
    return run_suite(s);
}
