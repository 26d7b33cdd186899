/*
 * The prefixes of S3 keys: text with expressions !{namespace:value}.
 *
 * https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
 */
#ifndef CADABRA_FIREHOSE_PREFIX_H
#define CADABRA_FIREHOSE_PREFIX_H

#include "handlers/firehose/time_zone.h"
#include "server/base/strbuf.h"

enum { PREFIX_MAX = 512 }; /* characters, evaluated */

enum prefix_part_kind {
    PREFIX_TEXT,
    PREFIX_TIMESTAMP,
    PREFIX_RANDOM,
    PREFIX_ERROR_TYPE,
    PREFIX_FROM_QUERY,
    PREFIX_FROM_LAMBDA,
};

struct prefix_part {
    enum prefix_part_kind kind;
    const char *text; /* what stands there, the pattern, or the key; NUL-terminated */
    size_t len;
};

struct prefix {
    struct prefix_part *parts;
    size_t count;
    bool has_expressions;
    bool has_error_type;
    bool has_timestamp;
    bool has_partition_keys;
};

/* True with *out in the arena; else false, and out_problem says why in AWS's words, `name` being
 * what the prefix is called (Prefix, ErrorOutputPrefix). */
bool prefix_parse(struct arena *a, const char *text, const char *name, struct prefix *out,
                  const char **out_problem);

/* Makes a Prefix whole: where it says nothing of the time, AWS appends yyyy/MM/dd/HH/. */
void prefix_complete(struct arena *a, struct prefix *p);
/* Makes an ErrorOutputPrefix whole: one without expressions (or the Prefix, where there is none)
 * gets the kind of the failure and the time. */
void prefix_complete_error(struct arena *a, struct prefix *p);

struct partition_key {
    const char *name;
    const char *value;
};

struct partition_keys {
    const struct partition_key *query;
    size_t query_count;
    const struct partition_key *lambda;
    size_t lambda_count;
};

/* The value of the key of that name; NULL: there is none. */
const char *partition_key_value(const struct partition_key *keys, size_t count, const char *name);

struct prefix_values {
    int64_t at_ms;
    const struct time_zone *zone; /* NULL: UTC */
    const char *error_type;       /* NULL: none */
    struct partition_keys keys;
};

/* False when a partition key has no value; *out_missing (may be NULL) is then its name. */
bool prefix_write(const struct prefix *p, const struct prefix_values *values, struct strbuf *out,
                  const char **out_missing);

#endif
