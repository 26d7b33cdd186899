#include "handlers/s3/select_input.h"

#include <zlib.h>

#include "handlers/s3/select_query.h"

enum {
    CHUNK = 64 * 1024,
    DOCUMENT_MAX = 16 << 20, /* a JSON document may hold many rows */
    FIELDS_MAX = 16384,
    ROWS_DEPTH_MAX = 16,
};

enum format { FORMAT_CSV, FORMAT_JSON };

struct csv_options {
    char quote;
    char escape;
    char comment;
    const char *field_delimiter;
    size_t field_delimiter_len;
    const char *record_delimiter;
    size_t record_delimiter_len;
    bool quoted_delimiters;
    bool has_header;
    bool use_header;
};

struct select_input {
    struct select_source source;
    bool at_end; /* of the source */
    z_stream *unpacker;
    uint8_t *packed; /* CHUNK bytes */
    char *data;      /* the window: bytes [start, end) are still to be read */
    size_t start;
    size_t end;
    size_t capacity;
    size_t max;
    int64_t scanned;
    int64_t processed;
    enum format format;
    bool parquet;
    struct csv_options csv;
    bool header_read;
    struct arena header_arena;
    struct jr_text *names;
    size_t name_count;
    const struct select_path *from;
    /* JSON with a path: the rows of the present document. */
    struct arena document_arena;
    struct jr_text *rows;
    size_t row_count;
    size_t next_row;
};

/* --- bytes --- */

static bool read_failed(struct select_error *e)
{
    return select_fault(e, "InternalError", "The object could not be read.");
}

/* Fills the unpacker's input; false at the end of the source. */
static bool feed_unpacker(struct select_input *in, struct select_error *e)
{
    ssize_t n = in->source.read(in->source.context, in->packed, CHUNK);

    if (n < 0)
        return read_failed(e);
    in->scanned += n;
    in->unpacker->next_in = in->packed;
    in->unpacker->avail_in = (uInt)n;
    return n > 0;
}

/* 1, 0 at the end, -1. */
static int fill_unpacked(struct select_input *in, struct select_error *e)
{
    z_stream *z = in->unpacker;
    int rc;

    z->next_out = (Bytef *)in->data + in->end;
    z->avail_out = (uInt)MIN(in->capacity - in->end, (size_t)CHUNK);
    uInt room = z->avail_out;
    while (z->avail_out == room) {
        if (z->avail_in == 0 && !feed_unpacker(in, e)) {
            in->at_end = true;
            return e->code ? -1 : 0;
        }
        rc = inflate(z, Z_NO_FLUSH);
        if (rc == Z_STREAM_END)
            rc = inflateReset(z); /* the next member, if there is one */
        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            select_fault(e, "InvalidCompressionFormat",
                         "The file is not in a supported compression format. Only GZIP is "
                         "supported.");
            return -1;
        }
    }
    in->end += room - z->avail_out;
    in->processed += room - z->avail_out;
    return 1;
}

/* More bytes into the window. 1, 0 when there are none, -1. */
static int fill(struct select_input *in, struct select_error *e)
{
    ssize_t n;

    if (in->at_end)
        return 0;
    if (in->start > 0) {
        memmove(in->data, in->data + in->start, in->end - in->start);
        in->end -= in->start;
        in->start = 0;
    }
    if (in->end == in->capacity) {
        if (in->capacity >= in->max) {
            select_fault(e, "OverMaxRecordSize",
                         "The character number in one record is more than "
                         "our max threshold, maxCharsPerRecord: 1,048,576");
            return -1;
        }
        in->capacity = MIN(2 * in->capacity, in->max);
        in->data = x_reallocarray(in->data, in->capacity, 1);
    }
    if (in->unpacker)
        return fill_unpacked(in, e);
    n = in->source.read(in->source.context, in->data + in->end, in->capacity - in->end);
    if (n < 0) {
        read_failed(e);
        return -1;
    }
    in->at_end = n == 0;
    in->end += (size_t)n;
    in->scanned += n;
    in->processed += n;
    return n > 0;
}

/* --- CSV --- */

static bool begins_with(const char *at, const char *end, const char *text, size_t len)
{
    return (size_t)(end - at) >= len && memcmp(at, text, len) == 0;
}

/* Where the record that begins at `start` ends, or NULL when the window does not hold its end. */
static const char *record_end(const struct select_input *in, const char *start, const char *end)
{
    const struct csv_options *o = &in->csv;
    bool quoted = false;

    if (!o->quoted_delimiters)
        return memmem(start, (size_t)(end - start), o->record_delimiter, o->record_delimiter_len);
    for (const char *p = start; p < end; p++) {
        if (quoted && *p == o->escape && o->escape != o->quote)
            p++;
        else if (*p == o->quote)
            quoted = !quoted;
        else if (!quoted && begins_with(p, end, o->record_delimiter, o->record_delimiter_len))
            return p;
    }
    return NULL;
}

