/*
 * The cache of table definitions: a hash table of snapshots under a lock that is held for a look
 * and a count.
 *
 * Loading happens outside the lock. `generation` goes up with every change of any table; what was
 * loaded while it went up is used once but not kept, since it may be older than the change.
 */
#include "handlers/dynamodb/state.h"

#include <pthread.h>

#include "dynamodb.h"
#include "handlers/common/arn.h"
#include "handlers/dynamodb/delivery.h"
#include "handlers/dynamodb/keeper.h"
#include "handlers/dynamodb/service.h"
#include "handlers/dynamodb/transfer.h"
#include "server/base/log.h"

enum { BUCKETS = 256 };

struct ddb {
    struct app *app;
    struct ddb_store *store;
    struct ddb_feeds *feeds;
    struct ddb_keeper *keeper;
    struct ddb_delivery *delivery;
    struct ddb_transfers *transfers;
    pthread_mutex_t lock;
    uint64_t generation;               /* lock */
    struct ddb_table *tables[BUCKETS]; /* lock */
};

/* --- life --- */

void *ddb_open(struct app *app)
{
    struct ddb *d = x_calloc(1, sizeof(*d));

    d->app = app;
    d->store = ddb_store_open(app->store);
    d->feeds = ddb_feeds_new();
    pthread_mutex_init(&d->lock, NULL);
    d->keeper = ddb_keeper_new(d);
    d->delivery = ddb_delivery_new(d);
    d->transfers = ddb_transfers_new(d);
    if (store_has(app->store, "dynamodb")) {
        ddb_keeper_wake(d);
        ddb_delivery_wake(d);
        ddb_transfers_wake(d);
    }
    return d;
}

void ddb_close(void *state)
{
    struct ddb *d = state;

    for (size_t i = 0; i < BUCKETS; i++)
        for (struct ddb_table *t = d->tables[i], *next; t != NULL; t = next) {
            next = t->next;
            ddb_table_release(t);
        }
    pthread_mutex_destroy(&d->lock);
    ddb_transfers_free(d->transfers);
    ddb_delivery_free(d->delivery);
    ddb_keeper_free(d->keeper);
    ddb_feeds_free(d->feeds);
    ddb_store_close(d->store);
    free(d);
}

struct ddb *ddb_of_app(struct app *app)
{
    return service_state(app, &dynamodb_service);
}

struct ddb *ddb_of(struct request *req)
{
    return ddb_of_app(req->app);
}

struct app *ddb_app(struct ddb *d)
{
    return d->app;
}

struct ddb_store *ddb_store_in(struct ddb *d)
{
    return d->store;
}

struct ddb_feeds *ddb_feeds_in(struct ddb *d)
{
    return d->feeds;
}

struct ddb_keeper *ddb_keeper_in(struct ddb *d)
{
    return d->keeper;
}

struct ddb_delivery *ddb_delivery_in(struct ddb *d)
{
    return d->delivery;
}

struct ddb_transfers *ddb_transfers_in(struct ddb *d)
{
    return d->transfers;
}

struct ddb_store *ddb_store_of(struct request *req)
{
    return ddb_of(req)->store;
}

struct scope ddb_scope(const struct request *req)
{
    return (struct scope){.account = req->account, .region = req->region};
}

/* --- the cache --- */

static struct ddb_table **chain_of(struct ddb *d, const char *name)
{
    uint32_t hash = 2166136261U;

    for (const char *p = name; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619U;
    return &d->tables[hash % BUCKETS];
}

static bool table_is(const struct ddb_table *t, const struct scope *scope, const char *name)
{
    return str_eq(t->name, name) && str_eq(t->account, scope->account) &&
           str_eq(t->region, scope->region);
}

/* The snapshot in the cache with one more reference, or NULL. */
static struct ddb_table *cache_find(struct ddb *d, const struct scope *scope, const char *name,
                                    uint64_t *out_generation)
{
    struct ddb_table *t;

    pthread_mutex_lock(&d->lock);
    for (t = *chain_of(d, name); t != NULL && !table_is(t, scope, name); t = t->next)
        ;
    if (t != NULL)
        t->references++;
    *out_generation = d->generation;
    pthread_mutex_unlock(&d->lock);
    return t;
}

static void cache_keep(struct ddb *d, struct ddb_table *t, uint64_t generation)
{
    pthread_mutex_lock(&d->lock);
    struct scope scope = {t->account, t->region};
    struct ddb_table **chain = chain_of(d, t->name);
    bool known = false;
    for (struct ddb_table *other = *chain; other != NULL && !known; other = other->next)
        known = table_is(other, &scope, t->name);
    if (!known && d->generation == generation) {
        t->references++;
        t->next = *chain;
        *chain = t;
    }
    pthread_mutex_unlock(&d->lock);
}

void ddb_table_forget(struct ddb *d, const struct scope *scope, const char *name)
{
    struct ddb_table *old = NULL;

    pthread_mutex_lock(&d->lock);
    d->generation++;
    for (struct ddb_table **link = chain_of(d, name); *link != NULL; link = &(*link)->next)
        if (table_is(*link, scope, name)) {
            old = *link;
            *link = old->next;
            break;
        }
    pthread_mutex_unlock(&d->lock);
    if (old != NULL)
        ddb_table_release(old);
}

void ddb_table_changed(struct request *req, const char *name)
{
    struct scope scope = ddb_scope(req);

    ddb_table_forget(ddb_of(req), &scope, name);
}

/* A snapshot with its peers; the reference is the caller's. */
static enum store_status snapshot(struct ddb *d, struct ddb_session *s,
                                  const struct ddb_table_row *row, struct ddb_table **out)
{
    struct ddb_table *t = ddb_table_new(row, d->feeds, &d->app->clock);
    enum store_status rc = t != NULL ? STORE_OK : STORE_FAILED;

    if (t != NULL && t->definition.replica_count > 0)
        rc = ddb_table_peers(t, s, d->feeds);
    if (rc == STORE_OK)
        *out = t;
    else if (t != NULL)
        ddb_table_release(t);
    return rc;
}

enum store_status ddb_table_load(struct ddb *d, struct ddb_session *s, int64_t table_id,
                                 struct ddb_table **out)
{
    struct ddb_table_row row;
    struct arena a;

