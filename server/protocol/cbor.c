/*
 * CBOR bodies: RPC v2 CBOR, and application/x-amz-cbor-1.1 as Kinesis clients in Java speak it.
 * Decodes straight into the C structs and encodes straight out of them, like json.c; blobs travel
 * as bytes, not as base64.
 */
#include "server/protocol/cbor.h"

#include <math.h>

#include "server/protocol/cbor_read.h"
#include "server/protocol/cbor_write.h"

/* NOLINTBEGIN(misc-no-recursion): shapes nest; the depth is bounded by the reader. */

enum { TAG_EPOCH = 1 };

struct cbor_in {
    struct decoder *d;
    struct cr r;
};

static bool decode_value(struct cbor_in *in, const struct shape *s, void *out);

static const struct member *find_member(const struct model *m, const struct shape *s,
                                        struct bytes key, uint32_t *expected)
{
    const struct member *members = first_member(m, s);

    for (uint32_t n = 0, i = *expected; n < s->member_count; n++, i++) {
        if (i >= s->member_count)
            i = 0;
        const char *name = model_text(m, members[i].wire_name);
        if (strncmp(name, (const char *)key.data, key.len) == 0 && strlen(name) == key.len) {
            *expected = i + 1;
            return &members[i];
        }
    }
    return NULL;
}

static bool decode_structure(struct cbor_in *in, const struct shape *s, void *out)
{
    struct cr_container c;
    struct bytes key;
    uint32_t expected = 0;

    for (cr_enter_map(&in->r, &c); cr_next(&in->r, &c);) {
        if (!cr_text(&in->r, &key))
            return false;
        const struct member *mb = find_member(in->d->m, s, key, &expected);
        if (!mb || cr_peek(&in->r) == CR_NULL) {
            cr_skip(&in->r);
            continue;
        }
        void *place = member_place(in->d, mb, out);
        if (!place || !decode_value(in, member_shape(in->d->m, mb), place))
            return false;
    }
    return !in->r.error;
}

/* Consumes a null where one stands, and says whether the element is to be kept all the same. */
static bool take_null(struct cbor_in *in, const struct shape *container, bool *out_null)
{
    *out_null = cr_peek(&in->r) == CR_NULL;
    if (*out_null)
        cr_null(&in->r);
    return !*out_null || (container->flags & SHAPE_SPARSE);
}

static bool decode_list(struct cbor_in *in, const struct shape *s, void *out)
{
    const struct shape *element = member_shape(in->d->m, first_member(in->d->m, s));
    struct growing g = {.size = element->size};
    struct cr_container c;
    bool null;

    for (cr_enter_array(&in->r, &c); cr_next(&in->r, &c);) {
        if (!take_null(in, s, &null))
            continue;
        void *place = growing_add(in->d, &g);
        if (!place || (!null && !decode_value(in, element, place)))
            return false;
    }
    growing_finish(&g, out);
    return !in->r.error;
}

static bool decode_map(struct cbor_in *in, const struct shape *s, void *out)
{
    const struct member *mb = first_member(in->d->m, s) + 1;
    const struct shape *value = member_shape(in->d->m, mb);
    struct growing g = {.size = map_entry_size(in->d->m, s)};
    struct cr_container c;
    struct bytes key;
    bool null;

    for (cr_enter_map(&in->r, &c); cr_next(&in->r, &c);) {
        if (!cr_text(&in->r, &key))
            return false;
        if (!take_null(in, s, &null))
            continue;
        char *place = growing_add(in->d, &g);
        if (!place ||
            !string_from_text(in->d, (const char *)key.data, key.len, (const char **)place) ||
            (!null && !decode_value(in, value, place + mb->offset)))
            return false;
    }
    growing_finish_map(in->d, &g, out);
    return !in->r.error;
}

static bool mismatch(struct cbor_in *in, const struct shape *s)
{
    static const char *const found[] = {
        [CR_UNSIGNED] = "NUMBER_VALUE", [CR_NEGATIVE] = "NUMBER_VALUE", [CR_FLOAT] = "NUMBER_VALUE",
        [CR_BYTES] = "BYTES_VALUE",     [CR_TEXT] = "STRING_VALUE",     [CR_BOOL] = "BOOLEAN_VALUE",
        [CR_TAG] = "TAGGED_VALUE",      [CR_ARRAY] = "LIST_VALUE",      [CR_MAP] = "MAP_VALUE",
    };
    enum cr_type type = cr_peek(&in->r);

    if (type >= ARRAY_LEN(found) || !found[type])
        return false; /* the document ends here */
    if (type == CR_MAP)
        return decode_fail(in->d, "Start of structure or map found where not expected.");
    if (type == CR_ARRAY)
        return decode_fail(in->d, "Start of list found where not expected");
    return decode_fail(in->d, "%s can not be converted to %s %s", found[type],
                       s->kind == SHAPE_INTEGER ? "an" : "a", shape_type_name(s));
}

