/* Dates by the civil calendar's arithmetic: no locale, no time zone, no lock, unlike the C
 * library's. */
#include "server/base/clock.h"

#include <time.h>

enum { MS_PER_DAY = 86400000 };

static const char day_names[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct civil {
    int64_t year;
    int month; /* 1 to 12 */
    int day;
    int hour, minute, second, ms;
    int weekday; /* 0 is Sunday; not read by civil_to_ms() */
};

static int64_t read_clock(clockid_t id, int64_t units_per_second)
{
    struct timespec now;

    clock_gettime(id, &now);
    return now.tv_sec * units_per_second + now.tv_nsec / (1000000000 / units_per_second);
}

int64_t clock_now_ms(const struct clock_source *c)
{
    return read_clock(CLOCK_REALTIME, 1000) + c->offset_ms;
}

int64_t clock_monotonic_ms(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000);
}

int64_t clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000000);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01, with the year beginning in March so that the leap day is its last. */
static int64_t days_from_date(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2), era = floor_div(y, 400), year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static struct civil civil_from_ms(int64_t ms)
{
    int64_t days = floor_div(ms, MS_PER_DAY),
            rest = ms % MS_PER_DAY + (ms % MS_PER_DAY < 0 ? MS_PER_DAY : 0);
    int64_t z = days + 719468, era = floor_div(z, 146097), day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted_month = (int)((5 * day_of_year + 2) / 153);
    int month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;

    return (struct civil){
        .year = year_of_era + era * 400 + (month <= 2),
        .month = month,
        .day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1),
        .hour = (int)(rest / 3600000),
        .minute = (int)(rest / 60000 % 60),
        .second = (int)(rest / 1000 % 60),
        .ms = (int)(rest % 1000),
        .weekday = (int)(((days + 4) % 7 + 7) % 7),
    };
}

static bool civil_to_ms(const struct civil *c, int64_t *out_ms)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;

    if (c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > lengths[c->month - 1] + (c->month == 2 && leap) || c->hour > 23 ||
        c->minute > 59 || c->second > 59)
        return false;
    *out_ms = days_from_date(c->year, c->month, c->day) * MS_PER_DAY + c->hour * 3600000LL +
              c->minute * 60000LL + c->second * 1000LL + c->ms;
    return true;
}

/* --- writing --- */

static char *put_digits(char *out, int value, int count)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + count;
}

static char *put_year(char *out, int64_t year)
{
    if (year >= 0 && year <= 9999)
        return put_digits(out, (int)year, 4);
    return out + snprintf(out, 16, "%" PRId64, year);
}

static char *put_text(char *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    return out + len;
}

static char *put_clock(char *out, const struct civil *c)
{
    out = put_digits(out, c->hour, 2);
    *out++ = ':';
    out = put_digits(out, c->minute, 2);
    *out++ = ':';
    return put_digits(out, c->second, 2);
}

static void put_iso8601(const struct civil *c, bool fraction, char *out)
{
    out = put_year(out, c->year);
    *out++ = '-';
    out = put_digits(out, c->month, 2);
    *out++ = '-';
    out = put_digits(out, c->day, 2);
    *out++ = 'T';
    out = put_clock(out, c);
    if (fraction) {
        *out++ = '.';
        out = put_digits(out, c->ms, 3);
    }
    *out++ = 'Z';
    *out = '\0';
}

void time_iso8601(int64_t ms, bool fraction, char out[TIME_TEXT_MAX])
{
    struct civil c = civil_from_ms(ms);

    put_iso8601(&c, fraction && c.ms, out);
}

void time_iso8601_ms(int64_t ms, char out[TIME_TEXT_MAX])
{
    struct civil c = civil_from_ms(ms);

    put_iso8601(&c, true, out);
}

void time_http(int64_t ms, char out[TIME_TEXT_MAX])
{
    struct civil c = civil_from_ms(ms);

    out = put_text(out, day_names[c.weekday], 3);
    out = put_text(out, ", ", 2);
    out = put_digits(out, c.day, 2);
    *out++ = ' ';
    out = put_text(out, month_names[c.month - 1], 3);
    *out++ = ' ';
    out = put_year(out, c.year);
    *out++ = ' ';
    out = put_clock(out, &c);
    put_text(out, " GMT", 5);
}

