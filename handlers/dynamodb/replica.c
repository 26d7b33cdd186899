/* See replica.h. */
#include "handlers/dynamodb/replica.h"

#include "handlers/dynamodb/job.h"
#include "handlers/dynamodb/redefine.h"
#include "handlers/dynamodb/restore.h"
#include "handlers/dynamodb/stream_setting.h"
#include "server/base/digest.h"
#include "storage/dynamodb_delivery_store.h"
#include "storage/dynamodb_log_store.h"

#define INVALID "One or more parameter values were invalid: "

/* --- what is asked for --- */

static const struct ddb_replica *find(const struct ddb_definition *d, const char *region)
{
    for (size_t i = 0; i < d->replica_count; i++)
        if (str_eq(d->replicas[i].region, region))
            return &d->replicas[i];
    return NULL;
}

static bool table_exists(struct request *req, const char *region, const char *name)
{
    const struct scope scope = {req->account, region};
    struct ddb_table_row row;
    struct ddb_session s;

    if (ddb_read_begin(ddb_store_of(req), &s) != STORE_OK)
        return false;
    bool found = ddb_table_find(&s, &scope, name, &req->arena, &row) == STORE_OK;
    ddb_read_end(&s);
    return found;
}

static int take_create(struct request *req,
                       const struct dynamodb_CreateReplicationGroupMemberAction *c,
                       const struct ddb_table *t, struct ddb_replica_plan *out)
{
    if (c->KMSMasterKeyId != NULL)
        return aws_fail_unsupported(req, "ReplicaUpdates.Create.KMSMasterKeyId");
    if (c->ProvisionedThroughputOverride != NULL)
        return aws_fail_unsupported(req, "ReplicaUpdates.Create.ProvisionedThroughputOverride");
    if (c->OnDemandThroughputOverride != NULL)
        return aws_fail_unsupported(req, "ReplicaUpdates.Create.OnDemandThroughputOverride");
    if (c->GlobalSecondaryIndexes.items != NULL)
        return aws_fail_unsupported(req, "ReplicaUpdates.Create.GlobalSecondaryIndexes");
    if (str_eq(c->RegionName, t->region) || find(&t->definition, c->RegionName) != NULL)
        return ddb_invalid(req, INVALID "Replica already exists in region: %s", c->RegionName);
    if (strlen(c->RegionName) >= sizeof(t->region))
        return ddb_invalid(req, INVALID "Region %s is not supported", c->RegionName);
    if (table_exists(req, c->RegionName, t->name))
        return ddb_invalid(
            req,
            "Failed to create a the new replica of table with name: '%s' because one "
            "or more replicas already existed as tables.",
            t->name);
    for (size_t i = 0; i < out->create_count; i++)
        if (str_eq(out->create[i], c->RegionName))
            return ddb_invalid(req, INVALID "Duplicate region in ReplicaUpdates: %s",
                               c->RegionName);
    out->table_class[out->create_count] = c->TableClassOverride;
    out->create[out->create_count++] = c->RegionName;
    return 0;
}

static int take_delete(struct request *req, const char *region, const struct ddb_table *t,
                       struct ddb_replica_plan *out)
{
    const struct ddb_replica *replica = find(&t->definition, region);

    if (replica == NULL)
        return ddb_invalid(req, INVALID "Replica does not exist in region: %s", region);
    for (size_t i = 0; i < t->peer_count; i++)
        if (t->peers[i]->id == replica->table_id && t->peers[i]->definition.creating)
            return aws_fail(req, &dynamodb_ResourceInUseException,
                            "Replica in region %s is still being created", region);
    out->remove[out->remove_count++] = replica->table_id;
    return 0;
}

int ddb_replica_take(struct request *req, const struct dynamodb_ReplicationGroupUpdateList *in,
                     const struct ddb_table *t, struct ddb_definition *d,
                     struct ddb_replica_plan *out)
{
    *out = (struct ddb_replica_plan){0};
    if (in->count > ARRAY_LEN(out->create) ||
        t->definition.replica_count + in->count > DDB_REPLICAS_MAX)
        return aws_fail(req, &dynamodb_LimitExceededException, "Too many replica updates");
    for (size_t i = 0; i < in->count; i++) {
        const struct dynamodb_ReplicationGroupUpdate *u = &in->items[i];
        if ((u->Create != NULL) + (u->Update != NULL) + (u->Delete != NULL) != 1)
            return ddb_invalid(req, INVALID "One of ReplicationGroupUpdate.Create, "
                                            "ReplicationGroupUpdate.Update, "
                                            "ReplicationGroupUpdate.Delete must be given");
        if (u->Update != NULL)
            return aws_fail_unsupported(req, "ReplicaUpdates.Update");
        if (u->Create != NULL ? take_create(req, u->Create, t, out) != 0
                              : take_delete(req, u->Delete->RegionName, t, out) != 0)
            return -1;
    }
    if (out->create_count == 0 || d->stream.enabled)
        return out->create_count > 0 && d->stream.view != DDB_NEW_AND_OLD_IMAGES
                   ? ddb_invalid(req, INVALID "Replicas need a stream of NEW_AND_OLD_IMAGES")
                   : 0;
    /* AWS: replicas come with a stream. */
    const struct dynamodb_StreamSpecification stream = {.StreamEnabled = SOME_BOOL(true),
                                                        .StreamViewType = "NEW_AND_OLD_IMAGES"};
    return ddb_stream_take(req, &stream, t->name, &d->stream);
}

