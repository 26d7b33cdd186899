/* Statements of PartiQL, and what all parts of their parser share: see partiql.h. */
#include "handlers/dynamodb/partiql_parse.h"

enum { DEPTH_MAX = 64 };

#define MALFORMED "Statement wasn't well formed, can't be processed: "
#define LEFTOVER "Unexpected token after expression"

/* --- problems --- */

void partiql_malformed(struct partiql_parser *p, const char *detail)
{
    partiql_refuse(p, MALFORMED "%s", detail);
}

void partiql_refuse(struct partiql_parser *p, const char *format, ...)
{
    va_list arguments;

    if (p->problem != NULL)
        return;
    va_start(arguments, format);
    p->problem = arena_vprintf(p->arena, format, arguments);
    va_end(arguments);
}

const char *partiql_position(struct partiql_parser *p, const struct partiql_token *t)
{
    return arena_printf(p->arena, "%u:%u:%u", t->line, t->column, t->length);
}

void partiql_unexpected(struct partiql_parser *p)
{
    static const char *const operators[] = {"is", "like", "in", "between", "and", "or"};

    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        if (partiql_is_word(p->t, operators[i]))
            partiql_malformed(p, "Unexpected operator");
    if (p->t->kind == PARTIQL_WORD && partiql_is_keyword(p->t->text))
        partiql_malformed(p, "Unexpected keyword");
    partiql_malformed(p, "Unexpected term");
}

bool partiql_enter(struct partiql_parser *p)
{
    if (++p->depth > DEPTH_MAX)
        partiql_malformed(p, "Statement is nested too deeply");
    return p->problem == NULL;
}

void partiql_leave(struct partiql_parser *p)
{
    p->depth--;
}

/* --- tokens --- */

bool partiql_take_word(struct partiql_parser *p, const char *word)
{
    bool is_it = p->problem == NULL && partiql_is_word(p->t, word);

    p->t += is_it;
    return is_it;
}

bool partiql_take_sign(struct partiql_parser *p, const char *sign)
{
    bool is_it = p->problem == NULL && partiql_is_sign(p->t, sign);

    p->t += is_it;
    return is_it;
}

void partiql_need_sign(struct partiql_parser *p, const char *sign)
{
    if (!partiql_take_sign(p, sign))
        partiql_malformed(p, arena_printf(p->arena, "Expected '%s'", sign));
}

static void need_word(struct partiql_parser *p, const char *word, const char *detail)
{
    if (!partiql_take_word(p, word))
        partiql_malformed(p, detail);
}

/* --- pieces of expressions --- */

struct partiql_text partiql_text_begin(const struct partiql_parser *p)
{
    return (struct partiql_text){.names_from = p->out->names.count,
                                 .values_from = p->out->values.count};
}

void partiql_text_end(const struct partiql_parser *p, struct partiql_text *text, const char *words)
{
    text->text = words;
    text->names_to = p->out->names.count;
    text->values_to = p->out->values.count;
}

static const char *name_text(struct partiql_parser *p, struct ddb_text name)
{
    struct dynamodb_ExpressionAttributeNameMap *names = &p->out->names;
    const char *key = arena_printf(p->arena, "#n%zu", names->count);

    names->items[names->count].key = key;
    names->items[names->count++].value = arena_strndup(p->arena, name.data, name.len);
    return key;
}

const char *partiql_value_text(struct partiql_parser *p, const struct ddb_value *value)
{
    struct ddb_item *values = &p->out->values;
    const char *key = arena_printf(p->arena, ":v%zu", values->count);

    values->members[values->count++] = (struct ddb_member){ddb_text_of(key), *value};
    return key;
}

/* --- paths --- */

static bool begins_path(const struct partiql_token *t)
{
    return t->kind == PARTIQL_NAME || (t->kind == PARTIQL_WORD && !partiql_is_keyword(t->text) &&
                                       !partiql_is_sign(t + 1, "("));
}

static void read_index(struct partiql_parser *p, struct ddb_step *step)
{
    char *end;

    step->is_index = true;
    step->index = (uint32_t)strtoul(p->t->text.data, &end, 10);
    if (p->t->kind != PARTIQL_NUMBER || (size_t)(end - p->t->text.data) != p->t->text.len ||
        p->t->text.len > 9)
        partiql_malformed(p, "Invalid path component");
    else
        p->t++;
    partiql_need_sign(p, "]");
}

struct ddb_path partiql_path(struct partiql_parser *p)
{
    size_t room = 1;
    struct ddb_path path = {0};

    if (!begins_path(p->t)) { /* AWS: keywords of PartiQL must be quoted */
        partiql_unexpected(p);
        return path;
    }
    for (const struct partiql_token *t = p->t; t->kind != PARTIQL_END; t++)
        room += partiql_is_sign(t, ".") || partiql_is_sign(t, "[");
    path.steps = ARENA_ARRAY(p->arena, struct ddb_step, room);
    path.steps[path.count++].name = p->t++->text;
    while (p->problem == NULL) {
        struct ddb_step *step = &path.steps[path.count];
        if (partiql_take_sign(p, "[")) {
            read_index(p, step);
        } else if (partiql_take_sign(p, ".")) {
            if (!begins_path(p->t))
                partiql_malformed(p, "Invalid path dot component");
            else
                step->name = p->t++->text;
        } else {
            break;
        }
        path.count++;
    }
    return path;
}

