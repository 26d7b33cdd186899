/* The compressions of what channels deliver. */
#ifndef CADABRA_KINESIS_CHANNEL_PACK_H
#define CADABRA_KINESIS_CHANNEL_PACK_H

#include "server/base/strbuf.h"

/* By the API's CompressionType: what keys end with, and the Content-Encoding (NULL: none). */
const char *channel_pack_extension(const char *type);
const char *channel_pack_encoding(const char *type);
/* False, after a log line, when the library that it needs is not there. */
bool channel_pack_ready(const char *type);
/* Compresses the whole of the buffer in its place. The same answer. */
bool channel_pack(const char *type, struct strbuf *body);

#endif
