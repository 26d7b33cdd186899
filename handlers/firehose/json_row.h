/*
 * From records of JSON to rows of a table: the two deserializers of a format conversion.
 *
 * https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion-concepts.html
 *
 * OpenX is lenient: numbers may be strings, a value that is no array becomes an array of one, an
 * array fills a struct by position, and what nests becomes text where text is wanted; unless it is
 * told otherwise it takes keys in lower case, also those of maps. Hive takes values as they are,
 * and timestamps by the formats it is given. Both match names whatever their case, fill what is
 * missing with null, and drop what the table does not know.
 */
#ifndef CADABRA_FIREHOSE_JSON_ROW_H
#define CADABRA_FIREHOSE_JSON_ROW_H

#include <firehose.h> /* generated from the model */

#include "handlers/firehose/hive_type.h"

struct json_rows {
    struct hive_value *items; /* each as of the table's STRUCT */
    size_t count;
};

struct json_row_failure {
    const char *code; /* "DataFormatConversion.ParseError", ... */
    const char *message;
};

/* NULL, or what `deserializer` (one of its members is set) can't do with such a table, or with its
 * own options; in the arena. */
const char *json_row_problem(const struct firehose_Deserializer *deserializer,
                             const struct hive_type *table, struct arena *a);
/* NULL, or which option it can't follow; in the arena. */
const char *json_row_option_problem(const struct firehose_Deserializer *deserializer,
                                    struct arena *a);

/* The rows of one record: it holds one document or several, one after the other. All or none: false
 * says why in *out_failure. Rows borrow from the record. */
bool json_row_read(const struct firehose_Deserializer *deserializer, const struct hive_type *table,
                   struct bytes record, struct arena *a, struct json_rows *out,
                   struct json_row_failure *out_failure);

/* Where the next of documents that stand one after the other begins; `end`: there is none. */
const char *json_row_next(const char *at, const char *end);

#endif
