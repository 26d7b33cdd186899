/* Policies: a document, a line end, then "action resource value": never more than a verdict. */
#include "handlers/common/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool find(void *context, const char *key, struct policy_values *out)
{
    *out = (struct policy_values){context, 1};
    return *key != 'x';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct policy_caller caller = {.account = "111111111111",
                                                .arn = "arn:aws:iam::111111111111:root"};
    const uint8_t *line = memchr(data, '\n', size);
    size_t len = line ? (size_t)(line - data) : size;
    struct policy_question q = {.caller = &caller, .find = find};
    const char *problem = NULL;
    const struct policy *p;
    struct arena a;
    char *rest;
    const char *value;

    arena_init(&a);
    rest = arena_strndup(&a, (const char *)data + len, size - len);
    rest += *rest == '\n';
    q.action = strsep(&rest, " ");
    q.resource = rest ? strsep(&rest, " ") : "";
    value = rest ? rest : "";
    q.context = &value;
    p = policy_parse(&a, data, len, &problem);
    if (!p && !problem)
        abort();
    if (p) {
        policy_evaluate(p, &q);
        policy_is_public(p);
    }
    arena_release(&a);
    return 0;
}
