/*
 * Reads policy documents. One pass over the JSON, no tree; what was read lies in the arena.
 */
#include "handlers/common/policy.h"

#include "server/base/json_read.h"

enum { DEPTH_MAX = 16, TEXTS_MAX = 4096 };

static const char INVALID_JSON[] = "This policy contains invalid Json";

struct reader {
    struct arena *arena;
    struct jr r;
    const char *problem;
};

static bool fail(struct reader *x, const char *problem)
{
    if (!x->problem)
        x->problem = x->r.error ? INVALID_JSON : problem;
    return false;
}

static const char *text_of(struct reader *x, struct jr_text t)
{
    return arena_strndup(x->arena, t.data, t.len);
}

/* Room for one more of `size` bytes: arrays double, so that reading them is linear. */
static void *grow(struct reader *x, void *items, size_t *count, size_t size)
{
    char *out = items;

    if ((*count & (*count - 1)) == 0) {
        size_t room = *count ? 2 * *count : 1;

        out = arena_zalloc(x->arena, room * size);
        if (*count)
            memcpy(out, items, *count * size);
    }
    ++*count;
    return out;
}

static bool add_text(struct reader *x, struct policy_texts *out, const char *text)
{
    if (out->count == TEXTS_MAX)
        return fail(x, "Policy exceeds the maximum number of values");
    out->items = grow(x, out->items, &out->count, sizeof(*out->items));
    out->items[out->count - 1] = text;
    return true;
}

/* Scalars of conditions may be written as numbers and booleans too. */
static bool read_scalar(struct reader *x, bool strings_only, const char *problem,
                        struct policy_texts *out)
{
    enum jr_type type = jr_peek(&x->r);
    struct jr_text t;

    if (type == JR_STRING)
        return jr_string(&x->r, &t) ? add_text(x, out, text_of(x, t)) : fail(x, problem);
    if (strings_only || (type != JR_NUMBER && type != JR_TRUE && type != JR_FALSE) ||
        !jr_skip(&x->r, &t))
        return fail(x, problem);
    return add_text(x, out, text_of(x, t));
}

/* One value or an array of them. */
static bool read_texts(struct reader *x, bool strings_only, const char *problem,
                       struct policy_texts *out)
{
    if (jr_peek(&x->r) != JR_ARRAY)
        return read_scalar(x, strings_only, problem, out);
    for (jr_enter_array(&x->r); jr_next_item(&x->r);)
        if (!read_scalar(x, strings_only, problem, out))
            return false;
    return !x->r.error || fail(x, problem);
}

static void add_principal(struct reader *x, struct policy_statement *s,
                          enum policy_principal_type type, const char *value)
{
    if (type == POLICY_AWS && str_eq(value, "*"))
        type = POLICY_ANYBODY;
    s->principals = grow(x, s->principals, &s->principal_count, sizeof(*s->principals));
    s->principals[s->principal_count - 1] = (struct policy_principal){type, value};
}

static bool read_principals(struct reader *x, struct policy_statement *s)
{
    static const char invalid[] = "Invalid policy syntax.";
    static const struct {
        const char *name;
        enum policy_principal_type type;
    } kinds[] = {{"AWS", POLICY_AWS},
                 {"Service", POLICY_SERVICE},
                 {"Federated", POLICY_FEDERATED},
                 {"CanonicalUser", POLICY_CANONICAL}};
    struct jr_text t;

    if (jr_peek(&x->r) == JR_STRING) {
        if (!jr_string(&x->r, &t) || !jr_text_eq(t, "*"))
            return fail(x, "Invalid principal in policy");
        add_principal(x, s, POLICY_ANYBODY, "*");
        return true;
    }
    if (!jr_enter_object(&x->r))
        return fail(x, invalid);
    while (jr_next_key(&x->r, &t)) {
        struct policy_texts values = {0};
        size_t kind = 0;

        while (kind < ARRAY_LEN(kinds) && !jr_text_eq(t, kinds[kind].name))
            kind++;
        if (kind == ARRAY_LEN(kinds))
            return fail(x, "Invalid principal in policy");
        if (!read_texts(x, true, invalid, &values))
            return false;
        for (size_t i = 0; i < values.count; i++)
            add_principal(x, s, kinds[kind].type, values.items[i]);
    }
    return s->principal_count > 0 || fail(x, "Invalid principal in policy");
}

static bool read_conditions(struct reader *x, struct policy_statement *s)
{
    struct jr_text op;
    struct jr_text key;

    if (!jr_enter_object(&x->r))
        return fail(x, "Conditions must be an object");
    while (jr_next_key(&x->r, &op)) {
        struct policy_condition read = {0};

        if (!policy_read_operator(op.data, op.len, &read))
            return fail(x, arena_printf(x->arena, "Invalid Condition type : %.*s",
                                        (int)MIN(op.len, 100), op.data));
        if (!jr_enter_object(&x->r))
            return fail(x, "Conditions must be an object");
        while (jr_next_key(&x->r, &key)) {
            struct policy_condition *c;

            s->conditions = grow(x, s->conditions, &s->condition_count, sizeof(*s->conditions));
            c = &s->conditions[s->condition_count - 1];
            *c = read;
            c->key = text_of(x, key);
            if (!read_texts(x, false, "Condition values must be scalars", &c->values))
                return false;
        }
    }
    return true;
}

