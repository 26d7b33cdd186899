/*
 * { ... }: conditions on members of messages that are JSON.
 *
 *   or   = and *("||" and)
 *   and  = unit *("&&" unit)
 *   unit = "(" or ")" / selector condition
 *
 * A condition on a member that is not there does not hold, but for NOT EXISTS.
 */
#include "handlers/logs/filter_parts.h"
#include "server/base/json_read.h"

enum { MESSAGE_DEPTH_MAX = 64, STEPS_MAX = 32 };

enum node_kind { NODE_OR, NODE_AND, NODE_COMPARE, NODE_IS, NODE_NOT_EXISTS, NODE_FIND };

/* One step of $.a.b[0]: a name, an index, or any. */
struct step {
    struct filter_text name;
    size_t index;
    bool is_index;
    bool any;
};

struct filter_json_pattern {
    enum node_kind kind;
    struct filter_json_pattern *left;
    struct filter_json_pattern *right;
    struct step *steps;
    size_t step_count;
    enum filter_operator op;
    struct filter_value value;
    enum jr_type is;           /* JR_NULL, JR_TRUE, JR_FALSE */
    struct filter_text *found; /* of NODE_FIND: where its value goes */
};

struct parser {
    struct arena *a;
    const char *at;
    int depth;
};

/* NOLINTBEGIN(misc-no-recursion): as deep as FILTER_PATTERN_DEPTH_MAX and a selector's steps. */

static struct filter_json_pattern *parse_or(struct parser *p);

static bool takes(struct parser *p, const char *text)
{
    p->at = filter_skip_blanks(p->at);
    if (!str_starts(p->at, text))
        return false;
    p->at += strlen(text);
    return true;
}

static bool takes_word(struct parser *p, const char *word)
{
    p->at = filter_skip_blanks(p->at);
    if (strncasecmp(p->at, word, strlen(word)) != 0)
        return false;
    p->at += strlen(word);
    return true;
}

/* .name */
static bool parse_name(struct parser *p, struct step *out)
{
    size_t len = strcspn(p->at, " \t\r\n.[]=!<>(){}|&");

    *out = (struct step){.name = {.data = p->at, .len = len}};
    out->any = len == 1 && *p->at == '*';
    p->at += len;
    return len > 0;
}

/* [0], [*] or ["name"] */
static bool parse_bracket(struct parser *p, struct step *out)
{
    struct filter_value name;

    *out = (struct step){.is_index = true};
    if (*p->at == '"') {
        if (!filter_read_value(p->a, &p->at, "", &name))
            return false;
        *out = (struct step){.name = name.text};
    } else if (*p->at == '*') {
        out->any = true;
        p->at++;
    } else {
        char *end;

        if (*p->at < '0' || *p->at > '9')
            return false;
        out->index = strtoul(p->at, &end, 10);
        p->at = end;
    }
    return *p->at++ == ']';
}

static bool parse_selector(struct parser *p, struct filter_json_pattern *node)
{
    if (!takes(p, "$"))
        return false;
    node->steps = ARENA_ARRAY(p->a, struct step, STEPS_MAX);
    while (*p->at == '.' || *p->at == '[') {
        if (node->step_count == STEPS_MAX)
            return false;
        if (*p->at++ == '.' ? !parse_name(p, &node->steps[node->step_count++])
                            : !parse_bracket(p, &node->steps[node->step_count++]))
            return false;
    }
    return true;
}

static bool parse_condition(struct parser *p, struct filter_json_pattern *node)
{
    if (takes_word(p, "NOT")) {
        node->kind = NODE_NOT_EXISTS;
        return takes_word(p, "EXISTS");
    }
    if (takes_word(p, "IS")) {
        node->kind = NODE_IS;
        node->is = takes_word(p, "NULL") ? JR_NULL : takes_word(p, "TRUE") ? JR_TRUE : JR_FALSE;
        return node->is != JR_FALSE || takes_word(p, "FALSE");
    }
    node->kind = NODE_COMPARE;
    if (!filter_read_operator(&p->at, &node->op))
        return false;
    p->at = filter_skip_blanks(p->at);
    return filter_read_value(p->a, &p->at, " \t\r\n(){}|&", &node->value);
}

static struct filter_json_pattern *parse_unit(struct parser *p)
{
    struct filter_json_pattern *node;

    if (takes(p, "(")) {
        if (++p->depth > FILTER_PATTERN_DEPTH_MAX)
            return NULL;
        node = parse_or(p);
        p->depth--;
        return node && takes(p, ")") ? node : NULL;
    }
    node = ARENA_NEW(p->a, struct filter_json_pattern);
    return parse_selector(p, node) && parse_condition(p, node) ? node : NULL;
}

static struct filter_json_pattern *join(struct parser *p, enum node_kind kind,
                                        struct filter_json_pattern *left,
                                        struct filter_json_pattern *right)
{
    struct filter_json_pattern *node = ARENA_NEW(p->a, struct filter_json_pattern);

