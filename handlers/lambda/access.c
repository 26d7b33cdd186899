/*
 * Asks the engine of all policies with the condition keys that Lambda knows.
 */
#include "handlers/lambda/access.h"

#include "handlers/common/policy.h"

struct answers {
    const struct access_question *question;
    const char *value; /* the one that was asked for last */
};

static bool find_value(void *context, const char *key, struct policy_values *out)
{
    struct answers *answers = context;
    const struct access_question *q = answers->question;

    if (strcasecmp(key, "aws:SourceArn") == 0)
        answers->value = q->source_arn;
    else if (strcasecmp(key, "aws:SourceAccount") == 0)
        answers->value = q->source_account;
    else if (strcasecmp(key, "lambda:FunctionUrlAuthType") == 0)
        answers->value = q->url_auth_type;
    else if (strcasecmp(key, "lambda:InvokedViaFunctionUrl") == 0)
        answers->value = q->url_auth_type ? "true" : NULL;
    else
        return false;
    *out = (struct policy_values){.items = &answers->value, .count = 1};
    return answers->value != NULL;
}

bool access_allows(struct arena *a, const char *statements, const struct access_question *q)
{
    struct policy_caller caller = {.service = q->service, .account = q->account};
    struct answers answers = {.question = q};
    const struct policy_question question = {.caller = &caller,
                                             .action = q->action,
                                             .resource = q->resource,
                                             .find = find_value,
                                             .context = &answers};
    const char *problem;

    if (!statements)
        return false;
    if (q->account)
        caller.arn = arena_printf(a, "arn:aws:iam::%s:root", q->account);
    const char *text =
        arena_printf(a, "{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", statements);
    const struct policy *policy = policy_parse(a, text, strlen(text), &problem);
    return policy && policy_evaluate(policy, &question) == POLICY_ALLOW;
}
