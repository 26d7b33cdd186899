/*
 * Chooses the codec of a request, and writes what all formats share: status, content type, request
 * id, and the marks by which clients tell errors (W11).
 */
#include "server/protocol/protocol.h"

#include "server/protocol/cbor.h"
#include "server/protocol/cbor_write.h"
#include "server/protocol/codec.h"
#include "server/protocol/query_json.h"
#include "server/protocol/rest.h"

/* What the formats call a request that cannot be read. */
static const struct aws_error malformed_input = {
    .name = "SerializationException",
    .code = "MalformedInput",
    .status = 400,
    .sender_fault = true,
};
static const struct aws_error malformed_xml = {
    .name = "MalformedXML",
    .code = "MalformedXML",
    .status = 400,
    .sender_fault = true,
};

enum { CBOR = PROTOCOL_RPC_V2_CBOR | PROTOCOL_AMZ_CBOR_1_1 };

int protocol_decode(struct request *req, const struct model *m, const struct operation *op,
                    void *in)
{
    struct decoder d;
    bool good;

    if (op->input == 0)
        return 0;
    decoder_init(&d, req, m);
    const struct shape *s = shape_at(m, op->input - 1);
    switch (req->protocol) {
    case PROTOCOL_QUERY:
        d.error = &malformed_input;
        good = query_decode_body(&d, s, in);
        break;
    case PROTOCOL_REST_XML:
        d.error = &malformed_xml;
        good = rest_decode(&d, op, in);
        break;
    case PROTOCOL_REST_JSON:
        good = rest_decode(&d, op, in);
        break;
    case PROTOCOL_RPC_V2_CBOR:
        good = req->body.len == 0 || cbor_decode_body(&d, s, in);
        break;
    case PROTOCOL_AMZ_CBOR_1_1:
        good = cbor_decode_body(&d, s, in);
        break;
    default:
        good = json_decode_body(&d, s, NULL, in);
    }
    return good ? 0 : -1;
}

static const char *content_type_of(const struct request *req)
{
    switch (req->protocol) {
    case PROTOCOL_JSON_1_1:
        return "application/x-amz-json-1.1";
    case PROTOCOL_QUERY:
        return query_wants_json(req) ? "application/json" : "text/xml";
    case PROTOCOL_REST_JSON:
        return "application/json";
    case PROTOCOL_REST_XML:
        return "application/xml";
    case PROTOCOL_RPC_V2_CBOR:
        return "application/cbor";
    case PROTOCOL_AMZ_CBOR_1_1:
        return "application/x-amz-cbor-1.1";
    default:
        return "application/x-amz-json-1.0";
    }
}

/* Headers of every answer, good or bad. */
static void common_headers(struct request *req)
{
    if (*req->request_id)
        response_header(
            req, req->protocol == PROTOCOL_REST_XML ? "x-amz-request-id" : "x-amzn-RequestId",
            req->request_id);
    if (req->protocol == PROTOCOL_RPC_V2_CBOR)
        response_header(req, "smithy-protocol", "rpc-v2-cbor");
}

static void encode_rpc_body(struct request *req, const struct model *m, const struct operation *op,
                            const void *out)
{
    const struct shape *s = op->output ? shape_at(m, op->output - 1) : NULL;

    if (req->protocol == PROTOCOL_QUERY) {
        query_encode(req, m, op, out);
    } else if (!s) {
        return; /* AWS: an operation without output answers with an empty body */
    } else if (req->protocol & CBOR) {
        struct cbor_out c = {&req->response.bytes, m, req->protocol == PROTOCOL_AMZ_CBOR_1_1};
        cbor_encode_structure(&c, s, out);
    } else {
        struct jw w;
        jw_init(&w, &req->response.bytes);
        json_encode_structure(&w, m, s, out);
    }
}

void protocol_encode(struct request *req, const struct model *m, const struct operation *op,
                     const void *out)
{
    common_headers(req);
    if (op->flags & OPERATION_EVENT_OUTPUT)
        response_set_header(req, "Content-Type", "application/vnd.amazon.eventstream");
    if (req->protocol & (PROTOCOL_REST_JSON | PROTOCOL_REST_XML)) {
        rest_encode(req, m, op, out);
        return;
    }
    if (req->response.status == 0)
        req->response.status = 200;
    if (req->response.kind != BODY_NONE)
        return;
    req->response.kind = BODY_BYTES;
    /* RPC v2: an answer without a body has no content type either. */
    if (req->protocol != PROTOCOL_RPC_V2_CBOR || op->output)
        response_header(req, "Content-Type", content_type_of(req));
    encode_rpc_body(req, m, op, out);
}

/* --- errors --- */

/* What is to be said about a failure, found once. */
struct error_view {
    const struct model *m;        /* NULL when routing failed */
    const struct shape *s;        /* the error's shape, NULL when the model has none */
    const struct member *message; /* of s, NULL when it has none */
    const char *code;
    const char *type; /* __type of JSON and CBOR */
};

static const struct shape *error_shape(const struct model *m, const struct aws_error *error)
{
    if (error->shape)
        return shape_at(m, error->shape - 1);
    for (uint16_t i = 0; i < m->shape_count; i++) {
        if ((m->shapes[i].flags & SHAPE_ERROR) &&
            str_eq(model_text(m, m->shapes[i].name), error->name))
            return &m->shapes[i];
    }
    return NULL;
}

