/* Java's toString() of decoded input, whose depth the decoders bound. */
#include "server/model/describe.h"

#include "server/base/json_write.h"

/* A structure's member holds a pointer to it, an item holds the struct itself. */
static const void *member_value(const struct shape *shape, const void *slot)
{
    return shape->kind == SHAPE_STRUCTURE ? *(const void *const *)slot : slot;
}

void describe_name(const char *name, struct strbuf *out)
{
    char first = *name;

    if (first >= 'A' && first <= 'Z')
        first = (char)(first - 'A' + 'a');
    if (first)
        strbuf_add_char(out, first);
    strbuf_add_text(out, first ? name + 1 : "");
}

/* NOLINTBEGIN(misc-no-recursion): values lie in values, no deeper than the decoders let them. */

static void describe_slot(const struct model *m, const struct shape *shape, const void *slot,
                          struct arena *arena, struct strbuf *out)
{
    if (!shape_is_set(m, shape, slot))
        strbuf_add_text(out, "null");
    else if (shape->flags & SHAPE_SENSITIVE)
        strbuf_add_text(out, "***");
    else
        describe_value(m, shape, member_value(shape, slot), arena, out);
}

static void describe_structure(const struct model *m, const struct shape *shape, const char *value,
                               struct arena *arena, struct strbuf *out)
{
    strbuf_add_text(out, model_text(m, shape->name));
    strbuf_add_char(out, '(');
    for (uint32_t i = 0; i < shape->member_count; i++) {
        const struct member *member = &m->members[shape->first_member + i];

        if (i)
            strbuf_add_text(out, ", ");
        describe_name(model_text(m, member->name), out);
        strbuf_add_char(out, '=');
        describe_slot(m, &m->shapes[member->shape], value + member->offset, arena, out);
    }
    strbuf_add_char(out, ')');
}

/* An item or a map's value: a structure stands there itself. */
static void describe_item(const struct model *m, const struct shape *shape, const void *item,
                          struct arena *arena, struct strbuf *out)
{
    if (shape->kind == SHAPE_STRUCTURE)
        describe_value(m, shape, item, arena, out);
    else
        describe_slot(m, shape, item, arena, out);
}

static void describe_list(const struct model *m, const struct shape *shape, const void *value,
                          struct arena *arena, struct strbuf *out)
{
    const struct any_list *list = value;
    const struct shape *element = &m->shapes[m->members[shape->first_member].shape];

    strbuf_add_char(out, '[');
    for (size_t i = 0; i < list->count && !out->overflow; i++) {
        if (i)
            strbuf_add_text(out, ", ");
        describe_item(m, element, (const char *)list->items + i * shape->item_size, arena, out);
    }
    strbuf_add_char(out, ']');
}

static void describe_map(const struct model *m, const struct shape *shape, const void *value,
                         struct arena *arena, struct strbuf *out)
{
    const struct any_list *map = value;
    const struct member *member = &m->members[shape->first_member + 1];

    strbuf_add_char(out, '{');
    for (size_t i = 0; i < map->count && !out->overflow; i++) {
        const char *entry = (const char *)map->items + i * shape->item_size;

        if (i)
            strbuf_add_text(out, ", ");
        strbuf_add_text(out, *(const char *const *)entry);
        strbuf_add_char(out, '=');
        describe_item(m, &m->shapes[member->shape], entry + member->offset, arena, out);
    }
    strbuf_add_char(out, '}');
}

static void describe_double(double value, struct strbuf *out)
{
    struct jw w;

    if (value >= -9e15 && value <= 9e15 && value == (double)(int64_t)value) {
        strbuf_add_format(out, "%" PRId64 ".0", (int64_t)value);
        return;
    }
    jw_init(&w, out);
    jw_double(&w, value);
}

void describe_value(const struct model *m, const struct shape *shape, const void *value,
                    struct arena *arena, struct strbuf *out)
{
    switch ((enum shape_kind)shape->kind) {
    case SHAPE_STRUCTURE:
        describe_structure(m, shape, value, arena, out);
        break;
    case SHAPE_LIST:
        describe_list(m, shape, value, arena, out);
        break;
    case SHAPE_MAP:
        describe_map(m, shape, value, arena, out);
        break;
    case SHAPE_STRING:
        strbuf_add_text(out, *(const char *const *)value);
        break;
    case SHAPE_BLOB:
    case SHAPE_DOCUMENT: {
        size_t len = ((const struct bytes *)value)->len;

        strbuf_add_format(out, "java.nio.HeapByteBuffer[pos=0 lim=%zu cap=%zu]", len, len);
        break;
    }
    case SHAPE_BOOLEAN:
        strbuf_add_text(out, ((const struct maybe_bool *)value)->value ? "true" : "false");
        break;
    case SHAPE_INTEGER:
        strbuf_add_format(out, "%" PRId32, ((const struct maybe_int *)value)->value);
        break;
    case SHAPE_LONG:
        strbuf_add_format(out, "%" PRId64, ((const struct maybe_long *)value)->value);
        break;
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        describe_double(((const struct maybe_double *)value)->value, out);
        break;
    case SHAPE_TIMESTAMP:
        strbuf_add_format(out, "%" PRId64, ((const struct maybe_time *)value)->ms);
        break;
    case SHAPE_CUSTOM:
        strbuf_add_text(out, m->customs[shape->custom]->describe(value, arena));
        break;
    }
}

/* NOLINTEND(misc-no-recursion) */
