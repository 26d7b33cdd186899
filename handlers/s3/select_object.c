/*
 * SelectObjectContent: runs a query over an object while the answer is sent.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_SelectObjectContent.html
 */
#include "handlers/s3/access.h"
#include "handlers/s3/reader.h"
#include "handlers/s3/rules.h"
#include "handlers/s3/select_input.h"
#include "handlers/s3/select_output.h"
#include "handlers/s3/select_parquet.h"
#include "handlers/s3/select_query.h"
#include "server/protocol/event_stream.h"

/* Each Parquet reader is a process of up to a gigabyte. */
enum { PARQUET_READERS_MAX = 16 };
enum { RECORDS_MAX = 128 << 10, ROWS_ROOM = 4 << 20, SCAN_CHUNK = 8192 };

enum stage { STAGE_ROWS, STAGE_PROGRESS, STAGE_STATS, STAGE_END, STAGE_OVER };

/* One run; lies in the request's arena. */
struct selection {
    const struct s3_SelectObjectContentRequest *in;
    struct s3 *s3;
    struct s3_reader *reader;
    int64_t offset;      /* of what is read next */
    int64_t scan_length; /* rows that begin behind so many bytes are not looked at; -1: all are */
    struct select_query *query;
    struct select_input *input;
    struct select_parquet *parquet; /* NULL: rows are read from the object itself */
    struct select_parquet_range row_groups;
    int64_t size;
    struct arena row_arena;
    struct strbuf records;
    struct select_error error;
    enum stage stage;
    bool finished; /* no further row */
    int64_t returned;
};

static ssize_t read_object(void *context, void *out, size_t max)
{
    struct selection *s = context;
    ssize_t n = s3_reader_read(s->reader, out, max, s->offset);

    s->offset += MAX(n, 0);
    return n;
}

static ssize_t read_parquet(void *context, void *out, size_t max)
{
    const struct selection *s = context;

    return select_parquet_read(s->parquet, out, max);
}

static void release(void *context)
{
    struct selection *s = context;

    if (s->parquet) {
        select_parquet_free(s->parquet);
        atomic_fetch_sub(&s->s3->parquet_readers, 1);
    }
    select_input_free(s->input);
    arena_release(&s->row_arena);
    strbuf_release(&s->records);
}

/* --- the answer, step by step --- */

static struct event_header text_header(const char *name, const char *text)
{
    return (struct event_header){.name = name,
                                 .name_len = strlen(name),
                                 .type = EVENT_STRING,
                                 .bytes = {(const uint8_t *)text, strlen(text)}};
}

/* An error after the answer has begun. */
static void write_error(const struct selection *s, struct strbuf *out)
{
    const struct event_header headers[] = {
        text_header(":message-type", "error"),
        text_header(":error-code", s->error.code),
        text_header(":error-message", s->error.text),
    };

    event_message_write(out, headers, ARRAY_LEN(headers), (struct bytes){(const uint8_t *)"", 0});
}

static bool is_beyond_range(const struct selection *s)
{
    return s->scan_length >= 0 && select_input_position(s->input) >= s->scan_length;
}

/* One row into the records; false after the last one, or a fault. */
static bool take_row(struct selection *s)
{
    struct select_result result;
    enum select_outcome outcome;
    struct select_row row;
    int rc;

    arena_reset(&s->row_arena);
    rc = is_beyond_range(s) ? 0 : select_input_next(s->input, &s->row_arena, &row, &s->error);
    if (rc < 0 && s->parquet && !str_eq(s->error.code, "OverMaxRecordSize"))
        select_parquet_explain(s->parquet, &s->error);
    if (rc < 0)
        return false;
    if (rc == 0) {
        outcome = select_finish(s->query, &s->row_arena, &result, &s->error);
        if (outcome == SELECT_RESULT)
            select_output_write(&s->records, &s->row_arena, s->in->OutputSerialization, s->query,
                                &row, &result);
        s->finished = true;
        return false;
    }
    outcome = select_row(s->query, &s->row_arena, &row, &result, &s->error);
    if (outcome == SELECT_RESULT)
        select_output_write(&s->records, &s->row_arena, s->in->OutputSerialization, s->query, &row,
                            &result);
    s->finished = outcome == SELECT_DONE;
    return !s->finished && outcome != SELECT_FAULT;
}

