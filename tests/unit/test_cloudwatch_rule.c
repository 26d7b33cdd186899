/* Rules of composite alarms: when they hold, and what is none. */
#include "handlers/cloudwatch/alarm_rule.h"
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

/* The alarms "bad", "good" and "new" are in ALARM, OK and INSUFFICIENT_DATA; others are not there.
 */
static const char *judge(const char *text)
{
    struct alarm_rule_problem problem = {0};
    const struct alarm_rule *r = alarm_rule_compile(&a, text, &problem);
    const char **states;
    const char *const *names;
    size_t count;

    if (!r)
        return problem.text;
    names = alarm_rule_names(r, &count);
    states = ARENA_ARRAY(&a, const char *, count);
    for (size_t i = 0; i < count; i++) {
        if (str_eq(names[i], "bad"))
            states[i] = "ALARM";
        else if (str_eq(names[i], "good"))
            states[i] = "OK";
        else if (str_eq(names[i], "new"))
            states[i] = "INSUFFICIENT_DATA";
    }
    return alarm_rule_holds(r, states, &a) ? "holds" : "no";
}

static const struct row {
    const char *rule, *verdict;
} rows[] = {
    {"ALARM(bad)", "holds"},
    {"ALARM(\"bad\")", "holds"},
    {" ALARM ( bad ) ", "holds"},
    {"ALARM(good)", "no"},
    {"OK(good)", "holds"},
    {"INSUFFICIENT_DATA(new)", "holds"},
    {"ALARM(gone) OR OK(gone) OR INSUFFICIENT_DATA(gone)", "no"},
    {"TRUE", "holds"},
    {"FALSE", "no"},
    {"NOT FALSE", "holds"},
    {"NOT NOT NOT TRUE", "no"},
    {"TRUE OR FALSE AND FALSE", "holds"},
    {"(TRUE OR FALSE) AND FALSE", "no"},
    {"NOT FALSE AND FALSE", "no"},
    {"(ALARM(good) OR ALARM(bad)) AND NOT ALARM(new)", "holds"},
    {"ALARM(a\\\"b) OR TRUE", "holds"},
    {"ALARM(\"a\\\"b (c)\") OR TRUE", "holds"},
    {"", "unexpected end"},
    {"ALARM", "unexpected end"},
    {"ALARM(", "unexpected end"},
    {"ALARM()", "unexpected ')'"},
    {"ALARM(\"x)", "unexpected end"},
    {"ALARM(x) ALARM(y)", "unexpected 'ALARM(y)'"},
    {"ALARM(x) OR", "unexpected end"},
    {"(ALARM(x)", "unexpected end"},
    {"ALARMING(x)", "unexpected 'ALARMING(x)'"},
    {"true", "unexpected 'true'"},
    {"AT_LEAST(2, ALARM, (a, b))", "AT_LEAST"},
};

START_TEST(rules)
{
    check_row(rows[_i].rule, judge(rows[_i].rule), rows[_i].verdict);
}
END_TEST

START_TEST(depth_and_length_are_bounded)
{
    char text[10241] = "";

    memset(text, '(', 1000);
    ck_assert_str_eq(judge(text), "it is nested too deeply");
    text[0] = '\0';
    for (size_t len = 0; len < 10000;)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%sTRUE", len ? " AND " : "");
    ck_assert_str_eq(judge(text), "it has too many elements");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cloudwatch_rule");
    TCase *t = tcase_create("rule");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, rules, 0, ARRAY_LEN(rows));
    tcase_add_test(t, depth_and_length_are_bounded);
    suite_add_tcase(s, t);
    return run_suite(s);
}
