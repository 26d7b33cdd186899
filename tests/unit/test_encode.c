#include "server/base/encode.h"
#include "tests/unit/run_suite.h"

#include <check.h>

START_TEST(base64_agrees_with_rfc_4648)
{
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        char text[20];
        uint8_t data[20];
        size_t len = 99;

        base64_encode(vectors[i][0], strlen(vectors[i][0]), text);
        ck_assert_str_eq(text, vectors[i][1]);
        ck_assert(base64_decode(text, strlen(text), data, &len));
        ck_assert_uint_eq(len, strlen(vectors[i][0]));
        ck_assert_mem_eq(data, vectors[i][0], len);
    }
}
END_TEST

START_TEST(base64_of_every_byte_comes_back)
{
    for (size_t len = 0; len <= 300; len++) {
        uint8_t data[300];
        AUTO_FREE char *text = x_malloc(BASE64_LEN(len) + 1);
        AUTO_FREE uint8_t *back = x_malloc(BASE64_LEN(len) / 4 * 3);
        size_t back_len;

        for (size_t i = 0; i < len; i++)
            data[i] = (uint8_t)(i * 151 + len);
        base64_encode(data, len, text);
        ck_assert_uint_eq(strlen(text), BASE64_LEN(len));
        ck_assert(base64_decode(text, strlen(text), back, &back_len));
        ck_assert_uint_eq(back_len, len);
        ck_assert_mem_eq(back, data, len);
    }
}
END_TEST

START_TEST(base64_refuses_what_is_not_exact)
{
    static const char *const wrong[] = {
        "Zg",      "Zg=",      "Zg= ",     "Z===",     "====", "Zm9v\n",
        "Zm9\n",   "Zm=v",     "Zg==Zg==", "Zm8=Zm9v", "Zm-_", "Zm9v Zm9",
        "\x80m9v", "Zm9vZm9*", "*m9vZm9v", "Zm\xff=",  "Zh==", "+/+=",
    };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        uint8_t data[20];
        size_t len = 77;

        ck_assert_msg(!base64_decode(wrong[i], strlen(wrong[i]), data, &len), "%s", wrong[i]);
        ck_assert_uint_eq(len, 77);
    }
}
END_TEST

/* Most of a long text is read several characters at a time. */
START_TEST(base64_refuses_a_foreign_character_anywhere)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum { LEN = 64 };
    uint8_t data[BASE64_LEN(LEN)];
    char text[LEN];
    size_t len;

    for (size_t at = 0; at < LEN - 4; at++) {
        for (int c = 0; c < 256; c++) {
            memset(text, 'A', LEN);
            text[at] = (char)c;
            const char *known = c ? strchr(alphabet, c) : NULL;
            ck_assert_int_eq(base64_decode(text, LEN, data, &len), known != NULL);
            for (size_t i = 0; known && i < LEN / 4 * 3; i++) {
                uint32_t group = i / 3 == at / 4 ? (uint32_t)(known - alphabet) : 0;
                group <<= 6 * (3 - at % 4);
                ck_assert_uint_eq(data[i], group >> 8 * (2 - i % 3) & 0xff);
            }
        }
    }
}
END_TEST

START_TEST(hex_goes_both_ways)
{
    uint8_t data[4];
    char text[9];

    ck_assert(hex_decode("00fFaB7e", 8, data));
    hex_encode(data, 4, text);
    ck_assert_str_eq(text, "00ffab7e");
    ck_assert(!hex_decode("0", 1, data));
    ck_assert(!hex_decode("0g", 2, data));
    ck_assert(!hex_decode("/0", 2, data));
}
END_TEST

START_TEST(urls_are_encoded_as_aws_signs_them)
{
    struct arena a;

    arena_init(&a);
    ck_assert_str_eq(url_encode(&a, "a b/c~-_.*\xc3\xbc", 12, false), "a%20b%2Fc~-_.%2A%C3%BC");
    ck_assert_str_eq(url_encode(&a, "a b/c", 5, true), "a%20b/c");
    ck_assert_str_eq(url_encode(&a, "", 0, true), "");
    arena_release(&a);
}
END_TEST

START_TEST(urls_are_decoded_within_their_length)
{
    struct arena a;
    size_t len;

    arena_init(&a);
    ck_assert_str_eq(url_decode(&a, "a%20b+c%2f", 10, true, NULL), "a b c/");
    ck_assert_str_eq(url_decode(&a, "a+b", 3, false, NULL), "a+b");
    ck_assert_mem_eq(url_decode(&a, "x%00y", 5, false, &len), "x\0y", 3);
    ck_assert_uint_eq(len, 3);
    ck_assert_ptr_null(url_decode(&a, "%4", 2, false, NULL));
    ck_assert_ptr_null(url_decode(&a, "%41", 2, false, NULL));
    ck_assert_ptr_null(url_decode(&a, "%", 1, false, NULL));
    ck_assert_ptr_null(url_decode(&a, "%zz", 3, false, NULL));
    arena_release(&a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("encode");
    TCase *c = tcase_create("encode");

    tcase_add_test(c, base64_agrees_with_rfc_4648);
    tcase_add_test(c, base64_of_every_byte_comes_back);
    tcase_add_test(c, base64_refuses_what_is_not_exact);
    tcase_add_test(c, base64_refuses_a_foreign_character_anywhere);
    tcase_add_test(c, hex_goes_both_ways);
    tcase_add_test(c, urls_are_encoded_as_aws_signs_them);
    tcase_add_test(c, urls_are_decoded_within_their_length);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