static void write_rows(struct request *req, struct selection *s, struct strbuf *out)
{
    struct s3_RecordsEvent event;

    strbuf_clear(&s->records);
    while (s->records.len < RECORDS_MAX && take_row(s))
        ;
    if (s->records.len) {
        event.Payload = (struct bytes){(const uint8_t *)s->records.data, s->records.len};
        s->returned += (int64_t)s->records.len;
        event_stream_event(req, "Records", &event, out);
    }
    if (s->error.code) {
        write_error(s, out);
        s->stage = STAGE_OVER;
    } else if (s->finished) {
        const struct s3_RequestProgress *progress = s->in->RequestProgress;

        s->stage = progress && VALUE_OR(progress->Enabled, false) ? STAGE_PROGRESS : STAGE_STATS;
    }
}

static int next(struct request *req, void *context, struct strbuf *out)
{
    struct selection *s = context;
    int64_t scanned = s->parquet ? s->size : select_input_scanned(s->input);
    int64_t processed = s->parquet ? s->size : select_input_processed(s->input);
    struct s3_Stats stats = {SOME_LONG(scanned), SOME_LONG(processed), SOME_LONG(s->returned)};
    struct s3_Progress progress = {stats.BytesScanned, stats.BytesProcessed, stats.BytesReturned};

    while (s->stage == STAGE_ROWS && out->len == 0)
        write_rows(req, s, out);
    if (out->len)
        return 1;
    switch (s->stage) {
    case STAGE_PROGRESS:
        event_stream_event(req, "Progress", &(struct s3_ProgressEvent){&progress}, out);
        break;
    case STAGE_STATS:
        event_stream_event(req, "Stats", &(struct s3_StatsEvent){&stats}, out);
        break;
    case STAGE_END:
        event_stream_event(req, "End", &(struct s3_EndEvent){0}, out);
        break;
    default:
        return 0;
    }
    s->stage++;
    return 1;
}

/* --- before it --- */

static int fail_select(struct request *req, const struct select_error *e)
{
    struct aws_error *error = ARENA_NEW(&req->arena, struct aws_error);

    *error =
        (struct aws_error){.name = e->code, .code = e->code, .status = 400, .sender_fault = true};
    if (str_eq(e->code, "NotImplemented"))
        error->status = 501;
    if (str_eq(e->code, "Busy"))
        error->status = 503;
    if (str_eq(e->code, "InternalError"))
        error->status = 500;
    return aws_fail(req, error, "%s", e->text);
}

/* Rows that begin behind it: what is left of an earlier one is skipped. */
static int skip_to_row(struct request *req, struct selection *s, int64_t start)
{
    char chunk[SCAN_CHUNK];

    s->offset = MAX(start - 1, 0);
    while (start > 0) {
        ssize_t n = s3_reader_read(s->reader, chunk, sizeof(chunk), s->offset);
        const char *line = n > 0 ? memchr(chunk, '\n', (size_t)n) : NULL;

        if (n < 0)
            return aws_fail_internal(req);
        s->offset += line ? line - chunk + 1 : n;
        if (line || n == 0)
            break;
    }
    return 0;
}

/* Rows, or row groups of Parquet, that begin inside the range. */
static int apply_scan_range(struct request *req, struct selection *s)
{
    const struct s3_ScanRange *range = s->in->ScanRange;
    const struct s3_InputSerialization *input = s->in->InputSerialization;
    int64_t start;
    int64_t end;

    s->scan_length = -1;
    s->row_groups = (struct select_parquet_range){0, INT64_MAX};
    if (!range)
        return 0;
    if ((input->CompressionType && !str_eq(input->CompressionType, "NONE")) ||
        (input->CSV && VALUE_OR(input->CSV->AllowQuotedRecordDelimiter, false)) ||
        (input->CSV && input->CSV->RecordDelimiter && !str_eq(input->CSV->RecordDelimiter, "\n")) ||
        (input->JSON && input->JSON->Type && strcasecmp(input->JSON->Type, "DOCUMENT") == 0))
        return aws_fail(req, &s3_UnsupportedScanRangeInput,
                        "Scan range queries are not supported on this type of object.");
    /* AWS: an end alone means so many bytes from the end. */
    start = range->Start.set ? range->Start.value : s->size - VALUE_OR(range->End, 0);
    end = range->Start.set ? VALUE_OR(range->End, s->size) : s->size;
    if (start < 0 || end < start)
        return aws_fail(req, &s3_InvalidScanRange, "The provided scan range is not valid.");
    if (input->Parquet) {
        s->row_groups = (struct select_parquet_range){start, end};
        return 0;
    }
    if (skip_to_row(req, s, start))
        return -1;
    s->scan_length = MAX(end - s->offset, 0);
    return 0;
}

