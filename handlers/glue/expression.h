/*
 * The expressions by which GetPartitions filters: comparisons of partition keys with literals,
 * joined by AND, OR, NOT and parentheses.
 *
 * https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
 *
 * A parsed expression is constant and lies in the arena; any thread may evaluate it. It can be
 * asked with the first values of a partition alone, so that a walk through the sorted partitions
 * may pass over all that can't match.
 */
#ifndef CADABRA_GLUE_EXPRESSION_H
#define CADABRA_GLUE_EXPRESSION_H

#include "server/base/arena.h"

struct glue_key {
    const char *name;
    const char *type;
};

struct glue_keys {
    const struct glue_key *items;
    size_t count;
};

struct glue_expression;

/* NULL where the text is no expression over these keys; *out_problem then tells why, in AWS's
 * words. */
const struct glue_expression *glue_expression_parse(struct arena *a, const char *text,
                                                    const struct glue_keys *keys,
                                                    const char **out_problem);

/* What an expression can still be once some values are known: any of these, or'ed. */
enum glue_truth { GLUE_TRUE = 1, GLUE_FALSE = 2, GLUE_NULL = 4 };

/* What is known of a partition: the first values, in the order of the keys. */
struct glue_known {
    const struct bytes *values;
    size_t count;
    struct arena *arena; /* for `problem` */
    /* Set where a value is none of its key's type, in AWS's words; NULL before. What is answered
     * then is worth nothing. */
    const char *problem;
};

unsigned glue_expression_eval(const struct glue_expression *e, struct glue_known *known);

#endif
