#include "handlers/dynamodb/key.h"
#include "handlers/dynamodb/key_condition.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena arena;
static struct ddb_table table;

static const struct ddb_key_part pk = {{"pk", 2}, DDB_S};
static const struct ddb_key_part sk = {{"sk", 2}, DDB_N};
static const struct ddb_key_part g1 = {{"g1", 2}, DDB_S};
static const struct ddb_key_part g2 = {{"g2", 2}, DDB_N};
static struct ddb_index indexes[1];

static struct ddb_item parsed(const char *json)
{
    struct ddb_item out;

    ck_assert_msg(ddb_item_parse(ddb_text_of(json), &arena, &out), "%s", json);
    return out;
}

static void setup(void)
{
    arena_init(&arena);
    indexes[0] = (struct ddb_index){.name = "idx", .global = true};
    indexes[0].key =
        (struct ddb_key_schema){.hash = {g1}, .range = {g1, g2}, .hash_count = 1, .range_count = 2};
    indexes[0].key.range[0].name = ddb_text_of("r1");
    table = (struct ddb_table){.id = 1, .name = "t"};
    table.definition.key =
        (struct ddb_key_schema){.hash = {pk}, .range = {sk}, .hash_count = 1, .range_count = 1};
    table.definition.indexes = indexes;
    table.definition.index_count = 1;
}

static void teardown(void)
{
    arena_release(&arena);
}

START_TEST(problems_are_told_in_aws_s_words)
{
    static const char *const keys[][2] = {
        {"{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"}}", NULL},
        {"{\"pk\":{\"S\":\"a\"}}", "The provided key element does not match the schema"},
        {"{\"pk\":{\"N\":\"1\"},\"sk\":{\"N\":\"1\"}}",
         "The provided key element does not match the schema"},
        {"{\"pk\":{\"S\":\"\"},\"sk\":{\"N\":\"1\"}}",
         "One or more parameter values are not valid. The AttributeValue "
         "for a key attribute cannot contain an empty string value. Key: "
         "pk"},
    };
    static const char *const items[][2] = {
        {"{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"},\"g1\":{\"S\":\"x\"}}", NULL},
        {"{\"pk\":{\"S\":\"a\"}}",
         "One or more parameter values were invalid: Missing the key sk in the item"},
        {"{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"1\"}}",
         "One or more parameter values were invalid: Type mismatch for key sk expected: N actual: "
         "S"},
        {"{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"},\"g1\":{\"N\":\"1\"}}",
         "One or more parameter values were invalid: Type mismatch for Index Key g1 Expected: S "
         "Actual: N IndexName: idx"},
        {"{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"},\"r1\":{\"S\":\"\"}}",
         "One or more parameter values are not valid. A value specified for a secondary index key "
         "is not supported. The "
         "AttributeValue for a key attribute cannot contain an empty string value. IndexName: idx, "
         "IndexKey: r1"},
    };

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct ddb_item key = parsed(keys[i][0]);
        const char *problem = ddb_key_problem(&table, &key, &arena);
        ck_assert_pstr_eq(problem, keys[i][1]);
    }
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        struct ddb_item item = parsed(items[i][0]);
        ck_assert_pstr_eq(ddb_item_problem(&table, &item, &arena), items[i][1]);
    }
}
END_TEST

static int order(struct bytes a, struct bytes b)
{
    int o = memcmp(a.data, b.data, MIN(a.len, b.len));

    return o != 0 ? o : (a.len > b.len) - (a.len < b.len);
}

static struct bytes pair(const char *first, size_t first_len, const char *number)
{
    struct ddb_value a = {.type = DDB_S, .text = {first, first_len}};
    struct ddb_value b = {.type = DDB_N, .text = ddb_text_of(number)};
    const struct ddb_value *values[] = {&a, &b};

    return ddb_key_bytes(values, 2, 2, &arena);
}

START_TEST(keys_of_several_parts_sort_like_their_parts)
{
    struct bytes ascending[] = {
        pair("", 0, "5"),    pair("\0", 1, "-3"),    pair("\0\0", 2, "0"), pair("\0a", 2, "1"),
        pair("a", 1, "-10"), pair("a", 1, "-9"),     pair("a", 1, "0"),    pair("a", 1, "9"),
        pair("a", 1, "10"),  pair("a\0", 2, "-100"), pair("aa", 2, "1"),   pair("b", 1, "1"),
    };

    for (size_t i = 0; i < ARRAY_LEN(ascending); i++)
        for (size_t k = 0; k < ARRAY_LEN(ascending); k++) {
            int o = order(ascending[i], ascending[k]);
            ck_assert_int_eq((o > 0) - (o < 0), (i > k) - (i < k));
        }
}
END_TEST

