/*
 * Whole buffers as gzip (RFC 1952). Pure functions.
 */
#ifndef CADABRA_COMMON_GZIP_H
#define CADABRA_COMMON_GZIP_H

#include "server/base/strbuf.h"

/* The packed bytes take the place of the others; how large the buffer may become stays the same. */
void gzip_strbuf(struct strbuf *body);

#endif
