/*
 * What an update makes of an item. Every value is computed from the item as it was; then the new
 * item is made: attributes that a nested path touches are copied whole, the others are shared. What
 * is removed is marked (DDB_NONE) until the end, so that list indexes keep their meaning
 * throughout.
 */
#include "handlers/dynamodb/expr.h"

#define WRONG_PATH "The document path provided in the update expression is invalid for update"
#define WRONG_TYPE "An operand in the update expression has an incorrect data type"
#define NO_ATTRIBUTE                                                                               \
    "The provided expression refers to an attribute that does not exist in the item"
#define TOO_DEEP                                                                                   \
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels "    \
    "beyond "                                                                                      \
    "supported limit"

struct application {
    const struct ddb_update *update;
    const struct ddb_item *old;
    struct arena *arena;
    struct ddb_member *members; /* of the new item */
    size_t count;
    bool *copied; /* by member: its value belongs to the new item alone */
    const char *problem;
};

static bool fail(struct application *ap, const char *problem)
{
    if (ap->problem == NULL)
        ap->problem = problem;
    return false;
}

/* --- values --- */

static bool evaluate(struct application *ap, const struct ddb_expr *e, struct ddb_value *out);

static bool arithmetic(struct application *ap, bool minus, const struct ddb_value *a,
                       const struct ddb_value *b, struct ddb_value *out)
{
    if (a->type != DDB_N || b->type != DDB_N)
        return fail(ap, WRONG_TYPE);
    struct ddb_number x = ddb_value_number(a);
    struct ddb_number y = ddb_value_number(b);
    enum ddb_number_status status =
        minus ? ddb_number_subtract(&x, &y, &x) : ddb_number_add(&x, &y, &x);
    if (status != DDB_NUMBER_OK)
        return fail(ap, ddb_number_problem(status, "", 0, ap->arena));
    *out = ddb_number_value(&x, ap->arena);
    return true;
}

static struct ddb_value joined(struct application *ap, const struct ddb_value *a,
                               const struct ddb_value *b)
{
    struct ddb_value out = {.type = DDB_L, .count = a->count + b->count};

    out.items = ARENA_ARRAY(ap->arena, struct ddb_value, out.count);
    for (uint32_t i = 0; i < a->count; i++)
        out.items[i] = a->items[i];
    for (uint32_t i = 0; i < b->count; i++)
        out.items[a->count + i] = b->items[i];
    return out;
}

// NOLINTNEXTLINE(misc-no-recursion)
static bool evaluate_function(struct application *ap, const struct ddb_expr *e,
                              struct ddb_value *out)
{
    struct ddb_value a = {0};
    struct ddb_value b = {0};

    if (e->function == DDB_FN_IF_NOT_EXISTS) {
        const struct ddb_value *found =
            ddb_path_find(&e->arguments[0]->path, ap->old->members, ap->old->count);
        if (found == NULL)
            return evaluate(ap, e->arguments[1], out);
        *out = *found;
        return true;
    }
    if (!evaluate(ap, e->arguments[0], &a) || !evaluate(ap, e->arguments[1], &b))
        return false;
    if (a.type != DDB_L || b.type != DDB_L)
        return fail(ap, WRONG_TYPE);
    *out = joined(ap, &a, &b);
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
static bool evaluate(struct application *ap, const struct ddb_expr *e, struct ddb_value *out)
{
    struct ddb_value a = {0};
    struct ddb_value b = {0};
    const struct ddb_value *found;

    switch (e->kind) {
    case DDB_VALUE:
        *out = *e->value;
        return true;
    case DDB_PATH:
        found = ddb_path_find(&e->path, ap->old->members, ap->old->count);
        if (found == NULL)
            return fail(ap, NO_ATTRIBUTE);
        *out = *found;
        return true;
    case DDB_FUNCTION:
        return evaluate_function(ap, e, out);
    default:
        return evaluate(ap, e->arguments[0], &a) && evaluate(ap, e->arguments[1], &b) &&
               arithmetic(ap, e->kind == DDB_MINUS, &a, &b, out);
    }
}

static struct ddb_value set_union(struct application *ap, const struct ddb_value *a,
                                  const struct ddb_value *b)
{
    struct ddb_value out = {.type = a->type, .count = a->count};

    out.items = ARENA_ARRAY(ap->arena, struct ddb_value, a->count + b->count);
    for (uint32_t i = 0; i < a->count; i++)
        out.items[i] = a->items[i];
    for (uint32_t i = 0; i < b->count; i++)
        if (!ddb_set_has(a, &b->items[i]))
            out.items[out.count++] = b->items[i];
    return out;
}

static struct ddb_value set_difference(struct application *ap, const struct ddb_value *a,
                                       const struct ddb_value *b)
{
    struct ddb_value out = {.type = a->type};

    out.items = ARENA_ARRAY(ap->arena, struct ddb_value, a->count);
    for (uint32_t i = 0; i < a->count; i++)
        if (!ddb_set_has(b, &a->items[i]))
            out.items[out.count++] = a->items[i];
    if (out.count == 0)
        out.type = DDB_NONE; /* an empty set is removed */
    return out;
}

static bool add(struct application *ap, const struct ddb_value *was, const struct ddb_value *v,
                struct ddb_value *out)
{
    if (was == NULL) {
        *out = *v;
        return true;
    }
    if (was->type != v->type)
        return fail(ap, ap->update->legacy ? "Type mismatch for attribute to update" : WRONG_TYPE);
    if (v->type == DDB_N)
        return arithmetic(ap, false, was, v, out);
    *out = v->type == DDB_L ? joined(ap, was, v) : set_union(ap, was, v);
    return true;
}

/* What the step puts at its path: type DDB_NONE removes. *out_skip: nothing changes. */
static bool result_of(struct application *ap, const struct ddb_update_step *step,
                      struct ddb_value *out, bool *out_skip)
{
    const struct ddb_value *was = ddb_path_find(&step->path, ap->old->members, ap->old->count);

