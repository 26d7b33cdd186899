/*
 * Writes the generated source: the tables of struct model. Names go into one pool of strings, each
 * text once, and tables refer to it by offset; offsets and sizes of the structs are left to the C
 * compiler.
 */
#include "server/model/modelc.h"

enum { POOL_BUCKETS = 16384 };

struct pool_text {
    const char *text;
    uint32_t offset;
    int next; /* in the same bucket, plus 1 */
};

struct pool {
    struct pool_text *texts;
    size_t count;
    uint32_t end;
    int buckets[POOL_BUCKETS]; /* index plus 1 */
};

static uint32_t pool_add(struct pool *p, const char *text)
{
    uint32_t hash = 2166136261U;

    if (!text || !*text)
        return 0;
    for (const char *c = text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619U;
    int *bucket = &p->buckets[hash % POOL_BUCKETS];
    for (int i = *bucket; i && p->texts; i = p->texts[i - 1].next)
        if (str_eq(p->texts[i - 1].text, text))
            return p->texts[i - 1].offset;

    struct pool_text *added = ARRAY_GROW(p->texts, p->count);
    *added = (struct pool_text){.text = text, .offset = p->end, .next = *bucket};
    *bucket = (int)p->count;
    p->end += (uint32_t)strlen(text) + 1;
    return added->offset;
}

static void write_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\' || *c == '?')
            fprintf(out, "\\%c", *c); /* '?' against trigraphs */
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static void write_text_or_null(const char *text, FILE *out)
{
    if (text)
        write_quoted(text, out);
    else
        fputs("NULL", out);
}

static void write_pool(const struct pool *p, FILE *out)
{
    fputs("static const char strings[] =\n    \"\\0\"\n", out);
    for (size_t i = 0; i < p->count; i++) {
        fputs("    ", out);
        write_quoted(p->texts[i].text, out);
        fputs(" \"\\0\"\n", out);
    }
    fputs("    ;\n\n", out);
}

static void write_member(const struct source_service *s, const struct source_shape *shape,
                         const struct source_member *m, struct pool *p, FILE *out)
{
    fprintf(out, "    {.name = %u, .wire_name = %u, ", pool_add(p, m->name),
            pool_add(p, m->wire ? m->wire : m->name));
    if (m->query_name)
        fprintf(out, ".query_name = %u, ", pool_add(p, m->query_name));
    if (m->xml_namespace)
        fprintf(out, ".xml_namespace = %u, ", pool_add(p, m->xml_namespace));
    if (m->xml_prefix)
        fprintf(out, ".xml_prefix = %u, ", pool_add(p, m->xml_prefix));
    if (shape->kind == SHAPE_STRUCTURE)
        fprintf(out, ".offset = offsetof(struct %s_%s, %s), ", s->name, shape->name, m->c_name);
    else if (shape->kind == SHAPE_MAP && m == &shape->members[1])
        fprintf(out, ".offset = offsetof(struct %s_%s_entry, value), ", s->name, shape->name);
    fprintf(out, ".shape = %d", m->shape);
    if (m->location)
        fprintf(out, ", .location = %d", m->location);
    if (m->timestamp_format)
        fprintf(out, ", .timestamp_format = %d", m->timestamp_format);
    if (m->flags)
        fprintf(out, ", .flags = 0x%x", m->flags);
    fputs("},\n", out);
}

static void write_members(const struct source_service *s, struct pool *p, FILE *out)
{
    fputs("static const struct member members[] = {\n", out);
    for (size_t i = 0; i < s->shape_count; i++) {
        const struct source_shape *shape = &s->shapes[i];

        if (shape->member_count)
            fprintf(out, "    /* %s */\n", shape->name);
        for (size_t j = 0; j < shape->member_count; j++)
            write_member(s, shape, &shape->members[j], p, out);
    }
    fputs("    {0},\n};\n\n", out);
}

static void write_enums(const struct source_service *s, struct pool *p, FILE *out)
{
    fputs("static const model_name enums[] = {\n", out);
    for (size_t i = 0; i < s->shape_count; i++) {
        if (!s->shapes[i].enum_count)
            continue;
        fprintf(out, "    /* %s */", s->shapes[i].name);
        for (size_t j = 0; j < s->shapes[i].enum_count; j++)
            fprintf(out, " %u,", pool_add(p, s->shapes[i].enums[j]));
        fputc('\n', out);
    }
    fputs("    0,\n};\n\n", out);
}

static void write_sizes(const struct source_service *s, const struct source_shape *shape, FILE *out)
{
    static const char *const plain[] = {
        [SHAPE_STRING] = "char *",
        [SHAPE_BLOB] = "struct bytes",
        [SHAPE_BOOLEAN] = "struct maybe_bool",
        [SHAPE_INTEGER] = "struct maybe_int",
        [SHAPE_LONG] = "struct maybe_long",
        [SHAPE_FLOAT] = "struct maybe_double",
        [SHAPE_DOUBLE] = "struct maybe_double",
        [SHAPE_TIMESTAMP] = "struct maybe_time",
        [SHAPE_DOCUMENT] = "struct bytes",
    };

    if (shape->kind == SHAPE_CUSTOM)
        fprintf(out, ".size = sizeof(%s)", s->customs[shape->custom].c_type);
    else if (shape->kind <= SHAPE_MAP)
        fprintf(out, ".size = sizeof(struct %s_%s)", s->name, shape->name);
    else
        fprintf(out, ".size = sizeof(%s)", plain[shape->kind]);
    if (shape->kind == SHAPE_LIST)
        fprintf(out, ", .item_size = sizeof(*((struct %s_%s *)0)->items)", s->name, shape->name);
    else if (shape->kind == SHAPE_MAP)
        fprintf(out, ", .item_size = sizeof(struct %s_%s_entry)", s->name, shape->name);
}

static void write_bounds(const struct source_shape *shape, FILE *out)
{
    if (shape->flags & SHAPE_HAS_MIN)
        fprintf(out, ", .min = %" PRId64, shape->min);
    if (shape->flags & SHAPE_HAS_MAX)
        fprintf(out, ", .max = %" PRId64, shape->max);
}

static int payload_index(const struct source_shape *shape)
{
    for (size_t i = 0; i < shape->member_count; i++)
        if (shape->members[i].location == IN_PAYLOAD)
            return (int)i + 1;
    return 0;
}

static void write_shapes(const struct source_service *s, struct pool *p, FILE *out)
{
    size_t members = 0;
    size_t enums = 0;

    fputs("static const struct shape shapes[] = {\n", out);
    for (size_t i = 0; i < s->shape_count; i++) {
        const struct source_shape *shape = &s->shapes[i];

        fprintf(out, "    /* %zu */ {.name = %u, .kind = %d, ", i, pool_add(p, shape->name),
                shape->kind);
        write_sizes(s, shape, out);
        if (shape->timestamp_format)
            fprintf(out, ", .timestamp_format = %d", shape->timestamp_format);
        if (shape->flags)
            fprintf(out, ", .flags = 0x%x", shape->flags);
        if (shape->member_count)
            fprintf(out, ", .first_member = %zu, .member_count = %zu", members,
                    shape->member_count);
        if (payload_index(shape))
            fprintf(out, ", .payload_member = %d", payload_index(shape));
        if (shape->kind == SHAPE_CUSTOM)
            fprintf(out, ", .custom = %d", shape->custom);
        fprintf(out, ", .wire_name = %u, .xml_namespace = %u, .xml_prefix = %u, .pattern = %u",
                pool_add(p, shape->wire), pool_add(p, shape->xml_namespace),
                pool_add(p, shape->xml_prefix), pool_add(p, shape->pattern));
        if (shape->pattern_words)
            fprintf(out, ", .pattern_words = %u", pool_add(p, shape->pattern_words));
        if (shape->enum_count)
            fprintf(out, ", .first_enum = %zu, .enum_count = %zu", enums, shape->enum_count);
        write_bounds(shape, out);
        fputs("},\n", out);
        members += shape->member_count;
        enums += shape->enum_count;
    }
    fputs("    {0},\n};\n\n", out);
}

static void write_operations(const struct source_service *s, struct pool *p, FILE *out)
{
    fputs("static const struct operation operations[] = {\n", out);
    for (size_t i = 0; i < s->operation_count; i++) {
        const struct source_operation *o = &s->operations[i];

        fprintf(out,
                "    /* %s */\n    {.name = %u, .method = %u, .uri = %u, .result_wrapper = %u, ",
                o->name, pool_add(p, o->name), pool_add(p, o->method), pool_add(p, o->uri),
                pool_add(p, o->wrapper));
        fprintf(out, ".input = %d, .output = %d, .status = %d, .flags = 0x%x,\n     ", o->input + 1,
                o->output + 1, o->status, o->flags);
        fprintf(out, ".input_size = sizeof(struct %s_%s), .output_size = sizeof(struct %s_%s)},\n",
                s->name, o->input_struct, s->name, o->output_struct);
    }
    fputs("    {0},\n};\n\n", out);
}

static bool has_members_beside_message(const struct source_shape *shape)
{
    for (size_t i = 0; i < shape->member_count; i++)
        if (strcasecmp(shape->members[i].name, "message") != 0)
            return true;
    return false;
}

/* Writes the errors and the list of them; how many there are. */
static size_t write_errors(const struct source_service *s, FILE *out)
{
    size_t count = 0;

    for (size_t i = 0; i < s->shape_count; i++) {
        const struct source_shape *e = &s->shapes[i];

        if (!(e->flags & SHAPE_ERROR))
            continue;
        /* AWS: a service that moved from query to JSON tells JSON clients the shape's name, and the
         * old code in a header beside it. */
        const char *code = e->code && !s->query_compatible ? e->code : e->name;
        fprintf(out, "const struct aws_error %s_%s = {\n    \"%s\", \"%s\", ", s->name, e->name,
                e->name, code);
        write_text_or_null(s->query_compatible ? e->code : NULL, out);
        fprintf(out, ", %d, %s, %zu};\n", e->status, e->fault ? "false" : "true",
                has_members_beside_message(e) ? i + 1 : 0);
    }
    fputs("\nstatic const struct aws_error *const errors[] = {\n", out);
    for (size_t i = 0; i < s->shape_count; i++) {
        if (!(s->shapes[i].flags & SHAPE_ERROR))
            continue;
        fprintf(out, "    &%s_%s,\n", s->name, s->shapes[i].name);
        count++;
    }
    fputs("    NULL,\n};\n\n", out);
    return count;
}

static void write_customs(const struct source_service *s, FILE *out)
{
    fputs("static const struct custom_codec *const customs[] = {\n", out);
    for (size_t i = 0; i < s->custom_count; i++)
        fprintf(out, "    &%s,\n", s->customs[i].codec);
    fputs("    NULL,\n};\n\n", out);
}

static void write_calls(const struct source_service *s, FILE *out)
{
    char *upper = upper_case(s->name);

    fprintf(out,
            "static int call(const void *handlers, uint16_t operation, struct request *req, const "
            "void *in,\n"
            "                void *out)\n{\n    const struct %s_handlers *h = handlers;\n\n"
            "    (void)h, (void)req, (void)in, (void)out;\n    switch (operation) {\n",
            s->name);
    for (size_t i = 0; i < s->operation_count; i++)
        fprintf(out, "    case %s_OP_%s:\n        return h->%s(req, in, out);\n", upper,
                s->operations[i].name, s->operations[i].name);
    fprintf(out, "    default:\n        return -1;\n    }\n}\n\n");
    fprintf(
        out,
        "static bool has_handler(const void *handlers, uint16_t operation)\n{\n"
        "    const struct %s_handlers *h = handlers;\n\n    (void)h;\n    switch (operation) {\n",
        s->name);
    for (size_t i = 0; i < s->operation_count; i++)
        fprintf(out, "    case %s_OP_%s:\n        return h->%s != NULL;\n", upper,
                s->operations[i].name, s->operations[i].name);
    fprintf(out, "    default:\n        return false;\n    }\n}\n\n");
    free(upper);
}

static void write_model(const struct source_service *s, size_t error_count, FILE *out)
{
    fprintf(out, "const struct model %s_model = {\n    .service = \"%s\",\n    .scope = ", s->name,
            s->name);
    write_quoted(s->scope ? s->scope : s->name, out);
    fputs(",\n    .target_prefix = ", out);
    write_text_or_null(s->target_prefix, out);
    fputs(",\n    .service_id = ", out);
    write_text_or_null(s->protocols & PROTOCOL_RPC_V2_CBOR ? s->target_prefix : NULL, out);
    fputs(",\n    .api_version = ", out);
    write_quoted(s->api_version ? s->api_version : "", out);
    fputs(",\n    .xml_namespace = ", out);
    write_quoted(s->xml_namespace ? s->xml_namespace : "", out);
    if (s->validation_error)
        fprintf(out, ",\n    .validation_error = &%s_%s", s->name, s->validation_error);
    fprintf(out, ",\n    .protocols = 0x%x,\n    .query_compatible = %s,\n", s->protocols,
            s->query_compatible ? "true" : "false");
    fputs("    .strings = strings,\n    .shapes = shapes,\n    .members = members,\n    .enums = "
          "enums,\n"
          "    .operations = operations,\n    .errors = errors,\n    .customs = customs,\n",
          out);
    fprintf(out,
            "    .shape_count = %zu,\n    .operation_count = %zu,\n    .error_count = %zu,\n"
            "    .custom_count = %zu,\n    .call = call,\n    .has_handler = has_handler,\n};\n",
            s->shape_count, s->operation_count, error_count, s->custom_count);
}

void write_tables(const struct source_service *s, FILE *out)
{
    struct pool *p = calloc(1, sizeof *p);

    if (!p)
        fail_at("modelc", 0, "out of memory");
    p->end = 1; /* offset 0 is the empty string */
    fprintf(out, "/* Generated by modelc from %s: change that, not this. */\n", s->path);
    fprintf(out, "#include \"gen/%s.h\"\n\n", s->name);
    write_members(s, p, out);
    write_enums(s, p, out);
    write_shapes(s, p, out);
    write_operations(s, p, out);
    size_t error_count = write_errors(s, out);
    write_customs(s, out);
    write_calls(s, out);
    write_pool(p, out);
    write_model(s, error_count, out);
    free(p->texts);
    free(p);
}
