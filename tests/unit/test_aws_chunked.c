/*
 * The aws-chunked decoder: every form, cut at every place, and every way to be wrong.
 *
 * The signed form is the example of AWS's page "Signature calculations for trailing headers /
 * chunked upload": 66,560 letters 'a' in chunks of 64 KiB, 1 KiB and 0.
 */
#include "server/protocol/aws_chunked.h"

#include "server/auth/sigv4.h"
#include "server/base/strbuf.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena arena;
static struct strbuf decoded;

static void setup(void)
{
    arena_init(&arena);
    strbuf_init(&decoded, 1 << 20);
}

static void teardown(void)
{
    strbuf_release(&decoded);
    arena_release(&arena);
}

static enum aws_chunked_status push(struct aws_chunked *d, const void *data, size_t len)
{
    const uint8_t *p = data;
    enum aws_chunked_status status = AWS_CHUNKED_OK;

    while (len > 0 && !status) {
        struct bytes run;

        status = aws_chunked_next(d, &p, &len, &run);
        strbuf_add(&decoded, run.data, run.len);
    }
    return status;
}

/* Decodes text cut into two parts at `cut`. */
static enum aws_chunked_status decode(struct aws_chunked *d, const char *text, size_t len,
                                      size_t cut)
{
    enum aws_chunked_status status;

    strbuf_clear(&decoded);
    status = push(d, text, cut);
    if (!status)
        status = push(d, text + cut, len - cut);
    return status ? status : aws_chunked_finish(d);
}

static enum aws_chunked_status decode_plain(const char *text, int64_t decoded_length)
{
    struct aws_chunked_options options = {.decoded_length = decoded_length};

    return decode(aws_chunked_new(&arena, &options), text, strlen(text), 0);
}

START_TEST(every_cut_gives_the_same)
{
    static const char text[] = "5\r\nhello\r\nB\r\n wide world\r\n0\r\n"
                               "x-amz-checksum-crc32:NhCmhg==\r\nX-Two: b c \r\n\r\n";
    struct aws_chunked_options options = {.decoded_length = 16};

    for (size_t cut = 0; cut < sizeof(text); cut++) {
        struct aws_chunked *d = aws_chunked_new(&arena, &options);
        const struct header *trailers;
        size_t count;

        ck_assert_int_eq(decode(d, text, sizeof(text) - 1, MIN(cut, sizeof(text) - 1)),
                         AWS_CHUNKED_OK);
        ck_assert_str_eq(decoded.data, "hello wide world");
        trailers = aws_chunked_trailers(d, &count);
        ck_assert_uint_eq(count, 2);
        ck_assert_str_eq(trailers[0].name, "x-amz-checksum-crc32");
        ck_assert_str_eq(trailers[0].value, "NhCmhg==");
        ck_assert_str_eq(trailers[1].value, "b c");
    }
}
END_TEST

START_TEST(byte_by_byte_gives_the_same)
{
    static const char text[] = "00000a\r\n0123456789\r\n0;chunk-signature=x\r\n\r\n";
    struct aws_chunked_options options = {.decoded_length = -1};
    struct aws_chunked *d = aws_chunked_new(&arena, &options);

    for (size_t i = 0; i < sizeof(text) - 1; i++)
        ck_assert_int_eq(push(d, text + i, 1), AWS_CHUNKED_OK);
    ck_assert_int_eq(aws_chunked_finish(d), AWS_CHUNKED_OK);
    ck_assert_str_eq(decoded.data, "0123456789");
}
END_TEST

START_TEST(broken_framing_is_refused)
{
    static const char *const broken[] = {
        "\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "g\r\n",
        "-1\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "4\r\nhello\r\n0\r\n\r\n",
        "6\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "ffffffffffffffff\r\n",
        "0\r\nno colon\r\n\r\n",
        "0\r\n:value\r\n\r\n",
        "0\r\n\r\nmore",
    };

    for (size_t i = 0; i < ARRAY_LEN(broken); i++)
        ck_assert_msg(decode_plain(broken[i], -1) == AWS_CHUNKED_MALFORMED, "%s", broken[i]);
}
END_TEST

START_TEST(a_line_has_a_maximum)
{
    struct aws_chunked_options options = {.decoded_length = -1};
    struct aws_chunked *d = aws_chunked_new(&arena, &options);
    char line[AWS_CHUNKED_LINE_MAX + 1];

    memset(line, '0', sizeof(line));
    ck_assert_int_eq(push(d, line, sizeof(line)), AWS_CHUNKED_MALFORMED);
    ck_assert_int_eq(push(d, "\r\n", 2), AWS_CHUNKED_MALFORMED);
}
END_TEST

START_TEST(trailers_have_a_maximum)
{
    struct strbuf text = STRBUF_INIT(4096);

    strbuf_add_text(&text, "0\r\n");
    for (int i = 0; i <= AWS_CHUNKED_TRAILERS_MAX; i++)
        strbuf_add_text(&text, "a:b\r\n");
    strbuf_add_text(&text, "\r\n");
    ck_assert_int_eq(decode_plain(text.data, -1), AWS_CHUNKED_MALFORMED);
    strbuf_release(&text);
}
END_TEST

