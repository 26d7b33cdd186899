/*
 * Filter patterns of CloudWatch Logs, compiled once and matched against many messages.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 *
 *   ERROR "two words" -exclude      all of these and none of those
 *   ?ERROR ?WARN                    one of these (ignored beside terms of the other kind, as AWS
 * does)
 *   %[45]\d\d%                      a regular expression, wherever a term or value may stand
 *   { $.a.b[0] = "x*" && ($.n >= 4 || $.gone NOT EXISTS) }
 *   [ip, user, ..., status = 4*, bytes > 1000]
 */
#ifndef CADABRA_FILTER_PATTERN_H
#define CADABRA_FILTER_PATTERN_H

#include "server/base/arena.h"

struct filter_pattern;

/* In the arena, with what it holds. NULL when the text is no pattern. An empty one matches
 * everything. */
struct filter_pattern *filter_pattern_compile(struct arena *a, const char *text);

/* `scratch` is for what the match needs meanwhile; reset it between messages. */
bool filter_pattern_matches(const struct filter_pattern *pattern, const char *message, size_t len,
                            struct arena *scratch);

/* A field of a message that the pattern matches: $.a.b[0] of one that is JSON, $name of a pattern
 * of columns. NULL where there is no such field; else a text in `scratch`. */
const char *filter_pattern_field(const struct filter_pattern *pattern, const char *field,
                                 const char *message, size_t len, struct arena *scratch);

#endif
