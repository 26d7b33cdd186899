/*
 * Reading what is imported: objects of S3, maybe compressed, cut into lines or CSV records, each of
 * which becomes an item. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/
 * S3DataImport.Format.html
 */
#include <zlib.h>

#include "handlers/dynamodb/csv.h"
#include "handlers/dynamodb/import.h"
#include "handlers/s3/s3.h"
#include "server/background.h"
#include "server/base/encode.h"

enum {
    CHUNK = 64 << 10,
    LINE_MAX_BYTES = 4 << 20, /* of text; no legal item needs more */
    OBJECTS_PAGE = 100,
    ITEM_DEPTH = 80,
    GZIP_ANY_WINDOW = 15 + 32,
};

struct reader {
    const struct ddb_import_options *options;
    const struct ddb_table *table;
    struct arena *arena; /* of the items of a batch */
    ddb_import_receiver *receive;
    void *context;
    struct strbuf line;
    struct csv csv;
    struct arena names; /* of one object's header */
    const char **header;
    size_t header_count;
};

/* --- DynamoDB JSON --- */

static bool item_of_line(struct reader *r, struct ddb_item *out)
{
    struct jr_text key;
    const char *error;
    bool found = false;
    struct jr jr;

    /* The values point into the text, which must live as long as the batch. */
    const char *text = arena_strndup(r->arena, r->line.data, r->line.len);
    jr_init(&jr, text, r->line.len, r->arena, ITEM_DEPTH);
    if (!jr_enter_object(&jr))
        return false;
    while (jr_next_key(&jr, &key)) {
        if (!jr_text_eq(key, "Item")) {
            jr_skip(&jr, NULL);
            continue;
        }
        *out = (struct ddb_item){0};
        if (dynamodb_item_codec.decode_json(&jr, r->arena, out, &error) != 0)
            return false;
        found = true;
    }
    return jr_finish(&jr) && found;
}

static enum store_status end_line(struct reader *r)
{
    struct ddb_item item;
    size_t blanks = r->line.data != NULL ? strspn(r->line.data, " \t\r") : 0;
    enum store_status rc = STORE_OK;

    if (r->line.overflow || blanks < r->line.len)
        rc = r->receive(r->context, !r->line.overflow && item_of_line(r, &item) ? &item : NULL);
    strbuf_clear(&r->line);
    r->line.overflow = false;
    return rc;
}

static enum store_status add_lines(struct reader *r, const uint8_t *data, size_t len)
{
    enum store_status rc = STORE_OK;

    while (len > 0 && rc == STORE_OK) {
        const uint8_t *end = memchr(data, '\n', len);
        size_t part = end != NULL ? (size_t)(end - data) : len;
        strbuf_add(&r->line, data, part);
        if (end == NULL)
            return STORE_OK;
        rc = end_line(r);
        data += part + 1;
        len -= part + 1;
    }
    return rc;
}

/* --- CSV --- */

static void take_header(struct reader *r)
{
    arena_reset(&r->names);
    r->header = ARENA_ARRAY(&r->names, const char *, r->csv.count);
    r->header_count = r->csv.damaged ? 0 : r->csv.count;
    for (size_t i = 0; i < r->header_count; i++)
        r->header[i] = arena_strndup(&r->names, csv_field(&r->csv, i), r->csv.fields[i].len);
}

static enum ddb_type type_of(const struct ddb_table *t, struct ddb_text name)
{
    for (size_t i = 0; i < t->definition.attribute_count; i++)
        if (ddb_text_equal(t->definition.attributes[i].name, name))
            return t->definition.attributes[i].type;
    return DDB_S;
}

/* AWS: attributes that are keys have their types, all others are strings. */
static bool value_of(struct reader *r, struct ddb_text name, const char *text, size_t len,
                     struct ddb_value *out)
{
    struct ddb_number number;
    uint8_t *raw;
    size_t raw_len;

    switch (type_of(r->table, name)) {
    case DDB_N:
        if (ddb_number_parse(text, len, &number) != DDB_NUMBER_OK)
            return false;
        *out = ddb_number_value(&number, r->arena);
        return true;
    case DDB_B:
        raw = arena_alloc(r->arena, len / 4 * 3 + 3);
        if (!base64_decode(text, len, raw, &raw_len))
            return false;
        *out = (struct ddb_value){.type = DDB_B, .text = {(const char *)raw, raw_len}};
        return true;
    default:
        *out = (struct ddb_value){.type = DDB_S, .text = {arena_strndup(r->arena, text, len), len}};
        return true;
    }
}

static bool item_of_record(struct reader *r, struct ddb_item *out)
{
    if (r->csv.damaged || r->csv.count > r->header_count)
        return false;
    *out = (struct ddb_item){.set = true,
                             .members = ARENA_ARRAY(r->arena, struct ddb_member, r->csv.count)};
    for (size_t i = 0; i < r->csv.count; i++) {
        struct ddb_member *m = &out->members[out->count];
        m->name = ddb_text_of(arena_strdup(r->arena, r->header[i]));
        if (!value_of(r, m->name, csv_field(&r->csv, i), r->csv.fields[i].len, &m->value))
            return false;
        out->count++;
    }
    return true;
}

