/* See values.h. */
#include "tests/vectors/values.h"

#include <math.h>

#include "server/base/encode.h"

static json_t *base64_json(const struct bytes *b)
{
    AUTO_FREE char *text = x_malloc(BASE64_LEN(b->len) + 1);

    base64_encode(b->data, b->len, text);
    return json_string(text);
}

static json_t *double_json(double value)
{
    if (isnan(value))
        return json_string("NaN");
    if (isinf(value))
        return json_string(value < 0 ? "-Infinity" : "Infinity");
    return json_real(value);
}

static json_t *list_to_json(const struct model *m, const struct shape *s,
                            const struct sequence *list)
{
    const struct shape *element = member_shape(m, first_member(m, s));
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(
            array, value_to_json(m, element, (const char *)list->items + i * element->size));
    return array;
}

static json_t *map_to_json(const struct model *m, const struct shape *s, const struct sequence *map)
{
    const struct member *mb = first_member(m, s) + 1;
    size_t size = map_entry_size(m, s);
    json_t *object = json_object();

    for (size_t i = 0; i < map->count; i++)
        json_object_set_new(
            object, map_entry_key(map, size, i),
            value_to_json(m, member_shape(m, mb), map_entry_value(mb, map, size, i)));
    return object;
}

static json_t *structure_to_json(const struct model *m, const struct shape *s, const void *value)
{
    json_t *object = json_object();

    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *mb = &first_member(m, s)[i];
        const void *v = member_value(m, mb, value);
        if (v)
            json_object_set_new(object, model_text(m, mb->name),
                                value_to_json(m, member_shape(m, mb), v));
    }
    return object;
}

json_t *value_to_json(const struct model *m, const struct shape *s, const void *value)
{
    if (!value_present(m, s, value))
        return json_null();
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        return structure_to_json(m, s, value);
    case SHAPE_LIST:
        return list_to_json(m, s, value);
    case SHAPE_MAP:
        return map_to_json(m, s, value);
    case SHAPE_STRING:
        return json_string(*(const char *const *)value);
    case SHAPE_BLOB:
        return base64_json(value);
    case SHAPE_BOOLEAN:
        return json_boolean(((const struct maybe_bool *)value)->value);
    case SHAPE_INTEGER:
        return json_integer(((const struct maybe_int *)value)->value);
    case SHAPE_LONG:
        return json_integer(((const struct maybe_long *)value)->value);
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        return double_json(((const struct maybe_double *)value)->value);
    case SHAPE_TIMESTAMP:
        return json_real((double)((const struct maybe_time *)value)->ms / 1000);
    case SHAPE_DOCUMENT: {
        const struct bytes *text = value;
        return json_loadb((const char *)text->data, text->len, JSON_DECODE_ANY, NULL);
    }
    case SHAPE_CUSTOM:
        break;
    }
    return json_null();
}

static bool from_json(struct decoder *d, const struct shape *s, const json_t *json, void *out);

static bool list_from_json(struct decoder *d, const struct shape *s, const json_t *json, void *out)
{
    const struct shape *element = member_shape(d->m, first_member(d->m, s));
    struct growing g = {.size = element->size};

    for (size_t i = 0; i < json_array_size(json); i++) {
        void *place = growing_add(d, &g);
        if (!place || !from_json(d, element, json_array_get(json, i), place))
            return false;
    }
    growing_finish(&g, out);
    return json_is_array(json);
}

static bool map_from_json(struct decoder *d, const struct shape *s, const json_t *json, void *out)
{
    const struct member *mb = first_member(d->m, s) + 1;
    struct growing g = {.size = map_entry_size(d->m, s)};
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)json, key, value)
    {
        char *place = growing_add(d, &g);
        if (!place || !from_json(d, member_shape(d->m, mb), value, place + mb->offset))
            return false;
        *(const char **)place = arena_strdup(d->arena, key);
    }
    growing_finish(&g, out);
    return json_is_object(json);
}

bool value_from_json(struct decoder *d, const struct shape *s, const json_t *json, void *out)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)json, key, value)
    {
        const struct member *mb = NULL;
        for (uint32_t i = 0; i < s->member_count; i++) {
            if (str_eq(model_text(d->m, first_member(d->m, s)[i].name), key))
                mb = &first_member(d->m, s)[i];
        }
        void *place = mb ? member_place(d, mb, out) : NULL;
        if (!place || !from_json(d, member_shape(d->m, mb), value, place))
            return false;
    }
    return json_is_object(json);
}

static double number_of(const json_t *json)
{
    double value = NAN;

    if (json_is_number(json))
        return json_number_value(json);
    double_from_text(json_string_value(json), json_string_length(json), &value);
    return value;
}

static bool from_json(struct decoder *d, const struct shape *s, const json_t *json, void *out)
{
    if (json_is_null(json))
        return true;
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        return value_from_json(d, s, json, out);
    case SHAPE_LIST:
        return list_from_json(d, s, json, out);
    case SHAPE_MAP:
        return map_from_json(d, s, json, out);
    case SHAPE_STRING:
        *(const char **)out = arena_strdup(d->arena, json_string_value(json));
        return true;
    case SHAPE_BLOB:
        return blob_from_base64(d->arena, json_string_value(json), json_string_length(json), out);
    case SHAPE_BOOLEAN:
        *(struct maybe_bool *)out = SOME_BOOL(json_is_true(json));
        return json_is_boolean(json);
    case SHAPE_INTEGER:
        *(struct maybe_int *)out = SOME_INT((int32_t)json_integer_value(json));
        return json_is_integer(json);
    case SHAPE_LONG:
        *(struct maybe_long *)out = SOME_LONG(json_integer_value(json));
        return json_is_integer(json);
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        *(struct maybe_double *)out = SOME_DOUBLE(number_of(json));
        return true;
    case SHAPE_TIMESTAMP:
        ((struct maybe_time *)out)->set = true;
        return epoch_seconds_to_ms(json_number_value(json), &((struct maybe_time *)out)->ms);
    case SHAPE_DOCUMENT: {
        AUTO_FREE char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
        *(struct bytes *)out =
            (struct bytes){arena_memdup(d->arena, text, strlen(text)), strlen(text)};
        return true;
    }
    case SHAPE_CUSTOM:
        break;
    }
    return false;
}
