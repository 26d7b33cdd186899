/* Amazon Resource Names: arn:partition:service:region:account:resource. */
#ifndef CADABRA_ARN_H
#define CADABRA_ARN_H

#include "server/base/arena.h"

struct arn {
    const char *partition; /* aws, aws-cn, ... */
    const char *service;
    const char *region;   /* "" where the service has none */
    const char *account;  /* "" or 12 digits; "aws" for managed policies */
    const char *resource; /* the rest, colons and slashes included; never empty */
};

/* False when text is no ARN. The parts are copied into the arena. */
bool arn_parse(struct arena *a, const char *text, struct arn *out);

/* arn:aws:service:region:account:<formatted resource>. The partition follows the region (cn-,
 * us-gov-). */
char *arn_make(struct arena *a, const char *service, const char *region, const char *account,
               const char *format, ...) PRINTF_LIKE(5, 6);
/* aws, aws-cn or aws-us-gov. */
const char *arn_partition(const char *region);

/* "arn:aws:kinesis:r:a:stream/orders" -> "orders": what follows `prefix` in the resource, NULL when
 * it does not begin so. */
const char *arn_resource_after(const struct arn *arn, const char *prefix);

#endif
