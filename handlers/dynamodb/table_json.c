/* The stored form of a table's definition: one JSON object, of our own making. See table.h. */
#include "handlers/dynamodb/table.h"

static const char *const projections[] = {"ALL", "KEYS_ONLY", "INCLUDE"};
static const char *const views[] = {"NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"};

const char *ddb_view_name(enum ddb_view view)
{
    return views[view];
}

bool ddb_view_named(const char *name, enum ddb_view *out)
{
    for (size_t i = 0; i < ARRAY_LEN(views); i++)
        if (str_eq(name, views[i])) {
            *out = (enum ddb_view)i;
            return true;
        }
    return false;
}

bool ddb_definition_logs(const struct ddb_definition *d)
{
    return d->stream.enabled || d->recovery_since_ms != 0 || d->copies > 0 || d->deliveries > 0;
}

int64_t ddb_log_keep_ms(const struct ddb_definition *d)
{
    const int64_t day_ms = 24 * 3600 * 1000;

    return d->recovery_since_ms != 0 ? d->recovery_days * day_ms : 0;
}

/* --- writing --- */

static void write_part(struct jw *w, const struct ddb_key_part *part)
{
    jw_begin_array(w);
    jw_string_n(w, part->name.data, part->name.len);
    jw_string(w, ddb_type_name(part->type));
    jw_end_array(w);
}

static void write_parts(struct jw *w, const char *key, const struct ddb_key_part *parts,
                        size_t count)
{
    jw_key(w, key);
    jw_begin_array(w);
    for (size_t i = 0; i < count; i++)
        write_part(w, &parts[i]);
    jw_end_array(w);
}

static void write_throughput(struct jw *w, const struct ddb_throughput *throughput,
                             const struct ddb_on_demand *on_demand)
{
    jw_member_int(w, "read", throughput->read);
    jw_member_int(w, "write", throughput->write);
    jw_member_int(w, "max_read", on_demand->max_read);
    jw_member_int(w, "max_write", on_demand->max_write);
}

static void write_warm(struct jw *w, const struct ddb_warm *warm)
{
    if (warm->read == 0 && warm->write == 0)
        return;
    jw_member_int(w, "warm_read", warm->read);
    jw_member_int(w, "warm_write", warm->write);
}

static void write_insights(struct jw *w, const struct ddb_insights *i)
{
    if (i->changed_ms == 0)
        return;
    jw_member_bool(w, "insights", i->enabled);
    jw_member_int(w, "insights_ms", i->changed_ms);
    jw_member_string(w, "insights_mode", i->mode);
}

