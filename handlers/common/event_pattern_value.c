/* One value against one alternative of a pattern. */
#include "handlers/common/event_pattern_parts.h"

#include <arpa/inet.h>
#include <math.h>

enum { NUMBER_TEXT_MAX = 400, SIGNIFICANT_DIGITS = 17 };

/* --- numbers --- */

/* The digits from the first to the last that is no zero. False when there are too many. */
static bool significant_digits(const char *text, char out[SIGNIFICANT_DIGITS + 1])
{
    size_t count = 0, zeroes = 0;

    for (const char *p = text; *p && *p != 'e' && *p != 'E'; p++) {
        if (*p == '0')
            zeroes++;
        if (*p < '1' || *p > '9')
            continue;
        zeroes = count > 0 ? zeroes : 0;
        if (count + zeroes + 1 > SIGNIFICANT_DIGITS)
            return false;
        memset(out + count, '0', zeroes);
        count += zeroes;
        out[count++] = *p;
        zeroes = 0;
    }
    out[count] = '\0';
    return true;
}

/* AWS: numbers are compared as doubles; one that a double does not hold can't be compared with. */
bool number_parse(struct jr_text digits, unsigned decimals, double *out)
{
    char text[NUMBER_TEXT_MAX], printed[NUMBER_TEXT_MAX];
    char meant[SIGNIFICANT_DIGITS + 1], held[SIGNIFICANT_DIGITS + 1];

    if (digits.len >= sizeof(text))
        return false;
    memcpy(text, digits.data, digits.len);
    text[digits.len] = '\0';
    *out = strtod(text, NULL);
    if (isfinite(*out) && decimals) {
        snprintf(printed, sizeof(printed), "%.*f", (int)decimals, *out);
        *out = strtod(printed, NULL);
        return true;
    }
    if (!isfinite(*out) || !significant_digits(text, meant))
        return false;
    snprintf(printed, sizeof(printed), "%.*e", MAX((int)strlen(meant), 1) - 1, *out);
    return significant_digits(printed, held) && str_eq(meant, held);
}

static bool number_of(const struct event_value *value, double *out)
{
    return value->type == JR_NUMBER && number_parse(value->text, value->decimals, out);
}

static bool in_range(const struct number_range *r, double x)
{
    bool above = r->low_open ? x > r->low : x >= r->low;
    bool below = r->high_open ? x < r->high : x <= r->high;

    return above && below;
}

/* --- addresses --- */

bool address_parse(struct jr_text text, struct address_range *out)
{
    char copy[INET6_ADDRSTRLEN];

    if (text.len >= sizeof(copy) || memchr(text.data, '\0', text.len))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, out->address) == 1)
        out->len = 4;
    else if (inet_pton(AF_INET6, copy, out->address) == 1)
        out->len = 16;
    else
        return false;
    out->bits = (unsigned)out->len * 8;
    return true;
}

