/* Snapshots of tables: see table.h. */
#include "handlers/dynamodb/table.h"

#include "handlers/dynamodb/feed.h"
#include "server/base/log.h"

static void destroy(struct ddb_table *t)
{
    ddb_feed_release(t->feed);
    arena_release(&t->arena);
    free(t);
}

void ddb_table_release(struct ddb_table *t)
{
    if (--t->references > 0)
        return;
    for (size_t i = 0; i < t->peer_count; i++) /* nobody else holds them, and they have none */
        destroy(t->peers[i]);
    destroy(t);
}

struct ddb_table *ddb_table_new(const struct ddb_table_row *row, struct ddb_feeds *feeds,
                                const struct clock_source *clock)
{
    struct ddb_table *t = x_calloc(1, sizeof(*t));

    arena_init(&t->arena);
    t->references = 1;
    if (!ddb_definition_read(row->definition, &t->arena, &t->definition)) {
        log_error("the stored definition of table %s is damaged", row->name);
        ddb_table_release(t);
        return NULL;
    }
    t->id = row->id;
    t->version = row->version;
    t->name = arena_strdup(&t->arena, row->name);
    snprintf(t->account, sizeof(t->account), "%s", row->account);
    snprintf(t->region, sizeof(t->region), "%s", row->region);
    t->clock = clock;
    t->logs = ddb_definition_logs(&t->definition);
    t->plain = t->definition.index_count == 0 && t->definition.ttl_attribute == NULL &&
               t->definition.replica_count == 0 && !t->logs;
    if (t->logs)
        t->feed = ddb_feed_hold(feeds, t->id);
    return t;
}

enum store_status ddb_table_peers(struct ddb_table *t, struct ddb_session *s,
                                  struct ddb_feeds *feeds)
{
    const struct ddb_definition *d = &t->definition;
    enum store_status rc = STORE_OK;

    t->peers = ARENA_ARRAY(&t->arena, struct ddb_table *, d->replica_count);
    for (size_t i = 0; i < d->replica_count && rc == STORE_OK; i++) {
        struct ddb_table_row row;
        rc = ddb_table_by_id(s, d->replicas[i].table_id, &t->arena, &row);
        if (rc != STORE_OK)
            break;
        struct ddb_table *peer = ddb_table_new(&row, feeds, t->clock);
        if (peer == NULL)
            return STORE_FAILED;
        t->peers[t->peer_count++] = peer;
    }
    return rc == STORE_NOT_FOUND ? STORE_FAILED : rc;
}

const struct ddb_index *ddb_table_index(const struct ddb_table *t, const char *name)
{
    for (size_t i = 0; i < t->definition.index_count; i++)
        if (str_eq(t->definition.indexes[i].name, name))
            return &t->definition.indexes[i];
    return NULL;
}

bool ddb_schema_has(const struct ddb_key_schema *schema, struct ddb_text name)
{
    for (int i = 0; i < schema->hash_count; i++)
        if (ddb_text_equal(schema->hash[i].name, name))
            return true;
    for (int i = 0; i < schema->range_count; i++)
        if (ddb_text_equal(schema->range[i].name, name))
            return true;
    return false;
}
