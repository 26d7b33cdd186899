/*
 * Topics, subscriptions, platform applications, phone numbers, messages that are kept and
 * deliveries that are due: what SNS has on disk.
 *
 * Texts that come out live in the arena that was given; NULL where a client never set them. All
 * functions are thread-safe. Reads answer STORE_NOT_FOUND, or nothing, while there is no database.
 */
#ifndef CADABRA_SNS_STORE_H
#define CADABRA_SNS_STORE_H

#include "server/base/arena.h"
#include "storage/store.h"

struct sns_store;

/* Costs nothing until the first write. */
struct sns_store *sns_store_open(struct store_root *root);
void sns_store_close(struct sns_store *store);

/* --- topics --- */

struct sns_topic {
    int64_t id;
    const char *name;
    int64_t created_ms;
    const char *attributes; /* JSON */
    const char *tags;       /* JSON */
    const char *data_protection;
    int64_t confirmed, pending, deleted; /* subscriptions */
    int64_t sequence;
};

/* Of topic: name, created_ms, attributes, tags, data_protection. STORE_EXISTS. */
enum store_status sns_store_topic_create(struct sns_store *store, const struct scope *scope,
                                         const struct sns_topic *topic);
enum store_status sns_store_topic_find(struct sns_store *store, const struct scope *scope,
                                       const char *name, struct arena *a, struct sns_topic *out);
enum store_status sns_store_topic_delete(struct sns_store *store, int64_t id);

/* Names in order, those after `after` (NULL: from the start), at most `limit`. */
struct sns_names {
    const char **items;
    size_t count;
};
enum store_status sns_store_topic_list(struct sns_store *store, const struct scope *scope,
                                       const char *after, size_t limit, struct arena *a,
                                       struct sns_names *out);

/* --- one text of a row, changed inside the write --- */

enum sns_text {
    SNS_TOPIC_ATTRIBUTES,
    SNS_TOPIC_TAGS,
    SNS_TOPIC_DATA_PROTECTION,
    SNS_SUBSCRIPTION_ATTRIBUTES,
    SNS_APPLICATION_ATTRIBUTES,
    SNS_ENDPOINT_ATTRIBUTES,
};

/* Writes what `change` makes of it (old may be NULL); STORE_LIMIT when it makes NULL,
 * STORE_NOT_FOUND when the row is gone. It may run on another thread while the caller waits. */
enum store_status sns_store_change(struct sns_store *store, enum sns_text which, int64_t id,
                                   const char *(*change)(const char *old, void *context),
                                   void *context);

/* --- subscriptions --- */

struct sns_subscription {
    int64_t id;
    int64_t topic;
    const char *account, *region, *topic_name; /* whose topic it is; not set by ..._of() */
    const char *uuid;
    const char *protocol;
    const char *endpoint;
    const char *owner;
    const char *principal;
    const char *origin;
    const char *token;
    const char *attributes; /* JSON */
    bool pending;
    bool authenticated;
    bool guarded;
};

struct sns_subscriptions {
    struct sns_subscription *items;
    size_t count;
};

/* STORE_EXISTS: there is one of that protocol and endpoint; *out is that one then. STORE_NOT_FOUND:
 * the topic is gone. Else *out is what was made. */
enum store_status sns_store_subscribe(struct sns_store *store,
                                      const struct sns_subscription *subscription, struct arena *a,
                                      struct sns_subscription *out);
enum store_status sns_store_subscription_find(struct sns_store *store, const char *uuid,
                                              struct arena *a, struct sns_subscription *out);
enum store_status sns_store_subscription_by_token(struct sns_store *store, const char *token,
                                                  struct arena *a, struct sns_subscription *out);
/* By its id. */
enum store_status sns_store_subscription_of_id(struct sns_store *store, int64_t id, struct arena *a,
                                               struct sns_subscription *out);
enum store_status sns_store_confirm(struct sns_store *store, int64_t id, bool guarded);
/* Counts as deleted at its topic. */
enum store_status sns_store_unsubscribe(struct sns_store *store, int64_t id);
/* Those after the id `after`: of a topic, or (topic 0) of the scope. */
enum store_status sns_store_subscription_list(struct sns_store *store, const struct scope *scope,
                                              int64_t topic, int64_t after, size_t limit,
                                              struct arena *a, struct sns_subscriptions *out);
/* The topic and its confirmed subscriptions, in one read: for publishing. */
enum store_status sns_store_subscriptions_of(struct sns_store *store, const struct scope *scope,
                                             const char *topic, struct arena *a,
                                             struct sns_topic *out_topic,
                                             struct sns_subscriptions *out);

