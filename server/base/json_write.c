/*
 * The JSON writer: see json_write.h. What is written is always JSON: bytes that are no UTF-8 (a
 * process's output, say) become U+FFFD.
 */
#include "server/base/json_write.h"

#include <math.h>

#include "server/base/encode.h"
#include "server/base/utf8.h"

static inline void put(struct jw *w, const char *text, size_t len)
{
    struct strbuf *b = w->out;

    if (b->capacity - b->len > len) {
        memcpy(b->data + b->len, text, len);
        b->len += len;
        b->data[b->len] = '\0';
        return;
    }
    strbuf_add(b, text, len);
}

static inline void comma(struct jw *w)
{
    if (w->needs_comma)
        put(w, ",", 1);
    w->needs_comma = true;
}

static void open_with(struct jw *w, const char *bracket)
{
    comma(w);
    put(w, bracket, 1);
    w->needs_comma = false;
}

static void close_with(struct jw *w, const char *bracket)
{
    put(w, bracket, 1);
    w->needs_comma = true;
}

void jw_begin_object(struct jw *w)
{
    open_with(w, "{");
}

void jw_end_object(struct jw *w)
{
    close_with(w, "}");
}

void jw_begin_array(struct jw *w)
{
    open_with(w, "[");
}

void jw_end_array(struct jw *w)
{
    close_with(w, "]");
}

static void put_escaped(struct jw *w, char c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 0};
    size_t len = 2;

    switch (c) {
    case '"':
    case '\\':
        text[1] = c;
        break;
    case '\b':
        text[1] = 'b';
        break;
    case '\f':
        text[1] = 'f';
        break;
    case '\n':
        text[1] = 'n';
        break;
    case '\r':
        text[1] = 'r';
        break;
    case '\t':
        text[1] = 't';
        break;
    default:
        text[1] = 'u';
        text[2] = text[3] = '0';
        text[4] = hex[(uint8_t)c >> 4];
        text[5] = hex[c & 15];
        len = 6;
    }
    put(w, text, len);
}

static void put_quoted(struct jw *w, const char *text, size_t len)
{
    const char *end = text + len;
    const char *written = text; /* what lies before has been written */
    const char *p = text;

    put(w, "\"", 1);
    while ((p = utf8_skip_plain(p, end)) < end) {
        size_t n = (uint8_t)*p < 0x80 ? 0 : utf8_sequence(p, end);
        if (n > 0) {
            p += n;
            continue;
        }
        put(w, written, (size_t)(p - written));
        if ((uint8_t)*p < 0x80)
            put_escaped(w, *p);
        else
            put(w, "\xEF\xBF\xBD", 3);
        written = ++p;
    }
    put(w, written, (size_t)(end - written));
    put(w, "\"", 1);
}

void jw_key_n(struct jw *w, const char *key, size_t len)
{
    comma(w);
    put_quoted(w, key, len);
    put(w, ":", 1);
    w->needs_comma = false;
}

void jw_key(struct jw *w, const char *key)
{
    jw_key_n(w, key, strlen(key));
}

void jw_string_n(struct jw *w, const char *text, size_t len)
{
    comma(w);
    put_quoted(w, text, len);
}

void jw_string(struct jw *w, const char *text)
{
    jw_string_n(w, text, strlen(text));
}

void jw_base64(struct jw *w, const void *data, size_t len)
{
    comma(w);
    put(w, "\"", 1);
    if (strbuf_reserve(w->out, BASE64_LEN(len) + 1)) {
        base64_encode(data, len, w->out->data + w->out->len);
        w->out->len += BASE64_LEN(len);
    }
    put(w, "\"", 1);
}

void jw_int(struct jw *w, int64_t value)
{
    char text[24];
    char *p = text + sizeof(text);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

    do
        *--p = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--p = '-';
    comma(w);
    put(w, p, (size_t)(text + sizeof(text) - p));
}

void jw_double(struct jw *w, double value)
{
    char text[40];

    if (isnan(value) || isinf(value)) {
        jw_string(w, isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
        return;
    }
    int len = 0;
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    comma(w);
    put(w, text, (size_t)len);
}

void jw_bool(struct jw *w, bool value)
{
    comma(w);
    put(w, value ? "true" : "false", value ? 4 : 5);
}

void jw_null(struct jw *w)
{
    comma(w);
    put(w, "null", 4);
}

void jw_raw(struct jw *w, const char *json, size_t len)
{
    comma(w);
    put(w, json, len);
}

void jw_member_string(struct jw *w, const char *key, const char *text)
{
    if (!text)
        return;
    jw_key(w, key);
    jw_string(w, text);
}

void jw_member_int(struct jw *w, const char *key, int64_t value)
{
    jw_key(w, key);
    jw_int(w, value);
}

void jw_member_bool(struct jw *w, const char *key, bool value)
{
    jw_key(w, key);
    jw_bool(w, value);
}
