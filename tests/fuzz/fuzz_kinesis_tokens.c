/* What Kinesis signs and gets back from strangers: receipt handles and shard iterators. What is
 * taken must be what was written. The first byte says which. */
#include "handlers/kinesis/iterator.h"
#include "handlers/kinesis/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t secret[KINESIS_SECRET_LEN] = {7};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kinesis_receipt receipt;
    struct kinesis_iterator it;
    struct arena a;

    if (size == 0)
        return 0;
    arena_init(&a);
    char *text = arena_strndup(&a, (const char *)data + 1, size - 1);
    if (data[0] == 'r') {
        if (kinesis_receipt_parse(text, secret, &receipt) &&
            strcmp(kinesis_receipt_format(&receipt, secret, &a), text) != 0)
            abort();
    } else if (kinesis_iterator_parse(text, secret, &a, &it) &&
               strcmp(kinesis_iterator_format(&it, secret, &a), text) != 0) {
        abort();
    }
    arena_release(&a);
    return 0;
}