static void write_replicas(struct jw *w, const struct ddb_definition *d)
{
    if (d->replica_count == 0)
        return;
    jw_key(w, "replicas");
    jw_begin_array(w);
    for (size_t i = 0; i < d->replica_count; i++) {
        jw_begin_object(w);
        jw_member_string(w, "region", d->replicas[i].region);
        jw_member_int(w, "table", d->replicas[i].table_id);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_index(struct jw *w, const struct ddb_index *index)
{
    jw_begin_object(w);
    jw_member_string(w, "name", index->name);
    jw_member_int(w, "serial", index->serial);
    jw_member_bool(w, "global", index->global);
    write_parts(w, "hash", index->key.hash, index->key.hash_count);
    write_parts(w, "range", index->key.range, index->key.range_count);
    jw_member_string(w, "projection", projections[index->projection]);
    jw_key(w, "included");
    jw_begin_array(w);
    for (size_t i = 0; i < index->included_count; i++)
        jw_string_n(w, index->included[i].data, index->included[i].len);
    jw_end_array(w);
    write_throughput(w, &index->throughput, &index->on_demand);
    write_warm(w, &index->warm);
    write_insights(w, &index->insights);
    if (index->backfilling)
        jw_member_bool(w, "backfilling", true);
    jw_end_object(w);
}

static void write_tags(struct jw *w, const struct ddb_definition *d)
{
    jw_key(w, "tags");
    jw_begin_array(w);
    for (size_t i = 0; i < d->tag_count; i++) {
        jw_begin_array(w);
        jw_string(w, d->tags[i].key);
        jw_string(w, d->tags[i].value);
        jw_end_array(w);
    }
    jw_end_array(w);
}

static void write_stream(struct jw *w, const struct ddb_stream_setting *stream)
{
    if (stream->label == NULL)
        return;
    jw_key(w, "stream");
    jw_begin_object(w);
    jw_member_string(w, "label", stream->label);
    jw_member_bool(w, "enabled", stream->enabled);
    jw_member_string(w, "view", ddb_view_name(stream->view));
    jw_end_object(w);
}

void ddb_definition_write(struct strbuf *out, const struct ddb_definition *d)
{
    struct jw w;

    jw_init(&w, out);
    jw_begin_object(&w);
    jw_member_string(&w, "uuid", d->uuid);
    jw_member_int(&w, "created_ms", d->created_ms);
    jw_member_int(&w, "on_demand_since_ms", d->on_demand_since_ms);
    write_parts(&w, "attributes", d->attributes, d->attribute_count);
    write_parts(&w, "hash", d->key.hash, d->key.hash_count);
    write_parts(&w, "range", d->key.range, d->key.range_count);
    jw_key(&w, "indexes");
    jw_begin_array(&w);
    for (size_t i = 0; i < d->index_count; i++)
        write_index(&w, &d->indexes[i]);
    jw_end_array(&w);
    jw_member_int(&w, "next_serial", d->next_serial);
    write_throughput(&w, &d->throughput, &d->on_demand);
    jw_member_int(&w, "decreased_ms", d->decreased_ms);
    jw_member_int(&w, "increased_ms", d->increased_ms);
    jw_member_string(&w, "table_class", d->table_class);
    jw_member_bool(&w, "deletion_protection", d->deletion_protection);
    jw_member_string(&w, "sse_key", d->sse_key);
    jw_member_string(&w, "ttl_attribute", d->ttl_attribute);
    jw_member_int(&w, "ttl_changed_ms", d->ttl_changed_ms);
    jw_member_int(&w, "recovery_since_ms", d->recovery_since_ms);
    jw_member_int(&w, "recovery_days", d->recovery_days);
    jw_member_string(&w, "restored_backup", d->restored_backup);
    jw_member_string(&w, "restored_table", d->restored_table);
    jw_member_int(&w, "restored_ms", d->restored_ms);
    jw_member_bool(&w, "creating", d->creating);
    jw_member_int(&w, "copies", d->copies);
    jw_member_int(&w, "deliveries", d->deliveries);
    jw_member_string(&w, "policy", d->policy.text);
    jw_member_string(&w, "policy_revision", d->policy.revision);
    jw_member_string(&w, "stream_policy", d->stream_policy.text);
    jw_member_string(&w, "stream_policy_revision", d->stream_policy.revision);
    jw_member_int(&w, "global_since_ms", d->global_since_ms);
    write_warm(&w, &d->warm);
    write_insights(&w, &d->insights);
    write_replicas(&w, d);
    write_tags(&w, d);
    write_stream(&w, &d->stream);
    jw_end_object(&w);
}

/* --- reading: the reader keeps its first fault, so only the end is checked --- */

static const char *read_string(struct jr *r)
{
    struct jr_text text;

    return jr_string(r, &text) ? arena_strndup(r->arena, text.data, text.len) : "";
}

static struct ddb_text read_text(struct jr *r)
{
    return ddb_text_of(read_string(r));
}

static int64_t read_int(struct jr *r)
{
    struct jr_text lexeme;
    char digits[24] = "";

    if (jr_number(r, &lexeme) && lexeme.len < sizeof(digits))
        memcpy(digits, lexeme.data, lexeme.len);
    return strtoll(digits, NULL, 10);
}

static bool read_flag(struct jr *r)
{
    bool value = false;

    jr_bool(r, &value);
    return value;
}

static struct ddb_key_part read_part(struct jr *r)
{
    struct ddb_key_part part = {.name = {"", 0}};

    if (!jr_enter_array(r))
        return part;
    for (int i = 0; jr_next_item(r); i++) {
        if (i == 0)
            part.name = read_text(r);
        else
            part.type = ddb_type_named(read_text(r));
    }
    return part;
}

static uint8_t read_key_parts(struct jr *r, struct ddb_key_part parts[DDB_KEY_PARTS_MAX])
{
    uint8_t count = 0;

    if (!jr_enter_array(r))
        return 0;
    while (jr_next_item(r)) {
        struct ddb_key_part part = read_part(r);
        if (count < DDB_KEY_PARTS_MAX)
            parts[count++] = part;
    }
    return count;
}

/* AWS: 100 projected attributes a table; two key attributes of the table, eight of each of 25
 * indexes; 50 tags. */
enum { ATTRIBUTES_MAX = 202, INCLUDED_MAX = 100, TAGS_LIMIT = 50 };

static void read_attributes(struct jr *r, struct ddb_definition *d)
{
    d->attributes = ARENA_ARRAY(r->arena, struct ddb_key_part, ATTRIBUTES_MAX);
    if (!jr_enter_array(r))
        return;
    while (jr_next_item(r)) {
        struct ddb_key_part part = read_part(r);
        if (d->attribute_count < ATTRIBUTES_MAX)
            d->attributes[d->attribute_count++] = part;
    }
}

static enum ddb_projection read_projection(struct jr *r)
{
    const char *name = read_string(r);

    for (size_t i = 0; i < ARRAY_LEN(projections); i++)
        if (str_eq(name, projections[i]))
            return (enum ddb_projection)i;
    return DDB_PROJECT_ALL;
}

static void read_included(struct jr *r, struct ddb_index *index)
{
    index->included = ARENA_ARRAY(r->arena, struct ddb_text, INCLUDED_MAX);
    if (!jr_enter_array(r))
        return;
    while (jr_next_item(r)) {
        struct ddb_text name = read_text(r);
        if (index->included_count < INCLUDED_MAX)
            index->included[index->included_count++] = name;
    }
}

static bool read_throughput(struct jr *r, struct jr_text key, struct ddb_throughput *throughput,
                            struct ddb_on_demand *on_demand)
{
    if (jr_text_eq(key, "read"))
        throughput->read = read_int(r);
    else if (jr_text_eq(key, "write"))
        throughput->write = read_int(r);
    else if (jr_text_eq(key, "max_read"))
        on_demand->max_read = read_int(r);
    else if (jr_text_eq(key, "max_write"))
        on_demand->max_write = read_int(r);
    else
        return false;
    return true;
}

static bool read_feature(struct jr *r, struct jr_text key, struct ddb_warm *warm,
                         struct ddb_insights *insights)
{
    if (jr_text_eq(key, "warm_read"))
        warm->read = read_int(r);
    else if (jr_text_eq(key, "warm_write"))
        warm->write = read_int(r);
    else if (jr_text_eq(key, "insights"))
        insights->enabled = read_flag(r);
    else if (jr_text_eq(key, "insights_ms"))
        insights->changed_ms = read_int(r);
    else if (jr_text_eq(key, "insights_mode"))
        insights->mode = read_string(r);
    else
        return false;
    return true;
}

static void read_replicas(struct jr *r, struct ddb_definition *d)
{
    d->replicas = ARENA_ARRAY(r->arena, struct ddb_replica, DDB_REPLICAS_MAX);
    if (!jr_enter_array(r))
        return;
    while (jr_next_item(r)) {
        struct ddb_replica replica = {.region = ""};
        struct jr_text key;
        if (!jr_enter_object(r))
            return;
        while (jr_next_key(r, &key)) {
            if (jr_text_eq(key, "region"))
                replica.region = read_string(r);
            else
                replica.table_id = read_int(r);
        }
        if (d->replica_count < DDB_REPLICAS_MAX)
            d->replicas[d->replica_count++] = replica;
    }
}

static struct ddb_index read_index(struct jr *r)
{
    struct ddb_index index = {.name = "", .on_demand = {-1, -1}};
    struct jr_text key;

    if (!jr_enter_object(r))
        return index;
    while (jr_next_key(r, &key)) {
        if (jr_text_eq(key, "name"))
            index.name = read_string(r);
        else if (jr_text_eq(key, "serial"))
            index.serial = (int)read_int(r);
        else if (jr_text_eq(key, "global"))
            index.global = read_flag(r);
        else if (jr_text_eq(key, "hash"))
            index.key.hash_count = read_key_parts(r, index.key.hash);
        else if (jr_text_eq(key, "range"))
            index.key.range_count = read_key_parts(r, index.key.range);
        else if (jr_text_eq(key, "projection"))
            index.projection = read_projection(r);
        else if (jr_text_eq(key, "included"))
            read_included(r, &index);
        else if (jr_text_eq(key, "backfilling"))
            index.backfilling = read_flag(r);
        else if (!read_feature(r, key, &index.warm, &index.insights) &&
                 !read_throughput(r, key, &index.throughput, &index.on_demand))
            jr_skip(r, NULL);
    }
    return index;
}

static void read_indexes(struct jr *r, struct ddb_definition *d)
{
    enum { MAX = DDB_LOCAL_INDEXES_MAX + DDB_GLOBAL_INDEXES_MAX };

    d->indexes = ARENA_ARRAY(r->arena, struct ddb_index, MAX);
    if (!jr_enter_array(r))
        return;
    while (jr_next_item(r)) {
        struct ddb_index index = read_index(r);
        if (d->index_count < MAX)
            d->indexes[d->index_count++] = index;
    }
}

static void read_tags(struct jr *r, struct ddb_definition *d)
{
    d->tags = ARENA_ARRAY(r->arena, struct ddb_tag, TAGS_LIMIT);
    if (!jr_enter_array(r))
        return;
    while (jr_next_item(r)) {
        struct ddb_tag tag = {"", ""};
        if (!jr_enter_array(r))
            return;
        for (int i = 0; jr_next_item(r); i++)
            *(i == 0 ? &tag.key : &tag.value) = read_string(r);
        if (d->tag_count < TAGS_LIMIT)
            d->tags[d->tag_count++] = tag;
    }
}

static void read_stream(struct jr *r, struct ddb_stream_setting *stream)
{
    struct jr_text key;

    if (!jr_enter_object(r))
        return;
    while (jr_next_key(r, &key)) {
        if (jr_text_eq(key, "label"))
            stream->label = read_string(r);
        else if (jr_text_eq(key, "enabled"))
            stream->enabled = read_flag(r);
        else if (jr_text_eq(key, "view"))
            ddb_view_named(read_string(r), &stream->view);
        else
            jr_skip(r, NULL);
    }
}

/* Members that are one word. */
static bool read_plain(struct jr *r, struct jr_text key, struct ddb_definition *d)
{
    if (jr_text_eq(key, "uuid"))
        d->uuid = read_string(r);
    else if (jr_text_eq(key, "created_ms"))
        d->created_ms = read_int(r);
    else if (jr_text_eq(key, "on_demand_since_ms"))
        d->on_demand_since_ms = read_int(r);
    else if (jr_text_eq(key, "next_serial"))
        d->next_serial = (int)read_int(r);
    else if (jr_text_eq(key, "decreased_ms"))
        d->decreased_ms = read_int(r);
    else if (jr_text_eq(key, "increased_ms"))
        d->increased_ms = read_int(r);
    else if (jr_text_eq(key, "table_class"))
        d->table_class = read_string(r);
    else if (jr_text_eq(key, "deletion_protection"))
        d->deletion_protection = read_flag(r);
    else if (jr_text_eq(key, "sse_key"))
        d->sse_key = read_string(r);
    else if (jr_text_eq(key, "ttl_attribute"))
        d->ttl_attribute = read_string(r);
    else
        return false;
    return true;
}

static bool read_setting(struct jr *r, struct jr_text key, struct ddb_definition *d)
{
    if (jr_text_eq(key, "policy"))
        d->policy.text = read_string(r);
    else if (jr_text_eq(key, "policy_revision"))
        d->policy.revision = read_string(r);
    else if (jr_text_eq(key, "stream_policy"))
        d->stream_policy.text = read_string(r);
    else if (jr_text_eq(key, "stream_policy_revision"))
        d->stream_policy.revision = read_string(r);
    else if (jr_text_eq(key, "global_since_ms"))
        d->global_since_ms = read_int(r);
    else if (jr_text_eq(key, "ttl_changed_ms"))
        d->ttl_changed_ms = read_int(r);
    else if (jr_text_eq(key, "recovery_since_ms"))
        d->recovery_since_ms = read_int(r);
    else if (jr_text_eq(key, "recovery_days"))
        d->recovery_days = read_int(r);
    else if (jr_text_eq(key, "restored_backup"))
        d->restored_backup = read_string(r);
    else if (jr_text_eq(key, "restored_table"))
        d->restored_table = read_string(r);
    else if (jr_text_eq(key, "restored_ms"))
        d->restored_ms = read_int(r);
    else if (jr_text_eq(key, "creating"))
        d->creating = read_flag(r);
    else if (jr_text_eq(key, "copies"))
        d->copies = read_int(r);
    else if (jr_text_eq(key, "deliveries"))
        d->deliveries = read_int(r);
    else
        return false;
    return true;
}

bool ddb_definition_read(const char *json, struct arena *a, struct ddb_definition *out)
{
    struct ddb_definition d = {.uuid = "", .on_demand = {-1, -1}};
    struct jr_text key;
    struct jr r;

    jr_init(&r, json, strlen(json), a, 16);
    if (!jr_enter_object(&r))
        return false;
    while (jr_next_key(&r, &key)) {
        if (jr_text_eq(key, "attributes"))
            read_attributes(&r, &d);
        else if (jr_text_eq(key, "hash"))
            d.key.hash_count = read_key_parts(&r, d.key.hash);
        else if (jr_text_eq(key, "range"))
            d.key.range_count = read_key_parts(&r, d.key.range);
        else if (jr_text_eq(key, "indexes"))
            read_indexes(&r, &d);
        else if (jr_text_eq(key, "tags"))
            read_tags(&r, &d);
        else if (jr_text_eq(key, "replicas"))
            read_replicas(&r, &d);
        else if (jr_text_eq(key, "stream"))
            read_stream(&r, &d.stream);
        else if (!read_plain(&r, key, &d) && !read_setting(&r, key, &d) &&
                 !read_feature(&r, key, &d.warm, &d.insights) &&
                 !read_throughput(&r, key, &d.throughput, &d.on_demand))
            jr_skip(&r, NULL);
    }
    if (!jr_finish(&r) || d.key.hash_count != 1)
        return false;
    *out = d;
    return true;
}
