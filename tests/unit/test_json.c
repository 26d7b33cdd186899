/* The JSON reader and writer: what they accept, refuse, and leave exactly as it was. */
#include <check.h>
#include <math.h>

#include "server/base/json_read.h"
#include "server/base/json_write.h"
#include "server/base/utf8.h"
#include "tests/unit/run_suite.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_release(&arena);
}

static void read_text(struct jr *r, const char *text)
{
    jr_init(r, text, strlen(text), &arena, 64);
}

static const char *string_of(const char *text)
{
    struct jr r;
    struct jr_text out;

    read_text(&r, text);
    if (!jr_string(&r, &out) || !jr_finish(&r))
        return NULL;
    return arena_strndup(&arena, out.data, out.len);
}

static bool skips(const char *text)
{
    struct jr r;

    read_text(&r, text);
    return jr_skip(&r, NULL) && jr_finish(&r);
}

START_TEST(test_walk)
{
    struct jr r;
    struct jr_text key, text;
    int keys = 0;
    int64_t sum = 0;

    read_text(&r, " { \"a\" : [ 1 , 22,333 ] , \"b\":{}, \"c\": [ ], \"d\":\"x\" } ");
    ck_assert_int_eq(jr_peek(&r), JR_OBJECT);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        keys++;
        if (jr_text_eq(key, "a")) {
            for (jr_enter_array(&r); jr_next_item(&r);) {
                ck_assert(jr_number(&r, &text));
                sum += atoll(text.data);
            }
        } else if (jr_text_eq(key, "d")) {
            ck_assert(jr_string(&r, &text));
            ck_assert(jr_text_eq(text, "x"));
        } else {
            ck_assert(jr_skip(&r, NULL));
        }
    }
    ck_assert(jr_finish(&r));
    ck_assert_int_eq(keys, 4);
    ck_assert_int_eq(sum, 356);
    ck_assert_int_eq(jr_peek(&r), JR_END);
}
END_TEST

START_TEST(test_strings)
{
    ck_assert_str_eq(string_of("\"\""), "");
    ck_assert_str_eq(string_of("\"plain text that is longer than a word\""),
                     "plain text that is longer than a word");
    ck_assert_str_eq(string_of("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "\"\\/\b\f\n\r\t");
    ck_assert_str_eq(string_of("\"12345678\\u00e9\\u20AC\\ud83d\\ude00 end\""),
                     "12345678\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80 end");
    ck_assert_str_eq(string_of("\"\xC3\xA9\xF0\x9F\x98\x80\""), "\xC3\xA9\xF0\x9F\x98\x80");
}
END_TEST

START_TEST(test_string_with_nul_keeps_its_length)
{
    struct jr r;
    struct jr_text out;

    read_text(&r, "\"a\\u0000b\"");
    ck_assert(jr_string(&r, &out));
    ck_assert_uint_eq(out.len, 3);
    ck_assert_mem_eq(out.data, "a\0b", 3);
}
END_TEST

static const char *const bad_strings[] = {
    "\"",
    "\"abc",
    "\"abc\\\"",
    "\"\\",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12G4\"",
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\ud800\\u0041\"",
    "\"a\nb\"",
    "\"\x80\"",
    "\"\xC0\xAF\"",
    "\"\xE0\x80\x80\"",
    "\"\xED\xA0\x80\"",
    "\"\xF5\x80\x80\x80\"",
    "\"\xC3\"",
    "\"12345678\\n\x01\"",
    "\"12345678\\n\xFF\"",
};

START_TEST(test_bad_strings)
{
    ck_assert_ptr_null(string_of(bad_strings[_i]));
    ck_assert(!skips(bad_strings[_i]));
}
END_TEST

static const char *const bad_documents[] = {
    "",
    " ",
    "{",
    "[",
    "}",
    "{]",
    "[}",
    "[1 2]",
    "[1,]",
    "[,1]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{1:2}",
    "{,}",
    "01",
    "-",
    "1.",
    ".5",
    "1e",
    "1e+",
    "+1",
    "tru",
    "truex",
    "nul",
    "NaN",
    "1 1",
    "[1]]",
    "{\"a\" 1}",
    "'a'",
    "[\"a\":1]",
    "{\"a\":1 \"b\":2}",
    "\xEF\xBB\xBF{}",
    "--1",
    "1.e3",
};

START_TEST(test_bad_documents)
{
    ck_assert_msg(!skips(bad_documents[_i]), "%s", bad_documents[_i]);
}
END_TEST

static const char *const good_documents[] = {
    "0",
    "-0",
    "1.5e-10",
    "1E5",
    "true",
    "false",
    "null",
    "[]",
    "{}",
    "[[],{},[{}]]",
    "{\"a\":{\"b\":[1,2,{\"c\":null}]},\"a\":2}",
    " [ true , false ] ",
    "[\"\\u0000\"]",
};

START_TEST(test_good_documents)
{
    ck_assert_msg(skips(good_documents[_i]), "%s", good_documents[_i]);
}
END_TEST

START_TEST(test_depth_is_bounded)
{
    char text[20001];
    struct jr r;

    memset(text, '[', 10000);
    memset(text + 10000, ']', 10000);
    text[20000] = '\0';
    jr_init(&r, text, 20000, &arena, 128);
    ck_assert(!jr_skip(&r, NULL));
    ck_assert_str_eq(r.error, "nested too deeply");
    jr_init(&r, text + 10000 - 128, 256, &arena, 128);
    ck_assert(jr_skip(&r, NULL) && jr_finish(&r));
    jr_init(&r, text + 10000 - 129, 258, &arena, 128);
    ck_assert(!jr_skip(&r, NULL));
}
END_TEST

START_TEST(test_skip_returns_raw_text_inside_a_document)
{
    struct jr r;
    struct jr_text key, raw;

    read_text(&r, "{\"a\": {\"x\" : [1, \"]\" ]} ,\"b\":7}");
    jr_enter_object(&r);
    ck_assert(jr_next_key(&r, &key));
    ck_assert(jr_skip(&r, &raw));
    ck_assert(jr_text_eq(raw, "{\"x\" : [1, \"]\" ]}"));
    ck_assert(jr_next_key(&r, &key));
    ck_assert(jr_skip(&r, &raw));
    ck_assert(jr_text_eq(raw, "7"));
    ck_assert(!jr_next_key(&r, &key));
    ck_assert(jr_finish(&r));
}
END_TEST

START_TEST(test_first_fault_stays)
{
    struct jr r;
    struct jr_text text;
    bool value;

    read_text(&r, "[1, x, 2]");
    jr_enter_array(&r);
    ck_assert(jr_next_item(&r));
    ck_assert(!jr_string(&r, &text));
    ck_assert_str_eq(r.error, "expected a string");
    ck_assert(!jr_next_item(&r));
    ck_assert(!jr_bool(&r, &value));
    ck_assert_int_eq(jr_peek(&r), JR_ERROR);
    ck_assert(!jr_finish(&r));
    ck_assert_str_eq(r.error, "expected a string");
}
END_TEST

START_TEST(test_write)
{
    struct strbuf b = STRBUF_INIT(4096);
    struct jw w;

    jw_init(&w, &b);
    jw_begin_object(&w);
    jw_member_string(&w, "s", "a\"\\\n\x01\xC3\xA9 0123456789");
    jw_member_string(&w, "absent", NULL);
    jw_member_int(&w, "min", INT64_MIN);
    jw_key(&w, "list");
    jw_begin_array(&w);
    jw_int(&w, 0);
    jw_double(&w, 0.1);
    jw_double(&w, 1e22);
    jw_double(&w, NAN);
    jw_double(&w, -INFINITY);
    jw_null(&w);
    jw_begin_array(&w);
    jw_end_array(&w);
    jw_begin_object(&w);
    jw_end_object(&w);
    jw_base64(&w, "hello", 5);
    jw_raw(&w, "{\"x\":1}", 7);
    jw_end_array(&w);
    jw_member_bool(&w, "t", true);
    jw_end_object(&w);
    ck_assert_str_eq(b.data, "{\"s\":\"a\\\"\\\\\\n\\u0001\xC3\xA9 0123456789\","
                             "\"min\":-9223372036854775808,\"list\":[0,0.1,1e+22,\"NaN\","
                             "\"-Infinity\",null,[],{},\"aGVsbG8=\",{\"x\":1}],\"t\":true}");
    strbuf_release(&b);
}
END_TEST

START_TEST(test_doubles_come_back_exactly)
{
    static const double values[] = {
        0.1, 1.0 / 3, 1e-320, 1.7976931348623157e308, 123456789.123456789, -2.5e-5, 1636557843.123};

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct strbuf b = STRBUF_INIT(64);
        struct jw w;
        jw_init(&w, &b);
        jw_double(&w, values[i]);
        ck_assert(strtod(b.data, NULL) == values[i]);
        strbuf_release(&b);
    }
}
END_TEST

