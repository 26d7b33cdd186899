/*
 * Function URLs: requests of any HTTP client become events, what functions answer becomes HTTP.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
#ifndef CADABRA_LAMBDA_URL_H
#define CADABRA_LAMBDA_URL_H

#include "server/net/request.h"
#include "storage/lambda_store.h"

/* --- serving: url_serve.c --- */

/* Whether a request came to a function's URL, by the form of its Host (<id>.lambda-url.<region>...)
 * or path (/_cadabra/lambda/url/<id>/...) alone. */
bool url_is_meant(const struct request *req);
void url_serve(struct request *req);

/* --- the event: url_event.c --- */

struct url_request {
    const struct lambda_url *url;
    const char *path; /* raw, without what named the URL; never empty */
    const char *domain;
    const char *caller; /* account of a signed request, NULL: anonymous */
    const char *access_key;
};

void url_event_write(struct strbuf *out, struct request *req, const struct url_request *u);

/* --- the answer: url_answer.c --- */

/* Sets status, headers and body from what the function returned. */
void url_answer(struct request *req, struct bytes returned);
/* The same from the JSON before a streamed body: status, headers, cookies. */
void url_answer_head(struct request *req, struct bytes prelude);

/* --- CORS: url_cors.c --- */

struct url_texts {
    const char **items;
    size_t count;
};

struct url_cors {
    struct url_texts origins, methods, headers, exposed;
    bool credentials;
    int max_age_s; /* -1: not set */
};

/* How a configuration is kept. */
void url_cors_write(struct strbuf *out, const struct url_cors *c);
bool url_cors_read(struct arena *a, const char *json, struct url_cors *out);
/* Adds the headers that the request's Origin calls for, over those of the function. */
void url_cors_apply(struct request *req, const struct url_cors *c, bool preflight);

#endif
