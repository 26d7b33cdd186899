/* Messages: sending, receiving, hiding, removing, moving, and loading a queue. */
#include "storage/sqs_internal.h"

#include <stdatomic.h>

enum { RESERVE = 10000 }; /* numbers promised with one write */

/* --- putting --- */

struct put_turn {
    struct sqs_put_batch *batches;
    size_t count;
};

/* Writes that numbers up to this one are used. Turns run one after the other. */
static enum store_status reserve(struct sql *s, struct sqs_queue_ref *queue, int64_t number)
{
    int64_t next = number + RESERVE;

    if (number >= SQS_NUMBERS)
        return STORE_LIMIT;
    if (number < atomic_load(&queue->reserved))
        return STORE_OK;
    atomic_store(&queue->reserved, next);
    return sql_exec(s, "UPDATE queue SET next = ?2 WHERE id = ?1", sql_int(queue->id),
                    sql_int(next));
}

static enum store_status insert_content(struct sql *s, int64_t id, const struct sqs_content *c)
{
    return sql_exec(s,
                    "INSERT INTO message (id, message_id, sent_ms, sender, group_id, dedup_id,"
                    " trace, source, attributes, body)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                    sql_int(id), sql_blob((struct bytes){c->id, sizeof(c->id)}),
                    sql_int(c->sent_ms), sql_text(c->sender), sql_text(c->group_id),
                    sql_text(c->dedup_id), sql_text(c->trace), sql_text(c->source),
                    sql_blob(c->attributes), sql_text(c->body));
}

static enum store_status put_one(struct sql *s, const struct sqs_queue_ref *queue,
                                 const struct sqs_put *item)
{
    const struct sqs_content *c = &item->content;
    int64_t id = sqs_row_id(queue->id, item->number);
    enum store_status rc = insert_content(s, id, c);

    if (rc == STORE_OK)
        rc = sql_exec(s,
                      "INSERT INTO state (id, sent_ms, visible_ms, received, carried, first_ms,"
                      " group_id) VALUES (?1, ?2, ?3, 0, 0, 0, ?4)",
                      sql_int(id), sql_int(c->sent_ms), sql_int(item->visible_ms),
                      sql_text(c->group_id));
    if (rc == STORE_OK && item->dedup_key)
        rc = sql_exec(s, "INSERT INTO dedup (id, sent_ms, key, message_id) VALUES (?1, ?2, ?3, ?4)",
                      sql_int(id), sql_int(c->sent_ms),
                      sql_blob((struct bytes){item->dedup_key, SQS_DEDUP_KEY_LEN}),
                      sql_blob((struct bytes){c->id, sizeof(c->id)}));
    return rc;
}

static enum store_status put_batch(struct sql *s, struct sqs_put_batch *b)
{
    enum store_status rc = STORE_OK;

    b->gone = atomic_load(&b->queue->gone);
    for (size_t i = 0; !b->gone && rc == STORE_OK && i < b->count; i++) {
        rc = reserve(s, b->queue, b->items[i].number);
        if (rc == STORE_OK)
            rc = put_one(s, b->queue, &b->items[i]);
    }
    return rc;
}

static enum store_status put_turn(struct sql *s, void *context)
{
    const struct put_turn *t = context;
    enum store_status rc = STORE_OK;

    for (size_t i = 0; rc == STORE_OK && i < t->count; i++)
        rc = put_batch(s, &t->batches[i]);
    return rc;
}

enum store_status sqs_store_put_all(struct sqs_store *store, struct sqs_put_batch *batches,
                                    size_t count)
{
    struct put_turn turn = {.batches = batches, .count = count};
    enum store_status rc = lazy_write(store->db, put_turn, &turn);

    for (size_t i = 0; rc == STORE_FAILED && i < count; i++)
        atomic_store(&batches[i].queue->reserved, 0); /* what was promised may not be on disk */
    return rc;
}

enum store_status sqs_store_put(struct sqs_store *store, struct sqs_queue_ref *queue,
                                const struct sqs_put *items, size_t count)
{
    struct sqs_put_batch batch = {.queue = queue, .items = items, .count = count};
    enum store_status rc = sqs_store_put_all(store, &batch, 1);

    return rc == STORE_OK && batch.gone ? STORE_NOT_FOUND : rc;
}

/* --- reading --- */

static enum store_status read_content(struct sql *s, int64_t id, struct arena *a,
                                      struct sqs_take *out)
{
    struct sqs_content *c = &out->content;
    struct sql_stmt *st = sql_query(
        s,
        "SELECT message_id, m.sent_ms, sender, m.group_id, dedup_id, trace, source, attributes,"
        " body, first_ms, received, visible_ms"
        " FROM message m JOIN state s ON s.id = m.id WHERE m.id = ?1",
        sql_int(id));
    enum store_status rc = sql_step(st);
    struct bytes message_id;

