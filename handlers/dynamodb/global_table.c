/*
 * Global tables of version 2017.11.29: tables that exist already in several regions, empty and with
 * streams, become one. After that they are replicas as those of replica.h are, but for settings and
 * indexes, which stay each table's own.
 */
#include "handlers/common/arn.h"
#include "handlers/dynamodb/ops.h"
#include "handlers/dynamodb/redefine.h"

enum { LIST_MAX = 100, MEMBERS_MAX = 16 };

/* The tables of a group while they are being joined or parted, in one session. */
struct members {
    struct ddb_table *items[MEMBERS_MAX];
    size_t count;
};

static void release(struct members *m)
{
    for (size_t i = 0; i < m->count; i++)
        ddb_table_release(m->items[i]);
}

static enum store_status load(struct request *req, struct ddb_session *s, const char *name,
                              const char *region, struct members *m)
{
    const struct scope scope = {req->account, region};
    struct ddb_table_row row;
    enum store_status rc =
        m->count == MEMBERS_MAX ? STORE_LIMIT : ddb_table_find(s, &scope, name, &req->arena, &row);

    if (rc == STORE_OK)
        rc = ddb_table_load(ddb_of(req), s, row.id, &m->items[m->count]);
    if (rc == STORE_OK)
        m->count++;
    return rc;
}

/* The members but one, as its replicas. */
static enum store_status join(struct request *req, struct ddb_session *s, const struct members *m,
                              size_t self, int64_t since_ms)
{
    struct ddb_definition d = m->items[self]->definition;

    d.replicas = ARENA_ARRAY(&req->arena, struct ddb_replica, m->count);
    d.replica_count = 0;
    d.global_since_ms = since_ms;
    for (size_t i = 0; i < m->count; i++)
        if (i != self)
            d.replicas[d.replica_count++] =
                (struct ddb_replica){m->items[i]->region, m->items[i]->id};
    return ddb_redefine(s, m->items[self], &d);
}

static void forget(struct request *req, const struct members *m)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct scope scope = {m->items[i]->account, m->items[i]->region};
        ddb_table_forget(ddb_of(req), &scope, m->items[i]->name);
    }
}

static bool same_key(const struct ddb_key_schema *a, const struct ddb_key_schema *b)
{
    return a->range_count == b->range_count && a->hash[0].type == b->hash[0].type &&
           ddb_text_equal(a->hash[0].name, b->hash[0].name) &&
           (a->range_count == 0 || (a->range[0].type == b->range[0].type &&
                                    ddb_text_equal(a->range[0].name, b->range[0].name)));
}

static bool first_row(void *context, const struct ddb_row *row)
{
    (void)row;
    *(bool *)context = true;
    return false;
}

/* A table that may join: alike the first, with a stream, and empty. */
static int check_new(struct request *req, struct ddb_session *s, const struct ddb_table *t,
                     const struct ddb_table *first)
{
    const struct ddb_definition *d = &t->definition;
    const struct ddb_range all = {.id = t->id, .whole = true, .last_bucket = UINT32_MAX};
    bool any = false;

    if (d->replica_count > 0)
        return aws_fail(req, &dynamodb_GlobalTableAlreadyExistsException,
                        "Global table with name: '%s' already exists.", t->name);
    if (!d->stream.enabled || d->stream.view != DDB_NEW_AND_OLD_IMAGES)
        return ddb_invalid(req,
                           "One or more parameter values were invalid: The table '%s' in "
                           "region '%s' must have a stream of NEW_AND_OLD_IMAGES",
                           t->name, t->region);
    if (!same_key(&d->key, &first->definition.key))
        return ddb_invalid(req,
                           "One or more parameter values were invalid: The tables '%s' do not "
                           "have the same key schema",
                           t->name);
    if (ddb_range_walk(s, &all, first_row, &any) != STORE_OK)
        return ddb_fail_store(req, STORE_FAILED);
    return any ? ddb_invalid(req,
                             "One or more parameter values were invalid: The table '%s' in "
                             "region '%s' must be empty",
                             t->name, t->region)
               : 0;
}

/* --- describing --- */

static struct dynamodb_GlobalTableDescription *describe(struct request *req,
                                                        const struct ddb_table *t)
{
    struct dynamodb_GlobalTableDescription *out =
        ARENA_NEW(&req->arena, struct dynamodb_GlobalTableDescription);

    out->GlobalTableName = t->name;
    out->GlobalTableArn = arena_printf(&req->arena, "arn:%s:dynamodb::%s:global-table/%s",
                                       arn_partition(t->region), t->account, t->name);
    out->CreationDateTime = SOME_TIME(t->definition.global_since_ms);
    out->GlobalTableStatus = "ACTIVE";
    out->ReplicationGroup.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_ReplicaDescription, t->peer_count + 1);
    out->ReplicationGroup.items[out->ReplicationGroup.count++] =
        (struct dynamodb_ReplicaDescription){.RegionName = t->region, .ReplicaStatus = "ACTIVE"};
    for (size_t i = 0; i < t->peer_count; i++)
        out->ReplicationGroup.items[out->ReplicationGroup.count++] =
            (struct dynamodb_ReplicaDescription){.RegionName = t->peers[i]->region,
                                                 .ReplicaStatus = "ACTIVE"};
    return out;
}

