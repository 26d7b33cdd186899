/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef CADABRA_UTF8_H
#define CADABRA_UTF8_H

#include "server/base/base.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static inline bool utf8_is_continuation(const char *p)
{
    return ((uint8_t)*p & 0xC0) == 0x80;
}

/* Bytes of the well-formed sequence that begins at p (1 to 4), 0 when there is none. p < end. */
static inline size_t utf8_sequence(const char *p, const char *end)
{
    uint8_t lead = (uint8_t)p[0];
    size_t left = (size_t)(end - p);

    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    if (lead < 0xE0)
        return left >= 2 && utf8_is_continuation(p + 1) ? 2 : 0;
    if (left < 3 || !utf8_is_continuation(p + 1) || !utf8_is_continuation(p + 2))
        return 0;
    uint8_t second = (uint8_t)p[1];
    if (lead < 0xF0) {
        bool overlong = lead == 0xE0 && second < 0xA0;
        bool surrogate = lead == 0xED && second >= 0xA0;
        return overlong || surrogate ? 0 : 3;
    }
    if (left < 4 || !utf8_is_continuation(p + 3))
        return 0;
    bool overlong = lead == 0xF0 && second < 0x90;
    bool too_large = lead == 0xF4 && second >= 0x90;
    return overlong || too_large ? 0 : 4;
}

/* True when all len bytes are well-formed. */
static inline bool utf8_valid(const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end) {
        uint64_t word;
        if (end - text >= 8) {
            memcpy(&word, text, 8);
            if ((word & 0x8080808080808080u) == 0) {
                text += 8;
                continue;
            }
        }
        size_t n = utf8_sequence(text, end);
        if (n == 0)
            return false;
        text += n;
    }
    return true;
}

/* Writes the code point (valid, no surrogate) to out (4 bytes of room) and returns its length. */
static inline size_t utf8_put(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* The first byte at or after p that JSON text may not carry as it is, or that needs a look: a
 * quote, a backslash, a control character, or a byte of a multi-byte sequence; `end` when there is
 * none. Sixteen at a time where every processor of the kind can, else eight. */
static inline const char *utf8_skip_plain(const char *p, const char *end)
{
#if defined(__SSE2__)
    while (end - p >= 16) {
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i quote = _mm_cmpeq_epi8(text, _mm_set1_epi8('"'));
        __m128i slash = _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'));
        __m128i other =
            _mm_cmpgt_epi8(_mm_set1_epi8(' '), text); /* signed: and what is not ASCII */
        int stop = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), other));
        if (stop)
            return p + __builtin_ctz((unsigned)stop);
        p += 16;
    }
#else
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;

    while (end - p >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        uint64_t quote = word ^ ones * '"';
        uint64_t slash = word ^ ones * '\\';
        uint64_t stop = (word - ones * 0x20) | (quote - ones) | (slash - ones) | word;
        if (stop & highs)
            break;
        p += 8;
    }
#endif
    while (p < end && (uint8_t)*p >= 0x20 && (uint8_t)*p < 0x80 && *p != '"' && *p != '\\')
        p++;
    return p;
}

#endif
