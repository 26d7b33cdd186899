/* Changing a table's definition: used by UpdateTable and by the operations on tags. */
#ifndef CADABRA_DYNAMODB_REDEFINE_H
#define CADABRA_DYNAMODB_REDEFINE_H

#include "handlers/dynamodb/ops.h"

/* A copy whose indexes and attributes can be changed, with room for one more index. */
struct ddb_definition ddb_definition_copy(const struct ddb_definition *d, struct arena *a);
/* Stores it as the table's next version. After the commit ddb_table_changed() must be called, or
 * ddb_table_forget(). */
enum store_status ddb_redefine(struct ddb_session *s, const struct ddb_table *t,
                               const struct ddb_definition *d);
/* The same as a whole write. DDB_AGAIN: *t was replaced; make the definition anew. */
enum ddb_begin ddb_redefine_now(struct request *req, const struct ddb_table **t,
                                const struct ddb_definition *d);

#endif
