/*
 * The texts inside a policy document: resources, operators and dates of conditions.
 */
#include "handlers/iam/iam_parts.h"

/* --- resources --- */

static bool one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(text, list[i]))
            return true;
    return false;
}

/* The part of an ARN up to the next colon, which is left behind; *rest is NULL after the last. */
static const char *next_part(struct arena *a, const char **rest)
{
    const char *start = *rest;
    const char *colon = start ? strchr(start, ':') : NULL;

    if (!start)
        return NULL;
    *rest = colon ? colon + 1 : NULL;
    return colon ? arena_strndup(a, start, (size_t)(colon - start)) : start;
}

static const char *bad_partition(struct arena *a, const char *partition, const char *rest)
{
    const char *part[3];

    for (size_t i = 0; i < ARRAY_LEN(part); i++)
        part[i] = next_part(a, &rest);
    /* AWS: parts that are missing are shown as "*". */
    return arena_printf(a, "Partition \"%s\" is not valid for resource \"arn:%s:%s:%s:%s:%s\".",
                        partition, partition, part[0] ? part[0] : "*", part[1] ? part[1] : "*",
                        part[2] ? part[2] : "*", rest ? rest : "*");
}

static bool starts_with_any(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_starts(text, list[i]))
            return true;
    return false;
}

/* What IAM and S3 ask of their own ARNs. */
static const char *service_problem(struct arena *a, const char *resource, const char *service,
                                   const char *region, const char *path)
{
    static const char *const iam_paths[] = {
        "user/",
        "federated-user/",
        "role/",
        "group/",
        "instance-profile/",
        "mfa/",
        "server-certificate/",
        "policy/",
        "sms-mfa/",
        "saml-provider/",
        "oidc-provider/",
        "report/",
        "access-report/",
    };
    static const char *const s3_regional[] = {"accesspoint/", "job/", "storage-lens/",
                                              "async-request/"};

    if (str_eq(service, "iam") && region && *region)
        return arena_printf(a, "IAM resource %s cannot contain region information.", resource);
    if (str_eq(service, "s3") && region && *region && !str_eq(region, "*") &&
        !(path && starts_with_any(path, s3_regional, ARRAY_LEN(s3_regional))))
        return arena_printf(a, "Resource %s can not contain region information.", resource);
    if (str_eq(service, "iam") && path && *path != '*' &&
        !starts_with_any(path, iam_paths, ARRAY_LEN(iam_paths)))
        return "IAM resource path must either be \"*\" or start with user/, federated-user/, "
               "role/, "
               "group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, "
               "saml-provider/, oidc-provider/, report/, access-report/.";
    return NULL;
}

const char *iam_resource_problem(struct arena *a, const char *resource, bool *out_legacy)
{
    static const char *const partitions[] = {"*",          "aws",       "aws-cn",
                                             "aws-us-gov", "aws-iso",   "aws-iso-b",
                                             "aws-iso-e",  "aws-iso-f", "aws-eusc"};
    const char *rest = resource;
    const char *service;
    const char *region;
    const char *problem;
    int colons = 0;

    *out_legacy = false;
    if (str_eq(resource, "*"))
        return NULL;
    for (const char *p = resource; *p; p++)
        colons += *p == ':';
    if (colons == 0)
        return arena_printf(a, "Resource %s must be in ARN format or \"*\".", resource);
    next_part(a, &rest); /* AWS: whatever stands where "arn" should */
    const char *partition = next_part(a, &rest);
    if (!one_of(partition, partitions, ARRAY_LEN(partitions)))
        return bad_partition(a, partition, rest);
    if (!rest)
        return "Resource vendor must be fully qualified and cannot contain regexes.";
    service = next_part(a, &rest);
    region = next_part(a, &rest);
    next_part(a, &rest);
    problem = service_problem(a, resource, service, region, rest);
    *out_legacy = !problem && (!*service || (colons < 5 && strstr(resource, "::")));
    return problem;
}

/* --- conditions --- */

bool iam_is_operator(const char *name, size_t len)
{
    static const char *const operators[] = {"StringEquals",
                                            "StringNotEquals",
                                            "StringEqualsIgnoreCase",
                                            "StringNotEqualsIgnoreCase",
                                            "StringLike",
                                            "StringNotLike",
                                            "NumericEquals",
                                            "NumericNotEquals",
                                            "NumericLessThan",
                                            "NumericLessThanEquals",
                                            "NumericGreaterThan",
                                            "NumericGreaterThanEquals",
                                            "DateEquals",
                                            "DateNotEquals",
                                            "DateLessThan",
                                            "DateLessThanEquals",
                                            "DateGreaterThan",
                                            "DateGreaterThanEquals",
                                            "Bool",
                                            "BinaryEquals",
                                            "IpAddress",
                                            "NotIpAddress",
                                            "ArnEquals",
                                            "ArnLike",
                                            "ArnNotEquals",
                                            "ArnNotLike",
                                            "Null"};
    static const char postfix[] = "IfExists";

    if (len > strlen(postfix) &&
        strncasecmp(name + len - strlen(postfix), postfix, strlen(postfix)) == 0)
        len -= strlen(postfix);
    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        if (strlen(operators[i]) == len && strncasecmp(name, operators[i], len) == 0)
            return true;
    return false;
}

/* Moves *p behind a number from min to max, of digits only. */
static bool number(const char **p, int64_t min, int64_t max)
{
    int64_t value = 0;
    const char *start = *p;

    for (; **p >= '0' && **p <= '9'; ++*p)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, **p - '0', &value))
            return false;
    return *p > start && value >= min && value <= max;
}

static bool after(const char **p, char ch)
{
    if (**p != ch)
        return false;
    ++*p;
    return true;
}

/* z, or an offset of two digits and perhaps two more. */
static bool zone(const char **p)
{
    const char *start = *p + 1;

    if (after(p, 'z') || after(p, 'Z'))
        return true;
    if (!after(p, '+') && !after(p, '-'))
        return true;
    if (!number(p, 0, 23) || *p - start != 2)
        return false;
    if (!after(p, ':'))
        return true;
    start = *p;
    return number(p, 0, 59) && *p - start == 2;
}

static bool time_of_day(const char **p)
{
    if (!**p)
        return true;
    if (!number(p, 0, 23))
        return false;
    if (after(p, ':') && !number(p, 0, 59))
        return false;
    if (!after(p, ':'))
        return zone(p);
    return number(p, 0, 59) && (!after(p, '.') || number(p, 0, 999999999)) && zone(p);
}

bool iam_is_date(const char *text)
{
    const char *p = text;

    if (!strpbrk(text, "-tT"))
        return number(&p, 0, INT64_MAX) && !*p;
    /* The years of Java's dates. */
    int64_t year_max = after(&p, '-') ? 292275054 : 292278993;
    if (!number(&p, 0, year_max))
        return false;
    if (after(&p, '-') && !number(&p, 1, 12))
        return false;
    if (after(&p, '-') && !number(&p, 1, 31))
        return false;
    if ((after(&p, 't') || after(&p, 'T')) && !time_of_day(&p))
        return false;
    return !*p;
}
