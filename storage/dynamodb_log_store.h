/*
 * The log of changes of DynamoDB's tables, and the streams that show parts of it.
 *
 * A change is logged in the session that makes it, so the order of the log is the order of commits.
 * Numbers of a table begin at 1 and have no holes but those of trimming, which takes the oldest.
 */
#ifndef CADABRA_DYNAMODB_LOG_STORE_H
#define CADABRA_DYNAMODB_LOG_STORE_H

#include "storage/dynamodb_store.h"

enum ddb_cause {
    DDB_BY_CLIENT,
    DDB_BY_EXPIRY, /* time to live */
};

struct ddb_logged {
    int64_t number; /* set by reading */
    int64_t at_ms;
    enum ddb_cause cause;
    struct bytes before; /* canonical text of the item; data NULL: there was none */
    struct bytes after;
};

/* In the session of the change. */
enum store_status ddb_log_append(struct ddb_session *s, int64_t table_id,
                                 const struct ddb_logged *change);
/* The number that the next change will have. */
enum store_status ddb_log_next(struct ddb_session *s, int64_t table_id, int64_t *out_number);
/* The oldest number that is there, or the next one. */
enum store_status ddb_log_first(struct ddb_session *s, int64_t table_id, int64_t *out_number);
/* The number of the first change after that time, or the next one. */
enum store_status ddb_log_after(struct ddb_session *s, int64_t table_id, int64_t at_ms,
                                int64_t *out_number);

struct ddb_log_range {
    int64_t table_id;
    int64_t from;          /* first number */
    int64_t to;            /* number to end before */
    int64_t not_before_ms; /* older ones are not shown */
    size_t count_max;
    size_t bytes_max; /* of both images; at least one change is read all the same */
};

/* In the order of numbers, copied into the arena; `items` has room for count_max. *out_next: where
 * to go on. */
enum store_status ddb_log_read(struct ddb_session *s, const struct ddb_log_range *range,
                               struct arena *a, struct ddb_logged *items, size_t *out_count,
                               int64_t *out_next);
/* The same from the end of the range to its beginning. */
enum store_status ddb_log_read_back(struct ddb_session *s, const struct ddb_log_range *range,
                                    struct arena *a, struct ddb_logged *items, size_t *out_count);

/* One step of removing what is too old: changes, and streams that closed a day ago. *out_more:
 * there may be more to remove; *out_empty: no change and no stream is left. */
enum store_status ddb_log_trim(struct ddb_store *store, int64_t now_ms, bool *out_more,
                               bool *out_empty);

/* --- streams --- */

enum { DDB_STREAM_LABEL_MAX = 32, DDB_DAY_MS = 24 * 3600 * 1000 };

/* Strings live in the arena that was given. */
struct ddb_stream_row {
    int64_t id;
    int64_t table_id;
    const char *account;
    const char *region;
    const char *table_name;
    const char *label;
    int view;
    int64_t created_ms;
    int64_t first;
    int64_t closed_ms; /* 0: it is on */
    int64_t last;      /* number after its last change, once it is closed */
    const char *definition;
};

/* STORE_EXISTS when the label is taken. */
enum store_status ddb_stream_insert(struct ddb_session *s, const struct scope *scope,
                                    const struct ddb_stream_row *row);
/* Closes the one that is on, if any. */
enum store_status ddb_stream_close(struct ddb_session *s, int64_t table_id, int64_t now_ms);
enum store_status ddb_stream_find(struct ddb_session *s, const struct scope *scope,
                                  const char *table_name, const char *label, struct arena *a,
                                  struct ddb_stream_row *out);
/* closed_ms and last as they are now; STORE_NOT_FOUND: it has been forgotten. */
enum store_status ddb_stream_refresh(struct ddb_session *s, struct ddb_stream_row *row);
/* Up to `limit` above id `after`, of one table or (NULL) all, into rows; definitions are left out.
 */
enum store_status ddb_stream_list(struct ddb_session *s, const struct scope *scope,
                                  const char *table_name, int64_t after, size_t limit,
                                  struct arena *a, struct ddb_stream_row *rows, size_t *out_count);

#endif
