/* JSON requests: whatever is accepted must come out of the encoder so that it decodes to the same
 * again. */
#include "tests/fuzz/fuzz.h"

#include "gen/dynamodb.h"
#include "gen/kinesis.h"
#include "server/protocol/codec.h"

static void encode(struct request_fixture *f, const void *in, struct strbuf *b)
{
    struct jw w;

    jw_init(&w, b);
    json_encode_structure(&w, f->service.model,
                          shape_at(f->service.model, f->req.operation->input - 1), in);
}

static void round_trip(struct request_fixture *f, const void *in)
{
    struct strbuf first = STRBUF_INIT(64 << 20), second = STRBUF_INIT(64 << 20);

    encode(f, in, &first);
    const void *again = fixture_decode(f, first.data, first.len);
    if (!again)
        abort();
    encode(f, again, &second);
    if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
        abort();
    strbuf_release(&first);
    strbuf_release(&second);
}

static void fuzz_model(const struct model *m, enum json_words words, const uint8_t *data,
                       size_t size)
{
    struct request_fixture f;

    if (!fuzz_open(&f, m, PROTOCOL_JSON_1_1, &data, &size))
        return;
    f.service.json_words = words;
    const void *in = fixture_decode(&f, data, size);
    if (!in)
        fuzz_answer_failure(&f);
    else if (f.req.operation->input)
        round_trip(&f, in);
    fixture_close(&f);
}

static void fuzz_reader(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct jr_text raw;
    struct jr r;

    arena_init(&arena);
    jr_init(&r, data, size, &arena, 64);
    if (jr_skip(&r, &raw) && jr_finish(&r)) {
        jr_init(&r, raw.data, raw.len, &arena, 64);
        if (!jr_skip(&r, NULL) || !jr_finish(&r))
            abort();
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_model(&kinesis_model, JSON_WORDS_CLASSES, data, size);
    fuzz_model(&dynamodb_model, JSON_WORDS_DYNAMODB, data, size);
    fuzz_reader(data, size);
    return 0;
}
