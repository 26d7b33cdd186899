/* From logged changes to the records of streams: see stream.h. */
#include "handlers/dynamodb/stream.h"

#include "handlers/common/arn.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/log.h"

bool ddb_stream_name_parse(const char *text, struct arena *a, struct ddb_stream_name *out)
{
    struct arn arn;

    if (!arn_parse(a, text, &arn) || !str_eq(arn.service, "dynamodb"))
        return false;
    const char *rest = arn_resource_after(&arn, "table/");
    const char *slash = rest != NULL ? strchr(rest, '/') : NULL;
    if (slash == NULL || slash == rest || !str_starts(slash, "/stream/") || slash[8] == '\0')
        return false;
    out->scope = (struct scope){.account = arn.account, .region = arn.region};
    out->table = arena_strndup(a, rest, (size_t)(slash - rest));
    out->label = slash + 8;
    return true;
}

void ddb_sequence_format(int64_t number, char out[DYNAMODB_SEQUENCE_MAX])
{
    snprintf(out, DYNAMODB_SEQUENCE_MAX, "1%020" PRId64, number);
}

bool ddb_sequence_parse(const char *text, int64_t *out_number)
{
    size_t len = strlen(text);

    if (len != 21 || text[0] != '1' || strspn(text, "0123456789") != len || text[1] != '0' ||
        text[2] != '0')
        return false;
    *out_number = strtoll(text + 1, NULL, 10);
    return true;
}

/* The key attributes of an item, in the order of the schema. */
static struct ddb_item keys_of(const struct ddb_definition *d, const struct ddb_item *item,
                               struct arena *a)
{
    struct ddb_item keys = {.members = ARENA_ARRAY(a, struct ddb_member, 2), .set = true};
    const struct ddb_key_part *parts[] = {&d->key.hash[0],
                                          d->key.range_count > 0 ? &d->key.range[0] : NULL};

    for (size_t i = 0; i < ARRAY_LEN(parts) && parts[i] != NULL; i++) {
        const struct ddb_value *v = ddb_item_find(item, parts[i]->name);
        if (v != NULL)
            keys.members[keys.count++] = (struct ddb_member){.name = parts[i]->name, .value = *v};
    }
    return keys;
}

static void event_id(int64_t source, int64_t number, char out[33])
{
    char text[64];
    uint8_t digest[SHA256_LEN];

    int len = snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64, source, number);
    sha256(text, (size_t)len, digest);
    hex_encode(digest, 16, out);
}

static bool parse(struct bytes text, struct arena *a, struct ddb_item *out)
{
    *out = (struct ddb_item){0};
    return text.data == NULL ||
           ddb_item_parse((struct ddb_text){(const char *)text.data, text.len}, a, out);
}

enum store_status ddb_record_of(const struct ddb_logged *change, const struct ddb_definition *d,
                                enum ddb_view view, int64_t source, struct arena *a,
                                struct ddb_record *out)
{
    struct ddb_item before;
    struct ddb_item after;

    if (!parse(change->before, a, &before) || !parse(change->after, a, &after)) {
        log_error("a logged change cannot be read: the database is damaged");
        return STORE_FAILED;
    }
    bool was = change->before.data != NULL;
    bool is = change->after.data != NULL;
    *out = (struct ddb_record){
        .event_name = !was ? "INSERT"
                      : is ? "MODIFY"
                           : "REMOVE",
        .keys = keys_of(d, is ? &after : &before, a),
        .before = {(const char *)change->before.data, change->before.len},
        .after = {(const char *)change->after.data, change->after.len},
        .shows_before = was && (view == DDB_OLD_IMAGE || view == DDB_NEW_AND_OLD_IMAGES),
        .shows_after = is && (view == DDB_NEW_IMAGE || view == DDB_NEW_AND_OLD_IMAGES),
        .at_ms = change->at_ms,
        .by_expiry = change->cause == DDB_BY_EXPIRY,
    };
    ddb_sequence_format(change->number, out->sequence);
    event_id(source, change->number, out->event_id);
    out->size = (int64_t)ddb_members_size(out->keys.members, out->keys.count);
    if (out->shows_before)
        out->size += (int64_t)ddb_members_size(before.members, before.count);
    if (out->shows_after)
        out->size += (int64_t)ddb_members_size(after.members, after.count);
    return STORE_OK;
}

const char *ddb_record_partition(const struct ddb_record *r, const struct ddb_definition *d,
                                 struct arena *a)
{
    struct strbuf text = STRBUF_INIT(1 << 20);
    const struct ddb_value *v = ddb_item_find(&r->keys, d->key.hash[0].name);

    if (v != NULL)
        ddb_value_write(&text, v);
    const char *copy = arena_strndup(a, text.data != NULL ? text.data : "", text.len);
    strbuf_release(&text);
    return copy;
}
