/* Literals and parameters of PartiQL. */
#include "handlers/dynamodb/partiql_parse.h"

enum { LITERAL_DEPTH_MAX = 32 };

/* Where a literal stands inside the value that is read: root.x[1]. */
struct place {
    const struct place *outer;
    struct ddb_text name; /* data NULL: an index */
    size_t index;
};

static struct ddb_value literal(struct partiql_parser *p, const struct place *place, int depth);

// NOLINTNEXTLINE(misc-no-recursion)
static const char *place_text(struct partiql_parser *p, const struct place *place)
{
    if (place == NULL)
        return "root";
    const char *outer = place_text(p, place->outer);
    if (place->name.data != NULL)
        return arena_printf(p->arena, "%s.%.*s", outer, (int)place->name.len, place->name.data);
    return arena_printf(p->arena, "%s[%zu]", outer, place->index);
}

/* --- numbers --- */

/* AWS: its parser holds the scale (digits behind the point less the exponent) in 32 bits. */
static bool scale_fits(const char *text)
{
    const char *point = strchr(text, '.');
    const char *e = strpbrk(text, "eE");
    long long fraction = point != NULL ? (long long)strspn(point + 1, "0123456789") : 0;
    long long exponent = 0;

    if (e != NULL) {
        errno = 0;
        exponent = strtoll(e + 1, NULL, 10);
        if (errno != 0 || exponent > INT32_MAX || exponent < -(long long)INT32_MAX)
            return false;
    }
    return fraction - exponent <= INT32_MAX && fraction - exponent >= INT32_MIN;
}

static struct ddb_value number(struct partiql_parser *p, bool negative, const struct place *place)
{
    const char *text =
        arena_printf(p->arena, "%s%.*s", negative ? "-" : "", (int)p->t->text.len, p->t->text.data);
    struct ddb_number n;
    enum ddb_number_status status;

    if (!scale_fits(text)) {
        partiql_malformed(p, "");
        return (struct ddb_value){0};
    }
    status = ddb_number_parse(text, strlen(text), &n);
    p->t++;
    if (status == DDB_NUMBER_OK)
        return ddb_number_value(&n, p->arena);
    partiql_refuse(p, "%s under %s", ddb_number_problem(status, text, strlen(text), p->arena),
                   place_text(p, place));
    return (struct ddb_value){0};
}

/* --- parameters --- */

static struct ddb_value parameter(struct partiql_parser *p)
{
    if (p->parameter >= p->parameters->count) {
        partiql_refuse(p, "Number of parameters in request and statement don't match.");
        return (struct ddb_value){0};
    }
    const struct ddb_attribute *given = &p->parameters->items[p->parameter++];
    if (given->problem != NULL)
        partiql_refuse(p, "%s", given->problem);
    return given->value;
}

/* --- containers --- */

struct values {
    struct ddb_value *items;
    size_t count;
    size_t room;
};

static void add(struct partiql_parser *p, struct values *all, struct ddb_value v)
{
    if (all->count == all->room) {
        struct ddb_value *more = ARENA_ARRAY(p->arena, struct ddb_value, all->room * 2 + 8);
        for (size_t i = 0; i < all->count; i++)
            more[i] = all->items[i];
        all->items = more;
        all->room = all->room * 2 + 8;
    }
    all->items[all->count++] = v;
}

