/* S3 Select: queries over rows, readers and writers. */
#include "handlers/s3/select_input.h"
#include "handlers/s3/select_output.h"
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

/* Gives three bytes at a time, so that every boundary falls inside something. */
static ssize_t drip(void *context, void *out, size_t max)
{
    const char **text = context;
    size_t len = MIN(MIN(strlen(*text), max), 3);

    memcpy(out, *text, len);
    *text += len;
    return (ssize_t)len;
}

struct formats {
    struct s3_InputSerialization in;
    struct s3_OutputSerialization out;
};

static const char *run(const struct formats *f, const char *sql, const char *data)
{
    struct strbuf b = STRBUF_INIT(1 << 20);
    struct select_error error = {0};
    struct select_query *q = select_parse(&arena, sql, &error);
    struct select_input *in;
    struct select_result result;
    struct select_row row;
    const char *text;
    enum select_outcome outcome = SELECT_SKIP;
    int rc = 0;

    if (!q)
        return error.code;
    in = select_input_new(&f->in, select_from_path(q), (struct select_source){drip, &data}, &error);
    if (!in)
        return error.code;
    while (outcome != SELECT_DONE && (rc = select_input_next(in, &arena, &row, &error)) > 0) {
        outcome = select_row(q, &arena, &row, &result, &error);
        if (outcome == SELECT_FAULT)
            break;
        if (outcome == SELECT_RESULT)
            select_output_write(&b, &arena, &f->out, q, &row, &result);
    }
    if (!error.code && select_finish(q, &arena, &result, &error) == SELECT_RESULT)
        select_output_write(&b, &arena, &f->out, q, &row, &result);
    text = error.code ? error.code : arena_strndup(&arena, b.len ? b.data : "", b.len);
    strbuf_release(&b);
    select_input_free(in);
    return text;
}

static struct s3_CSVInput with_header = {.FileHeaderInfo = "USE"};
static struct s3_CSVInput plain = {0};
static struct s3_CSVOutput csv_out = {0};
static struct s3_JSONInput lines = {.Type = "LINES"};
static struct s3_JSONInput document = {.Type = "DOCUMENT"};
static struct s3_JSONOutput json_out = {0};

static const struct formats csv = {{.CSV = &with_header}, {.CSV = &csv_out}};
static const struct formats bare = {{.CSV = &plain}, {.CSV = &csv_out}};
static const struct formats csv_to_json = {{.CSV = &with_header}, {.JSON = &json_out}};
static const struct formats json = {{.JSON = &lines}, {.JSON = &json_out}};
static const struct formats docs = {{.JSON = &document}, {.JSON = &json_out}};

static const char people[] = "name,age,city\nanna,30,Berlin\nbert,4,\"New \"\"York\"\", NY\"\n"
                             "cleo,25,\n";

START_TEST(columns_rows_and_limits)
{
    ck_assert_str_eq(run(&csv, "SELECT * FROM S3Object", people),
                     "anna,30,Berlin\nbert,4,\"New \"\"York\"\", NY\"\ncleo,25,\n");
    ck_assert_str_eq(run(&csv, "select s.name from s3object s limit 2", people), "anna\nbert\n");
    ck_assert_str_eq(run(&csv, "SELECT s.\"name\", _2 FROM S3Object s WHERE s.age > 20", people),
                     "anna,30\ncleo,25\n");
    ck_assert_str_eq(run(&csv, "SELECT name FROM S3Object WHERE city IS NULL", people), "cleo\n");
    ck_assert_str_eq(run(&bare, "SELECT _3, _1 FROM S3Object LIMIT 1", people), "city,name\n");
    ck_assert_str_eq(
        run(&csv_to_json, "SELECT name, CAST(age AS INT) AS a FROM S3Object LIMIT 1", people),
        "{\"name\":\"anna\",\"a\":30}\n");
    ck_assert_str_eq(run(&csv_to_json, "SELECT * FROM S3Object LIMIT 1", people),
                     "{\"name\":\"anna\",\"age\":\"30\",\"city\":\"Berlin\"}\n");
    ck_assert_str_eq(run(&csv, "SELECT name FROM S3Object LIMIT 0", people), "");
}
END_TEST

