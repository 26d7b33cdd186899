/*
 * SELECT: which part of a table or index WHERE limits it to, and pages of that.
 *
 * Where each way through WHERE says what the partition key equals, only those partitions are read,
 * one after the other; else all is. With one partition the conditions on the sort key limit the
 * range, so that Limit counts as AWS counts. All of WHERE is then a filter over the rows.
 */
#include "handlers/common/page_token.h"
#include "handlers/dynamodb/key.h"
#include "handlers/dynamodb/key_condition.h"
#include "handlers/dynamodb/page.h"
#include "handlers/dynamodb/partiql.h"
#include "handlers/dynamodb/request.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

/* Values of the partition key; `all`: WHERE does not say. */
struct partitions {
    const struct ddb_value **items;
    size_t count;
    bool all;
};

struct select {
    struct request *req;
    const struct dynamodb_ExecuteStatementInput *in;
    const struct partiql_statement *st;
    struct ddb_page page;
    struct ddb_page_input input;
    struct ddb_item start;
    struct partitions partitions;
    size_t partition; /* that is read now */
};

/* --- partitions --- */

static const struct partitions everything = {.all = true};

static bool is_attribute(const struct ddb_expr *e, struct ddb_text name)
{
    return e->kind == DDB_PATH && e->path.count == 1 && ddb_text_equal(e->path.steps[0].name, name);
}

static void add_partition(struct partitions *all, const struct ddb_value *v)
{
    for (size_t i = 0; i < all->count; i++)
        if (ddb_value_equal(all->items[i], v))
            return;
    all->items[all->count++] = v;
}

static struct partitions of_values(const struct ddb_expr *e, struct ddb_text key, struct arena *a)
{
    struct partitions out = {.items = ARENA_ARRAY(a, const struct ddb_value *, e->count)};
    size_t path = is_attribute(e->arguments[0], key) ? 0 : 1;

    if (!is_attribute(e->arguments[path], key) || (e->kind == DDB_IN && path != 0))
        return everything;
    for (size_t i = 0; i < e->count; i++) {
        if (i == path)
            continue;
        if (e->arguments[i]->kind != DDB_VALUE)
            return everything;
        add_partition(&out, e->arguments[i]->value);
    }
    return out;
}

static struct partitions either(struct partitions one, struct partitions other, struct arena *a)
{
    struct partitions out = {.items =
                                 ARENA_ARRAY(a, const struct ddb_value *, one.count + other.count)};

    for (size_t i = 0; i < one.count; i++)
        add_partition(&out, one.items[i]);
    for (size_t i = 0; i < other.count; i++)
        add_partition(&out, other.items[i]);
    return out;
}

// NOLINTNEXTLINE(misc-no-recursion)
static struct partitions find_partitions(const struct ddb_expr *e, struct ddb_text key,
                                         struct arena *a)
{
    if (e == NULL)
        return everything;
    if (e->kind == DDB_EQ || e->kind == DDB_IN)
        return of_values(e, key, a);
    if (e->kind != DDB_AND && e->kind != DDB_OR)
        return everything;
    struct partitions one = find_partitions(e->arguments[0], key, a);
    struct partitions other = find_partitions(e->arguments[1], key, a);
    if (e->kind == DDB_OR)
        return one.all || other.all ? everything : either(one, other, a);
    return other.all || (!one.all && one.count <= other.count) ? one : other;
}

/* --- checks --- */

struct filter_use {
    const struct ddb_page *page;
    struct arena *arena;
    const char *missing;
};

static bool check_projected(void *context, const struct ddb_path *path)
{
    struct filter_use *use = context;
    struct ddb_text name = path->steps[0].name;

    if (!ddb_index_projects(use->page->table, use->page->index, name))
        use->missing =
            arena_printf(use->arena, "%s%s%.*s", use->missing != NULL ? use->missing : "",
                         use->missing != NULL ? ", " : "", (int)name.len, name.data);
    return true;
}

static int check_index(struct select *s)
{
    struct ddb_page *p = &s->page;
    struct filter_use use = {.page = p, .arena = &s->req->arena};

    if (p->index == NULL)
        return 0;
    if (p->filter != NULL)
        ddb_expr_paths(p->filter, check_projected, &use);
    if (use.missing != NULL)
        return ddb_invalid(s->req,
                           "One or more parameter values were invalid: Secondary index %s does not "
                           "project one or more filter attributes: [%s]",
                           p->index->name, use.missing);
    return ddb_page_check_index(p);
}