/* Up to the closing sign. */
// NOLINTNEXTLINE(misc-no-recursion)
static struct values sequence(struct partiql_parser *p, const char *close,
                              const struct place *outer, int depth)
{
    struct values all = {0};

    if (partiql_take_sign(p, close))
        return all;
    do {
        struct place here = {.outer = outer, .index = all.count};
        add(p, &all, literal(p, &here, depth + 1));
    } while (p->problem == NULL && partiql_take_sign(p, ","));
    partiql_need_sign(p, close);
    return all;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_value list(struct partiql_parser *p, const struct place *outer, int depth)
{
    struct values all = sequence(p, "]", outer, depth);

    return (struct ddb_value){.type = DDB_L, .count = (uint32_t)all.count, .items = all.items};
}

static enum ddb_type set_type(enum ddb_type member)
{
    return member == DDB_S   ? DDB_SS
           : member == DDB_N ? DDB_NS
           : member == DDB_B ? DDB_BS
                             : DDB_NONE;
}

static const char *members_text(struct partiql_parser *p, const struct values *all)
{
    const char *text = "";

    for (size_t i = 0; i < all->count; i++)
        text = arena_printf(p->arena, "%s%s%.*s", text, i > 0 ? ", " : "",
                            (int)all->items[i].text.len, all->items[i].text.data);
    return text;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_value set(struct partiql_parser *p, const struct place *outer, int depth)
{
    struct values all = sequence(p, ">>", outer, depth);
    struct ddb_value v = {.count = 0, .items = all.items};

    if (p->problem != NULL)
        return v;
    if (all.count == 0) {
        partiql_refuse(p, "Empty bags are not supported");
        return v;
    }
    v.type = set_type(all.items[0].type);
    for (size_t i = 0; i < all.count; i++, v.count++) {
        if (v.type == DDB_NONE || all.items[i].type != all.items[0].type) {
            partiql_refuse(p,
                           "Bags can only contain strings, numbers or binary values of one type");
            return v;
        }
        if (ddb_set_has(&v, &all.items[i])) {
            partiql_refuse(p,
                           "One or more parameter values were invalid: Input collection [%s] "
                           "contains duplicates.",
                           members_text(p, &all));
            return v;
        }
    }
    return v;
}

/* {'name': value}; each value is a root of its own when `outer` is NULL and it is an item. */
// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_value map(struct partiql_parser *p, const struct place *outer, bool is_item,
                            int depth)
{
    struct ddb_member *members = NULL;
    size_t room = 0;
    struct ddb_value v = {.type = DDB_M};

    if (partiql_take_sign(p, "}"))
        return v;
    do {
        struct place here = {.outer = outer, .name = p->t->text};
        if (p->t->kind != PARTIQL_STRING && p->t->kind != PARTIQL_NAME) {
            partiql_malformed(p, "Unexpected token in struct field name");
            return v;
        }
        p->t++;
        partiql_need_sign(p, ":");
        if (v.count == room) {
            struct ddb_member *more = ARENA_ARRAY(p->arena, struct ddb_member, room * 2 + 8);
            for (size_t i = 0; i < v.count; i++)
                more[i] = members[i];
            members = more;
            room = room * 2 + 8;
        }
        if (ddb_members_find(members, v.count, here.name) != NULL)
            partiql_refuse(p, "Duplicate attribute name %.*s", (int)here.name.len, here.name.data);
        members[v.count].name = here.name;
        members[v.count++].value = literal(p, is_item ? NULL : &here, depth + 1);
    } while (p->problem == NULL && partiql_take_sign(p, ","));
    partiql_need_sign(p, "}");
    v.members = members;
    return v;
}

/* --- all of them --- */

static struct ddb_value word(struct partiql_parser *p, const struct place *place)
{
    const struct partiql_token *t = p->t;

    if (partiql_take_word(p, "true"))
        return (struct ddb_value){.type = DDB_BOOL, .truth = true};
    if (partiql_take_word(p, "false"))
        return (struct ddb_value){.type = DDB_BOOL};
    if (partiql_take_word(p, "null"))
        return (struct ddb_value){.type = DDB_NULL, .truth = true};
    if (t->kind == PARTIQL_WORD && partiql_is_sign(t + 1, "("))
        partiql_refuse(p, "Unsupported data type: %.*s under key %s at %s", (int)t->text.len,
                       t->text.data, place_text(p, place), partiql_position(p, t));
    else
        partiql_unexpected(p);
    return (struct ddb_value){0};
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct ddb_value literal(struct partiql_parser *p, const struct place *place, int depth)
{
    const struct partiql_token *t = p->t;

    if (depth > LITERAL_DEPTH_MAX) {
        partiql_refuse(p, "Nesting Levels have exceeded supported limits: Attributes in the item "
                          "have nested levels beyond supported limit");
        return (struct ddb_value){0};
    }
    if (t->kind == PARTIQL_STRING) {
        p->t++;
        return (struct ddb_value){.type = DDB_S, .text = t->text};
    }
    if (t->kind == PARTIQL_NUMBER)
        return number(p, false, place);
    if (partiql_is_sign(t, "-") && t[1].kind == PARTIQL_NUMBER) {
        p->t++;
        return number(p, true, place);
    }
    if (partiql_take_sign(p, "?"))
        return parameter(p);
    if (partiql_take_sign(p, "["))
        return list(p, place, depth);
    if (partiql_take_sign(p, "{"))
        return map(p, place, false, depth);
    if (partiql_take_sign(p, "<<"))
        return set(p, place, depth);
    return word(p, place);
}

bool partiql_begins_value(const struct partiql_parser *p)
{
    const struct partiql_token *t = p->t;

    return t->kind == PARTIQL_STRING || t->kind == PARTIQL_NUMBER || partiql_is_sign(t, "?") ||
           partiql_is_sign(t, "[") || partiql_is_sign(t, "{") || partiql_is_sign(t, "<<") ||
           (partiql_is_sign(t, "-") && t[1].kind == PARTIQL_NUMBER) || partiql_is_word(t, "true") ||
           partiql_is_word(t, "false") || partiql_is_word(t, "null");
}

struct ddb_value partiql_value(struct partiql_parser *p)
{
    return literal(p, NULL, 0);
}

struct ddb_item partiql_item(struct partiql_parser *p)
{
    struct ddb_value v;

    if (partiql_take_sign(p, "{"))
        v = map(p, NULL, true, 0);
    else
        v = literal(p, NULL, 0);
    if (p->problem == NULL && v.type != DDB_M)
        partiql_refuse(p, "Unsupported data type: INSERT takes a single item");
    return (struct ddb_item){.members = v.members, .count = v.count, .set = true};
}