/* The next record, without its delimiter. 1, 0, -1. */
static int next_record(struct select_input *in, struct jr_text *out, struct select_error *e)
{
    while (true) {
        const char *start = in->data + in->start;
        const char *end = record_end(in, start, in->data + in->end);
        int rc;

        if (end) {
            *out = (struct jr_text){start, (size_t)(end - start)};
            in->start += out->len + in->csv.record_delimiter_len;
            break;
        }
        rc = fill(in, e);
        if (rc < 0)
            return -1;
        if (rc > 0)
            continue;
        if (in->start == in->end)
            return 0;
        *out = (struct jr_text){in->data + in->start, in->end - in->start};
        in->start = in->end;
        break;
    }
    if (in->csv.record_delimiter[0] == '\n' && out->len > 0 && out->data[out->len - 1] == '\r')
        out->len--;
    return 1;
}

/* A quoted field at *p, behind which *p stands afterwards. */
static struct jr_text quoted_field(const struct csv_options *o, struct arena *a, const char **p,
                                   const char *end)
{
    char *text = arena_alloc(a, (size_t)(end - *p) + 1);
    size_t len = 0;
    const char *at = *p + 1;

    for (; at < end; at++) {
        if (*at == o->escape && at + 1 < end && at[1] == o->quote)
            at++;
        else if (*at == o->quote)
            break;
        text[len++] = *at;
    }
    at += at < end;
    /* What stands between the quote and the delimiter belongs to the field. */
    while (at < end && !begins_with(at, end, o->field_delimiter, o->field_delimiter_len))
        text[len++] = *at++;
    text[len] = '\0';
    *p = at;
    return (struct jr_text){text, len};
}

static bool split_record(const struct csv_options *o, struct arena *a, struct jr_text record,
                         struct jr_text **out_fields, size_t *out_count, struct select_error *e)
{
    const char *p = record.data;
    const char *end = record.data + record.len;
    struct jr_text *fields = NULL;
    size_t capacity = 0;
    size_t count = 0;

    while (true) {
        if (count == capacity) {
            struct jr_text *more = ARENA_ARRAY(a, struct jr_text, MAX(2 * capacity, (size_t)16));

            if (count)
                memcpy(more, fields, count * sizeof(*more));
            fields = more;
            capacity = MAX(2 * capacity, (size_t)16);
        }
        if (count == FIELDS_MAX)
            return select_fault(e, "OverMaxColumn",
                                "The number of columns in the result is greater than the maximum "
                                "allowable number of columns.");
        if (p < end && *p == o->quote) {
            fields[count++] = quoted_field(o, a, &p, end);
        } else {
            const char *stop =
                memmem(p, (size_t)(end - p), o->field_delimiter, o->field_delimiter_len);

            stop = stop ? stop : end;
            fields[count++] = (struct jr_text){p, (size_t)(stop - p)};
            p = stop;
        }
        if (p >= end)
            break;
        p += o->field_delimiter_len;
    }
    *out_fields = fields;
    *out_count = count;
    return true;
}

static bool is_comment(const struct csv_options *o, struct jr_text record)
{
    return o->comment && record.len > 0 && record.data[0] == o->comment;
}

static int read_header(struct select_input *in, struct select_error *e)
{
    struct jr_text record;
    int rc;

    in->header_read = true;
    if (!in->csv.has_header)
        return 1;
    do {
        rc = next_record(in, &record, e);
    } while (rc > 0 && is_comment(&in->csv, record));
    if (rc <= 0 || !in->csv.use_header)
        return rc;
    record.data = arena_memdup(&in->header_arena, record.data, MAX(record.len, 1));
    return split_record(&in->csv, &in->header_arena, record, &in->names, &in->name_count, e) ? 1
                                                                                             : -1;
}

static int next_csv(struct select_input *in, struct arena *a, struct select_row *out,
                    struct select_error *e)
{
    struct jr_text record;
    struct jr_text *fields;
    int rc = in->header_read ? 1 : read_header(in, e);

    if (rc <= 0)
        return rc;
    do {
        rc = next_record(in, &record, e);
        if (rc <= 0)
            return rc;
    } while (record.len == 0 || is_comment(&in->csv, record));
    if (!split_record(&in->csv, a, record, &fields, &out->field_count, e))
        return -1;
    out->fields = fields;
    out->names = in->names;
    out->name_count = in->name_count;
    return 1;
}

