/*
 * The pull reader for JSON: see json_read.h.
 *
 * The reader keeps no stack. Whether a comma is due is told by the byte before `next`: right after
 * entering it is the bracket itself, which no finished value can end with. A fault moves `next` to
 * the end, so that whatever the caller asks afterwards finds nothing more and loops end by
 * themselves.
 */
#include "server/base/json_read.h"

#include "server/base/utf8.h"

/* Levels that jr_skip() keeps track of, one bit each. */
enum { DEPTH_LIMIT = 1024 };

__attribute__((cold)) static bool fault(struct jr *r, const char *text)
{
    if (!r->error)
        r->error = text;
    r->next = r->end;
    return false;
}

void jr_init(struct jr *r, const void *data, size_t len, struct arena *arena, int max_depth)
{
    const char *text = len ? data : "";

    *r = (struct jr){
        .start = text,
        .next = text,
        .end = text + len,
        .arena = arena,
        .max_depth = MIN(max_depth, DEPTH_LIMIT),
    };
}

static inline void skip_space(struct jr *r)
{
    const char *p = r->next;

    while (p < r->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    r->next = p;
}

enum jr_type jr_peek(struct jr *r)
{
    skip_space(r);
    if (r->next == r->end)
        return r->error ? JR_ERROR : JR_END;
    switch (*r->next) {
    case '{':
        return JR_OBJECT;
    case '[':
        return JR_ARRAY;
    case '"':
        return JR_STRING;
    case '-':
    case '0' ... '9':
        return JR_NUMBER;
    case 't':
        return JR_TRUE;
    case 'f':
        return JR_FALSE;
    case 'n':
        return JR_NULL;
    default:
        fault(r, "unexpected character");
        return JR_ERROR;
    }
}

static bool enter(struct jr *r, enum jr_type type, const char *otherwise)
{
    if (jr_peek(r) != type)
        return fault(r, otherwise);
    if (r->depth >= r->max_depth)
        return fault(r, "nested too deeply");
    r->depth++;
    r->next++;
    return true;
}

bool jr_enter_object(struct jr *r)
{
    return enter(r, JR_OBJECT, "expected an object");
}

bool jr_enter_array(struct jr *r)
{
    return enter(r, JR_ARRAY, "expected an array");
}

/* Moves to the next element of the object or array that is being read; false at its end. */
static inline bool next_element(struct jr *r, char open, char close)
{
    if (r->error)
        return false;
    bool first = r->next > r->start && r->next[-1] == open;
    skip_space(r);
    if (r->next == r->end)
        return fault(r, "unexpected end of document");
    if (*r->next == close) {
        r->next++;
        r->depth--;
        return false;
    }
    if (first)
        return true;
    if (*r->next != ',')
        return fault(r, "expected a comma or the end of the object or array");
    r->next++;
    skip_space(r);
    return true;
}

bool jr_next_item(struct jr *r)
{
    return next_element(r, '[', ']');
}

static bool hex4(const char *p, const char *end, uint32_t *out)
{
    uint32_t value = 0;

    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (uint32_t)((c | 0x20) - 'a') + 10;
        else
            return false;
        value = value << 4 | digit;
    }
    *out = value;
    return true;
}

/* p stands behind "\u". Returns where reading goes on, NULL when it is no code point. */
static const char *unescape_unicode(const char *p, const char *end, char **out)
{
    uint32_t code, low;

    if (!hex4(p, end, &code))
        return NULL;
    p += 4;
    if (code >= 0xDC00 && code <= 0xDFFF)
        return NULL;
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (end - p < 6 || p[0] != '\\' || p[1] != 'u' || !hex4(p + 2, end, &low) || low < 0xDC00 ||
            low > 0xDFFF)
            return NULL;
        p += 6;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    *out += utf8_put(code, *out);
    return p;
}

