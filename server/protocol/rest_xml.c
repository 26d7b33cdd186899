/* The bodies of REST-XML (S3), in answers and errors. */
#include "server/protocol/rest.h"

#include "server/protocol/xml.h"
#include "server/protocol/xml_write.h"
#include "server/service.h"

static bool decode(struct decoder *d, const struct shape *s, const struct member *payload,
                   void *out)
{
    (void)payload;
    if (s->kind != SHAPE_STRUCTURE)
        return decode_fail(d, "%s can not be read from XML", model_text(d->m, s->name));
    return xml_decode_body(d, s, out);
}

static enum timestamp_format times_of(const struct request *req)
{
    return req->service->xml_times_with_ms ? TIMESTAMP_ISO8601_MS : TIMESTAMP_ISO8601;
}

static void encode(struct request *req, const struct model *m, const struct shape *s,
                   const struct member *payload, const void *value)
{
    struct strbuf *b = &req->response.bytes;
    struct xml_out x = {b, &req->arena, m, times_of(req)};
    const char *root = model_text(m, s->wire_name ? s->wire_name : s->name);

    if (payload && !s->wire_name && !str_eq(model_text(m, payload->wire_name), ""))
        root = model_text(m, payload->wire_name);
    xml_declaration(b);
    if (payload || s->xml_namespace || !*m->xml_namespace) {
        xml_encode_element(&x, payload, s, root, value);
        return;
    }
    xml_open_begin(b, root);
    xml_attribute(b, "xmlns", m->xml_namespace);
    xml_open_end(b);
    xml_encode_members(&x, s, value, NULL);
    xml_close(b, root);
}

const struct rest_body rest_xml_body = {
    .content_type = "application/xml",
    .decode = decode,
    .encode = encode,
};

void rest_xml_encode_error(struct request *req, const struct model *m, const char *code,
                           const struct member *message, const struct shape *s, const void *members)
{
    struct strbuf *b = &req->response.bytes;
    struct xml_out x = {b, &req->arena, m, times_of(req)};

    xml_declaration(b);
    xml_open(b, "Error");
    xml_element(b, "Code", code);
    if (req->failure.message)
        xml_message(b, req->failure.message);
    if (members && s)
        xml_encode_members(&x, s, members, message);
    for (size_t i = 0; i < req->failure.detail_count; i++)
        if (!req->failure.details[i].header)
            xml_element(b, req->failure.details[i].name, req->failure.details[i].value);
    xml_element(b, "RequestId", req->request_id);
    if (req->id_2)
        xml_element(b, "HostId", req->id_2);
    xml_close(b, "Error");
}
