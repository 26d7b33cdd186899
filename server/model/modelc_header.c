/*
 * Writes the generated header: a struct per structure, list and map, the slots for handlers, the
 * errors.
 *
 * Lists and maps hold only pointers, structures hold each other by pointer, entries of maps hold
 * structures by value; so in the order containers, structures, entries every type is complete where
 * it must be.
 */
#include "server/model/modelc.h"

static bool is_container(const struct source_shape *shape)
{
    return shape->kind == SHAPE_LIST || shape->kind == SHAPE_MAP;
}

/* The C type with a space or star at its end, so that a name can follow. */
static void write_type(const struct source_service *s, int index, bool by_value, FILE *out)
{
    static const char *const plain[] = {
        [SHAPE_STRING] = "const char *",         [SHAPE_BLOB] = "struct bytes ",
        [SHAPE_BOOLEAN] = "struct maybe_bool ",  [SHAPE_INTEGER] = "struct maybe_int ",
        [SHAPE_LONG] = "struct maybe_long ",     [SHAPE_FLOAT] = "struct maybe_double ",
        [SHAPE_DOUBLE] = "struct maybe_double ", [SHAPE_TIMESTAMP] = "struct maybe_time ",
        [SHAPE_DOCUMENT] = "struct bytes ",
    };
    const struct source_shape *shape = &s->shapes[index];

    if (shape->kind == SHAPE_CUSTOM)
        fprintf(out, "%s ", s->customs[shape->custom].c_type);
    else if (shape->kind <= SHAPE_MAP)
        fprintf(out, "struct %s_%s %s", s->name, shape->name,
                shape->kind == SHAPE_STRUCTURE && !by_value ? "*" : "");
    else
        fputs(plain[shape->kind], out);
}

static void write_container(const struct source_service *s, const struct source_shape *shape,
                            FILE *out)
{
    fprintf(out, "struct %s_%s {\n    ", s->name, shape->name);
    if (shape->kind == SHAPE_MAP)
        fprintf(out, "struct %s_%s_entry ", s->name, shape->name);
    else
        write_type(s, shape->members[0].shape, true, out);
    fputs("*items;\n    size_t count;\n};\n", out);
}

static void write_structure(const struct source_service *s, const struct source_shape *shape,
                            FILE *out)
{
    fprintf(out, "struct %s_%s {\n", s->name, shape->name);
    for (size_t i = 0; i < shape->member_count; i++) {
        fputs("    ", out);
        write_type(s, shape->members[i].shape, false, out);
        fprintf(out, "%s;%s\n", shape->members[i].c_name,
                shape->members[i].flags & MEMBER_REQUIRED ? " /* required */" : "");
    }
    if (!shape->member_count)
        fputs("    char none_;\n", out);
    fputs("};\n", out);
}

static void write_entry(const struct source_service *s, const struct source_shape *shape, FILE *out)
{
    fprintf(out, "struct %s_%s_entry {\n    const char *key;\n    ", s->name, shape->name);
    write_type(s, shape->members[1].shape, true, out);
    fputs("value;\n};\n", out);
}

static void write_structs(const struct source_service *s, FILE *out)
{
    for (size_t i = 0; i < s->shape_count; i++) {
        const struct source_shape *shape = &s->shapes[i];

        if (shape->kind == SHAPE_STRUCTURE)
            fprintf(out, "struct %s_%s;\n", s->name, shape->name);
        else if (shape->kind == SHAPE_MAP)
            fprintf(out, "struct %s_%s_entry;\n", s->name, shape->name);
    }
    for (size_t i = 0; i < s->shape_count; i++)
        if (is_container(&s->shapes[i]))
            write_container(s, &s->shapes[i], out);
    for (size_t i = 0; i < s->shape_count; i++)
        if (s->shapes[i].kind == SHAPE_STRUCTURE)
            write_structure(s, &s->shapes[i], out);
    for (size_t i = 0; i < s->shape_count; i++)
        if (s->shapes[i].kind == SHAPE_MAP)
            write_entry(s, &s->shapes[i], out);
}

static void write_operations(const struct source_service *s, FILE *out)
{
    char *upper = upper_case(s->name);

    for (size_t i = 0; i < s->operation_count; i++) {
        const struct source_operation *o = &s->operations[i];

        if (o->input < 0)
            fprintf(out, "struct %s_%s {\n    char none_;\n};\n", s->name, o->input_struct);
        if (o->output < 0)
            fprintf(out, "struct %s_%s {\n    char none_;\n};\n", s->name, o->output_struct);
    }
    fprintf(out, "\n/* Index into %s_model.operations. */\nenum %s_operation {\n", s->name,
            s->name);
    for (size_t i = 0; i < s->operation_count; i++)
        fprintf(out, "    %s_OP_%s,\n", upper, s->operations[i].name);
    fprintf(out, "    %s_OPERATIONS,\n};\n", upper);
    fprintf(out, "\n/* A slot per operation; NULL is answered as not implemented. */\n");
    fprintf(out, "struct %s_handlers {\n", s->name);
    for (size_t i = 0; i < s->operation_count; i++) {
        const struct source_operation *o = &s->operations[i];

        fprintf(out,
                "    int (*%s)(struct request *req, const struct %s_%s *in, struct %s_%s *out);\n",
                o->name, s->name, o->input_struct, s->name, o->output_struct);
    }
    if (!s->operation_count)
        fputs("    char none_;\n", out);
    fputs("};\n\n", out);
    free(upper);
}

void write_header(const struct source_service *s, FILE *out)
{
    char *upper = upper_case(s->name);

    fprintf(out, "/* Generated by modelc from %s: change that, not this. */\n", s->path);
    fprintf(out, "#ifndef CADABRA_GEN_%s_H\n#define CADABRA_GEN_%s_H\n\n", upper, upper);
    fprintf(out, "#include \"server/model/shape.h\"\n");
    for (size_t i = 0; i < s->include_count; i++)
        fprintf(out, "#include %s\n", s->includes[i]);
    if (s->custom_count && !s->include_count)
        fprintf(out, "#include \"handlers/%s/custom.h\"\n", s->name);
    fputs("\nstruct request;\n\n", out);
    write_structs(s, out);
    write_operations(s, out);
    for (size_t i = 0; i < s->shape_count; i++)
        if (s->shapes[i].flags & SHAPE_ERROR)
            fprintf(out, "extern const struct aws_error %s_%s;\n", s->name, s->shapes[i].name);
    fprintf(out, "\nextern const struct model %s_model;\n\n#endif\n", s->name);
    free(upper);
}
