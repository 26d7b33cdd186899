/* Functions and casts of S3 Select. Strings are counted in characters of UTF-8. */
#include "handlers/s3/select_query.h"

#include <time.h>

#include "server/base/clock.h"
#include "server/base/utf8.h"

static bool invalid(struct select_context *c, const char *words)
{
    return select_fault(c->error, "EvaluatorInvalidArguments", words);
}

/* --- casts --- */

static bool cast_failed(struct select_context *c, const char *type)
{
    return select_fault(
        c->error, "CastFailed",
        arena_printf(c->arena,
                     "Attempt to convert from one data type to %s using CAST failed in "
                     "the SQL expression.",
                     type));
}

static bool to_bool(struct select_context *c, const struct select_value *v,
                    struct select_value *out)
{
    if (v->type == SELECT_STRING && v->text.len == 4 && strncasecmp(v->text.data, "true", 4) == 0)
        *out = select_bool(true);
    else if (v->type == SELECT_STRING && v->text.len == 5 &&
             strncasecmp(v->text.data, "false", 5) == 0)
        *out = select_bool(false);
    else if (v->type == SELECT_INT)
        *out = select_bool(v->integer != 0);
    else if (v->type == SELECT_BOOL)
        *out = *v;
    else
        return cast_failed(c, "BOOL");
    return true;
}

static bool to_int(struct select_context *c, const struct select_value *v, struct select_value *out)
{
    if (v->type == SELECT_BOOL) {
        *out = select_int(v->boolean);
        return true;
    }
    if (!select_number(c->arena, v, out))
        return cast_failed(c, "INT");
    if (out->type == SELECT_FLOAT) {
        if (!(out->real > -9.2e18 && out->real < 9.2e18))
            return cast_failed(c, "INT");
        *out = select_int((int64_t)out->real);
    }
    return true;
}

/* 2007T, 2007-02T, 2007-02-23, 2007-02-23T12:14Z, 2007-02-23T12:14:33.079-08:00 */
static bool read_timestamp(struct arena *a, struct jr_text t, int64_t *out)
{
    const char *text = t.len < 64 ? arena_strndup(a, t.data, t.len) : "";
    size_t len = strlen(text);
    size_t digits = strspn(text, "0123456789-");

    if ((digits == 4 || digits == 7) && (digits == len || str_eq(text + digits, "T")))
        text =
            arena_printf(a, "%.*s%sT00:00:00Z", (int)digits, text, digits == 4 ? "-01-01" : "-01");
    else if (digits == 10 && (digits == len || str_eq(text + digits, "T")))
        text = arena_printf(a, "%.10sT00:00:00Z", text);
    else if (len > 16 && text[16] != ':') /* without seconds */
        text = arena_printf(a, "%.16s:00%s", text, text + 16);
    return time_parse_iso8601(text, out);
}

bool select_cast_to(struct select_context *c, const struct select_value *v, enum select_cast to,
                    struct select_value *out)
{
    struct jr_text text;
    int64_t ms;

    switch (to) {
    case SELECT_TO_BOOL:
        return to_bool(c, v, out);
    case SELECT_TO_INT:
        return to_int(c, v, out);
    case SELECT_TO_FLOAT:
        if (!select_number(c->arena, v, out))
            return cast_failed(c, "FLOAT");
        if (out->type == SELECT_INT)
            *out = (struct select_value){.type = SELECT_FLOAT, .real = (double)out->integer};
        return true;
    case SELECT_TO_STRING:
        text = select_text(c->arena, v);
        *out = select_string(text.data, text.len);
        return true;
    case SELECT_TO_TIMESTAMP:
        break;
    }
    if (v->type == SELECT_TIMESTAMP) {
        *out = *v;
        return true;
    }
    if (v->type != SELECT_STRING || !read_timestamp(c->arena, v->text, &ms))
        return cast_failed(c, "TIMESTAMP");
    *out = (struct select_value){.type = SELECT_TIMESTAMP, .integer = ms};
    return true;
}

/* --- strings --- */

static size_t count_chars(struct jr_text t)
{
    size_t n = 0;

    for (size_t i = 0; i < t.len; i++)
        n += !utf8_is_continuation(t.data + i);
    return n;
}

