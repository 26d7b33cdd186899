/*
 * The filters of an event source mapping: a record is wanted when one of its patterns matches.
 */
#ifndef CADABRA_LAMBDA_RECORD_FILTER_H
#define CADABRA_LAMBDA_RECORD_FILTER_H

#include "handlers/common/event_pattern.h"

enum { RECORD_FILTERS_MAX = 10, RECORD_PATTERN_MAX = 4096 }; /* AWS: of a mapping */

struct record_filter {
    const struct event_pattern *patterns[RECORD_FILTERS_MAX];
    size_t count; /* 0: everything is wanted */
};

/* filters: JSON array of patterns as texts, or NULL. False when one of them is none (they were
 * checked when they were set). It lives in the arena. */
bool record_filter_open(struct arena *a, const char *filters, struct record_filter *out);
bool record_filter_wants(const struct record_filter *f, struct bytes record, struct arena *scratch);

#endif
