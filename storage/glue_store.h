/*
 * What the Glue Data Catalog keeps: databases, tables and their versions, partitions, partition
 * indexes, column statistics, functions, one policy.
 *
 * Functions are thread-safe. Texts they return lie in the arena, texts they are given are borrowed
 * for the call. Documents are of the handlers' making; names come folded to lower case. Databases
 * and tables are found by name and then known by their ids, which are never given again. To change
 * what is gone is STORE_NOT_FOUND; a list of what was in it is empty, once its rows are removed.
 */
#ifndef CADABRA_GLUE_STORE_H
#define CADABRA_GLUE_STORE_H

#include "server/base/arena.h"
#include "storage/glue_tuple.h"
#include "storage/store.h"

struct glue_store;

/* Of documents (and of values of partitions) in a page of a list: behind the row that goes beyond
 * it, a page ends. */
enum { GLUE_PAGE_BYTES = 4 * 1024 * 1024 };

struct glue_store *glue_store_open(struct store_root *root);
void glue_store_close(struct glue_store *store);

/* What a list of tables or functions is to give, in the order of their names. */
struct glue_filter {
    int64_t database_id; /* 0: of all databases of the scope, in the order of both names */
    const char *after_database;
    const char *after;                               /* "": from the first */
    bool (*wanted)(const char *name, void *context); /* NULL: all */
    void *context;
    const char *type; /* of functions; NULL: any */
};

/* --- databases: glue_store.c --- */

struct glue_database_row {
    int64_t id;
    const char *name;
    int64_t created_ms;
    const char *document;
    const char *tags; /* JSON object, or "" */
};

enum store_status glue_database_create(struct glue_store *store, const struct scope *scope,
                                       const struct glue_database_row *database);
enum store_status glue_database_find(struct glue_store *store, const struct scope *scope,
                                     const char *name, struct arena *a,
                                     struct glue_database_row *out);
enum store_status glue_database_update(struct glue_store *store, int64_t id, const char *document);
/* STORE_CONFLICT where the tags are no longer `old`. */
enum store_status glue_database_set_tags(struct glue_store *store, int64_t id, const char *old,
                                         const char *tags);
/* With all that is in it; the rows of its tables go by glue_store_sweep(). */
enum store_status glue_database_delete(struct glue_store *store, int64_t id);
/* At most `limit` databases whose names come after `after`, in their order; a page of large ones is
 * shorter, but not empty. out_more says whether there are others behind them. */
enum store_status glue_database_list(struct glue_store *store, const struct scope *scope,
                                     const char *after, size_t limit, struct arena *a,
                                     struct glue_database_row *out, size_t *out_count,
                                     bool *out_more);

/* Removes some of what dropped tables have left; true while there is more. What a crash leaves is
 * removed with what is dropped next. */
bool glue_store_sweep(struct glue_store *store);

/* --- the policy of a catalog: glue_store.c --- */

struct glue_policy_row {
    const char *policy;
    int64_t created_ms, updated_ms;
};

enum store_status glue_policy_find(struct glue_store *store, const struct scope *scope,
                                   struct arena *a, struct glue_policy_row *out);
/* `old` is what is replaced, NULL: nothing may be there; else STORE_CONFLICT. */
enum store_status glue_policy_put(struct glue_store *store, const struct scope *scope,
                                  const char *old, const char *policy, int64_t now_ms);
enum store_status glue_policy_delete(struct glue_store *store, const struct scope *scope,
                                     const char *old);

/* --- tables: glue_table_store.c --- */

struct glue_table_row {
    int64_t id;
    const char *database;
    const char *name;
    int64_t version;
    int64_t created_ms, updated_ms;
    const char *created_by;
    const char *document;
};

struct glue_index_row {
    const char *name;
    const char *fields; /* tuple of the keys' names */
};

/* Of version 0, with its partition indexes. */
enum store_status glue_table_create(struct glue_store *store, int64_t database_id,
                                    const struct glue_table_row *table,
                                    const struct glue_index_row *indexes, size_t index_count);
/* STORE_NOT_FOUND: there is no such table; STORE_CONFLICT: nor such a database. */
enum store_status glue_table_find(struct glue_store *store, const struct scope *scope,
                                  const char *database, const char *name, struct arena *a,
                                  struct glue_table_row *out);

struct glue_table_change {
    int64_t expected_version; /* STORE_CONFLICT where it is another; -1: any */
    bool archive;             /* keep what is replaced as a version */
    int64_t updated_ms;
    const char *document;
};

enum store_status glue_table_update(struct glue_store *store, int64_t id,
                                    const struct glue_table_change *change);
enum store_status glue_table_delete(struct glue_store *store, int64_t id);

/* At most `limit` tables, in the order of their names; a page of large ones is shorter, but not
 * empty. out_more says whether looking further is worth while. */
enum store_status glue_table_list(struct glue_store *store, const struct scope *scope,
                                  const struct glue_filter *filter, size_t limit, struct arena *a,
                                  struct glue_table_row *out, size_t *out_count, bool *out_more);

