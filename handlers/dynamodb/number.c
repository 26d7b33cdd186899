/* Decimal numbers of up to 38 digits: see number.h. */
#include "handlers/dynamodb/number.h"

#include "server/base/arena.h"

/* While a text is read: digits beyond the 38th are only counted. */
struct scan {
    const char *next;
    const char *end;
    struct ddb_number n;
    bool seen_digit;
    bool too_precise;
    int64_t whole;       /* digits before the point, from the first that is not 0 */
    int64_t zeros;       /* zeros behind the last digit kept */
    int64_t small_zeros; /* zeros between the point and the first other digit */
};

static void keep_digit(struct scan *s, uint8_t digit)
{
    if (digit == 0) {
        s->zeros++;
        return;
    }
    for (; s->zeros > 0 && s->n.count < DDB_NUMBER_DIGITS_MAX; s->zeros--)
        s->n.digits[s->n.count++] = 0;
    if (s->n.count == DDB_NUMBER_DIGITS_MAX)
        s->too_precise = true;
    else
        s->n.digits[s->n.count++] = digit;
}

static void scan_digits(struct scan *s, bool fraction)
{
    for (; s->next < s->end && *s->next >= '0' && *s->next <= '9'; s->next++) {
        uint8_t digit = (uint8_t)(*s->next - '0');
        s->seen_digit = true;
        if (digit == 0 && s->n.count == 0) {
            s->small_zeros += fraction && s->whole == 0;
            continue;
        }
        s->whole += !fraction;
        keep_digit(s, digit);
    }
}

/* False on a broken exponent. Saturates far outside of what DynamoDB holds. */
static bool scan_exponent(struct scan *s, int64_t *out)
{
    int64_t value = 0;
    bool negative = false;

    *out = 0;
    if (s->next == s->end)
        return true;
    if (*s->next != 'e' && *s->next != 'E')
        return false;
    s->next++;
    if (s->next < s->end && (*s->next == '+' || *s->next == '-'))
        negative = *s->next++ == '-';
    if (s->next == s->end)
        return false;
    for (; s->next < s->end; s->next++) {
        if (*s->next < '0' || *s->next > '9')
            return false;
        if (value < INT32_MAX)
            value = value * 10 + (*s->next - '0');
    }
    *out = negative ? -value : value;
    return true;
}

enum ddb_number_status ddb_number_parse(const char *text, size_t len, struct ddb_number *out)
{
    struct scan s = {.next = text, .end = text + len};
    int64_t exponent;

    if (s.next < s.end && (*s.next == '+' || *s.next == '-'))
        s.n.negative = *s.next++ == '-';
    scan_digits(&s, false);
    if (s.next < s.end && *s.next == '.') {
        s.next++;
        scan_digits(&s, true);
    }
    if (!s.seen_digit || !scan_exponent(&s, &exponent))
        return DDB_NUMBER_NOT_NUMERIC;
    if (s.n.count == 0) {
        *out = (struct ddb_number){0};
        return DDB_NUMBER_OK;
    }
    exponent += s.whole > 0 ? s.whole - 1 : -s.small_zeros - 1;
    if (exponent > DDB_NUMBER_EXPONENT_MAX)
        return DDB_NUMBER_OVERFLOW;
    if (exponent < DDB_NUMBER_EXPONENT_MIN)
        return DDB_NUMBER_UNDERFLOW;
    if (s.too_precise)
        return DDB_NUMBER_TOO_PRECISE;
    s.n.exponent = (int16_t)exponent;
    *out = s.n;
    return DDB_NUMBER_OK;
}

const char *ddb_number_problem(enum ddb_number_status status, const char *text, size_t len,
                               struct arena *a)
{
    switch (status) {
    case DDB_NUMBER_OVERFLOW:
        return "Number overflow. Attempting to store a number with magnitude larger than "
               "supported range";
    case DDB_NUMBER_UNDERFLOW:
        return "Number underflow. Attempting to store a number with magnitude smaller than "
               "supported range";
    case DDB_NUMBER_TOO_PRECISE:
        return "Attempting to store more than 38 significant digits in a Number";
    default:
        if (len == 0)
            return "The parameter cannot be converted to a numeric value";
        return arena_printf(a, "The parameter cannot be converted to a numeric value: %.*s",
                            (int)MIN(len, 1024 * 1024), text);
    }
}

size_t ddb_number_format(const struct ddb_number *n, char out[DDB_NUMBER_TEXT_MAX])
{
    char *p = out;

    if (n->count == 0) {
        memcpy(out, "0", 2);
        return 1;
    }
    if (n->negative)
        *p++ = '-';
    if (n->exponent < 0) {
        *p++ = '0';
        *p++ = '.';
        memset(p, '0', (size_t)(-n->exponent - 1));
        p += -n->exponent - 1;
    }
    for (int i = 0; i < n->count; i++) {
        if (i > 0 && i == n->exponent + 1)
            *p++ = '.';
        *p++ = (char)('0' + n->digits[i]);
    }
    for (int i = n->count; i <= n->exponent; i++)
        *p++ = '0';
    *p = '\0';
    return (size_t)(p - out);
}

