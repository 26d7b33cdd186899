/* Which channels there are on the streams, and how far they have come. */
#include "storage/kinesis_channel_store.h"

#include "storage/kinesis_internal.h"
#include "storage/scope.h"

#define CHANNEL_COLUMNS                                                                            \
    "SELECT channel.id, channel.resource, channel.name, stream.name, stream.created_ms,"           \
    " channel.created_ms, role, format, destination, freshness_s, channel.key_id, logging,"        \
    " problem, failing_ms, retry_ms, scope.account, scope.region"                                  \
    " FROM channel JOIN stream ON stream.id = channel.stream"                                      \
    " JOIN scope ON scope.id = channel.scope"

/* --- making --- */

struct add_turn {
    const struct scope *scope;
    int64_t stream_id;
    const struct kinesis_new_channel *new;
};

enum store_status kinesis_channels_of(struct sql *s, int64_t stream_id, int64_t *out_count)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT count(*) FROM channel WHERE stream = ?1", sql_int(stream_id));
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK)
        *out_count = sql_column_int(st, 0);
    sql_reset(st);
    return rc;
}

enum store_status kinesis_is_used(struct sql *s, int64_t stream_id, bool *out_used)
{
    int64_t channels = 0;
    int64_t queues = 0;
    enum store_status rc = kinesis_channels_of(s, stream_id, &channels);

    if (rc == STORE_OK)
        rc = kinesis_queues_of(s, stream_id, &queues);
    *out_used = channels > 0 || queues > 0;
    return rc;
}

/* The stream is there, on-demand, and may have one more channel. */
static enum store_status check_stream(struct sql *s, const struct add_turn *t)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT mode FROM stream WHERE id = ?1", sql_int(t->stream_id));
    enum store_status rc = sql_step(st);
    int64_t there = 0;

    if (rc == STORE_OK && sql_column_int(st, 0) != KINESIS_ON_DEMAND)
        rc = STORE_CONFLICT;
    sql_reset(st);
    if (rc == STORE_OK)
        rc = kinesis_channels_of(s, t->stream_id, &there);
    return rc == STORE_OK && there >= t->new->max ? STORE_LIMIT : rc;
}

static enum store_status insert(struct sql *s, const struct add_turn *t, int64_t scope_id)
{
    const struct kinesis_channel *c = t->new->channel;

    return sql_exec(s,
                    "INSERT INTO channel (scope, stream, resource, name, created_ms, role, format,"
                    " destination, freshness_s, key_id, logging, problem, tags)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                    sql_int(scope_id), sql_int(t->stream_id), sql_text(c->resource),
                    sql_text(c->name), sql_int(c->created_ms), sql_text(c->role),
                    sql_text(c->format), sql_text(c->destination), sql_int(c->freshness_s),
                    sql_text(c->key_id), sql_text(c->logging), sql_text(c->problem),
                    sql_text(t->new->tags));
}

static enum store_status set_places(struct sql *s, int64_t channel, const int64_t *next,
                                    size_t count)
{
    enum store_status rc = STORE_OK;

    for (size_t i = 0; rc == STORE_OK && i < count; i++) {
        if (next[i] > 0)
            rc = sql_exec(s,
                          "INSERT INTO channel_shard (channel, shard, next) VALUES (?1, ?2, ?3)"
                          " ON CONFLICT (channel, shard) DO UPDATE SET next = excluded.next"
                          " WHERE next <> excluded.next",
                          sql_int(channel), sql_int((int64_t)i), sql_int(next[i]));
    }
    return rc;
}

/* A name that is there is told before the limit is. */
static enum store_status add_turn(struct sql *s, void *context)
{
    const struct add_turn *t = context;
    int64_t scope_id;
    enum store_status may = check_stream(s, t);
    enum store_status rc = may == STORE_LIMIT ? STORE_OK : may;

    if (rc == STORE_OK)
        rc = sql_scope_id(s, t->scope, true, &scope_id);
    if (rc == STORE_OK)
        rc = insert(s, t, scope_id);
    if (rc == STORE_OK && may == STORE_LIMIT)
        rc = STORE_LIMIT;
    if (rc == STORE_OK)
        rc = set_places(s, sql_last_rowid(s), t->new->next, t->new->shard_count);
    return rc;
}

