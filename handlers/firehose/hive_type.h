/*
 * The types of Hive that columns of a table have, and values of them.
 *
 * https://docs.aws.amazon.com/athena/latest/ug/data-types.html
 *
 * The types of a table's columns are one STRUCT. Everything lies in the arena that was given.
 */
#ifndef CADABRA_FIREHOSE_HIVE_TYPE_H
#define CADABRA_FIREHOSE_HIVE_TYPE_H

#include "server/base/arena.h"

enum hive_kind {
    HIVE_BOOLEAN,
    HIVE_TINYINT,
    HIVE_SMALLINT,
    HIVE_INT,
    HIVE_BIGINT,
    HIVE_FLOAT,
    HIVE_DOUBLE,
    HIVE_DECIMAL,
    HIVE_STRING,
    HIVE_CHAR,
    HIVE_VARCHAR,
    HIVE_BINARY,
    HIVE_DATE,
    HIVE_TIMESTAMP,
    HIVE_ARRAY,
    HIVE_MAP,
    HIVE_STRUCT,
};

enum {
    HIVE_DEPTH_MAX = 32,
    HIVE_PRECISION_MAX = 38,
    HIVE_FIELDS_MAX = 4000, /* of a STRUCT, and so columns of a table */
};

struct hive_field {
    const char *name;
    const struct hive_type *type;
};

struct hive_type {
    enum hive_kind kind;
    int precision;                   /* DECIMAL; CHAR and VARCHAR: characters, at most */
    int scale;                       /* DECIMAL: digits behind the point */
    const struct hive_type *key;     /* MAP; a scalar */
    const struct hive_type *element; /* ARRAY; MAP: of its values */
    const struct hive_field *fields; /* STRUCT; names differ, whatever their case */
    size_t field_count;
};

/* What a Glue table calls a column's type: "struct<a:int,b:array<decimal(10,2)>>". NULL when that
 * is no type, or one that JSON can't be read as (uniontype); *out_problem says why. */
const struct hive_type *hive_type_parse(struct arena *a, const char *text,
                                        const char **out_problem);

struct hive_value {
    bool is_null; /* then nothing else counts */
    union {
        bool boolean;
        int64_t integer;   /* TINYINT to BIGINT; DATE: days since 1970; TIMESTAMP: microseconds */
        double real;       /* FLOAT, DOUBLE; finite */
        __int128 decimal;  /* times ten to the type's scale */
        struct bytes text; /* STRING, CHAR, VARCHAR (UTF-8), BINARY */
        struct hive_list {
            struct hive_value *items;
            size_t count;
        } list; /* ARRAY; STRUCT: one for each field; MAP: key, value, key, value */
    };
};

#endif
