/* Looks up the names that a model's lines mention, and refuses what is unknown, there twice, or not
 * possible in C. */
#include "server/model/modelc.h"

#include <ctype.h>

/* Words that cannot name a struct's member: keywords, and macros of the headers that generated code
 * includes. */
static const char *const taken_words[] = {
    "auto",     "break",   "case",     "char",     "const",    "continue", "default",  "do",
    "double",   "else",    "enum",     "extern",   "float",    "for",      "goto",     "if",
    "inline",   "int",     "long",     "register", "restrict", "return",   "short",    "signed",
    "sizeof",   "static",  "struct",   "switch",   "typedef",  "union",    "unsigned", "void",
    "volatile", "while",   "asm",      "typeof",   "bool",     "true",     "false",    "errno",
    "linux",    "unix",    "i386",     "stdin",    "stdout",   "stderr",   "assert",   "NULL",
    "EOF",      "MIN",     "MAX",      "gets",     "strtok",   "alloca",   "strcpy",   "strcat",
    "strncpy",  "sprintf", "vsprintf", "offsetof",
};

static char *c_name(const char *name)
{
    bool taken = isdigit((unsigned char)*name);

    for (size_t i = 0; i < ARRAY_LEN(taken_words); i++)
        taken |= str_eq(name, taken_words[i]);
    char *result =
        format_text("%s%s%s", isdigit((unsigned char)*name) ? "_" : "", name, taken ? "_" : "");
    for (char *c = result; *c; c++)
        if (!isalnum((unsigned char)*c))
            *c = '_';
    return result;
}

static int compare_shapes(const void *a, const void *b)
{
    return strcmp(((const struct source_shape *)a)->name, ((const struct source_shape *)b)->name);
}

static int compare_operations(const void *a, const void *b)
{
    return strcmp(((const struct source_operation *)a)->name,
                  ((const struct source_operation *)b)->name);
}

/* Index of the shape, -1 where there is none. */
static int find_shape(const struct source_service *s, const char *name)
{
    struct source_shape wanted = {.name = name};
    const struct source_shape *found = s->shape_count ? bsearch(&wanted, s->shapes, s->shape_count,
                                                                sizeof *s->shapes, compare_shapes)
                                                      : NULL;

    return found ? (int)(found - s->shapes) : -1;
}

static int need_shape(const struct source_service *s, const char *name, int line)
{
    int shape = find_shape(s, name);

    if (shape < 0)
        fail_at(s->path, line, "there is no shape '%s'", name);
    return shape;
}

static uint32_t java_hash(const char *text)
{
    uint32_t hash = 0;

    for (; *text; text++)
        hash = hash * 31 + (unsigned char)*text;
    return hash;
}

static int compare_enums(const void *a, const void *b, void *table_size)
{
    const char *left = *(const char *const *)a;
    const char *right = *(const char *const *)b;
    uint32_t mask = *(const uint32_t *)table_size - 1;
    uint32_t left_bucket = java_hash(left) & mask;
    uint32_t right_bucket = java_hash(right) & mask;

    if (left_bucket != right_bucket)
        return left_bucket < right_bucket ? -1 : 1;
    return strcmp(left, right);
}

/* AWS: messages print the values of an enum in the order in which a Java hash table of 32 or more
 * buckets gives them back: [INDEXES, TOTAL, NONE]. All recorded messages of DynamoDB and Kinesis
 * agree with that. */
static void order_enums(struct source_shape *shape)
{
    uint32_t table_size = 32;

    while (shape->enum_count * 4 / 3 > table_size)
        table_size *= 2;
    if (shape->enum_count)
        qsort_r(shape->enums, shape->enum_count, sizeof *shape->enums, compare_enums, &table_size);
}

