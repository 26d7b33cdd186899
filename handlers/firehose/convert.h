/*
 * Format conversion: records of JSON become rows of a columnar file, by the schema of a table.
 *
 * https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
 *
 * What it needs of others is struct conversion_parts: where a table's columns come from, and what
 * writes the file. catalog.h has those of the Glue Data Catalog and Parquet.
 */
#ifndef CADABRA_FIREHOSE_CONVERT_H
#define CADABRA_FIREHOSE_CONVERT_H

#include "handlers/firehose/deliver.h"
#include "handlers/firehose/frame.h"
#include "handlers/firehose/json_row.h"
#include "handlers/firehose/spool.h"

/* Which table; as SchemaConfiguration says, with its defaults. */
struct table_name {
    const char *catalog_id; /* an account */
    const char *region;
    const char *database;
    const char *table;
    const char *version_id; /* "LATEST", or a number */
};

struct table_columns {
    struct table_column {
        const char *name;
        const char *type; /* as the catalog has it: hive_type.h */
    } * items;
    size_t count;
};

struct column_writer;

/* All are thread-safe; a writer belongs to one thread. */
struct conversion_parts {
    /* The columns of a table, in their order, without those it is partitioned by; in the arena.
     * STORE_NOT_FOUND: there is no such table, or no such version of it. */
    enum store_status (*find_columns)(struct app *app, const struct table_name *name,
                                      struct arena *a, struct table_columns *out);
    /* NULL, or what is missing on this machine to write such a file, and what to do about it. */
    const char *(*missing)(struct app *app);
    /* NULL, or which of the serializer's options is not honoured as it is given. */
    const char *(*option_problem)(const struct firehose_ParquetSerDe *options);
    /* Begins a file of rows of `table` (a STRUCT that outlives the writer), by the serializer's
     * options; NULL after logging why not. What it writes goes to `out`, at the end at the latest.
     */
    struct column_writer *(*begin)(struct app *app, const struct hive_type *table,
                                   const struct firehose_ParquetSerDe *options, struct spool *out);
    /* One row, a value of the table's STRUCT; what it keeps it copies. Faults are told by end(). */
    void (*add)(struct column_writer *w, const struct hive_value *row);
    /* Ends the file and frees the writer. False after a fault: `out` is then worth nothing. */
    bool (*end)(struct column_writer *w);
};

/* What a destination that converts must fulfil, in AWS's words, and that its table is there. 0, or
 * a failed request. */
int conversion_check(struct request *req, const struct conversion_parts *parts,
                     const struct destination *d);

/* `s` has its required members; account and region are those of who owns the stream. */
struct table_name conversion_table(const struct firehose_SchemaConfiguration *s,
                                   const char *account, const char *region);
/* The type of the table's rows, which the deserializer can read; in the arena. STORE_NOT_FOUND:
 * *out_why says why there is none. */
enum store_status conversion_find_type(struct app *app, const struct conversion_parts *parts,
                                       const struct firehose_Deserializer *deserializer,
                                       const struct table_name *name, struct arena *a,
                                       const struct hive_type **out,
                                       struct json_row_failure *out_why);

struct converted {
    size_t rows;           /* 0: there is no file to deliver */
    struct chunker failed; /* what could not be converted, as lines for the error prefix */
};

/* All records of the buffer into `out`. The work's destination converts. False: it could not be
 * done for now (logged); nothing of it is worth anything then. */
bool convert_records(struct work *w, struct spool *out, struct converted *converted);

#endif
