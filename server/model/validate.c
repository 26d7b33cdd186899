/*
 * The validator walks decoded input beside the tables of its model.
 *
 * It walks twice: first to see whether anything fails, in the order of the tables and building no
 * text, which is all that a good request costs; and after a failure again, in AWS's order, writing
 * the message.
 *
 * Structures are checked member by member. The items of lists and maps that are no structures are
 * not reported one by one: their container is, with all constraints of the items.
 */
#include "server/model/validate.h"

#include "server/app.h"
#include "server/aws_error.h"
#include "server/model/describe.h"
#include "server/model/pattern.h"

/* A value longer than VALUE_MAX is told without its text; so a message never outgrows its buffer.
 */
enum { VALUE_MAX = 64 * 1024, PATH_MAX_LENGTH = 4096, MESSAGE_MAX = 1024 * 1024 };

enum constraint { MAXIMUM, MINIMUM, PATTERN, ENUM, NOT_NULL };

/* AWS: the orders in which constraints are told: of one value those that fail, of items all. */
static const enum constraint value_order[] = {PATTERN, MAXIMUM, MINIMUM, ENUM};
static const enum constraint items_order[] = {MAXIMUM, MINIMUM, PATTERN, ENUM};

struct validation {
    const struct model *m;
    struct arena *arena;
    struct pattern_cache *patterns;
    bool reporting;      /* the second walk */
    bool tells_not_null; /* AWS: REST services name that constraint of items too */
    bool own_words;      /* the last failure was told in words of the service's own */
    unsigned failures;
    struct strbuf path; /* of the value being looked at; second walk only, as is: */
    struct strbuf message;
};

static void check_value(struct validation *v, const struct shape *shape, const void *value);

/* --- single constraints ----------------------------------------------------------------------- */