/* --- FIFO topics: sns_message_store.c --- */

struct sns_seen {
    int64_t topic;
    const char *key; /* the deduplication id and what it is unique in */
    const char *message_id;
    int64_t sequence;
    int64_t until_ms;
};

/* STORE_NOT_FOUND: nothing came under that key that counts at now_ms. */
enum store_status sns_store_seen(struct sns_store *store, int64_t topic, const char *key,
                                 int64_t now_ms, struct arena *a, struct sns_seen *out);
enum store_status sns_store_sequence(struct sns_store *store, int64_t topic, int64_t *out);

/* --- archives of FIFO topics, and replays: sns_archive_store.c --- */

/* A message in the archive of its topic, whose attribute ArchivePolicy says that there is one. */
struct sns_archived {
    int64_t topic;
    int64_t sequence;
    int64_t at_ms;
    int64_t expired_ms; /* only when it is written: what is older goes */
    const char *json;
};

enum sns_replay_status {
    SNS_REPLAY_PENDING,
    SNS_REPLAY_RUNNING,
    SNS_REPLAY_COMPLETED, /* from here on it is over */
    SNS_REPLAY_FAILED,
};

struct sns_replay {
    int64_t subscription;
    enum sns_replay_status status;
    int64_t asked_ms;
    int64_t from_ms, until_ms; /* what is replayed, both included; until_ms 0: nothing more is */
    int64_t live;              /* later messages have not been delivered: they wait for its end */
    int64_t next;              /* sequence number to go on from */
};

/* Removes all, and fails the replays that are under way. */
enum store_status sns_store_archive_clear(struct sns_store *store, int64_t topic);
/* Those with sequence numbers from `next` on, at most `limit`. */
enum store_status sns_store_archived(struct sns_store *store, int64_t topic, int64_t next,
                                     size_t limit, struct arena *a, struct sns_archived *out,
                                     size_t *out_count);
/* Of replay: subscription, asked_ms, from_ms, until_ms. It replaces an earlier one. */
enum store_status sns_store_replay_start(struct sns_store *store, const struct sns_replay *replay);
enum store_status sns_store_replay_stop(struct sns_store *store, int64_t subscription);
enum store_status sns_store_replay_find(struct sns_store *store, int64_t subscription,
                                        struct sns_replay *out);
/* One that is under way: the next after that subscription's. STORE_NOT_FOUND: there is none. */
enum store_status sns_store_replay_next(struct sns_store *store, int64_t after,
                                        struct sns_replay *out);
/* Subscriptions of the topic with a replay under way. */
enum store_status sns_store_replaying(struct sns_store *store, int64_t topic, struct arena *a,
                                      int64_t **out_subscriptions, size_t *out_count);

/* --- messages --- */

enum sns_kept { SNS_KEPT_SMS, SNS_KEPT_PUSH, SNS_KEPT_MAIL };

struct sns_kept_message {
    struct scope scope;
    enum sns_kept kind;
    const char *target;
    const char *json;
};

struct sns_delivery {
    int64_t id;
    int64_t lane; /* the subscription's id */
    int64_t due_ms;
    int64_t accepted_ms; /* set to due_ms when it is written */
    int64_t attempts;
    const char *endpoint;
    const char *topic_arn;
    const char *subscription_arn; /* NULL: a confirmation */
    const char *type;
    const char *message_id;
    const char *content_type;
    bool raw;
    const char *policy;
    const char *dead_letter;
    const char *body;
};

/* What a publish leaves behind, written at once or not at all. */
struct sns_record {
    const struct sns_kept_message *kept;
    size_t kept_count;
    const struct sns_delivery *deliveries;
    size_t delivery_count;
    const struct sns_seen *seen;
    size_t seen_count;
    const struct sns_archived *archived;
    size_t archived_count;
    const struct sns_replay *replays; /* how far they are: status, next */
    size_t replay_count;
    int64_t now_ms; /* what was seen longer ago is forgotten */
};
enum store_status sns_store_record(struct sns_store *store, const struct sns_record *record);

struct sns_kept_list {
    struct sns_kept_message *items; /* without their scope */
    size_t count;
};
/* target NULL: of all; in the order of the targets' names, then as they came. */
enum store_status sns_store_kept_list(struct sns_store *store, const struct scope *scope,
                                      enum sns_kept kind, const char *target, struct arena *a,
                                      struct sns_kept_list *out);
enum store_status sns_store_kept_clear(struct sns_store *store, const struct scope *scope,
                                       enum sns_kept kind, const char *target);

/* --- deliveries --- */

