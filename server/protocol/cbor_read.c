/* The pull reader for CBOR: see cbor_read.h. */
#include "server/protocol/cbor_read.h"

#include <math.h>

#include "server/base/utf8.h"

/* Major types, and the ways in which the lower five bits give the argument. */
enum {
    MAJOR_UNSIGNED,
    MAJOR_NEGATIVE,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_SIMPLE
};
enum {
    INFO_FALSE = 20,
    INFO_TRUE,
    INFO_NULL,
    INFO_UNDEFINED,
    INFO_ONE_BYTE = 24,
    INFO_HALF,
    INFO_SINGLE,
    INFO_DOUBLE,
    INFO_INDEFINITE = 31
};

__attribute__((cold)) static bool fault(struct cr *r, const char *text)
{
    if (!r->error)
        r->error = text;
    r->next = r->end;
    return false;
}

void cr_init(struct cr *r, const void *data, size_t len, struct arena *arena, int max_depth)
{
    const uint8_t *begin = len ? data : (const uint8_t *)"";

    *r = (struct cr){
        .next = begin,
        .end = begin + len,
        .arena = arena,
        .max_depth = MIN(max_depth, CR_DEPTH_LIMIT),
    };
}

enum cr_type cr_peek(struct cr *r)
{
    static const enum cr_type by_major[] = {CR_UNSIGNED, CR_NEGATIVE, CR_BYTES, CR_TEXT,
                                            CR_ARRAY,    CR_MAP,      CR_TAG};

    if (r->next == r->end)
        return r->error ? CR_ERROR : CR_END;
    uint8_t major = *r->next >> 5, info = *r->next & 31;
    if (major != MAJOR_SIMPLE)
        return by_major[major];
    switch (info) {
    case INFO_FALSE:
    case INFO_TRUE:
        return CR_BOOL;
    case INFO_NULL:
    case INFO_UNDEFINED:
        return CR_NULL;
    case INFO_HALF:
    case INFO_SINGLE:
    case INFO_DOUBLE:
        return CR_FLOAT;
    case INFO_INDEFINITE:
        return CR_BREAK;
    default:
        fault(r, "unknown simple value");
        return CR_ERROR;
    }
}

/* Reads an initial byte and its argument. out_indefinite NULL: a length must be given. */
static bool read_head(struct cr *r, uint64_t *out_argument, bool *out_indefinite)
{
    uint8_t info;
    uint64_t value = 0;

    if (r->next == r->end)
        return fault(r, "unexpected end of document");
    info = *r->next++ & 31;
    if (out_indefinite)
        *out_indefinite = false;
    if (info < INFO_ONE_BYTE) {
        *out_argument = info;
        return true;
    }
    if (info == INFO_INDEFINITE && out_indefinite) {
        *out_indefinite = true;
        *out_argument = 0;
        return true;
    }
    if (info > INFO_DOUBLE)
        return fault(r, "bad length");
    size_t size = (size_t)1 << (info - INFO_ONE_BYTE);
    if ((size_t)(r->end - r->next) < size)
        return fault(r, "unexpected end of document");
    for (size_t i = 0; i < size; i++)
        value = value << 8 | *r->next++;
    *out_argument = value;
    return true;
}

static bool enter(struct cr *r, enum cr_type type, const char *otherwise, struct cr_container *out)
{
    *out = (struct cr_container){.left = 0};
    if (cr_peek(r) != type)
        return fault(r, otherwise);
    if (r->depth >= r->max_depth)
        return fault(r, "nested too deeply");
    if (!read_head(r, &out->left, &out->indefinite))
        return false;
    /* Each element takes a byte at least: a length that cannot be true is refused at once. */
    if (out->left > (uint64_t)(r->end - r->next))
        return fault(r, "unexpected end of document");
    r->depth++;
    return true;
}

bool cr_enter_map(struct cr *r, struct cr_container *out)
{
    return enter(r, CR_MAP, "expected a map", out);
}

bool cr_enter_array(struct cr *r, struct cr_container *out)
{
    return enter(r, CR_ARRAY, "expected an array", out);
}

bool cr_next(struct cr *r, struct cr_container *c)
{
    if (r->error)
        return false;
    if (c->indefinite) {
        enum cr_type type = cr_peek(r);
        if (type == CR_END)
            return fault(r, "unexpected end of document");
        if (type != CR_BREAK)
            return type != CR_ERROR;
        r->next++;
        r->depth--;
        return false;
    }
    if (c->left == 0) {
        r->depth--;
        return false;
    }
    c->left--;
    return true;
}

bool cr_int(struct cr *r, int64_t *out_value)
{
    enum cr_type type = cr_peek(r);
    uint64_t argument;

    if (type != CR_UNSIGNED && type != CR_NEGATIVE)
        return fault(r, "expected an integer");
    if (!read_head(r, &argument, NULL))
        return false;
    if (argument > INT64_MAX)
        return fault(r, "an integer is out of range");
    *out_value = type == CR_UNSIGNED ? (int64_t)argument : -1 - (int64_t)argument;
    return true;
}

static double half_to_double(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double mantissa = (double)(bits & 0x3FF);
    double value;

    if (exponent == 0)
        value = ldexp(mantissa, -24);
    else if (exponent != 31)
        value = ldexp(mantissa + 1024, exponent - 25);
    else
        value = mantissa == 0 ? (double)INFINITY : (double)NAN;
    return bits & 0x8000 ? -value : value;
}

