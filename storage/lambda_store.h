/*
 * What Lambda keeps: functions with their versions, aliases and policies, layers, accepted events,
 * event source mappings with their checkpoints.
 *
 * The database is opened when it is there, or by the first write. All functions are thread-safe.
 * Strings of results lie in the arena that is passed in.
 */
#ifndef CADABRA_LAMBDA_STORE_H
#define CADABRA_LAMBDA_STORE_H

#include "server/base/arena.h"
#include "storage/store.h"

struct lambda_store;

/* NULL after logging why. */
struct lambda_store *lambda_store_open(struct store_root *root);
void lambda_store_close(struct lambda_store *s);

/* --- functions: lambda_function_store.c --- */

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
    const char *revision;
    int64_t modified_ms;
    const char *code_id;     /* "" with a hot_path */
    const char *code_sha256; /* base64 */
    int64_t code_size;
    const char *layers;      /* ARNs of layer versions with blanks between; NULL is "" */
    const char *dead_letter; /* ARN, or NULL */
    bool snap_start;
    const char *runtime_update; /* NULL is Auto */
    const char *runtime_arn;    /* or NULL */
    const char *vpc;            /* JSON, or NULL */
    const char *hot_path;       /* the code is this folder of the machine; or NULL */
    const char *log_format;     /* NULL is Text */
    const char *app_log_level;  /* or NULL */
    const char *system_log_level;

    /* Of the function, whatever the version: */
    int reserved;     /* concurrency; -1: none */
    const char *tags; /* JSON object */
    int64_t last_version;
    const char *signing_config; /* ARN, or NULL */
    const char *recursion;      /* NULL is Terminate */

    /* Not kept: the qualifier by which it was asked for; NULL for none. */
    const char *qualifier;
};

/* STORE_EXISTS when there is one of that name. */
enum store_status lambda_store_add(struct lambda_store *s, const struct lambda_function *f);
/* $LATEST of that name. */
enum store_status lambda_store_find(struct lambda_store *s, struct scope scope, const char *name,
                                    struct arena *a, struct lambda_function *out);
enum store_status lambda_store_find_version(struct lambda_store *s, struct scope scope,
                                            const char *name, int64_t version, struct arena *a,
                                            struct lambda_function *out);
/* Writes all columns of f over those of the same scope, name and version. STORE_CONFLICT, with
 * nothing changed, when its revision is not `expected` any more. */
enum store_status lambda_store_replace(struct lambda_store *s, const struct lambda_function *f,
                                       const char *expected);
/* Adds f as a version, and notes its number as the last. STORE_CONFLICT, with nothing changed, when
 * $LATEST has not the revision `expected` any more; STORE_EXISTS when the number is taken. */
enum store_status lambda_store_publish(struct lambda_store *s, const struct lambda_function *f,
                                       const char *expected);
/* All versions and all that belongs to them. */
enum store_status lambda_store_remove(struct lambda_store *s, struct scope scope, const char *name);
/* STORE_NOT_FOUND: there is none, or an alias points to it. */
enum store_status lambda_store_remove_version(struct lambda_store *s, struct scope scope,
                                              const char *name, int64_t version);
struct lambda_place {
    const char *name;
    int64_t version;
};
/* Up to `max` functions, $LATEST only or all versions, by name and version, that come after
 * `after`. */
enum store_status lambda_store_list(struct lambda_store *s, struct scope scope, bool all_versions,
                                    const struct lambda_place *after, size_t max, struct arena *a,
                                    struct lambda_function **out, size_t *out_count);
/* Versions of one function with higher numbers than `after` (-1: from $LATEST on). */
enum store_status lambda_store_versions(struct lambda_store *s, struct scope scope,
                                        const char *name, int64_t after, size_t max,
                                        struct arena *a, struct lambda_function **out,
                                        size_t *out_count);
/* The functions with that code signing configuration. */
enum store_status lambda_store_signed(struct lambda_store *s, struct scope scope,
                                      const char *signing_config, const char *after, size_t max,
                                      struct arena *a, struct lambda_function **out,
                                      size_t *out_count);

struct lambda_usage {
    int64_t functions;
    int64_t code_bytes;
    int64_t reserved;
};
enum store_status lambda_store_usage(struct lambda_store *s, struct scope scope,
                                     struct lambda_usage *out);
/* Whether a version still needs that package. */
enum store_status lambda_store_code_is_used(struct lambda_store *s, const char *code_id,
                                            bool *out_used);
