#include "server/health.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "server/base/strbuf.h"

enum { TIMEOUT_S = 3, ANSWER_MAX = 65536 };

static bool connect_to(int fd, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval timeout = {.tv_sec = TIMEOUT_S};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static bool read_answer(int fd, struct strbuf *out)
{
    static const char request[] = "GET /_cadabra/health HTTP/1.1\r\nHost: localhost\r\n"
                                  "Connection: close\r\n\r\n";
    char piece[4096];
    ssize_t n;

    if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1)
        return false;
    while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
        strbuf_add(out, piece, (size_t)n);
    return n == 0 && out->len > 0 && !out->overflow;
}

int health_ask(const struct config *config)
{
    struct strbuf answer = STRBUF_INIT(ANSWER_MAX);
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const char *body;
    bool well;

    if (fd < 0 || !connect_to(fd, config->port) || !read_answer(fd, &answer)) {
        fprintf(stderr, "cadabra: no server answers on 127.0.0.1:%u: %s\n", config->port,
                strerror(errno));
        strbuf_release(&answer);
        return 1;
    }
    body = strstr(answer.data, "\r\n\r\n");
    well = str_starts(answer.data, "HTTP/1.1 200 ") && body && !strstr(body, "\"error\"");
    printf("%s\n", body ? body + 4 : answer.data);
    strbuf_release(&answer);
    return well ? 0 : 1;
}
