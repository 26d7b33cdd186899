#include "server/model/stored.h"

#include "server/base/encode.h"

enum { DEPTH_MAX = 32, TEXT_MAX = 32 << 20 }; /* twice the largest request */

/* NOLINTBEGIN(misc-no-recursion): shapes nest; JSON that is read is bounded by the reader. */

const struct shape *model_structure(const struct model *m, const char *name)
{
    for (size_t i = 0; i < m->shape_count; i++)
        if (m->shapes[i].kind == SHAPE_STRUCTURE && str_eq(model_text(m, m->shapes[i].name), name))
            return &m->shapes[i];
    abort();
}

static const struct shape *shape_of(const struct model *m, const struct member *mb)
{
    return &m->shapes[mb->shape];
}

/* --- writing --- */

static void write_value(struct jw *w, const struct model *m, const struct shape *s,
                        const void *slot);

static void write_structure(struct jw *w, const struct model *m, const struct shape *s,
                            const char *value)
{
    jw_begin_object(w);
    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *mb = &m->members[s->first_member + i];

        if (!shape_is_set(m, shape_of(m, mb), value + mb->offset))
            continue;
        jw_key(w, model_text(m, mb->name));
        write_value(w, m, shape_of(m, mb), value + mb->offset);
    }
    jw_end_object(w);
}

/* Structures stand in lists and maps by value, else by pointer. */
static void write_item(struct jw *w, const struct model *m, const struct shape *s, const void *item)
{
    if (s->kind == SHAPE_STRUCTURE)
        write_structure(w, m, s, item);
    else
        write_value(w, m, s, item);
}

static void write_sequence(struct jw *w, const struct model *m, const struct shape *s,
                           const struct any_list *list)
{
    bool map = s->kind == SHAPE_MAP;
    const struct member *mb = &m->members[s->first_member + map];

    if (map)
        jw_begin_object(w);
    else
        jw_begin_array(w);
    for (size_t i = 0; i < list->count; i++) {
        const char *item = (const char *)list->items + i * s->item_size;

        if (map)
            jw_key(w, *(const char *const *)item);
        write_item(w, m, shape_of(m, mb), map ? item + mb->offset : item);
    }
    if (map)
        jw_end_object(w);
    else
        jw_end_array(w);
}

static void write_value(struct jw *w, const struct model *m, const struct shape *s,
                        const void *slot)
{
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        write_structure(w, m, s, *(const char *const *)slot);
        break;
    case SHAPE_LIST:
    case SHAPE_MAP:
        write_sequence(w, m, s, slot);
        break;
    case SHAPE_STRING:
        jw_string(w, *(const char *const *)slot);
        break;
    case SHAPE_BOOLEAN:
        jw_bool(w, ((const struct maybe_bool *)slot)->value);
        break;
    case SHAPE_INTEGER:
        jw_int(w, ((const struct maybe_int *)slot)->value);
        break;
    case SHAPE_LONG:
        jw_int(w, ((const struct maybe_long *)slot)->value);
        break;
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        jw_double(w, ((const struct maybe_double *)slot)->value);
        break;
    case SHAPE_TIMESTAMP:
        jw_int(w, ((const struct maybe_time *)slot)->ms);
        break;
    case SHAPE_BLOB:
        jw_base64(w, ((const struct bytes *)slot)->data, ((const struct bytes *)slot)->len);
        break;
    case SHAPE_DOCUMENT:
    case SHAPE_CUSTOM:
        abort();
    }
}

char *stored_to_json(const struct model *m, const struct shape *structure, const void *value,
                     struct arena *a)
{
    struct strbuf out = STRBUF_INIT(TEXT_MAX);
    struct jw w;
    char *text;

    jw_init(&w, &out);
    write_structure(&w, m, structure, value);
    text = arena_strndup(a, out.data, out.len);
    strbuf_release(&out);
    return text;
}

/* --- reading --- */

static bool read_value(struct jr *r, const struct model *m, const struct shape *s, void *slot);

static bool read_structure(struct jr *r, const struct model *m, const struct shape *s, char *out)
{
    struct jr_text key;

    for (jr_enter_object(r); jr_next_key(r, &key);) {
        const struct member *found = NULL;

        for (uint32_t i = 0; i < s->member_count && !found; i++) {
            const struct member *mb = &m->members[s->first_member + i];
            if (jr_text_eq(key, model_text(m, mb->name)))
                found = mb;
        }
        if (!found ? !jr_skip(r, NULL) : !read_value(r, m, shape_of(m, found), out + found->offset))
            return false;
    }
    return !r->error;
}

static bool read_sequence(struct jr *r, const struct model *m, const struct shape *s,
                          struct any_list *out)
{
    bool map = s->kind == SHAPE_MAP;
    const struct member *mb = &m->members[s->first_member + map];
    const struct shape *value = shape_of(m, mb);
    size_t capacity = 0;
    struct jr_text key;

    out->items = arena_zalloc(r->arena, s->item_size);
    out->count = 0;
    for (map ? jr_enter_object(r) : jr_enter_array(r);
         map ? jr_next_key(r, &key) : jr_next_item(r);) {
        if (out->count >= capacity) {
            capacity = MAX(capacity * 2, (size_t)4);
            void *more = arena_array(r->arena, capacity, s->item_size);
            memcpy(more, out->items, out->count * s->item_size);
            out->items = more;
        }
        char *item = (char *)out->items + out->count++ * s->item_size;
        if (map)
            *(const char **)item = arena_strndup(r->arena, key.data, key.len);
        item += map ? mb->offset : 0;
        if (value->kind == SHAPE_STRUCTURE ? !read_structure(r, m, value, item)
                                           : !read_value(r, m, value, item))
            return false;
    }
    return !r->error;
}

