/*
 * JSON bodies: AWS JSON 1.0 and 1.1, and the bodies of REST-JSON. Decodes straight into the C
 * structs, without a tree, and encodes straight out of them.
 *
 * As AWS does it: unknown members are skipped, null is absent, null elements of a list are dropped
 * unless the list is sparse, of equal member names the last wins, a number for an integer loses its
 * decimals and stops at the ends of its range, malformed text gets a SerializationException without
 * a message.
 */
#include "server/protocol/codec.h"

#include "server/base/clock.h"

/* NOLINTBEGIN(misc-no-recursion): shapes nest; the depth is bounded by the reader. */

struct json_in {
    struct decoder *d;
    struct jr r;
};

static bool decode_value(struct json_in *in, const struct member *mb, const struct shape *s,
                         bool is_element, void *out);

/* The reader's fault, or a value of the wrong type. */
static bool mismatch(struct json_in *in, const struct shape *s, bool is_element)
{
    struct jr_text raw = {"", 0};
    enum jr_type type = jr_peek(&in->r);
    const char *begin = in->r.next;

    if (type == JR_ERROR || type == JR_END)
        return false;
    if (type == JR_OBJECT || type == JR_ARRAY)
        raw = (struct jr_text){begin, 1};
    else if (!jr_skip(&in->r, &raw))
        return false;
    return decode_fail(in->d, "%s", json_mismatch(in->d, s, is_element, type, raw));
}

/* Members most often come in the model's order, and clients keep to one order: look first where the
 * last one was. */
static const struct member *find_member(const struct model *m, const struct shape *s,
                                        struct jr_text key, uint32_t *expected)
{
    const struct member *members = first_member(m, s);

    for (uint32_t n = 0, i = *expected; n < s->member_count; n++, i++) {
        if (i >= s->member_count)
            i = 0;
        const char *name = model_text(m, members[i].wire_name);
        /* strncmp() first, which most names end at once; a key may hold a NUL, hence strlen(). */
        if (members[i].location == IN_BODY && strncmp(name, key.data, key.len) == 0 &&
            strlen(name) == key.len) {
            *expected = i + 1;
            return &members[i];
        }
    }
    return NULL;
}

static bool decode_structure(struct json_in *in, const struct shape *s, void *out)
{
    const struct model *m = in->d->m;
    uint32_t expected = 0;
    struct jr_text key;

    for (jr_enter_object(&in->r); jr_next_key(&in->r, &key);) {
        const struct member *mb = find_member(m, s, key, &expected);
        if (!mb || jr_peek(&in->r) == JR_NULL) {
            jr_skip(&in->r, NULL);
            continue;
        }
        void *place = member_place(in->d, mb, out);
        if (!place || !decode_value(in, mb, member_shape(m, mb), false, place))
            return false;
    }
    return !in->r.error;
}

static bool decode_list(struct json_in *in, const struct shape *s, void *out)
{
    const struct member *mb = first_member(in->d->m, s);
    const struct shape *element = member_shape(in->d->m, mb);
    struct growing g = {.size = element->size};

    for (jr_enter_array(&in->r); jr_next_item(&in->r);) {
        bool null = jr_peek(&in->r) == JR_NULL;
        if (null)
            jr_null(&in->r);
        if (null && !(s->flags & SHAPE_SPARSE))
            continue;
        void *place = growing_add(in->d, &g);
        if (!place || (!null && !decode_value(in, mb, element, true, place)))
            return false;
    }
    growing_finish(&g, out);
    return !in->r.error;
}

static bool decode_map(struct json_in *in, const struct shape *s, void *out)
{
    const struct member *mb = first_member(in->d->m, s) + 1;
    const struct shape *value = member_shape(in->d->m, mb);
    struct growing g = {.size = map_entry_size(in->d->m, s)};
    struct jr_text key;

    for (jr_enter_object(&in->r); jr_next_key(&in->r, &key);) {
        bool null = jr_peek(&in->r) == JR_NULL;
        if (null)
            jr_null(&in->r);
        if (null && !(s->flags & SHAPE_SPARSE))
            continue;
        char *place = growing_add(in->d, &g);
        if (!place || !string_from_text(in->d, key.data, key.len, (const char **)place) ||
            (!null && !decode_value(in, mb, value, true, place + mb->offset)))
            return false;
    }
    growing_finish_map(in->d, &g, out);
    return !in->r.error;
}