/* --- the group --- */

struct group {
    struct ddb_replica members[DDB_REPLICAS_MAX + 1];
    size_t count;
};

static void add_member(struct group *g, const char *region, int64_t table_id)
{
    g->members[g->count++] = (struct ddb_replica){region, table_id};
}

static bool is_removed(const struct ddb_replica_plan *plan, int64_t id)
{
    for (size_t i = 0; i < plan->remove_count; i++)
        if (plan->remove[i] == id)
            return true;
    return false;
}

/* The members but one. */
static void set_replicas(struct ddb_definition *d, const struct group *g, int64_t self,
                         struct arena *a)
{
    d->replicas = ARENA_ARRAY(a, struct ddb_replica, DDB_REPLICAS_MAX);
    d->replica_count = 0;
    for (size_t i = 0; i < g->count; i++)
        if (g->members[i].table_id != self)
            d->replicas[d->replica_count++] = g->members[i];
}

/* --- tables that are made and removed --- */

static enum store_status make(struct request *req, struct ddb_session *s, const struct ddb_table *t,
                              const struct ddb_definition *d, const char *region,
                              const char *table_class, int64_t *out_id)
{
    const struct scope scope = {req->account, region};
    const struct ddb_stream_setting none = {0};
    struct ddb_definition new = ddb_definition_copy(d, &req->arena);
    struct strbuf text = STRBUF_INIT(4 << 20);
    char *uuid = arena_alloc(&req->arena, 37);

    uuid_v4(uuid);
    new.uuid = uuid;
    new.created_ms = req->received_ms;
    new.tag_count = 0;
    new.policy = new.stream_policy = (struct ddb_policy){0};
    new.insights = (struct ddb_insights){0};
    new.recovery_since_ms = new.recovery_days = new.copies = new.deliveries = 0;
    new.restored_ms = 0;
    new.deletion_protection = false;
    new.creating = true;
    new.stream.label = ddb_stream_new_label(req, &d->stream);
    if (table_class != NULL)
        new.table_class = table_class;
    for (size_t i = 0; i < new.index_count; i++) {
        new.indexes[i].backfilling = false;
        new.indexes[i].insights = (struct ddb_insights){0};
    }
    ddb_definition_write(&text, &new);
    enum store_status rc = ddb_table_insert(s, &scope, t->name, text.data, out_id);
    if (rc == STORE_OK)
        rc = ddb_stream_switch(s, &scope, t->name, *out_id, &none, &new, req->received_ms);
    strbuf_release(&text);
    return rc;
}

static enum store_status drop(struct ddb_session *s, int64_t id, int64_t now_ms)
{
    enum store_status rc = ddb_stream_close(s, id, now_ms);

    if (rc == STORE_OK)
        rc = ddb_jobs_forget(s, id);
    if (rc == STORE_OK)
        rc = ddb_destinations_forget(s, id);
    return rc == STORE_OK ? ddb_table_remove(s, id) : rc;
}

/* --- the other members --- */

/* What all replicas have in common: keys, indexes, billing, time to live. */
static void adopt(struct ddb_definition *peer, const struct ddb_definition *d, int created_serial,
                  struct arena *a)
{
    struct ddb_definition common = ddb_definition_copy(d, a);

    for (size_t i = 0; i < common.index_count; i++) {
        struct ddb_index *index = &common.indexes[i];
        index->backfilling = index->serial == created_serial;
        index->insights = (struct ddb_insights){0};
        for (size_t k = 0; k < peer->index_count; k++)
            if (peer->indexes[k].serial == index->serial) {
                index->backfilling = peer->indexes[k].backfilling;
                index->insights = peer->indexes[k].insights;
            }
    }
    peer->attributes = common.attributes;
    peer->attribute_count = common.attribute_count;
    peer->indexes = common.indexes;
    peer->index_count = common.index_count;
    peer->next_serial = common.next_serial;
    peer->on_demand_since_ms = common.on_demand_since_ms;
    peer->throughput = common.throughput;
    peer->on_demand = common.on_demand;
    peer->ttl_attribute = common.ttl_attribute;
    peer->ttl_changed_ms = common.ttl_changed_ms;
}

static enum store_status fill(struct request *req, struct ddb_session *s, enum ddb_job_kind kind,
                              int64_t table_id, int serial)
{
    struct ddb_job job = {.kind = kind, .table_id = table_id, .number = serial};

    return ddb_job_start(ddb_of(req), s, &job);
}

