/*
 * ConsumedCapacity and ItemCollectionMetrics.
 *
 * AWS: a write costs a unit per KB of the larger of the item before and after; an index costs units
 * for the change of what it projects: none when that stays, two writes when the entry moves. A read
 * costs a unit per 4 KB, half of that when it is eventually consistent, twice in a transaction.
 */
#ifndef CADABRA_DYNAMODB_CAPACITY_H
#define CADABRA_DYNAMODB_CAPACITY_H

#include "handlers/dynamodb/write.h"

enum { DDB_INDEXES_MAX = DDB_LOCAL_INDEXES_MAX + DDB_GLOBAL_INDEXES_MAX };

/* What operations on one table have consumed. */
struct ddb_capacity {
    const struct ddb_table *table;
    double table_units;
    bool table_touched; /* else only indexes were read */
    double index_units[DDB_INDEXES_MAX];
    bool index_touched[DDB_INDEXES_MAX];
};

/* ReturnConsumedCapacity asks for anything. */
bool ddb_capacity_wanted(const char *mode);
/* Whether ReturnItemCollectionMetrics does, and the table has such collections. */
bool ddb_metrics_wanted(const char *mode, const struct ddb_table *t);

/* Units of one item's read or write, at least one. */
double ddb_read_units(size_t size, bool consistent);
double ddb_write_units(size_t size);

/* Adds a change that was read before it was applied; factor 2 in transactions, which AWS charges
 * for the table but not for its indexes. */
void ddb_capacity_add_change(struct ddb_capacity *c, const struct ddb_change *change, double factor,
                             struct arena *a);

enum ddb_capacity_kind { DDB_CAPACITY_PLAIN, DDB_CAPACITY_READ, DDB_CAPACITY_WRITE };

/* The answer's form of it; the kinds but PLAIN name the units a second time, as transactions do.
 * NULL when the mode asks for none. */
struct dynamodb_ConsumedCapacity *ddb_capacity_report(struct request *req,
                                                      const struct ddb_capacity *c,
                                                      const char *mode,
                                                      enum ddb_capacity_kind kind);
struct dynamodb_ItemCollectionMetrics *
ddb_metrics_report(struct request *req, const struct ddb_table *t, const struct ddb_item *item);

/* Whether the index holds the attribute of each of its items. */
bool ddb_index_projects(const struct ddb_table *t, const struct ddb_index *index,
                        struct ddb_text name);
/* The item as the index holds it. */
struct ddb_item ddb_index_view(const struct ddb_table *t, const struct ddb_index *index,
                               const struct ddb_item *item, struct arena *a);

#endif
