/*
 * A growing run of bytes with a maximum it is born with. What would pass the maximum is dropped and
 * remembered in `overflow`, which the owner checks once, at the end. data is always NUL-terminated
 * once something was added, and NULL before.
 */
#ifndef CADABRA_STRBUF_H
#define CADABRA_STRBUF_H

#include "server/base/base.h"

struct strbuf {
    char *data;
    size_t len;
    size_t capacity;
    size_t max;
    bool overflow;
};

#define STRBUF_INIT(maximum)                                                                       \
    {                                                                                              \
        .max = (maximum)                                                                           \
    }

void strbuf_init(struct strbuf *b, size_t max);
void strbuf_release(struct strbuf *b);
/* Empties it, keeping the memory. */
void strbuf_clear(struct strbuf *b);
/* Room for at least `more` further bytes, for callers that write in place; false when that passes
 * the maximum. */
bool strbuf_reserve(struct strbuf *b, size_t more);
void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_add_char(struct strbuf *b, char c);
void strbuf_add_text(struct strbuf *b, const char *text);
void strbuf_add_format(struct strbuf *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* Hands the bytes over (to be freed with free()) and leaves the buffer empty. */
char *strbuf_take(struct strbuf *b, size_t *out_len);

#endif