static const struct ddb_table *global_table(struct request *req, const char *name)
{
    const struct ddb_table *t = ddb_table_get_named(req, name);

    if (t != NULL && t->definition.global_since_ms != 0)
        return t;
    if (t == NULL && req->failure.error != &dynamodb_ResourceNotFoundException)
        return NULL;
    req->failure.error = NULL;
    aws_fail(req, &dynamodb_GlobalTableNotFoundException,
             "Global table not found: Global table with ID '%s' was not found.", name);
    return NULL;
}

int dynamodb_describe_global_table(struct request *req,
                                   const struct dynamodb_DescribeGlobalTableInput *in,
                                   struct dynamodb_DescribeGlobalTableOutput *out)
{
    const struct ddb_table *t = global_table(req, in->GlobalTableName);

    if (t == NULL)
        return -1;
    out->GlobalTableDescription = describe(req, t);
    return 0;
}

/* --- making and changing --- */

/* In the session: 0 and joined, or -1 after failing. The first member is there already or is the
 * first of the new ones. */
static int add_all(struct request *req, struct ddb_session *s, const char *name,
                   const char *const *regions, size_t count, struct members *m, int64_t since_ms)
{
    for (size_t i = 0; i < count; i++) {
        enum store_status rc = load(req, s, name, regions[i], m);
        if (rc == STORE_NOT_FOUND)
            return aws_fail(req, &dynamodb_TableNotFoundException, "Table not found: %s", name);
        if (rc != STORE_OK)
            return ddb_fail_store(req, rc);
        if (check_new(req, s, m->items[m->count - 1], m->items[0]) != 0)
            return -1;
        for (size_t k = 0; k + 1 < m->count; k++)
            if (m->items[k]->id == m->items[m->count - 1]->id)
                return aws_fail(req, &dynamodb_ReplicaAlreadyExistsException,
                                "Replica already exists in region: %s", regions[i]);
    }
    for (size_t i = 0; i < m->count; i++)
        if (join(req, s, m, i, since_ms) != STORE_OK)
            return ddb_fail_store(req, STORE_FAILED);
    return 0;
}

int dynamodb_create_global_table(struct request *req,
                                 const struct dynamodb_CreateGlobalTableInput *in,
                                 struct dynamodb_CreateGlobalTableOutput *out)
{
    const char *regions[MEMBERS_MAX];
    struct members m = {.count = 0};
    struct ddb_session s;
    size_t count = 0;

    for (; count < in->ReplicationGroup.count; count++) {
        if (count == MEMBERS_MAX || in->ReplicationGroup.items[count].RegionName == NULL)
            return ddb_invalid(req, "One or more parameter values were invalid: ReplicationGroup");
        regions[count] = in->ReplicationGroup.items[count].RegionName;
    }
    enum store_status rc = ddb_write_begin(ddb_store_of(req), &s);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    int failed = add_all(req, &s, in->GlobalTableName, regions, count, &m, req->received_ms);
    rc = ddb_write_end(&s, failed ? STORE_CONFLICT : STORE_OK);
    forget(req, &m);
    release(&m);
    if (failed)
        return -1;
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    const struct ddb_table *t = global_table(req, in->GlobalTableName);
    if (t == NULL)
        return -1;
    out->GlobalTableDescription = describe(req, t);
    return 0;
}

/* Those that leave stay tables of their own. */
static int remove_all(struct request *req, struct ddb_session *s,
                      const struct dynamodb_ReplicaUpdateList *in, struct members *m)
{
    for (size_t i = 0; i < in->count; i++) {
        if (in->items[i].Delete == NULL)
            continue;
        size_t at = 0;
        while (at < m->count && !str_eq(m->items[at]->region, in->items[i].Delete->RegionName))
            at++;
        if (at == m->count)
            return aws_fail(req, &dynamodb_ReplicaNotFoundException,
                            "Replica not found in region: %s", in->items[i].Delete->RegionName);
        struct members alone = {.items = {m->items[at]}, .count = 1};
        if (join(req, s, &alone, 0, 0) != STORE_OK)
            return ddb_fail_store(req, STORE_FAILED);
        forget(req, &alone);
        release(&alone);
        m->items[at] = m->items[--m->count];
    }
    return 0;
}

