/* The data directory: made, locked, emptied; --memory leaves nothing. */
#include "storage/store.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char base[64];

static void set_up(void)
{
    snprintf(base, sizeof(base), "%s", "/tmp/cadabra-test-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
}

static void tear_down(void)
{
    AUTO_FREE char *command = x_asprintf("rm -rf %s", base);

    ck_assert_int_eq(system(command), 0);
}

static struct store_root *open_at(const char *directory, char problem[256])
{
    problem[0] = '\0';
    return store_open(&(struct store_options){.directory = directory}, problem, 256);
}

START_TEST(makes_folders_and_removes_the_lock_with_the_process)
{
    AUTO_FREE char *path = x_asprintf("%s/a/b/", base);
    AUTO_FREE char *clean = x_asprintf("%s/a/b", base);
    char problem[256];
    struct store_root *root = open_at(path, problem);
    struct stat st;

    ck_assert_msg(root != NULL, "%s", problem);
    ck_assert_str_eq(store_directory(root), clean);
    ck_assert_int_eq(stat(clean, &st), 0);
    ck_assert_int_eq(st.st_mode & 077, 0);
    store_close(root);
    root = open_at(path, problem);
    ck_assert_ptr_nonnull(root);
    store_close(root);
}
END_TEST

START_TEST(what_a_crash_left_without_a_name_goes)
{
    AUTO_FREE char *left = x_asprintf("%s/.nameless-AbC123", base);
    AUTO_FREE char *kept = x_asprintf("%s/things.db", base);
    char problem[256];
    struct stat st;

    close(open(left, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    close(open(kept, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    store_close(open_at(base, problem));
    ck_assert_int_eq(stat(left, &st), -1);
    ck_assert_int_eq(stat(kept, &st), 0);
}
END_TEST

START_TEST(second_server_is_told_who_holds_it)
{
    char problem[256];
    AUTO_FREE char *expected = x_asprintf("the data directory %s is in use by another server "
                                          "(process %ld)",
                                          base, (long)getpid());
    struct store_root *root = open_at(base, problem);
    int status;

    ck_assert_ptr_nonnull(root);
    pid_t child = fork();
    if (child == 0) {
        bool refused = !open_at(base, problem) && str_eq(problem, expected);
        _exit(refused ? 0 : 1);
    }
    waitpid(child, &status, 0);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    store_close(root);
}
END_TEST

START_TEST(what_cannot_be_a_directory_is_a_problem)
{
    AUTO_FREE char *file = x_asprintf("%s/file", base);
    AUTO_FREE char *below = x_asprintf("%s/file/below", base);
    char problem[256];

    close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ck_assert_ptr_null(open_at(below, problem));
    ck_assert_ptr_nonnull(strstr(problem, below));
    ck_assert_ptr_null(open_at(file, problem));
    ck_assert_ptr_null(open_at("", problem));
}
END_TEST

START_TEST(empty_keeps_only_the_lock)
{
    char problem[256];
    struct store_root *root = open_at(base, problem);
    AUTO_FREE char *folder = x_asprintf("%s/s3", base);
    AUTO_FREE char *file = x_asprintf("%s/s3/x", base);
    AUTO_FREE char *db = x_asprintf("%s/s3.db", base);

    ck_assert_int_eq(mkdir(folder, 0700), 0);
    close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    close(open(db, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ck_assert(store_has(root, "s3"));
    ck_assert_int_eq(store_empty(root), STORE_OK);
    ck_assert(!store_has(root, "s3"));
    ck_assert_int_ne(access(folder, F_OK), 0);
    ck_assert_ptr_null(open_at(base, problem)); /* still locked */
    store_close(root);
}
END_TEST

START_TEST(memory_leaves_nothing)
{
    char problem[256];
    struct store_root *root = open_at(NULL, problem);
    AUTO_FREE char *path = x_strdup(store_directory(root));

    ck_assert_int_eq(access(path, F_OK), 0);
    store_close(root);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(memory_of_a_killed_server_is_removed)
{
    char problem[256];
    int ends[2];
    char path[256] = "";
    struct stat st;

    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct store_root *root = open_at(NULL, problem);
        const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
        const char *name = store_directory(root);
        utimensat(AT_FDCWD, name, old, 0);
        _exit(write(ends[1], name, strlen(name)) > 0 ? 0 : 1);
    }
    waitpid(child, NULL, 0);
    ck_assert_int_gt(read(ends[0], path, sizeof(path) - 1), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    struct store_root *root = open_at(NULL, problem);
    ck_assert_int_ne(stat(path, &st), 0);
    store_close(root);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *tc = tcase_create("store");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, makes_folders_and_removes_the_lock_with_the_process);
    tcase_add_test(tc, what_a_crash_left_without_a_name_goes);
    tcase_add_test(tc, second_server_is_told_who_holds_it);
    tcase_add_test(tc, what_cannot_be_a_directory_is_a_problem);
    tcase_add_test(tc, empty_keeps_only_the_lock);
    tcase_add_test(tc, memory_leaves_nothing);
    tcase_add_test(tc, memory_of_a_killed_server_is_removed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
