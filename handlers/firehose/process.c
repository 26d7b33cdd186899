/*
 * A buffer of records as they came in goes through the processors, and what comes of it replaces
 * the buffer in one write. If the server is killed before that, all of it is done again.
 */
#include "handlers/firehose/process.h"
#include "server/base/room.h"

/* AWS: of a stream; more of them are given on request. */
enum { ACTIVE_PARTITIONS_MAX = 500 };

struct output {
    const char *sort;
    struct chunker chunker;
};

void record_list_add(struct arena *a, struct record_list *list, const struct record *r)
{
    list->items = room_for_one(a, list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count++] = *r;
}

/* NULL: there is none of that sort. */
static struct chunker *find_output(const struct output_list *list, const char *sort)
{
    /* Neighbours are often of one partition. */
    for (size_t i = list->count; i-- > 0;)
        if (str_eq(list->items[i].sort, sort))
            return &list->items[i].chunker;
    return NULL;
}

static struct chunker *add_output(struct arena *a, struct output_list *list, const char *sort)
{
    list->items = room_for_one(a, list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count].sort = sort;
    chunker_init(&list->items[list->count].chunker, a);
    return &list->items[list->count++].chunker;
}

void processing_fail(struct processing *p, const struct record *r, const struct undelivered *why)
{
    const struct bytes raw = r->packed.data ? r->packed : r->data;
    const struct frame f = {.data = failure_line(p->work, why, raw, r->at_ms), .at_ms = r->at_ms};

    const char *type = why->type ? why->type : "processing-failed";
    struct chunker *to = find_output(&p->failed, type);

    chunker_add(to ? to : add_output(p->work->arena, &p->failed, type), &f);
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

/* The partitions that wait for their delivery. */
struct active {
    const char **sorts;
    size_t count;
    size_t opened; /* by this buffer */
};

static bool is_active(const struct active *active, const char *sort)
{
    for (size_t i = 0; i < active->count; i++)
        if (str_eq(active->sorts[i], sort))
            return true;
    return false;
}

/* Where records of that partition go; NULL: there are too many partitions. */
static struct chunker *open_output(struct processing *p, struct active *active,
                                   struct output_list *outputs, const char *sort)
{
    if (p->work->destination->partitioned && !is_active(active, sort)) {
        if (active->count + active->opened >= ACTIVE_PARTITIONS_MAX)
            return NULL;
        active->opened++;
    }
    return add_output(p->work->arena, outputs, sort);
}

static void sort_record(struct processing *p, const struct prefix *prefix, struct active *active,
                        struct output_list *outputs, const struct record *r)
{
    static const struct undelivered exceeded = {
        .type = "activePartitionExceeded",
        .code = "DynamicPartitioning.ActivePartitionsExceeded",
        .message = "The delivery stream has as many active partitions as it may have: 500.",
        .attempts = 1,
    };
    const char *sort = p->work->destination->partitioned ? partition_sort(p, prefix, r) : "";
    struct chunker *to;

    if (!sort)
        return;
    to = find_output(outputs, sort);
    if (!to)
        to = open_output(p, active, outputs, sort);
    if (to)
        chunker_add(to, &(struct frame){.data = r->data, .meta = r->meta, .at_ms = r->at_ms});
    else
        processing_fail(p, r, &exceeded);
}

/* False after a fault of the store. */
static bool sort_records(struct processing *p, struct output_list *outputs)
{
    const struct work *w = p->work;
    struct active active = {0};
    struct prefix prefix = {0};
    const char *problem;

    if (w->destination->partitioned) {
        prefix_parse(w->arena, w->destination->s3->Prefix, "Prefix", &prefix, &problem);
        if (firehose_store_sorts(w->firehose->store, w->stream->id, FIREHOSE_DELIVER, w->arena,
                                 &active.sorts, &active.count) != STORE_OK)
            return false;
    }
    for (size_t i = 0; i < p->records.count; i++)
        sort_record(p, &prefix, &active, outputs, &p->records.items[i]);
    return true;
}

static size_t finish_outputs(struct output_list *list)
{
    size_t chunks = 0;

    for (size_t i = 0; i < list->count; i++) {
        chunker_finish(&list->items[i].chunker);
        chunks += list->items[i].chunker.count;
    }
    return chunks;
}

static void add_moves(struct firehose_move *moves, size_t *count, const struct output_list *list,
                      struct firehose_target target)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct chunker *c = &list->items[i].chunker;

        target.sort = list->items[i].sort;
        for (size_t n = 0; n < c->count; n++)
            moves[(*count)++] = (struct firehose_move){.target = target, .chunk = c->chunks[n]};
    }
}

/* What is left for later goes through the processors as a buffer of its own, at once. */
static void add_later(const struct processing *p, struct firehose_move *moves, size_t *count)
{
    const struct work *w = p->work;

    for (size_t i = 0; i < p->later.count; i++)
        moves[(*count)++] = (struct firehose_move){
            .target = {.lane = FIREHOSE_PROCESS, .sort = ""},
            .chunk = p->later.chunks[i],
            .again = true,
            .due_ms = clock_now_ms(&w->firehose->app->clock),
            .tries = w->buffer.tries,
            .first_try_ms = w->buffer.first_try_ms,
        };
}

/* How many chunks there are of what failed and what is left. */
static size_t finish(struct processing *p)
{
    chunker_finish(&p->later);
    return p->later.count + finish_outputs(&p->failed);
}

static void fail_to_read(struct processing *p)
{
    finish(p);
    deliver_postpone(p->work, "InternalError", "The records could not be read");
}

static void replace_buffer(struct processing *p)
{
    const struct destination *d = p->work->destination;
    const struct firehose_target target = {FIREHOSE_DELIVER, "", d->bytes_max, d->wait_ms,
                                           d->records_max};
    struct output_list outputs = {0};
    struct firehose_move *moves;
    size_t count = 0;

    if (!sort_records(p, &outputs)) {
        fail_to_read(p);
        return;
    }
    moves = ARENA_ARRAY(p->work->arena, struct firehose_move, finish_outputs(&outputs) + finish(p));
    add_moves(moves, &count, &outputs, target);
    add_moves(moves, &count, &p->failed, failure_target(d, ""));
    add_later(p, moves, &count);
    deliver_replace(p->work, moves, count);
}

void process_records(struct work *w)
{
    struct processing p = {.work = w};

    chunker_init(&p.later, w->arena);
    if (!read_records(&p))
        fail_to_read(&p);
    else if (!w->destination->processing || run_processors(&p))
        replace_buffer(&p);
    else /* the server stops */
        finish(&p);
}
