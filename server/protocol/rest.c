/*
 * REST requests and answers: what stands in the path, the query, the headers and the status, for
 * REST-JSON and REST-XML alike. What stands in the body is left to the two files of that name.
 */
#include "server/protocol/rest.h"

#include "server/base/encode.h"
#include "server/protocol/uri_template.h"

/* --- decoding --- */

static bool decode_label(struct decoder *d, const struct member *mb, const struct uri_match *match,
                         void *out)
{
    const char *name = model_text(d->m, mb->wire_name);
    size_t len;

    for (size_t i = 0; i < match->count; i++) {
        const struct uri_label *label = &match->labels[i];
        if (strncmp(label->name, name, label->name_len) != 0 || name[label->name_len])
            continue;
        const char *text = url_decode(d->arena, label->raw, label->raw_len, false, &len);
        if (!text)
            return decode_fail(d, "The path holds a broken percent escape");
        return scalar_from_text(d, mb, member_shape(d->m, mb), TIMESTAMP_ISO8601, text, len,
                                (char *)out + mb->offset);
    }
    return true;
}

struct parameter {
    const char *name;
    const char *value;
    size_t value_len;
};

/* The query, decoded once. */
struct query {
    struct parameter *items;
    size_t count;
};

enum { PARAMETERS_MAX = 2048 };

static bool read_query(struct decoder *d, struct query *out)
{
    const char *cursor = d->req->query;
    const char *end = cursor + strlen(cursor);
    struct growing g = {.size = sizeof(struct parameter)};
    struct uri_parameter p;

    while (uri_parameter_next(&cursor, end, &p)) {
        if (g.count == PARAMETERS_MAX)
            return decode_fail(d, "The query has too many parameters");
        struct parameter *item = growing_add(d, &g);
        if (!item)
            return false;
        item->name = url_decode(d->arena, p.name, p.name_len, true, NULL);
        item->value = url_decode(d->arena, p.value, p.value_len, true, &item->value_len);
        if (!item->name || !item->value)
            return decode_fail(d, "The query holds a broken percent escape");
    }
    *out = (struct query){(struct parameter *)(void *)g.items, g.count};
    return true;
}

/* All values of one parameter, as a list. */
static bool decode_query_list(struct decoder *d, const struct query *q, const struct shape *s,
                              const char *name, void *out)
{
    const struct member *mb = first_member(d->m, s);
    const struct shape *element = member_shape(d->m, mb);
    struct growing g = {.size = element->size};

    for (size_t i = 0; i < q->count; i++) {
        const struct parameter *p = &q->items[i];
        if (!str_eq(p->name, name))
            continue;
        void *place = growing_add(d, &g);
        if (!place ||
            !scalar_from_text(d, mb, element, TIMESTAMP_ISO8601, p->value, p->value_len, place))
            return false;
    }
    if (g.count > 0)
        growing_finish(&g, out);
    return true;
}

static bool came_before(const struct query *q, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (str_eq(q->items[i].name, q->items[index].name))
            return true;
    }
    return false;
}

static bool bound_elsewhere(const struct model *m, const struct shape *s, const char *name)
{
    const struct member *members = first_member(m, s);

    for (uint32_t i = 0; i < s->member_count; i++) {
        if (members[i].location == IN_QUERY && member_shape(m, &members[i])->kind != SHAPE_MAP &&
            str_eq(model_text(m, members[i].wire_name), name))
            return true;
    }
    return false;
}

/* AWS: a map in the query takes all parameters that no other member takes. */
static bool decode_query_map(struct decoder *d, const struct query *q, const struct shape *input,
                             const struct shape *s, void *out)
{
    const struct member *mb = first_member(d->m, s) + 1;
    const struct shape *value = member_shape(d->m, mb);
    struct growing g = {.size = map_entry_size(d->m, s)};

    for (size_t i = 0; i < q->count; i++) {
        const struct parameter *p = &q->items[i];
        if (bound_elsewhere(d->m, input, p->name) || came_before(q, i))
            continue;
        char *place = growing_add(d, &g);
        if (!place || !string_from_text(d, p->name, strlen(p->name), (const char **)place))
            return false;
        bool good = value->kind == SHAPE_LIST
                        ? decode_query_list(d, q, value, p->name, place + mb->offset)
                        : scalar_from_text(d, mb, value, TIMESTAMP_ISO8601, p->value, p->value_len,
                                           place + mb->offset);
        if (!good)
            return false;
    }
    if (g.count > 0)
        growing_finish(&g, out);
    return true;
}

