#include "server/keep.h"

#include "server/base/log.h"
#include "server/protocol/codec.h"

enum { KEPT_MAX = 64 << 20 };

static const struct shape *find_shape(const struct model *m, const char *name)
{
    for (uint16_t i = 0; i < m->shape_count; i++)
        if (str_eq(model_text(m, m->shapes[i].name), name))
            return &m->shapes[i];
    log_error("the model of %s has no shape %s", m->service, name);
    abort();
}

const char *keep_write(struct arena *a, const struct model *m, const char *shape, const void *value)
{
    struct strbuf b = STRBUF_INIT(KEPT_MAX);
    const char *out;
    struct jw w;

    jw_init(&w, &b);
    json_encode_structure(&w, m, find_shape(m, shape), value);
    out = arena_strndup(a, b.data, b.len);
    strbuf_release(&b);
    return out;
}

/* The decoder notes its faults in a request. */
static struct request *scratch_request(struct arena *a, const char *text)
{
    struct request *scratch = ARENA_NEW(a, struct request);

    arena_init(&scratch->arena);
    scratch->body = (struct bytes){(const uint8_t *)text, strlen(text)};
    scratch->protocol = PROTOCOL_JSON_1_1;
    return scratch;
}

bool keep_read(struct arena *a, const struct model *m, const char *shape, const char *text,
               void *out)
{
    struct request *scratch = scratch_request(a, text);
    struct decoder d;
    bool good;

    decoder_init(&d, scratch, m);
    d.arena = a;
    good = json_decode_body(&d, find_shape(m, shape), NULL, out);
    if (!good)
        log_error("what was kept of %s %s can not be read: %s", m->service, shape,
                  scratch->failure.message ? scratch->failure.message : "malformed");
    arena_release(&scratch->arena);
    return good;
}

bool keep_read_xml(struct arena *a, const struct model *m, const char *shape, const char *text,
                   void *out)
{
    struct request *scratch = scratch_request(a, text);
    struct decoder d;
    bool good;

    decoder_init(&d, scratch, m);
    d.arena = a;
    good = xml_decode_body(&d, find_shape(m, shape), out);
    arena_release(&scratch->arena);
    return good;
}
