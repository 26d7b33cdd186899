/*
 * The types of partition keys that expressions know, and values of them: how a text is read as one,
 * and how two compare.
 *
 * https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
 */
#ifndef CADABRA_GLUE_EXPRESSION_VALUE_H
#define CADABRA_GLUE_EXPRESSION_VALUE_H

#include "server/base/arena.h"

enum glue_key_type {
    GLUE_KEY_UNKNOWN, /* a type that expressions can't have */
    GLUE_KEY_TEXT,    /* string, char, varchar */
    GLUE_KEY_INTEGER, /* tinyint to bigint, of any size */
    GLUE_KEY_DECIMAL,
    GLUE_KEY_DATE,
    GLUE_KEY_TIMESTAMP,
};

/* "varchar(10)" is GLUE_KEY_TEXT; compared without case. */
enum glue_key_type glue_key_type_of(const char *name);

/* Borrows the text that it was read from. */
struct glue_scalar {
    struct bytes text;
    /* Of a number: sign, digits from the first to the last that is not 0 (a point may stand among
     * them; none: the number is 0), and how many digits stand before the point. */
    bool negative;
    struct bytes digits;
    int64_t magnitude;
};

/* False where the text is no value of that type. */
bool glue_scalar_read(enum glue_key_type type, struct bytes text, struct glue_scalar *out);
/* What is wrong then, in AWS's words. */
const char *glue_scalar_problem(enum glue_key_type type, struct bytes text, struct arena *a);
/* Below, equal or above 0, as with memcmp(). Both are of that type. */
int glue_scalar_compare(enum glue_key_type type, const struct glue_scalar *a,
                        const struct glue_scalar *b);

/* LIKE: % stands for any characters, _ for one; all else, with its case, for itself. */
bool glue_text_like(struct bytes text, struct bytes pattern);

#endif
