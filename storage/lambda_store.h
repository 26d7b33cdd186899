/*
 * What Lambda keeps: functions, their policies, accepted events, event source mappings with their
 * checkpoints.
 *
 * The database is opened when it is there, or by the first write. All functions are thread-safe.
 * Strings of results lie in the arena that is passed in.
 */
#ifndef CADABRA_LAMBDA_STORE_H
#define CADABRA_LAMBDA_STORE_H

#include "server/base/arena.h"
#include "storage/store.h"

struct lambda_store;
struct sql_db;

/* NULL after logging why. */
struct lambda_store *lambda_store_open(struct store_root *root);
void lambda_store_close(struct lambda_store *s);

/* For the files lambda_*_store.c: the database; NULL when there is none, or cannot be made when
 * `create`. */
struct sql_db *lambda_store_db(struct lambda_store *s, bool create);

/* --- functions --- */

struct lambda_function {
    const char *account;
    const char *region;
    const char *name;
    int64_t version; /* 0: $LATEST */
    const char *role;
    const char *runtime;
    const char *handler;
    const char *description;
    int timeout_s;
    int memory_mb;
    int ephemeral_mb;
    const char *architecture;
    const char *environment; /* JSON object, or NULL */
    const char *kms_key_arn; /* or NULL */
    const char *tracing;
    const char *log_group; /* NULL: the default */
    int reserved;          /* concurrency; -1: none */
    const char *tags;      /* JSON object */
    const char *revision;
    int64_t modified_ms;
    const char *code_id;
    const char *code_sha256; /* base64 */
    int64_t code_size;
};

/* STORE_EXISTS when there is one of that name. */
enum store_status lambda_store_add(struct lambda_store *s, const struct lambda_function *f);
/* $LATEST of that name. */
enum store_status lambda_store_find(struct lambda_store *s, struct scope scope, const char *name,
                                    struct arena *a, struct lambda_function *out);
/* Writes all columns of f over those of the same scope, name and version. STORE_CONFLICT, with
 * nothing changed, when its revision is not `expected` any more. */
enum store_status lambda_store_replace(struct lambda_store *s, const struct lambda_function *f,
                                       const char *expected);
/* Removes its policy too. */
enum store_status lambda_store_remove(struct lambda_store *s, struct scope scope, const char *name);
/* $LATEST of up to `max` functions whose names come after `after`, by name. */
enum store_status lambda_store_list(struct lambda_store *s, struct scope scope, const char *after,
                                    size_t max, struct arena *a, struct lambda_function **out,
                                    size_t *out_count);

struct lambda_usage {
    int64_t functions;
    int64_t code_bytes;
    int64_t reserved;
};
enum store_status lambda_store_usage(struct lambda_store *s, struct scope scope,
                                     struct lambda_usage *out);
/* The ids of all code packages, sorted. */
enum store_status lambda_store_code_ids(struct lambda_store *s, struct arena *a,
                                        const char ***out_ids, size_t *out_count);

/* --- resource policies: lambda_permission_store.c --- */

/* STORE_EXISTS: the function has a statement of that id. */
enum store_status lambda_store_permission_add(struct lambda_store *s, struct scope scope,
                                              const char *function, const char *sid,
                                              const char *statement);
enum store_status lambda_store_permission_remove(struct lambda_store *s, struct scope scope,
                                                 const char *function, const char *sid);
/* The statements with commas between; NULL when there are none. */
enum store_status lambda_store_permissions(struct lambda_store *s, struct scope scope,
                                           const char *function, struct arena *a,
                                           const char **out_statements);

/* --- accepted events --- */

struct lambda_event {
    int64_t id;
    const char *account;
    const char *region;
    const char *function;
    const char *arn;
    const char *request_id;
    const char *client_context; /* or NULL */
    struct bytes payload;
    int attempts;
    int delays;
    int64_t accepted_ms;
    int64_t due_ms;
};

enum store_status lambda_store_event_add(struct lambda_store *s, const struct lambda_event *e);
/* The ids of up to `max` events, the earliest due first. *out_next_ms is when the first one that is
 * not yet due at now_ms will be, INT64_MAX for none. */
enum store_status lambda_store_events_due(struct lambda_store *s, int64_t now_ms, int64_t *ids,
                                          size_t max, size_t *out_count, int64_t *out_next_ms);
enum store_status lambda_store_event_read(struct lambda_store *s, int64_t id, struct arena *a,
                                          struct lambda_event *out);
enum store_status lambda_store_event_delay(struct lambda_store *s, int64_t id, int attempts,
                                           int delays, int64_t due_ms);
enum store_status lambda_store_event_remove(struct lambda_store *s, int64_t id);

/* --- event source mappings: lambda_mapping_store.c --- */

struct lambda_mapping {
    int64_t id;
    const char *account;
    const char *region;
    const char *uuid;
    const char *function; /* name */
    const char *function_arn;
    const char *source_arn;
    bool enabled;
    int batch_size;
    int window_s;
    int parallelization;
    const char *starting_position;
    bool has_starting_ms;
    int64_t starting_ms;
    int age_max_s;
    int retries_max;
    bool bisect;
    int64_t created_ms;
    int64_t modified_ms;
    const char *last_result;
    const char *tags;
};

/* STORE_EXISTS when the function is mapped to that source already. */
enum store_status lambda_store_mapping_add(struct lambda_store *s, const struct lambda_mapping *m,
                                           int64_t *out_id);
enum store_status lambda_store_mapping_find(struct lambda_store *s, struct scope scope,
                                            const char *uuid, struct arena *a,
                                            struct lambda_mapping *out);
/* Writes what can be changed: enabled, batch_size and all that follows it. */
enum store_status lambda_store_mapping_replace(struct lambda_store *s,
                                               const struct lambda_mapping *m);
/* Removes the checkpoints too. */
enum store_status lambda_store_mapping_remove(struct lambda_store *s, int64_t id);
struct lambda_mapping_filter {
    const struct scope *scope; /* NULL: everybody's */
    const char *function_arn;  /* NULL: any */
    const char *source_arn;    /* NULL: any */
};
/* Up to `max` of them whose uuids come after `after`. */
enum store_status lambda_store_mapping_list(struct lambda_store *s,
                                            const struct lambda_mapping_filter *filter,
                                            const char *after, size_t max, struct arena *a,
                                            struct lambda_mapping **out, size_t *out_count);
enum store_status lambda_store_mapping_result(struct lambda_store *s, int64_t id,
                                              const char *last_result);

/* NULL when the shard has no checkpoint yet. */
enum store_status lambda_store_checkpoint(struct lambda_store *s, int64_t mapping_id,
                                          const char *shard, struct arena *a,
                                          const char **out_sequence);
/* last_result may be NULL: unchanged. STORE_NOT_FOUND when the mapping is gone. */
enum store_status lambda_store_checkpoint_set(struct lambda_store *s, int64_t mapping_id,
                                              const char *shard, const char *sequence,
                                              const char *last_result);

#endif
