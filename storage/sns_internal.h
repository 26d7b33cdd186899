/* What the files of the SNS store share. */
#ifndef CADABRA_SNS_INTERNAL_H
#define CADABRA_SNS_INTERNAL_H

#include "storage/lazy.h"
#include "storage/scope.h"
#include "storage/sns_store.h"

struct sns_store {
    struct lazy_db *db;
};

/* One statement without rows, in a write of its own. */
#define SNS_EXEC(store, sql_text, ...)                                                             \
    ({                                                                                             \
        struct sql *exec_sql_;                                                                     \
        enum store_status exec_rc_ = lazy_write_begin((store)->db, &exec_sql_);                    \
        if (exec_rc_ == STORE_OK)                                                                  \
            exec_rc_ = sql_write_end(exec_sql_, sql_exec(exec_sql_, (sql_text), __VA_ARGS__));     \
        exec_rc_;                                                                                  \
    })

/* Parts of sns_store_record(). */
enum store_status sns_insert_archived(struct sql *s, const struct sns_archived *m);
enum store_status sns_update_replay(struct sql *s, const struct sns_replay *r);

/* Room for one more item in an array of the arena that has `count` of them. */
void *sns_grow(struct arena *a, void *items, size_t count, size_t size);
/* The end of a loop over rows is no failure. */
static inline enum store_status sns_rows_end(enum store_status rc)
{
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

#endif