struct sns_lane {
    int64_t lane;
    int64_t due_ms; /* when its first delivery is due */
};
/* Every lane that has something to deliver, the next after `after` first, at most `max`. */
enum store_status sns_store_lanes(struct sns_store *store, int64_t after, struct sns_lane *out,
                                  size_t max, size_t *out_count);
/* The first of a lane that is due at now_ms; STORE_NOT_FOUND: none is. */
enum store_status sns_store_delivery_due(struct sns_store *store, int64_t lane, int64_t now_ms,
                                         struct arena *a, struct sns_delivery *out);
enum store_status sns_store_delivery_remove(struct sns_store *store, int64_t id);
enum store_status sns_store_delivery_delay(struct sns_store *store, int64_t id, int64_t attempts,
                                           int64_t due_ms);

/* --- platform applications and endpoints: sns_platform_store.c --- */

struct sns_application {
    int64_t id;
    const char *name; /* PLATFORM/name */
    const char *attributes;
};

struct sns_applications {
    struct sns_application *items;
    size_t count;
};

struct sns_endpoint {
    int64_t id;
    const char *application; /* its name */
    const char *uuid;
    const char *attributes; /* JSON, with Token */
};

struct sns_endpoints {
    struct sns_endpoint *items;
    size_t count;
};

/* Makes it, or replaces its attributes. */
enum store_status sns_store_application_put(struct sns_store *store, const struct scope *scope,
                                            const char *name, const char *attributes);
enum store_status sns_store_application_find(struct sns_store *store, const struct scope *scope,
                                             const char *name, struct arena *a,
                                             struct sns_application *out);
enum store_status sns_store_application_delete(struct sns_store *store, const struct scope *scope,
                                               const char *name);
enum store_status sns_store_application_list(struct sns_store *store, const struct scope *scope,
                                             int64_t after, size_t limit, struct arena *a,
                                             struct sns_applications *out);
/* STORE_EXISTS: the application has one with that token; *out is that one then. */
enum store_status sns_store_endpoint_create(struct sns_store *store, int64_t application,
                                            const char *uuid, const char *token,
                                            const char *attributes, struct arena *a,
                                            struct sns_endpoint *out);
enum store_status sns_store_endpoint_find(struct sns_store *store, const struct scope *scope,
                                          const char *uuid, struct arena *a,
                                          struct sns_endpoint *out);
enum store_status sns_store_endpoint_delete(struct sns_store *store, int64_t id);
enum store_status sns_store_endpoint_list(struct sns_store *store, int64_t application,
                                          int64_t after, size_t limit, struct arena *a,
                                          struct sns_endpoints *out);

/* --- phones: sns_phone_store.c --- */

enum sns_phone_kind { SNS_PHONE_OPTED_OUT, SNS_PHONE_SANDBOX };

struct sns_phone {
    const char *number;
    const char *state; /* of a sandbox number: the code it was sent, "" once it is verified */
};

struct sns_phones {
    struct sns_phone *items;
    size_t count;
};

/* Adds it, or changes its state. */
enum store_status sns_store_phone_put(struct sns_store *store, const struct scope *scope,
                                      enum sns_phone_kind kind, const struct sns_phone *phone);
enum store_status sns_store_phone_find(struct sns_store *store, const struct scope *scope,
                                       enum sns_phone_kind kind, const char *number,
                                       struct arena *a, struct sns_phone *out);
enum store_status sns_store_phone_remove(struct sns_store *store, const struct scope *scope,
                                         enum sns_phone_kind kind, const char *number);
/* By number, those after `after`. */
enum store_status sns_store_phone_list(struct sns_store *store, const struct scope *scope,
                                       enum sns_phone_kind kind, const char *after, size_t limit,
                                       struct arena *a, struct sns_phones *out);
/* *out_json is NULL while nothing was set. */
enum store_status sns_store_sms_attributes(struct sns_store *store, const struct scope *scope,
                                           struct arena *a, const char **out_json);
enum store_status sns_store_sms_attributes_put(struct sns_store *store, const struct scope *scope,
                                               const char *json);

/* --- the key that messages are signed with --- */

struct sns_signing_key {
    const char *private_key; /* PEM */
    const char *certificate;
};
enum store_status sns_store_signing_key(struct sns_store *store, struct arena *a,
                                        struct sns_signing_key *out);
/* Keeps the one that is there already; either way *out is what counts. */
enum store_status sns_store_signing_key_put(struct sns_store *store,
                                            const struct sns_signing_key *key, struct arena *a,
                                            struct sns_signing_key *out);

#endif