/* AWS: the members of an old global table have settings of their own. */
static enum store_status store_old_peer(struct request *req, struct ddb_session *s,
                                        const struct ddb_table *peer, const struct group *g)
{
    struct ddb_definition new = peer->definition;

    set_replicas(&new, g, peer->id, &req->arena);
    return ddb_redefine(s, peer, &new);
}

static enum store_status store_peer(struct request *req, struct ddb_session *s,
                                    const struct ddb_table *peer, const struct ddb_definition *d,
                                    const struct group *g, int created_serial, int deleted_serial)
{
    struct ddb_definition new = peer->definition;
    bool expires = d->ttl_attribute != NULL &&
                   (new.ttl_attribute == NULL || !str_eq(new.ttl_attribute, d->ttl_attribute));
    enum store_status rc;

    if (d->global_since_ms != 0)
        return store_old_peer(req, s, peer, g);
    adopt(&new, d, created_serial, &req->arena);
    set_replicas(&new, g, peer->id, &req->arena);
    rc = ddb_redefine(s, peer, &new);
    if (rc == STORE_OK && created_serial >= 0)
        rc = fill(req, s, DDB_JOB_FILL_INDEX, peer->id, created_serial);
    if (rc == STORE_OK && deleted_serial >= 0)
        rc = fill(req, s, DDB_JOB_PURGE_INDEX, peer->id, deleted_serial);
    if (rc == STORE_OK && expires)
        rc = fill(req, s, DDB_JOB_FILL_EXPIRY, peer->id, 0);
    return rc;
}

/* The new tables learn of the group, and get the items. */
static enum store_status fill_new(struct request *req, struct ddb_session *s,
                                  const struct ddb_table *t, const struct group *g, int64_t id)
{
    struct ddb_table *new;
    enum store_status rc = ddb_table_load(ddb_of(req), s, id, &new);

    if (rc != STORE_OK)
        return rc;
    struct ddb_definition d = new->definition;
    set_replicas(&d, g, id, &req->arena);
    rc = ddb_redefine(s, new, &d);
    ddb_table_release(new);
    return rc == STORE_OK ? ddb_copy_start(ddb_of(req), s, t, id, 0) : rc;
}

enum store_status ddb_replica_store(struct request *req, struct ddb_session *s,
                                    const struct ddb_table *t, struct ddb_definition *d,
                                    const struct ddb_replica_plan *plan, int created_serial,
                                    int deleted_serial)
{
    struct group *g = ARENA_NEW(&req->arena, struct group);
    int64_t made[ARRAY_LEN(plan->create)];
    enum store_status rc = STORE_OK;

    add_member(g, arena_strdup(&req->arena, t->region), t->id);
    for (size_t i = 0; i < d->replica_count; i++)
        if (!is_removed(plan, d->replicas[i].table_id))
            add_member(g, d->replicas[i].region, d->replicas[i].table_id);
    for (size_t i = 0; i < plan->remove_count && rc == STORE_OK; i++)
        rc = drop(s, plan->remove[i], req->received_ms);
    for (size_t i = 0; i < plan->create_count && rc == STORE_OK; i++) {
        rc = make(req, s, t, d, plan->create[i], plan->table_class[i], &made[i]);
        if (rc == STORE_OK)
            add_member(g, plan->create[i], made[i]);
    }
    set_replicas(d, g, t->id, &req->arena);
    if (rc == STORE_OK)
        rc = ddb_redefine(s, t, d);
    for (size_t i = 0; i < t->peer_count && rc == STORE_OK; i++)
        if (!is_removed(plan, t->peers[i]->id))
            rc = store_peer(req, s, t->peers[i], d, g, created_serial, deleted_serial);
    for (size_t i = 0; i < plan->create_count && rc == STORE_OK; i++)
        rc = fill_new(req, s, t, g, made[i]);
    return rc;
}

enum store_status ddb_replica_leave(struct ddb_session *s, const struct ddb_table *t)
{
    enum store_status rc = STORE_OK;
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < t->peer_count && rc == STORE_OK; i++) {
        struct ddb_definition d = t->peers[i]->definition;
        struct ddb_replica *kept = ARENA_ARRAY(&a, struct ddb_replica, d.replica_count);
        size_t count = 0;
        for (size_t k = 0; k < d.replica_count; k++)
            if (d.replicas[k].table_id != t->id)
                kept[count++] = d.replicas[k];
        d.replicas = kept;
        d.replica_count = count;
        rc = ddb_redefine(s, t->peers[i], &d);
    }
    arena_release(&a);
    return rc;
}

void ddb_replicas_changed(struct ddb *d, const struct ddb_table *t)
{
    for (size_t i = 0; i < t->peer_count; i++) {
        const struct scope scope = {t->peers[i]->account, t->peers[i]->region};
        ddb_table_forget(d, &scope, t->name);
    }
}
