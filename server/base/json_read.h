/*
 * A pull reader for JSON text: no tree, one pass, no recursion of its own.
 *
 * The caller walks the document: it asks for the next value's type, enters objects and arrays, and
 * reads or skips each value. Strings without escapes point into the input; others are unescaped
 * into the arena. Strings are checked to be UTF-8, as RFC 8259 demands, and may contain NUL
 * (\u0000), hence the lengths.
 *
 * After the first fault every call answers JR_ERROR or false and `error` says what was wrong, in
 * words that can be shown to a user; so a decoder may check once, at the end. Depth is bounded by
 * max_depth.
 */
#ifndef CADABRA_JSON_READ_H
#define CADABRA_JSON_READ_H

#include "server/base/arena.h"

enum jr_type {
    JR_ERROR,
    JR_END, /* of the document */
    JR_OBJECT,
    JR_ARRAY,
    JR_STRING,
    JR_NUMBER,
    JR_TRUE,
    JR_FALSE,
    JR_NULL,
};

struct jr_text {
    const char *data; /* not NUL-terminated */
    size_t len;
};

struct jr {
    const char *start;
    const char *next;
    const char *end;
    struct arena *arena;
    int depth;
    int max_depth;
    const char *error; /* NULL while all is well */
};

void jr_init(struct jr *r, const void *data, size_t len, struct arena *arena, int max_depth);

/* The type of the value that comes next, without consuming it. */
enum jr_type jr_peek(struct jr *r);

/* for (jr_enter_object(r); jr_next_key(r, &key);) { read or skip exactly one value } */
bool jr_enter_object(struct jr *r);
bool jr_next_key(struct jr *r, struct jr_text *out_key);
/* for (jr_enter_array(r); jr_next_item(r);) { read or skip exactly one value } */
bool jr_enter_array(struct jr *r);
bool jr_next_item(struct jr *r);

bool jr_string(struct jr *r, struct jr_text *out_text);
/* The number's characters as they stand in the document, grammar checked. */
bool jr_number(struct jr *r, struct jr_text *out_lexeme);
bool jr_bool(struct jr *r, bool *out_value);
bool jr_null(struct jr *r);
/* Skips one whole value, of any type; out_raw (may be NULL) gets its exact text. */
bool jr_skip(struct jr *r, struct jr_text *out_raw);
/* True when the whole document was read without a fault and nothing but white space follows. */
bool jr_finish(struct jr *r);

static inline bool jr_text_eq(struct jr_text t, const char *s)
{
    return strlen(s) == t.len && memcmp(t.data, s, t.len) == 0;
}

#endif
