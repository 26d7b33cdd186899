/* What the files of the logs store share. */
#ifndef CADABRA_LOGS_INTERNAL_H
#define CADABRA_LOGS_INTERNAL_H

#include <stdatomic.h>

#include "storage/lazy.h"
#include "storage/logs_store.h"

struct logs_store {
    struct lazy_db *db;
    atomic_bool subscribed; /* some group has a subscription filter */
    atomic_bool metered;    /* some group has a metric filter */
};

/* Notes events for all subscriptions of the group, in the write that adds them. */
enum store_status logs_outbox_note(struct sql *s, int64_t group_id, int64_t stream_id,
                                   int64_t first_event, int64_t last_event);

/* Begins a read or a write in that scope; ended by sql_read_end and sql_write_end. */
enum store_status logs_begin_read(struct logs_store *store, const struct scope *scope,
                                  struct sql **out_sql, int64_t *out_scope);
enum store_status logs_begin_write(struct logs_store *store, const struct scope *scope,
                                   struct sql **out_sql, int64_t *out_scope);

/* STORE_NOT_FOUND where there is none. */
enum store_status logs_group_id(struct sql *s, int64_t scope, const char *name, int64_t *out_id,
                                int *out_retention_days);
enum store_status logs_stream_id(struct sql *s, int64_t group_id, const char *name,
                                 int64_t *out_id);
/* The ids of both; STORE_CONFLICT when only the stream is missing. */
enum store_status logs_find_stream(struct sql *s, int64_t scope, const char *group,
                                   const char *stream, int64_t *out_group, int64_t *out_stream,
                                   int *out_retention_days);

enum store_status logs_group_insert(struct sql *s, int64_t scope, const struct logs_group *group);
enum store_status logs_stream_insert(struct sql *s, int64_t group_id, const char *name,
                                     int64_t now_ms);

#endif
