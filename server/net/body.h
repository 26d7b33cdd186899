/*
 * The body of a request while it comes in.
 *
 * Bytes pass the request's filters, in the order they were added, and end up in the body: in memory
 * up to BODY_MEMORY_MAX, beyond that in an unlinked temporary file, which is mapped at the end. So
 * whoever reads req->body sees one run of bytes, of at most req->body_max, whatever its size and
 * framing were.
 */
#ifndef CADABRA_BODY_H
#define CADABRA_BODY_H

#include "server/base/strbuf.h"

struct request;

enum { BODY_MEMORY_MAX = 1 << 20, BODY_MAX_DEFAULT = 16 << 20 };

/* How the body came in; anything but BODY_WHOLE means that req->body is empty. */
enum body_state {
    BODY_WHOLE,
    BODY_TOO_LARGE, /* more than body_max bytes after the filters */
    BODY_MALFORMED, /* a filter found a fault; it may have called aws_fail() */
    BODY_LOST,      /* the temporary file failed; the log says how */
};

/*
 * A decoder between HTTP and the body (aws-chunked, gzip). It lives in the request's arena.
 *
 * push is given the next bytes, any number of them, and passes on what it makes of them with
 * body_emit(); finish is called once at their end, before the next filter's, and not after a fault.
 * Both return 0, or -1 after a fault: with body_emit()'s -1 as it came, with a fault of its own
 * after setting req->body_state or calling aws_fail() (then the state becomes BODY_MALFORMED). What
 * comes after a fault is read and dropped.
 */
struct body_filter {
    int (*push)(struct request *req, struct body_filter *filter, const void *data, size_t len);
    int (*finish)(struct request *req, struct body_filter *filter);
    void *context;
    struct body_filter *next; /* set by body_add_filter() */
};

/* To be called in begin(). The first added is the first to see the bytes. */
void body_add_filter(struct request *req, struct body_filter *filter);
/* For filters only: hands bytes to the next one. 0 or -1. */
int body_emit(struct request *req, struct body_filter *filter, const void *data, size_t len);

/* How many bytes will come out of the filters, where that is known: memory for them is taken at
 * once, when the first come. */
void body_expect(struct request *req, size_t len);

/* Adds a filter that unpacks gzip (Content-Encoding: gzip), several members included. What it may
 * become is bounded by body_max like any body. */
void body_add_gunzip(struct request *req);

/* The temporary file that holds the body, for copying it on in the kernel or giving it a name; -1
 * when it is in memory. Its descriptor ends with the request. With req->body_stays_file the body is
 * there alone, and req->body is empty. */
int body_file(const struct request *req);
/* Bytes of the body, wherever it is. */
size_t body_size(const struct request *req);

/* Where the body is kept: only body.c looks inside. */
struct body_store {
    struct strbuf memory; /* its memory outlives the request */
    int fd;               /* of the temporary file, -1 while there is none */
    void *map;
    size_t len;      /* in memory and file together */
    size_t expected; /* 0: not known */
    const char *temp_dir;
};

/* --- for http1.c and http2.c --- */

/* Before the first request of a connection or stream. */
void body_init(struct request *req, const char *temp_dir);
/* The next bytes from the wire. A fault is noted in the request, and all further bytes are dropped.
 */
void body_push(struct request *req, const void *data, size_t len);
/* The end: runs the filters' finish and sets req->body. */
void body_finish(struct request *req);
/* Forgets the body. Memory of ordinary size is kept for the connection's next request. */
void body_reset(struct request *req);
void body_release(struct request *req);

#endif
