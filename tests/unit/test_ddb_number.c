#include "handlers/dynamodb/number.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct ddb_number number(const char *text)
{
    struct ddb_number n;

    ck_assert_msg(ddb_number_parse(text, strlen(text), &n) == DDB_NUMBER_OK, "%s", text);
    return n;
}

static const char *canonical(const char *text)
{
    static char out[DDB_NUMBER_TEXT_MAX];
    struct ddb_number n = number(text);

    ck_assert_uint_eq(ddb_number_format(&n, out), strlen(out));
    return out;
}

START_TEST(numbers_are_normalised)
{
    static const char *const cases[][2] = {
        {"1", "1"},
        {"1e3", "1000"},
        {"3.140", "3.14"},
        {"-0", "0"},
        {"+3", "3"},
        {".123", "0.123"},
        {"0001.23", "1.23"},
        {"0.000", "0"},
        {"-0.0e5", "0"},
        {"100", "100"},
        {"1E-3", "0.001"},
        {"12.5e1", "125"},
        {"12.5e-1", "1.25"},
        {"1.", "1"},
        {"-12.30", "-12.3"},
        {"0.0010", "0.001"},
        {"0e999999999999999", "0"},
        {"99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
        {"1000000000000000000000000000000000000000000",
         "1000000000000000000000000000000000000000000"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_str_eq(canonical(cases[i][0]), cases[i][1]);
    ck_assert_uint_eq(strlen(canonical("1e125")), 126);
    ck_assert_uint_eq(strlen(canonical("-1e-130")), 133);
    ck_assert_uint_eq(strlen(canonical("-1.2345678901234567890123456789012345678e-130")), 170);
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
    static const char *const cases[] = {"",     " 1",  "1 ",  "NaN",   "Infinity", "-",
                                        "+",    ".",   "e5",  "1e",    "1e+",      "1.2.3",
                                        "0x10", "1,5", "--1", "1e5.5", "1_000"};
    struct ddb_number n;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_msg(ddb_number_parse(cases[i], strlen(cases[i]), &n) == DDB_NUMBER_NOT_NUMERIC,
                      "'%s'", cases[i]);
}
END_TEST

START_TEST(limits_are_aws_s)
{
    static const struct {
        const char *text;
        enum ddb_number_status status;
    } cases[] = {
        {"9.9999999999999999999999999999999999999E+125", DDB_NUMBER_OK},
        {"1e126", DDB_NUMBER_OVERFLOW},
        {"-1e126", DDB_NUMBER_OVERFLOW},
        {"1e-130", DDB_NUMBER_OK},
        {"1e-131", DDB_NUMBER_UNDERFLOW},
        {"1.0e100000000", DDB_NUMBER_OVERFLOW},
        {"1.0e-99999999999999999999", DDB_NUMBER_UNDERFLOW},
        {"123456789012345678901234567890123456789", DDB_NUMBER_TOO_PRECISE},
        {"1.23456789012345678901234567890123456789", DDB_NUMBER_TOO_PRECISE},
        {"12345678901234567890123456789012345678", DDB_NUMBER_OK},
        {"123456789012345678901234567890123456780", DDB_NUMBER_OK},
    };
    struct ddb_number n;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_msg(ddb_number_parse(cases[i].text, strlen(cases[i].text), &n) == cases[i].status,
                      "%s", cases[i].text);
}
END_TEST

static const char *sum(const char *a, const char *b)
{
    static char out[DDB_NUMBER_TEXT_MAX];
    struct ddb_number x = number(a);
    struct ddb_number y = number(b);
    struct ddb_number back;

    ck_assert_int_eq(ddb_number_add(&x, &y, &x), DDB_NUMBER_OK);
    ddb_number_format(&x, out);
    ck_assert_int_eq(ddb_number_subtract(&x, &y, &back), DDB_NUMBER_OK);
    y = number(a);
    ck_assert_int_eq(ddb_number_compare(&back, &y), 0);
    return out;
}

START_TEST(arithmetic_is_exact)
{
    static const char *const cases[][3] = {
        {"1", "2", "3"},
        {"0.1", "0.2", "0.3"},
        {"1", "-1", "0"},
        {"-5", "3", "-2"},
        {"5", "-8", "-3"},
        {"999", "1", "1000"},
        {"0", "0", "0"},
        {"0", "-7.5", "-7.5"},
        {"1e20", "1", "100000000000000000001"},
        {"-1", "-2.50", "-3.5"},
        {"99999999999999999999999999999999999999", "-1", "99999999999999999999999999999999999998"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_str_eq(sum(cases[i][0], cases[i][1]), cases[i][2]);
}
END_TEST

START_TEST(inexact_results_are_refused)
{
    struct ddb_number a = number("1e50");
    struct ddb_number b = number("1");
    struct ddb_number top = number("9.9999999999999999999999999999999999999E+125");
    struct ddb_number out;

    ck_assert_int_eq(ddb_number_add(&a, &b, &out), DDB_NUMBER_TOO_PRECISE);
    ck_assert_int_eq(ddb_number_add(&top, &top, &out), DDB_NUMBER_OVERFLOW);
    a = number("1.1e-130");
    b = number("1e-130");
    ck_assert_int_eq(ddb_number_subtract(&a, &b, &out), DDB_NUMBER_UNDERFLOW);
}
END_TEST

/* In order: each below the next, as numbers and as keys. */
static const char *const ascending[] = {
    "-9.9999999999999999999999999999999999999E+125",
    "-1e100",
    "-1001",
    "-1000.5",
    "-1000",
    "-999",
    "-100",
    "-99.95",
    "-99.9",
    "-99",
    "-10",
    "-9.91",
    "-9.9",
    "-9",
    "-1.01",
    "-1.001",
    "-1",
    "-0.99",
    "-0.1",
    "-0.09",
    "-1e-130",
    "0",
    "1e-130",
    "1.1e-130",
    "0.001",
    "0.01",
    "0.1",
    "0.101",
    "0.11",
    "0.9",
    "1",
    "1.0001",
    "1.001",
    "1.01",
    "1.1",
    "2",
    "9",
    "9.9",
    "9.91",
    "10",
    "11",
    "99",
    "100",
    "101",
    "1000",
    "1e38",
    "1.5e38",
    "1e125",
};

START_TEST(keys_sort_like_numbers)
{
    for (size_t i = 0; i < ARRAY_LEN(ascending); i++) {
        for (size_t k = 0; k < ARRAY_LEN(ascending); k++) {
            struct ddb_number a = number(ascending[i]);
            struct ddb_number b = number(ascending[k]);
            uint8_t x[DDB_NUMBER_KEY_MAX] = {0};
            uint8_t y[DDB_NUMBER_KEY_MAX] = {0};
            size_t x_len = ddb_number_key(&a, x);
            size_t y_len = ddb_number_key(&b, y);
            int order = memcmp(x, y, MIN(x_len, y_len));
            if (order == 0)
                order = (x_len > y_len) - (x_len < y_len);
            int expected = (i > k) - (i < k);
            ck_assert_msg((order > 0) - (order < 0) == expected, "%s %s", ascending[i],
                          ascending[k]);
            order = ddb_number_compare(&a, &b);
            ck_assert_msg((order > 0) - (order < 0) == expected, "%s %s", ascending[i],
                          ascending[k]);
        }
    }
}
END_TEST

START_TEST(sizes_are_aws_s)
{
    static const struct {
        const char *text;
        size_t size;
    } cases[] = {{"0", 1},
                 {"1", 2},
                 {"10", 2},
                 {"12", 2},
                 {"123", 3},
                 {"-123", 4},
                 {"1234", 3},
                 {"12.34", 3},
                 {"123.4", 4},
                 {"99999999999999999999999999999999999999", 20},
                 {"-9999999999999999999999999999999999999.9", 21}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ddb_number n = number(cases[i].text);
        ck_assert_msg(ddb_number_size(&n) == cases[i].size, "%s: %zu", cases[i].text,
                      ddb_number_size(&n));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ddb_number");
    TCase *tests = tcase_create("all");

    tcase_add_test(tests, numbers_are_normalised);
    tcase_add_test(tests, what_is_no_number_is_refused);
    tcase_add_test(tests, limits_are_aws_s);
    tcase_add_test(tests, arithmetic_is_exact);
    tcase_add_test(tests, inexact_results_are_refused);
    tcase_add_test(tests, keys_sort_like_numbers);
    tcase_add_test(tests, sizes_are_aws_s);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