bool cr_double(struct cr *r, double *out_value)
{
    enum cr_type type = cr_peek(r);
    uint64_t bits;

    if (type == CR_UNSIGNED || type == CR_NEGATIVE) {
        if (!read_head(r, &bits, NULL))
            return false;
        *out_value = type == CR_UNSIGNED ? (double)bits : -1.0 - (double)bits;
        return true;
    }
    if (type != CR_FLOAT)
        return fault(r, "expected a number");
    uint8_t info = *r->next & 31;
    if (!read_head(r, &bits, NULL))
        return false;
    if (info == INFO_HALF) {
        *out_value = half_to_double(bits);
    } else if (info == INFO_SINGLE) {
        uint32_t narrow = (uint32_t)bits;
        float value;
        memcpy(&value, &narrow, sizeof(value));
        *out_value = (double)value;
    } else {
        memcpy(out_value, &bits, sizeof(*out_value));
    }
    return true;
}

bool cr_bool(struct cr *r, bool *out_value)
{
    if (cr_peek(r) != CR_BOOL)
        return fault(r, "expected a boolean");
    *out_value = (*r->next++ & 31) == INFO_TRUE;
    return true;
}

bool cr_null(struct cr *r)
{
    if (cr_peek(r) != CR_NULL)
        return fault(r, "expected null");
    r->next++;
    return true;
}

bool cr_tag(struct cr *r, uint64_t *out_tag)
{
    if (cr_peek(r) != CR_TAG)
        return fault(r, "expected a tag");
    return read_head(r, out_tag, NULL);
}

/* One run of definite length. */
static bool read_run(struct cr *r, struct bytes *out, bool *out_indefinite)
{
    uint64_t len;

    if (!read_head(r, &len, out_indefinite))
        return false;
    if (len > (uint64_t)(r->end - r->next))
        return fault(r, "unexpected end of document");
    *out = (struct bytes){r->next, (size_t)len};
    r->next += len;
    return true;
}

/* The chunks of a run of indefinite length, which have been found to end: joined in the arena. */
static bool join_chunks(struct cr *r, enum cr_type type, struct bytes *out)
{
    const uint8_t *begin = r->next;
    struct bytes chunk;
    size_t total = 0;
    uint8_t *data = NULL;

    for (int pass = 0; pass < 2; pass++) {
        r->next = begin;
        total = 0;
        while (cr_peek(r) == type) {
            if (!read_run(r, &chunk, NULL))
                return false;
            if (data)
                memcpy(data + total, chunk.data, chunk.len);
            total += chunk.len;
        }
        if (r->error || cr_peek(r) != CR_BREAK)
            return fault(r, "a string of indefinite length has a bad chunk");
        if (pass == 0)
            data = arena_alloc(r->arena, total + 1);
    }
    r->next++;
    *out = (struct bytes){data, total};
    return true;
}

static bool read_string(struct cr *r, enum cr_type type, struct bytes *out)
{
    bool indefinite = false;

    *out = (struct bytes){r->end, 0};
    if (!read_run(r, out, &indefinite))
        return false;
    return !indefinite || join_chunks(r, type, out);
}

bool cr_text(struct cr *r, struct bytes *out)
{
    if (cr_peek(r) != CR_TEXT)
        return fault(r, "expected a text");
    if (!read_string(r, CR_TEXT, out))
        return false;
    if (!utf8_valid((const char *)out->data, out->len))
        return fault(r, "invalid UTF-8 in a text");
    return true;
}

bool cr_bytes(struct cr *r, struct bytes *out)
{
    if (cr_peek(r) != CR_BYTES)
        return fault(r, "expected bytes");
    return read_string(r, CR_BYTES, out);
}

static bool skip_scalar(struct cr *r, enum cr_type type)
{
    struct bytes run;
    uint64_t tag;
    double number;
    bool value;

    switch (type) {
    case CR_UNSIGNED:
    case CR_NEGATIVE:
    case CR_FLOAT:
        return cr_double(r, &number);
    case CR_BYTES:
        return cr_bytes(r, &run);
    case CR_TEXT:
        return cr_text(r, &run);
    case CR_TAG:
        return cr_tag(r, &tag);
    case CR_BOOL:
        return cr_bool(r, &value);
    case CR_NULL:
        return cr_null(r);
    default:
        return fault(r, "unexpected end of document");
    }
}

/* Values still due at one level of what is being skipped. */
struct skip_level {
    struct cr_container container;
    bool map;
    bool value_due; /* of a pair whose key has been skipped */
};

/* Ends the levels that are complete; false when nothing is left to skip. */
static bool skip_more(struct cr *r, struct skip_level *levels, int *depth)
{
    while (*depth > 0) {
        struct skip_level *level = &levels[*depth - 1];
        if (level->value_due) {
            level->value_due = false;
            return true;
        }
        if (cr_next(r, &level->container)) {
            level->value_due = level->map;
            return true;
        }
        (*depth)--;
    }
    return false;
}

bool cr_skip(struct cr *r)
{
    struct skip_level levels[CR_DEPTH_LIMIT];
    int depth = 0;

    do {
        enum cr_type type = cr_peek(r);
        if (type == CR_ARRAY || type == CR_MAP) {
            struct skip_level *level = &levels[depth];
            if (!(type == CR_MAP ? cr_enter_map(r, &level->container)
                                 : cr_enter_array(r, &level->container)))
                return false;
            level->map = type == CR_MAP;
            level->value_due = false;
            depth++;
        } else {
            if (!skip_scalar(r, type))
                return false;
            if (type == CR_TAG)
                continue; /* the tagged value follows */
        }
        if (!skip_more(r, levels, &depth))
            break;
    } while (!r->error);
    return !r->error;
}

bool cr_finish(struct cr *r)
{
    if (r->error)
        return false;
    if (r->next != r->end || r->depth != 0)
        return fault(r, "bytes after the end of the document");
    return true;
}
