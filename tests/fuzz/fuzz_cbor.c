/* CBOR requests in both dialects: what is accepted must survive encoding and decoding. */
#include "tests/fuzz/fuzz.h"

#include "gen/kinesis.h"
#include "gen/logs.h"
#include "server/protocol/cbor.h"
#include "server/protocol/cbor_read.h"

static void encode(struct request_fixture *f, const void *in, struct strbuf *b)
{
    struct cbor_out c = {b, f->service.model, f->req.protocol == PROTOCOL_AMZ_CBOR_1_1};

    cbor_encode_structure(&c, shape_at(f->service.model, f->req.operation->input - 1), in);
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

static void fuzz_model(const struct model *m, enum protocol_kind protocol, const uint8_t *data,
                       size_t size)
{
    struct request_fixture f;

    if (!fuzz_open(&f, m, protocol, &data, &size))
        return;
    const void *in = fixture_decode(&f, data, size);
    if (!in)
        fuzz_answer_failure(&f);
    else if (f.req.operation->input)
        round_trip(&f, in);
    fixture_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct cr r;

    fuzz_model(&kinesis_model, PROTOCOL_AMZ_CBOR_1_1, data, size);
    fuzz_model(&logs_model, PROTOCOL_RPC_V2_CBOR, data, size);
    arena_init(&arena);
    cr_init(&r, data, size, &arena, 64);
    if (cr_skip(&r))
        cr_finish(&r);
    arena_release(&arena);
    return 0;
}
