/* See the header. */
#include "handlers/glue/expression_value.h"

enum { EXPONENT_DIGITS_MAX = 9, DATE_LEN = 10, TIME_LEN = 19, NANOS_MAX = 9 };

enum glue_key_type glue_key_type_of(const char *name)
{
    static const struct {
        const char *name;
        enum glue_key_type type;
    } types[] = {
        {"string", GLUE_KEY_TEXT},      {"varchar", GLUE_KEY_TEXT},
        {"char", GLUE_KEY_TEXT},        {"tinyint", GLUE_KEY_INTEGER},
        {"smallint", GLUE_KEY_INTEGER}, {"int", GLUE_KEY_INTEGER},
        {"integer", GLUE_KEY_INTEGER},  {"bigint", GLUE_KEY_INTEGER},
        {"long", GLUE_KEY_INTEGER},     {"decimal", GLUE_KEY_DECIMAL},
        {"date", GLUE_KEY_DATE},        {"timestamp", GLUE_KEY_TIMESTAMP},
    };
    size_t len = strcspn(name, "( ");

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strlen(types[i].name) == len && strncasecmp(types[i].name, name, len) == 0)
            return types[i].type;
    }
    return GLUE_KEY_UNKNOWN;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *from = p;

    while (p < end && is_digit(*p))
        p++;
    return (size_t)(p - from);
}

/* --- numbers --- */

/* [+-]digits at the end of a number; false when that is not what it is. */
static bool read_exponent(const uint8_t *p, const uint8_t *end, int64_t *out)
{
    bool negative = p < end && *p == '-';
    int64_t value = 0;

    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end || end - p > EXPONENT_DIGITS_MAX || count_digits(p, end) != (size_t)(end - p))
        return false;
    for (; p < end; p++)
        value = value * 10 + (*p - '0');
    *out = negative ? -value : value;
    return true;
}

/* The digits that count of those in [p, end), among which a point may stand. */
static void trim_digits(const uint8_t *p, const uint8_t *end, size_t whole, int64_t exponent,
                        struct glue_scalar *out)
{
    const uint8_t *from = p;

    while (p < end && (*p == '0' || *p == '.'))
        p++;
    while (end > p && (end[-1] == '0' || end[-1] == '.'))
        end--;
    out->digits = (struct bytes){.data = p, .len = (size_t)(end - p)};
    /* digits before the point, less the zeros skipped; behind it the point was skipped, too */
    out->magnitude = exponent + (int64_t)whole - (p - from) + ((size_t)(p - from) > whole);
    if (p == end)
        out->negative = false;
}

