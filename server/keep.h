/*
 * Structures of a model as text, for a store: what a client has configured is kept as it was
 * decoded and comes back as the same struct, in whatever protocol it is asked for. The text is
 * JSON with the names of the wire, and stays readable when a newer model adds members.
 *
 * Only members that travel in the body are kept.
 */
#ifndef CADABRA_KEEP_H
#define CADABRA_KEEP_H

#include "server/model/shape.h"

/* `shape` is the structure's name in the model (a wrong one is our bug and aborts), `value` its
 * struct. In the arena. */
const char *keep_write(struct arena *a, const struct model *m, const char *shape,
                       const void *value);
/* Fills the zeroed struct at `out`. False, after a log line, when the text is not such a
 * structure. */
bool keep_read(struct arena *a, const struct model *m, const char *shape, const char *text,
               void *out);

/* The same of an XML document that a client has sent inside something else (a form). False when it
 * is none; nothing is logged. */
bool keep_read_xml(struct arena *a, const struct model *m, const char *shape, const char *text,
                   void *out);

#endif
