#include "handlers/firehose/json_row.h"

#include "handlers/firehose/hive_scalar.h"
#include "handlers/firehose/hive_time.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"
#include "server/base/room.h"
#include "server/base/utf8.h"

/* NOLINTBEGIN(misc-no-recursion): types and documents nest; the parsers bound them. */

enum {
    DOCUMENT_DEPTH_MAX = 64,
    ITEMS_MAX = 1 << 20, /* of all lists of a record */
    TEXT_SHOWN_MAX = 200,
};

static const char malformed[] = "DataFormatConversion.MalformedData";

struct reader {
    struct arena *arena;
    const struct firehose_OpenXJsonSerDe *openx;          /* NULL: Hive's */
    const struct firehose_ListOfNonEmptyStrings *formats; /* Hive's, of timestamps */
    bool any_case;                                        /* names match whatever their case */
    bool dots;                                            /* of keys are underscores of names */
    bool lower;                                           /* keys are taken in lower case */
    size_t items;
    struct json_row_failure failure; /* code NULL while all is well */
};

static bool read_value(struct reader *r, struct jr *j, const struct hive_type *type,
                       struct hive_value *out);

static bool fail(struct reader *r, const char *code, const char *message)
{
    if (!r->failure.code)
        r->failure = (struct json_row_failure){code, message};
    return false;
}

static bool fail_schema(struct reader *r, const char *detail)
{
    return fail(r, malformed, arena_printf(r->arena, "Data does not match the schema. %s", detail));
}

/* Bytes of a text that are shown: whole characters. */
static int shown(struct jr_text text)
{
    size_t len = MIN(text.len, (size_t)TEXT_SHOWN_MAX);

    while (len < text.len && len > 0 && utf8_is_continuation(text.data + len))
        len--;
    return (int)len;
}

static bool fail_input(struct reader *r, struct jr_text text)
{
    return fail_schema(
        r, arena_printf(r->arena, "For input string: \"%.*s\"", shown(text), text.data));
}

/* --- keys --- */

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static struct jr_text lower_key(struct reader *r, struct jr_text key)
{
    char *text = arena_strndup(r->arena, key.data, key.len);

    for (size_t i = 0; i < key.len; i++)
        text[i] = lower(text[i]);
    return (struct jr_text){text, key.len};
}

static bool key_matches(const struct reader *r, struct jr_text key, const char *name, bool dots)
{
    for (size_t i = 0; i < key.len; i++) {
        char c = dots && key.data[i] == '.' ? '_' : key.data[i];

        if (!name[i] || (r->any_case ? lower(c) != lower(name[i]) : c != name[i]))
            return false;
    }
    return !name[key.len];
}

/* The mapping whose JSON key is `key`, or whose column is `column`; NULL: there is none. */
static const struct firehose_ColumnToJsonKeyMappings_entry *
find_mapping(const struct reader *r, const struct jr_text *key, const char *column)
{
    for (size_t i = 0; r->openx && i < r->openx->ColumnToJsonKeyMappings.count; i++) {
        const struct firehose_ColumnToJsonKeyMappings_entry *e =
            &r->openx->ColumnToJsonKeyMappings.items[i];

        if (key ? key_matches(r, *key, e->value, false) : strcasecmp(e->key, column) == 0)
            return e;
    }
    return NULL;
}

/* The field of that key: documents tend to have them in the table's order, so it is looked for from
 * `from` on. field_count: there is none. */
static size_t find_field(const struct reader *r, const struct hive_type *type, struct jr_text key,
                         size_t from)
{
    const struct firehose_ColumnToJsonKeyMappings_entry *mapping = find_mapping(r, &key, NULL);

    for (size_t n = 0; n < type->field_count; n++) {
        size_t i = (from + n) % type->field_count;
        const char *name = type->fields[i].name;

        if (mapping ? strcasecmp(mapping->key, name) == 0
                    : key_matches(r, key, name, r->dots) && !find_mapping(r, NULL, name))
            return i;
    }
    return type->field_count;
}

/* --- text of what nests --- */

