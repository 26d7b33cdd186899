/*
 * ItemCount and sizes of tables and indexes. Small ones are counted when they are asked for. Of
 * large ones the last count is told, and made anew in the background when it is some minutes old;
 * AWS does so every six hours.
 */
#ifndef CADABRA_DYNAMODB_COUNTS_H
#define CADABRA_DYNAMODB_COUNTS_H

#include "handlers/dynamodb/describe.h"

/* 0, or -1 after failing the request. */
int ddb_counts_of(struct request *req, const struct ddb_table *t, struct ddb_table_counts *out);
/* Counts a table and its indexes, in short reads; for the keeper. */
void ddb_counts_renew(struct ddb *d, int64_t table_id, bool (*stop)(const void *context),
                      const void *context);

#endif