/* As with JSON numbers, decimals are cut off and what is too large becomes the largest. */
static bool read_integer(struct cbor_in *in, int64_t min, int64_t max, int64_t *out)
{
    double real;

    if (!cr_double(&in->r, &real))
        return false;
    if (isnan(real))
        return decode_fail(in->d, "A number is out of range");
    *out = real >= 0x1p63 ? max : real < -0x1p63 ? min : MAX(min, MIN(max, (int64_t)real));
    return true;
}

static bool decode_number(struct cbor_in *in, const struct shape *s, void *out)
{
    enum cr_type type = cr_peek(&in->r);
    int64_t min = s->kind == SHAPE_LONG ? INT64_MIN : INT32_MIN;
    int64_t max = s->kind == SHAPE_LONG ? INT64_MAX : INT32_MAX;
    int64_t whole = 0;

    if (type != CR_UNSIGNED && type != CR_NEGATIVE && type != CR_FLOAT)
        return mismatch(in, s);
    if (s->kind == SHAPE_FLOAT || s->kind == SHAPE_DOUBLE) {
        struct maybe_double *d = out;
        d->set = true;
        return cr_double(&in->r, &d->value);
    }
    if (!(type == CR_FLOAT ? read_integer(in, min, max, &whole) : cr_int(&in->r, &whole)))
        return false;
    whole = MAX(min, MIN(max, whole));
    if (s->kind == SHAPE_LONG)
        *(struct maybe_long *)out = SOME_LONG(whole);
    else
        *(struct maybe_int *)out = SOME_INT((int32_t)whole);
    return true;
}

static bool decode_timestamp(struct cbor_in *in, const struct shape *s, struct maybe_time *out)
{
    bool epoch_ms = in->d->req->protocol == PROTOCOL_AMZ_CBOR_1_1;
    uint64_t tag = TAG_EPOCH;
    double number;

    if (cr_peek(&in->r) == CR_TAG && !cr_tag(&in->r, &tag))
        return false;
    enum cr_type type = cr_peek(&in->r);
    if (tag != TAG_EPOCH || (type != CR_UNSIGNED && type != CR_NEGATIVE && type != CR_FLOAT))
        return mismatch(in, s);
    if (!cr_double(&in->r, &number))
        return false;
    if (!epoch_seconds_to_ms(epoch_ms ? number / 1000 : number, &out->ms))
        return decode_fail(in->d, "A Date is out of range");
    out->set = true;
    return true;
}

static bool decode_text(struct cbor_in *in, const char **out)
{
    struct bytes text;

    return cr_text(&in->r, &text) &&
           string_from_text(in->d, (const char *)text.data, text.len, out);
}

static bool decode_boolean(struct cbor_in *in, struct maybe_bool *out)
{
    out->set = true;
    return cr_bool(&in->r, &out->value);
}

static bool decode_typed(struct cbor_in *in, const struct shape *s, void *out)
{
    enum cr_type type = cr_peek(&in->r);

    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        return type == CR_MAP ? decode_structure(in, s, out) : mismatch(in, s);
    case SHAPE_LIST:
        return type == CR_ARRAY ? decode_list(in, s, out) : mismatch(in, s);
    case SHAPE_MAP:
        return type == CR_MAP ? decode_map(in, s, out) : mismatch(in, s);
    case SHAPE_STRING:
        return type == CR_TEXT ? decode_text(in, out) : mismatch(in, s);
    case SHAPE_BLOB:
        return type == CR_BYTES ? cr_bytes(&in->r, out) : mismatch(in, s);
    case SHAPE_BOOLEAN:
        return type == CR_BOOL ? decode_boolean(in, out) : mismatch(in, s);
    case SHAPE_TIMESTAMP:
        return decode_timestamp(in, s, out);
    case SHAPE_DOCUMENT:
    case SHAPE_CUSTOM:
        return decode_fail(in->d, "%s can not be read from CBOR", model_text(in->d->m, s->name));
    default:
        return decode_number(in, s, out);
    }
}

