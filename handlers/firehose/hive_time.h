/*
 * Dates and timestamps in the text of records.
 *
 * https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion-concepts.html
 *
 * All times are UTC, in microseconds since 1970; further digits of a fraction are dropped. Years
 * are 0 to 9999.
 */
#ifndef CADABRA_FIREHOSE_HIVE_TIME_H
#define CADABRA_FIREHOSE_HIVE_TIME_H

#include "server/base/base.h"

#define HIVE_DAY_US INT64_C(86400000000)

/* java.sql.Timestamp.valueOf: yyyy-[M]M-[d]d [H]H:[m]m:[s]s[.f...]. */
bool hive_time_sql(const char *text, size_t len, int64_t *out_us);
/* What the OpenX SerDe takes: the above; yyyy-MM-dd'T'HH:mm:ss[.f...]['Z']; seconds since 1970,
 * with a fraction or none; milliseconds, from 10^12 on. */
bool hive_time_openx(const char *text, size_t len, int64_t *out_us);
/* Milliseconds since 1970. */
bool hive_time_millis(const char *text, size_t len, int64_t *out_us);
/* yyyy-[M]M-[d]d */
bool hive_time_date(const char *text, size_t len, int64_t *out_us);

/*
 * Patterns of Joda-Time's DateTimeFormat:
 * https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html
 * Weeks, centuries and eras are not read.
 */

/* NULL, or what is wrong with the pattern. */
const char *hive_time_pattern_problem(const char *pattern);
/* The pattern must have no problem. What it does not say is as of 1970-01-01 00:00. */
bool hive_time_by_pattern(const char *pattern, const char *text, size_t len, int64_t *out_us);

#endif
