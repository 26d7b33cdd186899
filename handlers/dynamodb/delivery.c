/* See delivery.h. */
#include "handlers/dynamodb/delivery.h"

#include <pthread.h>

#include "handlers/dynamodb/stream.h"
#include "handlers/kinesis/kinesis.h"
#include "server/background.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/log.h"
#include "storage/dynamodb_delivery_store.h"

enum {
    BATCH_RECORDS = 100,
    BATCH_BYTES = 1 << 20,
    RECORD_MAX = 64 << 20,
    RETRY_MS = 1000,
    LOOK_AGAIN_MS = 30000,
};

struct ddb_delivery {
    struct ddb *ddb;
    pthread_mutex_t lock;
    bool running;   /* lock */
    uint64_t asked; /* lock: goes up with each wake */
};

struct ddb_delivery *ddb_delivery_new(struct ddb *d)
{
    struct ddb_delivery *v = x_calloc(1, sizeof(*v));

    v->ddb = d;
    pthread_mutex_init(&v->lock, NULL);
    return v;
}

void ddb_delivery_free(struct ddb_delivery *v)
{
    pthread_mutex_destroy(&v->lock);
    free(v);
}

/* --- records --- */

static void write_image(struct jw *w, const char *key, struct ddb_text json)
{
    if (json.data == NULL)
        return;
    jw_key(w, key);
    jw_raw(w, json.data, json.len);
}

static void write_record(struct strbuf *out, const struct ddb_table *t, const struct ddb_record *r,
                         struct ddb_text keys, bool microseconds)
{
    struct jw w;

    jw_init(&w, out);
    jw_begin_object(&w);
    jw_member_string(&w, "awsRegion", t->region);
    jw_member_string(&w, "eventID", r->event_id);
    jw_member_string(&w, "eventName", r->event_name);
    jw_key(&w, "userIdentity");
    if (r->by_expiry) {
        jw_begin_object(&w);
        jw_member_string(&w, "principalId", "dynamodb.amazonaws.com");
        jw_member_string(&w, "type", "Service");
        jw_end_object(&w);
    } else {
        jw_null(&w);
    }
    jw_member_string(&w, "recordFormat", "application/json");
    jw_member_string(&w, "tableName", t->name);
    jw_key(&w, "dynamodb");
    jw_begin_object(&w);
    jw_member_int(&w, "ApproximateCreationDateTime", microseconds ? r->at_ms * 1000 : r->at_ms);
    write_image(&w, "Keys", keys);
    write_image(&w, "NewImage", r->after);
    write_image(&w, "OldImage", r->before);
    jw_member_int(&w, "SizeBytes", r->size);
    jw_member_string(&w, "ApproximateCreationDateTimePrecision",
                     microseconds ? "MICROSECOND" : "MILLISECOND");
    jw_end_object(&w);
    jw_member_string(&w, "eventSource", "aws:dynamodb");
    jw_end_object(&w);
}

/* Records of one item have one partition key, so they stay in order. */
static enum store_status record_of(const struct ddb_table *t, const struct ddb_logged *change,
                                   bool microseconds, struct arena *a, struct kinesis_outgoing *out)
{
    struct strbuf keys = STRBUF_INIT(RECORD_MAX);
    struct strbuf text = STRBUF_INIT(RECORD_MAX);
    char *partition = arena_alloc(a, 2 * SHA256_LEN + 1);
    uint8_t digest[SHA256_LEN];
    struct ddb_record r;
    enum store_status rc =
        ddb_record_of(change, &t->definition, DDB_NEW_AND_OLD_IMAGES, t->id, a, &r);

    if (rc != STORE_OK)
        return rc;
    ddb_members_write(&keys, r.keys.members, r.keys.count);
    write_record(&text, t, &r, (struct ddb_text){keys.data, keys.len}, microseconds);
    sha256(keys.data, keys.len, digest);
    hex_encode(digest, sizeof(digest), partition);
    *out = (struct kinesis_outgoing){
        .partition_key = partition,
        .data = {arena_memdup(a, text.data, text.len), text.len},
    };
    strbuf_release(&keys);
    strbuf_release(&text);
    return STORE_OK;
}

/* --- one batch of one destination --- */

struct batch {
    struct ddb_table *table;
    struct ddb_logged *changes;
    size_t count;
    int64_t next;
};

static enum store_status read_batch(struct ddb *d, const struct ddb_destination *to,
                                    struct arena *a, struct batch *out)
{
    struct ddb_log_range range = {.table_id = to->table_id,
                                  .from = to->next,
                                  .count_max = BATCH_RECORDS,
                                  .bytes_max = BATCH_BYTES};
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_in(d), &s);

    if (rc != STORE_OK)
        return rc;
    out->changes = ARENA_ARRAY(a, struct ddb_logged, BATCH_RECORDS);
    rc = ddb_table_load(d, &s, to->table_id, &out->table);
    if (rc == STORE_OK)
        rc = ddb_log_next(&s, to->table_id, &range.to);
    if (rc == STORE_OK)
        rc = ddb_log_read(&s, &range, a, out->changes, &out->count, &out->next);
    ddb_read_end(&s);
    return rc;
}

