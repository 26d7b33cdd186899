/* What the files of filter patterns share. Not for others. */
#ifndef CADABRA_FILTER_PATTERN_PARTS_H
#define CADABRA_FILTER_PATTERN_PARTS_H

#include "handlers/logs/filter_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { FILTER_PATTERN_DEPTH_MAX = 32, FILTER_COLUMNS_MAX = 64, FILTER_MESSAGE_COLUMNS_MAX = 512 };

struct filter_text {
    const char *data;
    size_t len;
};

/* --- values and comparisons: filter_value.c --- */

enum filter_operator { FILTER_EQ, FILTER_NE, FILTER_LT, FILTER_LE, FILTER_GT, FILTER_GE };

/* What a pattern compares with. */
struct filter_value {
    struct filter_text text; /* unescaped */
    bool is_number;          /* and then `number` */
    bool has_wildcard;       /* each * stands for any run of characters */
    double number;
    pcre2_code *regex; /* %...%, or NULL */
};

/* Reads a value (quoted, %regex% or bare) from *at on. */
bool filter_read_value(struct arena *a, const char **at, const char *bare_stops,
                       struct filter_value *out);
bool filter_read_operator(const char **at, enum filter_operator *out);
/* Whether `found` stands in that relation to the value. */
bool filter_compare(enum filter_operator op, const struct filter_value *value,
                    struct filter_text found);
/* Whether the regular expression is found in the text; no when it takes too long. */
bool filter_regex_finds(const pcre2_code *regex, struct filter_text text);
bool filter_to_number(struct filter_text text, double *out);

static inline const char *filter_skip_blanks(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* --- { ... }: filter_json.c; [ ... ]: filter_columns.c. NULL when the text is no such pattern.
 * --- */

struct filter_json_pattern;
struct filter_json_pattern *filter_json_compile(struct arena *a, const char *text);
bool filter_json_matches(const struct filter_json_pattern *p, struct filter_text message,
                         struct arena *scratch);
/* The scalar that a selector ($.a.b[0]) finds. */
bool filter_json_field(const char *selector, struct filter_text message, struct arena *scratch,
                       struct filter_text *out);

struct filter_columns_pattern;
struct filter_columns_pattern *filter_columns_compile(struct arena *a, const char *text);
bool filter_columns_match(const struct filter_columns_pattern *p, struct filter_text message);
/* What stands in the column of that name. */
bool filter_columns_field(const struct filter_columns_pattern *p, const char *name,
                          struct filter_text message, struct filter_text *out);

#endif
