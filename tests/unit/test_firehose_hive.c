/* Types of Hive, and dates, timestamps and numbers as records have them. */
#include "handlers/firehose/hive_scalar.h"
#include "handlers/firehose/hive_time.h"
#include "server/base/strbuf.h"
#include "tests/unit/hive_text.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_release(&arena);
}

static const struct hive_type *type_of(const char *text)
{
    const char *problem = NULL;
    const struct hive_type *type = hive_type_parse(&arena, text, &problem);

    ck_assert_msg(type != NULL, "%s: %s", text, problem);
    ck_assert_ptr_null(problem);
    return type;
}

START_TEST(types)
{
    static const char *const cases[][2] = {
        {"int", "int"},
        {" INTEGER ", "int"},
        {"Double Precision", "double"},
        {"double", "double"},
        {"decimal", "decimal(10,0)"},
        {"DECIMAL( 38 , 18 )", "decimal(38,18)"},
        {"decimal(5)", "decimal(5,0)"},
        {"char(255)", "char(255)"},
        {"varchar( 65535 )", "varchar(65535)"},
        {"array<string>", "array<string>"},
        {"map<string,array<bigint>>", "map<string,array<bigint>>"},
        {"struct<a:int,B_1:struct<c:timestamp, d : date>>",
         "struct<a:int,B_1:struct<c:timestamp,d:date>>"},
        {"struct<`a b`:int,`c``d`:binary>", "struct<`a b`:int,`c``d`:binary>"},
        {"struct<double:double,precision:float>", "struct<double:double,precision:float>"},
        {"struct<größe:tinyint>", "struct<größe:tinyint>"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_str_eq(hive_type_text(&arena, type_of(cases[i][0])), cases[i][1]);
}
END_TEST

START_TEST(no_types)
{
    static const char *const cases[] = {
        "",
        "uniontype<int,string>",
        "text",
        "int int",
        "array<int",
        "array<int>>",
        "array<>",
        "array int",
        "map<string>",
        "map<array<int>,int>",
        "struct<>",
        "struct<a>",
        "struct<a:int,A:string>",
        "struct<a:int,>",
        "struct<`a:int>",
        "decimal(39,0)",
        "decimal(0)",
        "decimal(5,6)",
        "decimal(5,-1)",
        "decimal(123456)",
        "decimal(5",
        "char",
        "char(256)",
        "varchar(0)",
        "varchar(6 5)",
    };
    const char *problem;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        problem = NULL;
        ck_assert_msg(!hive_type_parse(&arena, cases[i], &problem), "%s", cases[i]);
        ck_assert_ptr_nonnull(problem);
    }
}
END_TEST

/* As deep as may be, and one deeper. */
START_TEST(depth)
{
    struct strbuf text = STRBUF_INIT(4096);
    const char *problem;

    for (int i = 0; i < HIVE_DEPTH_MAX; i++)
        strbuf_add_text(&text, "array<");
    strbuf_add_text(&text, "int");
    for (int i = 0; i < HIVE_DEPTH_MAX; i++)
        strbuf_add_text(&text, ">");
    ck_assert_str_eq(hive_type_text(&arena, type_of(text.data)), text.data);
    ck_assert_ptr_null(
        hive_type_parse(&arena, arena_printf(&arena, "array<%s>", text.data), &problem));
    strbuf_release(&text);
}
END_TEST

/* As many fields as may be, and one more. */
START_TEST(fields)
{
    struct strbuf text = STRBUF_INIT(1 << 20);
    const char *problem;

    strbuf_add_text(&text, "struct<f:int");
    for (int i = 1; i < HIVE_FIELDS_MAX; i++)
        strbuf_add_format(&text, ",f%d:int", i);
    ck_assert_uint_eq(type_of(arena_printf(&arena, "%s>", text.data))->field_count,
                      HIVE_FIELDS_MAX);
    ck_assert_ptr_null(
        hive_type_parse(&arena, arena_printf(&arena, "%s,more:int>", text.data), &problem));
    ck_assert_str_eq(problem, "a struct has too many fields");
    strbuf_release(&text);
}
END_TEST

/* --- times --- */

typedef bool read_time(const char *text, size_t len, int64_t *out_us);

static int64_t time_by(read_time *read, const char *text)
{
    int64_t us = -1;

    ck_assert_msg(read(text, strlen(text), &us), "%s", text);
    return us;
}

#define AT INT64_C(1486480381) /* 2017-02-07T15:13:01Z */

START_TEST(times_of_openx)
{
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {
        {"2017-02-07T15:13:01.39256Z", AT * 1000000 + 392560},
        {"2017-02-07T15:13:01", AT * 1000000},
        {"2017-2-7 15:13:01.14", AT * 1000000 + 140000},
        {"2017-02-07 15:13:01.123456789", AT * 1000000 + 123456},
        {"1518033528", INT64_C(1518033528) * 1000000},
        {"1518033528123", INT64_C(1518033528123) * 1000},
        {"1518033528.123", INT64_C(1518033528123) * 1000},
        {"-1.5", -1500000},
        {"0", 0},
        {"0000-01-01 00:00:00", -719528 * HIVE_DAY_US},
        {"1970-01-01 0:0:0", 0},
        {"1969-12-31T23:59:59.999Z", -1000},
        {"2000-02-29T00:00:00Z", INT64_C(951782400) * 1000000},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799) * 1000000},
    };
    static const char *const none[] = {
        "",
        "2017-2-7T15:13:01Z",
        "2017-02-07T15:13",
        "2017-02-30 00:00:00",
        "1900-02-29 00:00:00",
        "2017-13-01 00:00:00",
        "2017-00-01 00:00:00",
        "2017-01-01 24:00:00",
        "2017-01-01 00:60:00",
        "2017-01-01 00:00:60",
        "2017-01-01 00:00:00.",
        "2017-01-01 00:00:00 ",
        "15180335281234567",
        "1e9",
        "1.2.3",
        "-",
        "yesterday",
    };
    int64_t us;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_int_eq(time_by(hive_time_openx, cases[i].text), cases[i].us);
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        ck_assert_msg(!hive_time_openx(none[i], strlen(none[i]), &us), "%s", none[i]);
}
END_TEST

