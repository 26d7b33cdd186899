/* What the files of IAM's store share. Not for others. */
#ifndef CADABRA_IAM_INTERNAL_H
#define CADABRA_IAM_INTERNAL_H

#include "storage/iam_store.h"
#include "storage/lazy.h"
#include "storage/sql.h"

struct iam_store {
    struct lazy_db *db;
};

/* Begin a read or a write in an account's scope. STORE_NOT_FOUND: nothing was ever stored for it.
 * On failure nothing is held. */
enum store_status iam_begin_read(struct iam_store *store, const char *account, struct sql **out_sql,
                                 int64_t *out_scope);
enum store_status iam_begin_write(struct iam_store *store, const char *account,
                                  struct sql **out_sql, int64_t *out_scope);

enum store_status iam_entity_id(struct sql *s, int64_t scope, enum iam_kind kind, const char *name,
                                int64_t *out_id);
/* Begin, and find an entity. On failure nothing is held. */
enum store_status iam_begin_read_of(struct iam_store *store, const char *account,
                                    enum iam_kind kind, const char *name, struct sql **out_sql,
                                    int64_t *out_id);
enum store_status iam_begin_write_of(struct iam_store *store, const char *account,
                                     enum iam_kind kind, const char *name, struct sql **out_sql,
                                     int64_t *out_id);

/* The columns that iam_entity_row() reads, in its order. */
#define IAM_ENTITY_COLUMNS                                                                         \
    "e.id, e.kind, e.name, e.path, e.unique_id, e.created_ms, e.description, e.trust, "            \
    "e.session_s, e.boundary, e.tags, e.used_ms, e.used_region, e.login_ms, e.login_reset"
struct iam_entity iam_entity_row(struct sql_stmt *st, struct arena *a);
/* Reads up to limit rows, and looks whether there is one more. */
enum store_status iam_entity_rows(struct sql_stmt *st, size_t limit, struct arena *a,
                                  struct iam_entities *out);

/* One number of one row; parameter 1 is id. */
enum store_status iam_number(struct sql *s, const char *sql_text, int64_t id, int64_t *out);

#endif
