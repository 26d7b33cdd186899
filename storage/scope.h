/*
 * Accounts and regions as small numbers. Every database has a table `scope` (made by sql_open,
 * never by a migration); rows of a store refer to it by id. The ids of a database are its own.
 */
#ifndef CADABRA_SCOPE_H
#define CADABRA_SCOPE_H

#include "storage/sql.h"

/*
 * The id of a scope. STORE_NOT_FOUND when nothing was ever stored for it; with `create`, which only
 * a write may ask for, it is made then. Almost always answered from memory. STORE_LIMIT: it was to
 * be made, and the account has more than 15 or the region more than 39 characters.
 */
enum store_status sql_scope_id(struct sql *s, const struct scope *scope, bool create,
                               int64_t *out_id);

#endif
