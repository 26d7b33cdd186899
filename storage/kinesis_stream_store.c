/*
 * What can change of a stream, and the account's settings.
 *
 * What puts look at is in memory too (struct kinesis_stream) and changes there after the commit.
 */
#include "storage/kinesis_internal.h"
#include "storage/scope.h"

/* --- tags and policies, of streams, consumers, queues and channels --- */

/* By the kind of resource. */
static const char *const tags_of[] = {
    [KINESIS_STREAM] = "SELECT tags FROM stream WHERE id = ?1",
    [KINESIS_CONSUMER] = "SELECT tags FROM consumer WHERE id = ?1",
    [KINESIS_QUEUE] = "SELECT tags FROM queue WHERE id = ?1",
    [KINESIS_CHANNEL] = "SELECT tags FROM channel WHERE id = ?1",
};
static const char *const set_tags[] = {
    [KINESIS_STREAM] = "UPDATE stream SET tags = ?2 WHERE id = ?1",
    [KINESIS_CONSUMER] = "UPDATE consumer SET tags = ?2 WHERE id = ?1",
    [KINESIS_QUEUE] = "UPDATE queue SET tags = ?2 WHERE id = ?1",
    [KINESIS_CHANNEL] = "UPDATE channel SET tags = ?2 WHERE id = ?1",
};
static const char *const policy_of[] = {
    [KINESIS_STREAM] = "SELECT policy FROM stream WHERE id = ?1",
    [KINESIS_CONSUMER] = "SELECT policy FROM consumer WHERE id = ?1",
    [KINESIS_QUEUE] = "SELECT policy FROM queue WHERE id = ?1",
    [KINESIS_CHANNEL] = "SELECT policy FROM channel WHERE id = ?1",
};
static const char *const set_policy[] = {
    [KINESIS_STREAM] = "UPDATE stream SET policy = ?2 WHERE id = ?1",
    [KINESIS_CONSUMER] = "UPDATE consumer SET policy = ?2 WHERE id = ?1",
    [KINESIS_QUEUE] = "UPDATE queue SET policy = ?2 WHERE id = ?1",
    [KINESIS_CHANNEL] = "UPDATE channel SET policy = ?2 WHERE id = ?1",
};

static enum store_status read_text(struct kinesis_store *store, const char *query, int64_t id,
                                   struct arena *a, const char **out_text)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s, query, sql_int(id));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out_text = sql_column_text(st, 0, a);
    sql_read_end(s);
    return rc;
}

enum store_status kinesis_store_tags(struct kinesis_store *store, struct kinesis_resource resource,
                                     struct arena *a, const char **out_json)
{
    return read_text(store, tags_of[resource.kind], resource.id, a, out_json);
}

struct tags_turn {
    struct kinesis_resource resource;
    const char *(*change)(const char *json, void *context);
    void *context;
};

static enum store_status change_tags_turn(struct sql *s, void *context)
{
    const struct tags_turn *turn = context;
    struct sql_stmt *st = sql_query(s, tags_of[turn->resource.kind], sql_int(turn->resource.id));
    enum store_status rc = sql_step(st);
    const char *json;
    struct arena a;

    if (rc != STORE_OK)
        return rc;
    arena_init(&a);
    json = turn->change(sql_column_text(st, 0, &a), turn->context);
    sql_reset(st);
    rc = !json ? STORE_LIMIT
               : sql_exec(s, set_tags[turn->resource.kind], sql_int(turn->resource.id),
                          sql_text(json));
    arena_release(&a);
    return rc;
}

enum store_status kinesis_store_change_tags(struct kinesis_store *store,
                                            struct kinesis_resource resource,
                                            const char *(*change)(const char *json, void *context),
                                            void *context)
{
    struct tags_turn turn = {.resource = resource, .change = change, .context = context};

    return lazy_write(store->db, change_tags_turn, &turn);
}

enum store_status kinesis_store_policy(struct kinesis_store *store,
                                       struct kinesis_resource resource, struct arena *a,
                                       const char **out_policy)
{
    return read_text(store, policy_of[resource.kind], resource.id, a, out_policy);
}

/* --- one column of one row --- */

