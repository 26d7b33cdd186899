#include "storage/kinesis_pack.h"

#include "server/base/crc.h"

#include <endian.h>

static void put32(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof(value));
}

static uint32_t get32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return le32toh(value);
}

/* key_len counts the NUL. */
static uint32_t sum_of(const char *key, size_t key_len, const uint8_t *data, size_t data_len)
{
    return (uint32_t)crc_update(CRC_32C, crc_update(CRC_32C, 0, key, key_len), data, data_len);
}

/* --- writing --- */

size_t kinesis_pack_head(size_t count, size_t key_bytes)
{
    return count * KINESIS_PACK_ENTRY + key_bytes;
}

struct kinesis_packer kinesis_pack_begin(uint8_t *head, size_t count)
{
    return (struct kinesis_packer){.index = head, .keys = head + count * KINESIS_PACK_ENTRY};
}

void kinesis_pack_add(struct kinesis_packer *p, const char *key, struct bytes data)
{
    size_t key_len = strlen(key) + 1;

    memcpy(p->keys, key, key_len);
    p->keys += key_len;
    p->key_end += (uint32_t)key_len;
    p->data_end += (uint32_t)data.len;
    put32(p->index, p->key_end);
    put32(p->index + 4, p->data_end);
    put32(p->index + 8, sum_of(key, key_len, data.data, data.len));
    p->index += KINESIS_PACK_ENTRY;
}

/* --- reading --- */

bool kinesis_pack_entry(const uint8_t *index, size_t i, struct kinesis_pack_entry *out)
{
    const uint8_t *at = index + i * KINESIS_PACK_ENTRY;
    struct kinesis_pack_entry entry = {
        .key_end = get32(at), .data_end = get32(at + 4), .sum = get32(at + 8)};

    if (i > 0) {
        entry.key = get32(at - KINESIS_PACK_ENTRY);
        entry.data = get32(at - KINESIS_PACK_ENTRY + 4);
    }
    *out = entry;
    return entry.key < entry.key_end && entry.data <= entry.data_end &&
           entry.key_end <= KINESIS_PACK_BYTES_MAX && entry.data_end <= KINESIS_PACK_BYTES_MAX;
}

bool kinesis_pack_whole(const struct kinesis_pack_entry *entry, const char *key,
                        const uint8_t *data)
{
    size_t key_len = entry->key_end - entry->key;

    return strnlen(key, key_len) == key_len - 1 &&
           sum_of(key, key_len, data, entry->data_end - entry->data) == entry->sum;
}
