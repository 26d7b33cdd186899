/*
 * One item's change inside a session: the row, and the entries of the indexes that follow from it.
 *
 * Usage: fill in table, key and what the item becomes; ddb_change_read() fetches what it was, where
 * that is needed; after the conditions have been checked ddb_change_apply() writes.
 */
#ifndef CADABRA_DYNAMODB_WRITE_H
#define CADABRA_DYNAMODB_WRITE_H

#include "handlers/dynamodb/expr.h"
#include "handlers/dynamodb/key.h"
#include "handlers/dynamodb/ops.h"
#include "storage/dynamodb_log_store.h"

struct ddb_change {
    const struct ddb_table *table;
    struct ddb_key key;

    bool was_read; /* the three below are true to the store */
    bool existed;
    struct ddb_row row;  /* of what was there */
    struct ddb_item old; /* its content; empty where nothing was */

    enum ddb_cause cause;
    bool copied;          /* part of a copy of a whole table, which is nobody's change */
    bool removes;         /* it shall go; else it becomes `item` */
    struct ddb_item item; /* members */
    struct bytes body;    /* the canonical text of `item` */
    size_t size;
};

/* Sets item, body and size. */
void ddb_change_becomes(struct ddb_change *c, const struct ddb_item *item, struct arena *a);
/* Reads row and old. STORE_OK also where nothing was. */
enum store_status ddb_change_read(struct ddb_change *c, struct ddb_session *s, struct arena *a);
/* Writes the item, its index entries, and what the table's log is to know. Reads first what it
 * needs and was not read. Of a plain table that is one change, for ddb_one_change(). */
enum store_status ddb_change_apply(struct ddb_change *c, struct ddb_session *s, struct arena *a);

/* A change under a condition, as a whole write: for ddb_write_run(). */
struct ddb_change_turn {
    struct ddb_change change;
    const struct ddb_expr *condition; /* NULL: none */
    bool wants_old;                   /* the answer tells of what was there */
    struct arena *arena;

    bool refused; /* the condition did not hold: the status is STORE_CONFLICT */
};
enum store_status ddb_change_turn(struct ddb_session *s, void *turn);

#endif
