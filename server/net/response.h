/*
 * The answer of a request: status, headers, and a body that is bytes, a part of a file, or written
 * step by step. Names and values of headers are borrowed for the life of the request.
 */
#ifndef CADABRA_RESPONSE_H
#define CADABRA_RESPONSE_H

#include "server/base/strbuf.h"

struct request;

enum body_kind { BODY_NONE, BODY_BYTES, BODY_FILE, BODY_STREAM, BODY_SOURCE };

enum { RESPONSE_HEADERS_MAX = 96 };

struct response_header {
    const char *name;
    const char *value;
};

/*
 * A body that is made while it is sent (event streams, long answers). `next` blocks until it has
 * bytes, puts them into out and returns 1; returns 0 at the end, -1 to cut the connection. It is
 * called in the request's thread.
 */
struct body_stream {
    int (*next)(struct request *req, void *context, struct strbuf *out);
    void *context;
};

/*
 * A body of known length that is read from somewhere while it is sent: several files, or one that
 * has to be decrypted. `read` gives the bytes from `offset` on, at least one and at most max; -1 to
 * cut the connection. It is called in the request's thread (HTTP/2: that of the connection), and
 * must not wait for others.
 */
struct body_source {
    ssize_t (*read)(void *context, void *out, size_t max, int64_t offset);
    void *context;
    int64_t length;
};

struct response {
    uint16_t status;
    struct response_header headers[RESPONSE_HEADERS_MAX];
    size_t header_count;
    enum body_kind kind;
    struct strbuf
        bytes; /* BODY_BYTES; codecs write straight into it. Initialised: never do that again */
    int file;  /* BODY_FILE: closed with the request; -1 otherwise */
    int64_t file_offset;
    int64_t file_length;
    struct body_stream stream; /* BODY_STREAM */
    struct body_source source; /* BODY_SOURCE */
    int64_t head_length;       /* the Content-Length of an answer to HEAD, -1: that of the body */
};

/* Adds a header; beyond RESPONSE_HEADERS_MAX it is dropped and logged as our bug. */
void response_header(struct request *req, const char *name, const char *value);
/* Replaces one of that name, or adds it. */
void response_set_header(struct request *req, const char *name, const char *value);

#endif
