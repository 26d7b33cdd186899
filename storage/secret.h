/*
 * The key with which a service signs what only itself shall read again: receipts, iterators. It is
 * drawn when first asked for and kept in the service's own database, in a table
 * secret (id INTEGER PRIMARY KEY, value BLOB).
 */
#ifndef CADABRA_SECRET_H
#define CADABRA_SECRET_H

#include "storage/lazy.h"

/* Fills out with len bytes, the same ones at each call. STORE_FAILED also when another number of
 * bytes is stored. */
enum store_status secret_load(struct lazy_db *db, uint8_t *out, size_t len);

#endif