static bool decode_string(struct json_in *in, const char **out)
{
    struct jr_text text;

    if (!jr_string(&in->r, &text))
        return false;
    if (memchr(text.data, '\0', text.len))
        return decode_fail(in->d, "A NUL character can not be part of a String");
    *out = arena_strndup(in->d->arena, text.data, text.len);
    return true;
}

static bool decode_blob(struct json_in *in, const struct shape *s, bool is_element,
                        struct bytes *out)
{
    struct jr_text text, raw;
    const char *begin = in->r.next;

    if (!jr_string(&in->r, &text))
        return false;
    if (blob_from_base64(in->d->arena, text.data, text.len, out))
        return true;
    raw = (struct jr_text){begin, (size_t)(in->r.next - begin)};
    return decode_fail(in->d, "%s", json_mismatch(in->d, s, is_element, JR_STRING, raw));
}

/* AWS: "true" and "false" as strings are taken, in any case. */
static bool decode_boolean(struct json_in *in, const struct shape *s, bool is_element,
                           struct maybe_bool *out)
{
    enum jr_type type = jr_peek(&in->r);
    struct jr_text text;
    const char *begin = in->r.next;

    if (type == JR_TRUE || type == JR_FALSE) {
        out->set = true;
        return jr_bool(&in->r, &out->value);
    }
    if (type != JR_STRING)
        return mismatch(in, s, is_element);
    if (!jr_string(&in->r, &text))
        return false;
    bool yes = text.len == 4 && strncasecmp(text.data, "true", 4) == 0;
    if (yes || (text.len == 5 && strncasecmp(text.data, "false", 5) == 0)) {
        *out = SOME_BOOL(yes);
        return true;
    }
    text = (struct jr_text){begin, (size_t)(in->r.next - begin)};
    return decode_fail(in->d, "%s", json_mismatch(in->d, s, is_element, JR_STRING, text));
}

static bool is_special_double(struct jr_text text)
{
    return jr_text_eq(text, "NaN") || jr_text_eq(text, "Infinity") || jr_text_eq(text, "-Infinity");
}

static bool decode_number(struct json_in *in, const struct shape *s, bool is_element, void *out)
{
    struct jr_text text;
    int64_t whole;
    enum jr_type type = jr_peek(&in->r);
    bool real = s->kind == SHAPE_FLOAT || s->kind == SHAPE_DOUBLE;

    if (type == JR_STRING && real) {
        const char *begin = in->r.next;
        if (!jr_string(&in->r, &text))
            return false;
        if (!is_special_double(text)) {
            text = (struct jr_text){begin, (size_t)(in->r.next - begin)};
            return decode_fail(in->d, "%s", json_mismatch(in->d, s, is_element, JR_STRING, text));
        }
    } else if (type != JR_NUMBER) {
        return mismatch(in, s, is_element);
    } else if (!jr_number(&in->r, &text)) {
        return false;
    }
    if (real) {
        ((struct maybe_double *)out)->set = true;
        if (double_from_text(text.data, text.len, &((struct maybe_double *)out)->value))
            return true;
    } else if (s->kind == SHAPE_LONG) {
        if (integer_from_text(text.data, text.len, INT64_MIN, INT64_MAX, &whole)) {
            *(struct maybe_long *)out = SOME_LONG(whole);
            return true;
        }
    } else if (integer_from_text(text.data, text.len, INT32_MIN, INT32_MAX, &whole)) {
        *(struct maybe_int *)out = SOME_INT((int32_t)whole);
        return true;
    }
    return decode_fail(in->d, "A number is out of range");
}