static bool read_integer(struct jr *r, int64_t *out)
{
    struct jr_text text;

    if (!jr_number(r, &text))
        return false;
    *out = strtoll(text.data, NULL, 10);
    return true;
}

/* What is no number is written as a text: "NaN", "Infinity". */
static bool read_double(struct jr *r, double *out)
{
    struct jr_text text;

    if (!(jr_peek(r) == JR_STRING ? jr_string(r, &text) : jr_number(r, &text)))
        return false;
    *out = strtod(arena_strndup(r->arena, text.data, text.len), NULL);
    return true;
}

static bool read_blob(struct jr *r, struct bytes *out)
{
    struct jr_text text;
    uint8_t *data;

    if (!jr_string(r, &text))
        return false;
    data = arena_alloc(r->arena, text.len / 4 * 3 + 1);
    out->data = data;
    return base64_decode(text.data, text.len, data, &out->len);
}

static bool read_scalar(struct jr *r, const struct shape *s, void *slot)
{
    struct jr_text text;
    int64_t number = 0;
    double real = 0;
    bool truth = false;

    if (s->kind == SHAPE_STRING) {
        if (!jr_string(r, &text))
            return false;
        *(const char **)slot = arena_strndup(r->arena, text.data, text.len);
        return true;
    }
    if (s->kind == SHAPE_BOOLEAN) {
        if (!jr_bool(r, &truth))
            return false;
        *(struct maybe_bool *)slot = SOME_BOOL(truth);
        return true;
    }
    if (s->kind == SHAPE_FLOAT || s->kind == SHAPE_DOUBLE) {
        if (!read_double(r, &real))
            return false;
        *(struct maybe_double *)slot = SOME_DOUBLE(real);
        return true;
    }
    if (s->kind == SHAPE_BLOB)
        return read_blob(r, slot);
    if (!read_integer(r, &number))
        return false;
    if (s->kind == SHAPE_INTEGER)
        *(struct maybe_int *)slot = SOME_INT((int32_t)number);
    else if (s->kind == SHAPE_LONG)
        *(struct maybe_long *)slot = SOME_LONG(number);
    else
        *(struct maybe_time *)slot = SOME_TIME(number);
    return true;
}

static bool read_value(struct jr *r, const struct model *m, const struct shape *s, void *slot)
{
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        *(void **)slot = arena_zalloc(r->arena, s->size);
        return read_structure(r, m, s, *(void **)slot);
    case SHAPE_LIST:
    case SHAPE_MAP:
        return read_sequence(r, m, s, slot);
    case SHAPE_STRING:
    case SHAPE_BOOLEAN:
    case SHAPE_INTEGER:
    case SHAPE_LONG:
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
    case SHAPE_TIMESTAMP:
    case SHAPE_BLOB:
        return read_scalar(r, s, slot);
    case SHAPE_DOCUMENT:
    case SHAPE_CUSTOM:
        break;
    }
    return false;
}

bool stored_from_json(const struct model *m, const struct shape *structure, const char *json,
                      struct arena *a, void *out)
{
    struct jr r;

    jr_init(&r, json, strlen(json), a, DEPTH_MAX);
    return read_structure(&r, m, structure, out) && jr_finish(&r);
}

/* --- merging --- */

static const struct member *member_named(const struct model *m, const struct shape *s,
                                         const char *name)
{
    for (uint32_t i = 0; i < s->member_count; i++)
        if (str_eq(model_text(m, m->members[s->first_member + i].name), name))
            return &m->members[s->first_member + i];
    return NULL;
}

static bool is_scalar(const struct shape *s)
{
    return s->kind != SHAPE_STRUCTURE && s->kind != SHAPE_LIST && s->kind != SHAPE_MAP;
}

/* What a member takes inside its structure: a structure's is a pointer. */
static size_t slot_size(const struct shape *s)
{
    return s->kind == SHAPE_STRUCTURE ? sizeof(void *) : s->size;
}

void stored_merge(const struct model *m, const struct shape *into_shape, void *into,
                  const struct shape *from_shape, const void *from, struct arena *a)
{
    for (uint32_t i = 0; i < from_shape->member_count; i++) {
        const struct member *mb = &m->members[from_shape->first_member + i];
        const struct member *to = member_named(m, into_shape, model_text(m, mb->name));
        const struct shape *s = shape_of(m, mb);
        const char *slot = (const char *)from + mb->offset;

        if (!to || !shape_is_set(m, s, slot))
            continue;
        char *place = (char *)into + to->offset;
        if (to->shape == mb->shape || (is_scalar(s) && s->kind == shape_of(m, to)->kind)) {
            memcpy(place, slot, slot_size(s));
        } else if (s->kind == SHAPE_STRUCTURE && shape_of(m, to)->kind == SHAPE_STRUCTURE) {
            const struct shape *inner = shape_of(m, to);
            void *merged = arena_zalloc(a, inner->size);
            if (*(void **)place)
                memcpy(merged, *(void **)place, inner->size);
            stored_merge(m, inner, merged, s, *(const void *const *)slot, a);
            *(void **)place = merged;
        }
    }
}

/* NOLINTEND(misc-no-recursion) */