static bool read_number(struct bytes text, bool integer, struct glue_scalar *out)
{
    const uint8_t *p = text.data;
    const uint8_t *end = p + text.len;
    const uint8_t *digits;
    size_t whole;
    size_t fraction = 0;
    int64_t exponent = 0;

    out->negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    digits = p;
    whole = count_digits(p, end);
    p += whole;
    if (p < end && *p == '.' && !integer) {
        fraction = count_digits(p + 1, end);
        p += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    trim_digits(digits, p, whole, 0, out);
    if (p == end)
        return true;
    if (integer || (*p != 'e' && *p != 'E') || !read_exponent(p + 1, end, &exponent))
        return false;
    out->magnitude += exponent;
    return true;
}

/* Compares runs of digits that begin at the same place, whatever points stand in them. */
static int compare_digits(struct bytes a, struct bytes b)
{
    size_t i = 0;
    size_t k = 0;

    for (;;) {
        uint8_t x;
        uint8_t y;

        i += i < a.len && a.data[i] == '.';
        k += k < b.len && b.data[k] == '.';
        if (i >= a.len && k >= b.len)
            return 0;
        x = i < a.len ? a.data[i++] : '0';
        y = k < b.len ? b.data[k++] : '0';
        if (x != y)
            return x < y ? -1 : 1;
    }
}

static int sign_of(const struct glue_scalar *s)
{
    return s->digits.len == 0 ? 0 : s->negative ? -1 : 1;
}

static int compare_numbers(const struct glue_scalar *a, const struct glue_scalar *b)
{
    int sign = sign_of(a);
    int larger;

    if (sign != sign_of(b))
        return sign < sign_of(b) ? -1 : 1;
    if (sign == 0)
        return 0;
    if (a->magnitude != b->magnitude)
        larger = a->magnitude < b->magnitude ? -1 : 1;
    else
        larger = compare_digits(a->digits, b->digits);
    return sign * larger;
}

/* --- dates and times --- */

static int number_at(const uint8_t *p, size_t len)
{
    int value = 0;

    for (size_t i = 0; i < len; i++)
        value = value * 10 + (p[i] - '0');
    return value;
}

/* Whether the text begins as the form does, in which 9 stands for any digit. */
static bool has_form(struct bytes text, const char *form)
{
    size_t len = strlen(form);

    if (text.len < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (form[i] == '9' ? !is_digit(text.data[i]) : text.data[i] != (uint8_t)form[i])
            return false;
    }
    return true;
}

static bool is_date(struct bytes text)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year;
    int month;
    int day;

    if (!has_form(text, "9999-99-99"))
        return false;
    year = number_at(text.data, 4);
    month = number_at(text.data + 5, 2);
    day = number_at(text.data + 8, 2);
    if (month < 1 || month > 12 || day < 1 || day > days[month - 1])
        return false;
    return month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* yyyy-mm-dd hh:mm:ss[.fffffffff] */
static bool is_timestamp(struct bytes text)
{
    size_t fraction;

    if (!is_date(text) || !has_form(text, "9999-99-99 99:99:99"))
        return false;
    if (number_at(text.data + 11, 2) > 23 || number_at(text.data + 14, 2) > 59 ||
        number_at(text.data + 17, 2) > 59)
        return false;
    if (text.len == TIME_LEN)
        return true;
    fraction = count_digits(text.data + TIME_LEN + 1, text.data + text.len);
    return text.data[TIME_LEN] == '.' && fraction >= 1 && fraction <= NANOS_MAX &&
           TIME_LEN + 1 + fraction == text.len;
}

static int compare_timestamps(struct bytes a, struct bytes b)
{
    int order = memcmp(a.data, b.data, TIME_LEN);

    if (order)
        return order;
    return compare_digits((struct bytes){.data = a.data + TIME_LEN, .len = a.len - TIME_LEN},
                          (struct bytes){.data = b.data + TIME_LEN, .len = b.len - TIME_LEN});
}

/* --- all types --- */

bool glue_scalar_read(enum glue_key_type type, struct bytes text, struct glue_scalar *out)
{
    *out = (struct glue_scalar){.text = text};
    switch (type) {
    case GLUE_KEY_TEXT:
        return true;
    case GLUE_KEY_INTEGER:
    case GLUE_KEY_DECIMAL:
        return read_number(text, type == GLUE_KEY_INTEGER, out);
    case GLUE_KEY_DATE:
        return text.len == DATE_LEN && is_date(text);
    case GLUE_KEY_TIMESTAMP:
        return is_timestamp(text);
    default:
        return false;
    }
}

const char *glue_scalar_problem(enum glue_key_type type, struct bytes text, struct arena *a)
{
    const char *words = type == GLUE_KEY_INTEGER   ? "\"%s\" is not an integer."
                        : type == GLUE_KEY_DECIMAL ? "%s is not a decimal."
                        : type == GLUE_KEY_DATE    ? "%s is not a date."
                                                   : "Timestamp format must be yyyy-mm-dd "
                                                     "hh:mm:ss[.fffffffff] %s is not a timestamp.";
    const char *value = arena_strndup(a, (const char *)text.data, text.len);
    const char *at = strstr(words, "%s");

    return arena_printf(a, "%.*s%s%s", (int)(at - words), words, value, at + 2);
}

int glue_scalar_compare(enum glue_key_type type, const struct glue_scalar *a,
                        const struct glue_scalar *b)
{
    int order;

    if (type == GLUE_KEY_INTEGER || type == GLUE_KEY_DECIMAL)
        return compare_numbers(a, b);
    if (type == GLUE_KEY_TIMESTAMP)
        return compare_timestamps(a->text, b->text);
    order = memcmp(a->text.data, b->text.data, MIN(a->text.len, b->text.len));
    return order ? order : (a->text.len > b->text.len) - (a->text.len < b->text.len);
}

/* --- LIKE --- */

/* One character of UTF-8; a byte that is none counts as one. */
static size_t character_len(const uint8_t *p, const uint8_t *end)
{
    size_t len = 1;

    while (*p >= 0xC0 && p + len < end && (p[len] & 0xC0) == 0x80)
        len++;
    return len;
}

bool glue_text_like(struct bytes text, struct bytes pattern)
{
    const uint8_t *t = text.data;
    const uint8_t *t_end = t + text.len;
    const uint8_t *p = pattern.data;
    const uint8_t *p_end = p + pattern.len;
    const uint8_t *retry_p = NULL; /* behind the last %, */
    const uint8_t *retry_t = NULL; /* which so far has taken what is before this */

    while (t < t_end) {
        if (p < p_end && *p == '%') {
            retry_p = ++p;
            retry_t = t;
        } else if (p < p_end && *p == '_') {
            p++;
            t += character_len(t, t_end);
        } else if (p < p_end && *p == *t) {
            p++;
            t++;
        } else if (retry_p) {
            p = retry_p;
            retry_t += character_len(retry_t, t_end);
            t = retry_t;
        } else {
            return false;
        }
    }
    while (p < p_end && *p == '%')
        p++;
    return p == p_end;
}
