/* Listening sockets: several addresses, one port. See accept.h. */
#include "server/net/accept.h"

#include "server/base/log.h"

#include <netdb.h>
#include <netinet/in.h>

enum { BACKLOG = 4096, PORT_ATTEMPTS = 64 };

static int listen_on(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    int error;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Opens one address on *port, which 0 leaves to the system; then it is set. An errno value, 0 when
 * all is well, ENXIO for what is no address. */
static int open_one(struct endpoint *e, const char *address, uint16_t *port)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct sockaddr_in6 bound = {0}; /* an IPv4 address has its port in the same place */
    socklen_t bound_len = sizeof(bound);
    struct addrinfo *found;
    char service[8];
    int fd, error;

    if (e->socket_count == ENDPOINT_SOCKETS_MAX)
        return ENOBUFS;
    snprintf(service, sizeof(service), "%u", *port);
    if (getaddrinfo(address, service, &hints, &found) != 0)
        return ENXIO;
    fd = listen_on(found);
    error = errno;
    freeaddrinfo(found);
    if (fd < 0)
        return error;
    if (getsockname(fd, (struct sockaddr *)&bound, &bound_len) == 0)
        *port = ntohs(bound.sin6_port);
    e->sockets[e->socket_count++] = (struct listen_socket){.endpoint = e, .fd = fd};
    return 0;
}

void sockets_close(struct endpoint *e)
{
    for (size_t i = 0; i < e->socket_count; i++)
        close(e->sockets[i].fd);
    e->socket_count = 0;
}

static bool machine_lacks(const char *address, int error)
{
    return strchr(address, ':') && (error == EADDRNOTAVAIL || error == EAFNOSUPPORT);
}

/* All of them, or the errno of the first that failed, whose name is left in *out_failed. */
static int open_all(struct endpoint *e, char *list, uint16_t *port, const char **out_failed)
{
    char *rest = list;

    for (char *address; (address = strsep(&rest, ","));) {
        int error = open_one(e, address, port);

        if (error && machine_lacks(address, error) && (rest || e->socket_count > 0)) {
            log_info("not listening on %s: %s", address, strerror(error));
            continue;
        }
        if (error) {
            *out_failed = address;
            return error;
        }
    }
    return 0;
}

bool sockets_open(struct endpoint *e, const char *addresses, uint16_t port)
{
    if (!addresses || str_eq(addresses, "localhost"))
        addresses = "127.0.0.1,::1";
    for (int attempt = 1;; attempt++) {
        AUTO_FREE char *list = x_strdup(addresses);
        const char *failed = NULL;
        uint16_t chosen = port;
        int error = open_all(e, list, &chosen, &failed);

        if (!error && e->socket_count > 0) {
            e->port = chosen;
            return true;
        }
        sockets_close(e);
        /* A port that the system chose for one address may be taken on another. */
        if (port == 0 && error == EADDRINUSE && attempt < PORT_ATTEMPTS)
            continue;
        log_error("cannot listen on %s port %u: %s", failed ? failed : addresses, port,
                  error == ENXIO ? "not a numeric address" : strerror(error));
        return false;
    }
}
