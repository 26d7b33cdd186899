/*
 * Global tables: tables of one name in several regions of this server that hold the same items.
 *
 * A change is applied to all of them in the transaction that makes it (write.c), so replicas are
 * never behind and never in conflict. Each member's definition lists the others; whatever changes
 * the group makes a new version of all of them, so no write can miss one.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GlobalTables.html
 */
#ifndef CADABRA_DYNAMODB_REPLICA_H
#define CADABRA_DYNAMODB_REPLICA_H

#include "handlers/dynamodb/ops.h"

/* What UpdateTable asks for, checked: 0, or -1 after failing the request. The definition's replicas
 * and stream are changed; what is to be made and removed stands in the plan. */
struct ddb_replica_plan {
    const char *create[8];
    const char *table_class[8]; /* of those that are made; NULL: the table's own */
    size_t create_count;
    int64_t remove[8]; /* ids of tables */
    size_t remove_count;
};
int ddb_replica_take(struct request *req, const struct dynamodb_ReplicationGroupUpdateList *in,
                     const struct ddb_table *t, struct ddb_definition *d,
                     struct ddb_replica_plan *out);
/* In the session: makes and removes tables, and brings the others to what `d` says of keys,
 * indexes, billing and time to live. `d` is stored too. The serials are those of an index that is
 * new, and of one that is no more; -1: none. */
enum store_status ddb_replica_store(struct request *req, struct ddb_session *s,
                                    const struct ddb_table *t, struct ddb_definition *d,
                                    const struct ddb_replica_plan *plan, int created_serial,
                                    int deleted_serial);
/* A table leaves its group: in the session that deletes it. */
enum store_status ddb_replica_leave(struct ddb_session *s, const struct ddb_table *t);
/* After the commit: the others are read anew. */
void ddb_replicas_changed(struct ddb *d, const struct ddb_table *t);

#endif
