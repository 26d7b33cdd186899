/* Rules of composite alarms: compiled, and judged with alarms in each state and in none. */
#include "handlers/cloudwatch/alarm_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const all[] = {"ALARM", "OK", "INSUFFICIENT_DATA", NULL};
    struct alarm_rule_problem problem = {0};
    const char **states;
    struct arena a;
    size_t count;

    if (size > 10240) /* the model's maximum */
        return 0;
    arena_init(&a);
    const struct alarm_rule *r =
        alarm_rule_compile(&a, arena_strndup(&a, (const char *)data, size), &problem);
    if (!r && !problem.text)
        abort();
    if (r) {
        alarm_rule_names(r, &count);
        states = ARENA_ARRAY(&a, const char *, count);
        for (size_t i = 0; i < count; i++)
            states[i] = all[i % ARRAY_LEN(all)];
        alarm_rule_holds(r, states, &a);
    }
    arena_release(&a);
    return 0;
}
