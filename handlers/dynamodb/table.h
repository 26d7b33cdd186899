/*
 * Tables: their definitions, kept in memory.
 *
 * A struct ddb_table is an immutable snapshot, shared by all requests that use it and freed with
 * the last one. A change of the table makes a new snapshot with a higher version. Readers may act
 * on a snapshot that has just become old; a write begins with ddb_table_check() in its session, and
 * when that tells that the snapshot is old, it starts again with a new one (state.h).
 */
#ifndef CADABRA_DYNAMODB_TABLE_H
#define CADABRA_DYNAMODB_TABLE_H

#include "handlers/dynamodb/value.h"
#include "server/base/clock.h"
#include "storage/dynamodb_store.h"

enum {
    DDB_KEY_PARTS_MAX =
        4, /* attributes that make up the partition key, or the sort key, of an index */
    DDB_LOCAL_INDEXES_MAX = 5,
    DDB_GLOBAL_INDEXES_MAX = 20,
    DDB_REPLICAS_MAX = 40,
    DDB_HASH_KEY_MAX = 2048,
    DDB_RANGE_KEY_MAX = 1024,
};

struct ddb_key_part {
    struct ddb_text name; /* NUL-terminated as well */
    enum ddb_type type;   /* S, N or B */
};

/* A table's key has one hash part and at most one range part. */
struct ddb_key_schema {
    struct ddb_key_part hash[DDB_KEY_PARTS_MAX];
    struct ddb_key_part range[DDB_KEY_PARTS_MAX];
    uint8_t hash_count;
    uint8_t range_count;
};

enum ddb_projection { DDB_PROJECT_ALL, DDB_PROJECT_KEYS_ONLY, DDB_PROJECT_INCLUDE };

struct ddb_throughput {
    int64_t read;
    int64_t write;
};

/* -1 where there is no limit. */
struct ddb_on_demand {
    int64_t max_read;
    int64_t max_write;
};

/* Warm throughput that was asked for; zeros: none. */
struct ddb_warm {
    int64_t read;
    int64_t write;
};

/* Contributor insights. */
struct ddb_insights {
    bool enabled;
    int64_t changed_ms; /* 0: never */
    const char *mode;   /* NULL: never said */
};

/* A resource policy; text NULL: none. */
struct ddb_policy {
    const char *text;
    const char *revision;
};

/* Another table of the same global table. */
struct ddb_replica {
    const char *region;
    int64_t table_id;
};

struct ddb_index {
    int serial; /* see ddb_index_id() */
    bool global;
    enum ddb_projection projection;
    const char *name;
    struct ddb_key_schema key;
    struct ddb_text *included; /* NonKeyAttributes */
    size_t included_count;
    struct ddb_throughput throughput;
    struct ddb_on_demand on_demand;
    struct ddb_insights insights;
    struct ddb_warm warm;
    bool backfilling; /* entries of older items are still being made: nobody reads it */
};

struct ddb_tag {
    const char *key;
    const char *value;
};

/* What the records of a stream show besides the keys. */
enum ddb_view { DDB_NEW_IMAGE, DDB_OLD_IMAGE, DDB_NEW_AND_OLD_IMAGES, DDB_KEYS_ONLY };

struct ddb_stream_setting {
    const char *label; /* of the latest stream; NULL: there never was one */
    bool enabled;
    enum ddb_view view;
};

/* What is stored as the table's definition. */
struct ddb_definition {
    const char *uuid;
    int64_t created_ms;
    int64_t on_demand_since_ms;      /* 0: provisioned */
    struct ddb_key_part *attributes; /* AttributeDefinitions */
    size_t attribute_count;
    struct ddb_key_schema key;
    struct ddb_index *indexes; /* local ones first */
    size_t index_count;
    int next_serial;
    struct ddb_throughput throughput;
    struct ddb_on_demand on_demand;
    int64_t decreased_ms; /* last change of the throughput; 0: never */
    int64_t increased_ms;
    const char *table_class; /* NULL: never said */
    bool deletion_protection;
    const char *sse_key; /* ARN of the key; NULL: the default encryption */
    struct ddb_tag *tags;
    size_t tag_count;
    const char *ttl_attribute; /* NULL: off */
    int64_t ttl_changed_ms;    /* 0: never */
    struct ddb_stream_setting stream;
    struct ddb_warm warm;
    struct ddb_insights insights;
    struct ddb_policy policy;
    struct ddb_policy stream_policy;
    struct ddb_replica *replicas; /* the other ones, not this table */
    size_t replica_count;
    int64_t global_since_ms;   /* a global table of version 2017.11.29; 0: it is not */
    int64_t recovery_since_ms; /* recovery to a point in time is on; 0: off */
    int64_t recovery_days;
    const char *restored_backup; /* ARNs: where the items came from; NULL: they did not */
    const char *restored_table;
    int64_t restored_ms;
    int64_t deliveries; /* how many active destinations want the changes */
    bool creating;      /* its items are still being copied */
    int64_t copies;     /* how many copies are being made, which need the log */
};

struct ddb_feed;

struct ddb_table {
    struct ddb_definition definition;
    int64_t id;
    int64_t version;
    char account[13];
    char region[32];
    const char *name;
    bool logs;                /* changes go to the log */
    bool plain;               /* a change is one row and nothing else */
    struct ddb_table **peers; /* the other replicas, with no peers of their own */
    size_t peer_count;
    struct ddb_feed *feed; /* woken after logged changes; NULL unless it logs */
    const struct clock_source *clock;
    _Atomic unsigned references;
    struct ddb_table *next; /* in the cache; guarded by its lock */
    struct arena arena;     /* holds everything that is pointed at */
};

/* The stored text of a definition, and back; false when it is not one. */
void ddb_definition_write(struct strbuf *out, const struct ddb_definition *d);
bool ddb_definition_read(const char *json, struct arena *a, struct ddb_definition *out);

/* Whether somebody wants to know of the table's changes. */
bool ddb_definition_logs(const struct ddb_definition *d);
/* How long changes are kept for recovery; 0: not for that. */
int64_t ddb_log_keep_ms(const struct ddb_definition *d);
/* "KEYS_ONLY" and so on, and back; false when there is none of that name. */
const char *ddb_view_name(enum ddb_view view);
bool ddb_view_named(const char *name, enum ddb_view *out);

/* A snapshot of a stored table; the reference is the caller's. NULL, logged, when its definition is
 * damaged. */
struct ddb_feeds;
struct ddb_table *ddb_table_new(const struct ddb_table_row *row, struct ddb_feeds *feeds,
                                const struct clock_source *clock);
void ddb_table_release(struct ddb_table *t);
/* In a session that sees the row the snapshot was made of: its peers. */
enum store_status ddb_table_peers(struct ddb_table *t, struct ddb_session *s,
                                  struct ddb_feeds *feeds);

const struct ddb_index *ddb_table_index(const struct ddb_table *t, const char *name);
static inline int64_t ddb_index_store_id(const struct ddb_table *t, const struct ddb_index *index)
{
    return ddb_index_id(t->id, index->serial);
}
/* Whether the attribute is part of the table's key. */
bool ddb_schema_has(const struct ddb_key_schema *schema, struct ddb_text name);

#endif
