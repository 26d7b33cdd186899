#include "server/config.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static enum config_outcome read_flags(struct config *c, const char **out_problem, int count,
                                      const char *const *flags)
{
    *out_problem = NULL;
    return config_read(c, count, (char *const *)flags, out_problem);
}

#define READ(c, problem, ...)                                                                      \
    read_flags((c), (problem), ARRAY_LEN(((const char *const[]){__VA_ARGS__})),                    \
               (const char *const[]){__VA_ARGS__})

static void forget_environment(void)
{
    static const char *const names[] = {"CADABRA_PORT", "CADABRA_ALLOW_HOST", "CADABRA_DATA",
                                        "CADABRA_MEMORY"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unsetenv(names[i]);
}

START_TEST(defaults_are_those_of_the_help)
{
    struct config c;
    const char *problem;

    setenv("XDG_DATA_HOME", "/data/home", 1);
    ck_assert_int_eq(config_read(&c, 0, NULL, &problem), CONFIG_OK);
    ck_assert_uint_eq(c.port, 4566);
    ck_assert_str_eq(c.address, "127.0.0.1,::1");
    ck_assert_str_eq(c.data, "/data/home/cadabra");
    ck_assert_str_eq(c.account, "000000000000");
    ck_assert_str_eq(c.region, "us-east-1");
    ck_assert(!c.memory && !c.durability_full && !c.auth_verify && !c.test_clock);
    ck_assert_ptr_null(c.trace);
    ck_assert_uint_eq(c.allowed_origins.count, 0);
    config_release(&c);
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", "/home/someone", 1);
    ck_assert_int_eq(config_read(&c, 0, NULL, &problem), CONFIG_OK);
    ck_assert_str_eq(c.data, "/home/someone/.local/share/cadabra");
    config_release(&c);
}
END_TEST

START_TEST(flags_replace_the_environment_and_that_the_defaults)
{
    struct config c;
    const char *problem;

    setenv("CADABRA_PORT", "5001", 1);
    setenv("CADABRA_ALLOW_HOST", "one.example,two.example", 1);
    ck_assert_int_eq(READ(&c, &problem, "--memory"), CONFIG_OK);
    ck_assert_uint_eq(c.port, 5001);
    ck_assert_uint_eq(c.allowed_hosts.count, 2);
    ck_assert_ptr_null(c.data);
    config_release(&c);
    ck_assert_int_eq(READ(&c, &problem, "--port=5002", "--allow-host", "three.example",
                          "--allow-host", "four.example", "--data", "/d", "--log", "debug",
                          "--auth", "verify", "--durability", "full"),
                     CONFIG_OK);
    ck_assert_uint_eq(c.port, 5002);
    ck_assert_uint_eq(c.allowed_hosts.count, 2);
    ck_assert_str_eq(c.allowed_hosts.items[0], "three.example");
    ck_assert_str_eq(c.allowed_hosts.items[1], "four.example");
    ck_assert_str_eq(c.data, "/d");
    ck_assert_int_eq(c.log_level, LOG_LEVEL_DEBUG);
    ck_assert(c.auth_verify && c.durability_full);
    config_release(&c);
    forget_environment();
}
END_TEST

START_TEST(wrong_values_are_named)
{
    static const char *const wrong[][2] = {
        {"--port", "65536"},        {"--port", "-1"},
        {"--port", "4566x"},        {"--port", ""},
        {"--account", "12"},        {"--account", "12345678901a"},
        {"--auth", "on"},           {"--durability", "low"},
        {"--region", "US EAST"},    {"--log", "verbose"},
        {"--allow-origin", "evil"}, {"--allow-origin", "http://a/b"},
        {"--allow-host", "a:1"},    {"--data", ""},
        {"--nonsense", "1"},        {"port", "1"},
    };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct config c;
        const char *problem;

        ck_assert_msg(read_flags(&c, &problem, 2, wrong[i]) == CONFIG_WRONG, "%s %s", wrong[i][0],
                      wrong[i][1]);
        ck_assert_ptr_nonnull(strstr(problem, wrong[i][0]));
        ck_assert_ptr_null(strchr(problem, '\n'));
        config_release(&c);
    }
}
END_TEST

START_TEST(a_missing_value_and_a_wrong_variable_are_named)
{
    struct config c;
    const char *problem;

    ck_assert_int_eq(READ(&c, &problem, "--port"), CONFIG_WRONG);
    ck_assert_ptr_nonnull(strstr(problem, "--port needs a value"));
    config_release(&c);
    setenv("CADABRA_PORT", "no", 1);
    ck_assert_int_eq(READ(&c, &problem, "--memory"), CONFIG_WRONG);
    ck_assert_ptr_nonnull(strstr(problem, "CADABRA_PORT"));
    config_release(&c);
    forget_environment();
}
END_TEST

START_TEST(help_and_version_win_over_faults)
{
    struct config c;
    const char *problem;

    ck_assert_int_eq(READ(&c, &problem, "--port", "x", "--help"), CONFIG_HELP);
    config_release(&c);
    ck_assert_int_eq(READ(&c, &problem, "--version"), CONFIG_VERSION);
    config_release(&c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *c = tcase_create("config");

    tcase_add_test(c, defaults_are_those_of_the_help);
    tcase_add_test(c, flags_replace_the_environment_and_that_the_defaults);
    tcase_add_test(c, wrong_values_are_named);
    tcase_add_test(c, a_missing_value_and_a_wrong_variable_are_named);
    tcase_add_test(c, help_and_version_win_over_faults);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
