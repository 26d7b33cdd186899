/* Projection expressions: paths, and the parts of items that they name. */
#include "handlers/dynamodb/expr_parse.h"

const char *ddb_projection_parse(struct ddb_names *n, const char *text, struct ddb_paths *out)
{
    struct ddb_parser p;
    const char *problem = ddb_parser_init(&p, n, text);
    size_t capacity = 0;

    *out = (struct ddb_paths){0};
    if (problem != NULL)
        return problem;
    p.reserved = FAULT_RESERVED_FIRST;
    do {
        struct ddb_path path;
        if (!ddb_parse_path(&p, &path))
            return ddb_parser_problem(&p);
        ddb_check_paths(&p, out->items, out->count, &path);
        if (out->count == capacity) {
            capacity = capacity * 2 + 8;
            struct ddb_path *more = ARENA_ARRAY(p.arena, struct ddb_path, capacity);
            for (size_t i = 0; i < out->count; i++)
                more[i] = out->items[i];
            out->items = more;
        }
        out->items[out->count++] = path;
    } while (ddb_take(&p, ","));
    if (ddb_peek(&p)->kind != TOKEN_END)
        ddb_syntax_error(&p);
    return ddb_parser_problem(&p);
}

/* Paths that have their first `depth` steps in common. */
struct bundle {
    const struct ddb_path **paths;
    size_t count;
    size_t depth;
    struct arena *arena;
};

static bool same_step(const struct ddb_step *a, const struct ddb_step *b)
{
    if (a->is_index || b->is_index)
        return a->is_index && b->is_index && a->index == b->index;
    return ddb_text_equal(a->name, b->name);
}

/* Splits off the paths that go on with the same step as the first, and answers them. */
static struct bundle split(struct bundle *b)
{
    struct bundle same = {.depth = b->depth + 1, .arena = b->arena};
    const struct ddb_step *step = &b->paths[0]->steps[b->depth];
    size_t rest = 0;

    same.paths = ARENA_ARRAY(b->arena, const struct ddb_path *, b->count);
    for (size_t i = 0; i < b->count; i++) {
        if (same_step(&b->paths[i]->steps[b->depth], step))
            same.paths[same.count++] = b->paths[i];
        else
            b->paths[rest++] = b->paths[i];
    }
    b->count = rest;
    return same;
}

static int by_index(const void *a, const void *b)
{
    const struct ddb_step *x = *(const struct ddb_step *const *)a;
    const struct ddb_step *y = *(const struct ddb_step *const *)b;

    return (x->index > y->index) - (x->index < y->index);
}

static bool project(struct bundle b, const struct ddb_value *v, struct ddb_value *out);

// NOLINTNEXTLINE(misc-no-recursion)
static bool project_map(struct bundle b, const struct ddb_value *v, struct ddb_value *out)
{
    *out = (struct ddb_value){.type = DDB_M};
    out->members = ARENA_ARRAY(b.arena, struct ddb_member, b.count);
    while (b.count > 0) {
        const struct ddb_step *step = &b.paths[0]->steps[b.depth];
        struct bundle same = split(&b);
        const struct ddb_value *inner =
            step->is_index ? NULL : ddb_members_find(v->members, v->count, step->name);
        if (inner != NULL && project(same, inner, &out->members[out->count].value))
            out->members[out->count++].name = step->name;
    }
    return out->count > 0;
}

/* AWS: elements come in the order of the list, without gaps. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool project_list(struct bundle b, const struct ddb_value *v, struct ddb_value *out)
{
    const struct ddb_step **steps = ARENA_ARRAY(b.arena, const struct ddb_step *, b.count);
    struct bundle *bundles = ARENA_ARRAY(b.arena, struct bundle, b.count);
    size_t count = 0;

    while (b.count > 0) {
        steps[count] = &b.paths[0]->steps[b.depth];
        bundles[count++] = split(&b);
    }
    qsort(steps, count, sizeof(*steps), by_index);
    *out = (struct ddb_value){.type = DDB_L};
    out->items = ARENA_ARRAY(b.arena, struct ddb_value, count);
    for (size_t i = 0; i < count; i++) {
        if (!steps[i]->is_index || steps[i]->index >= v->count)
            continue;
        for (size_t k = 0; k < count; k++)
            if (&bundles[k].paths[0]->steps[b.depth] == steps[i] &&
                project(bundles[k], &v->items[steps[i]->index], &out->items[out->count]))
                out->count++;
    }
    return out->count > 0;
}

/* The part of v that the paths name; false when there is none of it. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool project(struct bundle b, const struct ddb_value *v, struct ddb_value *out)
{
    for (size_t i = 0; i < b.count; i++)
        if (b.paths[i]->count == b.depth) {
            *out = *v;
            return true;
        }
    if (v->type == DDB_M)
        return project_map(b, v, out);
    return v->type == DDB_L && project_list(b, v, out);
}

struct ddb_item ddb_project(const struct ddb_paths *paths, const struct ddb_item *item,
                            struct arena *a)
{
    struct ddb_value whole = {
        .type = DDB_M, .count = (uint32_t)item->count, .members = item->members};
    struct bundle b = {.count = paths->count, .arena = a};
    struct ddb_value part;

    b.paths = ARENA_ARRAY(a, const struct ddb_path *, paths->count);
    for (size_t i = 0; i < paths->count; i++)
        b.paths[i] = &paths->items[i];
    project_map(b, &whole, &part);
    return (struct ddb_item){.members = part.members, .count = part.count, .set = true};
}
