#include "server/base/digest.h"

#include <check.h>

#include "server/base/encode.h"
#include "tests/unit/run_suite.h"

static const char *hex(const uint8_t *data, size_t len)
{
    static char text[2 * SHA256_LEN + 1];

    hex_encode(data, len, text);
    return text;
}

START_TEST(digests_agree_with_their_standards)
{
    uint8_t out[SHA256_LEN];

    sha256("abc", 3, out);
    ck_assert_str_eq(hex(out, SHA256_LEN),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256("", 0, out);
    ck_assert_str_eq(hex(out, SHA256_LEN),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    md5("message digest", 14, out);
    ck_assert_str_eq(hex(out, MD5_LEN), "f96b697d7cb7938d525a2f31aaf161d0");
    ck_assert_uint_eq(crc32_of("123456789", 9), 0xcbf43926);
    ck_assert_uint_eq(crc32_of("{}", 2), 2745614147);
}
END_TEST

/* RFC 4231, cases 2 and 6. */
START_TEST(hmac_takes_short_and_long_keys)
{
    uint8_t out[SHA256_LEN], key[131];
    const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";

    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    ck_assert_str_eq(hex(out, SHA256_LEN),
                     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    hmac_sha256(key, sizeof(key), text, strlen(text), out);
    ck_assert_str_eq(hex(out, SHA256_LEN),
                     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
END_TEST

START_TEST(a_stream_gives_the_digest_of_the_whole)
{
    struct sha256_stream *s = sha256_begin();
    uint8_t parts[SHA256_LEN], whole[SHA256_LEN];

    sha256_update(s, "hello ", 6);
    sha256_update(s, "world", 5);
    sha256_end(s, parts);
    sha256("hello world", 11, whole);
    ck_assert_mem_eq(parts, whole, SHA256_LEN);
    sha256_end(sha256_begin(), NULL);
}
END_TEST

/* Of nothing, "abc", "123456789" and 20 times the bytes 0 to 255: the last is longer than one block
 * of XXH3. */
START_TEST(xxhashes_agree_with_their_vectors)
{
    static const char *const want[][3] = {
        {"ef46db3751d8e999", "2d06800538d394c2", "99aa06d3014798d86001c324468d497f"},
        {"44bc2cf5ad770999", "78af5f94892f3950", "06b05ab6733a618578af5f94892f3950"},
        {"8cb841db40e6ae83", "72dcb18b67a17dff", "33119477ede5dcd5e9716427681d5860"},
        {"53fb246813d6de9f", "f875f2fa2e99df80", "87cf83cc9a055cf4f875f2fa2e99df80"},
    };
    static uint8_t bytes[20 * 256];
    const struct {
        const void *data;
        size_t len;
    } data[] = {{"", 0}, {"abc", 3}, {"123456789", 9}, {bytes, sizeof(bytes)}};
    uint8_t out[DIGEST_LEN_MAX];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    for (size_t i = 0; i < ARRAY_LEN(data); i++)
        for (size_t k = 0; k < 3; k++) {
            struct digest_stream *d = digest_begin((enum digest_kind)(DIGEST_XXH64 + k));
            size_t half = data[i].len / 2;

            digest_update(d, data[i].data, half);
            digest_update(d, (const char *)data[i].data + half, data[i].len - half);
            ck_assert_str_eq(hex(out, digest_end(d, out)), want[i][k]);
        }
    for (int kind = DIGEST_MD5; kind <= DIGEST_XXH128; kind++)
        ck_assert_uint_eq(digest_end(digest_begin((enum digest_kind)kind), NULL), 0);
}
END_TEST

START_TEST(uuids_are_well_formed_and_differ)
{
    char one[37], two[37];

    uuid_v4(one);
    uuid_v4(two);
    ck_assert_str_ne(one, two);
    ck_assert_uint_eq(strlen(one), 36);
    ck_assert_int_eq(one[14], '4');
    ck_assert_ptr_nonnull(strchr("89ab", one[19]));
    for (int i = 0; i < 36; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23)
            ck_assert_int_eq(one[i], '-');
        else
            ck_assert_ptr_nonnull(strchr("0123456789abcdef", one[i]));
}
END_TEST

START_TEST(random_text_uses_its_alphabet_evenly)
{
    char text[30001];
    int counts[3] = {0};

    random_text(text, sizeof(text) - 1, "abc");
    ck_assert_uint_eq(strlen(text), sizeof(text) - 1);
    for (size_t i = 0; text[i]; i++)
        counts[text[i] - 'a']++;
    for (int i = 0; i < 3; i++)
        ck_assert(counts[i] > 9500 && counts[i] < 10500);
    random_text(text, 0, "abc");
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(comparison_tells_same_from_different)
{
    ck_assert(equal_constant_time("abc", "abc", 3));
    ck_assert(!equal_constant_time("abc", "abd", 3));
    ck_assert(equal_constant_time("a", "b", 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("digest");
    TCase *c = tcase_create("digest");

    tcase_add_test(c, digests_agree_with_their_standards);
    tcase_add_test(c, hmac_takes_short_and_long_keys);
    tcase_add_test(c, a_stream_gives_the_digest_of_the_whole);
    tcase_add_test(c, xxhashes_agree_with_their_vectors);
    tcase_add_test(c, uuids_are_well_formed_and_differ);
    tcase_add_test(c, random_text_uses_its_alphabet_evenly);
    tcase_add_test(c, comparison_tells_same_from_different);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
