/*
 * From the text of a pattern to its rules.
 *
 * AWS: the words are those of Event Ruler (github.com/aws/event-ruler), which all these services
 * use, and so is the place that a message ends with: how far its JSON parser had read. That parser
 * takes the opening quote of a string at first and the rest when somebody asks for the text, and
 * it looks at a value as soon as it has the name; see fail_at_next().
 */
#include "handlers/common/event_pattern_parts.h"

#include "server/base/strbuf.h"
#include "server/base/utf8.h"

enum { SHOWN_MAX = 500 };

struct compiler {
    struct arena *arena;
    struct jr r;
    struct event_pattern_problem *problem;
    bool failed;
    bool nested; /* an object stands in an object */
    bool plain_operands;
    unsigned decimals;
};

/* The rules so far: each new field goes into all of them. */
struct rule_set {
    struct pattern_rule **items;
    size_t count;
    uint64_t combinations;
};

/* Where in the pattern the compiler is. */
struct place {
    struct jr_text path;
    unsigned depth;
    bool in_or;
};

/* --- failing --- */

/* How a place in the text is written after a message. */
static const char *place_words(struct compiler *c, const char *at)
{
    size_t len = (size_t)(c->r.end - c->r.start), units = 0, shown = 0;
    int line = 1, column = 1;

    for (const char *p = c->r.start; p < c->r.end;) {
        size_t n = utf8_sequence(p, c->r.end);
        int wide = n == 4 ? 2 : 1; /* Java counts in UTF-16 */
        if (p < at) {
            column = *p == '\n' ? 1 : column + wide;
            line += *p == '\n';
        }
        units += (size_t)wide;
        p += MAX(n, 1);
        if (units <= SHOWN_MAX)
            shown = (size_t)(p - c->r.start);
    }
    const char *cut =
        shown < len ? arena_printf(c->arena, "[truncated %zu chars]", units - MIN(units, SHOWN_MAX))
                    : "";
    return arena_printf(c->arena, "\n at [Source: (String)\"%.*s\"%s; line: %d, column: %d]",
                        (int)shown, c->r.start, cut, line, column);
}

static void fail_with(struct compiler *c, enum event_pattern_fault fault, const char *text,
                      const char *where)
{
    if (c->failed)
        return;
    c->failed = true;
    *c->problem = (struct event_pattern_problem){.fault = fault, .text = text, .where = where};
}

/* At what has been read. */
static bool fail_here(struct compiler *c, const char *text)
{
    fail_with(c, EVENT_PATTERN_MALFORMED, text, place_words(c, c->r.next));
    return false;
}

static const char *skip_to_token(const struct compiler *c)
{
    const char *p = c->r.next;

    while (p < c->r.end && strchr(" \t\r\n,:", *p))
        p++;
    return p;
}

/* Behind what comes next: a bracket, an opening quote, a whole number or word. A member's name is
 * read together with what its value begins with. */
static const char *behind_next(struct compiler *c, bool name)
{
    struct compiler ahead = *c;

    ahead.r.next = skip_to_token(c);
    if (name) {
        jr_skip(&ahead.r, NULL);
        ahead.r.next = skip_to_token(&ahead);
    }
    if (ahead.r.next < ahead.r.end && strchr("{}[]\"", *ahead.r.next))
        return ahead.r.next + 1;
    jr_skip(&ahead.r, NULL);
    return ahead.r.next;
}

/* At the value (or closing bracket) that is about to be read. */
static bool fail_at_next(struct compiler *c, const char *text)
{
    fail_with(c, EVENT_PATTERN_MALFORMED, text, place_words(c, behind_next(c, false)));
    return false;
}

static bool fail_without_place(struct compiler *c, const char *text)
{
    fail_with(c, EVENT_PATTERN_MALFORMED, text, "");
    return false;
}

/* The object of an operator must end here. */
static bool end_of_object(struct compiler *c, const char *otherwise)
{
    struct jr before = c->r;
    struct jr_text key;

    if (!jr_next_key(&c->r, &key))
        return true;
    c->r = before;
    fail_with(c, EVENT_PATTERN_MALFORMED, otherwise, place_words(c, behind_next(c, true)));
    return false;
}

