/*
 * A buffer of records as they came in goes through the processors, and what comes of it replaces
 * the buffer in one write. If the server is killed before that, all of it is done again.
 */
#include "handlers/firehose/process.h"

static const char failed_type[] = "processing-failed";

void record_list_add(struct arena *a, struct record_list *list, const struct record *r)
{
    if (list->count == list->capacity) {
        size_t capacity = MAX(list->capacity * 2, (size_t)64);
        struct record *more = ARENA_ARRAY(a, struct record, capacity);
        if (list->count)
            memcpy(more, list->items, list->count * sizeof(*more));
        list->items = more;
        list->capacity = capacity;
    }
    list->items[list->count++] = *r;
}

void processing_fail(struct processing *p, const struct record *r, const struct undelivered *why)
{
    const struct frame f = {.data = failure_line(p->work, why, r->data, r->at_ms),
                            .at_ms = r->at_ms};

    chunker_add(&p->failed, &f);
    if (p->logged && str_eq(p->logged, why->code))
        return;
    p->logged = why->code; /* once for the batch: AWS samples, too */
    error_log_write(p->work, why->code, why->message);
}

static bool read_records(struct processing *p)
{
    struct chunk_walk walk = {.work = p->work};
    struct bytes *chunks;
    size_t count;

    while (deliver_chunks(&walk, p->work->arena, &chunks, &count)) {
        for (size_t i = 0; i < count; i++) {
            struct frame_reader reader = frames_of(chunks[i]);
            struct frame f;

            while (frame_next(&reader, &f))
                record_list_add(p->work->arena, &p->records,
                                &(struct record){.data = f.data, .meta = f.meta, .at_ms = f.at_ms});
        }
    }
    return !walk.failed;
}

/* "\n" is written as a backslash and an n. */
static struct bytes read_delimiter(struct arena *a, const char *text)
{
    static const char letters[] = "nrt\\";
    static const char meanings[] = "\n\r\t\\";
    char *out = arena_strdup(a, text ? text : "\n");
    size_t len = 0;

    for (const char *p = out; *p; p++) {
        const char *letter = *p == '\\' && p[1] ? strchr(letters, p[1]) : NULL;
        out[len++] = letter ? meanings[letter - letters] : *p;
        p += letter != NULL;
    }
    return (struct bytes){(uint8_t *)out, len};
}

static void append_delimiter(struct processing *p, const struct firehose_Processor *processor)
{
    struct bytes delimiter =
        read_delimiter(p->work->arena, processor_parameter(processor, "Delimiter"));

    for (size_t i = 0; i < p->records.count; i++) {
        struct record *r = &p->records.items[i];
        uint8_t *longer = arena_alloc(p->work->arena, r->data.len + delimiter.len + 1);

        memcpy(longer, r->data.data, r->data.len);
        memcpy(longer + r->data.len, delimiter.data, delimiter.len);
        r->data = (struct bytes){longer, r->data.len + delimiter.len};
    }
}

static bool run_processors(struct processing *p)
{
    const struct firehose_ProcessingConfiguration *c = p->work->destination->processing;
    const struct firehose_Processor *delimiter =
        destination_processor(c, "AppendDelimiterToRecord");
    const struct firehose_Processor *step;

    if (destination_processor(c, "Decompression"))
        unpack_decompress(p);
    if ((step = destination_processor(c, "CloudWatchLogProcessing")) != NULL &&
        strcasecmp(processor_parameter(step, "DataMessageExtraction"), "true") == 0)
        unpack_log_messages(p, delimiter == NULL);
    if ((step = destination_processor(c, "RecordDeAggregation")) != NULL)
        unpack_deaggregate(p, step);
    if ((step = destination_processor(c, "Lambda")) != NULL && !transform(p, step))
        return false;
    if ((step = destination_processor(c, "MetadataExtraction")) != NULL)
        partition_by_query(p, step);
    if (delimiter)
        append_delimiter(p, delimiter);
    return true;
}

/* --- what comes of it --- */

struct output {
    const char *sort;
    struct chunker chunker;
};

struct outputs {
    struct output *items;
    size_t count;
    size_t capacity;
};

static struct chunker *chunker_for(struct arena *a, struct outputs *o, const char *sort)
{
    /* Neighbours are often of one partition. */
    for (size_t i = o->count; i-- > 0;)
        if (str_eq(o->items[i].sort, sort))
            return &o->items[i].chunker;
    if (o->count == o->capacity) {
        size_t capacity = MAX(o->capacity * 2, (size_t)8);
        struct output *more = ARENA_ARRAY(a, struct output, capacity);
        if (o->count)
            memcpy(more, o->items, o->count * sizeof(*more));
        o->items = more;
        o->capacity = capacity;
    }
    o->items[o->count].sort = sort;
    chunker_init(&o->items[o->count].chunker, a);
    return &o->items[o->count++].chunker;
}

static void sort_records(struct processing *p, struct outputs *o)
{
    const struct destination *d = p->work->destination;
    struct prefix prefix = {0};
    const char *problem;

    if (d->partitioned)
        prefix_parse(p->work->arena, d->s3->Prefix, "Prefix", &prefix, &problem);
    for (size_t i = 0; i < p->records.count; i++) {
        const struct record *r = &p->records.items[i];
        const char *sort = d->partitioned ? partition_sort(p, &prefix, r) : "";

        if (sort)
            chunker_add(chunker_for(p->work->arena, o, sort),
                        &(struct frame){.data = r->data, .at_ms = r->at_ms});
    }
}

static void add_moves(struct firehose_move *moves, size_t *count, struct chunker *c,
                      const struct firehose_target *target)
{
    for (size_t i = 0; i < c->count; i++)
        moves[(*count)++] = (struct firehose_move){.target = *target, .chunk = c->chunks[i]};
}

static void replace_buffer(struct processing *p)
{
    const struct destination *d = p->work->destination;
    struct outputs o = {0};
    struct firehose_target target = {FIREHOSE_DELIVER, "", d->bytes_max, d->wait_ms,
                                     d->records_max};
    struct firehose_target failed = failure_target(d, failed_type);
    struct firehose_move *moves;
    size_t total;
    size_t count = 0;

    sort_records(p, &o);
    chunker_finish(&p->failed);
    total = p->failed.count;
    for (size_t i = 0; i < o.count; i++) {
        chunker_finish(&o.items[i].chunker);
        total += o.items[i].chunker.count;
    }
    moves = ARENA_ARRAY(p->work->arena, struct firehose_move, total);
    for (size_t i = 0; i < o.count; i++) {
        target.sort = o.items[i].sort;
        add_moves(moves, &count, &o.items[i].chunker, &target);
    }
    add_moves(moves, &count, &p->failed, &failed);
    deliver_replace(p->work, moves, count);
}

void process_records(struct work *w)
{
    struct processing p = {.work = w};

    chunker_init(&p.failed, w->arena);
    if (!read_records(&p)) {
        deliver_postpone(w, "InternalError", "The records could not be read");
    } else if (!w->destination->processing || run_processors(&p)) {
        replace_buffer(&p);
        return;
    }
    chunker_finish(&p.failed);
}