/* The place of the n-th character. */
static size_t skip_chars(struct jr_text t, size_t n)
{
    size_t i = 0;

    for (; i < t.len; i++)
        if (!utf8_is_continuation(t.data + i) && n-- == 0)
            break;
    return i;
}

/* AWS: positions count from 1; one before the beginning shortens the result. */
static bool substring(struct select_context *c, const struct select_value *v, size_t count,
                      struct select_value *out)
{
    struct select_value from;
    struct select_value length = select_int(INT32_MAX);
    int64_t end;

    if (v[0].type != SELECT_STRING || !to_int(c, &v[1], &from) ||
        (count == 3 && !to_int(c, &v[2], &length)) || length.integer < 0 ||
        from.integer > INT32_MAX || from.integer < -INT32_MAX || length.integer > INT32_MAX)
        return invalid(c, "Incorrect arguments of SUBSTRING.");
    end = from.integer + length.integer;
    size_t first = skip_chars(v[0].text, (size_t)(MAX(from.integer, 1) - 1));
    size_t last = skip_chars(v[0].text, (size_t)(MAX(end, 1) - 1));
    *out = select_string(v[0].text.data + first, last > first ? last - first : 0);
    return true;
}

static bool trim(struct select_context *c, const struct select_expression *e,
                 const struct select_value *v, struct select_value *out)
{
    struct jr_text cut = {" ", 1};
    struct jr_text t = v[0].text;

    if (v[0].type != SELECT_STRING || (e->count == 2 && v[1].type != SELECT_STRING))
        return invalid(c, "Incorrect arguments of TRIM.");
    if (e->count == 2)
        cut = v[1].text;
    while (e->part != SELECT_TRIM_TRAILING && t.len && memchr(cut.data, t.data[0], cut.len)) {
        t.data++;
        t.len--;
    }
    while (e->part != SELECT_TRIM_LEADING && t.len && memchr(cut.data, t.data[t.len - 1], cut.len))
        t.len--;
    *out = select_string(t.data, t.len);
    return true;
}

static bool fold(struct select_context *c, const struct select_value *v, bool upper,
                 struct select_value *out)
{
    char *text;

    if (v->type != SELECT_STRING)
        return invalid(c, "LOWER and UPPER need a string.");
    text = arena_strndup(c->arena, v->text.data, v->text.len);
    for (size_t i = 0; i < v->text.len; i++) {
        if (upper && text[i] >= 'a' && text[i] <= 'z')
            text[i] = (char)(text[i] - 'a' + 'A');
        else if (!upper && text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] - 'A' + 'a');
    }
    *out = select_string(text, v->text.len);
    return true;
}

/* --- dates --- */

static bool as_timestamp(struct select_context *c, const struct select_value *v, int64_t *out)
{
    struct select_value t = {0};

    if (!select_cast_to(c, v, SELECT_TO_TIMESTAMP, &t))
        return false;
    *out = t.integer;
    return true;
}

static void split(int64_t ms, struct tm *out, int *out_ms)
{
    time_t s = (time_t)(ms / 1000);

    *out_ms = (int)(ms % 1000);
    if (*out_ms < 0) {
        *out_ms += 1000;
        s--;
    }
    gmtime_r(&s, out);
}

static bool date_add(struct select_context *c, int part, const struct select_value *v,
                     struct select_value *out)
{
    static const int64_t unit_ms[] = {[SELECT_DAY] = 86400000,
                                      [SELECT_HOUR] = 3600000,
                                      [SELECT_MINUTE] = 60000,
                                      [SELECT_SECOND] = 1000};
    struct select_value amount;
    struct tm t;
    int64_t ms;
    int rest;

    if (!to_int(c, &v[0], &amount) || !as_timestamp(c, &v[1], &ms))
        return false;
    if (amount.integer > 1000000000 || amount.integer < -1000000000 || part > SELECT_SECOND)
        return invalid(c, "Incorrect arguments of DATE_ADD.");
    if (part >= SELECT_DAY) {
        ms += amount.integer * unit_ms[part];
    } else {
        static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        int64_t month;

        split(ms, &t, &rest);
        month = t.tm_mon + (part == SELECT_YEAR ? 12 : 1) * amount.integer;
        t.tm_year += (int)(month / 12 - (month % 12 < 0));
        t.tm_mon = (int)((month % 12 + 12) % 12);
        t.tm_mday = MIN(t.tm_mday, days[t.tm_mon]);
        ms = (int64_t)timegm(&t) * 1000 + rest;
    }
    *out = (struct select_value){.type = SELECT_TIMESTAMP, .integer = ms};
    return true;
}

