/*
 * Statements are read as a stream and judged one by one; the first that allows decides, since
 * AddPermission writes no denials.
 */
#include "handlers/lambda/policy.h"

#include "server/base/json_read.h"

enum { DEPTH_MAX = 8 };

bool policy_glob(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *retry = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == 0;
}

/* True when `matches` holds for the string, or for one of the array, that comes next. */
static bool any_string(struct jr *r, bool (*matches)(const char *, const void *),
                       const void *context)
{
    struct jr_text text;
    bool found = false;

    if (jr_peek(r) == JR_STRING)
        return jr_string(r, &text) &&
               matches(arena_strndup(r->arena, text.data, text.len), context);
    for (jr_enter_array(r); jr_next_item(r);) {
        if (jr_string(r, &text) && matches(arena_strndup(r->arena, text.data, text.len), context))
            found = true;
    }
    return found;
}

static bool matches_action(const char *pattern, const void *context)
{
    return policy_glob(pattern, context);
}

static bool matches_service(const char *pattern, const void *context)
{
    const struct policy_question *q = context;

    return q->service && str_eq(pattern, q->service);
}

static bool matches_account(const char *pattern, const void *context)
{
    const struct policy_question *q = context;

    if (str_eq(pattern, "*"))
        return true;
    if (!q->account)
        return false;
    const char *at = strstr(pattern, ":iam::");
    if (!at)
        return str_eq(pattern, q->account);
    /* A user or role of the account is part of it. */
    return strncmp(at + strlen(":iam::"), q->account, strlen(q->account)) == 0;
}

static bool is_principal(struct jr *r, const struct policy_question *q)
{
    struct jr_text key, text;
    bool found = false;

    if (jr_peek(r) == JR_STRING)
        return jr_string(r, &text) && jr_text_eq(text, "*");
    for (jr_enter_object(r); jr_next_key(r, &key);) {
        if (jr_text_eq(key, "Service"))
            found = any_string(r, matches_service, q) || found;
        else if (jr_text_eq(key, "AWS"))
            found = any_string(r, matches_account, q) || found;
        else
            jr_skip(r, NULL);
    }
    return found;
}

/* --- conditions --- */

struct comparison {
    const char *value; /* of the request; NULL: it has none, so nothing matches */
    bool glob;
};

static bool compares(const char *pattern, const void *context)
{
    const struct comparison *c = context;

    if (!c->value)
        return false;
    return c->glob ? policy_glob(pattern, c->value) : str_eq(pattern, c->value);
}

static bool key_is(struct jr_text key, const char *name)
{
    return key.len == strlen(name) && strncasecmp(key.data, name, key.len) == 0;
}

static const char *value_of(struct jr_text key, const struct policy_question *q)
{
    if (key_is(key, "aws:SourceArn"))
        return q->source_arn;
    if (key_is(key, "aws:SourceAccount"))
        return q->source_account;
    if (key_is(key, "lambda:FunctionUrlAuthType"))
        return q->url_auth_type;
    return NULL;
}

static bool conditions_hold(struct jr *r, const struct policy_question *q)
{
    struct jr_text test, key;
    bool hold = true;

    for (jr_enter_object(r); jr_next_key(r, &test);) {
        bool glob = key_is(test, "StringLike") || key_is(test, "ArnLike") ||
                    key_is(test, "ArnEquals"); /* AWS: ArnEquals is ArnLike */
        bool known = glob || key_is(test, "StringEquals");

        for (jr_enter_object(r); jr_next_key(r, &key);) {
            struct comparison c = {.value = value_of(key, q), .glob = glob};

            hold = any_string(r, compares, &c) && known && hold;
        }
    }
    return hold;
}

static bool statement_allows(struct jr *r, const struct policy_question *q)
{
    struct jr_text key, text;
    bool allow = false, principal = false, action = false, conditions = true;

    for (jr_enter_object(r); jr_next_key(r, &key);) {
        if (jr_text_eq(key, "Effect"))
            allow = jr_string(r, &text) && jr_text_eq(text, "Allow");
        else if (jr_text_eq(key, "Principal"))
            principal = is_principal(r, q);
        else if (jr_text_eq(key, "Action"))
            action = any_string(r, matches_action, q->action);
        else if (jr_text_eq(key, "Condition"))
            conditions = conditions_hold(r, q);
        else
            jr_skip(r, NULL);
    }
    return !r->error && allow && principal && action && conditions;
}

bool policy_allows(struct arena *a, const char *statements, const struct policy_question *q)
{
    struct jr r;
    bool allowed = false;

    if (!statements)
        return false;
    const char *list = arena_printf(a, "[%s]", statements);
    jr_init(&r, list, strlen(list), a, DEPTH_MAX);
    for (jr_enter_array(&r); jr_next_item(&r);)
        allowed = statement_allows(&r, q) || allowed;
    return allowed && !r.error;
}
