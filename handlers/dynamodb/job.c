/* See job.h. */
#include "handlers/dynamodb/job.h"

#include "handlers/dynamodb/expiry.h"
#include "handlers/dynamodb/keeper.h"
#include "handlers/dynamodb/redefine.h"
#include "handlers/dynamodb/write.h"
#include "server/base/log.h"
#include "storage/dynamodb_backup_store.h"

enum {
    STEP_ROWS = 400,
    STEP_BYTES = 512 << 10,
    FIRST_STEPS = 3, /* of a new job, in the write that starts it */
};

struct step {
    struct ddb *ddb;
    struct ddb_session *session;
    struct ddb_job *job;
    struct ddb_table *table;
    struct ddb_table *target; /* NULL: none */
    struct arena arena;
    bool done;
};

/* --- items of a step --- */

struct rows {
    struct ddb_row *items;
    size_t count;
    size_t bytes;
    struct arena *arena;
};

static struct bytes copy(struct bytes b, struct arena *a)
{
    return (struct bytes){arena_memdup(a, b.data, b.len), b.len};
}

static bool collect(void *context, const struct ddb_row *row)
{
    struct rows *rows = context;

    rows->items[rows->count++] = (struct ddb_row){
        .id = row->id,
        .size = row->size,
        .pk = copy(row->pk, rows->arena),
        .sk = copy(row->sk, rows->arena),
        .body = copy(row->body, rows->arena),
    };
    rows->bytes += row->body.len;
    return rows->count < STEP_ROWS && rows->bytes < STEP_BYTES;
}

/* The next items after the one that was dealt with last, which moves. */
static enum store_status next_rows(struct step *st, struct rows *out)
{
    struct ddb_job *job = st->job;
    struct ddb_range range = {.id = job->table_id,
                              .whole = true,
                              .last_bucket = UINT32_MAX,
                              .after = job->at.pk.len > 0 ? &job->at : NULL};

    *out = (struct rows){.items = ARENA_ARRAY(&st->arena, struct ddb_row, STEP_ROWS),
                         .arena = &st->arena};
    enum store_status rc = ddb_range_walk(st->session, &range, collect, out);
    if (rc == STORE_OK && out->count > 0) {
        const struct ddb_row *last = &out->items[out->count - 1];
        job->at = (struct ddb_key){ddb_key_bucket(last->pk), last->pk, last->sk};
    }
    return rc;
}

static bool parse(struct bytes body, struct arena *a, struct ddb_item *out)
{
    if (ddb_item_parse((struct ddb_text){(const char *)body.data, body.len}, a, out))
        return true;
    log_error("a stored item cannot be read: the database is damaged");
    return false;
}

/* --- filling --- */

static struct ddb_index *index_of(struct ddb_definition *d, int64_t serial)
{
    for (size_t i = 0; i < d->index_count; i++)
        if (d->indexes[i].serial == serial)
            return &d->indexes[i];
    return NULL;
}

static enum store_status fill_index_row(struct step *st, const struct ddb_index *index,
                                        const struct ddb_row *row)
{
    const struct ddb_definition *d = &st->table->definition;
    struct ddb_entry entry = {.index_id = ddb_index_store_id(st->table, index)};
    struct ddb_item item;

    if (!parse(row->body, &st->arena, &item))
        return STORE_FAILED;
    /* AWS: an item whose attributes do not fit the index's key is left out of it. */
    if (!ddb_index_key_of(&index->key, item.members, item.count, &st->arena, &entry.index_key))
        return STORE_OK;
    entry.item_key = ddb_key_of(&d->key, item.members, item.count, &st->arena);
    entry.tie = ddb_key_tie(&entry.item_key);
    return ddb_entry_put(st->session, &entry, row->id);
}

static enum store_status fill_index(struct step *st)
{
    struct ddb_definition d = ddb_definition_copy(&st->table->definition, &st->arena);
    struct ddb_index *index = index_of(&d, st->job->number);
    struct rows rows;

    st->done = index == NULL; /* it has been deleted meanwhile */
    if (st->done)
        return STORE_OK;
    enum store_status rc = next_rows(st, &rows);
    for (size_t i = 0; rc == STORE_OK && i < rows.count; i++)
        rc = fill_index_row(st, index, &rows.items[i]);
    if (rc != STORE_OK || rows.count > 0)
        return rc;
    st->done = true;
    index->backfilling = false;
    return ddb_redefine(st->session, st->table, &d);
}

