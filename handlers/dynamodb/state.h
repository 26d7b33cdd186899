/*
 * What lives as long as the service: its store and the tables in memory. And how operations fail in
 * DynamoDB's manner, since all of them need both.
 */
#ifndef CADABRA_DYNAMODB_STATE_H
#define CADABRA_DYNAMODB_STATE_H

#include "handlers/dynamodb/feed.h"
#include "handlers/dynamodb/table.h"
#include "server/app.h"
#include "server/aws_error.h"

struct ddb;
struct ddb_delivery;
struct ddb_keeper;
struct ddb_transfers;

void *ddb_open(struct app *app);
void ddb_close(void *state);
struct ddb *ddb_of(struct request *req);
/* For those who act without a request. */
struct ddb *ddb_of_app(struct app *app);
struct app *ddb_app(struct ddb *d);
struct ddb_store *ddb_store_in(struct ddb *d);
struct ddb_feeds *ddb_feeds_in(struct ddb *d);
struct ddb_keeper *ddb_keeper_in(struct ddb *d);
struct ddb_delivery *ddb_delivery_in(struct ddb *d);
struct ddb_transfers *ddb_transfers_in(struct ddb *d);
struct ddb_store *ddb_store_of(struct request *req);

/*
 * The table that a request names: by name or by ARN, in the caller's account and region. The
 * snapshot stays valid as long as the request. NULL after failing the request; *_named says which
 * table is missing, as control operations do ("Requested resource not found: Table: x not found").
 */
const struct ddb_table *ddb_table_get(struct request *req, const char *name);
const struct ddb_table *ddb_table_get_named(struct request *req, const char *name);
/* The same, in the words of the operations on backups: TableNotFoundException. */
const struct ddb_table *ddb_table_get_for_backup(struct request *req, const char *name);
/* NULL after failing the request: the table's own name where an ARN may stand. */
const char *ddb_table_name(struct request *req, const char *name_or_arn);
/* After a change of the table has been committed: the next ddb_table_get() reads it anew. */
void ddb_table_changed(struct request *req, const char *name);
void ddb_table_forget(struct ddb *d, const struct scope *scope, const char *name);
/* Without a request, in a session: a snapshot for ddb_table_release(). */
enum store_status ddb_table_load(struct ddb *d, struct ddb_session *s, int64_t table_id,
                                 struct ddb_table **out);

enum ddb_begin {
    DDB_BEGUN,  /* the session is open, or the turn has run */
    DDB_AGAIN,  /* a definition has changed: the snapshots were replaced, check them anew and try
                   again */
    DDB_FAILED, /* the request has been failed */
};

/* Begins a write that relies on these tables. */
enum ddb_begin ddb_write_to(struct request *req, const struct ddb_table **tables, size_t count,
                            struct ddb_session *out);
/* Ends it as ddb_write_end() does, and tells those who wait for changes of the tables. */
enum store_status ddb_write_done(const struct ddb_table **tables, size_t count,
                                 struct ddb_session *s, enum store_status status);
/* The same with the write as a function, for what is written often: see ddb_store_write(). The turn
 * touches nothing but its context and the request's arena. *out_status: what it returned, or how
 * the commit went. */
enum ddb_begin ddb_write_run(struct request *req, const struct ddb_table **tables, size_t count,
                             enum store_status (*turn)(struct ddb_session *s, void *context),
                             void *context, enum store_status *out_status);

/* ValidationException. */
int ddb_invalid(struct request *req, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same for the checks that PutItem and UpdateItem answer as "1 validation error detected: ...".
 */
int ddb_invalid_request(struct request *req, const char *format, ...) PRINTF_LIKE(2, 3);
/* A store that failed: 500. Always -1. */
int ddb_fail_store(struct request *req, enum store_status status);

/* For analysers, as in aws_error.h: none of them returns 0. */
#define ddb_invalid(...)                                                                           \
    ({                                                                                             \
        (ddb_invalid)(__VA_ARGS__);                                                                \
        -1;                                                                                        \
    })
#define ddb_fail_store(req, status)                                                                \
    ({                                                                                             \
        (ddb_fail_store)((req), (status));                                                         \
        -1;                                                                                        \
    })

/* The scope of the caller. */
struct scope ddb_scope(const struct request *req);

#endif
