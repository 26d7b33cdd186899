/* See response.h. */
#include "server/net/response.h"

#include "server/base/log.h"
#include "server/net/request.h"

void response_header(struct request *req, const char *name, const char *value)
{
    struct response *r = &req->response;

    if (r->header_count == RESPONSE_HEADERS_MAX) {
        log_error("response header %s dropped: there are %d already", name, RESPONSE_HEADERS_MAX);
        return;
    }
    r->headers[r->header_count++] = (struct response_header){.name = name, .value = value};
}

void response_set_header(struct request *req, const char *name, const char *value)
{
    struct response *r = &req->response;

    for (size_t i = 0; i < r->header_count; i++) {
        if (strcasecmp(r->headers[i].name, name) == 0) {
            r->headers[i].value = value;
            return;
        }
    }
    response_header(req, name, value);
}
