/*
 * Types of Hive and the deserializers: an input is a byte of options, a type, a NUL, a pattern of
 * timestamps, a NUL, and a record. A type that is read must be read again from its own text, and
 * rows must have the form of their type.
 */
#include "handlers/firehose/hive_time.h"
#include "handlers/firehose/json_row.h"
#include "tests/unit/hive_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPENX = 1, EXACT = 2, DOTS = 4, MAPPED = 8 };

static size_t volatile sink;

/* NOLINTBEGIN(misc-no-recursion): values nest as their types do. */

static void touch(const struct hive_type *t, const struct hive_value *v)
{
    if (v->is_null)
        return;
    if (t->kind == HIVE_STRUCT && v->list.count != t->field_count)
        abort();
    if (t->kind == HIVE_MAP && v->list.count % 2)
        abort();
    if (t->kind >= HIVE_ARRAY)
        for (size_t i = 0; i < v->list.count; i++)
            touch(t->kind == HIVE_STRUCT              ? t->fields[i].type
                  : t->kind == HIVE_MAP && i % 2 == 0 ? t->key
                                                      : t->element,
                  &v->list.items[i]);
    else if (t->kind >= HIVE_STRING && t->kind <= HIVE_BINARY)
        for (size_t i = 0; i < v->text.len; i++)
            sink += v->text.data[i];
}

/* NOLINTEND(misc-no-recursion) */

static void read_rows(struct arena *a, uint8_t options, const struct hive_type *type,
                      const char *pattern, struct bytes record)
{
    static struct firehose_ColumnToJsonKeyMappings_entry mapping = {"a", "b"};
    const char *formats[] = {"millis", pattern};
    struct firehose_OpenXJsonSerDe openx = {
        .CaseInsensitive = SOME_BOOL(!(options & EXACT)),
        .ConvertDotsInJsonKeysToUnderscores = SOME_BOOL((options & DOTS) != 0),
        .ColumnToJsonKeyMappings = {&mapping, options & MAPPED ? 1 : 0},
    };
    struct firehose_HiveJsonSerDe hive = {
        .TimestampFormats = {formats, hive_time_pattern_problem(pattern) ? 1 : 2}};
    struct firehose_Deserializer d = {0};
    struct json_row_failure why = {0};
    struct json_rows rows;

    if (options & OPENX)
        d.OpenXJsonSerDe = &openx;
    else
        d.HiveJsonSerDe = &hive;
    json_row_problem(&d, type, a);
    if (json_row_read(&d, type, record, a, &rows, &why))
        for (size_t i = 0; i < rows.count; i++)
            touch(type, &rows.items[i]);
    else if (!why.code || !why.message)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *type_end = size > 1 ? memchr(data + 1, '\0', size - 1) : NULL;
    const uint8_t *end = data + size;
    const uint8_t *pattern_end =
        type_end ? memchr(type_end + 1, '\0', (size_t)(end - type_end - 1)) : NULL;
    const struct hive_type *type;
    const char *problem;
    const char *text;
    struct arena a;

    if (!pattern_end)
        return 0;
    arena_init(&a);
    type = hive_type_parse(&a, (const char *)data + 1, &problem);
    if (type) {
        text = hive_type_text(&a, type);
        const struct hive_type *again = hive_type_parse(&a, text, &problem);
        if (!again || !str_eq(text, hive_type_text(&a, again)))
            abort();
        if (type->kind == HIVE_STRUCT)
            read_rows(&a, data[0], type, (const char *)type_end + 1,
                      (struct bytes){pattern_end + 1, (size_t)(end - pattern_end - 1)});
    } else if (!problem) {
        abort();
    }
    arena_release(&a);
    return 0;
}
