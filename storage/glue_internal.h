/* What the files of the Data Catalog's store share. */
#ifndef CADABRA_GLUE_INTERNAL_H
#define CADABRA_GLUE_INTERNAL_H

#include "storage/glue_store.h"
#include "storage/lazy.h"

struct glue_store {
    struct lazy_db *db;
};

/* One row, in a read of its own, as sql_row() gives it: glue_row(store, read, a, out, "SELECT ...
 * ?1", sql_int(id)). */
#define glue_row(store, read, a, out, text, ...)                                                   \
    glue_row_values((store), (read), (a), (out), (text), (const struct sql_value[]){__VA_ARGS__},  \
                    ARRAY_LEN(((const struct sql_value[]){__VA_ARGS__})))
enum store_status glue_row_values(struct glue_store *store,
                                  void (*read)(struct sql_stmt *st, struct arena *a, void *out),
                                  struct arena *a, void *out, const char *text,
                                  const struct sql_value *values, size_t count);

/* One statement that is to change a row, in a write of its own; STORE_NOT_FOUND where there was
 * none to change: glue_change(store, "UPDATE ... ?1", sql_int(id)). */
#define glue_change(store, text, ...)                                                              \
    glue_change_values((store), (text), (const struct sql_value[]){__VA_ARGS__},                   \
                       ARRAY_LEN(((const struct sql_value[]){__VA_ARGS__})))
enum store_status glue_change_values(struct glue_store *store, const char *text,
                                     const struct sql_value *values, size_t count);

/* How the rows of a list are read. */
struct glue_list {
    size_t limit;
    void (*read)(struct sql_stmt *st, struct arena *a, void *row);
    size_t row_size;
    size_t document; /* where in a row its document is */
    /* The statement that gives the whole row of an id: the list's own gives ids and names alone, so
     * that of what a filter does not want nothing else is read. NULL: the list's own gives whole
     * rows, and all are wanted. */
    const char *whole;
    /* With a filter, the list's own: ?1 is the id of its database or of the scope, ?2 and ?3 are
     * the names that it goes on behind, ?4, where `typed`, is its type. */
    const char *of_database;
    const char *of_scope;
    bool typed;
    const struct glue_filter *filter; /* NULL: all are wanted */
};

/* A page of the rows that `st` leads to, which is reset. *out_more: it ended before they did. */
enum store_status glue_list_read(struct sql *s, struct sql_stmt *st, const struct glue_list *list,
                                 struct arena *a, void *out, size_t *out_count, bool *out_more);
/* A page of what list->filter tells, in a read of its own. */
enum store_status glue_list_filtered(struct glue_store *store, const struct scope *scope,
                                     const struct glue_list *list, struct arena *a, void *out,
                                     size_t *out_count, bool *out_more);

/* STORE_NOT_FOUND where a statement that was to change a row changed none. */
enum store_status glue_changed(struct sql *s, enum store_status status);
/* STORE_NOT_FOUND where the statement gives no row. Resets it. */
enum store_status glue_exists(struct sql_stmt *st);
/* STORE_NOT_FOUND where no table (or database) has that id. */
enum store_status glue_table_exists(struct sql *s, int64_t id);
enum store_status glue_database_exists(struct sql *s, int64_t id);

#endif