static const char *const one_key = "Only one key allowed in match expression";
static const char *const too_many = "Too many elements in numeric expression";

/* --- small things --- */

static struct jr_text keep(struct compiler *c, struct jr_text text)
{
    return (struct jr_text){arena_memdup(c->arena, text.data, text.len), text.len};
}

/* The next value, when it is a string. */
static bool take_string(struct compiler *c, struct jr_text *out, const char *otherwise)
{
    if (jr_peek(&c->r) != JR_STRING)
        return fail_at_next(c, otherwise);
    jr_string(&c->r, out);
    *out = keep(c, *out);
    return true;
}

static const char *text_of(struct compiler *c, struct jr_text text)
{
    return arena_strndup(c->arena, text.data, text.len);
}

static bool number_matcher(struct compiler *c, struct matcher *out)
{
    struct jr_text digits;

    jr_number(&c->r, &digits);
    out->kind = MATCHER_NUMBER;
    out->text = keep(c, digits);
    out->is_double = number_parse(out->text, c->decimals, &out->number);
    return true;
}

/* --- numeric --- */

/* A number that can be compared with, for `operator`. */
static bool range_end(struct compiler *c, const char *operator, double * out)
{
    struct jr_text digits;

    if (!jr_next_item(&c->r) || jr_peek(&c->r) != JR_NUMBER) {
        const char *text = arena_printf(c->arena, "Value of %s must be numeric", operator);
        /* At the end of the array the reader stands behind its bracket. */
        return c->r.next[-1] == ']' ? fail_here(c, text) : fail_at_next(c, text);
    }
    jr_number(&c->r, &digits);
    if (!number_parse(digits, c->decimals, out))
        return fail_here(c, arena_printf(c->arena, "Cannot compare number : %.*s", (int)digits.len,
                                         digits.data));
    return true;
}

/* What follows [">", 3 : nothing, or "<" and another number. */
static bool range_top(struct compiler *c, struct number_range *range)
{
    struct jr_text operator;

    if (!jr_next_item(&c->r))
        return true;
    if (jr_peek(&c->r) != JR_STRING) {
        const char *begin = skip_to_token(c), *end = behind_next(c, false);
        return fail_at_next(c, arena_printf(c->arena, "Bad value in numeric range: %.*s",
                                            (int)(end - begin), begin));
    }
    jr_string(&c->r, &operator);
    range->high_open = jr_text_eq(operator, "<");
    if (!range->high_open && !jr_text_eq(operator, "<="))
        return fail_here(
            c, arena_printf(c->arena, "Bad numeric range operator: %s", text_of(c, operator)));
    if (!range_end(c, range->high_open ? "<" : "<=", &range->high))
        return false;
    if (jr_next_item(&c->r))
        return fail_at_next(c, "Too many terms in numeric range expression");
    return range->low < range->high || fail_here(c, "Bottom must be less than top");
}

static bool compile_range(struct compiler *c, struct jr_text operator, struct number_range * range)
{
    bool up = operator.len> 0 && operator.data[0] == '>';
    bool or_equal = jr_text_eq(operator, up ? ">=" : "<=");

    if (jr_text_eq(operator, "=")) {
        if (!range_end(c, "equals", &range->low))
            return false;
        range->high = range->low;
    } else if (up && (or_equal || operator.len == 1)) {
        range->low_open = !or_equal;
        return range_end(c, or_equal ? ">=" : ">", &range->low) && range_top(c, range);
    } else if (or_equal || jr_text_eq(operator, "<")) {
        range->high_open = !or_equal;
        if (!range_end(c, or_equal ? "<=" : "<", &range->high))
            return false;
    } else {
        /* AWS: by now the value behind it has been looked at. */
        const char *text =
            arena_printf(c->arena, "Unrecognized numeric range operator: %s", text_of(c, operator));
        return fail_at_next(c, text);
    }
    return !jr_next_item(&c->r) || fail_at_next(c, too_many);
}