    arena_init(&a);
    enum store_status rc = ddb_table_by_id(s, table_id, &a, &row);
    if (rc == STORE_OK)
        rc = snapshot(d, s, &row, out);
    arena_release(&a);
    return rc;
}

/* STORE_OK: a new snapshot, and the reference is the caller's. */
static enum store_status load(struct request *req, const struct scope *scope, const char *name,
                              struct ddb_table **out)
{
    struct ddb_session s;
    struct ddb_table_row row;
    struct ddb *d = ddb_of(req);
    enum store_status rc = ddb_read_begin(d->store, &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_table_find(&s, scope, name, &req->arena, &row);
    if (rc == STORE_OK)
        rc = snapshot(d, &s, &row, out);
    ddb_read_end(&s);
    return rc;
}

static void release_later(void *table)
{
    ddb_table_release(table);
}

static enum store_status find(struct request *req, const char *name, const struct ddb_table **out)
{
    struct ddb *d = ddb_of(req);
    struct scope scope = ddb_scope(req);
    uint64_t generation;
    struct ddb_table *t = cache_find(d, &scope, name, &generation);

    if (t == NULL) {
        enum store_status rc = load(req, &scope, name, &t);
        if (rc != STORE_OK)
            return rc;
        cache_keep(d, t, generation);
    }
    arena_defer(&req->arena, release_later, t);
    *out = t;
    return STORE_OK;
}

/* --- tables of a request --- */

const char *ddb_table_name(struct request *req, const char *name_or_arn)
{
    struct arn arn;

    if (!str_starts(name_or_arn, "arn:"))
        return name_or_arn;
    const char *name = arn_parse(&req->arena, name_or_arn, &arn) && str_eq(arn.service, "dynamodb")
                           ? arn_resource_after(&arn, "table/")
                           : NULL;
    if (name == NULL || strchr(name, '/') != NULL) {
        ddb_invalid(req, "Invalid table/index name.  Table/index names must be between 3 and 255 "
                         "characters long, and may contain only the characters a-z, A-Z, 0-9, "
                         "'_', '-', and '.'");
        return NULL;
    }
    if (!str_eq(arn.region, req->region)) {
        ddb_invalid(req, "The region in the ARN does not match the region of the request: %s",
                    name_or_arn);
        return NULL;
    }
    if (!str_eq(arn.account, req->account)) {
        aws_fail(
            req, &aws_AccessDeniedException,
            "User: arn:aws:iam::%s:root is not authorized to perform: dynamodb:%s on resource: %s "
            "because no resource-based policy allows the action",
            req->account, model_text(req->service->model, req->operation->name), name_or_arn);
        return NULL;
    }
    return name;
}

/* STORE_NOT_FOUND is left for the caller to word; any other failure has failed the request. */
static enum store_status find_named(struct request *req, const char *name_or_arn,
                                    const char **out_name, const struct ddb_table **out_table)
{
    *out_name = ddb_table_name(req, name_or_arn);
    *out_table = NULL;
    if (*out_name == NULL)
        return STORE_FAILED;
    enum store_status rc = find(req, *out_name, out_table);
    if (rc != STORE_OK)
        *out_table = NULL;
    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        ddb_fail_store(req, rc);
    return rc;
}

const struct ddb_table *ddb_table_get(struct request *req, const char *name_or_arn)
{
    const struct ddb_table *table;
    const char *name;

    enum store_status rc = find_named(req, name_or_arn, &name, &table);
    /* AWS: nor is one whose items are still being restored. */
    if (rc == STORE_NOT_FOUND || (table != NULL && table->definition.creating)) {
        aws_fail(req, &dynamodb_ResourceNotFoundException, "Requested resource not found");
        return NULL;
    }
    return table;
}

const struct ddb_table *ddb_table_get_named(struct request *req, const char *name_or_arn)
{
    const struct ddb_table *table;
    const char *name;

    if (find_named(req, name_or_arn, &name, &table) == STORE_NOT_FOUND)
        aws_fail(req, &dynamodb_ResourceNotFoundException,
                 "Requested resource not found: Table: %s not found", name);
    return table;
}

const struct ddb_table *ddb_table_get_for_backup(struct request *req, const char *name_or_arn)
{
    const struct ddb_table *table;
    const char *name;

    if (find_named(req, name_or_arn, &name, &table) == STORE_NOT_FOUND)
        aws_fail(req, &dynamodb_TableNotFoundException, "Table not found: %s", name);
    return table;
}

/* Whether all snapshots are still the tables' definitions. */
static enum store_status check_all(struct ddb_session *s, const struct ddb_table **tables,
                                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum store_status rc = ddb_table_check(s, tables[i]->id, tables[i]->version);
        if (rc != STORE_OK)
            return rc;
    }
    return STORE_OK;
}

/* The write did not begin: because a table is no longer what its snapshot says, or for good. */
static enum ddb_begin renew(struct request *req, const struct ddb_table **tables, size_t count,
                            enum store_status rc)
{
    if (rc != STORE_CONFLICT && rc != STORE_NOT_FOUND) {
        ddb_fail_store(req, rc);
        return DDB_FAILED;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = tables[i]->name;
        ddb_table_changed(req, name);
        tables[i] = ddb_table_get(req, name);
        if (tables[i] == NULL)
            return DDB_FAILED;
    }
    return DDB_AGAIN;
}

enum ddb_begin ddb_write_to(struct request *req, const struct ddb_table **tables, size_t count,
                            struct ddb_session *out)
{
    enum store_status rc = ddb_write_begin(ddb_store_of(req), out);

