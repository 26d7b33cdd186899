/*
 * Event streams: see event_stream.h. A message is: total length, length of the headers, CRC32 of
 * these eight bytes, headers, payload, CRC32 of all before it; all numbers big-endian.
 */
#include "server/protocol/event_stream.h"

#include "server/base/digest.h"
#include "server/protocol/cbor.h"
#include "server/protocol/cbor_write.h"
#include "server/protocol/codec.h"
#include "server/protocol/xml.h"

enum { PRELUDE_LEN = 12, TRAILER_LEN = 4 };

static void put_number(struct strbuf *b, uint64_t value, size_t size)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * (size - 1 - i));
    strbuf_add(b, bytes, size);
}

static uint64_t get_number(const uint8_t *p, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | p[i];
    return value;
}

/* Bytes of a value of fixed size; 0 for one that brings its length. */
static size_t fixed_size(enum event_value_type type)
{
    static const size_t sizes[] = {
        [EVENT_BYTE] = 1, [EVENT_SHORT] = 2,     [EVENT_INTEGER] = 4,
        [EVENT_LONG] = 8, [EVENT_TIMESTAMP] = 8, [EVENT_UUID] = 16,
    };

    return sizes[type];
}

static void put_header(struct strbuf *b, const struct event_header *h)
{
    put_number(b, h->name_len, 1);
    strbuf_add(b, h->name, h->name_len);
    put_number(b, h->type, 1);
    if (h->type == EVENT_TRUE || h->type == EVENT_FALSE)
        return;
    if (h->type == EVENT_BYTES || h->type == EVENT_STRING)
        put_number(b, h->bytes.len, 2);
    if (h->type == EVENT_BYTES || h->type == EVENT_STRING || h->type == EVENT_UUID)
        strbuf_add(b, h->bytes.data, h->bytes.len);
    else
        put_number(b, (uint64_t)h->number, fixed_size(h->type));
}

static void set_number(struct strbuf *b, size_t at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        b->data[at + (size_t)i] = (char)(value >> (24 - 8 * i));
}

void event_message_write(struct strbuf *b, const struct event_header *headers, size_t header_count,
                         struct bytes payload)
{
    size_t begin = b->len;

    put_number(b, 0, 8); /* lengths and checksum are known at the end */
    put_number(b, 0, 4);
    for (size_t i = 0; i < header_count; i++)
        put_header(b, &headers[i]);
    size_t headers_len = b->len - begin - PRELUDE_LEN;
    strbuf_add(b, payload.data, payload.len);
    if (b->overflow)
        return;
    set_number(b, begin, (uint32_t)(b->len - begin + TRAILER_LEN));
    set_number(b, begin + 4, (uint32_t)headers_len);
    set_number(b, begin + 8, crc32_of(b->data + begin, 8));
    put_number(b, crc32_of(b->data + begin, b->len - begin), 4);
}

/* Reads one header at *p; false when it does not fit before end. */
static bool read_header(const uint8_t **p, const uint8_t *end, struct event_header *out)
{
    const uint8_t *at = *p;

    if (at == end || (size_t)(end - at) < (size_t)at[0] + 2)
        return false;
    *out = (struct event_header){.name = (const char *)at + 1, .name_len = at[0]};
    at += 1 + out->name_len;
    if (*at > EVENT_UUID)
        return false;
    out->type = *at++;
    size_t size = fixed_size(out->type);
    if (out->type == EVENT_BYTES || out->type == EVENT_STRING) {
        if (end - at < 2)
            return false;
        size = get_number(at, 2);
        at += 2;
    }
    if ((size_t)(end - at) < size)
        return false;
    out->bytes = (struct bytes){at, size};
    if (size > 0 && size <= 8 && out->type != EVENT_BYTES && out->type != EVENT_STRING) {
        /* Shift out what is above the number's own sign bit. */
        int unused = (int)(64 - 8 * size);
        out->number = (int64_t)(get_number(at, size) << unused) >> unused;
    }
    *p = at + size;
    return true;
}

