/* What the files of S3 Select share: the parsed query. Not for others. */
#ifndef CADABRA_S3_SELECT_QUERY_H
#define CADABRA_S3_SELECT_QUERY_H

#include "handlers/s3/select.h"

enum { SELECT_TREE_MAX = 256 };

/* a, "a", [1], [*] */
struct select_step {
    const char *name; /* NULL: an index */
    bool exact;       /* quoted: compared with case */
    int64_t index;    /* -1: all elements */
};

struct select_path {
    struct select_step *steps;
    size_t count;
};

enum select_kind {
    SELECT_LITERAL,
    SELECT_COLUMN, /* path */
    SELECT_STAR,   /* COUNT(*) */
    SELECT_UNARY,
    SELECT_BINARY,
    SELECT_LIKE,    /* text, pattern, escape or nothing; negated */
    SELECT_BETWEEN, /* value, low, high; negated */
    SELECT_IN,      /* value, items...; negated */
    SELECT_IS,      /* value; type; negated */
    SELECT_CASE,    /* when, then, when, then, ..., else or nothing */
    SELECT_CAST,    /* value; cast */
    SELECT_CALL,    /* function */
    SELECT_AGGREGATE,
};

enum select_operator {
    SELECT_ADD,
    SELECT_SUBTRACT,
    SELECT_MULTIPLY,
    SELECT_DIVIDE,
    SELECT_MODULO,
    SELECT_CONCAT,
    SELECT_EQUAL,
    SELECT_UNEQUAL,
    SELECT_LESS,
    SELECT_LESS_EQUAL,
    SELECT_GREATER,
    SELECT_GREATER_EQUAL,
    SELECT_AND,
    SELECT_OR,
    SELECT_NOT,
    SELECT_MINUS,
    SELECT_PLUS,
};

enum select_cast {
    SELECT_TO_BOOL,
    SELECT_TO_INT,
    SELECT_TO_FLOAT,
    SELECT_TO_STRING,
    SELECT_TO_TIMESTAMP,
};

enum select_function {
    SELECT_COALESCE,
    SELECT_NULLIF,
    SELECT_CHAR_LENGTH,
    SELECT_LOWER,
    SELECT_UPPER,
    SELECT_SUBSTRING,
    SELECT_TRIM,
    SELECT_DATE_ADD,
    SELECT_DATE_DIFF,
    SELECT_EXTRACT,
    SELECT_TO_STRING_CALL,
    SELECT_TO_TIMESTAMP_CALL,
    SELECT_UTCNOW,
};

enum select_trim { SELECT_TRIM_BOTH, SELECT_TRIM_LEADING, SELECT_TRIM_TRAILING };

enum select_date_part {
    SELECT_YEAR,
    SELECT_MONTH,
    SELECT_DAY,
    SELECT_HOUR,
    SELECT_MINUTE,
    SELECT_SECOND,
    SELECT_TIMEZONE_HOUR,
    SELECT_TIMEZONE_MINUTE,
};

enum select_aggregate { SELECT_COUNT, SELECT_SUM, SELECT_AVG, SELECT_MIN, SELECT_MAX };

struct select_expression {
    enum select_kind kind;
    bool negated;
    union {
        enum select_operator op;
        enum select_cast cast;
        enum select_function function;
        enum select_aggregate aggregate;
        enum select_type is; /* SELECT_NULL or SELECT_MISSING */
    };
    int depth; /* of the tree below it */
    int part;  /* of TRIM, DATE_ADD, DATE_DIFF, EXTRACT */
    struct select_expression **args;
    size_t count;
    struct select_value value; /* of a literal; an aggregate's state */
    int64_t rows;              /* that an aggregate has seen */
    struct select_path path;
};

struct select_projection {
    struct select_expression *expression;
    const char *name;
};

struct select_query {
    struct arena *arena;
    struct select_projection *projections;
    size_t count; /* 0: all columns */
    struct select_path from;
    const char *alias; /* NULL: none but s3object */
    struct select_expression *where;
    int64_t limit; /* -1: none */
    int64_t given; /* results so far */
    bool aggregates;
};

/* Evaluating. Texts of results lie in the arena, in the row, or in the query. */
struct select_context {
    struct arena *arena;
    const struct select_row *row;
    struct select_error *error;
};

/* False after filling error. */
bool select_evaluate(struct select_context *c, struct select_expression *e,
                     struct select_value *out);
bool select_call(struct select_context *c, struct select_expression *e, struct select_value *out);
bool select_cast_to(struct select_context *c, const struct select_value *v, enum select_cast to,
                    struct select_value *out);
/* Always false. */
bool select_fault(struct select_error *e, const char *code, const char *text);

/* -1, 0, 1; false where the two can't be compared. */
bool select_compare(struct select_context *c, const struct select_value *a,
                    const struct select_value *b, int *out);
/* As an int or a float; false when it is none. */
bool select_number(struct arena *a, const struct select_value *v, struct select_value *out);
/* How a result shows the value. "" for null and missing. */
struct jr_text select_text(struct arena *a, const struct select_value *v);
/* The value of JSON text; strings without their quotes. */
bool select_from_json(struct arena *a, struct jr_text json, struct select_value *out);
/* What stands at the path, from step `from` on. [*] is not followed. */
struct select_value select_at_path(struct arena *a, struct jr_text json,
                                   const struct select_path *path, size_t from);

static inline struct select_value select_string(const char *data, size_t len)
{
    return (struct select_value){.type = SELECT_STRING, .text = {data, len}};
}

static inline struct select_value select_bool(bool value)
{
    return (struct select_value){.type = SELECT_BOOL, .boolean = value};
}

static inline struct select_value select_int(int64_t value)
{
    return (struct select_value){.type = SELECT_INT, .integer = value};
}

static inline bool select_absent(const struct select_value *v)
{
    return v->type == SELECT_NULL || v->type == SELECT_MISSING;
}

#endif
