/* A type as Hive writes it; what is not a word as a name stands between backticks. */
#ifndef CADABRA_TESTS_HIVE_TEXT_H
#define CADABRA_TESTS_HIVE_TEXT_H

#include "handlers/firehose/hive_type.h"
#include "server/base/strbuf.h"

#include <ctype.h>

static inline bool is_word(const char *name)
{
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '_' && !((unsigned char)*name & 0x80))
            return false;
    return true;
}

static inline void write_name(const char *name, struct strbuf *out)
{
    if (is_word(name)) {
        strbuf_add_text(out, name);
        return;
    }
    strbuf_add_char(out, '`');
    for (; *name; name++) {
        strbuf_add_char(out, *name);
        if (*name == '`')
            strbuf_add_char(out, '`');
    }
    strbuf_add_char(out, '`');
}

/* NOLINTBEGIN(misc-no-recursion): types nest. */

static inline void write_type(const struct hive_type *t, struct strbuf *out);

static inline void write_fields(const struct hive_type *t, struct strbuf *out)
{
    strbuf_add_text(out, "struct<");
    for (size_t i = 0; i < t->field_count; i++) {
        if (i)
            strbuf_add_char(out, ',');
        write_name(t->fields[i].name, out);
        strbuf_add_char(out, ':');
        write_type(t->fields[i].type, out);
    }
    strbuf_add_char(out, '>');
}

static inline void write_type(const struct hive_type *t, struct strbuf *out)
{
    static const char *const names[] = {
        [HIVE_BOOLEAN] = "boolean", [HIVE_TINYINT] = "tinyint",     [HIVE_SMALLINT] = "smallint",
        [HIVE_INT] = "int",         [HIVE_BIGINT] = "bigint",       [HIVE_FLOAT] = "float",
        [HIVE_DOUBLE] = "double",   [HIVE_DECIMAL] = "decimal",     [HIVE_STRING] = "string",
        [HIVE_CHAR] = "char",       [HIVE_VARCHAR] = "varchar",     [HIVE_BINARY] = "binary",
        [HIVE_DATE] = "date",       [HIVE_TIMESTAMP] = "timestamp", [HIVE_ARRAY] = "array",
        [HIVE_MAP] = "map",
    };

    if (t->kind == HIVE_STRUCT) {
        write_fields(t, out);
        return;
    }
    strbuf_add_text(out, names[t->kind]);
    if (t->kind == HIVE_DECIMAL)
        strbuf_add_format(out, "(%d,%d)", t->precision, t->scale);
    if (t->kind == HIVE_CHAR || t->kind == HIVE_VARCHAR)
        strbuf_add_format(out, "(%d)", t->precision);
    if (t->kind != HIVE_ARRAY && t->kind != HIVE_MAP)
        return;
    strbuf_add_char(out, '<');
    if (t->kind == HIVE_MAP) {
        write_type(t->key, out);
        strbuf_add_char(out, ',');
    }
    write_type(t->element, out);
    strbuf_add_char(out, '>');
}

/* NOLINTEND(misc-no-recursion) */

/* Lives in the arena. */
static inline const char *hive_type_text(struct arena *a, const struct hive_type *type)
{
    struct strbuf out = STRBUF_INIT(1 << 22);
    const char *text;

    write_type(type, &out);
    text = arena_strndup(a, out.data, out.len);
    strbuf_release(&out);
    return text;
}

#endif
