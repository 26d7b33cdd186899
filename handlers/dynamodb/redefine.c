/* See redefine.h. */
#include "handlers/dynamodb/redefine.h"

struct ddb_definition ddb_definition_copy(const struct ddb_definition *d, struct arena *a)
{
    struct ddb_definition copy = *d;

    copy.indexes =
        ARENA_ARRAY(a, struct ddb_index, DDB_LOCAL_INDEXES_MAX + DDB_GLOBAL_INDEXES_MAX + 1);
    for (size_t i = 0; i < d->index_count; i++)
        copy.indexes[i] = d->indexes[i];
    copy.attributes = ARENA_ARRAY(a, struct ddb_key_part, d->attribute_count);
    for (size_t i = 0; i < d->attribute_count; i++)
        copy.attributes[i] = d->attributes[i];
    return copy;
}

enum store_status ddb_redefine(struct ddb_session *s, const struct ddb_table *t,
                               const struct ddb_definition *d)
{
    struct strbuf text = STRBUF_INIT(4 << 20);

    ddb_definition_write(&text, d);
    enum store_status rc = ddb_table_update(s, t->id, text.data, ddb_log_keep_ms(d));
    strbuf_release(&text);
    return rc;
}

enum ddb_begin ddb_redefine_now(struct request *req, const struct ddb_table **t,
                                const struct ddb_definition *d)
{
    struct ddb_session s;
    enum ddb_begin begun = ddb_write_to(req, t, 1, &s);

    if (begun != DDB_BEGUN)
        return begun;
    enum store_status rc = ddb_write_end(&s, ddb_redefine(&s, *t, d));
    ddb_table_changed(req, (*t)->name);
    if (rc == STORE_OK)
        return DDB_BEGUN;
    ddb_fail_store(req, rc);
    return DDB_FAILED;
}
