/*
 * Event patterns: the language in which filter policies of SNS, filters of Lambda's event source
 * mappings and rules of EventBridge say which events they want.
 *
 *   {"store": ["a", {"prefix": "b"}], "order": {"price": [{"numeric": [">", 10]}]}}
 *
 * Every name must be matched by a value of the event; of the alternatives in an array one is
 * enough. Alternatives are strings, numbers, true, false, null, or one of the operators exactly,
 * prefix, suffix (either with equals-ignore-case inside), equals-ignore-case, wildcard, numeric,
 * cidr, exists, anything-but (with prefix, suffix, equals-ignore-case or wildcard inside). "$or"
 * holds alternatives of several names each.
 *
 * A compiled pattern is constant: any number of threads may match with it.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 * https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
 */
#ifndef CADABRA_EVENT_PATTERN_H
#define CADABRA_EVENT_PATTERN_H

#include "server/base/arena.h"

struct event_pattern;

/* In what services differ. */
struct event_pattern_rules {
    size_t names_max;          /* at the top; 0: any number */
    uint64_t combinations_max; /* of values, deeper ones counting more; 0: any number */
    bool flat;                 /* objects inside objects are refused */
    unsigned decimals;         /* digits behind the point that count in numbers; 0: all */
    bool plain_operands; /* prefix, suffix: strings alone; anything-but: with one prefix alone */
};

enum event_pattern_fault {
    EVENT_PATTERN_NOT_JSON,
    EVENT_PATTERN_MALFORMED, /* what AWS's rule compiler says, and where it stood */
    EVENT_PATTERN_TOO_MANY_NAMES,
    EVENT_PATTERN_TOO_COMPLEX,
    EVENT_PATTERN_NOT_FLAT,
};

struct event_pattern_problem {
    enum event_pattern_fault fault;
    const char *text;  /* without a service's own words around it */
    const char *where; /* "\n at [Source: (String)\"...\"; line: 1, column: 20]", or "" */
};

/* NULL after filling *out_problem. What is returned lies in the arena, and copies of all it needs
 * of the text. rules may be NULL: no limits but our own. */
const struct event_pattern *event_pattern_compile(struct arena *a, struct bytes json,
                                                  const struct event_pattern_rules *rules,
                                                  struct event_pattern_problem *out_problem);

/* Whether an event (a JSON object as text) is wanted. What is no JSON object is not. */
bool event_pattern_matches(const struct event_pattern *p, struct bytes event,
                           struct arena *scratch);

#endif
