#include "storage/dynamodb_job_store.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct store_root *root;
static struct ddb_store *store;
static const struct scope scope = {"123456789012", "us-east-1"};

static void setup(void)
{
    char problem[256];

    root = store_open(&(struct store_options){0}, problem, sizeof(problem));
    ck_assert_msg(root != NULL, "%s", problem);
    store = ddb_store_open(root);
}

static void teardown(void)
{
    ddb_store_close(store);
    store_close(root);
}

static struct bytes text(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static struct ddb_key key(uint32_t bucket, const char *pk, const char *sk)
{
    return (struct ddb_key){bucket, text(pk), text(sk)};
}

static int64_t make_table(const char *name)
{
    struct ddb_session s;
    int64_t id = 0;

    ck_assert_int_eq(ddb_write_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_write_end(&s, ddb_table_insert(&s, &scope, name, "definition", &id)),
                     STORE_OK);
    return id;
}

static void put(int64_t table, struct ddb_key k, const char *body)
{
    struct ddb_session s;

    ck_assert_int_eq(ddb_write_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_write_end(&s, ddb_item_put(&s, table, &k, text(body), 7)), STORE_OK);
}

struct seen {
    char text[256];
    size_t limit;
};

static bool visit(void *context, const struct ddb_row *row)
{
    struct seen *seen = context;
    size_t len = strlen(seen->text);

    snprintf(seen->text + len, sizeof(seen->text) - len, "%.*s ", (int)row->body.len,
             (const char *)row->body.data);
    return --seen->limit > 0;
}

static const char *walk(const struct ddb_range *range, size_t limit)
{
    static struct seen seen;
    struct ddb_session s;

    seen = (struct seen){.limit = limit};
    ck_assert_int_eq(ddb_read_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_range_walk(&s, range, visit, &seen), STORE_OK);
    ddb_read_end(&s);
    return seen.text;
}

START_TEST(nothing_is_opened_before_it_is_needed)
{
    struct ddb_session s;

    ck_assert(!store_has(root, "dynamodb"));
    ck_assert_int_eq(ddb_read_begin(store, &s), STORE_NOT_FOUND);
}
END_TEST

START_TEST(definitions_have_versions)
{
    struct ddb_session s;
    struct ddb_table_row row;
    struct arena a;
    int64_t id = make_table("one");
    int64_t other;

    arena_init(&a);
    ck_assert_int_eq(ddb_write_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_table_insert(&s, &scope, "one", "x", &other), STORE_EXISTS);
    ck_assert_int_eq(ddb_table_check(&s, id, 1), STORE_OK);
    ck_assert_int_eq(ddb_table_update(&s, id, "changed", 0), STORE_OK);
    ck_assert_int_eq(ddb_table_check(&s, id, 1), STORE_CONFLICT);
    ck_assert_int_eq(ddb_write_end(&s, STORE_OK), STORE_OK);
    ck_assert_int_eq(ddb_read_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_table_find(&s, &scope, "one", &a, &row), STORE_OK);
    ck_assert_str_eq(row.definition, "changed");
    ck_assert_int_eq(row.version, 2);
    ck_assert_int_eq(ddb_table_find(&s, &(struct scope){"1", "r"}, "one", &a, &row),
                     STORE_NOT_FOUND);
    ddb_read_end(&s);
    arena_release(&a);
}
END_TEST

START_TEST(partitions_are_walked_both_ways_and_in_pages)
{
    int64_t table = make_table("t");
    struct ddb_range r = {.id = table, .partition = key(5, "p", "")};
    struct ddb_key after = key(5, "p", "b");

    for (const char *sk = "acbd"; *sk != '\0'; sk++)
        put(table, key(5, "p", (char[]){*sk, '\0'}), (char[]){*sk, '\0'});
    put(table, key(5, "q", "x"), "other");
    put(table + 1, key(5, "p", "x"), "other");
    ck_assert_str_eq(walk(&r, 99), "a b c d ");
    ck_assert_str_eq(walk(&r, 2), "a b ");
    r.after = &after;
    ck_assert_str_eq(walk(&r, 99), "c d ");
    r.backward = true;
    ck_assert_str_eq(walk(&r, 99), "a ");
    r.after = NULL;
    r.from = text("b");
    r.to = text("d");
    ck_assert_str_eq(walk(&r, 99), "c b ");
    r.backward = false;
    ck_assert_str_eq(walk(&r, 99), "b c ");
}
END_TEST

START_TEST(scans_go_by_bucket)
{
    int64_t table = make_table("t");
    struct ddb_range r = {.id = table, .whole = true, .last_bucket = UINT32_MAX};
    struct ddb_key after = key(7, "p", "b");

    put(table, key(9, "a", ""), "9a");
    put(table, key(7, "p", "b"), "7pb");
    put(table, key(7, "p", "a"), "7pa");
    put(table, key(0, "z", ""), "0z");
    put(table, key(UINT32_MAX, "m", ""), "max");
    ck_assert_str_eq(walk(&r, 99), "0z 7pa 7pb 9a max ");
    r.first_bucket = 1;
    r.last_bucket = 8;
    ck_assert_str_eq(walk(&r, 99), "7pa 7pb ");
    r.last_bucket = UINT32_MAX;
    r.after = &after;
    ck_assert_str_eq(walk(&r, 99), "9a max ");
}
END_TEST

static void add_entry(int64_t table, const char *isk, const char *pk, uint32_t tie,
                      const char *body)
{
    struct ddb_entry e = {
        .index_id = ddb_index_id(table, 1), .index_key = key(3, "g", isk), .tie = tie};
    struct ddb_session s;
    int64_t id = 0;

    e.item_key = key(1, pk, "");
    ck_assert_int_eq(ddb_write_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_item_insert(&s, table, &e.item_key, text(body), 7, &id), STORE_OK);
    ck_assert_int_eq(ddb_write_end(&s, ddb_entry_put(&s, &e, id)), STORE_OK);
}

START_TEST(indexes_hold_equal_keys_apart)
{
    int64_t table = make_table("t");
    struct ddb_range r = {
        .id = ddb_index_id(table, 1), .index = true, .partition = key(3, "g", "")};
    struct ddb_key after = key(3, "g", "s");
    struct ddb_key after_item = key(1, "y", "");

    add_entry(table, "s", "x", 2, "x2");
    add_entry(table, "s", "y", 1, "y1");
    add_entry(table, "s", "z", 2, "z2");
    add_entry(table, "r", "w", 9, "w");
    ck_assert_str_eq(walk(&r, 99), "w y1 x2 z2 ");
    r.after = &after;
    r.after_item = &after_item;
    r.after_tie = 1;
    ck_assert_str_eq(walk(&r, 99), "x2 z2 ");
    r.backward = true;
    ck_assert_str_eq(walk(&r, 99), "w ");
    r.whole = true;
    r.backward = false;
    r.last_bucket = UINT32_MAX;
    ck_assert_str_eq(walk(&r, 99), "x2 z2 ");
}
END_TEST

START_TEST(purging_takes_what_has_no_definition)
{
    struct ddb_session s;
    int64_t kept = make_table("kept");
    int64_t gone = make_table("gone");
    struct ddb_counted counted;

    put(kept, key(1, "a", ""), "x");
    for (int i = 0; i < 30; i++)
        put(gone, key(1, (char[]){(char)('a' + i), '\0'}, ""), "x");
    ck_assert_int_eq(ddb_write_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_write_end(&s, ddb_table_remove(&s, gone)), STORE_OK);
    ck_assert_int_eq(ddb_store_purge_lost(store, NULL, NULL), STORE_OK);
    ck_assert_int_eq(ddb_read_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_count_some(&s, gone, 0, 99, &counted), STORE_OK);
    ck_assert_int_eq(counted.items, 0);
    ck_assert_int_eq(ddb_count_some(&s, kept, 0, 99, &counted), STORE_OK);
    ck_assert_int_eq(counted.items, 1);
    ck_assert_int_eq(counted.bytes, 7);
    ddb_read_end(&s);
}
END_TEST

START_TEST(tokens_are_claimed_once)
{
    const uint8_t one[DDB_DIGEST_LEN] = {1};
    const uint8_t two[DDB_DIGEST_LEN] = {2};
    struct ddb_session s;

    ck_assert_int_eq(ddb_write_begin(store, &s), STORE_OK);
    ck_assert_int_eq(ddb_token_claim(&s, &scope, "t", one, 100, 200), STORE_OK);
    ck_assert_int_eq(ddb_token_claim(&s, &scope, "t", one, 150, 250), STORE_EXISTS);
    ck_assert_int_eq(ddb_token_claim(&s, &scope, "t", two, 150, 250), STORE_CONFLICT);
    ck_assert_int_eq(ddb_token_claim(&s, &scope, "t", two, 200, 300), STORE_OK);
    ck_assert_int_eq(ddb_write_end(&s, STORE_OK), STORE_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ddb_store");
    TCase *tests = tcase_create("all");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, nothing_is_opened_before_it_is_needed);
    tcase_add_test(tests, definitions_have_versions);
    tcase_add_test(tests, partitions_are_walked_both_ways_and_in_pages);
    tcase_add_test(tests, scans_go_by_bucket);
    tcase_add_test(tests, indexes_hold_equal_keys_apart);
    tcase_add_test(tests, purging_takes_what_has_no_definition);
    tcase_add_test(tests, tokens_are_claimed_once);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