static bool compile_numeric(struct compiler *c, struct matcher *out)
{
    struct jr_text operator;

    if (jr_peek(&c->r) != JR_ARRAY)
        return fail_at_next(c, "Value of numeric must be an array.");
    jr_enter_array(&c->r);
    if (!jr_next_item(&c->r))
        return fail_here(c, "Invalid member in numeric match: ]");
    if (jr_peek(&c->r) != JR_STRING) {
        const char *begin = skip_to_token(c), *end = behind_next(c, false);
        return fail_at_next(c, arena_printf(c->arena, "Invalid member in numeric match: %.*s",
                                            (int)(end - begin), begin));
    }
    jr_string(&c->r, &operator);
    out->kind = MATCHER_RANGE;
    out->range = (struct number_range){.low = -__builtin_inf(), .high = __builtin_inf()};
    return compile_range(c, operator, & out->range) && end_of_object(c, too_many);
}

/* --- cidr --- */

static bool parse_mask(const char *text, long *out)
{
    char *end;

    *out = strtol(text, &end, 10);
    return end != text && *end == '\0' && *text != ' ' && *out >= INT32_MIN && *out <= INT32_MAX;
}

static bool compile_cidr(struct compiler *c, struct matcher *out)
{
    struct jr_text text;
    long bits;

    if (!take_string(c, &text, "prefix match pattern must be a string")) /* AWS: says prefix */
        return false;
    const char *slash = memchr(text.data, '/', text.len);
    if (!slash || slash == text.data + text.len - 1 ||
        memchr(slash + 1, '/', text.len - (size_t)(slash + 1 - text.data)))
        return fail_without_place(c, "Malformed CIDR, one '/' required");
    struct jr_text address = {text.data, (size_t)(slash - text.data)};
    struct jr_text mask = {slash + 1, text.len - address.len - 1};
    if (!parse_mask(text_of(c, mask), &bits))
        return fail_without_place(c, "Malformed CIDR, mask bits must be an integer");
    if (bits < 0)
        return fail_without_place(c, "Malformed CIDR, mask bits must not be negative");
    if (!address_parse(address, &out->address))
        return fail_without_place(
            c, arena_printf(c->arena, "Nonstandard IP address: %s", text_of(c, address)));
    if (out->address.len == 4 && bits > 31)
        return fail_without_place(c, "IPv4 mask bits must be < 32");
    if (bits > 127)
        return fail_without_place(c, "IPv6 mask bits must be < 128");
    out->kind = MATCHER_ADDRESS;
    out->address.bits = (unsigned)bits;
    return end_of_object(c, one_key);
}

/* --- anything-but --- */

static const struct {
    const char *name;
    enum matcher_kind kind;
    const char *otherwise;
} inner_operators[] = {
    {"prefix", MATCHER_PREFIX, "prefix/suffix match pattern must be a string"},
    {"suffix", MATCHER_SUFFIX, "prefix/suffix match pattern must be a string"},
    {"equals-ignore-case", MATCHER_NO_CASE,
     "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."},
    {"wildcard", MATCHER_WILDCARD, "wildcard match pattern must be a string"},
};

/* AWS: all that Event Ruler 1.0 could do here, which SNS still has. */
static bool compile_plain_prefix(struct compiler *c, struct matcher *out)
{
    out->kind = MATCHER_PREFIX;
    return take_string(c, &out->text, "prefix match pattern must be a string") &&
           (out->text.len > 0 || fail_here(c, "Null prefix not allowed"));
}

/* One of the values; inner < 0: a string or a number as it is. */
static bool compile_unwanted(struct compiler *c, int inner, struct matcher *out)
{
    if (inner < 0 && jr_peek(&c->r) == JR_NUMBER)
        return (number_matcher(c, out) && out->is_double) ||
               fail_here(
                   c, arena_printf(c->arena, "Cannot compare number : %s", text_of(c, out->text)));
    out->kind = inner < 0 ? MATCHER_TEXT : inner_operators[inner].kind;
    if (!take_string(c, &out->text,
                     inner < 0 ? "Inside anything but list, start|null|boolean is not supported."
                               : inner_operators[inner].otherwise))
        return false;
    if ((out->kind == MATCHER_PREFIX || out->kind == MATCHER_SUFFIX) && out->text.len == 0)
        return fail_here(c, "Null prefix/suffix not allowed");
    return true;
}

static bool check_unwanted(struct compiler *c, const struct matcher *m)
{
    const char *problem = m->kind == MATCHER_WILDCARD ? wildcard_problem(c->arena, m->text) : NULL;

    return !problem || fail_here(c, problem);
}