static enum store_status fill_expiry(struct step *st)
{
    const struct ddb_definition *d = &st->table->definition;
    struct rows rows;

    enum store_status rc = next_rows(st, &rows);
    for (size_t i = 0; rc == STORE_OK && i < rows.count; i++) {
        struct ddb_item item;
        int64_t expires_s;
        if (!parse(rows.items[i].body, &st->arena, &item))
            return STORE_FAILED;
        if (ddb_expiry_of(d, &item, &expires_s))
            rc = ddb_expiry_put(st->session, st->table->id, expires_s, rows.items[i].id);
    }
    st->done = rc == STORE_OK && (rows.count == 0 || d->ttl_attribute == NULL);
    return rc;
}

static enum store_status purge_index(struct step *st)
{
    bool more = false;
    enum store_status rc =
        ddb_index_purge(st->session, ddb_index_id(st->job->table_id, (int)st->job->number), &more);

    st->done = !more;
    return rc;
}

/* --- copying --- */

/* The copy holds this item, or nothing at its key (body NULL). */
static enum store_status set_item(struct step *st, struct bytes body, const struct ddb_item *item,
                                  bool removes)
{
    struct ddb_change c = {
        .table = st->target,
        .key = ddb_key_of(&st->target->definition.key, item->members, item->count, &st->arena),
        .removes = removes,
        .item = *item,
        .body = body,
        .size = ddb_members_size(item->members, item->count),
        .copied = true,
    };

    return ddb_change_apply(&c, st->session, &st->arena);
}

/* The table is itself again: its log is not needed for this copy any more. */
static enum store_status let_go(struct step *st)
{
    struct ddb_definition d = ddb_definition_copy(&st->table->definition, &st->arena);

    if (st->job->number == 0 || d.copies == 0)
        return STORE_OK;
    d.copies--;
    return ddb_redefine(st->session, st->table, &d);
}

static enum store_status finish_copy(struct step *st)
{
    struct ddb_definition d = ddb_definition_copy(&st->target->definition, &st->arena);
    enum store_status rc = let_go(st);

    st->done = true;
    d.creating = false;
    if (rc == STORE_OK)
        rc = ddb_redefine(st->session, st->target, &d);
    if (rc == STORE_OK && st->target->account[0] == '\0')
        rc = ddb_backup_ready(st->session, st->target->id);
    return rc;
}

static enum store_status copy_items(struct step *st)
{
    struct rows rows;
    enum store_status rc = next_rows(st, &rows);

    for (size_t i = 0; rc == STORE_OK && i < rows.count; i++) {
        struct ddb_item item;
        if (!parse(rows.items[i].body, &st->arena, &item))
            return STORE_FAILED;
        rc = set_item(st, rows.items[i].body, &item, false);
    }
    if (rc != STORE_OK || rows.count > 0)
        return rc;
    if (st->job->number == 0)
        return finish_copy(st);
    st->job->kind = DDB_JOB_UNDO;
    return ddb_log_next(st->session, st->table->id, &st->job->position);
}

static enum store_status undo_changes(struct step *st)
{
    struct ddb_logged *changes = ARENA_ARRAY(&st->arena, struct ddb_logged, STEP_ROWS);
    const struct ddb_log_range range = {.table_id = st->table->id,
                                        .from = st->job->number,
                                        .to = st->job->position,
                                        .count_max = STEP_ROWS,
                                        .bytes_max = STEP_BYTES};
    size_t count = 0;
    enum store_status rc = ddb_log_read_back(st->session, &range, &st->arena, changes, &count);

    for (size_t i = 0; rc == STORE_OK && i < count; i++) {
        bool was = changes[i].before.data != NULL;
        struct bytes body = was ? changes[i].before : changes[i].after;
        struct ddb_item item;
        if (!parse(body, &st->arena, &item))
            return STORE_FAILED;
        rc = set_item(st, body, &item, !was);
        st->job->position = changes[i].number;
    }
    return rc == STORE_OK && count == 0 ? finish_copy(st) : rc;
}

/* --- steps --- */

static enum store_status run_step(struct step *st)
{
    switch ((enum ddb_job_kind)st->job->kind) {
    case DDB_JOB_FILL_INDEX:
        return fill_index(st);
    case DDB_JOB_FILL_EXPIRY:
        return fill_expiry(st);
    case DDB_JOB_PURGE_INDEX:
        return purge_index(st);
    case DDB_JOB_COPY:
        return copy_items(st);
    case DDB_JOB_UNDO:
        return undo_changes(st);
    }
    return STORE_FAILED;
}