static bool address_inside(const struct address_range *range, const struct event_value *value)
{
    struct address_range found;
    size_t whole = range->bits / 8;
    unsigned rest = range->bits % 8;

    if (value->type != JR_STRING || !address_parse(value->text, &found) || found.len != range->len)
        return false;
    if (memcmp(found.address, range->address, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xFF00u >> rest);
    return rest == 0 || ((found.address[whole] ^ range->address[whole]) & mask) == 0;
}

/* --- strings --- */

static bool text_eq(struct jr_text a, struct jr_text b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* The code point that begins at *p, which is well-formed UTF-8, in lower case. Beyond ASCII the
 * alphabets of Europe are known. */
static uint32_t next_lower(const char **p)
{
    uint8_t lead = (uint8_t) * (*p)++;
    uint32_t c = lead;

    if (lead >= 0x80) {
        int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
        c = lead & (0x3Fu >> more);
        while (more-- > 0)
            c = c << 6 | ((uint8_t) * (*p)++ & 0x3F);
    }
    bool even_is_upper = (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177);
    bool odd_is_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
    if (even_is_upper || odd_is_upper)
        return (c & 1) == (odd_is_upper ? 1u : 0u) ? c + 1 : c;
    if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
        (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
        return c + 32;
    return c >= 0x400 && c <= 0x40F ? c + 80 : c;
}

/* Where the prefix ends in the text; NULL when the text does not begin so. */
static const char *after_prefix_no_case(struct jr_text text, struct jr_text prefix)
{
    const char *p = text.data, *q = prefix.data;
    const char *end = text.data + text.len, *stop = prefix.data + prefix.len;

    while (p < end && q < stop) {
        if (next_lower(&p) != next_lower(&q))
            return NULL;
    }
    return q == stop ? p : NULL;
}

static bool ends_no_case(struct jr_text text, struct jr_text suffix)
{
    const char *end = text.data + text.len;

    for (const char *p = text.data; p <= end; p++) {
        struct jr_text rest = {p, (size_t)(end - p)};
        bool between = p < end && ((uint8_t)*p & 0xC0) == 0x80;

        if (!between && rest.len <= 2 * suffix.len + 2 && after_prefix_no_case(rest, suffix) == end)
            return true;
    }
    return false;
}

static bool starts(struct jr_text text, struct jr_text prefix)
{
    return text.len >= prefix.len && memcmp(text.data, prefix.data, prefix.len) == 0;
}

static bool ends(struct jr_text text, struct jr_text suffix)
{
    return text.len >= suffix.len &&
           memcmp(text.data + text.len - suffix.len, suffix.data, suffix.len) == 0;
}

const char *wildcard_problem(struct arena *a, struct jr_text text)
{
    /* AWS: positions count the quote before the text. */
    for (size_t i = 0; i < text.len; i++) {
        char next = i + 1 < text.len ? text.data[i + 1] : '\0';

        if (text.data[i] == '*' && next == '*')
            return arena_printf(a, "Consecutive wildcard characters at pos %zu", i + 1);
        if (text.data[i] != '\\')
            continue;
        if (next != '*' && next != '\\')
            return arena_printf(a, "Invalid escape character at pos %zu", i + 1);
        i++;
    }
    return NULL;
}

/* '*' is any run of characters, '\*' and '\\' are themselves. Going back to the last star alone is
 * enough, so the time is at most the product of the lengths. */
static bool wildcard_matches(struct jr_text pattern, struct jr_text text)
{
    const char *p = pattern.data, *p_end = p + pattern.len;
    const char *t = text.data, *t_end = t + text.len;
    const char *star = NULL, *star_text = NULL;

    while (t < t_end) {
        if (p < p_end && *p == '*') {
            star = ++p;
            star_text = t;
            continue;
        }
        const char *literal = p < p_end && *p == '\\' ? p + 1 : p;
        if (literal < p_end && *literal == *t) {
            p = literal + 1;
            t++;
        } else if (star) {
            p = star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < p_end && *p == '*')
        p++;
    return p == p_end;
}

static bool accepts_text(const struct matcher *m, struct jr_text text)
{
    switch (m->kind) {
    case MATCHER_TEXT:
        return text_eq(text, m->text);
    case MATCHER_PREFIX:
        return starts(text, m->text);
    case MATCHER_PREFIX_NO_CASE:
        return after_prefix_no_case(text, m->text) != NULL;
    case MATCHER_SUFFIX:
        return ends(text, m->text);
    case MATCHER_SUFFIX_NO_CASE:
        return ends_no_case(text, m->text);
    case MATCHER_NO_CASE:
        return after_prefix_no_case(text, m->text) == text.data + text.len;
    case MATCHER_WILDCARD:
        return wildcard_matches(m->text, text);
    default:
        return false;
    }
}

static bool none_accepts(const struct matcher *m, const struct event_value *value)
{
    for (size_t i = 0; i < m->none_count; i++) {
        const struct matcher *one = &m->none_of[i];
        double x;

        if (one->kind == MATCHER_NUMBER
                ? number_of(value, &x) && x == one->number
                : value->type == JR_STRING && accepts_text(one, value->text))
            return false;
    }
    return true;
}

bool matcher_accepts(const struct matcher *m, const struct event_value *value)
{
    double x;

    switch (m->kind) {
    case MATCHER_EXISTS:
        return true;
    case MATCHER_ABSENT:
        return false;
    case MATCHER_NONE_OF:
        return none_accepts(m, value);
    case MATCHER_LITERAL:
        return value->type != JR_STRING && text_eq(m->text, value->text);
    case MATCHER_NUMBER:
        return value->type == JR_NUMBER &&
               (text_eq(m->text, value->text) ||
                (m->is_double && number_of(value, &x) && x == m->number));
    case MATCHER_RANGE:
        return number_of(value, &x) && in_range(&m->range, x);
    case MATCHER_ADDRESS:
        return address_inside(&m->address, value);
    default:
        return value->type == JR_STRING && accepts_text(m, value->text);
    }
}
