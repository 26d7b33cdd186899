/*
 * A database that is opened when it is first needed, so that a server that nobody asks for a
 * service costs nothing for it: a read of what was never written answers "not found" without
 * opening anything, the first write opens.
 *
 * Thread-safe. Once open, reaching the database costs one atomic load.
 */
#ifndef CADABRA_LAZY_H
#define CADABRA_LAZY_H

#include "storage/sql.h"

struct lazy_db;

/* name and migrations must be constants. Never NULL. */
struct lazy_db *lazy_new(struct store_root *root, const char *name,
                         const struct sql_migration *migrations, size_t migration_count);
/* Closes what is open. */
void lazy_free(struct lazy_db *l);

/* sql_read_begin(); STORE_NOT_FOUND while nothing was ever stored. */
enum store_status lazy_read_begin(struct lazy_db *l, struct sql **out_sql);
/* sql_write_begin(), after opening the database where that has not been done. */
enum store_status lazy_write_begin(struct lazy_db *l, struct sql **out_sql);
/* The same for the rows of one scope, whose id they give (scope.h); of a read STORE_NOT_FOUND where
 * nothing was ever stored for it. Only with `create` is the scope made where it is new. */
enum store_status lazy_scope_read_begin(struct lazy_db *l, const struct scope *scope,
                                        struct sql **out_sql, int64_t *out_scope);
enum store_status lazy_scope_write_begin(struct lazy_db *l, const struct scope *scope, bool create,
                                         struct sql **out_sql, int64_t *out_scope);
/* sql_write(), the same. */
enum store_status lazy_write(struct lazy_db *l,
                             enum store_status (*turn)(struct sql *s, void *context),
                             void *context);

#endif
