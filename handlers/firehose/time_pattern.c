/* A pattern is runs of one letter, text in quotes, and other characters, which stand for
 * themselves.
 */
#include "handlers/firehose/time_pattern.h"

#include "server/base/clock.h"

enum { MS_PER_DAY = 86400000, RUN_MAX = 19 };

struct moment {
    int64_t local_ms;
    int64_t year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int day_of_year;
    int week_day; /* 1: Monday, to 7 */
    int ms_of_day;
    int32_t offset_s;
    const char *abbreviation;
    const char *zone;
};

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const week_days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_before(int month, bool leap)
{
    static const int days[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

    return days[month - 1] + (leap && month > 2);
}

static struct moment moment_at(int64_t at_ms, const struct time_zone *zone)
{
    struct moment m = {0};
    char text[TIME_TEXT_MAX];
    int64_t days;

    m.offset_s = time_zone_offset_s(zone, at_ms, &m.abbreviation);
    m.zone = time_zone_name(zone);
    m.local_ms = at_ms + (int64_t)m.offset_s * 1000;
    time_iso8601(m.local_ms, false, text);
    m.year = strtol(text, NULL, 10);
    m.month = (int)strtol(text + 5, NULL, 10);
    m.day = (int)strtol(text + 8, NULL, 10);
    m.day_of_year = days_before(m.month, is_leap(m.year)) + m.day;
    days = m.local_ms / MS_PER_DAY - (m.local_ms % MS_PER_DAY < 0);
    m.ms_of_day = (int)(m.local_ms - days * MS_PER_DAY);
    m.week_day = (int)(((days + 3) % 7 + 7) % 7) + 1; /* 1970 began on a Thursday */
    return m;
}

/* --- fields --- */

static void number(struct strbuf *out, int64_t value, size_t width)
{
    strbuf_add_format(out, "%0*" PRId64, (int)width, value);
}

/* Text fields: up to three letters the short form, four the long one, five a single letter. */
static void name(struct strbuf *out, const char *full, size_t count)
{
    strbuf_add(out, full, count == 4 ? strlen(full) : count == 5 ? 1 : 3);
}

static void year(struct strbuf *out, int64_t value, size_t count)
{
    number(out, count == 2 ? value % 100 : value, count);
}

/* Weeks as in the United States: they begin on Sunday, and the first of January is in week 1. */
static int sunday_based(const struct moment *m)
{
    return m->week_day % 7 + 1;
}

static int week_of(int day, int sunday_week_day)
{
    int first = ((sunday_week_day - 1 - (day - 1)) % 7 + 7) % 7; /* of day 1, Sunday is 0 */

    return (day - 1 + first) / 7 + 1;
}

static int64_t week_year(const struct moment *m, int *out_week)
{
    int length = 365 + is_leap(m->year);
    int saturday = m->day_of_year + 7 - sunday_based(m); /* the end of this week */

    if (saturday > length) {
        *out_week = 1;
        return m->year + 1;
    }
    *out_week = week_of(m->day_of_year, sunday_based(m));
    return m->year;
}

static void week(struct strbuf *out, const struct moment *m, char letter, size_t count)
{
    int number_of_week;
    int64_t year_of_week = week_year(m, &number_of_week);

    if (letter == 'Y')
        year(out, year_of_week, count);
    else
        number(out, letter == 'w' ? number_of_week : week_of(m->day, sunday_based(m)), count);
}

/* +09:30 in the form asked for; `zero` stands for no offset. */
static void offset(struct strbuf *out, int32_t offset_s, size_t count, const char *zero)
{
    int minutes = abs(offset_s) / 60;
    const char *colon = count == 3 || count == 5 ? ":" : "";

    if (offset_s == 0 && zero) {
        strbuf_add_text(out, zero);
        return;
    }
    strbuf_add_format(out, "%c%02d", offset_s < 0 ? '-' : '+', minutes / 60);
    if (count > 1 || minutes % 60)
        strbuf_add_format(out, "%s%02d", colon, minutes % 60);
}

static void localized_offset(struct strbuf *out, int32_t offset_s, size_t count)
{
    int minutes = abs(offset_s) / 60;

    strbuf_add_text(out, "GMT");
    if (offset_s == 0)
        return;
    strbuf_add_format(out, "%c%0*d", offset_s < 0 ? '-' : '+', count == 4 ? 2 : 1, minutes / 60);
    if (count == 4 || minutes % 60)
        strbuf_add_format(out, ":%02d", minutes % 60);
}

static void zone_field(struct strbuf *out, const struct moment *m, char letter, size_t count)
{
    if (letter == 'z' || letter == 'v')
        strbuf_add_text(out, m->abbreviation);
    else if (letter == 'V')
        strbuf_add_text(out, m->zone);
    else if (letter == 'X')
        offset(out, m->offset_s, count, "Z");
    else if (letter == 'x')
        offset(out, m->offset_s, count, NULL);
    else if (letter == 'O' || count == 4)
        localized_offset(out, m->offset_s, letter == 'O' ? count : 4);
    else
        offset(out, m->offset_s, count == 5 ? 5 : 2, count == 5 ? "Z" : NULL);
}

static void fraction(struct strbuf *out, int ms, size_t count)
{
    char digits[RUN_MAX + 4];

    snprintf(digits, sizeof(digits), "%03d000000", ms);
    strbuf_add(out, digits, MIN(count, (size_t)9));
}

static void time_field(struct strbuf *out, const struct moment *m, char letter, size_t count)
{
    int hour = m->ms_of_day / 3600000;
    int ms = m->ms_of_day % 1000;

    switch (letter) {
    case 'H':
        number(out, hour, count);
        break;
    case 'k':
        number(out, hour ? hour : 24, count);
        break;
    case 'K':
        number(out, hour % 12, count);
        break;
    case 'h':
        number(out, hour % 12 ? hour % 12 : 12, count);
        break;
    case 'm':
        number(out, m->ms_of_day / 60000 % 60, count);
        break;
    case 's':
        number(out, m->ms_of_day / 1000 % 60, count);
        break;
    case 'S':
        fraction(out, ms, count);
        break;
    case 'A':
        number(out, m->ms_of_day, count);
        break;
    case 'n':
        number(out, (int64_t)ms * 1000000, count);
        break;
    case 'N':
        number(out, (int64_t)m->ms_of_day * 1000000, count);
        break;
    default: /* a */
        strbuf_add_text(out, hour < 12 ? "AM" : "PM");
    }
}

static void quarter(struct strbuf *out, int month, size_t count)
{
    static const char *const names[] = {"1st quarter", "2nd quarter", "3rd quarter", "4th quarter"};
    int q = (month - 1) / 3;

    if (count == 3)
        strbuf_add_format(out, "Q%d", q + 1);
    else if (count == 4)
        strbuf_add_text(out, names[q]);
    else
        number(out, q + 1, count == 5 ? 1 : count);
}

static void date_field(struct strbuf *out, const struct moment *m, char letter, size_t count)
{
    switch (letter) {
    case 'G':
        strbuf_add_text(out, count == 4 ? "Anno Domini" : count == 5 ? "A" : "AD");
        break;
    case 'u':
    case 'y':
        year(out, m->year, count);
        break;
    case 'M':
    case 'L':
        if (count > 2)
            name(out, months[m->month - 1], count);
        else
            number(out, m->month, count);
        break;
    case 'd':
        number(out, m->day, count);
        break;
    case 'D':
        number(out, m->day_of_year, count);
        break;
    case 'Q':
    case 'q':
        quarter(out, m->month, count);
        break;
    case 'F':
        number(out, (m->day - 1) % 7 + 1, count);
        break;
    case 'e':
    case 'c':
        if (count < 3) {
            number(out, sunday_based(m), count);
            break;
        }
        /* fall through */
    default: /* E */
        name(out, week_days[m->week_day - 1], count);
    }
}

/* --- patterns --- */

/* How many times a letter may stand in a row: 0 where it means nothing. */
static size_t run_max(char letter)
{
    if (strchr("uyYAnN", letter))
        return RUN_MAX;
    if (letter == 'S')
        return 9;
    if (letter == 'D')
        return 3;
    if (strchr("GMLEQqecXxZ", letter))
        return 5;
    if (strchr("zOv", letter))
        return 4;
    if (strchr("dHkKhmswV", letter))
        return 2;
    return strchr("aWF", letter) ? 1 : 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t run_at(const char *pattern, size_t len, size_t at)
{
    size_t n = 1;

    while (at + n < len && pattern[at + n] == pattern[at])
        n++;
    return n;
}

const char *time_pattern_problem(const char *pattern, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = run_at(pattern, len, i);

        if (pattern[i] == '\'') {
            const char *end = memchr(pattern + i + 1, '\'', len - i - 1);
            if (!end)
                return "a quote is not closed";
            i = (size_t)(end - pattern) + 1;
            continue;
        }
        if (is_letter(pattern[i]) && (n > run_max(pattern[i]) || (pattern[i] == 'V' && n == 1)))
            return "a letter has no meaning";
        /* What Java keeps for itself. */
        if (strchr("{}#[]", pattern[i]))
            return "a reserved character";
        i += n;
    }
    return NULL;
}

static void field(struct strbuf *out, const struct moment *m, char letter, size_t count)
{
    if (strchr("YwW", letter))
        week(out, m, letter, count);
    else if (strchr("zvVXxZO", letter))
        zone_field(out, m, letter, count);
    else if (strchr("HkKhmsSAnNa", letter))
        time_field(out, m, letter, count);
    else
        date_field(out, m, letter, count);
}

/* Text in quotes that begins at `at`; two quotes stand for one, inside and outside. */
static size_t quoted(struct strbuf *out, const char *pattern, size_t len, size_t at)
{
    size_t i = at + 1;

    if (i < len && pattern[i] == '\'') {
        strbuf_add_char(out, '\'');
        return i + 1;
    }
    for (; i < len; i++) {
        if (pattern[i] != '\'') {
            strbuf_add_char(out, pattern[i]);
        } else if (i + 1 < len && pattern[i + 1] == '\'') {
            strbuf_add_char(out, '\'');
            i++;
        } else {
            return i + 1;
        }
    }
    return i;
}

void time_pattern_write(const char *pattern, size_t len, int64_t at_ms,
                        const struct time_zone *zone, struct strbuf *out)
{
    struct moment m = moment_at(at_ms, zone);

    for (size_t i = 0; i < len;) {
        size_t n = run_at(pattern, len, i);

        if (pattern[i] == '\'') {
            i = quoted(out, pattern, len, i);
        } else if (is_letter(pattern[i])) {
            field(out, &m, pattern[i], n);
            i += n;
        } else {
            strbuf_add_char(out, pattern[i++]);
        }
    }
}