static bool decode_query(struct decoder *d, const struct query *q, const struct shape *input,
                         const struct member *mb, void *out)
{
    const struct shape *s = member_shape(d->m, mb);
    const char *name = model_text(d->m, mb->wire_name);
    void *place = (char *)out + mb->offset;

    if (s->kind == SHAPE_LIST)
        return decode_query_list(d, q, s, name, place);
    if (s->kind == SHAPE_MAP)
        return decode_query_map(d, q, input, s, place);
    for (size_t i = 0; i < q->count; i++) {
        const struct parameter *p = &q->items[i];
        if (!str_eq(p->name, name))
            continue;
        /* AWS: a number without a digit is no number (S3's "max-parts="). */
        if (p->value_len == 0 && (s->kind == SHAPE_INTEGER || s->kind == SHAPE_LONG))
            return true;
        return scalar_from_text(d, mb, s, TIMESTAMP_ISO8601, p->value, p->value_len, place);
    }
    return true;
}

/* The next element of a header's list, without the blanks around it; *text moves behind it. */
static bool next_list_item(struct arena *a, const char **text, bool http_dates, const char **out,
                           size_t *out_len)
{
    const char *p = *text;

    p += strspn(p, " \t");
    if (*p == '\0')
        return false;
    if (*p == '"') { /* a quoted string, with \" and \\ inside */
        char *item = arena_alloc(a, strlen(p));
        size_t len = 0;
        for (p++; *p && *p != '"'; p++) {
            if (*p == '\\' && p[1])
                p++;
            item[len++] = *p;
        }
        p += *p == '"';
        *out = item;
        *out_len = len;
        p += strcspn(p, ",");
    } else {
        size_t len = strcspn(p, ",");
        if (http_dates && p[len] == ',') /* Mon, 16 Dec 2019 23:48:18 GMT */
            len += 1 + strcspn(p + len + 1, ",");
        *out = p;
        p += len;
        while (len > 0 && strchr(" \t", (*out)[len - 1]))
            len--;
        *out_len = len;
    }
    *text = *p == ',' ? p + 1 : p;
    return true;
}

static bool decode_header_list(struct decoder *d, const struct shape *s, const char *text,
                               struct growing *g)
{
    const struct member *mb = first_member(d->m, s);
    const struct shape *element = member_shape(d->m, mb);
    bool dates = element->kind == SHAPE_TIMESTAMP &&
                 timestamp_format_of(mb, element, TIMESTAMP_HTTP) == TIMESTAMP_HTTP;
    const char *item;
    size_t len;

    while (next_list_item(d->arena, &text, dates, &item, &len)) {
        void *place = growing_add(d, g);
        if (!place || !scalar_from_text(d, mb, element, TIMESTAMP_HTTP, item, len, place))
            return false;
    }
    return true;
}

static bool decode_json_header(struct decoder *d, const char *text, void *out)
{
    struct bytes json;
    struct jr r;

    if (!blob_from_base64(d->arena, text, strlen(text), &json))
        return decode_fail(d, "A header is not valid base64");
    jr_init(&r, json.data, json.len, d->arena, PROTOCOL_DEPTH_MAX);
    if (!jr_skip(&r, NULL) || !jr_finish(&r))
        return decode_fail(d, "A header is not valid JSON");
    return string_from_text(d, (const char *)json.data, json.len, out);
}

static bool decode_header(struct decoder *d, const struct member *mb, void *out)
{
    const struct shape *s = member_shape(d->m, mb);
    const char *name = model_text(d->m, mb->wire_name);
    void *place = (char *)out + mb->offset;
    struct growing g = {0};

    if (s->kind == SHAPE_LIST)
        g.size = member_shape(d->m, first_member(d->m, s))->size;
    for (size_t i = 0; i < d->req->header_count; i++) {
        const struct header *h = &d->req->headers[i];
        if (strcasecmp(h->name, name) != 0)
            continue;
        if (mb->flags & MEMBER_JSON_VALUE)
            return decode_json_header(d, h->value, place);
        if (s->kind != SHAPE_LIST)
            return scalar_from_text(d, mb, s, TIMESTAMP_HTTP, h->value, strlen(h->value), place);
        if (!decode_header_list(d, s, h->value, &g))
            return false;
    }
    if (g.count > 0)
        growing_finish(&g, place);
    return true;
}