static bool decode_value(struct cbor_in *in, const struct shape *s, void *out)
{
    uint64_t tag;

    /* Tags that say nothing to us (55799 "this is CBOR" and the like) are passed over. */
    while (s->kind != SHAPE_TIMESTAMP && cr_peek(&in->r) == CR_TAG) {
        if (!cr_tag(&in->r, &tag))
            return false;
    }
    return decode_typed(in, s, out);
}

bool cbor_decode_body(struct decoder *d, const struct shape *s, void *out)
{
    struct cbor_in in = {.d = d};

    cr_init(&in.r, d->req->body.data, d->req->body.len, d->arena, PROTOCOL_DEPTH_MAX);
    if (decode_value(&in, s, out) && cr_finish(&in.r))
        return true;
    return decode_fail(d, "%s", in.r.error ? in.r.error : "");
}

/* --- encoding --- */

static void encode_value(struct cbor_out *c, const struct shape *s, const void *value);

static void encode_list(struct cbor_out *c, const struct shape *s, const struct sequence *list)
{
    const struct shape *element = member_shape(c->m, first_member(c->m, s));

    cw_array(c->b, list->count);
    for (size_t i = 0; i < list->count; i++)
        encode_value(c, element, (const char *)list->items + i * element->size);
}

static void encode_map(struct cbor_out *c, const struct shape *s, const struct sequence *map)
{
    const struct member *mb = first_member(c->m, s) + 1;
    size_t size = map_entry_size(c->m, s);

    cw_map(c->b, map->count);
    for (size_t i = 0; i < map->count; i++) {
        const char *key = map_entry_key(map, size, i);
        cw_text(c->b, key, strlen(key));
        encode_value(c, member_shape(c->m, mb), map_entry_value(mb, map, size, i));
    }
}

static void encode_timestamp(struct cbor_out *c, int64_t ms)
{
    cw_tag(c->b, TAG_EPOCH);
    if (c->epoch_ms) /* AWS: where the standard counts seconds */
        cw_int(c->b, ms);
    else if (ms % 1000 == 0)
        cw_int(c->b, ms / 1000);
    else
        cw_double(c->b, (double)ms / 1000);
}

static void encode_value(struct cbor_out *c, const struct shape *s, const void *value)
{
    if (!value_present(c->m, s, value)) {
        cw_null(c->b);
        return;
    }
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        cbor_encode_structure(c, s, value);
        break;
    case SHAPE_LIST:
        encode_list(c, s, value);
        break;
    case SHAPE_MAP:
        encode_map(c, s, value);
        break;
    case SHAPE_STRING: {
        const char *text = *(const char *const *)value;
        cw_text(c->b, text, strlen(text));
        break;
    }
    case SHAPE_BLOB:
        cw_bytes(c->b, ((const struct bytes *)value)->data, ((const struct bytes *)value)->len);
        break;
    case SHAPE_BOOLEAN:
        cw_bool(c->b, ((const struct maybe_bool *)value)->value);
        break;
    case SHAPE_INTEGER:
        cw_int(c->b, ((const struct maybe_int *)value)->value);
        break;
    case SHAPE_LONG:
        cw_int(c->b, ((const struct maybe_long *)value)->value);
        break;
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        cw_double(c->b, ((const struct maybe_double *)value)->value);
        break;
    case SHAPE_TIMESTAMP:
        encode_timestamp(c, ((const struct maybe_time *)value)->ms);
        break;
    case SHAPE_DOCUMENT:
    case SHAPE_CUSTOM:
        assert(!"documents and custom shapes belong to JSON services");
        cw_null(c->b);
        break;
    }
}

void cbor_encode_members(struct cbor_out *c, const struct shape *s, const void *value,
                         const struct member *except)
{
    const struct member *members = first_member(c->m, s);

    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *mb = &members[i];
        const struct shape *shape = member_shape(c->m, mb);
        if (mb == except || (shape->flags & SHAPE_EVENT_STREAM) ||
            (mb->flags & MEMBER_EVENT_HEADER))
            continue;
        const void *v = member_value(c->m, mb, value);
        if (!v)
            continue;
        const char *name = model_text(c->m, mb->wire_name);
        cw_text(c->b, name, strlen(name));
        encode_value(c, shape, v);
    }
}

void cbor_encode_structure(struct cbor_out *c, const struct shape *s, const void *value)
{
    cw_map_open(c->b);
    cbor_encode_members(c, s, value, NULL);
    cw_break(c->b);
}

/* NOLINTEND(misc-no-recursion) */
