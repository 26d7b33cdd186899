/*
 * Structs of a model that are kept: written as JSON into a store and read back, and copied member
 * by member from one structure into another that has members of the same names (a destination's
 * configuration, its update and its description are three structures with nearly the same members).
 *
 * Not for the wire: server/protocol has the codecs for that. Blobs are kept as base64; documents,
 * event streams and custom shapes are not kept this way.
 */
#ifndef CADABRA_STORED_H
#define CADABRA_STORED_H

#include "server/model/shape.h"

/* The structure of that name; it must be there. */
const struct shape *model_structure(const struct model *m, const char *name);

/* The members that are set, as one JSON object in the arena. */
char *stored_to_json(const struct model *m, const struct shape *structure, const void *value,
                     struct arena *a);
/* Into a zeroed struct of that shape; false when the text is not what stored_to_json() writes. What
 * the model no longer knows is skipped. */
bool stored_from_json(const struct model *m, const struct shape *structure, const char *json,
                      struct arena *a, void *out);

/* Copies each member of `from` that is set and that `into` has under the same name: with the same
 * shape, or a scalar of the same kind; a structure of another shape is merged, in a copy if into
 * has one. Values are shared, not copied. */
void stored_merge(const struct model *m, const struct shape *into_shape, void *into,
                  const struct shape *from_shape, const void *from, struct arena *a);

#endif
