/*
 * To OpenSearch or Elasticsearch, over the _bulk API of any endpoint that can be reached.
 *
 * https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html
 *
 * A buffer is sent in requests of some MB. Documents that were refused for good become lines for
 * the error prefix, those that may be taken later are kept in a new buffer, with the ids that they
 * had: so a document that was indexed although the answer got lost is overwritten, not doubled.
 */
#include "handlers/firehose/deliver.h"
#include "handlers/firehose/frame.h"
#include "handlers/firehose/time_pattern.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum {
    BULK_MAX = 4 * 1024 * 1024,
    DOCUMENTS_MAX = 20000, /* of one request */
    TIMEOUT_MS = 120 * 1000,
    ANSWER_MAX = 64 * 1024 * 1024,
    DEPTH_MAX = 64,
    DAY_MS = 86400 * 1000,
};

/* One document on its way, and what became of it. */
struct document {
    struct frame frame;
    const char *id;
    const char *index;
    int status; /* as the engine answered for it */
    const char *reason;
};

struct bulk {
    struct work *work;
    struct strbuf body;
    struct document *documents;
    size_t count;
    size_t number;         /* of documents of this buffer so far */
    struct chunker failed; /* lines */
    struct chunker again;  /* frames; their meta data is the document's id */
    size_t indexed;
    struct undelivered last; /* why something was not taken */
    bool stopped;
};

/* --- names --- */

/* AWS: weeks as in ISO 8601. */
static void add_week(int64_t at_ms, struct strbuf *out)
{
    int64_t days = at_ms / DAY_MS;
    int64_t thursday = days - (days + 3) % 7 + 3;
    struct strbuf year = STRBUF_INIT(16);
    struct strbuf day = STRBUF_INIT(16);

    time_pattern_write("yyyy", 4, thursday * DAY_MS, NULL, &year);
    time_pattern_write("D", 1, thursday * DAY_MS, NULL, &day);
    strbuf_add_format(out, "-%s-w%02ld", year.data, (strtol(day.data, NULL, 10) - 1) / 7 + 1);
    strbuf_release(&year);
    strbuf_release(&day);
}

static const char *index_name(const struct work *w, int64_t at_ms)
{
    const char *period = w->destination->search->IndexRotationPeriod;
    const char *pattern = str_eq(period, "OneHour")    ? "-yyyy-MM-dd-HH"
                          : str_eq(period, "OneDay")   ? "-yyyy-MM-dd"
                          : str_eq(period, "OneMonth") ? "-yyyy-MM"
                                                       : "";
    struct strbuf name = STRBUF_INIT(256);
    const char *out;

    strbuf_add_text(&name, w->destination->search->IndexName);
    if (str_eq(period, "OneWeek"))
        add_week(at_ms, &name);
    time_pattern_write(pattern, strlen(pattern), at_ms, NULL, &name);
    out = arena_strndup(w->arena, name.data, name.len);
    strbuf_release(&name);
    return out;
}

/* The id that the document had before, else one that each try of this buffer gives it. */
static const char *document_id(const struct bulk *b, const struct frame *f)
{
    struct arena *a = b->work->arena;

    if (f->meta.len && f->meta.data[0] != '{')
        return arena_strndup(a, (const char *)f->meta.data, f->meta.len);
    return arena_printf(a, "49%018" PRId64 "%036zu.0", b->work->buffer.id, b->number);
}

/* --- one request --- */

static void add_line(struct bulk *b, const struct document *d)
{
    const struct firehose_AmazonopensearchserviceDestinationDescription *search =
        b->work->destination->search;
    bool with_id = str_eq(search->DocumentIdOptions->DefaultDocumentIdFormat, "FIREHOSE_DEFAULT");
    struct jw j;

    jw_init(&j, &b->body);
    jw_begin_object(&j);
    jw_key(&j, "index");
    jw_begin_object(&j);
    jw_member_string(&j, "_index", d->index);
    if (search->TypeName && search->TypeName[0])
        jw_member_string(&j, "_type", search->TypeName);
    if (with_id)
        jw_member_string(&j, "_id", d->id);
    jw_end_object(&j);
    jw_end_object(&j);
    strbuf_add_char(&b->body, '\n');
    /* A document is one line; in JSON a line break stands only where a blank may. */
    size_t from = b->body.len;
    strbuf_add(&b->body, d->frame.data.data, d->frame.data.len);
    for (size_t i = from; i < b->body.len; i++)
        if (b->body.data[i] == '\n' || b->body.data[i] == '\r')
            b->body.data[i] = ' ';
    strbuf_add_char(&b->body, '\n');
}

