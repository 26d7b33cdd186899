/*
 * Capacity doubles, and always has one byte for the NUL. After the first overflow everything
 * further is dropped too, so that the owner never sends a text with a hole in its middle.
 */
#include "server/base/strbuf.h"

enum { CAPACITY_FIRST = 256 };

void strbuf_init(struct strbuf *b, size_t max)
{
    *b = (struct strbuf)STRBUF_INIT(max);
}

void strbuf_release(struct strbuf *b)
{
    free(b->data);
    strbuf_init(b, b->max);
}

void strbuf_clear(struct strbuf *b)
{
    b->len = 0;
    b->overflow = false;
    if (b->data)
        b->data[0] = '\0';
}

bool strbuf_reserve(struct strbuf *b, size_t more)
{
    size_t needed, capacity;

    if (more < b->capacity - b->len && b->data)
        return !b->overflow;
    if (b->overflow || b->len > b->max || more > b->max - b->len) {
        b->overflow = true;
        return false;
    }
    needed = b->len + more + 1; /* max is far from SIZE_MAX */
    capacity = MAX(needed, MIN(MAX(2 * b->capacity, (size_t)CAPACITY_FIRST), b->max + 1));
    b->data = x_reallocarray(b->data, capacity, 1);
    b->data[b->len] = '\0';
    b->capacity = capacity;
    return true;
}

void strbuf_add(struct strbuf *b, const void *data, size_t len)
{
    if (!strbuf_reserve(b, len))
        return;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void strbuf_add_char(struct strbuf *b, char c)
{
    if (!strbuf_reserve(b, 1))
        return;
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

void strbuf_add_text(struct strbuf *b, const char *text)
{
    strbuf_add(b, text, strlen(text));
}

void strbuf_add_format(struct strbuf *b, const char *format, ...)
{
    char probe[256];
    va_list arguments, again;
    int len;

    va_start(arguments, format);
    va_copy(again, arguments);
    len = vsnprintf(probe, sizeof(probe), format, arguments);
    va_end(arguments);
    if (len < 0)
        abort(); /* an invalid format is our bug */
    if ((size_t)len < sizeof(probe)) {
        strbuf_add(b, probe, (size_t)len);
    } else if (strbuf_reserve(b, (size_t)len)) {
        vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
}

char *strbuf_take(struct strbuf *b, size_t *out_len)
{
    char *data;

    if (!b->data)
        strbuf_add(b, "", 0);
    data = TAKE(b->data);
    if (out_len)
        *out_len = b->len;
    strbuf_init(b, b->max);
    return data;
}
