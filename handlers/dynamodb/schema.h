/*
 * From the tables and indexes that a client describes to definitions, with AWS's checks in AWS's
 * order. Used by CreateTable and UpdateTable. Functions answer 0, or -1 after failing the request.
 */
#ifndef CADABRA_DYNAMODB_SCHEMA_H
#define CADABRA_DYNAMODB_SCHEMA_H

#include "handlers/dynamodb/ops.h"

/* The attributes that the request defines. */
struct ddb_attributes {
    const struct ddb_key_part *items;
    size_t count;
};

struct ddb_attributes ddb_attributes_of(struct request *req,
                                        const struct dynamodb_AttributeDefinitions *definitions);

/* The key of a table. */
int ddb_table_key_schema(struct request *req, const struct dynamodb_KeySchema *in,
                         struct ddb_attributes attributes, struct ddb_key_schema *out);
int ddb_local_indexes(struct request *req, const struct dynamodb_LocalSecondaryIndexList *in,
                      struct ddb_attributes attributes, struct ddb_definition *d);
/* Appends one global index; `d` says which names and billing mode there are. */
int ddb_global_index(struct request *req, const struct dynamodb_GlobalSecondaryIndex *in,
                     struct ddb_attributes attributes, struct ddb_definition *d);
/* Throughput that fits the billing mode; on_demand is the table's. `index` NULL: of the table
 * itself. */
int ddb_throughput_of(struct request *req, const struct dynamodb_ProvisionedThroughput *in,
                      bool on_demand, const char *index, struct ddb_throughput *out);
int ddb_on_demand_of(struct request *req, const struct dynamodb_OnDemandThroughput *in,
                     bool on_demand, struct ddb_on_demand *out);
/* NULL: it stays as it is. */
int ddb_warm_of(struct request *req, const struct dynamodb_WarmThroughput *in,
                struct ddb_warm *out);
/* The ARN of the key that encrypts the table; NULL: the default encryption. */
int ddb_encryption_of(struct request *req, const struct dynamodb_SSESpecification *in,
                      const char **out_key);
/* Every defined attribute must be part of a key. */
int ddb_attributes_all_used(struct request *req, const struct ddb_definition *d);

#endif
