/*
 * The aws-chunked decoder: whatever the input and wherever it is cut, the outcome is the same, the
 * runs of payload lie inside the input, and no more comes out than the chunks' sizes say.
 *
 * The first byte says where the input is cut and whether signatures are checked.
 */
#include "server/base/strbuf.h"
#include "server/protocol/aws_chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct auth_chunk_seed seed = {
    .signing_key = {1, 2, 3},
    .timestamp = "20130524T000000Z",
    .scope = "20130524/us-east-1/s3/aws4_request",
    .signature = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
};

static enum aws_chunked_status decode(const uint8_t *data, size_t size, size_t step, bool check,
                                      struct strbuf *out)
{
    struct aws_chunked_options options = {.decoded_length = size % 3 ? -1 : (int64_t)size,
                                          .seed = check ? &seed : NULL};
    enum aws_chunked_status status = AWS_CHUNKED_OK;
    struct arena arena;
    struct aws_chunked *d;
    size_t count;

    arena_init(&arena);
    d = aws_chunked_new(&arena, &options);
    for (size_t at = 0; at < size && !status; at += step) {
        const uint8_t *next = data + at;
        size_t len = MIN(step, size - at);

        while (len > 0 && !status) {
            struct bytes run;

            status = aws_chunked_next(d, &next, &len, &run);
            if (run.len && (run.data < data || run.data + run.len > data + size))
                abort();
            strbuf_add(out, run.data, run.len);
        }
    }
    if (!status)
        status = aws_chunked_finish(d);
    for (const struct header *t = aws_chunked_trailers(d, &count); count > 0; count--, t++)
        if (strlen(t->name) + strlen(t->value) > AWS_CHUNKED_LINE_MAX)
            abort();
    arena_release(&arena);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf whole = STRBUF_INIT(1 << 20);
    struct strbuf cut = STRBUF_INIT(1 << 20);
    bool check;
    size_t step;

    if (size < 2)
        return 0;
    check = data[0] & 1;
    step = 1 + (data[0] >> 1);
    if (decode(data + 1, size - 1, size, check, &whole) !=
            decode(data + 1, size - 1, step, check, &cut) ||
        whole.len != cut.len || (whole.len && memcmp(whole.data, cut.data, cut.len) != 0))
        abort();
    strbuf_release(&whole);
    strbuf_release(&cut);
    return 0;
}
