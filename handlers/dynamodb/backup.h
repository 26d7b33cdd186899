/* Backups inside the service. */
#ifndef CADABRA_DYNAMODB_BACKUP_H
#define CADABRA_DYNAMODB_BACKUP_H

#include "handlers/dynamodb/ops.h"
#include "storage/dynamodb_backup_store.h"

/* The backup that an ARN names; 0, or -1 after failing the request. */
int ddb_backup_get(struct request *req, const char *arn, struct ddb_backup *out);
/* In the session that deletes a table whose recovery is on. AWS: what it held can be restored for
 * 35 days. The table's rows become the backup's, so nothing is copied. */
enum store_status ddb_backup_deleted(struct request *req, struct ddb_session *s,
                                     const struct ddb_table *t);

#endif
