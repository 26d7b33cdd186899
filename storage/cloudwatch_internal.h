/* What the files of the CloudWatch store share. */
#ifndef CADABRA_CLOUDWATCH_INTERNAL_H
#define CADABRA_CLOUDWATCH_INTERNAL_H

#include "storage/cloudwatch_store.h"
#include "storage/lazy.h"
#include "storage/scope.h"

struct cloudwatch_store {
    struct lazy_db *db;
};

/* STORE_NOT_FOUND where a statement changed nothing. */
enum store_status cloudwatch_changed(struct sql *s, enum store_status status);

/* --- what has a name: cloudwatch_named_store.c --- */

/* Rows of one kind, and how one is read into its struct of `size`. */
struct cloudwatch_rows {
    const char *statement;
    void (*read)(struct sql_stmt *st, struct arena *a, void *out);
    size_t size;
};

/* Those that begin with `prefix` and come after `after`. */
struct cloudwatch_names {
    const char *prefix, *after;
    size_t limit;
};

/* The parameters of the statements: scope, name, tags. */
enum store_status cloudwatch_set_tags_named(struct cloudwatch_store *store,
                                            const struct scope *scope, const char *statement,
                                            const char *name, const char *tags);
/* Scope, name. */
enum store_status cloudwatch_find_named(struct cloudwatch_store *store, const struct scope *scope,
                                        const struct cloudwatch_rows *rows, const char *name,
                                        struct arena *a, void *out);
/* Scope, after, prefix, limit. */
enum store_status cloudwatch_list_named(struct cloudwatch_store *store, const struct scope *scope,
                                        const struct cloudwatch_rows *rows,
                                        const struct cloudwatch_names *names, struct arena *a,
                                        void *out, size_t *out_count);
/* Runs `statement` with the scope and each of the names: all of them or, STORE_NOT_FOUND, none;
 * then *out_missing is the name of which it changed nothing. */
enum store_status cloudwatch_delete_named(struct cloudwatch_store *store, const struct scope *scope,
                                          const char *statement, const char *const *names,
                                          size_t count, const char **out_missing);

#endif