const char *partiql_path_text(struct partiql_parser *p, const struct ddb_path *path)
{
    const char *text = "";

    for (size_t i = 0; i < path->count && p->problem == NULL; i++) {
        const struct ddb_step *step = &path->steps[i];
        if (step->is_index)
            text = arena_printf(p->arena, "%s[%u]", text, step->index);
        else
            text =
                arena_printf(p->arena, "%s%s%s", text, i > 0 ? "." : "", name_text(p, step->name));
    }
    return text;
}

struct partiql_operand partiql_operand(struct partiql_parser *p)
{
    struct partiql_operand o = {.at = p->t};

    if (p->problem != NULL)
        return o;
    if (partiql_begins_value(p)) {
        struct ddb_value *value = ARENA_NEW(p->arena, struct ddb_value);
        *value = partiql_value(p);
        o.value = value;
        o.text = partiql_value_text(p, value);
    } else {
        o.path = partiql_path(p);
        o.text = partiql_path_text(p, &o.path);
    }
    return o;
}

/* --- FROM --- */

static void read_component(struct partiql_parser *p, const char **out)
{
    if (p->problem != NULL)
        return;
    *out = arena_strndup(p->arena, p->t->text.data, p->t->text.len);
    if (p->t->text.len == 0)
        partiql_refuse(p, "Path component cannot be an empty string");
    p->t++;
}

static bool begins_name(const struct partiql_token *t)
{
    return t->kind == PARTIQL_NAME || (t->kind == PARTIQL_WORD && !partiql_is_keyword(t->text));
}

/* "table" or "table"."index" */
static void read_table(struct partiql_parser *p, const char *missing)
{
    const struct partiql_token *first = p->t;

    if (!begins_name(p->t))
        partiql_malformed(p, missing);
    read_component(p, &p->out->table);
    if (partiql_take_sign(p, ".")) {
        p->out->index_position = partiql_position(p, first);
        if (!begins_name(p->t))
            partiql_malformed(p, "Invalid path dot component");
        read_component(p, &p->out->index);
    }
    if (partiql_take_sign(p, "."))
        partiql_refuse(p, "A path may contain at most 2 components in the FROM clause");
}

static void refuse_alias(struct partiql_parser *p)
{
    if (partiql_is_word(p->t, "as") || begins_name(p->t))
        if (!partiql_is_word(p->t, "returning"))
            partiql_refuse(p, "Aliasing is not supported");
}

/* --- SELECT --- */

static void add_projection(struct partiql_parser *p, size_t room)
{
    struct ddb_paths *paths = &p->out->projection;

    /* AWS: neither functions nor COUNT(*). */
    if (p->t->kind == PARTIQL_WORD && partiql_is_sign(p->t + 1, "("))
        partiql_refuse(p, "Unexpected path component at %s", partiql_position(p, p->t));
    if (paths->items == NULL)
        paths->items = ARENA_ARRAY(p->arena, struct ddb_path, room);
    paths->items[paths->count++] = partiql_path(p);
}

static void read_projection(struct partiql_parser *p)
{
    size_t commas = 0;

    if (partiql_take_sign(p, "*"))
        return;
    for (const struct partiql_token *t = p->t; t->kind != PARTIQL_END; t++)
        commas += partiql_is_sign(t, ",");
    do
        add_projection(p, commas + 1);
    while (partiql_take_sign(p, ","));
}

static void read_order(struct partiql_parser *p)
{
    if (!partiql_take_word(p, "order"))
        return;
    need_word(p, "by", "Expected BY");
    if (p->problem == NULL && !begins_path(p->t))
        partiql_unexpected(p);
    if (p->problem == NULL)
        p->out->order_by = p->t++->text;
    p->out->descending = partiql_take_word(p, "desc");
    if (!p->out->descending)
        partiql_take_word(p, "asc");
    if (partiql_take_sign(p, ","))
        partiql_refuse(p, "ORDER BY takes a single attribute here");
}

static void read_select(struct partiql_parser *p)
{
    p->out->kind = PARTIQL_SELECT;
    read_projection(p);
    need_word(p, "from", "Expected FROM");
    read_table(p, "Unexpected term");
    refuse_alias(p);
    if (partiql_take_word(p, "where"))
        partiql_where(p);
    read_order(p);
}

/* --- INSERT, UPDATE, DELETE --- */

static void read_insert(struct partiql_parser *p)
{
    p->out->kind = PARTIQL_INSERT;
    need_word(p, "into", "Expected INTO");
    read_table(p, "Expected identifier for simple path");
    if (p->out->index != NULL)
        partiql_refuse(p,
                       "FROM clause may only contain a single table name in data manipulation "
                       "statements at %s",
                       p->out->index_position);
    need_word(p, "value", LEFTOVER);
    if (p->problem == NULL)
        p->out->item = partiql_item(p);
}