static enum store_status end_record(struct reader *r)
{
    struct ddb_item item;

    if (r->header == NULL) {
        take_header(r);
        return STORE_OK;
    }
    return r->receive(r->context, item_of_record(r, &item) ? &item : NULL);
}

static enum store_status add_csv(struct reader *r, const uint8_t *data, size_t len)
{
    enum store_status rc = STORE_OK;

    for (size_t i = 0; i < len && rc == STORE_OK; i++)
        if (csv_add(&r->csv, (char)data[i]))
            rc = end_record(r);
    return rc;
}

/* --- objects --- */

static enum store_status add(struct reader *r, const uint8_t *data, size_t len)
{
    return r->options->csv ? add_csv(r, data, len) : add_lines(r, data, len);
}

static enum store_status finish_object(struct reader *r)
{
    if (!r->options->csv)
        return end_line(r);
    return csv_end(&r->csv) ? end_record(r) : STORE_OK;
}

/* Damaged compression ends the object, as one damaged item. */
static enum store_status inflate_some(struct reader *r, z_stream *z, const uint8_t *data,
                                      size_t len, bool *bad)
{
    enum store_status rc = STORE_OK;
    uint8_t out[16384];

    z->next_in = (Bytef *)data;
    z->avail_in = (uInt)len;
    while (z->avail_in > 0 && rc == STORE_OK && !*bad) {
        z->next_out = out;
        z->avail_out = sizeof(out);
        int result = inflate(z, Z_NO_FLUSH);
        rc = add(r, out, sizeof(out) - z->avail_out);
        if (result == Z_STREAM_END) /* archives may follow each other */
            *bad = inflateReset(z) != Z_OK;
        else if (result != Z_OK)
            *bad = true;
    }
    return rc;
}

static enum store_status read_object(struct reader *r, struct background_task *task,
                                     struct s3_object_reader *object)
{
    AUTO_FREE uint8_t *chunk = x_malloc(CHUNK);
    enum store_status rc = STORE_OK;
    int64_t offset = 0;
    z_stream z = {0};
    bool bad = false;
    ssize_t n;

    if (r->options->gzip && inflateInit2(&z, GZIP_ANY_WINDOW) != Z_OK)
        return STORE_FAILED;
    while (rc == STORE_OK && !bad && (n = s3_read(object, chunk, CHUNK, offset)) > 0) {
        offset += n;
        rc = r->options->gzip ? inflate_some(r, &z, chunk, (size_t)n, &bad)
                              : add(r, chunk, (size_t)n);
        if (rc == STORE_OK && background_stopping(task))
            rc = STORE_CONFLICT;
    }
    if (r->options->gzip)
        inflateEnd(&z);
    if (rc == STORE_OK && bad)
        return r->receive(r->context, NULL);
    return rc == STORE_OK ? finish_object(r) : rc;
}

static enum store_status read_key(struct reader *r, struct app *app, struct background_task *task,
                                  const char *key, int64_t *bytes)
{
    struct s3_object_reader *object;
    enum store_status rc =
        s3_read_open(app, r->options->account, r->options->bucket, key, NULL, &object);

    if (rc == STORE_NOT_FOUND) /* removed meanwhile */
        return STORE_OK;
    if (rc != STORE_OK)
        return rc == STORE_CONFLICT ? r->receive(r->context, NULL) : rc;
    strbuf_clear(&r->line);
    r->line.overflow = false;
    csv_init(&r->csv, r->options->delimiter, LINE_MAX_BYTES);
    r->header = r->options->header_count > 0 ? (const char **)r->options->header : NULL;
    r->header_count = r->options->header_count;
    *bytes += s3_read_size(object);
    rc = read_object(r, task, object);
    csv_release(&r->csv);
    s3_read_close(object);
    return rc;
}

enum store_status ddb_import_read(struct app *app, struct background_task *task,
                                  const struct ddb_import_options *options,
                                  const struct ddb_table *table, struct arena *a,
                                  ddb_import_receiver *receive, void *context, int64_t *out_bytes)
{
    struct reader *r = x_calloc(1, sizeof(*r));
    struct s3_listing page = {.truncated = true};
    const char *after = NULL;
    struct arena keys;
    enum store_status rc = s3_bucket_exists(app, options->account, options->bucket);

    r->options = options;
    r->table = table;
    r->arena = a;
    r->receive = receive;
    r->context = context;
    strbuf_init(&r->line, LINE_MAX_BYTES);
    arena_init(&r->names);
    arena_init(&keys);
    *out_bytes = 0;
    while (rc == STORE_OK && page.truncated) {
        rc = s3_list(app, options->account, options->bucket, options->prefix, after, OBJECTS_PAGE,
                     &keys, &page);
        for (size_t i = 0; rc == STORE_OK && i < page.count; i++) {
            after = page.items[i].key;
            rc = read_key(r, app, task, after, out_bytes);
        }
    }
    arena_release(&keys);
    arena_release(&r->names);
    strbuf_release(&r->line);
    free(r);
    return rc;
}