START_TEST(other_times)
{
    int64_t us;

    ck_assert_int_eq(time_by(hive_time_sql, "2017-2-7 15:13:1"), AT * 1000000);
    ck_assert(!hive_time_sql("2017-02-07T15:13:01", 19, &us));
    ck_assert_int_eq(time_by(hive_time_millis, "1518033528123"), INT64_C(1518033528123) * 1000);
    ck_assert_int_eq(time_by(hive_time_millis, "-1"), -1000);
    ck_assert(!hive_time_millis("1.5", 3, &us));
    ck_assert(!hive_time_millis("99999999999999999", 17, &us));
    ck_assert_int_eq(time_by(hive_time_date, "1970-1-2"), HIVE_DAY_US);
    ck_assert(!hive_time_date("1970-1-2 ", 9, &us));
}
END_TEST

START_TEST(patterns)
{
    static const struct {
        const char *pattern;
        const char *text;
        int64_t us;
    } cases[] = {
        {"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "2017-02-07T15:13:01.392Z", AT * 1000000 + 392000},
        {"yyyyMMddHHmmss", "20170207151301", AT * 1000000},
        {"yyyyMMddHHmmssSSS", "20170207151301392", AT * 1000000 + 392000},
        {"dd/MMM/yyyy:HH:mm:ss Z", "07/Feb/2017:16:13:01 +0100", AT * 1000000},
        {"EEE, d MMMM yyyy hh:mm:ss a", "Tue, 7 February 2017 03:13:01 PM", AT * 1000000},
        {"yy-M-d k:m:s", "17-2-7 15:13:1", AT * 1000000},
        {"yy-M-d K:m:s a z", "17-2-7 3:13:1 pm UTC", AT * 1000000},
        {"yyyy DDD", "2017 038", (AT - AT % 86400) * 1000000},
        {"'o''clock' H", "o'clock 15", INT64_C(54000) * 1000000},
        {"HH '' mm", "15 ' 13", INT64_C(54780) * 1000000},
        {"hh a", "12 AM", 0},
    };
    static const char *const none[][2] = {
        {"yyyy-MM-dd", "2017-02-07 "},
        {"yyyy-MM-dd", "2017-02"},
        {"HH", "24"},
        {"hh a", "13 PM"},
        {"yyyy DDD", "2017 366"},
        {"MMM", "Foo"},
        {"'x'", "y"},
        {"HH Z", "10 0100"},
        {"HH Z", "10 +2500"},
        {"a", "xm"},
        {"ss.SSS", "01.1234"},
    };
    static const char *const problems[] = {"", "yyyy-MM-dd'T", "xx", "G", "yyyy-ww", "bbb"};
    int64_t us;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        us = -1;
        ck_assert_ptr_null(hive_time_pattern_problem(cases[i].pattern));
        ck_assert_msg(
            hive_time_by_pattern(cases[i].pattern, cases[i].text, strlen(cases[i].text), &us),
            "%s of %s", cases[i].text, cases[i].pattern);
        ck_assert_int_eq(us, cases[i].us);
    }
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        ck_assert_msg(!hive_time_by_pattern(none[i][0], none[i][1], strlen(none[i][1]), &us),
                      "%s of %s", none[i][1], none[i][0]);
    for (size_t i = 0; i < ARRAY_LEN(problems); i++)
        ck_assert_msg(hive_time_pattern_problem(problems[i]) != NULL, "%s", problems[i]);
}
END_TEST