static void forget_one(struct ddb *d, const struct ddb_table *t)
{
    const struct scope scope = {t->account, t->region};

    if (t->account[0] != '\0')
        ddb_table_forget(d, &scope, t->name);
}

/* Peers show how far their replicas are. */
static void forget(struct ddb *d, const struct ddb_table *t)
{
    forget_one(d, t);
    for (size_t i = 0; i < t->peer_count; i++)
        forget_one(d, t->peers[i]);
}

/* Loads the tables, which may have been deleted: then there is nothing to do any more. */
static enum store_status load(struct step *st)
{
    enum store_status rc = ddb_table_load(st->ddb, st->session, st->job->table_id, &st->table);

    if (rc == STORE_OK && st->job->target_id != 0)
        rc = ddb_table_load(st->ddb, st->session, st->job->target_id, &st->target);
    st->done = rc == STORE_NOT_FOUND;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* Several steps in one session, which leaves the job where it is then; *out_done: it has gone. */
static enum store_status run_steps(struct ddb *d, struct ddb_session *s, struct ddb_job *job,
                                   int count, struct step *st)
{
    enum store_status rc = STORE_OK;

    for (int i = 0; i < count && rc == STORE_OK && !st->done; i++) {
        if (st->table != NULL)
            ddb_table_release(st->table);
        if (st->target != NULL)
            ddb_table_release(st->target);
        *st = (struct step){.ddb = d, .session = s, .job = job, .arena = st->arena};
        rc = load(st);
        if (rc == STORE_OK && !st->done)
            rc = run_step(st);
    }
    if (rc != STORE_OK)
        return rc;
    return st->done ? ddb_job_remove(s, job->id) : ddb_job_save(s, job);
}

static void end_steps(struct step *st, bool changed)
{
    if (st->table != NULL) {
        if (changed)
            forget(st->ddb, st->table);
        ddb_table_release(st->table);
    }
    if (st->target != NULL) {
        if (changed)
            forget(st->ddb, st->target);
        ddb_table_release(st->target);
    }
    arena_release(&st->arena);
}

enum store_status ddb_job_start(struct ddb *d, struct ddb_session *s, struct ddb_job *job)
{
    struct step st = {.ddb = d};

    job->at = (struct ddb_key){0, {(const uint8_t *)"", 0}, {(const uint8_t *)"", 0}};
    arena_init(&st.arena);
    enum store_status rc = ddb_job_insert(s, job);
    if (rc == STORE_OK)
        rc = run_steps(d, s, job, FIRST_STEPS, &st);
    end_steps(&st, false);
    return rc;
}

/* --- in the background --- */

struct job_turn {
    struct ddb *ddb;
    int64_t after;
    struct ddb_job job;
    struct step step;
};

static enum store_status job_turn(struct ddb_session *s, void *context)
{
    struct job_turn *t = context;
    enum store_status rc = ddb_job_next(s, t->after, &t->step.arena, &t->job);

    return rc == STORE_OK ? run_steps(t->ddb, s, &t->job, 1, &t->step) : rc;
}

bool ddb_jobs_step(struct ddb *d, bool (*stop)(const void *context), const void *context)
{
    struct job_turn t = {.ddb = d};
    enum store_status rc = STORE_OK;
    bool left = false;
    struct ddb_session s;
    struct arena a;

    /* Most often there are none, which needs no write. */
    if (ddb_read_begin(ddb_store_in(d), &s) != STORE_OK)
        return false;
    arena_init(&a);
    rc = ddb_job_next(&s, 0, &a, &t.job);
    ddb_read_end(&s);
    arena_release(&a);
    while (rc == STORE_OK && !stop(context)) {
        t.step = (struct step){.ddb = d};
        arena_init(&t.step.arena);
        rc = ddb_store_write(ddb_store_in(d), job_turn, &t);
        left |= rc == STORE_OK && !t.step.done;
        t.after = t.job.id;
        if (rc == STORE_OK && t.step.done && t.step.target != NULL)
            ddb_keeper_count(d, t.job.target_id);
        end_steps(&t.step, rc == STORE_OK && t.step.done);
    }
    if (rc == STORE_FAILED)
        log_warn("a background job on a DynamoDB table failed; it will be tried again");
    return left || rc == STORE_FAILED;
}