enum store_status kinesis_channel_add(struct kinesis_store *store, const struct scope *scope,
                                      const struct kinesis_stream *stream,
                                      const struct kinesis_new_channel *new)
{
    struct add_turn turn = {.scope = scope, .stream_id = stream->id, .new = new};

    return lazy_write(store->db, add_turn, &turn);
}

/* --- finding --- */

static void read_channel(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct kinesis_channel *)out = (struct kinesis_channel){
        .id = sql_column_int(st, 0),
        .resource = sql_column_text(st, 1, a),
        .name = sql_column_text(st, 2, a),
        .stream = sql_column_text(st, 3, a),
        .stream_created_ms = sql_column_int(st, 4),
        .created_ms = sql_column_int(st, 5),
        .role = sql_column_text(st, 6, a),
        .format = sql_column_text(st, 7, a),
        .destination = sql_column_text(st, 8, a),
        .freshness_s = (int32_t)sql_column_int(st, 9),
        .key_id = sql_column_text(st, 10, a),
        .logging = sql_column_text(st, 11, a),
        .problem = sql_column_text(st, 12, a),
        .failing_ms = sql_column_int(st, 13),
        .retry_ms = sql_column_int(st, 14),
        .account = sql_column_text(st, 15, a),
        .region = sql_column_text(st, 16, a),
    };
}

enum store_status kinesis_channel_find(struct kinesis_store *store, const struct scope *scope,
                                       const char *resource, struct arena *a,
                                       struct kinesis_channel *out)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status rc = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    if (rc != STORE_OK)
        return rc;
    rc = sql_row(sql_query(s, CHANNEL_COLUMNS " WHERE channel.resource = ?1 AND channel.scope = ?2",
                           sql_text(resource), sql_int(scope_id)),
                 read_channel, a, out);
    sql_read_end(s);
    return rc;
}

enum store_status kinesis_channel_list(struct kinesis_store *store, const struct scope *scope,
                                       const char *stream, const char *after, size_t limit,
                                       struct arena *a, struct kinesis_channel **out_items,
                                       size_t *out_count)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status rc = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    *out_items = ARENA_ARRAY(a, struct kinesis_channel, limit);
    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = sql_rows(sql_query(s,
                            CHANNEL_COLUMNS
                            " WHERE channel.scope = ?1 AND channel.name > ?2"
                            " AND (?3 IS NULL OR stream.name = ?3) ORDER BY channel.name LIMIT ?4",
                            sql_int(scope_id), sql_text(after ? after : ""), sql_text(stream),
                            sql_int((int64_t)limit)),
                  read_channel, a, *out_items, limit, out_count);
    sql_read_end(s);
    return rc;
}

enum store_status kinesis_channel_count(struct kinesis_store *store,
                                        const struct kinesis_stream *stream, int64_t *out_count)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = kinesis_channels_of(s, stream->id, out_count);
    sql_read_end(s);
    return rc;
}

enum store_status kinesis_channel_total(struct kinesis_store *store, const struct scope *scope,
                                        int64_t *out_count)
{
    struct sql_stmt *st;
    struct sql *s;
    int64_t scope_id;
    enum store_status rc = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    st = sql_query(s, "SELECT count(*) FROM channel WHERE scope = ?1", sql_int(scope_id));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out_count = sql_column_int(st, 0);
    sql_read_end(s);
    return rc;
}

enum store_status kinesis_channel_active(struct kinesis_store *store, int64_t after, size_t limit,
                                         struct arena *a, struct kinesis_channel **out_items,
                                         size_t *out_count)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_items = ARENA_ARRAY(a, struct kinesis_channel, limit);
    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = sql_rows(sql_query(s,
                            CHANNEL_COLUMNS " WHERE channel.id > ?1 AND problem IS NULL"
                                            " ORDER BY channel.id LIMIT ?2",
                            sql_int(after), sql_int((int64_t)limit)),
                  read_channel, a, *out_items, limit, out_count);
    sql_read_end(s);
    return rc;
}

/* --- changing, removing --- */

