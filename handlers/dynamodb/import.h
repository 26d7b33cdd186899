/* Items out of the texts that are imported: see import.c and import_read.c. */
#ifndef CADABRA_DYNAMODB_IMPORT_H
#define CADABRA_DYNAMODB_IMPORT_H

#include "handlers/dynamodb/transfer.h"

struct ddb_import;

struct ddb_import_options {
    const char *bucket;
    const char *prefix;
    const char *account;
    bool csv; /* else DynamoDB JSON, a line each */
    bool gzip;
    char delimiter;
    const char *const *header; /* names of the columns; count 0: the first record has them */
    size_t header_count;
};

/* What one item gives: item->problem is looked at by the receiver. NULL: the text was no item. */
typedef enum store_status ddb_import_receiver(void *context, const struct ddb_item *item);

/* Reads all objects. `a` is reset by the receiver when it likes, but never in a call that returns
 * anything but STORE_OK. STORE_NOT_FOUND: no such bucket. STORE_CONFLICT: the task is to stop.
 * *out_bytes: how much was read. */
enum store_status ddb_import_read(struct app *app, struct background_task *task,
                                  const struct ddb_import_options *options,
                                  const struct ddb_table *table, struct arena *a,
                                  ddb_import_receiver *receive, void *context, int64_t *out_bytes);

#endif