    *out_skip = false;
    *out = (struct ddb_value){.type = DDB_NONE};
    switch (step->action) {
    case DDB_SET:
        return evaluate(ap, step->operand, out);
    case DDB_ADD:
        return add(ap, was, step->operand->value, out);
    case DDB_DELETE:
        *out_skip = was == NULL;
        if (was == NULL)
            return true;
        if (was->type != step->operand->value->type)
            return fail(ap,
                        ap->update->legacy ? "Type mismatch for attribute to update" : WRONG_TYPE);
        *out = set_difference(ap, was, step->operand->value);
        return true;
    default:
        return true;
    }
}

/* --- places --- */

/* Containers are copied all the way down; scalars and sets are shared. */
// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_value copy_deep(const struct ddb_value *v, struct arena *a)
{
    struct ddb_value out = *v;

    if (v->type == DDB_L) {
        out.items = ARENA_ARRAY(a, struct ddb_value, v->count);
        for (uint32_t i = 0; i < v->count; i++)
            out.items[i] = copy_deep(&v->items[i], a);
    } else if (v->type == DDB_M) {
        out.members = ARENA_ARRAY(a, struct ddb_member, v->count);
        for (uint32_t i = 0; i < v->count; i++)
            out.members[i] =
                (struct ddb_member){v->members[i].name, copy_deep(&v->members[i].value, a)};
    }
    return out;
}

static struct ddb_member *find_member(struct ddb_member *members, size_t count,
                                      struct ddb_text name)
{
    for (size_t i = 0; i < count; i++)
        if (ddb_text_equal(members[i].name, name))
            return &members[i];
    return NULL;
}

/* The container that holds the last step of a nested path, made changeable; NULL after failing. */
static struct ddb_value *parent_of(struct application *ap, const struct ddb_path *path)
{
    struct ddb_member *top = find_member(ap->members, ap->count, path->steps[0].name);
    struct ddb_value *v = NULL;