static int open_object(struct request *req, const struct s3_SelectObjectContentRequest *in,
                       struct selection *s)
{
    struct s3_customer_key key;
    struct s3_target t;

    if (s3_use_object_or_none(req, in->Bucket, in->Key, NULL, in->ExpectedBucketOwner,
                              "s3:GetObject", true, &t))
        return -1;
    if (!t.object || t.object->marker)
        return s3_fail_no_object(req, &t);
    if (s3_customer_key_read(req, false, &key) || s3_customer_key_check(req, &key, &t.object->head))
        return -1;
    s->size = t.object->size;
    switch (s3_reader_open(s3_of(req->app)->store, &req->arena, t.object, &key,
                           (struct s3_range){0, t.object->size}, &s->reader)) {
    case STORE_OK:
        return 0;
    case STORE_NOT_FOUND: /* removed since it was found */
        return s3_fail_no_key(req, in->Key);
    default:
        return aws_fail_internal(req);
    }
}

static int open_parquet(struct request *req, struct selection *s)
{
    AUTO_CLOSE int file = -1;

    if (atomic_fetch_add(&s->s3->parquet_readers, 1) >= PARQUET_READERS_MAX)
        select_fault(&s->error, "Busy", "The service is unavailable. Try again later.");
    else if ((file = s3_reader_file(s->reader, store_directory(req->app->store))) < 0)
        select_fault(&s->error, "InternalError", "The object could not be read.");
    else
        s->parquet = select_parquet_open(req->app, file, s->query, s->row_groups, &s->error);
    if (s->parquet)
        return 0;
    atomic_fetch_sub(&s->s3->parquet_readers, 1);
    return fail_select(req, &s->error);
}

static int open_rows(struct request *req, struct selection *s)
{
    const struct s3_InputSerialization *input = s->in->InputSerialization;

    arena_init(&s->row_arena);
    strbuf_init(&s->records, ROWS_ROOM);
    arena_defer(&req->arena, release, s);
    s->input = select_input_new(
        input, select_from_path(s->query),
        (struct select_source){input->Parquet ? read_parquet : read_object, s}, &s->error);
    if (!s->input)
        return fail_select(req, &s->error);
    return input->Parquet ? open_parquet(req, s) : 0;
}

int s3_select_object_content(struct request *req, const struct s3_SelectObjectContentRequest *in,
                             struct s3_SelectObjectContentOutput *out)
{
    struct selection *s = ARENA_NEW(&req->arena, struct selection);

    (void)out;
    s->in = in;
    s->s3 = s3_of(req->app);
    if (!in->Expression || !in->ExpressionType || !in->InputSerialization ||
        !in->OutputSerialization)
        return s3_fail_malformed_xml(req);
    if (!str_eq(in->ExpressionType, "SQL"))
        return aws_fail(req, &s3_InvalidExpressionType,
                        "The ExpressionType is invalid. Only SQL expressions are supported.");
    if (open_object(req, in, s))
        return -1;
    s->query = select_parse(&req->arena, in->Expression, &s->error);
    if (!s->query || !select_output_check(in->OutputSerialization, &s->error))
        return fail_select(req, &s->error);
    if (apply_scan_range(req, s) || open_rows(req, s))
        return -1;
    req->response.kind = BODY_STREAM;
    req->response.stream = (struct body_stream){next, s};
    return 0;
}