static bool read_effect(struct reader *x, struct policy_statement *s)
{
    struct jr_text t;

    if (!jr_string(&x->r, &t))
        return fail(x, "Invalid effect");
    s->allow = jr_text_eq(t, "Allow");
    return s->allow || jr_text_eq(t, "Deny") ||
           fail(x, arena_printf(x->arena, "Invalid effect: %.*s", (int)MIN(t.len, 100), t.data));
}

enum element { SID, EFFECT, PRINCIPAL, ACTION, RESOURCE, CONDITION, ELEMENTS };

static bool read_element(struct reader *x, struct jr_text name, struct policy_statement *s,
                         bool seen[ELEMENTS])
{
    static const struct {
        const char *name;
        enum element element;
        bool not_;
    } elements[] = {
        {"Sid", SID, false},
        {"Effect", EFFECT, false},
        {"Principal", PRINCIPAL, false},
        {"NotPrincipal", PRINCIPAL, true},
        {"Action", ACTION, false},
        {"NotAction", ACTION, true},
        {"Resource", RESOURCE, false},
        {"NotResource", RESOURCE, true},
        {"Condition", CONDITION, false},
    };
    struct jr_text t;
    size_t i = 0;

    while (i < ARRAY_LEN(elements) && !jr_text_eq(name, elements[i].name))
        i++;
    if (i == ARRAY_LEN(elements))
        return fail(
            x, arena_printf(x->arena, "Unknown field %.*s", (int)MIN(name.len, 100), name.data));
    if (seen[elements[i].element])
        return fail(x, arena_printf(x->arena, "Duplicate field %s", elements[i].name));
    seen[elements[i].element] = true;
    switch (elements[i].element) {
    case SID:
        if (!jr_string(&x->r, &t))
            return fail(x, "Invalid policy syntax.");
        s->sid = text_of(x, t);
        return true;
    case EFFECT:
        return read_effect(x, s);
    case PRINCIPAL:
        s->not_principal = elements[i].not_;
        return read_principals(x, s);
    case ACTION:
        s->not_action = elements[i].not_;
        return read_texts(x, true, "Policy has invalid action", &s->actions);
    case RESOURCE:
        s->not_resource = elements[i].not_;
        return read_texts(x, true, "Policy has invalid resource", &s->resources);
    default:
        return read_conditions(x, s);
    }
}

static bool read_statement(struct reader *x, struct policy *p)
{
    struct policy_statement s = {0};
    bool seen[ELEMENTS] = {false};
    struct jr_text name;

    if (!jr_enter_object(&x->r))
        return fail(x, "Invalid policy syntax.");
    while (jr_next_key(&x->r, &name))
        if (!read_element(x, name, &s, seen))
            return false;
    if (x->r.error)
        return fail(x, INVALID_JSON);
    if (!seen[EFFECT])
        return fail(x, "Missing required field Effect");
    if (!s.actions.count)
        return fail(x, "Missing required field Action");
    p->statements = grow(x, p->statements, &p->statement_count, sizeof(s));
    p->statements[p->statement_count - 1] = s;
    return true;
}

static bool read_statements(struct reader *x, struct policy *p)
{
    if (jr_peek(&x->r) == JR_OBJECT)
        return read_statement(x, p);
    if (!jr_enter_array(&x->r))
        return fail(x, "Invalid policy syntax.");
    while (jr_next_item(&x->r))
        if (!read_statement(x, p))
            return false;
    return !x->r.error || fail(x, INVALID_JSON);
}

static bool read_version(struct reader *x, struct policy *p)
{
    struct jr_text t;

    if (!jr_string(&x->r, &t))
        return fail(x, "The policy must contain a valid version string");
    p->variables = jr_text_eq(t, "2012-10-17");
    return p->variables || jr_text_eq(t, "2008-10-17") ||
           fail(x, "The policy must contain a valid version string");
}

static bool read_document(struct reader *x, struct policy *p)
{
    struct jr_text name;
    struct jr_text t;

    if (jr_peek(&x->r) != JR_OBJECT)
        return fail(x, "Policies must be valid JSON and the first byte must be '{'");
    jr_enter_object(&x->r);
    while (jr_next_key(&x->r, &name)) {
        bool good;

        if (jr_text_eq(name, "Version")) {
            good = read_version(x, p);
        } else if (jr_text_eq(name, "Id")) {
            good = jr_string(&x->r, &t) || fail(x, "Invalid policy syntax.");
            p->id = good ? text_of(x, t) : NULL;
        } else if (jr_text_eq(name, "Statement")) {
            good = read_statements(x, p);
        } else {
            good = fail(x, arena_printf(x->arena, "Unknown field %.*s", (int)MIN(name.len, 100),
                                        name.data));
        }
        if (!good)
            return false;
    }
    if (!jr_finish(&x->r))
        return fail(x, INVALID_JSON);
    return p->statement_count > 0 || fail(x, "Missing required field Statement");
}

const struct policy *policy_parse(struct arena *a, const void *text, size_t len,
                                  const char **out_problem)
{
    struct policy *p = ARENA_NEW(a, struct policy);
    struct reader x = {.arena = a};

    jr_init(&x.r, text, len, a, DEPTH_MAX);
    if (read_document(&x, p))
        return p;
    *out_problem = x.problem;
    return NULL;
}
