/*
 * Statements about one item: the key that WHERE names, and the put, update or delete that a
 * statement means.
 */
#include "handlers/dynamodb/partiql.h"

/* --- placeholders --- */

static bool within(size_t i, size_t from, size_t to)
{
    return i >= from && i < to;
}

static bool uses_name(const struct partiql_text *text, size_t i)
{
    return text != NULL && text->text != NULL && within(i, text->names_from, text->names_to);
}

static bool uses_value(const struct partiql_text *text, size_t i)
{
    return text != NULL && text->text != NULL && within(i, text->values_from, text->values_to);
}

struct dynamodb_ExpressionAttributeNameMap partiql_names(const struct partiql_statement *st,
                                                         const struct partiql_text *a,
                                                         const struct partiql_text *b,
                                                         struct arena *arena)
{
    struct dynamodb_ExpressionAttributeNameMap out = {0};

    for (size_t i = 0; i < st->names.count; i++) {
        if (!uses_name(a, i) && !uses_name(b, i))
            continue;
        if (out.items == NULL)
            out.items = ARENA_ARRAY(arena, struct dynamodb_ExpressionAttributeNameMap_entry,
                                    st->names.count + 1);
        out.items[out.count++] = st->names.items[i];
    }
    return out;
}

struct ddb_item partiql_values(const struct partiql_statement *st, const struct partiql_text *a,
                               const struct partiql_text *b, struct arena *arena)
{
    struct ddb_item out = {0};

    for (size_t i = 0; i < st->values.count; i++) {
        if (!uses_value(a, i) && !uses_value(b, i))
            continue;
        if (out.members == NULL)
            out.members = ARENA_ARRAY(arena, struct ddb_member, st->values.count);
        out.members[out.count++] = st->values.members[i];
        out.set = true;
    }
    return out;
}

const char *partiql_return_values(enum partiql_returning returning)
{
    static const char *const words[] = {[PARTIQL_ALL_OLD] = "ALL_OLD",
                                        [PARTIQL_MODIFIED_OLD] = "UPDATED_OLD",
                                        [PARTIQL_ALL_NEW] = "ALL_NEW",
                                        [PARTIQL_MODIFIED_NEW] = "UPDATED_NEW"};

    return words[returning];
}

/* --- the key --- */

static bool names_key(const struct partiql_conjunct *c, const struct ddb_key_schema *schema,
                      const struct ddb_item *key)
{
    return c->value != NULL && ddb_schema_has(schema, c->name) &&
           ddb_item_find(key, c->name) == NULL;
}

const char *partiql_key(const struct partiql_statement *st, const struct ddb_table *t,
                        struct arena *a, struct ddb_item *out_key, bool *out_more)
{
    const struct ddb_key_schema *schema = &t->definition.key;

    *out_key = (struct ddb_item){.members = ARENA_ARRAY(a, struct ddb_member, 2), .set = true};
    *out_more = false;
    for (size_t i = 0; i < st->conjunct_count; i++) {
        const struct partiql_conjunct *c = &st->conjuncts[i];
        if (names_key(c, schema, out_key))
            out_key->members[out_key->count++] = (struct ddb_member){c->name, *c->value};
        else
            *out_more = true;
    }
    if (out_key->count < (size_t)schema->hash_count + schema->range_count)
        return "Where clause does not contain a mandatory equality on all key attributes";
    return NULL;
}

const struct ddb_table *partiql_table(struct request *req, const struct partiql_statement *st)
{
    const struct ddb_table *t = ddb_table_get(req, st->table);

    if (t != NULL && st->index != NULL && st->kind != PARTIQL_SELECT) {
        ddb_invalid(req, "This operation is not supported on an index");
        return NULL;
    }
    return t;
}

static int find_key(struct request *req, const struct partiql_statement *st,
                    struct ddb_item *out_key, bool *out_more)
{
    const struct ddb_table *t = partiql_table(req, st);
    const char *problem;