/* p stands on a backslash, with at least one byte behind it. */
static const char *unescape_one(const char *p, const char *end, char **out)
{
    char c;

    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
        c = p[1];
        break;
    case 'b':
        c = '\b';
        break;
    case 'f':
        c = '\f';
        break;
    case 'n':
        c = '\n';
        break;
    case 'r':
        c = '\r';
        break;
    case 't':
        c = '\t';
        break;
    case 'u':
        return unescape_unicode(p + 2, end, out);
    default:
        return NULL;
    }
    *(*out)++ = c;
    return p + 2;
}

/* Where the string that is being read ends: its closing quote, or NULL. */
static const char *find_quote(const char *p, const char *end)
{
    while (p < end && *p != '"')
        p += *p == '\\' ? 2 : 1;
    return p < end ? p : NULL;
}

/* The string begins at `begin` and has been found good up to p, which stands on its first
 * backslash. */
static bool unescape(struct jr *r, const char *begin, const char *p, struct jr_text *out_text)
{
    const char *end = find_quote(p, r->end);

    if (!end)
        return fault(r, "unterminated string");
    char *text = arena_alloc(r->arena, (size_t)(end - begin) + 1);
    char *o = text;
    memcpy(o, begin, (size_t)(p - begin));
    o += p - begin;
    while (p < end) {
        const char *stop = utf8_skip_plain(p, end);
        size_t n = (size_t)(stop - p);
        memcpy(o, p, n);
        o += n;
        p = stop;
        if (p == end)
            break;
        if (*p == '\\') {
            p = unescape_one(p, end, &o);
            if (!p)
                return fault(r, "bad escape in a string");
            continue;
        }
        if ((uint8_t)*p < 0x20)
            return fault(r, "control character in a string");
        n = utf8_sequence(p, end);
        if (n == 0)
            return fault(r, "invalid UTF-8 in a string");
        memcpy(o, p, n);
        o += n;
        p += n;
    }
    *o = '\0';
    *out_text = (struct jr_text){text, (size_t)(o - text)};
    r->next = end + 1;
    return true;
}

/* next stands on the opening quote. */
static bool read_string(struct jr *r, struct jr_text *out_text)
{
    const char *begin = r->next + 1;
    const char *p = begin;

    for (;;) {
        p = utf8_skip_plain(p, r->end);
        if (p == r->end)
            return fault(r, "unterminated string");
        if (*p == '"')
            break;
        if (*p == '\\')
            return unescape(r, begin, p, out_text);
        if ((uint8_t)*p < 0x20)
            return fault(r, "control character in a string");
        size_t n = utf8_sequence(p, r->end);
        if (n == 0)
            return fault(r, "invalid UTF-8 in a string");
        p += n;
    }
    *out_text = (struct jr_text){begin, (size_t)(p - begin)};
    r->next = p + 1;
    return true;
}

bool jr_next_key(struct jr *r, struct jr_text *out_key)
{
    if (!next_element(r, '{', '}'))
        return false;
    if (r->next == r->end || *r->next != '"')
        return fault(r, "expected a member name");
    if (!read_string(r, out_key))
        return false;
    skip_space(r);
    if (r->next == r->end || *r->next != ':')
        return fault(r, "expected a colon");
    r->next++;
    return true;
}

