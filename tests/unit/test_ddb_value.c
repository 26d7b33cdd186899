#include "handlers/dynamodb/value.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena arena;

/* Decodes an item; the error of serialization, or NULL. */
static const char *decode(const char *json, struct ddb_item *out)
{
    struct jr r;
    const char *error = NULL;

    memset(out, 0, sizeof(*out));
    jr_init(&r, json, strlen(json), &arena, 128);
    int rc = dynamodb_item_codec.decode_json(&r, &arena, out, &error);
    ck_assert_int_eq(rc != 0, error != NULL);
    return error;
}

static const char *written(const struct ddb_item *item)
{
    struct strbuf text = STRBUF_INIT(1 << 20);
    struct jw w;

    jw_init(&w, &text);
    dynamodb_item_codec.encode_json(&w, item);
    const char *copy = arena_strdup(&arena, text.data);
    strbuf_release(&text);
    return copy;
}

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_release(&arena);
}

START_TEST(items_come_back_canonical)
{
    static const char *const cases[][2] = {
        {"{}", "{}"},
        {"{\"a\": {\"S\": \"x\"}}", "{\"a\":{\"S\":\"x\"}}"},
        {"{\"a\":{\"N\":\"1.50\"},\"b\":{\"N\":\"-0\"}}",
         "{\"a\":{\"N\":\"1.5\"},\"b\":{\"N\":\"0\"}}"},
        {"{\"a\":{\"N\":\"42\"}}", "{\"a\":{\"N\":\"42\"}}"},
        {"{\"a\":{\"B\":\"AAEC\"},\"e\":{\"B\":\"\"}}",
         "{\"a\":{\"B\":\"AAEC\"},\"e\":{\"B\":\"\"}}"},
        {"{\"a\":{\"NS\":[\"1e2\",\"007\"]}}", "{\"a\":{\"NS\":[\"100\",\"7\"]}}"},
        {"{\"a\":{\"SS\":[\"x\",\"\"]},\"b\":{\"BS\":[\"AA==\"]}}",
         "{\"a\":{\"SS\":[\"x\",\"\"]},\"b\":{\"BS\":[\"AA==\"]}}"},
        {"{\"a\":{\"L\":[{\"M\":{\"k\":{\"BOOL\":false}}},{\"NULL\":true}]}}",
         "{\"a\":{\"L\":[{\"M\":{\"k\":{\"BOOL\":false}}},{\"NULL\":true}]}}"},
        {"{\"a\":{\"BOOL\":\"yes\"}}", "{\"a\":{\"BOOL\":true}}"},
        {"{\"a\":{\"S\":null,\"N\":\"1\"}}", "{\"a\":{\"N\":\"1\"}}"},
        {"{\"a\":{\"Q\":[1],\"N\":\"1\"}}", "{\"a\":{\"N\":\"1\"}}"},
        {"{\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"2\"},\"a\":{\"S\":\"3\"}}",
         "{\"a\":{\"S\":\"3\"},\"b\":{\"S\":\"2\"}}"},
        {"{\"\\u00fc\":{\"S\":\"a\\u0000b\\n\"}}", "{\"\xc3\xbc\":{\"S\":\"a\\u0000b\\n\"}}"},
    };
    struct ddb_item item, again;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ck_assert_ptr_null(decode(cases[i][0], &item));
        ck_assert_msg(item.problem == NULL, "%s: %s", cases[i][0], item.problem);
        ck_assert_str_eq(written(&item), cases[i][1]);
        ck_assert(ddb_item_parse(ddb_text_of(cases[i][1]), &arena, &again));
        ck_assert_str_eq(written(&again), cases[i][1]);
        ck_assert(ddb_members_equal(item.members, item.count, again.members, again.count));
    }
}
END_TEST

