/*
 * Values behind descriptors: where they stand, whether they are there, how they grow, and scalars
 * as text.
 */
#include "server/protocol/codec.h"

#include <math.h>

#include "server/base/clock.h"
#include "server/base/encode.h"
#include "server/base/utf8.h"

/* A document of small elements decodes into structs many times its size: this much is enough for
 * any real one. */
enum { DECODE_BUDGET = 64 << 20 };

/* What empty lists and blobs point at. */
static const max_align_t nothing;

void decoder_init(struct decoder *d, struct request *req, const struct model *m)
{
    *d = (struct decoder){
        .req = req,
        .m = m,
        .arena = &req->arena,
        .error = &aws_SerializationException,
        .budget = DECODE_BUDGET,
    };
}

bool decode_fail(struct decoder *d, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const char *text = arena_vprintf(d->arena, format, arguments);
    va_end(arguments);
    aws_fail(d->req, d->error, "%s", text);
    return false;
}

bool decode_enter(struct decoder *d)
{
    if (d->depth >= PROTOCOL_DEPTH_MAX)
        return decode_fail(d, "The request is nested too deeply");
    d->depth++;
    return true;
}

size_t map_entry_size(const struct model *m, const struct shape *map)
{
    const struct member *value = first_member(m, map) + 1;
    size_t size = value->offset + member_shape(m, value)->size;

    return (size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
}

bool value_present(const struct model *m, const struct shape *s, const void *value)
{
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        return true;
    case SHAPE_LIST:
    case SHAPE_MAP:
        return ((const struct sequence *)value)->items != NULL;
    case SHAPE_STRING:
        return *(const char *const *)value != NULL;
    case SHAPE_BLOB:
    case SHAPE_DOCUMENT:
        return ((const struct bytes *)value)->data != NULL;
    case SHAPE_BOOLEAN:
        return ((const struct maybe_bool *)value)->set;
    case SHAPE_INTEGER:
        return ((const struct maybe_int *)value)->set;
    case SHAPE_LONG:
        return ((const struct maybe_long *)value)->set;
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        return ((const struct maybe_double *)value)->set;
    case SHAPE_TIMESTAMP:
        return ((const struct maybe_time *)value)->set;
    case SHAPE_CUSTOM:
        return m->customs[s->custom]->is_set(value);
    }
    return false;
}

const void *member_value(const struct model *m, const struct member *mb, const void *structure)
{
    const struct shape *s = member_shape(m, mb);
    const void *value = (const char *)structure + mb->offset;

    if (s->kind == SHAPE_STRUCTURE)
        return *(const void *const *)value;
    return value_present(m, s, value) ? value : NULL;
}

static bool spend(struct decoder *d, size_t size)
{
    if (size > d->budget)
        return decode_fail(d, "The request is too large");
    d->budget -= size;
    return true;
}

void *member_place(struct decoder *d, const struct member *mb, void *structure)
{
    const struct shape *s = member_shape(d->m, mb);
    void *place = (char *)structure + mb->offset;

    if (s->kind != SHAPE_STRUCTURE)
        return place;
    if (!spend(d, s->size))
        return NULL;
    return *(void **)place = arena_zalloc(d->arena, MAX(s->size, 1));
}

void *growing_add(struct decoder *d, struct growing *g)
{
    if (g->count == g->capacity) {
        size_t capacity = g->capacity ? 2 * g->capacity : 4;
        if (!spend(d, capacity * g->size))
            return NULL;
        char *items = arena_alloc(d->arena, MAX(capacity * g->size, 1));
        if (g->count > 0)
            memcpy(items, g->items, g->count * g->size);
        g->items = items;
        g->capacity = capacity;
    }
    void *element = g->items + g->count++ * g->size;
    memset(element, 0, g->size);
    return element;
}

void growing_finish(const struct growing *g, void *out)
{
    struct sequence *sequence = out;

    sequence->items = g->items ? (void *)g->items : (void *)&nothing;
    sequence->count = g->count;
}

static const char *entry_key(const struct growing *g, size_t i)
{
    return *(const char **)(g->items + i * g->size);
}

struct keyed {
    const char *key;
    size_t index;
};

static int keyed_compare(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    int order = strcmp(x->key, y->key);

    if (order != 0)
        return order;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Drops all but the last of entries with equal keys: by sorting, so that a hostile map costs no
 * more. */
static size_t drop_equal_keys(struct decoder *d, const struct growing *g)
{
    struct keyed *order = ARENA_ARRAY(d->arena, struct keyed, g->count);
    bool *dropped = ARENA_ARRAY(d->arena, bool, g->count);
    size_t kept = 0;

    for (size_t i = 0; i < g->count; i++)
        order[i] = (struct keyed){entry_key(g, i), i};
    qsort(order, g->count, sizeof(*order), keyed_compare);
    for (size_t i = 0; i + 1 < g->count; i++)
        dropped[order[i].index] = str_eq(order[i].key, order[i + 1].key);
    for (size_t i = 0; i < g->count; i++) {
        if (dropped[i])
            continue;
        if (kept != i)
            memcpy(g->items + kept * g->size, g->items + i * g->size, g->size);
        kept++;
    }
    return kept;
}

static bool has_equal_keys(const struct growing *g)
{
    enum { FEW = 12 };

    if (g->count > FEW)
        return true; /* may have: sorting will tell */
    for (size_t i = 1; i < g->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (str_eq(entry_key(g, i), entry_key(g, j)))
                return true;
        }
    }
    return false;
}

