/*
 * DynamoDB's numbers: 38 significant digits, magnitude 1E-130 to 9.99...E+125, exact. Never a C
 * double.
 */
#ifndef CADABRA_DYNAMODB_NUMBER_H
#define CADABRA_DYNAMODB_NUMBER_H

#include "server/base/base.h"

enum {
    DDB_NUMBER_DIGITS_MAX = 38,
    DDB_NUMBER_EXPONENT_MAX = 125,
    DDB_NUMBER_EXPONENT_MIN = -130,
    DDB_NUMBER_TEXT_MAX = 176, /* of ddb_number_format, with the NUL */
    DDB_NUMBER_PAIRS_MAX = 20,
    DDB_NUMBER_KEY_MAX = 24,
};

/* digits[0].digits[1]... times ten to the exponent; the first and the last digit are not 0. Zero
 * has no digits. */
struct ddb_number {
    bool negative;
    uint8_t count;
    int16_t exponent;
    uint8_t digits[DDB_NUMBER_DIGITS_MAX];
};

enum ddb_number_status {
    DDB_NUMBER_OK,
    DDB_NUMBER_NOT_NUMERIC,
    DDB_NUMBER_OVERFLOW,
    DDB_NUMBER_UNDERFLOW,
    DDB_NUMBER_TOO_PRECISE,
};

/* [+-] digits [. digits] [e [+-] digits], at least one digit before or after the point; nothing
 * else. out is written on success only. */
enum ddb_number_status ddb_number_parse(const char *text, size_t len, struct ddb_number *out);
/* AWS's text for a status that is not OK; text is quoted where AWS does so. In the arena or
 * constant. */
struct arena;
const char *ddb_number_problem(enum ddb_number_status status, const char *text, size_t len,
                               struct arena *a);

/* Plain decimal notation, NUL-terminated. Returns its length. Equal numbers have equal texts. */
size_t ddb_number_format(const struct ddb_number *n, char out[DDB_NUMBER_TEXT_MAX]);

/* Below 0, 0, above 0. */
int ddb_number_compare(const struct ddb_number *a, const struct ddb_number *b);
/* Exact, or a status that says why there is no exact result. out may be a or b. */
enum ddb_number_status ddb_number_add(const struct ddb_number *a, const struct ddb_number *b,
                                      struct ddb_number *out);
enum ddb_number_status ddb_number_subtract(const struct ddb_number *a, const struct ddb_number *b,
                                           struct ddb_number *out);

/* What the number adds to the size of an item. */
size_t ddb_number_size(const struct ddb_number *n);

/* Bytes whose order under memcmp (shorter first when one is the beginning of the other) is the
 * order of the numbers. Returns their count. */
size_t ddb_number_key(const struct ddb_number *n, uint8_t out[DDB_NUMBER_KEY_MAX]);

#endif