START_TEST(wrong_types_are_serialization_errors)
{
    static const char *const cases[][2] = {
        {"[]", "Unrecognized collection type java.util.Map<java.lang.String, "
               "com.amazonaws.dynamodb.v20120810.AttributeValue>"},
        {"7", "Unexpected field type"},
        {"{\"a\":7}", "Unexpected value type in payload"},
        {"{\"a\":[]}",
         "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"},
        {"{\"a\":{\"S\":7}}", "NUMBER_VALUE cannot be converted to String"},
        {"{\"a\":{\"S\":7.5}}", "DECIMAL_VALUE cannot be converted to String"},
        {"{\"a\":{\"N\":true}}", "TRUE_VALUE cannot be converted to String"},
        {"{\"a\":{\"S\":[]}}", "Unrecognized collection type class java.lang.String"},
        {"{\"a\":{\"S\":{}}}", "Start of structure or map found where not expected"},
        {"{\"a\":{\"B\":1}}", "only base-64-encoded strings are convertible to bytes"},
        {"{\"a\":{\"B\":\"23456\"}}",
         "Base64 encoded length is expected a multiple of 4 bytes but found: 5"},
        {"{\"a\":{\"B\":\"=+/=\"}}", "Invalid last non-pad Base64 character dectected"},
        {"{\"a\":{\"BOOL\":\"23\"}}", "Unexpected token received from parser"},
        {"{\"a\":{\"NULL\":23}}", "NUMBER_VALUE cannot be converted to Boolean"},
        {"{\"a\":{\"SS\":\"x\"}}", "Unexpected field type"},
        {"{\"a\":{\"SS\":{}}}", "Start of structure or map found where not expected"},
        {"{\"a\":{\"SS\":[false]}}", "FALSE_VALUE cannot be converted to String"},
        {"{\"a\":{\"L\":[1]}}", "Unexpected value type in payload"},
        {"{\"a\":{\"M\":[]}}", "Unrecognized collection type java.util.Map<java.lang.String, "
                               "com.amazonaws.dynamodb.v20120810.AttributeValue>"},
    };
    struct ddb_item item;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *error = decode(cases[i][0], &item);
        ck_assert_msg(error != NULL, "%s", cases[i][0]);
        ck_assert_str_eq(error, cases[i][1]);
    }
    ck_assert_ptr_nonnull(decode("{\"a\":{\"S\":\"x\"}", &item));
}
END_TEST

#define INVALID "One or more parameter values were invalid: "

START_TEST(wrong_values_are_told_later)
{
    static const char *const cases[][2] = {
        {"{}",
         "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
        {"null",
         "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
        {"{\"S\":\"a\",\"N\":\"1\"}",
         "Supplied AttributeValue has more than one datatypes set, must contain exactly "
         "one of the supported datatypes"},
        {"{\"S\":\"a\",\"N\":\"\"}", "The parameter cannot be converted to a numeric value"},
        {"{\"N\":\"b\"}", "The parameter cannot be converted to a numeric value: b"},
        {"{\"N\":\"1e126\"}", "Number overflow. Attempting to store a number with magnitude larger "
                              "than supported range"},
        {"{\"NS\":[\"1e-131\"]}", "Number underflow. Attempting to store a number with magnitude "
                                  "smaller than supported range"},
        {"{\"NULL\":false}", INVALID "Null attribute value types must have the value of true"},
        {"{\"SS\":[]}", INVALID "An string set  may not be empty"},
        {"{\"NS\":[]}", INVALID "An number set  may not be empty"},
        {"{\"L\":[{\"BS\":[]}]}", INVALID "Binary sets should not be empty"},
        {"{\"SS\":[\"a\",\"b\",\"a\"]}", INVALID "Input collection [a, b, a] contains duplicates."},
        {"{\"NS\":[\"1\",\"1.0\"]}", "Input collection contains duplicates"},
        {"{\"M\":{\"x\":{\"BS\":[\"AA==\",\"AA==\"]}}}",
         INVALID "Input collection [AA==, AA==]of type BS contains duplicates."},
    };
    struct ddb_item item;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *json = arena_printf(&arena, "{\"k\":{\"S\":\"x\"},\"v\":%s}", cases[i][0]);
        ck_assert_ptr_null(decode(json, &item));
        ck_assert_msg(item.problem != NULL, "%s", cases[i][0]);
        ck_assert_str_eq(item.problem, cases[i][1]);
        ck_assert_uint_eq(item.problem_name.len, 1);
        ck_assert_int_eq(item.problem_name.data[0], 'v');
    }
}
END_TEST

static const char *nested(int wraps)
{
    const char *json = "{\"S\":\"x\"}";

    for (int i = 0; i < wraps; i++)
        json = arena_printf(&arena, i % 2 ? "{\"L\":[%s]}" : "{\"M\":{\"n\":%s}}", json);
    return arena_printf(&arena, "{\"a\":%s}", json);
}

START_TEST(nesting_ends_at_32_levels)
{
    struct ddb_item item;

    ck_assert_ptr_null(decode(nested(31), &item));
    ck_assert_ptr_null(item.problem);
    ck_assert_ptr_null(decode(nested(32), &item));
    ck_assert_ptr_nonnull(item.problem);
    ck_assert_ptr_null(decode(nested(50), &item));
    ck_assert_str_eq(item.problem,
                     "Nesting Levels have exceeded supported limits: Attributes in the item have "
                     "nested levels beyond supported limit");
    ck_assert_ptr_nonnull(decode(nested(200), &item));
}
END_TEST

START_TEST(sizes_are_aws_s)
{
    static const struct {
        const char *json;
        size_t size;
    } cases[] = {
        {"{\"abc\":{\"S\":\"defgh\"}}", 8},
        {"{\"a\":{\"S\":\"\xc3\xbc\"}}", 3},
        {"{\"a\":{\"N\":\"123\"}}", 4},
        {"{\"a\":{\"B\":\"AAEC\"}}", 4},
        {"{\"a\":{\"BOOL\":true},\"b\":{\"NULL\":true}}", 4},
        {"{\"a\":{\"SS\":[\"xx\",\"yyy\"]}}", 6},
        {"{\"a\":{\"L\":[{\"S\":\"xx\"},{\"S\":\"y\"}]}}", 1 + 3 + 2 + 3},
        {"{\"a\":{\"M\":{\"k\":{\"S\":\"xx\"}}}}", 1 + 3 + 1 + 1 + 2},
    };
    struct ddb_item item;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ck_assert_ptr_null(decode(cases[i].json, &item));
        ck_assert_msg(ddb_members_size(item.members, item.count) == cases[i].size, "%s",
                      cases[i].json);
    }
}
END_TEST

