#include "handlers/firehose/metadata_query.h"

enum { KEYS_MAX = 50 };

struct reader {
    const char *at;
    struct arena *arena;
    struct metadata_query *out;
};

static void skip_blanks(struct reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* name, "name", or $name; without escapes. */
static bool read_key(struct reader *r)
{
    bool quoted = *r->at == '"';
    const char *begin = r->at + (quoted || *r->at == '$');
    const char *end = begin;

    if (quoted)
        end += strcspn(begin, "\"\\");
    else
        while (is_name(*end))
            end++;
    if (end == begin || (quoted && *end != '"') || r->out->count == KEYS_MAX)
        return false;
    r->out->keys[r->out->count++] = arena_strndup(r->arena, begin, (size_t)(end - begin));
    r->at = end + quoted;
    return true;
}

/* A text of jq, with what is interpolated in it left alone: \( does not end it, \" neither. */
static bool skip_text(struct reader *r)
{
    for (r->at++; *r->at && *r->at != '"'; r->at++)
        if (*r->at == '\\' && r->at[1])
            r->at++;
    if (!*r->at)
        return false;
    r->at++;
    return true;
}

/* Up to the comma or brace that ends the value. */
static bool skip_value(struct reader *r)
{
    int depth = 0;

    while (*r->at) {
        if (*r->at == '"') {
            if (!skip_text(r))
                return false;
            continue;
        }
        if (depth == 0 && (*r->at == ',' || *r->at == '}'))
            return true;
        if (strchr("([{", *r->at))
            depth++;
        if (strchr(")]}", *r->at) && depth-- == 0)
            return false;
        r->at++;
    }
    return false;
}

static bool read_member(struct reader *r)
{
    skip_blanks(r);
    if (!read_key(r))
        return false;
    skip_blanks(r);
    if (*r->at != ':')
        return *r->at == ',' || *r->at == '}'; /* {a} is {a: .a} */
    r->at++;
    return skip_value(r);
}

bool metadata_query_parse(struct arena *a, const char *text, struct metadata_query *out,
                          const char **out_problem)
{
    struct reader r = {.at = text, .arena = a, .out = out};

    *out = (struct metadata_query){.keys = ARENA_ARRAY(a, const char *, KEYS_MAX)};
    *out_problem = "it is not an object of partition keys";
    skip_blanks(&r);
    if (*r.at++ != '{')
        return false;
    do {
        if (!read_member(&r))
            return false;
    } while (*r.at++ == ',');
    skip_blanks(&r);
    return r.at[-1] != '\0' && *r.at == '\0' && out->count > 0;
}
