/*
 * Expressions of every kind, parsed and run on an item. The first byte chooses the grammar, the
 * rest is the text. An update that succeeds must leave an item that can be stored and read.
 */
#include "handlers/dynamodb/expr.h"
#include "handlers/dynamodb/key_condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char item_text[] = "{\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"text\"},\"l\":{\"L\":[{\"N\":"
                                "\"1\"},{\"M\":{\"x\":{\"L\":[{\"S\":\"y\"}]}}},"
                                "{\"SS\":[\"p\",\"q\"]}]},\"m\":{\"M\":{\"n\":{\"M\":{\"o\":{"
                                "\"BOOL\":true}}},\"s\":{\"NS\":[\"1\",\"2\"]}}},"
                                "\"z\":{\"NULL\":true},\"bin\":{\"B\":\"AAEC\"}}";
static const char values_text[] = "{\":n\":{\"N\":\"5\"},\":s\":{\"S\":\"t\"},\":l\":{\"L\":[{"
                                  "\"N\":\"9\"}]},\":ss\":{\"SS\":[\"p\"]},"
                                  "\":m\":{\"M\":{\"k\":{\"S\":\"v\"}}},\":b\":{\"B\":\"AAE=\"},\":"
                                  "t\":{\"S\":\"SS\"},\":ns\":{\"NS\":[\"2\"]}}";

static void apply(const struct ddb_update *update, const struct ddb_item *item, struct arena *a)
{
    struct strbuf text = STRBUF_INIT(1 << 24);
    struct ddb_item after;
    struct ddb_item back;

    if (ddb_update_apply(update, item, a, &after) != NULL)
        return;
    ddb_members_write(&text, after.members, after.count);
    if (!ddb_item_parse((struct ddb_text){text.data, text.len}, a, &back) ||
        !ddb_members_equal(after.members, after.count, back.members, back.count))
        abort();
    strbuf_release(&text);
}

static void run(uint8_t grammar, struct ddb_names *n, const char *text, const struct ddb_item *item)
{
    struct ddb_key_conditions conditions = {0};
    struct ddb_expr *condition = NULL;
    struct ddb_update update;
    struct ddb_paths paths;

    switch (grammar % 4) {
    case 0:
        if (ddb_condition_parse(n, text, &condition) == NULL)
            ddb_condition_holds(condition, item, n->arena);
        break;
    case 1:
        if (ddb_update_parse(n, text, &update) == NULL)
            apply(&update, item, n->arena);
        break;
    case 2:
        if (ddb_projection_parse(n, text, &paths) == NULL)
            ddb_project(&paths, item, n->arena);
        break;
    default:
        if (ddb_condition_parse(n, text, &condition) == NULL)
            ddb_key_conditions_of(condition, &conditions, n->arena);
        break;
    }
    ddb_names_unused(n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dynamodb_ExpressionAttributeNameMap_entry entries[] = {
        {"#a", "a"}, {"#l", "l"}, {"#r", "status"}};
    struct dynamodb_ExpressionAttributeNameMap names = {entries, ARRAY_LEN(entries)};
    struct ddb_item item;
    struct ddb_item values;
    struct ddb_names n;
    struct arena a;

    if (size == 0)
        return 0;
    arena_init(&a);
    if (!ddb_item_parse(ddb_text_of(item_text), &a, &item) ||
        !ddb_item_parse(ddb_text_of(values_text), &a, &values) ||
        ddb_names_init(&n, &a, &names, &values) != NULL)
        abort();
    run(data[0], &n, arena_strndup(&a, (const char *)data + 1, size - 1), &item);
    arena_release(&a);
    return 0;
}
