/*
 * See body.h. The wire's bytes run through the chain of filters by recursion: body_push() calls the
 * first filter, which calls body_emit(), which calls the next one, and the last one stores.
 */
#include "server/net/body.h"

#include "server/base/io.h"
#include "server/base/log.h"
#include "server/base/nameless.h"
#include "server/net/request.h"

#include <sys/mman.h>

/* What a connection keeps for its next request. */
enum { MEMORY_KEPT = 64 * 1024 };

void body_init(struct request *req, const char *temp_dir)
{
    req->body_store = (struct body_store){.fd = -1, .temp_dir = temp_dir};
    strbuf_init(&req->body_store.memory, BODY_MEMORY_MAX);
    body_reset(req);
}

void body_reset(struct request *req)
{
    struct body_store *s = &req->body_store;

    if (s->map)
        munmap(s->map, s->len);
    s->map = NULL;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->len = s->expected = 0;
    if (s->memory.capacity > MEMORY_KEPT)
        strbuf_release(&s->memory);
    strbuf_clear(&s->memory);
    req->body = (struct bytes){.data = (const uint8_t *)"", .len = 0};
    req->body_state = BODY_WHOLE;
    req->body_max = BODY_MAX_DEFAULT;
    req->body_in_memory = BODY_MEMORY_MAX;
    req->body_stays_file = false;
    req->body_filters = NULL;
}

void body_release(struct request *req)
{
    body_reset(req);
    strbuf_release(&req->body_store.memory);
}

void body_add_filter(struct request *req, struct body_filter *filter)
{
    struct body_filter **last = &req->body_filters;

    while (*last)
        last = &(*last)->next;
    filter->next = NULL;
    *last = filter;
}

void body_expect(struct request *req, size_t len)
{
    req->body_store.expected = len;
}

static int lose(struct request *req, const char *what)
{
    log_error("request body: cannot %s in %s: %s", what, req->body_store.temp_dir, strerror(errno));
    req->body_state = BODY_LOST;
    return -1;
}

static int write_file(struct request *req, const uint8_t *data, size_t len)
{
    return io_write(req->body_store.fd, data, len, IO_FOREVER) ? 0 : lose(req, "write");
}

static int store(struct request *req, const void *data, size_t len)
{
    struct body_store *s = &req->body_store;
    size_t in_memory = MIN(req->body_in_memory, (size_t)BODY_MEMORY_MAX);

    if (len > req->body_max || s->len > req->body_max - len) {
        req->body_state = BODY_TOO_LARGE;
        return -1;
    }
    if (s->len == 0 && s->expected > len && s->expected <= in_memory)
        strbuf_reserve(&s->memory, s->expected);
    s->len += len;
    if (s->fd < 0 && s->len <= in_memory) {
        strbuf_add(&s->memory, data, len);
        return 0;
    }
    if (s->fd < 0) {
        s->fd = nameless_open(s->temp_dir);
        if (s->fd < 0)
            return lose(req, "make a temporary file");
        if (write_file(req, (const uint8_t *)s->memory.data, s->memory.len) < 0)
            return -1;
        strbuf_release(&s->memory);
    }
    return write_file(req, data, len);
}

static int pass(struct request *req, struct body_filter *to, const void *data, size_t len)
{
    if (len == 0)
        return 0;
    return to ? to->push(req, to, data, len) : store(req, data, len);
}

int body_emit(struct request *req, struct body_filter *filter, const void *data, size_t len)
{
    return pass(req, filter->next, data, len);
}

/* Forgets what came, keeps the verdict. */
static void spoil(struct request *req)
{
    enum body_state state = req->body_state == BODY_WHOLE ? BODY_MALFORMED : req->body_state;
    size_t max = req->body_max;

    body_reset(req);
    req->body_max = max;
    req->body_state = state;
}

void body_push(struct request *req, const void *data, size_t len)
{
    if (req->body_state == BODY_WHOLE && pass(req, req->body_filters, data, len) < 0)
        spoil(req);
}

void body_finish(struct request *req)
{
    struct body_store *s = &req->body_store;

    for (struct body_filter *f = req->body_filters; f && req->body_state == BODY_WHOLE; f = f->next)
        if (f->finish(req, f) < 0)
            spoil(req);
    if (req->body_state != BODY_WHOLE || s->len == 0)
        return;
    if (s->fd >= 0 && req->body_stays_file)
        return;
    if (s->fd >= 0) {
        void *map = mmap(NULL, s->len, PROT_READ, MAP_PRIVATE, s->fd, 0);

        if (map == MAP_FAILED) {
            lose(req, "map a temporary file");
            spoil(req);
            return;
        }
        s->map = map;
        req->body.data = map;
    } else {
        req->body.data = (const uint8_t *)s->memory.data;
    }
    req->body.len = s->len;
}

int body_file(const struct request *req)
{
    return req->body_store.fd;
}

size_t body_size(const struct request *req)
{
    return req->body_store.len;
}
