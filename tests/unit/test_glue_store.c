/* What the Data Catalog keeps: names, versions, partitions in their order, what dropped tables
 * leave. */
#include "storage/glue_store.h"

#include "server/base/embed.h"
#include "storage/sql.h"
#include "tests/unit/run_suite.h"
#include "tests/unit/store_fixture.h"

#include <check.h>

static struct glue_store *store;

static void open_store(void)
{
    store = glue_store_open(open_root());
    ck_assert_ptr_nonnull(store);
}

static void close_store(void)
{
    glue_store_close(store);
}

static int64_t make_database(const char *name)
{
    struct glue_database_row row = {.name = name, .created_ms = 5, .document = "{}", .tags = ""};

    ck_assert_int_eq(glue_database_create(store, &here, &row), STORE_OK);
    ck_assert_int_eq(glue_database_find(store, &here, name, &a, &row), STORE_OK);
    return row.id;
}

static int64_t make_table(int64_t database, const char *database_name, const char *name)
{
    struct glue_table_row row = {
        .name = name, .created_ms = 7, .created_by = "me", .document = "{\"v\":0}"};

    ck_assert_int_eq(glue_table_create(store, database, &row, NULL, 0), STORE_OK);
    ck_assert_int_eq(glue_table_find(store, &here, database_name, name, &a, &row), STORE_OK);
    return row.id;
}

static const char *tuple2(const char *x, const char *y)
{
    return glue_tuple_make(&a, (const char *[]){x, y}, 2);
}

START_TEST(tuples_keep_texts_and_order)
{
    static const char *const lists[][2] = {
        {"", ""},  {"", "b"},  {"\x01", "a"},  {"\x01\x02", ""}, {"\x02", "\x01"},
        {"a", ""}, {"a", "b"}, {"a\x01", "b"}, {"aa", ""},       {"b", "\xc3\xa4"},
    };

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct glue_texts texts = glue_tuple_texts(&a, tuple2(lists[i][0], lists[i][1]));

        ck_assert_uint_eq(texts.count, 2);
        ck_assert_str_eq(texts.items[0], lists[i][0]);
        ck_assert_str_eq(texts.items[1], lists[i][1]);
        if (i > 0)
            ck_assert_str_lt(tuple2(lists[i - 1][0], lists[i - 1][1]),
                             tuple2(lists[i][0], lists[i][1]));
    }
    ck_assert_uint_eq(glue_tuple_texts(&a, "").count, 0);
}
END_TEST