    if (rc != STORE_OK)
        return rc;
    message_id = sql_column_blob(st, 0);
    memcpy(c->id, message_id.data, MIN(message_id.len, sizeof(c->id)));
    c->sent_ms = sql_column_int(st, 1);
    c->sender = sql_column_text(st, 2, a);
    c->group_id = sql_column_text(st, 3, a);
    c->dedup_id = sql_column_text(st, 4, a);
    c->trace = sql_column_text(st, 5, a);
    c->source = sql_column_text(st, 6, a);
    c->attributes = sql_column_bytes(st, 7, a);
    c->body = sql_column_text(st, 8, a);
    out->first_ms = sql_column_int(st, 9);
    out->received = (int32_t)sql_column_int(st, 10);
    out->visible_ms = sql_column_int(st, 11);
    sql_reset(st);
    return STORE_OK;
}

struct take_turn {
    const struct sqs_queue_ref *queue;
    struct sqs_take *items;
    size_t count;
    int64_t now_ms;
    struct arena *arena;
};

static enum store_status take_turn(struct sql *s, void *context)
{
    const struct take_turn *t = context;
    enum store_status rc = STORE_OK;

    if (t->count == 1)
        sql_one_change(s);
    for (size_t i = 0; rc == STORE_OK && i < t->count; i++) {
        struct sqs_take *item = &t->items[i];
        int64_t id = sqs_row_id(t->queue->id, item->number);

        rc = sql_exec(s,
                      "UPDATE state SET visible_ms = ?2, received = ?3,"
                      " first_ms = iif(first_ms = 0, ?4, first_ms) WHERE id = ?1",
                      sql_int(id), sql_int(item->visible_ms), sql_int(item->received),
                      sql_int(t->now_ms));
        if (rc == STORE_OK)
            rc = read_content(s, id, t->arena, item);
        if (rc == STORE_NOT_FOUND) /* the queue was deleted or purged in between */
            rc = STORE_OK;
    }
    return rc;
}

enum store_status sqs_store_take(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                 struct sqs_take *items, size_t count, int64_t now_ms,
                                 struct arena *a)
{
    struct take_turn turn = {
        .queue = queue, .items = items, .count = count, .now_ms = now_ms, .arena = a};

    return lazy_write(store->db, take_turn, &turn);
}

enum store_status sqs_store_peek(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                 struct sqs_take *items, size_t count, struct arena *a)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    for (size_t i = 0; rc == STORE_OK && i < count; i++) {
        rc = read_content(s, sqs_row_id(queue->id, items[i].number), a, &items[i]);
        if (rc == STORE_NOT_FOUND)
            rc = STORE_OK;
    }
    sql_read_end(s);
    return rc;
}

/* --- hiding and removing --- */

struct numbers_turn {
    const struct sqs_queue_ref *queue;
    const int64_t *numbers;
    const int64_t *visible_ms; /* NULL: remove them */
    size_t count;
};

static enum store_status hide_turn(struct sql *s, void *context)
{
    const struct numbers_turn *t = context;
    enum store_status rc = STORE_OK;

    if (t->count == 1)
        sql_one_change(s);
    for (size_t i = 0; rc == STORE_OK && i < t->count; i++)
        rc = sql_exec(s, "UPDATE state SET visible_ms = ?2 WHERE id = ?1",
                      sql_int(sqs_row_id(t->queue->id, t->numbers[i])), sql_int(t->visible_ms[i]));
    return rc;
}

enum store_status sqs_store_hide(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                 const int64_t *numbers, const int64_t *visible_ms, size_t count)
{
    struct numbers_turn turn = {
        .queue = queue, .numbers = numbers, .visible_ms = visible_ms, .count = count};

    return lazy_write(store->db, hide_turn, &turn);
}

static enum store_status remove_row(struct sql *s, int64_t id)
{
    enum store_status rc = sql_exec(s, "DELETE FROM state WHERE id = ?1", sql_int(id));

    if (rc == STORE_OK)
        rc = sql_exec(s, "DELETE FROM message WHERE id = ?1", sql_int(id));
    return rc;
}

static enum store_status remove_turn(struct sql *s, void *context)
{
    const struct numbers_turn *t = context;
    enum store_status rc = STORE_OK;

    for (size_t i = 0; rc == STORE_OK && i < t->count; i++)
        rc = remove_row(s, sqs_row_id(t->queue->id, t->numbers[i]));
    return rc;
}

enum store_status sqs_store_remove(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                   const int64_t *numbers, size_t count)
{
    struct numbers_turn turn = {.queue = queue, .numbers = numbers, .count = count};

    return lazy_write(store->db, remove_turn, &turn);
}

/* --- moving --- */

struct move_turn {
    const struct sqs_queue_ref *from;
    struct sqs_queue_ref *to;
    const struct sqs_move *items;
    size_t count;
};

