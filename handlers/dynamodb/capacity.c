/* Units of capacity: see capacity.h. */
#include "handlers/dynamodb/capacity.h"

bool ddb_capacity_wanted(const char *mode)
{
    return mode != NULL && !str_eq(mode, "NONE");
}

bool ddb_metrics_wanted(const char *mode, const struct ddb_table *t)
{
    if (mode == NULL || !str_eq(mode, "SIZE"))
        return false;
    for (size_t i = 0; i < t->definition.index_count; i++)
        if (!t->definition.indexes[i].global)
            return true;
    return false;
}

static double units_of(size_t size, size_t unit)
{
    size_t whole = (size + unit - 1) / unit;

    return size == 0 ? 1 : (double)whole;
}

double ddb_read_units(size_t size, bool consistent)
{
    return units_of(size, 4096) * (consistent ? 1 : 0.5);
}

double ddb_write_units(size_t size)
{
    return units_of(size, 1024);
}

bool ddb_index_projects(const struct ddb_table *t, const struct ddb_index *index,
                        struct ddb_text name)
{
    if (index->projection == DDB_PROJECT_ALL || ddb_schema_has(&index->key, name) ||
        ddb_schema_has(&t->definition.key, name))
        return true;
    for (size_t i = 0; i < index->included_count; i++)
        if (ddb_text_equal(index->included[i], name))
            return true;
    return false;
}

struct ddb_item ddb_index_view(const struct ddb_table *t, const struct ddb_index *index,
                               const struct ddb_item *item, struct arena *a)
{
    struct ddb_item view = {.set = true};

    if (index->projection == DDB_PROJECT_ALL)
        return *item;
    view.members = ARENA_ARRAY(a, struct ddb_member, item->count);
    for (size_t i = 0; i < item->count; i++)
        if (ddb_index_projects(t, index, item->members[i].name))
            view.members[view.count++] = item->members[i];
    return view;
}

static bool same_bytes(struct bytes a, struct bytes b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Units that a change costs one index; false when it does not touch the index. */
static bool index_units(const struct ddb_change *c, const struct ddb_index *index, struct arena *a,
                        double *out)
{
    struct ddb_key before;
    struct ddb_key after;
    bool was =
        c->existed && ddb_index_key_of(&index->key, c->old.members, c->old.count, a, &before);
    bool is =
        !c->removes && ddb_index_key_of(&index->key, c->item.members, c->item.count, a, &after);
    struct ddb_item old = {0};
    struct ddb_item new = {0};

    if (!was && !is)
        return false;
    if (was)
        old = ddb_index_view(c->table, index, &c->old, a);
    if (is)
        new = ddb_index_view(c->table, index, &c->item, a);
    double old_units = was ? ddb_write_units(ddb_members_size(old.members, old.count)) : 0;
    double new_units = is ? ddb_write_units(ddb_members_size(new.members, new.count)) : 0;
    bool same_key = was && is && same_bytes(before.pk, after.pk) && same_bytes(before.sk, after.sk);
    if (same_key && ddb_members_equal(old.members, old.count, new.members, new.count))
        return false;
    *out = same_key ? MAX(old_units, new_units) : old_units + new_units;
    return true;
}

void ddb_capacity_add_change(struct ddb_capacity *c, const struct ddb_change *change, double factor,
                             struct arena *a)
{
    const struct ddb_definition *d = &change->table->definition;
    double old_units = ddb_write_units(change->existed ? (size_t)change->row.size : 0);
    double new_units = ddb_write_units(change->removes ? 0 : change->size);
    double units;

    c->table_units += factor * MAX(old_units, new_units);
    c->table_touched = true;
    for (size_t i = 0; i < d->index_count; i++)
        if (index_units(change, &d->indexes[i], a, &units)) {
            c->index_units[i] += units;
            c->index_touched[i] = true;
        }
}

static struct dynamodb_Capacity capacity_of(double units, enum ddb_capacity_kind kind)
{
    struct dynamodb_Capacity c = {.CapacityUnits = SOME_DOUBLE(units)};

    if (kind == DDB_CAPACITY_READ)
        c.ReadCapacityUnits = SOME_DOUBLE(units);
    else if (kind == DDB_CAPACITY_WRITE)
        c.WriteCapacityUnits = SOME_DOUBLE(units);
    return c;
}

static void report_indexes(struct request *req, const struct ddb_capacity *c,
                           enum ddb_capacity_kind kind, struct dynamodb_ConsumedCapacity *out)
{
    const struct ddb_definition *d = &c->table->definition;

    for (size_t i = 0; i < d->index_count; i++) {
        if (!c->index_touched[i])
            continue;
        struct dynamodb_SecondaryIndexesCapacityMap *map =
            d->indexes[i].global ? &out->GlobalSecondaryIndexes : &out->LocalSecondaryIndexes;
        if (map->items == NULL)
            map->items = ARENA_ARRAY(&req->arena, struct dynamodb_SecondaryIndexesCapacityMap_entry,
                                     d->index_count);
        map->items[map->count++] = (struct dynamodb_SecondaryIndexesCapacityMap_entry){
            d->indexes[i].name, capacity_of(c->index_units[i], kind)};
    }
}

struct dynamodb_ConsumedCapacity *ddb_capacity_report(struct request *req,
                                                      const struct ddb_capacity *c,
                                                      const char *mode, enum ddb_capacity_kind kind)
{
    double total = c->table_units;

    if (!ddb_capacity_wanted(mode))
        return NULL;
    for (size_t i = 0; i < c->table->definition.index_count; i++)
        total += c->index_units[i];
    struct dynamodb_ConsumedCapacity *out =
        ARENA_NEW(&req->arena, struct dynamodb_ConsumedCapacity);
    struct dynamodb_Capacity all = capacity_of(total, kind);
    out->TableName = c->table->name;
    out->CapacityUnits = all.CapacityUnits;
    out->ReadCapacityUnits = all.ReadCapacityUnits;
    out->WriteCapacityUnits = all.WriteCapacityUnits;
    if (!str_eq(mode, "INDEXES"))
        return out;
    out->Table = ARENA_NEW(&req->arena, struct dynamodb_Capacity);
    *out->Table = capacity_of(c->table_units, kind);
    report_indexes(req, c, kind, out);
    return out;
}

struct dynamodb_ItemCollectionMetrics *
ddb_metrics_report(struct request *req, const struct ddb_table *t, const struct ddb_item *item)
{
    const struct ddb_key_part *hash = &t->definition.key.hash[0];
    struct dynamodb_ItemCollectionMetrics *out =
        ARENA_NEW(&req->arena, struct dynamodb_ItemCollectionMetrics);
    struct ddb_item *key = &out->ItemCollectionKey;

    key->set = true;
    key->members = ARENA_NEW(&req->arena, struct ddb_member);
    key->members[key->count++] = (struct ddb_member){hash->name, *ddb_item_find(item, hash->name)};
    /* AWS: an estimate in whole GB; collections here stay below the first. */
    out->SizeEstimateRangeGB.items = ARENA_ARRAY(&req->arena, struct maybe_double, 2);
    out->SizeEstimateRangeGB.items[0] = SOME_DOUBLE(0);
    out->SizeEstimateRangeGB.items[1] = SOME_DOUBLE(1);
    out->SizeEstimateRangeGB.count = 2;
    return out;
}
