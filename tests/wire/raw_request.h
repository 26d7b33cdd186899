/*
 * A request made of raw text, as net/ would make it of a connection: for tests that go through the
 * pipeline without a socket.
 */
#ifndef CADABRA_RAW_REQUEST_H
#define CADABRA_RAW_REQUEST_H

#include "server/app.h"
#include "server/base/clock.h"
#include "server/net/request.h"

enum { RAW_ANSWER_MAX = 64 << 20, RAW_HEADERS_MAX = 64 };

static inline void raw_request_open(struct request *req, struct app *app)
{
    *req = (struct request){.app = app, .client_fd = -1};
    arena_init(&req->arena);
    body_init(req, "/tmp");
    strbuf_init(&req->response.bytes, RAW_ANSWER_MAX);
    req->response.file = -1;
    req->response.head_length = -1;
    req->received_ms = clock_now_ms(&app->clock);
    req->received_mono_us = clock_monotonic_us();
}

static inline void raw_request_close(struct request *req)
{
    arena_release(&req->arena);
    body_release(req);
    strbuf_release(&req->response.bytes);
    if (req->response.file >= 0)
        close(req->response.file);
}

/* Cuts the line at *text off: ends it with a NUL and moves *text behind it. NULL at the end. */
static inline char *raw_next_line(char **text)
{
    char *line = *text, *end;

    if (!line || !*line)
        return NULL;
    end = strchr(line, '\n');
    if (end)
        *end++ = '\0';
    *text = end ? end : line + strlen(line);
    return line;
}

/* The request line and the headers; *text is cut up, and what is left of it is the body. */
static inline bool raw_request_head(struct request *req, char **text)
{
    char *line = raw_next_line(text), *target = line ? strchr(line, ' ') : NULL;
    char *version = target ? strrchr(target + 1, ' ') : NULL;

    if (!version || target[1] != '/')
        return false;
    *target++ = *version = '\0';
    req->method = line;
    req->target = target;
    req->path = arena_strndup(&req->arena, target, strcspn(target, "?"));
    req->query = target[strcspn(target, "?")] ? target + strcspn(target, "?") + 1 : "";
    req->headers = ARENA_ARRAY(&req->arena, struct header, RAW_HEADERS_MAX);
    while ((line = raw_next_line(text)) && *line && req->header_count < RAW_HEADERS_MAX) {
        char *colon = strchr(line, ':');

        if (!colon)
            return false;
        *colon = '\0';
        req->headers[req->header_count++] =
            (struct header){.name = line, .value = colon + 1 + strspn(colon + 1, " ")};
    }
    return true;
}

#endif
