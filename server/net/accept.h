/*
 * The accepting thread and what it shares with listener.c; for these two files only.
 */
#ifndef CADABRA_ACCEPT_H
#define CADABRA_ACCEPT_H

#include "server/net/crew.h"
#include "server/net/net.h"

#include <pthread.h>

enum { ENDPOINT_SOCKETS_MAX = 8 };

struct listen_socket {
    struct watch watch;
    struct endpoint *endpoint;
    int fd;
};

struct endpoint {
    struct endpoint *next; /* the listener's lock */
    struct listener *listener;
    const struct endpoint_handler *handler;
    void *context;
    uint16_t port;
    struct listen_socket sockets[ENDPOINT_SOCKETS_MAX];
    size_t socket_count;
    atomic_bool closing;
    bool listening;       /* the lock; the accepting thread ends it */
    unsigned connections; /* the lock */
};

struct listener {
    struct app *app;
    char *temp_dir;
    unsigned connection_max;
    int64_t idle_timeout_ms;
    int64_t stall_timeout_ms;
    int epoll_fd;
    int wake_fd;
    struct watch wake;
    pthread_t thread;
    struct http1 *http1;
    struct crew *crew; /* HTTP/2: connections and streams */
    atomic_bool stopping;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* a connection ended, an endpoint stopped listening */
    struct connection *connections;
    unsigned connection_count;
    struct endpoint *endpoints;
    bool worked;  /* requests have ended since the watchdog looked last */
    bool stopped; /* the accepting thread has ended */

    /* The accepting thread's own. */
    int64_t resume_ms; /* accepting pauses until then, 0: it does not */
    int64_t sweep_ms;  /* when the watchdog looks next */
    int64_t tidied_ms; /* when memory was given back */
    bool untidy;       /* requests have ended since */
    bool full_noted;
};

/* The thread: runs until l->stopping and a wake-up. */
void *accept_thread(void *listener);
/* Makes the thread look at l->stopping and at endpoints' closing. */
void accept_wake(struct listener *l);

/* Opens the sockets of all addresses on one port into e->sockets, watched by nobody yet. False
 * after logging why. */
bool sockets_open(struct endpoint *e, const char *addresses, uint16_t port);
void sockets_close(struct endpoint *e);

#endif
