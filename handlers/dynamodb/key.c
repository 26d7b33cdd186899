/* Keys: checks and bytes. See key.h. */
#include "handlers/dynamodb/key.h"

#include "server/base/digest.h"

#define INVALID "One or more parameter values were invalid: "
#define NOT_VALID "One or more parameter values are not valid. "
#define NO_MATCH "The provided key element does not match the schema"
#define EMPTY_KEY "The AttributeValue for a key attribute cannot contain an empty "

static size_t key_size(const struct ddb_value *v)
{
    return v->type == DDB_N ? 0 : v->text.len; /* a number is never too large */
}

static bool is_empty(const struct ddb_value *v)
{
    return (v->type == DDB_S || v->type == DDB_B) && v->text.len == 0;
}

static const char *kind_of(const struct ddb_value *v)
{
    return v->type == DDB_S ? "string" : "binary";
}

const char *ddb_key_value_problem(const struct ddb_key_part *part, const struct ddb_value *v,
                                  bool is_hash, struct arena *a)
{
    if (is_empty(v))
        return arena_printf(a, NOT_VALID EMPTY_KEY "%s value. Key: %s", kind_of(v),
                            part->name.data);
    /* AWS: the missing blank is theirs. */
    if (is_hash && key_size(v) > DDB_HASH_KEY_MAX)
        return INVALID "Size of hashkey has exceeded the maximum size limit of2048 bytes";
    if (!is_hash && key_size(v) > DDB_RANGE_KEY_MAX)
        return INVALID
            "Aggregated size of all range keys has exceeded the size limit of 1024 bytes";
    return NULL;
}

bool ddb_problem_is_empty_key(const char *problem)
{
    return strstr(problem, EMPTY_KEY) != NULL;
}

static const char *key_part_problem(const struct ddb_key_part *part, const struct ddb_item *key,
                                    bool is_hash, struct arena *a)
{
    const struct ddb_value *v = ddb_item_find(key, part->name);

    if (v == NULL || v->type != part->type)
        return NO_MATCH;
    return ddb_key_value_problem(part, v, is_hash, a);
}

const char *ddb_key_problem(const struct ddb_table *t, const struct ddb_item *key, struct arena *a)
{
    const struct ddb_key_schema *schema = &t->definition.key;

    if (key->count != (size_t)schema->hash_count + schema->range_count)
        return NO_MATCH;
    const char *problem = key_part_problem(&schema->hash[0], key, true, a);
    if (problem == NULL && schema->range_count > 0)
        problem = key_part_problem(&schema->range[0], key, false, a);
    return problem;
}

static const char *item_part_problem(const struct ddb_key_part *part, const struct ddb_item *item,
                                     bool is_hash, struct arena *a)
{
    const struct ddb_value *v = ddb_item_find(item, part->name);

    if (v == NULL)
        return arena_printf(a, INVALID "Missing the key %s in the item", part->name.data);
    if (v->type != part->type)
        return arena_printf(a, INVALID "Type mismatch for key %s expected: %s actual: %s",
                            part->name.data, ddb_type_name(part->type), ddb_type_name(v->type));
    return ddb_key_value_problem(part, v, is_hash, a);
}

const char *ddb_item_problem(const struct ddb_table *t, const struct ddb_item *item,
                             struct arena *a)
{
    const struct ddb_key_schema *schema = &t->definition.key;
    const char *problem = item_part_problem(&schema->hash[0], item, true, a);

    if (problem == NULL && schema->range_count > 0)
        problem = item_part_problem(&schema->range[0], item, false, a);
    return problem != NULL ? problem : ddb_index_keys_problem(t, item, NULL, a);
}

/* AWS: a large value is refused in the words of the table's own key. */
static const char *index_value_problem(const struct ddb_index *index,
                                       const struct ddb_key_part *part, const struct ddb_value *v,
                                       bool is_hash, bool updated, struct arena *a)
{
    if (v->type != part->type)
        return arena_printf(
            a, INVALID "Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s",
            part->name.data, ddb_type_name(part->type), ddb_type_name(v->type), index->name);
    if (!is_empty(v))
        return ddb_key_value_problem(part, v, is_hash, a);
    if (updated)
        return arena_printf(a,
                            NOT_VALID
                            "The update expression attempted to update a secondary index key "
                            "to a value that is not supported. " EMPTY_KEY "%s value.",
                            kind_of(v));
    return arena_printf(a,
                        NOT_VALID
                        "A value specified for a secondary index key is not supported. " EMPTY_KEY
                        "%s value. IndexName: %s, IndexKey: %s",
                        kind_of(v), index->name, part->name.data);
}

static const char *index_part_problem(const struct ddb_index *index,
                                      const struct ddb_key_part *part, bool is_hash,
                                      const struct ddb_item *item, const struct ddb_item *before,
                                      struct arena *a)
{
    const struct ddb_value *v = ddb_item_find(item, part->name);
    const struct ddb_value *old = before != NULL ? ddb_item_find(before, part->name) : NULL;

    if (v == NULL || (old != NULL && ddb_value_equal(old, v)))
        return NULL;
    return index_value_problem(index, part, v, is_hash, before != NULL, a);
}

static const char *index_problem(const struct ddb_index *index, const struct ddb_item *item,
                                 const struct ddb_item *before, struct arena *a)
{
    const char *problem = NULL;

    for (int i = 0; i < index->key.hash_count && problem == NULL; i++)
        problem = index_part_problem(index, &index->key.hash[i], true, item, before, a);
    for (int i = 0; i < index->key.range_count && problem == NULL; i++)
        problem = index_part_problem(index, &index->key.range[i], false, item, before, a);
    return problem;
}

