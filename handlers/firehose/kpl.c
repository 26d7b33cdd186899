/* Magic bytes, a protocol buffer, and the MD5 of that. The buffer has a table of partition keys
 * (field 1), one of hash keys (2), and records (3): key index (1), hash key index (2), data (3). */
#include "handlers/firehose/kpl.h"

#include "server/base/digest.h"

enum { MAGIC_LEN = 4, VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

struct reader {
    const uint8_t *next;
    const uint8_t *end;
};

static bool varint(struct reader *r, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && r->next < r->end; shift += 7) {
        *out |= (uint64_t)(*r->next & 0x7f) << shift;
        if (!(*r->next++ & 0x80))
            return true;
    }
    return false;
}

/* One field: its number, and its value or its bytes. */
static bool field(struct reader *r, uint64_t *out_number, uint64_t *out_value,
                  struct bytes *out_bytes)
{
    uint64_t tag;
    uint64_t len = 0;

    if (!varint(r, &tag))
        return false;
    *out_number = tag >> 3;
    *out_bytes = (struct bytes){0};
    switch (tag & 7) {
    case VARINT:
        return varint(r, out_value);
    case BYTES:
        if (!varint(r, &len))
            return false;
        break;
    case FIXED64:
        len = 8;
        break;
    case FIXED32:
        len = 4;
        break;
    default:
        return false;
    }
    if (len > (uint64_t)(r->end - r->next))
        return false;
    *out_bytes = (struct bytes){r->next, (size_t)len};
    r->next += len;
    return true;
}

static bool read_record(struct bytes message, const struct bytes *keys, size_t key_count,
                        struct arena *a, struct kpl_record *out)
{
    struct reader r = {message.data, message.data + message.len};
    uint64_t key = UINT64_MAX;
    uint64_t number;
    uint64_t value;
    struct bytes bytes;

    while (r.next < r.end) {
        if (!field(&r, &number, &value, &bytes))
            return false;
        if (number == 1 && !bytes.data)
            key = value;
        if (number == 3 && bytes.data)
            out->data = bytes;
    }
    if (key >= key_count || !out->data.data)
        return false;
    out->partition_key = arena_strndup(a, (const char *)keys[key].data, keys[key].len);
    return true;
}

/* Counts the fields with that number; *out (may be NULL) gets them. False for what is no message.
 */
static bool collect(struct reader r, uint64_t wanted, struct bytes *out, size_t *out_count)
{
    uint64_t number;
    uint64_t value;
    struct bytes bytes;

    *out_count = 0;
    while (r.next < r.end) {
        if (!field(&r, &number, &value, &bytes))
            return false;
        if (number == wanted && bytes.data) {
            if (out)
                out[*out_count] = bytes;
            ++*out_count;
        }
    }
    return true;
}

static bool open_message(struct arena *a, struct reader r, struct kpl_records *out)
{
    struct bytes *keys;
    struct bytes *records;
    size_t key_count;
    size_t count;

    if (!collect(r, 1, NULL, &key_count) || !collect(r, 3, NULL, &count) || count == 0)
        return false;
    keys = ARENA_ARRAY(a, struct bytes, key_count);
    records = ARENA_ARRAY(a, struct bytes, count);
    collect(r, 1, keys, &key_count);
    collect(r, 3, records, &count);
    out->items = ARENA_ARRAY(a, struct kpl_record, count);
    for (size_t i = 0; i < count; i++) {
        out->items[i].number = i;
        if (!read_record(records[i], keys, key_count, a, &out->items[i]))
            return false;
    }
    out->count = count;
    return true;
}

void kpl_open(struct arena *a, struct bytes data, const char *partition_key,
              struct kpl_records *out)
{
    static const uint8_t magic[MAGIC_LEN] = {0xf3, 0x89, 0x9a, 0xc2};
    uint8_t digest[MD5_LEN];

    if (data.len > MAGIC_LEN + MD5_LEN && memcmp(data.data, magic, MAGIC_LEN) == 0) {
        const struct reader r = {data.data + MAGIC_LEN, data.data + data.len - MD5_LEN};

        md5(r.next, (size_t)(r.end - r.next), digest);
        if (memcmp(digest, r.end, MD5_LEN) == 0 && open_message(a, r, out))
            return;
    }
    out->items = ARENA_NEW(a, struct kpl_record);
    out->count = 1;
    out->items[0] = (struct kpl_record){.data = data, .partition_key = partition_key};
}
