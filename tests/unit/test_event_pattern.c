/* Event patterns: what matches, what doesn't, and what is refused in which words. */
#include "handlers/common/event_pattern.h"
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

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

struct row {
    const char *pattern;
    const char *event;
    bool match;
};

static void check_rows(const struct row *rows, size_t count)
{
    struct event_pattern_problem problem = {0};

    for (size_t i = 0; i < count; i++) {
        const struct event_pattern *p =
            event_pattern_compile(&a, bytes_of(rows[i].pattern), NULL, &problem);

        ck_assert_msg(p != NULL, "%s: %s", rows[i].pattern, problem.text);
        ck_assert_msg(event_pattern_matches(p, bytes_of(rows[i].event), &a) == rows[i].match,
                      "%s on %s", rows[i].pattern, rows[i].event);
    }
}

START_TEST(plain_values)
{
    static const struct row rows[] = {
        {"{\"a\":[\"x\"]}", "{\"a\":\"x\"}", true},
        {"{\"a\":[\"x\"]}", "{\"a\":\"X\"}", false},
        {"{\"a\":[\"x\",\"y\"]}", "{\"a\":\"y\"}", true},
        {"{\"a\":[\"x\"]}", "{\"b\":\"x\"}", false},
        {"{\"a\":[\"x\"],\"b\":[\"y\"]}", "{\"a\":\"x\",\"b\":\"y\"}", true},
        {"{\"a\":[\"x\"],\"b\":[\"y\"]}", "{\"a\":\"x\"}", false},
        {"{\"a\":[\"x\"]}", "{\"a\":[\"w\",\"x\"]}", true},
        {"{\"a\":[1]}", "{\"a\":1}", true},
        {"{\"a\":[1]}", "{\"a\":1.0}", true},
        {"{\"a\":[300]}", "{\"a\":3.0e2}", true},
        {"{\"a\":[1]}", "{\"a\":\"1\"}", false},
        {"{\"a\":[\"1\"]}", "{\"a\":1}", false},
        {"{\"a\":[123456789012345678901]}", "{\"a\":123456789012345678901}", true},
        {"{\"a\":[123456789012345678901]}", "{\"a\":123456789012345678902}", false},
        {"{\"a\":[true]}", "{\"a\":true}", true},
        {"{\"a\":[true]}", "{\"a\":\"true\"}", false},
        {"{\"a\":[\"true\"]}", "{\"a\":true}", false},
        {"{\"a\":[null]}", "{\"a\":null}", true},
        {"{\"a\":[null]}", "{}", false},
        {"{\"a\":[\"\"]}", "{\"a\":\"\"}", true},
        {"{\"a\":[\"\\u00e9\"]}", "{\"a\":\"\xc3\xa9\"}", true},
        {"{\"a\":[\"x\"],\"a\":[\"y\"]}", "{\"a\":\"x\"}", false},
        {"{\"a\":[\"x\"]}", "[]", false},
        {"{\"a\":[\"x\"]}", "{\"a\":\"x\"", false},
        {"{\"a\":[\"x\"]}", "no json", false},
    };
    check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(paths)
{
    static const struct row rows[] = {
        {"{\"a\":{\"b\":[\"x\"]}}", "{\"a\":{\"b\":\"x\"}}", true},
        {"{\"a\":{\"b\":[\"x\"]}}", "{\"a\":\"x\"}", false},
        {"{\"a\":[\"x\"]}", "{\"a\":{\"a\":\"x\"}}", false},
        {"{\"a.b\":[\"x\"]}", "{\"a\":{\"b\":\"x\"}}", true},
        {"{\"a\":{\"b\":[\"x\"]}}", "{\"a.b\":\"x\"}", true},
        {"{\"a\":{\"b.c\":[\"x\"]}}", "{\"a.b\":{\"c\":\"x\"}}", true},
        {"{\"ab\":[\"x\"]}", "{\"a\":{\"b\":\"x\"}}", false},
        {"{\"a\":{\"b\":[1],\"c\":[2]}}", "{\"a\":[{\"b\":1,\"c\":2}]}", true},
        {"{\"a\":{\"b\":[1],\"c\":[2]}}", "{\"a\":[{\"b\":1,\"c\":3},{\"b\":3,\"c\":2}]}", false},
        {"{\"a\":{\"b\":[1],\"c\":[2]}}", "{\"a\":[{\"b\":3},{\"b\":1,\"c\":2}]}", true},
        {"{\"a\":{\"b\":[1],\"c\":[2]},\"d\":[3]}", "{\"d\":3,\"a\":[[{\"b\":1,\"c\":2}]]}", true},
        {"{\"a\":{\"b\":[1]},\"c\":{\"d\":[2]}}", "{\"a\":[{},{\"b\":1}],\"c\":[{\"d\":2},{}]}",
         true},
    };
    check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(string_operators)
{
    static const struct row rows[] = {
        {"{\"a\":[{\"prefix\":\"ab\"}]}", "{\"a\":\"abc\"}", true},
        {"{\"a\":[{\"prefix\":\"ab\"}]}", "{\"a\":\"a\"}", false},
        {"{\"a\":[{\"prefix\":\"\"}]}", "{\"a\":\"a\"}", true},
        {"{\"a\":[{\"prefix\":\"1\"}]}", "{\"a\":12}", false},
        {"{\"a\":[{\"prefix\":{\"equals-ignore-case\":\"aB\"}}]}", "{\"a\":\"Abc\"}", true},
        {"{\"a\":[{\"suffix\":\"bc\"}]}", "{\"a\":\"abc\"}", true},
        {"{\"a\":[{\"suffix\":\"bc\"}]}", "{\"a\":\"abd\"}", false},
        {"{\"a\":[{\"suffix\":{\"equals-ignore-case\":\".PNG\"}}]}", "{\"a\":\"x.png\"}", true},
        {"{\"a\":[{\"suffix\":{\"equals-ignore-case\":\".PNG\"}}]}", "{\"a\":\"x.jpg\"}", false},
        {"{\"a\":[{\"equals-ignore-case\":\"\xc3\x84pfel\"}]}", "{\"a\":\"\xc3\xa4PFEL\"}", true},
        {"{\"a\":[{\"equals-ignore-case\":\"ab\"}]}", "{\"a\":\"abc\"}", false},
        {"{\"a\":[{\"exactly\":\"ab\"}]}", "{\"a\":\"ab\"}", true},
        {"{\"a\":[{\"wildcard\":\"*.png\"}]}", "{\"a\":\"dir/x.png\"}", true},
        {"{\"a\":[{\"wildcard\":\"a*b*c\"}]}", "{\"a\":\"axxbxbyc\"}", true},
        {"{\"a\":[{\"wildcard\":\"a*b*c\"}]}", "{\"a\":\"axxbxby\"}", false},
        {"{\"a\":[{\"wildcard\":\"a\\\\*b\"}]}", "{\"a\":\"a*b\"}", true},
        {"{\"a\":[{\"wildcard\":\"a\\\\*b\"}]}", "{\"a\":\"axb\"}", false},
        {"{\"a\":[{\"wildcard\":\"*\"}]}", "{\"a\":\"\"}", true},
        {"{\"a\":[{\"wildcard\":\"*\"}]}", "{\"a\":1}", false},
    };
    check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(anything_but)
{
    static const struct row rows[] = {
        {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":\"y\"}", true},
        {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":\"x\"}", false},
        {"{\"a\":[{\"anything-but\":\"x\"}]}", "{}", false},
        {"{\"a\":[{\"anything-but\":[\"x\",\"y\"]}]}", "{\"a\":\"y\"}", false},
        {"{\"a\":[{\"anything-but\":[1,2]}]}", "{\"a\":2.0}", false},
        {"{\"a\":[{\"anything-but\":[1,2]}]}", "{\"a\":3}", true},
        {"{\"a\":[{\"anything-but\":1}]}", "{\"a\":\"1\"}", true},
        {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":null}", true},
        {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":[\"x\",\"y\"]}", true},
        {"{\"a\":[{\"anything-but\":{\"prefix\":\"x\"}}]}", "{\"a\":\"xy\"}", false},
        {"{\"a\":[{\"anything-but\":{\"prefix\":[\"x\",\"y\"]}}]}", "{\"a\":\"zx\"}", true},
        {"{\"a\":[{\"anything-but\":{\"suffix\":[\"x\",\"y\"]}}]}", "{\"a\":\"zy\"}", false},
        {"{\"a\":[{\"anything-but\":{\"equals-ignore-case\":[\"X\"]}}]}", "{\"a\":\"x\"}", false},
        {"{\"a\":[{\"anything-but\":{\"wildcard\":\"*/lib/*\"}}]}", "{\"a\":\"/lib/x\"}", false},
        {"{\"a\":[{\"anything-but\":{\"wildcard\":\"*/lib/*\"}}]}", "{\"a\":\"/bin/x\"}", true},
    };
    check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(other_operators)
{
    static const struct row rows[] = {
        {"{\"a\":[{\"numeric\":[\">\",1]}]}", "{\"a\":1}", false},
        {"{\"a\":[{\"numeric\":[\">\",1]}]}", "{\"a\":1.5}", true},
        {"{\"a\":[{\"numeric\":[\">=\",1,\"<\",2]}]}", "{\"a\":1}", true},
        {"{\"a\":[{\"numeric\":[\">=\",1,\"<\",2]}]}", "{\"a\":2}", false},
        {"{\"a\":[{\"numeric\":[\"<=\",-1]}]}", "{\"a\":-1}", true},
        {"{\"a\":[{\"numeric\":[\"=\",3.018e2]}]}", "{\"a\":301.8}", true},
        {"{\"a\":[{\"numeric\":[\">\",1]}]}", "{\"a\":\"2\"}", false},
        {"{\"a\":[{\"exists\":true}]}", "{\"a\":null}", true},
        {"{\"a\":[{\"exists\":true}]}", "{\"a\":{\"b\":1}}", false},
        {"{\"a\":[{\"exists\":true}]}", "{\"a\":[]}", false},
        {"{\"a\":[{\"exists\":false}]}", "{\"b\":1}", true},
        {"{\"a\":[{\"exists\":false}]}", "{\"a\":0}", false},
        {"{\"a\":[{\"exists\":false},\"x\"]}", "{\"a\":\"x\"}", true},
        {"{\"a\":{\"b\":[{\"exists\":false}],\"c\":[2]}}", "{\"a\":[{\"b\":1},{\"c\":2}]}", false},
        {"{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":\"10.0.0.255\"}", true},
        {"{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":\"10.0.1.0\"}", false},
        {"{\"a\":[{\"cidr\":\"10.0.0.0/23\"}]}", "{\"a\":\"10.0.1.0\"}", true},
        {"{\"a\":[{\"cidr\":\"2001:db8::/32\"}]}", "{\"a\":\"2001:0db8:0::1\"}", true},
        {"{\"a\":[{\"cidr\":\"0.0.0.0/0\"}]}", "{\"a\":\"no address\"}", false},
        {"{\"a\":[\"2001:db8::1\"]}", "{\"a\":\"2001:db8:0:0:0:0:0:1\"}", true},
        {"{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"b\":2}", true},
        {"{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"b\":1}", false},
        {"{\"c\":[3],\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"b\":2}", false},
        {"{\"c\":[3],\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"b\":2,\"c\":3}", true},
        {"{\"d\":{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}}", "{\"d\":{\"b\":2}}", true},
        {"{\"$or\":[{\"a\":[1]},{\"$or\":[{\"b\":[2]},{\"c\":[3]}]}]}", "{\"c\":3}", true},
    };
    check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

/* Recorded against AWS, or read in the source of Event Ruler. `column` 0: no place is told. */
static const struct refused {
    const char *pattern;
    const char *text;
    int column;
} refused[] = {
    {"[1]", "Filter is not an object", 2},
    {"{}", "Empty objects are not allowed", 3},
    {"{\"key\":[]}", "Empty arrays are not allowed", 10},
    {"{\"key\":\"x\"}", "\"key\" must be an object or an array", 9},
    {"{\"key\":{\"suffix\":\"value\"}}", "\"suffix\" must be an object or an array", 19},
    {"{\"key\":[[\"value\"]]}", "Match value must be String, number, true, false, or null", 10},
    {"{\"key\":[{\"wrong-operator\":true}]}", "Unrecognized match type wrong-operator", 31},
    {"{\"key\":[{\"suffix\":100}]}", "suffix match pattern must be a string", 22},
    {"{\"key\":[{\"suffix\":[]}]}", "suffix match pattern must be a string", 20},
    {"{\"key\":[{\"suffix\":null}]}", "suffix match pattern must be a string", 23},
    {"{\"key\":[{\"suffix\":\"value\",\"prefix\":\"value2\"}]}",
     "Only one key allowed in match expression", 37},
    {"{\"key\":[{\"exists\":\"no\"}]}", "exists match pattern must be either true or false.", 20},
    {"{\"key\":[{\"exists\":null}]}", "exists match pattern must be either true or false.", 23},
    {"{\"key\":[{\"numeric\":[]}]}", "Invalid member in numeric match: ]", 22},
    {"{\"key\":[{\"numeric\":[1,\"<=\"]}]}", "Invalid member in numeric match: 1", 22},
    {"{\"key\":[{\"numeric\":[\"operator\"]}]}", "Unrecognized numeric range operator: operator",
     32},
    {"{\"key\":[{\"numeric\":[\"=\",\"000\"]}]}", "Value of equals must be numeric", 26},
    {"{\"key\":[{\"numeric\":[\">=\"]}]}", "Value of >= must be numeric", 26},
    {"{\"key\":[{\"numeric\":[\">\",20,30]}]}", "Bad value in numeric range: 30", 30},
    {"{\"key\":[{\"numeric\":[\">=\",1,\">\",2]}]}", "Bad numeric range operator: >", 31},
    {"{\"key\":[{\"numeric\":[\">\",20,\"<=\"]}]}", "Value of <= must be numeric", 33},
    {"{\"key\":[{\"numeric\":[\">\",20,\"<\",\"30\"]}]}", "Value of < must be numeric", 33},
    {"{\"key\":[{\"numeric\":[\">\",3,\"<\",1]}]}", "Bottom must be less than top", 33},
    {"{\"key\":[{\"numeric\":[\"<\",100,\">\",10]}]}", "Too many elements in numeric expression",
     30},
    {"{\"key\":[{\"numeric\":[\">\",20,\"<\",30,\"<\",50]}]}",
     "Too many terms in numeric range expression", 36},
    {"{\"key\":[{\"anything-but\":{\"exists\":false}}]}",
     "Unsupported anything-but pattern: exists", 40},
    {"{\"key\":[{\"anything-but\":{\"wrong-operator\":null}}]}",
     "Unsupported anything-but pattern: wrong-operator", 47},
    {"{\"key\":[{\"anything-but\":true}]}",
     "Value of anything-but must be an array or single string/number value.", 29},
    {"{\"key\":[{\"anything-but\":[1,\"x\"]}]}",
     "Inside anything but list, either all values are number or string, mixed type is not "
     "supported",
     32},
    {"{\"key\":[{\"cidr\":[\"bad-filter\"]}]}", "prefix match pattern must be a string", 18},
    {"{\"key\":[{\"cidr\":\"bad-filter\"}]}", "Malformed CIDR, one '/' required", 0},
    {"{\"key\":[{\"cidr\":\"bad-filter/64\"}]}", "Nonstandard IP address: bad-filter", 0},
    {"{\"key\":[{\"cidr\":\"10.0.0.0/x\"}]}", "Malformed CIDR, mask bits must be an integer", 0},
    {"{\"key\":[{\"cidr\":\"10.0.0.0/32\"}]}", "IPv4 mask bits must be < 32", 0},
    {"{\"key\":[{\"wildcard\":\"a**b\"}]}", "Consecutive wildcard characters at pos 2", 27},
    {"{\"key\":[{\"wildcard\":\"a\\\\b\"}]}", "Invalid escape character at pos 2", 27},
    {"{\"$or\":[{\"a\":[1]}]}", "There must have at least 2 Objects in $or relationship.", 19},
    {"{\"$or\":{\"a\":[1]}}", "It must be an Array followed with $or.", 9},
    {"{\"$or\":[1,2]}", "Only JSON object is allowed in array of $or relationship.", 10},
    {"{\"$or\":[{\"prefix\":[1]},{\"b\":[1]}]}",
     "prefix is Ruler reserved fieldName which cannot be used inside $or.", 20},
};

START_TEST(refuses)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct event_pattern_problem problem = {0};
        const char *where = "";

        ck_assert_ptr_null(event_pattern_compile(&a, bytes_of(refused[i].pattern), NULL, &problem));
        ck_assert_int_eq(problem.fault, EVENT_PATTERN_MALFORMED);
        ck_assert_msg(strcmp(problem.text, refused[i].text) == 0, "%s: %s", refused[i].pattern,
                      problem.text);
        if (refused[i].column)
            where = arena_printf(&a, "\n at [Source: (String)\"%s\"; line: 1, column: %d]",
                                 refused[i].pattern, refused[i].column);
        ck_assert_msg(strcmp(problem.where, where) == 0, "%s: %s", refused[i].pattern,
                      problem.where);
    }
}
END_TEST

static enum event_pattern_fault fault_of(const char *pattern,
                                         const struct event_pattern_rules *rules)
{
    struct event_pattern_problem problem = {.fault = (enum event_pattern_fault) - 1};

    ck_assert_ptr_null(event_pattern_compile(&a, bytes_of(pattern), rules, &problem));
    return problem.fault;
}

/* Recorded: of a value in a list of anything-but the place is told twice, of a wildcard once. */
START_TEST(places_in_lists)
{
    static const char in_list[] = "{\"k\":[{\"anything-but\":{\"wildcard\":[123,\"*\"]}}]}";
    static const char after_list[] = "{\"k\":[{\"anything-but\":{\"wildcard\":[\"a**\"]}}]}";
    struct event_pattern_problem problem;

    ck_assert_ptr_null(event_pattern_compile(&a, bytes_of(in_list), NULL, &problem));
    ck_assert_str_eq(problem.text, "wildcard match pattern must be a string");
    ck_assert_ptr_nonnull(strstr(problem.where, "column: 39]\n at [Source: "));
    ck_assert_ptr_null(event_pattern_compile(&a, bytes_of(after_list), NULL, &problem));
    ck_assert_str_eq(problem.text, "Consecutive wildcard characters at pos 2");
    ck_assert_ptr_nonnull(strstr(problem.where, "column: 42]"));
    ck_assert_ptr_null(strstr(problem.where, "]\n at"));
}
END_TEST

START_TEST(numbers_with_decimals)
{
    static const struct event_pattern_rules rules = {.decimals = 5};
    struct event_pattern_problem problem;
    const struct event_pattern *p =
        event_pattern_compile(&a, bytes_of("{\"a\":[100.123456789]}"), &rules, &problem);

    ck_assert(event_pattern_matches(p, bytes_of("{\"a\":100.1234567}"), &a));
    ck_assert(!event_pattern_matches(p, bytes_of("{\"a\":100.12347}"), &a));
    p = event_pattern_compile(&a, bytes_of("{\"a\":[100.123456789]}"), NULL, &problem);
    ck_assert(!event_pattern_matches(p, bytes_of("{\"a\":100.1234567}"), &a));
}
END_TEST

START_TEST(limits)
{
    static const struct event_pattern_rules rules = {5, 150, true};
    struct event_pattern_problem problem;
    char deep[700] = "";

    ck_assert_int_eq(fault_of("{\"a\":[1}", NULL), EVENT_PATTERN_NOT_JSON);
    ck_assert_int_eq(fault_of("", NULL), EVENT_PATTERN_NOT_JSON);
    ck_assert_int_eq(
        fault_of("{\"a\":[1],\"b\":[1],\"c\":[1],\"d\":[1],\"e\":[1],\"f\":[1]}", &rules),
        EVENT_PATTERN_TOO_MANY_NAMES);
    ck_assert_int_eq(fault_of("{\"a\":{\"b\":[1]}}", &rules), EVENT_PATTERN_NOT_FLAT);
    /* 6 * 5 * 5 = 150 is allowed, 6 * 6 * 5 is not. */
    ck_assert_ptr_nonnull(event_pattern_compile(
        &a, bytes_of("{\"a\":[1,2,3,4,5,6],\"b\":[1,2,3,4,5],\"c\":[1,2,3,4,5]}"), &rules,
        &problem));
    ck_assert_int_eq(
        fault_of("{\"a\":[1,2,3,4,5,6],\"b\":[1,2,3,4,5,6],\"c\":[1,2,3,4,5]}", &rules),
        EVENT_PATTERN_TOO_COMPLEX);
    /* Eleven times two alternatives are more rules than we keep. */
    for (int i = 0; i < 11; i++)
        snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep),
                 "%s\"$or\":[{\"a%d\":[1]},{\"b%d\":[1]}]", i ? "," : "{", i, i);
    ck_assert_int_eq(fault_of(arena_printf(&a, "%s}", deep), NULL), EVENT_PATTERN_TOO_COMPLEX);
}
END_TEST

START_TEST(long_text_is_cut)
{
    struct event_pattern_problem problem;
    char text[700];

    memset(text, ' ', sizeof(text));
    memcpy(text, "{\n\"k\":1", 7);
    text[sizeof(text) - 2] = '}';
    text[sizeof(text) - 1] = '\0';
    ck_assert_ptr_null(event_pattern_compile(&a, bytes_of(text), NULL, &problem));
    ck_assert_ptr_nonnull(strstr(problem.where, "\"[truncated 199 chars]; line: 2, column: 6]"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("event_pattern");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, plain_values);
    tcase_add_test(t, paths);
    tcase_add_test(t, string_operators);
    tcase_add_test(t, anything_but);
    tcase_add_test(t, other_operators);
    tcase_add_test(t, refuses);
    tcase_add_test(t, places_in_lists);
    tcase_add_test(t, numbers_with_decimals);
    tcase_add_test(t, limits);
    tcase_add_test(t, long_text_is_cut);
    suite_add_tcase(s, t);
    return run_suite(s);
}