START_TEST(conditions)
{
    ck_assert_str_eq(
        run(&csv, "SELECT name FROM S3Object WHERE name LIKE '%e%' AND age < 10", people),
        "bert\n");
    ck_assert_str_eq(
        run(&csv, "SELECT name FROM S3Object WHERE NOT (age BETWEEN 5 AND 30)", people), "bert\n");
    ck_assert_str_eq(run(&csv, "SELECT name FROM S3Object WHERE age IN (4, 25)", people),
                     "bert\ncleo\n");
    ck_assert_str_eq(run(&csv, "SELECT name FROM S3Object WHERE age NOT IN (4, 25)", people),
                     "anna\n");
    ck_assert_str_eq(
        run(&csv, "SELECT name FROM S3Object WHERE name LIKE 'a\\_%' ESCAPE '\\'", people), "");
    ck_assert_str_eq(run(&csv, "SELECT name FROM S3Object WHERE nothing = 1", people),
                     "MissingHeaders");
}
END_TEST

START_TEST(a_field_takes_the_type_of_what_it_is_compared_with)
{
    static const char events[] = "at,on\n2020-01-01T00:00Z,true\n2021-01-01T00:00Z,false\n";

    ck_assert_str_eq(
        run(&csv, "SELECT at FROM S3Object WHERE at > CAST('2020-06-01T' AS TIMESTAMP)", events),
        "2021-01-01T00:00Z\n");
    ck_assert_str_eq(
        run(&csv, "SELECT at FROM S3Object WHERE CAST('2020-06-01T' AS TIMESTAMP) > at", events),
        "2020-01-01T00:00Z\n");
    ck_assert_str_eq(run(&csv, "SELECT at FROM S3Object WHERE on = TRUE", events),
                     "2020-01-01T00:00Z\n");
    ck_assert_str_eq(run(&csv, "SELECT at FROM S3Object WHERE FALSE = on", events),
                     "2021-01-01T00:00Z\n");
}
END_TEST

START_TEST(expressions_and_functions)
{
    static const char one[] = "x\n7\n";

    ck_assert_str_eq(run(&csv, "SELECT x + 1, x * 2, x / 2, x % 4, -x, x / 2.0 FROM S3Object", one),
                     "8,14,3,3,-7,3.5\n");
    ck_assert_str_eq(run(&csv, "SELECT 1 + 2 * 3 - (4 - 1) FROM S3Object", one), "4\n");
    ck_assert_str_eq(run(&csv, "SELECT 'a' || 'b' || x FROM S3Object", one), "ab7\n");
    ck_assert_str_eq(
        run(&csv,
            "SELECT CASE WHEN x > 5 THEN 'big' ELSE 'small' END, CASE x WHEN 7 THEN 1 END "
            "FROM S3Object",
            one),
        "big,1\n");
    ck_assert_str_eq(run(&csv,
                         "SELECT COALESCE(NULL, x), NULLIF(x, 7), CHAR_LENGTH('h\xC3\xA9'), "
                         "UPPER('ab'), LOWER('AB') FROM S3Object",
                         one),
                     "7,,2,AB,ab\n");
    ck_assert_str_eq(run(&csv,
                         "SELECT SUBSTRING('123456789', 0, 3), SUBSTRING('123456789' FROM 2 "
                         "FOR 3), SUBSTRING('123', 2), TRIM('  a '), TRIM(LEADING '0' FROM "
                         "'0010') FROM S3Object",
                         one),
                     "12,234,23,a,10\n");
    ck_assert_str_eq(
        run(&csv,
            "SELECT DATE_ADD(month, 1, CAST('2017-01-31' AS TIMESTAMP)), DATE_DIFF(day, "
            "TO_TIMESTAMP('2017-01-01T'), TO_TIMESTAMP('2017-02-01T')), EXTRACT(YEAR FROM "
            "CAST('2010-01-01T10:20Z' AS TIMESTAMP)), TO_STRING(CAST('1969-07-20T20:18Z' AS "
            "TIMESTAMP), 'MMMM d, y h:m a') FROM S3Object",
            one),
        "2017-03-01T00:00:00Z,31,2010,\"July 20, 1969 8:18 PM\"\n");
    ck_assert_str_eq(run(&csv, "SELECT x / 0 FROM S3Object", one), "EvaluatorDivideByZero");
    ck_assert_str_eq(run(&csv, "SELECT CAST('a' AS INT) FROM S3Object", one), "CastFailed");
}
END_TEST