bool jr_string(struct jr *r, struct jr_text *out_text)
{
    if (jr_peek(r) != JR_STRING)
        return fault(r, "expected a string");
    return read_string(r, out_text);
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* Where the number that begins at p ends, NULL when it is none. */
static const char *number_end(const char *p, const char *end)
{
    const char *digits;

    if (p < end && *p == '-')
        p++;
    digits = p;
    p = skip_digits(p, end);
    if (p == digits || (*digits == '0' && p - digits > 1))
        return NULL;
    if (p < end && *p == '.') {
        digits = ++p;
        p = skip_digits(p, end);
        if (p == digits)
            return NULL;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        digits = p;
        p = skip_digits(p, end);
        if (p == digits)
            return NULL;
    }
    return p;
}

bool jr_number(struct jr *r, struct jr_text *out_lexeme)
{
    if (jr_peek(r) != JR_NUMBER)
        return fault(r, "expected a number");
    const char *stop = number_end(r->next, r->end);
    if (!stop)
        return fault(r, "malformed number");
    *out_lexeme = (struct jr_text){r->next, (size_t)(stop - r->next)};
    r->next = stop;
    return true;
}

static bool literal(struct jr *r, const char *word, size_t len)
{
    if ((size_t)(r->end - r->next) < len || memcmp(r->next, word, len) != 0)
        return fault(r, "unknown word");
    r->next += len;
    return true;
}

bool jr_bool(struct jr *r, bool *out_value)
{
    enum jr_type type = jr_peek(r);
    bool value = type == JR_TRUE;

    if (type != JR_TRUE && type != JR_FALSE)
        return fault(r, "expected true or false");
    if (!(value ? literal(r, "true", 4) : literal(r, "false", 5)))
        return false;
    *out_value = value;
    return true;
}

bool jr_null(struct jr *r)
{
    if (jr_peek(r) != JR_NULL)
        return fault(r, "expected null");
    return literal(r, "null", 4);
}

/* A string that nobody wants: checked like any other, but never unescaped. */
static bool skip_string(struct jr *r)
{
    const char *p = r->next + 1;
    char scratch[4];

    for (;;) {
        p = utf8_skip_plain(p, r->end);
        if (p == r->end)
            return fault(r, "unterminated string");
        if (*p == '"')
            break;
        if (*p == '\\') {
            char *o = scratch;
            p = r->end - p >= 2 ? unescape_one(p, r->end, &o) : NULL;
            if (!p)
                return fault(r, "bad escape in a string");
            continue;
        }
        size_t n = (uint8_t)*p < 0x20 ? 0 : utf8_sequence(p, r->end);
        if (n == 0)
            return fault(r, "control character or invalid UTF-8 in a string");
        p += n;
    }
    r->next = p + 1;
    return true;
}

static bool skip_scalar(struct jr *r, enum jr_type type)
{
    struct jr_text text;
    bool value;

    switch (type) {
    case JR_STRING:
        return skip_string(r);
    case JR_NUMBER:
        return jr_number(r, &text);
    case JR_TRUE:
    case JR_FALSE:
        return jr_bool(r, &value);
    case JR_NULL:
        return jr_null(r);
    default:
        return fault(r, "unexpected end of document");
    }
}

/* Moves to the next value inside what is being skipped; false when the innermost object or array
 * has ended. */
static bool skip_to_next(struct jr *r, bool object)
{
    if (!object)
        return jr_next_item(r);
    if (!next_element(r, '{', '}'))
        return false;
    if (r->next == r->end || *r->next != '"')
        return fault(r, "expected a member name");
    if (!skip_string(r))
        return false;
    skip_space(r);
    if (r->next == r->end || *r->next != ':')
        return fault(r, "expected a colon");
    r->next++;
    return true;
}

bool jr_skip(struct jr *r, struct jr_text *out_raw)
{
    uint64_t is_object[DEPTH_LIMIT / 64 + 1];
    int base = r->depth;

    enum jr_type type = jr_peek(r);
    const char *begin = r->next;
    for (;;) {
        if (type == JR_OBJECT || type == JR_ARRAY) {
            if (!(type == JR_OBJECT ? jr_enter_object(r) : jr_enter_array(r)))
                return false;
            uint64_t bit = (uint64_t)1 << (r->depth & 63);
            uint64_t *word = &is_object[r->depth >> 6];
            *word = type == JR_OBJECT ? *word | bit : *word & ~bit;
        } else if (!skip_scalar(r, type)) {
            return false;
        }
        while (r->depth > base &&
               !skip_to_next(r, is_object[r->depth >> 6] >> (r->depth & 63) & 1)) {
            if (r->error)
                return false;
        }
        if (r->depth == base)
            break;
        type = jr_peek(r);
    }
    if (out_raw)
        *out_raw = (struct jr_text){begin, (size_t)(r->next - begin)};
    return true;
}

bool jr_finish(struct jr *r)
{
    if (r->error)
        return false;
    skip_space(r);
    if (r->next != r->end || r->depth != 0)
        return fault(r, "text after the end of the document");
    return true;
}