    *node = (struct filter_json_pattern){.kind = kind, .left = left, .right = right};
    return right ? node : NULL;
}

static struct filter_json_pattern *parse_and(struct parser *p)
{
    struct filter_json_pattern *node = parse_unit(p);

    while (node && takes(p, "&&"))
        node = join(p, NODE_AND, node, parse_unit(p));
    return node;
}

static struct filter_json_pattern *parse_or(struct parser *p)
{
    struct filter_json_pattern *node = parse_and(p);

    while (node && takes(p, "||"))
        node = join(p, NODE_OR, node, parse_and(p));
    return node;
}

struct filter_json_pattern *filter_json_compile(struct arena *a, const char *text)
{
    struct parser p = {.a = a, .at = text};
    struct filter_json_pattern *node;

    if (!takes(&p, "{"))
        return NULL;
    node = parse_or(&p);
    return node && takes(&p, "}") && !*filter_skip_blanks(p.at) ? node : NULL;
}

/* --- matching --- */

/* What a condition asks of the value that its selector has found. */
static bool holds(const struct filter_json_pattern *node, struct jr *r)
{
    enum jr_type type = jr_peek(r);
    struct jr_text text = {.data = "", .len = 0};

    if (node->kind == NODE_NOT_EXISTS)
        return true; /* that something was found; evaluate() turns it round */
    if (node->kind == NODE_IS)
        return type == node->is;
    if (type == JR_STRING) {
        if (!jr_string(r, &text))
            return false;
    } else if (type == JR_OBJECT || type == JR_ARRAY || type == JR_NULL || !jr_skip(r, &text)) {
        return false;
    }
    if (node->kind == NODE_FIND) {
        *node->found = (struct filter_text){.data = text.data, .len = text.len};
        return true;
    }
    return filter_compare(node->op, &node->value,
                          (struct filter_text){.data = text.data, .len = text.len});
}

static bool step_fits(const struct step *step, struct jr_text key)
{
    return !step->is_index && (step->any || (step->name.len == key.len &&
                                             memcmp(step->name.data, key.data, key.len) == 0));
}

/* Goes down the selector's steps from the value that comes next; at their end asks the condition.
 * Any of several finds will do. The recursion is as deep as the selector is long. */
static bool search(const struct filter_json_pattern *node, size_t depth, struct jr *r)
{
    const struct step *step = &node->steps[depth];
    struct jr_text key;
    struct jr_text raw;
    size_t index = 0;

    if (depth == node->step_count)
        return holds(node, r);
    if (jr_peek(r) == JR_OBJECT) {
        for (jr_enter_object(r); jr_next_key(r, &key); jr_skip(r, &raw)) {
            struct jr here = *r;

            if (step_fits(step, key) && search(node, depth + 1, &here))
                return true;
        }
    } else if (jr_peek(r) == JR_ARRAY && step->is_index) {
        for (jr_enter_array(r); jr_next_item(r); index++, jr_skip(r, &raw)) {
            struct jr here = *r;

            if ((step->any || step->index == index) && search(node, depth + 1, &here))
                return true;
        }
    }
    return false;
}

static bool evaluate(const struct filter_json_pattern *node, struct filter_text message,
                     struct arena *scratch)
{
    struct jr r;

    if (node->kind == NODE_OR)
        return evaluate(node->left, message, scratch) || evaluate(node->right, message, scratch);
    if (node->kind == NODE_AND)
        return evaluate(node->left, message, scratch) && evaluate(node->right, message, scratch);
    jr_init(&r, message.data, message.len, scratch, MESSAGE_DEPTH_MAX);
    return search(node, 0, &r) != (node->kind == NODE_NOT_EXISTS);
}

/* NOLINTEND(misc-no-recursion) */

bool filter_json_matches(const struct filter_json_pattern *p, struct filter_text message,
                         struct arena *scratch)
{
    struct jr r;

    /* AWS: a message that is no JSON object matches no such pattern, not even NOT EXISTS. */
    jr_init(&r, message.data, message.len, scratch, MESSAGE_DEPTH_MAX);
    if (jr_peek(&r) != JR_OBJECT || !jr_skip(&r, NULL) || !jr_finish(&r))
        return false;
    return evaluate(p, message, scratch);
}

bool filter_json_field(const char *selector, struct filter_text message, struct arena *scratch,
                       struct filter_text *out)
{
    struct filter_json_pattern node = {.kind = NODE_FIND, .found = out};
    struct parser p = {.a = scratch, .at = selector};
    struct jr r;

    if (!parse_selector(&p, &node) || *p.at)
        return false;
    jr_init(&r, message.data, message.len, scratch, MESSAGE_DEPTH_MAX);
    return search(&node, 0, &r);
}
