/* Looking things up in the tables of a model. */
#include "server/model/shape.h"

/* Compares a text that has no NUL with one that has. */
static int compare(const char *text, size_t len, const char *terminated)
{
    int order = strncmp(text, terminated, len);

    return order ? order : -(terminated[len] != '\0');
}

const struct operation *model_find_operation(const struct model *m, const char *name, size_t len)
{
    size_t low = 0;
    size_t high = m->operation_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct operation *op = &m->operations[middle];
        int order = compare(name, len, model_text(m, op->name));

        if (order == 0)
            return op;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct member *model_find_member(const struct model *m, const struct shape *structure,
                                       const char *wire_name, size_t len)
{
    const struct member *member = &m->members[structure->first_member];

    /* A glance at the first letter passes over most members; that beats searching in an index. */
    for (size_t i = 0; i < structure->member_count; i++, member++) {
        const char *name = model_text(m, member->wire_name);

        if (len && *name == *wire_name && compare(wire_name, len, name) == 0)
            return member;
    }
    return NULL;
}

bool shape_is_set(const struct model *m, const struct shape *shape, const void *slot)
{
    switch ((enum shape_kind)shape->kind) {
    case SHAPE_CUSTOM:
        return m->customs[shape->custom]->is_set(slot);
    case SHAPE_BOOLEAN:
    case SHAPE_INTEGER:
    case SHAPE_LONG:
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
    case SHAPE_TIMESTAMP:
        return *(const bool *)slot;
    case SHAPE_STRUCTURE:
    case SHAPE_STRING:
    case SHAPE_LIST:
    case SHAPE_MAP:
    case SHAPE_BLOB:
    case SHAPE_DOCUMENT:
        break;
    }
    return *(const void *const *)slot != NULL;
}

/* What shape_is_set() relies on: the mark, or the pointer, comes first. */
static_assert(offsetof(struct maybe_bool, set) == 0 && offsetof(struct maybe_int, set) == 0 &&
                  offsetof(struct maybe_long, set) == 0 &&
                  offsetof(struct maybe_double, set) == 0 && offsetof(struct maybe_time, set) == 0,
              "set comes first");
static_assert(offsetof(struct bytes, data) == 0, "data comes first");