void growing_finish_map(struct decoder *d, const struct growing *g, void *out)
{
    struct growing unique = *g;

    if (has_equal_keys(g))
        unique.count = drop_equal_keys(d, g);
    growing_finish(&unique, out);
}

/* --- scalars as text --- */

bool double_from_text(const char *text, size_t len, double *out)
{
    char copy[400];
    char *end;

    if (len == 3 && memcmp(text, "NaN", 3) == 0) {
        *out = (double)NAN;
        return true;
    }
    if ((len == 8 && memcmp(text, "Infinity", 8) == 0) ||
        (len == 9 && memcmp(text, "-Infinity", 9) == 0)) {
        *out = *text == '-' ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    if (len == 0 || len >= sizeof(copy))
        return false;
    for (size_t i = 0; i < len; i++) { /* strtod takes more than decimal numbers: 0x1p3, inf */
        char c = text[i];
        bool good = (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || (c | 0x20) == 'e';
        if (!good)
            return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    *out = strtod(copy, &end);
    return *end == '\0' && end != copy;
}

bool integer_from_text(const char *text, size_t len, int64_t min, int64_t max, int64_t *out)
{
    size_t i = 0;
    bool negative = len > 0 && text[0] == '-';
    uint64_t value = 0;

    if (len > 0 && (text[0] == '-' || text[0] == '+'))
        i++;
    if (i == len)
        return false;
    /* Eighteen digits always fit. */
    if (len - i <= 18) {
        for (; i < len && text[i] >= '0' && text[i] <= '9'; i++)
            value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (i < len) { /* a fraction, an exponent, many digits, or no number */
        double d;
        if (!double_from_text(text, len, &d) || isnan(d) || isinf(d))
            return false;
        if (len >= 19 && len <= 20 && !memchr(text, '.', len) && !memchr(text, 'e', len) &&
            !memchr(text, 'E', len)) {
            char copy[24];
            memcpy(copy, text, len);
            copy[len] = '\0';
            int64_t whole = strtoll(copy, NULL, 10); /* stops at the ends of its range */
            *out = MAX(min, MIN(max, whole));
            return true;
        }
        /* 2^63 as a double is one more than the largest: compare before converting. */
        *out = d >= 0x1p63 ? max : d < -0x1p63 ? min : MAX(min, MIN(max, (int64_t)d));
        return true;
    }
    int64_t whole = negative ? -(int64_t)value : (int64_t)value;
    *out = MAX(min, MIN(max, whole));
    return true;
}

bool string_from_text(struct decoder *d, const char *text, size_t len, const char **out)
{
    if (len > 0 && memchr(text, '\0', len))
        return decode_fail(d, "A NUL character can not be part of a String");
    if (!utf8_valid(text, len))
        return decode_fail(d, "A String is not valid UTF-8");
    *out = arena_strndup(d->arena, text, len);
    return true;
}

bool blob_from_base64(struct arena *a, const char *text, size_t len, struct bytes *out)
{
    uint8_t *data = arena_alloc(a, len / 4 * 3 + 1);

    if (!base64_decode(text, len, data, &out->len))
        return false;
    out->data = data;
    return true;
}

enum timestamp_format timestamp_format_of(const struct member *mb, const struct shape *s,
                                          enum timestamp_format fallback)
{
    if (mb && mb->timestamp_format != TIMESTAMP_DEFAULT)
        return mb->timestamp_format;
    return s->timestamp_format != TIMESTAMP_DEFAULT ? s->timestamp_format : fallback;
}

bool epoch_seconds_to_ms(double seconds, int64_t *out_ms)
{
    if (!(seconds > -1e13 && seconds < 1e13))
        return false;
    *out_ms = llround(seconds * 1000);
    return true;
}

void epoch_seconds_text(int64_t ms, char out[EPOCH_TEXT_MAX])
{
    /* By hand: an answer may hold ten thousand of them. */
    uint64_t size = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    uint64_t seconds = size / 1000;
    const char fraction[] = {'.', (char)('0' + size / 100 % 10), (char)('0' + size / 10 % 10),
                             (char)('0' + size % 10)};
    size_t fraction_len = size % 10 ? 4 : size % 100 ? 3 : size % 1000 ? 2 : 0;
    char whole[EPOCH_TEXT_MAX - 8];
    char *end = whole + sizeof(whole);
    char *begin = end;

    do
        *--begin = (char)('0' + seconds % 10);
    while (seconds /= 10);
    if (ms < 0)
        *--begin = '-';
    memcpy(out, begin, (size_t)(end - begin));
    memcpy(out + (end - begin), fraction, fraction_len);
    out[(size_t)(end - begin) + fraction_len] = '\0';
}

static bool time_from_text(enum timestamp_format format, const char *text, int64_t *out_ms)
{
    double seconds;

    switch (format) {
    case TIMESTAMP_ISO8601:
    case TIMESTAMP_ISO8601_MS:
        return time_parse_iso8601(text, out_ms);
    case TIMESTAMP_HTTP:
        return time_parse_http(text, out_ms);
    default:
        return double_from_text(text, strlen(text), &seconds) &&
               epoch_seconds_to_ms(seconds, out_ms);
    }
}

const char *shape_type_name(const struct shape *s)
{
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRING:
        return "String";
    case SHAPE_BLOB:
        return "Blob";
    case SHAPE_BOOLEAN:
        return "Boolean";
    case SHAPE_INTEGER:
        return "Integer";
    case SHAPE_LONG:
        return "Long";
    case SHAPE_FLOAT:
        return "Float";
    case SHAPE_DOUBLE:
        return "Double";
    case SHAPE_TIMESTAMP:
        return "Date";
    default:
        return "Object";
    }
}

static bool number_from_text(const struct shape *s, const char *text, size_t len, void *out)
{
    int64_t whole;
    double real;

    if (s->kind == SHAPE_INTEGER) {
        if (!integer_from_text(text, len, INT32_MIN, INT32_MAX, &whole))
            return false;
        *(struct maybe_int *)out = SOME_INT((int32_t)whole);
        return true;
    }
    if (s->kind == SHAPE_LONG) {
        if (!integer_from_text(text, len, INT64_MIN, INT64_MAX, &whole))
            return false;
        *(struct maybe_long *)out = SOME_LONG(whole);
        return true;
    }
    if (!double_from_text(text, len, &real))
        return false;
    *(struct maybe_double *)out = SOME_DOUBLE(real);
    return true;
}

static bool boolean_from_text(const char *text, size_t len, struct maybe_bool *out)
{
    bool yes = len == 4 && strncasecmp(text, "true", 4) == 0;

    if (!yes && !(len == 5 && strncasecmp(text, "false", 5) == 0))
        return false;
    *out = SOME_BOOL(yes);
    return true;
}

bool scalar_from_text(struct decoder *d, const struct member *mb, const struct shape *s,
                      enum timestamp_format fallback, const char *text, size_t len, void *out)
{
    bool good = false;

    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRING:
        return string_from_text(d, text, len, out);
    case SHAPE_BLOB:
        good = blob_from_base64(d->arena, text, len, out);
        break;
    case SHAPE_BOOLEAN:
        good = boolean_from_text(text, len, out);
        break;
    case SHAPE_INTEGER:
    case SHAPE_LONG:
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        good = number_from_text(s, text, len, out);
        break;
    case SHAPE_TIMESTAMP: {
        int64_t ms;
        good = len < 64 && !memchr(text, '\0', len) &&
               time_from_text(timestamp_format_of(mb, s, fallback),
                              arena_strndup(d->arena, text, len), &ms);
        if (good)
            *(struct maybe_time *)out = SOME_TIME(ms);
        break;
    }
    default:
        break;
    }
    if (!good)
        return decode_fail(d, "STRING_VALUE can not be converted to %s %s",
                           s->kind == SHAPE_INTEGER ? "an" : "a", shape_type_name(s));
    return true;
}

static const char *time_to_text(struct arena *a, enum timestamp_format format, int64_t ms)
{
    char *text = arena_alloc(a, TIME_TEXT_MAX);

    if (format == TIMESTAMP_ISO8601_MS)
        time_iso8601_ms(ms, text);
    else if (format == TIMESTAMP_ISO8601)
        time_iso8601(ms, true, text);
    else if (format == TIMESTAMP_HTTP)
        time_http(ms, text);
    else
        epoch_seconds_text(ms, text);
    return text;
}

static const char *double_to_text(struct arena *a, double value)
{
    char text[40];

    if (isnan(value) || isinf(value))
        return isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return arena_strdup(a, text);
}

const char *scalar_to_text(struct arena *a, const struct member *mb, const struct shape *s,
                           enum timestamp_format fallback, const void *value)
{
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRING:
        return *(const char *const *)value;
    case SHAPE_BLOB: {
        const struct bytes *blob = value;
        char *text = arena_alloc(a, BASE64_LEN(blob->len) + 1);
        base64_encode(blob->data, blob->len, text);
        return text;
    }
    case SHAPE_BOOLEAN:
        return ((const struct maybe_bool *)value)->value ? "true" : "false";
    case SHAPE_INTEGER:
        return arena_printf(a, "%" PRId32, ((const struct maybe_int *)value)->value);
    case SHAPE_LONG:
        return arena_printf(a, "%" PRId64, ((const struct maybe_long *)value)->value);
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        return double_to_text(a, ((const struct maybe_double *)value)->value);
    case SHAPE_TIMESTAMP:
        return time_to_text(a, timestamp_format_of(mb, s, fallback),
                            ((const struct maybe_time *)value)->ms);
    default:
        return "";
    }
}
