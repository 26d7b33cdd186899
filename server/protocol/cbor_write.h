/* Writes CBOR (RFC 8949) into a strbuf: definite lengths for strings, the shortest form of every
 * number. */
#ifndef CADABRA_CBOR_WRITE_H
#define CADABRA_CBOR_WRITE_H

#include "server/base/strbuf.h"

void cw_int(struct strbuf *b, int64_t value);
void cw_double(struct strbuf *b, double value);
void cw_bool(struct strbuf *b, bool value);
void cw_null(struct strbuf *b);
void cw_text(struct strbuf *b, const char *text, size_t len);
void cw_bytes(struct strbuf *b, const void *data, size_t len);
void cw_tag(struct strbuf *b, uint64_t tag);
void cw_array(struct strbuf *b, size_t count);
void cw_map(struct strbuf *b, size_t count);
/* A map whose end is written by cw_break(). */
void cw_map_open(struct strbuf *b);
void cw_break(struct strbuf *b);

#endif
