#include "handlers/firehose/hive_time.h"

enum { YEAR_MAX = 9999, DIGITS_MAX = 9 };

#define SECOND_US INT64_C(1000000)
/* AWS: a number from here on is milliseconds, below it seconds. */
#define MILLIS_FROM INT64_C(1000000000000)

struct fields {
    int64_t year;
    int64_t month;
    int64_t day;
    int64_t day_of_year; /* 0: not given */
    int64_t hour;
    int64_t half_hour; /* of 12; -1: not given */
    int64_t afternoon; /* 1 with half_hour: PM */
    int64_t minute;
    int64_t second;
    int64_t nanos;
    int64_t offset_s; /* east of UTC */
};

struct cursor {
    const char *at;
    const char *end;
};

/* --- the calendar --- */

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970 to the first of January. */
static int64_t days_to_year(int64_t year)
{
    int64_t y = year - 1;

    /* In the year 0 divisions are of a negative number: it is one leap year before the year 1. */
    if (year == 0)
        return -719528;
    return 365 * y + y / 4 - y / 100 + y / 400 - 719162;
}

static bool to_us(const struct fields *f, int64_t *out_us)
{
    int64_t days;

    if (f->year < 0 || f->year > YEAR_MAX || f->month < 1 || f->month > 12 || f->day < 1 ||
        f->day > days_of_month(f->year, f->month) || f->hour > 23 || f->minute > 59 ||
        f->second > 59 || f->day_of_year > 365 + is_leap(f->year))
        return false;
    days = days_to_year(f->year);
    if (f->day_of_year > 0) {
        days += f->day_of_year - 1;
    } else {
        for (int64_t m = 1; m < f->month; m++)
            days += days_of_month(f->year, m);
        days += f->day - 1;
    }
    *out_us = days * HIVE_DAY_US +
              (f->hour * 3600 + f->minute * 60 + f->second - f->offset_s) * SECOND_US +
              f->nanos / 1000;
    return true;
}

/* --- pieces of text --- */

static bool take(struct cursor *c, char expected)
{
    if (c->at == c->end || *c->at != expected)
        return false;
    c->at++;
    return true;
}

/* Between min and max digits, as many as there are. */
static bool take_number(struct cursor *c, int min, int max, int64_t *out)
{
    int64_t value = 0;
    int n = 0;

    for (; n < max && c->at < c->end && *c->at >= '0' && *c->at <= '9'; n++)
        value = value * 10 + (*c->at++ - '0');
    if (n < min)
        return false;
    *out = value;
    return true;
}

/* The digits of a fraction of a second, at most `max`. */
static bool take_fraction(struct cursor *c, int max, int64_t *out_nanos)
{
    const char *from = c->at;
    int64_t value;

    if (!take_number(c, 1, max, &value))
        return false;
    for (int64_t n = c->at - from; n < DIGITS_MAX; n++)
        value *= 10;
    *out_nanos = value;
    return true;
}

/* yyyy-MM-dd, months and days with `min` to 2 digits. */
static bool take_date(struct cursor *c, int min, struct fields *f)
{
    return take_number(c, 4, 4, &f->year) && take(c, '-') && take_number(c, min, 2, &f->month) &&
           take(c, '-') && take_number(c, min, 2, &f->day);
}

static bool take_time(struct cursor *c, int min, struct fields *f)
{
    return take_number(c, min, 2, &f->hour) && take(c, ':') && take_number(c, min, 2, &f->minute) &&
           take(c, ':') && take_number(c, min, 2, &f->second) &&
           (!take(c, '.') || take_fraction(c, DIGITS_MAX, &f->nanos));
}

/* --- fixed forms --- */

bool hive_time_date(const char *text, size_t len, int64_t *out_us)
{
    struct cursor c = {text, text + len};
    struct fields f = {0};

    return take_date(&c, 1, &f) && c.at == c.end && to_us(&f, out_us);
}

bool hive_time_sql(const char *text, size_t len, int64_t *out_us)
{
    struct cursor c = {text, text + len};
    struct fields f = {0};

    return take_date(&c, 1, &f) && take(&c, ' ') && take_time(&c, 1, &f) && c.at == c.end &&
           to_us(&f, out_us);
}

static bool read_iso(const char *text, size_t len, int64_t *out_us)
{
    struct cursor c = {text, text + len};
    struct fields f = {0};

    if (!take_date(&c, 2, &f) || !take(&c, 'T') || !take_time(&c, 2, &f))
        return false;
    take(&c, 'Z');
    return c.at == c.end && to_us(&f, out_us);
}