static int64_t divide_down(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool date_diff(struct select_context *c, int part, const struct select_value *v,
                      struct select_value *out)
{
    static const int64_t unit_ms[] = {[SELECT_DAY] = 86400000,
                                      [SELECT_HOUR] = 3600000,
                                      [SELECT_MINUTE] = 60000,
                                      [SELECT_SECOND] = 1000};
    struct tm from;
    struct tm to;
    int64_t a;
    int64_t b;
    int rest;

    if (!as_timestamp(c, &v[0], &a) || !as_timestamp(c, &v[1], &b))
        return false;
    if (part > SELECT_SECOND)
        return invalid(c, "Incorrect arguments of DATE_DIFF.");
    if (part >= SELECT_DAY) {
        *out = select_int((b - a) / unit_ms[part]);
        return true;
    }
    split(a, &from, &rest);
    split(b, &to, &rest);
    if (part == SELECT_YEAR)
        *out = select_int(to.tm_year - from.tm_year);
    else
        *out = select_int((int64_t)(to.tm_year - from.tm_year) * 12 + to.tm_mon - from.tm_mon);
    return true;
}

static bool extract(struct select_context *c, int part, const struct select_value *v,
                    struct select_value *out)
{
    struct tm t;
    int64_t ms;
    int rest;

    if (!as_timestamp(c, v, &ms))
        return false;
    split(ms, &t, &rest);
    const int64_t parts[] = {
        [SELECT_YEAR] = t.tm_year + 1900, [SELECT_MONTH] = t.tm_mon + 1,
        [SELECT_DAY] = t.tm_mday,         [SELECT_HOUR] = divide_down(t.tm_hour, 1),
        [SELECT_MINUTE] = t.tm_min,       [SELECT_SECOND] = t.tm_sec,
        [SELECT_TIMEZONE_HOUR] = 0, /* all is UTC */
        [SELECT_TIMEZONE_MINUTE] = 0};
    *out = select_int(parts[part]);
    return true;
}

/* How many times the letter stands there. */
static size_t run_of(struct jr_text t, size_t at)
{
    size_t n = 1;

    while (at + n < t.len && t.data[at + n] == t.data[at])
        n++;
    return n;
}

static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};

static void put_year(struct strbuf *b, const struct tm *t, int n)
{
    int year = t->tm_year + 1900;

    if (n == 2)
        strbuf_add_format(b, "%02d", year % 100);
    else
        strbuf_add_format(b, "%0*d", n == 1 ? 1 : 4, year);
}

/* MMM is Jan, MMMM January, MMMMM J. */
static void put_month(struct strbuf *b, const struct tm *t, int n)
{
    static const int letters[] = {[3] = 3, [4] = 16, [5] = 1};

    if (n < 3)
        strbuf_add_format(b, "%0*d", n, t->tm_mon + 1);
    else
        strbuf_add_format(b, "%.*s", letters[MIN(n, 5)], month_names[t->tm_mon]);
}

static void put_offset(struct strbuf *b, int n)
{
    static const char *const zero[] = {"+00", "+0000", "+00:00", "+0000", "+00:00"};

    strbuf_add_text(b, zero[MIN(n, 5) - 1]);
}

/* One field of a format; false when there is none of that letter. */
static bool put_field(struct strbuf *b, const struct tm *t, int ms, char letter, int n)
{
    const struct {
        char letter;
        int value;
    } numbers[] = {{'d', t->tm_mday},
                   {'H', t->tm_hour},
                   {'h', t->tm_hour % 12 ? t->tm_hour % 12 : 12},
                   {'m', t->tm_min},
                   {'s', t->tm_sec}};

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (numbers[i].letter == letter) {
            strbuf_add_format(b, "%0*d", MIN(n, 2), numbers[i].value);
            return true;
        }
    }
    switch (letter) {
    case 'y':
        put_year(b, t, n);
        return true;
    case 'M':
        put_month(b, t, n);
        return true;
    case 'a':
        strbuf_add_text(b, t->tm_hour < 12 ? "AM" : "PM");
        return true;
    case 'S':
        strbuf_add_format(b, "%03d", ms);
        return true;
    case 'n':
        strbuf_add_format(b, "%d", ms * 1000000);
        return true;
    case 'X':
        strbuf_add_char(b, 'Z');
        return true;
    case 'x':
        put_offset(b, n);
        return true;
    default:
        return false;
    }
}

