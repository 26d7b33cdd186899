/* What modelc has read of one service. Texts point into the files' contents, which stay in memory
 * to the end. */
#ifndef CADABRA_MODELC_H
#define CADABRA_MODELC_H

#include "server/model/shape.h"

struct source_member {
    const char *name;
    const char *c_name;
    const char *wire; /* NULL: the name */
    const char *query_name;
    const char *xml_namespace;
    const char *xml_prefix;
    const char *shape_name;
    int shape; /* index, once resolved */
    int line;
    enum member_location location;
    enum timestamp_format timestamp_format;
    unsigned flags; /* enum member_flag */
};

struct source_custom {
    const char *shape_name;
    const char *c_type;
    const char *codec;
    int line;
};

/* What a .custom says of a shape, or of all shapes with a pattern. */
struct source_rule {
    const char *subject; /* a shape's name: its constraints are not checked; or a pattern */
    const char *words;   /* of the pattern; NULL with a shape */
    const char *root;    /* the shape's XML root element; NULL: the rule is another */
    const char *last;    /* the member that stands behind all others; NULL: the rule is another */
    int line;
};

struct source_shape {
    const char *name;
    int line;
    enum shape_kind kind;
    enum timestamp_format timestamp_format;
    unsigned flags; /* enum shape_flag */
    int64_t min;
    int64_t max;
    const char *wire;
    const char *xml_namespace;
    const char *xml_prefix;
    const char *payload;
    const char *pattern;
    const char *pattern_words;
    struct source_member *members;
    size_t member_count;
    const char **enums;
    size_t enum_count;
    int custom; /* index into customs, -1: none */
    /* Of an error: */
    const char *code; /* NULL: the name */
    int status;
    bool fault; /* the server's, not the sender's */
};

struct source_operation {
    const char *name;
    int line;
    const char *method;
    const char *uri;
    const char *wrapper;
    const char *input_name; /* NULL: none */
    const char *output_name;
    int input; /* index, once resolved; -1: none */
    int output;
    int status;
    unsigned flags; /* enum operation_flag */
    const char **errors;
    size_t error_count;
    /* The C structs' names without the service's prefix. */
    char *input_struct;
    char *output_struct;
};

struct source_service {
    const char *path;        /* the .model */
    const char *custom_path; /* the .custom beside it, NULL where there is none */
    const char *name;
    const char *api_version;
    const char *scope;
    const char *target_prefix;
    const char *xml_namespace;
    const char *validation_error; /* a shape's name; NULL: the common error */
    unsigned protocols;           /* enum protocol_kind */
    bool query_compatible;
    const char **includes;
    size_t include_count;
    struct source_custom *customs;
    size_t custom_count;
    struct source_rule *rules;
    size_t rule_count;
    struct source_shape *shapes; /* sorted by name, once resolved; so are the operations */
    size_t shape_count;
    struct source_operation *operations;
    size_t operation_count;
};

/* Grows an array by one zeroed element and yields a pointer to it. */
#define ARRAY_GROW(array, count)                                                                   \
    ((array) = grow_array((array), (count), sizeof *(array)), &(array)[(count)++])
void *grow_array(void *array, size_t count, size_t element_size);
char *format_text(const char *format, ...) PRINTF_LIKE(1, 2);
/* Prints "file:line: text" and ends the program with status 1. */
_Noreturn void fail_at(const char *path, int line, const char *format, ...) PRINTF_LIKE(3, 4);

/* modelc_read.c: the files' words become structs; names are not looked up yet. */
void read_model(struct source_service *service, const char *path);
/* modelc_resolve.c: looks names up, and refuses what is unknown or there twice. */
void resolve_model(struct source_service *service);

/* modelc_header.c, modelc_tables.c */
void write_header(const struct source_service *service, FILE *out);
void write_tables(const struct source_service *service, FILE *out);

/* The name of the macro-like constants of a service: KINESIS. */
char *upper_case(const char *text);

#endif
