/*
 * A record is converted whole or not at all. What can't be becomes a line for the error prefix, as
 * AWS has them (with names of members other than those of a failed transformation); when there is
 * no table any more, or none that can be read as, all records do.
 */
#include "handlers/firehose/convert.h"

#include "server/base/json_read.h"
#include "server/base/json_write.h"

struct table_name conversion_table(const struct firehose_SchemaConfiguration *s,
                                   const char *account, const char *region)
{
    return (struct table_name){
        .catalog_id = s->CatalogId ? s->CatalogId : account,
        .region = s->Region ? s->Region : region,
        .database = s->DatabaseName,
        .table = s->TableName,
        .version_id = s->VersionId ? s->VersionId : "LATEST",
    };
}

/* --- what failed --- */

/* A member of the Kinesis record that it came from; null where it came from none. */
static void write_origin(struct jw *j, struct arena *a, const struct frame *f, const char *member)
{
    struct jr_text value = {"null", 4};
    struct jr_text name;
    struct jr r;

    jr_init(&r, f->meta.data, f->meta.len, a, 4);
    if (f->meta.len && jr_peek(&r) == JR_OBJECT)
        for (jr_enter_object(&r); jr_next_key(&r, &name);)
            jr_skip(&r, jr_text_eq(name, member) ? &value : NULL);
    jw_raw(j, value.data, value.len);
}

static void write_table(struct jw *j, const struct work *w)
{
    const struct table_name t = conversion_table(w->destination->conversion->SchemaConfiguration,
                                                 w->stream->account, w->stream->region);

    jw_begin_object(j);
    jw_member_string(j, "catalogId", t.catalog_id);
    jw_member_string(j, "databaseName", t.database);
    jw_member_string(j, "tableName", t.table);
    jw_member_string(j, "region", t.region);
    jw_member_string(j, "versionId", t.version_id);
    jw_key(j, "catalogArn");
    jw_null(j);
    jw_end_object(j);
}

static void add_failure(struct work *w, struct chunker *to, const struct frame *f,
                        const struct json_row_failure *why)
{
    struct strbuf line = STRBUF_INIT(FIREHOSE_TEXT_MAX);
    struct jw j;

    jw_init(&j, &line);
    jw_begin_object(&j);
    jw_member_int(&j, "attemptsMade", w->buffer.tries + 1);
    jw_member_int(&j, "arrivalTimestamp", f->at_ms);
    jw_member_string(&j, "lastErrorCode", why->code);
    jw_member_string(&j, "lastErrorMessage", why->message);
    jw_member_int(&j, "attemptEndingTimestamp", clock_now_ms(&w->firehose->app->clock));
    jw_key(&j, "rawData");
    jw_base64(&j, f->data.data, f->data.len);
    jw_key(&j, "sequenceNumber");
    write_origin(&j, w->arena, f, "sequenceNumber");
    jw_key(&j, "subSequenceNumber");
    write_origin(&j, w->arena, f, "subsequenceNumber");
    jw_key(&j, "dataCatalogTable");
    write_table(&j, w);
    jw_end_object(&j);
    strbuf_add_char(&line, '\n');
    chunker_add(to,
                &(struct frame){.data = {(const uint8_t *)line.data, line.len}, .at_ms = f->at_ms});
    strbuf_release(&line);
}

/* --- the table --- */

static const struct json_row_failure no_table = {
    .code = "DataFormatConversion.EntityNotFound",
    .message = "The specified table/database could not be found. Please ensure that the "
               "table/database exists and that the values provided in the schema configuration are "
               "correct, especially with regards to casing.",
};

/* The first column whose name an earlier one has, whatever the case; NULL: none. */
static const char *find_twin(const struct table_columns *columns)
{
    for (size_t i = 1; i < columns->count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcasecmp(columns->items[i].name, columns->items[j].name) == 0)
                return columns->items[i].name;
    return NULL;
}

/* The type of its rows; NULL: *out_why says what is wrong with the columns. */
static const struct hive_type *type_of(const struct table_columns *columns, struct arena *a,
                                       struct json_row_failure *out_why)
{
    struct hive_type *table = ARENA_NEW(a, struct hive_type);
    struct hive_field *fields = ARENA_ARRAY(a, struct hive_field, columns->count);
    const char *problem;
    const char *twin;