START_TEST(buckets_are_aws_s)
{
    /* The order in which AWS scans these keys, as others recorded it. */
    uint32_t a = ddb_key_bucket((struct bytes){(const uint8_t *)"a", 1});

    ck_assert_uint_eq(a, ddb_key_bucket((struct bytes){(const uint8_t *)"a", 1}));
    ck_assert_uint_ne(a, ddb_key_bucket((struct bytes){(const uint8_t *)"b", 1}));
}
END_TEST

static const char *range_of(const char *text, const char *json, const struct ddb_key_schema *schema,
                            struct ddb_range *out)
{
    struct ddb_key_conditions conditions = {0};
    struct ddb_item values = parsed(json);
    struct ddb_names names;
    struct ddb_expr *e;

    *out = (struct ddb_range){0};
    ck_assert_ptr_null(ddb_names_init(&names, &arena, NULL, &values));
    const char *problem = ddb_condition_parse(&names, text, &e);
    ck_assert_msg(problem == NULL, "%s: %s", text, problem);
    problem = ddb_key_conditions_of(e, &conditions, &arena);
    if (problem == NULL)
        problem = ddb_key_partition(schema, &conditions, &arena, out);
    return problem != NULL ? problem : ddb_key_range(schema, &conditions, &arena, out);
}

#define VALUES "{\":p\":{\"S\":\"p\"},\":n\":{\"N\":\"1\"},\":m\":{\"N\":\"3\"}}"

START_TEST(bad_key_conditions_are_told_in_aws_s_words)
{
    static const char *const cases[][2] = {
        {"sk = :n", "Query condition missed key schema element: pk"},
        {"pk < :p", "Query key condition not supported"},
        {"pk = :p AND nope = :n", "Query condition missed key schema element: sk"},
        {"pk = :p AND sk <> :n", "Invalid operator used in KeyConditionExpression: <>"},
        {"pk = :p OR sk = :n", "Invalid operator used in KeyConditionExpression: OR"},
        {"NOT pk = :p", "Invalid operator used in KeyConditionExpression: NOT"},
        {"pk IN (:p)", "Invalid operator used in KeyConditionExpression: IN"},
        {"attribute_exists(pk)",
         "Invalid operator used in KeyConditionExpression: attribute_exists"},
        {"pk = :p AND size(sk) = :n", "KeyConditionExpressions cannot contain nested operations"},
        {"pk.a = :p", "KeyConditionExpressions cannot have conditions on nested attributes"},
        {"pk = sk", "Invalid condition in KeyConditionExpression: Multiple attribute names used in "
                    "one condition"},
        {":p = :n", "Invalid condition in KeyConditionExpression: No key attribute specified"},
        {"pk = :p AND pk = :p", "KeyConditionExpressions must only contain one condition per key"},
        {"pk = :n", "One or more parameter values were invalid: Condition parameter type does not "
                    "match schema type"},
    };
    struct ddb_range r;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *problem = range_of(cases[i][0], VALUES, &table.definition.key, &r);
        ck_assert_msg(problem != NULL, "%s", cases[i][0]);
        ck_assert_str_eq(problem, cases[i][1]);
    }
}
END_TEST

static bool holds(const struct ddb_range *r, const char *number)
{
    struct ddb_value v = {.type = DDB_N, .text = ddb_text_of(number)};
    const struct ddb_value *values[] = {&v};
    struct bytes b = ddb_key_bytes(values, 1, 1, &arena);

    return (r->from.data == NULL || order(r->from, b) <= 0) &&
           (r->to.data == NULL || order(b, r->to) < 0);
}