int64_t event_message_read(const void *data, size_t len, struct event_message *out)
{
    const uint8_t *p = data;

    if (len < PRELUDE_LEN)
        return 0;
    uint64_t total = get_number(p, 4), headers_len = get_number(p + 4, 4);
    if (total < PRELUDE_LEN + TRAILER_LEN || total > EVENT_MESSAGE_MAX ||
        headers_len > total - PRELUDE_LEN - TRAILER_LEN || crc32_of(p, 8) != get_number(p + 8, 4))
        return -1;
    if (len < total)
        return 0;
    if (crc32_of(p, total - TRAILER_LEN) != get_number(p + total - TRAILER_LEN, 4))
        return -1;
    const uint8_t *at = p + PRELUDE_LEN;
    const uint8_t *headers_end = at + headers_len;
    out->header_count = 0;
    while (at < headers_end) {
        if (out->header_count == EVENT_HEADERS_MAX ||
            !read_header(&at, headers_end, &out->headers[out->header_count]))
            return -1;
        out->header_count++;
    }
    out->payload = (struct bytes){headers_end, (size_t)(p + total - TRAILER_LEN - headers_end)};
    return (int64_t)total;
}

/* --- payloads --- */

static struct event_header text_header(const char *name, const char *text)
{
    return (struct event_header){
        .name = name,
        .name_len = strlen(name),
        .type = EVENT_STRING,
        .bytes = {(const uint8_t *)text, strlen(text)},
    };
}

static const char *payload_type(const struct request *req)
{
    switch (req->protocol) {
    case PROTOCOL_JSON_1_0:
        return "application/x-amz-json-1.0";
    case PROTOCOL_JSON_1_1:
        return "application/x-amz-json-1.1";
    case PROTOCOL_RPC_V2_CBOR:
        return "application/cbor";
    case PROTOCOL_AMZ_CBOR_1_1:
        return "application/x-amz-cbor-1.1";
    case PROTOCOL_REST_XML:
        return "text/xml";
    default:
        return "application/json";
    }
}

static void encode_structure(struct request *req, const struct model *m, const struct shape *s,
                             const void *value, struct strbuf *b)
{
    if (req->protocol == PROTOCOL_REST_XML) {
        struct xml_out x = {b, &req->arena, m, TIMESTAMP_ISO8601};
        xml_encode_element(&x, NULL, s, model_text(m, s->wire_name ? s->wire_name : s->name),
                           value);
    } else if (req->protocol & (PROTOCOL_RPC_V2_CBOR | PROTOCOL_AMZ_CBOR_1_1)) {
        struct cbor_out c = {b, m, req->protocol == PROTOCOL_AMZ_CBOR_1_1};
        cbor_encode_structure(&c, s, value);
    } else {
        struct jw w;
        jw_init(&w, b);
        json_encode_structure(&w, m, s, value);
    }
}

static void write_structure(struct request *req, const struct event_header *headers,
                            size_t header_count, const struct shape *s, const void *value,
                            struct strbuf *b)
{
    struct strbuf payload = STRBUF_INIT(EVENT_MESSAGE_MAX);

    encode_structure(req, req->service->model, s, value, &payload);
    event_message_write(b, headers, header_count,
                        (struct bytes){(const uint8_t *)payload.data, payload.len});
    strbuf_release(&payload);
}

void event_stream_initial_response(struct request *req, const void *out, struct strbuf *b)
{
    const struct event_header headers[] = {
        text_header(":message-type", "event"),
        text_header(":event-type", "initial-response"),
        text_header(":content-type", payload_type(req)),
    };

    assert(req->operation->output);
    write_structure(req, headers, ARRAY_LEN(headers),
                    shape_at(req->service->model, req->operation->output - 1), out, b);
}

/* A member that travels as a header of its event. */
static struct event_header member_header(struct request *req, const struct model *m,
                                         const struct member *mb, const void *value)
{
    const struct shape *s = member_shape(m, mb);
    struct event_header h = text_header(model_text(m, mb->wire_name), "");

    switch ((enum shape_kind)s->kind) {
    case SHAPE_BOOLEAN:
        h.type = ((const struct maybe_bool *)value)->value ? EVENT_TRUE : EVENT_FALSE;
        break;
    case SHAPE_INTEGER:
        h.type = EVENT_INTEGER;
        h.number = ((const struct maybe_int *)value)->value;
        break;
    case SHAPE_LONG:
        h.type = EVENT_LONG;
        h.number = ((const struct maybe_long *)value)->value;
        break;
    case SHAPE_TIMESTAMP:
        h.type = EVENT_TIMESTAMP;
        h.number = ((const struct maybe_time *)value)->ms;
        break;
    case SHAPE_BLOB:
        h.type = EVENT_BYTES;
        h.bytes = *(const struct bytes *)value;
        break;
    default: {
        const char *text = scalar_to_text(&req->arena, mb, s, TIMESTAMP_ISO8601, value);
        h.bytes = (struct bytes){(const uint8_t *)text, strlen(text)};
    }
    }
    return h;
}

