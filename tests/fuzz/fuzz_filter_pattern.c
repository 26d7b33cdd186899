/* Filter patterns of CloudWatch Logs: pattern LF message. */
#include "handlers/logs/filter_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *lf = size ? memchr(data, '\n', size) : NULL;
    size_t pattern_len = lf ? (size_t)(lf - data) : size;
    struct filter_pattern *pattern;
    struct arena a;

    if (pattern_len > 1024) /* the model's maximum */
        return 0;
    arena_init(&a);
    pattern = filter_pattern_compile(&a, arena_strndup(&a, (const char *)data, pattern_len));
    if (pattern && lf)
        filter_pattern_matches(pattern, (const char *)lf + 1, size - pattern_len - 1, &a);
    arena_release(&a);
    return 0;
}