    if (t == NULL)
        return -1;
    problem = partiql_key(st, t, &req->arena, out_key, out_more);
    return problem == NULL ? 0 : ddb_invalid(req, "%s", problem);
}

/* --- what they mean --- */

int partiql_put(struct request *req, const struct partiql_statement *st,
                struct dynamodb_PutItemInput *out)
{
    const struct ddb_table *t = partiql_table(req, st);
    struct dynamodb_ExpressionAttributeNameMap names = {.count = 1};

    if (t == NULL)
        return -1;
    names.items = ARENA_NEW(&req->arena, struct dynamodb_ExpressionAttributeNameMap_entry);
    names.items[0].key = "#key";
    names.items[0].value = arena_strndup(&req->arena, t->definition.key.hash[0].name.data,
                                         t->definition.key.hash[0].name.len);
    *out = (struct dynamodb_PutItemInput){.TableName = st->table,
                                          .Item = st->item,
                                          .ConditionExpression = "attribute_not_exists(#key)",
                                          .ExpressionAttributeNames = names};
    return 0;
}

/* AWS: an update of an item that is not there fails, as its key does not equal what WHERE says. */
int partiql_update(struct request *req, const struct partiql_statement *st,
                   struct dynamodb_UpdateItemInput *out)
{
    struct ddb_item key;
    bool more;

    if (find_key(req, st, &key, &more) != 0)
        return -1;
    *out = (struct dynamodb_UpdateItemInput){
        .TableName = st->table,
        .Key = key,
        .UpdateExpression = st->update.text,
        .ConditionExpression = st->where.text,
        .ExpressionAttributeNames = partiql_names(st, &st->update, &st->where, &req->arena),
        .ExpressionAttributeValues = partiql_values(st, &st->update, &st->where, &req->arena),
        .ReturnValues = partiql_return_values(st->returning),
    };
    return 0;
}

/* A delete of an item that is not there is none, unless WHERE says more than the key. */
int partiql_delete(struct request *req, const struct partiql_statement *st,
                   struct dynamodb_DeleteItemInput *out)
{
    struct partiql_text condition = {0};
    struct ddb_item key;
    bool more;

    if (find_key(req, st, &key, &more) != 0)
        return -1;
    if (more)
        condition = st->where;
    *out = (struct dynamodb_DeleteItemInput){
        .TableName = st->table,
        .Key = key,
        .ConditionExpression = condition.text,
        .ExpressionAttributeNames = partiql_names(st, &condition, NULL, &req->arena),
        .ExpressionAttributeValues = partiql_values(st, &condition, NULL, &req->arena),
        .ReturnValues = partiql_return_values(st->returning),
    };
    return 0;
}

/* --- projections --- */

/* AWS: what has no name of its own is named by its place. */
static struct ddb_text column_name(const struct ddb_path *path, size_t place, struct arena *a)
{
    const struct ddb_step *last = &path->steps[path->count - 1];

    return last->is_index ? ddb_text_of(arena_printf(a, "_%zu", place + 1)) : last->name;
}

struct ddb_item partiql_project(const struct partiql_statement *st, const struct ddb_item *item,
                                struct arena *a)
{
    const struct ddb_paths *paths = &st->projection;
    struct ddb_item out = {.set = true};
    struct ddb_item whole = *item;

    if (paths->count == 0 || !item->set)
        return *item;
    if (whole.members == NULL && whole.json.data != NULL)
        ddb_item_parse(item->json, a, &whole);
    out.members = ARENA_ARRAY(a, struct ddb_member, paths->count);
    for (size_t i = 0; i < paths->count; i++) {
        const struct ddb_value *v = ddb_path_find(&paths->items[i], whole.members, whole.count);
        struct ddb_text name = column_name(&paths->items[i], i, a);
        if (v != NULL && ddb_members_find(out.members, out.count, name) == NULL)
            out.members[out.count++] = (struct ddb_member){name, *v};
    }
    return out;
}
