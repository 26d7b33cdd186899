/* Packs as they may come from a damaged disk: the first byte tells how many records there are. What
 * is told of a record must lie where keys and data may be, and never before what came before. */
#include "tests/fuzz/fuzz.h"

#include "storage/kinesis_pack.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* Keys and data are looked at as the store does: after their bounds. */
static void try_record(const struct kinesis_pack_entry *e, const uint8_t *keys, size_t left)
{
    check(e->key < e->key_end && e->data <= e->data_end);
    if (e->key_end > left || e->data_end > left - e->key_end)
        return;
    const char *key = (const char *)keys + e->key;
    if (kinesis_pack_whole(e, key, keys + e->key_end + e->data))
        check(strlen(key) == e->key_end - e->key - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kinesis_pack_entry e = {0};
    size_t count;
    size_t index_len;

    if (size == 0)
        return 0;
    count = data[0];
    index_len = kinesis_pack_head(count, 0);
    data++, size--;
    if (index_len > size)
        return 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t key_end = e.key_end, data_end = e.data_end;
        if (!kinesis_pack_entry(data, i, &e))
            break;
        check(e.key == key_end && e.data == data_end);
        try_record(&e, data + index_len, size - index_len);
    }
    return 0;
}