static void write_text(struct reader *r, struct jr *j, struct jw *w)
{
    struct jr_text text;

    switch (jr_peek(j)) {
    case JR_OBJECT:
        jw_begin_object(w);
        for (jr_enter_object(j); jr_next_key(j, &text);) {
            if (r->lower)
                text = lower_key(r, text);
            jw_key_n(w, text.data, text.len);
            write_text(r, j, w);
        }
        jw_end_object(w);
        break;
    case JR_ARRAY:
        jw_begin_array(w);
        for (jr_enter_array(j); jr_next_item(j);)
            write_text(r, j, w);
        jw_end_array(w);
        break;
    case JR_STRING:
        if (jr_string(j, &text))
            jw_string_n(w, text.data, text.len);
        break;
    default:
        if (jr_skip(j, &text))
            jw_raw(w, text.data, text.len);
    }
}

static bool read_nested_text(struct reader *r, struct jr *j, struct hive_value *out)
{
    struct strbuf text = STRBUF_INIT(64 * 1024 * 1024);
    struct jw w;

    jw_init(&w, &text);
    write_text(r, j, &w);
    *out = (struct hive_value){0};
    out->text =
        (struct bytes){arena_memdup(r->arena, text.data ? text.data : "", text.len), text.len};
    strbuf_release(&text);
    return !j->error;
}

/* --- scalars --- */

static bool read_by_formats(const struct reader *r, struct jr_text text, int64_t *out_us)
{
    for (size_t i = 0; r->formats && i < r->formats->count; i++) {
        const char *format = r->formats->items[i];

        if (str_eq(format, "millis") ? hive_time_millis(text.data, text.len, out_us)
                                     : hive_time_by_pattern(format, text.data, text.len, out_us))
            return true;
    }
    return false;
}

static bool read_time(const struct reader *r, const struct hive_type *type, struct jr_text text,
                      struct hive_value *out)
{
    bool date = type->kind == HIVE_DATE;
    int64_t us = 0;
    bool well;

    if (r->openx)
        well = date ? hive_time_date(text.data, text.len, &us)
                    : hive_time_openx(text.data, text.len, &us);
    else
        well = read_by_formats(r, text, &us) || (date ? hive_time_date(text.data, text.len, &us)
                                                      : hive_time_sql(text.data, text.len, &us));
    *out = (struct hive_value){.integer = us};
    if (date) /* of the day it is in, also before 1970 */
        out->integer = us / HIVE_DAY_US - (us % HIVE_DAY_US < 0);
    return well;
}

static bool read_scalar_text(struct reader *r, const struct hive_type *type, struct jr_text text,
                             struct hive_value *out)
{
    bool time = type->kind == HIVE_DATE || type->kind == HIVE_TIMESTAMP;

    if (time ? read_time(r, type, text, out) : hive_scalar_read(type, text.data, text.len, out))
        return true;
    return fail_input(r, text);
}

static bool read_scalar(struct reader *r, struct jr *j, const struct hive_type *type,
                        struct hive_value *out)
{
    bool numeric = type->kind >= HIVE_TINYINT && type->kind <= HIVE_DECIMAL;
    bool textual = type->kind >= HIVE_STRING && type->kind <= HIVE_VARCHAR;
    enum jr_type found = jr_peek(j);
    struct jr_text text;

    if (found == JR_OBJECT || found == JR_ARRAY) {
        if (textual && r->openx)
            return read_nested_text(r, j, out);
        if (!r->openx)
            return fail(r, malformed,
                        "One or more fields have incorrect format. Exception when validating "
                        "field (root)");
        return fail_schema(r, "A scalar column can't hold what nests.");
    }
    if (numeric && found == JR_STRING && !r->openx)
        return fail_schema(r, "Current token (VALUE_STRING) not numeric, can not use numeric value "
                              "accessors");
    if (found == JR_STRING ? !jr_string(j, &text) : !jr_skip(j, &text))
        return false;
    return read_scalar_text(r, type, text, out);
}

/* --- what nests --- */

struct builder {
    struct hive_list list;
    size_t capacity;
};

/* NULL: there are too many. */
static struct hive_value *add_item(struct reader *r, struct builder *b)
{
    if (++r->items > ITEMS_MAX) {
        fail_schema(r, "The record holds too many values.");
        return NULL;
    }
    b->list.items =
        room_for_one(r->arena, b->list.items, b->list.count, &b->capacity, sizeof(*b->list.items));
    return &b->list.items[b->list.count++];
}

static bool read_array(struct reader *r, struct jr *j, const struct hive_type *type,
                       struct hive_value *out)
{
    struct builder b = {0};
    struct hive_value *item;

