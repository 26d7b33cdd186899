/* Tokens, faults, paths and placeholders: see expr_parse.h. */
#include "handlers/dynamodb/expr_parse.h"

/* Steps of one path, index included. */
enum { STEPS_MAX = 256 };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t word_length(const char *s)
{
    size_t len = 0;

    while (is_letter(s[len]) || is_digit(s[len]))
        len++;
    return len;
}

/* Bytes of one character of UTF-8. */
static size_t character_length(const char *s)
{
    size_t len = 1;

    while (((uint8_t)s[len] & 0xc0) == 0x80)
        len++;
    return len;
}

static struct ddb_token next_token(const char *s)
{
    struct ddb_token t = {.kind = TOKEN_SIGN, .start = s, .len = 1};
    size_t len;

    if (*s == '\0')
        return (struct ddb_token){.kind = TOKEN_END, .start = s};
    if (is_letter(*s)) {
        t.kind = TOKEN_WORD;
        t.len = word_length(s);
    } else if (is_digit(*s)) {
        t.kind = TOKEN_NUMBER;
        t.len = strspn(s, "0123456789");
    } else if ((*s == '#' || *s == ':') && (len = word_length(s + 1)) > 0) {
        t.kind = *s == '#' ? TOKEN_NAME : TOKEN_INPUT;
        t.len = len + 1;
    } else if (*s == '=' || *s == '<' || *s == '>') {
        t.kind = TOKEN_COMPARATOR;
        t.len = (*s == '<' && (s[1] == '>' || s[1] == '=')) || (*s == '>' && s[1] == '=') ? 2 : 1;
    } else {
        t.len = character_length(s);
    }
    return t;
}

const char *ddb_parser_init(struct ddb_parser *p, struct ddb_names *names, const char *text)
{
    size_t len = strlen(text);
    size_t count = 0;

    *p = (struct ddb_parser){.text = text,
                             .names = names,
                             .arena = names->arena,
                             .reserved = FAULT_RESERVED,
                             .undefined = FAULT_VALUE};
    if (len == 0)
        return "The expression can not be empty;";
    if (len > DDB_EXPRESSION_MAX)
        return arena_printf(
            p->arena, "Expression size has exceeded the maximum allowed size; expression size: %zu",
            len);
    p->tokens = ARENA_ARRAY(p->arena, struct ddb_token, len + 1);
    for (const char *s = text;; s = p->tokens[count - 1].start + p->tokens[count - 1].len) {
        s += strspn(s, " \t\r\n");
        p->tokens[count++] = next_token(s);
        if (*s == '\0')
            break;
    }
    return NULL;
}

const char *ddb_parser_problem(const struct ddb_parser *p)
{
    for (size_t i = 0; i < FAULTS; i++)
        if (p->faults[i] != NULL)
            return p->faults[i];
    return NULL;
}

void ddb_fault(struct ddb_parser *p, enum ddb_fault class, const char *format, ...)
{
    va_list arguments;

    if (p->faults[class] != NULL)
        return;
    va_start(arguments, format);
    p->faults[class] = arena_vprintf(p->arena, format, arguments);
    va_end(arguments);
}

bool ddb_token_is(const struct ddb_token *t, const char *text)
{
    return t->len == strlen(text) && memcmp(t->start, text, t->len) == 0;
}

bool ddb_token_is_word(const struct ddb_token *t, const char *word)
{
    return t->kind == TOKEN_WORD && t->len == strlen(word) &&
           strncasecmp(t->start, word, t->len) == 0;
}

bool ddb_take(struct ddb_parser *p, const char *sign)
{
    if (ddb_stopped(p) || !ddb_token_is(ddb_peek(p), sign))
        return false;
    p->at++;
    return true;
}

bool ddb_take_word(struct ddb_parser *p, const char *word)
{
    if (ddb_stopped(p) || !ddb_token_is_word(ddb_peek(p), word))
        return false;
    p->at++;
    return true;
}

bool ddb_need(struct ddb_parser *p, const char *sign)
{
    if (ddb_take(p, sign))
        return true;
    ddb_syntax_error(p);
    return false;
}