const char *ddb_index_keys_problem(const struct ddb_table *t, const struct ddb_item *item,
                                   const struct ddb_item *before, struct arena *a)
{
    const struct ddb_definition *d = &t->definition;
    const char *problem = NULL;
    const char *name = NULL;

    /* AWS: of several the index whose name comes first is told. */
    for (size_t i = 0; i < d->index_count; i++) {
        const char *found = index_problem(&d->indexes[i], item, before, a);
        if (found != NULL && (name == NULL || strcmp(d->indexes[i].name, name) < 0)) {
            problem = found;
            name = d->indexes[i].name;
        }
    }
    return problem;
}

/* --- bytes --- */

static struct bytes part_bytes(const struct ddb_value *v, struct arena *a)
{
    if (v->type != DDB_N)
        return (struct bytes){(const uint8_t *)v->text.data, v->text.len};
    struct ddb_number n = ddb_value_number(v);
    uint8_t *key = arena_alloc(a, DDB_NUMBER_KEY_MAX);
    return (struct bytes){key, ddb_number_key(&n, key)};
}

struct bytes ddb_key_bytes(const struct ddb_value *const *values, size_t count, size_t total,
                           struct arena *a)
{
    static const uint8_t none[1];
    struct bytes parts[DDB_KEY_PARTS_MAX];
    size_t room = 0;

    if (count == 0)
        return (struct bytes){none, 0};
    if (total == 1)
        return part_bytes(values[0], a);
    for (size_t i = 0; i < count; i++) {
        parts[i] = part_bytes(values[i], a);
        room += 2 * parts[i].len + 2;
    }
    uint8_t *out = arena_alloc(a, room);
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < parts[i].len; k++) {
            out[len++] = parts[i].data[k];
            if (parts[i].data[k] == 0)
                out[len++] = 0xff;
        }
        out[len++] = 0;
        out[len++] = 0;
    }
    return (struct bytes){out, len};
}

/* AWS: found by others from the order of its scans. */
static uint32_t hash_of(struct bytes first, struct bytes second)
{
    static const char salt[] = "Outliers";
    enum { SALT_LEN = sizeof(salt) - 1, KEY_MAX = DDB_KEY_PARTS_MAX * (2 * DDB_HASH_KEY_MAX + 2) };
    uint8_t text[SALT_LEN + KEY_MAX];
    uint8_t digest[MD5_LEN];
    size_t len = SALT_LEN;
    size_t more = MIN(first.len, (size_t)KEY_MAX);

    memcpy(text, salt, SALT_LEN);
    memcpy(text + len, first.data, more);
    len += more;
    more = MIN(second.len, sizeof(text) - len);
    memcpy(text + len, second.data, more);
    md5(text, len + more, digest);
    return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 |
           digest[3];
}

uint32_t ddb_key_bucket(struct bytes hash_key)
{
    static const uint8_t none[1];

    return hash_of(hash_key, (struct bytes){none, 0});
}

uint32_t ddb_key_tie(const struct ddb_key *item_key)
{
    return hash_of(item_key->pk, item_key->sk);
}

/* The bytes of the parts, or false when the item lacks one. */
static bool bytes_of(const struct ddb_key_part *parts, size_t count,
                     const struct ddb_member *members, size_t member_count, struct arena *a,
                     struct bytes *out)
{
    const struct ddb_value *values[DDB_KEY_PARTS_MAX];

    for (size_t i = 0; i < count; i++) {
        values[i] = ddb_members_find(members, member_count, parts[i].name);
        if (values[i] == NULL || values[i]->type != parts[i].type || is_empty(values[i]))
            return false;
    }
    *out = ddb_key_bytes(values, count, count, a);
    return true;
}

bool ddb_index_key_of(const struct ddb_key_schema *schema, const struct ddb_member *members,
                      size_t count, struct arena *a, struct ddb_key *out)
{
    if (!bytes_of(schema->hash, schema->hash_count, members, count, a, &out->pk) ||
        !bytes_of(schema->range, schema->range_count, members, count, a, &out->sk))
        return false;
    out->bucket = ddb_key_bucket(out->pk);
    return true;
}

struct ddb_key ddb_key_of(const struct ddb_key_schema *schema, const struct ddb_member *members,
                          size_t count, struct arena *a)
{
    struct ddb_key key = {0};
    bool whole = ddb_index_key_of(schema, members, count, a, &key);

    assert(whole);
    (void)whole;
    return key;
}

/* --- positions --- */

static void add_parts(struct ddb_item *out, const struct ddb_key_part *parts, size_t count,
                      const struct ddb_item *item)
{
    for (size_t i = 0; i < count; i++) {
        const struct ddb_value *v = ddb_item_find(item, parts[i].name);
        if (v != NULL && ddb_item_find(out, parts[i].name) == NULL)
            out->members[out->count++] = (struct ddb_member){parts[i].name, *v};
    }
}

struct ddb_item ddb_position_of(const struct ddb_table *t, const struct ddb_index *index,
                                const struct ddb_item *item, struct arena *a)
{
    const struct ddb_key_schema *schema = &t->definition.key;
    struct ddb_item position = {.set = true};

    position.members = ARENA_ARRAY(a, struct ddb_member, 2 + 2 * DDB_KEY_PARTS_MAX);
    add_parts(&position, schema->hash, schema->hash_count, item);
    add_parts(&position, schema->range, schema->range_count, item);
    if (index != NULL) {
        add_parts(&position, index->key.hash, index->key.hash_count, item);
        add_parts(&position, index->key.range, index->key.range_count, item);
    }
    return position;
}