/* AWS: of a value in a list the place is told twice. */
static bool fail_in_list(struct compiler *c)
{
    struct event_pattern_problem *p = c->problem;

    if (!str_starts(p->text, "Cannot compare"))
        p->where = arena_printf(c->arena, "%s%s", p->where, p->where);
    return false;
}

struct matcher_list {
    struct matcher *items;
    size_t count, room;
};

static struct matcher *list_add(struct compiler *c, struct matcher_list *list)
{
    if (list->count == list->room) {
        struct matcher *old = list->items;

        list->room = MAX(2 * list->room, 4);
        list->items = ARENA_ARRAY(c->arena, struct matcher, list->room);
        if (old)
            memcpy(list->items, old, list->count * sizeof(*old));
    }
    return &list->items[list->count++];
}

static bool compile_unwanted_list(struct compiler *c, int inner, struct matcher_list *list)
{
    bool mixed = false;

    if (inner >= 0 && c->plain_operands)
        return compile_plain_prefix(c, list_add(c, list));
    if (jr_peek(&c->r) != JR_ARRAY) {
        struct matcher *one = list_add(c, list);

        return compile_unwanted(c, inner, one) && check_unwanted(c, one);
    }
    for (jr_enter_array(&c->r); jr_next_item(&c->r);) {
        struct matcher *m = list_add(c, list);

        if (!compile_unwanted(c, inner, m))
            return fail_in_list(c);
        mixed |= m->kind != list->items[0].kind;
    }
    if (inner < 0 && (mixed || list->count == 0))
        return fail_here(c, "Inside anything but list, either all values are number or string, "
                            "mixed type is not supported");
    for (size_t i = 0; i < list->count; i++) {
        if (!check_unwanted(c, &list->items[i]))
            return false;
    }
    return true;
}

/* {"prefix": ...: which operator it is, the value is next. */
static bool enter_inner(struct compiler *c, int *out_inner)
{
    struct jr_text key;

    jr_enter_object(&c->r);
    if (!jr_next_key(&c->r, &key))
        return fail_here(c, "Anything-But expression name not found");
    for (size_t i = 0; i < ARRAY_LEN(inner_operators); i++) {
        if (jr_text_eq(key, inner_operators[i].name))
            *out_inner = (int)i;
    }
    if (c->plain_operands && *out_inner >= 0 && inner_operators[*out_inner].kind != MATCHER_PREFIX)
        *out_inner = -1;
    return *out_inner >= 0 ||
           fail_at_next(
               c, arena_printf(c->arena, "Unsupported anything-but pattern: %s", text_of(c, key)));
}

static bool compile_anything_but(struct compiler *c, struct matcher *out)
{
    struct matcher_list list = {0};
    int inner = -1;

    if (jr_peek(&c->r) == JR_OBJECT && !enter_inner(c, &inner))
        return false;
    enum jr_type type = jr_peek(&c->r);
    bool plain_prefix = inner >= 0 && c->plain_operands;
    if (!plain_prefix && type != JR_ARRAY && type != JR_STRING && type != JR_NUMBER)
        return fail_at_next(
            c, "Value of anything-but must be an array or single string/number value.");
    if (!compile_unwanted_list(c, inner, &list))
        return false;
    *out =
        (struct matcher){.kind = MATCHER_NONE_OF, .none_of = list.items, .none_count = list.count};
    return (inner < 0 || end_of_object(c, too_many)) && end_of_object(c, too_many);
}

/* --- the other operators --- */

/* {"equals-ignore-case": "..."} inside prefix and suffix. */
static bool compile_no_case(struct compiler *c, const char *operator, struct matcher * out)
{
    struct jr_text key;

    jr_enter_object(&c->r);
    if (!jr_next_key(&c->r, &key))
        return fail_here(
            c,
            arena_printf(c->arena,
                         "%c%s expression name not found", operator[0] - 'a' + 'A', operator+ 1));
    if (!jr_text_eq(key, "equals-ignore-case"))
        return fail_at_next(
            c, arena_printf(c->arena, "Unsupported %s pattern: %s", operator, text_of(c, key)));
    return take_string(c, &out->text, "equals-ignore-case match pattern must be a string") &&
           end_of_object(c, one_key) && end_of_object(c, one_key);
}

