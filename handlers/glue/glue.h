/*
 * The Glue Data Catalog for other services: tables as those that read and write their data need
 * them.
 *
 * All are thread-safe, may be called from background tasks, and leave what they answer in the
 * caller's arena. Names are compared as the catalog does, without case.
 */
#ifndef CADABRA_GLUE_H
#define CADABRA_GLUE_H

#include "server/app.h"
#include "server/base/arena.h"
#include "storage/store.h"

extern const struct service glue_service;

struct glue_table_name {
    const char *account; /* the catalog's id */
    const char *region;
    const char *database;
    const char *table;
    const char *version; /* a number; NULL or "LATEST": the newest */
};

struct glue_table_column {
    const char *name;
    const char *type; /* as Hive writes it: "struct<a:int>"; "" where none was given */
};

struct glue_table_columns {
    struct glue_table_column *items;
    size_t count;
};

struct glue_parameter {
    const char *name;
    const char *value;
};

struct glue_parameters {
    struct glue_parameter *items;
    size_t count;
};

/* Where the data lie and what they look like. Texts are NULL where none were given. */
struct glue_storage {
    struct glue_table_columns columns; /* without those it is partitioned by */
    const char *location;              /* s3://... */
    const char *input_format;
    const char *output_format;
    const char *serde; /* the serialization library: a Java class */
    struct glue_parameters serde_parameters;
    struct glue_parameters parameters;
};

struct glue_table {
    const char *database; /* as the catalog has them: lower case */
    const char *name;
    const char *type;    /* EXTERNAL_TABLE, VIRTUAL_VIEW, ...; NULL where none was given */
    const char *version; /* which one it is: a number */
    int64_t created_ms, updated_ms;
    struct glue_storage storage;
    struct glue_table_columns partition_keys;
    struct glue_parameters parameters;
    const char *view_original_text; /* NULL: none */
    const char *view_expanded_text;
};

/* STORE_NOT_FOUND: there is no such table, or no such version of it; STORE_CONFLICT: there is not
 * even the database. */
enum store_status glue_find_table(struct app *app, const struct glue_table_name *name,
                                  struct arena *a, struct glue_table *out);

/* The parameter's value, or NULL. */
const char *glue_parameter(const struct glue_parameters *parameters, const char *name);

struct glue_partition {
    const char **values; /* one for each partition key */
    size_t value_count;
    struct glue_storage storage;
    struct glue_parameters parameters;
};

struct glue_partition_query {
    const char *expression; /* as GetPartitions takes it; NULL or blank: all */
    const char *after;      /* the `next` of the page before; NULL: from the first */
    size_t limit;           /* of the page */
};

struct glue_partition_page {
    struct glue_partition *items;
    size_t count;
    const char *next;    /* NULL: there are no more */
    const char *problem; /* after STORE_CONFLICT: what is wrong, in AWS's words */
};

/* Partitions in the order of their values. STORE_NOT_FOUND: there is no such table; STORE_CONFLICT:
 * the expression can't be evaluated, or a value is none of its key's type. */
enum store_status glue_list_partitions(struct app *app, const struct glue_table_name *name,
                                       const struct glue_partition_query *query, struct arena *a,
                                       struct glue_partition_page *out);

#endif
