/* What Lambda keeps: functions under revisions, accepted events, mappings and checkpoints. */
#include "storage/lambda_store.h"
#include "tests/unit/run_suite.h"
#include "tests/unit/store_fixture.h"

#include <check.h>

static struct lambda_store *store;

static void open_store(void)
{
    store = lambda_store_open(open_root());
    ck_assert_ptr_nonnull(store);
}

static void close_store(void)
{
    lambda_store_close(store);
}

static struct lambda_function function(const char *name, const char *revision)
{
    return (struct lambda_function){
        .account = here.account,
        .region = here.region,
        .name = name,
        .role = "arn:r",
        .runtime = "python3.12",
        .handler = "a.b",
        .description = "",
        .timeout_s = 3,
        .memory_mb = 128,
        .ephemeral_mb = 512,
        .architecture = "x86_64",
        .tracing = "PassThrough",
        .reserved = -1,
        .tags = "{}",
        .revision = revision,
        .modified_ms = 1,
        .code_id = name,
        .code_sha256 = "sha",
        .code_size = 10,
    };
}

START_TEST(nothing_is_there_at_first)
{
    struct lambda_function f, *list;
    struct lambda_usage usage;
    size_t count = 7;

    ck_assert_int_eq(lambda_store_find(store, here, "f", &a, &f), STORE_NOT_FOUND);
    ck_assert_int_eq(lambda_store_list(store, here, false, &(struct lambda_place){.name = ""}, 10,
                                       &a, &list, &count),
                     STORE_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(lambda_store_usage(store, here, &usage), STORE_OK);
    ck_assert_int_eq(usage.functions, 0);
    ck_assert(!store_has(root, "lambda"));
}
END_TEST

START_TEST(a_function_is_kept_under_its_revision)
{
    struct lambda_function f = function("f", "one"), got;

    f.environment = "{\"K\":\"v\"}";
    ck_assert_int_eq(lambda_store_add(store, &f), STORE_OK);
    ck_assert_int_eq(lambda_store_add(store, &f), STORE_EXISTS);
    ck_assert_int_eq(lambda_store_find(store, elsewhere, "f", &a, &got), STORE_NOT_FOUND);
    f.revision = "two";
    f.timeout_s = 9;
    f.environment = NULL;
    ck_assert_int_eq(lambda_store_replace(store, &f, "other"), STORE_CONFLICT);
    ck_assert_int_eq(lambda_store_replace(store, &f, "one"), STORE_OK);
    reopen();
    ck_assert_int_eq(lambda_store_find(store, here, "f", &a, &got), STORE_OK);
    ck_assert_str_eq(got.revision, "two");
    ck_assert_int_eq(got.timeout_s, 9);
    ck_assert_ptr_null(got.environment);
    ck_assert_ptr_null(got.log_group);
    ck_assert_int_eq(lambda_store_remove(store, here, "f"), STORE_OK);
    ck_assert_int_eq(lambda_store_remove(store, here, "f"), STORE_NOT_FOUND);
    ck_assert_int_eq(lambda_store_replace(store, &f, "two"), STORE_NOT_FOUND);
}
END_TEST

START_TEST(functions_are_listed_and_counted)
{
    static const char *const names[] = {"c", "a", "d", "b"};
    struct lambda_function *list;
    struct lambda_usage usage;
    const char **ids;
    size_t count;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct lambda_function f = function(names[i], "r");

        f.reserved = i == 0 ? 5 : -1;
        ck_assert_int_eq(lambda_store_add(store, &f), STORE_OK);
    }
    ck_assert_int_eq(lambda_store_list(store, here, false, &(struct lambda_place){.name = "a"}, 2,
                                       &a, &list, &count),
                     STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(list[0].name, "b");
    ck_assert_str_eq(list[1].name, "c");
    ck_assert_int_eq(lambda_store_usage(store, here, &usage), STORE_OK);
    ck_assert_int_eq(usage.functions, 4);
    ck_assert_int_eq(usage.code_bytes, 40);
    ck_assert_int_eq(usage.reserved, 5);
    ck_assert_int_eq(lambda_store_code_ids(store, &a, &ids, &count), STORE_OK);
    ck_assert_uint_eq(count, 4);
    ck_assert_str_eq(ids[3], "d");
}
END_TEST

START_TEST(events_come_when_they_are_due)
{
    struct lambda_event e = {.account = here.account,
                             .region = here.region,
                             .function = "f",
                             .arn = "arn:f",
                             .request_id = "id",
                             .payload = {.data = (const uint8_t *)"{\0}", .len = 3}};
    struct lambda_event got;
    int64_t ids[10], next;
    size_t count;

    for (int64_t due = 300; due > 0; due -= 100) {
        e.due_ms = due;
        ck_assert_int_eq(lambda_store_event_add(store, &e), STORE_OK);
    }
    ck_assert_int_eq(lambda_store_events_due(store, 200, ids, 10, &count, &next), STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(next, 300);
    ck_assert_int_eq(lambda_store_event_read(store, ids[0], &a, &got), STORE_OK);
    ck_assert_int_eq(got.due_ms, 100);
    ck_assert_uint_eq(got.payload.len, 3);
    ck_assert_str_eq(got.account, here.account);
    ck_assert_ptr_null(got.client_context);
    ck_assert_int_eq(lambda_store_event_delay(store, ids[0], 1, 0, 400), STORE_OK);
    ck_assert_int_eq(lambda_store_event_remove(store, ids[1]), STORE_OK);
    ck_assert_int_eq(lambda_store_events_due(store, 1000, ids, 10, &count, &next), STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(next, INT64_MAX);
    ck_assert_int_eq(lambda_store_event_read(store, ids[1], &a, &got), STORE_OK);
    ck_assert_int_eq(got.attempts, 1);
}
END_TEST

START_TEST(checkpoints_end_with_their_mapping)
{
    struct lambda_mapping m = {.account = here.account,
                               .region = here.region,
                               .uuid = "u",
                               .function = "f",
                               .function_arn = "arn:f",
                               .source_arn = "arn:s",
                               .enabled = true,
                               .batch_size = 100,
                               .parallelization = 1,
                               .starting_position = "LATEST",
                               .age_max_s = -1,
                               .retries_max = -1,
                               .last_result = "none",
                               .tags = "{}"};
    const struct lambda_mapping_filter other = {.scope = &elsewhere}, everybody = {0};
    struct lambda_mapping got, *list;
    const char *sequence;
    size_t count;

    ck_assert_int_eq(lambda_store_mapping_add(store, &m, &m.id), STORE_OK);
    m.uuid = "v";
    ck_assert_int_eq(lambda_store_mapping_add(store, &m, &m.id), STORE_EXISTS);
    ck_assert_int_eq(lambda_store_mapping_find(store, here, "u", &a, &got), STORE_OK);
    ck_assert(!got.has_starting_ms);
    ck_assert_int_eq(lambda_store_mapping_find(store, elsewhere, "u", &a, &got), STORE_NOT_FOUND);
    ck_assert_int_eq(lambda_store_mapping_list(store, &other, "", 9, &a, &list, &count), STORE_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(lambda_store_mapping_list(store, &everybody, "", 9, &a, &list, &count),
                     STORE_OK);
    ck_assert_uint_eq(count, 1);
    int64_t id = list[0].id;
    ck_assert_int_eq(lambda_store_checkpoint(store, id, "s0", &a, &sequence), STORE_OK);
    ck_assert_ptr_null(sequence);
    ck_assert_int_eq(lambda_store_checkpoint_set(store, id, "s0", "1", NULL), STORE_OK);
    ck_assert_int_eq(lambda_store_checkpoint_set(store, id, "s0", "2", "OK"), STORE_OK);
    ck_assert_int_eq(lambda_store_checkpoint(store, id, "s0", &a, &sequence), STORE_OK);
    ck_assert_str_eq(sequence, "2");
    ck_assert_int_eq(lambda_store_mapping_find(store, here, "u", &a, &got), STORE_OK);
    ck_assert_str_eq(got.last_result, "OK");
    ck_assert_int_eq(lambda_store_mapping_remove(store, id), STORE_OK);
    ck_assert_int_eq(lambda_store_mapping_remove(store, id), STORE_NOT_FOUND);
    ck_assert_int_eq(lambda_store_checkpoint_set(store, id, "s0", "3", NULL), STORE_NOT_FOUND);
    ck_assert_int_eq(lambda_store_checkpoint(store, id, "s0", &a, &sequence), STORE_OK);
    ck_assert_ptr_null(sequence);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lambda_store");
    TCase *c = tcase_create("lambda_store");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, nothing_is_there_at_first);
    tcase_add_test(c, a_function_is_kept_under_its_revision);
    tcase_add_test(c, functions_are_listed_and_counted);
    tcase_add_test(c, events_come_when_they_are_due);
    tcase_add_test(c, checkpoints_end_with_their_mapping);
    suite_add_tcase(s, c);
    return run_suite(s);
}