static bool compile_exists(struct compiler *c, struct matcher *out)
{
    enum jr_type type = jr_peek(&c->r);
    bool value;

    if (type != JR_TRUE && type != JR_FALSE)
        return fail_at_next(c, "exists match pattern must be either true or false.");
    jr_bool(&c->r, &value);
    out->kind = value ? MATCHER_EXISTS : MATCHER_ABSENT;
    return end_of_object(c, one_key);
}

static bool compile_string_operator(struct compiler *c, enum matcher_kind kind, const char *name,
                                    struct matcher *out)
{
    const char *problem;
    bool nests = !c->plain_operands && (kind == MATCHER_PREFIX || kind == MATCHER_SUFFIX);

    out->kind = kind;
    if (nests && jr_peek(&c->r) == JR_OBJECT) {
        out->kind = kind == MATCHER_PREFIX ? MATCHER_PREFIX_NO_CASE : MATCHER_SUFFIX_NO_CASE;
        return compile_no_case(c, name, out);
    }
    if (!take_string(c, &out->text,
                     arena_printf(c->arena, "%s match pattern must be a string",
                                  kind == MATCHER_TEXT ? "exact" : name)))
        return false;
    if (kind == MATCHER_WILDCARD && (problem = wildcard_problem(c->arena, out->text)))
        return fail_here(c, problem);
    return end_of_object(c, one_key);
}

static bool compile_operator(struct compiler *c, struct matcher *out)
{
    static const struct {
        const char *name;
        enum matcher_kind kind;
    } strings[] = {
        {"exactly", MATCHER_TEXT},      {"prefix", MATCHER_PREFIX},
        {"suffix", MATCHER_SUFFIX},     {"equals-ignore-case", MATCHER_NO_CASE},
        {"wildcard", MATCHER_WILDCARD},
    };
    struct jr_text key;

    jr_enter_object(&c->r);
    if (!jr_next_key(&c->r, &key))
        return fail_here(c, "Match expression name not found");
    for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
        if (jr_text_eq(key, strings[i].name))
            return compile_string_operator(c, strings[i].kind, strings[i].name, out);
    }
    if (jr_text_eq(key, "numeric"))
        return compile_numeric(c, out);
    if (jr_text_eq(key, "anything-but"))
        return compile_anything_but(c, out);
    if (jr_text_eq(key, "exists"))
        return compile_exists(c, out);
    if (jr_text_eq(key, "cidr"))
        return compile_cidr(c, out);
    return fail_at_next(c, arena_printf(c->arena, "Unrecognized match type %s", text_of(c, key)));
}

static bool compile_alternative(struct compiler *c, struct matcher *out)
{
    struct jr_text text;

    switch (jr_peek(&c->r)) {
    case JR_OBJECT:
        return compile_operator(c, out);
    case JR_STRING:
        jr_string(&c->r, &text);
        out->text = keep(c, text);
        /* An address is meant in any of its forms. */
        out->kind = address_parse(out->text, &out->address) ? MATCHER_ADDRESS : MATCHER_TEXT;
        return true;
    case JR_NUMBER:
        return number_matcher(c, out);
    case JR_ARRAY:
        return fail_at_next(c, "Match value must be String, number, true, false, or null");
    default:
        jr_skip(&c->r, &text);
        *out = (struct matcher){.kind = MATCHER_LITERAL, .text = keep(c, text)};
        return true;
    }
}

/* --- names --- */

static bool too_complex(struct compiler *c)
{
    fail_with(c, EVENT_PATTERN_TOO_COMPLEX, "Filter policy is too complex", "");
    return false;
}

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product;

    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* Of a name that is said twice the last counts. */
static bool rule_set_field(struct compiler *c, struct pattern_rule *rule,
                           const struct pattern_field *field)
{
    for (size_t i = 0; i < rule->count; i++) {
        struct jr_text path = rule->fields[i]->path;

        if (path.len == field->path.len && memcmp(path.data, field->path.data, path.len) == 0) {
            rule->fields[i] = field;
            return true;
        }
    }
    if (rule->count == EVENT_PATTERN_FIELDS_MAX)
        return too_complex(c);
    rule->fields[rule->count++] = field;
    return true;
}

