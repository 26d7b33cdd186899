/* Where changes of DynamoDB's tables are delivered to, and how far each delivery has come. */
#ifndef CADABRA_DYNAMODB_DELIVERY_STORE_H
#define CADABRA_DYNAMODB_DELIVERY_STORE_H

#include "storage/dynamodb_store.h"

struct ddb_destination {
    int64_t id;
    int64_t table_id;
    const char *stream_arn;
    bool active;
    bool microseconds; /* how exact the times are told */
    int64_t next;      /* number of the first change that has not been delivered */
    const char *problem;
};

/* Makes it, or changes all but `next` and id of the one that is there; with `restart`, next too. */
enum store_status ddb_destination_set(struct ddb_session *s, const struct ddb_destination *d,
                                      bool restart);
/* All of a table, up to `limit`, in the order in which they were made. */
enum store_status ddb_destination_list(struct ddb_session *s, int64_t table_id, size_t limit,
                                       struct arena *a, struct ddb_destination *out,
                                       size_t *out_count);
/* The first active one above id `after`. */
enum store_status ddb_destination_next(struct ddb_session *s, int64_t after, struct arena *a,
                                       struct ddb_destination *out);
/* All before `next` has been delivered. STORE_NOT_FOUND: it has been removed, or switched off. */
enum store_status ddb_destination_advance(struct ddb_session *s, int64_t id, int64_t next);
enum store_status ddb_destinations_forget(struct ddb_session *s, int64_t table_id);

#endif
