/* Paths, queries and headers of REST requests: the first line is the path, the second the query,
 * then header lines up to an empty one, then the body. */
#include "tests/fuzz/fuzz.h"

#include "gen/lambda.h"
#include "gen/s3.h"
#include "server/protocol/uri_template.h"

enum { HEADERS_MAX = 16 };

static void read_headers(struct request_fixture *f, struct header *headers, const uint8_t **data,
                         size_t *size)
{
    f->req.headers = headers;
    while (*size > 0 && f->req.header_count < HEADERS_MAX) {
        const char *line = fuzz_line(f, data, size);
        size_t len = strcspn(line, ":");
        if (*line == '\0')
            break;
        headers[f->req.header_count++] = (struct header){arena_strndup(&f->req.arena, line, len),
                                                         line[len] ? line + len + 1 : line + len};
    }
}

static void fuzz_model(const struct model *m, enum protocol_kind protocol, const uint8_t *data,
                       size_t size)
{
    struct header headers[HEADERS_MAX];
    struct request_fixture f;

    if (!fuzz_open(&f, m, protocol, &data, &size))
        return;
    f.req.path = fuzz_line(&f, &data, &size);
    f.req.query = fuzz_line(&f, &data, &size);
    read_headers(&f, headers, &data, &size);
    for (uint16_t i = 0; i < m->operation_count; i++)
        uri_template_match(model_text(m, m->operations[i].uri), f.req.path, f.req.query, NULL);
    if (!fixture_decode(&f, data, size))
        fuzz_answer_failure(&f);
    fixture_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_model(&lambda_model, PROTOCOL_REST_JSON, data, size);
    fuzz_model(&s3_model, PROTOCOL_REST_XML, data, size);
    return 0;
}
