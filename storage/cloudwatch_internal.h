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
/* Runs `statement` with the scope and each of the names: all of them or, STORE_NOT_FOUND, none;
 * then *out_missing is the name of which it changed nothing. */
enum store_status cloudwatch_delete_named(struct cloudwatch_store *store, const struct scope *scope,
                                          const char *statement, const char *const *names,
                                          size_t count, const char **out_missing);

#endif
