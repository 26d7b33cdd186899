/* Items: what is accepted is stored as text that reads back as the same item and is written the
 * same way. */
#include "handlers/dynamodb/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const struct ddb_item *item, struct arena *a)
{
    struct strbuf first = STRBUF_INIT(64 << 20);
    struct strbuf second = STRBUF_INIT(64 << 20);
    struct ddb_item back;

    ddb_members_write(&first, item->members, item->count);
    if (!ddb_item_parse((struct ddb_text){first.data, first.len}, a, &back))
        abort();
    ddb_members_write(&second, back.members, back.count);
    if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
        abort();
    if (!ddb_members_equal(item->members, item->count, back.members, back.count) ||
        ddb_members_size(item->members, item->count) != ddb_members_size(back.members, back.count))
        abort();
    strbuf_release(&first);
    strbuf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ddb_item item = {0};
    const char *error = NULL;
    struct arena a;
    struct jr r;

    arena_init(&a);
    jr_init(&r, data, size, &a, 128);
    if (dynamodb_item_codec.decode_json(&r, &a, &item, &error) != 0) {
        if (error == NULL)
            abort();
    } else if (item.problem == NULL) {
        check_item(&item, &a);
    }
    arena_release(&a);
    return 0;
}