void ddb_syntax_error(struct ddb_parser *p)
{
    const struct ddb_token *t = ddb_peek(p);
    const struct ddb_token *first = p->at > 0 ? t - 1 : t;
    const struct ddb_token *last = t->kind != TOKEN_END ? t + 1 : t;
    const char *end = last->kind == TOKEN_END && last > first ? (last - 1)->start + (last - 1)->len
                                                              : last->start + last->len;

    /* AWS: "near" is the text from the token before to the token behind. */
    if (t->kind == TOKEN_END)
        ddb_fault(p, FAULT_SYNTAX, "Syntax error; token: \"<EOF>\", near: \"%.*s\"",
                  (int)(end - first->start), first->start);
    else
        ddb_fault(p, FAULT_SYNTAX, "Syntax error; token: \"%.*s\", near: \"%.*s\"", (int)t->len,
                  t->start, (int)(end - first->start), first->start);
}

void ddb_count_operator(struct ddb_parser *p)
{
    if (++p->operators > DDB_OPERATORS_MAX)
        ddb_fault(p, FAULT_SYNTAX, "The expression contains too many operators; operator count: %d",
                  p->operators);
}

/* --- placeholders --- */

static bool find_name(struct ddb_parser *p, struct ddb_text placeholder, struct ddb_text *out)
{
    const struct dynamodb_ExpressionAttributeNameMap *names = p->names->names;

    for (size_t i = 0; i < names->count; i++)
        if (ddb_text_equal(ddb_text_of(names->items[i].key), placeholder)) {
            p->names->name_used[i] = true;
            *out = ddb_text_of(names->items[i].value);
            return true;
        }
    return false;
}

/* One attribute name of a path, written out or as a placeholder. */
static bool parse_name(struct ddb_parser *p, struct ddb_text *out)
{
    const struct ddb_token *t = ddb_peek(p);
    struct ddb_text text = {t->start, t->len};

    if (ddb_stopped(p) || (t->kind != TOKEN_WORD && t->kind != TOKEN_NAME)) {
        ddb_syntax_error(p);
        return false;
    }
    p->at++;
    *out = text;
    if (t->kind == TOKEN_WORD) {
        if (ddb_is_reserved(text))
            ddb_fault(p, p->reserved,
                      "Attribute name is a reserved keyword; reserved keyword: %.*s", (int)text.len,
                      text.data);
    } else if (!find_name(p, text, out)) {
        ddb_fault(p, FAULT_NAME,
                  "An expression attribute name used in the document path is not defined; "
                  "attribute name: "
                  "%.*s",
                  (int)text.len, text.data);
    }
    return true;
}

const struct ddb_value *ddb_parse_input(struct ddb_parser *p)
{
    const struct ddb_token *t = ddb_peek(p);
    const struct ddb_item *values = p->names->values;

    p->at++;
    for (size_t i = 0; i < values->count; i++)
        if (ddb_text_equal(values->members[i].name, (struct ddb_text){t->start, t->len})) {
            p->names->value_used[i] = true;
            return &values->members[i].value;
        }
    ddb_fault(
        p, p->undefined,
        "An expression attribute value used in expression is not defined; attribute value: %.*s",
        (int)t->len, t->start);
    return NULL;
}

/* --- paths --- */

static bool parse_index(struct ddb_parser *p, struct ddb_step *out)
{
    const struct ddb_token *t = ddb_peek(p);
    uint64_t index = 0;

    if (t->kind != TOKEN_NUMBER) {
        ddb_syntax_error(p);
        return false;
    }
    for (size_t i = 0; i < t->len && index <= UINT32_MAX; i++)
        index = index * 10 + (uint64_t)(t->start[i] - '0');
    if (index > INT32_MAX)
        ddb_fault(p, FAULT_NAME, "List index is not within the allowable range; index: [%.*s]",
                  (int)t->len, t->start);
    *out = (struct ddb_step){
        .is_index = true, .index = (uint32_t)MIN(index, (uint64_t)INT32_MAX), .name = {"", 0}};
    p->at++;
    return ddb_need(p, "]");
}