static bool decode_header_map(struct decoder *d, const struct member *mb, void *out)
{
    const struct shape *s = member_shape(d->m, mb);
    const struct member *value = first_member(d->m, s) + 1;
    const char *prefix = model_text(d->m, mb->wire_name);
    size_t prefix_len = strlen(prefix);
    struct growing g = {.size = map_entry_size(d->m, s)};

    for (size_t i = 0; i < d->req->header_count; i++) {
        const struct header *h = &d->req->headers[i];
        if (strncasecmp(h->name, prefix, prefix_len) != 0)
            continue;
        char *place = growing_add(d, &g);
        if (!place || !scalar_from_text(d, value, member_shape(d->m, value), TIMESTAMP_HTTP,
                                        h->value, strlen(h->value), place + value->offset))
            return false;
        *(const char **)place = h->name + prefix_len;
    }
    if (g.count > 0)
        growing_finish_map(d, &g, (char *)out + mb->offset);
    return true;
}

static const struct rest_body *body_of(const struct request *req)
{
    return req->protocol == PROTOCOL_REST_XML ? &rest_xml_body : &rest_json_body;
}

static bool decode_payload(struct decoder *d, const struct member *mb, void *out)
{
    const struct shape *s = member_shape(d->m, mb);
    struct bytes body = d->req->body;

    if (body.len == 0 || (s->flags & SHAPE_EVENT_STREAM))
        return true;
    if (s->kind == SHAPE_BLOB) {
        *(struct bytes *)((char *)out + mb->offset) = body;
        return true;
    }
    if (s->kind == SHAPE_STRING)
        return string_from_text(d, (const char *)body.data, body.len,
                                (const char **)((char *)out + mb->offset));
    void *place = member_place(d, mb, out);
    return place && body_of(d->req)->decode(d, s, mb, place);
}

static bool has_body_members(const struct model *m, const struct shape *s, bool of_answer)
{
    const struct member *members = first_member(m, s);

    for (uint32_t i = 0; i < s->member_count; i++) {
        bool in_body = of_answer ? encoded_in_body(&members[i]) : members[i].location == IN_BODY;
        if (in_body && !(member_shape(m, &members[i])->flags & SHAPE_EVENT_STREAM))
            return true;
    }
    return false;
}

bool rest_decode(struct decoder *d, const struct operation *op, void *out)
{
    const struct shape *s = shape_at(d->m, op->input - 1);
    const struct member *members = first_member(d->m, s);
    struct uri_match match = {.count = 0};
    struct query query = {NULL, 0};

    if (!read_query(d, &query))
        return false;
    uri_template_match(model_text(d->m, op->uri), request_resource(d->req), d->req->query, &match);
    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *mb = &members[i];
        bool good = true;
        if (mb->location == IN_URI)
            good = decode_label(d, mb, &match, out);
        else if (mb->location == IN_QUERY)
            good = decode_query(d, &query, s, mb, out);
        else if (mb->location == IN_HEADER)
            good = decode_header(d, mb, out);
        else if (mb->location == IN_HEADERS)
            good = decode_header_map(d, mb, out);
        if (!good)
            return false;
    }
    if (s->payload_member)
        return decode_payload(d, &members[s->payload_member - 1], out);
    if (d->req->body.len == 0 || !has_body_members(d->m, s, false))
        return true;
    return body_of(d->req)->decode(d, s, NULL, out);
}

/* --- encoding --- */

/* A value from a document may hold line ends, which would begin a header of their own. */
static const char *header_safe(struct arena *a, const char *text)
{
    if (!text[strcspn(text, "\r\n")])
        return text;
    char *copy = arena_strdup(a, text);
    for (char *p = copy; *p; p++) {
        if (*p == '\r' || *p == '\n')
            *p = ' ';
    }
    return copy;
}

static const char *list_item_text(struct arena *a, const struct member *mb, const struct shape *s,
                                  const void *value)
{
    const char *text = scalar_to_text(a, mb, s, TIMESTAMP_HTTP, value);
    struct strbuf quoted = STRBUF_INIT(1 << 20);

    if (s->kind != SHAPE_STRING || !text[strcspn(text, ",\"")])
        return text;
    strbuf_add_char(&quoted, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            strbuf_add_char(&quoted, '\\');
        strbuf_add_char(&quoted, *p);
    }
    strbuf_add_char(&quoted, '"');
    text = arena_strndup(a, quoted.data, quoted.len);
    strbuf_release(&quoted);
    return text;
}

static const char *list_text(struct arena *a, const struct model *m, const struct shape *s,
                             const struct sequence *list)
{
    const struct member *mb = first_member(m, s);
    const struct shape *element = member_shape(m, mb);
    struct strbuf b = STRBUF_INIT(1 << 20);

    for (size_t i = 0; i < list->count; i++) {
        const void *value = (const char *)list->items + i * element->size;
        if (!value_present(m, element, value))
            continue;
        if (b.len > 0)
            strbuf_add(&b, ", ", 2);
        strbuf_add_text(&b, list_item_text(a, mb, element, value));
    }
    const char *text = arena_strndup(a, b.len ? b.data : "", b.len);
    strbuf_release(&b);
    return text;
}

