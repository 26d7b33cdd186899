/*
 * DynamoDB's work that goes on in the background: what expires, jobs on whole tables, counts.
 */
#ifndef CADABRA_DYNAMODB_JOB_STORE_H
#define CADABRA_DYNAMODB_JOB_STORE_H

#include "storage/dynamodb_store.h"

/* --- expiry: seconds since 1970 --- */

enum store_status ddb_expiry_put(struct ddb_session *s, int64_t table_id, int64_t expires_s,
                                 int64_t item_id);
enum store_status ddb_expiry_remove(struct ddb_session *s, int64_t table_id, int64_t expires_s,
                                    int64_t item_id);
struct ddb_expiry {
    int64_t expires_s;
    int64_t item_id;
};
/* The first table above `after` that has any; STORE_NOT_FOUND when there is none. */
enum store_status ddb_expiry_table(struct ddb_session *s, int64_t after, int64_t *out_table_id);
/* Up to `limit` that lie at or before now_s, the oldest first. */
enum store_status ddb_expiry_due(struct ddb_session *s, int64_t table_id, int64_t now_s,
                                 size_t limit, struct ddb_expiry *out, size_t *out_count);

/* --- jobs --- */

struct ddb_job {
    int64_t id;
    int kind;
    int64_t table_id;
    int64_t target_id;
    int64_t number;
    int64_t position;
    struct ddb_key at; /* a pk of no bytes: nothing was dealt with yet */
};

enum store_status ddb_job_insert(struct ddb_session *s, struct ddb_job *job);
/* The first above id `after`; its key is copied into the arena. */
enum store_status ddb_job_next(struct ddb_session *s, int64_t after, struct arena *a,
                               struct ddb_job *out);
/* kind, position and key. STORE_NOT_FOUND: it has been taken back. */
enum store_status ddb_job_save(struct ddb_session *s, const struct ddb_job *job);
enum store_status ddb_job_remove(struct ddb_session *s, int64_t job_id);
/* Whether one reads or writes the table. */
enum store_status ddb_job_uses(struct ddb_session *s, int64_t table_id, bool *out_uses);
/* Those that read or write the table. */
enum store_status ddb_jobs_forget(struct ddb_session *s, int64_t table_id);

/* --- counts --- */

struct ddb_counted {
    int64_t items;
    int64_t bytes;
    int64_t at_ms; /* 0: never counted */
};

/* Counts no more than `limit` items, or entries where index_id is not 0. */
enum store_status ddb_count_some(struct ddb_session *s, int64_t table_id, int64_t index_id,
                                 int64_t limit, struct ddb_counted *out);
/* Items or entries of a range of buckets. */
enum store_status ddb_count_range(struct ddb_session *s, int64_t table_id, int64_t index_id,
                                  uint32_t first_bucket, uint32_t last_bucket,
                                  struct ddb_counted *out);
enum store_status ddb_count_get(struct ddb_session *s, int64_t table_id, int64_t index_id,
                                struct ddb_counted *out);
enum store_status ddb_count_set(struct ddb_session *s, int64_t table_id, int64_t index_id,
                                const struct ddb_counted *counted);

#endif
