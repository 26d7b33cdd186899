/* Buckets, versions, files and pages on disk. */
#include "storage/s3_store.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <dirent.h>

static struct store_root *root;
static struct s3_store *store;
static struct arena arena;
static struct s3_bucket bucket;

static void set_up(void)
{
    char problem[256];

    root = store_open(&(struct store_options){0}, problem, sizeof(problem));
    ck_assert_ptr_nonnull(root);
    store = s3_store_open(root);
    arena_init(&arena);
    ck_assert_int_eq(s3_bucket_create(store,
                                      &(struct s3_bucket){.name = "b",
                                                          .account = "000000000000",
                                                          .region = "us-east-1",
                                                          .created_ms = 1},
                                      NULL, 0),
                     STORE_OK);
    ck_assert_int_eq(s3_bucket_find(store, "b", &arena, &bucket), STORE_OK);
}

static void tear_down(void)
{
    arena_release(&arena);
    s3_store_close(store);
    store_close(root);
}

static struct s3_put describe(const char *key, const char *body)
{
    return (struct s3_put){.object = {
                               .bucket = bucket.id,
                               .key = key,
                               .modified_ms = 1,
                               .size = (int64_t)strlen(body),
                               .etag = "e",
                               .account = "000000000000",
                               .storage_class = "STANDARD",
                               .data = {.data = (const uint8_t *)body, .len = strlen(body)},
                           }};
}

static int64_t put(const char *key)
{
    struct s3_put p = describe(key, "x");

    ck_assert_int_eq(s3_object_put(store, &p), STORE_OK);
    return p.object.id;
}

static int64_t put_file(const char *key, const char *body)
{
    struct s3_put p = describe(key, "");
    char blob[S3_BLOB_ID_MAX];

    ck_assert_int_eq(s3_blob_write(store, body, strlen(body), blob), STORE_OK);
    p.object.blob = blob;
    ck_assert_int_eq(s3_object_put(store, &p), STORE_OK);
    return p.object.id;
}

static size_t files_below(const char *path)
{
    DIR *d = opendir(path);
    size_t n = 0;

    for (struct dirent *e; d && (e = readdir(d));) {
        AUTO_FREE char *below = x_asprintf("%s/%s", path, e->d_name);

        if (e->d_name[0] != '.')
            n += e->d_type == DT_DIR ? files_below(below) : 1;
    }
    if (d)
        closedir(d);
    return n;
}

static size_t files(void)
{
    AUTO_FREE char *path = x_asprintf("%s/s3", store_directory(root));

    return files_below(path);
}

static const char *page(struct s3_list_query q)
{
    static char text[500];
    struct s3_page p;

    text[0] = '\0';
    q.bucket = bucket.id;
    q.prefix = q.prefix ? q.prefix : "";
    q.delimiter = q.delimiter ? q.delimiter : "";
    q.after = q.after ? q.after : "";
    ck_assert_int_eq(s3_object_list(store, &q, &arena, &p), STORE_OK);
    for (size_t i = 0; i < p.count; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
                 p.items[i].prefix ? p.items[i].prefix : p.items[i].object.key);
    if (p.more)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "+");
    return text;
}

/* What is left out is empty. */
#define PAGE(expected, limit, ...)                                                                 \
    ck_assert_str_eq(page((struct s3_list_query){.max = (limit), __VA_ARGS__}), expected)

