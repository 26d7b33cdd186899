/* Forms of the query protocol. */
#include "tests/fuzz/fuzz.h"

#include "gen/iam.h"
#include "gen/sqs.h"
#include "gen/sts.h"

static void fuzz_model(const struct model *m, const uint8_t *data, size_t size)
{
    struct request_fixture f;

    if (!fuzz_open(&f, m, PROTOCOL_QUERY, &data, &size))
        return;
    if (!fixture_decode(&f, data, size))
        fuzz_answer_failure(&f);
    fixture_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_model(&iam_model, data, size);
    fuzz_model(&sts_model, data, size);
    fuzz_model(&sqs_model, data, size);
    return 0;
}