static void resolve_members(struct source_service *s, struct source_shape *shape)
{
    for (size_t i = 0; i < shape->member_count; i++) {
        struct source_member *m = &shape->members[i];

        m->shape = need_shape(s, m->shape_name, m->line);
        m->c_name = c_name(m->name);
        for (size_t j = 0; j < i; j++)
            if (str_eq(shape->members[j].c_name, m->c_name))
                fail_at(s->path, m->line, "member '%s' is there twice", m->name);
        if (shape->payload && str_eq(shape->payload, m->name))
            m->location = IN_PAYLOAD;
    }
}

static void check_members(const struct source_service *s, const struct source_shape *shape)
{
    const struct source_member *m = shape->members;
    bool payload_found = !shape->payload;

    for (size_t i = 0; i < shape->member_count; i++)
        payload_found |= m[i].location == IN_PAYLOAD;
    if (!payload_found)
        fail_at(s->path, shape->line, "there is no member '%s'", shape->payload);
    if (shape->kind == SHAPE_LIST && (shape->member_count != 1 || !str_eq(m->name, "member")))
        fail_at(s->path, shape->line, "a list has one line: member SHAPE");
    if (shape->kind == SHAPE_MAP &&
        (shape->member_count != 2 || !str_eq(m[0].name, "key") || !str_eq(m[1].name, "value")))
        fail_at(s->path, shape->line, "a map has two lines: key SHAPE, value SHAPE");
    if (shape->kind == SHAPE_MAP && s->shapes[m[0].shape].kind != SHAPE_STRING)
        fail_at(s->path, shape->line, "a map's key must be a string");
}

static void resolve_shapes(struct source_service *s)
{
    for (size_t i = 0; i + 1 < s->shape_count; i++)
        if (str_eq(s->shapes[i].name, s->shapes[i + 1].name))
            fail_at(s->path, s->shapes[i + 1].line, "shape '%s' is there twice", s->shapes[i].name);
    for (size_t i = 0; i < s->shape_count; i++) {
        struct source_shape *shape = &s->shapes[i];

        resolve_members(s, shape);
        check_members(s, shape);
        order_enums(shape);
        if (shape->flags & SHAPE_ERROR && !shape->status)
            fail_at(s->path, shape->line, "an error needs status=");
    }
}

/* A custom shape is opaque: what the model says of its inside no longer counts. */
static void resolve_customs(struct source_service *s)
{
    for (size_t i = 0; i < s->custom_count; i++) {
        int index = find_shape(s, s->customs[i].shape_name);

        if (index < 0)
            fail_at(s->custom_path, s->customs[i].line, "there is no shape '%s'",
                    s->customs[i].shape_name);
        s->shapes[index].kind = SHAPE_CUSTOM;
        s->shapes[index].custom = (int)i;
        s->shapes[index].member_count = 0;
    }
}

/* False where the structure has no such member. */
static bool move_to_end(struct source_shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->member_count; i++) {
        struct source_member moved = shape->members[i];

        if (!str_eq(moved.name, name))
            continue;
        memmove(&shape->members[i], &shape->members[i + 1],
                (shape->member_count - i - 1) * sizeof(moved));
        shape->members[shape->member_count - 1] = moved;
        return true;
    }
    return false;
}

/* Applies a rule of the .custom to the shapes it is about; how many those are. */
static size_t apply_rule(struct source_service *s, const struct source_rule *rule)
{
    size_t found = 0;

    for (size_t i = 0; i < s->shape_count; i++) {
        struct source_shape *shape = &s->shapes[i];

        if (rule->words && shape->pattern && str_eq(shape->pattern, rule->subject)) {
            shape->pattern_words = rule->words;
            found++;
        } else if (rule->root && str_eq(shape->name, rule->subject)) {
            shape->wire = rule->root;
            found++;
        } else if (rule->last && str_eq(shape->name, rule->subject)) {
            found += move_to_end(shape, rule->last);
        } else if (!rule->words && !rule->root && !rule->last &&
                   str_eq(shape->name, rule->subject)) {
            shape->pattern = NULL;
            shape->enum_count = 0;
            shape->flags &= ~(unsigned)(SHAPE_HAS_MIN | SHAPE_HAS_MAX);
            found++;
        }
    }
    return found;
}

