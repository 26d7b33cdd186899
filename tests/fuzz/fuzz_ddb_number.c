/* Numbers: what is accepted has one canonical text, an order that its key keeps, and exact sums. */
#include "handlers/dynamodb/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void check_text(const struct ddb_number *n)
{
    char text[DDB_NUMBER_TEXT_MAX];
    char again[DDB_NUMBER_TEXT_MAX];
    struct ddb_number back;
    size_t len = ddb_number_format(n, text);

    if (len >= sizeof(text) || ddb_number_parse(text, len, &back) != DDB_NUMBER_OK)
        abort();
    if (ddb_number_format(&back, again) != len || memcmp(text, again, len) != 0)
        abort();
    if (ddb_number_compare(n, &back) != 0 || ddb_number_size(n) > 21)
        abort();
}

static void check_pair(const struct ddb_number *a, const struct ddb_number *b)
{
    uint8_t x[DDB_NUMBER_KEY_MAX];
    uint8_t y[DDB_NUMBER_KEY_MAX];
    struct ddb_number sum;
    struct ddb_number back;
    size_t x_len = ddb_number_key(a, x);
    size_t y_len = ddb_number_key(b, y);
    int order = memcmp(x, y, MIN(x_len, y_len));

    if (order == 0)
        order = (x_len > y_len) - (x_len < y_len);
    if (sign(order) != sign(ddb_number_compare(a, b)))
        abort();
    if (ddb_number_add(a, b, &sum) != DDB_NUMBER_OK)
        return;
    check_text(&sum);
    if (ddb_number_subtract(&sum, b, &back) != DDB_NUMBER_OK || ddb_number_compare(&back, a) != 0)
        abort();
}

/* Two numbers, with a comma between. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *comma = size > 0 ? memchr(text, ',', size) : NULL;
    struct ddb_number a;
    struct ddb_number b;

    if (comma == NULL)
        return 0;
    size_t first = (size_t)(comma - text);
    if (ddb_number_parse(text, first, &a) != DDB_NUMBER_OK)
        return 0;
    check_text(&a);
    if (ddb_number_parse(comma + 1, size - first - 1, &b) != DDB_NUMBER_OK)
        return 0;
    check_text(&b);
    check_pair(&a, &b);
    return 0;
}