/* The row of a version that there is, the newest or an archived one. */
enum store_status glue_version_find(struct glue_store *store, int64_t table_id, int64_t version,
                                    struct arena *a, struct glue_table_row *out);
/* At most `limit` versions below `before`, the newest first; otherwise as glue_table_list(). */
enum store_status glue_version_list(struct glue_store *store, int64_t table_id, int64_t before,
                                    size_t limit, struct arena *a, struct glue_table_row *out,
                                    size_t *out_count, bool *out_more);
/* STORE_CONFLICT for the newest, which goes with its table only. */
enum store_status glue_version_delete(struct glue_store *store, int64_t table_id, int64_t version);

enum { GLUE_INDEXES_MAX = 3 };

/* STORE_LIMIT: there are GLUE_INDEXES_MAX; STORE_EXISTS: one has that name, or, STORE_CONFLICT,
 * these fields: *out_name is its name then. */
enum store_status glue_index_create(struct glue_store *store, int64_t table_id,
                                    const struct glue_index_row *index, struct arena *a,
                                    const char **out_name);
/* out has room for GLUE_INDEXES_MAX. */
enum store_status glue_index_list(struct glue_store *store, int64_t table_id, struct arena *a,
                                  struct glue_index_row *out, size_t *out_count);
enum store_status glue_index_delete(struct glue_store *store, int64_t table_id, const char *name);

/* --- partitions: glue_partition_store.c --- */

struct glue_partition_row {
    const char *tuple; /* of its values */
    int64_t created_ms;
    const char *document;
};

/* Makes those that are not there; out_there[i] says which were. */
enum store_status glue_partitions_create(struct glue_store *store, int64_t table_id,
                                         const struct glue_partition_row *rows, size_t count,
                                         bool *out_there);
enum store_status glue_partition_find(struct glue_store *store, int64_t table_id, const char *tuple,
                                      struct arena *a, struct glue_partition_row *out);
/* Replaces the partition that has `tuple`; the time of its making stays. STORE_EXISTS: its new
 * values are those of another one. */
enum store_status glue_partition_update(struct glue_store *store, int64_t table_id,
                                        const char *tuple, const struct glue_partition_row *row);
enum store_status glue_partition_delete(struct glue_store *store, int64_t table_id,
                                        const char *tuple);

struct glue_partition_filter {
    const char *after; /* a tuple; "": from the first */
    /*
     * Whether a partition is wanted, told by its tuple alone; NULL: all are. When it is not, and
     * none is whose tuple begins with the same bytes either, *out_hopeless is how many bytes those
     * are (0: no partition at all is wanted): these are not looked at then. It is -1 before. A
     * false answer may also set *out_failed, which ends the list with STORE_CONFLICT.
     */
    bool (*wanted)(struct bytes tuple, void *context, int64_t *out_hopeless, bool *out_failed);
    void *context;
};

/* At most `limit` partitions, in the order of their tuples; a page of large ones is shorter, but
 * not empty. out_more says whether looking further is worth while. */
enum store_status glue_partition_list(struct glue_store *store, int64_t table_id,
                                      const struct glue_partition_filter *filter, size_t limit,
                                      struct arena *a, struct glue_partition_row *out,
                                      size_t *out_count, bool *out_more);

/* --- column statistics: glue_partition_store.c --- */

struct glue_statistics_row {
    const char *column;
    const char *document;
};

/* Of the table (tuple "") or a partition. */
enum store_status glue_statistics_put(struct glue_store *store, int64_t table_id, const char *tuple,
                                      const struct glue_statistics_row *rows, size_t count);
enum store_status glue_statistics_find(struct glue_store *store, int64_t table_id,
                                       const char *tuple, const char *column, struct arena *a,
                                       const char **out_document);
/* What is not there is no failure. */
enum store_status glue_statistics_delete(struct glue_store *store, int64_t table_id,
                                         const char *tuple, const char *column);

/* --- functions: glue_function_store.c --- */

struct glue_function_row {
    int64_t id;
    const char *database;
    const char *name;
    const char *type; /* of the types of functions that there are */
    int64_t created_ms;
    const char *document;
};

enum store_status glue_function_create(struct glue_store *store, int64_t database_id,
                                       const struct glue_function_row *function);
enum store_status glue_function_find(struct glue_store *store, int64_t database_id,
                                     const char *name, struct arena *a,
                                     struct glue_function_row *out);
enum store_status glue_function_update(struct glue_store *store, int64_t id, const char *type,
                                       const char *document);
enum store_status glue_function_delete(struct glue_store *store, int64_t id);
/* As glue_table_list(). */
enum store_status glue_function_list(struct glue_store *store, const struct scope *scope,
                                     const struct glue_filter *filter, size_t limit,
                                     struct arena *a, struct glue_function_row *out,
                                     size_t *out_count, bool *out_more);

#endif
