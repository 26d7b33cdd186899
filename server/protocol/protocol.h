/*
 * From the body, path, query and headers of a request to the C struct of its operation, and back,
 * in whatever wire format the client speaks (req->protocol). dispatch.c calls these three and knows
 * no format; handlers see none of it. The descriptor tables of server/model/shape.h drive
 * everything.
 *
 * req->service, req->operation and req->protocol are set by the router. Decoded data lies in the
 * request's arena or in its body, so it lives as long as the request.
 */
#ifndef CADABRA_PROTOCOL_H
#define CADABRA_PROTOCOL_H

#include "server/net/request.h"

/* Documents nested deeper than this are refused, in every format. */
enum { PROTOCOL_DEPTH_MAX = 128 };

/* AWS has three wordings for a JSON value of the wrong type; struct service says which one is its.
 */
enum json_words {
    JSON_WORDS_COMMON,  /* "NUMBER_VALUE can not be converted to a String" */
    JSON_WORDS_CLASSES, /* Kinesis: "class java.lang.Boolean can not be converted to an String" */
    JSON_WORDS_DYNAMODB /* "NUMBER_VALUE cannot be converted to String" */
};

/*
 * Fills `in` (op->input_size zeroed bytes) with what the client sent. 0, or -1 after aws_fail()
 * with the SerializationException (or the protocol's like) that AWS would answer. For REST the
 * labels of op->uri are read from req->path here, so the router need not keep them. Nothing is
 * validated but types: required members, ranges and lengths are the validator's.
 */
int protocol_decode(struct request *req, const struct model *m, const struct operation *op,
                    void *in);

/*
 * Writes status, headers and body of the successful answer. When the handler has chosen a body of
 * its own (req->response.kind is not BODY_NONE: a file, a stream) that body stays and only headers
 * and status are written. A status that the handler has set (not 0) stays too.
 */
void protocol_encode(struct request *req, const struct model *m, const struct operation *op,
                     const void *out);

/*
 * Writes req->failure as the error of req->protocol. req->service and req->operation may be NULL
 * when routing itself failed; a protocol of 0 is taken for JSON. Drops headers and body that were
 * written before.
 */
void protocol_encode_error(struct request *req);

#endif
