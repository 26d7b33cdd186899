/* Tables made of the items of others: restoring, and copies that are kept as backups. */
#ifndef CADABRA_DYNAMODB_RESTORE_H
#define CADABRA_DYNAMODB_RESTORE_H

#include "handlers/dynamodb/ops.h"

/* The earliest moment that can be restored; recovery must be on. */
int64_t ddb_recovery_earliest_ms(const struct ddb_definition *d, int64_t now_ms);

/* The text of a definition that has the table's key and nothing else: of a copy of its items.
 * Freed with free(). */
char *ddb_bare_definition(const struct ddb_definition *d, bool creating);
/* In a session: starts copying the table as it was before change `number` (0: whatever it holds, of
 * a table that does not change) to the target. The table's definition is stored anew. */
enum store_status ddb_copy_start(struct ddb *d, struct ddb_session *s, const struct ddb_table *t,
                                 int64_t target_id, int64_t number);

#endif
