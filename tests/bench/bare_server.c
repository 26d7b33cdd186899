/*
 * The limit that `make bench` measures against: libmicrohttpd as cadabra runs it (thread per
 * connection, poll, the same memory limit), answering every request with one constant and doing
 * nothing else.
 *
 * usage: bare_server [BODY_BYTES [POOL_BYTES]]; prints the port, serves until its standard input
 * ends.
 */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_DEFAULT = 1024, POOL_DEFAULT = 128 * 1024, STACK = 256 * 1024 };

static enum MHD_Result answer(void *constant, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_len, void **state)
{
    (void)url, (void)method, (void)version, (void)data;
    if (!*state) {
        *state = constant;
        return MHD_YES;
    }
    if (*data_len > 0) {
        *data_len = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, constant);
}

int main(int argc, char **argv)
{
    uint16_t port = argc > 1 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0;
    size_t body_len = argc > 2 ? strtoul(argv[2], NULL, 10) : BODY_DEFAULT;
    size_t pool = argc > 3 ? strtoul(argv[3], NULL, 10) : POOL_DEFAULT;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char *body = malloc(body_len + 1);
    struct MHD_Response *constant;

    if (!port || !body) {
        fputs("usage: bare_server PORT [BODY_BYTES [POOL_BYTES]]\n", stderr);
        return 2;
    }
    memset(body, 'x', body_len);
    constant = MHD_create_response_from_buffer(body_len, body, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(constant, "Content-Type", "application/x-amz-json-1.0");
    if (!MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                              MHD_USE_POLL,
                          0, NULL, NULL, answer, constant, MHD_OPTION_SOCK_ADDR, &address,
                          MHD_OPTION_CONNECTION_MEMORY_LIMIT, pool, MHD_OPTION_THREAD_STACK_SIZE,
                          (size_t)STACK, MHD_OPTION_CONNECTION_LIMIT, 4096u,
                          MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u, MHD_OPTION_END)) {
        fputs("bare_server: libmicrohttpd did not start\n", stderr);
        return 1;
    }
    for (;;)
        pause();
}
