/* What UpdateItem and the Update of transactions share. */
#ifndef CADABRA_DYNAMODB_UPDATE_ITEM_H
#define CADABRA_DYNAMODB_UPDATE_ITEM_H

#include "handlers/dynamodb/expr.h"
#include "handlers/dynamodb/write.h"

/* What the update may not touch in this table: NULL, or AWS's words. */
const char *ddb_update_problem(const struct ddb_table *t, const struct ddb_update *update,
                               struct arena *a);
/* After the change was read: what the item becomes. NULL, or what AWS says of this item. */
const char *ddb_update_change(struct ddb_change *c, const struct ddb_item *key,
                              const struct ddb_update *update, struct arena *a);

#endif
