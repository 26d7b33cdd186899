/* Pages of Query and Scan: see page.h. */
#include "handlers/dynamodb/page.h"

#include "handlers/dynamodb/request.h"
#include "server/base/log.h"

#define INVALID "One or more parameter values were invalid: "
#define BAD_START "The provided starting key is invalid"
#define NO_MATCH "The provided key element does not match the schema"

/* --- checks --- */

static enum ddb_select select_of(const struct ddb_page_input *in)
{
    if (in->select == NULL)
        return in->projection != NULL || in->attributes_to_get->items != NULL ? DDB_SELECT_SPECIFIC
               : in->index_name != NULL                                       ? DDB_SELECT_PROJECTED
                                                                              : DDB_SELECT_ALL;
    if (str_eq(in->select, "COUNT"))
        return DDB_SELECT_COUNT;
    if (str_eq(in->select, "SPECIFIC_ATTRIBUTES"))
        return DDB_SELECT_SPECIFIC;
    return str_eq(in->select, "ALL_ATTRIBUTES") ? DDB_SELECT_ALL : DDB_SELECT_PROJECTED;
}

static int check_select(struct ddb_page *p)
{
    const struct ddb_page_input *in = p->in;
    bool specific = in->projection != NULL || in->attributes_to_get->items != NULL;
    /* AWS: counted in Query, not in Scan. */
    const char *counted = str_eq(in->operation, "Query") ? "1 validation error detected: " : "";

    p->select = select_of(in);
    if (p->select == DDB_SELECT_SPECIFIC && !specific)
        return ddb_invalid(
            p->req,
            "%sMust specify the AttributesToGet or ProjectionExpression when choosing to get "
            "SPECIFIC_ATTRIBUTES",
            counted);
    if (specific && in->select != NULL && p->select != DDB_SELECT_SPECIFIC)
        return ddb_invalid(p->req, "%sCannot specify the %s when choosing to get %s", counted,
                           in->projection != NULL ? "ProjectionExpression" : "AttributesToGet",
                           p->select == DDB_SELECT_COUNT ? "only the Count" : in->select);
    if (p->select == DDB_SELECT_PROJECTED && in->index_name == NULL)
        return ddb_invalid(
            p->req, "%sALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
            counted);
    return 0;
}

int ddb_page_check(struct ddb_page *p)
{
    const char *problem = p->in->start->problem;

    if (problem != NULL) {
        /* AWS: some of the faults are told with words before them, some without. */
        bool bare = strstr(problem, "contains duplicates") != NULL ||
                    strstr(problem, "number set") != NULL ||
                    strstr(problem, "numeric value") != NULL ||
                    strstr(problem, "significant digits") != NULL ||
                    strstr(problem, "number with magnitude") != NULL;
        return ddb_invalid(p->req, "%s%s", bare ? "" : BAD_START ": ", problem);
    }
    return check_select(p);
}

static int check_global(struct ddb_page *p)
{
    const struct ddb_index *index = p->index;
    const char *missing = NULL;

    if (p->in->consistent)
        return ddb_invalid(p->req,
                           "Consistent reads are not supported on global secondary indexes");
    if (p->select == DDB_SELECT_ALL && index->projection != DDB_PROJECT_ALL)
        return ddb_invalid(
            p->req,
            INVALID "Select type ALL_ATTRIBUTES is not supported for global secondary index %s "
                    "because its projection type is not ALL",
            index->name);
    for (size_t i = 0; i < p->paths.count; i++) {
        struct ddb_text name = p->paths.items[i].steps[0].name;
        if (!ddb_index_projects(p->table, index, name))
            missing = arena_printf(&p->req->arena, "%s%s%.*s", missing != NULL ? missing : "",
                                   missing != NULL ? ", " : "", (int)name.len, name.data);
    }
    if (missing != NULL)
        return ddb_invalid(p->req, INVALID "Global secondary index %s does not project [%s]",
                           index->name, missing);
    return 0;
}

/* AWS: what a local index does not project is fetched from the table. */
static bool needs_whole_items(const struct ddb_page *p)
{
    if (p->index == NULL || p->index->global || p->index->projection == DDB_PROJECT_ALL)
        return false;
    if (p->select == DDB_SELECT_ALL)
        return true;
    for (size_t i = 0; i < p->paths.count; i++)
        if (!ddb_index_projects(p->table, p->index, p->paths.items[i].steps[0].name))
            return true;
    return false;
}