static void add_document(struct bulk *b, const struct frame *f)
{
    struct document *d = &b->documents[b->count++];

    *d = (struct document){
        .frame = *f, .id = document_id(b, f), .index = index_name(b->work, f->at_ms)};
    b->number++;
    add_line(b, d);
}

static void read_error(struct jr *r, struct document *d)
{
    struct jr_text raw = {0};
    struct jr_text name;
    struct jr_text text;

    if (jr_peek(r) != JR_OBJECT) {
        jr_skip(r, &raw);
        d->reason = arena_strndup(r->arena, raw.data ? raw.data : "", raw.len);
        return;
    }
    for (jr_enter_object(r); jr_next_key(r, &name);) {
        if (jr_text_eq(name, "reason") && jr_peek(r) == JR_STRING && jr_string(r, &text))
            d->reason = arena_strndup(r->arena, text.data, text.len);
        else
            jr_skip(r, NULL);
    }
}

/* {"index": {"status": 201, ...}} */
static void read_item(struct jr *r, struct document *d)
{
    struct jr_text name;
    struct jr_text number;

    for (jr_enter_object(r); jr_next_key(r, &name);) {
        for (jr_enter_object(r); jr_next_key(r, &name);) {
            if (jr_text_eq(name, "status") && jr_peek(r) == JR_NUMBER && jr_number(r, &number))
                d->status = (int)strtol(number.data, NULL, 10);
            else if (jr_text_eq(name, "error"))
                read_error(r, d);
            else
                jr_skip(r, NULL);
        }
    }
}

/* The status of each document; false when the answer is none of the _bulk API. */
static bool read_items(struct bulk *b, const struct http_answer *answer)
{
    struct jr_text name;
    size_t count = 0;
    struct jr r;

    jr_init(&r, answer->body.data, answer->body.len, b->work->arena, DEPTH_MAX);
    if (answer->status != 200 || jr_peek(&r) != JR_OBJECT)
        return false;
    for (jr_enter_object(&r); jr_next_key(&r, &name);) {
        if (!jr_text_eq(name, "items")) {
            jr_skip(&r, NULL);
            continue;
        }
        for (jr_enter_array(&r); jr_next_item(&r);) {
            if (count == b->count)
                return false;
            read_item(&r, &b->documents[count++]);
        }
    }
    return jr_finish(&r) && count == b->count;
}

static void answer_all(struct bulk *b, int status, const char *reason)
{
    for (size_t i = 0; i < b->count; i++) {
        b->documents[i].status = status;
        b->documents[i].reason = reason;
    }
}

static void send(struct bulk *b)
{
    static const struct http_header headers[] = {{"Content-Type", "application/x-ndjson"}};
    struct work *w = b->work;
    const char *endpoint = w->destination->search->ClusterEndpoint;
    size_t len = strlen(endpoint);
    const struct http_call call = {
        .method = "POST",
        .url =
            arena_printf(w->arena, "%.*s/_bulk", (int)(len - (endpoint[len - 1] == '/')), endpoint),
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
        .body = {(const uint8_t *)b->body.data, b->body.len},
        .timeout_ms = TIMEOUT_MS,
        .answer_max = ANSWER_MAX,
        .stop_fd = w->stop_fd,
    };
    struct http_answer answer;
    const char *problem = "";
    enum http_outcome outcome = http_client_call(w->http, &call, w->arena, &answer, &problem);

    b->stopped |= outcome == HTTP_STOPPED;
    if (outcome != HTTP_ANSWERED)
        answer_all(b, 503, problem);
    else if (!read_items(b, &answer))
        answer_all(b, answer.status >= 300 ? answer.status : 500,
                   arena_printf(w->arena, "%.*s", (int)MIN(answer.body.len, (size_t)1000),
                                (const char *)answer.body.data));
}

/* --- what became of the documents --- */

