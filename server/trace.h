/*
 * --trace FILE: one JSON line per request, written when its answer has been sent:
 *
 *   {"time":"...","account":"...","region":"...","service":"kinesis","operation":"PutRecord","protocol":"json-1.1",
 *    "ms":0.8,"error":"...",
 *    "request":{"method":"POST","target":"/","http":"1.1","headers":[["Host","..."],...],"length":55,"body":"..."},
 *    "response":{"status":200,"headers":[...],"length":80,"body":"..."}}
 *
 * A body that is UTF-8 text stands in "body", another one as base64 in "body_base64"; of a long one
 * only the first MiB, with "truncated":true. Bodies that are files or streams have no body here.
 * Signatures and session tokens are replaced by ***, bodies are not changed: the file is readable
 * by its owner only.
 *
 * Thread-safe.
 */
#ifndef CADABRA_TRACE_H
#define CADABRA_TRACE_H

#include "server/net/request.h"

struct trace;

/* Appends to the file. NULL after logging why. */
struct trace *trace_open(const char *path);
/* NULL is allowed. */
void trace_close(struct trace *t);
void trace_request(struct trace *t, const struct request *req, double ms);

#endif