/* value * unit_us, when that lies in the years that there are. */
static bool scale(int64_t value, int64_t unit_us, int64_t *out_us)
{
    if (value < days_to_year(0) * (HIVE_DAY_US / unit_us) ||
        value >= days_to_year(YEAR_MAX + 1) * (HIVE_DAY_US / unit_us))
        return false;
    *out_us = value * unit_us;
    return true;
}

/* A decimal number without exponent: its whole part, and billionths. */
static bool read_number(const char *text, size_t len, bool fraction_allowed, int64_t *out_whole,
                        int64_t *out_billionths)
{
    struct cursor c = {text, text + len};
    bool negative = take(&c, '-');
    int64_t whole;
    int64_t billionths = 0;

    if (!take_number(&c, 1, 17, &whole))
        return false;
    if (fraction_allowed && take(&c, '.') && !take_fraction(&c, DIGITS_MAX, &billionths))
        return false;
    while (fraction_allowed && c.at < c.end && *c.at >= '0' && *c.at <= '9')
        c.at++; /* digits beyond what counts */
    *out_whole = negative ? -whole : whole;
    *out_billionths = negative ? -billionths : billionths;
    return c.at == c.end;
}

bool hive_time_millis(const char *text, size_t len, int64_t *out_us)
{
    int64_t whole;
    int64_t billionths;

    return read_number(text, len, false, &whole, &billionths) && scale(whole, 1000, out_us);
}

static bool read_epoch(const char *text, size_t len, int64_t *out_us)
{
    int64_t whole;
    int64_t billionths;
    int64_t us;

    if (!read_number(text, len, true, &whole, &billionths))
        return false;
    if (whole >= MILLIS_FROM || whole <= -MILLIS_FROM) {
        if (!scale(whole, 1000, &us))
            return false;
        *out_us = us + billionths / 1000000;
        return true;
    }
    if (!scale(whole, SECOND_US, &us))
        return false;
    *out_us = us + billionths / 1000;
    return true;
}

bool hive_time_openx(const char *text, size_t len, int64_t *out_us)
{
    return hive_time_sql(text, len, out_us) || read_iso(text, len, out_us) ||
           read_epoch(text, len, out_us);
}

/* --- patterns --- */

static const char letters[] = "yYMdDEaHkhKmsSZz";

/* The next piece of a pattern: a run of one letter, or literal text. */
struct piece {
    char letter; /* 0: literal */
    int count;   /* DIGITS_MAX at most */
    const char *text;
    size_t len;
};

struct pattern {
    const char *at;
    bool quoted;
};

static void take_letters(struct pattern *p, struct piece *out)
{
    out->letter = *p->at;
    for (; *p->at == out->letter; p->at++)
        out->count = MIN(out->count + 1, DIGITS_MAX);
}

/* False at the end. '' is a quote, inside quotes and outside. */
static bool next_piece(struct pattern *p, struct piece *out)
{
    while (*p->at == '\'' && p->at[1] != '\'') {
        p->quoted = !p->quoted;
        p->at++;
    }
    if (!*p->at)
        return false;
    *out = (struct piece){.text = p->at, .len = 1};
    if (*p->at == '\'') {
        p->at += 2;
    } else if (p->quoted) {
        out->len = strcspn(p->at, "'");
        p->at += out->len;
    } else if ((*p->at | 0x20) >= 'a' && (*p->at | 0x20) <= 'z') {
        take_letters(p, out);
    } else {
        p->at++;
    }
    return true;
}

const char *hive_time_pattern_problem(const char *pattern)
{
    struct pattern p = {.at = pattern};
    struct piece piece;

    if (!*pattern)
        return "it is empty";
    while (next_piece(&p, &piece))
        if (piece.letter && !strchr(letters, piece.letter))
            return "a letter means nothing, or nothing that can be read";
    return p.quoted ? "a quote is not closed" : NULL;
}

static bool is_numeric(const struct piece *p)
{
    return p->letter && !strchr("EaZz", p->letter) && !(p->letter == 'M' && p->count > 2);
}

/* One of the names, whole or its first three letters; its number. */
static bool take_name(struct cursor *c, const char *const *names, size_t count, int64_t *out)
{
    size_t left = (size_t)(c->end - c->at);

    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]);

        if (left < len || strncasecmp(c->at, names[i], len) != 0)
            len = 3;
        if (left < len || strncasecmp(c->at, names[i], len) != 0)
            continue;
        c->at += len;
        *out = (int64_t)i;
        return true;
    }
    return false;
}

