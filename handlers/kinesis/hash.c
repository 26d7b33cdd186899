#include "handlers/kinesis/hash.h"

#include "server/base/digest.h"

#define uint128 unsigned __int128

uint128 kinesis_hash_load(const uint8_t hash[KINESIS_HASH_LEN])
{
    uint128 v = 0;

    for (int i = 0; i < KINESIS_HASH_LEN; i++)
        v = v << 8 | hash[i];
    return v;
}

void kinesis_hash_save(uint128 number, uint8_t out[KINESIS_HASH_LEN])
{
    for (int i = KINESIS_HASH_LEN - 1; i >= 0; i--) {
        out[i] = (uint8_t)number;
        number >>= 8;
    }
}

struct kinesis_hash_range kinesis_hash_part(size_t i, size_t count)
{
    struct kinesis_hash_range range;
    const uint128 last = ~(uint128)0;
    /* 2^128 / count: with 2^128 - 1 the quotient differs only where count divides 2^128. */
    uint128 part = last / count + (last % count == count - 1 ? 1 : 0);

    kinesis_hash_save(part * i, range.start);
    kinesis_hash_save(i + 1 < count ? part * (i + 1) - 1 : last, range.end);
    return range;
}

void kinesis_hash_of_key(const char *partition_key, uint8_t out[KINESIS_HASH_LEN])
{
    static_assert((int)MD5_LEN == (int)KINESIS_HASH_LEN, "a hash key is an MD5 sum");
    md5(partition_key, strlen(partition_key), out);
}

void kinesis_hash_format(const uint8_t hash[KINESIS_HASH_LEN], char out[KINESIS_HASH_TEXT])
{
    uint128 v = kinesis_hash_load(hash);
    char digits[KINESIS_HASH_TEXT];
    size_t n = 0;

    do {
        digits[n++] = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    out[n] = '\0';
}

bool kinesis_hash_parse(const char *text, uint8_t out[KINESIS_HASH_LEN])
{
    uint128 v = 0;

    if (!*text)
        return false;
    for (const char *p = text; *p; p++) {
        unsigned digit = (unsigned)(*p - '0');
        if (digit > 9 || v > ~(uint128)0 / 10 || v * 10 > ~(uint128)0 - digit)
            return false;
        v = v * 10 + digit;
    }
    kinesis_hash_save(v, out);
    return true;
}

struct kinesis_shard *kinesis_hash_route(const struct kinesis_stream *stream,
                                         const uint8_t hash[KINESIS_HASH_LEN])
{
    size_t low = 0;
    size_t high = stream->open_count;

    while (low < high) { /* the last one that does not begin after the hash key */
        size_t middle = low + (high - low) / 2;
        if (memcmp(stream->open[middle]->range.start, hash, KINESIS_HASH_LEN) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || memcmp(hash, stream->open[low - 1]->range.end, KINESIS_HASH_LEN) > 0)
        return NULL;
    return stream->open[low - 1];
}

struct kinesis_shard *kinesis_hash_route_key(const struct kinesis_stream *stream,
                                             const char *partition_key)
{
    uint8_t hash[KINESIS_HASH_LEN];

    if (stream->open_count == 1) /* the open shards of a stream cover all hash keys */
        return stream->open[0];
    kinesis_hash_of_key(partition_key, hash);
    return kinesis_hash_route(stream, hash);
}
