/*
 * Answers of the query protocol in JSON, for who accepts nothing else (Accept: application/json):
 * what the XML would hold, elements as members, all values as strings, an element that comes
 * several times as an array. Not for other folders.
 */
#ifndef CADABRA_PROTOCOL_QUERY_JSON_H
#define CADABRA_PROTOCOL_QUERY_JSON_H

#include "server/protocol/codec.h"

bool query_wants_json(const struct request *req);
void query_json_encode(struct request *req, const struct model *m, const struct operation *op,
                       const void *out);
void query_json_encode_error(struct request *req, const char *code);

#endif
