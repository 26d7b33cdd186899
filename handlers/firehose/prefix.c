#include "handlers/firehose/prefix.h"

#include "handlers/firehose/time_pattern.h"
#include "server/base/digest.h"
#include "server/base/room.h"

enum { RANDOM_LEN = 11 };

/* --- parsing --- */

struct parser {
    struct arena *arena;
    const char *name;
    struct prefix *out;
    size_t capacity;
    const char *problem;
};

static void add_part(struct parser *p, enum prefix_part_kind kind, const char *text, size_t len)
{
    struct prefix *out = p->out;

    out->parts = room_for_one(p->arena, out->parts, out->count, &p->capacity, sizeof(*out->parts));
    out->parts[out->count++] = (struct prefix_part){kind, arena_strndup(p->arena, text, len), len};
    out->has_expressions |= kind != PREFIX_TEXT;
    out->has_error_type |= kind == PREFIX_ERROR_TYPE;
    out->has_timestamp |= kind == PREFIX_TIMESTAMP;
    out->has_partition_keys |= kind == PREFIX_FROM_QUERY || kind == PREFIX_FROM_LAMBDA;
}

static bool fail(struct parser *p, const char *words)
{
    p->problem = arena_printf(p->arena, "%s %s", words, p->name);
    return false;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static bool firehose_value(struct parser *p, const char *value, size_t len)
{
    if (is_word(value, len, "random-string"))
        add_part(p, PREFIX_RANDOM, value, len);
    else if (is_word(value, len, "error-output-type"))
        add_part(p, PREFIX_ERROR_TYPE, value, len);
    else
        return fail(p, "Invalid conversion character used in the value of the expression in");
    return true;
}

/* What stands between the braces. */
static bool expression(struct parser *p, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    size_t namespace_len = colon ? (size_t)(colon - text) : 0;
    const char *value = colon ? colon + 1 : text;
    size_t value_len = colon ? len - namespace_len - 1 : 0;

    if (value_len == 0)
        return fail(p, "Invalid expression used in");
    if (is_word(text, namespace_len, "firehose"))
        return firehose_value(p, value, value_len);
    if (is_word(text, namespace_len, "timestamp")) {
        if (time_pattern_problem(value, value_len))
            return fail(p, "Invalid conversion character used in the value of the expression in");
        add_part(p, PREFIX_TIMESTAMP, value, value_len);
    } else if (is_word(text, namespace_len, "partitionKeyFromQuery")) {
        add_part(p, PREFIX_FROM_QUERY, value, value_len);
    } else if (is_word(text, namespace_len, "partitionKeyFromLambda")) {
        add_part(p, PREFIX_FROM_LAMBDA, value, value_len);
    } else {
        return fail(p, "Invalid namespace used in the expression in");
    }
    return true;
}

static bool parse(struct parser *p, const char *text)
{
    while (*text) {
        const char *open = strstr(text, "!{");
        const char *close;

        if (!open || open > text)
            add_part(p, PREFIX_TEXT, text, open ? (size_t)(open - text) : strlen(text));
        if (!open)
            break;
        close = strchr(open, '}');
        if (!close)
            return fail(p, "Invalid expression used in");
        if (!expression(p, open + 2, (size_t)(close - open) - 2))
            return false;
        text = close + 1;
    }
    return true;
}

bool prefix_parse(struct arena *a, const char *text, const char *name, struct prefix *out,
                  const char **out_problem)
{
    struct parser p = {.arena = a, .name = name, .out = out};

    *out = (struct prefix){0};
    if (parse(&p, text))
        return true;
    *out_problem = p.problem;
    return false;
}

/* --- making whole --- */

static void append(struct arena *a, struct prefix *p, enum prefix_part_kind kind, const char *text)
{
    struct parser appender = {.arena = a, .out = p, .capacity = p->count};

    add_part(&appender, kind, text, strlen(text));
}

void prefix_complete(struct arena *a, struct prefix *p)
{
    if (!p->has_timestamp && !p->has_partition_keys)
        append(a, p, PREFIX_TIMESTAMP, "yyyy/MM/dd/HH/");
}

void prefix_complete_error(struct arena *a, struct prefix *p)
{
    if (p->has_expressions)
        return;
    append(a, p, PREFIX_ERROR_TYPE, "error-output-type");
    append(a, p, PREFIX_TIMESTAMP, "/yyyy/MM/dd/HH/");
}

/* --- writing --- */

const char *partition_key_value(const struct partition_key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(keys[i].name, name))
            return keys[i].value;
    return NULL;
}

static bool write_key(const struct prefix_part *part, const struct partition_keys *keys,
                      struct strbuf *out)
{
    bool query = part->kind == PREFIX_FROM_QUERY;
    const char *value =
        partition_key_value(query ? keys->query : keys->lambda,
                            query ? keys->query_count : keys->lambda_count, part->text);

    if (value)
        strbuf_add_text(out, value);
    return value != NULL;
}

static void write_random(struct strbuf *out)
{
    char uuid[37];

    uuid_v4(uuid);
    strbuf_add(out, uuid, RANDOM_LEN);
}

static bool write_part(const struct prefix_part *part, const struct prefix_values *values,
                       struct strbuf *out)
{
    switch (part->kind) {
    case PREFIX_TEXT:
        strbuf_add(out, part->text, part->len);
        return true;
    case PREFIX_TIMESTAMP:
        time_pattern_write(part->text, part->len, values->at_ms, values->zone, out);
        return true;
    case PREFIX_RANDOM:
        write_random(out);
        return true;
    case PREFIX_ERROR_TYPE:
        strbuf_add_text(out, values->error_type ? values->error_type : "");
        return true;
    case PREFIX_FROM_QUERY:
    case PREFIX_FROM_LAMBDA:
        break;
    }
    return write_key(part, &values->keys, out);
}

bool prefix_write(const struct prefix *p, const struct prefix_values *values, struct strbuf *out,
                  const char **out_missing)
{
    for (size_t i = 0; i < p->count; i++) {
        if (write_part(&p->parts[i], values, out))
            continue;
        if (out_missing)
            *out_missing = p->parts[i].text;
        return false;
    }
    return true;
}
