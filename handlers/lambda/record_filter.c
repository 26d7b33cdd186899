#include "handlers/lambda/record_filter.h"

#include "server/base/json_read.h"

bool record_filter_open(struct arena *a, const char *filters, struct record_filter *out)
{
    struct event_pattern_problem problem;
    struct jr_text text;
    struct jr r;

    *out = (struct record_filter){0};
    if (!filters)
        return true;
    jr_init(&r, filters, strlen(filters), a, 4);
    for (jr_enter_array(&r); jr_next_item(&r);) {
        if (!jr_string(&r, &text) || out->count == RECORD_FILTERS_MAX)
            return false;
        const struct bytes json = {.data = (const uint8_t *)text.data, .len = text.len};
        const struct event_pattern *p = event_pattern_compile(a, json, NULL, &problem);
        if (!p)
            return false;
        out->patterns[out->count++] = p;
    }
    return jr_finish(&r);
}

bool record_filter_wants(const struct record_filter *f, struct bytes record, struct arena *scratch)
{
    for (size_t i = 0; i < f->count; i++) {
        if (event_pattern_matches(f->patterns[i], record, scratch))
            return true;
    }
    return f->count == 0;
}
