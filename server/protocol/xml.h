/* XML of structures, shared by rest_xml.c and query.c; not for other folders. */
#ifndef CADABRA_PROTOCOL_XML_H
#define CADABRA_PROTOCOL_XML_H

#include "server/protocol/codec.h"
#include "server/protocol/xml_read.h"

/* Where XML goes. */
struct xml_out {
    struct strbuf *b;
    struct arena *arena; /* for texts of numbers and dates */
    const struct model *m;
    enum timestamp_format times; /* where the model names none */
};

/* The members of a structure that stand in the body, without `except` (may be NULL). */
void xml_encode_members(struct xml_out *x, const struct shape *s, const void *value,
                        const struct member *except);
/* <name ...>content</name>; mb may be NULL for a root. */
void xml_encode_element(struct xml_out *x, const struct member *mb, const struct shape *s,
                        const char *name, const void *value);

/* The name of a member in XML and in forms, where that is not its name in JSON. */
const char *xml_wire_name(const struct model *m, const struct member *mb);
/* The element name of a member: that of its elements when it is a flattened list. */
const char *xml_member_name(const struct model *m, const struct member *mb);
const char *xml_list_element_name(const struct model *m, const struct shape *list);

#endif
