/* What the files of the Data Catalog's store share. */
#ifndef CADABRA_GLUE_INTERNAL_H
#define CADABRA_GLUE_INTERNAL_H

#include "storage/glue_store.h"
#include "storage/lazy.h"

struct glue_store {
    struct lazy_db *db;
};

/* STORE_NOT_FOUND where a statement that was to change a row changed none. */
enum store_status glue_changed(struct sql *s, enum store_status status);
/* STORE_NOT_FOUND where no table (or database) has that id. */
enum store_status glue_table_exists(struct sql *s, int64_t id);
enum store_status glue_database_exists(struct sql *s, int64_t id);

#endif
