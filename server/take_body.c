#include "server/take_body.h"

#include "server/app.h"
#include "server/base/encode.h"
#include "server/config.h"
#include "server/protocol/aws_chunked.h"
#include "server/service.h"

static int fail_too_large(struct request *req)
{
    if (req->service && req->service->body_error && req->operation)
        return aws_fail(req, req->service->body_error,
                        "Request must be smaller than %zu bytes for the %s operation",
                        req->body_max, model_text(req->service->model, req->operation->name));
    return aws_fail(req, &aws_RequestEntityTooLarge,
                    "The request body is larger than %zu bytes, the most that is taken here.",
                    req->body_max);
}

/* --- aws-chunked as a body filter --- */

static int push_chunks(struct request *req, struct body_filter *filter, const void *data,
                       size_t len)
{
    const uint8_t *next = data;

    while (len > 0) {
        struct bytes run;
        enum aws_chunked_status status = aws_chunked_next(filter->context, &next, &len, &run);

        if (status)
            return aws_chunked_fail(req, status);
        if (run.len && body_emit(req, filter, run.data, run.len))
            return -1;
    }
    return 0;
}

static int finish_chunks(struct request *req, struct body_filter *filter)
{
    enum aws_chunked_status status = aws_chunked_finish(filter->context);

    req->trailers = aws_chunked_trailers(filter->context, &req->trailer_count);
    return status ? aws_chunked_fail(req, status) : 0;
}

static void add_aws_chunked(struct request *req, const struct auth_result *auth)
{
    const char *length = request_header(req, "x-amz-decoded-content-length");
    struct aws_chunked_options options = {.decoded_length = -1};
    struct body_filter *filter = ARENA_NEW(&req->arena, struct body_filter);
    struct auth_chunk_seed seed;

    if (length && *length && strspn(length, "0123456789") == strlen(length) && strlen(length) < 19)
        options.decoded_length = strtoll(length, NULL, 10);
    if (req->app->config->auth_verify && auth_chunk_seed(req, auth, &seed))
        options.seed = &seed;
    *filter = (struct body_filter){
        .push = push_chunks,
        .finish = finish_chunks,
        .context = aws_chunked_new(&req->arena, &options),
    };
    body_add_filter(req, filter);
}

/* --- the digest of what was signed, taken before gzip is undone --- */

static int push_digest(struct request *req, struct body_filter *filter, const void *data,
                       size_t len)
{
    sha256_update(filter->context, data, len);
    return body_emit(req, filter, data, len);
}

static int finish_digest(struct request *req, struct body_filter *filter)
{
    char *hex = arena_alloc(&req->arena, 2 * SHA256_LEN + 1);
    uint8_t digest[SHA256_LEN];

    sha256_end(TAKE(filter->context), digest);
    hex_encode(digest, sizeof(digest), hex);
    req->body_sha256 = hex;
    return 0;
}

/* Of a body that did not come whole. */
static void free_digest(void *context)
{
    struct body_filter *filter = context;

    if (filter->context)
        sha256_end(filter->context, NULL);
}

static void add_digest(struct request *req)
{
    struct body_filter *filter = ARENA_NEW(&req->arena, struct body_filter);

    *filter = (struct body_filter){
        .push = push_digest, .finish = finish_digest, .context = sha256_begin()};
    arena_defer(&req->arena, free_digest, filter);
    body_add_filter(req, filter);
}

/* --- limits, and what is needed of the above --- */

/* What the head announces; 0: nothing that can be relied on. */
static size_t announced(const struct request *req)
{
    const char *length = request_header(req, "content-length");

    if (!length || strspn(length, "0123456789") != strlen(length))
        return 0;
    return strlen(length) > 18 ? SIZE_MAX : strtoull(length, NULL, 10);
}

/* AWS: S3 stores a gzip body as it came; every other service unpacks it. */
static bool is_packed(const struct request *req)
{
    const char *encoding = request_header(req, "content-encoding");

    return encoding && strcasestr(encoding, "gzip") &&
           !(req->service && req->service->model->protocols & PROTOCOL_REST_XML);
}

int take_body_begin(struct request *req, const struct auth_result *auth)
{
    bool chunked = aws_chunked_is_used(req);

    if (req->service && req->service->body_max)
        req->body_max = req->service->body_max;
    if (!chunked && announced(req) > req->body_max)
        return fail_too_large(req);
    if (chunked)
        add_aws_chunked(req, auth);
    if (is_packed(req)) {
        if (req->app->config->auth_verify)
            add_digest(req);
        body_add_gunzip(req);
    }
    if (!req->body_filters)
        body_expect(req, announced(req));
    return 0;
}

int take_body_check(struct request *req)
{
    if (req->failure.error)
        return -1;
    switch (req->body_state) {
    case BODY_WHOLE:
        return 0;
    case BODY_TOO_LARGE:
        return fail_too_large(req);
    case BODY_MALFORMED:
        return aws_fail(req, &aws_SerializationException,
                        "The request body is not in the encoding that its headers tell of.");
    case BODY_LOST:
        break;
    }
    return aws_fail_internal(req);
}