/* The ids of all code packages, of functions and layers, sorted. */
enum store_status lambda_store_code_ids(struct lambda_store *s, struct arena *a,
                                        const char ***out_ids, size_t *out_count);

/* --- resource policies: lambda_permission_store.c --- */

/* Whose they are: "name" or "name:qualifier" of a function, "layer name:version" of a layer. */

/* STORE_EXISTS: it has a statement of that id. */
enum store_status lambda_store_permission_add(struct lambda_store *s, struct scope scope,
                                              const char *holder, const char *sid,
                                              const char *statement);
enum store_status lambda_store_permission_remove(struct lambda_store *s, struct scope scope,
                                                 const char *holder, const char *sid);
/* The statements with commas between; NULL when there are none. */
enum store_status lambda_store_permissions(struct lambda_store *s, struct scope scope,
                                           const char *holder, struct arena *a,
                                           const char **out_statements);

/* --- aliases and what hangs on qualifiers: lambda_alias_store.c --- */

struct lambda_alias {
    const char *name;
    int64_t version;
    const char *description;
    int64_t extra_version; /* 0: none */
    double extra_weight;   /* the share that it gets, 0 to 1 */
    const char *revision;
};

enum store_status lambda_store_alias_add(struct lambda_store *s, struct scope scope,
                                         const char *function, const struct lambda_alias *alias);
enum store_status lambda_store_alias_find(struct lambda_store *s, struct scope scope,
                                          const char *function, const char *name, struct arena *a,
                                          struct lambda_alias *out);
/* STORE_NOT_FOUND: there is none of that name with the revision `expected`. */
enum store_status lambda_store_alias_replace(struct lambda_store *s, struct scope scope,
                                             const char *function, const struct lambda_alias *alias,
                                             const char *expected);
enum store_status lambda_store_alias_remove(struct lambda_store *s, struct scope scope,
                                            const char *function, const char *name);
struct lambda_alias_filter {
    const char *function;
    int64_t version;   /* that they point to; -1: any */
    const char *after; /* a name; "" for the first */
};
/* Up to `max` of them, by name. */
enum store_status lambda_store_alias_list(struct lambda_store *s, struct scope scope,
                                          const struct lambda_alias_filter *filter, size_t max,
                                          struct arena *a, struct lambda_alias **out,
                                          size_t *out_count);

struct lambda_event_config {
    const char *qualifier; /* $LATEST, a version, an alias */
    int retries_max;       /* -1: not set */
    int age_max_s;         /* -1: not set */
    const char *on_success;
    const char *on_failure;
    int64_t modified_ms;
};

enum store_status lambda_store_event_config_put(struct lambda_store *s, struct scope scope,
                                                const char *function,
                                                const struct lambda_event_config *c);
enum store_status lambda_store_event_config_find(struct lambda_store *s, struct scope scope,
                                                 const char *function, const char *qualifier,
                                                 struct arena *a, struct lambda_event_config *out);
enum store_status lambda_store_event_config_remove(struct lambda_store *s, struct scope scope,
                                                   const char *function, const char *qualifier);
enum store_status lambda_store_event_config_list(struct lambda_store *s, struct scope scope,
                                                 const char *function, const char *after,
                                                 size_t max, struct arena *a,
                                                 struct lambda_event_config **out,
                                                 size_t *out_count);

struct lambda_provisioned {
    const char *account; /* these three in lists only */
    const char *region;
    const char *function;
    const char *qualifier; /* a version, an alias */
    int wanted;
    int64_t modified_ms;
};

enum store_status lambda_store_provisioned_put(struct lambda_store *s, struct scope scope,
                                               const char *function,
                                               const struct lambda_provisioned *p);
enum store_status lambda_store_provisioned_remove(struct lambda_store *s, struct scope scope,
                                                  const char *function, const char *qualifier);
struct lambda_provisioned_filter {
    const struct scope *scope; /* NULL: everybody's */
    const char *function;      /* NULL: any */
    const char *qualifier;     /* NULL: any */
};
enum store_status lambda_store_provisioned_list(struct lambda_store *s,
                                                const struct lambda_provisioned_filter *filter,
                                                size_t max, struct arena *a,
                                                struct lambda_provisioned **out, size_t *out_count);

struct lambda_url {
    const char *account;
    const char *region;
    const char *function;
    const char *qualifier; /* "" or an alias */
    const char *url_id;    /* the first label of its host name */
    const char *auth_type;
    const char *invoke_mode;
    const char *cors; /* JSON, or NULL */
    int64_t created_ms;
    int64_t modified_ms;
};

