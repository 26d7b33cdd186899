/* Filter patterns of CloudWatch Logs: what matches, what doesn't, what is none. */
#include "handlers/logs/filter_pattern.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena a;

static void setup(void)
{
    arena_init(&a);
}

static void teardown(void)
{
    arena_release(&a);
}

static bool matches(const char *pattern, const char *message)
{
    struct filter_pattern *p = filter_pattern_compile(&a, pattern);

    ck_assert_msg(p != NULL, "no pattern: %s", pattern);
    return filter_pattern_matches(p, message, strlen(message), &a);
}

static void check_rows(const char *const rows[][3], size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(matches(rows[i][0], rows[i][1]) == (rows[i][2][0] == '+'), "%s on %s",
                      rows[i][0], rows[i][1]);
}

START_TEST(terms)
{
    static const char *const rows[][3] = {
        {"", "anything", "+"},
        {"ERROR", "[ERROR 400] BAD REQUEST", "+"},
        {"ERROR", "[error 400]", "-"},
        {"ERROR ARGUMENTS", "ERROR MISSING ARGUMENTS", "+"},
        {"ERROR ARGUMENTS", "ERROR 400", "-"},
        {"?ERROR ?WARN", "WARN: hot", "+"},
        {"?ERROR ?WARN", "INFO: cold", "-"},
        {"?ERROR INFO", "INFO: cold", "+"},
        {"ERROR -EXITING", "ERROR EXITING", "-"},
        {"ERROR -EXITING", "ERROR GOING", "+"},
        {"-x", "y", "+"},
        {"\"INTERNAL SERVER\"", "500 INTERNAL SERVER ERROR", "+"},
        {"\"say \\\"a\\\"\"", "they say \"a\" and b", "+"},
        {"-\"a b\" ?c", "a  b c", "+"},
        {"%4\\d\\d%", "status 404", "+"},
        {"%^4\\d\\d%", "status 404", "-"},
        {"?%x+% ?yy", "axx", "+"},
        {"\xc3\xbc", "f\xc3\xbcr", "+"},
    };

    check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(json)
{
    static const char M[] =
        "{\"type\": \"UpdateTrail\", \"ip\": \"10.0.0.1\", \"n\": 4, \"f\": 1.5e1,"
        " \"ok\": true, \"no\": false, \"nil\": null, \"list\": [1, \"two\", "
        "{\"deep\": \"x\"}], \"o\": {\"a.b\": 7, \"q\": \"\\u0041\"}}";
    static const char *const rows[][3] = {
        {"{ $.type = \"UpdateTrail\" }", M, "+"},
        {"{$.type=UpdateTrail}", M, "+"},
        {"{ $.type = \"update*\" }", M, "-"},
        {"{ $.type = \"Upd*l\" }", M, "+"},
        {"{ $.type != \"Other\" }", M, "+"},
        {"{ $.gone != \"Other\" }", M, "-"},
        {"{ $.ip = %^10\\.% }", M, "+"},
        {"{ $.n = 4 }", M, "+"},
        {"{ $.n = 4.0 }", M, "+"},
        {"{ $.n > 4 }", M, "-"},
        {"{ $.n >= 4 && $.f < 16 }", M, "+"},
        {"{ $.type > 1 }", M, "-"},
        {"{ $.ok IS TRUE }", M, "+"},
        {"{ $.no IS TRUE }", M, "-"},
        {"{ $.no IS FALSE }", M, "+"},
        {"{ $.nil IS NULL }", M, "+"},
        {"{ $.gone IS NULL }", M, "-"},
        {"{ $.gone NOT EXISTS }", M, "+"},
        {"{ $.n NOT EXISTS }", M, "-"},
        {"{ $.list[0] = 1 }", M, "+"},
        {"{ $.list[1] = two }", M, "+"},
        {"{ $.list[2].deep = x }", M, "+"},
        {"{ $.list[*] = two }", M, "+"},
        {"{ $.list[9] = two }", M, "-"},
        {"{ $.o[\"a.b\"] = 7 }", M, "+"},
        {"{ $.o.q = A }", M, "+"},
        {"{ $.o.* = 7 }", M, "+"},
        {"{ ($.n = 1) || ($.n = 4 && $.ok IS TRUE) }", M, "+"},
        {"{ ($.n = 1 || $.n = 4) && $.ok IS FALSE }", M, "-"},
        {"{ $.n = 1 || $.n = 4 && $.ok IS FALSE }", M, "-"},
        {"{ $.a = 1 }", "no json", "-"},
        {"{ $.a NOT EXISTS }", "no json", "-"},
        {"{ $.a = 1 }", "{\"a\": 1} trailing", "-"},
        {"{ $[0] = 1 }", "[1]", "-"},
    };

    check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(columns)
{
    static const char M[] =
        "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534";
    static const char *const rows[][3] = {
        {"[ip, id, user, time, request, status, size]", M, "+"},
        {"[ip, id, user, time, request, status]", M, "-"},
        {"[ip, id, user, time, request, status = 4*, size > 1000]", M, "+"},
        {"[ip, id, user, time, request, status = 200, size]", M, "-"},
        {"[ip, id, user = frank, ..., status = 404, size]", M, "+"},
        {"[..., size = 1534]", M, "+"},
        {"[..., size < 1000 || size = 15*]", M, "+"},
        {"[ip = 127.*, ...]", M, "+"},
        {"[ip, id, user, time, request = \"*html*\", ...]", M, "+"},
        {"[ip, id, user, time, request = %^GET%, status, size != 1534]", M, "-"},
        {"[a, b, ..., c]", "x y", "-"},
        {"[w = a && w != b]", "a", "+"},
    };

    check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(what_is_no_pattern)
{
    static const char *const bad[] = {
        "\"open",
        "a-b",
        "ERROR:",
        "?",
        "-",
        "%(%",
        "%open",
        "{",
        "{}",
        "{ $.a }",
        "{ a = 1 }",
        "{ $.a = }",
        "{ $.a = 1 } x",
        "{ ($.a = 1 }",
        "{ $.a[ = 1 }",
        "{ $.a[x] = 1 }",
        "{ $. = 1 }",
        "{ $.a NOT }",
        "[",
        "[a",
        "[a = ]",
        "[a, ..., b, ...]",
        "[a] x",
        "[a = 1 &&]",
    };
    char deep[256] = "{";

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!filter_pattern_compile(&a, bad[i]), "taken: %s", bad[i]);
    memset(deep + 1, '(', 200);
    ck_assert_ptr_null(filter_pattern_compile(&a, deep));
}
END_TEST

START_TEST(expensive_expressions_give_up)
{
    char text[64];

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    ck_assert(!matches("%(a+)+$b%", text));
    ck_assert(!matches("{ $.x = \"*a*a*a*a*a*a*a*b\" }",
                       "{\"x\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("filter_pattern");
    TCase *c = tcase_create("filter_pattern");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, terms);
    tcase_add_test(c, json);
    tcase_add_test(c, columns);
    tcase_add_test(c, what_is_no_pattern);
    tcase_add_test(c, expensive_expressions_give_up);
    suite_add_tcase(s, c);
    return run_suite(s);
}
