/* See counts.h. */
#include "handlers/dynamodb/counts.h"

#include "handlers/dynamodb/keeper.h"
#include "storage/dynamodb_job_store.h"

enum {
    EXACT_ITEMS = 10000, /* that are counted at once: some milliseconds */
    EXACT_ENTRIES = 1000,
    FRESH_MS = 5 * 60 * 1000,
    SLICES = 64, /* of the buckets: a read each */
};

/* *stale becomes true when the count should be made anew. */
static enum store_status count_one(struct ddb_session *s, int64_t table_id, int64_t index_id,
                                   int64_t now_ms, struct ddb_counted *out, bool *stale)
{
    const int64_t exact = index_id == 0 ? EXACT_ITEMS : EXACT_ENTRIES;
    struct ddb_counted last;
    enum store_status rc = ddb_count_some(s, table_id, index_id, exact + 1, out);

    if (rc != STORE_OK || out->items <= exact)
        return rc;
    rc = ddb_count_get(s, table_id, index_id, &last);
    if (last.items > out->items)
        *out = last;
    *stale |= last.at_ms == 0 || now_ms - last.at_ms > FRESH_MS;
    return rc;
}

int ddb_counts_of(struct request *req, const struct ddb_table *t, struct ddb_table_counts *out)
{
    const struct ddb_definition *d = &t->definition;
    int64_t now_ms = clock_now_ms(&req->app->clock);
    struct ddb_counted counted = {0};
    struct ddb_session s;
    bool stale = false;
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);

    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    out->index_items = ARENA_ARRAY(&req->arena, int64_t, d->index_count);
    out->index_bytes = ARENA_ARRAY(&req->arena, int64_t, d->index_count);
    rc = count_one(&s, t->id, 0, now_ms, &counted, &stale);
    out->items = counted.items;
    out->bytes = counted.bytes;
    for (size_t i = 0; i < d->index_count && rc == STORE_OK; i++) {
        rc = count_one(&s, t->id, ddb_index_store_id(t, &d->indexes[i]), now_ms, &counted, &stale);
        out->index_items[i] = counted.items;
        out->index_bytes[i] = counted.bytes;
    }
    ddb_read_end(&s);
    if (stale)
        ddb_keeper_count(ddb_of(req), t->id);
    return rc == STORE_OK ? 0 : ddb_fail_store(req, rc);
}

/* --- in the background --- */

static enum store_status count_slice(struct ddb *d, int64_t table_id, int64_t index_id,
                                     uint32_t slice, struct ddb_counted *total)
{
    const uint32_t width = (uint32_t)(((uint64_t)UINT32_MAX + 1) / SLICES);
    struct ddb_counted counted;
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_in(d), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_count_range(&s, table_id, index_id, slice * width, slice * width + (width - 1),
                         &counted);
    ddb_read_end(&s);
    total->items += counted.items;
    total->bytes += counted.bytes;
    return rc;
}

static enum store_status renew(struct ddb *d, int64_t table_id, int64_t index_id,
                               bool (*stop)(const void *context), const void *context)
{
    struct ddb_counted total = {.at_ms = clock_now_ms(&ddb_app(d)->clock)};
    struct ddb_session s;
    enum store_status rc = STORE_OK;

    for (uint32_t i = 0; i < SLICES && rc == STORE_OK; i++)
        rc = stop(context) ? STORE_CONFLICT : count_slice(d, table_id, index_id, i, &total);
    if (rc == STORE_OK)
        rc = ddb_write_begin(ddb_store_in(d), &s);
    return rc == STORE_OK ? ddb_write_end(&s, ddb_count_set(&s, table_id, index_id, &total)) : rc;
}

void ddb_counts_renew(struct ddb *d, int64_t table_id, bool (*stop)(const void *context),
                      const void *context)
{
    struct ddb_table *t = NULL;
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_in(d), &s);

    if (rc == STORE_OK) {
        rc = ddb_table_load(d, &s, table_id, &t);
        ddb_read_end(&s);
    }
    if (rc != STORE_OK)
        return;
    rc = renew(d, table_id, 0, stop, context);
    for (size_t i = 0; i < t->definition.index_count && rc == STORE_OK; i++)
        rc = renew(d, table_id, ddb_index_store_id(t, &t->definition.indexes[i]), stop, context);
    ddb_table_release(t);
}
