/* The log of changes: numbers, times, pages, trimming; streams, expiry and jobs beside it. */
#include "storage/dynamodb_job_store.h"
#include "storage/dynamodb_log_store.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct store_root *root;
static struct ddb_store *store;
static struct arena arena;
static const struct scope scope = {"123456789012", "us-east-1"};

static void setup(void)
{
    char problem[256];

    root = store_open(&(struct store_options){0}, problem, sizeof(problem));
    ck_assert_msg(root != NULL, "%s", problem);
    store = ddb_store_open(root);
    arena_init(&arena);
}

static void teardown(void)
{
    arena_release(&arena);
    ddb_store_close(store);
    store_close(root);
}

static int64_t make_table(const char *name, int64_t keep_ms)
{
    struct ddb_session s;
    int64_t id = 0;

    ck_assert_int_eq(ddb_write_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_table_insert(&s, &scope, name, "definition", &id), STORE_OK);
    ck_assert_int_eq(ddb_table_update(&s, id, "definition", keep_ms), STORE_OK);
    ck_assert_int_eq(ddb_write_end(&s, STORE_OK), STORE_OK);
    return id;
}

static void append(int64_t table, int64_t at_ms, const char *after)
{
    const struct ddb_logged change = {.at_ms = at_ms,
                                      .after = {(const uint8_t *)after, strlen(after)}};
    struct ddb_session s;

    ck_assert_int_eq(ddb_write_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_write_end(&s, ddb_log_append(&s, table, &change)), STORE_OK);
}

/* "1:a 2:b ", and where to go on. */
static const char *read_log(int64_t table, int64_t from, int64_t to, size_t max, size_t bytes,
                            int64_t *out_next)
{
    static char out[256];
    const struct ddb_log_range range = {
        .table_id = table, .from = from, .to = to, .count_max = max, .bytes_max = bytes};
    struct ddb_logged items[16];
    struct ddb_session s;
    size_t count = 0;
    size_t len = 0;

    out[0] = '\0';
    ck_assert_int_eq(ddb_read_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_log_read(&s, &range, &arena, items, &count, out_next), STORE_OK);
    ddb_read_end(&s);
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(out + len, sizeof(out) - len, "%d:%.*s ", (int)items[i].number,
                                (int)items[i].after.len, items[i].after.data);
    return out;
}

START_TEST(numbers_follow_commits)
{
    int64_t a = make_table("aaa", 0);
    int64_t b = make_table("bbb", 0);
    int64_t next;

    for (int i = 0; i < 5; i++) {
        append(a, 1000 + i, (char[]){(char)('a' + i), '\0'});
        append(b, 1000, "other");
    }
    ck_assert_str_eq(read_log(a, 1, 100, 16, 1000, &next), "1:a 2:b 3:c 4:d 5:e ");
    ck_assert_int_eq(next, 6);
    ck_assert_str_eq(read_log(a, 2, 5, 16, 1000, &next), "2:b 3:c 4:d ");
    ck_assert_str_eq(read_log(a, 2, 100, 2, 1000, &next), "2:b 3:c ");
    ck_assert_int_eq(next, 4);
    ck_assert_str_eq(read_log(b, 1, 100, 16, 11, &next), "1:other 2:other ");
    ck_assert_str_eq(read_log(b, 6, 100, 16, 1, &next), "");
    ck_assert_int_eq(next, 6);
}
END_TEST

START_TEST(times_are_found)
{
    int64_t a = make_table("aaa", 0);
    struct ddb_session s;
    int64_t number;

    for (int i = 0; i < 9; i++)
        append(a, 1000 + 10 * (i / 3), "x");
    ck_assert_int_eq(ddb_read_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_log_after(&s, a, 999, &number), STORE_OK);
    ck_assert_int_eq(number, 1);
    ck_assert_int_eq(ddb_log_after(&s, a, 1000, &number), STORE_OK);
    ck_assert_int_eq(number, 4);
    ck_assert_int_eq(ddb_log_after(&s, a, 1019, &number), STORE_OK);
    ck_assert_int_eq(number, 7);
    ck_assert_int_eq(ddb_log_after(&s, a, 5000, &number), STORE_OK);
    ck_assert_int_eq(number, 10);
    ddb_read_end(&s);
}
END_TEST

START_TEST(old_changes_go_but_no_number_is_given_twice)
{
    int64_t day = make_table("day", 0);
    int64_t week = make_table("week", 7LL * DDB_DAY_MS);
    int64_t next;
    bool more;
    bool empty;

    for (int i = 0; i < 4; i++) {
        append(day, 1000, "x");
        append(week, 1000, "x");
    }
    do {
        ck_assert_int_eq(ddb_log_trim(store, 2LL * DDB_DAY_MS, &more, &empty), STORE_OK);
    } while (more);
    ck_assert(!empty);
    ck_assert_str_eq(read_log(day, 1, 100, 16, 1000, &next), "4:x ");
    ck_assert_str_eq(read_log(week, 1, 100, 16, 1000, &next), "1:x 2:x 3:x 4:x ");
    append(day, 3LL * DDB_DAY_MS, "y");
    ck_assert_str_eq(read_log(day, 5, 100, 16, 1000, &next), "5:y ");
}
END_TEST

