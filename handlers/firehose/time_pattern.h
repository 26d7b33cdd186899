/*
 * Times written by the patterns of Java's DateTimeFormatter, in English:
 * https://docs.oracle.com/javase/8/docs/api/java/time/format/DateTimeFormatter.html
 */
#ifndef CADABRA_FIREHOSE_TIME_PATTERN_H
#define CADABRA_FIREHOSE_TIME_PATTERN_H

#include "handlers/firehose/time_zone.h"
#include "server/base/strbuf.h"

/* NULL when the pattern can be written with, else what is wrong with it: a letter that means
 * nothing, or too often, or a quote that is not closed. */
const char *time_pattern_problem(const char *pattern, size_t len);

/* The pattern must have no problem. zone NULL is UTC. */
void time_pattern_write(const char *pattern, size_t len, int64_t at_ms,
                        const struct time_zone *zone, struct strbuf *out);

#endif
