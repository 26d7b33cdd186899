/*
 * Filter patterns for log events that are plain text:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 *
 *   ERROR timeout        all terms, in any order, capitals matter
 *   "out of memory"      a phrase
 *   ?ERROR ?WARN         any of the terms; without effect beside terms that must be there
 *   ERROR -Exiting       without the term
 *
 * Patterns for JSON ({...}), for columns ([...]) and regular expressions (%...%) are not built;
 * they are told apart, so that the caller can refuse them.
 */
#ifndef CADABRA_FILTER_PATTERN_H
#define CADABRA_FILTER_PATTERN_H

#include "server/base/arena.h"

enum filter_term_kind { TERM_ALL, TERM_ANY, TERM_NOT };

struct filter_term {
    enum filter_term_kind kind;
    const char *text;
};

struct filter_pattern {
    struct filter_term *terms;
    size_t count;
    bool has_all;
    bool has_any;
};

enum filter_result { FILTER_OK, FILTER_INVALID, FILTER_NOT_BUILT };

/* NULL and "" match everything. The pattern lies in the arena. */
enum filter_result filter_pattern_parse(const char *text, struct arena *a,
                                        struct filter_pattern *out);
bool filter_pattern_matches(const struct filter_pattern *p, const char *message);

#endif