static bool decode_timestamp(struct json_in *in, const struct member *mb, const struct shape *s,
                             bool is_element, struct maybe_time *out)
{
    enum timestamp_format format = timestamp_format_of(mb, s, TIMESTAMP_UNIX);
    enum jr_type wanted = format == TIMESTAMP_UNIX ? JR_NUMBER : JR_STRING;
    struct jr_text text;
    double seconds;

    if (jr_peek(&in->r) != wanted)
        return mismatch(in, s, is_element);
    if (wanted == JR_STRING)
        return jr_string(&in->r, &text) &&
               scalar_from_text(in->d, mb, s, format, text.data, text.len, out);
    if (!jr_number(&in->r, &text))
        return false;
    if (!double_from_text(text.data, text.len, &seconds) || !epoch_seconds_to_ms(seconds, &out->ms))
        return decode_fail(in->d, "A Date is out of range");
    out->set = true;
    return true;
}

static bool decode_document(struct json_in *in, struct bytes *out)
{
    struct jr_text raw;

    if (!jr_skip(&in->r, &raw))
        return false;
    *out = (struct bytes){(const uint8_t *)raw.data, raw.len};
    return true;
}

static bool decode_custom(struct json_in *in, const struct shape *s, void *out)
{
    const struct custom_codec *codec = in->d->m->customs[s->custom];
    const char *error = NULL;

    if (codec->decode_json(&in->r, in->d->arena, out, &error) == 0)
        return true;
    if (in->r.error)
        return false;
    return decode_fail(in->d, "%s", error ? error : "");
}

static bool decode_value(struct json_in *in, const struct member *mb, const struct shape *s,
                         bool is_element, void *out)
{
    enum jr_type type = jr_peek(&in->r);

    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        return type == JR_OBJECT ? decode_structure(in, s, out) : mismatch(in, s, is_element);
    case SHAPE_LIST:
        return type == JR_ARRAY ? decode_list(in, s, out) : mismatch(in, s, is_element);
    case SHAPE_MAP:
        return type == JR_OBJECT ? decode_map(in, s, out) : mismatch(in, s, is_element);
    case SHAPE_STRING:
        return type == JR_STRING ? decode_string(in, out) : mismatch(in, s, is_element);
    case SHAPE_BLOB:
        return type == JR_STRING ? decode_blob(in, s, is_element, out)
                                 : mismatch(in, s, is_element);
    case SHAPE_BOOLEAN:
        return decode_boolean(in, s, is_element, out);
    case SHAPE_INTEGER:
    case SHAPE_LONG:
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        return decode_number(in, s, is_element, out);
    case SHAPE_TIMESTAMP:
        return decode_timestamp(in, mb, s, is_element, out);
    case SHAPE_DOCUMENT:
        return decode_document(in, out);
    case SHAPE_CUSTOM:
        return decode_custom(in, s, out);
    }
    return false;
}

/* AWS: the JSON 1.x services give malformed text no message. Depth is our own limit and says so. */
static bool refuse_document(struct json_in *in)
{
    const char *fault = in->r.error;

    if (!fault)
        fault = jr_peek(&in->r) == JR_END ? "unexpected end of document" : "not an object";
    if (str_eq(fault, "nested too deeply"))
        return decode_fail(in->d, "The request is nested too deeply");
    if (in->d->req->protocol == PROTOCOL_REST_JSON)
        return decode_fail(in->d, "Could not parse request body into json: %s", fault);
    return decode_fail(in->d, "%s", "");
}

bool json_decode_body(struct decoder *d, const struct shape *s, const struct member *payload,
                      void *out)
{
    struct json_in in = {.d = d};

    jr_init(&in.r, d->req->body.data, d->req->body.len, d->arena, PROTOCOL_DEPTH_MAX);
    enum jr_type type = jr_peek(&in.r);
    if (type == JR_ARRAY && !payload)
        return decode_fail(d, "Start of list found where not expected");
    /* AWS: a scalar as the whole document is as malformed as no JSON at all. */
    bool fits = payload || type == JR_OBJECT;
    if (fits && decode_value(&in, payload, s, false, out) && jr_finish(&in.r))
        return true;
    return refuse_document(&in);
}

/* --- encoding --- */

static void encode_value(struct jw *w, const struct model *m, const struct member *mb,
                         const struct shape *s, const void *value);