struct set_turn {
    const char *update; /* ... SET column = ?2 WHERE id = ?1 */
    int64_t id;
    struct sql_value value;
};

static enum store_status set_turn(struct sql *s, void *context)
{
    const struct set_turn *turn = context;
    enum store_status rc = sql_exec(s, turn->update, sql_int(turn->id), turn->value);

    return rc == STORE_OK && sql_changes(s) == 0 ? STORE_NOT_FOUND : rc;
}

static enum store_status set(struct kinesis_store *store, const char *update, int64_t id,
                             struct sql_value value)
{
    struct set_turn turn = {.update = update, .id = id, .value = value};

    return lazy_write(store->db, set_turn, &turn);
}

enum store_status kinesis_store_set_policy(struct kinesis_store *store,
                                           struct kinesis_resource resource, const char *policy)
{
    return set(store, set_policy[resource.kind], resource.id, sql_text(policy));
}

enum store_status kinesis_store_set_retention(struct kinesis_store *store,
                                              struct kinesis_stream *stream, int32_t hours)
{
    enum store_status rc = set(store, "UPDATE stream SET retention_hours = ?2 WHERE id = ?1",
                               stream->id, sql_int(hours));

    if (rc == STORE_OK)
        stream->retention_hours = hours;
    return rc;
}

struct mode_turn {
    int64_t stream_id;
    enum kinesis_mode mode;
};

static enum store_status mode_turn(struct sql *s, void *context)
{
    const struct mode_turn *turn = context;
    bool on_demand = turn->mode == KINESIS_ON_DEMAND;
    bool used;
    enum store_status rc = kinesis_is_used(s, turn->stream_id, &used);

    if (rc == STORE_OK && used && !on_demand)
        return STORE_CONFLICT;
    if (rc == STORE_OK)
        rc = sql_exec(s,
                      on_demand ? "UPDATE stream SET mode = ?2 WHERE id = ?1"
                                : "UPDATE stream SET mode = ?2, spread = 0 WHERE id = ?1",
                      sql_int(turn->stream_id), sql_int(turn->mode));
    return rc == STORE_OK && sql_changes(s) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status kinesis_store_set_mode(struct kinesis_store *store, struct kinesis_stream *stream,
                                         enum kinesis_mode mode)
{
    struct mode_turn turn = {.stream_id = stream->id, .mode = mode};
    enum store_status rc = lazy_write(store->db, mode_turn, &turn);

    if (rc == STORE_OK)
        stream->mode = mode;
    if (rc == STORE_OK && mode != KINESIS_ON_DEMAND)
        stream->spread = false;
    return rc;
}

struct spread_turn {
    int64_t stream_id;
    bool spread;
};

static enum store_status spread_turn(struct sql *s, void *context)
{
    const struct spread_turn *turn = context;
    struct sql_stmt *st =
        sql_query(s, "SELECT mode FROM stream WHERE id = ?1", sql_int(turn->stream_id));
    enum store_status rc = sql_step(st);
    bool on_demand = rc == STORE_OK && sql_column_int(st, 0) == KINESIS_ON_DEMAND;

    sql_reset(st);
    if (rc == STORE_OK && !on_demand)
        return STORE_CONFLICT;
    return rc != STORE_OK ? rc
                          : sql_exec(s, "UPDATE stream SET spread = ?2 WHERE id = ?1",
                                     sql_int(turn->stream_id), sql_int(turn->spread));
}

enum store_status kinesis_store_set_spread(struct kinesis_store *store,
                                           struct kinesis_stream *stream, bool spread)
{
    struct spread_turn turn = {.stream_id = stream->id, .spread = spread};
    enum store_status rc = lazy_write(store->db, spread_turn, &turn);

    if (rc == STORE_OK)
        stream->spread = spread;
    return rc;
}

enum store_status kinesis_store_set_record_max(struct kinesis_store *store,
                                               struct kinesis_stream *stream, int32_t bytes)
{
    enum store_status rc =
        set(store, "UPDATE stream SET record_max = ?2 WHERE id = ?1", stream->id, sql_int(bytes));