/* AWS has words of its own for what Query tells otherwise. */
static int open_page(struct select *s)
{
    struct ddb_page *p = &s->page;

    if (s->st->index != NULL) {
        const struct ddb_table *t = ddb_table_get(s->req, s->st->table);
        if (t == NULL)
            return -1;
        const struct ddb_index *index = ddb_table_index(t, s->st->index);
        if (index == NULL)
            return ddb_invalid(s->req, "The table does not have the specified index");
        if (index->global && s->input.consistent)
            return ddb_invalid(
                s->req, "Strongly consistent read is not supported on Global Secondary Indexes");
    }
    return ddb_page_open(p, s->st->table);
}

static bool is_part(const struct ddb_key_part *parts, size_t count, struct ddb_text name)
{
    for (size_t i = 0; i < count; i++)
        if (ddb_text_equal(parts[i].name, name))
            return true;
    return false;
}

static int check_order(struct select *s)
{
    const struct ddb_key_schema *key = s->page.key;
    struct ddb_text name = s->st->order_by;

    if (name.data == NULL)
        return 0;
    if (s->st->where.text == NULL)
        return ddb_invalid(s->req,
                           "Must have WHERE clause in the statement when using ORDER BY clause.");
    if (s->partitions.all)
        return ddb_invalid(s->req,
                           "Must have at least one non-optional hash key condition in WHERE "
                           "clause when using ORDER BY clause.");
    if (!is_part(key->hash, key->hash_count, name) && !is_part(key->range, key->range_count, name))
        return ddb_invalid(
            s->req, "Variable reference %.*s in ORDER BY clause must be part of the primary key",
            (int)name.len, name.data);
    return 0;
}

/* --- ranges --- */

static bool limits_sort_key(const struct ddb_expr *e, const struct ddb_key_schema *key)
{
    bool compares = e->kind == DDB_EQ || e->kind == DDB_LT || e->kind == DDB_LE ||
                    e->kind == DDB_GT || e->kind == DDB_GE || e->kind == DDB_BETWEEN ||
                    (e->kind == DDB_FUNCTION && e->function == DDB_FN_BEGINS_WITH);
    size_t values = 0;

    if (!compares || key->range_count != 1 || !is_attribute(e->arguments[0], key->range[0].name))
        return false;
    for (size_t i = 1; i < e->count; i++)
        values += e->arguments[i]->kind == DDB_VALUE &&
                  e->arguments[i]->value->type == key->range[0].type;
    return values == e->count - 1;
}

/* The first of the conditions joined by AND that limits the sort key. */
// NOLINTNEXTLINE(misc-no-recursion)
static const struct ddb_expr *sort_condition(const struct ddb_expr *e,
                                             const struct ddb_key_schema *key)
{
    const struct ddb_expr *found = NULL;

    if (e->kind != DDB_AND)
        return limits_sort_key(e, key) ? e : NULL;
    for (size_t i = 0; i < e->count && found == NULL; i++)
        found = sort_condition(e->arguments[i], key);
    return found;
}

static int find_range(struct select *s, struct ddb_range *range)
{
    const struct ddb_key_schema *key = s->page.key;
    const struct ddb_expr *sort = NULL;
    struct ddb_key_conditions conditions = {.count = 1};
    const char *problem;

    *range = (struct ddb_range){.backward = s->st->descending};
    if (s->partitions.all) {
        range->whole = true;
        range->last_bucket = UINT32_MAX;
        range->backward = false;
        return 0;
    }
    conditions.items[0] = (struct ddb_key_condition){
        .name = key->hash[0].name,
        .kind = DDB_EQ,
        .values = {s->partitions.items[s->partition], NULL},
    };
    if (s->partitions.count == 1)
        sort = sort_condition(s->st->condition, key);
    if (sort != NULL) {
        struct ddb_key_condition *c = &conditions.items[conditions.count++];
        c->name = key->range[0].name;
        c->kind = sort->kind;
        c->values[0] = sort->arguments[1]->value;
        c->values[1] = sort->count > 2 ? sort->arguments[2]->value : NULL;
    }
    problem = ddb_key_partition(key, &conditions, &s->req->arena, range);
    if (problem == NULL)
        problem = ddb_key_range(key, &conditions, &s->req->arena, range);
    return problem == NULL ? 0 : ddb_invalid(s->req, "%s", problem);
}

