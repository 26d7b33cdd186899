/* ARNs are split at their first five colons; what follows may hold colons of its own. */
#include "handlers/common/arn.h"

bool arn_parse(struct arena *a, const char *text, struct arn *out)
{
    char *rest = arena_strdup(a, text);
    const char *parts[5];

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        parts[i] = strsep(&rest, ":");
        if (!rest)
            return false;
    }
    if (!str_eq(parts[0], "arn") || !*parts[1] || !*parts[2] || !*rest)
        return false;
    *out = (struct arn){.partition = parts[1],
                        .service = parts[2],
                        .region = parts[3],
                        .account = parts[4],
                        .resource = rest};
    return true;
}

const char *arn_partition(const char *region)
{
    if (str_starts(region, "cn-"))
        return "aws-cn";
    return str_starts(region, "us-gov-") ? "aws-us-gov" : "aws";
}

char *arn_make(struct arena *a, const char *service, const char *region, const char *account,
               const char *format, ...)
{
    va_list arguments;
    char *resource;

    va_start(arguments, format);
    resource = arena_vprintf(a, format, arguments);
    va_end(arguments);
    return arena_printf(a, "arn:%s:%s:%s:%s:%s", arn_partition(region), service, region, account,
                        resource);
}

const char *arn_resource_after(const struct arn *arn, const char *prefix)
{
    return str_starts(arn->resource, prefix) ? arn->resource + strlen(prefix) : NULL;
}
