/* What is taken apart before a transformation: compressed records, logs, aggregates. */
#include "handlers/firehose/process.h"

#include "handlers/firehose/json_row.h"
#include "server/base/encode.h"
#include "server/base/json_read.h"

#include <zlib.h>

enum {
    UNPACKED_MAX = 10 * 1024 * 1024,     /* of one record */
    UNPACKED_AT_ONCE = 64 * 1024 * 1024, /* of a buffer, or one record more */
    GZIP_WINDOW = 15 + 16,
    DEPTH_MAX = 256,
    SUB_RECORDS_MAX = 500, /* AWS: beyond that a record is not taken apart */
};

/* --- gzip --- */

static bool inflate_into(struct bytes data, struct strbuf *out)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data.data, .avail_in = (uInt)data.len};
    int rc = Z_OK;

    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return false;
    while (rc == Z_OK && !out->overflow) {
        char piece[16 * 1024];
        z.next_out = (Bytef *)piece;
        z.avail_out = sizeof(piece);
        rc = inflate(&z, Z_NO_FLUSH);
        strbuf_add(out, piece, sizeof(piece) - z.avail_out);
        if (rc == Z_STREAM_END && z.avail_in > 0) /* members one after the other */
            rc = inflateReset(&z);
        else if (rc == Z_OK && z.avail_in == 0 && z.avail_out > 0)
            break; /* cut */
    }
    inflateEnd(&z);
    return rc == Z_STREAM_END && !out->overflow;
}

void unpack_decompress(struct processing *p)
{
    static const struct undelivered not_gzip = {
        .type = "decompression-failed",
        .code = "Decompression.InvalidData",
        .message = "The record is not a GZIP file, or holds more than 10 MiB.",
        .attempts = 1,
    };
    struct record_list out = {0};
    size_t unpacked = 0;

    for (size_t i = 0; i < p->records.count; i++) {
        struct record r = p->records.items[i];
        struct strbuf plain = STRBUF_INIT(UNPACKED_MAX);

        if (unpacked >= UNPACKED_AT_ONCE) {
            chunker_add(&p->later, &(struct frame){r.data, r.meta, r.at_ms});
            continue;
        }
        if (inflate_into(r.data, &plain)) {
            unpacked += plain.len;
            r.packed = r.data;
            r.data.data = arena_memdup(p->work->arena, plain.data ? plain.data : "", plain.len);
            r.data.len = plain.len;
            record_list_add(p->work->arena, &out, &r);
        } else {
            processing_fail(p, &r, &not_gzip);
        }
        strbuf_release(&plain);
    }
    p->records = out;
}

/* --- CloudWatch Logs --- */

struct log_reader {
    struct arena *arena;
    const struct record *record;
    struct record_list *out;
    bool newline;
    bool is_data; /* not a CONTROL_MESSAGE */
};

static void add_message(struct log_reader *l, struct jr_text text)
{
    struct record r = *l->record;
    char *data = arena_alloc(l->arena, text.len + 1);

    memcpy(data, text.data, text.len);
    data[text.len] = '\n';
    r.data = (struct bytes){(uint8_t *)data, text.len + l->newline};
    record_list_add(l->arena, l->out, &r);
}

static void read_events(struct log_reader *l, struct jr *r)
{
    struct jr_text key;
    struct jr_text text;

    for (jr_enter_array(r); jr_next_item(r);) {
        for (jr_enter_object(r); jr_next_key(r, &key);) {
            if (!jr_text_eq(key, "message"))
                jr_skip(r, NULL);
            else if (jr_string(r, &text))
                add_message(l, text);
        }
    }
}