START_TEST(ranges_hold_what_the_condition_says)
{
    static const struct {
        const char *text;
        const char *holds; /* which of 0 1 2 3 4 */
    } cases[] = {
        {"pk = :p", "01234"},
        {"pk = :p AND sk = :n", "1"},
        {":n = sk AND pk = :p", "1"},
        {"pk = :p AND sk < :n", "0"},
        {"pk = :p AND sk <= :n", "01"},
        {"pk = :p AND sk > :n", "234"},
        {"pk = :p AND :n < sk", "234"},
        {"pk = :p AND sk >= :n", "1234"},
        {"pk = :p AND sk BETWEEN :n AND :m", "123"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ddb_range r;
        ck_assert_ptr_null(range_of(cases[i].text, VALUES, &table.definition.key, &r));
        ck_assert(r.partition.pk.len == 1 && r.partition.pk.data[0] == 'p');
        for (char c = '0'; c <= '4'; c++)
            ck_assert_msg(holds(&r, (char[]){c, '\0'}) == (strchr(cases[i].holds, c) != NULL),
                          "%s: %c", cases[i].text, c);
    }
}
END_TEST

START_TEST(ranges_over_several_parts)
{
    static const struct {
        const char *text;
        const char *const holds; /* which of (a,1) (a,2) (b,1) (ba,1), as 0 to 3 */
    } cases[] = {
        {"g1 = :p", "0123"},
        {"g1 = :p AND r1 = :a", "01"},
        {"g1 = :p AND r1 = :a AND g2 = :n", "0"},
        {"g1 = :p AND r1 = :a AND g2 > :n", "1"},
        {"g1 = :p AND r1 > :a", "23"},
        {"g1 = :p AND r1 <= :a", "01"},
        {"g1 = :p AND begins_with(r1, :b)", "23"},
        {"g1 = :p AND r1 BETWEEN :a AND :b", "012"},
    };
    struct bytes keys[] = {pair("a", 1, "1"), pair("a", 1, "2"), pair("b", 1, "1"),
                           pair("ba", 2, "1")};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ddb_range r;
        ck_assert_ptr_null(range_of(
            cases[i].text,
            "{\":p\":{\"S\":\"p\"},\":n\":{\"N\":\"1\"},\":a\":{\"S\":\"a\"},\":b\":{\"S\":\"b\"}}",
            &indexes[0].key, &r));
        for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
            bool in = (r.from.data == NULL || order(r.from, keys[k]) <= 0) &&
                      (r.to.data == NULL || order(keys[k], r.to) < 0);
            ck_assert_msg(in == (strchr(cases[i].holds, (char)('0' + k)) != NULL), "%s: %zu",
                          cases[i].text, k);
        }
    }
}
END_TEST

START_TEST(definitions_survive_storage)
{
    struct ddb_text included[] = {{"x", 1}};
    struct ddb_tag tags[] = {{"k", "v\""}};
    struct ddb_key_part attributes[] = {pk, sk, g1};
    struct strbuf text = STRBUF_INIT(1 << 16);
    struct strbuf again = STRBUF_INIT(1 << 16);
    struct ddb_definition d = table.definition;
    struct ddb_definition back;

    indexes[0].projection = DDB_PROJECT_INCLUDE;
    indexes[0].included = included;
    indexes[0].included_count = 1;
    indexes[0].on_demand = (struct ddb_on_demand){-1, 7};
    d.uuid = "u";
    d.attributes = attributes;
    d.attribute_count = ARRAY_LEN(attributes);
    d.tags = tags;
    d.tag_count = 1;
    d.throughput = (struct ddb_throughput){3, 4};
    d.deletion_protection = true;
    ddb_definition_write(&text, &d);
    ck_assert(ddb_definition_read(text.data, &arena, &back));
    ddb_definition_write(&again, &back);
    ck_assert_str_eq(text.data, again.data);
    ck_assert_int_eq(back.indexes[0].on_demand.max_write, 7);
    ck_assert(!ddb_definition_read("{\"uuid\":", &arena, &back));
    strbuf_release(&text);
    strbuf_release(&again);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ddb_key");
    TCase *tests = tcase_create("all");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, problems_are_told_in_aws_s_words);
    tcase_add_test(tests, keys_of_several_parts_sort_like_their_parts);
    tcase_add_test(tests, buckets_are_aws_s);
    tcase_add_test(tests, bad_key_conditions_are_told_in_aws_s_words);
    tcase_add_test(tests, ranges_hold_what_the_condition_says);
    tcase_add_test(tests, ranges_over_several_parts);
    tcase_add_test(tests, definitions_survive_storage);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
