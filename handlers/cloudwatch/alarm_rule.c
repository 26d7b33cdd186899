/* A parser for rules (OR binds less than AND, AND less than NOT), and the machine. */
#include "handlers/cloudwatch/alarm_rule.h"

#include "handlers/cloudwatch/scan.h"

enum { DEPTH_MAX = 60, ELEMENTS_MAX = 500 /* AWS */ };

struct step {
    enum { STEP_STATE, STEP_TRUE, STEP_FALSE, STEP_NOT, STEP_AND, STEP_OR } kind;
    const char *state; /* that the alarm of that number must have */
    size_t alarm;
};

struct alarm_rule {
    struct step steps[2 * ELEMENTS_MAX];
    size_t count;
    const char *names[ELEMENTS_MAX];
    size_t name_count;
};

struct parser {
    struct arena *arena;
    const char *next;
    struct alarm_rule *rule;
    struct alarm_rule_problem *problem;
    int depth;
};

static bool fail(struct parser *p, const char *text)
{
    *p->problem = (struct alarm_rule_problem){.text = text};
    return false;
}

static bool fail_here(struct parser *p)
{
    return fail(p, *p->next ? arena_printf(p->arena, "unexpected '%.40s'", p->next)
                            : "unexpected end");
}

/* A whole word. */
static bool take_word(struct parser *p, const char *word)
{
    size_t len = strlen(word);

    scan_space(&p->next);
    if (!str_starts(p->next, word) || isalnum((unsigned char)p->next[len]) || p->next[len] == '_')
        return false;
    p->next += len;
    return true;
}

static bool add(struct parser *p, struct step step)
{
    if (p->rule->count == ARRAY_LEN(p->rule->steps))
        return fail(p, "it has too many elements");
    p->rule->steps[p->rule->count++] = step;
    return true;
}

/* "a \" b", or all up to the closing bracket. */
static bool parse_alarm_name(struct parser *p, const char **out)
{
    char *name = arena_alloc(p->arena, strlen(p->next) + 1);
    size_t len = 0;
    bool quoted = scan_take(&p->next, '"');

    while (*p->next && *p->next != (quoted ? '"' : ')')) {
        if (quoted && *p->next == '\\' && p->next[1])
            p->next++;
        name[len++] = *p->next++;
    }
    while (!quoted && len > 0 && isspace((unsigned char)name[len - 1]))
        len--;
    name[len] = '\0';
    *out = name;
    if (len == 0 || (quoted && !scan_take(&p->next, '"')))
        return fail_here(p);
    return true;
}

static bool parse_state(struct parser *p, const char *state)
{
    struct alarm_rule *r = p->rule;
    const char *name;

    if (!scan_take(&p->next, '('))
        return fail_here(p);
    scan_space(&p->next);
    if (!parse_alarm_name(p, &name))
        return false;
    if (!scan_take(&p->next, ')'))
        return fail_here(p);
    if (r->name_count == ELEMENTS_MAX)
        return fail(p, "it has too many elements");
    r->names[r->name_count] = name;
    return add(p, (struct step){.kind = STEP_STATE, .state = state, .alarm = r->name_count++});
}

/* NOLINTBEGIN(misc-no-recursion): parse_any() and parse_not() bound the depth. */

static bool parse_any(struct parser *p);

static bool parse_element(struct parser *p)
{
    static const char *const states[] = {"ALARM", "OK", "INSUFFICIENT_DATA"};

    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (take_word(p, states[i]))
            return parse_state(p, states[i]);
    if (take_word(p, "TRUE"))
        return add(p, (struct step){.kind = STEP_TRUE});
    if (take_word(p, "FALSE"))
        return add(p, (struct step){.kind = STEP_FALSE});
    if (take_word(p, "AT_LEAST")) {
        *p->problem = (struct alarm_rule_problem){.text = "AT_LEAST", .unsupported = true};
        return false;
    }
    if (!scan_take(&p->next, '('))
        return fail_here(p);
    return parse_any(p) && (scan_take(&p->next, ')') || fail_here(p));
}

static bool parse_not(struct parser *p)
{
    bool negated = false;

    while (take_word(p, "NOT"))
        negated = !negated;
    return parse_element(p) && (!negated || add(p, (struct step){.kind = STEP_NOT}));
}

static bool parse_all(struct parser *p)
{
    if (!parse_not(p))
        return false;
    while (take_word(p, "AND"))
        if (!parse_not(p) || !add(p, (struct step){.kind = STEP_AND}))
            return false;
    return true;
}

static bool parse_any(struct parser *p)
{
    if (++p->depth > DEPTH_MAX)
        return fail(p, "it is nested too deeply");
    if (!parse_all(p))
        return false;
    while (take_word(p, "OR"))
        if (!parse_all(p) || !add(p, (struct step){.kind = STEP_OR}))
            return false;
    p->depth--;
    return true;
}

/* NOLINTEND(misc-no-recursion) */

const struct alarm_rule *alarm_rule_compile(struct arena *a, const char *text,
                                            struct alarm_rule_problem *out)
{
    struct parser p = {
        .arena = a, .next = text, .rule = ARENA_NEW(a, struct alarm_rule), .problem = out};

    if (!parse_any(&p))
        return NULL;
    scan_space(&p.next);
    if (*p.next) {
        fail_here(&p);
        return NULL;
    }
    return p.rule;
}

const char *const *alarm_rule_names(const struct alarm_rule *r, size_t *out_count)
{
    *out_count = r->name_count;
    return r->names;
}

bool alarm_rule_holds(const struct alarm_rule *r, const char *const *states, struct arena *scratch)
{
    bool *stack = ARENA_ARRAY(scratch, bool, r->count + 1);
    size_t height = 0;

    for (size_t i = 0; i < r->count; i++) {
        const struct step *step = &r->steps[i];

        switch (step->kind) {
        case STEP_STATE:
            stack[height++] = states[step->alarm] && str_eq(states[step->alarm], step->state);
            break;
        case STEP_TRUE:
        case STEP_FALSE:
            stack[height++] = step->kind == STEP_TRUE;
            break;
        case STEP_NOT:
            stack[height - 1] = !stack[height - 1];
            break;
        case STEP_AND:
            height--;
            stack[height - 1] = stack[height - 1] && stack[height];
            break;
        case STEP_OR:
            height--;
            stack[height - 1] = stack[height - 1] || stack[height];
            break;
        }
    }
    return stack[0];
}