START_TEST(pages_begin_and_end_where_they_must)
{
    static const char *const keys[] = {"a", "b/1", "b/2", "b/c/3", "b0", "c", "\xc3\xbc/x"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        put(keys[i]);
    PAGE("a b/1 b/2 b/c/3 b0 c \xc3\xbc/x ", 10, .prefix = NULL);
    PAGE("a b/ b0 c \xc3\xbc/ ", 10, .delimiter = "/");
    PAGE("a b/ +", 2, .delimiter = "/");
    PAGE("b0 c +", 2, .delimiter = "/", .after = "b/");
    PAGE("b0 c \xc3\xbc/ ", 10, .delimiter = "/", .after = "b/1");
    PAGE("b/1 b/2 b/c/ ", 10, .delimiter = "/", .prefix = "b/");
    PAGE("b/c/ ", 10, .delimiter = "/", .prefix = "b/", .after = "b/2");
    PAGE("", 10, .prefix = "b/", .after = "c");
    PAGE("b/1 b/2 b/c/3 ", 10, .prefix = "b/", .after = "a");
    PAGE("", 0, .prefix = NULL);
    PAGE("", 10, .prefix = "none");
}
END_TEST

START_TEST(a_file_is_there_as_long_as_a_version_needs_it)
{
    struct s3_object o;
    struct s3_put copy = describe("copy", "");
    struct s3_remove remove = {.bucket = bucket.id, .which.key = "k", .account = "000000000000"};

    put_file("k", "content");
    ck_assert_uint_eq(files(), 1);
    ck_assert_int_eq(
        s3_object_find(store, bucket.id, &(struct s3_which){.key = "k"}, false, &arena, &o),
        STORE_OK);
    copy.object.blob = o.blob;
    copy.shares_blob = true;
    ck_assert_int_eq(s3_object_put(store, &copy), STORE_OK);
    ck_assert_int_eq(s3_object_remove(store, &remove), STORE_OK);
    ck_assert_uint_eq(files(), 1);
    remove.which.key = "copy";
    ck_assert_int_eq(s3_object_remove(store, &remove), STORE_OK);
    ck_assert_uint_eq(files(), 0);
    ck_assert_int_eq(s3_object_put(store, &copy), STORE_NOT_FOUND);
}
END_TEST

START_TEST(a_pin_keeps_files_until_it_goes)
{
    struct s3_pin *first = s3_pin(store), *second;
    struct s3_remove remove = {.bucket = bucket.id, .which.key = "k", .account = "000000000000"};

    put_file("k", "content");
    ck_assert_int_eq(s3_object_remove(store, &remove), STORE_OK);
    second = s3_pin(store);
    ck_assert_uint_eq(files(), 1);
    s3_unpin(store, first);
    ck_assert_uint_eq(files(), 0);
    s3_unpin(store, second);
}
END_TEST

START_TEST(what_a_crash_left_is_gone_after_the_next_start)
{
    char orphan[S3_BLOB_ID_MAX];
    int fd;
    struct s3_object o;

    put_file("k", "content");
    ck_assert_int_eq(s3_blob_write(store, "half", 4, orphan), STORE_OK);
    ck_assert_uint_eq(files(), 2);
    s3_store_close(store);
    store = s3_store_open(root);
    ck_assert_uint_eq(files(), 1);
    ck_assert_int_eq(
        s3_object_find(store, bucket.id, &(struct s3_which){.key = "k"}, false, &arena, &o),
        STORE_OK);
    ck_assert_int_eq(s3_blob_open(store, o.blob, &fd), STORE_OK);
    close(fd);
}
END_TEST

START_TEST(the_newest_version_that_is_left_is_the_present_one)
{
    struct s3_remove remove = {.bucket = bucket.id, .account = "000000000000", .now_ms = 1};
    struct s3_which present = {.key = "k"};
    struct s3_object o;
    int64_t one, two;

    ck_assert_int_eq(s3_bucket_set_versioning(store, bucket.id, S3_VERSIONED), STORE_OK);
    one = put("k");
    two = put("k");
    remove.which.key = "k";
    ck_assert_int_eq(s3_object_remove(store, &remove), STORE_OK);
    ck_assert(remove.marker);
    ck_assert_int_eq(s3_object_find(store, bucket.id, &present, false, &arena, &o), STORE_OK);
    ck_assert(o.marker);
    remove.which = (struct s3_which){.key = "k", .by = S3_BY_ID, .id = remove.version};
    ck_assert_int_eq(s3_object_remove(store, &remove), STORE_OK);
    remove.which.id = two;
    ck_assert_int_eq(s3_object_remove(store, &remove), STORE_OK);
    ck_assert_int_eq(s3_object_find(store, bucket.id, &present, false, &arena, &o), STORE_OK);
    ck_assert(o.present && o.id == one);
    ck_assert_int_eq(s3_bucket_delete(store, bucket.id), STORE_CONFLICT);
}
END_TEST

START_TEST(locks_and_conditions_are_decided_in_the_write)
{
    struct s3_put p = describe("k", "x");
    struct s3_remove remove = {
        .bucket = bucket.id, .which = {.key = "k", .by = S3_NULL_VERSION}, .now_ms = 10};

    p.condition.if_match = "e";
    ck_assert_int_eq(s3_object_put(store, &p), STORE_CONFLICT);
    ck_assert_int_eq(p.refusal, S3_NO_KEY);
    p.condition.if_match = NULL;
    p.object.lock = (struct s3_lock){.mode = S3_LOCK_GOVERNANCE, .retain_until_ms = 20};
    ck_assert_int_eq(s3_object_put(store, &p), STORE_OK);
    p.condition.if_none_match = true;
    ck_assert_int_eq(s3_object_put(store, &p), STORE_CONFLICT);
    ck_assert_int_eq(p.refusal, S3_PRECONDITION);
    ck_assert_int_eq(s3_object_remove(store, &remove), STORE_CONFLICT);
    ck_assert_int_eq(remove.refusal, S3_LOCKED);
    remove.bypass_governance = true;
    ck_assert_int_eq(s3_object_remove(store, &remove), STORE_OK);
    ck_assert(remove.found);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("s3 store");
    TCase *tests = tcase_create("s3 store");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, pages_begin_and_end_where_they_must);
    tcase_add_test(tests, a_file_is_there_as_long_as_a_version_needs_it);
    tcase_add_test(tests, a_pin_keeps_files_until_it_goes);
    tcase_add_test(tests, what_a_crash_left_is_gone_after_the_next_start);
    tcase_add_test(tests, the_newest_version_that_is_left_is_the_present_one);
    tcase_add_test(tests, locks_and_conditions_are_decided_in_the_write);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
