/*
 * Reads the 64-bit part of a TZif file (RFC 8536): times at which the offset changes, and to what.
 * The rule for times after the last change, which stands behind them, is not read: the files of
 * Debian list the changes up to 2037.
 */
#include "handlers/firehose/time_zone.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { FILE_MAX = 64 * 1024, HEADER = 44, TYPE = 6 };

struct time_zone {
    const char *name;
    size_t change_count;
    size_t type_count;
    size_t text_len;
    const uint8_t *times; /* 8 bytes each, big endian */
    const uint8_t *kinds; /* index of the type that begins then */
    const uint8_t *types; /* offset (4), daylight saving (1), abbreviation (1) */
    const char *texts;
};

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Bytes of a part whose header stands at p, with times of that size. */
static size_t part_size(const uint8_t *p, size_t time_size)
{
    return HEADER + be32(p + 32) * time_size + be32(p + 32) + (size_t)be32(p + 36) * TYPE +
           be32(p + 40) + be32(p + 28) * (time_size + 4) + be32(p + 24) + be32(p + 20);
}

static bool parse(const uint8_t *data, size_t len, struct time_zone *out)
{
    const uint8_t *p = data;

    if (len < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return false;
    size_t first = part_size(p, 4);
    if (first > len - HEADER)
        return false;
    p += first;
    if (memcmp(p, "TZif", 4) != 0 || part_size(p, 8) > len - first)
        return false;
    out->change_count = be32(p + 32);
    out->type_count = be32(p + 36);
    out->text_len = be32(p + 40);
    out->times = p + HEADER;
    out->kinds = out->times + out->change_count * 8;
    out->types = out->kinds + out->change_count;
    out->texts = (const char *)out->types + out->type_count * TYPE;
    if (out->type_count == 0 || out->text_len == 0 || out->texts[out->text_len - 1] != '\0')
        return false;
    for (size_t i = 0; i < out->change_count; i++)
        if (out->kinds[i] >= out->type_count)
            return false;
    for (size_t i = 0; i < out->type_count; i++)
        if (out->types[i * TYPE + 5] >= out->text_len)
            return false;
    return true;
}

const struct time_zone *time_zone_read(struct arena *a, const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/_";
    struct time_zone *zone = ARENA_NEW(a, struct time_zone);
    uint8_t *data = arena_alloc(a, FILE_MAX);
    size_t len = 0;
    ssize_t n;

    if (!name[0] || name[strspn(name, letters)])
        return NULL;
    AUTO_CLOSE int fd =
        open(arena_printf(a, "/usr/share/zoneinfo/%s", name), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    while (len < FILE_MAX && (n = read(fd, data + len, FILE_MAX - len)) > 0)
        len += (size_t)n;
    zone->name = arena_strdup(a, name);
    return parse(data, len, zone) ? zone : NULL;
}

const char *time_zone_name(const struct time_zone *zone)
{
    return zone ? zone->name : "UTC";
}

int32_t time_zone_offset_s(const struct time_zone *zone, int64_t at_ms,
                           const char **out_abbreviation)
{
    const uint8_t *type;
    size_t low = 0;
    size_t high;

    *out_abbreviation = "UTC";
    if (!zone)
        return 0;
    high = zone->change_count; /* the first change that is later than at_ms */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (be64(zone->times + middle * 8) * 1000 <= at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    type = zone->types + (low ? zone->kinds[low - 1] : 0) * (size_t)TYPE;
    *out_abbreviation = zone->texts + type[5];
    return (int32_t)be32(type);
}