    if (rc != STORE_OK) {
        ddb_fail_store(req, rc);
        return DDB_FAILED;
    }
    rc = check_all(out, tables, count);
    if (rc == STORE_OK)
        return DDB_BEGUN;
    ddb_write_end(out, rc);
    return renew(req, tables, count, rc);
}

static void wake(const struct ddb_table *const *tables, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ddb_feed_wake(tables[i]->feed);
        for (size_t k = 0; k < tables[i]->peer_count; k++)
            ddb_feed_wake(tables[i]->peers[k]->feed);
    }
}

enum store_status ddb_write_done(const struct ddb_table **tables, size_t count,
                                 struct ddb_session *s, enum store_status status)
{
    enum store_status rc = ddb_write_end(s, status);

    if (rc == STORE_OK)
        wake(tables, count);
    return rc;
}

struct checked_turn {
    const struct ddb_table **tables;
    size_t count;
    enum store_status (*turn)(struct ddb_session *s, void *context);
    void *context;
    bool checked; /* the tables are as they were: the status is the turn's own */
};

static enum store_status run_checked(struct ddb_session *s, void *context)
{
    struct checked_turn *t = context;
    enum store_status rc = check_all(s, t->tables, t->count);

    if (rc != STORE_OK)
        return rc;
    t->checked = true;
    return t->turn(s, t->context);
}

enum ddb_begin ddb_write_run(struct request *req, const struct ddb_table **tables, size_t count,
                             enum store_status (*turn)(struct ddb_session *s, void *context),
                             void *context, enum store_status *out_status)
{
    struct checked_turn t = {.tables = tables, .count = count, .turn = turn, .context = context};

    *out_status = ddb_store_write(ddb_store_of(req), run_checked, &t);
    if (*out_status == STORE_OK)
        wake(tables, count);
    return t.checked ? DDB_BEGUN : renew(req, tables, count, *out_status);
}

/* --- failing --- */

int(ddb_invalid)(struct request *req, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const char *text = arena_vprintf(&req->arena, format, arguments);
    va_end(arguments);
    return aws_fail(req, &aws_ValidationException, "%s", text);
}

int ddb_invalid_request(struct request *req, const char *format, ...)
{
    const char *operation = model_text(req->service->model, req->operation->name);
    va_list arguments;

    va_start(arguments, format);
    const char *text = arena_vprintf(&req->arena, format, arguments);
    va_end(arguments);
    /* AWS: of the item operations only these three. */
    bool counted = str_eq(operation, "PutItem") || str_eq(operation, "UpdateItem") ||
                   str_eq(operation, "DeleteItem");
    return aws_fail(req, &aws_ValidationException, "%s%s",
                    counted ? "1 validation error detected: " : "", text);
}

int(ddb_fail_store)(struct request *req, enum store_status status)
{
    (void)status; /* logged where it arose */
    return aws_fail(req, &dynamodb_InternalServerError, "Internal server error");
}
