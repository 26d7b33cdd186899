/* Blobs appear whole or not at all, and what a crash leaves is removed. */
#include "storage/blob.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>

#include "server/base/nameless.h"
#include "tests/unit/run_suite.h"

static struct store_root *root;
static struct blob_dir *dir;

static void set_up(void)
{
    char problem[256];

    root = store_open(&(struct store_options){0}, problem, sizeof(problem));
    ck_assert_ptr_nonnull(root);
    dir = blob_open(root, "things");
    ck_assert_ptr_nonnull(dir);
}

static void tear_down(void)
{
    blob_close(dir);
    store_close(root);
}

static unsigned temporaries(void)
{
    AUTO_FREE char *path = x_asprintf("%s/things/tmp", store_directory(root));
    DIR *d = opendir(path);
    unsigned n = 0;

    ck_assert_ptr_nonnull(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

START_TEST(committed_blob_is_read_back)
{
    struct blob_writer *w;
    char id[BLOB_ID_LEN + 1];
    char got[16] = "";
    int64_t size;
    int fd;

    ck_assert_int_eq(blob_begin(dir, &w), STORE_OK);
    ck_assert_uint_eq(temporaries(), 1);
    ck_assert_int_eq(blob_write(w, "hello ", 6), STORE_OK);
    ck_assert_int_eq(blob_write(w, "world", 5), STORE_OK);
    ck_assert_int_eq(blob_commit(w, id, &size), STORE_OK);
    ck_assert_int_eq(size, 11);
    ck_assert_uint_eq(strlen(id), BLOB_ID_LEN);
    ck_assert_uint_eq(temporaries(), 0);
    ck_assert_int_eq(blob_read(dir, id, &fd, &size), STORE_OK);
    ck_assert_int_eq(size, 11);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    ck_assert_int_eq(read(fd, got, sizeof(got)), 11);
    ck_assert_str_eq(got, "hello world");
    close(fd);
    ck_assert_int_eq(blob_remove(dir, id), STORE_OK);
    ck_assert_int_eq(blob_remove(dir, id), STORE_NOT_FOUND);
    ck_assert_int_eq(blob_read(dir, id, &fd, &size), STORE_NOT_FOUND);
}
END_TEST

START_TEST(aborted_blob_leaves_nothing)
{
    struct blob_writer *w;

    ck_assert_int_eq(blob_begin(dir, &w), STORE_OK);
    ck_assert_int_eq(blob_write(w, "x", 1), STORE_OK);
    blob_abort(w);
    ck_assert_uint_eq(temporaries(), 0);
}
END_TEST

START_TEST(failed_write_fails_the_commit)
{
    struct blob_writer *w;
    char id[BLOB_ID_LEN + 1];
    int64_t size;
    AUTO_FREE char *tmp = x_asprintf("%s/things/tmp", store_directory(root));
    AUTO_FREE char *moved = x_asprintf("%s/things/gone", store_directory(root));

    ck_assert_int_eq(blob_begin(dir, &w), STORE_OK);
    ck_assert_int_eq(rename(tmp, moved), 0); /* the name to rename from is gone */
    ck_assert_int_eq(blob_commit(w, id, &size), STORE_FAILED);
    ck_assert_int_eq(blob_begin(dir, &w), STORE_FAILED);
}
END_TEST

START_TEST(leftovers_go_and_blobs_stay_at_the_next_start)
{
    struct blob_writer *w;
    struct blob_writer *unfinished;
    char id[BLOB_ID_LEN + 1];
    int64_t size;
    int fd;

    ck_assert_int_eq(blob_begin(dir, &w), STORE_OK);
    ck_assert_int_eq(blob_commit(w, id, &size), STORE_OK);
    ck_assert_int_eq(blob_begin(dir, &unfinished), STORE_OK);
    struct blob_dir *again = blob_open(root, "things"); /* as after a kill */
    ck_assert_uint_eq(temporaries(), 0);
    ck_assert_int_eq(blob_read(again, id, &fd, &size), STORE_OK);
    close(fd);
    blob_close(again);
    blob_abort(unfinished);
}
END_TEST

/* The second is what a file system without O_TMPFILE leaves: it can't be linked any more. */
START_TEST(nameless_files_get_their_name)
{
    AUTO_FREE char *unlinked = x_asprintf("%s/unlinked", store_directory(root));
    int files[] = {nameless_open(store_directory(root)),
                   open(unlinked, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};

    ck_assert_int_eq(unlink(unlinked), 0);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char id[BLOB_ID_LEN + 1], got[16] = "";
        int64_t size;
        int fd;

        ck_assert_int_ge(files[i], 0);
        ck_assert(fcntl(files[i], F_GETFD) & FD_CLOEXEC);
        ck_assert_int_eq(write(files[i], "hello", 5), 5);
        ck_assert_int_eq(blob_link(dir, files[i], id), STORE_OK);
        close(files[i]);
        blob_settle(dir, id);
        ck_assert_int_eq(blob_read(dir, id, &fd, &size), STORE_OK);
        ck_assert_int_eq(size, 5);
        ck_assert_int_eq(read(fd, got, sizeof(got)), 5);
        ck_assert_str_eq(got, "hello");
        close(fd);
    }
    ck_assert_uint_eq(temporaries(), 0);
    ck_assert(!nameless_link(-1, "/nowhere/at/all"));
}
END_TEST

START_TEST(ids_never_become_paths)
{
    int64_t size;
    int fd;

    ck_assert_int_eq(blob_read(dir, "../../../../../../../etc/passwd", &fd, &size),
                     STORE_NOT_FOUND);
    ck_assert_int_eq(blob_read(dir, "", &fd, &size), STORE_NOT_FOUND);
    ck_assert_int_eq(blob_remove(dir, "/../tmp/aaaaaaaaaaaaaaaaaaaaaaaa"), STORE_NOT_FOUND);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("blob");
    TCase *tc = tcase_create("blob");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, committed_blob_is_read_back);
    tcase_add_test(tc, aborted_blob_leaves_nothing);
    tcase_add_test(tc, failed_write_fails_the_commit);
    tcase_add_test(tc, leftovers_go_and_blobs_stay_at_the_next_start);
    tcase_add_test(tc, nameless_files_get_their_name);
    tcase_add_test(tc, ids_never_become_paths);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