static void encode_list(struct jw *w, const struct model *m, const struct shape *s,
                        const struct sequence *list)
{
    const struct member *mb = first_member(m, s);
    const struct shape *element = member_shape(m, mb);

    jw_begin_array(w);
    for (size_t i = 0; i < list->count; i++)
        encode_value(w, m, mb, element, (const char *)list->items + i * element->size);
    jw_end_array(w);
}

static void encode_map(struct jw *w, const struct model *m, const struct shape *s,
                       const struct sequence *map)
{
    const struct member *mb = first_member(m, s) + 1;
    const struct shape *shape = member_shape(m, mb);
    size_t size = map_entry_size(m, s);

    jw_begin_object(w);
    for (size_t i = 0; i < map->count; i++) {
        jw_key(w, map_entry_key(map, size, i));
        encode_value(w, m, mb, shape, map_entry_value(mb, map, size, i));
    }
    jw_end_object(w);
}

static void encode_timestamp(struct jw *w, const struct member *mb, const struct shape *s,
                             const struct maybe_time *value)
{
    enum timestamp_format format = timestamp_format_of(mb, s, TIMESTAMP_UNIX);
    char text[TIME_TEXT_MAX];

    if (format == TIMESTAMP_UNIX) {
        epoch_seconds_text(value->ms, text);
        jw_raw(w, text, strlen(text));
        return;
    }
    if (format == TIMESTAMP_ISO8601)
        time_iso8601(value->ms, true, text);
    else
        time_http(value->ms, text);
    jw_string(w, text);
}

static void encode_value(struct jw *w, const struct model *m, const struct member *mb,
                         const struct shape *s, const void *value)
{
    if (!value_present(m, s, value)) {
        jw_null(w);
        return;
    }
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        json_encode_structure(w, m, s, value);
        break;
    case SHAPE_LIST:
        encode_list(w, m, s, value);
        break;
    case SHAPE_MAP:
        encode_map(w, m, s, value);
        break;
    case SHAPE_STRING:
        jw_string(w, *(const char *const *)value);
        break;
    case SHAPE_BLOB:
        jw_base64(w, ((const struct bytes *)value)->data, ((const struct bytes *)value)->len);
        break;
    case SHAPE_BOOLEAN:
        jw_bool(w, ((const struct maybe_bool *)value)->value);
        break;
    case SHAPE_INTEGER:
        jw_int(w, ((const struct maybe_int *)value)->value);
        break;
    case SHAPE_LONG:
        jw_int(w, ((const struct maybe_long *)value)->value);
        break;
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        jw_double(w, ((const struct maybe_double *)value)->value);
        break;
    case SHAPE_TIMESTAMP:
        encode_timestamp(w, mb, s, value);
        break;
    case SHAPE_DOCUMENT:
        jw_raw(w, (const char *)((const struct bytes *)value)->data,
               ((const struct bytes *)value)->len);
        break;
    case SHAPE_CUSTOM:
        m->customs[s->custom]->encode_json(w, value);
        break;
    }
}

void json_encode_members(struct jw *w, const struct model *m, const struct shape *s,
                         const void *value, const struct member *except)
{
    const struct member *members = first_member(m, s);

    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *mb = &members[i];
        const struct shape *shape = member_shape(m, mb);
        if (mb == except || !encoded_in_body(mb) || (shape->flags & SHAPE_EVENT_STREAM) ||
            (mb->flags & MEMBER_EVENT_HEADER))
            continue;
        const void *v = member_value(m, mb, value);
        if (!v)
            continue;
        jw_key(w, model_text(m, mb->wire_name));
        encode_value(w, m, mb, shape, v);
    }
}

void json_encode_structure(struct jw *w, const struct model *m, const struct shape *s,
                           const void *value)
{
    jw_begin_object(w);
    json_encode_members(w, m, s, value, NULL);
    jw_end_object(w);
}

void json_encode_payload(struct jw *w, const struct model *m, const struct member *mb,
                         const void *value)
{
    encode_value(w, m, mb, member_shape(m, mb), value);
}

/* NOLINTEND(misc-no-recursion) */
