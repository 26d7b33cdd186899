/*
 * S3 Select's SQL: one table, one pass.
 *
 *   SELECT * | expression [[AS] name], ... FROM S3Object[[*]][.path] [[AS] alias]
 *   [WHERE condition] [LIMIT number]
 *
 * A query is parsed once (select_parse.c), then evaluated row by row (select_evaluate.c,
 * select_function.c) while a reader takes rows from the object (select_csv.c, select_json.c) and a
 * writer makes records of the results (select_write.c). Nothing grows with the object: a row is at
 * most SELECT_ROW_MAX bytes, and lives in an arena that is emptied after it.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-select-sql-reference.html
 */
#ifndef CADABRA_S3_SELECT_H
#define CADABRA_S3_SELECT_H

#include "server/base/arena.h"
#include "server/base/json_read.h"
#include "server/base/strbuf.h"

enum {
    SELECT_TEXT_MAX = 256 * 1024, /* of a query, as on AWS */
    SELECT_ROW_MAX = 1 << 20,
    SELECT_DEPTH_MAX = 64,
    SELECT_ITEMS_MAX = 1024, /* of a list, of projections, of steps of a path */
};

/* --- values --- */

enum select_type {
    SELECT_MISSING, /* there is no such column */
    SELECT_NULL,
    SELECT_BOOL,
    SELECT_INT,
    SELECT_FLOAT,
    SELECT_STRING,
    SELECT_TIMESTAMP,
    SELECT_JSON, /* an object or a list, as its text */
};

struct select_value {
    enum select_type type;
    bool untyped; /* a field of CSV: a string that is taken for a number where one is wanted */
    union {
        bool boolean;
        int64_t integer; /* and of a timestamp: milliseconds since 1970 */
        double real;
    };
    struct jr_text text; /* of strings and JSON; not NUL-terminated */
};

/* --- a row --- */

struct select_row {
    /* CSV: fields by position, and their names where the file has a header. */
    const struct jr_text *fields;
    size_t field_count;
    const struct jr_text *names; /* NULL: none */
    size_t name_count;
    /* JSON: the document. data NULL for CSV. */
    struct jr_text json;
    bool times_are_texts; /* Parquet: a text is taken for a time where one is wanted */
};

/* --- a query --- */

struct select_query;

/* What went wrong, as an error of S3: all have status 400. */
struct select_error {
    const char *code; /* ParseUnexpectedToken, CastFailed, ...; NULL: nothing did */
    const char *text;
};

/* NULL after filling out_error. The query lies in the arena. A query with aggregates keeps their
 * state in itself: one run per query. */
struct select_query *select_parse(struct arena *a, const char *text,
                                  struct select_error *out_error);

enum select_outcome {
    SELECT_SKIP,   /* the row is not in the result */
    SELECT_RESULT, /* it is: out holds one value per projection */
    SELECT_DONE,   /* LIMIT is reached, and this row is not in the result */
    SELECT_FAULT,
};

/* Results: the values of the projections, or the row itself for `SELECT *` (count 0). */
struct select_result {
    struct select_value *values;
    size_t count;
};

/* Evaluates one row; what it makes lies in `a`. A query with aggregates gives no result until
 * select_finish(). */
enum select_outcome select_row(struct select_query *q, struct arena *a,
                               const struct select_row *row, struct select_result *out,
                               struct select_error *out_error);
/* At the end: SELECT_RESULT with the aggregates, SELECT_DONE when there are none. */
enum select_outcome select_finish(struct select_query *q, struct arena *a,
                                  struct select_result *out, struct select_error *out_error);

/* The name of the i-th column of the result: an alias, a column's own name, or _1, _2. */
const char *select_result_name(const struct select_query *q, size_t i);
/* What follows S3Object[*] in FROM: the rows are the values at that path of each document. Steps as
 * in select_path. NULL: the documents are the rows. */
const struct select_path *select_from_path(const struct select_query *q);

#endif
