/* Event patterns: pattern LF event. */
#include "handlers/common/event_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct event_pattern_rules rules = {5, 150, false};
    const uint8_t *lf = size ? memchr(data, '\n', size) : NULL;
    size_t pattern_len = lf ? (size_t)(lf - data) : size;
    struct event_pattern_problem problem = {0};
    const struct event_pattern *pattern;
    struct arena a;

    arena_init(&a);
    pattern = event_pattern_compile(&a, (struct bytes){data, pattern_len}, size % 2 ? &rules : NULL,
                                    &problem);
    if (!pattern && (!problem.text || !problem.where))
        abort();
    if (pattern && lf)
        event_pattern_matches(pattern, (struct bytes){lf + 1, size - pattern_len - 1}, &a);
    arena_release(&a);
    return 0;
}
