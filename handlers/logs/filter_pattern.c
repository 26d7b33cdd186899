/* Term patterns, and which kind a pattern is of. */
#include "handlers/logs/filter_pattern.h"

#include "handlers/logs/filter_parts.h"

enum { TERMS_MAX = 512 };

enum term_kind { TERM_WANTED, TERM_OPTIONAL, TERM_EXCLUDED };

struct term {
    enum term_kind kind;
    struct filter_text text;
    pcre2_code *regex; /* instead of the text, or NULL */
};

struct filter_pattern {
    struct term *terms;
    size_t term_count;
    struct filter_json_pattern *json;       /* at most one of these */
    struct filter_columns_pattern *columns; /* is set */
};

/* AWS: what has other characters than letters, digits and _ must stand in quotes. */
static bool is_bare(struct filter_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c >= 0x80))
            return false;
    }
    return text.len > 0;
}

static bool read_term(struct arena *a, const char **at, struct term *out)
{
    struct filter_value value;
    bool quoted;

    out->kind = TERM_WANTED;
    if (**at == '?' || **at == '-')
        out->kind = *(*at)++ == '?' ? TERM_OPTIONAL : TERM_EXCLUDED;
    quoted = **at == '"' || **at == '%';
    if (!filter_read_value(a, at, " \t\r\n", &value) || (!quoted && !is_bare(value.text)))
        return false;
    out->text = value.text;
    out->regex = value.regex;
    return **at == '\0' || strchr(" \t\r\n", **at);
}

static bool read_terms(struct arena *a, const char *text, struct filter_pattern *out)
{
    out->terms = ARENA_ARRAY(a, struct term, strlen(text) / 2 + 1);
    for (const char *at = filter_skip_blanks(text); *at; at = filter_skip_blanks(at))
        if (!read_term(a, &at, &out->terms[out->term_count++]))
            return false;
    return true;
}

struct filter_pattern *filter_pattern_compile(struct arena *a, const char *text)
{
    struct filter_pattern *p = ARENA_NEW(a, struct filter_pattern);

    text = filter_skip_blanks(text);
    if (*text == '{')
        return (p->json = filter_json_compile(a, text)) ? p : NULL;
    if (*text == '[')
        return (p->columns = filter_columns_compile(a, text)) ? p : NULL;
    return read_terms(a, text, p) ? p : NULL;
}

static bool finds(const struct term *t, struct filter_text message)
{
    if (t->regex)
        return filter_regex_finds(t->regex, message);
    return memmem(message.data, message.len, t->text.data, t->text.len) != NULL;
}

/* AWS: beside terms of another kind the optional ones are ignored. */
static bool terms_match(const struct filter_pattern *p, struct filter_text message)
{
    bool only_optional = true;
    bool any_optional = false;

    for (size_t i = 0; i < p->term_count; i++) {
        const struct term *t = &p->terms[i];

        if (t->kind == TERM_OPTIONAL) {
            any_optional = any_optional || finds(t, message);
            continue;
        }
        only_optional = false;
        if (finds(t, message) != (t->kind == TERM_WANTED))
            return false;
    }
    return !only_optional || any_optional || p->term_count == 0;
}

bool filter_pattern_matches(const struct filter_pattern *pattern, const char *message, size_t len,
                            struct arena *scratch)
{
    struct filter_text text = {.data = message, .len = len};

    if (pattern->json)
        return filter_json_matches(pattern->json, text, scratch);
    if (pattern->columns)
        return filter_columns_match(pattern->columns, text);
    return terms_match(pattern, text);
}

const char *filter_pattern_field(const struct filter_pattern *pattern, const char *field,
                                 const char *message, size_t len, struct arena *scratch)
{
    struct filter_text text = {.data = message, .len = len};
    struct filter_text found;

    if (pattern->json ? !filter_json_field(field, text, scratch, &found)
                      : !pattern->columns || field[0] != '$' ||
                            !filter_columns_field(pattern->columns, field + 1, text, &found))
        return NULL;
    return arena_strndup(scratch, found.data, found.len);
}