int ddb_page_open(struct ddb_page *p, const char *table_name)
{
    p->table = ddb_table_get(p->req, table_name);
    if (p->table == NULL)
        return -1;
    p->key = &p->table->definition.key;
    if (p->in->index_name == NULL)
        return 0;
    p->index = ddb_table_index(p->table, p->in->index_name);
    if (p->index == NULL)
        return ddb_invalid(p->req, "The table does not have the specified index: %s",
                           p->in->index_name);
    if (p->index->backfilling)
        return ddb_invalid(p->req, "Cannot read from backfilling global secondary index: %s",
                           p->in->index_name);
    p->key = &p->index->key;
    if (p->index->global && p->in->consistent)
        return ddb_invalid(p->req,
                           "Consistent reads are not supported on global secondary indexes");
    return 0;
}

int ddb_page_check_index(struct ddb_page *p)
{
    if (p->index != NULL && p->index->global && check_global(p) != 0)
        return -1;
    p->whole_items = needs_whole_items(p);
    return 0;
}

int ddb_page_check_paths(struct ddb_page *p)
{
    return ddb_check_paths_keys(p->req, p->table, &p->paths) != 0
               ? -1
               : ddb_check_expr_keys(p->req, p->table, p->filter);
}

/* --- the starting key --- */

static size_t count_new(const struct ddb_key_part *parts, size_t count,
                        const struct ddb_key_schema *known)
{
    size_t new = 0;

    for (size_t i = 0; i < count; i++)
        new += !ddb_schema_has(known, parts[i].name);
    return new;
}

/* How many attributes a position has: the table's key and, of an index, what its key adds. */
static size_t position_size(const struct ddb_page *p)
{
    const struct ddb_key_schema *table = &p->table->definition.key;
    size_t size = (size_t)table->hash_count + table->range_count;

    if (p->index != NULL)
        size += count_new(p->key->hash, p->key->hash_count, table) +
                count_new(p->key->range, p->key->range_count, table);
    return size;
}

static const char *parts_problem(const struct ddb_page *p, const struct ddb_key_part *parts,
                                 size_t count, bool is_hash, const char *missing)
{
    const char *problem = NULL;

    for (size_t i = 0; i < count && problem == NULL; i++) {
        const struct ddb_value *v = ddb_item_find(p->in->start, parts[i].name);
        if (v == NULL)
            problem = missing;
        else if (v->type != parts[i].type)
            problem = NO_MATCH;
        else
            problem = ddb_key_value_problem(&parts[i], v, is_hash, &p->req->arena);
    }
    return problem;
}

int ddb_page_start_count(const struct ddb_page *p)
{
    bool bare = p->index != NULL || str_eq(p->in->operation, "Query");

    if (!p->in->start->set || p->in->start->count == position_size(p))
        return 0;
    return ddb_invalid(p->req, BAD_START "%s", bare ? "" : ": " NO_MATCH);
}

int ddb_page_start_parts(const struct ddb_page *p, bool is_hash)
{
    const char *problem = NULL;

    if (p->in->start->set && is_hash)
        problem = parts_problem(p, p->key->hash, p->key->hash_count, true, BAD_START);
    else if (p->in->start->set)
        problem = parts_problem(p, p->key->range, p->key->range_count, false, BAD_START);
    return problem == NULL ? 0 : ddb_invalid(p->req, "%s", problem);
}

int ddb_page_start(struct ddb_page *p, struct ddb_range *range)
{
    const struct ddb_key_schema *table = &p->table->definition.key;
    const struct ddb_item *start = p->in->start;
    struct arena *a = &p->req->arena;

    if (!start->set)
        return 0;
    const char *problem = parts_problem(p, table->hash, table->hash_count, true, NO_MATCH);
    if (problem == NULL)
        problem = parts_problem(p, table->range, table->range_count, false, NO_MATCH);
    if (problem != NULL)
        return ddb_invalid(p->req, BAD_START ": %s", problem);
    struct ddb_key *keys = ARENA_ARRAY(a, struct ddb_key, 2);
    keys[0] = ddb_key_of(p->key, start->members, start->count, a);
    keys[1] = ddb_key_of(&p->table->definition.key, start->members, start->count, a);
    range->after = &keys[0];
    range->after_item = &keys[1];
    range->after_tie = ddb_key_tie(&keys[1]);
    return 0;
}

/* --- rows --- */

