/*
 * What CloudWatch Logs keeps: groups, streams and events.
 *
 * Functions are thread-safe. Texts they return lie in the arena, texts they are given are borrowed
 * for the call. "Not found" says which of group and stream is missing where both are named:
 * STORE_NOT_FOUND is the group, STORE_CONFLICT the stream.
 */
#ifndef CADABRA_LOGS_STORE_H
#define CADABRA_LOGS_STORE_H

#include "server/base/arena.h"
#include "storage/store.h"

struct logs_store;

struct logs_store *logs_store_open(struct store_root *root);
void logs_store_close(struct logs_store *store);

/* --- groups and streams: logs_store.c --- */

struct logs_group {
    const char *name;
    int64_t created_ms;
    const char *log_class; /* STANDARD, ... */
    const char *kms_key;   /* NULL: none */
    int retention_days;    /* 0: for ever */
    int64_t stored_bytes;
    const char *tags; /* JSON object, or "" */
};

struct logs_groups {
    struct logs_group *items;
    size_t count;
    bool more;
};

enum store_status logs_group_create(struct logs_store *store, const struct scope *scope,
                                    const struct logs_group *group);
/* With its streams and events. */
enum store_status logs_group_delete(struct logs_store *store, const struct scope *scope,
                                    const char *name);
enum store_status logs_group_find(struct logs_store *store, const struct scope *scope,
                                  const char *name, struct arena *a, struct logs_group *out);
/* At most `limit` groups whose names come after `after` (NULL: from the first), in order of names.
 */
enum store_status logs_group_list(struct logs_store *store, const struct scope *scope,
                                  const char *after, size_t limit, struct arena *a,
                                  struct logs_groups *out);
enum store_status logs_group_set_retention(struct logs_store *store, const struct scope *scope,
                                           const char *name, int days);
/* Changes the tags by a function that is given the present JSON and returns the new one. */
enum store_status logs_group_set_tags(struct logs_store *store, const struct scope *scope,
                                      const char *name,
                                      const char *(*change)(const char *tags, void *context),
                                      void *context);

struct logs_stream {
    const char *name;
    int64_t created_ms;
    bool has_events;
    int64_t first_ms; /* these three only with has_events */
    int64_t last_ms;
    int64_t ingested_ms;
};

struct logs_streams {
    struct logs_stream *items;
    size_t count;
    bool more;
};

enum store_status logs_stream_create(struct logs_store *store, const struct scope *scope,
                                     const char *group, const char *name, int64_t now_ms);
enum store_status logs_stream_delete(struct logs_store *store, const struct scope *scope,
                                     const char *group, const char *name);

struct logs_stream_list {
    bool by_time; /* by last event, then name; else by name */
    bool descending;
    const char *prefix; /* "" for all */
    bool has_after;     /* go on after this one */
    const char *after_name;
    int64_t after_ms; /* its last_ms, or -1 without events; only with by_time */
    size_t limit;
};
enum store_status logs_stream_list(struct logs_store *store, const struct scope *scope,
                                   const char *group, const struct logs_stream_list *list,
                                   struct arena *a, struct logs_streams *out);

/* --- events: logs_event_store.c --- */

struct logs_new_event {
    int64_t time_ms;
    const char *text; /* UTF-8 without NUL */
    size_t len;
};

/* All or nothing. With `create` a missing group and stream are made. Events that the group no
 * longer keeps are removed in passing. */
enum store_status logs_events_add(struct logs_store *store, const struct scope *scope,
                                  const char *group, const char *stream,
                                  const struct logs_new_event *events, size_t count, int64_t now_ms,
                                  bool create);

/* Where an event stands among the others; events of one time are in order of their ids. */
struct logs_position {
    int64_t time_ms;
    int64_t id;
};

struct logs_event_row {
    struct logs_position at;
    int64_t ingested_ms;
    const char *stream;
    const char *text;
};

