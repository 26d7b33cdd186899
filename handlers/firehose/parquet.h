/* Rows of a table into a Parquet file: the writer of a format conversion (convert.h). */
#ifndef CADABRA_FIREHOSE_PARQUET_H
#define CADABRA_FIREHOSE_PARQUET_H

#include "handlers/firehose/convert.h"

/* NULL, or what is missing here to write Parquet at all. */
const char *parquet_missing(struct app *app);
/* NULL, or the option (of ParquetSerDe) that can't be honoured as it is given. */
const char *parquet_option_problem(const struct firehose_ParquetSerDe *options);

/* begin, add and end of struct conversion_parts. */
struct column_writer *parquet_begin(struct app *app, const struct hive_type *table,
                                    const struct firehose_ParquetSerDe *options, struct spool *out);
void parquet_add(struct column_writer *w, const struct hive_value *row);
bool parquet_end(struct column_writer *w);

#endif
