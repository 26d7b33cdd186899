/* CBOR of structures, for protocol.c and event_stream.c; not for other folders. */
#ifndef CADABRA_PROTOCOL_CBOR_H
#define CADABRA_PROTOCOL_CBOR_H

#include "server/protocol/codec.h"

/* Where CBOR goes. The two dialects differ in timestamps alone. */
struct cbor_out {
    struct strbuf *b;
    const struct model *m;
    bool epoch_ms; /* x-amz-cbor-1.1: whole milliseconds; else tag 1 and seconds */
};

void cbor_encode_structure(struct cbor_out *c, const struct shape *s, const void *value);
/* The members without `except` (may be NULL), between a begin and an end that the caller writes. */
void cbor_encode_members(struct cbor_out *c, const struct shape *s, const void *value,
                         const struct member *except);

#endif
