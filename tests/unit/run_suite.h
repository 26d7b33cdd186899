/* What every unit test ends with. */
#ifndef CADABRA_TESTS_RUN_SUITE_H
#define CADABRA_TESTS_RUN_SUITE_H

#include "server/base/base.h"

#include <check.h>

/* Runs it; what main() returns. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

/* For tables of texts and what comes of them. */
static inline void check_row(const char *text, const char *found, const char *expected)
{
    ck_assert_msg(str_eq(found, expected), "%s: %s, not %s", text, found, expected);
}

#endif
