/*
 * A custom runtime as anyone might write it: a static loop over the Lambda Runtime API with plain
 * sockets. It echoes the event; {"fail":1} becomes an error, {"exit":1} ends the process.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char answer[8 << 20];

/* One request on a connection of its own; the body's start, or NULL. */
static char *call(const char *head, const char *body, size_t body_len)
{
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    const char *colon = strchr(api, ':');
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)atoi(colon + 1)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char text[1024];
    size_t len = 0;
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        exit(3);
    n = snprintf(text, sizeof(text),
                 "%sHost: %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", head, api,
                 body_len);
    if (write(fd, text, (size_t)n) != n || write(fd, body, body_len) != (ssize_t)body_len)
        exit(4);
    while ((n = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0)
        len += (size_t)n;
    answer[len] = 0;
    close(fd);
    return strstr(answer, "\r\n\r\n");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (;;) {
        char id[64], head[256];
        char *body = call("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n", "", 0);
        char *at = body ? strcasestr(answer, "Lambda-Runtime-Aws-Request-Id: ") : NULL;

        if (!at)
            return 5;
        sscanf(at + 31, "%63[^\r]", id);
        body = strdup(body + 4);
        printf("event of %zu bytes\n", strlen(body));
        if (strstr(body, "\"exit\""))
            return 7;
        const char *what = strstr(body, "\"fail\"") ? "error" : "response";
        snprintf(head, sizeof(head), "POST /2018-06-01/runtime/invocation/%s/%s HTTP/1.1\r\n", id,
                 what);
        if (strcmp(what, "error") == 0) {
            const char *error = "{\"errorType\":\"Custom\",\"errorMessage\":\"as asked\"}";
            call(head, error, strlen(error));
        } else {
            call(head, body, strlen(body));
        }
        free(body);
    }
}
