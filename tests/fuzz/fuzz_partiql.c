/* Statements of PartiQL: what is read must be expressions that the other operations can read. */
#include "handlers/dynamodb/partiql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_update(const struct partiql_statement *st, struct arena *a)
{
    struct dynamodb_ExpressionAttributeNameMap names = partiql_names(st, &st->update, NULL, a);
    struct ddb_item values = partiql_values(st, &st->update, NULL, a);
    struct ddb_names known;
    struct ddb_update update;

    if (ddb_names_init(&known, a, &names, &values) == NULL &&
        ddb_update_parse(&known, st->update.text, &update) == NULL && ddb_names_unused(&known))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ddb_attribute given[] = {{.value = {.type = DDB_S, .text = {"text", 4}}},
                                           {.value = {.type = DDB_N, .text = {"5", 1}}}};
    const struct dynamodb_PreparedStatementParameters parameters = {
        .items = given, .count = size > 0 ? data[0] % (ARRAY_LEN(given) + 1) : 0};
    struct partiql_statement st;
    struct arena a;

    if (size == 0)
        return 0;
    arena_init(&a);
    if (partiql_parse(&a, arena_strndup(&a, (const char *)data + 1, size - 1), &parameters, &st) ==
            NULL &&
        st.kind == PARTIQL_UPDATE)
        check_update(&st, &a);
    arena_release(&a);
    return 0;
}
