/* Deployment packages: what is unpacked, what is refused, what is never written. */
#include "handlers/lambda/zip.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <zip.h>

static char folder[64];
static int root = -1;
static char problem[256];

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/cadabra-zip-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    memcpy(folder + strlen(folder), "/in", sizeof("/in"));
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void teardown(void)
{
    close(root);
    folder[strlen(folder) - strlen("/in")] = 0;
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

struct entry {
    const char *name;
    const char *content;
    mode_t mode; /* 0: none given */
};

/* The archive's bytes, to be freed. */
static struct bytes make(const struct entry *entries, size_t count)
{
    zip_error_t error;
    zip_source_t *archive = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_t *z = zip_open_from_source(archive, ZIP_TRUNCATE, &error);
    zip_stat_t info;

    zip_source_keep(archive);
    for (size_t i = 0; i < count; i++) {
        const struct entry *e = &entries[i];
        zip_int64_t index =
            e->content ? zip_file_add(z, e->name,
                                      zip_source_buffer(z, e->content, strlen(e->content), 0), 0)
                       : zip_dir_add(z, e->name, 0);

        ck_assert_int_ge(index, 0);
        if (e->mode)
            zip_file_set_external_attributes(z, (zip_uint64_t)index, 0, ZIP_OPSYS_UNIX,
                                             (zip_uint32_t)e->mode << 16);
    }
    ck_assert_int_eq(zip_close(z), 0);
    ck_assert_int_eq(zip_source_stat(archive, &info), 0);
    uint8_t *data = x_malloc(info.size);
    ck_assert_int_eq(zip_source_open(archive), 0);
    ck_assert_int_eq(zip_source_read(archive, data, info.size), (zip_int64_t)info.size);
    zip_source_close(archive);
    zip_source_free(archive);
    return (struct bytes){.data = data, .len = info.size};
}

static enum zip_verdict unpack(const struct entry *entries, size_t count,
                               const struct zip_limits *limits)
{
    const struct zip_limits roomy = {.bytes = 1 << 20, .entries = 100};
    struct bytes archive = make(entries, count);
    enum zip_verdict verdict =
        zip_unpack(archive, root, limits ? limits : &roomy, problem, sizeof(problem));

    free((void *)archive.data);
    return verdict;
}

#define UNPACK(limits, ...)                                                                        \
    unpack((struct entry[]){__VA_ARGS__}, ARRAY_LEN(((struct entry[]){__VA_ARGS__})), limits)

static void assert_file(const char *name, const char *content, mode_t mode)
{
    char text[256] = "";
    struct stat st;
    AUTO_CLOSE int fd = openat(root, name, O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(read(fd, text, sizeof(text) - 1), 0);
    ck_assert_str_eq(text, content);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, mode);
}

START_TEST(files_folders_and_modes_are_kept)
{
    ck_assert_int_eq(UNPACK(NULL, {"app.py", "code", S_IFREG | 0644},
                            {"bin/run", "x", S_IFREG | 0755}, {"empty/", NULL, S_IFDIR | 0700},
                            {"a/b/c/d.txt", "", S_IFREG | 0644}, {"setuid", "s", S_IFREG | 06711},
                            {"secret", "s", S_IFREG | 0040}),
                     ZIP_FINE);
    assert_file("app.py", "code", 0644);
    assert_file("bin/run", "x", 0755);
    assert_file("a/b/c/d.txt", "", 0644);
    assert_file("setuid", "s", 0711);
    assert_file("secret", "s", 0640);
    ck_assert_int_eq(faccessat(root, "empty", W_OK, 0), 0);
}
END_TEST

START_TEST(nothing_is_written_outside)
{
    struct stat st;
    static const char *const names[] = {"../out", "a/../../out", "/tmp/out",    "..",
                                        "a//b",   "a/..",        "../in/../out"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        ck_assert_msg(!zip_name_is_safe(names[i]), "%s", names[i]);
        ck_assert_int_eq(UNPACK(NULL, {names[i], "x"}), ZIP_MALFORMED);
        ck_assert_uint_gt(strlen(problem), 0);
    }
    ck_assert_int_lt(fstatat(root, "../out", &st, AT_SYMLINK_NOFOLLOW), 0);
    ck_assert(zip_name_is_safe("a/..b/...c"));
}
END_TEST

START_TEST(links_stay_inside)
{
    ck_assert(zip_link_is_safe("a", "b/c"));
    ck_assert(zip_link_is_safe("d/e/a", "../../b"));
    ck_assert(zip_link_is_safe("node_modules/.bin/x", "../x/cli.js"));
    ck_assert(!zip_link_is_safe("a", "/b"));
    ck_assert(!zip_link_is_safe("a", ".."));
    ck_assert(!zip_link_is_safe("d/a", "../.."));
    ck_assert(!zip_link_is_safe("d/e/a", "x/../../../../b"));
    ck_assert(!zip_link_is_safe("d/a", "link/.."));
    ck_assert(!zip_link_is_safe("a", ""));
    ck_assert_int_eq(
        UNPACK(NULL, {"lib/x", "content", S_IFREG | 0644}, {"y", "lib/x", S_IFLNK | 0777}),
        ZIP_FINE);
    assert_file("y", "content", 0644);
    ck_assert_int_eq(UNPACK(NULL, {"z", "../../etc/passwd", S_IFLNK | 0777}), ZIP_MALFORMED);
}
END_TEST

START_TEST(nothing_is_written_through_a_link)
{
    struct stat st;

    /* The link itself is fine: it points to the folder that it stands in. */
    ck_assert_int_eq(UNPACK(NULL, {"d/x", "1"}, {"l", "d", S_IFLNK | 0777}, {"l/y", "2"}),
                     ZIP_MALFORMED);
    ck_assert_int_lt(fstatat(root, "d/y", &st, 0), 0);
}
END_TEST

START_TEST(a_file_and_a_folder_of_one_name_are_refused)
{
    ck_assert_int_eq(UNPACK(NULL, {"a", "1"}, {"a/b", "2"}), ZIP_MALFORMED);
}
END_TEST

START_TEST(limits_hold)
{
    const struct zip_limits limits = {.bytes = 10, .entries = 3};

    ck_assert_int_eq(UNPACK(&limits, {"a", "12345"}, {"b", "67890"}), ZIP_FINE);
    ck_assert_int_eq(UNPACK(&limits, {"a", "12345"}, {"b", "678901"}), ZIP_TOO_LARGE);
    ck_assert_int_eq(UNPACK(&limits, {"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}), ZIP_TOO_LARGE);
}
END_TEST

START_TEST(entries_are_counted_before_they_are_read)
{
    const struct zip_limits limits = {.bytes = 10, .entries = 3};
    const char text[] = "PK\1\2PK\1\2 PK\1\2..PK\1\2";
    struct bytes archive = {.data = (const uint8_t *)text, .len = sizeof(text) - 1};

    ck_assert_int_eq(zip_unpack(archive, root, &limits, problem, sizeof(problem)), ZIP_TOO_LARGE);
    archive.len -= 1;
    ck_assert_int_eq(zip_unpack(archive, root, &limits, problem, sizeof(problem)), ZIP_MALFORMED);
}
END_TEST

START_TEST(what_is_no_archive)
{
    const struct zip_limits limits = {.bytes = 1 << 20, .entries = 100};
    struct bytes none = {.data = (const uint8_t *)"PK nothing of the kind", .len = 22};
    struct bytes archive = make((struct entry[]){{"a", "12345678901234567890"}}, 1);

    ck_assert_int_eq(zip_unpack(none, root, &limits, problem, sizeof(problem)), ZIP_MALFORMED);
    none.len = 0;
    ck_assert_int_eq(zip_unpack(none, root, &limits, problem, sizeof(problem)), ZIP_EMPTY);
    for (size_t len = 1; len < archive.len; len++) {
        struct bytes cut = {.data = archive.data, .len = len};

        ck_assert_int_eq(zip_unpack(cut, root, &limits, problem, sizeof(problem)), ZIP_MALFORMED);
    }
    ((uint8_t *)archive.data)[35] ^= 1; /* the content no longer has its check sum */
    ck_assert_int_eq(zip_unpack(archive, root, &limits, problem, sizeof(problem)), ZIP_MALFORMED);
    free((void *)archive.data);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lambda_zip");
    TCase *c = tcase_create("lambda_zip");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, files_folders_and_modes_are_kept);
    tcase_add_test(c, nothing_is_written_outside);
    tcase_add_test(c, links_stay_inside);
    tcase_add_test(c, nothing_is_written_through_a_link);
    tcase_add_test(c, a_file_and_a_folder_of_one_name_are_refused);
    tcase_add_test(c, limits_hold);
    tcase_add_test(c, entries_are_counted_before_they_are_read);
    tcase_add_test(c, what_is_no_archive);
    suite_add_tcase(s, c);
    return run_suite(s);
}
