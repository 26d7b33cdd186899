#include "handlers/kinesis/sequence.h"

#include <endian.h>

enum { LIMBS = 3, DIGITS = 56, DECIMAL_MAX = 60 };
static const int64_t created_s_end = INT64_C(16025175000); /* AWS reads nothing later */

/* An integer of 192 bits, the lowest limb first. */
struct wide {
    uint64_t limb[LIMBS];
};

/* --- arithmetic --- */

/* w = w * factor + add; false when that does not fit. */
static bool wide_multiply_add(struct wide *w, uint64_t factor, uint64_t add)
{
    unsigned __int128 carry = add;

    for (int i = 0; i < LIMBS; i++) {
        carry += (unsigned __int128)w->limb[i] * factor;
        w->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

/* `bits` bits of w, the lowest at `shift`. */
static uint64_t wide_bits(const struct wide *w, unsigned shift, unsigned bits)
{
    unsigned limb = shift / 64;
    unsigned __int128 two = w->limb[limb];

    if (limb + 1 < LIMBS)
        two |= (unsigned __int128)w->limb[limb + 1] << 64;
    return (uint64_t)(two >> shift % 64) & (bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1);
}

static void wide_put(struct wide *w, unsigned shift, uint64_t value)
{
    unsigned __int128 two = (unsigned __int128)value << shift % 64;
    unsigned limb = shift / 64;

    w->limb[limb] |= (uint64_t)two;
    if (limb + 1 < LIMBS)
        w->limb[limb + 1] |= (uint64_t)(two >> 64);
}

static bool wide_parse(const char *text, struct wide *out)
{
    size_t len = strlen(text);

    *out = (struct wide){0};
    if (len == 0 || len > DECIMAL_MAX || strspn(text, "0123456789") != len)
        return false;
    for (const char *p = text; *p; p++) {
        if (!wide_multiply_add(out, 10, (uint64_t)(*p - '0')))
            return false;
    }
    return true;
}

static unsigned wide_length(const struct wide *w)
{
    for (int i = LIMBS - 1; i >= 0; i--) {
        if (w->limb[i])
            return (unsigned)(64 * (i + 1) - __builtin_clzll(w->limb[i]));
    }
    return 0;
}

/* --- writing --- */

/* Shifts of the fields: four bits for each hexadecimal digit to the right of them. */
enum {
    AT_SHARD = 4,
    AT_TIME = 36,
    AT_NUMBER = 80,
    AT_SHARD_LOW = 144,
    AT_CREATED = 148,
    AT_LEAD = 184,
};

/* Two numbers below 10,000, then four below 100, then the eight digits, side by side in a word: a
 * read of 10,000 records writes half a million digits. */
static void put_eight(char out[8], uint32_t value)
{
    uint64_t x = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t hundreds = x * 10486 >> 20 & UINT64_C(0x0000007f0000007f);
    uint64_t tens;

    x = hundreds | (x - 100 * hundreds) << 16;
    tens = x * 103 >> 10 & UINT64_C(0x000f000f000f000f);
    x = tens | (x - 10 * tens) << 8;
    x = htole64(x + UINT64_C(0x3030303030303030));
    memcpy(out, &x, sizeof(x));
}

/* `len` digits, 16 to 19 of them. */
static void put_digits(char *out, int len, uint64_t value)
{
    uint64_t rest = value / 100000000;

    put_eight(out + len - 8, (uint32_t)(value % 100000000));
    put_eight(out + len - 16, (uint32_t)(rest % 100000000));
    rest /= 100000000;
    for (int i = len - 17; i >= 0; i--, rest /= 10)
        out[i] = (char)('0' + rest % 10);
}

void kinesis_sequence_format(const struct kinesis_sequence *seq, char out[KINESIS_SEQUENCE_MAX])
{
    const uint64_t step = UINT64_C(10000000000000000000); /* 10^19 */
    struct wide w = {0};
    unsigned __int128 low, high;
    uint64_t middle;

    wide_put(&w, 0, 2);
    wide_put(&w, AT_SHARD, (uint32_t)seq->shard);
    wide_put(&w, AT_TIME, (uint64_t)seq->at_s & 0xfffffffff);
    wide_put(&w, AT_NUMBER, (uint64_t)seq->number);
    wide_put(&w, AT_SHARD_LOW, (uint64_t)seq->shard & 0xf);
    wide_put(&w, AT_CREATED, (uint64_t)seq->shard_created_s & 0xfffffffff);
    wide_put(&w, AT_LEAD, 2);
    /* By long division, with limbs for digits: below 2^186, the quotients of both steps fit. */
    high = (unsigned __int128)w.limb[2] << 64 | w.limb[1];
    low = high % step << 64 | w.limb[0];
    high = high / step << 64 | (uint64_t)(low / step);
    middle = (uint64_t)(high % step);
    put_digits(out, DIGITS - 38, (uint64_t)(high / step));
    put_digits(out + DIGITS - 38, 19, middle);
    put_digits(out + DIGITS - 19, 19, (uint64_t)(low % step));
    out[DIGITS] = '\0';
}

void kinesis_sequence_of(const struct kinesis_shard *shard, int64_t number, int64_t at_ms,
                         char out[KINESIS_SEQUENCE_MAX])
{
    kinesis_sequence_format(
        &(struct kinesis_sequence){
            .shard_created_s = shard->created_ms / 1000,
            .shard = shard->index,
            .number = number,
            .at_s = at_ms / 1000,
        },
        out);
}

/* --- reading --- */

static bool parse_new(const struct wide *w, struct kinesis_sequence *out)
{
    out->version = 2;
    out->shard = (int32_t)wide_bits(w, AT_SHARD, 32);
    out->at_s = (int64_t)wide_bits(w, AT_TIME, 36);
    out->number = (int64_t)wide_bits(w, AT_NUMBER, 64);
    out->shard_created_s = (int64_t)wide_bits(w, AT_CREATED, 36);
    return out->number >= 0 && out->shard_created_s < created_s_end;
}

/* 2 | shard made: 9 | 1 | 2 | time: 9 | 14 | number: 2 | shard: 8 | 1 */
static bool parse_middle(const struct wide *w, struct kinesis_sequence *out)
{
    out->version = 1;
    out->shard = (int64_t)wide_bits(w, 4, 32);
    out->number = (int64_t)wide_bits(w, 36, 8);
    out->at_s = (int64_t)wide_bits(w, 100, 36);
    out->shard_created_s = (int64_t)wide_bits(w, AT_CREATED, 36);
    return true;
}

/* 1 | shard made: 9 | 2 | 16 | shard: 4, counted from the first digit; a number without its leading
 * 1 is one too. */
static bool parse_old(struct wide *w, struct kinesis_sequence *out)
{
    unsigned extra;

    if (wide_length(w) <= 124)
        wide_put(w, 124, 1);
    extra = wide_length(w) > 128 ? 4 : 0;
    out->version = 0;
    out->shard = (int64_t)wide_bits(w, extra, 16);
    out->shard_created_s = (int64_t)wide_bits(w, 88 + extra, 36);
    return out->shard_created_s < created_s_end;
}

bool kinesis_sequence_parse(const char *text, struct kinesis_sequence *out)
{
    struct wide w;
    unsigned length;

    *out = (struct kinesis_sequence){0};
    if (!wide_parse(text, &w))
        return false;
    length = wide_length(&w);
    if (length <= 129)
        return parse_old(&w, out);
    if (length != 186 || wide_bits(&w, 184, 1) != 0)
        return false;
    switch (wide_bits(&w, 0, 4)) {
    case 1:
        return parse_middle(&w, out);
    case 2:
        return parse_new(&w, out);
    default:
        return false;
    }
}
