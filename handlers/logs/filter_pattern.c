#include "handlers/logs/filter_pattern.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Reads a phrase in quotes, which may hold \" and \\; NULL when it does not end. */
static const char *read_phrase(const char *text, struct arena *a, const char **out_phrase)
{
    char *phrase = arena_alloc(a, strlen(text) + 1);
    size_t n = 0;

    for (text++; *text && *text != '"'; text++) {
        if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
            text++;
        phrase[n++] = *text;
    }
    phrase[n] = '\0';
    *out_phrase = phrase;
    return *text == '"' ? text + 1 : NULL;
}

/* Letters, digits and _ may stand alone; whatever else is in a term wants quotes. */
static bool is_plain(const char *term)
{
    for (; *term; term++)
        if ((*term & 0x80) == 0 &&
            !strchr("_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *term))
            return false;
    return true;
}

/* Reads one term and returns what follows it, NULL when it is none. */
static const char *read_term(const char *text, struct arena *a, struct filter_term *out)
{
    size_t len;

    out->kind = *text == '?' ? TERM_ANY : *text == '-' ? TERM_NOT : TERM_ALL;
    if (out->kind != TERM_ALL)
        text++;
    if (*text == '"') {
        text = read_phrase(text, a, &out->text);
        return text && (!*text || is_blank(*text)) ? text : NULL;
    }
    len = strcspn(text, " \t\r\n");
    out->text = arena_strndup(a, text, len);
    return len > 0 && is_plain(out->text) ? text + len : NULL;
}

enum filter_result filter_pattern_parse(const char *text, struct arena *a,
                                        struct filter_pattern *out)
{
    *out = (struct filter_pattern){0};
    while (text && is_blank(*text))
        text++;
    if (!text || !*text)
        return FILTER_OK;
    if (strchr("{[%", *text))
        return FILTER_NOT_BUILT;
    out->terms = ARENA_ARRAY(a, struct filter_term, strlen(text) / 2 + 1);
    while (*text) {
        struct filter_term *term = &out->terms[out->count++];

        text = read_term(text, a, term);
        if (!text)
            return FILTER_INVALID;
        out->has_all |= term->kind == TERM_ALL;
        out->has_any |= term->kind == TERM_ANY;
        while (is_blank(*text))
            text++;
    }
    return FILTER_OK;
}

bool filter_pattern_matches(const struct filter_pattern *p, const char *message)
{
    bool any = false;

    for (size_t i = 0; i < p->count; i++) {
        bool there = strstr(message, p->terms[i].text) != NULL;

        if (p->terms[i].kind == TERM_ANY)
            any |= there;
        else if (there != (p->terms[i].kind == TERM_ALL))
            return false;
    }
    /* AWS: "?" has no effect where another term must be there. */
    return any || !p->has_any || p->has_all;
}