START_TEST(a_closed_stream_goes_after_a_day)
{
    int64_t a = make_table("aaa", 0);
    struct ddb_stream_row row = {.table_id = a,
                                 .table_name = "aaa",
                                 .label = "label",
                                 .created_ms = 1000,
                                 .first = 1,
                                 .definition = "definition"};
    struct ddb_session s;
    bool more;
    bool empty;

    ck_assert_int_eq(ddb_write_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_stream_insert(&s, &scope, &row), STORE_OK);
    ck_assert_int_eq(ddb_stream_insert(&s, &scope, &row), STORE_EXISTS);
    ck_assert_int_eq(ddb_stream_close(&s, a, 2000), STORE_OK);
    ck_assert_int_eq(ddb_stream_find(&s, &scope, "aaa", "label", &arena, &row), STORE_OK);
    ck_assert_int_eq(ddb_write_end(&s, STORE_OK), STORE_OK);
    ck_assert_int_eq(row.closed_ms, 2000);
    ck_assert_int_eq(row.last, 1);
    ck_assert_int_eq(ddb_log_trim(store, 2000 + DDB_DAY_MS, &more, &empty), STORE_OK);
    ck_assert(!empty);
    ck_assert_int_eq(ddb_log_trim(store, 2001 + DDB_DAY_MS, &more, &empty), STORE_OK);
    ck_assert_int_eq(ddb_log_trim(store, 2001 + DDB_DAY_MS, &more, &empty), STORE_OK);
    ck_assert(empty);
}
END_TEST

START_TEST(what_is_due_comes_oldest_first)
{
    struct ddb_expiry due[8];
    struct ddb_session s;
    size_t count;
    int64_t table;

    ck_assert_int_eq(ddb_write_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_expiry_put(&s, 3, 200, 1), STORE_OK);
    ck_assert_int_eq(ddb_expiry_put(&s, 3, 100, 2), STORE_OK);
    ck_assert_int_eq(ddb_expiry_put(&s, 3, 100, 2), STORE_OK);
    ck_assert_int_eq(ddb_expiry_put(&s, 5, 900, 3), STORE_OK);
    ck_assert_int_eq(ddb_expiry_table(&s, 0, &table), STORE_OK);
    ck_assert_int_eq(table, 3);
    ck_assert_int_eq(ddb_expiry_due(&s, 3, 300, 8, due, &count), STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(due[0].item_id, 2);
    ck_assert_int_eq(ddb_expiry_table(&s, 3, &table), STORE_OK);
    ck_assert_int_eq(ddb_expiry_due(&s, 5, 300, 8, due, &count), STORE_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(ddb_expiry_table(&s, 5, &table), STORE_NOT_FOUND);
    ck_assert_int_eq(ddb_write_end(&s, STORE_OK), STORE_OK);
}
END_TEST

START_TEST(jobs_go_on_where_they_were)
{
    struct ddb_job job = {.kind = 2, .table_id = 7, .target_id = 8, .number = 9};
    struct ddb_job found;
    struct ddb_session s;
    bool uses;

    ck_assert_int_eq(ddb_write_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_job_insert(&s, &job), STORE_OK);
    ck_assert_int_eq(ddb_job_next(&s, 0, &arena, &found), STORE_OK);
    ck_assert_uint_eq(found.at.pk.len, 0);
    found.kind = 3;
    found.at = (struct ddb_key){5, {(const uint8_t *)"pk", 2}, {(const uint8_t *)"", 0}};
    ck_assert_int_eq(ddb_job_save(&s, &found), STORE_OK);
    ck_assert_int_eq(ddb_job_next(&s, 0, &arena, &found), STORE_OK);
    ck_assert_int_eq(found.kind, 3);
    ck_assert_int_eq(found.target_id, 8);
    ck_assert_uint_eq(found.at.pk.len, 2);
    ck_assert_int_eq(ddb_job_uses(&s, 8, &uses), STORE_OK);
    ck_assert(uses);
    ck_assert_int_eq(ddb_jobs_forget(&s, 7), STORE_OK);
    ck_assert_int_eq(ddb_job_save(&s, &found), STORE_NOT_FOUND);
    ck_assert_int_eq(ddb_job_next(&s, 0, &arena, &found), STORE_NOT_FOUND);
    ck_assert_int_eq(ddb_write_end(&s, STORE_OK), STORE_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ddb_log");
    TCase *t = tcase_create("log");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, numbers_follow_commits);
    tcase_add_test(t, times_are_found);
    tcase_add_test(t, old_changes_go_but_no_number_is_given_twice);
    tcase_add_test(t, a_closed_stream_goes_after_a_day);
    tcase_add_test(t, what_is_due_comes_oldest_first);
    tcase_add_test(t, jobs_go_on_where_they_were);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
