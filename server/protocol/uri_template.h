/*
 * URI templates of REST operations: "/2015-03-31/functions/{FunctionName}/code?Qualifier",
 * "/{Bucket}/{Key+}".
 *
 * Matching works on the raw, undecoded target, so that %2F in a label is not a separator. {Name}
 * takes one non-empty segment, {Name+} the non-empty rest, slashes and all. A literal query part
 * "a=b" asks for that parameter with that value, "a" for the parameter with any value or none;
 * "x-id=..." is decoration of newer SDKs and asks for nothing. One slash at the end of the path is
 * ignored where the template has none (old SDKs send it).
 */
#ifndef CADABRA_URI_TEMPLATE_H
#define CADABRA_URI_TEMPLATE_H

#include "server/base/base.h"

enum { URI_LABELS_MAX = 8 };

/* A label and the raw text that it took; both borrowed, neither NUL-terminated. */
struct uri_label {
    const char *name;
    size_t name_len;
    const char *raw;
    size_t raw_len;
};

struct uri_match {
    struct uri_label labels[URI_LABELS_MAX];
    size_t count;
};

/* True when path and query (raw, as in struct request) fit; out_match is written on success only
 * and may be NULL. */
bool uri_template_match(const char *uri, const char *path, const char *query,
                        struct uri_match *out_match);

/* Orders templates by how much they ask for: negative when a is the more special one and must be
 * tried first. */
int uri_template_compare(const char *a, const char *b);

/*
 * Walks the parameters of a raw query or form: "a=1&b&c=". *cursor starts at the text and moves on;
 * false at the end. Names and values are raw; a parameter without '=' has value "" and
 * out_has_value false. Empty parameters
 * ("&&") are skipped.
 */
struct uri_parameter {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
    bool has_value;
};
bool uri_parameter_next(const char **cursor, const char *end, struct uri_parameter *out_parameter);

#endif