START_TEST(every_prefix_is_truncated)
{
    static const char text[] = "5\r\nhello\r\n0\r\na:b\r\n\r\n";

    for (size_t len = 0; len < sizeof(text) - 1; len++)
        ck_assert_int_eq(decode_plain(arena_strndup(&arena, text, len), -1), AWS_CHUNKED_TRUNCATED);
}
END_TEST

START_TEST(decoded_length_must_match)
{
    ck_assert_int_eq(decode_plain("5\r\nhello\r\n0\r\n\r\n", 5), AWS_CHUNKED_OK);
    ck_assert_int_eq(decode_plain("5\r\nhello\r\n0\r\n\r\n", 6), AWS_CHUNKED_WRONG_LENGTH);
    ck_assert_int_eq(decode_plain("5\r\nhello\r\n0\r\n\r\n", 4), AWS_CHUNKED_WRONG_LENGTH);
    ck_assert_int_eq(decode_plain("ffffffffff\r\n", 10), AWS_CHUNKED_WRONG_LENGTH);
}
END_TEST

/* AWS's example: key of wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY, 20130524, us-east-1, s3. */
static struct auth_chunk_seed example_seed(const char *signature)
{
    struct auth_chunk_seed seed = {.timestamp = "20130524T000000Z",
                                   .scope = "20130524/us-east-1/s3/aws4_request",
                                   .signature = signature};

    sigv4_signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1", "s3",
                      seed.signing_key);
    return seed;
}

static char *example_body(const char *first, const char *second, const char *last,
                          const char *trailer)
{
    char *a = arena_alloc(&arena, 65537);

    memset(a, 'a', 65536);
    a[65536] = '\0';
    return arena_printf(&arena,
                        "10000;chunk-signature=%s\r\n%s\r\n400;chunk-signature=%s\r\n%.1024s\r\n"
                        "0;chunk-signature=%s\r\n%s\r\n",
                        first, a, second, a, last, trailer);
}

#define SEED_1 "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
#define CHUNK_1 "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
#define CHUNK_2 "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"
#define CHUNK_3 "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"

static enum aws_chunked_status decode_signed(const char *body, const char *seed_signature)
{
    struct auth_chunk_seed seed = example_seed(seed_signature);
    struct aws_chunked_options options = {.decoded_length = 66560, .seed = &seed};

    return decode(aws_chunked_new(&arena, &options), body, strlen(body), 777);
}

START_TEST(signed_chunks_of_the_example)
{
    char *body = example_body(CHUNK_1, CHUNK_2, CHUNK_3, "");

    ck_assert_int_eq(decode_signed(body, SEED_1), AWS_CHUNKED_OK);
    ck_assert_uint_eq(decoded.len, 66560);
    body[70000 - 4000] = 'b';
    ck_assert_int_eq(decode_signed(body, SEED_1), AWS_CHUNKED_WRONG_SIGNATURE);
    body = example_body(CHUNK_1, CHUNK_1, CHUNK_3, "");
    ck_assert_int_eq(decode_signed(body, SEED_1), AWS_CHUNKED_WRONG_SIGNATURE);
    body = example_body(CHUNK_1, CHUNK_2, CHUNK_2, "");
    ck_assert_int_eq(decode_signed(body, SEED_1), AWS_CHUNKED_WRONG_SIGNATURE);
    body = example_body("", CHUNK_2, CHUNK_3, "");
    ck_assert_int_eq(decode_signed(body, SEED_1), AWS_CHUNKED_WRONG_SIGNATURE);
    body = example_body(CHUNK_1, CHUNK_2, CHUNK_3, "a:unsigned\r\n");
    ck_assert_int_eq(decode_signed(body, SEED_1), AWS_CHUNKED_WRONG_SIGNATURE);
}
END_TEST

#define SEED_T "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
#define TRAILED_1 "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"
#define TRAILED_2 "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"
#define TRAILED_3 "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"
#define TRAILER_SIGNATURE "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"

START_TEST(signed_trailer_of_the_example)
{
    static const char trailer[] = "x-amz-checksum-crc32c:sOO8/Q==\r\n"
                                  "x-amz-trailer-signature:" TRAILER_SIGNATURE "\r\n";
    char *body = example_body(TRAILED_1, TRAILED_2, TRAILED_3, trailer);

    ck_assert_int_eq(decode_signed(body, SEED_T), AWS_CHUNKED_OK);
    ck_assert_uint_eq(decoded.len, 66560);
    memcpy(strstr(body, "sOO8"), "sOO9", 4);
    ck_assert_int_eq(decode_signed(body, SEED_T), AWS_CHUNKED_WRONG_SIGNATURE);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("aws_chunked");
    TCase *c = tcase_create("aws_chunked");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, every_cut_gives_the_same);
    tcase_add_test(c, byte_by_byte_gives_the_same);
    tcase_add_test(c, broken_framing_is_refused);
    tcase_add_test(c, a_line_has_a_maximum);
    tcase_add_test(c, trailers_have_a_maximum);
    tcase_add_test(c, every_prefix_is_truncated);
    tcase_add_test(c, decoded_length_must_match);
    tcase_add_test(c, signed_chunks_of_the_example);
    tcase_add_test(c, signed_trailer_of_the_example);
    suite_add_tcase(s, c);
    return run_suite(s);
}
