/*
 * Polynomials over GF(2), reflected: the highest bit of a value is the coefficient of x^0.
 *
 * Long runs are folded: 128 bits A of the message, with n further bits behind them, count as much
 * as (A * x^n) mod P in the place of the last 128 bits; so the first half of A is multiplied by
 * x^(n+64) mod P, the second by x^n mod P, and both are added to what stands there. Four lanes are
 * folded side by side, then into one, and what is left, 16 bytes, goes through the table. The
 * factors are computed when the first long run comes; no constants are copied from anywhere.
 */
#include "server/base/crc.h"

#include <endian.h>
#include <pthread.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { SLICES = 8, FOLD_MIN = 128 };

struct crc_tables {
    unsigned bits;
    uint64_t polynomial; /* reflected, without the highest term */
    uint64_t slice[SLICES][256];
    uint64_t fold_1[2]; /* factors to move 128 bits by 128: of the first half, of the second */
    uint64_t fold_4[2]; /* by 512 */
};

static struct crc_tables tables[] = {
    [CRC_32] = {.bits = 32, .polynomial = 0xedb88320},
    [CRC_32C] = {.bits = 32, .polynomial = 0x82f63b78},
    [CRC_64_NVME] = {.bits = 64, .polynomial = 0x9a6c9329ac4bc9b5},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* --- arithmetic --- */

static uint64_t highest_bit(const struct crc_tables *t)
{
    return UINT64_C(1) << (t->bits - 1);
}

static uint64_t times_x(const struct crc_tables *t, uint64_t a)
{
    return (a >> 1) ^ (a & 1 ? t->polynomial : 0);
}

static uint64_t multiply(const struct crc_tables *t, uint64_t a, uint64_t b)
{
    uint64_t product = 0;

    for (uint64_t bit = highest_bit(t); bit; bit >>= 1) {
        if (a & bit)
            product ^= b;
        b = times_x(t, b);
    }
    return product;
}

/* x^n mod P */
static uint64_t power_of_x(const struct crc_tables *t, uint64_t n)
{
    uint64_t result = highest_bit(t), square = highest_bit(t) >> 1;

    for (; n; n >>= 1) {
        if (n & 1)
            result = multiply(t, result, square);
        square = multiply(t, square, square);
    }
    return result;
}

/* A factor as the carry-less product of reflected values wants it: such a product of two 64-bit
 * values comes out one place too low, and a 32-bit value stands in the upper half. */
static uint64_t factor(const struct crc_tables *t, uint64_t n)
{
    return power_of_x(t, n - 1) << (64 - t->bits);
}

static void make_tables(struct crc_tables *t)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t value = i;

        for (int bit = 0; bit < 8; bit++)
            value = times_x(t, value);
        t->slice[0][i] = value;
    }
    for (unsigned k = 1; k < SLICES; k++)
        for (unsigned i = 0; i < 256; i++)
            t->slice[k][i] = (t->slice[k - 1][i] >> 8) ^ t->slice[0][t->slice[k - 1][i] & 0xff];
    t->fold_1[0] = factor(t, 128 + 64);
    t->fold_1[1] = factor(t, 128);
    t->fold_4[0] = factor(t, 512 + 64);
    t->fold_4[1] = factor(t, 512);
}

static void make_all_tables(void)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        make_tables(&tables[i]);
}

/* --- by table --- */

static uint64_t by_table(const struct crc_tables *t, uint64_t crc, const uint8_t *data, size_t len)
{
    for (; len >= 8; data += 8, len -= 8) {
        uint64_t word;

        memcpy(&word, data, sizeof(word));
        word = le64toh(word) ^ crc;
        crc = 0;
        for (unsigned k = 0; k < SLICES; k++)
            crc ^= t->slice[SLICES - 1 - k][word >> (8 * k) & 0xff];
    }
    while (len--)
        crc = (crc >> 8) ^ t->slice[0][(crc ^ *data++) & 0xff];
    return crc;
}

/* --- by folding --- */