/* --- JSON --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Where the value that begins at p ends; NULL when the window does not hold its end. */
static const char *value_end(const char *p, const char *end)
{
    int depth = 0;
    bool quoted = false;

    for (const char *start = p; p < end; p++) {
        if (quoted) {
            if (*p == '\\')
                p++;
            else if (*p == '"')
                quoted = false;
        } else if (*p == '"') {
            quoted = true;
        } else if (*p == '{' || *p == '[') {
            depth++;
        } else if (*p == '}' || *p == ']') {
            depth--;
        }
        if (!quoted && depth <= 0 && p < end && p >= start) {
            if (strchr("}]\"", *p))
                return p + 1;
            if (p + 1 < end && (is_blank(p[1]) || p[1] == '{' || p[1] == '['))
                return p + 1; /* a number or a word */
        }
    }
    return NULL;
}

/* The next document. 1, 0, -1. */
static int next_document(struct select_input *in, struct jr_text *out, struct select_error *e)
{
    while (true) {
        const char *end;
        int rc;

        while (in->start < in->end && is_blank(in->data[in->start]))
            in->start++;
        end = in->start < in->end ? value_end(in->data + in->start, in->data + in->end) : NULL;
        if (end) {
            *out = (struct jr_text){in->data + in->start, (size_t)(end - in->data) - in->start};
            in->start += out->len;
            return 1;
        }
        rc = fill(in, e);
        if (rc < 0)
            return -1;
        if (rc > 0)
            continue;
        if (in->start == in->end)
            return 0;
        *out = (struct jr_text){in->data + in->start, in->end - in->start};
        in->start = in->end;
        return 1;
    }
}

static bool check_document(struct arena *a, struct jr_text document, struct select_error *e)
{
    struct jr r;

    jr_init(&r, document.data, document.len, a, 128);
    return (jr_skip(&r, NULL) && jr_finish(&r)) ||
           select_fault(e, "JSONParsingError",
                        "Encountered an error parsing the JSON file. Check the file and try "
                        "again.");
}

static void add_row(struct select_input *in, struct jr_text row)
{
    if ((in->row_count & (in->row_count - 1)) == 0) {
        struct jr_text *rows =
            ARENA_ARRAY(&in->document_arena, struct jr_text, in->row_count ? 2 * in->row_count : 1);

        if (in->row_count)
            memcpy(rows, in->rows, in->row_count * sizeof(*rows));
        in->rows = rows;
    }
    in->rows[in->row_count++] = row;
}

/* The values at the path from step `at` on; [*] stands for all elements. */
/* NOLINTNEXTLINE(misc-no-recursion): once per [*], of which a path has ROWS_DEPTH_MAX at most */
static void expand(struct select_input *in, struct jr_text json, size_t at, int depth)
{
    struct select_path one;
    struct jr_text item;
    struct jr r;

    for (; at < in->from->count && (in->from->steps[at].name || in->from->steps[at].index >= 0);
         at++) {
        struct select_value v;

        one = (struct select_path){in->from->steps + at, 1};
        v = select_at_path(&in->document_arena, json, &one, 0);
        if (v.type != SELECT_JSON)
            return;
        json = v.text;
    }
    if (at == in->from->count || depth == ROWS_DEPTH_MAX) {
        add_row(in, json);
        return;
    }
    jr_init(&r, json.data, json.len, &in->document_arena, 128);
    if (jr_peek(&r) != JR_ARRAY) {
        expand(in, json, at + 1, depth + 1);
        return;
    }
    for (jr_enter_array(&r); jr_next_item(&r) && jr_skip(&r, &item);)
        expand(in, item, at + 1, depth + 1);
}

static int next_json(struct select_input *in, struct arena *a, struct select_row *out,
                     struct select_error *e)
{
    struct jr_text document;

    while (in->next_row == in->row_count) {
        int rc = next_document(in, &document, e);

        if (rc <= 0)
            return rc;
        if (!check_document(a, document, e))
            return -1;
        if (!in->from) {
            out->json = document;
            return 1;
        }
        arena_reset(&in->document_arena);
        in->row_count = in->next_row = 0;
        expand(in, document, 0, 0);
    }
    out->json = in->rows[in->next_row++];
    return 1;
}

int select_input_next(struct select_input *in, struct arena *a, struct select_row *out,
                      struct select_error *out_error)
{
    *out = (struct select_row){.times_are_texts = in->parquet};
    if (in->format == FORMAT_CSV)
        return next_csv(in, a, out, out_error);
    return next_json(in, a, out, out_error);
}

/* --- made and freed --- */

static const char *text_or(const char *text, const char *otherwise)
{
    return text && *text ? text : otherwise;
}

