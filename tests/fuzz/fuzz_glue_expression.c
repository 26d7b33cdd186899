/* Expressions of GetPartitions: values by tabs LF expression. What is true of a whole partition
 * must be possible from each of its beginnings, or a list would pass it over. */
#include "handlers/glue/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS = 5 };

static size_t read_values(const uint8_t *data, size_t size, struct bytes values[KEYS])
{
    size_t count = 0;

    while (count < KEYS) {
        const uint8_t *tab = size ? memchr(data, '\t', size) : NULL;
        size_t len = tab ? (size_t)(tab - data) : size;

        values[count++] = (struct bytes){data, len};
        if (!tab)
            break;
        data += len + 1;
        size -= len + 1;
    }
    return count;
}

static void check(const struct glue_expression *e, const struct bytes *values, size_t count,
                  struct arena *a)
{
    struct glue_known known = {.values = values, .count = count, .arena = a};
    bool holds = (glue_expression_eval(e, &known) & GLUE_TRUE) && !known.problem;

    while (known.count-- > 0) {
        known.problem = NULL;
        if (!(glue_expression_eval(e, &known) & GLUE_TRUE) && !known.problem && holds)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct glue_key items[KEYS] = {
        {"a", "int"}, {"b", "string"}, {"c", "decimal(5,2)"}, {"d", "date"}, {"e", "timestamp"}};
    const struct glue_keys keys = {items, KEYS};
    const uint8_t *lf = size ? memchr(data, '\n', size) : NULL;
    const struct glue_expression *e;
    const char *problem = NULL;
    struct bytes values[KEYS];
    struct arena a;
    size_t count;

    if (!lf)
        return 0;
    arena_init(&a);
    count = read_values(data, (size_t)(lf - data), values);
    e = glue_expression_parse(
        &a, arena_strndup(&a, (const char *)lf + 1, size - (size_t)(lf + 1 - data)), &keys,
        &problem);
    if (e)
        check(e, values, count, &a);
    else if (!problem)
        abort();
    arena_release(&a);
    return 0;
}
