/* CSV of imports: records and fields, whatever the pieces. */
#include "handlers/dynamodb/csv.h"
#include "tests/unit/run_suite.h"

#include <check.h>

/* All records, fields joined by '|', records by '/', "!" before a damaged one. */
static char *records(const char *text, char delimiter, size_t max)
{
    static char out[1024];
    struct strbuf all = STRBUF_INIT(sizeof(out) - 1);
    struct csv c;
    size_t len = strlen(text);

    csv_init(&c, delimiter, max);
    for (size_t i = 0; i <= len; i++) {
        if (!(i < len ? csv_add(&c, text[i]) : csv_end(&c)))
            continue;
        if (all.len > 0)
            strbuf_add_char(&all, '/');
        if (c.damaged)
            strbuf_add_char(&all, '!');
        for (size_t k = 0; k < c.count && !c.damaged; k++) {
            if (k > 0)
                strbuf_add_char(&all, '|');
            strbuf_add(&all, csv_field(&c, k), c.fields[k].len);
        }
    }
    snprintf(out, sizeof(out), "%s", all.data != NULL ? all.data : "");
    strbuf_release(&all);
    csv_release(&c);
    return out;
}

START_TEST(plain_and_quoted)
{
    ck_assert_str_eq(records("a,b\nc,d\n", ',', 100), "a|b/c|d");
    ck_assert_str_eq(records("a,b\r\nc,\r\n,\r\n", ',', 100), "a|b/c|/|");
    ck_assert_str_eq(records("a;\"b;c\";\"d\"\"e\"", ';', 100), "a|b;c|d\"e");
    ck_assert_str_eq(records("\"two\nlines\",x\r\n\"\"\r\n", ',', 100), "two\nlines|x/");
    ck_assert_str_eq(records("\n\r\n\na\n\n", ',', 100), "a");
    ck_assert_str_eq(records("a\"b,c", ',', 100), "a\"b|c");
    ck_assert_str_eq(records("", ',', 100), "");
}
END_TEST

START_TEST(damaged)
{
    ck_assert_str_eq(records("\"a\"b,c\nd\n", ',', 100), "!/d");
    ck_assert_str_eq(records("a\n\"open", ',', 100), "a/!");
    ck_assert_str_eq(records("too long for it\nok\n", ',', 8), "!/ok");
}
END_TEST

START_TEST(too_many_fields)
{
    char text[CSV_FIELDS_MAX + 3];

    memset(text, ',', sizeof(text));
    text[sizeof(text) - 2] = '\n';
    text[sizeof(text) - 1] = '\0';
    ck_assert_str_eq(records(text, ',', 100000), "!");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ddb_csv");
    TCase *t = tcase_create("csv");

    tcase_add_test(t, plain_and_quoted);
    tcase_add_test(t, damaged);
    tcase_add_test(t, too_many_fields);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