bool ddb_parse_steps(struct ddb_parser *p, struct ddb_path *path)
{
    struct ddb_step steps[STEPS_MAX];
    size_t count = path->count;

    memcpy(steps, path->steps, count * sizeof(steps[0]));
    for (;;) {
        bool is_index = ddb_take(p, "[");
        if (!is_index && !ddb_take(p, "."))
            break;
        if (count == STEPS_MAX) {
            ddb_fault(p, FAULT_SYNTAX, "Invalid document path: too many elements");
            return false;
        }
        steps[count] = (struct ddb_step){0};
        if (is_index ? !parse_index(p, &steps[count]) : !parse_name(p, &steps[count].name))
            return false;
        count++;
    }
    path->steps = arena_memdup(p->arena, steps, count * sizeof(steps[0]));
    path->count = count;
    return true;
}

bool ddb_parse_path(struct ddb_parser *p, struct ddb_path *out)
{
    struct ddb_step first = {0};

    if (!parse_name(p, &first.name))
        return false;
    *out = (struct ddb_path){&first, 1};
    return ddb_parse_steps(p, out);
}

static bool same_step(const struct ddb_step *a, const struct ddb_step *b)
{
    if (a->is_index || b->is_index)
        return a->is_index && b->is_index && a->index == b->index;
    return ddb_text_equal(a->name, b->name);
}

const char *ddb_path_print(const struct ddb_path *path, struct arena *a)
{
    const char *text = "";

    for (size_t i = 0; i < path->count; i++) {
        const struct ddb_step *s = &path->steps[i];
        const char *comma = i > 0 ? ", " : "";
        if (s->is_index)
            text = arena_printf(a, "%s%s[%u]", text, comma, s->index);
        else
            text = arena_printf(a, "%s%s%.*s", text, comma, (int)s->name.len, s->name.data);
    }
    return arena_printf(a, "[%s]", text);
}

static void check_pair(struct ddb_parser *p, const struct ddb_path *one, const struct ddb_path *two)
{
    static const char words[] =
        "Two document paths %s with each other; must remove or rewrite one of these "
        "paths; path one: %s, path two: %s";
    size_t common = MIN(one->count, two->count);

    for (size_t i = 0; i < common; i++) {
        if (one->steps[i].is_index != two->steps[i].is_index) {
            ddb_fault(p, FAULT_CONFLICT, words, "conflict", ddb_path_print(one, p->arena),
                      ddb_path_print(two, p->arena));
            return;
        }
        if (!same_step(&one->steps[i], &two->steps[i]))
            return;
    }
    ddb_fault(p, FAULT_OVERLAP, words, "overlap", ddb_path_print(one, p->arena),
              ddb_path_print(two, p->arena));
}

void ddb_check_paths(struct ddb_parser *p, const struct ddb_path *earlier, size_t count,
                     const struct ddb_path *path)
{
    for (size_t i = 0; i < count && p->faults[FAULT_OVERLAP] == NULL; i++)
        check_pair(p, &earlier[i], path);
}

const struct ddb_value *ddb_path_find(const struct ddb_path *path, const struct ddb_member *members,
                                      size_t count)
{
    const struct ddb_value *v = ddb_members_find(members, count, path->steps[0].name);

    for (size_t i = 1; i < path->count && v != NULL; i++) {
        const struct ddb_step *s = &path->steps[i];
        if (s->is_index)
            v = v->type == DDB_L && s->index < v->count ? &v->items[s->index] : NULL;
        else
            v = v->type == DDB_M ? ddb_members_find(v->members, v->count, s->name) : NULL;
    }
    return v;
}

/* --- nodes --- */

struct ddb_expr *ddb_expr_new(struct ddb_parser *p, enum ddb_expr_kind kind, size_t arguments)
{
    struct ddb_expr *e = ARENA_NEW(p->arena, struct ddb_expr);

    e->kind = (uint8_t)kind;
    e->arguments = ARENA_ARRAY(p->arena, struct ddb_expr *, arguments);
    return e;
}

