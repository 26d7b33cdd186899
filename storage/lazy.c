/* Opens a database once, under a lock that only the first callers meet. */
#include "storage/lazy.h"

#include "storage/scope.h"

#include <pthread.h>
#include <stdatomic.h>

struct lazy_db {
    struct store_root *root;
    const char *name;
    const struct sql_migration *migrations;
    size_t migration_count;
    pthread_mutex_t lock;        /* held while the database is being opened */
    _Atomic(struct sql_db *) db; /* NULL: not open yet */
};

struct lazy_db *lazy_new(struct store_root *root, const char *name,
                         const struct sql_migration *migrations, size_t migration_count)
{
    struct lazy_db *l = x_calloc(1, sizeof(*l));

    l->root = root;
    l->name = name;
    l->migrations = migrations;
    l->migration_count = migration_count;
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void lazy_free(struct lazy_db *l)
{
    struct sql_db *db = atomic_load(&l->db);

    if (db)
        sql_close(db);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static struct sql_db *opened(struct lazy_db *l)
{
    struct sql_db *db = atomic_load_explicit(&l->db, memory_order_acquire);

    if (db)
        return db;
    pthread_mutex_lock(&l->lock);
    db = atomic_load(&l->db);
    if (!db) {
        db = sql_open(l->root, l->name, l->migrations, l->migration_count);
        atomic_store_explicit(&l->db, db, memory_order_release);
    }
    pthread_mutex_unlock(&l->lock);
    return db;
}

enum store_status lazy_read_begin(struct lazy_db *l, struct sql **out_sql)
{
    struct sql_db *db = atomic_load_explicit(&l->db, memory_order_acquire);

    if (!db && !store_has(l->root, l->name))
        return STORE_NOT_FOUND;
    db = opened(l);
    return db ? sql_read_begin(db, out_sql) : STORE_FAILED;
}

enum store_status lazy_write_begin(struct lazy_db *l, struct sql **out_sql)
{
    struct sql_db *db = opened(l);

    return db ? sql_write_begin(db, out_sql) : STORE_FAILED;
}

enum store_status lazy_scope_read_begin(struct lazy_db *l, const struct scope *scope,
                                        struct sql **out_sql, int64_t *out_scope)
{
    enum store_status status = lazy_read_begin(l, out_sql);

    if (status)
        return status;
    status = sql_scope_id(*out_sql, scope, false, out_scope);
    if (status)
        sql_read_end(*out_sql);
    return status;
}

enum store_status lazy_scope_write_begin(struct lazy_db *l, const struct scope *scope, bool create,
                                         struct sql **out_sql, int64_t *out_scope)
{
    enum store_status status = lazy_write_begin(l, out_sql);

    if (status)
        return status;
    status = sql_scope_id(*out_sql, scope, create, out_scope);
    return status ? sql_write_end(*out_sql, status) : STORE_OK;
}

enum store_status lazy_write(struct lazy_db *l,
                             enum store_status (*turn)(struct sql *s, void *context), void *context)
{
    struct sql_db *db = opened(l);

    return db ? sql_write(db, turn, context) : STORE_FAILED;
}