/* --- tokens --- */

/* What must stay the same from page to page. */
static const char *token_kind(const struct select *s)
{
    const struct dynamodb_ExecuteStatementInput *in = s->in;
    struct strbuf text = STRBUF_INIT(64 << 20);
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];

    strbuf_add(&text, in->Statement, strlen(in->Statement) + 1);
    for (size_t i = 0; i < in->Parameters.count; i++)
        ddb_value_write(&text, &in->Parameters.items[i].value);
    sha256(text.data, text.len, digest);
    strbuf_release(&text);
    hex_encode(digest, sizeof(digest), hex);
    return arena_printf(&s->req->arena, "ExecuteStatement:%s", hex);
}

static const char *make_token(struct select *s, const struct ddb_item *last)
{
    struct strbuf text = STRBUF_INIT(1 << 20);
    const char *token;
    const char *partition = arena_printf(&s->req->arena, "%zu ", s->partition);

    strbuf_add(&text, partition, strlen(partition));
    ddb_members_write(&text, last->members, last->count);
    strbuf_add_char(&text, '\0');
    token = page_token_make(&s->req->arena, token_kind(s), text.data);
    strbuf_release(&text);
    return token;
}

static int read_token(struct select *s)
{
    const char *position;
    char *rest;

    if (s->in->NextToken == NULL)
        return 0;
    position = page_token_read(&s->req->arena, token_kind(s), s->in->NextToken);
    if (position == NULL)
        return ddb_invalid(s->req, "NextToken does not match request");
    s->partition = strtoul(position, &rest, 10);
    if (*rest != ' ' || !ddb_item_parse(ddb_text_of(rest + 1), &s->req->arena, &s->start) ||
        (!s->partitions.all && s->partition >= s->partitions.count))
        return ddb_invalid(s->req, "Invalid NextToken");
    s->start.set = true;
    return 0;
}

/* --- the statement --- */

static int read_pages(struct select *s)
{
    size_t count = s->partitions.all ? 1 : s->partitions.count;

    for (;; s->partition++) {
        struct ddb_range range;
        if (find_range(s, &range) != 0 || ddb_page_start(&s->page, &range) != 0 ||
            ddb_page_read(&s->page, &range) != 0)
            return -1;
        if (s->page.ended || s->partition + 1 >= count)
            return 0;
        s->start = (struct ddb_item){0};
    }
}

static void project(struct select *s)
{
    struct dynamodb_ItemList *items = &s->page.items;

    for (size_t i = 0; i < items->count && s->st->projection.count > 0; i++)
        items->items[i] = partiql_project(s->st, &items->items[i], &s->req->arena);
}

int partiql_select(struct request *req, const struct partiql_statement *st,
                   const struct dynamodb_ExecuteStatementInput *in,
                   struct dynamodb_ExecuteStatementOutput *out)
{
    static const struct dynamodb_AttributeNameList none = {0};
    struct select s = {.req = req, .in = in, .st = st};

    s.input = (struct ddb_page_input){
        .index_name = st->index,
        .projection = st->projection.count > 0 ? "" : NULL,
        .attributes_to_get = &none,
        .limit = in->Limit,
        .consistent = VALUE_OR(in->ConsistentRead, false),
        .return_capacity = in->ReturnConsumedCapacity,
        .start = &s.start,
        .operation = "ExecuteStatement",
    };
    s.page = (struct ddb_page){.req = req, .in = &s.input, .filter = st->condition};
    if (ddb_page_check(&s.page) != 0 || open_page(&s) != 0)
        return -1;
    s.partitions = s.page.key->hash_count == 1
                       ? find_partitions(st->condition, s.page.key->hash[0].name, &req->arena)
                       : everything;
    s.page.paths = st->projection;
    if (check_order(&s) != 0 || check_index(&s) != 0 || ddb_page_check_paths(&s.page) != 0 ||
        read_token(&s) != 0)
        return -1;
    s.page.paths.count = 0; /* AWS: a projection here names its columns otherwise */
    if (read_pages(&s) != 0)
        return -1;
    out->LastEvaluatedKey = ddb_page_last_key(&s.page);
    if (out->LastEvaluatedKey.set || out->LastEvaluatedKey.count > 0)
        out->NextToken = make_token(&s, &out->LastEvaluatedKey);
    project(&s);
    out->Items = s.page.items;
    out->ConsumedCapacity = ddb_page_capacity(&s.page);
    return 0;
}
