/* Tables as DescribeTable and its like show them. */
#ifndef CADABRA_DYNAMODB_DESCRIBE_H
#define CADABRA_DYNAMODB_DESCRIBE_H

#include "handlers/dynamodb/ops.h"

/* What is counted rather than defined; NULL for zeros. */
struct ddb_table_counts {
    int64_t items;
    int64_t bytes;
    int64_t *index_items; /* in the order of the definition's indexes */
    int64_t *index_bytes;
};

/* In the request's arena. `status` is that of the table and of its global indexes. */
struct dynamodb_TableDescription *ddb_describe(struct request *req, const struct ddb_table *t,
                                               const char *status,
                                               const struct ddb_table_counts *counts);
/* The two parts that a backup shows of the table that it was made of. Counts are left out. */
void ddb_describe_source(struct request *req, const struct ddb_table *t,
                         struct dynamodb_BackupDescription *out);
const char *ddb_table_arn(struct request *req, const char *name);

#endif