static enum store_status move_one(struct sql *s, int64_t from, int64_t to,
                                  const struct sqs_move *item)
{
    enum store_status rc = sql_exec(
        s,
        "INSERT INTO message SELECT ?2, coalesce(?3, message_id), ?4, sender, group_id, dedup_id,"
        " trace, ?5, attributes, body FROM message WHERE id = ?1",
        sql_int(from), sql_int(to),
        sql_blob((struct bytes){item->new_id, item->new_id ? SQS_MESSAGE_ID_LEN : 0}),
        sql_int(item->sent_ms), sql_text(item->source));

    if (rc == STORE_OK && sql_changes(s) == 0)
        return STORE_NOT_FOUND;
    if (rc == STORE_OK)
        rc = sql_exec(
            s,
            "INSERT INTO state SELECT ?2, ?3, ?4, ?5, ?5, iif(?5 = 0, 0, first_ms), group_id"
            " FROM state WHERE id = ?1",
            sql_int(from), sql_int(to), sql_int(item->sent_ms), sql_int(item->visible_ms),
            sql_int(item->received));
    if (rc == STORE_OK)
        rc = remove_row(s, from);
    return rc;
}

static enum store_status move_turn(struct sql *s, void *context)
{
    const struct move_turn *t = context;
    enum store_status rc = STORE_OK;

    if (atomic_load(&t->to->gone))
        return STORE_NOT_FOUND;
    for (size_t i = 0; rc == STORE_OK && i < t->count; i++) {
        rc = reserve(s, t->to, t->items[i].to_number);
        if (rc == STORE_OK)
            rc = move_one(s, sqs_row_id(t->from->id, t->items[i].from_number),
                          sqs_row_id(t->to->id, t->items[i].to_number), &t->items[i]);
    }
    return rc;
}

enum store_status sqs_store_move(struct sqs_store *store, const struct sqs_queue_ref *from,
                                 struct sqs_queue_ref *to, const struct sqs_move *items,
                                 size_t count)
{
    struct move_turn turn = {.from = from, .to = to, .items = items, .count = count};
    enum store_status rc = lazy_write(store->db, move_turn, &turn);

    if (rc == STORE_FAILED)
        atomic_store(&to->reserved, 0);
    return rc;
}

/* --- loading --- */

static const char *borrowed_text(struct sql_stmt *st, int column)
{
    return (const char *)sql_column_blob(st, column).data; /* SQLite ends texts with a NUL */
}

static enum store_status load_messages(struct sql *s, const struct sqs_queue_row *queue,
                                       void (*each)(void *context, const struct sqs_state_row *row),
                                       void *context)
{
    struct sql_stmt *st = sql_query(
        s,
        "SELECT id, sent_ms, visible_ms, received, group_id, carried FROM state"
        " WHERE id >= ?1 AND id < ?2 ORDER BY id",
        sql_int(sqs_row_id(queue->id, queue->purged)), sql_int(sqs_row_id(queue->id + 1, 0)));
    enum store_status rc;

    while ((rc = sql_step(st)) == STORE_OK) {
        struct sqs_state_row row = {
            .number = sql_column_int(st, 0) % SQS_NUMBERS,
            .sent_ms = sql_column_int(st, 1),
            .visible_ms = sql_column_int(st, 2),
            .received = (int32_t)sql_column_int(st, 3),
            .carried = (int32_t)sql_column_int(st, 5),
            .group_id = borrowed_text(st, 4),
        };
        each(context, &row);
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

static enum store_status load_dedup(struct sql *s, const struct sqs_queue_row *queue,
                                    void (*each)(void *context, const struct sqs_dedup_row *row),
                                    void *context)
{
    struct sql_stmt *st = sql_query(
        s, "SELECT id, sent_ms, key, message_id FROM dedup WHERE id >= ?1 AND id < ?2 ORDER BY id",
        sql_int(sqs_row_id(queue->id, queue->purged)), sql_int(sqs_row_id(queue->id + 1, 0)));
    enum store_status rc;

    while ((rc = sql_step(st)) == STORE_OK) {
        struct sqs_dedup_row row = {
            .number = sql_column_int(st, 0) % SQS_NUMBERS,
            .sent_ms = sql_column_int(st, 1),
        };
        struct bytes key = sql_column_blob(st, 2);
        struct bytes id = sql_column_blob(st, 3);
        if (key.len != sizeof(row.key) || id.len != sizeof(row.id))
            continue;
        memcpy(row.key, key.data, key.len);
        memcpy(row.id, id.data, id.len);
        each(context, &row);
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status sqs_store_load(struct sqs_store *store, const struct sqs_queue_row *queue,
                                 void (*message)(void *context, const struct sqs_state_row *row),
                                 void (*dedup)(void *context, const struct sqs_dedup_row *row),
                                 void *context)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = load_messages(s, queue, message, context);
    if (rc == STORE_OK)
        rc = load_dedup(s, queue, dedup, context);
    sql_read_end(s);
    return rc;
}

enum store_status sqs_store_forget_dedup(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                         int64_t number)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_exec(s, "DELETE FROM dedup WHERE id BETWEEN ?1 AND ?2",
                  sql_int(sqs_row_id(queue->id, 0)), sql_int(sqs_row_id(queue->id, number)));
    return sql_write_end(s, rc);
}