static void read_returning(struct partiql_parser *p)
{
    static const enum partiql_returning all[2][2] = {{PARTIQL_ALL_OLD, PARTIQL_ALL_NEW},
                                                     {PARTIQL_MODIFIED_OLD, PARTIQL_MODIFIED_NEW}};
    bool modified;
    bool new;

    if (!partiql_take_word(p, "returning"))
        return;
    modified = partiql_take_word(p, "modified");
    if (!modified)
        need_word(p, "all", "Expected ALL or MODIFIED in a returning clause");
    new = partiql_take_word(p, "new");
    if (!new)
        need_word(p, "old", "Expected OLD or NEW in a returning clause");
    partiql_need_sign(p, "*");
    p->out->returning = all[modified][new];
    if (p->out->kind == PARTIQL_DELETE && p->out->returning != PARTIQL_ALL_OLD)
        partiql_refuse(p,
                       "Invalid returning clause: RETURNING %s %s *. Only RETURNING ALL OLD * is "
                       "allowed in DELETE statements.",
                       modified ? "MODIFIED" : "ALL", new ? "NEW" : "OLD");
}

static void read_update(struct partiql_parser *p)
{
    p->out->kind = PARTIQL_UPDATE;
    read_table(p, "Expected identifier for simple path");
    if (!partiql_is_word(p->t, "set") && !partiql_is_word(p->t, "remove"))
        refuse_alias(p);
    partiql_changes(p);
    if (partiql_take_word(p, "where"))
        partiql_where(p);
    read_returning(p);
}

/* AWS: FROM "table" WHERE ... SET ... is an UPDATE, too. */
static void read_from_first(struct partiql_parser *p)
{
    p->out->kind = PARTIQL_UPDATE;
    read_table(p, "Unexpected term");
    if (!partiql_is_word(p->t, "set") && !partiql_is_word(p->t, "remove"))
        refuse_alias(p);
    if (partiql_take_word(p, "where"))
        partiql_where(p);
    partiql_changes(p);
    read_returning(p);
}

static void read_delete(struct partiql_parser *p)
{
    p->out->kind = PARTIQL_DELETE;
    need_word(p, "from", "Expected FROM");
    read_table(p, "Expected identifier for simple path");
    refuse_alias(p);
    if (partiql_take_word(p, "where"))
        partiql_where(p);
    read_returning(p);
}

static void read_exists(struct partiql_parser *p)
{
    p->out->exists = true;
    partiql_need_sign(p, "(");
    need_word(p, "select", "Unexpected term");
    read_select(p);
    partiql_need_sign(p, ")");
}

/* --- the whole --- */

static void read_statement(struct partiql_parser *p)
{
    if (partiql_take_word(p, "select"))
        read_select(p);
    else if (partiql_take_word(p, "insert"))
        read_insert(p);
    else if (partiql_take_word(p, "update"))
        read_update(p);
    else if (partiql_take_word(p, "delete"))
        read_delete(p);
    else if (partiql_take_word(p, "from"))
        read_from_first(p);
    else if (partiql_take_word(p, "exists"))
        read_exists(p);
    else
        partiql_malformed(p, "Expected data manipulation");
    partiql_take_sign(p, ";");
    if (p->t->kind != PARTIQL_END)
        partiql_malformed(p, LEFTOVER);
    if (p->problem == NULL && p->parameter < p->parameters->count)
        partiql_refuse(p, "Number of parameters in request and statement don't match.");
}

/* AWS checks the condition as it checks any: operands, types, sizes. */
static void check_where(struct partiql_parser *p)
{
    struct partiql_statement *st = p->out;
    struct dynamodb_ExpressionAttributeNameMap known =
        partiql_names(st, &st->where, NULL, p->arena);
    struct ddb_item values = partiql_values(st, &st->where, NULL, p->arena);
    struct ddb_names names;
    const char *problem;

    if (p->problem != NULL || st->where.text == NULL)
        return;
    problem = ddb_names_init(&names, p->arena, &known, &values);
    if (problem == NULL)
        problem = ddb_condition_parse(&names, st->where.text, &st->condition);
    if (problem != NULL)
        partiql_refuse(p, "%s", problem);
}

const char *partiql_parse(struct arena *a, const char *text,
                          const struct dynamodb_PreparedStatementParameters *parameters,
                          struct partiql_statement *out)
{
    struct partiql_parser p = {.arena = a, .parameters = parameters, .out = out};
    size_t count;

    *out = (struct partiql_statement){0};
    p.t = partiql_tokens(a, text, &count);
    if (p.t == NULL)
        return MALFORMED;
    out->names.items = ARENA_ARRAY(a, struct dynamodb_ExpressionAttributeNameMap_entry, count);
    out->values.members = ARENA_ARRAY(a, struct ddb_member, count);
    out->values.set = true;
    read_statement(&p);
    check_where(&p);
    return p.problem;
}