    if (jr_peek(j) != JR_ARRAY) {
        if (!r->openx)
            return fail_schema(r, "java.io.IOException: Start of Array expected");
        item = add_item(r, &b);
        if (!item || !read_value(r, j, type->element, item))
            return false;
    } else {
        for (jr_enter_array(j); jr_next_item(j);) {
            item = add_item(r, &b);
            if (!item || !read_value(r, j, type->element, item))
                return false;
        }
    }
    *out = (struct hive_value){.list = b.list};
    return true;
}

static bool read_map(struct reader *r, struct jr *j, const struct hive_type *type,
                     struct hive_value *out)
{
    struct builder b = {0};
    struct jr_text key;

    if (jr_peek(j) != JR_OBJECT)
        return fail_schema(r, "java.io.IOException: Start of Object expected");
    for (jr_enter_object(j); jr_next_key(j, &key);) {
        struct hive_value *item = add_item(r, &b);

        if (r->lower)
            key = lower_key(r, key);
        if (!item || !read_scalar_text(r, type->key, key, item))
            return false;
        item = add_item(r, &b);
        if (!item || !read_value(r, j, type->element, item))
            return false;
    }
    *out = (struct hive_value){.list = b.list};
    return true;
}

/* By name. */
static bool read_members(struct reader *r, struct jr *j, const struct hive_type *type,
                         struct hive_value *fields)
{
    struct jr_text key;
    size_t next = 0;

    for (jr_enter_object(j); jr_next_key(j, &key);) {
        size_t i = find_field(r, type, key, next);

        if (i == type->field_count ? !jr_skip(j, NULL)
                                   : !read_value(r, j, type->fields[i].type, &fields[i]))
            return false;
        next = i == type->field_count ? next : i + 1;
    }
    return true;
}

/* In the order of the fields; what is more is dropped. */
static bool read_positions(struct reader *r, struct jr *j, const struct hive_type *type,
                           struct hive_value *fields)
{
    size_t i = 0;

    for (jr_enter_array(j); jr_next_item(j); i++)
        if (i < type->field_count ? !read_value(r, j, type->fields[i].type, &fields[i])
                                  : !jr_skip(j, NULL))
            return false;
    return true;
}

static bool fail_struct(struct reader *r, struct jr *j, enum jr_type found)
{
    const char *java_type = found == JR_STRING   ? "java.lang.String"
                            : found == JR_NUMBER ? "java.lang.Number"
                                                 : "java.lang.Boolean";
    struct jr_text text = {0};

    if (!r->openx)
        return fail_schema(r, "java.io.IOException: Start of Object expected");
    if (found == JR_STRING ? !jr_string(j, &text) : !jr_skip(j, &text))
        return false;
    return fail_schema(r, arena_printf(r->arena, "Data is not JSONObject  but %s with value %.*s",
                                       java_type, shown(text), text.data));
}

static bool read_struct(struct reader *r, struct jr *j, const struct hive_type *type,
                        struct hive_value *out)
{
    struct hive_value *fields = ARENA_ARRAY(r->arena, struct hive_value, type->field_count);
    enum jr_type found = jr_peek(j);
    bool well;

    r->items += type->field_count;
    if (r->items > ITEMS_MAX)
        return fail_schema(r, "The record holds too many values.");
    for (size_t i = 0; i < type->field_count; i++)
        fields[i].is_null = true;
    if (found == JR_OBJECT)
        well = read_members(r, j, type, fields);
    else if (found == JR_ARRAY && r->openx)
        well = read_positions(r, j, type, fields);
    else
        well = found != JR_ERROR && fail_struct(r, j, found);
    *out = (struct hive_value){.list = {fields, type->field_count}};
    return well;
}

static bool read_value(struct reader *r, struct jr *j, const struct hive_type *type,
                       struct hive_value *out)
{
    if (jr_peek(j) == JR_NULL) {
        *out = (struct hive_value){.is_null = true};
        return jr_null(j);
    }
    switch (type->kind) {
    case HIVE_ARRAY:
        return read_array(r, j, type, out);
    case HIVE_MAP:
        return read_map(r, j, type, out);
    case HIVE_STRUCT:
        return read_struct(r, j, type, out);
    default:
        return read_scalar(r, j, type, out);
    }
}