static bool compile_field(struct compiler *c, const struct place *at, struct rule_set *rules)
{
    struct pattern_field *field = ARENA_NEW(c->arena, struct pattern_field);
    struct matcher_list list = {0};

    for (jr_enter_array(&c->r); jr_next_item(&c->r);) {
        if (!compile_alternative(c, list_add(c, &list)))
            return false;
    }
    if (list.count == 0)
        return fail_here(c, "Empty arrays are not allowed");
    *field = (struct pattern_field){at->path, list.items, list.count};
    /* AWS: values count the more the deeper they stand. */
    rules->combinations = times(rules->combinations, times(list.count, at->depth));
    for (size_t i = 0; i < rules->count; i++) {
        if (!rule_set_field(c, rules->items[i], field))
            return false;
    }
    return true;
}

static bool is_reserved(struct jr_text name)
{
    static const char *const reserved[] = {
        "exactly",
        "equals-ignore-case",
        "prefix",
        "suffix",
        "anything-but",
        "exists",
        "wildcard",
        "numeric",
        "cidr",
        "=",
        "<",
        "<=",
        ">",
        ">=",
        "regex",
        "not-wildcard",
        "date-after",
        "date-on-or-after",
        "date-before",
        "date-on-or-before",
        "in-date-range",
        "ip-address-in-range",
        "ip-address-not-in-range",
        "not-equals-ignore-case",
    };

    for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
        if (jr_text_eq(name, reserved[i]))
            return true;
    }
    return false;
}

static bool compile_object(struct compiler *c, const struct place *at, struct rule_set *rules);

/* NOLINTBEGIN(misc-no-recursion): the reader bounds the depth. */

static void rules_copy(struct compiler *c, const struct rule_set *from, struct rule_set *to)
{
    *to = (struct rule_set){.items = ARENA_ARRAY(c->arena, struct pattern_rule *, from->count),
                            .count = from->count,
                            .combinations = from->combinations};
    for (size_t i = 0; i < from->count; i++)
        to->items[i] = arena_memdup(c->arena, from->items[i], sizeof(*from->items[i]));
}

static bool rules_append(struct compiler *c, struct rule_set *all, const struct rule_set *more)
{
    struct pattern_rule **items;

    if (all->count + more->count > EVENT_PATTERN_RULES_MAX)
        return too_complex(c);
    items = ARENA_ARRAY(c->arena, struct pattern_rule *, all->count + more->count);
    if (all->count)
        memcpy(items, all->items, all->count * sizeof(*items));
    memcpy(items + all->count, more->items, more->count * sizeof(*items));
    all->items = items;
    all->count += more->count;
    if (__builtin_add_overflow(all->combinations, more->combinations, &all->combinations))
        all->combinations = UINT64_MAX;
    return true;
}

/* "$or": [{...}, {...}]: the rules so far go on with each of them. */
static bool compile_or(struct compiler *c, const struct place *at, struct rule_set *rules)
{
    struct place inside = *at;
    struct rule_set all = {0};
    size_t count = 0;

    inside.in_or = true;
    if (jr_peek(&c->r) != JR_ARRAY)
        return fail_at_next(c, "It must be an Array followed with $or.");
    for (jr_enter_array(&c->r); jr_next_item(&c->r); count++) {
        struct rule_set one;

        if (jr_peek(&c->r) != JR_OBJECT)
            return fail_at_next(c, "Only JSON object is allowed in array of $or relationship.");
        rules_copy(c, rules, &one);
        if (!compile_object(c, &inside, &one) || !rules_append(c, &all, &one))
            return false;
    }
    if (count < 2)
        return fail_here(c, "There must have at least 2 Objects in $or relationship.");
    *rules = all;
    return true;
}

static bool compile_name(struct compiler *c, struct jr_text key, const struct place *at,
                         struct rule_set *rules)
{
    struct place inside = *at;
    enum jr_type type;

