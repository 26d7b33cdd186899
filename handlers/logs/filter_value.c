/* Values of patterns: quoted, bare with *, %regular expressions%; and how they compare. */
#include "handlers/logs/filter_parts.h"

/* A regular expression that needs more steps or depth than this matches nothing. */
enum { REGEX_STEPS_MAX = 100000, REGEX_DEPTH_MAX = 1000, REGEX_HEAP_KIB = 1024 };

static void free_regex(void *regex)
{
    pcre2_code_free(regex);
}

static bool read_regex(struct arena *a, const char **at, struct filter_value *out)
{
    const char *begin = *at + 1;
    const char *end = strchr(begin, '%');
    size_t where;
    int error;

    if (!end || end == begin)
        return false;
    out->regex = pcre2_compile((PCRE2_SPTR)begin, (size_t)(end - begin),
                               PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
                               &error, &where, NULL);
    if (!out->regex)
        return false;
    arena_defer(a, free_regex, out->regex);
    out->text = (struct filter_text){.data = begin, .len = (size_t)(end - begin)};
    *at = end + 1;
    return true;
}

bool filter_regex_finds(const pcre2_code *regex, struct filter_text text)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    int found;

    if (!data || !context)
        abort();
    pcre2_set_match_limit(context, REGEX_STEPS_MAX);
    pcre2_set_depth_limit(context, REGEX_DEPTH_MAX);
    pcre2_set_heap_limit(context, REGEX_HEAP_KIB);
    found = pcre2_match(regex, (PCRE2_SPTR)text.data, text.len, 0, 0, data, context);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    return found >= 0;
}

static bool read_quoted(struct arena *a, const char **at, struct filter_value *out)
{
    char *text = arena_alloc(a, strlen(*at));
    size_t len = 0;
    const char *p = *at + 1;

    for (; *p && *p != '"'; p++) {
        if (*p == '\\' && p[1])
            p++;
        text[len++] = *p;
    }
    if (*p != '"')
        return false;
    out->text = (struct filter_text){.data = text, .len = len};
    *at = p + 1;
    return true;
}

bool filter_to_number(struct filter_text text, double *out)
{
    char copy[64];
    char *end;

    if (text.len == 0 || text.len >= sizeof(copy) || !strchr("+-.0123456789", text.data[0]))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (strspn(copy, "+-.0123456789eE") != text.len)
        return false; /* no hex, no infinity */
    *out = strtod(copy, &end);
    return *end == '\0';
}

bool filter_read_value(struct arena *a, const char **at, const char *bare_stops,
                       struct filter_value *out)
{
    size_t len;

    *out = (struct filter_value){0};
    if (**at == '"') {
        if (!read_quoted(a, at, out))
            return false;
        out->has_wildcard = memchr(out->text.data, '*', out->text.len) != NULL;
        return true;
    }
    if (**at == '%')
        return read_regex(a, at, out);
    len = strcspn(*at, bare_stops);
    out->text = (struct filter_text){.data = *at, .len = len};
    *at += len;
    out->is_number = filter_to_number(out->text, &out->number);
    out->has_wildcard = memchr(out->text.data, '*', len) != NULL;
    return len > 0;
}

bool filter_read_operator(const char **at, enum filter_operator *out)
{
    static const struct {
        const char *text;
        enum filter_operator op;
    } all[] = {{"!=", FILTER_NE}, {"<=", FILTER_LE}, {">=", FILTER_GE},
               {"=", FILTER_EQ},  {"<", FILTER_LT},  {">", FILTER_GT}};

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (str_starts(*at, all[i].text)) {
            *at += strlen(all[i].text);
            *out = all[i].op;
            return true;
        }
    return false;
}

/* * stands for any run of characters. Goes back to the last star only, so the time is bounded by
 * the product. */
static bool glob_matches(struct filter_text glob, struct filter_text text)
{
    size_t g = 0;
    size_t t = 0;
    size_t star = SIZE_MAX;
    size_t resume = 0;

    while (t < text.len) {
        if (g < glob.len && glob.data[g] == '*') {
            star = g++;
            resume = t;
        } else if (g < glob.len && glob.data[g] == text.data[t]) {
            g++;
            t++;
        } else if (star != SIZE_MAX) {
            g = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (g < glob.len && glob.data[g] == '*')
        g++;
    return g == glob.len;
}

static bool equals(const struct filter_value *value, struct filter_text found)
{
    double number;

    if (value->regex)
        return filter_regex_finds(value->regex, found);
    if (value->is_number && filter_to_number(found, &number))
        return number == value->number;
    if (value->has_wildcard)
        return glob_matches(value->text, found);
    return value->text.len == found.len && memcmp(value->text.data, found.data, found.len) == 0;
}

bool filter_compare(enum filter_operator op, const struct filter_value *value,
                    struct filter_text found)
{
    double number;

    if (op == FILTER_EQ)
        return equals(value, found);
    if (op == FILTER_NE)
        return !equals(value, found);
    if (!value->is_number || !filter_to_number(found, &number))
        return false;
    switch (op) {
    case FILTER_LT:
        return number < value->number;
    case FILTER_LE:
        return number <= value->number;
    case FILTER_GT:
        return number > value->number;
    case FILTER_GE:
        return number >= value->number;
    case FILTER_EQ:
    case FILTER_NE:
        break;
    }
    return false;
}
