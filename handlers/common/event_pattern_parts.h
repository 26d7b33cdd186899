/* What the files of event patterns share. Not for others. */
#ifndef CADABRA_EVENT_PATTERN_PARTS_H
#define CADABRA_EVENT_PATTERN_PARTS_H

#include "handlers/common/event_pattern.h"
#include "server/base/json_read.h"

enum {
    EVENT_PATTERN_DEPTH_MAX = 100,
    EVENT_PATTERN_FIELDS_MAX = 64,      /* of one rule: they are the bits of a set */
    EVENT_PATTERN_RULES_MAX = 1000,     /* that $or may unfold into */
    EVENT_PATTERN_SIZE_MAX = 256 * 1024 /* of the text */
};

enum matcher_kind {
    MATCHER_TEXT,    /* a string */
    MATCHER_LITERAL, /* true, false, null */
    MATCHER_NUMBER,  /* the number, or its digits as they were written */
    MATCHER_PREFIX,
    MATCHER_PREFIX_NO_CASE,
    MATCHER_SUFFIX,
    MATCHER_SUFFIX_NO_CASE,
    MATCHER_NO_CASE,
    MATCHER_WILDCARD,
    MATCHER_RANGE,
    MATCHER_ADDRESS,
    MATCHER_EXISTS,
    MATCHER_ABSENT,
    MATCHER_NONE_OF,
};

/* Between two numbers. */
struct number_range {
    double low, high;
    bool low_open, high_open; /* the end itself does not belong to it */
};

/* Addresses whose first `bits` bits are these. */
struct address_range {
    uint8_t address[16];
    size_t len; /* 4 or 16 bytes */
    unsigned bits;
};

struct matcher {
    enum matcher_kind kind;
    struct jr_text text; /* what it compares with; the digits of a number */
    double number;
    bool is_double; /* the text says exactly that number */
    struct number_range range;
    struct address_range address;
    const struct matcher *none_of;
    size_t none_count;
};

/* A name (all its steps with dots between) and what is allowed there. */
struct pattern_field {
    struct jr_text path;
    const struct matcher *matchers;
    size_t count;
};

/* All fields must match. */
struct pattern_rule {
    const struct pattern_field *fields[EVENT_PATTERN_FIELDS_MAX];
    size_t count;
};

/* One rule must match: $or makes several of one. */
struct event_pattern {
    struct pattern_rule *const *rules;
    size_t rule_count;
    unsigned decimals;
};

/* A value of an event. Text of a string is unescaped, of all others it is as written. */
struct event_value {
    enum jr_type type;
    struct jr_text text;
    unsigned decimals; /* of a number: how many count; 0: all */
};

/* --- event_pattern_value.c --- */

/* Whether a value that is there is wanted; MATCHER_ABSENT never is. */
bool matcher_accepts(const struct matcher *m, const struct event_value *value);
/* NULL, or what is wrong with the text of a wildcard. */
const char *wildcard_problem(struct arena *a, struct jr_text text);
/* An address alone: all its bits count. False when it is none. */
bool address_parse(struct jr_text text, struct address_range *out);
/* False when the number can't be told exactly by a double. */
bool number_parse(struct jr_text digits, unsigned decimals, double *out);

#endif