struct logs_event_rows {
    struct logs_event_row *items;
    size_t count;
    bool more; /* stopped by limit or bytes_max */
};

struct logs_events_query {
    const char *group;
    const char *stream; /* NULL: all of the group */
    int64_t from_ms;    /* from_ms <= time < to_ms */
    int64_t to_ms;
    bool has_after; /* only events after that position, before it with `backward` */
    struct logs_position after;
    bool backward; /* the last events first */
    size_t limit;
    size_t bytes_max; /* stops after the event with which the texts pass it */
    int64_t now_ms;   /* what the group's retention has ended for by now is not returned */
};
enum store_status logs_events_read(struct logs_store *store, const struct scope *scope,
                                   const struct logs_events_query *query, struct arena *a,
                                   struct logs_event_rows *out);

/* --- subscription and metric filters: logs_filter_store.c --- */

enum { LOGS_SUBSCRIPTIONS_MAX = 2 }; /* AWS: of a group */

struct logs_subscription {
    const char *name;
    const char *pattern;
    const char *destination; /* ARN */
    const char *role;        /* or NULL */
    const char *distribution;
    int64_t created_ms;
};

/* STORE_NOT_FOUND: no such group; STORE_LIMIT: it has as many as it may. */
enum store_status logs_subscription_put(struct logs_store *store, const struct scope *scope,
                                        const char *group, const struct logs_subscription *sub);
/* With what it has not delivered. STORE_CONFLICT: the group has none of that name. */
enum store_status logs_subscription_delete(struct logs_store *store, const struct scope *scope,
                                           const char *group, const char *name);
struct logs_filter_list {
    const char *prefix; /* "" for all */
    const char *after;  /* names; of metric filters "name group" */
    size_t limit;
};
enum store_status logs_subscription_list(struct logs_store *store, const struct scope *scope,
                                         const char *group, const struct logs_filter_list *list,
                                         struct arena *a, struct logs_subscription **out,
                                         size_t *out_count);
/* Whether there is any, as far as this server knows without asking the database: true once one was
 * made or found. */
bool logs_is_subscribed(const struct logs_store *store);

/* Events of one append that a subscription has not delivered yet. */
struct logs_delivery {
    int64_t id;
    const char *account;
    const char *region;
    const char *group;
    const char *stream;
    int64_t stream_id;
    int64_t first_event;
    int64_t last_event;
    struct logs_subscription subscription;
};
struct logs_outbox_event {
    int64_t id;
    int64_t time_ms;
    const char *text;
};

/* The first with a higher id than `after` (0: the first of all). STORE_NOT_FOUND: none is left. */
enum store_status logs_outbox_next(struct logs_store *store, int64_t after, struct arena *a,
                                   struct logs_delivery *out);
enum store_status logs_outbox_events(struct logs_store *store, const struct logs_delivery *d,
                                     size_t max, struct arena *a, struct logs_outbox_event *out,
                                     size_t *out_count);
enum store_status logs_outbox_done(struct logs_store *store, int64_t id);

struct logs_metric {
    const char *group; /* in lists only */
    const char *name;
    const char *pattern;
    const char *transformations; /* JSON */
    int64_t created_ms;
};

enum store_status logs_metric_put(struct logs_store *store, const struct scope *scope,
                                  const char *group, const struct logs_metric *m);
/* STORE_CONFLICT: the group has none of that name. */
enum store_status logs_metric_delete(struct logs_store *store, const struct scope *scope,
                                     const char *group, const char *name);
/* False where there is no metric filter at all; for stores that were asked for their outbox once.
 */
bool logs_is_metered(const struct logs_store *store);
/* group NULL: of all groups. */
enum store_status logs_metric_list(struct logs_store *store, const struct scope *scope,
                                   const char *group, const struct logs_filter_list *list,
                                   struct arena *a, struct logs_metric **out, size_t *out_count);

#endif
