/*
 * Exports of tables to S3 and imports from it: one background thread, which runs while there are
 * any. One that was cut off begins anew, and writes the same objects or items again.
 */
#ifndef CADABRA_DYNAMODB_TRANSFER_H
#define CADABRA_DYNAMODB_TRANSFER_H

#include "handlers/dynamodb/ops.h"
#include "storage/dynamodb_transfer_store.h"

struct background_task;

struct ddb_transfers *ddb_transfers_new(struct ddb *d);
void ddb_transfers_free(struct ddb_transfers *x); /* all background work must have been stopped */
/* There may be a running one. Thread-safe. */
void ddb_transfers_wake(struct ddb *d);

/* One export or import, from begin to end, with its result stored. STORE_CONFLICT: it can't be done
 * yet, or the task is to stop. */
enum store_status ddb_export_run(struct ddb *d, struct background_task *task,
                                 const struct ddb_transfer *t);
enum store_status ddb_import_run(struct ddb *d, struct background_task *task,
                                 const struct ddb_transfer *t);

/* --- what both sets of operations share --- */

enum { DDB_TOKEN_LIFE_MS = 8 * 3600 * 1000 };

/* ".../export/CODE" of the caller; the failure is the caller's to word: STORE_NOT_FOUND. */
enum store_status ddb_transfer_get(struct request *req, const char *arn_text, bool is_import,
                                   struct ddb_transfer *out);
const char *ddb_transfer_code(struct request *req);
/* An earlier one with the same token: STORE_OK it asked for the same, STORE_CONFLICT for something
 * else, STORE_NOT_FOUND there is none. */
enum store_status ddb_transfer_again(struct request *req, bool is_import, const char *token,
                                     const uint8_t request[DDB_DIGEST_LEN],
                                     struct ddb_transfer *out);
/* A page, the newest first. The token is that of the last id. 0, or -1 after failing. */
int ddb_transfer_page(struct request *req, bool is_import, const char *table_arn,
                      const char *next_token, size_t limit, struct ddb_transfer *rows,
                      size_t *out_count, const char **out_token);

#endif