static void apply_rules(struct source_service *s)
{
    for (size_t i = 0; i < s->rule_count; i++)
        if (!apply_rule(s, &s->rules[i]))
            fail_at(s->custom_path, s->rules[i].line, "no shape fits '%s'", s->rules[i].subject);
}

static void check_validation_error(const struct source_service *s)
{
    int error = s->validation_error ? find_shape(s, s->validation_error) : 0;

    if (error < 0 || (s->validation_error && !(s->shapes[error].flags & SHAPE_ERROR)))
        fail_at(s->custom_path, 0, "there is no error '%s'", s->validation_error);
}

/* An operation without input (or output) gets a struct of its own, so that all handlers look alike.
 */
static char *struct_of(const struct source_service *s, const struct source_operation *o, int shape,
                       const char *ending)
{
    if (shape >= 0)
        return format_text("%s", s->shapes[shape].name);
    char *name = format_text("%s%s", o->name, ending);
    return find_shape(s, name) < 0 ? name : format_text("%s_", name);
}

static unsigned stream_flags(const struct source_service *s, int shape, unsigned streaming)
{
    unsigned flags = 0;

    for (size_t i = 0; shape >= 0 && i < s->shapes[shape].member_count; i++) {
        const struct source_member *m = &s->shapes[shape].members[i];

        if (m->location == IN_PAYLOAD && m->flags & MEMBER_STREAMING)
            flags |= streaming;
        if (s->shapes[m->shape].flags & SHAPE_EVENT_STREAM)
            flags |= OPERATION_EVENT_OUTPUT;
    }
    return flags;
}

static void resolve_operation(struct source_service *s, struct source_operation *o)
{
    o->input = o->input_name ? need_shape(s, o->input_name, o->line) : -1;
    o->output = o->output_name ? need_shape(s, o->output_name, o->line) : -1;
    o->input_struct = struct_of(s, o, o->input, "Input");
    o->output_struct = struct_of(s, o, o->output, "Output");
    o->flags |= stream_flags(s, o->input, OPERATION_STREAM_INPUT) & OPERATION_STREAM_INPUT;
    o->flags |= stream_flags(s, o->output, OPERATION_STREAM_OUTPUT);
    for (size_t i = 0; i < o->error_count; i++) {
        int error = need_shape(s, o->errors[i], o->line);

        if (!(s->shapes[error].flags & SHAPE_ERROR))
            fail_at(s->path, o->line, "'%s' is not an error", o->errors[i]);
    }
    /* AWS: services that moved from query to JSON still answer queries in the old wrapper, which
     * their models have forgotten. */
    if (!o->wrapper && o->output >= 0 && s->query_compatible && s->protocols & PROTOCOL_QUERY)
        o->wrapper = format_text("%sResult", o->name);
}

void resolve_model(struct source_service *s)
{
    if (!s->name || !s->protocols)
        fail_at(s->path, 1, "service and protocol must be stated");
    if (s->shape_count)
        qsort(s->shapes, s->shape_count, sizeof *s->shapes, compare_shapes);
    if (s->operation_count)
        qsort(s->operations, s->operation_count, sizeof *s->operations, compare_operations);
    if (s->shape_count > UINT16_MAX - 1 || s->operation_count > UINT16_MAX)
        fail_at(s->path, 1, "more shapes or operations than 16 bits can count");
    resolve_customs(s);
    resolve_shapes(s);
    apply_rules(s);
    check_validation_error(s);
    for (size_t i = 0; i < s->operation_count; i++) {
        if (i && str_eq(s->operations[i - 1].name, s->operations[i].name))
            fail_at(s->path, s->operations[i].line, "operation '%s' is there twice",
                    s->operations[i].name);
        resolve_operation(s, &s->operations[i]);
    }
}
