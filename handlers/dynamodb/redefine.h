/* Changing a table's definition: used by UpdateTable and by the operations on tags. */
#ifndef CADABRA_DYNAMODB_REDEFINE_H
#define CADABRA_DYNAMODB_REDEFINE_H

#include "handlers/dynamodb/ops.h"

/* A copy whose indexes and attributes can be changed, with room for one more index. */
struct ddb_definition ddb_definition_copy(const struct ddb_definition *d, struct arena *a);
/* Stores it as the table's next version. After the commit ddb_table_changed() must be called. */
enum store_status ddb_redefine(struct ddb_session *s, const struct ddb_table *t,
                               const struct ddb_definition *d);

#endif