void time_basic(int64_t ms, char out[TIME_TEXT_MAX])
{
    struct civil c = civil_from_ms(ms);

    out = put_year(out, c.year);
    out = put_digits(out, c.month, 2);
    out = put_digits(out, c.day, 2);
    *out++ = 'T';
    out = put_digits(out, c.hour, 2);
    out = put_digits(out, c.minute, 2);
    out = put_digits(out, c.second, 2);
    *out++ = 'Z';
    *out = '\0';
}

/* Reading: each step moves *text on and answers false at the first unexpected character. */

static bool take_digits(const char **text, int count, int *out_value)
{
    int value = 0;

    for (int i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        value = value * 10 + **text - '0';
    }
    *out_value = value;
    return true;
}

static bool take_year(const char **text, int64_t *out_year)
{
    int year;

    if (!take_digits(text, 4, &year))
        return false;
    *out_year = year;
    return true;
}

static bool take_text(const char **text, const char *expected)
{
    if (!str_starts(*text, expected))
        return false;
    *text += strlen(expected);
    return true;
}

static bool take_clock(const char **text, struct civil *c)
{
    return take_digits(text, 2, &c->hour) && take_text(text, ":") &&
           take_digits(text, 2, &c->minute) && take_text(text, ":") &&
           take_digits(text, 2, &c->second);
}

static bool take_month_name(const char **text, struct civil *c)
{
    for (int i = 0; i < 12; i++) {
        if (take_text(text, month_names[i])) {
            c->month = i + 1;
            return true;
        }
    }
    return false;
}

/* Nothing, or a point and digits, of which those beyond the millisecond are dropped. */
static bool take_fraction(const char **text, struct civil *c)
{
    int weight = 100;

    if (!take_text(text, "."))
        return true;
    if (**text < '0' || **text > '9')
        return false;
    for (; **text >= '0' && **text <= '9'; (*text)++, weight /= 10)
        c->ms += (**text - '0') * weight;
    return true;
}

/* Z, +01:00, -0130 or +01 */
static bool take_zone(const char **text, int64_t *out_offset_ms)
{
    int sign = **text == '-' ? -1 : 1, hours, minutes = 0;

    *out_offset_ms = 0;
    if (take_text(text, "Z") || take_text(text, "z"))
        return true;
    if (!take_text(text, "+") && !take_text(text, "-"))
        return false;
    if (!take_digits(text, 2, &hours))
        return false;
    if ((take_text(text, ":") || **text) && !take_digits(text, 2, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *out_offset_ms = sign * (hours * 3600000LL + minutes * 60000LL);
    return true;
}

bool time_parse_iso8601(const char *text, int64_t *out_ms)
{
    struct civil c = {0};
    int64_t offset_ms, ms;

    if (!take_year(&text, &c.year) || !take_text(&text, "-") || !take_digits(&text, 2, &c.month) ||
        !take_text(&text, "-") || !take_digits(&text, 2, &c.day))
        return false;
    if (!take_text(&text, "T") && !take_text(&text, "t"))
        return false;
    if (!take_clock(&text, &c) || !take_fraction(&text, &c) || !take_zone(&text, &offset_ms) ||
        *text)
        return false;
    if (!civil_to_ms(&c, &ms))
        return false;
    *out_ms = ms - offset_ms;
    return true;
}

/* The form that is in use: Sun, 22 Nov 2026 17:20:00 GMT. The obsolete forms of RFC 9110 are
 * refused. */
bool time_parse_http(const char *text, int64_t *out_ms)
{
    struct civil c = {0};
    bool day_name = false;

    for (int i = 0; i < 7 && !day_name; i++)
        day_name = take_text(&text, day_names[i]);
    return day_name && take_text(&text, ", ") && take_digits(&text, 2, &c.day) &&
           take_text(&text, " ") && take_month_name(&text, &c) && take_text(&text, " ") &&
           take_year(&text, &c.year) && take_text(&text, " ") && take_clock(&text, &c) &&
           take_fraction(&text, &c) && take_text(&text, " GMT") && !*text &&
           civil_to_ms(&c, out_ms);
}

bool time_parse_basic(const char *text, int64_t *out_ms)
{
    struct civil c = {0};

    return take_year(&text, &c.year) && take_digits(&text, 2, &c.month) &&
           take_digits(&text, 2, &c.day) && take_text(&text, "T") &&
           take_digits(&text, 2, &c.hour) && take_digits(&text, 2, &c.minute) &&
           take_digits(&text, 2, &c.second) && take_text(&text, "Z") && !*text &&
           civil_to_ms(&c, out_ms);
}
