/*
 * What a policy says to a question: a Deny that applies wins, then an Allow, else it is silent.
 */
#include "handlers/common/policy.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A pattern is a run of characters, some of which are wild. A variable's value may hold '*' and '?'
 * that are not, hence the mask. */
struct pattern {
    const char *text;
    const bool *literal; /* NULL: none is */
    size_t len;
};

static bool is_wild(const struct pattern *p, size_t i, char c)
{
    return p->text[i] == c && !(p->literal && p->literal[i]);
}

/* Goes back to the last '*' only: linear in practice, len * len at worst. */
static bool glob(const struct pattern *p, const char *text, bool fold)
{
    size_t at = 0;
    size_t star = SIZE_MAX;
    const char *resume = NULL;

    while (*text) {
        if (at < p->len && is_wild(p, at, '*')) {
            star = at++;
            resume = text;
        } else if (at < p->len && (is_wild(p, at, '?') || p->text[at] == *text ||
                                   (fold && lower(p->text[at]) == lower(*text)))) {
            at++;
            text++;
        } else if (resume) {
            at = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (at < p->len && is_wild(p, at, '*'))
        at++;
    return at == p->len;
}

bool policy_glob(const char *pattern, const char *text, bool fold_case)
{
    struct pattern p = {.text = pattern, .len = strlen(pattern)};

    return glob(&p, text, fold_case);
}

/* --- variables --- */

enum { EXPANDED_MAX = 4096 };

struct expansion {
    char text[EXPANDED_MAX];
    bool literal[EXPANDED_MAX];
    size_t len;
};

static bool put(struct expansion *e, const char *text, size_t len, bool literal)
{
    if (len > EXPANDED_MAX - e->len)
        return false;
    memcpy(e->text + e->len, text, len);
    memset(e->literal + e->len, literal, len);
    e->len += len;
    return true;
}

/* ${aws:username}, ${aws:username, 'default'}, ${*}, ${?}, ${$}. A key without a value, or with
 * several, makes the whole text match nothing. */
static bool put_variable(struct expansion *e, const struct policy_question *q, const char *name,
                         size_t len)
{
    struct policy_values values;
    const char *comma = memchr(name, ',', len);
    const char *fallback = comma ? memchr(comma, '\'', len - (size_t)(comma - name)) : NULL;
    const char *end =
        fallback ? memchr(fallback + 1, '\'', len - (size_t)(fallback + 1 - name)) : NULL;
    size_t key_len = comma ? (size_t)(comma - name) : len;
    char key[256];

    if (len == 1 && strchr("*?$", *name))
        return put(e, name, 1, true);
    if (key_len >= sizeof(key))
        return false;
    memcpy(key, name, key_len);
    key[key_len] = '\0';
    if (q->find && q->find(q->context, key, &values) && values.count == 1)
        return put(e, values.items[0], strlen(values.items[0]), true);
    return end && put(e, fallback + 1, (size_t)(end - fallback - 1), true);
}

static bool expand(struct expansion *e, const struct policy_question *q, const char *text,
                   bool literal)
{
    while (*text) {
        const char *dollar = strstr(text, "${");
        const char *end = dollar ? strchr(dollar, '}') : NULL;

        if (!end)
            return put(e, text, strlen(text), literal);
        if (!put(e, text, (size_t)(dollar - text), literal) ||
            !put_variable(e, q, dollar + 2, (size_t)(end - dollar - 2)))
            return false;
        text = end + 1;
    }
    return true;
}

bool policy_match_text(const struct policy *p, const struct policy_question *q, const char *pattern,
                       const char *text, unsigned flags)
{
    bool fold = flags & POLICY_FOLD;
    struct expansion e;

    if (!p->variables || !strstr(pattern, "${")) {
        if (flags & POLICY_EXACT)
            return fold ? strcasecmp(pattern, text) == 0 : str_eq(pattern, text);
        return policy_glob(pattern, text, fold);
    }
    e.len = 0;
    if (!expand(&e, q, pattern, flags & POLICY_EXACT))
        return false;
    return glob(&(struct pattern){e.text, e.literal, e.len}, text, fold);
}

/* --- principals --- */

static bool same(const char *a, const char *b)
{
    return a && b && str_eq(a, b);
}

/* arn:aws:iam::123456789012:root -> the account, NULL for any other ARN. */
static bool is_root_of(const char *arn, const char *account)
{
    const char *iam = strstr(arn, ":iam::");

    return str_starts(arn, "arn:") && iam && account && strlen(account) == 12 &&
           strncmp(iam + 6, account, 12) == 0 && str_eq(iam + 18, ":root");
}

static bool is_principal(const struct policy_principal *p, const struct policy_caller *c)
{
    switch (p->type) {
    case POLICY_ANYBODY:
        return true;
    case POLICY_SERVICE:
        return same(p->value, c->service);
    case POLICY_CANONICAL:
        return same(p->value, c->canonical_id);
    case POLICY_FEDERATED:
        return false; /* sessions of identity providers carry their role */
    case POLICY_AWS:
        break;
    }
    /* An account stands for everybody in it. */
    return same(p->value, c->account) || is_root_of(p->value, c->account) ||
           same(p->value, c->arn) || same(p->value, c->role_arn);
}

static bool principal_fits(const struct policy_statement *s, const struct policy_question *q)
{
    bool found = false;

    if (!q->caller)
        return true;
    for (size_t i = 0; i < s->principal_count && !found; i++)
        found = is_principal(&s->principals[i], q->caller);
    return found != s->not_principal;
}

/* --- statements --- */

static bool action_fits(const struct policy_statement *s, const struct policy_question *q)
{
    bool found = false;

    for (size_t i = 0; i < s->actions.count && !found; i++)
        found = policy_glob(s->actions.items[i], q->action, true);
    return found != s->not_action;
}

static bool resource_fits(const struct policy *p, const struct policy_statement *s,
                          const struct policy_question *q)
{
    bool found = false;

    if (!s->resources.count)
        return true; /* of a policy that belongs to one resource: IAM trust, for example */
    for (size_t i = 0; i < s->resources.count && !found; i++)
        found = policy_match_text(p, q, s->resources.items[i], q->resource, 0);
    return found != s->not_resource;
}

static bool conditions_hold(const struct policy *p, const struct policy_statement *s,
                            const struct policy_question *q)
{
    for (size_t i = 0; i < s->condition_count; i++)
        if (!policy_condition_holds(p, q, &s->conditions[i]))
            return false;
    return true;
}

enum policy_verdict policy_evaluate(const struct policy *p, const struct policy_question *q)
{
    enum policy_verdict verdict = POLICY_SILENT;

    for (size_t i = 0; i < p->statement_count; i++) {
        const struct policy_statement *s = &p->statements[i];

        if ((s->allow && verdict == POLICY_ALLOW) || !action_fits(s, q) || !principal_fits(s, q) ||
            !resource_fits(p, s, q) || !conditions_hold(p, s, q))
            continue;
        if (!s->allow)
            return POLICY_DENY;
        verdict = POLICY_ALLOW;
    }
    return verdict;
}

/* --- is it public? --- */

static bool is_fixed(const char *value)
{
    return !strpbrk(value, "*?") && !strstr(value, "${");
}

static bool is_narrow_network(const char *value)
{
    uint8_t address[16];
    int bits;
    bool v6;

    return policy_read_network(value, address, &bits, &v6) && bits >= (v6 ? 32 : 8);
}

/* Keys that tie a request to an owner. */
static bool restricts(const struct policy_condition *c)
{
    static const char *const keys[] = {
        "aws:SourceArn",         "aws:SourceVpc",
        "aws:SourceVpce",        "aws:SourceOwner",
        "aws:SourceAccount",     "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths", "aws:PrincipalAccount",
        "aws:PrincipalArn",      "aws:userid",
        "aws:SourceOrgID",       "s3:DataAccessPointAccount",
        "s3:DataAccessPointArn", "s3:x-amz-server-side-encryption-aws-kms-key-id",
    };
    bool network = strcasecmp(c->key, "aws:SourceIp") == 0;
    bool known = network;

    for (size_t i = 0; i < ARRAY_LEN(keys) && !known; i++)
        known = strcasecmp(c->key, keys[i]) == 0;
    if (!known || c->negated || c->if_exists || c->quantifier == POLICY_FOR_ALL_VALUES ||
        c->compare == POLICY_NULL || !c->values.count)
        return false;
    for (size_t i = 0; i < c->values.count; i++)
        if (network ? !is_narrow_network(c->values.items[i]) : !is_fixed(c->values.items[i]))
            return false;
    return true;
}

bool policy_is_public(const struct policy *p)
{
    for (size_t i = 0; i < p->statement_count; i++) {
        const struct policy_statement *s = &p->statements[i];
        bool open = s->not_principal;
        bool restricted = false;

        for (size_t k = 0; k < s->principal_count && !open; k++)
            open = s->principals[k].type == POLICY_ANYBODY;
        for (size_t k = 0; k < s->condition_count && !restricted; k++)
            restricted = restricts(&s->conditions[k]);
        if (s->allow && open && !restricted)
            return true;
    }
    return false;
}
