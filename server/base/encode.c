/*
 * Base64 works on groups of three bytes with one table each way; the decoder ors the table's
 * answers together and looks once for the mark of a foreign character, so the loop has no branches.
 */
#include "server/base/encode.h"

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

void base64_encode(const void *data, size_t len, char *out)
{
    const uint8_t *in = data;

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
    size_t groups = len / 4, last_len;

    if (len % 4)
        return false;
    if (len == 0) {
        *out_len = 0;
        return true;
    }
    for (size_t i = 0; i < groups - 1; i++, in += 4, out += 3) {
        uint8_t a = base64_value[in[0]], b = base64_value[in[1]];
        uint8_t c = base64_value[in[2]], d = base64_value[in[3]];

        seen |= a | b | c | d;
        out[0] = (uint8_t)(a << 2 | b >> 4);
        out[1] = (uint8_t)(b << 4 | c >> 2);
        out[2] = (uint8_t)(c << 6 | d);
    }
    if (seen & 0x80 || !decode_last_group(in, out, &last_len))
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
