/*
 * [ ... ]: messages as columns between blanks; what stands in "..." or [...] is one column.
 *
 *   pattern   = "[" column *("," column) "]"
 *   column    = "..." / [name] *( condition joined by "&&" or "||" )
 *   condition = name operator value
 *
 * Without "..." a message must have as many columns as the pattern.
 */
#include "handlers/logs/filter_parts.h"

enum { CONDITIONS_MAX = 8 };

#define NAME_END " \t\r\n,]=!<>&|"

struct condition {
    bool alternative; /* joined by || to what stands before */
    enum filter_operator op;
    struct filter_value value;
};

struct column {
    struct filter_text name;
    struct condition conditions[CONDITIONS_MAX];
    size_t count;
};

struct filter_columns_pattern {
    struct column *columns;
    size_t count;
    bool has_gap;
    size_t gap; /* "..." stands before the column of that number */
};

static const char *skip_name(const char *at)
{
    at = filter_skip_blanks(at);
    at += strcspn(at, NAME_END);
    return filter_skip_blanks(at);
}

static bool read_column(struct arena *a, const char **at, struct column *out)
{
    bool alternative = false;

    out->name.data = filter_skip_blanks(*at);
    out->name.len = strcspn(out->name.data, NAME_END);
    for (*at = skip_name(*at); **at != ',' && **at != ']'; *at = filter_skip_blanks(*at)) {
        struct condition *c = &out->conditions[out->count];

        if (out->count == CONDITIONS_MAX || !filter_read_operator(at, &c->op))
            return false;
        *at = filter_skip_blanks(*at);
        if (!filter_read_value(a, at, " \t\r\n,]&|", &c->value))
            return false;
        c->alternative = alternative;
        out->count++;
        *at = filter_skip_blanks(*at);
        if (!str_starts(*at, "&&") && !str_starts(*at, "||"))
            continue;
        alternative = **at == '|';
        *at = skip_name(*at + 2);
        if (**at == ',' || **at == ']')
            return false;
    }
    return true;
}

static bool read_next(struct arena *a, const char **at, struct filter_columns_pattern *p)
{
    *at = filter_skip_blanks(*at);
    if (str_starts(*at, "...")) {
        if (p->has_gap)
            return false;
        p->has_gap = true;
        p->gap = p->count;
        *at = filter_skip_blanks(*at + 3);
        return true;
    }
    return p->count < FILTER_COLUMNS_MAX && read_column(a, at, &p->columns[p->count++]);
}

struct filter_columns_pattern *filter_columns_compile(struct arena *a, const char *text)
{
    struct filter_columns_pattern *p = ARENA_NEW(a, struct filter_columns_pattern);
    const char *at = text + 1;

    p->columns = ARENA_ARRAY(a, struct column, FILTER_COLUMNS_MAX);
    for (;;) {
        if (!read_next(a, &at, p))
            return NULL;
        if (*at == ']')
            break;
        if (*at++ != ',')
            return NULL;
    }
    return *filter_skip_blanks(at + 1) ? NULL : p;
}

/* The next column of a message; false at its end. */
static bool split(const char **at, const char *end, struct filter_text *out)
{
    const char *p = *at;
    char close;

    while (p < end && *p == ' ')
        p++;
    if (p == end)
        return false;
    close = *p == '"' ? '"' : *p == '[' ? ']' : ' ';
    if (close != ' ')
        p++;
    out->data = p;
    while (p < end && *p != close)
        p++;
    out->len = (size_t)(p - out->data);
    *at = p < end ? p + 1 : p;
    return true;
}

static bool column_holds(const struct column *column, struct filter_text found)
{
    bool holds = true;

    for (size_t i = 0; i < column->count; i++) {
        const struct condition *c = &column->conditions[i];
        bool this = filter_compare(c->op, &c->value, found);

        holds = c->alternative ? holds || this : holds && this;
    }
    return holds;
}

/* The message's columns, at most FILTER_MESSAGE_COLUMNS_MAX + 1. False when there are not as many
 * as the pattern wants. */
static bool split_all(const struct filter_columns_pattern *p, struct filter_text message,
                      struct filter_text found[FILTER_MESSAGE_COLUMNS_MAX + 1], size_t *out_count)
{
    const char *at = message.data;
    const char *end = message.data + message.len;
    size_t count = 0;

    while (count <= FILTER_MESSAGE_COLUMNS_MAX && split(&at, end, &found[count]))
        count++;
    *out_count = count;
    return count <= FILTER_MESSAGE_COLUMNS_MAX &&
           (p->has_gap ? count >= p->count : count == p->count);
}

/* Which of `count` columns of a message the pattern's column i is. */
static size_t place_of(const struct filter_columns_pattern *p, size_t i, size_t count)
{
    return p->has_gap && i >= p->gap ? count - (p->count - i) : i;
}

bool filter_columns_match(const struct filter_columns_pattern *p, struct filter_text message)
{
    struct filter_text found[FILTER_MESSAGE_COLUMNS_MAX + 1];
    size_t count;

    if (!split_all(p, message, found, &count))
        return false;
    for (size_t i = 0; i < p->count; i++)
        if (!column_holds(&p->columns[i], found[place_of(p, i, count)]))
            return false;
    return true;
}

bool filter_columns_field(const struct filter_columns_pattern *p, const char *name,
                          struct filter_text message, struct filter_text *out)
{
    struct filter_text found[FILTER_MESSAGE_COLUMNS_MAX + 1];
    size_t count;

    if (!split_all(p, message, found, &count))
        return false;
    for (size_t i = 0; i < p->count; i++) {
        const struct filter_text own = p->columns[i].name;

        if (strlen(name) == own.len && memcmp(name, own.data, own.len) == 0) {
            *out = found[place_of(p, i, count)];
            return true;
        }
    }
    return false;
}