/* --- a record --- */

static struct reader reader_of(const struct firehose_Deserializer *d, struct arena *a)
{
    struct reader r = {.arena = a, .openx = d->OpenXJsonSerDe};

    r.any_case = !r.openx || VALUE_OR(r.openx->CaseInsensitive, true);
    r.dots = r.openx && VALUE_OR(r.openx->ConvertDotsInJsonKeysToUnderscores, false);
    r.lower = r.openx && r.any_case;
    if (!r.openx && d->HiveJsonSerDe)
        r.formats = &d->HiveJsonSerDe->TimestampFormats;
    return r;
}

const char *json_row_next(const char *at, const char *end)
{
    while (at < end && memchr(" \t\r\n", *at, 4))
        at++;
    return at;
}

/* One document at *at, and *at behind it. */
static bool read_document(struct reader *r, const struct hive_type *table, const char **at,
                          const char *end, struct hive_value *out)
{
    enum jr_type type;
    struct jr j;

    jr_init(&j, *at, (size_t)(end - *at), r->arena, DOCUMENT_DEPTH_MAX);
    type = jr_peek(&j);
    if (type != JR_OBJECT && type != JR_ARRAY) {
        fail(r, malformed,
             "The input JSON contained a primitive at the top level. The top level must be an "
             "object or array.");
    } else if (read_struct(r, &j, table, out) && !j.error) {
        *at = j.next;
        return true;
    }
    /* What does not fit the schema stands in a document that may be none: then that is the fault.
     */
    jr_init(&j, *at, (size_t)(end - *at), r->arena, DOCUMENT_DEPTH_MAX);
    if (!jr_skip(&j, NULL))
        r->failure = (struct json_row_failure){
            "DataFormatConversion.ParseError",
            arena_printf(r->arena, "Encountered malformed JSON. %s", j.error)};
    return false;
}

bool json_row_read(const struct firehose_Deserializer *deserializer, const struct hive_type *table,
                   struct bytes record, struct arena *a, struct json_rows *out,
                   struct json_row_failure *out_failure)
{
    struct reader r = reader_of(deserializer, a);
    const char *end = (const char *)record.data + record.len;
    const char *at = json_row_next((const char *)record.data, end);
    struct builder rows = {0};

    if (at == end)
        fail(&r, malformed, "The record was empty or contained only whitespace.");
    while (!r.failure.code && at < end) {
        struct hive_value *row = add_item(&r, &rows);

        if (!row || !read_document(&r, table, &at, end, row))
            break;
        at = json_row_next(at, end);
    }
    *out = (struct json_rows){rows.list.items, rows.list.count};
    *out_failure = r.failure;
    return !r.failure.code;
}

/* --- what can't be --- */

static bool has_kind(const struct hive_type *t, enum hive_kind kind)
{
    if (t->kind == kind)
        return true;
    for (size_t i = 0; i < t->field_count; i++)
        if (has_kind(t->fields[i].type, kind))
            return true;
    return t->element && has_kind(t->element, kind);
}

const char *json_row_option_problem(const struct firehose_Deserializer *d, struct arena *a)
{
    const struct firehose_ListOfNonEmptyStrings *formats =
        d->HiveJsonSerDe ? &d->HiveJsonSerDe->TimestampFormats : NULL;

    for (size_t i = 0; formats && i < formats->count; i++) {
        const char *problem = str_eq(formats->items[i], "millis")
                                  ? NULL
                                  : hive_time_pattern_problem(formats->items[i]);
        if (problem)
            return arena_printf(a, "TimestampFormats: %s: %s", formats->items[i], problem);
    }
    return NULL;
}

const char *json_row_problem(const struct firehose_Deserializer *d, const struct hive_type *table,
                             struct arena *a)
{
    if (d->OpenXJsonSerDe && has_kind(table, HIVE_BINARY))
        return "The schema is invalid. One or more columns have types that are not supported by "
               "org.openx.data.JsonSerDe";
    for (size_t i = 0; !d->OpenXJsonSerDe && i < table->field_count; i++)
        if (strchr(table->fields[i].name, '.'))
            return arena_printf(a,
                                "The schema is invalid. The name of column %s has a period, "
                                "which the Hive JSON SerDe does not allow",
                                table->fields[i].name);
    return NULL;
}

/* NOLINTEND(misc-no-recursion) */