static int compare_magnitude(const struct ddb_number *a, const struct ddb_number *b)
{
    if (a->count == 0 || b->count == 0)
        return (a->count != 0) - (b->count != 0);
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    int order = memcmp(a->digits, b->digits, MIN(a->count, b->count));
    return order != 0 ? order : a->count - b->count;
}

int ddb_number_compare(const struct ddb_number *a, const struct ddb_number *b)
{
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    int order = compare_magnitude(a, b);
    return a->negative ? -order : order;
}

/* One digit per power of ten, from the carry above the largest to the last digit of the smallest.
 */
enum {
    COLUMN_TOP = DDB_NUMBER_EXPONENT_MAX + 1,
    COLUMNS = COLUMN_TOP - DDB_NUMBER_EXPONENT_MIN + DDB_NUMBER_DIGITS_MAX,
};

/* columns += sign * n, without carrying. */
static void spread(int8_t columns[COLUMNS], const struct ddb_number *n, int8_t sign)
{
    for (int i = 0; i < n->count; i++) {
        int8_t *column = &columns[COLUMN_TOP - n->exponent + i];
        *column = (int8_t)(*column + sign * n->digits[i]);
    }
}

/* Brings every column into 0..9; the whole must not be negative. */
static void carry(int8_t columns[COLUMNS])
{
    int8_t over = 0;

    for (int i = COLUMNS - 1; i >= 0; i--) {
        int8_t value = (int8_t)(columns[i] + over);
        over = 0;
        if (value < 0) {
            value = (int8_t)(value + 10);
            over = -1;
        } else if (value > 9) {
            value = (int8_t)(value - 10);
            over = 1;
        }
        columns[i] = value;
    }
}

static enum ddb_number_status gather(const int8_t columns[COLUMNS], bool negative,
                                     struct ddb_number *out)
{
    int first = 0;
    int last = COLUMNS - 1;

    while (first < COLUMNS && columns[first] == 0)
        first++;
    if (first == COLUMNS) {
        *out = (struct ddb_number){0};
        return DDB_NUMBER_OK;
    }
    while (columns[last] == 0)
        last--;
    int exponent = COLUMN_TOP - first;
    if (exponent > DDB_NUMBER_EXPONENT_MAX)
        return DDB_NUMBER_OVERFLOW;
    if (exponent < DDB_NUMBER_EXPONENT_MIN)
        return DDB_NUMBER_UNDERFLOW;
    if (last - first + 1 > DDB_NUMBER_DIGITS_MAX)
        return DDB_NUMBER_TOO_PRECISE;
    *out = (struct ddb_number){
        .negative = negative, .count = (uint8_t)(last - first + 1), .exponent = (int16_t)exponent};
    for (int i = first; i <= last; i++)
        out->digits[i - first] = (uint8_t)columns[i];
    return DDB_NUMBER_OK;
}

enum ddb_number_status ddb_number_add(const struct ddb_number *a, const struct ddb_number *b,
                                      struct ddb_number *out)
{
    int8_t columns[COLUMNS] = {0};
    const struct ddb_number *large = compare_magnitude(a, b) >= 0 ? a : b;
    const struct ddb_number *small = large == a ? b : a;

    spread(columns, large, 1);
    spread(columns, small, large->negative == small->negative ? 1 : -1);
    carry(columns);
    return gather(columns, large->negative, out);
}

enum ddb_number_status ddb_number_subtract(const struct ddb_number *a, const struct ddb_number *b,
                                           struct ddb_number *out)
{
    struct ddb_number negated = *b;

    negated.negative = b->count > 0 && !b->negative;
    return ddb_number_add(a, &negated, out);
}

size_t ddb_number_size(const struct ddb_number *n)
{
    if (n->count == 0)
        return 1;
    /* AWS: as long as the form of ddb_number_key(): two digits a byte, aligned at the decimal
     * point, after a byte of sign and exponent, and a last one for negative numbers where there is
     * room. */
    size_t pairs = (n->count + 1u) / 2;
    pairs += n->count % 2 == 0 && n->exponent % 2 == 0;
    return 1 + pairs + (n->negative && pairs < DDB_NUMBER_PAIRS_MAX);
}

/* AWS: the form in which DynamoDB keeps numbers, and hashes those that are partition keys: a byte
 * of sign and exponent of 100, then pairs of digits plus one; turned round for negative numbers,
 * whose end is marked so that the shorter, which is the larger, comes behind. */
size_t ddb_number_key(const struct ddb_number *n, uint8_t out[DDB_NUMBER_KEY_MAX])
{
    enum { ZERO = 0x80, END_OF_NEGATIVE = 102 };
    int exponent = n->exponent + 1;
    int odd = exponent & 1;
    size_t len = 0;

    if (n->count == 0) {
        out[0] = ZERO;
        return 1;
    }
    int scale = (exponent + odd) / 2 - 64;
    out[len++] = (uint8_t)(n->negative ? ~scale : scale);
    for (int i = -odd; i < n->count; i += 2) {
        int high = i < 0 ? 0 : n->digits[i];
        int low = i + 1 < n->count ? n->digits[i + 1] : 0;
        int pair = high * 10 + low;
        out[len++] = (uint8_t)(n->negative ? 101 - pair : pair + 1);
    }
    if (n->negative && len <= DDB_NUMBER_PAIRS_MAX)
        out[len++] = END_OF_NEGATIVE;
    return len;
}