    if (top != NULL) {
        size_t i = (size_t)(top - ap->members);
        if (!ap->copied[i])
            top->value = copy_deep(&top->value, ap->arena);
        ap->copied[i] = true;
        v = &top->value;
    }
    for (size_t i = 1; i + 1 < path->count && v != NULL; i++) {
        const struct ddb_step *s = &path->steps[i];
        struct ddb_member *m = NULL;
        if (s->is_index)
            v = v->type == DDB_L && s->index < v->count ? &v->items[s->index] : NULL;
        else if (v->type == DDB_M && (m = find_member(v->members, v->count, s->name)) != NULL)
            v = &m->value;
        else
            v = NULL;
    }
    if (v == NULL || v->type != (path->steps[path->count - 1].is_index ? DDB_L : DDB_M)) {
        fail(ap, WRONG_PATH);
        return NULL;
    }
    return v;
}

static void put_into_list(struct application *ap, struct ddb_value *list, uint32_t index,
                          const struct ddb_value *v)
{
    if (index < list->count) {
        list->items[index] = *v;
        return;
    }
    if (v->type == DDB_NONE)
        return;
    /* AWS: beyond the end is at the end. */
    struct ddb_value *items = ARENA_ARRAY(ap->arena, struct ddb_value, list->count + 1);
    for (uint32_t i = 0; i < list->count; i++)
        items[i] = list->items[i];
    items[list->count++] = *v;
    list->items = items;
}

static void put_into_map(struct application *ap, struct ddb_value *map, struct ddb_text name,
                         const struct ddb_value *v)
{
    struct ddb_member *m = find_member(map->members, map->count, name);

    if (m != NULL) {
        m->value = *v;
        return;
    }
    if (v->type == DDB_NONE)
        return;
    struct ddb_member *members = ARENA_ARRAY(ap->arena, struct ddb_member, map->count + 1);
    for (uint32_t i = 0; i < map->count; i++)
        members[i] = map->members[i];
    members[map->count++] = (struct ddb_member){name, *v};
    map->members = members;
}

static bool put(struct application *ap, const struct ddb_path *path, const struct ddb_value *v)
{
    const struct ddb_step *last = &path->steps[path->count - 1];

    if (path->count == 1) {
        struct ddb_member *m = find_member(ap->members, ap->count, last->name);
        if (m == NULL && v->type != DDB_NONE)
            ap->members[ap->count++] = (struct ddb_member){last->name, *v};
        else if (m != NULL)
            m->value = *v;
        return true;
    }
    struct ddb_value *parent = parent_of(ap, path);
    if (parent == NULL)
        return false;
    if (last->is_index)
        put_into_list(ap, parent, last->index, v);
    else
        put_into_map(ap, parent, last->name, v);
    return true;
}

/* --- the whole --- */

/* Drops what was marked as removed, and tells how deep the value is. */
// NOLINTNEXTLINE(misc-no-recursion)
static int squash(struct ddb_value *v)
{
    uint32_t kept = 0;
    int depth = 0;

    for (uint32_t i = 0; v->type == DDB_L && i < v->count; i++) {
        if (v->items[i].type == DDB_NONE)
            continue;
        depth = MAX(depth, squash(&v->items[i]));
        v->items[kept++] = v->items[i];
    }
    for (uint32_t i = 0; v->type == DDB_M && i < v->count; i++) {
        if (v->members[i].value.type == DDB_NONE)
            continue;
        depth = MAX(depth, squash(&v->members[i].value));
        v->members[kept++] = v->members[i];
    }
    if (v->type == DDB_L || v->type == DDB_M)
        v->count = kept;
    return depth + 1;
}

/* Values that the update put somewhere are shared with the request or the old item and must not be
 * squashed in place; only what is deeper than allowed matters of them. */
// NOLINTNEXTLINE(misc-no-recursion)
static int depth_of(const struct ddb_value *v)
{
    int depth = 0;

    for (uint32_t i = 0; v->type == DDB_L && i < v->count; i++)
        depth = MAX(depth, depth_of(&v->items[i]));
    for (uint32_t i = 0; v->type == DDB_M && i < v->count; i++)
        depth = MAX(depth, depth_of(&v->members[i].value));
    return depth + 1;
}

static void finish(struct application *ap)
{
    size_t kept = 0;

    for (size_t i = 0; i < ap->count; i++) {
        struct ddb_member *m = &ap->members[i];
        if (m->value.type == DDB_NONE)
            continue;
        int depth = ap->copied[i] ? squash(&m->value) : depth_of(&m->value);
        if (depth > DDB_NESTING_MAX)
            fail(ap, TOO_DEEP);
        ap->members[kept++] = *m;
    }
    ap->count = kept;
}

/* Orders steps of one list by index, so that what goes beyond the end is appended in that order. */
static int by_path(const void *a, const void *b)
{
    const struct ddb_path *x = &(*(const struct ddb_update_step *const *)a)->path;
    const struct ddb_path *y = &(*(const struct ddb_update_step *const *)b)->path;

    for (size_t i = 0; i < MIN(x->count, y->count); i++) {
        const struct ddb_step *s = &x->steps[i];
        const struct ddb_step *t = &y->steps[i];
        if (s->is_index && t->is_index) {
            if (s->index != t->index)
                return s->index < t->index ? -1 : 1;
            continue;
        }
        int order = memcmp(s->name.data, t->name.data, MIN(s->name.len, t->name.len));
        if (order == 0)
            order = (s->name.len > t->name.len) - (s->name.len < t->name.len);
        if (order != 0)
            return order;
    }
    return (x->count > y->count) - (x->count < y->count);
}

const char *ddb_update_apply(const struct ddb_update *update, const struct ddb_item *old,
                             struct arena *a, struct ddb_item *out)
{
    struct application ap = {.update = update, .old = old, .arena = a, .count = old->count};
    const struct ddb_update_step **order =
        ARENA_ARRAY(a, const struct ddb_update_step *, update->count);
    struct ddb_value *results = ARENA_ARRAY(a, struct ddb_value, update->count);
    bool *skip = ARENA_ARRAY(a, bool, update->count);

    ap.members = ARENA_ARRAY(a, struct ddb_member, old->count + update->count);
    ap.copied = ARENA_ARRAY(a, bool, old->count + update->count);
    for (size_t i = 0; i < old->count; i++)
        ap.members[i] = old->members[i];
    for (size_t i = 0; i < update->count; i++) {
        order[i] = &update->steps[i];
        if (!result_of(&ap, &update->steps[i], &results[i], &skip[i]))
            return ap.problem;
    }
    qsort(order, update->count, sizeof(*order), by_path);
    for (size_t i = 0; i < update->count; i++) {
        size_t step = (size_t)(order[i] - update->steps);
        if (skip[step] && order[i]->path.count > 1 && parent_of(&ap, &order[i]->path) == NULL)
            return ap.problem;
        if (!skip[step] && !put(&ap, &order[i]->path, &results[step]))
            return ap.problem;
    }
    finish(&ap);
    *out = (struct ddb_item){.members = ap.members, .count = ap.count, .set = true};
    return ap.problem;
}