/* --- scalars --- */

static bool read_scalar(const char *type, const char *text, struct hive_value *out)
{
    return hive_scalar_read(type_of(type), text, strlen(text), out);
}

START_TEST(integers)
{
    static const struct {
        const char *type;
        const char *text;
        int64_t value;
    } cases[] = {
        {"tinyint", "-128", -128},
        {"tinyint", "+127", 127},
        {"smallint", "32767", 32767},
        {"int", "-2147483648", INT32_MIN},
        {"int", "1e3", 1000},
        {"int", "12.00", 12},
        {"int", "1200e-2", 12},
        {"bigint", "9223372036854775807", INT64_MAX},
        {"bigint", "-9223372036854775808", INT64_MIN},
        {"bigint", "0e99999999", 0},
    };
    static const char *const none[][2] = {
        {"tinyint", "128"},    {"smallint", "-32769"},
        {"int", "2147483648"}, {"int", "1.5"},
        {"int", "oops"},       {"int", ""},
        {"int", "1e"},         {"int", "1x"},
        {"int", "--1"},        {"int", "."},
        {"int", " 1"},         {"bigint", "9223372036854775808"},
        {"bigint", "1e999"},   {"bigint", "99999999999999999999999999999999999999999"},
    };
    struct hive_value v;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ck_assert_msg(read_scalar(cases[i].type, cases[i].text, &v), "%s", cases[i].text);
        ck_assert_int_eq(v.integer, cases[i].value);
    }
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        ck_assert_msg(!read_scalar(none[i][0], none[i][1], &v), "%s", none[i][1]);
}
END_TEST

START_TEST(decimals)
{
    static const struct {
        const char *type;
        const char *text;
        int64_t value;
    } cases[] = {
        {"decimal(10,2)", "12.345", 1235}, {"decimal(10,2)", "-12.345", -1235},
        {"decimal(10,2)", "12.344", 1234}, {"decimal(10,2)", "0.004", 0},
        {"decimal(10,2)", ".005", 1},      {"decimal(10,2)", "1e2", 10000},
        {"decimal(10,2)", "1e-9999", 0},   {"decimal(3,0)", "999.4", 999},
        {"decimal(3,0)", "0.5", 1},
    };
    static const char *const none[][2] = {
        {"decimal(3,0)", "1000"}, {"decimal(3,0)", "999.5"}, {"decimal(3,2)", "10"},
        {"decimal(3,0)", "1e9"},  {"decimal(3,0)", "x"},
    };
    struct hive_value v;
    __int128 large = 1;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ck_assert_msg(read_scalar(cases[i].type, cases[i].text, &v), "%s", cases[i].text);
        ck_assert_int_eq((int64_t)v.decimal, cases[i].value);
    }
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        ck_assert_msg(!read_scalar(none[i][0], none[i][1], &v), "%s", none[i][1]);
    for (int i = 0; i < 38; i++)
        large *= 10;
    ck_assert(read_scalar("decimal(38,0)", "99999999999999999999999999999999999999", &v));
    ck_assert(v.decimal == large - 1);
    ck_assert(!read_scalar("decimal(38,0)", "99999999999999999999999999999999999999.5", &v));
}
END_TEST

START_TEST(other_scalars)
{
    struct hive_value v;

    ck_assert(read_scalar("boolean", "TRUE", &v) && v.boolean);
    ck_assert(read_scalar("boolean", "false", &v) && !v.boolean);
    ck_assert(!read_scalar("boolean", "1", &v));
    ck_assert(read_scalar("double", "1.5e300", &v) && v.real > 1.4e300);
    ck_assert(!read_scalar("double", "1e999", &v));
    ck_assert(!read_scalar("double", "0x10", &v));
    ck_assert(!read_scalar("double", "nan", &v));
    ck_assert(!read_scalar("float", "1e300", &v));
    ck_assert(read_scalar("varchar(3)", "größe", &v));
    ck_assert_mem_eq(v.text.data, "grö", v.text.len);
    ck_assert_uint_eq(v.text.len, 4);
    ck_assert(read_scalar("string", "größe", &v) && v.text.len == 7);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("firehose_hive");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, types);
    tcase_add_test(tc, no_types);
    tcase_add_test(tc, depth);
    tcase_add_test(tc, fields);
    tcase_add_test(tc, times_of_openx);
    tcase_add_test(tc, other_times);
    tcase_add_test(tc, patterns);
    tcase_add_test(tc, integers);
    tcase_add_test(tc, decimals);
    tcase_add_test(tc, other_scalars);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