static bool may_be_taken_later(int status)
{
    return status == 0 || status == 403 || status == 408 || status == 429 || status >= 500;
}

static void sort_out(struct bulk *b, const struct document *d)
{
    struct work *w = b->work;
    struct frame f = d->frame;

    if (d->status >= 200 && d->status < 300) {
        b->indexed++;
        return;
    }
    b->last = (struct undelivered){
        .code = arena_printf(w->arena, "%d", d->status),
        .message = d->reason ? d->reason : "",
        .attempts = w->buffer.tries + 1,
        .index_name = d->index,
        .document_id = d->id,
    };
    if (may_be_taken_later(d->status) &&
        !deliver_expired(w, w->destination->search->RetryOptions->DurationInSeconds.value)) {
        f.meta = (struct bytes){(const uint8_t *)d->id, strlen(d->id)};
        chunker_add(&b->again, &f);
        return;
    }
    f.data = failure_line(w, &b->last, d->frame.data, f.at_ms);
    f.meta = (struct bytes){0};
    chunker_add(&b->failed, &f);
}

static void flush(struct bulk *b)
{
    if (b->count == 0)
        return;
    send(b);
    for (size_t i = 0; i < b->count; i++)
        sort_out(b, &b->documents[i]);
    b->count = 0;
    strbuf_clear(&b->body);
}

static bool send_all(struct bulk *b)
{
    struct chunk_walk walk = {.work = b->work};
    struct bytes *chunks;
    size_t count;

    while (!b->stopped && deliver_chunks(&walk, b->work->arena, &chunks, &count)) {
        for (size_t i = 0; i < count && !b->stopped; i++) {
            struct frame_reader r = frames_of(chunks[i]);
            struct frame f;

            while (frame_next(&r, &f)) {
                add_document(b, &f);
                if (b->body.len >= BULK_MAX || b->count == DOCUMENTS_MAX)
                    flush(b);
            }
        }
    }
    if (!b->stopped)
        flush(b);
    return !b->stopped && !walk.failed;
}

/* Replaces the buffer by what is left of it. */
static void keep_rest(struct bulk *b)
{
    struct work *w = b->work;
    int64_t now_ms = clock_now_ms(&w->firehose->app->clock);
    const struct firehose_target failed = failure_target(
        w->destination,
        w->destination->elasticsearch ? "elasticsearch-failed" : "AmazonOpenSearchService-failed");
    struct firehose_move *moves =
        ARENA_ARRAY(w->arena, struct firehose_move, b->failed.count + b->again.count);
    size_t count = 0;

    for (size_t i = 0; i < b->failed.count; i++)
        moves[count++] = (struct firehose_move){.target = failed, .chunk = b->failed.chunks[i]};
    for (size_t i = 0; i < b->again.count; i++)
        moves[count++] = (struct firehose_move){
            .target = {.lane = FIREHOSE_DELIVER, .sort = ""},
            .chunk = b->again.chunks[i],
            .again = true,
            .due_ms = now_ms + deliver_backoff_ms(w->buffer.tries),
            .tries = w->buffer.tries + 1,
            .first_try_ms = w->buffer.first_try_ms ? w->buffer.first_try_ms : now_ms,
        };
    error_log_write(w, b->last.code, b->last.message);
    deliver_replace(w, moves, count);
}

void deliver_to_search(struct work *w)
{
    struct bulk b = {
        .work = w,
        .body = STRBUF_INIT(FIREHOSE_TEXT_MAX),
        .documents = ARENA_ARRAY(w->arena, struct document, DOCUMENTS_MAX),
    };
    bool sent;

    chunker_init(&b.failed, w->arena);
    chunker_init(&b.again, w->arena);
    sent = send_all(&b);
    chunker_finish(&b.failed);
    chunker_finish(&b.again);
    strbuf_release(&b.body);
    if (b.stopped)
        return; /* it is still there when the server comes back */
    if (!sent)
        deliver_postpone(w, "InternalError", "The records could not be read");
    else if (b.failed.count == 0 && b.again.count == 0)
        deliver_done(w);
    else if (b.failed.count == 0 && b.indexed == 0)
        deliver_postpone(w, b.last.code, b.last.message);
    else
        keep_rest(&b);
}