START_TEST(aggregates)
{
    ck_assert_str_eq(run(&csv,
                         "SELECT COUNT(*), SUM(age), AVG(age), MIN(age), MAX(age) FROM "
                         "S3Object",
                         people),
                     "3,59,19.666666666666668,4,30\n");
    ck_assert_str_eq(run(&csv, "SELECT COUNT(*) + 1 AS n FROM S3Object WHERE age > 100", people),
                     "1\n");
    ck_assert_str_eq(
        run(&csv_to_json, "SELECT SUM(age) total FROM S3Object WHERE age > 100", people),
        "{\"total\":null}\n");
    ck_assert_str_eq(run(&csv, "SELECT SUM(SUM(age)) FROM S3Object", people),
                     "UnsupportedSqlStructure");
}
END_TEST

START_TEST(json_rows)
{
    static const char rows[] = "{\"a\":{\"b\":[1,2]},\"s\":\"x\"}\n{\"a\":5,\"S\":null}\n";
    static const char book[] = "{\"rules\":[{\"id\":1,\"ok\":true},{\"id\":2}],\n \"n\":\"}\"}";

    ck_assert_str_eq(run(&json, "SELECT s.a.b[1] AS v, s.s FROM S3Object[*] s", rows),
                     "{\"v\":2,\"s\":\"x\"}\n{\"s\":null}\n");
    ck_assert_str_eq(run(&json, "SELECT * FROM S3Object WHERE a = 5", rows),
                     "{\"a\":5,\"S\":null}\n");
    ck_assert_str_eq(run(&json, "SELECT a FROM S3Object s WHERE s.a.b IS NOT MISSING", rows),
                     "{\"a\":{\"b\":[1,2]}}\n");
    ck_assert_str_eq(run(&docs, "SELECT r.id FROM S3Object[*].rules[*] r WHERE r.ok", book),
                     "{\"id\":1}\n");
    ck_assert_str_eq(run(&docs, "SELECT s.n FROM S3Object s", book), "{\"n\":\"}\"}\n");
    ck_assert_str_eq(run(&json, "SELECT * FROM S3Object", "{\"a\":}\n"), "JSONParsingError");
}
END_TEST

START_TEST(what_is_no_query)
{
    ck_assert_str_eq(run(&csv, "SELECT", people), "ParseUnexpectedToken");
    ck_assert_str_eq(run(&csv, "SELECT 1", people), "ParseSelectMissingFrom");
    ck_assert_str_eq(run(&csv, "SELECT * FROM other", people), "InvalidDataSource");
    ck_assert_str_eq(run(&csv, "SELECT F(1) FROM S3Object", people), "UnsupportedFunction");
    ck_assert_str_eq(run(&csv, "SELECT * FROM S3Object ORDER BY 1", people), "UnsupportedSyntax");
    ck_assert_str_eq(run(&csv, "SELECT 'a FROM S3Object", people), "LexerInvalidLiteral");
    ck_assert_str_eq(run(&csv, "SELECT ? FROM S3Object", people), "LexerInvalidChar");
    ck_assert_str_eq(run(&csv, "SELECT * FROM S3Object LIMIT x", people), "ParseExpectedNumber");
}
END_TEST

START_TEST(deep_queries_are_refused)
{
    struct strbuf b = STRBUF_INIT(1 << 20);

    strbuf_add_text(&b, "SELECT 1");
    for (int i = 0; i < 60000; i++)
        strbuf_add_text(&b, "+1");
    strbuf_add_text(&b, " FROM S3Object");
    ck_assert_str_eq(run(&csv, b.data, people), "ExpressionTooLong");
    strbuf_clear(&b);
    strbuf_add_text(&b, "SELECT ");
    for (int i = 0; i < 60000; i++)
        strbuf_add_char(&b, '(');
    ck_assert_str_eq(run(&csv, b.data, people), "ExpressionTooLong");
    strbuf_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("s3_select");
    TCase *t = tcase_create("select");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, columns_rows_and_limits);
    tcase_add_test(t, conditions);
    tcase_add_test(t, a_field_takes_the_type_of_what_it_is_compared_with);
    tcase_add_test(t, expressions_and_functions);
    tcase_add_test(t, aggregates);
    tcase_add_test(t, json_rows);
    tcase_add_test(t, what_is_no_query);
    tcase_add_test(t, deep_queries_are_refused);
    suite_add_tcase(s, t);
    return run_suite(s);
}