static bool set_csv(struct select_input *in, const struct s3_CSVInput *csv, struct select_error *e)
{
    struct csv_options *o = &in->csv;
    const char *header = text_or(csv->FileHeaderInfo, "NONE");

    *o = (struct csv_options){
        .quote = *text_or(csv->QuoteCharacter, "\""),
        .escape = *text_or(csv->QuoteEscapeCharacter, "\""),
        .comment = *text_or(csv->Comments, "#"),
        .field_delimiter = text_or(csv->FieldDelimiter, ","),
        .record_delimiter = text_or(csv->RecordDelimiter, "\n"),
        .quoted_delimiters = VALUE_OR(csv->AllowQuotedRecordDelimiter, false),
        .has_header = strcasecmp(header, "NONE") != 0,
        .use_header = strcasecmp(header, "USE") == 0,
    };
    o->field_delimiter_len = strlen(o->field_delimiter);
    o->record_delimiter_len = strlen(o->record_delimiter);
    if (strcasecmp(header, "NONE") != 0 && strcasecmp(header, "USE") != 0 &&
        strcasecmp(header, "IGNORE") != 0)
        return select_fault(e, "InvalidFileHeaderInfo",
                            "The FileHeaderInfo is invalid. Only NONE, USE, and IGNORE are "
                            "supported.");
    if (o->field_delimiter_len > 2 || o->record_delimiter_len > 2)
        return select_fault(e, "InvalidRequestParameter",
                            "The delimiters may have two characters at most.");
    return true;
}

static bool set_compression(struct select_input *in, const char *type, struct select_error *e)
{
    if (str_eq(type, "NONE"))
        return true;
    if (!str_eq(type, "GZIP"))
        return select_fault(e, "InvalidCompressionFormat",
                            "The file is not in a supported compression format. Only GZIP is "
                            "supported.");
    in->unpacker = x_calloc(1, sizeof(*in->unpacker));
    in->packed = x_malloc(CHUNK);
    return inflateInit2(in->unpacker, 15 + 16) == Z_OK ||
           select_fault(e, "InternalError", "No memory to unpack the object.");
}

static bool set_up(struct select_input *in, const struct s3_InputSerialization *s,
                   struct select_error *e)
{
    in->max = SELECT_ROW_MAX;
    if ((s->CSV != NULL) + (s->JSON != NULL) + (s->Parquet != NULL) != 1)
        return select_fault(e, "InvalidDataSource",
                            "Exactly one of CSV, JSON and Parquet must be given.");
    if (s->Parquet) { /* select_parquet.c makes lines of JSON of it */
        in->format = FORMAT_JSON;
        in->parquet = true;
        return !str_eq(text_or(s->CompressionType, "NONE"), "NONE")
                   ? select_fault(e, "InvalidCompressionFormat",
                                  "Parquet files may not be compressed as a whole.")
                   : true;
    }
    if (s->CSV) {
        in->format = FORMAT_CSV;
        if (!set_csv(in, s->CSV, e))
            return false;
    } else {
        const char *type = text_or(s->JSON->Type, "");

        in->format = FORMAT_JSON;
        if (strcasecmp(type, "LINES") != 0 && strcasecmp(type, "DOCUMENT") != 0)
            return select_fault(e, "InvalidJsonType",
                                "The JsonType is invalid. Only DOCUMENT and LINES are supported.");
        if (strcasecmp(type, "DOCUMENT") == 0)
            in->max = DOCUMENT_MAX;
    }
    return set_compression(in, text_or(s->CompressionType, "NONE"), e);
}

struct select_input *select_input_new(const struct s3_InputSerialization *serialization,
                                      const struct select_path *from, struct select_source source,
                                      struct select_error *out_error)
{
    struct select_input *in = x_calloc(1, sizeof(*in));

    in->source = source;
    in->from = from;
    in->capacity = CHUNK;
    in->data = x_malloc(CHUNK);
    arena_init(&in->header_arena);
    arena_init(&in->document_arena);
    if (set_up(in, serialization, out_error))
        return in;
    select_input_free(in);
    return NULL;
}

void select_input_free(struct select_input *in)
{
    if (!in)
        return;
    if (in->unpacker)
        inflateEnd(in->unpacker);
    free(in->unpacker);
    free(in->packed);
    free(in->data);
    arena_release(&in->header_arena);
    arena_release(&in->document_arena);
    free(in);
}

int64_t select_input_scanned(const struct select_input *in)
{
    return in->scanned;
}

int64_t select_input_processed(const struct select_input *in)
{
    return in->processed;
}

int64_t select_input_position(const struct select_input *in)
{
    return in->processed - (int64_t)(in->end - in->start);
}
