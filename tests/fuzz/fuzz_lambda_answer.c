/* What functions answer: to batches, to HTTP requests, as errors. */
#include "handlers/lambda/async_record.h"
#include "handlers/lambda/batch_response.h"
#include "handlers/lambda/url.h"
#include "tests/unit/request_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct model lambda_model;

static void check_headers(const struct request *req)
{
    for (size_t i = 0; i < req->response.header_count; i++) {
        if (strpbrk(req->response.headers[i].name, "\r\n") ||
            strpbrk(req->response.headers[i].value, "\r\n"))
            abort(); /* a function could add headers and answers of its own */
    }
}

static void answer(struct bytes returned, bool head)
{
    struct request_fixture f;

    fixture_open_operation(&f, &lambda_model, &lambda_model.operations[0], PROTOCOL_REST_JSON);
    if (head)
        url_answer_head(&f.req, returned);
    else
        url_answer(&f.req, returned);
    if (f.req.response.status < 100 || f.req.response.status > 599)
        abort();
    check_headers(&f.req);
    fixture_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes text = {.data = data, .len = size};
    struct batch_response response;
    struct url_cors cors;
    struct arena a;

    arena_init(&a);
    batch_response_read(&a, text, &response);
    for (size_t i = 0; i < response.failed_count; i++) {
        if (!response.failed[i][0])
            abort();
    }
    async_error_message(&a, (const char *)data, size);
    url_cors_read(&a, arena_strndup(&a, (const char *)data, size), &cors);
    arena_release(&a);
    answer(text, false);
    answer(text, true);
    return 0;
}
