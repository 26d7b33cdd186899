#include "handlers/s3/range.h"

static const char unit[] = "bytes=";

/* Digits up to `end`; a number that is too large becomes the largest. */
static bool read_number(const char **text, int64_t *out)
{
    const char *p = *text;
    int64_t value = 0;

    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *p - '0', &value)) {
            value = INT64_MAX;
            p += strspn(p, "0123456789");
            break;
        }
    if (p == *text)
        return false;
    *text = p;
    *out = value;
    return true;
}

enum s3_range_outcome s3_range_read(const char *text, int64_t size, struct s3_range *out)
{
    int64_t first, last = INT64_MAX;

    *out = (struct s3_range){.from = 0, .to = size};
    if (!text || strncasecmp(text, unit, strlen(unit)) != 0)
        return S3_RANGE_ALL;
    text += strlen(unit);
    if (*text == '-') { /* the last so many bytes */
        text++;
        if (!read_number(&text, &last) || *text)
            return S3_RANGE_ALL;
        if (last == 0 || size == 0)
            return S3_RANGE_UNSATISFIABLE;
        out->from = size - MIN(last, size);
        return S3_RANGE_PART;
    }
    if (!read_number(&text, &first) || *text++ != '-')
        return S3_RANGE_ALL;
    if (*text && (!read_number(&text, &last) || *text || last < first))
        return S3_RANGE_ALL;
    if (first >= size)
        return S3_RANGE_UNSATISFIABLE;
    out->from = first;
    out->to = last < size ? last + 1 : size;
    return S3_RANGE_PART;
}

bool s3_range_exact(const char *text, int64_t size, struct s3_range *out)
{
    int64_t first, last;

    if (strncmp(text, unit, strlen(unit)) != 0)
        return false;
    text += strlen(unit);
    if (!read_number(&text, &first) || *text++ != '-' || !read_number(&text, &last) || *text)
        return false;
    if (first > last || last >= size)
        return false;
    *out = (struct s3_range){.from = first, .to = last + 1};
    return true;
}
