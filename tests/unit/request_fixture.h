/* A request of its own for tests and fuzzing of codecs, without a connection: set its fields,
 * decode, encode, release. */
#ifndef CADABRA_TESTS_REQUEST_FIXTURE_H
#define CADABRA_TESTS_REQUEST_FIXTURE_H

#include "server/protocol/protocol.h"
#include "server/service.h"

struct request_fixture {
    struct service service;
    struct request req;
};

static inline const struct operation *fixture_operation(const struct model *m, const char *name)
{
    for (uint16_t i = 0; i < m->operation_count; i++) {
        if (str_eq(model_text(m, m->operations[i].name), name))
            return &m->operations[i];
    }
    abort();
}

static inline void fixture_open_operation(struct request_fixture *f, const struct model *m,
                                          const struct operation *op, enum protocol_kind protocol)
{
    memset(f, 0, sizeof(*f));
    f->service.model = m;
    f->req.service = &f->service;
    f->req.operation = op;
    f->req.protocol = protocol;
    f->req.method = "POST";
    f->req.target = f->req.path = "/";
    f->req.query = "";
    f->req.body.data = (const uint8_t *)"";
    f->req.response.file = -1;
    f->req.client_fd = -1;
    snprintf(f->req.request_id, sizeof(f->req.request_id), "id-1");
    arena_init(&f->req.arena);
    strbuf_init(&f->req.response.bytes, 1 << 20);
}

static inline void fixture_open(struct request_fixture *f, const struct model *m,
                                const char *operation, enum protocol_kind protocol)
{
    fixture_open_operation(f, m, fixture_operation(m, operation), protocol);
}

static inline void fixture_close(struct request_fixture *f)
{
    strbuf_release(&f->req.response.bytes);
    arena_release(&f->req.arena);
}

/* Decodes the body; the struct, or NULL when it was refused. */
static inline void *fixture_decode(struct request_fixture *f, const void *body, size_t len)
{
    void *in = arena_zalloc(&f->req.arena, f->req.operation->input_size);

    f->req.body = (struct bytes){body, len};
    f->req.failure.error = NULL;
    return protocol_decode(&f->req, f->service.model, f->req.operation, in) == 0 ? in : NULL;
}

static inline void *fixture_decode_text(struct request_fixture *f, const char *body)
{
    return fixture_decode(f, body, strlen(body));
}

static inline const char *fixture_body(const struct request_fixture *f)
{
    return f->req.response.bytes.data ? f->req.response.bytes.data : "";
}

static inline const char *fixture_header(const struct request_fixture *f, const char *name)
{
    for (size_t i = 0; i < f->req.response.header_count; i++) {
        if (strcasecmp(f->req.response.headers[i].name, name) == 0)
            return f->req.response.headers[i].value;
    }
    return NULL;
}

#endif
