/* The Data Catalog as other services see it: tables by version, partitions by expression. */
#include "handlers/glue/glue.h"

#include "handlers/glue/operations.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static const struct scope here = {.account = "123456789012", .region = "us-east-1"};
static struct app app;
static struct arena a;
static void **states; /* by index in the registry */
static size_t index_of_glue;

static const char document[] =
    "{\"Name\":\"orders\",\"TableType\":\"EXTERNAL_TABLE\",\"Parameters\":{\"classification\":"
    "\"json\"},\"StorageDescriptor\":{\"Columns\":[{\"Name\":\"id\",\"Type\":\"int\"},{\"Name\":"
    "\"bare\"}],\"Location\":\"s3://lake/orders\",\"SerdeInfo\":{\"SerializationLibrary\":"
    "\"org.openx\",\"Parameters\":{\"paths\":\"id\"}}},\"PartitionKeys\":[{\"Name\":\"year\","
    "\"Type\":\"int\"},{\"Name\":\"m\",\"Type\":\"string\"}]}";

static int64_t make_table(struct glue_store *store)
{
    struct glue_database_row database = {.name = "shop", .document = "{}", .tags = ""};
    struct glue_table_row table = {
        .name = "orders", .created_ms = 5, .created_by = "me", .document = document};

    ck_assert_int_eq(glue_database_create(store, &here, &database), STORE_OK);
    ck_assert_int_eq(glue_database_find(store, &here, "shop", &a, &database), STORE_OK);
    ck_assert_int_eq(glue_table_create(store, database.id, &table, NULL, 0), STORE_OK);
    ck_assert_int_eq(glue_table_find(store, &here, "shop", "orders", &a, &table), STORE_OK);
    return table.id;
}

static void setup(void)
{
    const struct store_options options = {0};
    char problem[256];

    arena_init(&a);
    states = x_calloc(service_count, sizeof(*states));
    app = (struct app){.store = store_open(&options, problem, sizeof(problem)),
                       .service_states = states};
    ck_assert_msg(app.store != NULL, "%s", problem);
    while (service_registry[index_of_glue] != &glue_service)
        index_of_glue++;
    states[index_of_glue] = glue_service.open(&app);
}

static void teardown(void)
{
    glue_service.close(states[index_of_glue]);
    store_close(app.store);
    free(states);
    arena_release(&a);
}

static enum store_status find(const char *database, const char *table, const char *version,
                              struct glue_table *out)
{
    const struct glue_table_name name = {.account = here.account,
                                         .region = here.region,
                                         .database = database,
                                         .table = table,
                                         .version = version};

    return glue_find_table(&app, &name, &a, out);
}

START_TEST(a_table_is_found)
{
    int64_t id;
    struct glue_table_change change = {.expected_version = -1, .archive = true, .document = "{}"};
    struct glue_table t;

    ck_assert_int_eq(find("shop", "orders", NULL, &t), STORE_CONFLICT);
    id = make_table(glue_of(&app)->store);
    ck_assert_int_eq(find("Shop", "ORDERS", NULL, &t), STORE_OK);
    ck_assert_str_eq(t.database, "shop");
    ck_assert_str_eq(t.name, "orders");
    ck_assert_str_eq(t.type, "EXTERNAL_TABLE");
    ck_assert_str_eq(t.version, "0");
    ck_assert_uint_eq(t.storage.columns.count, 2);
    ck_assert_str_eq(t.storage.columns.items[0].type, "int");
    ck_assert_str_eq(t.storage.columns.items[1].type, "");
    ck_assert_str_eq(t.partition_keys.items[1].name, "m");
    ck_assert_str_eq(t.storage.location, "s3://lake/orders");
    ck_assert_str_eq(t.storage.serde, "org.openx");
    ck_assert_str_eq(glue_parameter(&t.storage.serde_parameters, "paths"), "id");
    ck_assert_str_eq(glue_parameter(&t.parameters, "classification"), "json");
    ck_assert_ptr_null(glue_parameter(&t.parameters, "none"));
    ck_assert_int_eq(find("shop", "other", NULL, &t), STORE_NOT_FOUND);
    ck_assert_int_eq(find("shop", "orders", "1", &t), STORE_NOT_FOUND);
    ck_assert_int_eq(find("shop", "orders", "x", &t), STORE_NOT_FOUND);
    ck_assert_int_eq(glue_table_update(glue_of(&app)->store, id, &change), STORE_OK);
    ck_assert_int_eq(find("shop", "orders", "LATEST", &t), STORE_OK);
    ck_assert_str_eq(t.version, "1");
    ck_assert_uint_eq(t.storage.columns.count, 0);
    ck_assert_int_eq(find("shop", "orders", "0", &t), STORE_OK);
    ck_assert_uint_eq(t.storage.columns.count, 2);
}
END_TEST

static enum store_status list(const char *expression, const char *after, size_t limit,
                              struct glue_partition_page *out)
{
    const struct glue_table_name name = {
        .account = here.account, .region = here.region, .database = "shop", .table = "orders"};
    const struct glue_partition_query query = {
        .expression = expression, .after = after, .limit = limit};

    return glue_list_partitions(&app, &name, &query, &a, out);
}

START_TEST(partitions_are_listed)
{
    static const char *const values[][2] = {{"2023", "12"}, {"2024", "01"}, {"2024", "02"}};
    struct glue_partition_page page;
    int64_t id;

    ck_assert_int_eq(list(NULL, NULL, 5, &page), STORE_NOT_FOUND);
    id = make_table(glue_of(&app)->store);
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct glue_partition_row row = {
            .tuple = glue_tuple_make(&a, values[i], 2),
            .document = "{\"StorageDescriptor\":{\"Location\":\"s3://here\"},\"Parameters\":{"
                        "\"rows\":\"5\"}}"};
        bool there;

        ck_assert_int_eq(glue_partitions_create(glue_of(&app)->store, id, &row, 1, &there),
                         STORE_OK);
    }
    ck_assert_int_eq(list("year = 2024", NULL, 1, &page), STORE_OK);
    ck_assert_uint_eq(page.count, 1);
    ck_assert_uint_eq(page.items[0].value_count, 2);
    ck_assert_str_eq(page.items[0].values[1], "01");
    ck_assert_str_eq(page.items[0].storage.location, "s3://here");
    ck_assert_str_eq(glue_parameter(&page.items[0].parameters, "rows"), "5");
    ck_assert_ptr_nonnull(page.next);
    ck_assert_int_eq(list("year = 2024", page.next, 5, &page), STORE_OK);
    ck_assert_uint_eq(page.count, 1);
    ck_assert_str_eq(page.items[0].values[1], "02");
    ck_assert_ptr_null(page.next);
    ck_assert_int_eq(list(" ", NULL, 5, &page), STORE_OK);
    ck_assert_uint_eq(page.count, 3);
    ck_assert_int_eq(list("year = 'x'", NULL, 5, &page), STORE_CONFLICT);
    ck_assert_str_eq(page.problem, "\"x\" is not an integer.");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("glue_facade");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_table_is_found);
    tcase_add_test(t, partitions_are_listed);
    suite_add_tcase(s, t);
    return run_suite(s);
}
