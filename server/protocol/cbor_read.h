/*
 * A pull reader for CBOR (RFC 8949), the counterpart of json_read.h: no tree, no recursion, bounded
 * depth, definite and indefinite lengths. After the first fault every call fails and `error` says
 * why.
 */
#ifndef CADABRA_CBOR_READ_H
#define CADABRA_CBOR_READ_H

#include "server/base/arena.h"

enum cr_type {
    CR_ERROR,
    CR_END, /* of the document */
    CR_UNSIGNED,
    CR_NEGATIVE,
    CR_BYTES,
    CR_TEXT,
    CR_ARRAY,
    CR_MAP,
    CR_TAG,
    CR_BOOL,
    CR_NULL, /* null and undefined */
    CR_FLOAT,
    CR_BREAK, /* the end of an indefinite array or map */
};

enum { CR_DEPTH_LIMIT = 256 };

struct cr {
    const uint8_t *next;
    const uint8_t *end;
    struct arena *arena;
    int depth;
    int max_depth;
    const char *error; /* NULL while all is well */
};

/* An array or map that is being read; kept by the caller. */
struct cr_container {
    bool indefinite;
    uint64_t left; /* elements, or pairs, of a definite one */
};

void cr_init(struct cr *r, const void *data, size_t len, struct arena *arena, int max_depth);
/* The type of what comes next, without consuming it. */
enum cr_type cr_peek(struct cr *r);

/* for (cr_enter_map(r, &c); cr_next(r, &c);) { read or skip exactly two values } */
bool cr_enter_map(struct cr *r, struct cr_container *out);
/* for (cr_enter_array(r, &c); cr_next(r, &c);) { read or skip exactly one value } */
bool cr_enter_array(struct cr *r, struct cr_container *out);
/* True while there is one more; at the end leaves the container. */
bool cr_next(struct cr *r, struct cr_container *c);

/* An integer that fits; false with a fault otherwise. */
bool cr_int(struct cr *r, int64_t *out_value);
/* Any number. */
bool cr_double(struct cr *r, double *out_value);
bool cr_bool(struct cr *r, bool *out_value);
bool cr_null(struct cr *r);
bool cr_tag(struct cr *r, uint64_t *out_tag);
/* Text, checked to be UTF-8, or bytes; of indefinite length they are joined in the arena, else
 * borrowed. */
bool cr_text(struct cr *r, struct bytes *out);
bool cr_bytes(struct cr *r, struct bytes *out);
/* Skips one whole value, of any type. */
bool cr_skip(struct cr *r);
/* True when the whole document was read without a fault. */
bool cr_finish(struct cr *r);

#endif