static const struct member *message_member(const struct model *m, const struct shape *s)
{
    for (uint32_t i = 0; s && i < s->member_count; i++) {
        const struct member *mb = &first_member(m, s)[i];
        if (strcasecmp(model_text(m, mb->name), "message") == 0 && mb->location == IN_BODY &&
            member_shape(m, mb)->kind == SHAPE_STRING)
            return mb;
    }
    return NULL;
}

static struct error_view view_error(struct request *req)
{
    const struct aws_error *error = req->failure.error;
    const struct model *m = req->service ? req->service->model : NULL;
    struct error_view v = {.m = m, .code = error->code};

    if (m) {
        v.s = error_shape(m, error);
        v.message = message_member(m, v.s);
    }
    if (error->query_code && req->protocol == PROTOCOL_QUERY)
        v.code = error->query_code;
    /* AWS: where an old code lives on beside JSON, the type is the new name and a header has the
     * old code. */
    v.type = m && m->query_compatible ? error->name : error->code;
    return v;
}

static const char *qualified_type(struct request *req, const struct error_view *v)
{
    const char *prefix = NULL;

    if (req->service && req->service->error_type)
        prefix = req->service->error_type(req, req->failure.error);
    if (!prefix)
        return v->type;
    size_t len = strlen(prefix);
    bool has_hash = len > 0 && prefix[len - 1] == '#';
    return arena_printf(&req->arena, "%s%s%s", prefix, has_hash ? "" : "#", v->type);
}

/* AWS: what the framework itself answers is spelt with a capital, what services answer mostly
 * without. */
static const char *message_name(const struct request *req, const struct error_view *v)
{
    if (v->message)
        return model_text(v->m, v->message->wire_name);
    return str_eq(req->failure.error->name, "SerializationException") ||
                   str_eq(req->failure.error->name, "AccessDeniedException")
               ? "Message"
               : "message";
}

static bool has_message(const struct request *req)
{
    return req->failure.message && *req->failure.message;
}

static void encode_json_error(struct request *req, const struct error_view *v)
{
    struct jw w;

    jw_init(&w, &req->response.bytes);
    jw_begin_object(&w);
    jw_member_string(&w, "__type", qualified_type(req, v));
    if (has_message(req))
        jw_member_string(&w, message_name(req, v), req->failure.message);
    if (req->failure.members && v->s)
        json_encode_members(&w, v->m, v->s, req->failure.members, v->message);
    jw_end_object(&w);
}

static void encode_cbor_error(struct request *req, const struct error_view *v)
{
    struct strbuf *b = &req->response.bytes;
    const char *type = qualified_type(req, v);

    cw_map_open(b);
    cw_text(b, "__type", 6);
    cw_text(b, type, strlen(type));
    if (has_message(req)) {
        const char *name = message_name(req, v);
        cw_text(b, name, strlen(name));
        cw_text(b, req->failure.message, strlen(req->failure.message));
    }
    if (req->failure.members && v->s) {
        struct cbor_out c = {b, v->m, req->protocol == PROTOCOL_AMZ_CBOR_1_1};
        cbor_encode_members(&c, v->s, req->failure.members, v->message);
    }
    cw_break(b);
}

static void error_headers(struct request *req, const struct error_view *v)
{
    const struct aws_error *error = req->failure.error;

    if (req->protocol & (PROTOCOL_QUERY | PROTOCOL_REST_XML))
        return;
    /* Never qualified: the SDK for Java takes it before __type, and as it stands. */
    response_header(req, "x-amzn-ErrorType", v->type);
    if (v->m && v->m->query_compatible)
        response_header(req, "x-amzn-query-error",
                        arena_printf(&req->arena, "%s;%s",
                                     error->query_code ? error->query_code : error->code,
                                     error->sender_fault ? "Sender" : "Receiver"));
}

void protocol_encode_error(struct request *req)
{
    const struct error_view v = view_error(req);
    const void *members = req->failure.members;

    req->response.header_count = 0;
    req->response.kind = BODY_BYTES;
    strbuf_clear(&req->response.bytes);
    req->response.status = 0;
    common_headers(req);
    error_headers(req, &v);
    response_header(req, "Content-Type", content_type_of(req));
    for (size_t i = 0; i < req->failure.detail_count; i++)
        if (req->failure.details[i].header)
            response_header(req, req->failure.details[i].name, req->failure.details[i].value);
    if (req->protocol & (PROTOCOL_REST_JSON | PROTOCOL_REST_XML) && v.s && members)
        rest_encode_headers(req, v.m, v.s, members);
    req->response.status = req->failure.error->status ? req->failure.error->status : 400;
    if (req->protocol == PROTOCOL_QUERY)
        query_encode_error(req, v.m, v.code, v.message, v.s, members);
    else if (req->protocol == PROTOCOL_REST_XML)
        rest_xml_encode_error(req, v.m, v.code, v.message, v.s, members);
    else if (req->protocol == PROTOCOL_REST_JSON)
        rest_json_encode_error(req, v.m, message_name(req, &v), v.message, v.s, members);
    else if (req->protocol & CBOR)
        encode_cbor_error(req, &v);
    else
        encode_json_error(req, &v);
}
