/*
 * What the server and its jq helper say to one another: the server a length and that many bytes,
 * the query first, then documents; the helper to each a status, a length and that many bytes.
 */
#ifndef CADABRA_FIREHOSE_QUERY_PROTOCOL_H
#define CADABRA_FIREHOSE_QUERY_PROTOCOL_H

#include <stdint.h>

enum { QUERY_ANSWER_MAX = 64 * 1024, QUERY_DOCUMENT_MAX = 16 * 1024 * 1024 };

struct query_answer_head {
    uint32_t well; /* 1: what follows is a JSON document; 0: it is what went wrong */
    uint32_t len;
};

#endif
