/*
 * Patterns by hand where they are simple, by PCRE2 where they are not.
 *
 * The cache is a table of fixed size, addressed by the pattern's address, whose slots only ever go
 * from empty to filled; so readers need no lock. There are a few hundred patterns in all models
 * together. Should the table ever be full, a pattern is compiled for each use.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "server/model/pattern.h"

#include <pcre2.h>
#include <stdatomic.h>

#include "server/base/log.h"
#include "server/base/strbuf.h"

enum {
    SLOTS = 2048, /* a power of two */
    PROBES = 16,
    MATCH_LIMIT = 100000, /* steps; ordinary texts need a few hundred */
    HEAP_LIMIT_KIB = 1024,
    SOURCE_MAX = 8192,
};

struct compiled {
    const char *pattern;
    pcre2_code *code; /* NULL: does not compile */
};

struct pattern_cache {
    _Atomic(struct compiled *) slots[SLOTS];
};

/* --- one character class, by hand ------------------------------------------------------------- */

struct char_class {
    uint32_t members[4]; /* ASCII only */
    bool negated;
};

struct simple {
    struct char_class set;
    size_t min;
    size_t max;
};

static void class_add(struct char_class *set, unsigned char from, unsigned char to)
{
    for (unsigned c = from; c <= to; c++)
        set->members[c / 32] |= 1u << (c % 32);
}

static bool class_has(const struct char_class *set, unsigned char c)
{
    return set->members[c / 32] >> (c % 32) & 1;
}

/* A letter of a class that stands for itself, perhaps escaped; false for all else. */
static bool read_literal(const char **p, unsigned char *out_c)
{
    const char *s = *p;

    if (*s == '\\') {
        s++;
        if (!*s || !strchr("-_./+=@,:*$^[]!#&'()?\\", *s))
            return false;
    } else if (*s == '[' || *s == ']' || *s == '&' || *s == '\0') {
        return false;
    }
    if ((unsigned char)*s >= 0x80)
        return false;
    *out_c = (unsigned char)*s;
    *p = s + 1;
    return true;
}

static bool read_class(const char **p, struct char_class *set)
{
    const char *s = *p;

    if (*s++ != '[' || *s == '^')
        return false;
    while (*s != ']') {
        unsigned char from;
        unsigned char to;

        if (!read_literal(&s, &from))
            return false;
        to = from;
        if (s[0] == '-' && s[1] != ']') {
            /* "9-_" after a range: the hyphen is then itself, which PCRE2 knows better. */
            s++;
            if (!read_literal(&s, &to) || to < from)
                return false;
            if (s[0] == '-' && s[1] != ']')
                return false;
        }
        class_add(set, from, to);
    }
    *p = s + 1;
    return true;
}

/* +, *, {n}, {n,}, {n,m} or nothing. */
static bool read_quantifier(const char **p, struct simple *out)
{
    const char *s = *p;
    char *end;

    out->min = out->max = 1;
    if (*s == '+' || *s == '*') {
        out->min = *s++ == '+';
        out->max = SIZE_MAX;
    } else if (*s == '{') {
        out->min = out->max = strtoul(s + 1, &end, 10);
        if (end == s + 1)
            return false;
        if (*end == ',') {
            s = end + 1;
            out->max = *s == '}' ? SIZE_MAX : strtoul(s, &end, 10);
            end = *s == '}' ? (char *)s : end;
        }
        if (*end != '}')
            return false;
        s = end + 1;
    }
    *p = s;
    return true;
}

static bool parse_simple(const char *pattern, struct simple *out)
{
    const char *p = pattern;

    *out = (struct simple){0};
    p += *p == '^';
    if (!read_class(&p, &out->set) || !read_quantifier(&p, out))
        return false;
    p += *p == '$';
    return *p == '\0';
}

static bool match_simple(const struct simple *s, const char *text)
{
    size_t count = 0;

    for (; text[count]; count++) {
        unsigned char c = (unsigned char)text[count];

        if (c >= 0x80 || count >= s->max || !class_has(&s->set, c))
            return false;
    }
    return count >= s->min;
}

/* --- PCRE2 ------------------------------------------------------------------------------------ */

/* Reads \uXXXX. */
static bool read_unit(const char **p, uint32_t *out_unit)
{
    const char *s = *p;

    if (!str_starts(s, "\\u") || strspn(s + 2, "0123456789abcdefABCDEF") < 4)
        return false;
    *out_unit = 0;
    for (s += 2; s < *p + 6; s++)
        *out_unit = *out_unit * 16 + (uint32_t)(*s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10);
    *p = s;
    return true;
}

/* Reads \uXXXX, or two of them that make a surrogate pair. */
static bool read_code_point(const char **p, uint32_t *out_code)
{
    const char *next;
    uint32_t low;

    if (!read_unit(p, out_code))
        return false;
    next = *p;
    if (*out_code >= 0xD800 && *out_code < 0xDC00 && read_unit(&next, &low) && low >= 0xDC00 &&
        low < 0xE000) {
        *out_code = 0x10000 + ((*out_code - 0xD800) << 10) + (low - 0xDC00);
        *p = next;
    }
    return true;
}

