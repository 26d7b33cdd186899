/*
 * What server/net alone costs: its listener with a handler that answers a constant, to be compared
 * with bare_server and with the whole program.
 *
 * usage: net_server PORT [BODY_BYTES]; serves until it is killed.
 */
#include "server/net/listener.h"

#include <signal.h>

enum { BODY_DEFAULT = 1024 };

static void answer(struct request *req)
{
    const struct bytes *constant = req->endpoint_context;

    req->response.status = 200;
    req->response.kind = BODY_BYTES;
    strbuf_add(&req->response.bytes, constant->data, constant->len);
    response_header(req, "Content-Type", "application/x-amz-json-1.0");
}

int main(int argc, char **argv)
{
    static const struct endpoint_handler handler = {.serve = answer};
    size_t body_len = argc > 2 ? strtoul(argv[2], NULL, 10) : BODY_DEFAULT;
    char *body = x_malloc(body_len + 1);
    struct bytes constant = {.data = (uint8_t *)body, .len = body_len};
    struct listener_options options = {0};
    struct endpoint_options endpoint = {.handler = &handler, .context = &constant};
    struct listener *l = listener_new(&options);
    struct endpoint *e = NULL;
    sigset_t ends;
    int which;

    if (argc > 1)
        endpoint.port = (uint16_t)strtoul(argv[1], NULL, 10);
    memset(body, 'x', body_len);
    if (l)
        e = listener_open_endpoint(l, &endpoint);
    if (e) {
        sigemptyset(&ends);
        sigaddset(&ends, SIGTERM);
        sigaddset(&ends, SIGINT);
        sigprocmask(SIG_BLOCK, &ends, NULL);
        printf("%u\n", endpoint_port(e));
        fflush(stdout);
        sigwait(&ends, &which);
    }
    listener_free(l);
    free(body);
    return e ? 0 : 1;
}
