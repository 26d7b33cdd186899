/*
 * An HTTP client for what the server sends to addresses that its users name: deliveries and
 * notifications. libcurl beneath, HTTP/1.1, http and https; redirects are answers, not followed;
 * proxies of the environment are not used; certificates are checked against the system's
 * authorities, or those of the file that SSL_CERT_FILE names.
 *
 * A client keeps its connections open between calls. It belongs to one thread at a time; background
 * tasks make one for as long as they work. It costs nothing until the first call.
 */
#ifndef CADABRA_HTTP_CLIENT_H
#define CADABRA_HTTP_CLIENT_H

#include "server/base/arena.h"

struct http_client;

struct http_header {
    const char *name;
    const char *value;
};

struct http_call {
    const char *method; /* GET, POST, PUT, DELETE */
    const char *url;
    const struct http_header *headers;
    size_t header_count;
    struct bytes body;
    int64_t timeout_ms; /* of everything: connecting, sending, the whole answer */
    size_t answer_max;  /* an answer with a longer body is HTTP_TOO_LARGE */
    int stop_fd;        /* readable: the call is given up; -1: never */
};

struct http_answer {
    int status;               /* 200, 404, ... */
    struct bytes body;        /* in the arena, NUL-terminated; never NULL */
    const char *content_type; /* NULL: none */
};

enum http_outcome {
    HTTP_ANSWERED,  /* whatever the status */
    HTTP_FAILED,    /* no connection, TLS refused, the answer was cut or is no HTTP */
    HTTP_TIMEOUT,   /* no whole answer in time */
    HTTP_TOO_LARGE, /* the body passed answer_max */
    HTTP_BAD_CALL,  /* an URL or a header that no request can carry: it will never work */
    HTTP_STOPPED,   /* stop_fd */
};

struct http_client *http_client_new(void);
/* Closes its connections. NULL is allowed. */
void http_client_free(struct http_client *c);

/* *out is written when answered; out_problem (NULL: not wanted) gets words for a log or a user, in
 * the arena, otherwise. */
enum http_outcome http_client_call(struct http_client *c, const struct http_call *call,
                                   struct arena *a, struct http_answer *out,
                                   const char **out_problem);

#endif