START_TEST(equality_ignores_the_order_of_sets_and_maps)
{
    static const struct {
        const char *a;
        const char *b;
        bool equal;
    } cases[] = {
        {"{\"N\":\"1.0\"}", "{\"N\":\"1\"}", true},
        {"{\"N\":\"1\"}", "{\"S\":\"1\"}", false},
        {"{\"SS\":[\"a\",\"b\"]}", "{\"SS\":[\"b\",\"a\"]}", true},
        {"{\"SS\":[\"a\",\"b\"]}", "{\"SS\":[\"b\",\"c\"]}", false},
        {"{\"L\":[{\"S\":\"a\"},{\"S\":\"b\"}]}", "{\"L\":[{\"S\":\"b\"},{\"S\":\"a\"}]}", false},
        {"{\"M\":{\"x\":{\"S\":\"a\"},\"y\":{\"S\":\"b\"}}}",
         "{\"M\":{\"y\":{\"S\":\"b\"},\"x\":{\"S\":\"a\"}}}", true},
        {"{\"M\":{\"x\":{\"S\":\"a\"}}}", "{\"M\":{\"y\":{\"S\":\"a\"}}}", false},
        {"{\"BOOL\":true}", "{\"BOOL\":false}", false},
        {"{\"NULL\":true}", "{\"NULL\":true}", true},
    };
    struct ddb_item item;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *json = arena_printf(&arena, "{\"a\":%s,\"b\":%s}", cases[i].a, cases[i].b);
        ck_assert_ptr_null(decode(json, &item));
        ck_assert_msg(ddb_value_equal(&item.members[0].value, &item.members[1].value) ==
                          cases[i].equal,
                      "%s", json);
    }
}
END_TEST

START_TEST(large_maps_and_sets_take_no_quadratic_time)
{
    enum { MANY = 60000 };
    struct strbuf json = STRBUF_INIT(1 << 26);
    struct ddb_item item;

    strbuf_add_text(&json, "{");
    for (int i = 0; i < MANY; i++)
        strbuf_add_format(&json, "\"k%d\":{\"S\":\"x\"},", i);
    strbuf_add_text(&json, "\"k0\":{\"S\":\"last\"},\"set\":{\"SS\":[\"s\"");
    for (int i = 0; i < MANY; i++)
        strbuf_add_format(&json, ",\"s%d\"", i);
    strbuf_add_text(&json, "]}}");
    ck_assert_ptr_null(decode(json.data, &item));
    ck_assert_uint_eq(item.count, MANY + 1);
    ck_assert_int_eq(item.members[0].value.text.data[0], 'l');
    ck_assert(ddb_members_equal(item.members, item.count, item.members, item.count));
    strbuf_release(&json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ddb_value");
    TCase *tests = tcase_create("all");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, items_come_back_canonical);
    tcase_add_test(tests, wrong_types_are_serialization_errors);
    tcase_add_test(tests, wrong_values_are_told_later);
    tcase_add_test(tests, nesting_ends_at_32_levels);
    tcase_add_test(tests, sizes_are_aws_s);
    tcase_add_test(tests, equality_ignores_the_order_of_sets_and_maps);
    tcase_add_test(tests, large_maps_and_sets_take_no_quadratic_time);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