/* The member of the output's event stream with that name. */
static const struct member *event_member(const struct model *m, const struct operation *op,
                                         const char *type)
{
    const struct shape *output = shape_at(m, op->output - 1);

    for (uint32_t i = 0; i < output->member_count; i++) {
        const struct shape *stream = member_shape(m, &first_member(m, output)[i]);
        if (!(stream->flags & SHAPE_EVENT_STREAM))
            continue;
        for (uint32_t j = 0; j < stream->member_count; j++) {
            const struct member *mb = &first_member(m, stream)[j];
            if (str_eq(model_text(m, mb->name), type))
                return mb;
        }
    }
    return NULL;
}

/* What the event's own members add to its headers, and which of them is the payload. */
static const struct member *read_event(struct request *req, const struct model *m,
                                       const struct shape *s, const void *event,
                                       struct event_header *headers, size_t *count)
{
    const struct member *payload = NULL;

    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *mb = &first_member(m, s)[i];
        const void *value = member_value(m, mb, event);
        if (mb->flags & MEMBER_EVENT_PAYLOAD)
            payload = mb;
        else if ((mb->flags & MEMBER_EVENT_HEADER) && value && *count < EVENT_HEADERS_MAX)
            headers[(*count)++] = member_header(req, m, mb, value);
    }
    return payload;
}

void event_stream_event(struct request *req, const char *type, const void *event, struct strbuf *b)
{
    const struct model *m = req->service->model;
    const struct member *mb = event_member(m, req->operation, type);
    struct event_header headers[EVENT_HEADERS_MAX] = {
        text_header(":message-type", "event"),
        text_header(":event-type", type),
    };
    size_t count = 3;

    assert(mb);
    const struct shape *s = member_shape(m, mb);
    const struct member *payload = read_event(req, m, s, event, headers, &count);
    const struct shape *p = payload ? member_shape(m, payload) : s;
    const void *value = payload ? member_value(m, payload, event) : event;
    if (p->kind == SHAPE_STRUCTURE) {
        headers[2] = text_header(":content-type", payload_type(req));
        if (value)
            write_structure(req, headers, count, p, value, b);
        else
            event_message_write(b, headers, count, (struct bytes){NULL, 0});
        return;
    }
    struct bytes bytes = {NULL, 0};
    if (p->kind == SHAPE_BLOB && value)
        bytes = *(const struct bytes *)value;
    else if (value)
        bytes = (struct bytes){*(const uint8_t *const *)value, strlen(*(const char *const *)value)};
    headers[2] = text_header(":content-type",
                             p->kind == SHAPE_BLOB ? "application/octet-stream" : "text/plain");
    event_message_write(b, headers, count, bytes);
}

static void encode_message(const struct request *req, const char *name, const char *message,
                           struct strbuf *b)
{
    struct jw w;

    if (req->protocol & (PROTOCOL_RPC_V2_CBOR | PROTOCOL_AMZ_CBOR_1_1)) {
        cw_map(b, 1);
        cw_text(b, name, strlen(name));
        cw_text(b, message, strlen(message));
        return;
    }
    jw_init(&w, b);
    jw_begin_object(&w);
    jw_member_string(&w, name, message);
    jw_end_object(&w);
}

void event_stream_exception(struct request *req, const struct aws_error *error, const char *message,
                            struct strbuf *b)
{
    const struct event_header headers[] = {
        text_header(":message-type", "exception"),
        text_header(":exception-type", error->name),
        text_header(":content-type", payload_type(req)),
    };
    struct strbuf payload = STRBUF_INIT(EVENT_MESSAGE_MAX);

    encode_message(req, "message", message, &payload);
    event_message_write(b, headers, ARRAY_LEN(headers),
                        (struct bytes){(const uint8_t *)payload.data, payload.len});
    strbuf_release(&payload);
}
