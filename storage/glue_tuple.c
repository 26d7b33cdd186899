/* See the header. */
#include "storage/glue_tuple.h"

enum { TUPLE_END = 1, TUPLE_ESCAPE = 2 };

char *glue_tuple_make(struct arena *a, const char *const *texts, size_t count)
{
    size_t room = 1;
    char *tuple;
    char *to;

    for (size_t i = 0; i < count; i++)
        room += 2 * strlen(texts[i]) + 1;
    to = tuple = arena_alloc(a, room);
    for (size_t i = 0; i < count; i++) {
        for (const char *p = texts[i]; *p; p++) {
            bool escape = *p == TUPLE_END || *p == TUPLE_ESCAPE;

            if (escape)
                *to++ = TUPLE_ESCAPE;
            *to++ = escape ? (char)(*p + 2) : *p;
        }
        *to++ = TUPLE_END;
    }
    *to = '\0';
    return tuple;
}

bool glue_tuple_next(struct bytes tuple, size_t *position, struct bytes *out_text,
                     bool *out_escaped)
{
    const uint8_t *from = tuple.data + *position;
    const uint8_t *end =
        *position < tuple.len ? memchr(from, TUPLE_END, tuple.len - *position) : NULL;

    if (!end)
        return false;
    *out_text = (struct bytes){.data = from, .len = (size_t)(end - from)};
    *out_escaped = memchr(from, TUPLE_ESCAPE, out_text->len) != NULL;
    *position += out_text->len + 1;
    return true;
}

size_t glue_tuple_unescape(struct bytes text, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == TUPLE_ESCAPE && i + 1 < text.len)
            out[n++] = (char)(text.data[++i] - 2);
        else
            out[n++] = (char)text.data[i];
    }
    return n;
}

struct glue_texts glue_tuple_texts(struct arena *a, const char *tuple)
{
    struct bytes all = {.data = (const uint8_t *)tuple, .len = strlen(tuple)};
    struct glue_texts texts = {0};
    struct bytes text;
    size_t position = 0;
    bool escaped;

    while (glue_tuple_next(all, &position, &text, &escaped))
        texts.count++;
    texts.items = ARENA_ARRAY(a, const char *, texts.count);
    position = 0;
    for (size_t i = 0; glue_tuple_next(all, &position, &text, &escaped); i++) {
        char *copy = arena_alloc(a, text.len + 1);

        copy[glue_tuple_unescape(text, copy)] = '\0';
        texts.items[i] = copy;
    }
    return texts;
}