static bool take_month(struct cursor *c, int64_t *out)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};

    if (!take_name(c, names, ARRAY_LEN(names), out))
        return false;
    (*out)++;
    return true;
}

static bool take_weekday(struct cursor *c)
{
    static const char *const names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};
    int64_t day;

    return take_name(c, names, ARRAY_LEN(names), &day);
}

static bool take_half(struct cursor *c, int64_t *out)
{
    if (c->end - c->at < 2 ||
        (strncasecmp(c->at, "am", 2) != 0 && strncasecmp(c->at, "pm", 2) != 0))
        return false;
    *out = (*c->at | 0x20) == 'p';
    c->at += 2;
    return true;
}

/* Z, UTC, GMT, +0100, +01:00 */
static bool take_zone(struct cursor *c, int64_t *out_s)
{
    bool east = take(c, '+');
    int64_t hours;
    int64_t minutes;

    *out_s = 0;
    if (!east && !take(c, '-')) {
        if (c->end - c->at >= 3 &&
            (strncasecmp(c->at, "UTC", 3) == 0 || strncasecmp(c->at, "GMT", 3) == 0)) {
            c->at += 3;
            return true;
        }
        return take(c, 'Z');
    }
    if (!take_number(c, 2, 2, &hours))
        return false;
    take(c, ':');
    if (!take_number(c, 2, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *out_s = (hours * 3600 + minutes * 60) * (east ? 1 : -1);
    return true;
}

/* Digits of a numeric piece; those that follow at once are told apart by their counts. */
static bool take_year(struct cursor *c, const struct piece *p, bool packed, int64_t *out)
{
    const char *from = c->at;

    if (!take_number(c, packed ? p->count : 1, packed ? p->count : DIGITS_MAX, out))
        return false;
    if (p->count == 2 && c->at - from == 2)
        *out += *out < 70 ? 2000 : 1900; /* Joda turns around the present; this far it agrees */
    return true;
}

static bool take_hour(struct cursor *c, const struct piece *p, int min, int max, struct fields *f)
{
    int64_t hour;

    if (!take_number(c, min, max, &hour))
        return false;
    switch (p->letter) {
    case 'H':
        f->hour = hour;
        return hour <= 23;
    case 'k':
        f->hour = hour % 24;
        return hour >= 1 && hour <= 24;
    case 'K':
        f->half_hour = hour;
        return hour <= 11;
    default:
        f->half_hour = hour % 12;
        return hour >= 1 && hour <= 12;
    }
}

static bool take_piece(struct cursor *c, const struct piece *p, bool packed, struct fields *f)
{
    int min = packed ? p->count : 1;
    int max = packed ? p->count : MAX(p->count, 2);

    switch (p->letter) {
    case 'y':
    case 'Y':
        return take_year(c, p, packed, &f->year);
    case 'M':
        return p->count > 2 ? take_month(c, &f->month) : take_number(c, min, max, &f->month);
    case 'd':
        return take_number(c, min, max, &f->day);
    case 'D':
        return take_number(c, min, MAX(max, packed ? 0 : 3), &f->day_of_year) && f->day_of_year > 0;
    case 'm':
        return take_number(c, min, max, &f->minute);
    case 's':
        return take_number(c, min, max, &f->second);
    case 'S':
        return take_fraction(c, p->count, &f->nanos);
    case 'E':
        return take_weekday(c);
    case 'a':
        return take_half(c, &f->afternoon);
    case 'Z':
    case 'z':
        return take_zone(c, &f->offset_s);
    default:
        return take_hour(c, p, min, max, f);
    }
}

bool hive_time_by_pattern(const char *pattern, const char *text, size_t len, int64_t *out_us)
{
    struct fields f = {.year = 1970, .month = 1, .day = 1, .half_hour = -1};
    struct cursor c = {text, text + len};
    struct pattern p = {.at = pattern};
    struct piece piece;

    while (next_piece(&p, &piece)) {
        struct pattern behind = p;
        struct piece next;
        bool packed = is_numeric(&piece) && next_piece(&behind, &next) && is_numeric(&next);

        if (piece.letter) {
            if (!take_piece(&c, &piece, packed, &f))
                return false;
        } else if ((size_t)(c.end - c.at) < piece.len || memcmp(c.at, piece.text, piece.len) != 0) {
            return false;
        } else {
            c.at += piece.len;
        }
    }
    if (f.half_hour >= 0)
        f.hour = f.half_hour + (f.afternoon ? 12 : 0);
    return c.at == c.end && to_us(&f, out_us);
}