    if (rc == STORE_OK)
        stream->record_max = bytes;
    return rc;
}

enum store_status kinesis_store_set_key(struct kinesis_store *store, struct kinesis_stream *stream,
                                        const char *key_id)
{
    enum store_status rc =
        set(store, "UPDATE stream SET key_id = ?2 WHERE id = ?1", stream->id, sql_text(key_id));

    if (rc == STORE_OK)
        stream->encrypted = key_id != NULL;
    return rc;
}

enum store_status kinesis_store_set_warm(struct kinesis_store *store,
                                         const struct kinesis_stream *stream, int32_t mibps)
{
    return set(store, "UPDATE stream SET warm_mibps = ?2 WHERE id = ?1", stream->id,
               sql_int(mibps));
}

/* --- what is only told --- */

enum store_status kinesis_store_settings(struct kinesis_store *store,
                                         const struct kinesis_stream *stream, struct arena *a,
                                         struct kinesis_settings *out)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s, "SELECT key_id, metrics, warm_mibps FROM stream WHERE id = ?1",
                   sql_int(stream->id));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out = (struct kinesis_settings){
            .key_id = sql_column_text(st, 0, a),
            .metrics = (uint32_t)sql_column_int(st, 1),
            .warm_mibps = (int32_t)sql_column_int(st, 2),
        };
    sql_read_end(s);
    return rc;
}

struct metrics_turn {
    int64_t stream_id;
    uint32_t add;
    uint32_t remove;
    uint32_t before;
};

static enum store_status metrics_turn(struct sql *s, void *context)
{
    struct metrics_turn *turn = context;
    struct sql_stmt *st =
        sql_query(s, "SELECT metrics FROM stream WHERE id = ?1", sql_int(turn->stream_id));
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    turn->before = (uint32_t)sql_column_int(st, 0);
    sql_reset(st);
    return sql_exec(s, "UPDATE stream SET metrics = ?2 WHERE id = ?1", sql_int(turn->stream_id),
                    sql_int((turn->before | turn->add) & ~turn->remove));
}

enum store_status kinesis_store_change_metrics(struct kinesis_store *store,
                                               const struct kinesis_stream *stream, uint32_t add,
                                               uint32_t remove, uint32_t *out_before)
{
    struct metrics_turn turn = {.stream_id = stream->id, .add = add, .remove = remove};
    enum store_status rc = lazy_write(store->db, metrics_turn, &turn);

    *out_before = turn.before;
    return rc;
}

/* --- the account --- */

enum store_status kinesis_store_commitment(struct kinesis_store *store, const struct scope *scope,
                                           struct kinesis_commitment *out)
{
    struct sql_stmt *st;
    struct sql *s;
    int64_t scope_id;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out = (struct kinesis_commitment){0};
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = sql_scope_id(s, scope, false, &scope_id);
    if (rc == STORE_OK) {
        st = sql_query(s, "SELECT started_ms, end_asked_ms FROM commitment WHERE scope = ?1",
                       sql_int(scope_id));
        rc = sql_step(st);
        if (rc == STORE_OK)
            *out = (struct kinesis_commitment){sql_column_int(st, 0), sql_column_int(st, 1)};
    }
    sql_read_end(s);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

struct commitment_turn {
    const struct scope *scope;
    const struct kinesis_commitment *commitment;
};

static enum store_status commitment_turn(struct sql *s, void *context)
{
    const struct commitment_turn *turn = context;
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s, turn->scope, true, &scope_id);

    if (rc != STORE_OK)
        return rc;
    return sql_exec(s,
                    "INSERT INTO commitment (scope, started_ms, end_asked_ms)"
                    " VALUES (?1, ?2, nullif(?3, 0)) ON CONFLICT (scope) DO UPDATE"
                    " SET started_ms = ?2, end_asked_ms = nullif(?3, 0)",
                    sql_int(scope_id), sql_int(turn->commitment->started_ms),
                    sql_int(turn->commitment->end_asked_ms));
}

enum store_status kinesis_store_set_commitment(struct kinesis_store *store,
                                               const struct scope *scope,
                                               const struct kinesis_commitment *commitment)
{
    struct commitment_turn turn = {.scope = scope, .commitment = commitment};

    return lazy_write(store->db, commitment_turn, &turn);
}