enum ddb_function ddb_function_named(struct ddb_text name)
{
    static const char *const names[] = {
        [DDB_FN_ATTRIBUTE_EXISTS] = "attribute_exists",
        [DDB_FN_ATTRIBUTE_NOT_EXISTS] = "attribute_not_exists",
        [DDB_FN_ATTRIBUTE_TYPE] = "attribute_type",
        [DDB_FN_BEGINS_WITH] = "begins_with",
        [DDB_FN_CONTAINS] = "contains",
        [DDB_FN_SIZE] = "size",
        [DDB_FN_IF_NOT_EXISTS] = "if_not_exists",
        [DDB_FN_LIST_APPEND] = "list_append",
    };

    for (size_t i = 1; i < ARRAY_LEN(names); i++)
        if (ddb_text_equal(name, ddb_text_of(names[i])))
            return (enum ddb_function)i;
    return DDB_FN_UNKNOWN;
}

/* --- the maps of placeholders --- */

static bool is_placeholder(struct ddb_text key, char sign)
{
    if (key.len < 2 || key.data[0] != sign)
        return false;
    for (size_t i = 1; i < key.len; i++)
        if (!is_letter(key.data[i]) && !is_digit(key.data[i]))
            return false;
    return true;
}

static const char *check_names(struct ddb_names *n)
{
    if (n->names->items == NULL)
        return NULL;
    if (n->names->count == 0)
        return "ExpressionAttributeNames must not be empty";
    for (size_t i = 0; i < n->names->count; i++)
        if (!is_placeholder(ddb_text_of(n->names->items[i].key), '#'))
            return arena_printf(
                n->arena,
                "ExpressionAttributeNames contains invalid key: Syntax error; key: \"%s\"",
                n->names->items[i].key);
    return NULL;
}

static const char *check_values(struct ddb_names *n)
{
    const struct ddb_item *values = n->values;

    if (values->set && values->count == 0)
        return "ExpressionAttributeValues must not be empty";
    for (size_t i = 0; i < values->count; i++) {
        struct ddb_text key = values->members[i].name;
        if (!is_placeholder(key, ':'))
            return arena_printf(
                n->arena,
                "ExpressionAttributeValues contains invalid key: Syntax error; key: "
                "\"%.*s\"",
                (int)key.len, key.data);
    }
    if (values->problem == NULL)
        return NULL;
    /* AWS: too deep a nesting and an empty set are told without the words around them. */
    if (str_starts(values->problem, "Nesting Levels") ||
        strstr(values->problem, "set  may not be empty"))
        return values->problem;
    return arena_printf(n->arena,
                        "ExpressionAttributeValues contains invalid value: %s for key %.*s",
                        values->problem, (int)values->problem_name.len, values->problem_name.data);
}

const char *ddb_names_init(struct ddb_names *n, struct arena *a,
                           const struct dynamodb_ExpressionAttributeNameMap *names,
                           const struct ddb_item *values)
{
    static const struct dynamodb_ExpressionAttributeNameMap no_names;
    static const struct ddb_item no_values;

    *n = (struct ddb_names){
        .arena = a,
        .names = names != NULL ? names : &no_names,
        .values = values != NULL ? values : &no_values,
    };
    const char *problem = check_names(n);
    if (problem == NULL)
        problem = check_values(n);
    n->name_used = ARENA_ARRAY(a, bool, n->names->count);
    n->value_used = ARENA_ARRAY(a, bool, n->values->count);
    return problem;
}

const char *ddb_names_unused(const struct ddb_names *n)
{
    const char *keys = NULL;

    for (size_t i = 0; i < n->names->count; i++)
        if (!n->name_used[i])
            keys = arena_printf(n->arena, "%s%s%s", keys != NULL ? keys : "",
                                keys != NULL ? ", " : "", n->names->items[i].key);
    if (keys != NULL)
        return arena_printf(
            n->arena,
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", keys);
    for (size_t i = 0; i < n->values->count; i++)
        if (!n->value_used[i])
            keys = arena_printf(n->arena, "%s%s%.*s", keys != NULL ? keys : "",
                                keys != NULL ? ", " : "", (int)n->values->members[i].name.len,
                                n->values->members[i].name.data);
    if (keys != NULL)
        return arena_printf(
            n->arena,
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", keys);
    return NULL;
}
