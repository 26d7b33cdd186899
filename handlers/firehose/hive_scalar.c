#include "handlers/firehose/hive_scalar.h"

#include "server/base/utf8.h"

#include <math.h>

enum { EXPONENT_MAX = 100000, TEXT_MAX = 400 };

/* --- numbers as they are written --- */

struct number {
    bool negative;
    const char *digits; /* with a point somewhere, or none */
    size_t len;
    int64_t exponent;
};

static size_t count_digits(const char *p, const char *end)
{
    const char *from = p;

    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return (size_t)(p - from);
}

/* [+-]digits[.digits][(e|E)[+-]digits] */
static bool read_number(const char *text, size_t len, struct number *out)
{
    const char *end = text + len;
    const char *p = text;
    size_t whole;
    size_t fraction = 0;

    *out = (struct number){.negative = len && *text == '-'};
    p += len && (*p == '-' || *p == '+');
    out->digits = p;
    whole = count_digits(p, end);
    p += whole;
    if (p < end && *p == '.') {
        fraction = count_digits(p + 1, end);
        p += 1 + fraction;
    }
    out->len = (size_t)(p - out->digits);
    if (whole + fraction == 0)
        return false;
    if (p < end && (*p | 0x20) == 'e') {
        bool negative = p + 1 < end && p[1] == '-';
        size_t n;

        p += 1 + (p + 1 < end && (p[1] == '-' || p[1] == '+'));
        n = count_digits(p, end);
        if (n == 0)
            return false;
        for (; n > 0; n--, p++)
            out->exponent = MIN(out->exponent * 10 + (*p - '0'), EXPONENT_MAX);
        out->exponent *= negative ? -1 : 1;
    }
    return p == end;
}

/* n is 38 at most: ten to 38 fits. */
static __int128 power_of_ten(int n)
{
    __int128 value = 1;

    while (n-- > 0)
        value *= 10;
    return value;
}

/* The number times ten to `scale`, rounded half up; false when it has more than `precision` digits.
 */
static bool to_decimal(const struct number *n, int precision, int scale, __int128 *out)
{
    const __int128 limit = power_of_ten(precision);
    const char *point = memchr(n->digits, '.', n->len);
    int64_t whole = point ? point - n->digits : (int64_t)n->len;
    int64_t wanted = whole + n->exponent + scale; /* digits that count */
    __int128 value = 0;
    int64_t seen = 0;

    for (size_t i = 0; i < n->len && seen <= wanted; i++) {
        int digit = n->digits[i] - '0';

        if (n->digits[i] == '.')
            continue;
        if (seen++ == wanted) {
            value += digit >= 5;
            break;
        }
        if (value >= limit / 10)
            return false;
        value = value * 10 + digit;
    }
    for (; value != 0 && seen < wanted; seen++) {
        if (value >= limit / 10)
            return false;
        value *= 10;
    }
    *out = n->negative ? -value : value;
    return value < limit;
}

/* --- kinds --- */

/* A fraction of zeros is none. */
static bool read_integer(const struct hive_type *type, const struct number *n, int64_t *out)
{
    static const int bits[] = {
        [HIVE_TINYINT] = 8, [HIVE_SMALLINT] = 16, [HIVE_INT] = 32, [HIVE_BIGINT] = 64};
    const __int128 limit = (__int128)1 << (bits[type->kind] - 1);
    __int128 value;
    __int128 with_fraction;

    if (!to_decimal(n, 20, 0, &value) || !to_decimal(n, 38, 18, &with_fraction) ||
        value * power_of_ten(18) != with_fraction || value < -limit || value >= limit)
        return false;
    *out = (int64_t)value;
    return true;
}

static bool read_real(const struct hive_type *type, const char *text, size_t len, double *out)
{
    char copy[TEXT_MAX];
    double value;

    if (len >= sizeof(copy))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    value = strtod(copy, NULL);
    if (type->kind == HIVE_FLOAT)
        value = (double)(float)value;
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

/* Bytes of the first `max` characters. */
static size_t cut(const char *text, size_t len, int max)
{
    const char *end = text + len;
    const char *p = text;

    for (int n = 0; n < max && p < end; n++)
        p += MAX(utf8_sequence(p, end), (size_t)1);
    return (size_t)(p - text);
}

bool hive_scalar_read(const struct hive_type *type, const char *text, size_t len,
                      struct hive_value *out)
{
    bool sized = type->kind == HIVE_CHAR || type->kind == HIVE_VARCHAR;
    struct number n;

    *out = (struct hive_value){0};
    if (type->kind == HIVE_BOOLEAN) {
        out->boolean = is_word(text, len, "true");
        return out->boolean || is_word(text, len, "false");
    }
    if (type->kind >= HIVE_STRING) {
        out->text =
            (struct bytes){(const uint8_t *)text, sized ? cut(text, len, type->precision) : len};
        return true;
    }
    if (!read_number(text, len, &n))
        return false;
    if (type->kind == HIVE_DECIMAL)
        return to_decimal(&n, type->precision, type->scale, &out->decimal);
    if (type->kind == HIVE_FLOAT || type->kind == HIVE_DOUBLE)
        return read_real(type, text, len, &out->real);
    return read_integer(type, &n, &out->integer);
}
