#include "server/base/strbuf.h"
#include "tests/unit/run_suite.h"

#include <check.h>

START_TEST(grows_and_stays_terminated)
{
    struct strbuf b = STRBUF_INIT(1000000);
    size_t len;
    char *taken;

    ck_assert_ptr_null(b.data);
    for (int i = 0; i < 1000; i++) {
        strbuf_add_text(&b, "ab");
        strbuf_add_char(&b, 'c');
        strbuf_add_format(&b, "%03d", i);
        ck_assert_uint_eq(strlen(b.data), b.len);
    }
    ck_assert_uint_eq(b.len, 6000);
    ck_assert_str_eq(b.data + 5994, "abc999");
    taken = strbuf_take(&b, &len);
    ck_assert_uint_eq(len, 6000);
    ck_assert_ptr_null(b.data);
    ck_assert_uint_eq(b.len, 0);
    free(taken);
    strbuf_release(&b);
}
END_TEST

START_TEST(the_maximum_is_reached_and_never_passed)
{
    struct strbuf b = STRBUF_INIT(10);

    strbuf_add(&b, "0123456789", 10);
    ck_assert(!b.overflow);
    strbuf_add_char(&b, 'x');
    ck_assert(b.overflow);
    ck_assert_str_eq(b.data, "0123456789");
    strbuf_clear(&b);
    ck_assert(!b.overflow);
    strbuf_add(&b, "01234567", 8);
    strbuf_add(&b, "89a", 3);
    strbuf_add_char(&b, '8');
    ck_assert(b.overflow);
    ck_assert_str_eq(b.data, "01234567");
    strbuf_release(&b);
}
END_TEST

START_TEST(long_formats_are_whole_or_absent)
{
    struct strbuf b = STRBUF_INIT(700);
    char wide[600];

    memset(wide, 'w', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    strbuf_add_format(&b, "<%s>", wide);
    ck_assert_uint_eq(b.len, 601);
    ck_assert_int_eq(b.data[600], '>');
    strbuf_add_format(&b, "<%s>", wide);
    ck_assert(b.overflow);
    ck_assert_uint_eq(b.len, 601);
    strbuf_release(&b);
}
END_TEST

START_TEST(reserved_room_can_be_written_in_place)
{
    struct strbuf b = STRBUF_INIT(5000);

    ck_assert(strbuf_reserve(&b, 4096));
    memset(b.data + b.len, 'r', 4096);
    b.len += 4096;
    ck_assert(!strbuf_reserve(&b, 905));
    strbuf_release(&b);
    ck_assert(strbuf_reserve(&b, 5000));
    strbuf_release(&b);
}
END_TEST

START_TEST(an_empty_buffer_hands_over_an_empty_text)
{
    struct strbuf b = STRBUF_INIT(0);
    char *text = strbuf_take(&b, NULL);

    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("strbuf");
    TCase *c = tcase_create("strbuf");

    tcase_add_test(c, grows_and_stays_terminated);
    tcase_add_test(c, the_maximum_is_reached_and_never_passed);
    tcase_add_test(c, long_formats_are_whole_or_absent);
    tcase_add_test(c, reserved_room_can_be_written_in_place);
    tcase_add_test(c, an_empty_buffer_hands_over_an_empty_text);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
