/*
 * One page of a Query or Scan: rows are walked, counted, filtered and cut to what was asked for.
 *
 * AWS: a page ends after Limit rows or 1 MB, both measured before the filter; so it may hold
 * nothing and yet tell where to go on.
 */
#ifndef CADABRA_DYNAMODB_PAGE_H
#define CADABRA_DYNAMODB_PAGE_H

#include "handlers/dynamodb/capacity.h"
#include "handlers/dynamodb/expr.h"

enum { DDB_PAGE_BYTES = 1 << 20 };

enum ddb_select { DDB_SELECT_ALL, DDB_SELECT_PROJECTED, DDB_SELECT_COUNT, DDB_SELECT_SPECIFIC };

/* What is asked for, in both operations. */
struct ddb_page_input {
    const char *index_name;
    const char *select;
    const char *projection;
    const struct dynamodb_AttributeNameList *attributes_to_get;
    struct maybe_int limit;
    bool consistent;
    const char *return_capacity;
    const struct ddb_item *start; /* ExclusiveStartKey */
    const char *operation;        /* "Query" or "Scan" */
};

struct ddb_page {
    struct request *req;
    const struct ddb_page_input *in;
    const struct ddb_table *table;
    const struct ddb_index *index; /* NULL: the table itself */
    const struct ddb_key_schema *key;
    struct ddb_expr *filter;
    struct ddb_paths paths;
    enum ddb_select select;
    bool whole_items; /* of an index: the items themselves, not what it projects */

    struct dynamodb_ItemList items;
    size_t capacity;
    size_t scanned;
    size_t matched;
    size_t bytes;
    size_t table_bytes;   /* of items fetched from the table for an index */
    bool ended;           /* by Limit or size: there may be more */
    struct ddb_text last; /* the body of the last row */
    bool failed;
};

/* Checks that need no table: Select against projections, values of the starting key. */
int ddb_page_check(struct ddb_page *p);
/* Finds table and index. */
int ddb_page_open(struct ddb_page *p, const char *table_name);
/* AWS: the starting key is looked at in steps: how many attributes, those of the key that is walked
 * (of Scan only an index's; of Query between the key conditions), and last those of the table's
 * key. */
int ddb_page_start_count(const struct ddb_page *p);
int ddb_page_start_parts(const struct ddb_page *p, bool is_hash);
/* What Select and projection ask of the index. */
int ddb_page_check_index(struct ddb_page *p);
/* Paths of projection and filter into key attributes. */
int ddb_page_check_paths(struct ddb_page *p);
/* The starting key's attributes; fills in `range`. 0 also when there is no starting key. */
int ddb_page_start(struct ddb_page *p, struct ddb_range *range);
/* Walks the range. */
int ddb_page_read(struct ddb_page *p, struct ddb_range *range);

/* The answer's members. */
struct ddb_item ddb_page_last_key(struct ddb_page *p);
struct dynamodb_ConsumedCapacity *ddb_page_capacity(struct ddb_page *p);

#endif
