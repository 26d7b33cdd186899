/* Records of S3 Select's results, as CSV or JSON. */
#ifndef CADABRA_S3_SELECT_OUTPUT_H
#define CADABRA_S3_SELECT_OUTPUT_H

#include "gen/s3.h"
#include "handlers/s3/select.h"

/* What a client asks the results to look like; false after filling out_error. */
bool select_output_check(const struct s3_OutputSerialization *serialization,
                         struct select_error *out_error);

/* Appends one record. `row` is written whole where the result has no values (SELECT *). Works in
 * `a`. */
void select_output_write(struct strbuf *b, struct arena *a,
                         const struct s3_OutputSerialization *serialization,
                         const struct select_query *query, const struct select_row *row,
                         const struct select_result *result);

#endif