/* STORE_EXISTS: the function or alias has one. */
enum store_status lambda_store_url_add(struct lambda_store *s, const struct lambda_url *u);
enum store_status lambda_store_url_replace(struct lambda_store *s, const struct lambda_url *u);
enum store_status lambda_store_url_remove(struct lambda_store *s, const char *url_id);
enum store_status lambda_store_url_find(struct lambda_store *s, const char *url_id, struct arena *a,
                                        struct lambda_url *out);
struct lambda_url_filter {
    const char *function;
    const char *qualifier; /* NULL: any */
    const char *after;     /* a qualifier; NULL: from the first */
};
enum store_status lambda_store_url_list(struct lambda_store *s, struct scope scope,
                                        const struct lambda_url_filter *filter, size_t max,
                                        struct arena *a, struct lambda_url **out,
                                        size_t *out_count);

/* --- layers and code signing: lambda_layer_store.c --- */

struct lambda_layer {
    const char *name;
    int64_t version;
    const char *arn; /* of the version */
    const char *description;
    const char *license;       /* or NULL */
    const char *runtimes;      /* blanks between */
    const char *architectures; /* blanks between */
    int64_t created_ms;
    const char *code_id;
    const char *code_sha256;
    int64_t code_size;
    bool deleted; /* functions that have it keep it */
};

/* Gives it the next number, and appends that to its arn. */
enum store_status lambda_store_layer_add(struct lambda_store *s, struct scope scope,
                                         struct arena *a, struct lambda_layer *l);
/* Deleted ones too. */
enum store_status lambda_store_layer_find(struct lambda_store *s, struct scope scope,
                                          const char *name, int64_t version, struct arena *a,
                                          struct lambda_layer *out);
struct lambda_layer_filter {
    const char *runtime;      /* NULL: any */
    const char *architecture; /* NULL: any */
    const char *name;         /* all versions of this layer; NULL: the newest one of each layer */
    const char *after_name;   /* without a name */
    int64_t below_version;    /* with a name */
};
enum store_status lambda_store_layer_list(struct lambda_store *s, struct scope scope,
                                          const struct lambda_layer_filter *filter, size_t max,
                                          struct arena *a, struct lambda_layer **out,
                                          size_t *out_count);
/* Marks it, and removes its policy. STORE_OK when there is none, too. */
enum store_status lambda_store_layer_delete(struct lambda_store *s, struct scope scope,
                                            const char *name, int64_t version);
/* Removes deleted versions that no function has any more. */
enum store_status lambda_store_layers_purge(struct lambda_store *s);

struct lambda_signing {
    const char *id;
    const char *description; /* or NULL */
    const char *publishers;  /* ARNs, blanks between */
    const char *policy;      /* Warn, Enforce */
    int64_t modified_ms;
    const char *tags; /* JSON object */
};

enum store_status lambda_store_signing_put(struct lambda_store *s, struct scope scope,
                                           const struct lambda_signing *c);
enum store_status lambda_store_signing_find(struct lambda_store *s, struct scope scope,
                                            const char *id, struct arena *a,
                                            struct lambda_signing *out);
enum store_status lambda_store_signing_remove(struct lambda_store *s, struct scope scope,
                                              const char *id);
enum store_status lambda_store_signing_list(struct lambda_store *s, struct scope scope,
                                            const char *after, size_t max, struct arena *a,
                                            struct lambda_signing **out, size_t *out_count);

/* --- accepted events: lambda_event_store.c --- */

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
    const char *filters;    /* JSON array of patterns (texts), or NULL */
    const char *on_failure; /* ARN, or NULL */
    int tumbling_s;         /* 0: none */
    bool partial;           /* the function reports which records failed */
    int max_concurrency;    /* 0: no limit */
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

/* A tumbling window that is open in a shard. */
struct lambda_window {
    int64_t start_ms;
    const char *state; /* JSON object */
};
/* STORE_NOT_FOUND: none is open. */
enum store_status lambda_store_window(struct lambda_store *s, int64_t mapping_id, const char *shard,
                                      struct arena *a, struct lambda_window *out);
/* The checkpoint and the window together; w NULL: it is closed. sequence NULL: the checkpoint stays
 * where it is. */
enum store_status lambda_store_window_set(struct lambda_store *s, int64_t mapping_id,
                                          const char *shard, const char *sequence,
                                          const struct lambda_window *w);

#endif
