#include "handlers/s3/select_output.h"

#include "handlers/s3/select_query.h"
#include "server/base/json_write.h"

static const char *text_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

bool select_output_check(const struct s3_OutputSerialization *serialization,
                         struct select_error *out_error)
{
    const struct s3_CSVOutput *csv = serialization->CSV;

    if ((csv != NULL) + (serialization->JSON != NULL) != 1)
        return select_fault(out_error, "InvalidRequestParameter",
                            "Exactly one of CSV and JSON must be given for the output.");
    if (csv && csv->QuoteFields && strcasecmp(csv->QuoteFields, "ALWAYS") != 0 &&
        strcasecmp(csv->QuoteFields, "ASNEEDED") != 0)
        return select_fault(out_error, "InvalidQuoteFields",
                            "The QuoteFields is invalid. Only ALWAYS and ASNEEDED are supported.");
    return true;
}

/* --- CSV --- */

struct csv_format {
    const char *field;
    const char *record;
    char quote;
    char escape;
    bool always;
};

static bool needs_quotes(const struct csv_format *f, struct jr_text t)
{
    if (f->always)
        return true;
    if (t.len == 0)
        return false;
    return memchr(t.data, f->quote, t.len) || memchr(t.data, '\n', t.len) ||
           memchr(t.data, '\r', t.len) || memmem(t.data, t.len, f->field, strlen(f->field)) ||
           memmem(t.data, t.len, f->record, strlen(f->record));
}

static void write_field(struct strbuf *b, const struct csv_format *f, struct jr_text t)
{
    if (!needs_quotes(f, t)) {
        strbuf_add(b, t.data, t.len);
        return;
    }
    strbuf_add_char(b, f->quote);
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] == f->quote)
            strbuf_add_char(b, f->escape);
        strbuf_add_char(b, t.data[i]);
    }
    strbuf_add_char(b, f->quote);
}

/* All values of a JSON row, in their order. */
static void write_members(struct strbuf *b, struct arena *a, const struct csv_format *f,
                          struct jr_text json)
{
    struct select_value v;
    struct jr_text key;
    struct jr_text raw;
    bool first = true;
    struct jr r;

    jr_init(&r, json.data, json.len, a, 128);
    if (jr_peek(&r) != JR_OBJECT) {
        if (select_from_json(a, json, &v))
            write_field(b, f, select_text(a, &v));
        return;
    }
    for (jr_enter_object(&r); jr_next_key(&r, &key) && jr_skip(&r, &raw); first = false) {
        if (!first)
            strbuf_add_text(b, f->field);
        if (select_from_json(a, raw, &v))
            write_field(b, f, select_text(a, &v));
    }
}

static void write_csv(struct strbuf *b, struct arena *a, const struct s3_CSVOutput *csv,
                      const struct select_row *row, const struct select_result *result)
{
    struct csv_format f = {
        .field = text_or(csv->FieldDelimiter, ","),
        .record = text_or(csv->RecordDelimiter, "\n"),
        .quote = *text_or(csv->QuoteCharacter, "\""),
        .escape = *text_or(csv->QuoteEscapeCharacter, "\""),
        .always = csv->QuoteFields && strcasecmp(csv->QuoteFields, "ALWAYS") == 0,
    };

    for (size_t i = 0; i < result->count; i++) {
        if (i > 0)
            strbuf_add_text(b, f.field);
        write_field(b, &f, select_text(a, &result->values[i]));
    }
    if (result->count == 0 && row->json.data)
        write_members(b, a, &f, row->json);
    for (size_t i = 0; result->count == 0 && !row->json.data && i < row->field_count; i++) {
        if (i > 0)
            strbuf_add_text(b, f.field);
        write_field(b, &f, row->fields[i]);
    }
    strbuf_add_text(b, f.record);
}

/* --- JSON --- */

static void write_value(struct jw *w, struct arena *a, const struct select_value *v)
{
    struct jr_text text = select_text(a, v);

    switch (v->type) {
    case SELECT_MISSING:
    case SELECT_NULL:
        jw_null(w);
        break;
    case SELECT_BOOL:
    case SELECT_INT:
    case SELECT_FLOAT:
    case SELECT_JSON:
        jw_raw(w, text.data, text.len);
        break;
    case SELECT_STRING:
    case SELECT_TIMESTAMP:
        jw_string_n(w, text.data, text.len);
        break;
    }
}

static void write_fields(struct jw *w, const struct select_row *row)
{
    char name[24];

    for (size_t i = 0; i < row->field_count; i++) {
        if (i < row->name_count) {
            jw_key_n(w, row->names[i].data, row->names[i].len);
        } else {
            snprintf(name, sizeof(name), "_%zu", i + 1);
            jw_key(w, name);
        }
        jw_string_n(w, row->fields[i].data, row->fields[i].len);
    }
}

static void write_json(struct strbuf *b, struct arena *a, const struct s3_JSONOutput *json,
                       const struct select_query *query, const struct select_row *row,
                       const struct select_result *result)
{
    struct jw w;

    jw_init(&w, b);
    if (result->count == 0 && row->json.data && row->json.data[0] == '{') {
        jw_raw(&w, row->json.data, row->json.len);
    } else {
        jw_begin_object(&w);
        for (size_t i = 0; i < result->count; i++) {
            if (result->values[i].type == SELECT_MISSING)
                continue;
            jw_key(&w, select_result_name(query, i));
            write_value(&w, a, &result->values[i]);
        }
        if (result->count == 0 && row->json.data) {
            jw_key(&w, "_1");
            jw_raw(&w, row->json.data, row->json.len);
        } else if (result->count == 0) {
            write_fields(&w, row);
        }
        jw_end_object(&w);
    }
    strbuf_add_text(b, text_or(json->RecordDelimiter, "\n"));
}

void select_output_write(struct strbuf *b, struct arena *a,
                         const struct s3_OutputSerialization *serialization,
                         const struct select_query *query, const struct select_row *row,
                         const struct select_result *result)
{
    if (serialization->CSV)
        write_csv(b, a, serialization->CSV, row, result);
    else
        write_json(b, a, serialization->JSON, query, row, result);
}
