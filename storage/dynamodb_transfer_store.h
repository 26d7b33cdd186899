/* Exports of DynamoDB's tables to S3, and imports: what is known of them, and which still run. */
#ifndef CADABRA_DYNAMODB_TRANSFER_STORE_H
#define CADABRA_DYNAMODB_TRANSFER_STORE_H

#include "storage/dynamodb_store.h"

/* Texts live in the arena that was given. */
struct ddb_transfer {
    int64_t id;
    bool is_import;
    const char *account;
    const char *region;
    const char *table_name;
    const char *code; /* the last part of its ARN; in order of time */
    const char *token;
    uint8_t request[DDB_DIGEST_LEN]; /* digest of what was asked for */
    int64_t started_ms;
    bool running;
    int64_t data_id; /* the table that is read, or written */
    const char *description;
};

enum store_status ddb_transfer_insert(struct ddb_session *s, const struct scope *scope,
                                      const struct ddb_transfer *t);
enum store_status ddb_transfer_find(struct ddb_session *s, const struct scope *scope,
                                    bool is_import, const char *table_name, const char *code,
                                    struct arena *a, struct ddb_transfer *out);
/* One that was started with that token at or after from_ms. */
enum store_status ddb_transfer_by_token(struct ddb_session *s, const struct scope *scope,
                                        bool is_import, const char *token, int64_t from_ms,
                                        struct arena *a, struct ddb_transfer *out);
struct ddb_transfer_filter {
    bool is_import;
    const char *table_name; /* NULL: of all tables */
    int64_t before;         /* only ids below */
    size_t limit;
};
/* The newest first. */
enum store_status ddb_transfer_list(struct ddb_session *s, const struct scope *scope,
                                    const struct ddb_transfer_filter *filter, struct arena *a,
                                    struct ddb_transfer *out, size_t *out_count);
/* The first running one above id `after`. */
enum store_status ddb_transfer_running(struct ddb_session *s, int64_t after, struct arena *a,
                                       struct ddb_transfer *out);
enum store_status ddb_transfer_finish(struct ddb_session *s, int64_t id, const char *description);

#endif
