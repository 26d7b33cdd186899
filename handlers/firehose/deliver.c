#include "handlers/firehose/deliver.h"

#include "handlers/firehose/compress.h"
#include "handlers/firehose/time_pattern.h"
#include "server/base/digest.h"
#include "server/base/json_read.h"
#include "server/base/log.h"

enum {
    READ_AT_ONCE = 2 * 1024 * 1024,
    BACKOFF_FIRST_MS = 1000,
    BACKOFF_MAX_MS = 120 * 1000, /* AWS: for HTTP endpoints */
    KEY_MAX = 1024,
};

/* --- names of S3 objects --- */

/* Keys that a transformation gave to the records of this buffer: buffer.sort as process.c wrote it.
 */
static const struct partition_key *read_keys(struct jr *r, struct arena *a, size_t *out_count)
{
    enum { KEYS_MAX = 100 };
    struct partition_key *keys = ARENA_ARRAY(a, struct partition_key, KEYS_MAX);
    struct jr_text name;
    struct jr_text value;

    *out_count = 0;
    for (jr_enter_object(r); jr_next_key(r, &name);) {
        if (!jr_string(r, &value) || *out_count == KEYS_MAX)
            break;
        keys[(*out_count)++] = (struct partition_key){arena_strndup(a, name.data, name.len),
                                                      arena_strndup(a, value.data, value.len)};
    }
    return keys;
}

static struct partition_keys keys_of(const struct work *w)
{
    struct partition_keys keys = {0};
    struct jr_text name;
    struct jr r;

    jr_init(&r, w->buffer.sort, strlen(w->buffer.sort), w->arena, 4);
    for (jr_enter_object(&r); jr_next_key(&r, &name);) {
        if (jr_text_eq(name, "query"))
            keys.query = read_keys(&r, w->arena, &keys.query_count);
        else
            keys.lambda = read_keys(&r, w->arena, &keys.lambda_count);
    }
    return keys;
}

/* Which prefix, and what it is filled with; always one that was checked when it was configured. */
static void evaluate(const struct work *w, struct prefix_values *values, struct strbuf *out)
{
    const struct destination *d = w->destination;
    const struct firehose_S3DestinationDescription *s3 = d->failures;
    bool failed = w->buffer.lane == FIREHOSE_SIDE && w->buffer.sort[0];
    bool own_error_prefix = failed && s3->ErrorOutputPrefix && s3->ErrorOutputPrefix[0];
    const char *text = own_error_prefix ? s3->ErrorOutputPrefix : s3->Prefix;
    const char *problem;
    struct prefix p;

    if (w->buffer.lane == FIREHOSE_SIDE && !failed && d->copies)
        text = d->copies->Prefix;
    if (failed)
        values->error_type = w->buffer.sort;
    else if (d->partitioned && w->buffer.sort[0])
        values->keys = keys_of(w);
    if (!prefix_parse(w->arena, text ? text : "", "Prefix", &p, &problem))
        return;
    if (failed)
        prefix_complete_error(w->arena, &p);
    else
        prefix_complete(w->arena, &p);
    prefix_write(&p, values, out, NULL);
}

static const char *extension(const struct work *w, const char *format)
{
    const struct firehose_ExtendedS3DestinationDescription *s3 = w->destination->s3;

    if (w->buffer.lane == FIREHOSE_DELIVER && s3 && s3->FileExtension && s3->FileExtension[0])
        return s3->FileExtension;
    if (w->buffer.lane == FIREHOSE_DELIVER && w->destination->conversion)
        return ".parquet";
    return compression_extension(format);
}

static const char *object_key(const struct work *w)
{
    static const char suffix_time[] = "yyyy-MM-dd-HH-mm-ss";
    const struct destination *d = w->destination;
    const struct firehose_S3DestinationDescription *s3 =
        w->buffer.lane == FIREHOSE_SIDE && !w->buffer.sort[0] && d->copies ? d->copies
                                                                           : d->failures;
    struct prefix_values values = {.at_ms = w->buffer.opened_ms};
    struct strbuf key = STRBUF_INIT(KEY_MAX);
    char uuid[37];
    char *text;

    if (d->s3 && d->s3->CustomTimeZone)
        values.zone = time_zone_read(w->arena, d->s3->CustomTimeZone);
    evaluate(w, &values, &key);
    uuid_v4(uuid);
    strbuf_add_format(&key, "%s-%" PRId64 "-", w->stream->name, w->stream->version);
    time_pattern_write(suffix_time, strlen(suffix_time), values.at_ms, values.zone, &key);
    strbuf_add_format(&key, "-%s%s", uuid, extension(w, s3->CompressionFormat));
    text = arena_strndup(w->arena, key.data, key.len);
    strbuf_release(&key);
    return text;
}

const char *deliver_label(const struct work *w)
{
    char *uuid;

    if (w->buffer.lane == FIREHOSE_SIDE || w->destination->kind == DESTINATION_S3)
        return object_key(w);
    uuid = arena_alloc(w->arena, 37);
    uuid_v4(uuid);
    return uuid;
}

/* --- ends --- */

void deliver_replace(struct work *w, const struct firehose_move *moves, size_t count)
{
    struct firehose *f = w->firehose;
    enum store_status rc =
        firehose_store_replace(f->store, &w->buffer, moves, count, clock_now_ms(&f->app->clock));

    /* The store has said why; what was done is done again. */
    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        deliver_postpone(w, "InternalError", "The records could not be moved");
}

void deliver_done(struct work *w)
{
    deliver_replace(w, NULL, 0);
}

int64_t deliver_backoff_ms(int64_t tries)
{
    return tries > 10 ? BACKOFF_MAX_MS : MIN(BACKOFF_FIRST_MS << tries, BACKOFF_MAX_MS);
}

void deliver_postpone(struct work *w, const char *code, const char *message)
{
    int64_t now_ms = clock_now_ms(&w->firehose->app->clock);

    if (w->buffer.tries == 0)
        log_warn("firehose %s: %s: %s", w->stream->name, code, message);
    error_log_write(w, code, message);
    firehose_store_postpone(w->firehose->store, w->buffer.id, now_ms,
                            now_ms + deliver_backoff_ms(w->buffer.tries));
}

bool deliver_expired(const struct work *w, int64_t duration_s)
{
    int64_t now_ms = clock_now_ms(&w->firehose->app->clock);
    int64_t first_ms = w->buffer.first_try_ms ? w->buffer.first_try_ms : now_ms;

    return now_ms - first_ms >= duration_s * 1000;
}

bool deliver_chunks(struct chunk_walk *walk, struct arena *a, struct bytes **out_chunks,
                    size_t *out_count)
{
    const struct work *w = walk->work;

    if (walk->next >= w->buffer.chunks)
        return false;
    walk->failed = firehose_store_read(w->firehose->store, w->buffer.id, walk->next, READ_AT_ONCE,
                                       a, out_chunks, out_count) != STORE_OK ||
                   *out_count == 0;
    walk->next += (int64_t)*out_count;
    return !walk->failed;
}
