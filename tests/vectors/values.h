/*
 * Generated structs to and from plain JSON, by descriptor and by the members' own names: the form
 * in which the vectors state parameters and results. Blobs are base64, timestamps numbers of
 * seconds.
 */
#ifndef CADABRA_VECTORS_VALUES_H
#define CADABRA_VECTORS_VALUES_H

#include <jansson.h>

#include "server/protocol/codec.h"

/* A new reference. */
json_t *value_to_json(const struct model *m, const struct shape *s, const void *value);
/* Fills a structure; false when the JSON does not fit the shape. */
bool value_from_json(struct decoder *d, const struct shape *s, const json_t *json, void *out);

#endif