    if (jr_text_eq(key, "$or"))
        return compile_or(c, at, rules);
    if (at->in_or && is_reserved(key))
        return fail_at_next(c, arena_printf(c->arena,
                                            "%s is Ruler reserved fieldName which cannot be used "
                                            "inside $or.",
                                            text_of(c, key)));
    if (at->depth > 0) {
        size_t len = at->path.len + 1 + key.len;
        char *path = arena_alloc(c->arena, len);

        memcpy(path, at->path.data, at->path.len);
        path[at->path.len] = '.';
        memcpy(path + at->path.len + 1, key.data, key.len);
        inside.path = (struct jr_text){path, len};
    } else {
        inside.path = keep(c, key);
    }
    inside.depth++;
    type = jr_peek(&c->r);
    c->nested |= type == JR_OBJECT;
    if (type == JR_OBJECT)
        return compile_object(c, &inside, rules);
    if (type == JR_ARRAY)
        return compile_field(c, &inside, rules);
    return fail_at_next(
        c, arena_printf(c->arena, "\"%s\" must be an object or an array", text_of(c, key)));
}

static bool compile_object(struct compiler *c, const struct place *at, struct rule_set *rules)
{
    struct jr_text key;
    bool empty = true;

    for (jr_enter_object(&c->r); jr_next_key(&c->r, &key); empty = false) {
        if (!compile_name(c, key, at, rules))
            return false;
    }
    return !empty || fail_here(c, "Empty objects are not allowed");
}

/* NOLINTEND(misc-no-recursion) */

/* --- the whole --- */

/* So that all that follows may rely on the grammar. */
static bool check_json(struct compiler *c, struct bytes json)
{
    struct jr r;

    if (json.len > EVENT_PATTERN_SIZE_MAX)
        return too_complex(c);
    jr_init(&r, json.data, json.len, c->arena, EVENT_PATTERN_DEPTH_MAX);
    jr_skip(&r, NULL);
    if (jr_finish(&r))
        return true;
    fail_with(c, EVENT_PATTERN_NOT_JSON, r.error, "");
    return false;
}

static size_t count_names(struct compiler *c, struct bytes json)
{
    struct jr_text key;
    struct jr r;
    size_t count = 0;

    jr_init(&r, json.data, json.len, c->arena, EVENT_PATTERN_DEPTH_MAX);
    for (jr_enter_object(&r); jr_next_key(&r, &key); count++)
        jr_skip(&r, NULL);
    return count;
}

static bool within_limits(struct compiler *c, struct bytes json, uint64_t combinations,
                          const struct event_pattern_rules *rules)
{
    if (rules->names_max && count_names(c, json) > rules->names_max)
        fail_with(c, EVENT_PATTERN_TOO_MANY_NAMES,
                  arena_printf(c->arena, "Filter policy can not have more than %zu keys",
                               rules->names_max),
                  "");
    if (rules->flat && c->nested)
        fail_with(c, EVENT_PATTERN_NOT_FLAT, "nested filter policy", "");
    if (rules->combinations_max && combinations > rules->combinations_max)
        too_complex(c);
    return !c->failed;
}

const struct event_pattern *event_pattern_compile(struct arena *a, struct bytes json,
                                                  const struct event_pattern_rules *rules,
                                                  struct event_pattern_problem *out_problem)
{
    struct compiler c = {.arena = a,
                         .problem = out_problem,
                         .decimals = rules ? rules->decimals : 0,
                         .plain_operands = rules && rules->plain_operands};
    struct pattern_rule *first = ARENA_NEW(a, struct pattern_rule);
    struct rule_set all = {.items = &first, .count = 1, .combinations = 1};
    struct event_pattern *p;

    if (!check_json(&c, json))
        return NULL;
    jr_init(&c.r, json.data, json.len, a, EVENT_PATTERN_DEPTH_MAX);
    if (jr_peek(&c.r) != JR_OBJECT) {
        fail_at_next(&c, "Filter is not an object");
        return NULL;
    }
    if (!compile_object(&c, &(struct place){0}, &all))
        return NULL;
    if (rules && !within_limits(&c, json, all.combinations, rules))
        return NULL;
    p = ARENA_NEW(a, struct event_pattern);
    p->rules = arena_memdup(a, all.items, all.count * sizeof(struct pattern_rule *));
    p->rule_count = all.count;
    p->decimals = c.decimals;
    return p;
}
