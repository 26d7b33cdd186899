/*
 * Base64 works on groups of three bytes with one table each way; the decoder ors the table's
 * answers together and looks once for the mark of a foreign character, so the loop has no branches.
 * Where the processor can (x86-64 with AVX2), eight groups are worked on at a time, and only the
 * rest by table: data streams are made of little else.
 */
#include "server/base/encode.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

void hex_encode(const void *data, size_t len, char *out)
{
    const uint8_t *in = data;

    for (size_t i = 0; i < len; i++) {
        *out++ = hex_lower[in[i] >> 4];
        *out++ = hex_lower[in[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(const char *text, size_t len, uint8_t *out)
{
    if (len % 2)
        return false;
    for (size_t i = 0; i < len; i += 2) {
        int high = hex_value(text[i]), low = hex_value(text[i + 1]);

        if (high < 0 || low < 0)
            return false;
        *out++ = (uint8_t)(high << 4 | low);
    }
    return true;
}

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of each character; 0xff marks those that do not belong to the alphabet. */
static const uint8_t base64_value[256] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3e, 0xff, 0xff, 0xff, 0x3f,
    0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
    0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
    0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

/* --- eight groups at a time: 24 bytes, 32 characters --- */

enum { GROUPS_AT_ONCE = 8, VECTOR = 32, ENCODE_MIN = 28, DECODE_MIN = GROUPS_AT_ONCE + 1 };

#if defined(__x86_64__)
static bool has_vectors(void)
{
    return __builtin_cpu_supports("avx2");
}

/* The 24 bits of each group, as a number of 32 bits, to four numbers of 6 bits: a byte each. */
__attribute__((target("avx2"))) static inline __m256i split_groups(__m256i groups)
{
    __m256i first = _mm256_srli_epi32(groups, 18);
    __m256i second = _mm256_and_si256(_mm256_srli_epi32(groups, 4), _mm256_set1_epi32(0x3f00));
    __m256i third = _mm256_and_si256(_mm256_slli_epi32(groups, 10), _mm256_set1_epi32(0x3f0000));
    __m256i fourth = _mm256_and_si256(_mm256_slli_epi32(groups, 24), _mm256_set1_epi32(0x3f000000));

    return _mm256_or_si256(_mm256_or_si256(first, second), _mm256_or_si256(third, fourth));
}

/* Tables are looked up in each half of a vector by itself. */
__attribute__((target("avx2"))) static inline __m256i both(__m128i half)
{
    return _mm256_broadcastsi128_si256(half);
}

/* Numbers to characters, by adding what differs between the ranges of the alphabet. */
__attribute__((target("avx2"))) static inline __m256i to_characters(__m256i numbers)
{
    const __m256i distance =
        both(_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                           '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
    /* 0 for letters, 1 to 12 for what comes after them; 13 for capitals. */
    __m256i range = _mm256_subs_epu8(numbers, _mm256_set1_epi8(51));
    __m256i capital = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), numbers);

    range = _mm256_or_si256(range, _mm256_and_si256(capital, _mm256_set1_epi8(13)));
    return _mm256_add_epi8(numbers, _mm256_shuffle_epi8(distance, range));
}

/* How many bytes were encoded. Reads no further than len: 4 bytes more than it encodes. */
__attribute__((target("avx2"))) static size_t encode_vectors(const uint8_t *in, size_t len,
                                                             char *out)
{
    /* Big-endian groups of three, each to a number of its own. */
    const __m256i spread =
        both(_mm_setr_epi8(2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1));
    size_t done = 0;

    for (; len - done >= ENCODE_MIN; done += 24, out += VECTOR) {
        __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(in + done));
        __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(in + done + 12));
        __m256i groups = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
        _mm256_storeu_si256((__m256i *)(void *)out, to_characters(split_groups(groups)));
    }
    return done;
}

/* Characters to numbers; marks in *bad those that are not of the alphabet. By the upper four bits:
 * the lowest and the highest character that is allowed there, and what to add. */
__attribute__((target("avx2"))) static inline __m256i to_numbers(__m256i text, __m256i *bad)
{
    const __m256i lowest = both(_mm_setr_epi8(127, 127, '+', '0', 'A', 'P', 'a', 'p', 127, 127, 127,
                                              127, 127, 127, 127, 127));
    const __m256i highest =
        both(_mm_setr_epi8(0, 0, '/', '9', 'O', 'Z', 'o', 'z', 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i distance = both(_mm_setr_epi8(0, 0, 62 - '+', 52 - '0', -'A', -'A', 26 - 'a',
                                                26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/'));
    __m256i upper = _mm256_and_si256(_mm256_srli_epi16(text, 4), _mm256_set1_epi8(15));
    __m256i low = _mm256_cmpgt_epi8(_mm256_shuffle_epi8(lowest, upper), text);
    __m256i high = _mm256_cmpgt_epi8(text, _mm256_shuffle_epi8(highest, upper));
    __m256i between = _mm256_and_si256(_mm256_cmpgt_epi8(text, _mm256_set1_epi8('+')),
                                       _mm256_cmpgt_epi8(_mm256_set1_epi8('/'), text));

    *bad = _mm256_or_si256(*bad, _mm256_or_si256(between, _mm256_or_si256(low, high)));
    text = _mm256_add_epi8(text, _mm256_shuffle_epi8(distance, upper));
    /* '/' comes four behind '+', but is one more. */
    return _mm256_sub_epi8(text, _mm256_and_si256(slash, _mm256_set1_epi8('/' - '+' - 1)));
}

/* How many groups were decoded; the last one, which may be padded, is left. *out_good: all of them
 * were of the alphabet. */
__attribute__((target("avx2"))) static size_t decode_vectors(const uint8_t *in, size_t groups,
                                                             uint8_t *out, bool *out_good)
{
    const __m256i gather =
        both(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
    const __m256i close_up = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    __m256i bad = _mm256_setzero_si256();
    size_t done = 0;

    for (; groups - done >= DECODE_MIN; done += GROUPS_AT_ONCE, in += VECTOR, out += 24) {
        __m256i text = _mm256_loadu_si256((const __m256i *)(const void *)in);
        __m256i numbers = to_numbers(text, &bad);
        __m256i pairs = _mm256_maddubs_epi16(numbers, _mm256_set1_epi16(0x0140)); /* 64 a + b */
        __m256i whole = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));  /* 4096 ab + cd */
        __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(whole, gather), close_up);
        _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(bytes));
        _mm_storel_epi64((__m128i *)(void *)(out + 16), _mm256_extracti128_si256(bytes, 1));
    }
    *out_good = _mm256_testz_si256(bad, _mm256_set1_epi8(-1));
    return done;
}
#else
static bool has_vectors(void)
{
    return false;
}

static size_t encode_vectors(const uint8_t *in, size_t len, char *out)
{
    (void)in, (void)len, (void)out;
    return 0;
}

static size_t decode_vectors(const uint8_t *in, size_t groups, uint8_t *out, bool *out_good)
{
    (void)in, (void)groups, (void)out;
    *out_good = true;
    return 0;
}
#endif

/* --- base64 --- */

void base64_encode(const void *data, size_t len, char *out)
{
    const uint8_t *in = data;

    if (len >= ENCODE_MIN && has_vectors()) {
        size_t done = encode_vectors(in, len, out);

        in += done;
        out += BASE64_LEN(done);
        len -= done;
    }
    for (; len >= 3; len -= 3, in += 3, out += 4) {
        uint32_t group = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

        out[0] = base64_alphabet[group >> 18];
        out[1] = base64_alphabet[group >> 12 & 63];
        out[2] = base64_alphabet[group >> 6 & 63];
        out[3] = base64_alphabet[group & 63];
    }
    if (len) {
        uint32_t group = (uint32_t)in[0] << 16 | (len == 2 ? (uint32_t)in[1] << 8 : 0);

        out[0] = base64_alphabet[group >> 18];
        out[1] = base64_alphabet[group >> 12 & 63];
        out[2] = len == 2 ? base64_alphabet[group >> 6 & 63] : '=';
        out[3] = '=';
        out += 4;
    }
    *out = '\0';
}

/* The last group, which may be padded. AWS refuses bits beyond the last byte ("Invalid last non-pad
 * Base64 character dectected"). */
static bool decode_last_group(const uint8_t *in, uint8_t *out, size_t *out_len)
{
    size_t padding = in[3] != '=' ? 0 : in[2] != '=' ? 1 : 2;
    uint8_t a = base64_value[in[0]], b = base64_value[in[1]];
    uint8_t c = padding == 2 ? 0 : base64_value[in[2]], d = padding ? 0 : base64_value[in[3]];

    if ((a | b | c | d) & 0x80 || (padding == 2 && b & 15) || (padding == 1 && c & 3))
        return false;
    out[0] = (uint8_t)(a << 2 | b >> 4);
    if (padding < 2)
        out[1] = (uint8_t)(b << 4 | c >> 2);
    if (padding < 1)
        out[2] = (uint8_t)(c << 6 | d);
    *out_len = 3 - padding;
    return true;
}

bool base64_decode(const char *text, size_t len, uint8_t *out, size_t *out_len)
{
    const uint8_t *in = (const uint8_t *)text;
    uint8_t seen = 0;
    size_t groups = len / 4, done = 0, last_len;
    bool good = true;

    if (len % 4)
        return false;
    if (len == 0) {
        *out_len = 0;
        return true;
    }
    if (groups >= DECODE_MIN && has_vectors()) {
        done = decode_vectors(in, groups, out, &good);
        in += 4 * done;
        out += 3 * done;
    }
    for (; done < groups - 1; done++, in += 4, out += 3) {
        uint8_t a = base64_value[in[0]], b = base64_value[in[1]];
        uint8_t c = base64_value[in[2]], d = base64_value[in[3]];

        seen |= a | b | c | d;
        out[0] = (uint8_t)(a << 2 | b >> 4);
        out[1] = (uint8_t)(b << 4 | c >> 2);
        out[2] = (uint8_t)(c << 6 | d);
    }
    if (!good || seen & 0x80 || !decode_last_group(in, out, &last_len))
        return false;
    *out_len = (groups - 1) * 3 + last_len;
    return true;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

char *url_encode(struct arena *a, const char *text, size_t len, bool keep_slash)
{
    size_t escapes = 0;
    char *encoded, *out;

    for (size_t i = 0; i < len; i++)
        escapes += !is_unreserved(text[i]) && !(keep_slash && text[i] == '/');
    encoded = out = arena_alloc(a, len + 2 * escapes + 1);
    for (size_t i = 0; i < len; i++) {
        if (is_unreserved(text[i]) || (keep_slash && text[i] == '/')) {
            *out++ = text[i];
        } else {
            *out++ = '%';
            *out++ = hex_upper[(uint8_t)text[i] >> 4];
            *out++ = hex_upper[(uint8_t)text[i] & 15];
        }
    }
    *out = '\0';
    return encoded;
}

char *url_decode(struct arena *a, const char *text, size_t len, bool plus_is_space, size_t *out_len)
{
    char *decoded = arena_alloc(a, len + 1);
    char *out = decoded;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%') {
            uint8_t byte;

            if (len - i < 3 || !hex_decode(text + i + 1, 2, &byte))
                return NULL;
            *out++ = (char)byte;
            i += 2;
        } else {
            *out++ = text[i] == '+' && plus_is_space ? ' ' : text[i];
        }
    }
    *out = '\0';
    if (out_len)
        *out_len = (size_t)(out - decoded);
    return decoded;
}