    out_why->code = "DataFormatConversion.InvalidSchema";
    out_why->message = columns->count ? "The schema is invalid. The table has too many columns"
                                      : "The schema is invalid. The table has no columns";
    if (!columns->count || columns->count > HIVE_FIELDS_MAX)
        return NULL;
    twin = find_twin(columns);
    if (twin) {
        out_why->message =
            arena_printf(a, "The schema is invalid. Two columns have one name: %s", twin);
        return NULL;
    }
    for (size_t i = 0; i < columns->count; i++) {
        const struct table_column *c = &columns->items[i];

        fields[i] = (struct hive_field){c->name, hive_type_parse(a, c->type, &problem)};
        if (fields[i].type)
            continue;
        out_why->message = arena_printf(a, "The schema is invalid. Column %s of type %s: %s",
                                        c->name, c->type, problem);
        return NULL;
    }
    *table =
        (struct hive_type){.kind = HIVE_STRUCT, .fields = fields, .field_count = columns->count};
    return table;
}

enum store_status conversion_find_type(struct app *app, const struct conversion_parts *parts,
                                       const struct firehose_Deserializer *deserializer,
                                       const struct table_name *name, struct arena *a,
                                       const struct hive_type **out,
                                       struct json_row_failure *out_why)
{
    struct table_columns columns;
    const struct hive_type *table;
    const char *problem;
    enum store_status rc = parts->find_columns(app, name, a, &columns);

    *out = NULL;
    *out_why = no_table;
    if (rc)
        return rc;
    table = type_of(&columns, a, out_why);
    if (!table)
        return STORE_NOT_FOUND;
    problem = json_row_problem(deserializer, table, a);
    if (problem) {
        out_why->message = problem;
        return STORE_NOT_FOUND;
    }
    *out = table;
    return STORE_OK;
}

/* --- a buffer --- */

struct conversion {
    struct work *work;
    const struct firehose_Deserializer *deserializer;
    const struct hive_type *table; /* NULL: `why` */
    struct json_row_failure why;
    struct column_writer *writer; /* NULL without table */
    struct converted *out;
};

/* Rows lie in `a`, which is emptied after them. */
static void convert_record(struct conversion *c, const struct frame *f, struct arena *a)
{
    const struct conversion_parts *parts = c->work->firehose->conversion;
    struct json_row_failure why = c->why;
    struct json_rows rows;

    if (!c->table || !json_row_read(c->deserializer, c->table, f->data, a, &rows, &why)) {
        add_failure(c->work, &c->out->failed, f, &why);
        return;
    }
    for (size_t i = 0; i < rows.count; i++)
        parts->add(c->writer, &rows.items[i]);
    c->out->rows += rows.count;
}

static bool convert_chunks(struct conversion *c)
{
    struct chunk_walk walk = {.work = c->work};
    struct bytes *chunks;
    struct arena rows;
    struct arena a;
    size_t count;

    arena_init(&a);
    arena_init(&rows);
    while (deliver_chunks(&walk, &a, &chunks, &count)) {
        for (size_t i = 0; i < count; i++) {
            struct frame_reader r = frames_of(chunks[i]);
            struct frame f;

            while (frame_next(&r, &f)) {
                convert_record(c, &f, &rows);
                arena_reset(&rows);
            }
        }
        arena_reset(&a);
    }
    arena_release(&rows);
    arena_release(&a);
    return !walk.failed;
}

bool convert_records(struct work *w, struct spool *out, struct converted *converted)
{
    const struct firehose_DataFormatConversionConfiguration *configuration =
        w->destination->conversion;
    const struct conversion_parts *parts = w->firehose->conversion;
    const struct table_name name =
        conversion_table(configuration->SchemaConfiguration, w->stream->account, w->stream->region);
    struct conversion c = {
        .work = w,
        .deserializer = configuration->InputFormatConfiguration->Deserializer,
        .out = converted,
    };
    enum store_status rc = conversion_find_type(w->firehose->app, parts, c.deserializer, &name,
                                                w->arena, &c.table, &c.why);
    bool well;

    *converted = (struct converted){0};
    chunker_init(&converted->failed, w->arena);
    if (!rc)
        c.writer =
            parts->begin(w->firehose->app, c.table,
                         configuration->OutputFormatConfiguration->Serializer->ParquetSerDe, out);
    well = (rc == STORE_NOT_FOUND || c.writer) && convert_chunks(&c);
    if (c.writer)
        well = parts->end(c.writer) && well;
    if (well && !c.table)
        error_log_write(w, c.why.code, c.why.message);
    chunker_finish(&converted->failed);
    return well;
}
