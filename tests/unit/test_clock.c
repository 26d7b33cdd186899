#include "server/base/clock.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static const int64_t moment = 1795367640123; /* 2026-11-22T17:14:00.123Z */

START_TEST(times_are_written_in_each_form)
{
    char text[TIME_TEXT_MAX];

    time_iso8601(moment, true, text);
    ck_assert_str_eq(text, "2026-11-22T17:14:00.123Z");
    time_iso8601(moment, false, text);
    ck_assert_str_eq(text, "2026-11-22T17:14:00Z");
    time_iso8601(moment - 123, true, text);
    ck_assert_str_eq(text, "2026-11-22T17:14:00Z");
    time_http(moment, text);
    ck_assert_str_eq(text, "Sun, 22 Nov 2026 17:14:00 GMT");
    time_basic(moment, text);
    ck_assert_str_eq(text, "20261122T171400Z");
}
END_TEST

START_TEST(times_before_1970_and_far_away_are_right)
{
    char text[TIME_TEXT_MAX];

    time_iso8601(-1, true, text);
    ck_assert_str_eq(text, "1969-12-31T23:59:59.999Z");
    time_http(-1, text);
    ck_assert_str_eq(text, "Wed, 31 Dec 1969 23:59:59 GMT");
    time_iso8601(951782400000, false, text);
    ck_assert_str_eq(text, "2000-02-29T00:00:00Z");
    time_iso8601(253402300800000, false, text);
    ck_assert_str_eq(text, "10000-01-01T00:00:00Z");
    time_http(INT64_MAX, text); /* must fit */
    time_iso8601(INT64_MIN, true, text);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
    for (int64_t ms = -3000000000000; ms < 6000000000000; ms += 86399999 * 7LL) {
        char text[TIME_TEXT_MAX];
        int64_t back;

        time_iso8601(ms, true, text);
        ck_assert(time_parse_iso8601(text, &back));
        ck_assert_int_eq(back, ms);
        time_http(ms, text);
        ck_assert(time_parse_http(text, &back));
        ck_assert(back <= ms && ms - back < 1000);
        time_basic(ms, text);
        ck_assert(time_parse_basic(text, &back));
        ck_assert(back <= ms && ms - back < 1000);
    }
}
END_TEST

START_TEST(offsets_and_fractions_are_understood)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"2026-11-22T17:14:00.123Z", 1795367640123},
        {"2026-11-22T17:14:00.123987654z", 1795367640123},
        {"2026-11-22t18:44:00.123+01:30", 1795367640123},
        {"2026-11-22T09:14:00.1-0800", 1795367640100},
        {"2026-11-22T18:14:00+01", 1795367640000},
        {"1970-01-01T00:00:00Z", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = 5;

        ck_assert_msg(time_parse_iso8601(cases[i].text, &ms), "%s", cases[i].text);
        ck_assert_int_eq(ms, cases[i].ms);
    }
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
    static const char *const wrong[] = {
        "",
        "2026",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T00:60:00Z",
        "2026-11-22T00:00:60Z",
        "2026-11-22T00:00:00",
        "2026-11-22T00:00:00Zx",
        "2026-11-22T00:00:00.Z",
        "2026-11-22T00:00:00+1",
        "2026-11-22T00:00:00+01:",
        "2026-11-22T00:00:00+25:00",
        " 2026-11-22T00:00:00Z",
        "20261122T171400",
        "20261122 171400Z",
        "Sun, 22 Nov 2026 17:14:00 UTC",
        "Xyz, 22 Nov 2026 17:14:00 GMT",
        "Sun, 22 nov 2026 17:14:00 GMT",
        "Sunday, 22-Nov-26 17:14:00 GMT",
    };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        int64_t ms = 5;

        ck_assert_msg(!time_parse_iso8601(wrong[i], &ms), "%s", wrong[i]);
        ck_assert_msg(!time_parse_http(wrong[i], &ms), "%s", wrong[i]);
        ck_assert_msg(!time_parse_basic(wrong[i], &ms), "%s", wrong[i]);
        ck_assert_int_eq(ms, 5);
    }
}
END_TEST

START_TEST(tests_can_move_the_clock)
{
    struct clock_source c = {.offset_ms = 0};
    int64_t before = clock_now_ms(&c);

    c.offset_ms = 3600000;
    ck_assert(clock_now_ms(&c) >= before + 3600000);
    ck_assert(clock_now_ms(&c) < before + 3660000);
    ck_assert(clock_monotonic_us() / 1000 - clock_monotonic_ms() <= 1000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *c = tcase_create("clock");

    tcase_add_test(c, times_are_written_in_each_form);
    tcase_add_test(c, times_before_1970_and_far_away_are_right);
    tcase_add_test(c, what_is_written_is_read_again);
    tcase_add_test(c, offsets_and_fractions_are_understood);
    tcase_add_test(c, what_is_no_time_is_refused);
    tcase_add_test(c, tests_can_move_the_clock);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