static void add_item(struct ddb_page *p, const struct ddb_item *item)
{
    struct arena *a = &p->req->arena;

    if (p->items.count == p->capacity) {
        p->capacity = p->capacity * 2 + 32;
        struct ddb_item *more = ARENA_ARRAY(a, struct ddb_item, p->capacity);
        for (size_t i = 0; i < p->items.count; i++)
            more[i] = p->items.items[i];
        p->items.items = more;
    }
    p->items.items[p->items.count++] = *item;
}

/* The row as the index, or the table, shows it; false when it is damaged. `json` is in the arena.
 */
static bool view_row(struct ddb_page *p, struct ddb_text json, struct ddb_item *out)
{
    struct arena *a = &p->req->arena;

    if (!ddb_item_parse(json, a, out)) {
        log_error("an item of table %s cannot be read: the database is damaged", p->table->name);
        p->failed = true;
        return false;
    }
    out->json = json;
    if (p->index != NULL && !p->whole_items && p->index->projection != DDB_PROJECT_ALL)
        *out = ddb_index_view(p->table, p->index, out, a);
    return true;
}

static void take_row(struct ddb_page *p, const struct ddb_row *row)
{
    struct arena *a = &p->req->arena;
    struct ddb_text json = {arena_memdup(a, row->body.data, row->body.len), row->body.len};
    bool is_view = p->index != NULL && p->index->projection != DDB_PROJECT_ALL;
    struct ddb_item item = {.set = true, .json = json};
    size_t size = (size_t)row->size;

    p->last = json;
    if ((is_view || p->filter != NULL || p->paths.count > 0) && !view_row(p, json, &item))
        return;
    if (is_view) {
        struct ddb_item entry = ddb_index_view(p->table, p->index, &item, a);
        if (p->whole_items)
            p->table_bytes += size;
        size = ddb_members_size(entry.members, entry.count);
    }
    p->bytes += size;
    if (p->filter != NULL && !ddb_condition_holds(p->filter, &item, a))
        return;
    p->matched++;
    if (p->select == DDB_SELECT_COUNT)
        return;
    if (p->paths.count > 0)
        item = ddb_project(&p->paths, &item, a);
    add_item(p, &item);
}

static bool visit(void *context, const struct ddb_row *row)
{
    struct ddb_page *p = context;

    take_row(p, row);
    p->scanned++;
    /* AWS: a page that ends at its limit tells where to go on, even when nothing follows. */
    p->ended = (p->in->limit.set && p->scanned == (size_t)p->in->limit.value) ||
               p->bytes >= DDB_PAGE_BYTES;
    return !p->ended && !p->failed;
}

int ddb_page_read(struct ddb_page *p, struct ddb_range *range)
{
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_of(p->req), &s);

    if (rc != STORE_OK)
        return ddb_fail_store(p->req, rc);
    range->index = p->index != NULL;
    range->id = p->index != NULL ? ddb_index_store_id(p->table, p->index) : p->table->id;
    rc = ddb_range_walk(&s, range, visit, p);
    ddb_read_end(&s);
    if (rc != STORE_OK || p->failed)
        return ddb_fail_store(p->req, rc);
    if (p->items.items == NULL && p->select != DDB_SELECT_COUNT)
        p->items.items = ARENA_ARRAY(&p->req->arena, struct ddb_item, 1);
    return 0;
}

/* --- the answer --- */

struct ddb_item ddb_page_last_key(struct ddb_page *p)
{
    struct ddb_item item = {0};

    if (!p->ended || !ddb_item_parse(p->last, &p->req->arena, &item))
        return (struct ddb_item){0};
    return ddb_position_of(p->table, p->index, &item, &p->req->arena);
}

struct dynamodb_ConsumedCapacity *ddb_page_capacity(struct ddb_page *p)
{
    struct ddb_capacity capacity = {.table = p->table};

    if (!ddb_capacity_wanted(p->in->return_capacity))
        return NULL;
    if (p->index == NULL) {
        capacity.table_units = ddb_read_units(p->bytes, p->in->consistent);
    } else {
        size_t i = (size_t)(p->index - p->table->definition.indexes);
        capacity.index_units[i] = ddb_read_units(p->bytes, p->in->consistent);
        capacity.index_touched[i] = true;
        if (p->table_bytes > 0)
            capacity.table_units = ddb_read_units(p->table_bytes, p->in->consistent);
    }
    return ddb_capacity_report(p->req, &capacity, p->in->return_capacity, DDB_CAPACITY_PLAIN);
}
