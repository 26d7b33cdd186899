/*
 * To S3: the records of the buffer one after the other, compressed, or their rows in a columnar
 * file (convert.h), as one object. The key was given to the buffer when it was sealed, so an object
 * that was written before the server was killed is written again under the same name.
 */
#include "handlers/firehose/compress.h"
#include "handlers/firehose/convert.h"
#include "handlers/s3/s3.h"

static const char conversion_failed_type[] = "format-conversion-failed";

static bool add_chunks(struct compressor *c, const struct bytes *chunks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct frame_reader r = frames_of(chunks[i]);
        struct frame f;

        while (frame_next(&r, &f))
            compressor_add(c, f.data.data, f.data.len);
        if (r.next != r.end)
            return false;
    }
    return true;
}

/* All records into the spool. */
static bool join_records(struct work *w, const char *format, struct spool *out)
{
    const char *slash = strrchr(w->buffer.label, '/');
    struct compressor *c = compressor_new(format, slash ? slash + 1 : w->buffer.label, out);
    struct chunk_walk walk = {.work = w};
    struct bytes *chunks;
    size_t count;
    bool well = true;
    struct arena a;

    if (!c)
        return false;
    arena_init(&a);
    while (well && deliver_chunks(&walk, &a, &chunks, &count)) {
        well = add_chunks(c, chunks, count);
        arena_reset(&a);
    }
    arena_release(&a);
    compressor_finish(c);
    return well && !walk.failed;
}

/* The object that a delivery is, and what is left over. */
struct delivery {
    const struct firehose_S3DestinationDescription *to;
    struct spool body;
    bool empty;               /* there is nothing to put: no record could be converted */
    struct chunker left_over; /* lines for the error prefix; finished */
};

static bool put_together(struct work *w, struct delivery *d)
{
    struct converted converted = {0};
    bool well;

    if (w->buffer.lane != FIREHOSE_DELIVER || !w->destination->conversion)
        return join_records(w, d->to->CompressionFormat, &d->body) && !d->body.failed;
    well = convert_records(w, &d->body, &converted);
    d->empty = converted.rows == 0;
    d->left_over = converted.failed;
    return well && !d->body.failed;
}

static enum store_status put_object(struct work *w,
                                    const struct firehose_S3DestinationDescription *to,
                                    const struct spool *body)
{
    const struct firehose_KMSEncryptionConfig *kms =
        to->EncryptionConfiguration->KMSEncryptionConfig;
    const struct s3_object_in object = {
        .bucket = destination_bucket(to->BucketARN),
        .key = w->buffer.label,
        .body = {body->fd < 0 ? (const uint8_t *)(body->memory.data ? body->memory.data : "")
                              : NULL,
                 body->fd < 0 ? body->memory.len : 0},
        .content_type = "application/octet-stream",
        .content_encoding = compression_encoding(to->CompressionFormat),
        .kms_key = kms ? kms->AWSKMSKeyARN : NULL,
    };
    if (body->fd < 0)
        return s3_put(w->firehose->app, w->stream->account, &object, NULL);
    return s3_put_file(w->firehose->app, w->stream->account, &object, body->fd, body->size, NULL);
}

static void fail_without_bucket(struct work *w)
{
    deliver_postpone(w, "S3.NoSuchBucket",
                     "The specified bucket does not exist. Create the bucket or use a different "
                     "bucket that does exist.");
}

/* The buffer goes; what is left over of it comes. */
static void finish(struct work *w, const struct delivery *d)
{
    const struct chunker *c = &d->left_over;
    struct firehose_move *moves = ARENA_ARRAY(w->arena, struct firehose_move, c->count);
    struct firehose_target target = failure_target(w->destination, conversion_failed_type);

    for (size_t i = 0; i < c->count; i++)
        moves[i] = (struct firehose_move){.target = target, .chunk = c->chunks[i]};
    deliver_replace(w, moves, c->count);
}

static void deliver_to(struct work *w, const struct firehose_S3DestinationDescription *to)
{
    struct delivery d = {.to = to};

    spool_init(&d.body, store_directory(w->firehose->app->store));
    if (!put_together(w, &d)) {
        deliver_postpone(w, "InternalError",
                         "An internal error occurred while attempting to deliver data. Delivery "
                         "will be retried; if the error persists, then it will be reported to AWS "
                         "for resolution.");
    } else {
        switch (d.empty ? STORE_OK : put_object(w, to, &d.body)) {
        case STORE_OK:
            finish(w, &d);
            break;
        case STORE_NOT_FOUND:
            fail_without_bucket(w);
            break;
        default:
            deliver_postpone(
                w, "S3.AccessDenied",
                "The bucket did not take the object. Ensure that the bucket's settings "
                "allow the key and the delivery.");
        }
    }
    spool_release(&d.body);
}

void deliver_to_s3(struct work *w)
{
    const struct destination *d = w->destination;
    bool copy = w->buffer.lane == FIREHOSE_SIDE && !w->buffer.sort[0] && d->copies;
    const struct firehose_S3DestinationDescription *to = copy ? d->copies : d->failures;

    /* Asked first: putting an object together may take a while. */
    if (s3_bucket_exists(w->firehose->app, w->stream->account, destination_bucket(to->BucketARN)) ==
        STORE_NOT_FOUND)
        fail_without_bucket(w);
    else
        deliver_to(w, to);
}