START_TEST(test_bytes_that_are_no_text_become_replacement_characters)
{
    struct strbuf b = STRBUF_INIT(64);
    struct jw w;

    jw_init(&w, &b);
    jw_string_n(&w, "a\xFF\xC3(\0", 5);
    ck_assert_str_eq(b.data, "\"a\xEF\xBF\xBD\xEF\xBF\xBD(\\u0000\"");
    strbuf_release(&b);
}
END_TEST

START_TEST(test_writer_stops_at_the_maximum)
{
    struct strbuf b = STRBUF_INIT(10);
    struct jw w;

    jw_init(&w, &b);
    jw_string(&w, "much more than ten bytes");
    jw_base64(&w, "much more than ten bytes", 24);
    ck_assert(b.overflow);
    ck_assert_uint_le(b.len, 10);
    strbuf_release(&b);
}
END_TEST

/* Strings are looked through many bytes at a time. */
START_TEST(test_what_is_not_plain_is_seen_anywhere)
{
    enum { LEN = 40 };
    char text[LEN];

    for (size_t len = 1; len <= LEN; len++) {
        for (int c = 0; c < 256; c++) {
            bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
            for (size_t at = 0; at < len; at++) {
                memset(text, '~', len);
                text[at] = (char)c;
                ck_assert_ptr_eq(utf8_skip_plain(text, text + len), text + (plain ? len : at));
            }
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("json");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_walk);
    tcase_add_test(t, test_strings);
    tcase_add_test(t, test_what_is_not_plain_is_seen_anywhere);
    tcase_add_test(t, test_string_with_nul_keeps_its_length);
    tcase_add_loop_test(t, test_bad_strings, 0, ARRAY_LEN(bad_strings));
    tcase_add_loop_test(t, test_bad_documents, 0, ARRAY_LEN(bad_documents));
    tcase_add_loop_test(t, test_good_documents, 0, ARRAY_LEN(good_documents));
    tcase_add_test(t, test_depth_is_bounded);
    tcase_add_test(t, test_skip_returns_raw_text_inside_a_document);
    tcase_add_test(t, test_first_fault_stays);
    tcase_add_test(t, test_write);
    tcase_add_test(t, test_doubles_come_back_exactly);
    tcase_add_test(t, test_bytes_that_are_no_text_become_replacement_characters);
    tcase_add_test(t, test_writer_stops_at_the_maximum);
    suite_add_tcase(s, t);
    return run_suite(s);
}