static bool read_log(struct log_reader *l)
{
    struct record_list before = *l->out;
    struct jr_text key;
    struct jr_text text;
    bool has_events = false;
    struct jr r;

    jr_init(&r, l->record->data.data, l->record->data.len, l->arena, DEPTH_MAX);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (jr_text_eq(key, "messageType") && jr_peek(&r) == JR_STRING) {
            jr_string(&r, &text);
            l->is_data = jr_text_eq(text, "DATA_MESSAGE");
        } else if (jr_text_eq(key, "logEvents") && jr_peek(&r) == JR_ARRAY) {
            has_events = true;
            read_events(l, &r);
        } else {
            jr_skip(&r, NULL);
        }
    }
    if (!jr_finish(&r) || !has_events || !l->is_data)
        *l->out = before;
    return jr_finish(&r) && has_events;
}

void unpack_log_messages(struct processing *p, bool newline)
{
    static const struct undelivered not_logs = {
        .code = "CloudWatchLogProcessing.InvalidData",
        .message = "The record is not what CloudWatch Logs sends to subscribers.",
        .attempts = 1,
    };
    struct record_list out = {0};

    for (size_t i = 0; i < p->records.count; i++) {
        struct log_reader l = {.arena = p->work->arena,
                               .record = &p->records.items[i],
                               .out = &out,
                               .newline = newline};

        if (!read_log(&l))
            processing_fail(p, &p->records.items[i], &not_logs);
    }
    p->records = out;
}

/* --- aggregates --- */

static void add_part(struct processing *p, struct record_list *out, const struct record *r,
                     const void *data, size_t len)
{
    struct record part = *r;

    part.data = (struct bytes){data, len};
    record_list_add(p->work->arena, out, &part);
}

/* JSON documents one after the other; false when there is something else. */
static bool split_json(struct processing *p, const struct record *r, struct record_list *out)
{
    const char *at = (const char *)r->data.data;
    const char *end = at + r->data.len;

    while ((at = json_row_next(at, end)) < end) {
        struct jr_text raw;
        struct jr reader;

        jr_init(&reader, at, (size_t)(end - at), p->work->arena, DEPTH_MAX);
        if (!jr_skip(&reader, &raw))
            return false;
        add_part(p, out, r, raw.data, raw.len);
        at = raw.data + raw.len;
    }
    return true;
}

/* The pieces between the delimiters; empty ones are none. */
static void split_delimited(struct processing *p, const struct record *r, struct bytes delimiter,
                            struct record_list *out)
{
    const uint8_t *at = r->data.data;
    const uint8_t *end = at + r->data.len;

    while (at < end) {
        const uint8_t *found = memmem(at, (size_t)(end - at), delimiter.data, delimiter.len);
        size_t len = (size_t)((found ? found : end) - at);

        if (len > 0)
            add_part(p, out, r, at, len);
        at += len + (found ? delimiter.len : 0);
    }
}

static struct bytes read_delimiter(struct arena *a, const char *base64)
{
    uint8_t *bytes = arena_alloc(a, strlen(base64) + 1);
    size_t len = 0;

    base64_decode(base64, strlen(base64), bytes, &len); /* it was checked */
    return (struct bytes){bytes, len};
}

void unpack_deaggregate(struct processing *p, const struct firehose_Processor *processor)
{
    static const struct undelivered not_json = {
        .code = "DynamicPartitioning.RecordDeaggregationFailed",
        .message = "The record is not a sequence of JSON documents.",
        .attempts = 1,
    };
    bool json = str_eq(processor_parameter(processor, "SubRecordType"), "JSON");
    struct bytes delimiter = {0};
    struct record_list out = {0};

    if (!json)
        delimiter = read_delimiter(p->work->arena, processor_parameter(processor, "Delimiter"));
    for (size_t i = 0; i < p->records.count; i++) {
        const struct record *r = &p->records.items[i];
        size_t before = out.count;
        bool well = true;

        if (json)
            well = split_json(p, r, &out);
        else
            split_delimited(p, r, delimiter, &out);
        if (!well || out.count - before > SUB_RECORDS_MAX)
            out.count = before;
        else
            continue;
        if (well)
            record_list_add(p->work->arena, &out, r);
        else
            processing_fail(p, r, &not_json);
    }
    p->records = out;
}