static void encode_header(struct request *req, const struct model *m, const struct member *mb,
                          const void *value)
{
    const struct shape *s = member_shape(m, mb);
    const char *text;

    if (mb->flags & MEMBER_JSON_VALUE) {
        const char *json = *(const char *const *)value;
        struct bytes bytes = {(const uint8_t *)json, strlen(json)};
        char *encoded = arena_alloc(&req->arena, BASE64_LEN(bytes.len) + 1);
        base64_encode(bytes.data, bytes.len, encoded);
        text = encoded;
    } else if (s->kind == SHAPE_LIST) {
        text = list_text(&req->arena, m, s, value);
    } else {
        text = scalar_to_text(&req->arena, mb, s, TIMESTAMP_HTTP, value);
    }
    response_set_header(req, model_text(m, mb->wire_name), header_safe(&req->arena, text));
}

static void encode_header_map(struct request *req, const struct model *m, const struct member *mb,
                              const struct sequence *map)
{
    const struct shape *s = member_shape(m, mb);
    const struct member *value = first_member(m, s) + 1;
    size_t size = map_entry_size(m, s);

    for (size_t i = 0; i < map->count; i++) {
        const char *name = arena_printf(&req->arena, "%s%s", model_text(m, mb->wire_name),
                                        map_entry_key(map, size, i));
        const void *v = map_entry_value(value, map, size, i);
        if (!value_present(m, member_shape(m, value), v))
            continue;
        const char *text =
            scalar_to_text(&req->arena, value, member_shape(m, value), TIMESTAMP_HTTP, v);
        response_header(req, header_safe(&req->arena, name), header_safe(&req->arena, text));
    }
}

void rest_encode_headers(struct request *req, const struct model *m, const struct shape *s,
                         const void *value)
{
    const struct member *members = first_member(m, s);

    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *mb = &members[i];
        if (mb->location != IN_HEADER && mb->location != IN_HEADERS && mb->location != IN_STATUS)
            continue;
        const void *v = member_value(m, mb, value);
        if (!v)
            continue;
        if (mb->location == IN_HEADER)
            encode_header(req, m, mb, v);
        else if (mb->location == IN_HEADERS)
            encode_header_map(req, m, mb, v);
        else if (req->response.status == 0)
            req->response.status = (uint16_t)((const struct maybe_int *)v)->value;
    }
}

static bool has_header(const struct request *req, const char *name)
{
    for (size_t i = 0; i < req->response.header_count; i++) {
        if (strcasecmp(req->response.headers[i].name, name) == 0)
            return true;
    }
    return false;
}

static void content_type(struct request *req, const char *type)
{
    if (!has_header(req, "Content-Type"))
        response_header(req, "Content-Type", type);
}

static void encode_payload(struct request *req, const struct model *m, const struct member *mb,
                           const void *out)
{
    const struct shape *s = member_shape(m, mb);
    const void *value = member_value(m, mb, out);

    if (!value)
        return;
    if (s->kind == SHAPE_BLOB) {
        const struct bytes *blob = value;
        content_type(req, "application/octet-stream");
        strbuf_add(&req->response.bytes, blob->data, blob->len);
    } else if (s->kind == SHAPE_STRING) {
        content_type(req, "text/plain");
        strbuf_add_text(&req->response.bytes, *(const char *const *)value);
    } else {
        content_type(req, body_of(req)->content_type);
        body_of(req)->encode(req, m, s, mb, value);
    }
}

void rest_encode(struct request *req, const struct model *m, const struct operation *op,
                 const void *out)
{
    const struct shape *s = op->output ? shape_at(m, op->output - 1) : NULL;
    bool bodiless;

    if (s)
        rest_encode_headers(req, m, s, out);
    if (req->response.status == 0)
        req->response.status = op->status ? op->status : 200;
    bodiless = req->response.status == 204 || req->response.status == 304;
    if (req->response.kind != BODY_NONE) {
        content_type(req, "application/octet-stream");
        return;
    }
    req->response.kind = BODY_BYTES;
    if (!s || bodiless)
        return;
    if (s->payload_member) {
        encode_payload(req, m, &first_member(m, s)[s->payload_member - 1], out);
    } else if (has_body_members(m, s, true)) {
        content_type(req, body_of(req)->content_type);
        body_of(req)->encode(req, m, s, NULL, out);
    }
}