/* Copies what needs no translation, one character or escape. True for an escape like \w or \p{L},
 * which stands for a set of characters. */
static bool copy_unit(const char **p, struct strbuf *out)
{
    const char *s = *p;
    size_t length = *s == '\\' && s[1] ? 2 : 1;
    bool is_set = length == 2 && strchr("wWdDsSpP", s[1]);

    if (is_set && s[2] == '{')
        length += strcspn(s + 2, "}") + 1;
    strbuf_add(out, s, length);
    *p += length;
    return is_set;
}

/* What Java writes otherwise than PCRE2: \uXXXX, \p{Print}, and in a class a plain hyphen after \w.
 */
static void translate(const char *pattern, struct strbuf *out)
{
    bool in_class = false;

    for (const char *p = pattern; *p;) {
        uint32_t code;

        if (read_code_point(&p, &code)) {
            strbuf_add_format(out, "\\x{%" PRIx32 "}", code);
        } else if (str_starts(p, "\\p{Print}")) {
            strbuf_add_text(out, in_class ? "\\x20-\\x7e" : "[\\x20-\\x7e]");
            p += strlen("\\p{Print}");
        } else {
            if (*p == '[' || *p == ']')
                in_class = *p == '[';
            if (copy_unit(&p, out) && in_class && *p == '-')
                strbuf_add_char(out, '\\');
        }
    }
}

/* NULL when the pattern cannot be used. */
static pcre2_code *compile(const char *pattern, bool log_why)
{
    struct strbuf source = STRBUF_INIT(SOURCE_MAX);
    int error;
    PCRE2_SIZE at;

    translate(pattern, &source);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)(source.data ? source.data : ""), source.len,
                                     PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF |
                                         PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
                                     &error, &at, NULL);
    if (!code && log_why) {
        char text[128];

        pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
        log_error("pattern %s: %s at %zu", pattern, text, (size_t)at);
    }
    strbuf_release(&source);
    return code;
}

static bool match(const pcre2_code *code, const char *text)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);

    if (!data || !limits)
        abort();
    pcre2_set_match_limit(limits, MATCH_LIMIT);
    pcre2_set_heap_limit(limits, HEAP_LIMIT_KIB);
    int matches = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, data, limits);
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    return matches >= 0;
}

/* --- the cache -------------------------------------------------------------------------------- */

struct pattern_cache *pattern_cache_new(void)
{
    return x_calloc(1, sizeof(struct pattern_cache));
}

static void compiled_free(struct compiled *c)
{
    pcre2_code_free(c->code);
    free(c);
}

void pattern_cache_free(struct pattern_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < SLOTS; i++) {
        struct compiled *c = atomic_load_explicit(&cache->slots[i], memory_order_relaxed);

        if (c)
            compiled_free(c);
    }
    free(cache);
}

static struct compiled *compiled_new(const char *pattern)
{
    struct compiled *c = x_calloc(1, sizeof *c);

    c->pattern = pattern;
    c->code = compile(pattern, true);
    return c;
}

/* The compiled pattern out of the cache, which owns it; NULL when the cache has no room. */
static const struct compiled *cached(struct pattern_cache *cache, const char *pattern)
{
    size_t slot = (uintptr_t)pattern * 11400714819323198485ULL >> 53;

    for (size_t probe = 0; probe < PROBES; probe++, slot++) {
        _Atomic(struct compiled *) *place = &cache->slots[slot % SLOTS];
        struct compiled *found = atomic_load_explicit(place, memory_order_acquire);

        if (!found) {
            struct compiled *added = compiled_new(pattern);

            if (atomic_compare_exchange_strong_explicit(place, &found, added, memory_order_acq_rel,
                                                        memory_order_acquire))
                return added;
            compiled_free(added); /* another thread was first; with this pattern perhaps */
        }
        if (found->pattern == pattern)
            return found;
    }
    return NULL;
}

bool pattern_matches(struct pattern_cache *cache, const char *pattern, const char *text)
{
    struct simple simple;

    if (parse_simple(pattern, &simple))
        return match_simple(&simple, text);

    const struct compiled *kept = cache ? cached(cache, pattern) : NULL;
    if (kept)
        return !kept->code || match(kept->code, text);

    pcre2_code *code = compile(pattern, true);
    bool matches = !code || match(code, text);
    pcre2_code_free(code);
    return matches;
}

/* --- a client's ---------------------------------------------------------------------------------
 */

struct pattern {
    pcre2_code *code;
};

struct pattern *pattern_new(const char *text)
{
    pcre2_code *code = compile(text, false);
    struct pattern *p;

    if (!code)
        return NULL;
    p = x_calloc(1, sizeof(*p));
    p->code = code;
    return p;
}

bool pattern_fits(const struct pattern *p, const char *text)
{
    return match(p->code, text);
}

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    pcre2_code_free(p->code);
    free(p);
}
