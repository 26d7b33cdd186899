/* Filter patterns of CloudWatch Logs: pattern LF message. A word of the pattern
 * that begins with $ is a field's name. */
#include "handlers/logs/filter_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *a_field_in(struct arena *a, const char *text)
{
    const char *field = strchr(text, '$');

    return field ? arena_strndup(a, field, strcspn(field, " ,=]}")) : text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *lf = size ? memchr(data, '\n', size) : NULL;
    size_t pattern_len = lf ? (size_t)(lf - data) : size;
    struct filter_pattern *pattern;
    struct arena a;

    if (pattern_len > 1024) /* the model's maximum */
        return 0;
    arena_init(&a);
    const char *text = arena_strndup(&a, (const char *)data, pattern_len);
    pattern = filter_pattern_compile(&a, text);
    if (pattern && lf) {
        filter_pattern_matches(pattern, (const char *)lf + 1, size - pattern_len - 1, &a);
        filter_pattern_field(pattern, a_field_in(&a, text), (const char *)lf + 1,
                             size - pattern_len - 1, &a);
    }
    arena_release(&a);
    return 0;
}
