/* What the files lambda_*_store.c share. */
#ifndef CADABRA_LAMBDA_INTERNAL_H
#define CADABRA_LAMBDA_INTERNAL_H

#include "storage/lambda_store.h"
#include "storage/lazy.h"
#include "storage/scope.h"

struct lambda_store {
    struct lazy_db *db;
};

/* A write, a read of one scope: *out_scope is its id. With `create` the scope is made where it is
 * new. STORE_NOT_FOUND: nothing was ever stored for it. When they fail there is nothing to end. */
enum store_status lambda_write_begin(struct lambda_store *s, const struct scope *scope, bool create,
                                     struct sql **out, int64_t *out_scope);
enum store_status lambda_read_begin(struct lambda_store *s, const struct scope *scope,
                                    struct sql **out, int64_t *out_scope);

/* What a write of one row without which there is nothing to do returns: STORE_NOT_FOUND when no
 * row was changed. */
static inline enum store_status lambda_one_row(struct sql *sql, enum store_status rc)
{
    return !rc && sql_changes(sql) == 0 ? STORE_NOT_FOUND : rc;
}

/* In a list, having found nothing is no failure. */
static inline enum store_status lambda_end_of_list(enum store_status rc)
{
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

#endif