static enum store_status advance(struct ddb *d, int64_t id, int64_t next)
{
    struct ddb_session s;
    enum store_status rc = ddb_write_begin(ddb_store_in(d), &s);

    return rc == STORE_OK ? ddb_write_end(&s, ddb_destination_advance(&s, id, next)) : rc;
}

/* A record that the stream takes not is left out; the others must arrive. */
static enum store_status put(struct ddb *d, const char *stream_arn,
                             const struct kinesis_outgoing *records, size_t count)
{
    enum store_status rc = kinesis_put(ddb_app(d), stream_arn, records, count);

    if (rc != STORE_CONFLICT)
        return rc;
    for (size_t i = 0; i < count; i++) {
        rc = kinesis_put(ddb_app(d), stream_arn, &records[i], 1);
        if (rc == STORE_CONFLICT)
            log_warn("%s takes no record of %zu bytes: it was left out", stream_arn,
                     records[i].data.len);
        else if (rc != STORE_OK)
            return rc;
    }
    return STORE_OK;
}

/* STORE_OK: delivered; *out_count says how many, 0 that there was nothing. */
static enum store_status deliver(struct ddb *d, const struct ddb_destination *to, size_t *out_count)
{
    struct batch batch = {0};
    struct arena a;

    arena_init(&a);
    enum store_status rc = read_batch(d, to, &a, &batch);
    struct kinesis_outgoing *records = ARENA_ARRAY(&a, struct kinesis_outgoing, BATCH_RECORDS);
    for (size_t i = 0; rc == STORE_OK && i < batch.count; i++)
        rc = record_of(batch.table, &batch.changes[i], to->microseconds, &a, &records[i]);
    if (rc == STORE_OK && batch.count > 0)
        rc = put(d, to->stream_arn, records, batch.count);
    if (rc == STORE_OK && batch.count > 0)
        rc = advance(d, to->id, batch.next);
    *out_count = batch.count;
    if (batch.table != NULL)
        ddb_table_release(batch.table);
    arena_release(&a);
    return rc;
}

/* --- all of them --- */

static enum store_status next_destination(struct ddb *d, int64_t after, struct arena *a,
                                          struct ddb_destination *out)
{
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_in(d), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_destination_next(&s, after, a, out);
    ddb_read_end(&s);
    return rc;
}

/* What one round over all destinations found. */
struct round {
    bool any;  /* an active destination */
    bool more; /* something was delivered */
    bool failed;
};

static struct round deliver_all(struct background_task *task, struct ddb *d)
{
    struct round round = {0};
    struct ddb_destination to = {0};
    struct arena a;

    arena_init(&a);
    while (!background_stopping(task) && next_destination(d, to.id, &a, &to) == STORE_OK) {
        size_t count = 0;
        enum store_status rc = deliver(d, &to, &count);
        round.any = true;
        round.more |= rc == STORE_OK && count > 0;
        round.failed |= rc != STORE_OK;
    }
    arena_release(&a);
    return round;
}

static bool may_end(struct ddb_delivery *v, uint64_t asked)
{
    pthread_mutex_lock(&v->lock);
    bool ends = v->asked == asked;
    if (ends)
        v->running = false;
    pthread_mutex_unlock(&v->lock);
    return ends;
}

static uint64_t asked(struct ddb_delivery *v)
{
    pthread_mutex_lock(&v->lock);
    uint64_t count = v->asked;
    pthread_mutex_unlock(&v->lock);
    return count;
}

static void run(struct background_task *task, void *context)
{
    struct ddb_delivery *v = context;
    struct waitq *changes = ddb_feeds_waitq(ddb_feeds_in(v->ddb));

    while (!background_stopping(task)) {
        uint64_t ticket = waitq_ticket(changes);
        uint64_t seen = asked(v);
        struct round round = deliver_all(task, v->ddb);
        if (!round.any && may_end(v, seen))
            return;
        if (round.failed)
            background_sleep_ms(task, RETRY_MS);
        else if (!round.more)
            waitq_wait(changes, ticket, LOOK_AGAIN_MS, -1, background_stop_fd(task));
    }
    pthread_mutex_lock(&v->lock);
    v->running = false;
    pthread_mutex_unlock(&v->lock);
}

void ddb_delivery_wake(struct ddb *d)
{
    struct ddb_delivery *v = ddb_delivery_in(d);

    pthread_mutex_lock(&v->lock);
    v->asked++;
    if (!v->running)
        v->running = background_run(ddb_app(d)->background, "ddb-delivery", run, v);
    pthread_mutex_unlock(&v->lock);
    waitq_wake(ddb_feeds_waitq(ddb_feeds_in(d)));
}
