/* CBOR out: see cbor_write.h. */
#include "server/protocol/cbor_write.h"

#include <math.h>

static void head(struct strbuf *b, uint8_t major, uint64_t argument)
{
    uint8_t bytes[9];
    size_t size = 0;

    if (argument < 24)
        bytes[0] = (uint8_t)(major << 5 | argument);
    else if (argument <= UINT8_MAX)
        size = 1;
    else if (argument <= UINT16_MAX)
        size = 2;
    else if (argument <= UINT32_MAX)
        size = 4;
    else
        size = 8;
    if (size > 0)
        bytes[0] = (uint8_t)(major << 5 | (size == 1 ? 24 : size == 2 ? 25 : size == 4 ? 26 : 27));
    for (size_t i = 0; i < size; i++)
        bytes[1 + i] = (uint8_t)(argument >> 8 * (size - 1 - i));
    strbuf_add(b, bytes, 1 + size);
}

void cw_int(struct strbuf *b, int64_t value)
{
    if (value >= 0)
        head(b, 0, (uint64_t)value);
    else
        head(b, 1, (uint64_t)(-1 - value));
}

void cw_double(struct strbuf *b, double value)
{
    float narrow = (float)value;
    uint8_t bytes[9];
    uint64_t bits;
    size_t size = 8;

    if ((double)narrow == value || isnan(value)) {
        uint32_t narrow_bits;
        memcpy(&narrow_bits, &narrow, sizeof(narrow_bits));
        bits = narrow_bits;
        size = 4;
    } else {
        memcpy(&bits, &value, sizeof(bits));
    }
    bytes[0] = size == 4 ? 0xFA : 0xFB;
    for (size_t i = 0; i < size; i++)
        bytes[1 + i] = (uint8_t)(bits >> 8 * (size - 1 - i));
    strbuf_add(b, bytes, 1 + size);
}

void cw_bool(struct strbuf *b, bool value)
{
    strbuf_add_char(b, (char)(value ? 0xF5 : 0xF4));
}

void cw_null(struct strbuf *b)
{
    strbuf_add_char(b, (char)0xF6);
}

void cw_text(struct strbuf *b, const char *text, size_t len)
{
    head(b, 3, len);
    strbuf_add(b, text, len);
}

void cw_bytes(struct strbuf *b, const void *data, size_t len)
{
    head(b, 2, len);
    strbuf_add(b, data, len);
}

void cw_tag(struct strbuf *b, uint64_t tag)
{
    head(b, 6, tag);
}

void cw_array(struct strbuf *b, size_t count)
{
    head(b, 4, count);
}

void cw_map(struct strbuf *b, size_t count)
{
    head(b, 5, count);
}

void cw_map_open(struct strbuf *b)
{
    strbuf_add_char(b, (char)0xBF);
}

void cw_break(struct strbuf *b)
{
    strbuf_add_char(b, (char)0xFF);
}
