/*
 * The one clock. Wall time in milliseconds since 1970, which tests can move forward; a monotonic
 * clock for durations; and the time formats of AWS. All functions are thread-safe.
 */
#ifndef CADABRA_CLOCK_H
#define CADABRA_CLOCK_H

#include "server/base/base.h"

struct clock_source {
    _Atomic int64_t offset_ms; /* what tests have moved it by */
};

int64_t clock_now_ms(const struct clock_source *c);
/* For durations and timeouts; never moved. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);

enum { TIME_TEXT_MAX = 40 };
/* 2026-11-22T17:20:00Z, or with .123 when the milliseconds are not zero and `fraction` is set. */
void time_iso8601(int64_t ms, bool fraction, char out[TIME_TEXT_MAX]);
/* Milliseconds always, be they 0: "2026-11-23T00:00:00.000Z". */
void time_iso8601_ms(int64_t ms, char out[TIME_TEXT_MAX]);
/* Sun, 22 Nov 2026 17:20:00 GMT */
void time_http(int64_t ms, char out[TIME_TEXT_MAX]);
/* 20261122T172000Z */
void time_basic(int64_t ms, char out[TIME_TEXT_MAX]);
/* Read ISO 8601 (offsets and fractions allowed), HTTP dates and the basic form; false when it is
 * none of them. */
bool time_parse_iso8601(const char *text, int64_t *out_ms);
bool time_parse_http(const char *text, int64_t *out_ms);
bool time_parse_basic(const char *text, int64_t *out_ms);

#endif