static bool to_string(struct select_context *c, const struct select_value *v,
                      struct select_value *out)
{
    struct strbuf b = STRBUF_INIT(4096);
    struct jr_text format = v[1].text;
    struct tm t;
    int64_t ms;
    int rest;

    if (!as_timestamp(c, &v[0], &ms))
        return false;
    if (v[1].type != SELECT_STRING)
        return invalid(c, "TO_STRING needs a format.");
    split(ms, &t, &rest);
    for (size_t i = 0; i < format.len;) {
        size_t n = run_of(format, i);
        char letter = format.data[i];

        if (letter == '\'') { /* literal text */
            for (i++; i < format.len && format.data[i] != '\''; i++)
                strbuf_add_char(&b, format.data[i]);
            i++;
            continue;
        }
        if (!put_field(&b, &t, rest, letter, (int)MIN(n, 9))) {
            if ((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')) {
                strbuf_release(&b);
                return select_fault(c->error, "EvaluatorInvalidTimestampFormatPattern",
                                    "Invalid time stamp format string in the SQL expression.");
            }
            strbuf_add(&b, format.data + i, n);
        }
        i += n;
    }
    *out = select_string(arena_strndup(c->arena, b.len ? b.data : "", b.len), b.len);
    strbuf_release(&b);
    return true;
}

/* --- calls --- */

/* NOLINTBEGIN(misc-no-recursion): see select_evaluate.c */

static bool coalesce(struct select_context *c, struct select_expression *e,
                     struct select_value *out)
{
    *out = (struct select_value){.type = SELECT_NULL};
    for (size_t i = 0; i < e->count && select_absent(out); i++)
        if (!select_evaluate(c, e->args[i], out))
            return false;
    return true;
}

bool select_call(struct select_context *c, struct select_expression *e, struct select_value *out)
{
    struct select_value v[3] = {{0}};
    int order;

    if (e->function == SELECT_COALESCE)
        return coalesce(c, e, out);
    for (size_t i = 0; i < e->count; i++) {
        if (!select_evaluate(c, e->args[i], &v[i]))
            return false;
        if (select_absent(&v[i]) && e->function != SELECT_NULLIF) {
            *out = v[i];
            return true;
        }
    }
    switch (e->function) {
    case SELECT_NULLIF:
        *out = v[0];
        if (!select_absent(&v[0]) && !select_absent(&v[1]) &&
            select_compare(c, &v[0], &v[1], &order) && order == 0)
            *out = (struct select_value){.type = SELECT_NULL};
        return true;
    case SELECT_CHAR_LENGTH:
        if (v[0].type != SELECT_STRING)
            return invalid(c, "CHAR_LENGTH needs a string.");
        *out = select_int((int64_t)count_chars(v[0].text));
        return true;
    case SELECT_LOWER:
    case SELECT_UPPER:
        return fold(c, &v[0], e->function == SELECT_UPPER, out);
    case SELECT_SUBSTRING:
        return substring(c, v, e->count, out);
    case SELECT_TRIM:
        return trim(c, e, v, out);
    case SELECT_DATE_ADD:
        return date_add(c, e->part, v, out);
    case SELECT_DATE_DIFF:
        return date_diff(c, e->part, v, out);
    case SELECT_EXTRACT:
        return extract(c, e->part, &v[0], out);
    case SELECT_TO_STRING_CALL:
        return to_string(c, v, out);
    case SELECT_TO_TIMESTAMP_CALL:
        if (e->count == 2)
            return select_fault(c->error, "UnsupportedFunction",
                                "TO_TIMESTAMP with a format is not supported.");
        return select_cast_to(c, &v[0], SELECT_TO_TIMESTAMP, out);
    case SELECT_UTCNOW:
        *out =
            (struct select_value){.type = SELECT_TIMESTAMP, .integer = (int64_t)time(NULL) * 1000};
        return true;
    case SELECT_COALESCE:
        break;
    }
    return false;
}

/* NOLINTEND(misc-no-recursion) */
