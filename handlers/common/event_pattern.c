/*
 * Matching. The event is read once per rule, straight from its text, without a tree.
 *
 * What is looked for is a set of fields, one bit each. match_value() is given those that may lie in
 * a value, each with how much of its path has been walked, and tells which sets of them one way
 * through the value satisfies: an object adds up its members; an array offers its elements as
 * alternatives, since fields of two different elements are not a match (AWS: array consistency).
 *
 * AWS: a dot in a name is as good as a step: {"a.b": ["x"]} and {"a": {"b": ["x"]}} are the same,
 * in patterns and in events. Hence paths, not trees.
 */
#include "handlers/common/event_pattern.h"

#include "handlers/common/event_pattern_parts.h"

/* Sets that are kept of one value. More arise only when many fields of one array are found in ever
 * other elements. */
enum { SETS_MAX = 32 };

struct sets {
    uint64_t items[SETS_MAX];
    size_t count;
};

/* A field that may lie in the value that is read. */
struct sought {
    uint8_t field;
    uint32_t walked; /* bytes of its path, with the dot */
};

struct matching {
    struct jr r;
    const struct pattern_rule *rule;
    unsigned decimals;
    uint64_t present; /* fields that the event has at all */
};

static void sets_add(struct sets *s, uint64_t set)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++) {
        if ((s->items[i] & set) == set)
            return; /* says nothing new */
        if ((s->items[i] & set) != s->items[i])
            s->items[kept++] = s->items[i];
    }
    s->count = kept;
    if (s->count < SETS_MAX)
        s->items[s->count++] = set;
}

/* Both are true at once: each of these with each of those. */
static void sets_combine(struct sets *s, const struct sets *more)
{
    struct sets old = *s;

    if (more->count == 0 || (more->count == 1 && more->items[0] == 0))
        return;
    s->count = 0;
    for (size_t i = 0; i < old.count; i++)
        for (size_t k = 0; k < more->count; k++)
            sets_add(s, old.items[i] | more->items[k]);
}

static bool read_scalar(struct jr *r, enum jr_type type, struct event_value *out)
{
    out->type = type;
    return type == JR_STRING ? jr_string(r, &out->text) : jr_skip(r, &out->text);
}

static bool field_accepts(const struct pattern_field *field, const struct event_value *value)
{
    for (size_t i = 0; i < field->count; i++) {
        if (matcher_accepts(&field->matchers[i], value))
            return true;
    }
    return false;
}

/* A value that is neither object nor array satisfies the fields whose path ends here. */
static void match_scalar(struct matching *m, const struct sought *sought, size_t count,
                         enum jr_type type, struct sets *out)
{
    struct event_value value = {.decimals = m->decimals};
    uint64_t set = 0;

    if (!read_scalar(&m->r, type, &value))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct pattern_field *field = m->rule->fields[sought[i].field];
        uint64_t bit = UINT64_C(1) << sought[i].field;

        if (sought[i].walked <= field->path.len)
            continue; /* its path goes on */
        m->present |= bit;
        if (field_accepts(field, &value))
            set |= bit;
    }
    sets_add(out, set);
}

/* Those that may lie behind this name. A path that has been walked to its end has walked one byte
 * more than it has: the dot that would follow. */
static size_t step_into(const struct matching *m, const struct sought *sought, size_t count,
                        struct jr_text key, struct sought *out)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        struct jr_text path = m->rule->fields[sought[i].field]->path;
        size_t walked = sought[i].walked;

        if (walked > path.len || path.len - walked < key.len ||
            memcmp(path.data + walked, key.data, key.len) != 0)
            continue;
        walked += key.len;
        if (walked < path.len && path.data[walked] != '.')
            continue;
        out[found++] = (struct sought){sought[i].field, (uint32_t)walked + 1};
    }
    return found;
}

static void match_value(struct matching *m, const struct sought *sought, size_t count,
                        struct sets *out);

/* NOLINTBEGIN(misc-no-recursion): the reader bounds the depth. */

static void match_object(struct matching *m, const struct sought *sought, size_t count,
                         struct sets *out)
{
    struct sought inside[EVENT_PATTERN_FIELDS_MAX];
    struct sets all = {.count = 1};
    struct jr_text key;

    for (jr_enter_object(&m->r); jr_next_key(&m->r, &key);) {
        size_t n = step_into(m, sought, count, key, inside);
        struct sets more = {.count = 0};

        if (n == 0) {
            jr_skip(&m->r, NULL);
            continue;
        }
        match_value(m, inside, n, &more);
        sets_combine(&all, &more);
    }
    for (size_t i = 0; i < all.count; i++)
        sets_add(out, all.items[i]);
}

static void match_value(struct matching *m, const struct sought *sought, size_t count,
                        struct sets *out)
{
    enum jr_type type = jr_peek(&m->r);

    if (type == JR_OBJECT) {
        match_object(m, sought, count, out);
    } else if (type == JR_ARRAY) {
        for (jr_enter_array(&m->r); jr_next_item(&m->r);)
            match_value(m, sought, count, out);
    } else {
        match_scalar(m, sought, count, type, out);
    }
}

/* NOLINTEND(misc-no-recursion) */

/* The fields that are satisfied by not being there. */
static uint64_t absent_fields(const struct matching *m)
{
    uint64_t set = 0;

    for (size_t i = 0; i < m->rule->count; i++) {
        const struct pattern_field *field = m->rule->fields[i];

        for (size_t k = 0; k < field->count && !(m->present >> i & 1); k++)
            if (field->matchers[k].kind == MATCHER_ABSENT)
                set |= UINT64_C(1) << i;
    }
    return set;
}

static bool rule_matches(const struct event_pattern *p, const struct pattern_rule *rule,
                         struct bytes event, struct arena *scratch)
{
    struct matching m = {.rule = rule, .decimals = p->decimals};
    struct sought sought[EVENT_PATTERN_FIELDS_MAX] = {0};
    struct sets sets = {.count = 0};
    uint64_t all = rule->count == 64 ? UINT64_MAX : (UINT64_C(1) << rule->count) - 1;

    for (size_t i = 0; i < rule->count; i++)
        sought[i] = (struct sought){.field = (uint8_t)i};
    jr_init(&m.r, event.data, event.len, scratch, EVENT_PATTERN_DEPTH_MAX);
    if (jr_peek(&m.r) != JR_OBJECT)
        return false;
    match_object(&m, sought, rule->count, &sets);
    if (!jr_finish(&m.r))
        return false;
    uint64_t absent = absent_fields(&m);
    for (size_t i = 0; i < sets.count; i++) {
        if ((sets.items[i] | absent) == all)
            return true;
    }
    return false;
}

bool event_pattern_matches(const struct event_pattern *p, struct bytes event, struct arena *scratch)
{
    for (size_t i = 0; i < p->rule_count; i++) {
        if (rule_matches(p, p->rules[i], event, scratch))
            return true;
    }
    return false;
}