START_TEST(databases)
{
    struct glue_database_row rows[3];
    struct glue_database_row row = {.name = "shop", .document = "{}", .tags = ""};
    size_t count;
    bool more;

    ck_assert_int_eq(glue_database_find(store, &here, "shop", &a, &row), STORE_NOT_FOUND);
    int64_t id = make_database("shop");
    make_database("b");
    ck_assert_int_eq(glue_database_create(store, &here, &row), STORE_EXISTS);
    ck_assert_int_eq(glue_database_find(store, &elsewhere, "shop", &a, &row), STORE_NOT_FOUND);
    ck_assert_int_eq(glue_database_list(store, &here, "", 3, &a, rows, &count, &more), STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert(!more);
    ck_assert_str_eq(rows[0].name, "b");
    ck_assert_int_eq(glue_database_update(store, id, "{\"d\":1}"), STORE_OK);
    ck_assert_int_eq(glue_database_set_tags(store, id, "x", "y"), STORE_CONFLICT);
    ck_assert_int_eq(glue_database_set_tags(store, id, "", "y"), STORE_OK);
    reopen();
    ck_assert_int_eq(glue_database_find(store, &here, "shop", &a, &row), STORE_OK);
    ck_assert_str_eq(row.document, "{\"d\":1}");
    ck_assert_str_eq(row.tags, "y");
    ck_assert_int_eq(glue_database_delete(store, id), STORE_OK);
    ck_assert_int_eq(glue_database_delete(store, id), STORE_NOT_FOUND);
    ck_assert_int_eq(glue_database_set_tags(store, id, "y", ""), STORE_NOT_FOUND);
}
END_TEST

START_TEST(tables_and_versions)
{
    int64_t database = make_database("shop");
    int64_t id = make_table(database, "shop", "t");
    struct glue_table_change change = {
        .expected_version = 0, .archive = true, .updated_ms = 9, .document = "{\"v\":1}"};
    struct glue_table_row rows[5];
    struct glue_table_row row = {.name = "t", .created_by = "", .document = ""};
    size_t count;
    bool more;

    ck_assert_int_eq(glue_table_create(store, database, &row, NULL, 0), STORE_EXISTS);
    ck_assert_int_eq(glue_table_create(store, database + 1, &row, NULL, 0), STORE_NOT_FOUND);
    ck_assert_int_eq(glue_table_find(store, &here, "shop", "u", &a, &row), STORE_NOT_FOUND);
    ck_assert_int_eq(glue_table_find(store, &here, "nowhere", "t", &a, &row), STORE_CONFLICT);
    ck_assert_int_eq(glue_table_find(store, &elsewhere, "shop", "t", &a, &row), STORE_CONFLICT);
    ck_assert_int_eq(glue_table_update(store, id, &change), STORE_OK);
    ck_assert_int_eq(glue_table_update(store, id, &change), STORE_CONFLICT);
    change = (struct glue_table_change){.expected_version = -1, .document = "{\"v\":2}"};
    ck_assert_int_eq(glue_table_update(store, id, &change), STORE_OK);
    ck_assert_int_eq(glue_table_find(store, &here, "shop", "t", &a, &row), STORE_OK);
    ck_assert_int_eq(row.version, 2);
    ck_assert_int_eq(glue_version_list(store, id, INT64_MAX, 5, &a, rows, &count, &more), STORE_OK);
    ck_assert_uint_eq(count, 2); /* 1 was not archived */
    ck_assert(!more);
    ck_assert_int_eq(rows[0].version, 2);
    ck_assert_str_eq(rows[1].document, "{\"v\":0}");
    ck_assert_int_eq(glue_version_list(store, id, INT64_MAX, 1, &a, rows, &count, &more), STORE_OK);
    ck_assert(more);
    ck_assert_int_eq(glue_version_list(store, id, 2, 1, &a, rows, &count, &more), STORE_OK);
    ck_assert_int_eq(rows[0].version, 0);
    ck_assert_int_eq(glue_version_find(store, id, 0, &a, &row), STORE_OK);
    ck_assert_str_eq(row.name, "t");
    ck_assert_int_eq(glue_version_find(store, id, 1, &a, &row), STORE_NOT_FOUND);
    ck_assert_int_eq(glue_version_delete(store, id, 2), STORE_CONFLICT);
    ck_assert_int_eq(glue_version_delete(store, id, 0), STORE_OK);
    ck_assert_int_eq(glue_version_delete(store, id, 0), STORE_NOT_FOUND);
}
END_TEST

START_TEST(tables_of_all_databases)
{
    struct glue_filter filter = {.after_database = "", .after = ""};
    struct glue_table_row rows[2];
    size_t count;
    bool more;
    char seen[64] = "";

    make_table(make_database("b"), "b", "x");
    int64_t first = make_database("a");
    make_table(first, "a", "z");
    make_table(first, "a", "y");
    do {
        ck_assert_int_eq(glue_table_list(store, &here, &filter, 2, &a, rows, &count, &more),
                         STORE_OK);
        for (size_t i = 0; i < count; i++)
            snprintf(seen + strlen(seen), 8, "%s.%s ", rows[i].database, rows[i].name);
        filter.after_database = rows[count - 1].database;
        filter.after = rows[count - 1].name;
    } while (more);
    ck_assert_str_eq(seen, "a.y a.z b.x ");
}
END_TEST

/* --- partitions --- */

enum { YEARS = 20, DAYS = 50 };

static void fill(int64_t table)
{
    for (int year = 0; year < YEARS; year++) {
        struct glue_partition_row rows[DAYS];
        bool there[DAYS];

        for (int day = 0; day < DAYS; day++)
            rows[day] = (struct glue_partition_row){
                .tuple = tuple2(arena_printf(&a, "%d", 2000 + year), arena_printf(&a, "%02d", day)),
                .created_ms = year,
                .document = "{}"};
        ck_assert_int_eq(glue_partitions_create(store, table, rows, DAYS, there), STORE_OK);
        for (int day = 0; day < DAYS; day++)
            ck_assert(!there[day]);
    }
}

struct wish {
    const char *year; /* that begins so is wanted */
    size_t asked;
};

static bool year_wanted(struct bytes tuple, void *context, int64_t *out_hopeless, bool *out_failed)
{
    struct wish *wish = context;
    struct bytes year;
    size_t position = 0;
    bool escaped;

    (void)out_failed;
    wish->asked++;
    ck_assert(glue_tuple_next(tuple, &position, &year, &escaped));
    if (year.len == strlen(wish->year) && memcmp(year.data, wish->year, year.len) == 0)
        return true;
    *out_hopeless = (int64_t)position;
    return false;
}

START_TEST(partitions_that_cannot_match_are_passed_over)
{
    int64_t table = make_table(make_database("shop"), "shop", "t");
    struct wish wish = {.year = "2013"};
    struct glue_partition_filter filter = {.after = "", .wanted = year_wanted, .context = &wish};
    struct glue_partition_row rows[DAYS + 1];
    size_t count;
    size_t total = 0;
    bool more = true;

    fill(table);
    while (more) {
        ck_assert_int_eq(glue_partition_list(store, table, &filter, 7, &a, rows, &count, &more),
                         STORE_OK);
        for (size_t i = 0; i < count; i++, total++)
            ck_assert_str_eq(rows[i].tuple, tuple2("2013", arena_printf(&a, "%02zu", total)));
        if (count > 0)
            filter.after = rows[count - 1].tuple;
    }
    ck_assert_uint_eq(total, DAYS);
    /* one question for each year that is not wanted, not one for each day */
    ck_assert_uint_lt(wish.asked, DAYS + 3 * YEARS);
    filter = (struct glue_partition_filter){.after = tuple2("2019", "48")};
    ck_assert_int_eq(glue_partition_list(store, table, &filter, 7, &a, rows, &count, &more),
                     STORE_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert(!more);
}
END_TEST

static bool nothing_wanted(struct bytes tuple, void *context, int64_t *out_hopeless,
                           bool *out_failed)
{
    (void)tuple;
    ++*(int *)context;
    *out_hopeless = *(int *)context > 3 ? -1 : 0;
    *out_failed = *(int *)context > 3;
    return false;
}

START_TEST(a_list_may_end_at_once)
{
    int64_t table = make_table(make_database("shop"), "shop", "t");
    int asked = 0;
    struct glue_partition_filter filter = {
        .after = "", .wanted = nothing_wanted, .context = &asked};
    struct glue_partition_row rows[1];
    size_t count;
    bool more;

    fill(table);
    ck_assert_int_eq(glue_partition_list(store, table, &filter, 1, &a, rows, &count, &more),
                     STORE_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert(!more);
    ck_assert_int_eq(asked, 1);
    asked = 10;
    ck_assert_int_eq(glue_partition_list(store, table, &filter, 1, &a, rows, &count, &more),
                     STORE_CONFLICT);
}
END_TEST

START_TEST(partitions_change)
{
    int64_t table = make_table(make_database("shop"), "shop", "t");
    struct glue_partition_row rows[] = {
        {.tuple = tuple2("1", "a"), .created_ms = 1, .document = "{}"},
        {.tuple = tuple2("1", "b"), .created_ms = 1, .document = "{}"},
        {.tuple = tuple2("1", "a"), .created_ms = 2, .document = "{\"x\":1}"},
    };
    struct glue_statistics_row statistics = {"c", "{}"};
    struct glue_partition_row row;
    const char *document;
    bool there[3] = {0};

    ck_assert_int_eq(glue_partitions_create(store, table, rows, 3, there), STORE_OK);
    ck_assert(!there[0] && !there[1] && there[2]);
    ck_assert_int_eq(glue_partitions_create(store, table + 1, rows, 3, there), STORE_NOT_FOUND);
    ck_assert_int_eq(glue_statistics_put(store, table, rows[0].tuple, &statistics, 1), STORE_OK);
    ck_assert_int_eq(glue_statistics_put(store, table, "none", &statistics, 1), STORE_NOT_FOUND);
    /* Its values change, and its statistics go with it. */
    row = (struct glue_partition_row){.tuple = tuple2("2", "a"), .document = "{\"y\":1}"};
    ck_assert_int_eq(glue_partition_update(store, table, rows[0].tuple, &row), STORE_OK);
    ck_assert_int_eq(glue_partition_update(store, table, rows[0].tuple, &row), STORE_NOT_FOUND);
    ck_assert_int_eq(glue_partition_update(store, table, rows[1].tuple, &row), STORE_EXISTS);
    ck_assert_int_eq(glue_partition_find(store, table, row.tuple, &a, &row), STORE_OK);
    ck_assert_int_eq(row.created_ms, 1);
    ck_assert_str_eq(row.document, "{\"y\":1}");
    ck_assert_int_eq(glue_statistics_find(store, table, row.tuple, "c", &a, &document), STORE_OK);
    ck_assert_int_eq(glue_partition_delete(store, table, row.tuple), STORE_OK);
    ck_assert_int_eq(glue_partition_delete(store, table, row.tuple), STORE_NOT_FOUND);
    ck_assert_int_eq(glue_statistics_find(store, table, row.tuple, "c", &a, &document),
                     STORE_NOT_FOUND);
}
END_TEST

START_TEST(what_a_dropped_table_leaves_is_removed)
{
    int64_t database = make_database("shop");
    int64_t table = make_table(database, "shop", "t");
    struct glue_partition_filter filter = {.after = ""};
    struct glue_partition_row row;
    size_t count;
    bool more;

    fill(table);
    ck_assert(!glue_store_sweep(store));
    ck_assert_int_eq(glue_table_delete(store, table), STORE_OK);
    ck_assert_int_eq(glue_table_delete(store, table), STORE_NOT_FOUND);
    ck_assert_int_ne(make_table(database, "shop", "t"), table);
    reopen(); /* what is left is found again */
    while (glue_store_sweep(store))
        ;
    ck_assert_int_eq(glue_partition_list(store, table, &filter, 1, &a, &row, &count, &more),
                     STORE_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(glue_database_delete(store, database), STORE_OK);
    ck_assert(glue_store_sweep(store));
    ck_assert(!glue_store_sweep(store));
}
END_TEST

START_TEST(indexes)
{
    int64_t table = make_table(make_database("shop"), "shop", "t");
    struct glue_index_row rows[GLUE_INDEXES_MAX];
    const char *other = NULL;
    size_t count;

    ck_assert_int_eq(
        glue_index_create(store, table, &(struct glue_index_row){"i", "x"}, &a, &other), STORE_OK);
    ck_assert_int_eq(
        glue_index_create(store, table, &(struct glue_index_row){"i", "y"}, &a, &other),
        STORE_EXISTS);
    ck_assert_int_eq(
        glue_index_create(store, table, &(struct glue_index_row){"j", "x"}, &a, &other),
        STORE_CONFLICT);
    ck_assert_str_eq(other, "i");
    ck_assert_int_eq(
        glue_index_create(store, table, &(struct glue_index_row){"j", "y"}, &a, &other), STORE_OK);
    ck_assert_int_eq(
        glue_index_create(store, table, &(struct glue_index_row){"k", "z"}, &a, &other), STORE_OK);
    ck_assert_int_eq(
        glue_index_create(store, table, &(struct glue_index_row){"k", "z"}, &a, &other),
        STORE_LIMIT);
    ck_assert_int_eq(glue_index_delete(store, table, "j"), STORE_OK);
    ck_assert_int_eq(glue_index_delete(store, table, "j"), STORE_NOT_FOUND);
    ck_assert_int_eq(glue_index_list(store, table, &a, rows, &count), STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(rows[1].name, "k");
}
END_TEST

START_TEST(policies)
{
    struct glue_policy_row policy;

    ck_assert_int_eq(glue_policy_put(store, &here, "old", "p", 1), STORE_CONFLICT);
    ck_assert_int_eq(glue_policy_put(store, &here, NULL, "p", 1), STORE_OK);
    ck_assert_int_eq(glue_policy_put(store, &here, NULL, "q", 2), STORE_CONFLICT);
    ck_assert_int_eq(glue_policy_put(store, &here, "p", "q", 2), STORE_OK);
    ck_assert_int_eq(glue_policy_find(store, &here, &a, &policy), STORE_OK);
    ck_assert_str_eq(policy.policy, "q");
    ck_assert_int_eq(policy.created_ms, 1);
    ck_assert_int_eq(glue_policy_delete(store, &here, "p"), STORE_CONFLICT);
    ck_assert_int_eq(glue_policy_delete(store, &here, "q"), STORE_OK);
}
END_TEST

START_TEST(functions)
{
    struct glue_function_row function = {
        .name = "f", .type = "REGULAR", .created_ms = 3, .document = "{}"};
    struct glue_filter filter = {.after_database = "", .after = ""};
    struct glue_function_row rows[2];
    size_t count;
    bool more;
    int64_t database = make_database("shop");

    ck_assert_int_eq(glue_function_create(store, database, &function), STORE_OK);
    ck_assert_int_eq(glue_function_create(store, database, &function), STORE_EXISTS);
    ck_assert_int_eq(glue_function_find(store, database, "f", &a, &function), STORE_OK);
    ck_assert_str_eq(function.database, "shop");
    ck_assert_int_eq(glue_function_list(store, &here, &filter, 2, &a, rows, &count, &more),
                     STORE_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert(!more);
    ck_assert_int_eq(glue_function_list(store, &elsewhere, &filter, 2, &a, rows, &count, &more),
                     STORE_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(glue_function_update(store, function.id, "OTHER", "{\"x\":1}"), STORE_OK);
    filter.type = "REGULAR";
    ck_assert_int_eq(glue_function_list(store, &here, &filter, 2, &a, rows, &count, &more),
                     STORE_OK);
    ck_assert_uint_eq(count, 0);
    filter.database_id = database;
    filter.type = "OTHER";
    ck_assert_int_eq(glue_function_list(store, &here, &filter, 2, &a, rows, &count, &more),
                     STORE_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(rows[0].document, "{\"x\":1}");
    ck_assert_int_eq(glue_function_delete(store, function.id), STORE_OK);
    ck_assert_int_eq(glue_function_delete(store, function.id), STORE_NOT_FOUND);
}
END_TEST

EMBED(storage_schema_glue_001_sql);

/* Of functions that were made when their types were in their documents alone. */
START_TEST(types_of_old_functions)
{
    static const struct sql_migration old[] = {{embed_storage_schema_glue_001_sql}};
    struct glue_filter filter = {.after_database = "", .after = ""};
    struct glue_function_row rows[3];
    struct sql_db *db;
    struct sql *s;
    size_t count;
    bool more;

    db = sql_open(root, "glue", old, ARRAY_LEN(old));
    ck_assert_ptr_nonnull(db);
    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    ck_assert_int_eq(sql_exec(s, "INSERT INTO scope (id, account, region) VALUES (1, ?1, ?2)",
                              sql_text(here.account), sql_text(here.region)),
                     STORE_OK);
    ck_assert_int_eq(sql_exec(s,
                              "INSERT INTO db (id, scope, name, created_ms, document, tags)"
                              " VALUES (1, 1, ?1, 0, '{}', '')",
                              sql_text("shop")),
                     STORE_OK);
    ck_assert_int_eq(sql_exec(s,
                              "INSERT INTO user_function (db, name, created_ms, document)"
                              " VALUES (1, 'a', 0, ?1), (1, 'b', 0, ?2)",
                              sql_text("{\"ClassName\":\"C\"}"),
                              sql_text("{\"FunctionType\":\"AGGREGATE_FUNCTION\"}")),
                     STORE_OK);
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK);
    sql_close(db);
    reopen();
    ck_assert_int_eq(glue_function_list(store, &here, &filter, 3, &a, rows, &count, &more),
                     STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(rows[0].type, "REGULAR_FUNCTION");
    ck_assert_str_eq(rows[1].type, "AGGREGATE_FUNCTION");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("glue_store");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, tuples_keep_texts_and_order);
    tcase_add_test(t, databases);
    tcase_add_test(t, tables_and_versions);
    tcase_add_test(t, tables_of_all_databases);
    tcase_add_test(t, partitions_that_cannot_match_are_passed_over);
    tcase_add_test(t, a_list_may_end_at_once);
    tcase_add_test(t, partitions_change);
    tcase_add_test(t, what_a_dropped_table_leaves_is_removed);
    tcase_add_test(t, indexes);
    tcase_add_test(t, policies);
    tcase_add_test(t, functions);
    tcase_add_test(t, types_of_old_functions);
    suite_add_tcase(s, t);
    return run_suite(s);
}