struct change_turn {
    int64_t channel;
    int32_t freshness_s;
    const char *logging;
    int64_t failing_ms;
    int64_t retry_ms;
    const int64_t *next;
    size_t count;
};

static enum store_status update_turn(struct sql *s, void *context)
{
    const struct change_turn *t = context;
    enum store_status rc =
        sql_exec(s,
                 "UPDATE channel SET freshness_s = iif(?2 = 0, freshness_s, ?2),"
                 " logging = coalesce(?3, logging) WHERE id = ?1",
                 sql_int(t->channel), sql_int(t->freshness_s), sql_text(t->logging));

    return rc == STORE_OK && sql_changes(s) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status kinesis_channel_update(struct kinesis_store *store, int64_t channel,
                                         int32_t freshness_s, const char *logging)
{
    struct change_turn turn = {.channel = channel, .freshness_s = freshness_s, .logging = logging};

    return lazy_write(store->db, update_turn, &turn);
}

static enum store_status remove_turn(struct sql *s, void *context)
{
    const int64_t *channel = context;
    enum store_status rc = sql_exec(s, "DELETE FROM channel WHERE id = ?1", sql_int(*channel));

    return rc == STORE_OK && sql_changes(s) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status kinesis_channel_remove(struct kinesis_store *store, int64_t channel)
{
    return lazy_write(store->db, remove_turn, &channel);
}

/* --- delivering --- */

enum store_status kinesis_channel_places(struct kinesis_store *store, int64_t channel,
                                         int64_t *next, size_t count)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s, "SELECT shard, next FROM channel_shard WHERE channel = ?1", sql_int(channel));
    while ((rc = sql_step(st)) == STORE_OK) {
        int64_t shard = sql_column_int(st, 0);
        if (shard >= 0 && (size_t)shard < count)
            next[shard] = sql_column_int(st, 1);
    }
    sql_read_end(s);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status kinesis_channel_oldest(struct kinesis_store *store,
                                         const struct kinesis_shard_list *shards,
                                         const int64_t *next, int64_t *out_at_ms)
{
    struct kinesis_row row;
    bool any = false;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    for (size_t i = 0; (rc == STORE_OK || rc == STORE_NOT_FOUND) && i < shards->count; i++) {
        rc = kinesis_row_from(s, shards->items[i], next[shards->items[i]->index], &row);
        if (rc == STORE_OK && (!any || row.at_ms < *out_at_ms))
            *out_at_ms = row.at_ms;
        any = any || rc == STORE_OK;
    }
    sql_read_end(s);
    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        return rc;
    return any ? STORE_OK : STORE_NOT_FOUND;
}

static enum store_status advance_turn(struct sql *s, void *context)
{
    const struct change_turn *t = context;
    enum store_status rc =
        sql_exec(s, "UPDATE channel SET failing_ms = ?2, retry_ms = 0 WHERE id = ?1",
                 sql_int(t->channel), sql_int(t->failing_ms));

    if (rc == STORE_OK && sql_changes(s) == 0)
        return STORE_NOT_FOUND;
    return rc == STORE_OK ? set_places(s, t->channel, t->next, t->count) : rc;
}

enum store_status kinesis_channel_advance(struct kinesis_store *store, int64_t channel,
                                          const int64_t *next, size_t count, int64_t failing_ms)
{
    struct change_turn turn = {
        .channel = channel, .next = next, .count = count, .failing_ms = failing_ms};

    return lazy_write(store->db, advance_turn, &turn);
}

static enum store_status postpone_turn(struct sql *s, void *context)
{
    const struct change_turn *t = context;

    return sql_exec(s, "UPDATE channel SET failing_ms = ?2, retry_ms = ?3 WHERE id = ?1",
                    sql_int(t->channel), sql_int(t->failing_ms), sql_int(t->retry_ms));
}

enum store_status kinesis_channel_postpone(struct kinesis_store *store, int64_t channel,
                                           int64_t failing_ms, int64_t retry_ms)
{
    struct change_turn turn = {.channel = channel, .failing_ms = failing_ms, .retry_ms = retry_ms};

    return lazy_write(store->db, postpone_turn, &turn);
}
