/* Values in the words of a validation message: as Java prints them. */
#ifndef CADABRA_DESCRIBE_H
#define CADABRA_DESCRIBE_H

#include "server/base/arena.h"
#include "server/base/strbuf.h"
#include "server/model/shape.h"

/*
 * Appends the value, for example
 *   [a, b]   {key=value}   KeySchemaElement(attributeName=pk, keyType=HASH)
 *   java.nio.HeapByteBuffer[pos=0 lim=5 cap=5]
 * value points at the value itself: of a structure at the struct. It must be set. Members that are
 * sensitive are left out as Java leaves them out: their value is "***".
 */
void describe_value(const struct model *m, const struct shape *shape, const void *value,
                    struct arena *arena, struct strbuf *out);
/* Appends a member's name as messages have it: the first letter small. */
void describe_name(const char *name, struct strbuf *out);

#endif