/* AWS: lengths of strings are counted in characters, not bytes. */
static int64_t count_characters(const char *text)
{
    int64_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static bool string_in_bounds(const struct shape *shape, enum constraint c, const char *text)
{
    int64_t bytes = (int64_t)strlen(text);

    /* A character has one to four bytes: only in between is counting needed. */
    if (c == MAXIMUM)
        return bytes <= shape->max || count_characters(text) <= shape->max;
    return bytes >= shape->min * 4 || count_characters(text) >= shape->min;
}

static bool in_bounds(const struct shape *shape, enum constraint c, const void *value)
{
    int64_t size;

    switch ((enum shape_kind)shape->kind) {
    case SHAPE_STRING:
        return string_in_bounds(shape, c, *(const char *const *)value);
    case SHAPE_BLOB:
        size = (int64_t)((const struct bytes *)value)->len;
        break;
    case SHAPE_LIST:
    case SHAPE_MAP:
        size = (int64_t)((const struct any_list *)value)->count;
        break;
    case SHAPE_INTEGER:
        size = ((const struct maybe_int *)value)->value;
        break;
    case SHAPE_LONG:
        size = ((const struct maybe_long *)value)->value;
        break;
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE: {
        double number = ((const struct maybe_double *)value)->value;

        return c == MAXIMUM ? number <= (double)shape->max : number >= (double)shape->min;
    }
    default:
        return true;
    }
    return c == MAXIMUM ? size <= shape->max : size >= shape->min;
}

static bool in_enum(const struct model *m, const struct shape *shape, const char *text)
{
    for (uint32_t i = 0; i < shape->enum_count; i++)
        if (str_eq(model_text(m, m->enums[shape->first_enum + i]), text))
            return true;
    return false;
}

static bool has_constraint(const struct shape *shape, enum constraint c)
{
    switch (c) {
    case MAXIMUM:
        return shape->flags & SHAPE_HAS_MAX;
    case MINIMUM:
        return shape->flags & SHAPE_HAS_MIN;
    case PATTERN:
        return shape->kind == SHAPE_STRING && shape->pattern;
    case ENUM:
        return shape->kind == SHAPE_STRING && shape->enum_count;
    case NOT_NULL:
        break;
    }
    return false;
}

static bool holds(const struct validation *v, const struct shape *shape, enum constraint c,
                  const void *value)
{
    if (!has_constraint(shape, c))
        return true;
    if (c == PATTERN)
        return pattern_matches(v->patterns, model_text(v->m, shape->pattern),
                               *(const char *const *)value);
    if (c == ENUM)
        return in_enum(v->m, shape, *(const char *const *)value);
    return in_bounds(shape, c, value);
}

/* --- the message ------------------------------------------------------------------------------ */

static void word_bound(const struct shape *shape, enum constraint c, struct strbuf *out)
{
    bool number = shape->kind >= SHAPE_INTEGER && shape->kind <= SHAPE_DOUBLE;
    bool real = shape->kind == SHAPE_FLOAT || shape->kind == SHAPE_DOUBLE;

    strbuf_add_format(out, "Member must have %s %s than or equal to %" PRId64 "%s",
                      number ? "value" : "length", c == MAXIMUM ? "less" : "greater",
                      c == MAXIMUM ? shape->max : shape->min, real ? ".0" : "");
}

static void word_constraint(const struct model *m, const struct shape *shape, enum constraint c,
                            struct strbuf *out)
{
    switch (c) {
    case MAXIMUM:
    case MINIMUM:
        word_bound(shape, c, out);
        break;
    case PATTERN:
        strbuf_add_text(out, "Member must satisfy regular expression pattern: ");
        strbuf_add_text(out, model_text(m, shape->pattern));
        break;
    case ENUM:
        strbuf_add_text(out, "Member must satisfy enum value set: [");
        for (uint32_t i = 0; i < shape->enum_count; i++) {
            strbuf_add_text(out, i ? ", " : "");
            strbuf_add_text(out, model_text(m, m->enums[shape->first_enum + i]));
        }
        strbuf_add_char(out, ']');
        break;
    case NOT_NULL:
        strbuf_add_text(out, "Member must not be null");
        break;
    }
}

static bool is_sensitive(const struct model *m, const struct shape *shape)
{
    bool sensitive = shape->flags & SHAPE_SENSITIVE;

    if (shape->kind == SHAPE_LIST || shape->kind == SHAPE_MAP)
        for (uint32_t i = 0; i < shape->member_count; i++)
            sensitive |=
                m->shapes[m->members[shape->first_member + i].shape].flags & SHAPE_SENSITIVE;
    return sensitive;
}

static void word_value(struct validation *v, const struct shape *shape, const void *value)
{
    struct strbuf text = STRBUF_INIT(VALUE_MAX);

    describe_value(v->m, shape, value, v->arena, &text);
    strbuf_add(&v->message, text.data ? text.data : "", text.len);
    strbuf_release(&text);
}

/* Counts a failure and, in the second walk, begins its sentence. value NULL: the value is absent.
 */
static void begin_failure(struct validation *v, const struct shape *shape, const void *value)
{
    if (++v->failures > 1 && v->reporting)
        strbuf_add_text(&v->message, "; ");
    if (!v->reporting)
        return;
    if (is_sensitive(v->m, shape)) {
        strbuf_add_text(&v->message, "Value");
    } else if (!value) {
        strbuf_add_text(&v->message, "Value null");
    } else {
        strbuf_add_text(&v->message, "Value '");
        word_value(v, shape, value);
        strbuf_add_char(&v->message, '\'');
    }
    strbuf_add_text(&v->message, " at '");
    strbuf_add(&v->message, v->path.data ? v->path.data : "", v->path.len);
    strbuf_add_text(&v->message, "' failed to satisfy constraint: ");
}

/* AWS: IAM says what a name may consist of, and not what is wrong with it. */
static void fail_in_own_words(struct validation *v, const struct shape *shape)
{
    if (++v->failures > 1)
        strbuf_add_text(&v->message, "; ");
    v->own_words = true;
    strbuf_add_format(&v->message, "The specified value for %s is invalid. %s",
                      v->path.data ? v->path.data : "", model_text(v->m, shape->pattern_words));
}

static void fail_value(struct validation *v, const struct shape *shape, enum constraint c,
                       const void *value)
{
    if (v->reporting && c == PATTERN && shape->pattern_words) {
        fail_in_own_words(v, shape);
        return;
    }
    begin_failure(v, shape, value);
    if (v->reporting)
        word_constraint(v->m, shape, c, &v->message);
}

/* what: Member, Map keys or Map value. */
static void fail_items(struct validation *v, const struct shape *container, const void *value,
                       const char *what, const struct shape *item, bool null_found)
{
    bool separate = false;

    begin_failure(v, container, value);
    if (!v->reporting)
        return;
    strbuf_add_format(&v->message, "%s must satisfy constraint: [", what);
    for (size_t i = 0; i < ARRAY_LEN(items_order); i++) {
        if (!has_constraint(item, items_order[i]))
            continue;
        strbuf_add_text(&v->message, separate ? ", " : "");
        word_constraint(v->m, item, items_order[i], &v->message);
        separate = true;
    }
    if (v->tells_not_null || null_found) {
        strbuf_add_text(&v->message, separate ? ", " : "");
        word_constraint(v->m, item, NOT_NULL, &v->message);
    }
    strbuf_add_char(&v->message, ']');
}

static bool enough(const struct validation *v)
{
    return v->failures >= (v->reporting ? VALIDATION_FAILURES_MAX : 1);
}

/* Goes down into a member; what it returns takes the way back. */
static size_t path_push(struct validation *v, const char *name)
{
    size_t before = v->path.len;

    if (!v->reporting)
        return 0;
    if (before)
        strbuf_add_char(&v->path, '.');
    describe_name(name, &v->path);
    return before;
}

/* Goes down into an item: key of a map, or index (from 1) of a list where key is NULL. */
static size_t path_push_item(struct validation *v, size_t index, const char *key)
{
    size_t before = v->path.len;

    if (!v->reporting)
        return 0;
    if (key)
        strbuf_add_format(&v->path, ".%s.member", key);
    else
        strbuf_add_format(&v->path, ".%zu.member", index + 1);
    return before;
}

static void path_pop(struct validation *v, size_t before)
{
    if (!v->reporting || !v->path.data)
        return;
    v->path.len = before;
    v->path.data[before] = '\0';
    v->path.overflow = false;
}

/* --- the walk --------------------------------------------------------------------------------- */

/* Whether an item that is no structure meets its constraints; a null does not. */
static bool item_holds(const struct validation *v, const struct shape *shape, const void *item,
                       bool *null_found)
{
    if (!shape_is_set(v->m, shape, item)) {
        *null_found = true;
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(items_order); i++)
        if (!holds(v, shape, items_order[i], item))
            return false;
    return true;
}

/* The items of a list, the keys or the values of a map, which stand `offset` into each item. */
static void check_items(struct validation *v, const struct shape *container, const void *value,
                        const struct member *member, const char *what)
{
    const struct any_list *list = value;
    const struct shape *item = &v->m->shapes[member->shape];
    bool null_found = false;

    if (container->flags & SHAPE_SPARSE && item->kind <= SHAPE_MAP)
        return;
    for (size_t i = 0; i < list->count; i++) {
        const char *slot = (const char *)list->items + i * container->item_size + member->offset;
        bool may_be_null = container->flags & SHAPE_SPARSE && !shape_is_set(v->m, item, slot);

        if (!may_be_null && !item_holds(v, item, slot, &null_found)) {
            fail_items(v, container, value, what, item, null_found);
            return;
        }
    }
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the input, which the decoders bound. */

/* What lies inside the items of a list or the values of a map. */
static void check_inside_items(struct validation *v, const struct shape *container,
                               const void *value, const struct member *member)
{
    const struct any_list *list = value;
    const struct shape *item = &v->m->shapes[member->shape];

    for (size_t i = 0; i < list->count && !enough(v); i++) {
        const char *entry = (const char *)list->items + i * container->item_size;
        const char *key = container->kind == SHAPE_MAP ? *(const char *const *)entry : NULL;
        size_t before = path_push_item(v, i, key);

        if (item->kind == SHAPE_STRUCTURE || shape_is_set(v->m, item, entry + member->offset))
            check_value(v, item, entry + member->offset);
        path_pop(v, before);
    }
}

static void check_container(struct validation *v, const struct shape *shape, const void *value)
{
    const struct member *first = &v->m->members[shape->first_member];
    const struct member *last = first + (shape->kind == SHAPE_MAP);
    const struct shape *item = &v->m->shapes[last->shape];

    if (shape->kind == SHAPE_MAP)
        check_items(v, shape, value, first, "Map keys");
    if (item->kind != SHAPE_STRUCTURE && !enough(v))
        check_items(v, shape, value, last, shape->kind == SHAPE_MAP ? "Map value" : "Member");
    if (item->kind <= SHAPE_MAP)
        check_inside_items(v, shape, value, last);
}

static void check_member(struct validation *v, const struct member *member, const char *slot)
{
    const struct shape *shape = &v->m->shapes[member->shape];
    size_t before = path_push(v, model_text(v->m, member->name));

    if (!shape_is_set(v->m, shape, slot)) {
        if (member->flags & MEMBER_REQUIRED)
            fail_value(v, shape, NOT_NULL, NULL);
    } else {
        for (size_t i = 0; i < ARRAY_LEN(value_order) && !enough(v); i++)
            if (!holds(v, shape, value_order[i], slot))
                fail_value(v, shape, value_order[i], slot);
        check_value(v, shape, shape->kind == SHAPE_STRUCTURE ? *(const void *const *)slot : slot);
    }
    path_pop(v, before);
}

/* Java's String.hashCode(), spread as its HashMap does, of the name as messages have it. */
static uint32_t java_hash(const char *name)
{
    uint32_t hash = 0;

    for (const char *c = name; *c; c++) {
        bool capital = c == name && *c >= 'A' && *c <= 'Z';

        hash = hash * 31 + (uint32_t)(unsigned char)*c + (capital ? 'a' - 'A' : 0u);
    }
    return hash ^ hash >> 16;
}

/*
 * AWS: failures come in the order in which a Java HashMap gives back the members' names, those of
 * one bucket by name. Writes the structure's member_count indexes to order.
 */
static void java_order(const struct model *m, const struct shape *shape, uint32_t *order)
{
    const struct member *members = &m->members[shape->first_member];
    uint32_t mask = 15;

    while (shape->member_count * 4 > (mask + 1) * 3)
        mask = mask * 2 + 1;
    for (uint32_t i = 0; i < shape->member_count; i++) {
        const char *name = model_text(m, members[i].name);
        uint32_t bucket = java_hash(name) & mask;
        uint32_t place = i;

        for (; place > 0; place--) {
            const char *other = model_text(m, members[order[place - 1]].name);
            uint32_t other_bucket = java_hash(other) & mask;

            if (other_bucket < bucket || (other_bucket == bucket && strcmp(other, name) < 0))
                break;
            order[place] = order[place - 1];
        }
        order[place] = i;
    }
}

static void check_union(struct validation *v, const struct shape *shape, const char *value)
{
    unsigned set = 0;

    for (uint32_t i = 0; i < shape->member_count; i++) {
        const struct member *member = &v->m->members[shape->first_member + i];

        set += shape_is_set(v->m, &v->m->shapes[member->shape], value + member->offset);
    }
    if (set == 1)
        return;
    begin_failure(v, shape, value);
    if (v->reporting)
        strbuf_add_text(&v->message, "Member must have exactly one of its members set");
}

static void check_structure(struct validation *v, const struct shape *shape, const char *value)
{
    uint32_t *order = NULL;

    if (shape->flags & SHAPE_EVENT_STREAM)
        return;
    if (shape->flags & SHAPE_UNION)
        check_union(v, shape, value);
    if (v->reporting) {
        order = ARENA_ARRAY(v->arena, uint32_t, shape->member_count + 1);
        java_order(v->m, shape, order);
    }
    for (uint32_t i = 0; i < shape->member_count && !enough(v); i++) {
        const struct member *member = &v->m->members[shape->first_member + (order ? order[i] : i)];

        check_member(v, member, value + member->offset);
    }
}

/* What lies inside a value that is set; its own constraints have been checked. */
static void check_value(struct validation *v, const struct shape *shape, const void *value)
{
    if (enough(v))
        return;
    if (shape->kind == SHAPE_STRUCTURE)
        check_structure(v, shape, value);
    else if (shape->kind == SHAPE_LIST || shape->kind == SHAPE_MAP)
        check_container(v, shape, value);
}

/* NOLINTEND(misc-no-recursion) */

static const struct aws_error *validation_error(const struct request *req, const struct model *m)
{
    if (m->validation_error)
        return m->validation_error;
    return req->protocol == PROTOCOL_QUERY ? &aws_ValidationError : &aws_ValidationException;
}

static int fail(struct request *req, const struct validation *v)
{
    const struct aws_error *error = validation_error(req, v->m);
    const char *text = v->message.data ? v->message.data : "";

    if (v->failures == 1 && v->own_words)
        return aws_fail(req, error, "%s", text);
    return aws_fail(req, error, "%u validation error%s detected: %s", v->failures,
                    v->failures == 1 ? "" : "s", text);
}

int validate_input(struct request *req, const struct model *m, const struct operation *op,
                   const void *in)
{
    struct validation v = {
        .m = m,
        .arena = &req->arena,
        .patterns = req->app ? req->app->patterns : NULL,
        .tells_not_null = m->protocols & PROTOCOL_REST_JSON,
        .path = STRBUF_INIT(PATH_MAX_LENGTH),
        .message = STRBUF_INIT(MESSAGE_MAX),
    };

    if (!op->input)
        return 0;
    check_structure(&v, &m->shapes[op->input - 1], in);
    if (!v.failures)
        return 0;
    v.reporting = true;
    v.failures = 0;
    check_structure(&v, &m->shapes[op->input - 1], in);
    fail(req, &v);
    strbuf_release(&v.path);
    strbuf_release(&v.message);
    return -1;
}
