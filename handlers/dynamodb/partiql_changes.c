/* SET and REMOVE of PartiQL, written as an update expression. */
#include "handlers/dynamodb/partiql_parse.h"

/* The clauses of the update expression, each "" or a list with commas. */
struct clauses {
    const char *set;
    const char *remove;
    const char *add;
    const char *delete;
};

static void append(struct partiql_parser *p, const char **clause, const char *words)
{
    if (p->problem == NULL)
        *clause = arena_printf(p->arena, "%s%s%s", *clause, **clause != '\0' ? ", " : "", words);
}

static bool same_path(const struct ddb_path *a, const struct ddb_path *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; i < a->count && same; i++)
        same = a->steps[i].is_index == b->steps[i].is_index &&
               (a->steps[i].is_index ? a->steps[i].index == b->steps[i].index
                                     : ddb_text_equal(a->steps[i].name, b->steps[i].name));
    return same;
}

/* --- set_add() and set_delete(): ADD and DELETE --- */

struct set_arguments {
    struct ddb_path path; /* count 0: the first is none */
    struct ddb_value value;
    const struct partiql_token *at; /* the first */
    size_t count;
};

static struct set_arguments read_set_arguments(struct partiql_parser *p)
{
    struct set_arguments all = {.at = p->t};

    if (partiql_take_sign(p, ")"))
        return all;
    do {
        struct ddb_value value = {0};
        struct ddb_path path = {0};
        if (partiql_begins_value(p))
            value = partiql_value(p);
        else
            path = partiql_path(p);
        if (all.count == 0)
            all.path = path;
        else if (all.count == 1)
            all.value = value;
        all.count++;
    } while (partiql_take_sign(p, ","));
    partiql_need_sign(p, ")");
    return all;
}

static void read_set_function(struct partiql_parser *p, const struct ddb_path *target,
                              struct clauses *out)
{
    const struct partiql_token *at = p->t;
    bool adds = partiql_is_word(at, "set_add");
    const char *name = adds ? "SET_ADD" : "SET_DELETE";
    struct set_arguments in;

    p->t += 2;
    in = read_set_arguments(p);
    if (p->problem != NULL)
        return;
    if (in.count != 2)
        partiql_refuse(p, "%s must have exactly two arguments at %s", name,
                       partiql_position(p, at));
    else if (!same_path(target, &in.path))
        partiql_refuse(p, "The first argument to %s must equal the assignment value at %s", name,
                       partiql_position(p, at));
    else if (!ddb_is_set(&in.value))
        partiql_refuse(p, "The second argument to %s must be a value with type SET at %s", name,
                       partiql_position(p, in.at));
    if (p->problem != NULL)
        return;
    const char *words = arena_printf(p->arena, "%s %s", partiql_path_text(p, target),
                                     partiql_value_text(p, &in.value));
    append(p, adds ? &out->add : &out->delete, words);
}

/* --- what is assigned --- */

static const char *read_term(struct partiql_parser *p);

// NOLINTNEXTLINE(misc-no-recursion)
static const char *read_function(struct partiql_parser *p)
{
    const char *name = partiql_is_word(p->t, "list_append")     ? "list_append"
                       : partiql_is_word(p->t, "if_not_exists") ? "if_not_exists"
                                                                : NULL;
    const char *words;

    if (name == NULL) {
        partiql_refuse(p, "Unrecognized function: %.*s at %s", (int)p->t->text.len, p->t->text.data,
                       partiql_position(p, p->t));
        return "";
    }
    p->t += 2;
    words = arena_printf(p->arena, "%s(%s", name, read_term(p));
    while (partiql_take_sign(p, ","))
        words = arena_printf(p->arena, "%s, %s", words, read_term(p));
    partiql_need_sign(p, ")");
    return arena_printf(p->arena, "%s)", words);
}

// NOLINTNEXTLINE(misc-no-recursion)
static const char *read_term(struct partiql_parser *p)
{
    const char *words = "";

    if (p->problem != NULL || !partiql_enter(p))
        return "";
    if (p->t->kind == PARTIQL_WORD && partiql_is_sign(p->t + 1, "("))
        words = read_function(p);
    else
        words = partiql_operand(p).text;
    partiql_leave(p);
    return words != NULL ? words : "";
}

static void read_assignment(struct partiql_parser *p, struct clauses *out)
{
    struct ddb_path target = partiql_path(p);
    const char *words;

    partiql_need_sign(p, "=");
    if (p->problem != NULL)
        return;
    if (partiql_is_sign(p->t + 1, "(") &&
        (partiql_is_word(p->t, "set_add") || partiql_is_word(p->t, "set_delete"))) {
        read_set_function(p, &target, out);
        return;
    }
    words = arena_printf(p->arena, "%s = %s", partiql_path_text(p, &target), read_term(p));
    if (partiql_take_sign(p, "+"))
        words = arena_printf(p->arena, "%s + %s", words, read_term(p));
    else if (partiql_take_sign(p, "-"))
        words = arena_printf(p->arena, "%s - %s", words, read_term(p));
    append(p, &out->set, words);
}

static void read_removal(struct partiql_parser *p, struct clauses *out)
{
    struct ddb_path path = partiql_path(p);

    append(p, &out->remove, partiql_path_text(p, &path));
}

static const char *with_clause(struct partiql_parser *p, const char *text, const char *keyword,
                               const char *clause)
{
    if (*clause == '\0')
        return text;
    return arena_printf(p->arena, "%s%s%s %s", text, *text != '\0' ? " " : "", keyword, clause);
}

void partiql_changes(struct partiql_parser *p)
{
    struct partiql_text text = partiql_text_begin(p);
    struct clauses all = {"", "", "", ""};
    const char *words = "";
    bool any = false;

    for (;;) {
        void (*read)(struct partiql_parser *, struct clauses *) =
            partiql_take_word(p, "set")      ? read_assignment
            : partiql_take_word(p, "remove") ? read_removal
                                             : NULL;
        if (read == NULL)
            break;
        any = true;
        do
            read(p, &all);
        while (partiql_take_sign(p, ","));
    }
    if (!any)
        partiql_malformed(p, "Expected SET or REMOVE");
    words = with_clause(p, words, "SET", all.set);
    words = with_clause(p, words, "REMOVE", all.remove);
    words = with_clause(p, words, "ADD", all.add);
    words = with_clause(p, words, "DELETE", all.delete);
    partiql_text_end(p, &text, words);
    p->out->update = text;
}
