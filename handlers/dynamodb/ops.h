/* The operations that are built, and what they take and give: the generated structs of the model.
 */
#ifndef CADABRA_DYNAMODB_OPS_H
#define CADABRA_DYNAMODB_OPS_H

#include "dynamodb.h"
#include "handlers/dynamodb/state.h"

#define DDB_OPERATION(name, Name)                                                                  \
    int dynamodb_##name(struct request *req, const struct dynamodb_##Name##Input *in,              \
                        struct dynamodb_##Name##Output *out)

DDB_OPERATION(create_table, CreateTable);
DDB_OPERATION(describe_table, DescribeTable);
DDB_OPERATION(list_tables, ListTables);
DDB_OPERATION(delete_table, DeleteTable);

#endif
