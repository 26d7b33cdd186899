/* URI templates: see uri_template.h. */
#include "server/protocol/uri_template.h"

bool uri_parameter_next(const char **cursor, const char *end, struct uri_parameter *out_parameter)
{
    const char *p = *cursor;

    while (p < end && *p == '&')
        p++;
    if (p >= end) {
        *cursor = end;
        return false;
    }
    const char *stop = memchr(p, '&', (size_t)(end - p));
    if (!stop)
        stop = end;
    const char *equals = memchr(p, '=', (size_t)(stop - p));
    *out_parameter = (struct uri_parameter){
        .name = p,
        .name_len = (size_t)((equals ? equals : stop) - p),
        .value = equals ? equals + 1 : stop,
        .value_len = equals ? (size_t)(stop - equals - 1) : 0,
        .has_value = equals != NULL,
    };
    *cursor = stop;
    return true;
}

/* One label of the template against the path at *path. */
static bool match_label(const char *label, size_t label_len, const char **path,
                        struct uri_match *match)
{
    bool greedy = label_len > 0 && label[label_len - 1] == '+';
    const char *begin = *path;
    size_t len = greedy ? strlen(begin) : strcspn(begin, "/");

    if (len == 0 || match->count == URI_LABELS_MAX)
        return false;
    match->labels[match->count++] =
        (struct uri_label){label, greedy ? label_len - 1 : label_len, begin, len};
    *path = begin + len;
    return true;
}

static bool match_path(const char *uri, const char *uri_end, const char *path,
                       struct uri_match *match)
{
    while (uri < uri_end) {
        if (*uri == '{') {
            const char *close = memchr(uri, '}', (size_t)(uri_end - uri));
            if (!close || !match_label(uri + 1, (size_t)(close - uri - 1), &path, match))
                return false;
            uri = close + 1;
            /* A greedy label may be followed by literal segments: give back what they need. */
            if (close[-1] == '+' && uri < uri_end) {
                struct uri_label *label = &match->labels[match->count - 1];
                size_t tail = (size_t)(uri_end - uri);
                if (memchr(uri, '{', tail) || label->raw_len <= tail ||
                    memcmp(label->raw + label->raw_len - tail, uri, tail) != 0)
                    return false;
                label->raw_len -= tail;
                return true;
            }
            continue;
        }
        if (*uri != *path)
            return path[0] == '\0' && uri + 1 == uri_end && *uri == '/';
        uri++;
        path++;
    }
    return path[0] == '\0' || (path[0] == '/' && path[1] == '\0');
}

static bool same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static bool is_decoration(const struct uri_parameter *wanted)
{
    return same(wanted->name, wanted->name_len, "x-id", 4);
}

static bool has_parameter(const char *query, const struct uri_parameter *wanted)
{
    const char *end = query + strlen(query);
    struct uri_parameter p;

    while (uri_parameter_next(&query, end, &p)) {
        if (same(p.name, p.name_len, wanted->name, wanted->name_len) &&
            (!wanted->has_value || same(p.value, p.value_len, wanted->value, wanted->value_len)))
            return true;
    }
    return false;
}

bool uri_template_match(const char *uri, const char *path, const char *query,
                        struct uri_match *out_match)
{
    struct uri_match match = {.count = 0};
    const char *uri_end = uri + strcspn(uri, "?");
    const char *wanted = *uri_end ? uri_end + 1 : uri_end;
    const char *end = wanted + strlen(wanted);
    struct uri_parameter p;

    if (!match_path(uri, uri_end, path, &match))
        return false;
    while (uri_parameter_next(&wanted, end, &p)) {
        if (!is_decoration(&p) && !has_parameter(query, &p))
            return false;
    }
    if (out_match)
        *out_match = match;
    return true;
}

/* What a template asks for: query parts first, then literal characters, then fewer and less greedy
 * labels. */
struct demand {
    size_t query_parts;
    size_t literals;
    size_t labels;
    size_t greedy;
};

static struct demand demand_of(const char *uri)
{
    struct demand d = {0};
    const char *uri_end = uri + strcspn(uri, "?");
    const char *wanted = *uri_end ? uri_end + 1 : uri_end;
    const char *end = wanted + strlen(wanted);
    struct uri_parameter p;

    while (uri_parameter_next(&wanted, end, &p)) {
        if (!is_decoration(&p))
            d.query_parts += p.has_value ? 2 : 1; /* a named value asks for more than presence */
    }
    for (bool in_label = false; uri < uri_end; uri++) {
        if (*uri == '{') {
            in_label = true;
            d.labels++;
        } else if (*uri == '}') {
            in_label = false;
            d.greedy += uri[-1] == '+';
        } else if (!in_label) {
            d.literals++;
        }
    }
    return d;
}

static int more_first(size_t a, size_t b)
{
    return a > b ? -1 : a < b;
}

int uri_template_compare(const char *a, const char *b)
{
    struct demand x = demand_of(a), y = demand_of(b);
    int order = more_first(y.greedy, x.greedy);

    if (order == 0)
        order = more_first(x.literals, y.literals);
    if (order == 0)
        order = more_first(y.labels, x.labels);
    if (order == 0)
        order = more_first(x.query_parts, y.query_parts);
    return order;
}
