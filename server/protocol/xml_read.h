/*
 * Reads a whole XML document into a small tree in an arena. Expat does the reading; document types,
 * and with them entities of the document's own, are refused, depth and number of nodes are bounded.
 * Mixed content is not kept: an element has either children or text.
 */
#ifndef CADABRA_XML_READ_H
#define CADABRA_XML_READ_H

#include "server/base/arena.h"

struct xml_attribute {
    const char *name; /* as written, prefix and all */
    const char *value;
};

struct xml_node {
    const char *name; /* as written, prefix and all */
    const char *text; /* of an element without children; "" where there is none */
    size_t text_len;
    struct xml_attribute *attributes;
    size_t attribute_count;
    struct xml_node *parent;
    struct xml_node *first_child;
    struct xml_node *last_child;
    struct xml_node *next; /* sibling */
};

/* The root element; NULL, with a text for the user in out_error, when the document is refused. */
struct xml_node *xml_read(struct arena *a, const void *data, size_t len, int max_depth,
                          const char **out_error);

/* True when the element (or attribute) name means `name`: the same, or the same behind a prefix. */
bool xml_name_is(const char *written, const char *name);
/* First child of that name, or NULL. */
const struct xml_node *xml_child(const struct xml_node *node, const char *name);

#endif
