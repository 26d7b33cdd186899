/* What the files of metric math share. Not for others. */
#ifndef CADABRA_CLOUDWATCH_MATH_PARTS_H
#define CADABRA_CLOUDWATCH_MATH_PARTS_H

#include "handlers/cloudwatch/math.h"

enum math_operator {
    MATH_OR,
    MATH_AND,
    MATH_EQUAL,
    MATH_UNEQUAL,
    MATH_LESS_EQUAL,
    MATH_GREATER_EQUAL,
    MATH_LESS,
    MATH_GREATER,
    MATH_ADD,
    MATH_SUBTRACT,
    MATH_MULTIPLY,
    MATH_DIVIDE,
    MATH_POWER,
};

struct math_machine;

struct math_function {
    const char *name;
    size_t least, most; /* arguments */
    bool (*call)(struct math_machine *m, const struct math_function *f,
                 const struct math_value *arguments, size_t count, struct math_value *out);
};

/* --- math_function.c --- */

/* NULL where there is none of that name. */
const struct math_function *math_function_find(const char *name, size_t len);

/* --- math_parse.c --- */

/* One step: takes its operands from the stack of values, and leaves one value. */
struct math_step {
    enum {
        STEP_NUMBER,
        STEP_WORD,
        STEP_NAME,
        STEP_LIST,
        STEP_CALL,
        STEP_OPERATOR,
        STEP_NEGATE,
    } kind;
    double number;
    const char *text;
    const struct math_function *function;
    enum math_operator operator;
    size_t count; /* operands of a list or call */
};

struct math_expression {
    const struct math_step *steps;
    size_t count;
    const char *const *names;
};

const char *math_operator_text(enum math_operator operator);

/* --- math_evaluate.c --- */

/* What evaluates an expression. */
struct math_machine {
    struct arena *arena;
    struct math_scope *scope;
    struct math_problem *problem;
};

/* All of them return false. */
bool math_fail(struct math_machine *m, const char *format, ...) PRINTF_LIKE(2, 3);
bool math_fail_types(struct math_machine *m, const char *name, const struct math_value *arguments,
                     size_t count);
/* NULL after failing: too many of them. */
struct math_point *math_points_new(struct math_machine *m, size_t count);
struct math_series *math_series_new(struct math_machine *m, size_t count);
/* Of the type that `of` has, over series of the caller's. */
struct math_value math_value_of(const struct math_value *of, const struct math_series *series);

#endif
