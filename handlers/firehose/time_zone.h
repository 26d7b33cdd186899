/*
 * Time zones by their names in the system's database (/usr/share/zoneinfo), without the C library's
 * one global zone. A zone is read once and then constant.
 */
#ifndef CADABRA_FIREHOSE_TIME_ZONE_H
#define CADABRA_FIREHOSE_TIME_ZONE_H

#include "server/base/arena.h"

struct time_zone;

/* NULL: there is none of that name. It lives in the arena. Names are letters, slashes, underscores.
 */
const struct time_zone *time_zone_read(struct arena *a, const char *name);

/* As it was read. NULL is UTC. */
const char *time_zone_name(const struct time_zone *zone);
/* Seconds east of UTC at that time, and the zone's abbreviation (borrowed from the zone). NULL is
 * UTC. */
int32_t time_zone_offset_s(const struct time_zone *zone, int64_t at_ms,
                           const char **out_abbreviation);

#endif
