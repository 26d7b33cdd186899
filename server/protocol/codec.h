/*
 * What the codecs of this folder share; not for other folders.
 *
 * The C side of every shape (shape.h) is reached through its descriptor here: where a value stands,
 * whether it is there, how a list grows. What a format does with it is in that format's file.
 */
#ifndef CADABRA_CODEC_H
#define CADABRA_CODEC_H

#include "server/protocol/protocol.h"
#include "server/service.h"

/* One decode of one request. */
struct decoder {
    struct request *req;
    const struct model *m;
    struct arena *arena;
    const struct aws_error *error; /* what a value of the wrong form is answered with */
    size_t budget;                 /* bytes of structures and elements that may still be made */
    int depth;
};

void decoder_init(struct decoder *d, struct request *req, const struct model *m);
/* Always false: `return decode_fail(d, ...)`. The first failure stays. */
bool decode_fail(struct decoder *d, const char *format, ...) PRINTF_LIKE(2, 3);
/* False, after failing, when the document is nested too deeply; else one level deeper until
 * decode_leave(). */
bool decode_enter(struct decoder *d);
static inline void decode_leave(struct decoder *d)
{
    d->depth--;
}

/* --- where values stand --- */

/* What every generated list and map looks like. */
struct sequence {
    void *items;
    size_t count;
};

static inline const struct shape *shape_at(const struct model *m, uint16_t index)
{
    return &m->shapes[index];
}

static inline const struct shape *member_shape(const struct model *m, const struct member *mb)
{
    return &m->shapes[mb->shape];
}

static inline const struct member *first_member(const struct model *m, const struct shape *s)
{
    return &m->members[s->first_member];
}

static inline bool is_flattened(const struct shape *s, const struct member *mb)
{
    return (s->flags & SHAPE_FLATTENED) || (mb && (mb->flags & MEMBER_FLATTENED));
}

/* AWS: what a request has in its path or query, an answer has in its body. */
static inline bool encoded_in_body(const struct member *mb)
{
    return mb->location == IN_BODY || mb->location == IN_URI || mb->location == IN_QUERY;
}

/* Bytes of one entry of a map: key, value, padding. */
size_t map_entry_size(const struct model *m, const struct shape *map);

/* The value of a member inside its structure, NULL when it is absent. */
const void *member_value(const struct model *m, const struct member *mb, const void *structure);
/* True when a value (as it stands in a list or map, or as member_value() gave it) is there. */
bool value_present(const struct model *m, const struct shape *s, const void *value);
/* The value of the i-th entry of a map whose entries are `size` bytes. */
static inline const void *map_entry_value(const struct member *value, const struct sequence *map,
                                          size_t size, size_t i)
{
    return (const char *)map->items + i * size + value->offset;
}
static inline const char *map_entry_key(const struct sequence *map, size_t size, size_t i)
{
    return *(const char *const *)((const char *)map->items + i * size);
}

/* Where a decoder puts the member's value: for a structure a new one, zeroed and linked. NULL after
 * failing. */
void *member_place(struct decoder *d, const struct member *mb, void *structure);

/* A list or map while it is decoded. */
struct growing {
    char *items;
    size_t count;
    size_t capacity;
    size_t size; /* of an element */
};
/* The place of one more element, zeroed; NULL after failing. */
void *growing_add(struct decoder *d, struct growing *g);
/* Stores what was gathered; an empty list is present, not absent. */
void growing_finish(const struct growing *g, void *out);
/* The same for a map, keeping of equal keys only the last. */
void growing_finish_map(struct decoder *d, const struct growing *g, void *out);

/* --- scalars as text: query, headers, paths, XML --- */

/* Reads one scalar (no list, map, structure or document) from text, `fallback` being the format of
 * timestamps where the model names none. Blobs are base64. */
bool scalar_from_text(struct decoder *d, const struct member *mb, const struct shape *s,
                      enum timestamp_format fallback, const char *text, size_t len, void *out);
/* The text of a scalar that is present; in the arena, or borrowed. */
const char *scalar_to_text(struct arena *a, const struct member *mb, const struct shape *s,
                           enum timestamp_format fallback, const void *value);

enum timestamp_format timestamp_format_of(const struct member *mb, const struct shape *s,
                                          enum timestamp_format fallback);
/* Seconds since 1970 with up to three decimals, as AWS writes them into JSON. */
enum { EPOCH_TEXT_MAX = 32 };
void epoch_seconds_text(int64_t ms, char out[EPOCH_TEXT_MAX]);
/* False when the seconds are no number or beyond what a date can say. */
bool epoch_seconds_to_ms(double seconds, int64_t *out_ms);

/* "String", "Integer", "Date" ...: what AWS calls the kind of a scalar. */
const char *shape_type_name(const struct shape *s);

/* The double that len characters spell, with "NaN", "Infinity" and "-Infinity"; false when they
 * spell none. */
bool double_from_text(const char *text, size_t len, double *out);
/* As Java's numbers do it: decimals are cut off, what is too large becomes the largest. False: not
 * a number. */
bool integer_from_text(const char *text, size_t len, int64_t min, int64_t max, int64_t *out);
/* A NUL-terminated copy, or false after failing because the text holds a NUL or is no UTF-8. */
bool string_from_text(struct decoder *d, const char *text, size_t len, const char **out);
/* Decodes base64 into the arena; false (without failing) when it is none. */
bool blob_from_base64(struct arena *a, const char *text, size_t len, struct bytes *out);

/* --- what each format's file gives to the others --- */

/*
 * Decode the whole body. `payload` is the member that the body alone is, NULL when it is the
 * structure s itself. False after failing.
 */
bool json_decode_body(struct decoder *d, const struct shape *s, const struct member *payload,
                      void *out);
bool xml_decode_body(struct decoder *d, const struct shape *s, void *out);
bool cbor_decode_body(struct decoder *d, const struct shape *s, void *out);
bool query_decode_body(struct decoder *d, const struct shape *s, void *out);
bool rest_decode(struct decoder *d, const struct operation *op, void *out);

/* Whole answers, into req->response.bytes; the REST ones write headers and status too. */
void query_encode(struct request *req, const struct model *m, const struct operation *op,
                  const void *out);
void rest_encode(struct request *req, const struct model *m, const struct operation *op,
                 const void *out);
/* Writes what members bound to headers (and to the status) say, from an output or an error. */
void rest_encode_headers(struct request *req, const struct model *m, const struct shape *s,
                         const void *value);

/* The body of an error. `message` is the member of the error's shape s that bears the text (NULL:
 * none does), `members` the error's own struct or NULL; m is NULL when the request never reached a
 * service. */
void query_encode_error(struct request *req, const struct model *m, const char *code,
                        const struct member *message, const struct shape *s, const void *members);

/* Write a structure, or its members between a begin and an end that the caller writes: those that
 * travel in the body, without the member `except` (may be NULL). */
void json_encode_structure(struct jw *w, const struct model *m, const struct shape *s,
                           const void *value);
void json_encode_members(struct jw *w, const struct model *m, const struct shape *s,
                         const void *value, const struct member *except);
void json_encode_payload(struct jw *w, const struct model *m, const struct member *mb,
                         const void *value);

/* Why a JSON value can't be read as this shape, in the words of the service. `raw` is the value's
 * text; of objects and arrays only its first character. */
const char *json_mismatch(struct decoder *d, const struct shape *s, bool is_element,
                          enum jr_type type, struct jr_text raw);

#endif
