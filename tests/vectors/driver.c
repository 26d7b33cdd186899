/*
 * Runs our codecs for vectors.py: one JSON object a line in, one a line out. In:
 *
 *   {"model": "in_json_3", "operation": "Put", "protocol": 1, "do": "decode",
 *    "method": ..., "uri": ..., "headers": [[name, value] ...], "body": base64}         ->
 * {"params": {...}}
 *   {..., "do": "encode", "params": {...}}      -> {"status": 200, "headers": [...], "body":
 * base64}
 *   {..., "do": "error", "error": shape, "params": {...}, "message": text or null}      -> the same
 *
 * and {"failure": code, "message": text} when a request is refused. The models are those that
 * vectors.py made of the suites; models.c, beside them, lists them.
 */
#include "server/base/encode.h"
#include "tests/vectors/values.h"

struct vector_model {
    const char *name;
    const struct model *model;
};
extern const struct vector_model vector_models[];

static const struct model *find_model(const char *name)
{
    for (const struct vector_model *v = vector_models; v->name; v++) {
        if (str_eq(v->name, name))
            return v->model;
    }
    return NULL;
}

static const struct operation *find_operation(const struct model *m, const char *name)
{
    for (uint16_t i = 0; i < m->operation_count; i++) {
        if (str_eq(model_text(m, m->operations[i].name), name))
            return &m->operations[i];
    }
    return NULL;
}

static const char *text_of(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    return text ? text : "";
}

static void fill_request(struct request *req, const json_t *line)
{
    const char *uri = text_of(line, "uri");
    const json_t *headers = json_object_get(line, "headers");
    const char *body = text_of(line, "body");
    size_t path_len = strcspn(uri, "?");

    req->method = text_of(line, "method");
    req->target = uri;
    req->path = arena_strndup(&req->arena, uri, path_len);
    req->query = uri[path_len] ? uri + path_len + 1 : "";
    req->header_count = json_array_size(headers);
    req->headers = ARENA_ARRAY(&req->arena, struct header, MAX(req->header_count, 1));
    for (size_t i = 0; i < req->header_count; i++) {
        const json_t *pair = json_array_get(headers, i);
        req->headers[i].name = json_string_value(json_array_get(pair, 0));
        req->headers[i].value = json_string_value(json_array_get(pair, 1));
    }
    if (!blob_from_base64(&req->arena, body, strlen(body), &req->body))
        abort();
}

static json_t *failure_json(const struct request *req)
{
    return json_pack("{s:s, s:s}", "failure", req->failure.error->code, "message",
                     req->failure.message);
}

static json_t *response_json(const struct request *req)
{
    const struct response *r = &req->response;
    json_t *headers = json_array();
    AUTO_FREE char *body = x_malloc(BASE64_LEN(r->bytes.len) + 1);

    for (size_t i = 0; i < r->header_count; i++)
        json_array_append_new(headers,
                              json_pack("[s, s]", r->headers[i].name, r->headers[i].value));
    base64_encode(r->bytes.data ? r->bytes.data : "", r->bytes.len, body);
    return json_pack("{s:i, s:o, s:s}", "status", r->status, "headers", headers, "body", body);
}

static json_t *decode(struct request *req, const struct model *m, const struct operation *op)
{
    void *in = arena_zalloc(&req->arena, op->input_size);

    if (protocol_decode(req, m, op, in) != 0)
        return failure_json(req);
    if (!op->input)
        return json_pack("{s:{}}", "params");
    return json_pack("{s:o}", "params", value_to_json(m, shape_at(m, op->input - 1), in));
}

static json_t *encode(struct request *req, const struct model *m, const struct operation *op,
                      const json_t *params)
{
    void *out = arena_zalloc(&req->arena, op->output_size);
    struct decoder d;

    decoder_init(&d, req, m);
    if (op->output && !value_from_json(&d, shape_at(m, op->output - 1), params, out))
        return json_pack("{s:s}", "failure", "the result does not fit its shape");
    protocol_encode(req, m, op, out);
    return response_json(req);
}

static json_t *encode_error(struct request *req, const struct model *m, const json_t *line)
{
    const char *name = text_of(line, "error");
    const json_t *message = json_object_get(line, "message");
    const struct aws_error *error = NULL;
    struct decoder d;

    decoder_init(&d, req, m);
    for (uint16_t i = 0; i < m->error_count; i++) {
        if (str_eq(m->errors[i]->name, name))
            error = m->errors[i];
    }
    if (!error)
        return json_pack("{s:s}", "failure", "no such error");
    req->failure.error = error;
    req->failure.message = json_string_value(message);
    if (error->shape) {
        const struct shape *s = shape_at(m, error->shape - 1);
        void *members = arena_zalloc(&req->arena, MAX(s->size, 1));
        if (!value_from_json(&d, s, json_object_get(line, "params"), members))
            return json_pack("{s:s}", "failure", "the error does not fit its shape");
        req->failure.members = members;
    }
    protocol_encode_error(req);
    return response_json(req);
}

static json_t *run(const json_t *line)
{
    const struct model *m = find_model(text_of(line, "model"));
    const struct operation *op = m ? find_operation(m, text_of(line, "operation")) : NULL;
    const char *what = text_of(line, "do");
    const struct service service = {.model = m};
    struct request req = {.service = &service, .operation = op};
    json_t *result;

    if (!op)
        return json_pack("{s:s}", "failure", "no such model or operation");
    arena_init(&req.arena);
    strbuf_init(&req.response.bytes, 1 << 20);
    snprintf(req.request_id, sizeof(req.request_id), "foo-id");
    req.protocol = (unsigned)json_integer_value(json_object_get(line, "protocol"));
    fill_request(&req, line);
    if (str_eq(what, "decode"))
        result = decode(&req, m, op);
    else if (str_eq(what, "encode"))
        result = encode(&req, m, op, json_object_get(line, "params"));
    else
        result = encode_error(&req, m, line);
    strbuf_release(&req.response.bytes);
    arena_release(&req.arena);
    return result;
}

int main(void)
{
    AUTO_FREE char *text = NULL;
    size_t capacity = 0;
    ssize_t len;

    while ((len = getline(&text, &capacity, stdin)) > 0) {
        json_t *line = json_loadb(text, (size_t)len, 0, NULL);
        json_t *result = run(line);
        AUTO_FREE char *out = json_dumps(result, JSON_COMPACT);
        puts(out);
        json_decref(result);
        json_decref(line);
    }
    return 0;
}