static int update(struct request *req, struct ddb_session *s, const struct ddb_table *t,
                  const struct dynamodb_UpdateGlobalTableInput *in, struct members *m)
{
    const char *regions[MEMBERS_MAX];
    size_t count = 0;

    if (load(req, s, t->name, t->region, m) != STORE_OK)
        return ddb_fail_store(req, STORE_FAILED);
    for (size_t i = 0; i < t->peer_count; i++)
        if (load(req, s, t->name, t->peers[i]->region, m) != STORE_OK)
            return ddb_fail_store(req, STORE_FAILED);
    if (remove_all(req, s, &in->ReplicaUpdates, m) != 0)
        return -1;
    for (size_t i = 0; i < in->ReplicaUpdates.count; i++)
        if (in->ReplicaUpdates.items[i].Create != NULL && count < MEMBERS_MAX)
            regions[count++] = in->ReplicaUpdates.items[i].Create->RegionName;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < m->count; k++)
            if (str_eq(regions[i], m->items[k]->region))
                return aws_fail(req, &dynamodb_ReplicaAlreadyExistsException,
                                "Replica already exists in region: %s", regions[i]);
    return add_all(req, s, t->name, regions, count, m, t->definition.global_since_ms);
}

int dynamodb_update_global_table(struct request *req,
                                 const struct dynamodb_UpdateGlobalTableInput *in,
                                 struct dynamodb_UpdateGlobalTableOutput *out)
{
    const struct ddb_table *t = global_table(req, in->GlobalTableName);
    struct members m = {.count = 0};
    struct ddb_session s;

    if (t == NULL)
        return -1;
    enum store_status rc = ddb_write_begin(ddb_store_of(req), &s);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    int failed = update(req, &s, t, in, &m);
    rc = ddb_write_end(&s, failed ? STORE_CONFLICT : STORE_OK);
    forget(req, &m);
    release(&m);
    if (failed)
        return -1;
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    ddb_table_changed(req, t->name);
    t = ddb_table_get_named(req, in->GlobalTableName);
    if (t == NULL)
        return -1;
    out->GlobalTableDescription = describe(req, t);
    return 0;
}

/* --- listing --- */

static enum store_status next_name(struct request *req, const char *region, const char *after,
                                   const char **out)
{
    const struct scope scope = {req->account, region};
    struct ddb_session s;
    size_t count = 0;
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_table_list(&s, &scope, after, 1, &req->arena, out, &count);
    ddb_read_end(&s);
    return rc == STORE_OK && count == 0 ? STORE_NOT_FOUND : rc;
}

static enum store_status read_definition(struct request *req, const char *region, const char *name,
                                         struct ddb_definition *out)
{
    const struct scope scope = {req->account, region};
    struct ddb_table_row row;
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_table_find(&s, &scope, name, &req->arena, &row);
    ddb_read_end(&s);
    if (rc == STORE_OK && !ddb_definition_read(row.definition, &req->arena, out))
        rc = STORE_FAILED;
    return rc;
}

static void add_group(struct request *req, const char *region, const char *name,
                      const struct ddb_definition *d, struct dynamodb_GlobalTableList *out)
{
    struct dynamodb_GlobalTable *g = &out->items[out->count++];

    g->GlobalTableName = name;
    g->ReplicationGroup.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_Replica, d->replica_count + 1);
    g->ReplicationGroup.items[g->ReplicationGroup.count++].RegionName = region;
    for (size_t i = 0; i < d->replica_count; i++)
        g->ReplicationGroup.items[g->ReplicationGroup.count++].RegionName = d->replicas[i].region;
}

int dynamodb_list_global_tables(struct request *req,
                                const struct dynamodb_ListGlobalTablesInput *in,
                                struct dynamodb_ListGlobalTablesOutput *out)
{
    size_t limit = MIN((size_t)VALUE_OR(in->Limit, LIST_MAX), (size_t)LIST_MAX);
    const char *region = in->RegionName != NULL ? in->RegionName : req->region;
    const char *after =
        in->ExclusiveStartGlobalTableName != NULL ? in->ExclusiveStartGlobalTableName : "";
    enum store_status rc;
    const char *name;

    out->GlobalTables.items = ARENA_ARRAY(&req->arena, struct dynamodb_GlobalTable, limit + 1);
    while ((rc = next_name(req, region, after, &name)) == STORE_OK) {
        struct ddb_definition d;
        rc = read_definition(req, region, name, &d);
        if (rc == STORE_FAILED)
            break;
        after = name;
        if (rc != STORE_OK || d.global_since_ms == 0)
            continue;
        if (out->GlobalTables.count == limit) {
            out->LastEvaluatedGlobalTableName = out->GlobalTables.items[limit - 1].GlobalTableName;
            return 0;
        }
        add_group(req, region, name, &d, &out->GlobalTables);
    }
    return rc == STORE_NOT_FOUND ? 0 : ddb_fail_store(req, rc);
}