#if defined(__x86_64__)
__attribute__((target("pclmul,sse4.1"))) static inline __m128i fold(__m128i a, __m128i factors,
                                                                    __m128i next)
{
    return _mm_xor_si128(next, _mm_xor_si128(_mm_clmulepi64_si128(a, factors, 0x00),
                                             _mm_clmulepi64_si128(a, factors, 0x11)));
}

/* len is at least 64. */
__attribute__((target("pclmul,sse4.1"))) static uint64_t
by_folding(const struct crc_tables *t, uint64_t crc, const uint8_t *data, size_t len)
{
    const __m128i *block = (const __m128i *)(const void *)data;
    __m128i by_4 = _mm_set_epi64x((int64_t)t->fold_4[1], (int64_t)t->fold_4[0]);
    __m128i by_1 = _mm_set_epi64x((int64_t)t->fold_1[1], (int64_t)t->fold_1[0]);
    __m128i lane[4];
    uint8_t rest[16];

    for (int i = 0; i < 4; i++)
        lane[i] = _mm_loadu_si128(block++);
    lane[0] = _mm_xor_si128(lane[0], _mm_set_epi64x(0, (int64_t)crc));
    for (len -= 64; len >= 64; len -= 64)
        for (int i = 0; i < 4; i++)
            lane[i] = fold(lane[i], by_4, _mm_loadu_si128(block++));
    for (int i = 1; i < 4; i++)
        lane[i] = fold(lane[i - 1], by_1, lane[i]);
    for (; len >= 16; len -= 16)
        lane[3] = fold(lane[3], by_1, _mm_loadu_si128(block++));
    _mm_storeu_si128((__m128i *)(void *)rest, lane[3]);
    return by_table(t, by_table(t, 0, rest, sizeof(rest)), (const uint8_t *)block, len);
}

static bool can_fold(void)
{
    return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

/* --- CRC-32C by the instruction that is made for it: for runs too short to fold --- */

__attribute__((target("sse4.2"))) static uint64_t by_instruction(uint64_t crc, const uint8_t *data,
                                                                 size_t len)
{
    for (; len >= 8; data += 8, len -= 8) {
        uint64_t word;

        memcpy(&word, data, sizeof(word));
        crc = _mm_crc32_u64(crc, word);
    }
    while (len--)
        crc = _mm_crc32_u8((uint32_t)crc, *data++);
    return crc;
}

static bool has_instruction(enum crc_kind kind)
{
    return kind == CRC_32C && __builtin_cpu_supports("sse4.2");
}
#else
static uint64_t by_folding(const struct crc_tables *t, uint64_t crc, const uint8_t *data,
                           size_t len)
{
    return by_table(t, crc, data, len);
}

static bool can_fold(void)
{
    return false;
}

static uint64_t by_instruction(uint64_t crc, const uint8_t *data, size_t len)
{
    (void)data, (void)len;
    return crc;
}

static bool has_instruction(enum crc_kind kind)
{
    (void)kind;
    return false;
}
#endif

/* --- what others call --- */

static const struct crc_tables *tables_of(enum crc_kind kind)
{
    pthread_once(&once, make_all_tables);
    return &tables[kind];
}

unsigned crc_bits(enum crc_kind kind)
{
    return tables[kind].bits;
}

static uint64_t all_ones(const struct crc_tables *t)
{
    return highest_bit(t) | (highest_bit(t) - 1);
}

uint64_t crc_update(enum crc_kind kind, uint64_t crc, const void *data, size_t len)
{
    const struct crc_tables *t = tables_of(kind);

    crc ^= all_ones(t);
    if (len >= FOLD_MIN && can_fold())
        crc = by_folding(t, crc, data, len);
    else if (has_instruction(kind))
        crc = by_instruction(crc, data, len);
    else
        crc = by_table(t, crc, data, len);
    return crc ^ all_ones(t);
}

uint64_t crc_combine(enum crc_kind kind, uint64_t first, uint64_t second, uint64_t second_len)
{
    const struct crc_tables *t = tables_of(kind);

    return multiply(t, power_of_x(t, 8 * second_len), first) ^ second;
}
